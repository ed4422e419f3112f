"""Who may call what: every operation of the route table, as every kind of caller, under every configuration.

What is expected is written down here as chapter 04 has it in 4.1 and 4.2, and not taken from the rules of the core. A
refusal is a 401 or 403 whose body is a message alone; whatever else is answered came after the permission was given.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from terrareg_adapters.assembly import RegistryOptions, TerraformLoginOptions
from terrareg_core.access.authentication import AnalyticsKey, ConfiguredSecrets
from terrareg_core.access.keys import TERRAFORM_TOKEN_PREFIX, Secret, new_token
from terrareg_core.access.people import Person
from terrareg_core.access.permissions import AccessPolicy
from terrareg_core.access.stored import TerraformToken, digest_of
from terrareg_core.access.terraform_login import TerraformLoginPolicy
from terrareg_core.access.throttling import FailureLimits
from terrareg_http.operation import Operation
from terrareg_http.routes import ROUTES
from tests.integration.http.documented import CLASSES, shape_of
from tests.integration.http.people import (
    EVERY_SCOPE,
    SIGN_IN,
    admin_session,
    bearing,
    begun_session,
    given_group,
    keyed,
    made_token,
    person,
)
from tests.integration.http.serving import ADMIN, MANAGED, NAMESPACES, Client, Served

Route = Operation[Any]

# --- what is expected --------------------------------------------------------------------------------------------


@attrs.frozen
class Configuration:
    """How a registry is set up, and what each class then answers, by the columns of `_COLUMNS`."""

    policy: AccessPolicy
    upload: str
    publish: str

    @property
    def answers(self) -> Mapping[str, str]:
        controlled, is_open = self.policy.access_controls, self.policy.anonymous_access
        return {
            "read": _OPEN if is_open else "401 403 403 403 ok ok ok ok ok",
            "terraform": _OPEN if is_open else "401 403 403 ok ok ok ok ok ok",
            "upload": self.upload,
            "publish": self.publish,
            "modify": f"401 403 403 403 ok {'403' if controlled else 'ok'} ok ok ok",
            "full": f"401 403 403 403 ok {'403 403' if controlled else 'ok ok'} ok ok",
            "site admin": f"401 403 403 403 ok {'403 403 403' if controlled else 'ok ok ok'} ok",
            "built-in admin": "401 403 403 403 ok 403 403 403 403",
            "signed in": "401 403 403 403 ok ok ok ok ok",
        }

    @property
    def unset_keys(self) -> set[str]:
        """The columns whose key is not configured, and therefore nobody's."""
        unset = {"upload key": not self.policy.upload_keys_set, "publish key": not self.policy.publish_keys_set}
        return {column for column, is_unset in unset.items() if is_unset}


_COLUMNS = ("anonymous", "upload key", "publish key", "bearer", "admin", "S0", "SM", "SF", "SA")
"""The callers of section 4.2; the last four are people in sessions."""
_OPEN = "ok ok ok ok ok ok ok ok ok"
_EVERYBODY_SIGNED_IN = "401 403 403 403 ok ok ok ok ok"

CONFIGURATIONS = {
    "defaults": Configuration(AccessPolicy(), _EVERYBODY_SIGNED_IN, _EVERYBODY_SIGNED_IN),
    "keys": Configuration(
        AccessPolicy(upload_keys_set=True, publish_keys_set=True),
        "401 ok 403 403 ok ok ok ok ok",
        "401 403 ok 403 ok ok ok ok ok",
    ),
    "access controls": Configuration(
        AccessPolicy(access_controls=True), "401 403 403 403 ok 403 ok ok ok", "401 403 403 403 ok 403 ok ok ok"
    ),
    "closed": Configuration(AccessPolicy(anonymous_access=False), _EVERYBODY_SIGNED_IN, _EVERYBODY_SIGNED_IN),
    "closed, access controls and keys": Configuration(
        AccessPolicy(access_controls=True, anonymous_access=False, upload_keys_set=True, publish_keys_set=True),
        "401 ok 403 403 ok 403 ok ok ok",
        "401 403 ok 403 ok 403 ok ok ok",
    ),
    "publishing open": Configuration(AccessPolicy(anonymous_publishing=True), _OPEN, _OPEN),
    "publishing open, upload keys": Configuration(
        AccessPolicy(anonymous_publishing=True, upload_keys_set=True), "401 ok 403 403 ok ok ok ok ok", _OPEN
    ),
    "publishing open, access controls": Configuration(
        AccessPolicy(anonymous_publishing=True, access_controls=True),
        "401 403 403 403 ok 403 ok ok ok",
        "401 403 403 403 ok 403 ok ok ok",
    ),
    "publishing open, closed": Configuration(
        AccessPolicy(anonymous_access=False, anonymous_publishing=True), _EVERYBODY_SIGNED_IN, _EVERYBODY_SIGNED_IN
    ),
}

