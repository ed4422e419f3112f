"""Handlers of what the registry says of itself (chapter 01, 3; chapter 06, 7.2 and 7.3)."""

from importlib.metadata import PackageNotFoundError, version

from starlette.responses import Response

from terrareg_core.access.terraform_login import CLIENT_ID, PORTS
from terrareg_http.calls import Call
from terrareg_http.responses import json_response
from terrareg_http.schemas.common import NoArguments
from terrareg_http.schemas.service import Health, LoginService, ServiceDiscovery, VersionAnswer

AUTHORISATION_PATH = "/terraform/oauth/authorization"
TOKEN_PATH = "/terraform/oauth/token"  # noqa: S105 - a path
_LOGIN = LoginService(CLIENT_ID, ("authz_code", "token"), AUTHORISATION_PATH, TOKEN_PATH, (PORTS.start, PORTS.stop - 1))


def installed_version() -> str | None:
    """The version of the installed distribution, or None where the code runs without being installed."""
    try:
        return version("terrareg")
    except PackageNotFoundError:
        return None


async def discover_services(call: Call, _: NoArguments) -> Response:
    """Tell terraform where the protocols are served."""
    login = _LOGIN if call.registry.terraform_login.is_offered else None
    return json_response(ServiceDiscovery("/v1/modules/", "/v1/providers/", login))


async def show_registry_version(_call: Call, _: NoArguments) -> Response:
    """Tell the version of the registry."""
    return json_response(VersionAnswer(installed_version()))


async def show_health(_call: Call, _: NoArguments) -> Response:
    """Tell that the process is alive."""
    return json_response(Health())
