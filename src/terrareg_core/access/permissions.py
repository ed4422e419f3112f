"""Where permission is decided: one pure function over identity, policy and grants, and the rules as data.

Chapter 04, sections 2.2 and 3. Every use case asks an `Authoriser` before it does or reveals anything.
"""

import enum
from collections.abc import Callable, Mapping

import attrs

from terrareg_core.access.grants import Grants, NamespacePermission, TokenScope
from terrareg_core.access.identities import Identity, IdentityKind
from terrareg_core.errors import AuthenticationRequired, PermissionDenied
from terrareg_core.transactions import Transaction, UnitOfWork


class Capability(enum.Enum):
    """What a use case asks for (chapter 04, 3.1); those on a namespace are asked for the one that is acted on."""

    READ = "read"
    TERRAFORM = "terraform"
    UPLOAD = "upload"
    PUBLISH = "publish"
    MODIFY = "modify"
    FULL = "full"
    SITE_ADMIN = "site admin"
    BUILT_IN_ADMIN = "built-in admin"
    SIGNED_IN = "signed in"
    """To be a person, or the built-in admin by key: who may make access tokens (decision 30)."""


class Decision(enum.Enum):
    """The outcome of `decide`."""

    ALLOW = enum.auto()
    NEEDS_LOGIN = enum.auto()
    FORBIDDEN = enum.auto()


@attrs.frozen
class AccessPolicy:
    """How open the registry is; the settings that chapter 04, 3.2 names."""

    access_controls: bool = False
    anonymous_access: bool = True
    anonymous_publishing: bool = False
    upload_keys_set: bool = False
    publish_keys_set: bool = False

    @property
    def open_upload(self) -> bool:
        return not self.access_controls and not self.upload_keys_set

    @property
    def open_publish(self) -> bool:
        return not self.access_controls and not self.publish_keys_set

    @property
    def anonymous_writes(self) -> bool:
        """Decision 25: writing without a credential needs both settings."""
        return self.anonymous_access and self.anonymous_publishing


@attrs.frozen
class Question:
    """Everything a rule may look at."""

    identity: Identity
    policy: AccessPolicy
    grants: Grants
    namespace_id: int | None
    """Of the namespace that is acted on; None when it doesn't exist or none is concerned."""

    @property
    def is_site_admin(self) -> bool:
        identity = self.identity
        return identity.is_built_in_admin or (
            identity.is_single_sign_on and (not self.policy.access_controls or self.grants.site_admin)
        )

    def holds(self, *levels: NamespacePermission) -> bool:
        """Whether the caller has one of `levels` on the namespace, or rules over all of them."""
        return self.is_site_admin or (
            self.identity.is_single_sign_on
            and self.namespace_id is not None
            and self.grants.namespaces.get(self.namespace_id) in levels
        )


_ANY_LEVEL = (NamespacePermission.MODIFY, NamespacePermission.FULL)
_TERRAFORM_CLIENTS = {
    IdentityKind.TERRAFORM_TOKEN,
    IdentityKind.ANALYTICS_KEY,
    IdentityKind.IGNORE_ANALYTICS_KEY,
    IdentityKind.INTERNAL_EXTRACTION,
}


def _may_read(question: Question) -> bool:
    identity = question.identity
    return question.policy.anonymous_access or identity.is_built_in_admin or identity.is_single_sign_on


def _may_use_terraform(question: Question) -> bool:
    return _may_read(question) or question.identity.kind in _TERRAFORM_CLIENTS


def _may_write(question: Question, key: IdentityKind, is_open: bool) -> bool:
    # No credential gives less than having none (2.2, first improvement): what is open to anonymous is open to all.
    anonymously = is_open and question.policy.anonymous_writes
    through_sign_on = question.identity.is_single_sign_on and is_open
    return anonymously or through_sign_on or question.identity.kind is key or question.holds(*_ANY_LEVEL)


@attrs.frozen
class Rule:
    """Who has a capability."""

    meaning: str
    """The rule in words, for those who read about the API."""
    allows: Callable[[Question], bool]


