"""`terraform login`: who gets a code, what a code gives, and for how long (chapter 04, 13)."""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from urllib.parse import parse_qs, urlsplit

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_adapters.memory.signing import MemoryTokenIssuer
from terrareg_adapters.system import SystemRandom
from terrareg_core.access.admission import Admission
from terrareg_core.access.authentication import Authenticator, Caller, ConfiguredSecrets, Credentials, SignInPolicy
from terrareg_core.access.grants import TokenScope
from terrareg_core.access.identities import Identity, IdentityKind
from terrareg_core.access.keys import Secret, SessionKeys
from terrareg_core.access.people import Person, SignInMethod
from terrareg_core.access.permissions import AccessPolicy, Authoriser
from terrareg_core.access.stored import digest_of
from terrareg_core.access.terraform_login import (
    AuthorisationRequest,
    CodeExchange,
    IssuedToken,
    Step,
    TerraformLogin,
    TerraformLoginPolicy,
    challenge_of,
)
from terrareg_core.access.throttling import FailureLimits, FailureThrottle
from terrareg_core.access.tokens import TokenRequest
from terrareg_core.errors import InvalidOAuthRequest, NotOffered
from tests.unit.registries import ADMIN, ANONYMOUS, EVERY_WAY, World, make_world

VERIFIER = "2fd6cb60-5d9c-4bf6-ae1c-07ef08ef1a2c.1234567890"
REDIRECT = "http://localhost:10000/login"
REQUEST = AuthorisationRequest(
    client_id="terraform-cli",
    redirect_uri=REDIRECT,
    response_type="code",
    state="s-1",
    code_challenge=challenge_of(VERIFIER),
    code_challenge_method="S256",
)
POLICY = TerraformLoginPolicy(issuer="https://reg.example.com/", lifetime=timedelta(hours=1), salt="a salt")
CLOSED = AccessPolicy(anonymous_access=False)
SECRETS = ConfiguredSecrets(admin=Secret.of("adm"), upload=(Secret.of("up"),))
ALICE = Person(method=SignInMethod.OPENID, name="alice", subject="https://id.test 1")
OCTO = Person(method=SignInMethod.GITHUB, name="octo", subject="octo", source="hub")
VERIFIERS = st.text("ABCXYZabcxyz019-._~", min_size=1, max_size=128)
MOMENT = timedelta(microseconds=1)


class RecordingIssuer:
    """Issues tokens that are the claims themselves; signing is the business of the contract test."""

    def __init__(self) -> None:
        self.claims: list[Mapping[str, object]] = []

    def id_token(self, claims: Mapping[str, object]) -> str:
        self.claims.append(claims)
        return f"token {len(self.claims)}"

    def key_set(self) -> Mapping[str, object]:
        return {"keys": ["the key"]}


def _closed_world(issuer: RecordingIssuer | None = None, **options: Any) -> World:
    given: dict[str, Any] = {
        "access": CLOSED,
        "terraform_login": POLICY,
        "token_issuer": issuer or RecordingIssuer(),
        "secrets": SECRETS,
    }
    return make_world(**{**given, **options})


@pytest.fixture
def issuer() -> RecordingIssuer:
    return RecordingIssuer()


@pytest.fixture
def world(issuer: RecordingIssuer) -> World:
    return _closed_world(issuer)


def _in_session(world: World, person: Person = ALICE) -> Caller:
    """The caller that a person's browser makes."""
    with world.unit_of_work.write() as tx:
        opened = world.registry.sessions.begin(tx, person, None)
    caller = _caller(world, session=opened.value)
    assert caller.session is not None
    return caller


def _caller(world: World, **credentials: Any) -> Caller:
    return world.registry.admission.admit(Credentials(**credentials), "192.0.2.1", None)


def _authorise(world: World, caller: Caller | None = None, **changes: Any) -> str | Step:
    caller = caller if caller is not None else _in_session(world)
    request = attrs.evolve(REQUEST, **changes)
    return world.registry.terraform_login.authorise(caller, request, confirmed=True)


