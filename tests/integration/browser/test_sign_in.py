"""Signing in and out in a real browser, at registries and identity providers in processes of their own."""

from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from playwright.sync_api import expect

from tests.integration.browser.tabs import STATUS, OpenTab, Tab, expect_signed_in_as, sign_in_at_work
from tests.integration.identity.github_server import GitHubServer, Membership
from tests.integration.identity.running import OpenIdProvider
from tests.integration.identity.saml_idp import SamlIdentityProvider
from tests.integration.servers import ADMIN_TOKEN, RunningRegistry

# --- one sign-in for each way ----------------------------------------------------------------------------------------


def test_the_admin_signs_in_with_the_form_and_out_with_the_button(registry: RunningRegistry, tab: Tab) -> None:
    tab.page.goto(f"{registry.url}/login")
    assert not tab.is_signed_in(registry)
    tab.type_token("not the token")
    expect(tab.page.get_by_role("alert")).to_contain_text("not the admin token")
    assert not tab.is_signed_in(registry)
    tab.type_token()
    assert tab.page.url == f"{registry.url}/"
    expect_signed_in_as(tab, registry, "Built-in admin")
    cookies = {it["name"]: it for it in tab.context.cookies()}
    assert (cookies["session"]["httpOnly"], cookies["session"]["sameSite"]) == (True, "Lax")
    assert tab.page.evaluate("document.cookie") == ""
    tab.page.get_by_role("button", name="Sign out").click()
    assert not tab.is_signed_in(registry)
    assert tab.context.cookies() == []
    former = httpx.get(f"{registry.url}{STATUS}", cookies={"session": cookies["session"]["value"]})
    assert former.json()["authenticated"] is False
    assert tab.violations() == []


def test_the_form_can_be_used_with_the_keyboard_alone(registry: RunningRegistry, tab: Tab) -> None:
    tab.page.goto(f"{registry.url}/login")
    names = []
    for _ in range(4):
        tab.page.keyboard.press("Tab")
        names.append(tab.page.evaluate("document.activeElement.textContent || document.activeElement.name"))
    assert names == ["Sign in at work", "Sign in with the test's GitHub", "token", "Sign in with the admin token"]
    tab.page.keyboard.press("Shift+Tab")
    tab.page.keyboard.type(ADMIN_TOKEN)
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url(f"{registry.url}/")
    assert tab.is_signed_in(registry)


def test_somebody_signs_in_with_openid_connect(
    registry: RunningRegistry, openid_provider: OpenIdProvider, tab: Tab
) -> None:
    tab.page.goto(f"{registry.url}/login")
    tab.page.get_by_role("link", name="Sign in at work").click()
    # The port is that of PUBLIC_URL.
    asked = dict(parse_qsl(urlsplit(tab.page.url).query))
    assert asked["redirect_uri"] == f"{registry.url}/openid/callback"
    sign_in_at_work(tab, "alice")
    assert tab.page.url == f"{registry.url}/"
    expect_signed_in_as(tab, registry, "alice")
    assert tab.status(registry)["site_admin"] is False


def test_going_back_after_signing_in_leads_home(
    registry: RunningRegistry, openid_provider: OpenIdProvider, tab: Tab
) -> None:
    answers: list[str] = []
    tab.page.on("request", lambda request: answers.append(request.url) if "/callback" in request.url else None)
    tab.page.goto(f"{registry.url}/openid/login")
    sign_in_at_work(tab, "alice")
    (answer,) = answers
    tab.page.goto(answer)
    assert tab.page.url == f"{registry.url}/"
    expect_signed_in_as(tab, registry, "alice")


def test_somebody_who_is_refused_reads_why_and_comes_back_to_the_login_page(
    registry: RunningRegistry, openid_provider: OpenIdProvider, tab: Tab
) -> None:
    openid_provider.behave("access denied")
    tab.page.goto(f"{registry.url}/openid/login")
    sign_in_at_work(tab, "alice")
    expect(tab.page.get_by_role("heading", name="Sign-in failed")).to_be_visible()
    assert not tab.is_signed_in(registry)
    tab.page.get_by_role("link", name="Back to sign in").click()
    assert tab.page.url == f"{registry.url}/login"
    assert tab.problems == []


def test_somebody_signs_in_with_github_and_owns_their_namespaces(
    registry: RunningRegistry, github: GitHubServer, tab: Tab
) -> None:
    github.login, github.memberships = "octocat", [Membership("acme")]
    tab.page.goto(f"{registry.url}/login")
    tab.page.get_by_role("link", name="Sign in with the test's GitHub").click()
    tab.page.wait_for_url(f"{registry.url}/")
    expect_signed_in_as(tab, registry, "octocat")
    assert tab.status(registry)["namespace_permissions"] == {"acme": "FULL", "octocat": "FULL"}


