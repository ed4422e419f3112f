"""The contract of identity providers, held by the memory twin, OpenID Connect, SAML and GitHub."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import attrs
import httpx
import pytest
from lxml import html

from terrareg_adapters.identity.github import GitHub
from terrareg_adapters.identity.openid import OpenIdConnect
from terrareg_adapters.identity.openid_options import OpenIdOptions
from terrareg_adapters.identity.outbound import Outbound
from terrareg_adapters.identity.saml import Saml
from terrareg_adapters.identity.saml_options import SamlOptions
from terrareg_adapters.memory.identity_provider import MemoryIdentityProvider
from terrareg_adapters.system import SystemClock
from terrareg_core.access.people import ExternalIdentity, SignInMethod
from terrareg_core.access.providers import IdentityProvider, SignInRequest
from terrareg_core.access.stored import SignInAttempt
from terrareg_core.errors import SignInRefused
from terrareg_core.providers.sources import ProviderSourceDefinition
from tests.integration.identity.github_server import running_github
from tests.integration.identity.running import running_openid_provider
from tests.integration.identity.saml_idp import running_identity_provider
from tests.integration.identity.saml_responses import key_pair

REGISTRY = "http://127.0.0.1:5000"


@attrs.frozen
class _Place:
    """A place to sign in, and how its users do."""

    provider: IdentityProvider
    sign_in: Callable[[str, str], Mapping[str, str]]
    """Signs a user in where a browser was sent to; gives the fields that it brings back."""
    state_field: str = "state"

    def come_back(self, user: str = "alice", state: str = "the-state_1") -> tuple[SignInAttempt, Mapping[str, str]]:
        """What a registry remembers of an attempt, and the answer to it."""
        request = self.provider.start(state)
        return self.attempt(request), self.sign_in(request.url, user)

    def attempt(self, request: SignInRequest) -> SignInAttempt:
        now = datetime.now(UTC)
        return SignInAttempt(
            state_digest="0" * 64,
            browser_digest="1" * 64,
            method=self.provider.method,
            source=self.provider.source,
            nonce=request.nonce,
            verifier=request.verifier,
            request_id=request.request_id,
            created_at=now,
            expires_at=now + timedelta(minutes=10),
        )


def _memory(_: ExitStack) -> _Place:
    twin = MemoryIdentityProvider(SignInMethod.OPENID)
    return _Place(twin, lambda url, user: twin.sign_in(url, ExternalIdentity(subject=user, name=user)))


def _openid(opened: ExitStack) -> _Place:
    place = opened.enter_context(running_openid_provider())
    options = OpenIdOptions(
        issuer=place.issuer,
        client_id=place.client_id,
        client_secret=place.client_secret,
        redirect_uri=f"{REGISTRY}/openid/callback",
    )
    openid = opened.enter_context(closing(OpenIdConnect(options, SystemClock(), Outbound(timeout=30))))
    return _Place(openid, place.sign_in)


def _saml(opened: ExitStack) -> _Place:
    place, keys = opened.enter_context(running_identity_provider()), key_pair("registry")
    options = SamlOptions(
        entity_id=REGISTRY,
        acs_url=f"{REGISTRY}/saml/login?acs",
        public_key=keys.certificate,
        private_key=keys.key,
        idp_metadata_url=place.metadata_url,
    )

    def sign_in(url: str, user: str) -> Mapping[str, str]:
        place.name_id = user
        return {str(name): str(value) for name, value in html.fromstring(httpx.get(url).text).forms[0].fields.items()}

    return _Place(opened.enter_context(closing(Saml(options, SystemClock()))), sign_in, "RelayState")


def _github(opened: ExitStack) -> _Place:
    place = opened.enter_context(running_github(f"{REGISTRY}/test-github/callback"))
    (definition,) = ProviderSourceDefinition.parse_all([place.configured()])

    def sign_in(url: str, user: str) -> Mapping[str, str]:
        place.login = user
        return dict(parse_qsl(urlsplit(httpx.get(url).headers["Location"]).query))

    return _Place(opened.enter_context(closing(GitHub(definition=definition, timeout=30))), sign_in)


@pytest.fixture(scope="module", params=[_memory, _openid, _saml, _github], ids=["memory", "openid", "saml", "github"])
def place(request: pytest.FixtureRequest) -> Iterator[_Place]:
    with ExitStack() as opened:
        yield request.param(opened)


class TestIdentityProvider:
    def test_a_place_says_what_it_is(self, place: _Place) -> None:
        provider = place.provider
        assert provider.method is not SignInMethod.PASSWORD
        assert (provider.source is not None) == (provider.method is SignInMethod.GITHUB)
        assert provider.posts_answers == (provider.method is SignInMethod.SAML)

    @pytest.mark.parametrize("state", ["the-state_1", "A" * 43])
    def test_the_state_comes_back_with_the_answer(self, place: _Place, state: str) -> None:
        _, answer = place.come_back(state=state)
        assert answer[place.state_field] == state

    def test_whoever_signs_in_is_proved_to_be_the_same_every_time(self, place: _Place) -> None:
        alice, bob, again = (place.provider.finish(*place.come_back(user)) for user in ("alice", "bob", "alice"))
        assert alice.subject == again.subject != bob.subject
        assert "alice" in (alice.name or "")

    def test_attempts_do_not_get_in_each_others_way(self, place: _Place) -> None:
        one, two = place.come_back("alice"), place.come_back("bob")
        second, first = place.provider.finish(*two), place.provider.finish(*one)
        assert first.subject != second.subject

    @pytest.mark.parametrize("junk", ["", "junk", "\0", "\ud800", "é" * 5000])
    def test_an_answer_that_proves_nobody_is_refused_in_words_that_do_not_repeat_it(
        self, place: _Place, junk: str
    ) -> None:
        attempt, answer = place.come_back()
        state = {place.state_field: answer[place.state_field]}
        wrong = {name: junk for name in answer if name not in {place.state_field, "iss"}}
        for given in (state, {**answer, **wrong}):
            with pytest.raises(SignInRefused) as refusal:
                place.provider.finish(attempt, given)
            assert junk == "" or junk not in refusal.value.message

    def test_an_answer_to_another_attempt_is_refused_where_answers_tell_what_they_are_to(self, place: _Place) -> None:
        _, answer = place.come_back("alice")
        other, _ = place.come_back("bob")
        if place.provider.method is SignInMethod.GITHUB:
            # Its codes don't; only the state and the browser's cookie tie them to an attempt.
            assert place.provider.finish(other, answer).subject == "alice"
            return
        with pytest.raises(SignInRefused):
            place.provider.finish(other, answer)