CALLERS = {
    "anonymous": "anonymous",
    "wrong key": "anonymous",
    "wrong bearer": "anonymous",
    "admin key as bearer": "anonymous",
    "analytics key as API key": "anonymous",
    "expired access token": "anonymous",
    "upload key": "upload key",
    "publish key": "publish key",
    "analytics key": "bearer",
    "ignore-analytics key": "bearer",
    "internal extraction token": "bearer",
    "terraform login token": "bearer",
    "admin key": "admin",
    "admin session": "admin",
    "session without rights": "S0",
    "session with MODIFY": "SM",
    "session with FULL": "SF",
    "session of a site admin": "SA",
}
"""The callers without access tokens, by the column that they are in."""


@attrs.frozen
class TokenCase:
    """An access token: whose it is, what it is for and where (decision 30)."""

    owner: str
    """A column."""
    scopes: Sequence[str] = EVERY_SCOPE
    namespaces: Sequence[str] | None = None
    as_bearer: bool = False


TOKENS = {
    "token to read": TokenCase("SF", ["read"]),
    "token for terraform": TokenCase("SF", ["terraform"], as_bearer=True),
    "token to upload": TokenCase("SF", ["upload"]),
    "token to publish": TokenCase("SF", ["publish"]),
    "token of somebody without rights": TokenCase("S0"),
    "token of somebody with MODIFY": TokenCase("SM", as_bearer=True),
    "token of a site admin": TokenCase("SA"),
    "token of the admin": TokenCase("admin"),
    "token inside its namespaces": TokenCase("SA", namespaces=["ns1"]),
    "token outside its namespaces": TokenCase("SA", namespaces=["ns2"]),
    "token without namespaces": TokenCase("SA", namespaces=[]),
}

PUBLIC_EXTENSIONS = {
    "showLogin",
    "logOut",
    "logOutByForm",
    "showPageStyle",
    "showKeySet",
    "showOpenApi",
    "showReference",
    "showReferenceStyle",
}
"""Beside the documented public operations (section 4.1): pages, and what describes the API."""

OWN_CHECKS = {
    "downloadLatestVersionDirectly": "terraform",
    "downloadVersionDirectly": "terraform",
    "fetchArchive": "archive",
    "fetchArchiveByKey": "archive",
    "receiveBitbucketHook": "signature",
    "receiveGithubHook": "signature",
    "receiveGitlabHook": "signature",
    "receiveGiteaHook": "signature",
    "finishSamlLogin": "public",
    "logIn": "public",
    "authoriseTerraform": "public",
    "confirmTerraform": "public",
    "exchangeCode": "public",
}
"""What operations with a check of their own answer: what a class does; archives, to readers, and 403 to everybody else;
401 to everybody who doesn't sign; or never with a refusal, because what they ask for is no permission.
"""


def expected(configuration: Configuration, caller: str, route: Route) -> str:
    """`ok`, `401` or `403`."""
    name = route.needs.value if route.needs is not None else OWN_CHECKS.get(route.id, "public")
    if name == "public":
        return "ok"
    if name == "signature":
        return "401"
    if name == "archive":
        return "ok" if _class_answer(configuration, caller, "read", route) == "ok" else "403"
    return _class_answer(configuration, caller, name, route)


