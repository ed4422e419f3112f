"""Signing in with OpenID Connect, at a real provider that behaves well, and then does not."""

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import attrs
import pytest

from terrareg_adapters.identity.openid import OpenIdConnect
from terrareg_adapters.identity.openid_options import OpenIdOptions
from terrareg_adapters.identity.outbound import Outbound
from terrareg_adapters.memory.clock import FixedClock
from terrareg_core.access.people import ExternalIdentity, SignInMethod
from terrareg_core.access.providers import IdentityProvider, SignInRequest
from terrareg_core.access.stored import SignInAttempt
from terrareg_core.errors import SignInRefused, SignInUnavailable
from tests.integration.identity.running import OpenIdProvider
from tests.integration.servers import free_port

REDIRECT_URI = "http://localhost:5000/openid/callback"
_STATE = "state-of-this-sign-in"


def _now() -> datetime:
    return datetime.now(UTC)


def _poll(holds: Callable[[], bool]) -> None:
    """Wait until `holds`, but not for ever."""
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@attrs.frozen
class _Registry:
    """The registry's side of signing in at a provider."""

    provider: OpenIdProvider
    openid: OpenIdConnect
    clock: FixedClock

    def come_back(self, user: str = "alice") -> tuple[SignInAttempt, dict[str, str]]:
        """Send `user` to the provider; what was asked there, and what they come back with."""
        request = self.openid.start(_STATE)
        return _attempt(request), self.provider.sign_in(request.url, user)

    def sign_in(self, user: str = "alice") -> ExternalIdentity:
        return self.openid.finish(*self.come_back(user))


def _attempt(request: SignInRequest) -> SignInAttempt:
    return SignInAttempt(
        state_digest="",
        browser_digest="",
        method=SignInMethod.OPENID,
        nonce=request.nonce,
        verifier=request.verifier,
        created_at=_now(),
        expires_at=_now() + timedelta(minutes=10),
    )


MakeRegistry = Callable[..., _Registry]


@pytest.fixture
def make_registry(openid_provider: OpenIdProvider) -> Iterator[MakeRegistry]:
    """Makes registries that know the provider; options may be replaced, and `timeout` (seconds) set."""
    made: list[OpenIdConnect] = []

    def make(timeout: float = 30, **replaced: Any) -> _Registry:
        options = {
            "issuer": openid_provider.issuer,
            "client_id": openid_provider.client_id,
            "client_secret": openid_provider.client_secret,
            "redirect_uri": REDIRECT_URI,
        }
        clock = FixedClock(_now())
        openid = OpenIdConnect(OpenIdOptions(**{**options, **replaced}), clock, Outbound(timeout=timeout))
        made.append(openid)
        return _Registry(openid_provider, openid, clock)

    yield make
    for openid in made:
        openid.close()


@pytest.fixture
def registry(make_registry: MakeRegistry) -> _Registry:
    return make_registry()


def test_it_is_an_identity_provider_whose_answers_come_by_redirect(registry: _Registry) -> None:
    port: IdentityProvider = registry.openid
    assert (port.method, port.source, port.posts_answers) == (SignInMethod.OPENID, None, False)


# --- the request -----------------------------------------------------------------------------------------------------


def test_a_browser_is_sent_to_the_authorisation_endpoint_with_everything_that_binds_the_answer(
    registry: _Registry,
) -> None:
    request = registry.openid.start(_STATE)
    parts = urlsplit(request.url)
    query = parse_qs(parts.query)
    challenge = query.pop("code_challenge")
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{registry.provider.issuer}/authorize"
    assert query == {
        "tenant": ["tests"],
        "response_type": ["code"],
        "client_id": [registry.provider.client_id],
        "redirect_uri": [REDIRECT_URI],
        "scope": ["openid profile"],
        "state": [_STATE],
        "nonce": [request.nonce],
        "code_challenge_method": ["S256"],
    }
    assert len(challenge[0]) == 43
    assert request.verifier not in request.url


def test_no_two_requests_have_a_nonce_or_a_verifier_in_common(registry: _Registry) -> None:
    requests = [registry.openid.start(_STATE) for _ in range(20)]
    assert len({request.nonce for request in requests} | {request.verifier for request in requests}) == 40
    assert min(len(value) for request in requests for value in (request.nonce, request.verifier)) >= 43


def test_the_configured_scopes_are_asked_for(make_registry: MakeRegistry) -> None:
    request = make_registry(scopes=("openid", "email", "groups")).openid.start(_STATE)
    assert dict(parse_qsl(urlsplit(request.url).query))["scope"] == "openid email groups"


