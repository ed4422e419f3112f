"""From the login page on to the terraform that waits on the same computer (chapter 04, 13)."""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit

import attrs
import httpx
import pytest
from playwright.sync_api import expect

from tests.integration.browser.tabs import OpenTab, Tab, other_site, sign_in_at_work
from tests.integration.identity.running import OpenIdProvider
from tests.integration.servers import RunningRegistry


@attrs.define
class _Terraform:
    """What `terraform login` does beside the browser: it waits for the code, and exchanges it."""

    port: int
    verifier: str = "verifier-of-the-tests-that-is-long-enough-0123456789"
    arrived: list[str] = attrs.field(factory=list)
    """The queries with which browsers came."""

    @property
    def redirect_uri(self) -> str:
        return f"http://localhost:{self.port}/login"

    def authorisation(self, registry: RunningRegistry) -> str:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "client_id": "terraform-cli",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "state": "state-of-terraform",
        }
        return f"{registry.url}/terraform/oauth/authorization?{urlencode(query)}"

    def token(self, registry: RunningRegistry) -> str:
        """The token for the code that came; the browser came once."""
        (query,) = self.arrived
        answer = dict(parse_qsl(query))
        assert answer["state"] == "state-of-terraform"
        form = {
            "client_id": "terraform-cli",
            "grant_type": "authorization_code",
            "code": answer["code"],
            "code_verifier": self.verifier,
            "redirect_uri": self.redirect_uri,
        }
        # The authority of these tests is known to nobody.
        issued = httpx.post(f"{registry.url}/terraform/oauth/token", data=form, verify=False)
        assert issued.status_code == 200, issued.text
        token: str = issued.json()["access_token"]
        return token


@pytest.fixture
def terraform() -> Iterator[_Terraform]:
    """Waits on the first free port of those that `terraform login` uses."""
    waiting: _Terraform

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            if path == "/login":
                waiting.arrived.append(query)
            self.send_response(200 if path == "/login" else 404)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>Terraform</title>You may close this page.")

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    with _first_free(Handler) as server:
        waiting = _Terraform(server.server_port)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield waiting
        finally:
            server.shutdown()
            thread.join()


def _first_free(handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    for port in range(10_000, 10_011):
        with suppress(OSError):
            return ThreadingHTTPServer(("127.0.0.1", port), handler)
    raise AssertionError("every port of terraform login is in use")


def _opens_the_protocol(registry: RunningRegistry, token: str) -> bool:
    answer = httpx.get(
        f"{registry.url}/v1/modules/acme/none/aws/versions",
        headers={"Authorization": f"Bearer {token}"},
        verify=False,
    )
    return answer.status_code == 404


def test_the_login_form_leads_on_to_the_terraform_that_waits(
    closed: RunningRegistry, terraform: _Terraform, tab: Tab
) -> None:
    tab.page.goto(terraform.authorisation(closed))
    assert urlsplit(tab.page.url).path == "/login"
    tab.type_token()
    tab.page.wait_for_url(re.compile(re.escape(terraform.redirect_uri)))
    expect(tab.page.get_by_text("You may close this page.")).to_be_visible()
    assert _opens_the_protocol(closed, terraform.token(closed))
    assert tab.violations() == []


def test_an_identity_provider_of_the_same_site_leads_on_to_the_terraform_that_waits(
    closed: RunningRegistry, openid_provider: OpenIdProvider, terraform: _Terraform, tab: Tab
) -> None:
    tab.page.goto(terraform.authorisation(closed))
    tab.page.get_by_role("link", name="Sign in at work").click()
    sign_in_at_work(tab, "alice")
    tab.page.wait_for_url(re.compile(re.escape(terraform.redirect_uri)))
    assert _opens_the_protocol(closed, terraform.token(closed))
    assert tab.violations() == []


def test_whom_another_site_leads_to_the_terraform_that_waits_is_asked_before(
    secure: RunningRegistry, terraform: _Terraform, open_tab: OpenTab
) -> None:
    tab = open_tab(ignore_https_errors=True)
    tab.page.goto(terraform.authorisation(secure))
    tab.page.get_by_role("link", name="Sign in with SAML").click()
    expect(tab.page.get_by_role("heading", name="Allow Terraform on this computer?")).to_be_visible()
    assert "jane@example.com" in tab.page.content()
    assert terraform.arrived == []
    tab.page.get_by_role("button", name="Allow").click()
    tab.page.wait_for_url(re.compile(re.escape(terraform.redirect_uri)))
    assert _opens_the_protocol(secure, terraform.token(secure))
    assert tab.violations() == []


def test_another_site_gets_no_code_for_the_terraform_that_waits_without_a_click(
    closed: RunningRegistry, terraform: _Terraform, tab: Tab
) -> None:
    tab.page.goto(f"{closed.url}/login")
    tab.type_token()
    address = terraform.authorisation(closed)
    with other_site(
        {"/": f"<!doctype html><title>Evil</title><script>location = {json.dumps(address)}</script>"}
    ) as port:
        tab.page.goto(f"http://localhost:{port}/")
        expect(tab.page.get_by_role("heading", name="Allow Terraform on this computer?")).to_be_visible()
    assert terraform.arrived == []
