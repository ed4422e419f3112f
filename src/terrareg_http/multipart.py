"""Receiving files: a multipart body streamed into spooled files, within bounds (RFC 7578)."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

import attrs
from anyio import to_thread
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from terrareg_core.errors import InvalidRequest
from terrareg_core.modules.ports import UploadedArchive
from terrareg_http.arguments import bounded
from terrareg_http.errors import UploadTooLarge

_MAX_PARTS = 16
_MAX_FIELD_BYTES = 64 << 10
_MEMORY_BYTES = 1 << 20
"""A file larger than this is spooled to disk."""
_BLOCK_BYTES = 256 << 10
"""Chunks are gathered to blocks, because each block costs a change of thread."""


@asynccontextmanager
async def received_files(request: Request, most: int) -> AsyncIterator[Sequence[UploadedArchive]]:
    """The files of a multipart body of at most `most` bytes, for the length of the context.

    Raises InvalidRequest for what is no complete multipart body or has too many parts, UploadTooLarge, and
    ClientDisconnect. The files are gone when the context ends, and when it can't be entered.
    """
    form = _Form(_boundary(request))
    try:
        async for block in _blocks(request, most):
            await to_thread.run_sync(form.feed, block)
        yield form.files()
    finally:
        form.close()


def _boundary(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise InvalidRequest("Send exactly one file, the module's archive, as multipart/form-data")
    return boundary


async def _blocks(request: Request, most: int) -> AsyncIterator[bytes]:
    block = bytearray()
    refusal = UploadTooLarge(f"The upload is larger than the {most} bytes that this registry takes")
    async for chunk in bounded(request, most, refusal):
        block += chunk
        if len(block) >= _BLOCK_BYTES:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)


@attrs.frozen
class _Part:
    """A part whose headers were read."""

    file_name: str | None
    """None for a field that is no file."""
    content: "SpooledTemporaryFile[bytes]"


class _Form:
    """Takes the blocks of a body and sorts them into parts."""

    def __init__(self, boundary: bytes) -> None:
        self._parts: list[_Part] = []
        self._is_complete = False
        self._header = bytearray()
        self._header_value = bytearray()
        self._disposition = b""
        callbacks: dict[str, Callable[..., None]] = {
            "on_part_begin": self._begin_part,
            "on_header_field": self._extend_header,
            "on_header_value": self._extend_header_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._open_part,
            "on_part_data": self._write,
            "on_end": self._end,
        }
        try:
            self._parser = MultipartParser(boundary, callbacks)  # type: ignore[arg-type]
        except FormParserError as error:
            raise _damaged() from error

    def feed(self, block: bytes) -> None:
        """Take the next block. Raises InvalidRequest."""
        try:
            self._parser.write(block)
        except FormParserError as error:
            raise _damaged() from error

    def files(self) -> Sequence[UploadedArchive]:
        """The files, now that everything was fed. Raises InvalidRequest when the body broke off."""
        if not self._is_complete:
            raise _damaged()
        return [
            UploadedArchive(part.file_name, cast(BinaryIO, part.content))
            for part in self._parts
            if part.file_name is not None
        ]

    def close(self) -> None:
        for part in self._parts:
            part.content.close()

    # --- what the parser calls -----------------------------------------------------------------------------------

    def _begin_part(self) -> None:
        if len(self._parts) == _MAX_PARTS:
            raise InvalidRequest(f"The multipart body has more than {_MAX_PARTS} parts; send the archive alone")
        self._disposition = b""

    def _extend_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _extend_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = bytes(self._header_value)
        self._header.clear()
        self._header_value.clear()

    def _open_part(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"filename")
        self._parts.append(
            _Part(
                name.decode("utf-8", "replace") if name is not None else None,
                SpooledTemporaryFile(max_size=_MEMORY_BYTES),  # noqa: SIM115 - closed by `close`
            )
        )

    def _write(self, data: bytes, start: int, end: int) -> None:
        part = self._parts[-1]
        part.content.write(data[start:end])
        if part.file_name is None and part.content.tell() > _MAX_FIELD_BYTES:
            raise InvalidRequest("A field of the multipart body is too large; send the archive alone, with its name")

    def _end(self) -> None:
        self._is_complete = True


def _damaged() -> InvalidRequest:
    return InvalidRequest("The multipart body is damaged or incomplete; send the archive again")
