"""Who a request comes from: the credentials in its headers (chapter 04, 2.1)."""

from starlette.types import Scope

from terrareg_core.access.authentication import Credentials

_BEARER = b"Bearer "


def credentials_of(scope: Scope) -> Credentials:
    """The API key and the bearer token that a request carries; `Bearer` is matched with its case and one space."""
    key = _first(scope, b"x-terrareg-apikey")
    authorization = _first(scope, b"authorization")
    return Credentials(key, authorization[len(_BEARER) :] if authorization.startswith(_BEARER) else b"")


def _first(scope: Scope, name: bytes) -> bytes:
    return next((bytes(value) for key, value in scope["headers"] if key == name), b"")
