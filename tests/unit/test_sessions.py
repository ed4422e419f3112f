"""Sessions: signing in with the admin token, signing out, and what callers see of themselves (chapter 04, 5 and 7)."""

from datetime import timedelta

import attrs
import pytest

from terrareg_core.access.authentication import Caller, ConfiguredSecrets, Credentials, SignInPolicy
from terrareg_core.access.grants import NamespacePermission, TokenGrant, TokenScope
from terrareg_core.access.identities import Identity, IdentityKind
from terrareg_core.access.keys import Secret, SessionKeys
from terrareg_core.access.people import Person, SignInMethod
from terrareg_core.access.permissions import AccessPolicy
from terrareg_core.access.sessions import AccessStatus, OpenedSession
from terrareg_core.access.stored import SignInAttempt, TerraformCode, TerraformToken
from terrareg_core.errors import AuthenticationRequired, PermissionDenied
from terrareg_core.identifiers import NamespaceName
from terrareg_core.namespaces.model import NamespaceKind
from tests.unit.registries import ADMIN, ANONYMOUS, EVERY_WAY, START, World, make_world, signed_in

SECRETS = ConfiguredSecrets(admin=Secret.of("adm"), upload=(Secret.of("up"),), internal_extraction=Secret.of("int"))
CONTROLS = AccessPolicy(access_controls=True)
CLOSED = AccessPolicy(access_controls=True, anonymous_access=False)


def _caller(world: World, session: str = "", api_key: bytes = b"") -> Caller:
    return world.registry.admission.admit(Credentials(api_key=api_key, session=session), "192.0.2.1", None)


def _signed_in(world: World, identity: Identity, previous: Caller | None = None) -> OpenedSession:
    assert identity.person is not None
    with world.unit_of_work.write() as tx:
        session = previous.session if previous is not None else None
        return world.registry.sessions.begin(tx, identity.person, session)


# --- signing in with the admin token ---


def test_the_admin_key_begins_a_session_with_an_event() -> None:
    world = make_world(secrets=SECRETS)
    opened = world.registry.sessions.sign_in_as_admin(_caller(world, api_key=b"adm"))
    assert opened.seconds == 3600
    assert opened.value not in repr(opened)
    assert opened.csrf_token not in repr(opened)
    caller = _caller(world, opened.value)
    assert (caller.identity.kind, caller.identity.name) == (IdentityKind.ADMIN_SESSION, "Built-in admin")
    assert world.registry.sessions.csrf_token(caller) == opened.csrf_token
    (event,) = world.events()
    assert (event.action.value, event.username, event.object_type, event.object_id) == (
        "USER_LOGIN",
        "Built-in admin",
        None,
        None,
    )


def test_a_session_of_the_admin_may_be_replaced_by_a_fresh_one_which_ends_it() -> None:
    world = make_world(secrets=SECRETS)
    first = world.registry.sessions.sign_in_as_admin(_caller(world, api_key=b"adm"))
    second = world.registry.sessions.sign_in_as_admin(_caller(world, first.value))
    assert first.value != second.value
    assert first.csrf_token != second.csrf_token
    assert _caller(world, first.value).identity.is_anonymous
    assert _caller(world, second.value).identity.is_built_in_admin


@pytest.mark.parametrize(
    ("caller", "error"),
    [
        (Caller(ANONYMOUS), AuthenticationRequired),
        (Caller(Identity(IdentityKind.UPLOAD_KEY, "Upload API Key")), PermissionDenied),
        # Whoever may do everything by their groups is not the built-in admin for that.
        (Caller(signed_in("ann", "admins")), PermissionDenied),
    ],
)
def test_nobody_else_becomes_the_built_in_admin(caller: Caller, error: type[Exception]) -> None:
    world = make_world(secrets=SECRETS)
    world.given_group("admins", site_admin=True)
    with pytest.raises(error):
        world.registry.sessions.sign_in_as_admin(caller)
    assert world.events() == []


