"""What protects people in sessions from other sites' pages (chapter 04, 6.3; rows 6, 7 and 9 of its section 21)."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from terrareg_core.access.authentication import ConfiguredSecrets
from terrareg_core.access.csrf import CsrfRule
from terrareg_core.access.keys import Secret
from terrareg_core.access.people import Person
from terrareg_core.access.permissions import AccessPolicy
from terrareg_http.arguments import Form, Multipart, QueryAndForm
from terrareg_http.routes import ROUTES
from terrareg_http.settings import Settings
from tests.integration.http.conftest import Open
from tests.integration.http.people import GROUPS, LOGIN, SIGN_IN, TOKENS, InSession, admin_session, begun_session
from tests.integration.http.serving import ADMIN, MANAGED, NAMESPACES, Client, ServedWorld
from tests.integration.http.test_namespaces import is_domain_error
from tests.integration.http.test_permission_matrix import ASKED, PARAMETERS, Asked, Route
from tests.unit.registries import make_world

NEEDS_TOKEN = {
    "createNamespace",
    "changeNamespace",
    "deleteNamespace",
    "createModuleProvider",
    "changeModuleProvider",
    "deleteModuleProvider",
    "deleteRedirect",
    "deleteVersion",
    "createAccessToken",
    "deleteAccessToken",
    "logOutByForm",
    "confirmTerraform",
}
"""The writes whose token is required of sessions: 4.1, decision 30, and the forms of our own pages."""

NEEDS_OWN_PAGE = {
    "uploadVersion",
    "importVersion",
    "importNamedVersion",
    "publishVersion",
    "logInAsAdmin",
    "createUserGroup",
    "deleteUserGroup",
    "grantPermission",
    "revokePermission",
    "logIn",
}
"""The writes that ask for a token or a request of no other site (6.3, 5)."""

WITH_PROOF = {
    "receiveBitbucketHook",
    "receiveGithubHook",
    "receiveGitlabHook",
    "receiveGiteaHook",
    "finishSamlLogin",
    "exchangeCode",
}
"""The writes that prove themselves: signed ones, an assertion, a code."""

IN_JSON = (NEEDS_TOKEN | NEEDS_OWN_PAGE) - {"uploadVersion", "logIn", "logOutByForm", "confirmTerraform"}
"""The writes whose body may be JSON; the others take files or forms."""

WRITES = [route for route in ROUTES if route.id in NEEDS_TOKEN | NEEDS_OWN_PAGE]
OWN, OTHER = "https://reg.example.com", "https://evil.example"
UNPROVED: dict[str, dict[str, str]] = {
    "nothing": {},
    "own origin": {"Origin": OWN},
    "same-origin": {"Sec-Fetch-Site": "same-origin"},
    "typed address": {"Sec-Fetch-Site": "none"},
    "same-origin by the browser, whatever the origin": {"Sec-Fetch-Site": "same-origin", "Origin": OTHER},
}
"""What requests without a token say that no other site made."""
CROSS_SITE: dict[str, dict[str, str]] = {
    "cross-site": {"Sec-Fetch-Site": "cross-site"},
    "same-site": {"Sec-Fetch-Site": "same-site"},
    "cross-site by the browser, whatever the origin": {"Sec-Fetch-Site": "cross-site", "Origin": OWN},
    "unknown word": {"Sec-Fetch-Site": "SAME-ORIGIN"},
    "other origin": {"Origin": OTHER},
    "other scheme": {"Origin": "http://reg.example.com"},
    "other port": {"Origin": f"{OWN}:8443"},
    "opaque origin": {"Origin": "null"},
    "empty origin": {"Origin": ""},
}


def opened(settings: Settings | None = None, **policy: bool) -> ServedWorld:
    """A registry that holds `ns1/vpc/aws`."""
    world = make_world(access=AccessPolicy(**policy), secrets=ConfiguredSecrets(admin=Secret.of("admin-key")))
    served = ServedWorld(world, settings)
    assert served.post(NAMESPACES, {"name": "ns1"}).status_code == 200
    assert served.post(f"{MANAGED}/ns1/vpc/aws/create", {}).status_code == 200
    return served


def write(client: Client, route: Route, headers: Mapping[str, str], token: object = None) -> httpx.Response:
    """Call a write with these headers, and with `token` in its body."""
    asked = ASKED.get(route.id, Asked())
    path = route.path.format_map(PARAMETERS | asked.path)
    document: dict[str, Any] = dict(asked.document) if isinstance(asked.document, dict) else {}
    if token is not None:
        document["csrf_token"] = token
    is_form = isinstance(route.takes, Form | QueryAndForm)
    body = {"data": {"nothing": "", **(asked.form or {}), **document}} if is_form else {"json": document}
    return client.request(route.method, path, headers=headers, **body)


def is_refused(answer: httpx.Response) -> bool:
    """Whether the request was taken for another site's."""
    return answer.status_code == 403 and "json" in answer.headers["Content-Type"] and is_domain_error(answer.json())


