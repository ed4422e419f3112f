"""`terraform login` over HTTP: authorisation, tokens, keys, and what comes of hostile requests (chapter 04, 13)."""

import asyncio
import hashlib
import json
import re
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import attrs
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import Engine

from terrareg_adapters.assembly import SignInOptions, TerraformLoginOptions
from terrareg_core.access.authentication import Caller
from terrareg_core.access.identities import Identity
from terrareg_core.access.people import Person
from terrareg_core.access.permissions import AccessPolicy
from terrareg_core.access.stored import TerraformCode, TerraformToken, digest_of
from terrareg_core.access.terraform_login import TerraformLoginPolicy, challenge_of
from terrareg_core.access.tokens import TokenRequest
from terrareg_http.settings import Settings
from tests.integration.http.conftest import DEPLOYMENT, Open
from tests.integration.http.serving import ADMIN, HOST, MODULES, NOT_FOUND, Served, opened_store

AUTHORISATION = "/terraform/oauth/authorization"
TOKEN = "/terraform/oauth/token"
KEYS = "/terraform/oauth/jwks"
WELL_KNOWN = "/.well-known/terraform.json"
VERSIONS = f"{MODULES}/acme/vpc/aws/versions"
VERIFIER = "2fd6cb60-5d9c-4bf6-ae1c-07ef08ef1a2c.1234567890"
REDIRECT = "http://localhost:10000/login"
QUERY = {
    "client_id": "terraform-cli",
    "code_challenge": challenge_of(VERIFIER),
    "code_challenge_method": "S256",
    "redirect_uri": REDIRECT,
    "response_type": "code",
    "state": "0b5f-state",
}
FORM = {
    "client_id": "terraform-cli",
    "code_verifier": VERIFIER,
    "grant_type": "authorization_code",
    "redirect_uri": REDIRECT,
}
ISSUER = f"https://{HOST}"
CLOSED = AccessPolicy(anonymous_access=False)
SIGNING_KEY = generate_private_key(65_537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
SIGN_IN = SignInOptions(
    secret_key="key of the sessions",
    terraform=TerraformLoginOptions(
        policy=TerraformLoginPolicy(issuer=ISSUER, lifetime=timedelta(seconds=3600), salt="salt"),
        signing_key=SIGNING_KEY,
    ),
)
OPTIONS: dict[str, Any] = {"access": CLOSED, "sign_in": SIGN_IN, "secrets": DEPLOYMENT}


@attrs.frozen
class Registry:
    """A closed registry with `terraform login`, and what browsers and terraform ask of it."""

    served: Served

    def browser(self) -> dict[str, str]:
        """The headers of a browser in which the admin is signed in."""
        opened = self.served.registry.sessions.sign_in_as_admin(Caller(Identity.administrator()))
        return {"Cookie": f"session={opened.value}", "Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}

    def authorise(self, headers: Mapping[str, str] | None = None, **changes: Any) -> httpx.Response:
        """What a browser gets for terraform's address; a change to None leaves an argument out."""
        return self.served.get(_address(**changes), headers=headers if headers is not None else self.browser())

    def code(self, **changes: Any) -> str:
        """A new one."""
        return _fields(self.authorise(**changes))["code"]

    def exchange(self, code: str | None, headers: Mapping[str, str] | None = None, **changes: Any) -> httpx.Response:
        """What terraform gets for a code; a change to None leaves a field out."""
        form = {name: value for name, value in {**FORM, "code": code, **changes}.items() if value is not None}
        return self.served.request("POST", TOKEN, data=form, headers=headers or {})

    def token(self) -> str:
        """A new one."""
        return str(self.exchange(self.code()).json()["access_token"])

    def status_with(self, token: str, path: str = VERSIONS) -> int:
        """Of an answer to terraform with a token."""
        return self.served.get(path, headers={"Authorization": f"Bearer {token}"}).status_code


def _address(**changes: str | None) -> str:
    query = {name: value for name, value in {**QUERY, **changes}.items() if value is not None}
    return f"{AUTHORISATION}?{urlencode(query)}"


def _fields(response: httpx.Response) -> dict[str, str]:
    """What a browser brings to terraform, to which it must be sent."""
    assert response.status_code == 303, response.text
    address = urlsplit(response.headers["Location"])
    assert f"{address.scheme}://{address.netloc}{address.path}" == REDIRECT
    return {name: values[0] for name, values in parse_qs(address.query).items()}


@pytest.fixture
def registry(open_fixture: Open) -> Registry:
    return Registry(open_fixture(Settings(public_url=ISSUER), **OPTIONS))


# --- where it is not set up ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_where_it_is_not_set_up_nothing_of_it_is_there(open_empty: Open, method: str) -> None:
    off = open_empty(access=CLOSED, sign_in=SignInOptions(secret_key="key of the sessions"))
    browser = Registry(off).browser()
    paths = [_address(), AUTHORISATION, KEYS] if method == "GET" else [TOKEN]
    for path in paths:
        for headers in ({}, browser, ADMIN):
            response = off.request(method, path, headers=headers)
            assert (response.status_code, response.json()) == (404, NOT_FOUND), path
    assert "login.v1" not in off.get(WELL_KNOWN).json()


def test_where_it_is_set_up_it_is_announced_to_terraform(registry: Registry) -> None:
    response = registry.served.get(WELL_KNOWN)
    assert response.json()["login.v1"] == {
        "client": "terraform-cli",
        "grant_types": ["authz_code", "token"],
        "authz": AUTHORISATION,
        "token": TOKEN,
        "ports": [10_000, 10_010],
    }


# --- authorisation ---------------------------------------------------------------------------------------------------


def test_a_person_in_a_session_is_sent_back_to_terraform_with_a_code(registry: Registry) -> None:
    response = registry.authorise()
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    fields = _fields(response)
    assert fields.keys() == {"code", "state"}
    assert fields["state"] == QUERY["state"]
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", fields["code"])


def test_everybody_else_signs_in_first_and_is_meant_to_come_back(registry: Registry) -> None:
    secret = registry.served.registry.access_tokens.create(
        Identity.administrator(), TokenRequest(name="ci", scopes=["read", "terraform"])
    ).secret
    for headers in (
        {},
        {"Cookie": "session=wrong"},
        {"X-Terrareg-ApiKey": "upload-key"},
        {"X-Terrareg-ApiKey": "admin-key"},
        {"X-Terrareg-ApiKey": secret},
        {"Authorization": f"Bearer {secret}"},
        {"Authorization": f"Bearer {registry.token()}"},
        {"Authorization": "Bearer k1"},
    ):
        response = registry.authorise(headers)
        assert response.status_code == 302
        assert response.headers["Location"] == f"/login?redirect={quote(_address(), safe='')}"
        assert response.headers["Cache-Control"] == "no-store"


def test_signing_in_with_the_form_leads_back_to_a_code(registry: Registry) -> None:
    served = registry.served
    login = registry.authorise({}).headers["Location"]
    page = served.get(login)
    [redirect] = re.findall(r'name="redirect" value="([^"]*)"', page.text)
    form = {"token": "admin-key", "redirect": redirect.replace("&amp;", "&")}
    posted = served.request("POST", "/login", data=form, headers={"Sec-Fetch-Site": "same-origin"})
    assert posted.status_code == 303
    assert posted.headers["Location"] == _address()
    session = posted.headers["Set-Cookie"].partition(";")[0]
    back = served.get(posted.headers["Location"], headers={"Cookie": session, "Sec-Fetch-Site": "same-origin"})
    assert registry.exchange(_fields(back)["code"]).status_code == 200
    # A browser follows the form's answers only where the page's policy lets a form lead.
    policy = page.headers["Content-Security-Policy"]
    assert "form-action 'self' http://localhost:* http://127.0.0.1:*" in policy


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "other"},
        {"client_id": None},
        {"client_id": "other", "redirect_uri": "https://evil.example/x"},
        {"redirect_uri": "https://evil.example/login"},
        {"redirect_uri": "http://localhost:10011/login"},
        {"redirect_uri": "http://localhost:10000@evil.example/login"},
        {"redirect_uri": "//evil.example"},
        {"redirect_uri": None},
        {"redirect_uri": "https://evil.example/x", "code_challenge_method": "bad"},
        {"redirect_uri": "https://evil.example/x", "response_type": "token"},
    ],
)
def test_a_request_that_is_not_terraforms_is_a_page_and_leads_nowhere(
    registry: Registry, changes: dict[str, str | None]
) -> None:
    for headers in (registry.browser(), {}):
        response = registry.authorise(headers, **changes)
        assert response.status_code == 400
        assert response.headers["Content-Type"].startswith("text/html")
        assert "Location" not in response.headers
        assert response.headers["Cache-Control"] == "no-store"
        assert "evil" not in response.text


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"nonce": "n" * 600}, "invalid_request"),
    ],
)
def test_what_else_is_wrong_is_brought_to_terraform(
    registry: Registry, changes: dict[str, str | None], error: str
) -> None:
    for headers in (registry.browser(), {}):
        fields = _fields(registry.authorise(headers, **changes))
        assert fields.keys() == {"error", "error_description", "state"}
        assert (fields["error"], fields["state"]) == (error, QUERY["state"])


