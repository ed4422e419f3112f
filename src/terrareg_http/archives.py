"""The handler of hosted archives (chapter 01, 5.8)."""

from starlette.responses import Response

from terrareg_core.modules.downloads import OpenedArchive
from terrareg_http.calls import Call
from terrareg_http.ranges import select
from terrareg_http.responses import ContentResponse
from terrareg_http.schemas.modules import ArchiveArguments


async def source_archive(call: Call, arguments: ArchiveArguments) -> Response:
    """Send the hosted archive of a module version.

    On a closed registry the address carries a pre-signed key, unless the caller may read anyway.
    """
    key = arguments.presign if arguments.presign is not None else call.parameters.get("presign")
    opened = await call.run(
        call.registry.downloads.open_archive, call.identity, call.module_provider, call.parameters["version"], key
    )
    return _answer(call, opened)


def _answer(call: Call, opened: OpenedArchive) -> Response:
    size, etag = opened.content.size, f'"{opened.digest}"'
    selection = select(call.request.headers, call.request.method, etag, size)
    headers = {"ETag": etag, "Cache-Control": "no-cache", "Accept-Ranges": "bytes"}
    if selection.status in {200, 206}:
        headers["Content-Type"] = "application/zip"
        headers["Content-Disposition"] = "inline; filename=source.zip"
        headers["Content-Length"] = str(selection.end - selection.start)
    if selection.status == 206:
        headers["Content-Range"] = f"bytes {selection.start}-{selection.end - 1}/{size}"
    if selection.status == 416:
        headers["Content-Range"] = f"bytes */{size}"
        headers["Content-Length"] = "0"
    return ContentResponse(opened.content, selection.start, selection.end, selection.status, headers)
