"""Sessions: cookies, their life and their end (chapter 04, 5.3 and 7; rows 1 to 5 and 10 to 12 of its section 21)."""

import logging
from collections.abc import Mapping
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any

import attrs
import httpx
import pytest

from terrareg_core.access.authentication import ConfiguredSecrets
from terrareg_core.access.keys import Secret
from terrareg_core.access.people import Person
from terrareg_core.access.permissions import AccessPolicy
from terrareg_http.settings import Settings
from tests.integration.http.conftest import SECRETS, Open
from tests.integration.http.people import (
    GROUPS,
    HISTORY,
    LOGIN,
    SIGN_IN,
    STATUS,
    TOKENS,
    InSession,
    admin_session,
    bearing,
    begun_session,
    github_user,
    given_group,
    keyed,
    made_token,
    person,
    session_in,
)
from tests.integration.http.serving import ADMIN, MANAGED, MODULES, NAMESPACES, Client, Served, ServedWorld
from tests.unit.registries import make_world

ALICE = person("alice", "staff")
NOBODY = {"read_access": True, "authenticated": False, "site_admin": False, "namespace_permissions": {}}
EVERYTHING = {"read_access": True, "authenticated": True, "site_admin": True, "namespace_permissions": {}}


def status(client: Client, headers: Mapping[str, str] | None = None) -> Any:
    answer = client.get(STATUS, headers=headers)
    assert answer.status_code == 200
    return answer.json()


def is_signed_in(client: Client, session: InSession) -> bool:
    authenticated: bool = status(client, session.headers)["authenticated"]
    return authenticated


def cookie_of(answer: httpx.Response, name: str = "session") -> dict[str, str]:
    """The attributes of the one cookie of this name that an answer sets, with `value`; lower-case names."""
    set_here = [line for line in answer.headers.get_list("Set-Cookie") if line.startswith(f"{name}=")]
    assert len(set_here) == 1, set_here
    first, *others = set_here[0].split("; ")
    attributes = dict(part.partition("=")[::2] for part in others)
    return {"value": first.partition("=")[2], **{key.lower(): value for key, value in attributes.items()}}


def opened(**options: Any) -> ServedWorld:
    """A registry whose clock stands still."""
    return ServedWorld(make_world(secrets=ConfiguredSecrets(admin=Secret.of("admin-key")), **options))


@pytest.fixture
def served(open_empty: Open) -> Served:
    return open_empty(sign_in=SIGN_IN)


# --- who one is: rows 1 and 2 ---


def test_the_status_tells_what_a_caller_may_do(served: Served) -> None:
    assert status(served) == NOBODY
    assert status(served, keyed("wrong")) == NOBODY
    assert status(served, ADMIN) == EVERYTHING
    assert status(served, admin_session(served).headers) == EVERYTHING
    # With anonymous access, no credential gives less than none.
    assert status(served, keyed("upload-key")) == NOBODY | {"authenticated": True}
    assert status(served, bearing("ignore-key")) == NOBODY | {"authenticated": True}


def test_a_closed_registry_is_read_by_people_and_the_admin(open_empty: Open) -> None:
    served = open_empty(access=AccessPolicy(anonymous_access=False, access_controls=True), sign_in=SIGN_IN)
    assert status(served) == NOBODY | {"read_access": False}
    assert status(served, ADMIN) == EVERYTHING
    assert status(served, begun_session(served, ALICE).headers) == NOBODY | {"authenticated": True}
    assert status(served, keyed("upload-key")) == NOBODY | {"read_access": False, "authenticated": True}
    token = made_token(served, ALICE, ["read"])
    assert status(served, keyed(token)) == NOBODY | {"authenticated": True}
    assert status(served, keyed(made_token(served, ALICE, ["upload"]))) == NOBODY | {
        "read_access": False,
        "authenticated": True,
    }


def test_the_status_lists_what_groups_give_and_the_higher_of_two_permissions(open_empty: Open) -> None:
    served = open_empty(access=AccessPolicy(access_controls=True), sign_in=SIGN_IN)
    for name in ("Beta", "acme", "zoo"):
        served.post(NAMESPACES, {"name": name})
    given_group(served, "staff", rights={"acme": "FULL", "Beta": "MODIFY"})
    given_group(served, "guests", rights={"acme": "MODIFY", "Beta": "MODIFY"})
    given_group(served, "STAFF", rights={"zoo": "FULL"})
    session = begun_session(served, person("alice", "guests", "staff", "unknown"))
    permissions = status(served, session.headers)["namespace_permissions"]
    assert list(permissions.items()) == [("acme", "FULL"), ("Beta", "MODIFY")]
    given_group(served, "chiefs", site_admin=True)
    chief = begun_session(served, person("chief", "chiefs", "guests"))
    assert status(served, chief.headers) == EVERYTHING | {"namespace_permissions": {"acme": "MODIFY", "Beta": "MODIFY"}}


