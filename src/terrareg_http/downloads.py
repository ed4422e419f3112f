"""Handlers that tell terraform where a module version is fetched from (chapter 01, 2.12 and 4.8)."""

import asyncio
from contextlib import suppress

from starlette.responses import Response

from terrareg_core.analytics.downloads import Client, RecordingTicket
from terrareg_core.modules.downloads import DownloadRequest
from terrareg_http.calls import Call
from terrareg_http.login_pages import show_missing_page
from terrareg_http.schemas.common import NoArguments
from terrareg_http.schemas.modules import DownloadArguments

LATEST = "latest"
"""The version in an address of plain HTTP that means none in particular (2.12)."""


async def download(call: Call, arguments: DownloadArguments) -> Response:
    """Tell where a module version is fetched from: the latest, or the one that the path names.

    The address is in the header `X-Terraform-Get`. The namespace may carry an analytics token: `token__namespace`.
    """
    return await _answer(call, call.parameters.get("version"), direct=arguments.direct)


async def download_directly(call: Call, arguments: DownloadArguments) -> Response:
    """Tell terraform where a module version is fetched from when its source is a plain HTTP address.

    Only with `terraform-get=1`; the version `latest` means the latest one.
    """
    if not arguments.direct:
        return await show_missing_page(call, NoArguments())
    version = call.parameters.get("version")
    return await _answer(call, None if version == LATEST else version, direct=True)


async def _answer(call: Call, version: str | None, *, direct: bool) -> Response:
    headers = call.request.headers
    request = DownloadRequest(
        call.module_provider,
        version,
        Client(headers.get("user-agent", ""), headers.get("x-terraform-version", "")),
        call.public_address(),
        direct=direct,
        recorded=not call.is_only_looking,
    )
    granted = await call.run(call.registry.downloads.download, call.identity, request)
    if granted.ticket is not None:
        await _recorded(granted.ticket)
    return Response(status_code=204, headers={"X-Terraform-Get": granted.location})


async def _recorded(ticket: RecordingTicket) -> None:
    """Return once the recording ended; a lost one fails no download (decision 26)."""
    loop = asyncio.get_running_loop()
    ended = loop.create_future()

    def end() -> None:
        if not ended.done():
            ended.set_result(None)

    def report(_durable: bool) -> None:
        # The loop may be closed by now, when the server stopped without waiting for this request.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(end)

    ticket.when_done(report)
    await ended
