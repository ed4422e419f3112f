"""How a request's arguments are read: from nowhere, the query, or a JSON body; each way knows what it may refuse."""

from collections.abc import AsyncIterator, Sequence
from typing import Generic, Protocol, TypeVar
from urllib.parse import parse_qs

import attrs
import orjson
from starlette.requests import Request

from terrareg_core.errors import InvalidArgument, InvalidRequest
from terrareg_http.calls import Call
from terrareg_http.errors import DocumentTooLarge, MalformedBody, UnsupportedBody, UploadTooLarge
from terrareg_http.schemas.common import NoArguments
from terrareg_http.schemas.converter import structure
from terrareg_http.schemas.fields import wire_name

MAX_DOCUMENT_BYTES = 1 << 20
"""Of a JSON body or a form."""

FORM = "application/x-www-form-urlencoded"
_FIELDS_MAX = 50

ShapeT_co = TypeVar("ShapeT_co", covariant=True)
ShapeT = TypeVar("ShapeT")


class ArgumentReader(Protocol[ShapeT_co]):
    """Reads the arguments of one operation."""

    @property
    def shape(self) -> type[ShapeT_co]:
        """The class of what is read."""
        ...

    @property
    def refuses(self) -> Sequence[type[Exception]]:
        """The errors that reading may end in."""
        ...

    async def read(self, call: Call) -> ShapeT_co:
        """The arguments of this call. Raises what `refuses` names."""
        ...


@attrs.frozen
class PathOnly:
    """Nothing but the path; a body is ignored."""

    shape: type[NoArguments] = NoArguments
    refuses: Sequence[type[Exception]] = ()

    async def read(self, call: Call) -> NoArguments:  # noqa: ARG002 - the protocol's signature
        return NoArguments()


@attrs.frozen
class Multipart(PathOnly):
    """A file in a multipart body, which the handler receives itself once it knows that it wants it."""

    refuses: Sequence[type[Exception]] = (InvalidRequest, UploadTooLarge)


@attrs.frozen
class SignedPayload(PathOnly):
    """A body that the handler reads itself, because its signature is over its raw bytes."""

    refuses: Sequence[type[Exception]] = (UnsupportedBody, MalformedBody, DocumentTooLarge)


@attrs.frozen
class Query(Generic[ShapeT]):
    """Query arguments (chapter 01, 1.3)."""

    shape: type[ShapeT]
    refuses: Sequence[type[Exception]] = (InvalidArgument,)

    async def read(self, call: Call) -> ShapeT:
        return structure(self.shape, _queried(call.request))


def _queried(request: Request) -> dict[str, list[object]]:
    given: dict[str, list[object]] = {}
    for name, value in request.query_params.multi_items():
        given.setdefault(name, []).append(value)
    return given


@attrs.frozen
class JsonBody(Generic[ShapeT]):
    """The keys of a JSON object; another JSON value counts as an empty object (chapter 02, 1.5)."""

    shape: type[ShapeT]
    refuses: Sequence[type[Exception]] = (UnsupportedBody, MalformedBody, DocumentTooLarge, InvalidArgument)

    async def read(self, call: Call) -> ShapeT:
        document = await read_document(call.request)
        given = document.items() if isinstance(document, dict) else ()
        return structure(self.shape, {name: [value] for name, value in given if value is not None})


@attrs.frozen
class JsonValues(Generic[ShapeT]):
    """The keys of a JSON object as they are, of whatever type: the use case tells what is wrong with them.

    Another JSON value counts as an empty object.
    """

    shape: type[ShapeT]
    refuses: Sequence[type[Exception]] = (UnsupportedBody, MalformedBody, DocumentTooLarge)

    async def read(self, call: Call) -> ShapeT:
        document = await read_document(call.request)
        return _values(self.shape, document)


@attrs.frozen
class OptionalJson(Generic[ShapeT]):
    """As `JsonValues`, for endpoints that need no body: whatever is no JSON object is ignored."""

    shape: type[ShapeT]
    refuses: Sequence[type[Exception]] = (DocumentTooLarge,)

    async def read(self, call: Call) -> ShapeT:
        body = await read_body(call.request)
        try:
            return _values(self.shape, parse_document(body))
        except MalformedBody:
            return _values(self.shape, None)