# --- sent here by another site ---------------------------------------------------------------------------------------

_ACTION = re.compile(r'<form method="post" action="([^"]*)">\s*<input type="hidden" name="csrf_token" value="([^"]*)">')


def _asked(registry: Registry, browser: dict[str, str]) -> tuple[str, str]:
    """Where the form of the question is sent, and its CSRF token."""
    response = registry.authorise({**browser, "Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert "form-action 'self' http://localhost:*" in response.headers["Content-Security-Policy"]
    assert "Built-in admin" in response.text
    [(action, token)] = _ACTION.findall(response.text)
    return action.replace("&amp;", "&"), token


def test_a_person_sent_here_by_another_site_is_asked_and_gets_a_code_once_they_agree(registry: Registry) -> None:
    browser = registry.browser()
    action, token = _asked(registry, browser)
    assert action == _address()
    headers = {**browser, "Sec-Fetch-Site": "same-origin"}
    response = registry.served.request("POST", action, data={"csrf_token": token}, headers=headers)
    assert response.headers["Cache-Control"] == "no-store"
    assert registry.exchange(_fields(response)["code"]).status_code == 200


def test_nobody_but_the_page_can_agree(registry: Registry) -> None:
    browser = registry.browser()
    action, token = _asked(registry, browser)
    _, others = _asked(registry, registry.browser())
    for form in ({}, {"csrf_token": ""}, {"csrf_token": "wrong"}, {"csrf_token": others}, {"csrf_token": token[:-1]}):
        for site in ("cross-site", "same-origin"):
            headers = {**browser, "Sec-Fetch-Site": site}
            response = registry.served.request("POST", action, data=form, headers=headers)
            assert response.status_code == 403
            assert "Location" not in response.headers


def test_whose_session_ended_before_they_agreed_signs_in_again(registry: Registry) -> None:
    action, token = _asked(registry, registry.browser())
    response = registry.served.request("POST", action, data={"csrf_token": token})
    assert response.status_code == 302
    assert response.headers["Location"] == f"/login?redirect={quote(_address(), safe='')}"


def test_the_form_can_not_change_what_was_asked(registry: Registry) -> None:
    browser = registry.browser()
    action, token = _asked(registry, browser)
    form = {"csrf_token": token, "state": "other", "code_challenge": challenge_of("other")}
    response = registry.served.request("POST", action, data=form, headers=browser)
    fields = _fields(response)
    assert fields["state"] == QUERY["state"]
    assert registry.exchange(fields["code"], code_verifier="other").status_code == 400


# --- tokens ----------------------------------------------------------------------------------------------------------


def test_a_code_is_exchanged_once_and_coming_again_revokes_the_token(registry: Registry) -> None:
    code = registry.code()
    response = registry.exchange(code)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Pragma"] == "no-cache"
    document = response.json()
    assert document.keys() == {"access_token", "token_type", "expires_in", "id_token"}
    assert (document["token_type"], document["expires_in"]) == ("Bearer", 3600)
    assert registry.status_with(document["access_token"]) == 200
    again = registry.exchange(code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert registry.status_with(document["access_token"]) == 401


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"code_verifier": "wrong"}, 400, "invalid_grant"),
        ({"redirect_uri": "http://localhost:10001/login"}, 400, "invalid_grant"),
        ({"code": "0" * 43}, 400, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, 400, "invalid_grant"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": None}, 400, "invalid_request"),
        ({"code": None}, 400, "invalid_request"),
        ({"redirect_uri": None}, 400, "invalid_request"),
        ({"code_verifier": None}, 400, "invalid_request"),
        ({"client_id": "other"}, 401, "invalid_client"),
        ({"client_id": None}, 401, "invalid_client"),
        ({"client_secret": "x"}, 401, "invalid_client"),
        ({"headers": {"Authorization": "Basic dGVycmFmb3JtLWNsaTo="}}, 401, "invalid_client"),
    ],
)
def test_refusals_are_those_of_the_protocol(
    registry: Registry, changes: dict[str, Any], status: int, error: str
) -> None:
    code = registry.code()
    response = registry.exchange(**{"code": code, **changes})
    assert response.status_code == status
    assert response.json().keys() == {"error", "error_description"}
    assert response.json()["error"] == error
    assert code not in response.text
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Pragma"] == "no-cache"
    assert response.headers.get("WWW-Authenticate") == ("Basic" if status == 401 else None)