def test_somebody_signs_in_with_saml_whose_answer_another_site_posts(
    secure: RunningRegistry, idp: SamlIdentityProvider, open_tab: OpenTab
) -> None:
    tab = open_tab(ignore_https_errors=True)
    # A path that needs no permission, and whose page is there.
    tab.page.goto(f"{secure.url}/login?redirect=/docs")
    with tab.page.expect_request(lambda it: it.method == "POST") as posted:
        tab.page.get_by_role("link", name="Sign in with SAML").click()
    assert posted.value.headers["origin"] == idp.url
    tab.page.wait_for_url(f"{secure.url}/docs")
    (cookie,) = tab.context.cookies()
    assert (cookie["name"], cookie["secure"], cookie["sameSite"]) == ("session", True, "Lax")
    expect_signed_in_as(tab, secure, "jane@example.com")


def test_the_operator_reads_in_the_log_why_an_answer_was_refused_and_no_secret(
    secure: RunningRegistry, idp: SamlIdentityProvider, open_tab: OpenTab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idp, "attributes", {})
    tab = open_tab(ignore_https_errors=True)
    tab.page.goto(f"{secure.url}/login")
    with tab.page.expect_request(lambda it: it.method == "POST") as posted:
        tab.page.get_by_role("link", name="Sign in with SAML").click()
    expect(tab.page.get_by_role("heading", name="Sign-in failed")).to_be_visible()
    assert not tab.is_signed_in(secure)
    log = secure.log.read_text()
    assert "A SAML response was refused: " in log
    assert "finishSamlLogin: The identity provider's answer does not prove who you are" in log
    secrets = [*(posted.value.post_data_json or {}).values(), *(it["value"] for it in tab.context.cookies())]
    assert len(secrets) == 3
    assert not any(secret[:40] in log for secret in secrets)


# --- where people end up (row 59) ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "/\\evil.example", "https://evil.example", "/%09/evil.example", "javascript:alert(1)"]
)
def test_after_signing_in_the_browser_stays_on_the_registry(
    registry: RunningRegistry, openid_provider: OpenIdProvider, open_tab: OpenTab, wanted: str
) -> None:
    by_form = open_tab()
    by_form.page.goto(f"{registry.url}/login?redirect={wanted}")
    by_form.type_token()
    assert by_form.page.url == f"{registry.url}/"
    assert by_form.is_signed_in(registry)
    elsewhere = open_tab()
    elsewhere.page.goto(f"{registry.url}/login?redirect={wanted}")
    elsewhere.page.get_by_role("link", name="Sign in at work").click()
    sign_in_at_work(elsewhere, "alice")
    assert elsewhere.page.url == f"{registry.url}/"
    assert elsewhere.is_signed_in(registry)


def test_a_closed_registry_leads_people_through_the_login_page_to_what_they_wanted(
    closed: RunningRegistry, tab: Tab
) -> None:
    tab.page.goto(f"{closed.url}/modules/acme?tab=inputs")
    assert urlsplit(tab.page.url).path == "/login"
    tab.type_token()
    assert tab.page.url == f"{closed.url}/modules/acme?tab=inputs"
    assert tab.violations() == []


# --- what people see -------------------------------------------------------------------------------------------------


_CONTRAST = """(element) => {
  // WCAG 2.2, 1.4.3: of the text with what lies below it.
  const channels = (color) => color.match(/[0-9.]+/g).map(Number);
  const linear = (channel) => channel <= 10.31475 ? channel / 3294.6 : ((channel / 255 + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const background = (it) => {
    const found = it ? channels(getComputedStyle(it).backgroundColor) : [255, 255, 255];
    return found[3] === 0 ? background(it.parentElement) : found;
  };
  const [dark, light] = [channels(getComputedStyle(element).color), background(element)]
    .map(luminance)
    .sort((one, other) => one - other);
  return (light + 0.05) / (dark + 0.05);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_readable_in_light_and_in_dark_and_on_narrow_screens(
    registry: RunningRegistry, open_tab: OpenTab, scheme: str
) -> None:
    tab = open_tab(color_scheme=scheme, viewport={"width": 320, "height": 640})
    backgrounds = set()
    tab.page.goto(f"{registry.url}/login")
    tab.type_token("wrong")
    for path in (None, "/test-github/callback?code=x", "/nothing-here"):
        if path is not None:
            tab.page.goto(f"{registry.url}{path}")
        backgrounds.add(tab.page.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        for element in tab.page.locator("main :is(h1, p, label, button, a)").all():
            assert element.evaluate(_CONTRAST) >= 4.5, element.inner_text()
    assert len(backgrounds) == 1
    assert tab.violations() == []
