"""The OpenAPI document of the registry."""

from typing import Any

from terrareg_http.description import describe
from terrareg_http.routes import ROUTES


def openapi_document() -> dict[str, Any]:
    """The OpenAPI 3.1 document of every operation, as a JSON value; no registry is needed."""
    return describe(ROUTES)