def session_of(served: Client) -> InSession:
    return begun_session(served, Person.built_in_admin())


def test_every_write_has_the_rule_that_the_specification_gives_it() -> None:
    rules = {route.id: route.csrf for route in ROUTES if route.method != "GET"}
    assert rules == {
        **dict.fromkeys(NEEDS_TOKEN, CsrfRule.TOKEN),
        **dict.fromkeys(NEEDS_OWN_PAGE, CsrfRule.SAME_ORIGIN),
        **dict.fromkeys(WITH_PROOF, CsrfRule.NONE),
    }
    assert all(route.csrf is CsrfRule.NONE for route in ROUTES if route.method == "GET")


@pytest.mark.parametrize("route", WRITES, ids=lambda route: route.id)
def test_the_sessions_token_proves_a_request_wherever_it_travels(route: Route) -> None:
    with opened() as served:
        places = ["header"] if isinstance(route.takes, Multipart) else ["header", "body"]
        for place in places:
            for site in ({}, CROSS_SITE["cross-site"]):
                session = session_of(served)
                sent = {**session.headers, **site}
                if place == "header":
                    answer = write(served, route, {**sent, "X-CSRF-Token": session.csrf_token})
                else:
                    answer = write(served, route, sent, session.csrf_token)
                assert not is_refused(answer), (place, site)


@pytest.mark.parametrize("route", WRITES, ids=lambda route: route.id)
def test_a_wrong_token_is_refused_wherever_it_travels(route: Route) -> None:
    with opened() as served:
        session, other = session_of(served), session_of(served)
        right = session.csrf_token
        wrong = ["wrong", other.csrf_token, right[:-1], right + "0", right.upper(), " ", "\u00e9"]
        for token in wrong:
            header = {**session.headers, **UNPROVED["same-origin"], "X-CSRF-Token": token.encode("utf-8")}
            assert is_refused(write(served, route, header)), token  # type: ignore[arg-type]
            if not isinstance(route.takes, Multipart):
                assert is_refused(write(served, route, session.headers, token)), token
        # The header is the one that is read, and decides.
        both = {**session.headers, "X-CSRF-Token": "wrong"}
        assert is_refused(write(served, route, both, right))
        if not isinstance(route.takes, Multipart):
            assert not is_refused(write(served, route, {**session.headers, "X-CSRF-Token": right}, "wrong"))


@pytest.mark.parametrize("route", WRITES, ids=lambda route: route.id)
def test_without_a_token_a_request_passes_only_where_no_other_site_made_it(route: Route) -> None:
    with opened() as served:
        for name, headers in UNPROVED.items():
            answer = write(served, route, {**session_of(served).headers, **headers})
            assert is_refused(answer) is (route.id in NEEDS_TOKEN), name
        for name, headers in CROSS_SITE.items():
            assert is_refused(write(served, route, {**session_of(served).headers, **headers})), name


@pytest.mark.parametrize("route", WRITES, ids=lambda route: route.id)
def test_keys_need_no_token_and_no_page(route: Route) -> None:
    with opened() as served:
        key = begun_session(served, Person.built_in_admin()).headers | ADMIN
        for headers in (*UNPROVED.values(), *CROSS_SITE.values()):
            assert not is_refused(write(served, route, {**key, **headers, "X-CSRF-Token": "wrong"}))


@pytest.mark.parametrize("route", [route for route in WRITES if route.needs is not None], ids=lambda route: route.id)
def test_permission_comes_before_the_token(route: Route) -> None:
    with opened() as served:
        answer = write(served, route, CROSS_SITE["cross-site"])
        assert (answer.status_code, list(answer.json())) == (401, ["message"])


@pytest.mark.parametrize("operation", ["uploadVersion", "publishVersion", "importVersion", "importNamedVersion"])
def test_another_site_cannot_make_a_visitor_publish_where_anybody_may(operation: str) -> None:
    (route,) = (route for route in WRITES if route.id == operation)
    with opened(anonymous_publishing=True) as served:
        for name, headers in CROSS_SITE.items():
            assert is_refused(write(served, route, headers)), name
        for name, headers in UNPROVED.items():
            assert write(served, route, headers).status_code == 400, name


