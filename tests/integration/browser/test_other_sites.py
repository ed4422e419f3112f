"""What pages of other sites can do with the cookies of somebody who is signed in (chapter 04, 6): nothing."""

import base64
import json
import re
from typing import Any

import httpx
import pytest

from tests.integration.browser.tabs import ADMIN, STATUS, Tab, other_site
from tests.integration.http.serving import MANAGED, module_zip
from tests.integration.servers import RunningRegistry

_ATTACKS = """async (registry) => {
  const form = new FormData();
  const bytes = Uint8Array.from(atob(MODULE), (letter) => letter.charCodeAt(0));
  form.append("file", new Blob([bytes]), "module.zip");
  const group = JSON.stringify({name: "evil", site_admin: true});
  const attempts = [
    ["POST", "/v1/terrareg/modules/acme/vpc/aws/6.6.6/upload", form],
    ["POST", "/v1/terrareg/modules/acme/vpc/aws/1.0.0/publish", null],
    ["POST", "/v1/terrareg/modules/acme/vpc/aws/1.0.0/publish", new URLSearchParams({a: "b"})],
    ["POST", "/v1/terrareg/user-groups", group, "text/plain"],
    ["POST", "/v1/terrareg/user-groups", group, "application/json"],
    ["DELETE", "/v1/terrareg/user-groups/team", null],
    ["DELETE", "/v1/terrareg/modules/acme/vpc/aws/1.0.0/delete", null],
    ["POST", "/v1/terrareg/namespaces", JSON.stringify({name: "evil"}), "text/plain"],
    ["POST", "/v1/terrareg/tokens", JSON.stringify({name: "evil", scopes: ["upload"]}), "text/plain"],
    ["POST", "/v1/terrareg/auth/admin/login", null],
    ["POST", "/logout", new URLSearchParams({csrf_token: "x"})],
    ["GET", "/logout", null],
  ];
  const seen = [];
  for (const [method, path, body, type] of attempts) {
    for (const mode of ["no-cors", "cors"]) {
      const headers = type ? {"Content-Type": type} : {};
      try {
        const answer = await fetch(registry + path, {method, mode, body, headers, credentials: "include"});
        seen.push(`${method} ${path} ${answer.type} ${answer.status}`);
      } catch (error) {
        seen.push(`${method} ${path} failed`);
      }
    }
  }
  return seen;
}""".replace("MODULE", json.dumps(base64.b64encode(module_zip()).decode()))

_FORM = """<!doctype html><title>Prizes</title>
<form method="post" action="{action}" enctype="{enctype}"><input name="csrf_token" value="x"></form>
<script>document.forms[0].submit()</script>"""


def _state(registry: RunningRegistry) -> dict[str, Any]:
    """Everything that other sites' pages want to change."""
    with httpx.Client(base_url=registry.url, headers=ADMIN, timeout=30) as client:
        return {
            "versions": client.get(f"{MANAGED}/acme/vpc/aws/versions?include-unpublished=true").json(),
            "groups": client.get("/v1/terrareg/user-groups").json(),
            "namespaces": client.get("/v1/terrareg/namespaces").json(),
            "tokens": client.get("/v1/terrareg/tokens").json(),
            "events": client.get("/v1/terrareg/audit-history?length=0").json()["recordsTotal"],
        }


@pytest.fixture
def filled(registry: RunningRegistry) -> RunningRegistry:
    """The registry with a version that is not published, and a user group."""
    with httpx.Client(base_url=registry.url, headers=ADMIN, timeout=60) as client:
        if client.get(f"{MANAGED}/acme/vpc/aws/1.0.0").status_code != 200:
            files = {"file": ("module.zip", module_zip())}
            assert client.post(f"{MANAGED}/acme/vpc/aws/1.0.0/upload", files=files).status_code == 200
            group = {"name": "team", "site_admin": False}
            assert client.post("/v1/terrareg/user-groups", json=group).status_code == 201
    return registry


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"], ids=["same site", "another site"])
def test_another_origins_page_changes_nothing_with_the_sessions_cookies(
    filled: RunningRegistry, tab: Tab, host: str
) -> None:
    tab.page.goto(f"{filled.url}/login")
    tab.type_token()
    before = _state(filled)
    forms = {
        f"/form-{number}": _FORM.format(action=f"{filled.url}{path}", enctype=enctype)
        for number, (path, enctype) in enumerate(
            [
                (f"{MANAGED}/acme/vpc/aws/1.0.0/publish", "application/x-www-form-urlencoded"),
                (f"{MANAGED}/acme/vpc/aws/7.7.7/upload", "multipart/form-data"),
                ("/v1/terrareg/user-groups", "text/plain"),
                ("/v1/terrareg/auth/admin/login", "application/x-www-form-urlencoded"),
                ("/logout", "application/x-www-form-urlencoded"),
            ]
        )
    }
    image = f'<!doctype html><title>Images</title><img src="{filled.url}/logout" onerror="document.title = \'seen\'">'
    with other_site({**forms, "/image": image}) as port:
        evil = f"http://{host}:{port}"
        tab.page.goto(evil)
        seen = tab.page.evaluate(_ATTACKS, filled.url)
        assert len([line for line in seen if " opaque 0" in line]) > 6
        assert not any(line.endswith((" 200", " 201")) for line in seen), seen
        for path in forms:
            with tab.page.expect_navigation(url=re.compile(re.escape(filled.url))):
                tab.page.goto(f"{evil}{path}")
        tab.page.goto(f"{evil}/image")
        tab.page.wait_for_function("document.title === 'seen'")
        read = "address => fetch(address, {credentials: 'include'}).then(() => true, () => false)"
        assert tab.page.evaluate(read, f"{filled.url}{STATUS}") is False
    assert _state(filled) == before
    assert tab.is_signed_in(filled)


def test_the_registrys_own_pages_may_do_what_others_may_not(filled: RunningRegistry, tab: Tab) -> None:
    tab.page.goto(f"{filled.url}/login")
    tab.type_token()
    # A document of the registry whose policy lets a script speak.
    tab.page.goto(f"{filled.url}{STATUS}")
    before = _state(filled)
    seen = tab.page.evaluate(_ATTACKS, filled.url)
    for line in ("upload basic 200", "publish basic 200", "user-groups basic 201", "login basic 200"):
        assert any(it.endswith(line) for it in seen), seen
    after = _state(filled)
    assert {key for key in after if after[key] != before[key]} >= {"versions", "groups", "events"}


def test_a_link_on_another_site_signs_out(filled: RunningRegistry, tab: Tab) -> None:
    tab.page.goto(f"{filled.url}/login")
    tab.type_token()
    with other_site({"/": f'<!doctype html><title>Links</title><a href="{filled.url}/logout">out</a>'}) as port:
        tab.page.goto(f"http://localhost:{port}/")
        tab.page.get_by_role("link", name="out").click()
        tab.page.wait_for_url(f"{filled.url}/")
    assert not tab.is_signed_in(filled)


def test_no_other_site_shows_the_login_page_in_a_frame(registry: RunningRegistry, tab: Tab) -> None:
    frame = f'<!doctype html><title>Frames</title><iframe src="{registry.url}/login"></iframe>'
    with other_site({"/": frame}) as port:
        tab.page.goto(f"http://localhost:{port}/")
        assert "Admin token" not in "".join(it.content() for it in tab.page.frames)
    assert any("frame" in problem for problem in tab.problems)
