"""Shapes of what the registry says of itself (chapter 01, 3; chapter 06, 7.2 and 7.3)."""

# Defaults are immutable, which the checker can't see from these types.
# ruff: noqa: RUF009

from collections.abc import Sequence

import attrs

from terrareg_http.schemas.fields import argument, optional_key


@attrs.frozen
class LoginService:
    """How `terraform login` gets a token."""

    client: str
    grant_types: Sequence[str]
    authz: str
    token: str
    ports: Sequence[int]
    """The first and the last that terraform may listen on."""


@attrs.frozen
class ServiceDiscovery:
    """Where terraform finds the protocols."""

    modules: str = argument("The module registry protocol", name="modules.v1")
    providers: str = argument("The provider registry protocol", name="providers.v1")
    login: LoginService | None = optional_key("The login protocol, where it is set up", name="login.v1")


@attrs.frozen
class VersionAnswer:
    """The version of the registry."""

    version: str | None


@attrs.frozen
class Health:
    """The process answers."""

    message: str = "Ok"