@pytest.mark.parametrize(
    ("public_url", "origin", "passes"),
    [
        (None, "https://reg.example.com", True),
        (None, "https://public.example.com", False),
        ("https://public.example.com", "https://public.example.com", True),
        ("https://public.example.com/", "https://public.example.com", True),
        ("https://PUBLIC.example.com:443", "https://public.example.com", True),
        ("https://public.example.com:8443", "https://public.example.com:8443", True),
        ("https://public.example.com", "https://reg.example.com", False),
        ("https://public.example.com", "https://public.example.com.evil.example", False),
        ("http://public.example.com", "https://public.example.com", False),
    ],
)
def test_the_public_url_says_what_the_own_origin_is(public_url: str | None, origin: str, passes: bool) -> None:
    with opened(Settings(public_url=public_url)) as served:
        answer = served.post(GROUPS, {}, headers={**session_of(served).headers, "Origin": origin})
        assert is_refused(answer) is not passes


# --- rows of section 21 ---


def test_a_session_needs_its_token_to_create_a_namespace(open_empty: Open) -> None:
    served = open_empty(sign_in=SIGN_IN)
    session = admin_session(served)

    def create(name: str, headers: Mapping[str, str], **document: object) -> httpx.Response:
        return served.post(NAMESPACES, {"name": name, **document}, headers={**session.headers, **headers})

    assert is_refused(create("x1", {}))
    assert is_refused(create("x1", {}, csrf_token="wrong"))
    assert create("x1", {}, csrf_token=session.csrf_token).status_code == 200
    assert create("x2", {"X-CSRF-Token": session.csrf_token}).status_code == 200
    # An empty header is none.
    assert create("x3", {"X-CSRF-Token": ""}, csrf_token=session.csrf_token).status_code == 200


def test_a_key_beats_a_session_and_its_wrong_token(open_empty: Open) -> None:
    served = open_empty(sign_in=SIGN_IN)
    headers = admin_session(served).headers | ADMIN
    assert served.post(NAMESPACES, {"name": "x1", "csrf_token": "wrong"}, headers=headers).status_code == 200


def test_another_sites_page_publishes_nothing(open_fixture: Open) -> None:
    served = open_fixture(sign_in=SIGN_IN)
    session = admin_session(served)
    path = f"{MANAGED}/acme/vpc/aws/2.0.0/publish"
    assert is_refused(served.request("POST", path, headers={**session.headers, "Origin": OTHER}))
    assert served.get(f"{MANAGED}/acme/vpc/aws/2.0.0").json()["published"] is False
    assert served.request("POST", path, headers=session.headers).status_code == 200


def test_an_upload_from_another_sites_page_is_refused_before_it_is_received(open_empty: Open) -> None:
    served = open_empty(sign_in=SIGN_IN)
    served.post(NAMESPACES, {"name": "acme"})
    session = admin_session(served)
    refused = served.upload("acme/vpc/aws/1.0.0", headers={**session.headers, **CROSS_SITE["cross-site"]})
    assert is_refused(refused)
    assert served.upload("acme/vpc/aws/1.0.0", headers=session.proved | CROSS_SITE["cross-site"]).status_code == 200


def test_each_login_has_a_token_of_its_own(open_empty: Open) -> None:
    served = open_empty(sign_in=SIGN_IN)
    first = admin_session(served)
    again = served.request("POST", LOGIN, headers=first.proved)
    second = InSession(again.cookies["session"], again.headers["X-CSRF-Token"])
    assert first.csrf_token != second.csrf_token
    assert min(len(first.csrf_token), len(second.csrf_token)) >= 40
    mixed = {**second.headers, "X-CSRF-Token": first.csrf_token}
    assert is_refused(served.post(NAMESPACES, {"name": "x1"}, headers=mixed))
    assert served.post(NAMESPACES, {"name": "x1"}, headers=second.proved).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", NAMESPACES),
        ("POST", f"{NAMESPACES}/ns1"),
        ("DELETE", f"{NAMESPACES}/ns1"),
        ("POST", f"{MANAGED}/ns1/vpc/aws/create"),
        ("POST", f"{MANAGED}/ns1/vpc/aws/settings"),
        ("POST", f"{MANAGED}/ns1/vpc/aws/import"),
        ("POST", GROUPS),
        ("POST", f"{GROUPS}/g/permissions/ns1"),
        ("POST", TOKENS),
    ],
)
def test_json_must_be_declared_so_that_browsers_ask_first(method: str, path: str) -> None:
    with opened() as served:
        for media_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
            headers = {**session_of(served).proved, "Content-Type": media_type}
            answer = served.request(method, path, headers=headers, content=b"{}")
            assert (answer.status_code, list(answer.json())) == (415, ["message"])


@pytest.mark.parametrize("token", [5, True, ["x"], {"a": 1}, "\0", "x" * 100_000])
@pytest.mark.parametrize("route", [it for it in WRITES if it.id in IN_JSON], ids=lambda route: route.id)
def test_a_token_of_another_kind_is_a_clients_mistake(route: Route, token: object) -> None:
    with opened() as served:
        assert 200 <= write(served, route, session_of(served).headers, token).status_code < 500
