"""Git's smart protocol over http and https: to permitted addresses only, with credentials for one host only."""

import socket
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import attrs
import urllib3
from dulwich.client import AbstractHttpGitClient
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, SSLError
from urllib3.response import BaseHTTPResponse

from terrareg_adapters.git.meter import Meter
from terrareg_core.errors import ForbiddenRepository, SourceUnavailable
from terrareg_core.modules.fetching import GitCredentials, HostRule, NameResolver, RepositoryLocation, RepositoryUrl

_REDIRECTS = 5
_CONNECT_SECONDS = 30.0
_REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
_ADVERTISEMENT = "info/refs?service=git-upload-pack"
_DEFAULT_PORTS = {"http": 80, "https": 443}


class HttpClient(AbstractHttpGitClient):
    """Fetches from one repository; the path that its methods take is `""`."""

    def __init__(self, transport: "HttpTransport") -> None:
        """A client that sends everything through `transport`."""
        super().__init__("http://repository/", thin_packs=False)
        self._transport = transport

    def _http_request(
        self,
        url: str,
        headers: dict[str, str] | None = None,
        data: bytes | Iterator[bytes] | None = None,
        raise_for_status: bool = True,
    ) -> tuple[Any, Callable[[int], bytes]]:
        # What the library asks for beyond these two (dumb repositories, packs elsewhere) is not bounded or not checked.
        service = url.removeprefix(self._base_url)
        if service not in {_ADVERTISEMENT, "git-upload-pack"} or not raise_for_status or isinstance(data, Iterator):
            raise SourceUnavailable("The git host answered in a form of the git protocol that is not supported")
        return self._transport.request(service, headers or {}, data)