def test_an_expired_code_gives_nothing_and_an_expired_token_opens_nothing(registry: Registry) -> None:
    now = datetime.now(UTC)
    admin = Person.built_in_admin()
    fresh, stale = f"trl_{'0' * 49}", registry.token()
    with opened_store(registry.served.options) as unit_of_work, unit_of_work.write() as tx:
        tx.terraform_logins.add_code(
            TerraformCode(
                digest=digest_of("expired"),
                person=admin,
                redirect_uri=REDIRECT,
                challenge=challenge_of(VERIFIER),
                nonce=None,
                created_at=now - timedelta(seconds=60),
                expires_at=now,
            )
        )
        tx.terraform_logins.remove_token(digest_of(stale))
        tx.terraform_logins.add_token(
            TerraformToken(digest=digest_of(stale), person=admin, created_at=now - timedelta(hours=1), expires_at=now)
        )
    response = registry.exchange("expired")
    assert (response.status_code, response.json()["error"]) == (400, "invalid_grant")
    assert registry.status_with(stale) == 401
    assert registry.status_with(fresh) == 401


def test_a_token_is_for_terraform_and_not_for_pages_or_writes(registry: Registry) -> None:
    token = registry.token()
    bearer = {"Authorization": f"Bearer {token}"}
    assert registry.status_with(token) == 200
    assert registry.status_with(token, f"{MODULES}/app__acme/vpc/aws/1.0.0/download") == 204
    for method, path in (
        ("GET", MODULES),
        ("GET", "/v1/terrareg/audit-history"),
        ("POST", "/v1/terrareg/tokens"),
        ("POST", "/v1/terrareg/modules/acme/vpc/aws/9.9.9/upload"),
    ):
        assert registry.served.request(method, path, headers=bearer).status_code == 403, path
    assert registry.served.get(VERSIONS, headers={"X-Terrareg-ApiKey": token}).status_code == 401