def test_permissions_are_read_live(open_empty: Open) -> None:
    served = open_empty(access=AccessPolicy(access_controls=True), sign_in=SIGN_IN)
    served.post(NAMESPACES, {"name": "acme"})
    session = begun_session(served, ALICE)
    assert status(served, session.headers)["namespace_permissions"] == {}
    served.post(GROUPS, {"name": "staff", "site_admin": False})
    served.post(f"{GROUPS}/staff/permissions/acme", {"permission_type": "MODIFY"})
    assert status(served, session.headers)["namespace_permissions"] == {"acme": "MODIFY"}
    served.post(f"{NAMESPACES}/acme", {"name": "renamed"})
    assert status(served, session.headers)["namespace_permissions"] == {"renamed": "MODIFY"}
    served.delete(f"{GROUPS}/staff")
    assert status(served, session.headers)["namespace_permissions"] == {}


def test_the_status_is_kept_by_nobody_and_carries_the_token_of_a_session_alone(served: Served) -> None:
    session = admin_session(served)
    for headers, token in (
        ({}, None),
        (ADMIN, None),
        (session.headers, session.csrf_token),
        (session.headers | keyed("upload-key"), session.csrf_token),
        (session.headers | ADMIN, None),
    ):
        answer = served.get(STATUS, headers=headers)
        assert answer.headers["cache-control"] == "no-store"
        assert "Cookie" in answer.headers["vary"]
        assert answer.headers.get("x-csrf-token") == token
        assert "set-cookie" not in answer.headers
        assert not [name for name in answer.headers if name.startswith("access-control")]


# --- signing in: rows 3 to 5 ---


def test_the_admin_signs_in_with_the_token(served: Served) -> None:
    answers = [served.request("POST", LOGIN, headers=headers) for headers in ({}, keyed("wrong"), ADMIN)]
    assert [answer.status_code for answer in answers] == [401, 401, 200]
    assert [list(answer.json()) for answer in answers] == [["message"], ["message"], ["authenticated"]]
    assert ["set-cookie" in answer.headers for answer in answers] == [False, False, True]
    right = answers[2]
    assert right.json() == {"authenticated": True}
    assert right.headers["cache-control"] == "no-store"
    events = served.get(HISTORY, headers=ADMIN).json()["data"]
    assert [{key: value for key, value in event.items() if key != "timestamp"} for event in events] == [
        {
            "username": "Built-in admin",
            "action": "USER_LOGIN",
            "object_id": None,
            "old_value": None,
            "new_value": None,
        }
    ]


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"content": b"{", "headers": {"Content-Type": "application/json"}},
        {"content": b"\xff\x00", "headers": {"Content-Type": "image/png"}},
        {"json": [1]},
        {"json": {"csrf_token": "whatever"}},
        {"data": {"a": "b"}},
    ],
)
def test_the_body_of_a_login_is_ignored(served: Served, sent: dict[str, Any]) -> None:
    answer = served.request("POST", LOGIN, **{**sent, "headers": {**sent.get("headers", {}), **ADMIN}})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("url", "public_url", "is_secure"),
    [
        ("https://reg.example.com", None, True),
        ("http://reg.example.com", None, False),
        ("http://reg.example.com", "https://reg.example.com", True),
        ("http://reg.example.com", "http://reg.example.com", False),
        ("https://reg.example.com", "http://reg.example.com", True),
    ],
)
def test_the_cookie_is_for_this_registry_and_its_pages_alone(
    open_empty: Open, url: str, public_url: str | None, is_secure: bool
) -> None:
    served = open_empty(Settings(public_url=public_url), sign_in=SIGN_IN)
    answer = served.request("POST", f"{url}{LOGIN}", headers=ADMIN)
    cookie = cookie_of(answer)
    assert len(cookie["value"]) >= 43
    assert SimpleCookie(answer.headers["Set-Cookie"])["session"].value == cookie["value"]
    expected = {"value": cookie["value"], "httponly": "", "path": "/", "samesite": "Lax", "max-age": "3600"}
    assert cookie == (expected | {"secure": ""} if is_secure else expected)
    form = {"token": "admin-key", "redirect": "/x"}
    by_form = cookie_of(served.request("POST", f"{url}/login", data=form))
    assert {**by_form, "value": ""} == {**cookie, "value": ""}
    end = cookie_of(served.request("GET", f"{url}/logout", headers={"Cookie": f"session={cookie['value']}"}))
    assert (end["max-age"], end["path"], "secure" in end, end["samesite"]) == ("0", "/", is_secure, "Lax")
    assert end["value"] in {"", '""'}