@attrs.define
class HttpTransport:
    """Sends requests to one repository, whose address a redirect of the first request may change."""

    _url: RepositoryUrl
    _rule: HostRule
    _credentials: GitCredentials | None
    _resolver: NameResolver
    _meter: Meter
    _timeout: urllib3.Timeout
    _proxies: Mapping[str, str] = attrs.field(factory=urllib.request.getproxies_environment)
    _managers: dict[str | None, urllib3.PoolManager] = attrs.field(factory=dict, init=False)
    _current: RepositoryUrl = attrs.field(init=False)

    @_current.default
    def _begin(self) -> RepositoryUrl:
        return self._url

    def request(
        self, service: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[BaseHTTPResponse, Callable[[int], bytes]]:
        """The answer to a GET, or with `body` a POST, of `service` below the repository, and how to read its content.

        Raises SourceUnavailable for every failure, ForbiddenRepository for a redirect that leads where it may not.
        """
        for _ in range(_REDIRECTS + 1):
            response = self._send(service, headers, body)
            if response.status not in _REDIRECT_STATUSES:
                break
            response.close()
            if body is not None:
                raise SourceUnavailable("The git host sent a redirect where none may be followed")
            self._follow(service, response.headers.get("Location", ""))
        else:
            raise SourceUnavailable(f"The git host sent more than {_REDIRECTS} redirects")
        self._require_success(response)
        # The library looks at these two.
        content_type = response.headers.get("Content-Type") or ""
        if body is None and not content_type.startswith("application/x-git-upload-pack-advertisement"):
            raise SourceUnavailable(
                f"There is no git repository at the clone URL on {self._current.host}: it doesn't speak git's protocol"
            )
        response.content_type = content_type  # type: ignore[attr-defined]
        response.redirect_location = ""  # type: ignore[attr-defined]
        return response, self._meter.counting(self._reader(response))

    def _send(self, service: str, headers: Mapping[str, str], body: bytes | None) -> BaseHTTPResponse:
        url = self._current
        self._rule.require_name(url.host)
        sent = {"User-Agent": "git/terrareg", "Accept-Encoding": "identity", "Pragma": "no-cache", **headers}
        if self._credentials is not None and self._is_home(url):
            pair = f"{self._credentials.username}:{self._credentials.password}"
            sent |= urllib3.make_headers(basic_auth=pair.encode().decode("latin-1"))
        try:
            return self._manager(url).urlopen(
                "GET" if body is None else "POST",
                _address_of(url, service),
                headers=sent,
                body=body,
                preload_content=False,
                decode_content=False,
                redirect=False,
                retries=False,
                timeout=self._timeout,
            )
        except HTTPError as error:
            raise _unreachable(url.host, error) from None

    def _is_home(self, url: RepositoryUrl) -> bool:
        """Whether `url` is at the host that the credentials are for, over the same or a safer connection."""
        if url.host != self._url.host:
            return False
        first, now = ((each.scheme, each.port or _DEFAULT_PORTS[each.scheme]) for each in (self._url, url))
        return now == first or (first, now) == (("http", 80), ("https", 443))

    def _follow(self, service: str, location: str) -> None:
        if not location.isascii() or not location.isprintable():
            raise SourceUnavailable("The git host sent a redirect that can't be read")
        target = urljoin(_address_of(self._current, service), location)
        url = RepositoryUrl.parse(RepositoryLocation(target))
        if url.scheme not in ({"https"} if self._current.scheme == "https" else {"http", "https"}):
            raise ForbiddenRepository("The git host redirects from a safe connection to one that is none")
        base = _without_service(url, service)
        if base is None:
            raise SourceUnavailable(
                f"There is no git repository at the clone URL: {self._current.host} redirects to another kind of page"
            )
        self._current = base

    def _require_success(self, response: BaseHTTPResponse) -> None:
        status, host = response.status, self._current.host
        if status == 200 and response.headers.get("Content-Encoding", "identity").lower() == "identity":
            return
        response.close()
        if status == 401 and (self._credentials is None or not self._is_home(self._current)):
            raise SourceUnavailable(
                f"The git host {host} asks for a user name and password, and none are configured for it; or there is "
                "no such repository"
            )
        if status in {401, 403}:
            raise SourceUnavailable(f"The git host {host} refuses access to the repository; check the credentials")
        if status in {404, 410}:
            raise SourceUnavailable(f"There is no such repository on the git host {host}, or it may not be read")
        raise SourceUnavailable(f"The git host {host} answered with status {status} in place of the repository")

    def _reader(self, response: BaseHTTPResponse) -> Callable[[int], bytes]:
        host = self._current.host

        def read(size: int) -> bytes:
            try:
                return response.read(size)
            except HTTPError as error:
                raise _unreachable(host, error) from None

        return read

    def _manager(self, url: RepositoryUrl) -> urllib3.PoolManager:
        proxy = self._proxies.get(url.scheme) or self._proxies.get("all")
        place = url.host if url.port is None else f"{url.host}:{url.port}"
        if proxy and urllib.request.proxy_bypass(place, self._proxies):
            proxy = None
        if proxy is not None:
            # The proxy looks names up by itself; what is known here to be internal is refused all the same.
            self._rule.require_addresses(url.host, self._resolver.addresses(url.host))
        if proxy not in self._managers:
            self._managers[proxy] = self._direct() if proxy is None else _proxied(proxy)
        return self._managers[proxy]

    def _direct(self) -> urllib3.PoolManager:
        transport = self

        class Checked(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return transport.connect(self._dns_host, self.port)

        class CheckedTls(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                return transport.connect(self._dns_host, self.port)

        class Pool(urllib3.HTTPConnectionPool):
            ConnectionCls = Checked

        class TlsPool(urllib3.HTTPSConnectionPool):
            ConnectionCls = CheckedTls

        manager = urllib3.PoolManager(cert_reqs="CERT_REQUIRED")
        manager.pool_classes_by_scheme = {"http": Pool, "https": TlsPool}
        return manager

    def connect(self, host: str, port: int) -> socket.socket:
        """A connection to `host`, looked up once: to an address that was checked, and to no other.

        Raises SourceUnavailable and ForbiddenRepository.
        """
        host = host.strip("[]")
        addresses = self._resolver.addresses(host)
        self._rule.require_addresses(host, addresses)
        if not addresses:
            raise SourceUnavailable(f"The git host {host} has no address; check its name")
        for address in addresses:
            try:
                found = socket.create_connection((str(address), port), self._connect_seconds())
            except OSError:
                continue
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return found
        raise SourceUnavailable(f"The git host {host} can't be reached")

    def _connect_seconds(self) -> float:
        seconds = self._timeout.connect_timeout
        return min(_CONNECT_SECONDS, seconds) if isinstance(seconds, int | float) else _CONNECT_SECONDS


def _proxied(proxy: str) -> urllib3.PoolManager:
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    headers = None
    if parts.username is not None:
        user = unquote(f"{parts.username}:{parts.password or ''}")
        headers = urllib3.make_headers(proxy_basic_auth=user)
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
    address = f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")
    return urllib3.ProxyManager(address, proxy_headers=headers, cert_reqs="CERT_REQUIRED")


def _address_of(url: RepositoryUrl, service: str) -> str:
    """`service` below the repository, put together as git does it: a query of the repository's URL stays in front."""
    if not url.query:
        return f"{url.origin}{url.path.rstrip('/')}/{service}"
    return f"{url.origin}{url.path}?{url.query.rstrip('/')}/{service.replace('?', '&')}"


def _without_service(url: RepositoryUrl, service: str) -> RepositoryUrl | None:
    """The repository's URL when `url` is that of `service` below it (the way back from `_address_of`)."""
    written = f"{url.path}?{url.query}"
    for tail in (f"/{service}", "/" + service.replace("?", "&")):
        if written.endswith(tail):
            path, _, query = written.removesuffix(tail).partition("?")
            return attrs.evolve(url, path=path or "/", query=query, user_info=None)
    return None


def _unreachable(host: str, error: HTTPError) -> SourceUnavailable:
    cause = error.reason if isinstance(error, urllib3.exceptions.MaxRetryError) else error
    if isinstance(cause, SSLError):
        return SourceUnavailable(f"The git host {host} has no certificate that is trusted here")
    if isinstance(cause, urllib3.exceptions.TimeoutError):
        return SourceUnavailable(f"The git host {host} did not answer in time")
    if isinstance(cause, urllib3.exceptions.ProxyError):
        return SourceUnavailable(f"The git host {host} can't be reached through the proxy")
    return SourceUnavailable(f"The connection to the git host {host} broke off")