def _fields(address: str | Step) -> dict[str, str]:
    """What an address of terraform's hands over; it must have each field once."""
    assert isinstance(address, str)
    parts = urlsplit(address)
    assert (parts.scheme, parts.path, parts.fragment) == ("http", "/login", "")
    fields = parse_qs(parts.query, keep_blank_values=True)
    assert all(len(values) == 1 for values in fields.values())
    return {name: values[0] for name, values in fields.items()}


def _code(world: World, person: Person = ALICE, **changes: Any) -> str:
    return _fields(_authorise(world, _in_session(world, person), **changes))["code"]


def _exchange(world: World, code: str, **changes: Any) -> IssuedToken:
    request = CodeExchange(
        client_id="terraform-cli",
        grant_type="authorization_code",
        code=code,
        redirect_uri=REDIRECT,
        code_verifier=VERIFIER,
    )
    return world.registry.terraform_login.exchange(attrs.evolve(request, **changes))


def _refusal(world: World, code: str, **changes: Any) -> str:
    """The protocol's code for why there is no token."""
    with pytest.raises(InvalidOAuthRequest) as caught:
        _exchange(world, code, **changes)
    assert code not in caught.value.message
    return caught.value.code


def _may_use_terraform(world: World, token: str) -> bool:
    return _caller(world, bearer=token.encode()).identity.kind is IdentityKind.TERRAFORM_TOKEN


# --- where it is not set up ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options", [{"terraform_login": None}, {"token_issuer": None}, {"terraform_login": None, "token_issuer": None}]
)
def test_where_a_part_of_the_setup_is_missing_nothing_is_offered(options: dict[str, Any]) -> None:
    given: dict[str, Any] = {"terraform_login": POLICY, "token_issuer": RecordingIssuer(), **options}
    world = make_world(access=CLOSED, **given)
    login = world.registry.terraform_login
    assert not login.is_offered
    with pytest.raises(NotOffered):
        _authorise(world)
    with pytest.raises(NotOffered):
        login.exchange(CodeExchange())
    with pytest.raises(NotOffered):
        login.key_set()


def test_where_it_is_set_up_it_is_offered_with_the_issuers_keys(world: World) -> None:
    assert world.registry.terraform_login.is_offered
    assert world.registry.terraform_login.key_set() == {"keys": ["the key"]}


# --- asking for a code -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("person", [Person.built_in_admin(), ALICE, OCTO])
def test_a_person_in_a_session_is_sent_back_with_a_code_and_the_state(world: World, person: Person) -> None:
    address = _authorise(world, _in_session(world, person))
    assert isinstance(address, str)
    assert address.startswith(f"{REDIRECT}?")
    fields = _fields(address)
    assert fields.keys() == {"code", "state"}
    assert fields["state"] == "s-1"


@given(st.text(max_size=512))
def test_the_state_comes_back_as_it_was(state: str) -> None:
    state = state.encode("utf-8", "replace").decode()
    assert _fields(_authorise(_closed_world(), state=state))["state"] == state


def test_without_a_state_none_comes_back(world: World) -> None:
    assert _fields(_authorise(world, state=None)).keys() == {"code"}


@pytest.mark.parametrize("port", [10_000, 10_005, 10_010])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_terraform_may_wait_on_any_of_its_ports(world: World, host: str, port: int) -> None:
    redirect = f"http://{host}:{port}/login"
    address = _authorise(world, redirect_uri=redirect)
    assert isinstance(address, str)
    assert address.startswith(f"{redirect}?code=")
    assert _exchange(world, _fields(address)["code"], redirect_uri=redirect).seconds == 3600


def test_no_credential_but_a_session_gives_a_code(world: World) -> None:
    token = _exchange(world, _code(world)).access_token
    made = world.registry.access_tokens.create(
        Identity.signed_in(ALICE), TokenRequest(name="ci", scopes=[scope.value for scope in TokenScope])
    )
    for credentials in (
        {},
        {"api_key": b"adm"},
        {"api_key": b"up"},
        {"bearer": token.encode()},
        {"bearer": made.secret.encode()},
        {"api_key": made.secret.encode()},
    ):
        assert _authorise(world, _caller(world, **credentials)) is Step.SIGN_IN


def test_a_key_beside_a_session_makes_no_person_of_the_caller(world: World) -> None:
    session = _in_session(world).session
    assert session is not None
    assert _authorise(world, Caller(ADMIN, session)) is Step.SIGN_IN