def test_options_do_not_show_the_client_secret_when_they_are_printed() -> None:
    options = OpenIdOptions(issuer="https://a", client_id="b", client_secret="s3cret", redirect_uri="c")
    assert "s3cret" not in repr(options)


# --- who signed in ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
@pytest.mark.parametrize("profile_in_id_token", [False, True])
def test_a_sign_in_tells_who_it_was(registry: _Registry, algorithm: str, profile_in_id_token: bool) -> None:
    registry.provider.behave(algorithm=algorithm, profile_in_id_token=profile_in_id_token)
    asked_before = registry.provider.requests("userinfo")
    identity = registry.sign_in()
    assert identity.subject == f"{registry.provider.issuer} sub-of-alice"
    assert identity.name == "alice"
    assert identity.groups == ("g",)
    assert registry.provider.requests("userinfo") - asked_before == (0 if profile_in_id_token else 1)


def test_without_a_user_name_the_address_is_the_name_and_one_group_may_be_a_text(registry: _Registry) -> None:
    identity = registry.sign_in("bob")
    assert (identity.name, identity.groups) == ("bob@example.com", ("g",))


def test_without_a_name_and_an_address_the_subject_is_the_name(registry: _Registry) -> None:
    identity = registry.sign_in("carol")
    assert (identity.name, identity.groups) == ("sub-of-carol", ())


@pytest.mark.parametrize(
    ("claim", "groups"),
    [
        (["a", 5, None, ["b"], {"c": "d"}, True, "", "e\u0000", "\ud800", "Gruppe Ä"], ("a", "Gruppe Ä")),
        ({"a": "b"}, ()),
        (7, ()),
        (None, ()),
        ("", ()),
        ([], ()),
    ],
)
def test_only_texts_are_groups(registry: _Registry, claim: object, groups: tuple[str, ...]) -> None:
    registry.provider.change_user("alice", {"preferred_username": "alice", "groups": claim})
    assert registry.sign_in().groups == groups


@pytest.mark.parametrize("name", [None, 5, "", ["alice"], "al\u0000ice", "al\nice", "\udc80"])
def test_what_is_no_text_is_no_user_name(registry: _Registry, name: object) -> None:
    registry.provider.change_user("alice", {"preferred_username": name, "email": "alice@example.com"})
    assert registry.sign_in().name == "alice@example.com"


def test_groups_are_read_from_the_configured_claim(make_registry: MakeRegistry) -> None:
    registry = make_registry(groups_claim="https://example.com/roles")
    registry.provider.change_user("alice", {"groups": ["no"], "https://example.com/roles": ["yes"]})
    assert registry.sign_in().groups == ("yes",)


def test_without_a_userinfo_endpoint_the_id_token_says_what_is_known(make_registry: MakeRegistry) -> None:
    registry = make_registry()
    registry.provider.behave("no userinfo", profile_in_id_token=True)
    assert registry.sign_in("bob").groups == ("g",)
    registry.provider.behave("no userinfo")
    assert registry.sign_in("bob").name == "sub-of-bob"


@pytest.mark.parametrize("trait", ["only basic", "second audience with azp", "symmetric key"])
def test_providers_differ_in_what_the_standard_leaves_open(registry: _Registry, trait: str) -> None:
    registry.provider.behave(trait)
    assert registry.sign_in().name == "alice"


def test_a_slash_at_the_end_of_the_issuer_makes_no_difference_in_the_settings(make_registry: MakeRegistry) -> None:
    registry = make_registry()
    with_slash = make_registry(issuer=f"{registry.provider.issuer}/")
    assert with_slash.sign_in() == registry.sign_in()
    registry.provider.behave("issuer with slash")
    assert make_registry().sign_in().subject == f"{registry.provider.issuer}/ sub-of-alice"


def test_an_identity_is_valid_as_long_as_both_the_access_token_and_the_id_token(make_registry: MakeRegistry) -> None:
    registry = make_registry()
    registry.provider.behave(lifetime=1800)
    assert 1790 <= (registry.sign_in().valid_seconds or 0) <= 1801
    registry.provider.behave("no expires_in", lifetime=1800)
    assert 1790 <= (registry.sign_in().valid_seconds or 0) <= 1801
    for faults in (("short expires_in",), ("short expires_in", "expires_in as text")):
        registry.provider.behave(*faults, lifetime=1800)
        assert registry.sign_in().valid_seconds == 900
    # By the registry's clock the ID token ends sooner than the access token.
    registry.provider.behave(lifetime=1800)
    registry.clock.advance(timedelta(seconds=1000))
    assert 790 <= (registry.sign_in().valid_seconds or 0) <= 801
    registry.provider.behave(lifetime=10**12)
    assert registry.sign_in().valid_seconds == 366 * 24 * 3600


