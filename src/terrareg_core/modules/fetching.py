"""Fetching a module's source from git: which repositories may be fetched, with which credentials, by which ports."""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Protocol, Self
from urllib.parse import unquote

import attrs

from terrareg_core.errors import ForbiddenRepository
from terrareg_core.modules.model import GitOrigin
from terrareg_core.modules.source_tree import SourceTree

IpAddress = IPv4Address | IPv6Address

_CUSTOM_SCHEMES = frozenset({"https", "http", "ssh"})
_TRUSTED_SCHEMES = _CUSTOM_SCHEMES | {"git", "file"}
_MAX_URL = 4096
_USER_INFO = re.compile(r"://[^/?#]*@")


def without_user_info(url: str) -> str:
    """`url` as it may be shown or logged: without user name and password."""
    return _USER_INFO.sub("://", url)


# --- values ------------------------------------------------------------------------------------------------------


@attrs.frozen
class GitCredentials:
    """A user name and password for a git host over HTTP; either may be empty."""

    username: str = attrs.field(default="", repr=False)
    password: str = attrs.field(default="", repr=False)


@attrs.frozen
class RepositoryLocation:
    """Where a repository is, and on whose word."""

    url: str = attrs.field(repr=lambda url: repr(without_user_info(url)))
    """A rendered clone URL, with or without `git::` before it."""
    trusted: bool = False
    """Whether the URL stems from the operator's git providers: any scheme, host and address then (decision 29)."""
    credentials: GitCredentials | None = None
    """For this repository only, in place of the policy's and of those in the URL; they go to its own host alone."""


@attrs.frozen
class FetchedSource:
    """The files of a tag."""

    tree: SourceTree
    origin: GitOrigin
    warnings: Sequence[str] = ()
    """What the tree lacks and why, one sentence each: links that were dropped, submodules, LFS pointers."""
    bytes_received: int = 0
    """From the git host, protocol and all; for a repository on this host, the bytes of the objects that were read."""


# --- hosts and addresses -----------------------------------------------------------------------------------------

_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+", re.ASCII)
_TRANSLATED = IPv6Network("64:ff9b::/96")
_COMPATIBLE = IPv6Network("::/96")
# Where clouds hand out a machine's identity, beside the link-local addresses (chapter 02, 8.2).
_METADATA = frozenset(map(ip_address, ("fd00:ec2::254", "100.100.100.200", "192.0.0.192")))


def parse_host(text: str) -> str:
    """The one spelling of the host that `text` (as between `//` and the port, IPv6 in brackets) names: lower case, no
    final dot, no brackets, and an address in its usual form, also where it is spelt in decimal, octal or hexadecimal or
    with fewer parts, as the operating system would read it.

    Raises ForbiddenRepository for anything that is no host name in ASCII and no address.
    """
    host = text.lower()
    if host.startswith("[") and host.endswith("]"):
        try:
            return str(IPv6Address(_without_zone(host[1:-1])))
        except ValueError:
            raise ForbiddenRepository("The host of the repository's URL is no valid IPv6 address") from None
    host = host.removesuffix(".")
    if not _HOST.fullmatch(host):
        raise ForbiddenRepository("The repository's URL has no valid host; write its name in ASCII letters and digits")
    parts = host.split(".")
    if not _NUMBER.fullmatch(parts[-1]):
        return host
    address = _ipv4(parts)
    if address is None:
        raise ForbiddenRepository("The host of the repository's URL is no valid IPv4 address")
    return str(address)


def _without_zone(text: str) -> str:
    if "%" in text:
        raise ValueError("An address with a zone is not one of a git host")
    return text


def _ipv4(parts: Sequence[str]) -> IPv4Address | None:
    """The address that the C library's inet_aton reads from one to four numbers, or None."""
    if len(parts) > 4 or not all(_NUMBER.fullmatch(part) and len(part) <= 16 for part in parts):
        return None
    numbers = []
    for part in parts:
        base = 16 if part.startswith("0x") else 8 if part.startswith("0") else 10
        try:
            numbers.append(int(part.removeprefix("0x") or "0", base))
        except ValueError:
            return None
    *leading, last = numbers
    if any(number > 0xFF for number in leading) or last >= 1 << 8 * (4 - len(leading)):
        return None
    return IPv4Address(sum(number << 8 * (3 - index) for index, number in enumerate(leading)) + last)


