"""Handlers of module providers, git providers and the initial setup (chapter 02, 4 to 7)."""

from starlette.responses import Response

from terrareg_http.calls import Call
from terrareg_http.responses import json_response
from terrareg_http.schemas.common import Confirmation, EmptyObject, NoArguments
from terrareg_http.schemas.module_providers import (
    GitProviderItem,
    InitialSetupAnswer,
    IntegrationItem,
    ModuleProviderCreation,
    ModuleProviderSettings,
    RedirectDeletion,
    RedirectItem,
)
from terrareg_http.schemas.modules import CreatedModuleProvider


async def create_module_provider(call: Call, arguments: ModuleProviderCreation) -> Response:
    """Create a module provider without versions."""
    created = await call.run(call.registry.module_providers.create, call.identity, call.module_provider, arguments.git)
    return json_response(CreatedModuleProvider(str(created)))


async def change_module_provider(call: Call, arguments: ModuleProviderSettings) -> Response:
    """Change settings of a module provider, move or rename it: everything that is given, or nothing."""
    await call.run(call.registry.module_providers.change, call.identity, call.module_provider, arguments.changes)
    return json_response(EmptyObject())


async def delete_module_provider(call: Call, _: Confirmation) -> Response:
    """Delete a module provider with all its versions."""
    await call.run(call.registry.module_providers.delete, call.identity, call.module_provider)
    return json_response(None)


async def list_redirects(call: Call, _: NoArguments) -> Response:
    """List the former addresses that lead to a module provider."""
    redirects = await call.run(call.registry.module_providers.redirects, call.identity, call.module_provider)
    return json_response([RedirectItem.of(redirect) for redirect in redirects])


async def delete_redirect(call: Call, arguments: RedirectDeletion) -> Response:
    """Delete a former address of a module provider.

    Refused while somebody's latest download was made under it.
    """
    await call.run(
        call.registry.module_providers.delete_redirect,
        call.identity,
        call.module_provider,
        call.parameters["module_provider_redirect_id"],
        force=arguments.force,
    )
    return json_response(None)


async def list_integrations(call: Call, _: NoArguments) -> Response:
    """List the ways in which versions of a module provider get into the registry."""
    integrations = await call.run(call.registry.module_providers.integrations, call.identity, call.module_provider)
    return json_response(IntegrationItem.all_of(integrations))


async def list_git_providers(call: Call, _: NoArguments) -> Response:
    """List the git providers that module providers can choose."""
    git_providers = await call.run(call.registry.git_providers.listed, call.identity)
    return json_response([GitProviderItem.of(git_provider) for git_provider in git_providers])


async def show_initial_setup(call: Call, _: NoArguments) -> Response:
    """Show how far the first steps of a new registry have come."""
    progress = await call.run(call.registry.initial_setup.progress, call.identity)
    return json_response(InitialSetupAnswer.of(progress))