def test_what_expires_at_once_is_refused(registry: _Registry) -> None:
    registry.provider.behave(lifetime=0)
    with pytest.raises(SignInRefused, match="expired already"):
        registry.sign_in()


# --- answers that prove nobody ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "situation"),
    [
        ("wrong nonce", "not the answer to this sign-in"),
        ("no nonce", "not the answer to this sign-in"),
        ("wrong audience", "issued for another application"),
        ("second audience", "issued for another application"),
        ("wrong azp", "issued for another application"),
        ("wrong issuer", "issued by somebody else"),
        ("expired", "expired"),
        ("from the future", "from the future"),
        ("wrong at_hash", "another access token"),
        ("no subject", "lacks what OpenID Connect requires"),
        ("alg none", "not accepted"),
        ("HS256 with the public key", "not accepted"),
        ("HS256 with the client secret", "not accepted"),
        ("unknown kid", "unknown key"),
        ("other key", "not signed by its key"),
        ("other subject", "about different users"),
        ("refused code", "doesn't accept the code that it gave: invalid_grant"),
        ("access denied", "did not let you in: access_denied"),
        ("no code", "holds no code"),
        ("wrong iss", "comes from another identity provider"),
    ],
)
def test_what_does_not_prove_who_somebody_is_is_refused(registry: _Registry, fault: str, situation: str) -> None:
    registry.provider.behave(fault)
    with pytest.raises(SignInRefused, match=situation):
        registry.sign_in()


def test_a_token_signed_with_the_client_secret_is_refused_even_if_the_provider_publishes_it_as_a_key(
    registry: _Registry,
) -> None:
    registry.provider.behave("HS256 with the client secret", "symmetric key")
    with pytest.raises(SignInRefused, match="not accepted"):
        registry.sign_in()


def test_an_algorithm_that_the_provider_does_not_announce_is_refused(registry: _Registry) -> None:
    registry.provider.behave("only ES256", algorithm="RS256")
    with pytest.raises(SignInRefused, match="not accepted"):
        registry.sign_in()
    registry.provider.behave("only ES256", algorithm="ES256")
    assert registry.sign_in().name == "alice"


def test_a_code_works_once(registry: _Registry) -> None:
    came_back = registry.come_back()
    registry.openid.finish(*came_back)
    with pytest.raises(SignInRefused, match="invalid_grant"):
        registry.openid.finish(*came_back)


def test_a_code_that_somebody_else_was_sent_back_with_is_refused(registry: _Registry) -> None:
    mine, _ = registry.come_back("alice")
    _, theirs = registry.come_back("bob")
    with pytest.raises(SignInRefused, match="invalid_grant"):
        registry.openid.finish(mine, theirs)


def test_an_attempt_that_lost_what_binds_it_proves_nothing(registry: _Registry) -> None:
    attempt, answer = registry.come_back()
    with pytest.raises(SignInRefused, match="not the answer to this sign-in"):
        registry.openid.finish(attrs.evolve(attempt, nonce=""), answer)
    attempt, answer = registry.come_back()
    with pytest.raises(SignInRefused, match="invalid_grant"):
        registry.openid.finish(attrs.evolve(attempt, verifier=""), answer)


@pytest.mark.parametrize("code", ["", "a b", "a\r\nb", "\u00e9", "\ud800"])
def test_what_can_not_be_a_code_is_not_sent_on(registry: _Registry, code: str) -> None:
    attempt, answer = registry.come_back()
    asked_before = registry.provider.requests("token")
    with pytest.raises(SignInRefused, match="holds no code"):
        registry.openid.finish(attempt, {**answer, "code": code})
    assert registry.provider.requests("token") == asked_before


def test_text_of_strangers_is_not_repeated_in_the_message(registry: _Registry) -> None:
    attempt, _ = registry.come_back()
    with pytest.raises(SignInRefused, match="did not let you in; "):
        registry.openid.finish(attempt, {"error": "<script>"})


def test_an_answer_names_its_sender_if_the_provider_says_that_it_always_does(make_registry: MakeRegistry) -> None:
    registry = make_registry()
    registry.provider.behave("names itself")
    assert registry.sign_in().name == "alice"
    attempt, answer = registry.come_back()
    del answer["iss"]
    with pytest.raises(SignInRefused, match="another identity provider"):
        registry.openid.finish(attempt, answer)
    with pytest.raises(SignInRefused, match="another identity provider"):
        registry.openid.finish(attempt, {"error": "access_denied"})


