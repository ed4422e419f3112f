"""Access as an operator's settings make it: rows 12 to 20, 58 and 59 of chapter 04, section 21."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from terrareg_adapters.assembly import RegistryOptions
from terrareg_core.access.people import Person
from terrareg_core.identifiers import NamespaceName
from terrareg_core.namespaces.model import NamespaceKind
from terrareg_core.transactions import UnitOfWork
from terrareg_http.bootstrap import open_deployed, prepare
from terrareg_http.routes import ROUTES
from terrareg_http.settings import Settings
from tests.integration.http.people import (
    HISTORY,
    LOGIN,
    STATUS,
    InSession,
    admin_session,
    bearing,
    begun_session,
    github_user,
    given_group,
    keyed,
    person,
)
from tests.integration.http.serving import HOST, MANAGED, MODULES, NAMESPACES, Client, module_zip, opened_store
from tests.integration.http.test_permission_matrix import Route, rsa_key

ADMIN = keyed("admin-key")
VERSIONS = f"{MODULES}/ns1/vpc/aws/versions"
HUB = (
    '[{"name": "hub", "type": "github", "base_url": "https://hub.test", "api_url": "https://api.hub.test", '
    '"client_id": "c", "client_secret": "s", "app_id": "1", "private_key_path": "/nowhere", '
    '"login_button_text": "Hub", "auto_generate_namespaces": true}]'
)
USUAL = {
    "ADMIN_AUTHENTICATION_TOKEN": "admin-key",
    "PUBLIC_URL": f"https://{HOST}",
    "OPENID_CONNECT_CLIENT_ID": "client",
    "OPENID_CONNECT_CLIENT_SECRET": "secret",
    "OPENID_CONNECT_ISSUER": "http://127.0.0.1:9",
    "PROVIDER_SOURCES": HUB,
}
CLOSED = {"ALLOW_UNAUTHENTICATED_ACCESS": "false"}
CONTROLLED = {"ENABLE_ACCESS_CONTROLS": "true"}


class Deployed(Client):
    """A registry as environment variables make it."""

    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        deployment = prepare(Settings.from_environment({"DATA_DIRECTORY": str(directory), **environment}))
        super().__init__(open_deployed(deployment), deployment.settings)
        self.settings = deployment.settings

    def opened_store(self) -> AbstractContextManager[UnitOfWork]:
        return opened_store(RegistryOptions(data_directory=self.settings.data_directory))


Deploy = Callable[..., Deployed]


@pytest.fixture
def deploy(tmp_path: Path) -> Iterator[Deploy]:
    """Deploys registries over one data directory, which holds `ns1/vpc/aws` and `ns2/vpc/aws`."""
    with ExitStack() as stack:

        def deployed(**environment: str) -> Deployed:
            return stack.enter_context(Deployed(tmp_path, USUAL | environment))

        first = deployed()
        for name in ("ns1", "ns2"):
            assert first.post(NAMESPACES, {"name": name}, headers=ADMIN).status_code == 200
            assert first.post(f"{MANAGED}/{name}/vpc/aws/create", {}, headers=ADMIN).status_code == 200
        yield deployed


def upload(served: Client, headers: Mapping[str, str], address: str = "ns1/vpc/aws/1.0.0") -> int:
    """The status of an upload."""
    return served.upload(address, module_zip(), headers=headers).status_code


def publish(served: Client, headers: Mapping[str, str]) -> int:
    """The status of publishing a version that does not exist: 400 for those who may."""
    return served.request("POST", f"{MANAGED}/ns1/vpc/aws/9.9.9/publish", headers=headers).status_code


# --- keys and tokens (13 to 15) ---


def test_an_upload_key_gives_no_less_than_no_key(deploy: Deploy) -> None:
    assert deploy(UPLOAD_API_KEYS="u").get(MODULES, headers=keyed("u")).status_code == 200
    assert deploy(UPLOAD_API_KEYS="u", **CLOSED).get(MODULES, headers=keyed("u")).status_code == 403


def test_an_analytics_key_is_what_stands_before_the_colon(deploy: Deploy) -> None:
    served = deploy(ANALYTICS_AUTH_KEYS="k:dev", **CLOSED)
    assert served.get(VERSIONS, headers=bearing("k")).status_code == 200
    assert served.get(MODULES, headers=bearing("k")).status_code == 403
    for wrong in ("Bearer k:dev", "bearer k", "Bearer  k", "BEARER k", "Bearer k ", "k", "Basic k"):
        assert served.get(VERSIONS, headers={"Authorization": wrong}).status_code == 401


def test_no_secret_has_a_default_that_everybody_knows(deploy: Deploy) -> None:
    served = deploy(**CLOSED)
    for guess in ("internal-terrareg-analytics-token", "", "None", "admin", "secret"):
        assert served.get(VERSIONS, headers={"Authorization": f"Bearer {guess}"}).status_code == 401
    generated = served.settings.internal_extraction_analytics_token
    assert generated is not None
    assert served.get(VERSIONS, headers=bearing(generated)).status_code == 200
    assert served.get(MODULES, headers=bearing(generated)).status_code == 403


@pytest.mark.parametrize("keys", ["", ",", " , "])
def test_empty_keys_are_none(deploy: Deploy, keys: str) -> None:
    served = deploy(UPLOAD_API_KEYS=keys, PUBLISH_API_KEYS=keys, ADMIN_AUTHENTICATION_TOKEN="", **CLOSED)
    for headers in (keyed(""), keyed(","), keyed(" "), {}):
        assert upload(served, headers) == publish(served, headers) == 401
        assert served.request("POST", LOGIN, headers=headers).status_code == 401


def test_keys_may_hold_any_letters(deploy: Deploy) -> None:
    served = deploy(UPLOAD_API_KEYS="schl\u00fcssel,\u4e16\u754c")
    for key in ("schl\u00fcssel", "\u4e16\u754c"):
        assert upload(served, {"X-Terrareg-ApiKey": key.encode()}) == 200  # type: ignore[dict-item]
    assert upload(served, {"X-Terrareg-ApiKey": "schl\u00fcssel".encode("latin-1")}) == 401  # type: ignore[dict-item]


# --- access controls (16 to 18) ---


def test_a_permission_is_good_for_its_namespace_and_no_more_than_it_says(deploy: Deploy) -> None:
    served = deploy(**CONTROLLED)
    given_group(served, "g", rights={"ns1": "MODIFY"})
    member, other = (begun_session(served, person("alice", group)).proved for group in ("g", "G"))

    def statuses(headers: Mapping[str, str]) -> list[int]:
        return [
            served.post(f"{MANAGED}/ns1/vpc/aws/settings", {"verified": True}, headers=headers).status_code,
            served.delete(f"{MANAGED}/ns1/vpc/aws/delete", {}, headers=headers).status_code,
            served.post(f"{MANAGED}/ns2/vpc/aws/settings", {"verified": True}, headers=headers).status_code,
            served.post(NAMESPACES, {"name": "ns9"}, headers=headers).status_code,
            served.get(HISTORY, headers=headers).status_code,
        ]

    assert statuses(member) == [200, 403, 403, 403, 403]
    assert statuses(other) == [403] * 5


def test_with_access_controls_an_upload_takes_a_permission(deploy: Deploy) -> None:
    served = deploy(**CONTROLLED)
    given_group(served, "g", rights={"ns1": "MODIFY"})
    nobody, member = (begun_session(served, person(*words)).proved for words in (("bob",), ("alice", "g")))
    assert [upload(served, headers) for headers in ({}, nobody, member)] == [401, 403, 200]
    # What doesn't exist yet is nobody's to create but the admin's.
    assert upload(served, member, "ns9/vpc/aws/1.0.0") == 403
    assert upload(served, ADMIN, "ns9/vpc/aws/1.0.0") == 200


# --- publishing without keys (19; decision 25) ---


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, [401, 401]),
        ({"ALLOW_UNAUTHENTICATED_PUBLISHING": "true"}, [200, 400]),
        ({"ALLOW_UNAUTHENTICATED_PUBLISHING": "true", **CLOSED}, [401, 401]),
        ({"ALLOW_UNAUTHENTICATED_PUBLISHING": "true", **CONTROLLED}, [401, 401]),
        ({"ALLOW_UNAUTHENTICATED_PUBLISHING": "true", "UPLOAD_API_KEYS": "u"}, [401, 400]),
        ({"ALLOW_UNAUTHENTICATED_PUBLISHING": "true", "PUBLISH_API_KEYS": "p"}, [200, 401]),
    ],
)
def test_writing_without_a_credential_must_be_allowed(
    deploy: Deploy, environment: dict[str, str], expected: list[int]
) -> None:
    served = deploy(**environment)
    assert [upload(served, {}), publish(served, {})] == expected


# --- renamed namespaces (20) ---


def test_rights_follow_a_renamed_namespace_and_accounts_do_not(deploy: Deploy) -> None:
    served = deploy(**CONTROLLED)
    with served.opened_store() as unit_of_work, unit_of_work.write() as tx:
        tx.namespaces.add(NamespaceName.parse("octo"), kind=NamespaceKind.GITHUB_USER, source="hub")
    assert served.post(f"{MANAGED}/octo/vpc/aws/create", {}, headers=ADMIN).status_code == 200
    given_group(served, "owners", rights={"octo": "FULL"})
    member, account = (begun_session(served, it) for it in (person("alice", "owners"), github_user("octo")))

    def status(session: InSession, name: str) -> int:
        return served.post(f"{MANAGED}/{name}/vpc/aws/settings", {}, headers=session.proved).status_code

    assert status(member, "octo") == status(account, "octo") == 200
    assert served.get(STATUS, headers=account.headers).json()["namespace_permissions"] == {"octo": "FULL"}
    assert served.post(f"{NAMESPACES}/octo", {"name": "later"}, headers=ADMIN).status_code == 200
    for name in ("octo", "later"):
        assert status(member, name) == 200
        assert status(account, name) == 403
    assert served.get(STATUS, headers=account.headers).json()["namespace_permissions"] == {}


# --- restarts (12; decision 6) ---


def test_sessions_survive_a_restart_with_the_same_generated_secrets(deploy: Deploy) -> None:
    first = deploy()
    sessions = [begun_session(first, it) for it in (Person.built_in_admin(), person("alice"), github_user("octo"))]
    assert first.settings.secret_key
    again = deploy()
    assert all(again.get(STATUS, headers=it.headers).json()["authenticated"] for it in sessions)


@pytest.mark.parametrize("token", ["another", ""])
def test_another_admin_token_or_none_ends_the_admins_sessions(deploy: Deploy, token: str) -> None:
    first = deploy()
    session, key = admin_session(first), first.settings.secret_key
    again = deploy(ADMIN_AUTHENTICATION_TOKEN=token)
    assert again.settings.secret_key == key
    assert again.get(STATUS, headers=session.headers).json()["authenticated"] is False
    assert again.post(NAMESPACES, {"name": "ns9"}, headers=session.proved).status_code == 401


def test_a_generated_admin_token_that_steps_in_ends_them_as_well(deploy: Deploy, tmp_path: Path) -> None:
    session = admin_session(deploy())
    environment = {name: value for name, value in USUAL.items() if name != "ADMIN_AUTHENTICATION_TOKEN"}
    with Deployed(tmp_path, environment) as again:
        token = again.settings.admin_authentication_token
        assert token
        assert again.get(STATUS, headers=session.headers).json()["authenticated"] is False
        assert again.request("POST", LOGIN, headers=keyed(token)).status_code == 200


# --- pages (58 and 59) ---


def test_pages_of_a_closed_registry_lead_to_the_login(deploy: Deploy) -> None:
    served = deploy(ANALYTICS_AUTH_KEYS="k", **CLOSED)
    for path in ("/", "/user-groups", "/modules/ns1/vpc/aws", "/no/such/page?a=1&b=%2F"):
        for headers in ({}, bearing("k"), keyed("wrong")):
            answer = served.get(path, headers=headers)
            assert answer.status_code == 302
            assert answer.headers["location"] == f"/login?redirect={quote(path, safe='')}"
            assert answer.headers["cache-control"] == "no-store"
    session = begun_session(served, person("alice"))
    assert served.get("/", headers=session.headers).status_code == 404
    assert served.get("/login").status_code == 200


@pytest.mark.parametrize("path", ["/user-groups", "/audit-history"])
def test_pages_of_site_admins_are_not_for_others(deploy: Deploy, path: str) -> None:
    served = deploy(**CONTROLLED)
    for headers in ({}, begun_session(served, person("alice")).headers):
        answer = served.get(path, headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (403, "text/html; charset=utf-8")
        assert answer.headers["x-frame-options"] == "DENY"
    assert served.get(path, headers=admin_session(served).headers).status_code == 404


NOT_LOCAL = [
    *(
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "evil.example",
        "\\/evil.example",
        "///evil.example",
    ),
    *("/\t/evil.example", "/\n/evil.example", "/a\\b", "javascript:alert(1)", "", "/" + "x" * 2048, "/a b"),
    *("\\/evil.example", "/\u2028x"),
]


@pytest.mark.parametrize("path", NOT_LOCAL)
def test_nobody_is_sent_to_another_site_after_signing_in(deploy: Deploy, path: str) -> None:
    served = deploy()
    by_form = served.request("POST", "/login", data={"token": "admin-key", "redirect": path})
    assert (by_form.status_code, by_form.headers["location"]) == (303, "/")
    page = served.get(f"/login?redirect={quote(path)}")
    assert page.status_code == 200
    assert 'name="redirect" value="/"' in page.text
    assert "evil" not in page.text


@pytest.mark.parametrize("path", ["/", "/modules/a?b=c&d=%2Fe#f", "/a//b", "/\u4e16"])
def test_whoever_signed_in_is_where_they_wanted_to_be(deploy: Deploy, path: str) -> None:
    answer = deploy().request("POST", "/login", data={"token": "admin-key", "redirect": path})
    assert (answer.status_code, answer.headers["location"]) == (303, quote(path, safe="/:?=&%#"))


# --- what is asked wrongly ---

NEW = [route for route in ROUTES if route.tag in {"Access", "Signing in", "Terraform login"}]
WORDS = ["x", "%F0%9F%98%80", "%ff", "%00", "x" * 3000, "..%2F..", "%22%27%3C", "%0d%0aX:y"]
BODIES: list[dict[str, Any]] = [
    {},
    {"content": b"\xff\xfe\x00"},
    {"content": b"[" * 50_000, "headers": {"Content-Type": "application/json"}},
    {"json": [None, 5, {"a": []}]},
    {"json": {"name": {"a": 1}, "scopes": 5, "csrf_token": [1], "permission_type": [], "site_admin": "x"}},
    {"data": {"token": "\u4e16" * 100, "redirect": "\x00", "code": "x" * 10_000, "grant_type": "authorization_code"}},
    {"data": {f"field{number}": "x" for number in range(200)}},
    {"content": b"a=%ff&=&&b", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
    {"files": {"file": ("x", b"x")}},
]


@pytest.mark.parametrize("route", NEW, ids=lambda route: route.id)
def test_nothing_that_is_sent_makes_it_fail(deploy: Deploy, tmp_path: Path, route: Route) -> None:
    signing_key = tmp_path / "signing_key.pem"
    signing_key.write_bytes(rsa_key())
    served = deploy(
        TERRAFORM_OIDC_IDP_SIGNING_KEY_PATH=str(signing_key),
        TERRAFORM_OIDC_IDP_SUBJECT_ID_HASH_SALT="salt",
        AUTH_FAILURES_PER_MINUTE="0",
        ADMIN_LOGIN_FAILURES_PER_MINUTE="0",
        **CLOSED,
    )
    callers: tuple[dict[str, str], ...] = (
        {},
        ADMIN,
        begun_session(served, Person.built_in_admin()).proved,
        keyed("wrong"),
    )

    async def failures() -> list[tuple[object, ...]]:
        failed: list[tuple[object, ...]] = []
        for word, sent in [*((word, {}) for word in WORDS), *((WORDS[0], body) for body in BODIES)]:
            path = "/".join(word if part.startswith("{") else part for part in route.path.split("/"))
            query = f"{path}?redirect={word}&state={word}&code={word}&start={word}&sso={word}&acs"
            for caller in callers:
                options = {**sent, "headers": {**sent.get("headers", {}), **caller}}
                answer = await served.send(route.method, query, **options)
                if answer.status_code >= 500:
                    failed.append((query, sent, answer.text))
        return failed

    assert served.run(failures()) == []
