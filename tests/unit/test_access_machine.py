"""Nobody acts through an old address, a stale session or a stale token where the present one would be refused.

Whatever becomes of namespaces, module providers, groups, people and their tokens: what each of them may do at each
address is what the plainest model says (chapter 04, section 20, items 1 to 9; decisions 7 and 30).
"""

from datetime import datetime, timedelta
from typing import Any

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from terrareg_adapters.memory.identity_provider import MemoryIdentityProvider
from terrareg_core.access.authentication import Caller, ConfiguredSecrets, Credentials
from terrareg_core.access.keys import Secret
from terrareg_core.access.people import ExternalIdentity, SignInMethod
from terrareg_core.access.permissions import AccessPolicy, Capability
from terrareg_core.access.throttling import FailureLimits
from terrareg_core.access.tokens import TokenRequest
from terrareg_core.errors import AccessDenied, RegistryError
from terrareg_core.identifiers import RequestedModuleProvider
from terrareg_core.modules.module_providers import ModuleProviderChanges
from terrareg_core.modules.resolution import look_up
from terrareg_core.namespaces.model import NamespaceKind
from tests.unit.registries import ADMIN, World, make_world
from tests.unit.test_identity_machine import ADDRESSES, EVERY_ADDRESS, NAMES, IdentityMachine

_GROUPS = st.sampled_from(["g1", "boss", "cc"])
_LEVELS = ["MODIFY", "FULL"]
_MEMBERSHIPS = st.sets(st.sampled_from(["g1", "boss", "odd", "G1"]))
_SCOPES = ["read", "terraform", "upload", "publish"]
_PEOPLE = {
    "ann": (SignInMethod.OPENID, None, {}),
    # The second account is a group's name as well.
    "octo": (SignInMethod.GITHUB, "hub", {"BB": NamespaceKind.GITHUB_ORGANISATION, "cc": NamespaceKind.GITHUB_USER}),
}
_PERSON = st.sampled_from(sorted(_PEOPLE))
_SESSION_LIFETIME = timedelta(hours=1)
_KEPT = 3
"""Of sessions and of tokens: the ones that were begun last."""


@attrs.define
class _Rights:
    """What is known of somebody: the groups that they are in, and the accounts that they own, in lower case."""

    person: str
    groups: frozenset[str]
    logins: frozenset[str]


@attrs.define
class _Session:
    cookie: str
    rights: _Rights
    ends_at: datetime


@attrs.define
class _Token:
    id: str
    secret: str
    rights: _Rights | None
    """None for the built-in admin's."""
    scopes: frozenset[str]
    namespaces: frozenset[int] | None
    ends_at: datetime | None
    is_deleted: bool = False


