"""Which identity the credentials of a request prove (chapter 04, 2.1)."""

from datetime import datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_adapters.memory.clock import FixedClock
from terrareg_adapters.memory.storage import MemoryUnitOfWork
from terrareg_core.access.authentication import (
    AnalyticsKey,
    Authenticator,
    Caller,
    ConfiguredSecrets,
    Credentials,
    SignInPolicy,
)
from terrareg_core.access.grants import TokenGrant, TokenScope
from terrareg_core.access.identities import Identity, IdentityKind
from terrareg_core.access.keys import ACCESS_TOKEN_PREFIX, TERRAFORM_TOKEN_PREFIX, Secret, SessionKeys, new_token
from terrareg_core.access.people import Person, SignInMethod
from terrareg_core.access.stored import AccessToken, TerraformToken, digest_of
from terrareg_core.access.terraform_login import TerraformLoginPolicy
from tests.unit.registries import EVERY_WAY, START, WatchedUnitOfWork, World, make_world

SECRETS = ConfiguredSecrets(
    admin=Secret.of("adm"),
    upload=(Secret.of("up1"), Secret.of("schlüssel")),
    publish=(Secret.of("pub"),),
    analytics=(AnalyticsKey(Secret.of("k1"), "dev"), AnalyticsKey(Secret.of("k2"), "prod")),
    ignore_analytics=(Secret.of("ign"), Secret.of("k2")),
    internal_extraction=Secret.of("int"),
)


def _authenticator(secrets: ConfiguredSecrets) -> Authenticator:
    return Authenticator(secrets, SignInPolicy(), MemoryUnitOfWork(), FixedClock())


AUTHENTICATOR = _authenticator(SECRETS)


def _identity(**credentials: Any) -> Identity:
    return AUTHENTICATOR.identify(Credentials(**credentials)).identity


def _kind(**credentials: Any) -> IdentityKind:
    return _identity(**credentials).kind


@pytest.mark.parametrize(
    ("credentials", "kind", "name"),
    [
        ({"api_key": b"adm"}, IdentityKind.ADMIN_KEY, "Built-in admin"),
        ({"api_key": b"up1"}, IdentityKind.UPLOAD_KEY, "Upload API Key"),
        ({"api_key": "schlüssel".encode()}, IdentityKind.UPLOAD_KEY, "Upload API Key"),
        ({"api_key": b"pub"}, IdentityKind.PUBLISH_KEY, "Publish API Key"),
        ({"bearer": b"k1"}, IdentityKind.ANALYTICS_KEY, "Terraform deployment analytics token"),
        ({"bearer": b"k2"}, IdentityKind.ANALYTICS_KEY, "Terraform deployment analytics token"),
        ({"bearer": b"ign"}, IdentityKind.IGNORE_ANALYTICS_KEY, "Terraform ignore analytics token"),
        ({"bearer": b"int"}, IdentityKind.INTERNAL_EXTRACTION, "Terraform internal extraction"),
        ({}, IdentityKind.ANONYMOUS, "Unauthenticated User"),
        ({"api_key": b"adm", "bearer": b"k1"}, IdentityKind.ADMIN_KEY, "Built-in admin"),
        ({"api_key": b"wrong", "bearer": b"k1"}, IdentityKind.ANALYTICS_KEY, "Terraform deployment analytics token"),
        # A key in the other header is nobody's.
        ({"bearer": b"adm"}, IdentityKind.ANONYMOUS, "Unauthenticated User"),
        ({"api_key": b"k1"}, IdentityKind.ANONYMOUS, "Unauthenticated User"),
    ],
)
def test_the_first_valid_credential_decides(credentials: dict[str, bytes], kind: IdentityKind, name: str) -> None:
    identity = _identity(**credentials)
    assert (identity.kind, identity.name) == (kind, name)


def test_an_analytics_key_carries_its_environment() -> None:
    assert _identity(bearer=b"k2").environment == "prod"


@pytest.mark.parametrize("key", [b" adm", b"adm ", b"ad", b"admm", b"ADM", b"", b"\xff\xfe", b"a" * 100_000])
def test_anything_but_the_exact_key_is_nobodys(key: bytes) -> None:
    assert _kind(api_key=key) is IdentityKind.ANONYMOUS


def test_an_empty_configured_secret_never_matches() -> None:
    authenticator = _authenticator(ConfiguredSecrets(admin=Secret.of("")))
    assert authenticator.identify(Credentials(api_key=b"")).identity.is_anonymous


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_adding_an_invalid_credential_changes_nothing(api_key: bytes, bearer: bytes) -> None:
    nobody = _authenticator(ConfiguredSecrets())
    assert nobody.identify(Credentials(api_key, bearer)).identity.is_anonymous


