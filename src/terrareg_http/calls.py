"""A call: one request to one operation, as its handler sees it."""

import functools
from collections.abc import Callable, Mapping
from typing import ParamSpec, TypeVar

import attrs
from anyio import CapacityLimiter, to_thread
from starlette.requests import Request

from terrareg_core.access.authentication import Caller
from terrareg_core.access.identities import Identity
from terrareg_core.identifiers import RequestedModuleProvider
from terrareg_core.modules.sources import PublicAddress
from terrareg_core.registry import Registry
from terrareg_http.settings import Settings

ArgumentsP = ParamSpec("ArgumentsP")
ResultT = TypeVar("ResultT")


@attrs.frozen
class Call:
    """Everything that handlers work with; what the request says beyond path and headers comes as typed arguments."""

    registry: Registry
    settings: Settings
    request: Request
    parameters: Mapping[str, str]
    """The decoded segments of the path that the route names."""
    caller: Caller
    _indexing: CapacityLimiter
    """Bounds the slow use cases, so that they leave threads to all others (chapter 02, 10.3)."""
    _signing_in: CapacityLimiter
    """The same for those that ask identity providers, which may be slow and are not to keep anybody else waiting."""

    @property
    def identity(self) -> Identity:
        """Who the caller acts as."""
        return self.caller.identity

    @property
    def module_provider(self) -> RequestedModuleProvider:
        """The module provider in the path, as the client wrote it."""
        return RequestedModuleProvider(
            self.parameters["namespace"], self.parameters["name"], self.parameters["provider"]
        )

    @property
    def is_only_looking(self) -> bool:
        """Whether the client wants the headers alone."""
        return self.request.method == "HEAD"

    def public_address(self) -> PublicAddress:
        """Where clients reach this registry (chapter 01, 2.6). Raises InvalidRequest when nothing names a host."""
        return PublicAddress.resolve(
            self.settings.public_url, self.settings.domain_name, self.request.headers.get("host", "")
        )

    async def run(
        self, use_case: Callable[ArgumentsP, ResultT], *args: ArgumentsP.args, **kwargs: ArgumentsP.kwargs
    ) -> ResultT:
        """Run a use case in a worker thread and return, or raise, what it does."""
        return await to_thread.run_sync(functools.partial(use_case, *args, **kwargs))

    async def run_slowly(
        self, use_case: Callable[ArgumentsP, ResultT], *args: ArgumentsP.args, **kwargs: ArgumentsP.kwargs
    ) -> ResultT:
        """As `run`, for use cases that take seconds: only a few run at once, the others wait their turn."""
        return await to_thread.run_sync(functools.partial(use_case, *args, **kwargs), limiter=self._indexing)

    async def run_sign_in(
        self, use_case: Callable[ArgumentsP, ResultT], *args: ArgumentsP.args, **kwargs: ArgumentsP.kwargs
    ) -> ResultT:
        """As `run`, for use cases that ask an identity provider."""
        return await to_thread.run_sync(functools.partial(use_case, *args, **kwargs), limiter=self._signing_in)
