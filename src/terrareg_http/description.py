"""The OpenAPI 3.1 description of a route table (https://spec.openapis.org/oas/v3.1.1)."""

from collections.abc import Iterable, Sequence
from typing import Any

import attrs

from terrareg_core.access.csrf import CsrfRule
from terrareg_core.access.permissions import RULES
from terrareg_core.errors import AuthenticationRequired, CrossSiteRequest, PermissionDenied, TooManyFailures
from terrareg_http.arguments import (
    FORM,
    Form,
    JsonBody,
    JsonValues,
    Multipart,
    OptionalJson,
    Query,
    QueryAndForm,
    SignedPayload,
    TextsInJsonBody,
)
from terrareg_http.errors import Shape, refusal_of
from terrareg_http.operation import JSON, Answer, Operation
from terrareg_http.paths import PathPattern
from terrareg_http.schemas.converter import without_none
from terrareg_http.schemas.fields import description, wire_name
from terrareg_http.schemas.json_schema import Schema, SchemaBook
from terrareg_http.service import installed_version
from terrareg_http.sessions import SESSION_COOKIE

_PARAMETERS = {
    "namespace": "The namespace; on paths of the Terraform protocol it may carry an analytics token: token__namespace",
    "name": "The name of the module",
    "provider": "The provider that the module is made for",
    "version": "The version, such as 1.2.3 or 1.2.3-beta",
    "presign": "A pre-signed key",
    "module_provider_redirect_id": "The id of a redirect, as the list of redirects tells it",
    "submodule": "The path of a submodule, below the module's root",
    "submodule_path": "The path of a submodule, below the module's root",
    "example": "The path of an example, below the module's root",
    "example_path": "The path of an example, below the module's root",
    "example_file": "The path of a file of an example, below the module's root",
    "user_group": "The name of a user group",
    "token_id": "The id of an access token, as the list tells it",
    "provider_source": "The API name of a provider source",
    "path": "The path of a document that lies beside the README",
}
_REASONS = {
    200: "A page says what went wrong",
    400: "The request is wrong in a way that its sender can mend",
    401: "The caller needs to authenticate, or to send an analytics token",
    403: "The caller is not permitted to do this",
    404: "What is addressed does not exist",
    413: "The body is too large",
    415: "The content type is not application/json",
    429: "Too many wrong credentials came from the caller's address of late",
    500: "The registry, or what it depends on, failed",
}


def describe(operations: Sequence[Operation[Any]]) -> dict[str, Any]:
    """The OpenAPI document of these operations, as a JSON value."""
    book = SchemaBook()
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        path = PathPattern(operation.path).template
        paths.setdefault(path, {})[operation.method.lower()] = _operation(operation, book)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "terrareg",
            "summary": "A private registry for Terraform and OpenTofu modules",
            "version": installed_version() or "unknown",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [{"name": tag} for tag in dict.fromkeys(operation.tag for operation in operations)],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(book.components.items())),
            "securitySchemes": {
                "apiKey": {"type": "apiKey", "in": "header", "name": "X-Terrareg-ApiKey"},
                "bearer": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE},
            },
        },
    }


def _operation(operation: Operation[Any], book: SchemaBook) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
    }
    if operation.details:
        described["description"] = operation.details
    parameters = [*_path_parameters(operation), *_query_parameters(operation, book)]
    if parameters:
        described["parameters"] = parameters
    body = _body(operation, book)
    if body is not None:
        described["requestBody"] = body
    described["responses"] = {
        **{str(answer.status): _answer(answer, book) for answer in operation.answers},
        **_refusals(operation, book),
    }
    # A caller without credentials may be permitted, too: that is for the registry's settings to say.
    described["security"] = [{"apiKey": []}, {"bearer": []}, {"session": []}, {}] if operation.needs is not None else []
    described["x-permission"] = _permission(operation)
    if operation.aliases:
        described["x-aliases"] = list(operation.aliases)
    if operation.is_extension:
        described["x-extension"] = True
    return described