def test_a_secret_does_not_show_itself() -> None:
    assert "schl" not in repr(SECRETS)


# --- all credentials there are (property 10 of chapter 04, 20) ---

KEY = new_token(ACCESS_TOKEN_PREFIX, b"k" * 32)
"""The API key of every request below: it is an access token, and may be configured as a key all the same."""
OWNER = Person(method=SignInMethod.OPENID, name="alice", subject="s", groups=frozenset({"team"}))
HEADER_KINDS = [IdentityKind.ADMIN_KEY, IdentityKind.UPLOAD_KEY, IdentityKind.PUBLISH_KEY]
BEARER_KINDS = [IdentityKind.ANALYTICS_KEY, IdentityKind.IGNORE_ANALYTICS_KEY, IdentityKind.INTERNAL_EXTRACTION]
ORDER = [
    IdentityKind.ADMIN_KEY,
    IdentityKind.ADMIN_SESSION,
    IdentityKind.UPLOAD_KEY,
    IdentityKind.PUBLISH_KEY,
    "token as API key",
    IdentityKind.SAML_SESSION,
    IdentityKind.OPENID_SESSION,
    IdentityKind.GITHUB_SESSION,
    IdentityKind.TERRAFORM_TOKEN,
    "token as bearer",
    *BEARER_KINDS,
    IdentityKind.ANONYMOUS,
]


def _person(method: SignInMethod) -> Person:
    return Person(
        method=method, name=method.value, subject="s", source="hub" if method is SignInMethod.GITHUB else None
    )


def _given_session(world: World, person: Person, valid_seconds: int | None = None) -> str:
    """The cookie of a new session."""
    with world.unit_of_work.write() as tx:
        return world.registry.sessions.begin(tx, person, None, valid_seconds).value


def _given_token(world: World, text: str, expires_at: datetime | None = None, owner: Person = OWNER) -> None:
    token = AccessToken(
        id=text,
        name="CI",
        owner=owner,
        scopes=frozenset({TokenScope.READ}),
        namespaces=None,
        created_at=START,
        expires_at=expires_at,
    )
    with world.unit_of_work.write() as tx:
        tx.access_tokens.add(token, digest_of(text))


def _given_terraform_token(world: World, text: str, person: Person = OWNER, seconds: int = 60) -> None:
    token = TerraformToken(
        digest=digest_of(text), person=person, created_at=START, expires_at=START + timedelta(seconds=seconds)
    )
    with world.unit_of_work.write() as tx:
        tx.terraform_logins.add_token(token)


def _identify(world: World, credentials: Credentials) -> Caller:
    return world.registry.admission.admit(credentials, "192.0.2.1", None)


@given(
    right=st.sets(st.sampled_from([*HEADER_KINDS, *BEARER_KINDS, "token as API key", "token as bearer"])),
    method=st.none() | st.sampled_from(SignInMethod),
    terraform=st.booleans(),
    junk=st.booleans(),
)
def test_of_any_valid_credentials_presented_together_the_first_in_the_order_of_2_1_decides(
    right: set[Any], method: SignInMethod | None, terraform: bool, junk: bool
) -> None:
    bearer = new_token(TERRAFORM_TOKEN_PREFIX if terraform else ACCESS_TOKEN_PREFIX, b"b" * 32)
    api_key, other = Secret.of(KEY), Secret.of(bearer)
    secrets = ConfiguredSecrets(
        admin=api_key if IdentityKind.ADMIN_KEY in right else Secret.of("another"),
        upload=(api_key,) if IdentityKind.UPLOAD_KEY in right else (),
        publish=(Secret.of("x"), api_key) if IdentityKind.PUBLISH_KEY in right else (Secret.of("x"),),
        analytics=(AnalyticsKey(other, "dev"),) if IdentityKind.ANALYTICS_KEY in right else (),
        ignore_analytics=(other,) if IdentityKind.IGNORE_ANALYTICS_KEY in right else (),
        internal_extraction=other if IdentityKind.INTERNAL_EXTRACTION in right else None,
    )
    world = make_world(secrets=secrets, terraform_login=TerraformLoginPolicy(issuer="https://reg.test"))
    present = {*right, IdentityKind.ANONYMOUS} - {"token as bearer"}
    if "token as API key" in right:
        _given_token(world, KEY)
    if "token as bearer" in right and terraform:
        _given_terraform_token(world, bearer)
        present.add(IdentityKind.TERRAFORM_TOKEN)
    elif "token as bearer" in right:
        _given_token(world, bearer)
        present.add("token as bearer")
    session = "wrong" if junk else ""
    if method is not None:
        session = _given_session(world, _person(method))
        present.add(Identity.signed_in(_person(method)).kind)

    caller = _identify(world, Credentials(KEY.encode(), bearer.encode(), session))

    expected = next(kind for kind in ORDER if kind in present)
    assert caller.identity.kind is (expected if isinstance(expected, IdentityKind) else IdentityKind.ACCESS_TOKEN)
    assert (caller.session is not None) == (method is not None)
    assert caller.has_failed == (expected is IdentityKind.ANONYMOUS)


