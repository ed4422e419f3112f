"""Handlers of what the registry says of itself (chapter 01, 3; chapter 06, 7.2 and 7.3)."""

from importlib.metadata import PackageNotFoundError, version

from starlette.responses import Response

from terrareg_http.calls import Call
from terrareg_http.responses import json_response
from terrareg_http.schemas.common import NoArguments
from terrareg_http.schemas.service import Health, ServiceDiscovery, VersionAnswer


def installed_version() -> str | None:
    """The version of the installed distribution, or None where the code runs without being installed."""
    try:
        return version("terrareg")
    except PackageNotFoundError:
        return None


async def discover_services(_call: Call, _: NoArguments) -> Response:
    """Tell terraform where the protocols are served."""
    return json_response(ServiceDiscovery("/v1/modules/", "/v1/providers/"))


async def show_registry_version(_call: Call, _: NoArguments) -> Response:
    """Tell the version of the registry."""
    return json_response(VersionAnswer(installed_version()))


async def show_health(_call: Call, _: NoArguments) -> Response:
    """Tell that the process is alive."""
    return json_response(Health())