def _class_answer(configuration: Configuration, caller: str, name: str, route: Route) -> str:
    by_column = dict(zip(_COLUMNS, configuration.answers[name].split(), strict=True))
    token = TOKENS.get(caller)
    if token is None:
        column = CALLERS[caller]
        return by_column["anonymous" if column in configuration.unset_keys else column]
    is_inside = token.namespaces is None or ("{namespace}" in route.path and "ns1" in token.namespaces)
    if by_column["anonymous"] == "ok" or (name in token.scopes and is_inside and by_column[token.owner] == "ok"):
        return "ok"
    return "403"


# --- what is asked -----------------------------------------------------------------------------------------------

PARAMETERS = {
    "namespace": "ns1",
    "name": "vpc",
    "provider": "aws",
    "version": "9.9.9",
    "presign": "no.key",
    "submodule": "modules/x",
    "submodule_path": "modules/x",
    "example": "examples/x",
    "example_path": "examples/x",
    "example_file": "examples/x/main.tf",
    "path": "NOTES.md",
    "module_provider_redirect_id": "999",
    "user_group": "nobody",
    "token_id": "0" * 32,
    "provider_source": "hub",
}


@attrs.frozen
class Asked:
    """How an operation is called so that, once permitted, it changes nothing."""

    path: dict[str, str] = attrs.field(factory=dict)
    query: str = ""
    document: object = None
    form: Mapping[str, str] | None = None
    headers: Mapping[str, str] = attrs.field(factory=dict)


_OTHER_SITE = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
_WRONG_TOKEN = {"X-CSRF-Token": "wrong"}

ASKED = {
    "downloadLatestVersionDirectly": Asked(query="terraform-get=1"),
    "downloadVersionDirectly": Asked(query="terraform-get=1"),
    "searchModules": Asked(query="q=vpc"),
    "countSearchFilters": Asked(query="q=vpc"),
    "countSearchFiltersByFormerPath": Asked(query="q=vpc"),
    "countProviderSearchFilters": Asked(query="q=vpc"),
    "createNamespace": Asked(document={"name": "!"}),
    "changeNamespace": Asked(document={"name": "!"}),
    "deleteNamespace": Asked(document={}),
    "createModuleProvider": Asked(document={}),
    "changeModuleProvider": Asked(document={}),
    "deleteModuleProvider": Asked({"name": "missing"}, document={}),
    "deleteRedirect": Asked(document={}),
    "deleteVersion": Asked(document={}),
    "uploadVersion": Asked(),
    "publishVersion": Asked(),
    "importVersion": Asked(document={"version": "1.0.0"}),
    "importNamedVersion": Asked(),
    "receiveBitbucketHook": Asked(document={}),
    "receiveGithubHook": Asked(document={}),
    "receiveGitlabHook": Asked(document={}),
    "receiveGiteaHook": Asked(document={}),
    # The session of the caller would be replaced or end otherwise.
    "logInAsAdmin": Asked(headers=_WRONG_TOKEN),
    "logOut": Asked(headers=_OTHER_SITE),
    "logOutByForm": Asked(headers=_WRONG_TOKEN, form={}),
    "createUserGroup": Asked(document={}),
    "deleteUserGroup": Asked(),
    "grantPermission": Asked(document={"permission_type": "none"}),
    "revokePermission": Asked(),
    "createAccessToken": Asked(document={}),
    "deleteAccessToken": Asked(),
    "finishSamlLogin": Asked(query="acs", form={}),
    "logIn": Asked(form={"token": "wrong"}),
    "confirmTerraform": Asked(form={}),
    "exchangeCode": Asked(form={"client_id": "terraform-cli"}),
}
"""Every write; reads are asked for by their paths alone, but where it says so."""