def test_a_login_is_in_the_audit_history_under_the_persons_name(registry: Registry) -> None:
    registry.token()
    history = registry.served.get("/v1/terrareg/audit-history?search[value]=terraform_login", headers=ADMIN).json()
    [event] = history["data"]
    assert (event["username"], event["action"], event["object_id"]) == ("Built-in admin", "TERRAFORM_LOGIN", None)


# --- ID tokens -------------------------------------------------------------------------------------------------------


def test_the_id_token_is_verified_with_the_published_keys(registry: Registry) -> None:
    before = int(time.time())
    answer = registry.exchange(registry.code(nonce="n-ünï")).json()
    response = registry.served.get(KEYS)
    assert response.headers["Cache-Control"] == "public, max-age=3600"
    [key] = response.json()["keys"]
    assert key.keys() == {"kty", "alg", "use", "kid", "n", "e"}
    token = jwt.decode(answer["id_token"], KeySet.import_key_set(response.json()), algorithms=["RS256"])
    half = hashlib.sha256(answer["access_token"].encode()).digest()[:16]
    claims = dict(token.claims)
    issued = claims.pop("iat")
    assert before <= issued <= int(time.time())
    assert claims == {
        "iss": ISSUER,
        "sub": "Built-in admin",
        "aud": ["terraform-cli"],
        "exp": issued + 3600,
        "at_hash": urlsafe_b64encode(half).decode().rstrip("="),
        "nonce": "n-ünï",
    }
    jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER}, aud={"essential": True, "value": "terraform-cli"}
    ).validate(token.claims)


# --- many at once ----------------------------------------------------------------------------------------------------