class AccessMachine(IdentityMachine):
    """The rules of `IdentityMachine`, and everything that decides who may do what, on a closed registry."""

    def __init__(self) -> None:
        self.places = {
            person: MemoryIdentityProvider(method, source) for person, (method, source, _) in _PEOPLE.items()
        }
        super().__init__()
        self.site_admins: dict[str, bool] = {"odd": False}
        """The groups there are, and whether their members are site admins."""
        self.permissions: dict[tuple[str, int], str] = {}
        self.owned: dict[int, str] = {}
        """The lower-cased account that a namespace was generated for, by its id."""
        self.sessions: list[_Session] = []
        self.tokens: list[_Token] = []

    def open_world(self) -> World:
        return make_world(
            access=AccessPolicy(access_controls=True, anonymous_access=False),
            secrets=ConfiguredSecrets(admin=Secret.of("adm")),
            identity_providers=list(self.places.values()),
            # Worthless tokens are presented all the time.
            failure_limits=FailureLimits(credentials=0, admin_logins=0),
        )

    # --- namespaces (and what they take with them) ---

    @rule(name=NAMES)
    def create_namespace(self, name: str) -> None:
        super().create_namespace(name)
        self._grant_odd(name)

    @rule(old=NAMES, new=NAMES)
    def rename_namespace(self, old: str, new: str) -> None:
        before = dict(self.model.live_names)
        super().rename_namespace(old, new)
        for name, namespace in before.items():
            if self.model.live_names.get(name) != namespace:
                # An account of the new name is another one.
                self.owned.pop(namespace, None)

    @initialize(level=st.sampled_from(_LEVELS))
    def begin_with_a_right_and_a_token(self, level: str) -> None:
        self.create_namespace("aa")
        self.create_namespace("bb")
        self.create_group("g1", False)
        self.grant("g1", "bb", level)
        self.sign_in("ann", {"g1"}, False)
        self.make_token(0, _SCOPES, None, None)

    # --- groups ---

    @rule(name=_GROUPS, site_admin=st.booleans())
    def create_group(self, name: str, site_admin: bool) -> None:
        groups = self.world.registry.user_groups
        if name in self.site_admins:
            self._refused(lambda: groups.create(ADMIN, name, site_admin))
            return
        groups.create(ADMIN, name, site_admin)
        self.site_admins[name] = site_admin

    @rule(name=_GROUPS)
    def delete_group(self, name: str) -> None:
        groups = self.world.registry.user_groups
        if name not in self.site_admins:
            self._refused(lambda: groups.delete(ADMIN, name))
            return
        groups.delete(ADMIN, name)
        del self.site_admins[name]
        self.permissions = {key: level for key, level in self.permissions.items() if key[0] != name}

    @rule(group=_GROUPS, name=NAMES, level=st.sampled_from(_LEVELS))
    def grant(self, group: str, name: str, level: str) -> None:
        groups, namespace = self.world.registry.user_groups, self.model.namespace(name)
        if namespace is None or group not in self.site_admins or (group, namespace) in self.permissions:
            self._refused(lambda: groups.grant(ADMIN, group, name, level))
            return
        groups.grant(ADMIN, group, name, level)
        self.permissions[group, namespace] = level

    @rule(group=_GROUPS, name=NAMES)
    def revoke(self, group: str, name: str) -> None:
        groups, namespace = self.world.registry.user_groups, self.model.namespace(name)
        if namespace is None or (group, namespace) not in self.permissions:
            self._refused(lambda: groups.revoke(ADMIN, group, name))
            return
        groups.revoke(ADMIN, group, name)
        del self.permissions[group, namespace]

    # --- people ---

    @rule(person=_PERSON, groups=_MEMBERSHIPS, instead=st.booleans())
    def sign_in(self, person: str, groups: set[str], instead: bool) -> None:
        """With these groups from now on; in place of their last session, or in another browser."""
        method, source, accounts = _PEOPLE[person]
        former = next((it for it in self.sessions if instead and it.rights.person == person), None)
        started = self.world.registry.sign_in.start(method, source, None)
        asserted = ExternalIdentity(
            subject=person, name=person, groups=tuple(groups), accounts=accounts, generates_namespaces=True
        )
        answer = self.places[person].sign_in(started.url, asserted)
        caller = self._caller(session=former.cookie if former is not None else "")
        signed_in = self.world.registry.sign_in.finish(
            method, source, answer, state=answer["state"], browser=started.browser, caller=caller
        )
        assert signed_in.session is not None
        for account in accounts:
            self._claim(account)
        rights = _Rights(person, frozenset(groups) | frozenset(accounts), frozenset(map(str.lower, accounts)))
        if former is not None:
            self.sessions.remove(former)
        self.sessions.insert(0, _Session(signed_in.session.value, rights, self._now() + _SESSION_LIFETIME))
        del self.sessions[_KEPT:]
        for token in self.tokens:
            if token.rights is not None and token.rights.person == person:
                token.rights = rights

    @precondition(lambda self: self.sessions)
    @rule(which=st.integers(0, _KEPT - 1))
    def sign_out(self, which: int) -> None:
        session = self.sessions[which % len(self.sessions)]
        self.world.registry.sessions.sign_out(self._caller(session=session.cookie))
        session.ends_at = self._now()

    @rule(minutes=st.sampled_from([1, 30, 60]))
    def wait(self, minutes: int) -> None:
        self.world.clock.advance(timedelta(minutes=minutes))

    # --- tokens ---

    @rule(
        which=st.integers(0, _KEPT),
        scopes=st.lists(st.sampled_from(_SCOPES), min_size=1, max_size=4, unique=True) | st.just(_SCOPES),
        names=st.none() | st.lists(NAMES, max_size=2),
        minutes=st.sampled_from([None, 20, 90]),
    )
    def make_token(self, which: int, scopes: list[str], names: list[str] | None, minutes: int | None) -> None:
        """By somebody in a session, or by the admin."""
        session = self.sessions[which] if which < len(self.sessions) else None
        caller = self._caller(session=session.cookie) if session is not None else self._caller(api_key=b"adm")
        ends_at = self._now() + timedelta(minutes=minutes) if minutes is not None else None
        namespaces = [self.model.namespace(name) for name in names or ()]
        request = TokenRequest(
            name="CI", scopes=scopes, namespaces=names, expires_at=ends_at.isoformat() if ends_at is not None else None
        )
        if None in namespaces or (session is not None and self._now() >= session.ends_at):
            self._refused(lambda: self.world.registry.access_tokens.create(caller.identity, request))
            return
        made = self.world.registry.access_tokens.create(caller.identity, request)
        limit = None if names is None else frozenset(it for it in namespaces if it is not None)
        rights = session.rights if session is not None else None
        token = _Token(made.listed.token.id, made.secret, rights, frozenset(scopes), limit, ends_at)
        self.tokens.insert(0, token)
        del self.tokens[_KEPT:]

    @precondition(lambda self: self.tokens)
    @rule(which=st.integers(0, _KEPT - 1))
    def delete_token(self, which: int) -> None:
        token = self.tokens[which % len(self.tokens)]
        if token.is_deleted:
            self._refused(lambda: self.world.registry.access_tokens.delete(ADMIN, token.id))
            return
        self.world.registry.access_tokens.delete(ADMIN, token.id)
        token.is_deleted = True

    # --- what somebody does ---

    @rule(requested=ADDRESSES)
    def everybody_tries_everything(self, requested: RequestedModuleProvider) -> None:
        """What the use cases themselves let through at an address; nothing that could be done is there to be done."""
        registry, owner = self.world.registry, self._owner(requested)
        attempts: dict[Capability, Any] = {
            Capability.READ: lambda it: registry.module_providers.integrations(it, requested),
            Capability.TERRAFORM: lambda it: registry.catalogue.versions(it, requested),
            Capability.UPLOAD: lambda it: registry.publishing.admit_upload(it, requested, "no version"),
            Capability.PUBLISH: lambda it: registry.publishing.publish(it, requested, "9.9.9"),
            Capability.MODIFY: lambda it: registry.module_providers.change(it, requested, ModuleProviderChanges()),
            Capability.FULL: lambda it: registry.publishing.delete(it, requested, "9.9.9"),
            Capability.SITE_ADMIN: registry.user_groups.listed,
            Capability.SIGNED_IN: registry.access_tokens.listed,
        }
        for caller, may in self._everybody():
            for capability, attempt in attempts.items():
                assert self._is_let_through(attempt, caller) == may(capability, owner), (caller, capability)

    # --- what always holds ---

    @invariant()
    def everybody_may_at_every_address_what_the_model_says(self) -> None:
        authoriser = self.world.registry.user_groups._authoriser
        owners = {requested: self._owner(requested) for requested in EVERY_ADDRESS}
        everybody = self._everybody()
        with self.world.unit_of_work.read() as tx:
            for requested in EVERY_ADDRESS:
                found = look_up(tx, requested).owner_id
                assert found == owners[requested]
            # What is decided depends on nothing but the namespace that an address leads to.
            for caller, may in everybody:
                for capability in Capability:
                    for owner in {None, *owners.values()}:
                        try:
                            authoriser.permit(tx, caller.identity, capability, owner)
                        except AccessDenied:
                            assert not may(capability, owner), (caller, capability, owner)
                        else:
                            assert may(capability, owner), (caller, capability, owner)

    @invariant()
    def a_token_may_nothing_that_its_owner_may_not(self) -> None:
        for token in self.tokens:
            for capability in Capability:
                for owner in {None, *self.model.live_names.values()}:
                    if self._token_may(token, capability, owner) and token.rights is not None:
                        assert self._may(token.rights, capability, owner)

    # --- the model ---

    def _everybody(self) -> list[tuple[Caller, Any]]:
        """Who presents what there is to present, and what each may do by capability and namespace."""
        everybody: list[tuple[Caller, Any]] = [
            (self._caller(), lambda _, __: False),
            (self._caller(api_key=b"adm"), lambda _, __: True),
        ]
        for session in self.sessions:
            is_good = self._now() < session.ends_at
            everybody.append(
                (
                    self._caller(session=session.cookie),
                    lambda capability, owner, session=session, is_good=is_good: (
                        is_good and self._may(session.rights, capability, owner)
                    ),
                )
            )
        for token in self.tokens:
            everybody.append(
                (
                    self._caller(bearer=token.secret.encode()),
                    lambda capability, owner, token=token: self._token_may(token, capability, owner),
                )
            )
        return everybody

    def _may(self, rights: _Rights, capability: Capability, namespace: int | None) -> bool:
        if capability is Capability.BUILT_IN_ADMIN:
            return False
        if capability in {Capability.READ, Capability.TERRAFORM, Capability.SIGNED_IN}:
            return True
        groups = rights.groups & self.site_admins.keys()
        if any(self.site_admins[group] for group in groups):
            return True
        if capability is Capability.SITE_ADMIN or namespace not in self.model.live_names.values():
            return False
        levels = {self.permissions.get((group, namespace)) for group in groups if namespace is not None}
        if namespace is not None and self.owned.get(namespace) in rights.logins:
            levels.add("FULL")
        return "FULL" in levels or (capability is not Capability.FULL and "MODIFY" in levels)

    def _token_may(self, token: _Token, capability: Capability, namespace: int | None) -> bool:
        if token.is_deleted or (token.ends_at is not None and self._now() >= token.ends_at):
            return False
        if capability.value not in token.scopes:
            return False
        if token.namespaces is not None and namespace not in token.namespaces & set(self.model.live_names.values()):
            return False
        return token.rights is None or self._may(token.rights, capability, namespace)

    def _claim(self, account: str) -> None:
        """What becomes of the namespace that is called like an account whose owner has just signed in."""
        name = account.lower()
        if name not in self.model.live_names:
            if name not in self.model.former_names:
                made = self.world.registry.namespaces.show(ADMIN, account).namespace
                assert made.name.value == account
                self.model.live_names[name] = made.id
                self.owned[made.id] = name
                if made.id % 2:
                    self.world.registry.user_groups.grant(ADMIN, "odd", account, "FULL")
                self._grant_odd(account)
            return
        namespace = self.model.live_names[name]
        places = {*self.model.live_places, *self.model.former_places}
        is_used = any(place[0] == namespace for place in places) or any(
            granted == namespace for _, granted in self.permissions
        )
        if not is_used and namespace not in self.owned:
            self.owned[namespace] = name

    def _grant_odd(self, name: str) -> None:
        namespace = self.model.live_names[name.lower()]
        if namespace % 2:
            self.permissions["odd", namespace] = "FULL"

    # --- the pieces ---

    def _owner(self, requested: RequestedModuleProvider) -> int | None:
        found = self.model.resolve(requested)
        return self.model.namespace(requested.namespace) if found is None else self.model.place_of(found)[0]

    def _is_let_through(self, attempt: Any, caller: Caller) -> bool:
        try:
            attempt(caller.identity)
        except AccessDenied:
            return False
        except RegistryError:
            return True
        return True

    def _caller(self, *, api_key: bytes = b"", bearer: bytes = b"", session: str = "") -> Caller:
        return self.world.registry.admission.admit(Credentials(api_key, bearer, session), "192.0.2.1", None)

    def _now(self) -> datetime:
        return self.world.clock.now()


AccessMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestAccess = AccessMachine.TestCase