def _permission(operation: Operation[Any]) -> dict[str, str]:
    """Who may: a capability and its rule, or what the operation asks for in its own way."""
    if operation.needs is not None:
        return {"capability": operation.needs.value, "rule": RULES[operation.needs].meaning}
    return {"capability": "public", "rule": operation.own_check or "Everybody"}


def _path_parameters(operation: Operation[Any]) -> Iterable[dict[str, Any]]:
    for name in PathPattern(operation.path).parameters:
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": _PARAMETERS[name],
            "schema": {"type": "string"},
        }


def _query_parameters(operation: Operation[Any], book: SchemaBook) -> Iterable[dict[str, Any]]:
    if not isinstance(operation.takes, Query | QueryAndForm):
        return
    for field in attrs.fields(operation.takes.shape):
        present = field.evolve(type=without_none(field.type), metadata={})
        yield {
            "name": wire_name(field),
            "in": "query",
            "required": field.default is attrs.NOTHING,
            "description": description(field),
            "schema": book.field(present, is_request=True),
        }


def _body(operation: Operation[Any], book: SchemaBook) -> dict[str, Any] | None:
    if isinstance(operation.takes, OptionalJson):
        return _content(JSON, book.schema(operation.takes.shape, is_request=True))
    if isinstance(operation.takes, Form):
        return _content(FORM, book.schema(operation.takes.shape, is_request=True)) | {"required": True}
    if isinstance(operation.takes, JsonBody | JsonValues | TextsInJsonBody):
        return _content(JSON, book.schema(operation.takes.shape, is_request=True)) | {"required": True}
    if isinstance(operation.takes, SignedPayload):
        return _content(JSON, {"type": "object", "description": "As the git host sends it"}) | {"required": True}
    if isinstance(operation.takes, Multipart):
        file: Schema = {"type": "string", "contentMediaType": "application/octet-stream"}
        form = {"type": "object", "properties": {"file": file}, "required": ["file"]}
        return _content("multipart/form-data", form) | {"required": True}
    return None


def _answer(answer: Answer, book: SchemaBook) -> dict[str, Any]:
    described: dict[str, Any] = {"description": answer.description}
    if answer.headers:
        described["headers"] = {
            name: {"description": meaning, "schema": {"type": "string"}} for name, meaning in answer.headers.items()
        }
    if answer.media_type is not None:
        described |= _content(answer.media_type, book.schema(answer.shape))
    return described


def _refusals(operation: Operation[Any], book: SchemaBook) -> dict[str, Any]:
    """The error answers by status, in order; each with the shapes that its body may have."""
    errors = [*operation.takes.refuses, *operation.raises]
    if operation.needs is not None:
        errors += [AuthenticationRequired, PermissionDenied, TooManyFailures]
    if operation.csrf is not CsrfRule.NONE:
        errors.append(CrossSiteRequest)
    shapes: dict[int, list[Shape]] = {}
    for error in errors:
        refusal = refusal_of(error, operation.family)
        known = shapes.setdefault(refusal.status, [])
        if refusal.shape not in known:
            known.append(refusal.shape)
    return {str(status): _refusal(status, shapes[status], book) for status in sorted(shapes)}


def _refusal(status: int, shapes: Sequence[Shape], book: SchemaBook) -> dict[str, Any]:
    content: dict[str, Any] = {}
    documents = [book.schema(shape.value) for shape in shapes if shape not in {Shape.TEXT, Shape.PAGE}]
    if documents:
        content[JSON] = {"schema": documents[0] if len(documents) == 1 else {"anyOf": documents}}
    if Shape.TEXT in shapes:
        content["text/plain"] = {"schema": {"type": "string"}}
    if Shape.PAGE in shapes:
        content["text/html"] = {"schema": {"type": "string"}}
    return {"description": _REASONS[status], "content": content}


def _content(media_type: str, schema: Schema) -> dict[str, Any]:
    return {"content": {media_type: {"schema": schema}}}
