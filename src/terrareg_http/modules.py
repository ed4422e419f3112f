"""Handlers of the module protocol and of searching modules (chapter 01, 4)."""

from starlette.responses import Response

from terrareg_http.calls import Call
from terrareg_http.responses import json_response
from terrareg_http.schemas.common import NoArguments
from terrareg_http.schemas.modules import (
    AvailableVersions,
    ListArguments,
    ModuleList,
    ModuleVersionDetails,
    PageArguments,
    SearchArguments,
)


async def list_modules(call: Call, arguments: ListArguments) -> Response:
    """List modules, each with its latest version."""
    page = await call.run(call.registry.catalogue.search, call.identity, arguments.search, arguments.page)
    return json_response(ModuleList.of(page))


async def search_modules(call: Call, arguments: SearchArguments) -> Response:
    """Search modules, best match first.

    Every term must be found in the module's namespace, name, description or owner, or be the name of its provider.
    """
    page = await call.run(
        call.registry.catalogue.search,
        call.identity,
        arguments.search,
        arguments.page,
        counted=arguments.include_count,
    )
    return json_response(ModuleList.of(page, counted=arguments.include_count))


async def list_modules_of_namespace(call: Call, arguments: PageArguments) -> Response:
    """List the modules of a namespace, internal ones included."""
    namespace = call.parameters["namespace"]
    page = await call.run(call.registry.catalogue.in_namespace, call.identity, namespace, arguments.page)
    return json_response(ModuleList.of(page))


async def list_providers_of_module(call: Call, arguments: PageArguments) -> Response:
    """List the providers of a module, each with its latest version."""
    namespace, module = call.parameters["namespace"], call.parameters["name"]
    page = await call.run(call.registry.catalogue.of_module, call.identity, namespace, module, arguments.page)
    return json_response(ModuleList.of(page))


async def show_version(call: Call, _: NoArguments) -> Response:
    """Show a module version: the latest, or the one that the path names."""
    details = await call.run(
        call.registry.catalogue.version_details, call.identity, call.module_provider, call.parameters.get("version")
    )
    return json_response(ModuleVersionDetails.of_version(details))


async def list_versions(call: Call, _: NoArguments) -> Response:
    """List the versions that terraform may choose from, greatest first."""
    listed = await call.run(call.registry.catalogue.versions, call.identity, call.module_provider)
    return json_response(AvailableVersions.of(listed))