def _values(shape: type[ShapeT], document: object) -> ShapeT:
    """Raises nothing: every field has a default, None."""
    given = document if isinstance(document, dict) else {}
    names = {wire_name(field): field.name for field in attrs.fields(shape)}  # type: ignore[arg-type]
    return shape(**{names[name]: value for name, value in given.items() if name in names})


@attrs.frozen
class Form(Generic[ShapeT]):
    """The fields of an URL-encoded form, by the rules of queries."""

    shape: type[ShapeT]
    refuses: Sequence[type[Exception]] = (InvalidArgument, DocumentTooLarge)

    async def read(self, call: Call) -> ShapeT:
        return structure(self.shape, await read_form(call.request))


@attrs.frozen
class QueryAndForm(Generic[ShapeT]):
    """The arguments of a query; the form in the body holds nothing else but perhaps one that the query lacks."""

    shape: type[ShapeT]
    refuses: Sequence[type[Exception]] = (InvalidArgument, DocumentTooLarge)

    async def read(self, call: Call) -> ShapeT:
        return structure(self.shape, {**await read_form(call.request), **_queried(call.request)})


async def read_form(request: Request) -> dict[str, list[object]]:
    """The values of each field of an URL-encoded form; none where the body is something else.

    Raises DocumentTooLarge.
    """
    body = await read_body(request)
    if media_type_of(request) != FORM:
        return {}
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_FIELDS_MAX)
    except ValueError:
        return {}
    return {name: list(values) for name, values in fields.items()}


@attrs.frozen
class TextsInJsonBody(Generic[ShapeT]):
    """The keys of a JSON object, all of them text; anything else is refused in the domain's shape (chapter 02, 1.5)."""

    shape: type[ShapeT]
    refuses: Sequence[type[Exception]] = (UnsupportedBody, MalformedBody, DocumentTooLarge, InvalidRequest)

    async def read(self, call: Call) -> ShapeT:
        document = await read_document(call.request)
        if not isinstance(document, dict):
            raise InvalidRequest("The body must be a JSON object")
        given = {name: value for name, value in document.items() if value is not None}
        for field in attrs.fields(self.shape):  # type: ignore[arg-type]
            name = wire_name(field)
            if name in given and not isinstance(given[name], str):
                raise InvalidRequest(f"{name} must be text")
        try:
            return structure(self.shape, {name: [value] for name, value in given.items()})
        except InvalidArgument as error:
            raise InvalidRequest(f"{error.argument}: {error.message}") from error


async def read_document(request: Request) -> object:
    """The JSON value in the body. Raises UnsupportedBody, DocumentTooLarge, MalformedBody."""
    require_json(request)
    return parse_document(await read_body(request))


def media_type_of(request: Request) -> str:
    """The body's content type in lower case, without its parameters; `""` for none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def require_json(request: Request) -> None:
    """Raises UnsupportedBody unless the body is declared to be JSON."""
    media_type = media_type_of(request)
    is_json = media_type == "application/json" or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )
    if not is_json:
        raise UnsupportedBody("Send the arguments as JSON, with the content type application/json")


async def read_body(request: Request) -> bytes:
    """The whole body. Raises DocumentTooLarge."""
    body = bytearray()
    async for chunk in bounded(request, MAX_DOCUMENT_BYTES, DocumentTooLarge("The JSON body is too large")):
        body += chunk
    return bytes(body)


def parse_document(body: bytes) -> object:
    """The JSON value that `body` spells. Raises MalformedBody."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedBody("The body is not valid JSON") from error


async def bounded(request: Request, most: int, refusal: Exception) -> AsyncIterator[bytes]:
    """The chunks of the body as they arrive. Raises `refusal` as soon as it is clear that there are over `most` bytes.

    The declared length is believed when it is too large, and never when it is small enough.
    """
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and (len(declared) > 18 or int(declared) > most):
        raise refusal
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > most:
            raise refusal
        yield chunk
