"""Handlers of the registry's own pages: module providers, versions, filters, download counts (chapter 01, 5)."""

from starlette.responses import Response

from terrareg_core.modules.documentation import RequestedVersion
from terrareg_core.modules.overview import VersionPage
from terrareg_http.calls import Call
from terrareg_http.responses import json_response
from terrareg_http.schemas.common import NoArguments
from terrareg_http.schemas.overview import (
    DetailsArguments,
    FilterArguments,
    LongPageArguments,
    ModuleDownloadSummary,
    ModuleProviderDetails,
    ModuleProviderList,
    ProviderSearchFilters,
    SearchFilters,
    VersionItem,
    VersionListArguments,
    VersionPageDetails,
)


async def list_module_providers(call: Call, arguments: LongPageArguments) -> Response:
    """List the module providers of a namespace, or of a module in it, those without versions included."""
    page = await call.run(
        call.registry.overviews.module_providers,
        call.identity,
        call.parameters["namespace"],
        arguments.page,
        call.parameters.get("name"),
    )
    return json_response(ModuleProviderList.of(page))


async def list_all_versions(call: Call, arguments: VersionListArguments) -> Response:
    """List the versions of a module provider, greatest first."""
    listed = await call.run(
        call.registry.overviews.versions,
        call.identity,
        call.module_provider,
        include_beta=arguments.include_beta,
        include_unpublished=arguments.include_unpublished,
    )
    return json_response([VersionItem.of(item) for item in listed])


async def show_module_provider(call: Call, arguments: DetailsArguments) -> Response:
    """Show the latest version of a module provider, or the module provider alone where there is none."""
    page = await call.run(
        call.registry.overviews.module_provider,
        call.identity,
        call.module_provider,
        arguments.options(call.public_address()),
    )
    if isinstance(page, VersionPage):
        return json_response(VersionPageDetails.of_page(page))
    return json_response(ModuleProviderDetails.of_page(page))


async def show_version_page(call: Call, arguments: DetailsArguments) -> Response:
    """Show a module version with everything that is known of it."""
    requested = RequestedVersion(call.module_provider, call.parameters["version"])
    page = await call.run(
        call.registry.overviews.version, call.identity, requested, arguments.options(call.public_address())
    )
    return json_response(VersionPageDetails.of_page(page))


async def count_search_filters(call: Call, arguments: FilterArguments) -> Response:
    """Count how many of the modules that a search finds each filter would leave."""
    counts = await call.run(call.registry.catalogue.filters, call.identity, arguments.q)
    return json_response(SearchFilters.of(counts))


async def count_provider_search_filters(call: Call, arguments: FilterArguments) -> Response:
    """Count how many of the providers that a search finds each filter would leave."""
    counts = await call.run(call.registry.providers.filters, call.identity, arguments.q)
    return json_response(ProviderSearchFilters.of(counts))


async def show_download_summary(call: Call, _: NoArguments) -> Response:
    """Show how often a module provider was downloaded: in the last 7, 31 and 365 days, and ever."""
    summary = await call.run(call.registry.statistics.module_downloads, call.identity, call.module_provider)
    return json_response(ModuleDownloadSummary.of(summary))
