"""The ASGI application."""

from starlette.applications import Starlette

from terrareg_core.registry import Registry
from terrareg_http.dispatcher import Dispatcher
from terrareg_http.routes import ROUTES
from terrareg_http.settings import Settings


def create_app(registry: Registry, settings: Settings) -> Starlette:
    """The application that serves `registry`; whoever opened the registry closes it when the application is done."""
    return Starlette(routes=[Dispatcher(ROUTES, registry, settings)])
