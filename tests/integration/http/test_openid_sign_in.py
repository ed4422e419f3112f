"""Signing in with OpenID Connect through the HTTP face: rows 35 to 40 of chapter 04, section 21."""

from urllib.parse import urlencode

import pytest

from terrareg_adapters.assembly import SignInOptions
from terrareg_core.access.permissions import AccessPolicy
from tests.integration.http.conftest import Open
from tests.integration.http.serving import Served
from tests.integration.http.signing_in import (
    Answer,
    Browser,
    OpenIdWay,
    events,
    fields_of,
    given_group,
    is_sign_in_page,
    refused,
    sign_in,
    start,
)
from tests.integration.identity.running import OpenIdProvider


@pytest.fixture
def way(openid_provider: OpenIdProvider) -> OpenIdWay:
    return OpenIdWay(openid_provider)


@pytest.fixture
def served(open_empty: Open, way: OpenIdWay) -> Served:
    return open_empty(sign_in=way.options(), access=AccessPolicy(access_controls=True))


@pytest.fixture
def browser(served: Served) -> Browser:
    return Browser(served)


def test_the_browser_is_sent_to_the_provider_with_what_binds_the_answer_to_it(browser: Browser, way: OpenIdWay) -> None:
    url = start(browser, way)
    query = fields_of(url)
    assert url.startswith(f"{way.provider.issuer}/authorize?")
    assert {name: query[name] for name in ("response_type", "scope", "redirect_uri", "code_challenge_method")} == {
        "response_type": "code",
        "scope": "openid profile",
        "redirect_uri": "https://localhost:8443/openid/callback",
        "code_challenge_method": "S256",
    }
    assert all(len(query[name]) >= 43 for name in ("state", "nonce", "code_challenge"))
    other = fields_of(start(browser, way))
    assert all(query[name] != other[name] for name in ("state", "nonce", "code_challenge"))


@pytest.mark.parametrize("query", ["", "?code=x&state=y", "?error=access_denied", "?state="])
def test_an_answer_that_nobody_was_asked_for_is_a_mistake(
    browser: Browser, caplog: pytest.LogCaptureFixture, query: str
) -> None:
    with refused(browser, caplog):
        answer = browser.get(f"/openid/callback{query}")
    assert (answer.status_code, answer.json()) == (400, {})


_ID_TOKENS = [
    *("wrong nonce", "no nonce", "wrong audience", "second audience", "wrong azp", "wrong issuer", "expired"),
    *("from the future", "wrong at_hash", "no subject"),
]
_SIGNATURES = ["alg none", "HS256 with the public key", "HS256 with the client secret", "unknown kid", "other key"]
_REST = ["refused code", "unknown client", "no id_token", "other subject", "wrong iss", "access denied", "no code"]