async def _all_at_once(served: Served, form: Mapping[str, str], times: int) -> list[httpx.Response]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(served.app), base_url=ISSUER) as client:
        return list(await asyncio.gather(*(client.post(TOKEN, data=form) for _ in range(times))))


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_of_many_who_bring_one_code_at_once_one_gets_a_token_which_is_revoked(
    open_fixture: Open, request: pytest.FixtureRequest, database: str
) -> None:
    options = dict(OPTIONS)
    if database == "postgresql":
        engine: Engine = request.getfixturevalue("postgresql")
        options["database_url"] = engine.url.render_as_string(hide_password=False)
    registry = Registry(open_fixture(Settings(public_url=ISSUER), **options))
    for _ in range(3):
        form = {**FORM, "code": registry.code()}
        responses = registry.served.run(_all_at_once(registry.served, form, 8))
        given = [response.json()["access_token"] for response in responses if response.status_code == 200]
        refused = [response.json()["error"] for response in responses if response.status_code == 400]
        assert len(given) == 1
        assert refused == ["invalid_grant"] * 7
        path = "/v1/modules/acme/none/aws/versions"
        assert registry.status_with(given[0], path) == 401
        assert registry.status_with(registry.token(), path) == 404


# --- hostile requests ------------------------------------------------------------------------------------------------

HOSTILE = ["\0", "a\0b", "\r\nX-Evil: 1", "\x1b[31m", "x" * 10_000, "é\u2028\ud83d\ude00", "%00", "%", "'\"<script>"]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("name", [*QUERY, "nonce"])
def test_a_hostile_argument_never_fails_and_never_leads_elsewhere(registry: Registry, name: str, value: str) -> None:
    value = value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    for headers in (registry.browser(), {}, {**registry.browser(), "Sec-Fetch-Site": "cross-site"}):
        response = registry.authorise(headers, **{name: value})
        assert response.status_code in {200, 302, 303, 400}
        _leads_home(response)
        assert "<script>" not in response.text


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("name", [*FORM, "code", "client_secret"])
def test_a_hostile_field_is_refused_in_the_protocols_shape(registry: Registry, name: str, value: str) -> None:
    value = value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    fields: dict[str, Any] = {"code": registry.code(), name: value}
    response = registry.exchange(**fields)
    assert response.status_code in {400, 401}
    assert response.json().keys() == {"error", "error_description"}
    assert response.headers["Cache-Control"] == "no-store"


def test_of_repeated_arguments_the_first_counts_for_every_check(registry: Registry) -> None:
    evil = urlencode({"redirect_uri": "https://evil.example/x", "client_id": "other"})
    own = urlencode(QUERY)
    last = registry.served.get(f"{AUTHORISATION}?{own}&{evil}", headers=registry.browser())
    assert registry.exchange(_fields(last)["code"]).status_code == 200
    first = registry.served.get(f"{AUTHORISATION}?{evil}&{own}", headers=registry.browser())
    assert first.status_code == 400
    assert "Location" not in first.headers


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"", None, 401),
        (json.dumps(FORM).encode(), "application/json", 401),
        (b"client_id=terraform-cli", "text/plain", 401),
        (b"\xff\xfe=%ff&client_id=terraform-cli", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a=1" for _ in range(100)), "application/x-www-form-urlencoded", 401),
        (b"x" * (1 << 21), "application/x-www-form-urlencoded", 413),
    ],
)
def test_a_body_that_is_no_small_form_is_refused(
    registry: Registry, content: bytes, kind: str | None, status: int
) -> None:
    headers = {"Content-Type": kind} if kind else {}
    assert registry.served.request("POST", TOKEN, content=content, headers=headers).status_code == status


@given(st.lists(st.tuples(st.sampled_from([*QUERY, "nonce", "scope"]), st.text(max_size=20)), max_size=10))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_whatever_the_arguments_a_browser_is_sent_to_terraform_or_stays_here(
    registry: Registry, arguments: list[tuple[str, str]]
) -> None:
    cleaned = [(name, value.encode("utf-8", "replace").decode()) for name, value in arguments]
    query = urlencode([*cleaned, *QUERY.items()])
    response = registry.served.get(f"{AUTHORISATION}?{query}", headers=registry.browser())
    assert response.status_code < 500
    _leads_home(response)


def _leads_home(response: httpx.Response) -> None:
    """A browser stays here, or goes on to the terraform on its own computer."""
    location = response.headers.get("Location", "/")
    assert location.startswith("/login?redirect=") or location == "/" or urlsplit(location).netloc == "localhost:10000"
    assert "X-Evil" not in response.headers
