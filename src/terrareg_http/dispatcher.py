"""From a request to its response: find the operation, identify the caller, read the arguments, answer errors."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import attrs
from anyio import CapacityLimiter, to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Message, Receive, Scope, Send

from terrareg_core.access.authentication import Caller
from terrareg_core.access.csrf import CsrfRule, require_own_page
from terrareg_core.access.permissions import Capability
from terrareg_core.errors import (
    AuthenticationRequired,
    RegistryError,
    SignInNotStarted,
    SignInRefused,
    SignInUnavailable,
    TooManyFailures,
)
from terrareg_core.registry import Registry
from terrareg_http.arguments import PathOnly
from terrareg_http.calls import Call
from terrareg_http.errors import RequestError, internal_error, method_not_allowed, not_found, refusal_of
from terrareg_http.failure_log import FailureReporter
from terrareg_http.login_pages import show_missing_page
from terrareg_http.operation import Operation
from terrareg_http.paths import PathPattern, PathTree, segments_of
from terrareg_http.responses import ContentResponse
from terrareg_http.sessions import CSRF_HEADER, client_of, credentials_of, origin_of
from terrareg_http.settings import Settings

_log = logging.getLogger(__name__)

_INDEXED_AT_ONCE = 4
_SIGNING_IN_AT_ONCE = 20
_METHODS = ("GET", "HEAD", "POST", "DELETE", "OPTIONS")
_API_PREFIXES = {"v1", "v2"}


@attrs.frozen
class _Resource:
    """The operations on one path pattern."""

    parameters: Sequence[str]
    operations: Mapping[str, Operation[Any]]
    """By method, HEAD included."""

    @property
    def allow(self) -> str:
        return ", ".join(method for method in _METHODS if method in self.operations or method == "OPTIONS")


class Dispatcher(BaseRoute):
    """The route that takes every request and answers it by the route table."""

    def __init__(self, operations: Sequence[Operation[Any]], registry: Registry, settings: Settings) -> None:
        self._registry = registry
        self._settings = settings
        self._indexing = CapacityLimiter(_INDEXED_AT_ONCE)
        self._signing_in = CapacityLimiter(_SIGNING_IN_AT_ONCE)
        self._failures = FailureReporter()
        self._resources: PathTree[_Resource] = _resources(operations)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return (Match.FULL if scope["type"] == "http" else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        # A client that left gets no answer, and that is no failure.
        with suppress(ClientDisconnect):
            response = await self._respond(scope, receive)
            if scope["method"] == "HEAD" and not isinstance(response, ContentResponse):
                send = _without_body(send)
            await response(scope, receive, send)

    async def _respond(self, scope: Scope, receive: Receive) -> Response:
        segments = segments_of(scope)
        found = self._resources.find(segments) if segments is not None else None
        if found is None:
            return not_found() if _is_api(scope) else await self._perform(_MISSING_PAGE, {}, scope, receive)
        resource, values = found
        operation = resource.operations.get(scope["method"])
        if operation is None:
            if scope["method"] == "OPTIONS":
                return Response(headers={"Allow": resource.allow})
            return method_not_allowed(resource.allow)
        return await self._perform(operation, dict(zip(resource.parameters, values, strict=True)), scope, receive)

    async def _perform(
        self, operation: Operation[Any], parameters: Mapping[str, str], scope: Scope, receive: Receive
    ) -> Response:
        request = Request(scope, receive)
        response = await self._answer(operation, parameters, request)
        if operation.needs is not None or operation.own_check is not None:
            # What one caller gets, or is refused, is not for a shared cache to give to others.
            response.raw_headers.append(_VARY)
        return response

    async def _answer(self, operation: Operation[Any], parameters: Mapping[str, str], request: Request) -> Response:
        try:
            caller = await self._admit(request, operation.needs)
            call = Call(self._registry, self._settings, request, parameters, caller, self._indexing, self._signing_in)
            if operation.admission is not None:
                await operation.admission(call)
            arguments = await operation.takes.read(call)
            self._require_own_page(operation.csrf, call, arguments)
            return await operation.handler(call, arguments)
        except (RegistryError, RequestError) as error:
            refusal = refusal_of(type(error), operation.family)
            if refusal.status >= 500:
                _log.error("%s failed: %s", operation.id, error.message, exc_info=error)
            elif isinstance(error, SignInNotStarted | SignInRefused | SignInUnavailable):
                _log.warning("%s: %s", operation.id, error.message)
            return refusal.response(error)
        except ClientDisconnect:
            raise
        except Exception:  # noqa: BLE001 - nothing of an unforeseen failure may reach the client
            _log.exception("%s failed unexpectedly", operation.id)
            return internal_error()

    async def _admit(self, request: Request, needs: Capability | None) -> Caller:
        admission, credentials = self._registry.admission, credentials_of(request)
        caller = admission.admit_at_once(credentials, needs)
        if caller is not None:
            return caller
        client = client_of(request.scope, self._settings.trusted_proxies)
        try:
            caller = await to_thread.run_sync(admission.admit, credentials, client, needs)
        except (AuthenticationRequired, TooManyFailures):
            if credentials.are_presented:
                self._failures.report(client)
            raise
        if caller.has_failed:
            self._failures.report(client)
        return caller

    def _require_own_page(self, rule: CsrfRule, call: Call, arguments: object) -> None:
        if rule is CsrfRule.NONE:
            return
        # Arguments that can carry the token have it under this name, and no text is no token.
        given = call.request.headers.get(CSRF_HEADER) or getattr(arguments, "csrf_token", None)
        token = given if isinstance(given, str) else None
        keys, origin = self._registry.sessions.keys, origin_of(call.request, self._settings)
        require_own_page(rule, call.caller, keys, token, origin)


_MISSING_PAGE = Operation(
    id="showMissingPage",
    method="GET",
    path="",
    tag="Pages",
    handler=show_missing_page,
    takes=PathOnly(),
    needs=None,
    own_check="The right to read",
    answers=(),
)
"""Answers every path that the table doesn't have, outside of the API."""

_VARY = (b"vary", b"Cookie, Authorization, X-Terrareg-ApiKey")


def _resources(operations: Sequence[Operation[Any]]) -> PathTree[_Resource]:
    by_path: dict[str, dict[str, Operation[Any]]] = {}
    for operation in operations:
        for path in operation.paths:
            methods = by_path.setdefault(path, {})
            assert operation.method not in methods, f"{operation.method} {path} stands twice in the route table"
            methods[operation.method] = operation
            if operation.method == "GET" and operation.is_safe:
                methods["HEAD"] = operation
    tree: PathTree[_Resource] = PathTree()
    for path, methods in by_path.items():
        pattern = PathPattern(path)
        tree.add(pattern, _Resource(pattern.parameters, methods))
    return tree


def _is_api(scope: Scope) -> bool:
    """Whether the path lies below a prefix whose clients expect JSON (decision 3)."""
    return scope["path"].removeprefix(scope.get("root_path", "")).partition("/")[2].partition("/")[0] in _API_PREFIXES


def _without_body(send: Send) -> Send:
    """`send` for answers to HEAD: the headers of the answer to GET, and no body."""

    async def send_headers(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return send_headers
