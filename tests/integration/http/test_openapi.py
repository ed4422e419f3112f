"""The OpenAPI document: valid, complete, and true of what is really answered."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from terrareg_http.openapi import openapi_document
from terrareg_http.paths import PathPattern
from terrareg_http.routes import ROUTES
from tests.integration.http.serving import MANAGED, MODULES, NAMESPACES, Served

DOCUMENT = openapi_document()
METHODS = {"get", "post", "delete"}
Operation = dict[str, Any]


def operations() -> Iterator[tuple[str, str, Operation]]:
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def mismatch(value: Any, schema: dict[str, Any], where: str = "$") -> str | None:
    """Why `value` does not meet `schema`, in the subset of JSON Schema that the document uses; None if it does."""
    if "$ref" in schema:
        return mismatch(value, DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]], where)
    if "anyOf" in schema:
        reasons = [mismatch(value, member, where) for member in schema["anyOf"]]
        return None if None in reasons else f"{where}: {reasons}"
    kinds = schema.get("type")
    if kinds is None:
        return None
    allowed = kinds if isinstance(kinds, list) else [kinds]
    actual = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}
    if (actual[type(value)] if value is not None else "null") not in allowed:
        return f"{where}: {value!r} is not {allowed}"
    if isinstance(value, list):
        return next(filter(None, (mismatch(item, schema["items"], f"{where}[]") for item in value)), None)
    if isinstance(value, dict) and "properties" in schema:
        missing = set(schema.get("required", [])) - set(value)
        unknown = set(value) - set(schema["properties"])
        if missing or unknown:
            return f"{where}: missing {missing}, unknown {unknown}"
        return next(
            filter(None, (mismatch(item, schema["properties"][key], f"{where}.{key}") for key, item in value.items())),
            None,
        )
    return None


def test_the_document_is_json_of_openapi_3_1() -> None:
    assert json.loads(json.dumps(DOCUMENT)) == DOCUMENT
    assert DOCUMENT["openapi"].startswith("3.1.")
    assert {"title", "version"} <= set(DOCUMENT["info"])
    assert {"openapi", "info", "paths", "components", "tags"} == set(DOCUMENT)


def test_every_operation_of_the_table_is_described_once() -> None:
    described = {(path, method.upper()) for path, method, _ in operations()}
    assert described == {(PathPattern(operation.path).template, operation.method) for operation in ROUTES}
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(ids)) == len(ids) == len(ROUTES)


def test_every_reference_leads_to_a_schema() -> None:
    known = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    assert set(references(DOCUMENT)) == known
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", name) for name in DOCUMENT["components"]["schemas"])


@pytest.mark.parametrize(("path", "method", "operation"), list(operations()), ids=lambda value: str(value)[:60])
def test_an_operation_has_what_the_standard_asks_for(path: str, method: str, operation: Operation) -> None:
    assert method in METHODS
    assert operation["summary"].endswith(".")
    assert operation["responses"]
    assert operation["x-permission"]["capability"]
    assert operation["x-permission"]["rule"]
    for status, answer in operation["responses"].items():
        assert re.fullmatch(r"[1-5][0-9][0-9]", status)
        assert answer["description"]
    in_path = {item["name"] for item in operation.get("parameters", []) if item["in"] == "path"}
    assert in_path == set(re.findall(r"\{(\w+)\}", path))
    named = [(item["name"], item["in"]) for item in operation.get("parameters", [])]
    assert len(set(named)) == len(named)
    assert all(item["required"] for item in operation.get("parameters", []) if item["in"] == "path")
    assert all("schema" in item and item["description"] for item in operation.get("parameters", []))
    assert set(operation["tags"]) <= {tag["name"] for tag in DOCUMENT["tags"]}
    if method == "get":
        assert "requestBody" not in operation


def test_protected_operations_say_how_they_refuse() -> None:
    for path, _, operation in operations():
        if operation["x-permission"]["capability"] != "public":
            assert {"401", "403"} <= set(operation["responses"]), path


def test_what_goes_beyond_the_documented_api_is_marked() -> None:
    extensions = {path for path, _, operation in operations() if operation.get("x-extension")}
    assert {"/openapi.json", "/docs"} <= extensions
    module_provider = f"{MANAGED}/{{namespace}}/{{name}}/{{provider}}"
    assert {path.removeprefix(module_provider) for path in extensions if path.startswith("/v1/")} == {
        "/hooks/gitlab",
        "/hooks/gitea",
        "/tags",
        "/v1/terrareg/tokens",
        "/v1/terrareg/tokens/{token_id}",
    }


def test_arguments_tell_their_types_defaults_and_whether_they_are_required() -> None:
    search = {item["name"]: item for item in DOCUMENT["paths"][f"{MODULES}/search"]["get"]["parameters"]}
    assert search["q"]["required"] is True
    assert search["limit"] == {
        "name": "limit",
        "in": "query",
        "required": False,
        "description": "How many rows to list, 1 to 50",
        "schema": {"type": "integer", "default": 10},
    }
    assert search["provider"]["schema"] == {"type": "array", "items": {"type": "string"}}
    assert search["contributed"]["schema"] == {"type": "boolean"}
    listed = {item["name"]: item for item in DOCUMENT["paths"][NAMESPACES]["get"]["parameters"]}
    assert listed["type"]["schema"] == {"type": "string", "enum": ["module", "provider"], "default": "module"}


def test_keys_that_may_be_absent_are_not_required() -> None:
    outline = DOCUMENT["components"]["schemas"]["VersionOutline"]
    assert "version_compatibility" not in outline["required"]
    assert outline["properties"]["version_compatibility"]["type"] == "string"
    assert "owner" in outline["required"]
    assert outline["properties"]["owner"] == {"type": ["string", "null"]}


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("/.well-known/terraform.json", "/.well-known/terraform.json"),
        ("/v1/terrareg/version", "/v1/terrareg/version"),
        ("/v1/terrareg/health", "/v1/terrareg/health"),
        (MODULES, MODULES),
        (MODULES, f"{MODULES}?limit=x"),
        (f"{MODULES}/search", f"{MODULES}/search?q=&include_count=1&target_terraform_version=1.0.0"),
        (f"{MODULES}/{{namespace}}", f"{MODULES}/acme?limit=1&offset=1"),
        (f"{MODULES}/{{namespace}}", f"{MODULES}/nope"),
        (f"{MODULES}/{{namespace}}/{{name}}/{{provider}}", f"{MODULES}/acme/vpc/aws"),
        (f"{MODULES}/{{namespace}}/{{name}}/{{provider}}/versions", f"{MODULES}/acme/vpc/aws/versions"),
        (NAMESPACES, NAMESPACES),
        (NAMESPACES, f"{NAMESPACES}?limit=1"),
        (f"{NAMESPACES}/{{namespace}}", f"{NAMESPACES}/acme"),
        (f"{NAMESPACES}/{{namespace}}", f"{NAMESPACES}/nope"),
        (f"{MANAGED}/{{namespace}}/{{name}}/{{provider}}/redirects", f"{MANAGED}/acme/vpc/aws/redirects"),
        (f"{MANAGED}/{{namespace}}/{{name}}/{{provider}}/integrations", f"{MANAGED}/acme/vpc/aws/integrations"),
        (f"{MANAGED}/{{namespace}}/{{name}}/{{provider}}/integrations", f"{MANAGED}/acme/nope/aws/integrations"),
        ("/v1/terrareg/git_providers", "/v1/terrareg/git_providers"),
        ("/v1/terrareg/initial_setup", "/v1/terrareg/initial_setup"),
        (f"{MANAGED}/{{namespace}}/{{name}}/{{provider}}/{{version}}/source.zip", f"{MANAGED}/a/b/c/1.0.0/source.zip"),
        (
            f"{MANAGED}/{{namespace}}/{{name}}/{{provider}}/{{version}}/source.zip",
            f"{MANAGED}/acme/vpc/aws/x/source.zip",
        ),
        ("/openapi.json", "/openapi.json"),
    ],
)
def test_what_is_answered_is_what_is_described(shared: Served, template: str, path: str) -> None:
    answer = shared.get(path)
    described = DOCUMENT["paths"][template]["get"]["responses"][str(answer.status_code)]
    schema = described["content"]["application/json"]["schema"]
    assert mismatch(answer.json(), schema) is None


def test_the_served_document_is_the_same(shared: Served) -> None:
    answer = shared.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == DOCUMENT