def test_there_are_no_sessions_without_a_secret_key() -> None:
    world = make_world(secrets=SECRETS, sign_in=SignInPolicy(offered=EVERY_WAY))
    caller = _caller(world, api_key=b"adm")
    with pytest.raises(PermissionDenied, match="SECRET_KEY"):
        world.registry.sessions.sign_in_as_admin(caller)
    assert world.events() == []
    assert world.registry.sessions.keys is None
    assert world.registry.sessions.csrf_token(caller) is None


# --- signing out ---


def test_signing_out_ends_this_session_and_no_other_with_an_event() -> None:
    world = make_world()
    here, there = _signed_in(world, signed_in("ann")), _signed_in(world, signed_in("ann"))
    caller = _caller(world, here.value)
    world.registry.sessions.sign_out(caller)
    assert _caller(world, here.value).identity.is_anonymous
    assert _caller(world, there.value).identity == signed_in("ann")
    last = world.events()[-1]
    assert (last.action.value, last.username) == ("USER_LOGOUT", "ann")
    # Somebody with a copy of the cookie comes late, and signs nobody out.
    world.registry.sessions.sign_out(caller)
    assert [event.action.value for event in world.events()].count("USER_LOGOUT") == 1


def test_signing_out_without_a_session_is_harmless() -> None:
    world = make_world(secrets=SECRETS)
    for caller in (Caller(ANONYMOUS), _caller(world, api_key=b"adm"), _caller(world, "unknown")):
        world.registry.sessions.sign_out(caller)
    assert world.events() == []


def test_a_key_beside_a_session_does_not_keep_it_from_ending() -> None:
    world = make_world(secrets=SECRETS)
    opened = _signed_in(world, signed_in("ann"))
    world.registry.sessions.sign_out(_caller(world, opened.value, b"adm"))
    assert _caller(world, opened.value).identity.is_anonymous
    assert world.events()[-1].username == "ann"


# --- what a caller sees of itself (7.2) ---


def _status(world: World, identity: Identity) -> AccessStatus:
    return world.registry.sessions.status(Caller(identity))


@pytest.mark.parametrize(
    ("identity", "access", "status"),
    [
        (ANONYMOUS, CONTROLS, (True, False, False)),
        (ANONYMOUS, CLOSED, (False, False, False)),
        (ADMIN, CLOSED, (True, True, True)),
        (Identity(IdentityKind.INTERNAL_EXTRACTION, "x"), CLOSED, (False, True, False)),
        (Identity(IdentityKind.UPLOAD_KEY, "x"), CONTROLS, (True, True, False)),
        (signed_in("ann"), CLOSED, (True, True, False)),
        (signed_in("ann"), AccessPolicy(), (True, True, True)),
        (signed_in("ann", "admins"), CLOSED, (True, True, True)),
    ],
)
def test_a_caller_sees_whether_it_may_read_and_rule(
    identity: Identity, access: AccessPolicy, status: tuple[bool, bool, bool]
) -> None:
    world = make_world(access=access)
    world.given_group("admins", site_admin=True)
    seen = _status(world, identity)
    assert (seen.read_access, seen.authenticated, seen.site_admin) == status
    assert seen.namespace_permissions == {}


def test_people_see_their_permissions_the_higher_one_of_two_under_the_present_names() -> None:
    world = make_world(access=CONTROLS)
    with world.unit_of_work.write() as tx:
        for name in ("aa", "bb", "cc"):
            tx.namespaces.add(NamespaceName(name))
        octo = tx.namespaces.add(NamespaceName("Octo"), kind=NamespaceKind.GITHUB_USER, source="hub").id
        tx.namespaces.rename(octo, NamespaceName("octO"))
    world.given_group("one", rights={"aa": "MODIFY", "bb": "FULL"})
    world.given_group("two", rights={"aa": "FULL", "bb": "MODIFY", "octo": "MODIFY"}, site_admin=True)
    world.given_group("three", rights={"cc": "FULL"})
    person = Person(
        method=SignInMethod.GITHUB,
        name="octo",
        subject="octo",
        source="hub",
        groups=frozenset({"one", "two"}),
        logins=frozenset({"octo"}),
    )
    status = _status(world, Identity.signed_in(person))
    full = NamespacePermission.FULL
    assert status.namespace_permissions == {NamespaceName("aa"): full, NamespaceName("bb"): full} | {
        NamespaceName("octO"): full
    }
    # A token of theirs has no session, and pages need not know what it may do.
    token = Identity(
        IdentityKind.ACCESS_TOKEN, "CI", person=person, token=TokenGrant(frozenset({TokenScope.READ}), frozenset())
    )
    assert _status(world, token) == AccessStatus(True, True, False, {}, None)