async def ask(client: Client, route: Route, headers: Mapping[str, str], **parameters: str) -> httpx.Response:
    """Call an operation as the caller of `headers`; `parameters` are those of the path that are others than usual."""
    asked = ASKED.get(route.id, Asked())
    path = route.path.replace(":path}", "}").format_map(PARAMETERS | asked.path | parameters)
    options: dict[str, Any] = {"headers": {**headers, **asked.headers}}
    if asked.document is not None:
        options["json"] = asked.document
    if asked.form is not None:
        # An empty form would be sent without its content type.
        options["data"] = {"nothing": "", **asked.form}
    return await client.send(route.method, f"{path}?{asked.query}" if asked.query else path, **options)


def answered(response: httpx.Response) -> str:
    """`401` or `403` for a refusal, else `ok`, or the status of a failure of ours that nobody should see here."""
    if response.status_code in {401, 403} and "json" in response.headers.get("Content-Type", ""):
        document = response.json()
        if list(document) == ["message"] and isinstance(document["message"], str):
            return str(response.status_code)
    return "ok" if response.status_code < 500 else f"{response.status_code} {response.text}"


# --- the registries and their callers ----------------------------------------------------------------------------

SECRETS = ConfiguredSecrets(
    admin=Secret.of("admin-key"),
    analytics=(AnalyticsKey(Secret.of("analytics-key"), "dev"),),
    ignore_analytics=(Secret.of("ignore-key"),),
    internal_extraction=Secret.of("internal-key"),
)
PEOPLE = {
    "S0": person("nobody"),
    "SM": person("modifier", "modifiers"),
    "SF": person("owner", "owners"),
    "SA": person("chief", "chiefs"),
    "admin": Person.built_in_admin(),
}


@attrs.frozen
class Prepared:
    """A registry of one configuration, with everybody who calls it."""

    configuration: Configuration
    served: Served
    headers: Mapping[str, Mapping[str, str]]
    """By caller."""


def rsa_key() -> bytes:
    """A key that ID tokens can be signed with, as PEM."""
    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture(scope="module")
def signing_key() -> bytes:
    return rsa_key()


@pytest.fixture(scope="module", params=CONFIGURATIONS, ids=lambda name: name.replace(" ", "-"))
def prepared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, signing_key: bytes
) -> Iterator[Prepared]:
    """A registry of each configuration; it holds `ns1/vpc/aws` without versions, and `ns2`."""
    configuration = CONFIGURATIONS[request.param]
    options = _options(tmp_path_factory.mktemp("matrix"), configuration, signing_key)
    with Served(options) as served:
        for name in ("ns1", "ns2"):
            assert served.post(NAMESPACES, {"name": name}).status_code == 200
        assert served.post(f"{MANAGED}/ns1/vpc/aws/create", {}).status_code == 200
        given_group(served, "modifiers", rights={"ns1": "MODIFY"})
        given_group(served, "owners", rights={"ns1": "FULL"})
        given_group(served, "chiefs", site_admin=True)
        yield Prepared(configuration, served, _callers(served))


def _options(directory: Path, configuration: Configuration, signing_key: bytes) -> RegistryOptions:
    upload = (Secret.of("upload-key"),) if configuration.policy.upload_keys_set else ()
    publish = (Secret.of("publish-key"),) if configuration.policy.publish_keys_set else ()
    policy = TerraformLoginPolicy(issuer="https://reg.example.com", salt="salt")
    return RegistryOptions(
        data_directory=directory,
        access=configuration.policy,
        secrets=attrs.evolve(SECRETS, upload=upload, publish=publish),
        sign_in=attrs.evolve(SIGN_IN, terraform=TerraformLoginOptions(policy=policy, signing_key=signing_key)),
        # Wrong keys are sent on purpose.
        failure_limits=FailureLimits(credentials=0, admin_logins=0),
    )


