"""What holds of every way to sign in somewhere else, through the HTTP face (chapter 04, 5 and 16.2; decision 30)."""

import asyncio
from collections.abc import Callable, Iterator

import attrs
import httpx
import pytest

from terrareg_adapters.assembly import RegistryOptions, SignInOptions
from terrareg_core.access.permissions import AccessPolicy
from tests.integration.http.conftest import Open
from tests.integration.http.serving import ADMIN, MANAGED, Served, module_zip
from tests.integration.http.signing_in import (
    STATUS,
    TOKENS,
    Answer,
    Browser,
    GitHubWay,
    OpenIdWay,
    SamlWay,
    Way,
    events,
    given_group,
    is_sign_in_page,
    kept,
    refused,
    sign_in,
    start,
)
from tests.integration.identity.github_server import running_github
from tests.integration.identity.running import OpenIdProvider
from tests.integration.identity.saml_idp import running_identity_provider

_CONTROLLED = AccessPolicy(access_controls=True)


@pytest.fixture(params=["openid", "saml", "github"])
def way(request: pytest.FixtureRequest, openid_provider: OpenIdProvider) -> Iterator[Way]:
    """Each of the three."""
    if request.param == "openid":
        yield OpenIdWay(openid_provider)
    elif request.param == "saml":
        with running_identity_provider() as idp:
            yield SamlWay(idp)
    else:
        with running_github("https://reg.example.com/test-github/callback") as github:
            yield GitHubWay(github, {"auto_generate_github_organisation_namespaces": False})


@pytest.fixture
def served(open_empty: Open, way: Way) -> Served:
    """A registry that offers this way, where people may do what their groups may."""
    return open_empty(sign_in=way.options(), access=_CONTROLLED)


@pytest.fixture
def browser(served: Served) -> Browser:
    return Browser(served)


def _reopened(served: Served, **changes: object) -> Served:
    """The same registry with other options."""
    options: RegistryOptions = attrs.evolve(served.options, **changes)  # type: ignore[arg-type]
    return Served(options)


def _with_session_of(other: Browser, served: Served) -> Browser:
    """A browser that has another one's cookies, at `served`."""
    browser = Browser(served)
    browser.cookies = other.cookies
    return browser


# --- the good way ----------------------------------------------------------------------------------------------------


def test_signing_in_begins_a_session_with_an_event(served: Served, browser: Browser, way: Way) -> None:
    answer = way.answer(start(browser, way), "jane")
    response = browser.bring(answer)
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    assert response.headers["Cache-Control"] == "no-store"
    session, flow = response.headers.get_list("Set-Cookie")
    assert session.startswith("session=")
    assert {*session.split("; ")} >= {"HttpOnly", "Path=/", "SameSite=Lax", "Secure"}
    # The tokens of the provider last an hour, too, and were made a moment ago.
    assert 3500 < int(session.partition("Max-Age=")[2].partition(";")[0]) <= 3600
    assert flow.startswith('login_flow="";')
    assert "Max-Age=0" in flow
    assert browser.status() == {
        "read_access": True,
        "authenticated": True,
        "site_admin": False,
        "namespace_permissions": {},
    }
    assert events(served) == [("jane", "USER_LOGIN", None)]
    assert "You are signed in as jane." in browser.get("/login").text


def test_sending_a_browser_away_begins_no_session(served: Served, browser: Browser, way: Way) -> None:
    before = kept(served)
    response = browser.get(way.start_path)
    assert response.status_code == 302
    assert response.headers["Cache-Control"] == "no-store"
    (cookie,) = response.headers.get_list("Set-Cookie")
    assert cookie.startswith("login_flow=")
    crosses = isinstance(way, SamlWay)
    expected = {"HttpOnly", "Path=/", "Max-Age=600", "Secure", f"SameSite={'None' if crosses else 'Lax'}"}
    assert {*cookie.split("; ")} >= expected
    assert kept(served) == before
    assert not browser.is_signed_in


def test_a_session_gives_what_the_groups_may_do_as_long_as_they_may(served: Served, browser: Browser, way: Way) -> None:
    given_group(served, "team", "acme")
    sign_in(browser, way, "jane", ["team"])
    assert browser.status()["namespace_permissions"] == {"acme": "FULL"}
    assert browser.post(f"{MANAGED}/acme/vpc/aws/create", {}).status_code == 200
    assert served.delete("/v1/terrareg/user-groups/team").status_code == 200
    assert browser.status()["namespace_permissions"] == {}
    assert browser.post(f"{MANAGED}/acme/dns/aws/create", {}).status_code == 403


