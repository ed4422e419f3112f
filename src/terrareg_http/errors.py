"""The error table: which answer each error of the domain, and of a request itself, gets."""

from collections.abc import Mapping
from enum import Enum

import attrs
from starlette.responses import PlainTextResponse, Response

from terrareg_core.errors import (
    AccessTokenNotFound,
    AnalyticsTokenRequired,
    ArchiveNotFound,
    AuthenticationRequired,
    CrossSiteRequest,
    EmptyPage,
    ExampleFileNotFound,
    HostingDisabled,
    InvalidArgument,
    InvalidIdentifier,
    InvalidOAuthRequest,
    InvalidPayload,
    InvalidPermission,
    InvalidPresignedKey,
    InvalidRequest,
    InvalidUrlTemplate,
    InvalidVersion,
    ModuleProviderExists,
    ModuleVersionNotFound,
    NamespaceNotFound,
    NoRepository,
    NotFound,
    NotOffered,
    PartNotFound,
    PermissionDenied,
    PermissionExists,
    ProviderSourceNotFound,
    RegistryError,
    SignInNotStarted,
    SignInRefused,
    SignInUnavailable,
    TooManyFailures,
    UploadDisabled,
)
from terrareg_http.pages import message_page
from terrareg_http.responses import json_response
from terrareg_http.schemas.common import (
    ArgumentError,
    DomainError,
    EmptyObject,
    MessageError,
    NotFoundError,
    OAuthError,
    SamlError,
)

INTERNAL_ERROR = "Internal Server Error"


class RequestError(Exception):
    """A request that is refused before any use case sees it; `message` is one sentence."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class UnsupportedBody(RequestError):
    """The body's content type is not the one that the endpoint takes."""


class MalformedBody(RequestError):
    """The body is not the JSON that its content type promises."""


class DocumentTooLarge(RequestError):
    """A JSON body is larger than any that makes sense."""


class UploadTooLarge(RequestError):
    """An upload is larger than the registry takes (decision 35)."""


class ErrorFamily(Enum):
    """Which manners an endpoint answers errors in."""

    PROTOCOL = "protocol"
    """The Terraform protocol: whatever can't be found or can't be a name is "not found" (decision 1)."""
    MANAGEMENT = "management"
    """Chapter 02, section 1.6."""
    NAMESPACE = "namespace"
    """As management, for endpoints that address a namespace itself (E-404)."""
    BARE = "bare"
    """As management, for endpoints of imports whose refusals hold a message alone (chapter 02, 10.2 and 11.2)."""
    VERSION = "version"
    """As management, for endpoints that show a version itself: an unknown one is "not found" (chapter 01, 5.3)."""
    PAGE = "page"
    """Steps of signing in, which browsers show: a page with status 200 says what went wrong (chapter 04, 1)."""
    OPENID = "openid"
    """As pages, for the way back from an OpenID Connect provider (chapter 04, 8.3)."""
    SAML = "saml"
    """As pages, for the way back from a SAML identity provider (chapter 04, 9.4)."""
    OAUTH = "oauth"
    """The token endpoint of `terraform login` (RFC 6749, 5.2)."""
    STATISTICS = "statistics"
    """As management, at paths of the protocol: what can't be a name is "not found" (chapter 01, 1.2; decision 1)."""


class Shape(Enum):
    """The shapes of error bodies (chapter 01, 1.2)."""

    NOT_FOUND = NotFoundError
    MESSAGE = MessageError
    ARGUMENT = ArgumentError
    DOMAIN = DomainError
    OAUTH = OAuthError
    SAML = SamlError
    EMPTY = EmptyObject
    TEXT = str
    PAGE = bytes
    """HTML."""


@attrs.frozen
class Refusal:
    """How an error is answered."""

    status: int
    shape: Shape

    def response(self, error: RegistryError | RequestError) -> Response:
        response = self._body(error)
        if isinstance(error, TooManyFailures):
            response.headers["Retry-After"] = str(error.retry_after)
        return response

    def _body(self, error: RegistryError | RequestError) -> Response:
        match self.shape:
            case Shape.NOT_FOUND:
                return json_response(NotFoundError(), self.status)
            case Shape.MESSAGE:
                return json_response(MessageError(error.message), self.status)
            case Shape.ARGUMENT:
                assert isinstance(error, InvalidArgument)
                return json_response(ArgumentError({error.argument: error.message}), self.status)
            case Shape.DOMAIN:
                return json_response(DomainError(error.message), self.status)
            case Shape.OAUTH:
                return _oauth_response(error, self.status)
            case Shape.SAML:
                return json_response(SamlError(error.message), self.status)
            case Shape.EMPTY:
                return json_response(EmptyObject(), self.status)
            case Shape.PAGE:
                is_ours = not isinstance(error, InvalidOAuthRequest)
                return message_page("Sign-in failed", error.message, self.status, leads_to_login=is_ours)
            case Shape.TEXT:
                return PlainTextResponse(error.message, self.status)


_Table = Mapping[type[Exception], Refusal]