@pytest.mark.parametrize("other", [b"wrong", KEY.encode(), KEY.encode()[:-1] + b"\xff", b"\xff" * 53])
@pytest.mark.parametrize("method", SignInMethod)
def test_wrong_keys_and_tokens_beside_a_session_change_nothing(method: SignInMethod, other: bytes) -> None:
    world = make_world(secrets=SECRETS)
    session = _given_session(world, _person(method))
    alone = _identify(world, Credentials(session=session))
    assert alone.identity == Identity.signed_in(_person(method))
    assert _identify(world, Credentials(other, other, session)) == alone
    assert _identify(world, Credentials(other, other, f"{session}x")).identity.is_anonymous


# --- sessions ---


def _with(world: World, **changes: Any) -> Authenticator:
    """An authenticator over the same store with other settings."""
    ways = {"secrets": SECRETS, "offered": EVERY_WAY, "secret_key": "key", "terraform_login": True, **changes}
    secrets: ConfiguredSecrets = ways["secrets"]
    keys = SessionKeys.of(ways["secret_key"], secrets.admin) if ways["secret_key"] else None
    policy = SignInPolicy(offered=ways["offered"], keys=keys, terraform_login=ways["terraform_login"])
    return Authenticator(secrets, policy, world.unit_of_work, world.clock)


@pytest.mark.parametrize("method", SignInMethod)
@pytest.mark.parametrize(
    ("changes", "ends"),
    [
        ({}, set()),
        ({"secret_key": "another"}, set(SignInMethod)),
        ({"secret_key": None}, set(SignInMethod)),
        ({"offered": frozenset()}, set(SignInMethod)),
        ({"offered": EVERY_WAY - {(SignInMethod.SAML, None)}}, {SignInMethod.SAML}),
        (
            {"offered": (EVERY_WAY - {(SignInMethod.GITHUB, "hub")}) | {(SignInMethod.GITHUB, "lab")}},
            {SignInMethod.GITHUB},
        ),
        ({"secrets": attrs.evolve(SECRETS, admin=Secret.of("new"))}, {SignInMethod.PASSWORD}),
        ({"secrets": attrs.evolve(SECRETS, admin=None)}, {SignInMethod.PASSWORD}),
    ],
)
def test_a_session_ends_when_what_it_hangs_on_changes(
    method: SignInMethod, changes: dict[str, Any], ends: set[SignInMethod]
) -> None:
    world = make_world(secrets=SECRETS)
    session = _given_session(world, _person(method))
    caller = _with(world, **changes).identify(Credentials(session=session))
    expected = Identity.anonymous() if method in ends else Identity.signed_in(_person(method))
    assert (caller.identity, caller.session is None, caller.has_failed) == (expected, method in ends, False)


@pytest.mark.parametrize(("valid_seconds", "lasts"), [(None, 3600), (1800, 1800), (7200, 3600), (10**30, 3600)])
def test_a_session_is_good_until_it_expires_and_not_at_that_moment(valid_seconds: int | None, lasts: int) -> None:
    world = make_world()
    session = _given_session(world, OWNER, valid_seconds)
    world.clock.advance(timedelta(seconds=lasts, microseconds=-1))
    assert _identify(world, Credentials(session=session)).identity == Identity.signed_in(OWNER)
    world.clock.advance(timedelta(microseconds=1))
    assert _identify(world, Credentials(session=session)) == Caller(Identity.anonymous())


def test_what_is_stored_of_a_session_does_not_open_it() -> None:
    world = make_world()
    session = _given_session(world, OWNER)
    stored = _identify(world, Credentials(session=session)).session
    assert stored is not None
    for other in (stored.digest, stored.csrf_secret, stored.fingerprint, "\ud800", "é" * 43):
        assert _identify(world, Credentials(session=other)).identity.is_anonymous


# --- access tokens ---


def test_an_access_token_acts_for_its_owner_in_both_headers() -> None:
    world = make_world()
    _given_token(world, KEY)
    for credentials in (Credentials(api_key=KEY.encode()), Credentials(bearer=KEY.encode())):
        identity = _identify(world, credentials).identity
        assert (identity.kind, identity.name) == (IdentityKind.ACCESS_TOKEN, "alice (token CI)")
        assert identity.token == TokenGrant(frozenset({TokenScope.READ}), None)
        assert identity.owner == Identity.signed_in(OWNER)
        assert not identity.is_session


