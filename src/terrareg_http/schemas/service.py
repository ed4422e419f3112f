"""Shapes of what the registry says of itself (chapter 01, 3; chapter 06, 7.2 and 7.3)."""

import attrs

from terrareg_http.schemas.fields import argument


@attrs.frozen
class ServiceDiscovery:
    """Where terraform finds the protocols."""

    modules: str = argument("The module registry protocol", name="modules.v1")
    providers: str = argument("The provider registry protocol", name="providers.v1")


@attrs.frozen
class VersionAnswer:
    """The version of the registry."""

    version: str | None


@attrs.frozen
class Health:
    """The process answers."""

    message: str = "Ok"