_COMMON: _Table = {
    AuthenticationRequired: Refusal(401, Shape.MESSAGE),
    PermissionDenied: Refusal(403, Shape.MESSAGE),
    TooManyFailures: Refusal(429, Shape.MESSAGE),
    CrossSiteRequest: Refusal(403, Shape.DOMAIN),
    AnalyticsTokenRequired: Refusal(401, Shape.TEXT),
    InvalidPresignedKey: Refusal(403, Shape.MESSAGE),
    UnsupportedBody: Refusal(415, Shape.MESSAGE),
    MalformedBody: Refusal(400, Shape.MESSAGE),
    DocumentTooLarge: Refusal(413, Shape.MESSAGE),
    UploadTooLarge: Refusal(413, Shape.DOMAIN),
    InvalidArgument: Refusal(400, Shape.ARGUMENT),
    NotFound: Refusal(400, Shape.MESSAGE),
    NotOffered: Refusal(404, Shape.NOT_FOUND),
    AccessTokenNotFound: Refusal(404, Shape.NOT_FOUND),
    InvalidPermission: Refusal(400, Shape.MESSAGE),
    PermissionExists: Refusal(400, Shape.MESSAGE),
    EmptyPage: Refusal(404, Shape.NOT_FOUND),
    ArchiveNotFound: Refusal(404, Shape.NOT_FOUND),
    PartNotFound: Refusal(404, Shape.NOT_FOUND),
    ExampleFileNotFound: Refusal(404, Shape.MESSAGE),
    InvalidUrlTemplate: Refusal(400, Shape.MESSAGE),
    ModuleProviderExists: Refusal(400, Shape.MESSAGE),
    UploadDisabled: Refusal(400, Shape.MESSAGE),
    InvalidRequest: Refusal(400, Shape.DOMAIN),
    HostingDisabled: Refusal(500, Shape.MESSAGE),
    # Whatever else the domain raises failed on our side or beyond.
    RegistryError: Refusal(500, Shape.DOMAIN),
}

_NOT_FOUND = Refusal(404, Shape.NOT_FOUND)

_SHOWN = Refusal(200, Shape.PAGE)

_PAGES: _Table = {
    **_COMMON,
    SignInUnavailable: _SHOWN,
    SignInRefused: _SHOWN,
    SignInNotStarted: _SHOWN,
    InvalidOAuthRequest: Refusal(400, Shape.PAGE),
    ProviderSourceNotFound: _NOT_FOUND,
}

ERRORS: Mapping[ErrorFamily, _Table] = {
    ErrorFamily.PROTOCOL: {
        **_COMMON,
        NotFound: _NOT_FOUND,
        InvalidIdentifier: _NOT_FOUND,
        InvalidVersion: _NOT_FOUND,
        ExampleFileNotFound: _NOT_FOUND,
    },
    ErrorFamily.MANAGEMENT: _COMMON,
    ErrorFamily.NAMESPACE: {**_COMMON, NamespaceNotFound: _NOT_FOUND},
    ErrorFamily.BARE: {
        **_COMMON,
        NoRepository: Refusal(400, Shape.MESSAGE),
        InvalidPayload: Refusal(400, Shape.MESSAGE),
    },
    ErrorFamily.VERSION: {**_COMMON, ModuleVersionNotFound: _NOT_FOUND},
    ErrorFamily.PAGE: _PAGES,
    ErrorFamily.OPENID: {**_PAGES, SignInNotStarted: Refusal(400, Shape.EMPTY)},
    ErrorFamily.SAML: {**_PAGES, SignInNotStarted: Refusal(400, Shape.SAML)},
    ErrorFamily.OAUTH: {
        **_COMMON,
        InvalidOAuthRequest: Refusal(400, Shape.OAUTH),
        InvalidArgument: Refusal(400, Shape.OAUTH),
    },
    ErrorFamily.STATISTICS: {**_COMMON, InvalidIdentifier: _NOT_FOUND},
}
"""For each family the answer to a class of errors; a subclass that is not named is answered as its base."""


def refusal_of(error: type[Exception], family: ErrorFamily) -> Refusal:
    """How an error of this class is answered by the endpoints of a family."""
    table = ERRORS[family]
    return next(table[kind] for kind in error.__mro__ if kind in table)


def _oauth_response(error: RegistryError | RequestError, status: int) -> Response:
    headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
    code = error.code if isinstance(error, InvalidOAuthRequest) else "invalid_request"
    if code == "invalid_client":
        status, headers = 401, {**headers, "WWW-Authenticate": "Basic"}
    return json_response(OAuthError(code, error.message), status, headers)


def not_found() -> Response:
    """The answer to a path below `/v1/` or `/v2/` that no route matches."""
    return json_response(NotFoundError(), 404)


def method_not_allowed(allow: str) -> Response:
    """The answer to a method that a path does not offer; `allow` names those it does."""
    return json_response(MessageError("Method Not Allowed"), 405, {"Allow": allow})


def internal_error() -> Response:
    """The answer to a failure that nobody foresaw; it tells nothing of it."""
    return json_response(MessageError(INTERNAL_ERROR), 500)