def test_groups_are_told_apart_by_case(served: Served, browser: Browser, way: Way) -> None:
    given_group(served, "team", "acme")
    sign_in(browser, way, "jane", ["Team"])
    assert browser.status()["namespace_permissions"] == {}


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/modules/acme?tab=inputs&x=%2F", "/modules/acme?tab=inputs&x=%2F"),
        ("/terraform/oauth/authorization?a=b", "/terraform/oauth/authorization?a=b"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/ok\r\nSet-Cookie: a=b", "/"),
        ("/" + "a" * 2048, "/"),
        ("", "/"),
    ],
)
def test_people_come_back_to_where_they_wanted_to_go_on_this_registry(
    browser: Browser, way: Way, wanted: str, reached: str
) -> None:
    url = start(browser, way, redirect=wanted)
    assert "modules" not in url
    assert "evil" not in url
    response = browser.bring(way.answer(url, "jane"))
    assert response.headers["Location"] == reached
    assert browser.is_signed_in


# --- sessions --------------------------------------------------------------------------------------------------------


def test_a_session_that_was_there_before_is_over_once_somebody_signs_in(
    served: Served, browser: Browser, way: Way
) -> None:
    sign_in(browser, way, "jane")
    former = _with_session_of(browser, served)
    sign_in(browser, way, "mary")
    assert former.cookies["session"] != browser.cookies["session"]
    assert not former.is_signed_in
    assert kept(served)["session"] == 1
    assert [name for name, action, _ in events(served) if action == "USER_LOGIN"] == ["jane", "mary"]


def test_a_cookie_that_was_planted_before_is_not_the_one_of_the_session(
    served: Served, browser: Browser, way: Way
) -> None:
    browser.cookies.set("session", "planted" * 6, domain="reg.example.com")
    attacker = _with_session_of(browser, served)
    answer = way.answer(start(browser, way), "jane")
    response = browser.bring(answer)
    assert f"session={'planted' * 6}" not in response.headers["Set-Cookie"]
    assert not attacker.is_signed_in


def test_starting_to_sign_in_revives_no_session_that_was_ended(served: Served, browser: Browser, way: Way) -> None:
    sign_in(browser, way, "jane")
    copied = _with_session_of(browser, served)
    assert browser.get("/logout").status_code == 302
    assert not copied.is_signed_in
    start(copied, way)
    assert not copied.is_signed_in


def test_signing_in_takes_the_place_of_the_built_in_admin(served: Served, browser: Browser, way: Way) -> None:
    assert browser.request("POST", "/v1/terrareg/auth/admin/login", headers=ADMIN).status_code == 200
    former = _with_session_of(browser, served)
    sign_in(browser, way, "jane")
    assert not browser.status()["site_admin"]
    assert not former.is_signed_in


# --- who brings the answer -------------------------------------------------------------------------------------------


def _not_begun(response: httpx.Response, way: Way) -> bool:
    """Whether it is the answer to a browser that was not sent away (chapter 04, 8.3, 9.4 and 10.2)."""
    match way:
        case GitHubWay():
            return is_sign_in_page(response)
        case SamlWay():
            return response.status_code == 400 and list(response.json()) == ["Error"]
        case _:
            return (response.status_code, response.json()) == (400, {})


def test_another_browser_signs_nobody_in(
    served: Served, browser: Browser, way: Way, caplog: pytest.LogCaptureFixture
) -> None:
    answer = way.answer(start(browser, way), "jane")
    stranger = Browser(served)
    with refused(stranger, caplog):
        assert _not_begun(stranger.bring(answer), way)
    # It was not used up by somebody who only knew the address.
    assert browser.bring(answer).headers["Location"] == "/"
    assert browser.is_signed_in
    assert not stranger.is_signed_in


def test_another_browser_that_signs_in_as_well_gets_nobody_elses_session(
    served: Served, browser: Browser, way: Way, caplog: pytest.LogCaptureFixture
) -> None:
    answer = way.answer(start(browser, way), "jane")
    stranger = Browser(served)
    start(stranger, way)
    with refused(stranger, caplog):
        assert is_sign_in_page(stranger.bring(answer))


def test_an_answer_counts_once(served: Served, browser: Browser, way: Way) -> None:
    answer = way.answer(start(browser, way), "jane")
    assert browser.bring(answer).headers["Location"] == "/"
    session, before = browser.cookies["session"], kept(served)
    again = browser.bring(answer)
    if isinstance(way, SamlWay):
        # A browser that goes back asks before it posts again.
        assert _not_begun(again, way)
    else:
        assert (again.status_code, again.headers["Location"]) == (302, "/")
    assert (browser.cookies["session"], kept(served)) == (session, before)
    browser.get("/logout")
    assert _not_begun(browser.bring(answer), way)
    assert not browser.is_signed_in


def test_an_answer_without_its_state_signs_nobody_in(
    browser: Browser, way: Way, caplog: pytest.LogCaptureFixture
) -> None:
    answer = way.answer(start(browser, way), "jane")
    for state in ("", "another"):
        with refused(browser, caplog):
            assert is_sign_in_page(browser.bring(_with_state(answer, state)))


def _with_state(answer: Answer, state: str) -> Answer:
    if answer.form is not None:
        return attrs.evolve(answer, form={**answer.form, "RelayState": state})
    path, _, query = answer.path.partition("?")
    rest = [pair for pair in query.split("&") if not pair.startswith("state=")]
    return Answer(f"{path}?{'&'.join([*rest, f'state={state}'] if state else rest)}")