def test_an_expired_session_has_to_sign_in_again(world: World) -> None:
    with world.unit_of_work.write() as tx:
        opened = world.registry.sessions.begin(tx, ALICE, None)
    world.clock.advance(timedelta(hours=1))
    assert _authorise(world, _caller(world, session=opened.value)) is Step.SIGN_IN


def test_whoever_was_sent_here_by_another_site_is_asked_and_gets_no_code_before(world: World) -> None:
    caller = _in_session(world)
    login = world.registry.terraform_login
    assert login.authorise(caller, REQUEST, confirmed=False) is Step.CONFIRM
    assert "code" in _fields(login.authorise(caller, REQUEST, confirmed=True))


def test_whoever_is_not_signed_in_is_not_asked_but_signs_in_first(world: World) -> None:
    login = world.registry.terraform_login
    assert login.authorise(Caller(ANONYMOUS), REQUEST, confirmed=False) is Step.SIGN_IN


# --- requests that are not terraform's -------------------------------------------------------------------------------

FOREIGN = [
    {"client_id": None},
    {"client_id": ""},
    {"client_id": "other"},
    {"client_id": "terraform-cli "},
    {"redirect_uri": None},
    {"redirect_uri": ""},
    *(
        {"redirect_uri": redirect}
        for redirect in (
            "https://evil.example/login",
            "http://evil.example:10000/login",
            "http://localhost.evil.example:10000/login",
            "http://localhost:10000@evil.example/login",
            "http://localhost:10000/login@evil.example",
            "http://localhost:9999/login",
            "http://localhost:10011/login",
            "http://localhost:010000/login",
            "http://localhost:1000\u0660/login",
            "http://localhost/login",
            "https://localhost:10000/login",
            "http://LOCALHOST:10000/login",
            "http://127.0.0.2:10000/login",
            "http://[::1]:10000/login",
            "http://localhost:10000/login/",
            "http://localhost:10000/login?x=1",
            "http://localhost:10000/login#x",
            "http://localhost:10000/login\n",
            "http://localhost:10000/login\r\nX: 1",
            "http://localhost:10000/login\0",
            " http://localhost:10000/login",
            "http://localhost:10000/",
            "//localhost:10000/login",
        )
    ),
]


@pytest.mark.parametrize("changes", FOREIGN)
@pytest.mark.parametrize("more", [{}, {"response_type": None}, {"code_challenge_method": "bad"}])
def test_an_unknown_client_or_address_is_sent_nowhere(
    world: World, changes: dict[str, Any], more: dict[str, Any]
) -> None:
    with pytest.raises(InvalidOAuthRequest):
        _authorise(world, **changes, **more)
    with pytest.raises(InvalidOAuthRequest):
        _authorise(world, Caller(ANONYMOUS), **changes, **more)


OWN = {f"http://{host}:{port}/login" for host in ("localhost", "127.0.0.1") for port in range(10_000, 10_011)}
PIECES = ["http", "https", "://", "//", "localhost", "127.0.0.1", ":", "10000", "10010", "10011", "/login", "@", "\n"]
REDIRECTS = st.text() | st.lists(st.sampled_from([*PIECES, "evil.example", "?", "#", "\\"])).map("".join)


@given(REDIRECTS | st.sampled_from(sorted(OWN)))
def test_only_terraforms_own_addresses_are_ever_sent_to(redirect: str) -> None:
    try:
        address = _authorise(_closed_world(), redirect_uri=redirect)
    except InvalidOAuthRequest:
        assert redirect not in OWN
    else:
        assert isinstance(address, str)
        assert address.partition("?")[0] == redirect
        assert redirect in OWN


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "unsupported_response_type"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge": "x" * 42}, "invalid_request"),
        ({"code_challenge": "x" * 44}, "invalid_request"),
        ({"code_challenge": "x" * 42 + "="}, "invalid_request"),
        ({"code_challenge": "x" * 43 + "\n"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"state": "s" * 513}, "invalid_request"),
        ({"nonce": "n" * 513}, "invalid_request"),
    ],
)
def test_what_else_is_wrong_is_told_to_terraform(world: World, changes: dict[str, Any], error: str) -> None:
    for caller in (_in_session(world), Caller(ANONYMOUS)):
        fields = _fields(_authorise(world, caller, **changes))
        assert fields.keys() == {"error", "error_description", "state"}
        assert fields["error"] == error