def test_without_a_secret_key_nobody_signs_in_and_nothing_fails(open_empty: Open) -> None:
    served = open_empty()
    refused = served.request("POST", LOGIN, headers=ADMIN)
    assert (refused.status_code, list(refused.json())) == (403, ["message"])
    assert "set-cookie" not in refused.headers
    out = served.request("GET", "/logout", headers={"Cookie": "session=x"})
    assert (out.status_code, out.headers["location"]) == (302, "/")
    assert served.request("POST", "/logout").status_code == 303
    form = served.request("POST", "/login", data={"token": "admin-key"})
    assert form.status_code == 403
    assert "set-cookie" not in form.headers
    assert served.get("/login").status_code == 200
    assert served.post(NAMESPACES, {"name": "acme"}).status_code == 200
    assert status(served, {"Cookie": "session=x"}) == NOBODY


def test_others_than_the_built_in_admin_do_not_sign_in_as_it(served: Served) -> None:
    for headers in (keyed("upload-key"), keyed("publish-key"), bearing("ignore-key")):
        assert served.request("POST", LOGIN, headers=headers).status_code == 403
    # Without access controls, everybody who signed in is a site admin, and no more than that.
    session = begun_session(served, ALICE)
    assert status(served, session.headers)["site_admin"] is True
    assert served.request("POST", LOGIN, headers=session.proved).status_code == 403
    assert served.request("POST", LOGIN, headers=keyed(made_token(served, Person.built_in_admin()))).status_code == 403


def test_an_unset_admin_token_is_nobodys(open_empty: Open) -> None:
    served = open_empty(secrets=ConfiguredSecrets(), sign_in=SIGN_IN)
    for headers in (ADMIN, keyed(""), {}):
        assert served.request("POST", LOGIN, headers=headers).status_code == 401
    assert served.request("POST", "/login", data={"token": ""}).status_code == 403


# --- one session after the other ---


def test_a_login_replaces_the_session_of_its_browser(served: Served) -> None:
    first = admin_session(served)
    second = session_in(served.request("POST", LOGIN, headers=first.proved))
    third = session_in(served.request("POST", LOGIN, headers=second.headers | ADMIN))
    assert len({first.value, second.value, third.value}) == 3
    assert [is_signed_in(served, session) for session in (first, second, third)] == [False, False, True]


def test_other_browsers_stay_signed_in(served: Served) -> None:
    first, second = admin_session(served), admin_session(served)
    assert is_signed_in(served, first)
    assert is_signed_in(served, second)


@pytest.mark.parametrize("path", [LOGIN, "/login"])
def test_nobody_can_be_given_a_session_before_they_sign_in(served: Served, path: str) -> None:
    chosen = InSession("A" * 43, "")
    form = {"data": {"token": "admin-key"}} if path == "/login" else {"headers": ADMIN}
    headers = {**form.pop("headers", {}), **chosen.headers}
    answer = served.request("POST", path, headers=headers, **form)
    assert cookie_of(answer)["value"] != chosen.value
    assert not is_signed_in(served, chosen)


def test_the_store_does_not_hold_what_the_browser_keeps(served: Served) -> None:
    session = admin_session(served)
    token = made_token(served, ALICE)
    files = list(served.options.data_directory.glob("terrareg.db*"))
    stored = b"".join(file.read_bytes() for file in files)
    assert b"Built-in admin" in stored
    for secret in (session.value, session.csrf_token, token, "admin-key", "upload-key", "secret-key-of-the-tests"):
        assert secret.encode() not in stored


# --- the end: rows 10 to 12 ---

STARTS = ("/hub/login", "/openid/login", "/saml/login?sso", "/saml/login", "/login", "/hub/callback", "/saml/login?sls")


def test_a_session_that_ended_never_comes_back(served: Served) -> None:
    for somebody in (Person.built_in_admin(), ALICE, github_user("octo")):
        session = begun_session(served, somebody)
        assert is_signed_in(served, session)
        out = served.get("/logout", headers=session.headers)
        assert (out.status_code, out.headers["location"]) == (302, "/")
        for path in STARTS:
            answer = served.get(path, headers=session.headers)
            assert answer.status_code in {200, 302}
            assert "session=" not in answer.headers.get("Set-Cookie", "")
            assert not is_signed_in(served, session)