def test_of_two_answers_at_once_one_counts(served: Served, browser: Browser, way: Way) -> None:
    answer = way.answer(start(browser, way), "jane")
    twin = _with_session_of(browser, served)

    async def both() -> list[str | None]:
        responses = await asyncio.gather(browser.bringing(answer), twin.bringing(answer))
        return [response.headers.get("Location") for response in responses]

    assert sorted(served.run(both()), key=str) == ["/", None]
    assert [browser.is_signed_in, twin.is_signed_in].count(True) == 1
    assert len(events(served)) == 1


def test_many_people_sign_in_at_once(served: Served, way: Way) -> None:
    names = [f"user-{number}" for number in range(5)]
    browsers = [Browser(served) for _ in names]
    answers = [way.answer(start(browser, way), name) for browser, name in zip(browsers, names, strict=True)]

    async def all_of_them() -> None:
        await asyncio.gather(*(it.bringing(answer) for it, answer in zip(browsers, answers, strict=True)))

    served.run(all_of_them())
    assert all(browser.is_signed_in for browser in browsers)
    assert kept(served)["session"] == len(names)
    assert {name for name, _, _ in events(served)} == {*names}


def test_of_two_tabs_the_one_that_was_opened_later_counts(
    browser: Browser, way: Way, caplog: pytest.LogCaptureFixture
) -> None:
    earlier = way.answer(start(browser, way), "jane")
    later = way.answer(start(browser, way), "jane")
    with refused(browser, caplog):
        assert is_sign_in_page(browser.bring(earlier))
    assert browser.bring(later).headers["Location"] == "/"
    assert browser.is_signed_in


# --- where it is not offered -----------------------------------------------------------------------------------------


_NOT_OFFERED: list[tuple[str, Callable[[Way], SignInOptions]]] = [
    ("Nobody can sign in here", lambda way: attrs.evolve(way.options(), secret_key=None)),
    ("This way to sign in is not set up here", lambda way: SignInOptions(secret_key="key")),
]


@pytest.mark.parametrize(("reason", "options"), _NOT_OFFERED, ids=["without a secret key", "without its settings"])
def test_a_page_says_that_nobody_can_sign_in_so(
    open_empty: Open, way: Way, caplog: pytest.LogCaptureFixture, reason: str, options: Callable[[Way], SignInOptions]
) -> None:
    browser = Browser(open_empty(sign_in=options(way)))
    with refused(browser, caplog):
        page = browser.get(way.start_path)
    assert is_sign_in_page(page)
    assert reason in page.text
    # Signing out never fails.
    assert browser.get("/logout").status_code == 302


def test_sessions_end_where_their_way_is_not_offered_any_more(served: Served, browser: Browser, way: Way) -> None:
    given_group(served, "team", "acme")
    sign_in(browser, way, "jane", ["team"])
    token = _token(browser, scopes=["upload"])
    with _reopened(served, sign_in=SignInOptions(secret_key=way.options().secret_key)) as without:
        former = _with_session_of(browser, without)
        assert not former.is_signed_in
        assert _upload(former, token).status_code == 401
    with _reopened(served, sign_in=attrs.evolve(way.options(), secret_key="another")) as rekeyed:
        assert not _with_session_of(browser, rekeyed).is_signed_in
    assert browser.is_signed_in
    assert _upload(browser, token).status_code == 200


# --- access tokens (decision 30) -------------------------------------------------------------------------------------


def _token(browser: Browser, **request: object) -> str:
    made = browser.post(TOKENS, {"name": "ci", "namespaces": None, "expires_at": None, **request})
    assert made.status_code == 201, made.text
    secret: str = made.json()["token"]
    return secret


def _upload(browser: Browser, token: str, version: str = "1.0.0") -> httpx.Response:
    return browser.served.upload(f"acme/vpc/aws/{version}", module_zip(), headers={"X-Terrareg-ApiKey": token})


def test_signing_in_again_gives_the_persons_tokens_their_new_groups(served: Served, browser: Browser, way: Way) -> None:
    given_group(served, "team", "acme")
    sign_in(browser, way, "jane", ["team"])
    token = _token(browser, scopes=["upload"])
    assert _upload(browser, token).status_code == 200
    sign_in(Browser(served), way, "mary", ["other"])
    assert _upload(browser, token, "1.0.1").status_code == 200
    sign_in(Browser(served), way, "jane", ["other"])
    assert _upload(browser, token, "1.0.2").status_code == 403
    # What the session of before may do was fixed when it began.
    assert browser.status()["namespace_permissions"] == {"acme": "FULL"}
    sign_in(Browser(served), way, "jane", ["team"])
    assert _upload(browser, token, "1.0.2").status_code == 200


def test_what_the_registry_tells_of_a_session_does_not_hold_its_cookie(browser: Browser, way: Way) -> None:
    sign_in(browser, way, "jane")
    answer = browser.get(STATUS)
    assert browser.cookies["session"] not in str(answer.headers) + answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Cookie" in answer.headers["Vary"]
