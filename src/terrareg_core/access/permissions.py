"""Where permission is decided: one pure function over identity, policy and grants, and the rules as data.

Chapter 04, sections 2.2 and 3. Every use case asks an `Authoriser` before it does or reveals anything.
"""

import enum
from collections.abc import Callable, Mapping

import attrs

from terrareg_core.access.identities import Identity, IdentityKind
from terrareg_core.errors import AuthenticationRequired, PermissionDenied


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


class NamespacePermission(enum.Enum):
    """What a user group was given on a namespace; FULL includes MODIFY."""

    MODIFY = "MODIFY"
    FULL = "FULL"


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
class Grants:
    """What the user groups of an identity give it, several groups added up."""

    site_admin: bool = False
    namespaces: Mapping[int, NamespacePermission] = attrs.field(factory=dict)
    """By namespace id, so that a renamed namespace keeps its permissions."""


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


RULES: Mapping[Capability, Callable[[Question], bool]] = {
    Capability.READ: _may_read,
    Capability.TERRAFORM: _may_use_terraform,
    Capability.UPLOAD: lambda q: _may_write(q, IdentityKind.UPLOAD_KEY, q.policy.open_upload),
    Capability.PUBLISH: lambda q: _may_write(q, IdentityKind.PUBLISH_KEY, q.policy.open_publish),
    Capability.MODIFY: lambda q: q.holds(*_ANY_LEVEL),
    Capability.FULL: lambda q: q.holds(NamespacePermission.FULL),
    Capability.SITE_ADMIN: lambda q: q.is_site_admin,
    Capability.BUILT_IN_ADMIN: lambda q: q.identity.is_built_in_admin,
}
"""The permission matrix of chapter 04, 4: one rule per capability."""


def decide(
    identity: Identity, policy: AccessPolicy, grants: Grants, capability: Capability, namespace_id: int | None = None
) -> Decision:
    """Whether `identity` has `capability` (on the namespace `namespace_id`, for those that concern one)."""
    if RULES[capability](Question(identity, policy, grants, namespace_id)):
        return Decision.ALLOW
    return Decision.NEEDS_LOGIN if identity.is_anonymous else Decision.FORBIDDEN


def decide_somewhere(identity: Identity, policy: AccessPolicy, grants: Grants, capability: Capability) -> Decision:
    """Whether `identity` has `capability` on at least one namespace, or without regard to any.

    What can be told before it is known which namespace a request is about: whoever is not allowed here is not allowed
    anywhere, so that a refusal comes before the rest of the request is read (chapter 02, 1.4).
    """
    on_none = decide(identity, policy, grants, capability)
    if any(decide(identity, policy, grants, capability, place) is Decision.ALLOW for place in grants.namespaces):
        return Decision.ALLOW
    return on_none


@attrs.frozen
class Authoriser:
    """Asks `decide` on behalf of a use case and refuses in the domain's words."""

    policy: AccessPolicy
    _grants: Callable[[Identity], Grants] = lambda _identity: Grants()
    """Reads an identity's grants; only asked for those who signed in through an identity provider."""

    def permit(self, identity: Identity, capability: Capability, namespace_id: int | None = None) -> None:
        """Return if the caller may; raise AuthenticationRequired (anonymous) or PermissionDenied if not."""
        _enforce(decide(identity, self.policy, self._grants_of(identity), capability, namespace_id))

    def permit_somewhere(self, identity: Identity, capability: Capability) -> None:
        """Return if the caller may on at least one namespace; raise as `permit` if on none.

        Use cases still ask `permit`: this only spares reading a request that is refused anyway.
        """
        _enforce(decide_somewhere(identity, self.policy, self._grants_of(identity), capability))

    def _grants_of(self, identity: Identity) -> Grants:
        return self._grants(identity) if identity.is_single_sign_on else Grants()


def _enforce(decision: Decision) -> None:
    if decision is Decision.NEEDS_LOGIN:
        raise AuthenticationRequired("You need to authenticate to do this; send an API key or sign in")
    if decision is Decision.FORBIDDEN:
        raise PermissionDenied("You are not permitted to do this")