def is_internal(address: IpAddress) -> bool:
    """Whether `address` is loopback, link-local, unspecified or one where clouds hand out a machine's identity.

    An IPv4 address inside an IPv6 one counts as itself.
    """
    if isinstance(address, IPv6Address):
        address = IPv6Address(int(address))
        inner = _inside(address)
        if inner is not None and is_internal(inner):
            return True
    elif int(address) >> 24 == 0:
        return True
    return address.is_loopback or address.is_link_local or address.is_unspecified or address in _METADATA


def _inside(address: IPv6Address) -> IPv4Address | None:
    if address in _TRANSLATED or (address in _COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour


class NameResolver(Protocol):
    """Finds the addresses of hosts."""

    def addresses(self, host: str) -> Sequence[IpAddress]:
        """The addresses of `host` (a name or an address, as `parse_host` gives it) in the order in which to try them;
        none when it is not known or can't be looked up now. May take seconds; raises nothing.
        """
        ...


def _hosts(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(parse_host(f"[{text}]" if ":" in text and not text.startswith("[") else text) for text in texts)


@attrs.frozen
class HostRule:
    """Which hosts one fetch may connect to (decision 29)."""

    allowed_hosts: frozenset[str]
    """When not empty, only these, whatever their addresses."""
    trusted_host: str | None = None
    """The host of a location that is the operator's word."""

    def require_name(self, host: str) -> None:
        """Raises ForbiddenRepository unless `host`, as `parse_host` gives it, may be asked for its addresses."""
        if self._is_named(host):
            return
        if self.allowed_hosts:
            raise ForbiddenRepository(f"The host {host} is not among those that this registry fetches from")
        if host == "localhost" or host.endswith(".localhost"):
            raise _internal(host)
        if ":" in host or _NUMBER.fullmatch(host.rpartition(".")[2]):
            self.require_addresses(host, [ip_address(host)])

    def require_addresses(self, host: str, addresses: Iterable[IpAddress]) -> None:
        """Raises ForbiddenRepository unless `host`, a permitted name, may be connected to at `addresses`."""
        if not self._is_named(host) and any(map(is_internal, addresses)):
            raise _internal(host)

    def _is_named(self, host: str) -> bool:
        return host == self.trusted_host or host in self.allowed_hosts


def _internal(host: str) -> ForbiddenRepository:
    return ForbiddenRepository(
        f"The host {host} has an address of this machine or of its own network link, from which nothing is fetched; "
        "the operator may list it in GIT_ALLOWED_HOSTS"
    )


# --- URLs --------------------------------------------------------------------------------------------------------

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_SCP = re.compile(r"(?:(?P<user>[^@/:]+)@)?(?P<host>\[[^\]/]+\]|[^@/:\[\]]+):(?P<path>[^:].*)")
_SSH_USER = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.+-]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")
_OUTSIDE_URLS = re.compile(r"[^\x21-\x7e]|[\\#\"<>^`|]")


@attrs.frozen
class RepositoryUrl:
    """A repository's URL in parts that leave nothing to read in two ways."""

    scheme: str
    """`https`, `http`, `ssh`, `git` or `file`."""
    host: str
    """As `parse_host` gives it; `""` for `file`."""
    port: int | None
    path: str
    """As written for http and https, decoded for all others; absolute, but for the `user@host:path` form."""
    query: str = ""
    """Without its question mark; http and https only."""
    user_info: GitCredentials | None = None

    @classmethod
    def parse(cls, location: RepositoryLocation) -> Self:
        """The parts of a location's URL (decision 29; chapter 02, 8.2).

        Schemes are https, http and ssh; for a trusted one also git, file, an absolute path and `user@host:path`. Raises
        ForbiddenRepository for others and for URLs that programs could take for different ones; hosts are checked by
        `HostRule` alone.
        """
        text = location.url
        while text.startswith("git::"):
            text = text.removeprefix("git::")
        if len(text) > _MAX_URL or _CONTROL.search(text):
            raise ForbiddenRepository("The repository's URL is too long or holds control characters")
        match = _SCHEME.match(text)
        scheme = match[1].lower() if match else ""
        if match is None and location.trusted:
            return cls._without_scheme(text)
        if match is None or scheme not in (_TRUSTED_SCHEMES if location.trusted else _CUSTOM_SCHEMES):
            raise ForbiddenRepository("The repository's URL must begin with https://, http:// or ssh://")
        return cls._file(text[match.end() :]) if scheme == "file" else cls._remote(scheme, text[match.end() :])

    @classmethod
    def _without_scheme(cls, text: str) -> Self:
        if text.startswith("/"):
            return cls("file", "", None, text)
        match = _SCP.fullmatch(text)
        if match is None:
            raise ForbiddenRepository(
                "The repository's URL is none: it has no scheme, and is no path and no user@host:path"
            )
        return cls("ssh", parse_host(match["host"]), None, match["path"], user_info=_ssh_user(match["user"]))

    @classmethod
    def _file(cls, rest: str) -> Self:
        host, slash, path = rest.partition("/")
        if host.lower() not in {"", "localhost"} or not slash:
            raise ForbiddenRepository("The repository's URL must have three slashes after file:")
        decoded = unquote(slash + path)
        if _CONTROL.search(decoded):
            raise ForbiddenRepository("The repository's path holds control characters")
        return cls("file", "", None, decoded)

    @classmethod
    def _remote(cls, scheme: str, rest: str) -> Self:
        if _OUTSIDE_URLS.search(rest):
            raise ForbiddenRepository("The repository's URL holds a character that no such URL has; percent-encode it")
        place, mark, query = rest.partition("?")
        authority, slash, path = place.partition("/")
        if not slash:
            raise ForbiddenRepository("The repository's URL must name a path after the host")
        user_info, at, host = authority.rpartition("@")
        if "@" in user_info:
            raise ForbiddenRepository(
                "The repository's URL has more than one @ before its host; percent-encode the first"
            )
        name, port = _split_port(host)
        credentials = _user_info(user_info) if at else None
        path = slash + path
        if scheme not in {"http", "https"}:
            path, query = unquote(path + mark + query), ""
            if _CONTROL.search(path):
                raise ForbiddenRepository("The repository's path holds control characters")
        if scheme == "ssh" and credentials is not None:
            credentials = _ssh_user(credentials.username)
        return cls(scheme, parse_host(name), port, path, query, credentials)

    @property
    def origin(self) -> str:
        """Scheme, host and port as they stand in a URL, the port only where it was given."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port is None else f":{self.port}")


def _split_port(text: str) -> tuple[str, int | None]:
    match = re.fullmatch(r"(\[[^\]]*\]|[^:\[\]]*)(?::([0-9]{0,5}))?", text)
    if match is None or int(match[2] or 1) not in range(1, 65536):
        raise ForbiddenRepository("The repository's URL has no valid host and port")
    return match[1], int(match[2]) if match[2] else None


def _user_info(text: str) -> GitCredentials:
    username, _, password = text.partition(":")
    credentials = GitCredentials(unquote(username), unquote(password))
    if _CONTROL.search(credentials.username + credentials.password):
        raise ForbiddenRepository("The user name in the repository's URL holds control characters")
    return credentials


def _ssh_user(username: str | None) -> GitCredentials | None:
    if not username:
        return None
    if not _SSH_USER.fullmatch(username):
        raise ForbiddenRepository("The user name in the repository's URL is none that ssh takes")
    return GitCredentials(username)


# --- policy ------------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class GitPolicy:
    """What the operator allows (decision 29); hosts are given as in a URL, and kept as `parse_host` spells them.

    Raises ForbiddenRepository for a host that is none, and ValueError for bounds that are not above 0.
    """

    allowed_hosts: frozenset[str] = attrs.field(default=(), converter=_hosts)
    """`GIT_ALLOWED_HOSTS`: when not empty, custom URLs may name only these."""
    credentials: GitCredentials | None = None
    """`UPSTREAM_GIT_CREDENTIALS_USERNAME` and `_PASSWORD`, over http and https only."""
    credential_hosts: frozenset[str] = attrs.field(default=(), converter=_hosts)
    """`UPSTREAM_GIT_CREDENTIALS_HOSTS`: the only hosts that get them."""
    timeout_seconds: float = attrs.field(default=300, validator=attrs.validators.gt(0))
    """`GIT_CLONE_TIMEOUT`: wall-clock time of a whole fetch."""
    max_bytes: int = attrs.field(default=512 << 20, validator=attrs.validators.gt(0))
    """`GIT_CLONE_MAX_BYTES`: how much a git host may send."""

    def rule_for(self, location: RepositoryLocation, url: RepositoryUrl) -> HostRule:
        """The hosts that a fetch from `location`, whose parsed URL is `url`, may connect to, redirects included."""
        return HostRule(self.allowed_hosts, url.host if location.trusted else None)

    def credentials_for(self, location: RepositoryLocation, url: RepositoryUrl) -> GitCredentials | None:
        """What to sign in with at the host of `url`, the parsed URL of `location` (chapter 03, 4.4); None for nothing.

        To be sent to no other host, whatever redirects say.
        """
        if url.scheme not in {"http", "https"}:
            return url.user_info
        if location.credentials is not None:
            return location.credentials
        ours = self.credentials
        if ours is not None and (ours.username or ours.password) and url.host in self.credential_hosts:
            return ours
        return url.user_info


def check_repository(location: RepositoryLocation, policy: GitPolicy, resolver: NameResolver) -> RepositoryUrl:
    """The parts of a repository's URL that may be stored, going by what its host resolves to now.

    A name that doesn't resolve is accepted: the connection decides (decision 29). Raises ForbiddenRepository.
    """
    url = RepositoryUrl.parse(location)
    if url.scheme != "file" and not location.trusted:
        rule = policy.rule_for(location, url)
        rule.require_name(url.host)
        rule.require_addresses(url.host, resolver.addresses(url.host))
    return url


# --- ports -------------------------------------------------------------------------------------------------------

MAX_TAGS = 50_000
"""How many tags a repository may have for them to be listed."""


class ModuleSourceFetcher(Protocol):
    """Fetches the files of tags."""

    def fetch(
        self, location: RepositoryLocation, tag: str, *, commit: str | None = None
    ) -> AbstractContextManager[FetchedSource]:
        """The files of the commit that the tag `tag` (without `refs/tags/`; a branch doesn't do) points to, for the
        length of the context; with `commit` (a full SHA), of that one, wherever the tag points to now.

        Links to files of the repository are those files' content, and other links and submodules are left out
        (chapter 03, 4.3), with a warning each. Raises ForbiddenRepository for a location or a redirect that the policy
        refuses, InvalidRepository for names and sizes that may not be unpacked, and SourceUnavailable for everything
        else that fails, time-out and size bound included (chapter 03, 4.5); all before the context is entered.
        Whatever happens, nothing of the repository is left behind once the context ends.
        """
        ...


class TagLister(Protocol):
    """Lists the tags of repositories."""

    def tags(self, location: RepositoryLocation) -> Mapping[str, str]:
        """By the name of every tag (without `refs/tags/`) that git accepts, in no order, the object that it stands for:
        a full SHA, of a commit unless somebody tagged something else; tags of tags are followed.

        Bytes of a name that are not UTF-8 are surrogates (PEP 383). The rules for hosts and credentials, the time-out
        and the bound on bytes are those of `ModuleSourceFetcher.fetch`. Raises ForbiddenRepository for a location or a
        redirect that the policy refuses, and SourceUnavailable for everything else that fails, more than `MAX_TAGS`
        included.
        """
        ...
