"""Handlers that create and delete module providers (chapter 02, 4)."""

from starlette.responses import Response

from terrareg_http.calls import Call
from terrareg_http.responses import json_response
from terrareg_http.schemas.common import Confirmation
from terrareg_http.schemas.modules import CreatedModuleProvider


async def create_module_provider(call: Call, _: Confirmation) -> Response:
    """Create a module provider without versions."""
    created = await call.run(call.registry.module_providers.create, call.identity, call.module_provider)
    return json_response(CreatedModuleProvider(str(created)))


async def delete_module_provider(call: Call, _: Confirmation) -> Response:
    """Delete a module provider with all its versions."""
    await call.run(call.registry.module_providers.delete, call.identity, call.module_provider)
    return json_response(None)
