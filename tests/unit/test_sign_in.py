"""Signing in through an identity provider: there and back again (chapter 04, 5.3 and 8 to 10)."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from terrareg_adapters.memory.identity_provider import MemoryIdentityProvider
from terrareg_core.access.authentication import Caller, ConfiguredSecrets, Credentials, SignInPolicy
from terrareg_core.access.identities import Identity
from terrareg_core.access.keys import Secret, SessionKeys
from terrareg_core.access.people import ExternalIdentity, SignInMethod
from terrareg_core.access.sign_in import SignedIn, SignIn, StartedSignIn, local_path
from terrareg_core.access.tokens import TokenRequest
from terrareg_core.errors import (
    NotOffered,
    ProviderSourceNotFound,
    SignInNotStarted,
    SignInRefused,
    SignInUnavailable,
)
from tests.unit.registries import ANONYMOUS, EVERY_WAY, WatchedUnitOfWork, World, make_world

OPENID, SAML, GITHUB = SignInMethod.OPENID, SignInMethod.SAML, SignInMethod.GITHUB
ALICE = ExternalIdentity(subject="https://id.test alice", name="alice", groups=("team",))
NOBODY = Caller(ANONYMOUS)


@attrs.frozen
class _Place:
    """A registry and the places where people sign in to it."""

    world: World
    openid: MemoryIdentityProvider
    saml: MemoryIdentityProvider
    hub: MemoryIdentityProvider
    lab: MemoryIdentityProvider

    @classmethod
    def open(cls, sign_in: SignInPolicy | None = None) -> "_Place":
        places = [
            MemoryIdentityProvider(OPENID),
            MemoryIdentityProvider(SAML),
            MemoryIdentityProvider(GITHUB, "hub"),
            MemoryIdentityProvider(GITHUB, "lab"),
        ]
        policy = sign_in or SignInPolicy(offered=EVERY_WAY | {(GITHUB, "lab")}, keys=SessionKeys.of("key", None))
        return cls(make_world(identity_providers=places, sign_in=policy, secrets=SECRETS), *places)

    @property
    def sign_in(self) -> SignIn:
        return self.world.registry.sign_in

    def of(self, method: SignInMethod, source: str | None = None) -> MemoryIdentityProvider:
        return {OPENID: self.openid, SAML: self.saml, GITHUB: self.lab if source == "lab" else self.hub}[method]

    def start(
        self, method: SignInMethod = OPENID, source: str | None = None, return_path: str | None = None
    ) -> StartedSignIn:
        return self.sign_in.start(method, source, return_path)

    def finish(
        self,
        started: StartedSignIn,
        method: SignInMethod = OPENID,
        source: str | None = None,
        *,
        answer: Mapping[str, str] | None = None,
        somebody: ExternalIdentity = ALICE,
        caller: Caller = NOBODY,
        **changes: str,
    ) -> SignedIn:
        """Come back from where `start` led, with what that place gave along."""
        brought = self.of(method, source).sign_in(started.url, somebody) if answer is None else answer
        credentials = {"state": brought.get("state", ""), "browser": started.browser, **changes}
        return self.sign_in.finish(method, source, brought, caller=caller, **credentials)

    def caller(self, signed_in: SignedIn, api_key: bytes = b"") -> Caller:
        assert signed_in.session is not None
        credentials = Credentials(api_key=api_key, session=signed_in.session.value)
        return self.world.registry.admission.admit(credentials, "192.0.2.1", None)


SECRETS = ConfiguredSecrets(upload=(Secret.of("up"),))
WAYS = [(OPENID, None), (SAML, None), (GITHUB, "hub")]
Way = tuple[SignInMethod, str | None]


@pytest.mark.parametrize("way", WAYS)
def test_whoever_signs_in_gets_a_session_and_goes_where_they_wanted(way: Way) -> None:
    place = _Place.open()
    started = place.start(*way, return_path="/modules/a?b=c")
    assert place.world.events() == []
    signed_in = place.finish(started, *way)
    assert signed_in.return_path == "/modules/a?b=c"
    caller = place.caller(signed_in)
    assert caller.identity == Identity.signed_in(ALICE.person(*way))
    assert [(event.action.value, event.username) for event in place.world.events()] == [("USER_LOGIN", "alice")]
    assert started.crosses_sites == (way[0] is SAML)
    assert started.seconds == 600


def test_what_an_attempt_hangs_on_can_not_be_guessed_or_read() -> None:
    place = _Place.open()
    first, second = place.start(), place.start()
    values = {first.browser, second.browser, *(parse_qs(urlsplit(it.url).query)["state"][0] for it in (first, second))}
    assert len(values) == 4
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", value) for value in values)
    with place.world.unit_of_work.write() as tx:
        assert tx.sign_in_attempts.purge(place.world.clock.now() + timedelta(days=1), 10) == 2
    assert not any(value in repr((first, second)) for value in values)


def test_a_session_is_begun_in_place_of_the_former_one() -> None:
    place = _Place.open()
    former = place.caller(place.finish(place.start()))
    again = place.finish(place.start(), somebody=attrs.evolve(ALICE, name="bob"), caller=former)
    assert place.caller(again).identity.name == "bob"
    with place.world.unit_of_work.read() as tx:
        assert former.session is not None
        assert tx.sessions.find(former.session.digest, place.world.clock.now()) is None


# --- answers that prove nothing ---


@pytest.mark.parametrize("way", WAYS)
def test_each_attempt_counts_once(way: Way) -> None:
    place = _Place.open()
    started = place.start(*way)
    answer = place.of(*way).sign_in(started.url, ALICE)
    assert place.finish(started, *way, answer=answer).session is not None
    # With a fresh proof as well, for it is the attempt that is used up.
    for again in (answer, place.of(*way).sign_in(started.url, ALICE)):
        with pytest.raises(SignInRefused):
            place.finish(started, *way, answer=again)
    assert len(place.world.events()) == 1


@pytest.mark.parametrize("changes", [{"state": ""}, {"state": "other"}, {"browser": "other"}, {"state": "\ud800"}])
def test_an_answer_of_another_attempt_or_browser_is_refused_and_the_right_one_is_used_up_by_its_state(
    changes: dict[str, Any],
) -> None:
    place = _Place.open()
    started = place.start()
    answer = place.openid.sign_in(started.url, ALICE)
    with pytest.raises(SignInRefused):
        place.finish(started, answer=answer, **changes)
    assert place.world.events() == []
    if "state" in changes:
        assert place.finish(started, answer=answer).session is not None
    else:
        with pytest.raises(SignInRefused):
            place.finish(started, answer=answer)


def test_the_browsers_of_two_attempts_can_not_be_exchanged() -> None:
    place = _Place.open()
    mine, yours = place.start(), place.start()
    with pytest.raises(SignInRefused):
        place.finish(mine, browser=yours.browser)
    with pytest.raises(SignInRefused):
        place.finish(yours, answer=place.openid.sign_in(mine.url, ALICE))


@pytest.mark.parametrize(
    ("begun", "ended"),
    [((GITHUB, "hub"), (GITHUB, "lab")), ((OPENID, None), (SAML, None)), ((GITHUB, "hub"), (OPENID, None))],
)
def test_an_attempt_that_began_at_one_place_does_not_end_at_another(begun: Way, ended: Way) -> None:
    place = _Place.open()
    started = place.start(*begun)
    # The other place proves somebody, and to the very attempt.
    with pytest.raises(SignInRefused, match="belongs to no attempt"):
        place.finish(started, *ended)
    assert place.world.events() == []


def test_an_attempt_ends_after_ten_minutes() -> None:
    place = _Place.open()
    in_time, late = place.start(), place.start()
    place.world.clock.advance(timedelta(minutes=10, microseconds=-1))
    assert place.finish(in_time).session is not None
    place.world.clock.advance(timedelta(microseconds=1))
    with pytest.raises(SignInRefused):
        place.finish(late)


def test_a_browser_that_was_not_sent_away_is_told_to_begin() -> None:
    place = _Place.open()
    started = place.start()
    with pytest.raises(SignInNotStarted):
        place.finish(started, browser="")
    # Nothing was used up by it.
    assert place.finish(started).session is not None


def test_going_back_in_the_browser_after_signing_in_is_harmless() -> None:
    place = _Place.open()
    started = place.start()
    answer = place.openid.sign_in(started.url, ALICE)
    caller = place.caller(place.finish(started, answer=answer))
    assert place.finish(started, answer=answer, browser="", caller=caller) == SignedIn(None, "/")
    # An identity provider that posts its answer sends no cookies but that of the attempt.
    with pytest.raises(SignInNotStarted):
        place.finish(started, SAML, answer=answer, browser="", caller=caller)
    with pytest.raises(SignInNotStarted):
        place.finish(started, answer=answer, browser="")
    assert len(place.world.events()) == 1


def test_a_proof_of_nobody_begins_no_session_and_uses_the_attempt_up() -> None:
    place = _Place.open()
    started, other = place.start(), place.start()
    wrong = {**place.openid.sign_in(started.url, ALICE), "code": "wrong"}
    with pytest.raises(SignInRefused, match="proves nobody"):
        place.finish(started, answer=wrong)
    with pytest.raises(SignInRefused, match="belongs to no attempt"):
        place.finish(started)
    elsewhere = place.openid.sign_in(other.url, ALICE)
    third = place.start()
    stolen = {**place.openid.sign_in(third.url, ALICE), "code": elsewhere["code"]}
    with pytest.raises(SignInRefused, match="proves nobody"):
        place.finish(third, answer=stolen)
    assert place.world.events() == []


# --- what identity providers assert ---


def test_an_assertion_is_used_once_while_it_is_good_and_some_time_longer() -> None:
    place = _Place.open()
    asserted = attrs.evolve(ALICE, assertion_id="a1", assertion_seconds=60)
    place.finish(place.start(SAML), SAML, somebody=asserted)
    place.world.clock.advance(timedelta(seconds=60))
    place.world.registry.sessions.purge()
    started = place.start(SAML)
    with pytest.raises(SignInRefused, match="used before"):
        place.finish(started, SAML, somebody=asserted)
    assert place.finish(place.start(SAML), SAML, somebody=attrs.evolve(asserted, assertion_id="a2")).session
    assert len(place.world.events()) == 2


@pytest.mark.parametrize("seconds", [None, 0, 10**30])
def test_an_assertion_may_be_good_for_any_time(seconds: int | None) -> None:
    place = _Place.open()
    asserted = attrs.evolve(ALICE, assertion_id="a1", assertion_seconds=seconds)
    assert place.finish(place.start(SAML), SAML, somebody=asserted).session is not None
    with pytest.raises(SignInRefused):
        place.finish(place.start(SAML), SAML, somebody=asserted)


@pytest.mark.parametrize(("valid", "lasts"), [(1, 1), (1800, 1800), (None, 3600), (10**30, 3600)])
def test_a_session_lasts_no_longer_than_the_identity_provider_stands_by_it(valid: int | None, lasts: int) -> None:
    place = _Place.open()
    signed_in = place.finish(place.start(), somebody=attrs.evolve(ALICE, valid_seconds=valid))
    assert signed_in.session is not None
    assert signed_in.session.seconds == lasts
    place.world.clock.advance(timedelta(seconds=lasts))
    assert place.caller(signed_in).identity.is_anonymous


@pytest.mark.parametrize("valid", [0, -1, -(10**30)])
def test_what_has_expired_already_signs_nobody_in(valid: int) -> None:
    place = _Place.open()
    with pytest.raises(SignInRefused, match="expired"):
        place.finish(place.start(), somebody=attrs.evolve(ALICE, valid_seconds=valid, assertion_id="a1"))
    assert place.world.events() == []


def test_signing_in_again_tells_a_persons_tokens_which_groups_they_are_in_now() -> None:
    place = _Place.open()
    caller = place.caller(place.finish(place.start()))
    place.world.registry.access_tokens.create(caller.identity, TokenRequest(name="CI", scopes=["read"]))
    namesake = attrs.evolve(ALICE, subject="https://id.test other", groups=("others",))
    place.finish(place.start(), somebody=namesake)
    place.finish(place.start(SAML), SAML, somebody=attrs.evolve(ALICE, groups=("others",)))
    (listed,) = place.world.registry.access_tokens.listed(caller.identity)
    assert listed.token.owner == ALICE.person(OPENID, None)
    now = attrs.evolve(ALICE, name="alice.smith", groups=("new",))
    place.finish(place.start(), somebody=now)
    (listed,) = place.world.registry.access_tokens.listed(caller.identity)
    assert listed.token.owner == now.person(OPENID, None)


# --- places that are not there ---


def test_a_place_that_is_not_set_up_sends_nobody_anywhere() -> None:
    sign_in = make_world(identity_providers=[MemoryIdentityProvider(GITHUB, "hub")]).registry.sign_in
    for method, source in [
        (OPENID, None),
        (SAML, None),
        (GITHUB, "lab"),
        (GITHUB, None),
        (SignInMethod.PASSWORD, None),
    ]:
        with pytest.raises(SignInUnavailable, match="not set up"):
            sign_in.start(method, source, None)
        error = ProviderSourceNotFound if method is GITHUB else SignInUnavailable
        with pytest.raises(error):
            sign_in.finish(method, source, {}, state="s", browser="b", caller=NOBODY)


def test_nobody_signs_in_without_a_secret_key() -> None:
    place = _Place.open(SignInPolicy(offered=EVERY_WAY))
    assert not place.sign_in.offers(OPENID)
    with pytest.raises(SignInUnavailable, match="SECRET_KEY"):
        place.start()
    with pytest.raises(SignInUnavailable, match="SECRET_KEY"):
        place.sign_in.finish(OPENID, None, {}, state="s", browser="b", caller=NOBODY)


def test_a_place_that_can_not_be_reached_is_told_of() -> None:
    place = _Place.open()
    started = place.start()
    answer = place.openid.sign_in(started.url, ALICE)
    place.openid.is_down = True
    with pytest.raises(SignInUnavailable):
        place.start()
    with pytest.raises(SignInUnavailable):
        place.finish(started, answer=answer)
    assert place.world.events() == []
    with place.world.unit_of_work.write() as tx:
        assert tx.sign_in_attempts.purge(place.world.clock.now() + timedelta(days=1), 10) == 0


def test_the_ways_to_sign_in_can_be_asked_for() -> None:
    sign_in = _Place.open().sign_in
    offered = [*WAYS, (GITHUB, "lab"), (SignInMethod.PASSWORD, None)]
    assert all(sign_in.offers(*way) for way in offered)
    assert not any(sign_in.offers(*way) for way in [(GITHUB, None), (GITHUB, "other"), (OPENID, "hub")])


def test_there_is_no_metadata_where_there_is_no_saml() -> None:
    with pytest.raises(NotOffered):
        make_world().registry.sign_in.metadata()


class _Metadata:
    def metadata(self) -> str:
        return "<EntityDescriptor/>"


def test_the_metadata_is_saml_s() -> None:
    assert attrs.evolve(make_world().registry.sign_in, saml=_Metadata()).metadata() == "<EntityDescriptor/>"


def test_who_somebody_is_at_a_github_is_told_of_sessions_that_began_there() -> None:
    place = _Place.open()
    octo = ExternalIdentity(subject="Octo", name="Octo")
    at_hub = place.finish(place.start(GITHUB, "hub"), GITHUB, "hub", somebody=octo)
    elsewhere = place.finish(place.start())
    tell = place.sign_in.github_user
    assert tell(place.caller(at_hub), "hub") == "Octo"
    # Whatever acts for them beside it.
    assert tell(place.caller(at_hub, b"up"), "hub") == "Octo"
    assert tell(place.caller(at_hub), "lab") is None
    assert tell(place.caller(elsewhere), "hub") is None
    assert tell(NOBODY, "hub") is None
    for caller in (place.caller(at_hub), NOBODY):
        with pytest.raises(ProviderSourceNotFound):
            tell(caller, "unknown")


# --- others who store the same ---


@pytest.mark.parametrize(("overtaken", "succeeds"), [({2}, True), ({2, 3, 4}, True), ({2, 3, 4, 5}, False)])
def test_a_sign_in_that_others_are_faster_at_is_tried_again_but_not_for_ever(
    overtaken: set[int], succeeds: bool
) -> None:
    place = _Place.open()
    started = place.start()
    store = WatchedUnitOfWork(place.world.unit_of_work, overtaken=overtaken)
    sign_in = attrs.evolve(place.sign_in, unit_of_work=store)
    answer = place.openid.sign_in(started.url, attrs.evolve(ALICE, assertion_id="a1"))

    def finish() -> SignedIn:
        return sign_in.finish(OPENID, None, answer, state=answer["state"], browser=started.browser, caller=NOBODY)

    if succeeds:
        assert place.caller(finish()).identity.name == "alice"
    else:
        with pytest.raises(SignInRefused, match="Others"):
            finish()
    assert len(place.world.events()) == succeeds


# --- where somebody goes afterwards (16.2; property 12) ---

_TAB_OR_NEWLINE = str.maketrans("", "", "\t\n\r")
_C0_OR_SPACE = "".join(map(chr, range(0x21)))
_SPECIAL = {"http", "https", "ws", "wss", "ftp", "file"}


def _authority_as_browsers_see(text: str, base_scheme: str, base_authority: str) -> tuple[str, str]:
    """Scheme and authority of a reference against an http(s) base, by the states of the URL standard (WHATWG, 4.4).

    Its special schemes take a backslash for a slash; tabs and newlines vanish wherever they are, and control characters
    and blanks at both ends.
    """
    text = text.strip(_C0_OR_SPACE).translate(_TAB_OR_NEWLINE)
    found = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", text)
    scheme, rest = (found[1].lower(), text[found.end() :]) if found else (base_scheme, text)
    if found and scheme not in _SPECIAL:
        return scheme, rest
    slashes = re.match(r"[/\\]*", rest)
    count = len(slashes[0]) if slashes else 0
    if scheme == base_scheme and count < 2:
        # Relative to the base, whatever path that makes.
        return scheme, base_authority
    authority = re.match(r"[^/\\?#]*", rest[count:])
    return scheme, authority[0] if authority else ""


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("/a", ("https", "reg.test")),
        ("a", ("https", "reg.test")),
        ("", ("https", "reg.test")),
        ("?a=//evil.test", ("https", "reg.test")),
        ("/..//evil.test", ("https", "reg.test")),
        ("//evil.test", ("https", "evil.test")),
        ("/\\evil.test/x", ("https", "evil.test")),
        ("\\\\evil.test", ("https", "evil.test")),
        ("/\t/evil.test", ("https", "evil.test")),
        ("\x01 //evil.test", ("https", "evil.test")),
        ("///evil.test", ("https", "evil.test")),
        ("http:evil.test", ("http", "evil.test")),
        ("https:/a", ("https", "reg.test")),
        ("https:\\\\evil.test", ("https", "evil.test")),
        ("javascript:alert(1)", ("javascript", "alert(1)")),
    ],
)
def test_the_parser_of_these_tests_reads_what_browsers_do(reference: str, expected: tuple[str, str]) -> None:
    assert _authority_as_browsers_see(reference, "https", "reg.test") == expected


_PIECES = [
    *(
        "/",
        "//",
        "\\",
        "/\\",
        "\\/",
        ".",
        "..",
        "\t",
        "\n",
        "\r",
        "\0",
        " ",
        "\x1f",
        "\x7f",
        "\x85",
        "\u2028",
        "\u2029",
    ),
    *("?", "#", "@", ":", "%2f", "%5c", "%09", "%0d%0a", "\u3000", "\uff0f", "\u2044", "\ufeff", "\ud800", "é"),
    *("evil.test", "https:", "javascript:", "modules", "a=b", "&", ";"),
]
_references = st.lists(st.sampled_from(_PIECES), max_size=6).map("".join)
_any_references = (
    _references | st.text(max_size=12) | _references.map("/".__add__) | st.text(max_size=12).map("/".__add__)
)


@given(_any_references)
@example("/\t/evil.test")
@example("/\\evil.test")
@example("/a\\b")
@example("/" + "a" * 2047)
@example("/" + "a" * 2048)
def test_a_local_path_keeps_every_browser_where_it_is(text: str) -> None:
    path = local_path(text)
    assert path in (text, "/")
    assert local_path(path) == path
    assert path.startswith("/")
    for scheme, authority in [("https", "reg.test"), ("http", "reg.test:5000"), ("http", "[::1]:8080")]:
        assert _authority_as_browsers_see(path, scheme, authority) == (scheme, authority)
    # What it is sent in is a line of ASCII.
    path.encode()
    assert not re.search(r"[\x00-\x20\x7f]", path)


@pytest.mark.parametrize(
    "text", ["/", "/modules", "/a/../b", "/..//evil.test", "/a?b=//c#d", "/%5c%5cevil.test", "/é", "/a:b@c", "/😀"]
)
def test_paths_of_this_registry_are_kept(text: str) -> None:
    assert local_path(text) == text


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "modules",
        "//evil.test",
        "/\\evil.test",
        "https://evil.test",
        "/\t/evil.test",
        " /a",
        "/a\n",
        "/a b",
        "/a\u2028b",
        "/a\\b",
        "/\ud800",
        "/" + "a" * 2048,
    ],
)
def test_everything_else_leads_to_the_first_page(text: str | None) -> None:
    assert local_path(text) == "/"
    place = _Place.open()
    assert place.finish(place.start(return_path=text)).return_path == "/"
