"""Paths, methods and conventions that hold everywhere (chapter 01, 1; decision 3)."""

from typing import Any

import pytest

from terrareg_http.operation import Operation
from terrareg_http.routes import ROUTES
from tests.integration.http.serving import MODULES, NAMESPACES, NOT_FOUND, Served, scope_of


@pytest.mark.parametrize(
    "path",
    [
        "/v1/nope",
        "/v2/nope",
        "/v1",
        "/v1/",
        "/v1/modules//",
        "/v1//modules",
        "/v1/modules/acme/vpc/aws/1.0.0/download/",
        "/v1/terrareg/namespaces/",
        "/v1/terrareg/namespaces/acme/",
        "/v1/terrareg/health/",
        "/v1/terrareg/modules/acme/vpc/aws/1.0.0/source.zip/",
    ],
)
def test_an_unknown_path_of_the_api_is_not_found_in_json(shared: Served, path: str) -> None:
    answer = shared.get(path)
    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


@pytest.mark.parametrize("path", ["/", "/nope", "/docs/", "/docs/nope.css", "/v10/x", "/.well-known/terraform.json/"])
def test_any_other_unknown_path_has_a_small_page(shared: Served, path: str) -> None:
    answer = shared.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        (MODULES, "GET, HEAD, OPTIONS"),
        (NAMESPACES, "GET, HEAD, POST, OPTIONS"),
        (f"{NAMESPACES}/acme", "GET, HEAD, POST, DELETE, OPTIONS"),
        ("/v1/terrareg/modules/acme/vpc/aws/1.0.0/upload", "POST, OPTIONS"),
    ],
)
def test_the_methods_of_a_path_are_told(shared: Served, path: str, allow: str) -> None:
    options = shared.request("OPTIONS", path)
    assert (options.status_code, options.content, options.headers["allow"]) == (200, b"", allow)
    for method in ("PUT", "PATCH", "BREW"):
        refused = shared.request(method, path)
        assert (refused.status_code, refused.headers["allow"]) == (405, allow)
        assert list(refused.json()) == ["message"]


def test_head_is_get_without_the_body(shared: Served) -> None:
    for path in (MODULES, f"{MODULES}/acme/vpc/aws", f"{MODULES}/nope", "/docs", "/openapi.json", f"{MODULES}?limit=x"):
        got, looked = shared.get(path), shared.head(path)
        assert (looked.status_code, looked.content) == (got.status_code, b"")
        assert dict(looked.headers) == dict(got.headers)


def test_answers_carry_nothing_that_nobody_asked_for(shared: Served) -> None:
    headers = shared.get(MODULES, headers={"Origin": "https://evil.example"}).headers
    assert set(headers) == {"content-type", "content-length", "vary"}


@pytest.mark.parametrize(
    ("raw_path", "status"),
    [
        (b"/v1/modules/acme%2Fvpc", 404),
        (b"/v1/modules/acme/vpc%2Faws", 404),
        (b"/v1%2Fmodules", 404),
        (b"/v1/modules/acme/vpc/aws/1.0.0%2Fdownload", 404),
        (b"/v1/modules/acme/vpc/aws/1.0.0%00", 404),
        (b"/v1/modules/%ff%fe", 404),
        (b"/v1/modules/%zz", 404),
        (b"/v1/modules/" + b"a" * 100_000, 404),
        (b"/v1/modules/\xc3\xa4", 404),
        (b"v1/modules", 404),
        (b"*", 404),
        (b"/v1/modules/%61cme", 200),
        (b"/v1/%6dodules", 200),
        (b"/v1/terrareg/modules/a%2Fb/vpc/aws/1.0.0/source.zip", 400),
    ],
)
def test_paths_are_cut_before_they_are_decoded(shared: Served, raw_path: bytes, status: int) -> None:
    start, *_ = shared.asgi(scope_of("GET", raw_path))
    assert start["status"] == status


def test_a_server_that_keeps_no_raw_path_is_served_too(shared: Served) -> None:
    scope = scope_of("GET", b"/v1/modules/acme")
    del scope["raw_path"]
    start, *_ = shared.asgi(scope)
    assert start["status"] == 200


def test_a_registry_below_a_prefix_answers_the_same(shared: Served) -> None:
    scope = scope_of("GET", b"/registry/v1/modules/nope") | {"root_path": "/registry"}
    start, body = shared.asgi(scope)
    assert (start["status"], body["body"]) == (404, b'{"errors":["Not Found"]}\n')


def test_an_unforeseen_failure_is_logged_and_tells_nothing(
    shared: Served, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from starlette.requests import Request

    def fail(_: object) -> object:
        raise RuntimeError("the secret reason")

    monkeypatch.setattr(Request, "query_params", property(fail))
    answer = shared.get(MODULES)
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})
    assert "the secret reason" in caplog.text


@pytest.mark.parametrize("operation", [it for it in ROUTES if not it.is_safe], ids=lambda it: it.id)
def test_whoever_only_looks_signs_nobody_in_or_out(empty: Served, operation: Operation[Any]) -> None:
    answer = empty.head(operation.path.replace("{provider_source}", "hub"))
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
    assert "HEAD" not in answer.headers["allow"]