def test_an_access_token_is_good_until_it_expires_and_not_at_that_moment() -> None:
    world = make_world()
    _given_token(world, KEY, START + timedelta(seconds=10))
    world.clock.advance(timedelta(seconds=10, microseconds=-1))
    assert _identify(world, Credentials(bearer=KEY.encode())).identity.kind is IdentityKind.ACCESS_TOKEN
    world.clock.advance(timedelta(microseconds=1))
    assert _identify(world, Credentials(bearer=KEY.encode())) == Caller(Identity.anonymous(), has_failed=True)


def test_a_token_is_worth_nothing_once_its_owner_could_not_sign_in_any_more() -> None:
    world = make_world(secrets=SECRETS)
    terraform = new_token(TERRAFORM_TOKEN_PREFIX, bytes(32))
    _given_token(world, KEY)
    _given_terraform_token(world, terraform)
    for token, kind in ((KEY, IdentityKind.ACCESS_TOKEN), (terraform, IdentityKind.TERRAFORM_TOKEN)):
        credentials = Credentials(bearer=token.encode())
        # Other secrets end sessions, and tokens have their own.
        assert _with(world, secret_key="another").identify(credentials).identity.kind is kind
        others = EVERY_WAY - {(SignInMethod.OPENID, None)}
        assert _with(world, offered=others).identify(credentials).identity.is_anonymous


def test_terraforms_tokens_are_good_only_as_bearer_while_terraform_login_is_set_up_and_until_they_expire() -> None:
    world = make_world(secrets=SECRETS)
    token = new_token(TERRAFORM_TOKEN_PREFIX, bytes(32))
    _given_terraform_token(world, token, seconds=60)
    good, credentials = _with(world), Credentials(bearer=token.encode())
    assert good.identify(credentials).identity == Identity(IdentityKind.TERRAFORM_TOKEN, "Terraform CLI User")
    assert good.identify(Credentials(api_key=token.encode())).identity.is_anonymous
    assert _with(world, terraform_login=False).identify(credentials).identity.is_anonymous
    world.clock.advance(timedelta(seconds=60))
    assert good.identify(credentials).identity.is_anonymous


def _last_used(world: World) -> datetime | None:
    with world.unit_of_work.read() as tx:
        token = tx.access_tokens.get(KEY)
    assert token is not None
    return token.last_used_at


def test_that_an_access_token_is_used_is_noted_once_a_minute() -> None:
    world = make_world(secrets=SECRETS)
    _given_token(world, KEY)
    store = WatchedUnitOfWork(world.unit_of_work)
    authenticator = Authenticator(SECRETS, SignInPolicy(offered=EVERY_WAY), store, world.clock)
    both = Credentials(api_key=KEY.encode(), bearer=KEY.encode())
    assert _last_used(world) is None
    used = []
    for _ in range(7):
        authenticator.identify(both)
        used.append((store.writes, _last_used(world)))
        world.clock.advance(timedelta(seconds=20))
    first, second, third = (START + timedelta(minutes=number) for number in range(3))
    assert used == [(1, first)] * 3 + [(2, second)] * 3 + [(3, third)]


def test_a_store_that_is_busy_writing_keeps_no_token_out() -> None:
    world = make_world(secrets=SECRETS)
    _given_token(world, KEY)
    store = WatchedUnitOfWork(world.unit_of_work, is_busy=True)
    authenticator = Authenticator(SECRETS, SignInPolicy(offered=EVERY_WAY), store, world.clock)
    assert authenticator.identify(Credentials(bearer=KEY.encode())).identity.kind is IdentityKind.ACCESS_TOKEN
    assert _last_used(world) is None


def test_credentials_that_can_not_be_stored_ones_cost_no_transaction() -> None:
    world = make_world(secrets=SECRETS)
    store = WatchedUnitOfWork(world.unit_of_work)
    authenticator = Authenticator(SECRETS, SignInPolicy(), store, world.clock)
    for junk in (b"wrong", KEY.encode()[:-1] + b"0", KEY.encode() * 2, b"\xff" * 53):
        authenticator.identify(Credentials(junk, junk))
    assert (store.reads, store.writes) == (0, 0)


def test_credentials_do_not_show_themselves() -> None:
    world = make_world()
    session = _given_session(world, OWNER)
    credentials = Credentials(b"an-api-key", b"a-bearer", session)
    caller = _identify(world, credentials)
    assert caller.session is not None
    shown = repr((credentials, caller))
    assert not any(secret in shown for secret in ("an-api-key", "a-bearer", session, caller.session.csrf_secret))