@pytest.mark.parametrize("fault", [*_ID_TOKENS, *_SIGNATURES, *_REST])
def test_an_answer_that_proves_nothing_is_refused_with_a_page(
    browser: Browser, way: OpenIdWay, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    way.provider.behave(fault)
    answer = way.as_is(start(browser, way), "alice")
    with refused(browser, caplog):
        page = browser.bring(answer)
    assert is_sign_in_page(page)
    way.provider.behave()
    sign_in(browser, way, "alice")


def test_a_token_that_names_no_key_is_believed_while_one_key_fits_and_not_while_two_do(
    browser: Browser, way: OpenIdWay, caplog: pytest.LogCaptureFixture
) -> None:
    way.provider.behave("no kid")
    sign_in(browser, way, "alice")
    browser.get("/logout")
    way.provider.rotate_keys(keep=True)
    try:
        stranger = Browser(browser.served)
        answer = way.as_is(start(stranger, way), "alice")
        with refused(stranger, caplog):
            assert is_sign_in_page(stranger.bring(answer))
    finally:
        way.provider.rotate_keys()


@pytest.mark.parametrize("endpoint", ["token", "userinfo", "keys"])
@pytest.mark.parametrize("trouble", ["error", "html", "endless", "redirect"])
def test_a_provider_that_is_out_of_order_signs_nobody_in(
    browser: Browser, way: OpenIdWay, caplog: pytest.LogCaptureFixture, endpoint: str, trouble: str
) -> None:
    answer = way.as_is(start(browser, way), "alice")
    way.provider.behave(broken={endpoint: trouble})
    with refused(browser, caplog):
        page = browser.bring(answer)
    assert is_sign_in_page(page)
    assert "127.0.0.1" in page.text or "identity provider answered with status" in page.text
    way.provider.behave()
    sign_in(browser, way, "alice")


@pytest.mark.parametrize("trouble", ["error", "html", "endless", "redirect"])
def test_nobody_is_sent_to_a_provider_that_does_not_describe_itself(
    browser: Browser, way: OpenIdWay, caplog: pytest.LogCaptureFixture, trouble: str
) -> None:
    way.provider.behave(broken={"discovery": trouble})
    with caplog.at_level("WARNING"):
        page = browser.get("/openid/login")
    assert is_sign_in_page(page)
    assert "startOpenIdLogin" in caplog.text


def test_a_provider_that_answers_too_slowly_signs_nobody_in(
    browser: Browser, way: OpenIdWay, caplog: pytest.LogCaptureFixture
) -> None:
    answer = way.as_is(start(browser, way), "alice")
    way.provider.behave(broken={"token": "trickle"})
    with refused(browser, caplog):
        page = browser.bring(answer)
    assert is_sign_in_page(page)
    assert "did not answer in time" in page.text


def test_the_rights_of_the_group_that_the_provider_tells_are_the_persons(
    served: Served, browser: Browser, way: OpenIdWay
) -> None:
    given_group(served, "g", "acme", "MODIFY")
    before = len(events(served))
    answer = way.as_is(start(browser, way), "alice")
    assert browser.bring(answer).headers["Location"] == "/"
    assert browser.status()["namespace_permissions"] == {"acme": "MODIFY"}
    assert events(served)[before:] == [("alice", "USER_LOGIN", None)]


@pytest.mark.parametrize(
    "fault", ["no expires_in", "expires_in as text", "no userinfo", "issuer with slash", "only basic"]
)
def test_providers_that_say_less_or_otherwise_work(open_empty: Open, way: OpenIdWay, fault: str) -> None:
    way.provider.behave(fault, profile_in_id_token=True)
    served = open_empty(sign_in=way.options(), access=AccessPolicy(access_controls=True))
    given_group(served, "g", "acme")
    browser = Browser(served)
    # Without a user name, with an address, and with a group that is no list.
    assert browser.bring(way.as_is(start(browser, way), "bob")).headers["Location"] == "/"
    assert browser.status()["namespace_permissions"] == {"acme": "FULL"}
    assert events(served)[-1] == ("bob@example.com", "USER_LOGIN", None)


def test_somebody_of_whom_the_provider_tells_nothing_is_called_by_their_subject(
    served: Served, browser: Browser, way: OpenIdWay
) -> None:
    assert browser.bring(way.as_is(start(browser, way), "carol")).headers["Location"] == "/"
    assert events(served) == [("sub-of-carol", "USER_LOGIN", None)]


def test_a_session_ends_when_what_the_provider_asserts_does(browser: Browser, way: OpenIdWay) -> None:
    way.provider.behave(lifetime=120)
    response = browser.bring(way.as_is(start(browser, way), "alice"))
    age = int(response.headers["Set-Cookie"].partition("Max-Age=")[2].partition(";")[0])
    assert 0 < age <= 120


def test_names_and_groups_of_a_provider_are_shown_as_text(browser: Browser, way: OpenIdWay) -> None:
    way.provider.change_user("mallory", {"preferred_username": "<script>alert(1)</script>", "groups": []})
    assert browser.bring(way.as_is(start(browser, way), "mallory")).headers["Location"] == "/"
    page = browser.get("/login").text
    assert "You are signed in as &lt;script&gt;alert(1)&lt;/script&gt;." in page
    assert "<script" not in page


@pytest.mark.parametrize("name", ["code", "state", "error", "iss"])
def test_whatever_a_strangers_answer_holds_is_refused_and_not_shown(
    browser: Browser, way: OpenIdWay, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    state = fields_of(start(browser, way))["state"]
    query = urlencode({"code": "code", "state": state, name: b"<script>alert(1)</script>\xff\r\n"})
    with refused(browser, caplog):
        page = browser.bring(Answer(f"/openid/callback?{query}"))
    assert is_sign_in_page(page)
    assert "<script" not in page.text


def test_the_way_back_is_no_failure_where_the_way_is_not_set_up(open_empty: Open) -> None:
    browser = Browser(open_empty(sign_in=SignInOptions(secret_key="key")))
    assert is_sign_in_page(browser.get("/openid/callback?code=a&state=b"))