def _callers(served: Served) -> Mapping[str, Mapping[str, str]]:
    sessions = {column: begun_session(served, somebody) for column, somebody in PEOPLE.items() if column != "admin"}
    tokens = {
        name: made_token(served, PEOPLE[case.owner], case.scopes, case.namespaces) for name, case in TOKENS.items()
    }
    return {
        "anonymous": {},
        "wrong key": keyed("wrong"),
        "wrong bearer": bearing("wrong"),
        "admin key as bearer": bearing("admin-key"),
        "analytics key as API key": keyed("analytics-key"),
        "expired access token": keyed(_expired_token(served)),
        "upload key": keyed("upload-key"),
        "publish key": keyed("publish-key"),
        "analytics key": bearing("analytics-key"),
        "ignore-analytics key": bearing("ignore-key"),
        "internal extraction token": bearing("internal-key"),
        "terraform login token": bearing(_terraform_token(served, PEOPLE["SA"])),
        "admin key": ADMIN,
        "admin session": admin_session(served).proved,
        "session without rights": sessions["S0"].proved,
        "session with MODIFY": sessions["SM"].proved,
        "session with FULL": sessions["SF"].proved,
        "session of a site admin": sessions["SA"].proved,
        **{name: (bearing if TOKENS[name].as_bearer else keyed)(secret) for name, secret in tokens.items()},
    }


def _terraform_token(served: Served, somebody: Person) -> str:
    secret, now = new_token(TERRAFORM_TOKEN_PREFIX, bytes(32)), datetime.now(UTC)
    token = TerraformToken(
        digest=digest_of(secret), person=somebody, created_at=now, expires_at=now + timedelta(hours=1)
    )
    with served.opened_store() as unit_of_work, unit_of_work.write() as tx:
        tx.terraform_logins.add_token(token)
    return secret


def _expired_token(served: Served) -> str:
    secret = made_token(served, Person.built_in_admin())
    digest = digest_of(secret)
    with served.opened_store() as unit_of_work, unit_of_work.write() as tx:
        token = tx.access_tokens.find(digest, datetime.now(UTC))
        assert token is not None
        tx.access_tokens.remove(token.id)
        tx.access_tokens.add(attrs.evolve(token, expires_at=datetime.now(UTC)), digest)
    return secret


# --- the tests ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("caller", [*CALLERS, *TOKENS])
def test_every_operation_answers_every_caller_as_the_matrix_says(prepared: Prepared, caller: str) -> None:
    async def answers() -> Mapping[str, str]:
        headers = prepared.headers[caller]
        return {route.id: answered(await ask(prepared.served, route, headers)) for route in ROUTES}

    given = prepared.served.run(answers())
    wanted = {route.id: expected(prepared.configuration, caller, route) for route in ROUTES}
    assert {name: (given[name], wanted[name]) for name in wanted if given[name] != wanted[name]} == {}


def test_asking_changed_nothing(prepared: Prepared) -> None:
    assert {item["name"] for item in prepared.served.get(NAMESPACES, headers=ADMIN).json()} == {"ns1", "ns2"}
    shown = prepared.served.get(f"{MANAGED}/ns1/vpc/aws", headers=ADMIN)
    assert (shown.status_code, shown.json()["id"]) == (200, "ns1/vpc/aws")
    for caller in ("admin session", "session with FULL"):
        status = prepared.served.get("/v1/terrareg/auth/admin/is_authenticated", headers=prepared.headers[caller])
        assert status.json()["authenticated"] is True


def test_every_operation_declares_who_may_call_it() -> None:
    undeclared = {
        route.id
        for route in ROUTES
        if route.needs is None
        and route.own_check is None
        and route.id not in PUBLIC_EXTENSIONS
        and CLASSES.get((route.method, shape_of(route.path))) != "public"
    }
    assert undeclared == set()
    assert {route.id for route in ROUTES if route.own_check is not None} == set(OWN_CHECKS)


def test_every_documented_operation_asks_for_the_permission_of_its_class() -> None:
    documented = {route.id: CLASSES.get((route.method, shape_of(route.path))) for route in ROUTES}
    assert [route.id for route in ROUTES if not route.is_extension and documented[route.id] is None] == []
    declared = {
        route.id: route.needs.value if route.needs is not None else "public"
        for route in ROUTES
        for path in route.paths
        if (route.method, shape_of(path)) in CLASSES
    }
    assert declared == {name: documented[name] for name in declared}


def test_every_write_is_asked_for_in_a_way_that_changes_nothing() -> None:
    assert {route.id for route in ROUTES if route.method != "GET"} <= set(ASKED)