RULES: Mapping[Capability, Rule] = {
    Capability.READ: Rule(
        "Everybody on an open registry; on a closed one people in a session and the admin", _may_read
    ),
    Capability.TERRAFORM: Rule("Who may read, and whoever sends terraform's credentials", _may_use_terraform),
    Capability.UPLOAD: Rule(
        "Upload keys, the admin, and people with a permission on the namespace",
        lambda q: _may_write(q, IdentityKind.UPLOAD_KEY, q.policy.open_upload),
    ),
    Capability.PUBLISH: Rule(
        "Publish keys, the admin, and people with a permission on the namespace",
        lambda q: _may_write(q, IdentityKind.PUBLISH_KEY, q.policy.open_publish),
    ),
    Capability.MODIFY: Rule(
        "The admin, and people with the permission MODIFY or FULL on the namespace", lambda q: q.holds(*_ANY_LEVEL)
    ),
    Capability.FULL: Rule(
        "The admin, and people with the permission FULL on the namespace", lambda q: q.holds(NamespacePermission.FULL)
    ),
    Capability.SITE_ADMIN: Rule("The admin, and members of site admin groups", lambda q: q.is_site_admin),
    Capability.BUILT_IN_ADMIN: Rule("Whoever has the admin token", lambda q: q.identity.is_built_in_admin),
    Capability.SIGNED_IN: Rule(
        "The admin, and people in a session", lambda q: q.identity.is_built_in_admin or q.identity.is_single_sign_on
    ),
}
"""The permission matrix of chapter 04, 4: one rule per capability."""

SCOPES: Mapping[Capability, TokenScope] = {
    Capability.READ: TokenScope.READ,
    Capability.TERRAFORM: TokenScope.TERRAFORM,
    Capability.UPLOAD: TokenScope.UPLOAD,
    Capability.PUBLISH: TokenScope.PUBLISH,
}
"""The scope that an access token needs for a capability, besides its owner's right; for the others none will do."""


def decide(
    identity: Identity, policy: AccessPolicy, grants: Grants, capability: Capability, namespace_id: int | None = None
) -> Decision:
    """Whether `identity` has `capability`, on the namespace `namespace_id` if one is concerned.

    `grants` are those of the identity, or of its owner if it is an access token.
    """
    if _is_allowed(identity, policy, grants, capability, namespace_id):
        return Decision.ALLOW
    return Decision.NEEDS_LOGIN if identity.is_anonymous else Decision.FORBIDDEN


def _is_allowed(
    identity: Identity, policy: AccessPolicy, grants: Grants, capability: Capability, namespace_id: int | None
) -> bool:
    rule = RULES[capability].allows
    if identity.token is None:
        return rule(Question(identity, policy, grants, namespace_id))
    # Scope and owner must both allow it; what is open to everybody is open to the token as well.
    scope = SCOPES.get(capability)
    return rule(Question(identity, policy, Grants(), namespace_id)) or (
        scope is not None
        and identity.token.covers(scope, namespace_id)
        and rule(Question(identity.owner, policy, grants, namespace_id))
    )


def decide_somewhere(identity: Identity, policy: AccessPolicy, grants: Grants, capability: Capability) -> Decision:
    """Whether `identity` has `capability` on at least one namespace, or without regard to any.

    What can be told before it is known which namespace a request is about: whoever is not allowed here is not allowed
    anywhere, so that a refusal comes before the rest of the request is read (chapter 02, 1.4).
    """
    places = {None, *grants.namespaces, *((identity.token.namespaces if identity.token else None) or ())}
    if any(_is_allowed(identity, policy, grants, capability, place) for place in places):
        return Decision.ALLOW
    return Decision.NEEDS_LOGIN if identity.is_anonymous else Decision.FORBIDDEN


@attrs.frozen
class Authoriser:
    """Asks `decide` on behalf of a use case and refuses in the domain's words."""

    policy: AccessPolicy
    _unit_of_work: UnitOfWork

    def permit(
        self, tx: Transaction, identity: Identity, capability: Capability, namespace_id: int | None = None
    ) -> None:
        """Return if the caller may; raise AuthenticationRequired (anonymous) or PermissionDenied if not.

        What user groups grant is read in `tx`, so that the answer holds for all that is read and written in it.
        """
        _enforce(decide(identity, self.policy, grants_of(tx, identity), capability, namespace_id))

    def permit_somewhere(self, identity: Identity, capability: Capability) -> None:
        """Return if the caller may on at least one namespace; raise as `permit` if on none.

        Use cases still ask `permit`: this only spares reading a request that is refused anyway.
        """
        grants = Grants()
        if self.asks_store(identity):
            with self._unit_of_work.read() as tx:
                grants = grants_of(tx, identity)
        _enforce(decide_somewhere(identity, self.policy, grants, capability))

    @staticmethod
    def asks_store(identity: Identity) -> bool:
        """Whether what this identity may do depends on what is stored."""
        return identity.owner.is_single_sign_on


def grants_of(tx: Transaction, identity: Identity) -> Grants:
    """What user groups, and ownership of GitHub accounts, give an identity or the owner of an access token."""
    person = identity.owner.person
    return tx.user_groups.grants(person) if identity.owner.is_single_sign_on and person is not None else Grants()


def _enforce(decision: Decision) -> None:
    if decision is Decision.NEEDS_LOGIN:
        raise AuthenticationRequired("You need to authenticate to do this; send an API key or sign in")
    if decision is Decision.FORBIDDEN:
        raise PermissionDenied("You are not permitted to do this")
