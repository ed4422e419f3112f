"""Handlers that make, publish and delete module versions (chapter 02, 10)."""

from starlette.responses import Response

from terrareg_http.calls import Call
from terrareg_http.multipart import received_files
from terrareg_http.responses import json_response
from terrareg_http.schemas.common import Confirmation, NoArguments, Success
from terrareg_http.schemas.modules import UploadAnswer


async def upload_version(call: Call, _: NoArguments) -> Response:
    """Upload the archive of a module version and index it.

    The body is multipart/form-data with exactly one file, a zip or a gzipped tar, under any field name.
    """
    admitted = await call.run(
        call.registry.publishing.admit_upload, call.identity, call.module_provider, call.parameters["version"]
    )
    async with received_files(call.request, call.settings.upload_max_bytes) as files:
        made = await call.run_slowly(admitted.receive, files)
    return json_response(UploadAnswer(warnings=made.warnings or None))


async def publish_version(call: Call, _: NoArguments) -> Response:
    """Publish a module version, so that terraform finds it."""
    await call.run(call.registry.publishing.publish, call.identity, call.module_provider, call.parameters["version"])
    return json_response(Success())


async def delete_version(call: Call, _: Confirmation) -> Response:
    """Delete a module version with its archives."""
    await call.run(call.registry.publishing.delete, call.identity, call.module_provider, call.parameters["version"])
    return json_response(Success())