def test_beginning_to_sign_in_changes_no_session(served: Served) -> None:
    session = begun_session(served, ALICE)
    started = served.get("/hub/login", headers=session.headers)
    assert started.status_code == 302
    assert started.headers["location"].startswith("https://hub.test/login/oauth/authorize?")
    cookie = cookie_of(started, "login_flow")
    assert {**cookie, "value": ""} == {
        "value": "",
        "httponly": "",
        "path": "/",
        "samesite": "Lax",
        "secure": "",
        "max-age": "600",
    }
    assert is_signed_in(served, session)
    assert not is_signed_in(served, InSession(cookie["value"], ""))


def test_a_session_ends_an_hour_after_it_began_whatever_is_done_in_it() -> None:
    with opened() as served:
        session = begun_session(served, Person.built_in_admin())
        for _ in range(59):
            served.world.clock.advance(timedelta(minutes=1))
            assert is_signed_in(served, session)
        served.world.clock.advance(timedelta(seconds=59.9))
        assert is_signed_in(served, session)
        served.world.clock.advance(timedelta(seconds=0.1))
        assert not is_signed_in(served, session)
        for path in STARTS:
            served.get(path, headers=session.headers)
            assert not is_signed_in(served, session)
        assert served.post(NAMESPACES, {"name": "x1"}, headers=session.proved).status_code == 401


def test_a_login_clears_away_what_has_expired() -> None:
    with opened() as served:
        old = [begun_session(served, ALICE) for _ in range(3)]
        served.world.clock.advance(timedelta(hours=2))
        admin_session(served)
        with served.opened_store() as unit_of_work, unit_of_work.write() as tx:
            assert tx.sessions.purge(served.world.clock.now(), 10) == 0
        assert not any(is_signed_in(served, session) for session in old)


def test_sessions_outlive_the_process(served: Served) -> None:
    people = (Person.built_in_admin(), ALICE, github_user("octo"))
    sessions = [begun_session(served, somebody) for somebody in people]
    with Served(served.options) as again:
        for somebody, session in zip(people, sessions, strict=True):
            assert is_signed_in(again, session)
            answer = again.post(NAMESPACES, {"name": f"by-{somebody.method.value}"}, headers=session.proved)
            assert answer.status_code == 200


@pytest.mark.parametrize(
    ("changes", "lasting"),
    [
        ({"secrets": attrs.evolve(SECRETS, admin=Secret.of("another"))}, {"openid", "github"}),
        ({"secrets": attrs.evolve(SECRETS, admin=None)}, {"openid", "github"}),
        ({"sign_in": attrs.evolve(SIGN_IN, secret_key="another")}, set()),
        ({"sign_in": attrs.evolve(SIGN_IN, secret_key=None)}, set()),
        ({"sign_in": attrs.evolve(SIGN_IN, openid=None)}, {"password", "github"}),
        ({"sign_in": attrs.evolve(SIGN_IN, github=())}, {"password", "openid"}),
        ({"access": AccessPolicy(access_controls=True, anonymous_access=False)}, {"password", "openid", "github"}),
    ],
)
def test_sessions_end_with_what_they_hang_on(served: Served, changes: dict[str, Any], lasting: set[str]) -> None:
    people = (Person.built_in_admin(), ALICE, github_user("octo"))
    sessions = {somebody.method.value: begun_session(served, somebody) for somebody in people}
    with Served(attrs.evolve(served.options, **changes)) as again:
        assert {method for method, session in sessions.items() if is_signed_in(again, session)} == lasting
    # Whoever changed it by mistake changes it back.
    with Served(served.options) as again:
        assert all(is_signed_in(again, session) for session in sessions.values())


