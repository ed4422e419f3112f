"""The HTTP client for identity providers: bounded in time and size, and it goes nowhere but where it is sent."""

import json
import math
import ssl
from collections.abc import Mapping
from concurrent.futures import CancelledError
from contextlib import ExitStack
from http.cookiejar import CookieJar, DefaultCookiePolicy

import anyio
import attrs
import httpx
from anyio.from_thread import start_blocking_portal

from terrareg_core.errors import SignInUnavailable

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")
"""The hosts that may be spoken to over http."""


@attrs.frozen
class Answer:
    """What a server said, whatever its status."""

    status: int
    media_type: str
    """Without parameters, in lower case; empty when none was given."""
    body: bytes = attrs.field(repr=False)
    """At most as long as the client allows; it may hold secrets."""


class Outbound:
    """Asks servers, each for one answer (chapter 04, 8.5): https only but for loopback hosts, no redirects, no cookies.

    Safe to use from many threads; the requests run on an event loop of its own, for only there can everything that a
    request waits for (names, connections, single bytes) be ended at one moment. Proxies and certificate authorities of
    the environment are used, except that loopback hosts are never asked through a proxy.
    """

    def __init__(self, *, timeout: float = 10.0, max_bytes: int = 1 << 20) -> None:
        """Take at most `timeout` seconds of wall-clock time and `max_bytes` of content for an answer."""
        self._timeout = timeout
        self._max_bytes = max_bytes
        # What one person's sign-in leaves must not travel with the next one's.
        no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=()))
        self._client = httpx.AsyncClient(
            # The request as a whole is limited where it is made. Connecting and the TLS handshake, with half of that
            # each, end before it does: httpx leaves a socket open when a handshake is ended from outside.
            timeout=httpx.Timeout(None, connect=timeout / 2),
            follow_redirects=False,
            cookies=no_cookies,
            headers={"User-Agent": "terrareg", "Accept-Encoding": "identity"},
            # A connection that the server closes while it is taken up again would cost a code that works only once.
            limits=httpx.Limits(max_keepalive_connections=0),
            mounts={f"all://{_in_url(host)}": None for host in LOOPBACK_HOSTS},
        )
        self._loop = ExitStack()
        self._portal = self._loop.enter_context(start_blocking_portal(name="identity-outbound"))
        self._loop.callback(self._portal.call, self._portal.stop, True)
        self._loop.callback(self._portal.call, self._client.aclose)

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> Answer:
        """The answer to a GET of `url`, with further `headers`.

        Raises SignInUnavailable, naming the host and the situation, when there is none: `url` is not https (or http to
        a loopback host), the host can't be reached or shows no trusted certificate, takes too long, says too much,
        redirects, or compresses its answer; and after `close`.
        """
        return self._ask("GET", url, headers, None)

    def post_form(self, url: str, fields: Mapping[str, str], *, headers: Mapping[str, str] | None = None) -> Answer:
        """The answer to a POST of `fields` as a form; everything else is as with `get`."""
        return self._ask("POST", url, headers, fields)

    def close(self) -> None:
        """End the connections; what is under way fails, and so does what comes later. May be repeated."""
        self._loop.close()

    def _ask(
        self, method: str, url: str, headers: Mapping[str, str] | None, fields: Mapping[str, str] | None
    ) -> Answer:
        target = require_permitted(url)
        request = self._client.build_request(method, target, headers=headers, data=fields)
        try:
            return self._portal.call(self._exchange, request)
        except (TimeoutError, httpx.TimeoutException):
            raise _unavailable(target, "did not answer in time; try again later") from None
        except httpx.HTTPError as error:
            raise _unavailable(target, _situation(error)) from None
        except (RuntimeError, CancelledError):
            # Of the event loop or the client: both are closed, now or since before.
            raise _unavailable(target, "is not asked any more, because the registry is shutting down") from None

    async def _exchange(self, request: httpx.Request) -> Answer:
        with anyio.fail_after(self._timeout):
            response = await self._client.send(request, stream=True)
            try:
                return await self._read(request.url, response)
            finally:
                await response.aclose()

    async def _read(self, url: httpx.URL, response: httpx.Response) -> Answer:
        if 300 <= response.status_code < 400:
            raise _unavailable(url, "redirects, which is not followed; configure the address that it leads to")
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            # A small answer could unpack to a large one, and it was told so.
            raise _unavailable(url, "compresses its answer although it was asked not to")
        body = bytearray()
        async for piece in response.aiter_raw():
            body += piece
            if len(body) > self._max_bytes:
                raise _unavailable(url, f"answered with more than {self._max_bytes} bytes")
        media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return Answer(response.status_code, media_type, bytes(body))


def json_object(answer: Answer) -> dict[str, object]:
    """The JSON object that `answer` holds, whatever its status; numbers are finite.

    Raises SignInUnavailable when it holds anything else or isn't declared as JSON.
    """
    if answer.media_type == "application/json" or answer.media_type.endswith("+json"):
        try:
            document = json.loads(answer.body, parse_constant=_finite, parse_float=_finite)
        except (ValueError, RecursionError):
            document = None
        if isinstance(document, dict):
            return document
    raise SignInUnavailable(
        f"The identity provider answered with status {answer.status} and no JSON object where one belongs; check the "
        "addresses in the settings"
    )


def _finite(written: str) -> float:
    number = float(written)
    if not math.isfinite(number):
        raise ValueError("not a number of JSON, or beyond what can be compared")
    return number


def require_permitted(url: str) -> httpx.URL:
    """`url`, normalised; raises SignInUnavailable when it is neither https nor http to a loopback host."""
    try:
        target = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        raise SignInUnavailable("The address of an identity provider is not a URL; check the settings") from None
    if not target.host or target.scheme not in {"http", "https"}:
        raise SignInUnavailable("The address of an identity provider is no https URL; check the settings")
    if target.scheme == "http" and target.host not in LOOPBACK_HOSTS:
        raise _unavailable(target, "may only be asked over https; correct its address in the settings")
    return target


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _unavailable(url: httpx.URL, situation: str) -> SignInUnavailable:
    return SignInUnavailable(f"The identity provider's host {url.host} {situation}")


def _situation(error: BaseException) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "has no certificate that is trusted here, or can't agree on a safe connection"
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.ConnectError | httpx.ProxyError):
        return "can't be reached; check its address, or try again later"
    return "broke off in its answer; try again later"