# --- keys ------------------------------------------------------------------------------------------------------------


def test_a_token_without_a_key_id_is_accepted_only_if_one_key_fits(make_registry: MakeRegistry) -> None:
    registry = make_registry()
    registry.provider.behave("no kid")
    assert registry.sign_in().name == "alice"
    registry.provider.rotate_keys(keep=True)
    with pytest.raises(SignInRefused, match="doesn't say with which of its keys"):
        make_registry().sign_in()
    registry.provider.rotate_keys()
    assert make_registry().sign_in().name == "alice"


def test_keys_without_ids_serve_tokens_without_ids(registry: _Registry) -> None:
    registry.provider.behave("keys without kid", "no kid", algorithm="ES256")
    assert registry.sign_in().name == "alice"
    registry.provider.rotate_keys()
    registry.clock.advance(timedelta(minutes=1))
    assert registry.sign_in().name == "alice"


def test_keys_are_kept_for_an_hour(registry: _Registry) -> None:
    before = registry.provider.requests("keys")
    for minutes in (0, 30, 29):
        registry.clock.advance(timedelta(minutes=minutes))
        registry.sign_in()
    assert registry.provider.requests("keys") == before + 1
    registry.clock.advance(timedelta(minutes=1))
    registry.provider.behave(clock_offset=3600)
    registry.sign_in()
    assert registry.provider.requests("keys") == before + 2


def test_new_keys_are_found_at_once_but_looked_for_only_once_a_minute(registry: _Registry) -> None:
    registry.sign_in()
    registry.clock.advance(timedelta(minutes=1))
    registry.provider.rotate_keys()
    before = registry.provider.requests("keys")
    assert registry.sign_in().name == "alice"
    registry.provider.behave("unknown kid")
    for _ in range(3):
        with pytest.raises(SignInRefused, match="unknown key"):
            registry.sign_in()
    assert registry.provider.requests("keys") == before + 1
    registry.clock.advance(timedelta(minutes=1))
    with pytest.raises(SignInRefused, match="unknown key"):
        registry.sign_in()
    assert registry.provider.requests("keys") == before + 2


def test_keys_that_can_not_be_fetched_again_are_not_trusted_for_longer(registry: _Registry) -> None:
    registry.sign_in()
    registry.clock.advance(timedelta(hours=1))
    registry.provider.behave(clock_offset=3600, broken={"keys": "error"})
    for _ in range(2):
        with pytest.raises(SignInUnavailable, match="status 500 in place of its keys"):
            registry.sign_in()
    registry.provider.behave(clock_offset=3600)
    assert registry.sign_in().name == "alice"