# --- exchanging a code -----------------------------------------------------------------------------------------------


def test_a_code_gives_a_token_that_is_for_terraform_only(world: World) -> None:
    issued = _exchange(world, _code(world))
    assert issued.seconds == 3600
    assert issued.id_token == "token 1"
    identity = _caller(world, bearer=issued.access_token.encode()).identity
    assert (identity.kind, identity.name, identity.person) == (
        IdentityKind.TERRAFORM_TOKEN,
        "Terraform CLI User",
        None,
    )


def test_a_token_is_no_api_key(world: World) -> None:
    token = _exchange(world, _code(world)).access_token
    assert _caller(world, api_key=token.encode()).has_failed


def test_no_secret_is_stored_and_tokens_do_not_show_themselves(world: World) -> None:
    code = _code(world)
    issued = _exchange(world, code)
    with world.unit_of_work.read() as tx:
        token = tx.terraform_logins.find_token(digest_of(issued.access_token), world.clock.now())
    with world.unit_of_work.write() as tx:
        used = tx.terraform_logins.redeem(digest_of(code), "", world.clock.now())
    assert token is not None
    assert used is not None
    for shown in (repr(token), repr(used), repr(issued)):
        assert code not in shown
        assert issued.access_token not in shown


def test_every_code_and_every_token_is_another(world: World) -> None:
    codes = [_code(world) for _ in range(3)]
    tokens = [_exchange(world, code).access_token for code in codes]
    assert len({*codes, *tokens}) == 6
    assert all(_may_use_terraform(world, token) for token in tokens)


def test_a_login_is_audited_under_the_persons_own_name_when_the_token_is_given(world: World) -> None:
    code = _code(world, OCTO)
    before = len(world.events())
    _exchange(world, code)
    [event] = world.events()[before:]
    assert (event.action.value, event.username, event.object_id) == ("TERRAFORM_LOGIN", "octo", None)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": None}, "invalid_client"),
        ({"client_id": "other"}, "invalid_client"),
        ({"has_secret": True}, "invalid_client"),
        ({"grant_type": None}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"redirect_uri": ""}, "invalid_request"),
        ({"code_verifier": None}, "invalid_request"),
        ({"code_verifier": ""}, "invalid_request"),
        ({"code_verifier": "x" * 129}, "invalid_request"),
        ({"code_verifier": "ü"}, "invalid_request"),
        ({"code_verifier": f"{VERIFIER}\n"}, "invalid_request"),
    ],
)
def test_a_malformed_exchange_is_refused_and_leaves_the_code_as_it_is(
    world: World, changes: dict[str, Any], error: str
) -> None:
    code = _code(world)
    assert _refusal(world, code, **changes) == error
    assert _may_use_terraform(world, _exchange(world, code).access_token)


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "another"},
        {"code_verifier": VERIFIER[:-1]},
        {"code_verifier": challenge_of(VERIFIER)},
        {"redirect_uri": "http://localhost:10001/login"},
        {"redirect_uri": "http://127.0.0.1:10000/login"},
        {"redirect_uri": REDIRECT.upper()},
    ],
)
def test_who_does_not_know_what_belongs_to_a_code_gets_nothing_and_uses_it_up(
    world: World, changes: dict[str, Any]
) -> None:
    code = _code(world)
    assert _refusal(world, code, **changes) == "invalid_grant"
    assert _refusal(world, code) == "invalid_grant"
    assert "TERRAFORM_LOGIN None" not in world.actions()


def test_an_exchange_without_a_code_is_refused(world: World) -> None:
    for request in (
        CodeExchange(client_id="terraform-cli", grant_type="authorization_code", redirect_uri=REDIRECT, code=code)
        for code in (None, "")
    ):
        with pytest.raises(InvalidOAuthRequest) as caught:
            world.registry.terraform_login.exchange(request)
        assert caught.value.code == "invalid_request"


