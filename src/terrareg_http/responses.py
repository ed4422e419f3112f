"""Responses: JSON as every endpoint writes it, and stored content that is streamed."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from urllib.parse import quote

import anyio
import orjson
from anyio import to_thread
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from terrareg_core.modules.ports import StoredContent
from terrareg_http.schemas.converter import unstructure


def dump_json(value: object) -> bytes:
    """`value` as JSON text with a newline at its end (chapter 01, 1.1)."""
    try:
        return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        # Numbers beyond 64 bits, which defaults of modules may hold, are valid JSON all the same.
        return json.dumps(value, separators=(",", ":")).encode() + b"\n"


class JsonResponse(Response):
    """A JSON value."""

    media_type = "application/json"

    def render(self, content: object) -> bytes:
        return dump_json(content)


def json_response(shape: object, status: int = 200, headers: Mapping[str, str] | None = None) -> JsonResponse:
    """The response that says `shape`: an attrs class of `schemas`, a list of them, or None for `null`."""
    return JsonResponse(unstructure(shape), status, headers)


def redirect(address: str, status: int = 302) -> Response:
    """Send a browser on to `address`, which is an absolute URL or a local path, and let nobody keep this answer.

    The default 302 makes a GET of a POST, as 303 does by definition, in every browser.
    """
    headers = {
        "Location": quote(address, safe=":/%#?=@[]!$&'()*+,;~"),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
    }
    return Response(status_code=status, headers=headers)


class ContentResponse(StreamingResponse):
    """The bytes from `start` up to `end` of stored content, read in worker threads; closes the content in any case."""

    def __init__(
        self, content: StoredContent, start: int, end: int, status_code: int, headers: Mapping[str, str]
    ) -> None:
        self._content = content
        self._has_body = start < end
        super().__init__(_chunks(content, start, end), status_code, headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["method"] == "HEAD" or not self._has_body:
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                await send({"type": "http.response.body", "body": b""})
            else:
                await super().__call__(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(self._content.close)


async def _chunks(content: StoredContent, start: int, end: int) -> AsyncIterator[bytes]:
    chunks = content.read_range(start, end)
    while True:
        chunk = await to_thread.run_sync(_next, chunks)
        if chunk is None:
            return
        yield chunk


def _next(chunks: Iterator[bytes]) -> bytes | None:
    return next(chunks, None)