@pytest.mark.parametrize(
    ("headers", "ends"),
    [
        ({}, True),
        ({"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "cross-site"}, True),
        ({"Sec-Fetch-Mode": "navigate"}, True),
        ({"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Mode": "cors", "Origin": "https://evil.example"}, False),
        ({"Sec-Fetch-Mode": "cors", "Origin": "https://reg.example.com"}, True),
    ],
)
def test_following_a_link_signs_out_and_loading_an_image_does_not(
    served: Served, headers: dict[str, str], ends: bool
) -> None:
    session = admin_session(served)
    answer = served.get("/logout", headers={**session.headers, **headers})
    assert (answer.status_code, answer.headers["location"]) == (302, "/")
    assert answer.headers["cache-control"] == "no-store"
    assert is_signed_in(served, session) is not ends
    assert ("set-cookie" in answer.headers) is ends


def test_signing_out_by_form_takes_the_token(served: Served) -> None:
    session = admin_session(served)
    for data in ({}, {"csrf_token": "wrong"}):
        assert served.request("POST", "/logout", headers=session.headers, data=data).status_code == 403
        assert is_signed_in(served, session)
    answer = served.request("POST", "/logout", headers=session.headers, data={"csrf_token": session.csrf_token})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert not is_signed_in(served, session)
    again = served.request("POST", "/logout", headers=session.headers, data={"csrf_token": session.csrf_token})
    assert again.status_code == 303
    actions = [event["action"] for event in served.get(HISTORY, headers=ADMIN).json()["data"]]
    assert actions == ["USER_LOGOUT", "USER_LOGIN"]


@pytest.mark.parametrize(
    "cookie",
    [
        b"session=",
        b"session=x",
        b'session="x; y"',
        b"session=" + b"x" * 100_000,
        b"session=\xff\xfe\x80",
        "session=\u00e9\u4e16".encode(),
        b"session",
        b"=;;=;session=\x01",
        b"session=a; session=b",
        b"; ".join(b"c%d=%d" % (number, number) for number in range(1000)),
    ],
)
def test_hostile_cookies_are_nobodys(served: Served, cookie: bytes) -> None:
    for method, path in (("GET", STATUS), ("GET", "/logout"), ("POST", LOGIN), ("GET", MODULES), ("POST", NAMESPACES)):
        answer = served.request(method, path, headers={"Cookie": cookie})
        assert answer.status_code in {200, 302, 401}
    assert served.get(STATUS, headers={"Cookie": cookie}).json() == NOBODY


# --- caches and logs ---


def test_what_depends_on_the_caller_varies_with_them(open_empty: Open) -> None:
    for access in (AccessPolicy(), AccessPolicy(anonymous_access=False)):
        served = open_empty(access=access, sign_in=SIGN_IN)
        session = admin_session(served)
        paths = (
            *(MODULES, NAMESPACES, f"{NAMESPACES}/nope", HISTORY, GROUPS, TOKENS, "/", "/user-groups", "/login"),
            *(f"{MANAGED}/a/b/c/1.0.0/source.zip", "/modules/aa/bb/cc?terraform-get=1", STATUS),
        )
        for path in paths:
            for headers in ({}, ADMIN, session.headers):
                answer = served.get(path, headers=headers)
                assert answer.status_code < 500
                assert "Cookie" in answer.headers.get("Vary", ""), (path, headers, answer.status_code)


@pytest.mark.parametrize("path", [LOGIN, STATUS, TOKENS, "/logout", "/login", "/hub/login", "/hub/auth/status"])
def test_what_concerns_signing_in_is_kept_by_no_cache(served: Served, path: str) -> None:
    method = "POST" if path == LOGIN else "GET"
    assert served.request(method, path, headers=ADMIN).headers["Cache-Control"] == "no-store"


def test_the_log_holds_no_secret(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    session = admin_session(served)
    token = served.post(TOKENS, {"name": "ci", "scopes": ["read"]}, headers=session.proved).json()["token"]
    by_form = served.request("POST", "/login", data={"token": "admin-key"})
    served.request("POST", "/login", data={"token": "typed-by-mistake"})
    started = served.get("/hub/login", headers=session.headers)
    state = httpx.URL(started.headers["location"]).params["state"]
    flow = cookie_of(started, "login_flow")["value"]
    served.get(f"/hub/callback?code=the-code&state={state}x", headers={"Cookie": f"login_flow={flow}"})
    served.get(f"/openid/callback?code=the-code&state={state}", headers={"Cookie": f"login_flow={flow}"})
    served.get(MODULES, headers=bearing(token) | session.headers)
    served.get(MODULES, headers=keyed("guessed-key") | bearing("guessed-token"))
    served.post(NAMESPACES, {"name": "x1", "csrf_token": "stolen-token"}, headers=session.headers)
    served.get("/logout", headers=session.headers)
    secrets = {
        session.value,
        session.csrf_token,
        token,
        cookie_of(by_form)["value"],
        state,
        flow,
        *("admin-key", "typed-by-mistake", "the-code", "guessed-key", "guessed-token", "stolen-token"),
        *("client-secret", "secret-key-of-the-tests"),
    }
    # The client in this process tells of its requests as well.
    logged = "\n".join(map(logging.Formatter().format, (it for it in caplog.records if it.name != "httpx")))
    assert {secret for secret in secrets if secret in logged} == set()
    assert "wrong credentials" in logged