@pytest.mark.parametrize("code", ["nothing", "\0", "\ud800", "x" * 100_000, "ü"])
def test_an_unknown_code_gives_nothing(world: World, code: str) -> None:
    assert _refusal(world, code) == "invalid_grant"


def test_a_code_is_good_for_a_minute(world: World) -> None:
    early, late = _code(world), _code(world)
    world.clock.advance(timedelta(seconds=60) - MOMENT)
    _exchange(world, early)
    world.clock.advance(MOMENT)
    assert _refusal(world, late) == "invalid_grant"


def test_a_token_is_good_for_its_lifetime(world: World) -> None:
    token = _exchange(world, _code(world)).access_token
    world.clock.advance(timedelta(hours=1) - MOMENT)
    assert _may_use_terraform(world, token)
    world.clock.advance(MOMENT)
    assert not _may_use_terraform(world, token)


def test_a_code_that_comes_a_second_time_revokes_the_token_that_it_gave(world: World) -> None:
    other = _exchange(world, _code(world)).access_token
    code = _code(world)
    token = _exchange(world, code).access_token
    assert _may_use_terraform(world, token)
    for _ in range(2):
        assert _refusal(world, code) == "invalid_grant"
        assert not _may_use_terraform(world, token)
    assert _may_use_terraform(world, other)


def test_a_code_that_comes_a_second_time_with_a_wrong_verifier_revokes_as_well(world: World) -> None:
    code = _code(world)
    token = _exchange(world, code).access_token
    assert _refusal(world, code, code_verifier="stolen-without-it") == "invalid_grant"
    assert not _may_use_terraform(world, token)


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from([VERIFIER, "wrong"])), max_size=12))
def test_whatever_the_order_a_code_gives_one_token_which_lives_until_the_code_comes_again(
    attempts: list[tuple[int, str]],
) -> None:
    world = _closed_world()
    codes = [_code(world) for _ in range(3)]
    used: set[int] = set()
    alive: dict[int, str] = {}
    logins = 0
    for number, verifier in attempts:
        if number not in used and verifier == VERIFIER:
            alive[number] = _exchange(world, codes[number]).access_token
            logins += 1
        else:
            dead = alive.pop(number, None)
            assert _refusal(world, codes[number], code_verifier=verifier) == "invalid_grant"
            assert dead is None or not _may_use_terraform(world, dead)
        used.add(number)
        assert all(_may_use_terraform(world, token) for token in alive.values())
    assert world.actions().count("TERRAFORM_LOGIN None") == logins


def test_of_those_who_bring_a_code_at_once_one_at_most_gets_a_token_and_it_is_revoked(world: World) -> None:
    code, callers = _code(world), 8
    barrier = Barrier(callers)

    def bring(_: int) -> str | None:
        barrier.wait(20)
        try:
            return _exchange(world, code).access_token
        except InvalidOAuthRequest:
            return None

    with ThreadPoolExecutor(callers) as pool:
        tokens = [token for token in pool.map(bring, range(callers)) if token is not None]
    assert len(tokens) == 1
    assert not _may_use_terraform(world, tokens[0])


# --- people whose way of signing in is gone --------------------------------------------------------------------------


def _restarted(world: World, *, terraform_login: bool = True, github: bool = True) -> World:
    """The same store, in a registry with other settings."""
    offered = EVERY_WAY if github else frozenset(way for way in EVERY_WAY if way[0] is not SignInMethod.GITHUB)
    sign_in = SignInPolicy(offered=offered, keys=SessionKeys.of("key", SECRETS.admin), terraform_login=terraform_login)
    authoriser = Authoriser(CLOSED, world.unit_of_work)
    admission = Admission(
        Authenticator(SECRETS, sign_in, world.unit_of_work, world.clock),
        authoriser,
        FailureThrottle(world.unit_of_work, world.clock, FailureLimits()),
    )
    login = TerraformLogin(
        world.unit_of_work, authoriser, world.clock, SystemRandom(), sign_in, POLICY, RecordingIssuer()
    )
    return attrs.evolve(world, registry=attrs.evolve(world.registry, admission=admission, terraform_login=login))


