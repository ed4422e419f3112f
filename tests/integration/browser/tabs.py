"""Tabs of a browser, and another site's pages for them."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import attrs
from playwright.sync_api import BrowserContext, Page, expect

from tests.integration.servers import ADMIN_TOKEN, RunningRegistry

STATUS = "/v1/terrareg/auth/admin/is_authenticated"
ADMIN = {"X-Terrareg-ApiKey": ADMIN_TOKEN}


@attrs.frozen
class Tab:
    """A tab of a fresh browser profile; what goes wrong in it is remembered."""

    page: Page
    problems: list[str] = attrs.field(factory=list)
    """What the console shows as an error, scripts that failed, and requests that were not made."""

    @property
    def context(self) -> BrowserContext:
        return self.page.context

    def __attrs_post_init__(self) -> None:
        self.page.on("console", lambda it: self.problems.append(it.text) if it.type == "error" else None)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("requestfailed", lambda request: self.problems.append(f"{request.url}: {request.failure}"))

    def violations(self) -> list[str]:
        """Of the pages' content security policy."""
        return [problem for problem in self.problems if "Content Security Policy" in problem or "csp" in problem]

    def status(self, registry: RunningRegistry) -> dict[str, Any]:
        """What the registry says of whoever is signed in here."""
        document: dict[str, Any] = self.context.request.get(f"{registry.url}{STATUS}").json()
        return document

    def is_signed_in(self, registry: RunningRegistry) -> bool:
        return bool(self.status(registry)["authenticated"])

    def type_token(self, token: str = ADMIN_TOKEN) -> None:
        self.page.get_by_label("Admin token").fill(token)
        self.page.get_by_role("button", name="Sign in with the admin token").click()


OpenTab = Callable[..., Tab]


def sign_in_at_work(tab: Tab, user: str) -> None:
    """Fill the form of the OpenID Connect provider in."""
    tab.page.get_by_label("User").fill(user)
    tab.page.get_by_role("button", name="Sign in").click()


def expect_signed_in_as(tab: Tab, registry: RunningRegistry, name: str) -> None:
    tab.page.goto(f"{registry.url}/login")
    expect(tab.page.get_by_text(f"You are signed in as {name}.")).to_be_visible()
    assert tab.is_signed_in(registry)
    assert tab.violations() == []


@contextmanager
def other_site(pages: Mapping[str, str]) -> Iterator[int]:
    """Another site on a loopback port, with these pages by path; yields the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path.partition("?")[0], "<!doctype html><title>Evil</title>").encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