def test_many_threads_with_an_unknown_key_fetch_the_keys_once(registry: _Registry) -> None:
    registry.sign_in()
    registry.clock.advance(timedelta(minutes=1))
    registry.provider.rotate_keys()
    before = registry.provider.requests("keys")
    came_back = [registry.come_back() for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        identities = list(threads.map(lambda each: registry.openid.finish(*each), came_back))
    assert {identity.name for identity in identities} == {"alice"}
    assert registry.provider.requests("keys") == before + 1


# --- a provider that can't be asked ----------------------------------------------------------------------------------


@pytest.mark.parametrize("endpoint", ["discovery", "keys", "token", "userinfo"])
@pytest.mark.parametrize(
    ("trouble", "situation"),
    [
        ("error", "status 500"),
        ("html", "no JSON object"),
        ("redirect", "redirects"),
        ("endless", "more than 1048576 bytes"),
        ("silent", "did not answer in time"),
        ("trickle", "did not answer in time"),
    ],
)
def test_every_endpoint_may_fail_and_says_how(
    make_registry: MakeRegistry, endpoint: str, trouble: str, situation: str
) -> None:
    registry = make_registry(timeout=1 if situation == "did not answer in time" else 30)
    registry.provider.behave(broken={endpoint: trouble})
    with pytest.raises(SignInUnavailable, match=situation) as raised:
        registry.sign_in()
    assert raised.value.message.endswith(("settings", "later", "provider", "to", "bytes"))


@pytest.mark.parametrize(
    ("fault", "situation"),
    [
        ("other issuer", "another name than the configured issuer"),
        ("only HS256", "no algorithm that is accepted"),
        ("no token endpoint", "lacks the token_endpoint"),
        ("no key set", "no key set"),
        ("no id_token", "no ID token"),
        ("unknown client", "status 401: invalid_client"),
    ],
)
def test_a_provider_that_is_set_up_wrongly_is_unavailable(registry: _Registry, fault: str, situation: str) -> None:
    registry.provider.behave(fault)
    with pytest.raises(SignInUnavailable, match=situation):
        registry.sign_in()


def test_a_wrong_client_secret_is_a_mistake_in_the_settings(make_registry: MakeRegistry) -> None:
    with pytest.raises(SignInUnavailable, match="check the client ID and the client secret"):
        make_registry(client_secret="wrong").sign_in()


def test_a_provider_that_is_not_there_is_unavailable_until_it_is(make_registry: MakeRegistry) -> None:
    with pytest.raises(SignInUnavailable, match=r"127\.0\.0\.1 can't be reached"):
        make_registry(issuer=f"http://127.0.0.1:{free_port()}").openid.start(_STATE)
    registry = make_registry()
    registry.provider.behave(broken={"discovery": "error"})
    with pytest.raises(SignInUnavailable, match="status 500 in place of its discovery document"):
        registry.openid.start(_STATE)
    registry.provider.behave()
    registry.clock.advance(timedelta(minutes=1))
    assert registry.sign_in().name == "alice"


def test_an_issuer_over_http_is_refused_unless_it_is_a_loopback_host(make_registry: MakeRegistry) -> None:
    with pytest.raises(SignInUnavailable, match=r"idp\.example\.com may only be asked over https"):
        make_registry(issuer="http://idp.example.com").openid.start(_STATE)


def test_the_discovery_document_is_kept_for_an_hour_and_then_refreshed_behind_the_scenes(
    make_registry: MakeRegistry,
) -> None:
    registry = make_registry(timeout=2)
    before = registry.provider.requests("discovery")
    for minutes in (0, 30, 29):
        registry.clock.advance(timedelta(minutes=minutes))
        registry.openid.start(_STATE)
    assert registry.provider.requests("discovery") == before + 1
    registry.clock.advance(timedelta(minutes=1))
    registry.provider.behave(clock_offset=3600, broken={"discovery": "silent"})
    assert registry.openid.start(_STATE).url.startswith(registry.provider.issuer)
    _poll(lambda: registry.provider.requests("discovery") == before + 2)
    assert registry.sign_in().name == "alice"


def test_a_refreshed_discovery_document_is_used(registry: _Registry) -> None:
    registry.openid.start(_STATE)
    attempt, answer = registry.come_back()
    registry.provider.behave("names itself")
    registry.clock.advance(timedelta(hours=1))

    def is_refused() -> bool:
        try:
            registry.openid.finish(attempt, {**answer, "code": ""})
        except SignInRefused as error:
            return "another identity provider" in error.message
        return False

    _poll(is_refused)


def test_closing_ends_signing_in(registry: _Registry) -> None:
    came_back = registry.come_back()
    registry.openid.close()
    with pytest.raises(SignInUnavailable, match="shutting down"):
        registry.openid.finish(*came_back)


# --- the log ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("debug", [True, False])
def test_debugging_shows_what_is_asserted_and_no_secret(
    make_registry: MakeRegistry, caplog: pytest.LogCaptureFixture, debug: bool
) -> None:
    registry = make_registry(debug=debug)
    attempt, answer = registry.come_back()
    caplog.clear()
    caplog.set_level(logging.DEBUG)
    registry.openid.finish(attempt, answer)
    shown = "the user 'alice' (subject 'sub-of-alice') with the groups ('g',)"
    assert (shown in caplog.text) == debug
    for secret in (registry.provider.client_secret, attempt.nonce, attempt.verifier, answer["code"], "Bearer"):
        assert secret not in caplog.text


@pytest.mark.parametrize("fault", ["refused code", "wrong nonce", "wrong at_hash", "alg none", "unknown client"])
def test_a_failure_tells_no_secret(registry: _Registry, caplog: pytest.LogCaptureFixture, fault: str) -> None:
    registry.provider.behave(fault)
    attempt, answer = registry.come_back()
    caplog.clear()
    caplog.set_level(logging.DEBUG)
    with pytest.raises((SignInRefused, SignInUnavailable)) as raised:
        registry.openid.finish(attempt, answer)
    for secret in (registry.provider.client_secret, attempt.nonce, attempt.verifier, answer["code"]):
        assert secret not in raised.value.message + caplog.text