def test_tokens_and_codes_end_with_the_way_in_which_their_people_signed_in(world: World) -> None:
    tokens = {person.name: _exchange(world, _code(world, person)).access_token for person in (ALICE, OCTO)}
    codes = {person.name: _code(world, person) for person in (ALICE, OCTO)}
    restarted = _restarted(world, github=False)
    assert _may_use_terraform(restarted, tokens["alice"])
    assert not _may_use_terraform(restarted, tokens["octo"])
    assert _refusal(restarted, codes["octo"]) == "invalid_grant"
    assert _may_use_terraform(restarted, _exchange(restarted, codes["alice"]).access_token)


def test_tokens_are_good_for_nothing_once_terraform_login_is_switched_off(world: World) -> None:
    token = _exchange(world, _code(world)).access_token
    assert _may_use_terraform(_restarted(world), token)
    assert _caller(_restarted(world, terraform_login=False), bearer=token.encode()).has_failed


# --- ID tokens -------------------------------------------------------------------------------------------------------


def test_the_claims_are_those_of_openid_connect(world: World, issuer: RecordingIssuer) -> None:
    code = _code(world, nonce="n-1")
    world.clock.advance(timedelta(seconds=59, microseconds=999_999))
    issued = _exchange(world, code)
    [claims] = issuer.claims
    now = int(world.clock.now().timestamp())
    half = hashlib.sha256(issued.access_token.encode()).digest()[:16]
    assert claims == {
        "iss": "https://reg.example.com/",
        "sub": "alice",
        "aud": ["terraform-cli"],
        "iat": now,
        "exp": now + 3600,
        "at_hash": urlsafe_b64encode(half).decode().rstrip("="),
        "nonce": "n-1",
    }


def test_without_a_nonce_there_is_none_in_the_claims(world: World, issuer: RecordingIssuer) -> None:
    _exchange(world, _code(world))
    assert "nonce" not in issuer.claims[0]


def test_the_subject_of_somebody_without_a_name_is_derived_and_does_not_give_them_away(
    world: World, issuer: RecordingIssuer
) -> None:
    nameless = attrs.evolve(ALICE, name="")
    for person in (nameless, nameless, attrs.evolve(nameless, subject="https://id.test 2"), OCTO):
        _exchange(world, _code(world, person))
    first, again, other, named = [str(claims["sub"]) for claims in issuer.claims]
    assert first == again != other
    assert named == "octo"
    assert first == hmac.new(b"a salt", b"https://id.test 1", hashlib.sha256).hexdigest()


def test_the_twin_of_the_issuer_signs_what_terraform_gets() -> None:
    world = _closed_world(token_issuer=MemoryTokenIssuer())
    payload = _exchange(world, _code(world)).id_token.split(".")[1]
    assert b'"sub":"alice"' in urlsafe_b64decode(payload + "==")


# --- what is left behind ---------------------------------------------------------------------------------------------


def test_what_expired_is_purged_when_a_code_is_given_and_by_the_periodic_job(world: World) -> None:
    old = _code(world)
    _exchange(world, old)
    _code(world)
    world.clock.advance(timedelta(hours=2))
    fresh = _code(world)
    assert _left_to_purge(world) == 0
    world.clock.advance(timedelta(hours=2))
    world.registry.sessions.purge()
    assert _left_to_purge(world) == 0
    assert _refusal(world, fresh) == "invalid_grant"


def _left_to_purge(world: World) -> int:
    with world.unit_of_work.write() as tx:
        return tx.terraform_logins.purge(world.clock.now(), 1000)


# --- PKCE ------------------------------------------------------------------------------------------------------------


def test_the_challenge_is_that_of_the_standard() -> None:
    """RFC 7636, appendix B."""
    assert challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@given(VERIFIERS, VERIFIERS)
def test_a_challenge_is_met_by_its_own_verifier_and_by_no_other(verifier: str, other: str) -> None:
    world = _closed_world()
    challenge = challenge_of(verifier)
    token = _exchange(world, _code(world, code_challenge=challenge), code_verifier=verifier).access_token
    assert _may_use_terraform(world, token)
    if other != verifier:
        assert _refusal(world, _code(world, code_challenge=challenge), code_verifier=other) == "invalid_grant"
