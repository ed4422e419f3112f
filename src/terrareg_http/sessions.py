"""What a request tells of who sends it: keys, tokens, cookies, its address, and the site it comes from (chapter 04)."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from terrareg_core.access.authentication import Credentials
from terrareg_core.access.csrf import RequestOrigin
from terrareg_core.access.sessions import OpenedSession
from terrareg_core.access.sign_in import StartedSignIn
from terrareg_http.settings import Network, Settings

SESSION_COOKIE = "session"
SIGN_IN_COOKIE = "login_flow"
"""Ties an attempt to sign in to the browser that began it."""
CSRF_HEADER = "X-CSRF-Token"

_BEARER = b"Bearer "
_LAX: Any = "Lax"
_NONE: Any = "None"
"""As RFC 6265bis spells them; Starlette's type knows them in lower case only."""
_COOKIE_MAX = 256
"""Characters of a cookie that could be one of ours."""
_IPV6_SUBSCRIBER = 64
"""Bits of an IPv6 address that its owner can't choose freely (RFC 6177)."""


def credentials_of(request: Request) -> Credentials:
    """The API key, the bearer token (`Bearer` with its case and one space) and the session that a request carries."""
    scope = request.scope
    authorization = _first(scope, b"authorization")
    return Credentials(
        _first(scope, b"x-terrareg-apikey"),
        authorization[len(_BEARER) :] if authorization.startswith(_BEARER) else b"",
        _cookie(request, SESSION_COOKIE) if _first(scope, b"cookie") else "",
    )


def attempt_of(request: Request) -> str:
    """The value of the cookie of an attempt to sign in; empty without one."""
    return _cookie(request, SIGN_IN_COOKIE)


def _cookie(request: Request, name: str) -> str:
    value = request.cookies.get(name, "")
    return value if len(value) <= _COOKIE_MAX else ""


def _first(scope: Scope, name: bytes) -> bytes:
    return next((bytes(value) for key, value in scope["headers"] if key == name), b"")


# --- where it comes from -----------------------------------------------------------------------------------------


def client_of(scope: Scope, trusted_proxies: Sequence[Network]) -> str:
    """The address that wrong credentials are counted for: the peer's, or that of whom a trusted proxy speaks.

    Of an IPv6 address the part that belongs to one subscriber. Where a proxy names no address, nobody before it is
    believed either.
    """
    peer = scope.get("client")
    address = _address(peer[0]) if peer else None
    forwarded = b",".join(value for key, value in scope["headers"] if key == b"x-forwarded-for").decode("latin-1")
    for text in reversed(forwarded.split(",")):
        if address is None or not any(address in network for network in trusted_proxies):
            break
        named = _address(text)
        if named is None:
            break
        address = named
    if address is None:
        return "unknown"
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, _IPV6_SUBSCRIBER), strict=False))
    return str(address)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def origin_of(request: Request, settings: Settings) -> RequestOrigin:
    """What a browser tells of the site that a request comes from."""
    headers = request.headers
    return RequestOrigin(
        fetch_site=headers.get("sec-fetch-site"),
        fetch_mode=headers.get("sec-fetch-mode"),
        origin=headers.get("origin"),
        own=settings.public_origin or f"{request.scope['scheme']}://{headers.get('host', '').lower()}",
    )


# --- cookies -----------------------------------------------------------------------------------------------------


def keep_session(response: Response, session: OpenedSession, request: Request, settings: Settings) -> None:
    """Let the browser keep a session that has just begun."""
    response.set_cookie(
        SESSION_COOKIE,
        session.value,
        max_age=session.seconds,
        path="/",
        secure=_is_secure(request, settings),
        httponly=True,
        samesite=_LAX,
    )


def forget_session(response: Response, request: Request, settings: Settings) -> None:
    """Let the browser forget its session."""
    secure = _is_secure(request, settings)
    response.delete_cookie(SESSION_COOKIE, path="/", secure=secure, httponly=True, samesite=_LAX)


def keep_attempt(response: Response, started: StartedSignIn, request: Request, settings: Settings) -> None:
    """Let the browser remember that it has been sent away to sign in."""
    crosses = started.crosses_sites
    response.set_cookie(
        SIGN_IN_COOKIE,
        started.browser,
        max_age=started.seconds,
        path="/",
        # Browsers take a cookie for other sites' posts only if it is secure.
        secure=crosses or _is_secure(request, settings),
        httponly=True,
        samesite=_NONE if crosses else _LAX,
    )


def forget_attempt(response: Response, request: Request, settings: Settings) -> None:
    """Let the browser forget that it was sent away to sign in."""
    secure = _is_secure(request, settings)
    response.delete_cookie(SIGN_IN_COOKIE, path="/", secure=secure, httponly=True, samesite=_LAX)


def _is_secure(request: Request, settings: Settings) -> bool:
    return request.scope["scheme"] == "https" or (settings.public_origin or "").startswith("https:")
