"""The API reference: the OpenAPI document, and a page rendered from it."""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any

import attrs
from starlette.responses import Response

from terrareg_http.calls import Call
from terrareg_http.description import describe
from terrareg_http.operation import JSON, Operation
from terrareg_http.pages import page, render, static_text
from terrareg_http.responses import dump_json
from terrareg_http.schemas.common import NoArguments


class Reference:
    """The handlers of the reference; what they serve is made on first use and kept."""

    def __init__(self, operations: Callable[[], Sequence[Operation[Any]]]) -> None:
        """`operations` gives the whole route table, which holds these handlers, too."""
        self._operations = operations

    @cached_property
    def _document(self) -> dict[str, Any]:
        return describe(self._operations())

    @cached_property
    def _text(self) -> bytes:
        return dump_json(self._document)

    @cached_property
    def _html(self) -> str:
        return reference_html(self._document)

    async def document(self, _call: Call, _: NoArguments) -> Response:
        """Give the OpenAPI document of this API."""
        return Response(self._text, media_type=JSON)

    async def page(self, _call: Call, _: NoArguments) -> Response:
        """Show this reference as a page."""
        return page(self._html)

    async def style(self, _call: Call, _: NoArguments) -> Response:
        """Give the style sheet of the reference."""
        return Response(static_text("reference.css"), media_type="text/css", headers={"Cache-Control": "max-age=3600"})


# --- what the template shows -------------------------------------------------------------------------------------


@attrs.frozen
class _Word:
    """A piece of a type's name."""

    text: str
    schema: str | None = None
    """The object that the word names, to be linked to."""


@attrs.frozen
class _Row:
    """A parameter, or a key of a body."""

    name: str
    place: str
    type: Sequence[_Word]
    required: bool
    description: str


@attrs.frozen
class _ShownBody:
    media_type: str
    type: Sequence[_Word]


@attrs.frozen
class _ShownAnswer:
    status: str
    description: str
    bodies: Sequence[_ShownBody]
    headers: Sequence[str]
    is_refusal: bool


@attrs.frozen
class _ShownOperation:
    id: str
    method: str
    path: str
    summary: str
    description: str
    permission: str
    rule: str
    """Who is permitted, in a sentence."""
    is_extension: bool
    aliases: Sequence[str]
    rows: Sequence[_Row]
    body_type: str
    answers: Sequence[_ShownAnswer]


@attrs.frozen
class _ShownSchema:
    name: str
    description: str
    rows: Sequence[_Row]


@attrs.frozen
class _Group:
    name: str
    operations: Sequence[_ShownOperation]


def reference_html(document: dict[str, Any]) -> str:
    """The page that shows an OpenAPI document made by `describe`."""
    operations = [
        (operation["tags"][0], _shown(method, path, operation, document))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    groups = [
        _Group(tag["name"], [shown for name, shown in operations if name == tag["name"]]) for tag in document["tags"]
    ]
    schemas = [
        _ShownSchema(name, schema.get("description", ""), list(_rows(schema, "")))
        for name, schema in document["components"]["schemas"].items()
    ]
    return render("reference.html", info=document["info"], groups=groups, schemas=schemas)


def _shown(method: str, path: str, operation: dict[str, Any], document: dict[str, Any]) -> _ShownOperation:
    rows = [
        _Row(item["name"], item["in"], _type(item["schema"]), item["required"], item["description"])
        for item in operation.get("parameters", [])
    ]
    content = operation.get("requestBody", {}).get("content", {})
    for media in content.values():
        rows += _rows(_resolved(media["schema"], document), "body")
    return _ShownOperation(
        operation["operationId"],
        method.upper(),
        path,
        operation["summary"],
        operation.get("description", ""),
        operation["x-permission"]["capability"],
        operation["x-permission"]["rule"],
        operation.get("x-extension", False),
        operation.get("x-aliases", []),
        rows,
        ", ".join(content),
        [_shown_answer(status, answer) for status, answer in operation["responses"].items()],
    )


def _shown_answer(status: str, answer: dict[str, Any]) -> _ShownAnswer:
    bodies = [_ShownBody(media_type, _type(body["schema"])) for media_type, body in answer.get("content", {}).items()]
    return _ShownAnswer(
        status, answer["description"], bodies, list(answer.get("headers", {})), is_refusal=status >= "400"
    )


def _rows(schema: dict[str, Any], place: str) -> Iterable[_Row]:
    required = schema.get("required", [])
    for name, item in schema.get("properties", {}).items():
        yield _Row(name, place, _type(item), name in required, item.get("description", ""))


def _resolved(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    resolved: dict[str, Any] = document["components"]["schemas"][name] if name else schema
    return resolved


def _type(schema: dict[str, Any]) -> Sequence[_Word]:
    """A schema in a word or a few."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return [_Word(name, name)]
    if "anyOf" in schema:
        first, *others = [_type(member) for member in schema["anyOf"]]
        return [*first, *(word for other in others for word in (_Word(" or "), *other))]
    if "enum" in schema:
        return [_Word(" or ".join(schema["enum"]))]
    kind = schema.get("type", "any JSON value")
    if kind == "array":
        return [_Word("list of "), *_type(schema["items"])]
    return [_Word(" or ".join(kind) if isinstance(kind, list) else kind)]