def test_the_csrf_token_is_given_to_those_who_act_by_their_session() -> None:
    world = make_world(secrets=SECRETS)
    opened = _signed_in(world, signed_in("ann"))
    by_session, by_key = _caller(world, opened.value), _caller(world, opened.value, b"up")
    assert by_session.session is not None
    assert world.registry.sessions.status(by_session).csrf_token == opened.csrf_token
    assert world.registry.sessions.keys == SessionKeys.of("key", Secret.of("adm"))
    assert world.registry.sessions.keys.proves(opened.csrf_token, by_session.session.csrf_secret)
    # Who acts by a key that they send along needs no proof.
    as_admin = _caller(world, opened.value, b"adm")
    assert (as_admin.session, world.registry.sessions.status(as_admin).csrf_token) == (by_session.session, None)
    assert (by_key.identity.kind, world.registry.sessions.csrf_token(by_key)) == (IdentityKind.UPLOAD_KEY, None)


# --- cleaning up ---


def test_signing_in_again_ends_the_former_session_and_forgets_expired_ones() -> None:
    world = make_world()
    first = _signed_in(world, signed_in("ann"))
    caller = _caller(world, first.value)
    second = _signed_in(world, signed_in("bob"), caller)
    assert _caller(world, first.value).identity.is_anonymous
    assert _caller(world, second.value).identity == signed_in("bob")
    world.clock.advance(timedelta(hours=1))
    _signed_in(world, signed_in("cyd"))
    with world.unit_of_work.write() as tx:
        # Nothing that has expired by now is left but what will only expire.
        assert tx.sessions.purge(world.clock.now(), 10) == 0
        assert tx.sessions.purge(world.clock.now() + timedelta(hours=1), 10) == 1


def test_everything_that_expired_is_forgotten_and_nothing_else() -> None:
    world = make_world()
    ends = {"old": START, "new": START + timedelta(seconds=1)}
    person = Person.built_in_admin()
    opened = _signed_in(world, signed_in("ann"))
    session = _caller(world, opened.value).session
    assert session is not None
    with world.unit_of_work.write() as tx:
        for key, end in ends.items():
            tx.sessions.add(attrs.evolve(session, digest=key, expires_at=end))
            tx.used_assertions.add(key, end)
            tx.sign_in_attempts.add(
                SignInAttempt(
                    state_digest=key, browser_digest="b", method=SignInMethod.SAML, created_at=START, expires_at=end
                ),
                10,
            )
            tx.terraform_logins.add_token(TerraformToken(digest=key, person=person, created_at=START, expires_at=end))
            tx.terraform_logins.add_code(
                TerraformCode(
                    digest=key,
                    person=person,
                    redirect_uri="",
                    challenge="",
                    nonce=None,
                    created_at=START,
                    expires_at=end,
                )
            )
    world.registry.sessions.purge()
    later = START + timedelta(seconds=1)
    with world.unit_of_work.write() as tx:
        assert tx.sessions.purge(START, 10) == tx.terraform_logins.purge(START, 10) == 0
        assert tx.sessions.purge(later, 10) == tx.sign_in_attempts.purge(later, 10) == 1
        assert (tx.used_assertions.purge(later, 10), tx.terraform_logins.purge(later, 10)) == (1, 2)
