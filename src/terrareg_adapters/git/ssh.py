"""Git's protocol through the system's ssh program, and the bare git protocol."""

import shlex
import shutil
from collections.abc import Callable, Sequence
from typing import IO

from dulwich.client import SSHGitClient, SubprocessSSHVendor, TCPGitClient
from dulwich.protocol import Protocol

from terrareg_adapters.git.meter import Meter
from terrareg_core.errors import SourceUnavailable
from terrareg_core.modules.fetching import HostRule, NameResolver, RepositoryUrl

_CONNECT_SECONDS = 30
_OPTIONS = (
    "BatchMode=yes",
    # A new host's key is taken, a changed one is refused (chapter 03, 4.4).
    "StrictHostKeyChecking=accept-new",
    f"ConnectTimeout={_CONNECT_SECONDS}",
    "ClearAllForwardings=yes",
    "ForwardAgent=no",
    "PermitLocalCommand=no",
)
_Connected = tuple[Protocol, Callable[[], bool], IO[bytes] | None]


class SshClient(SSHGitClient):
    """Fetches through ssh; what comes is counted."""

    def __init__(self, url: RepositoryUrl, command: Sequence[str], meter: Meter) -> None:
        """A client for `url`, which runs `command` with the usual arguments of ssh added."""
        super().__init__(
            url.host,
            url.port,
            None if url.user_info is None else url.user_info.username,
            vendor=SubprocessSSHVendor(),
            ssh_command=shlex.join(command),
            thin_packs=False,
        )
        self._meter = meter

    def _connect(self, cmd: bytes, path: str | bytes, protocol_version: int | None = None) -> _Connected:
        return _counted(super()._connect(cmd, path, protocol_version), self._meter)


class BareClient(TCPGitClient):
    """Fetches over the bare git protocol; what comes is counted."""

    def __init__(self, url: RepositoryUrl, meter: Meter) -> None:
        """A client for `url`."""
        super().__init__(url.host, url.port, thin_packs=False)
        self._meter = meter

    def _connect(self, cmd: bytes, path: str | bytes, protocol_version: int | None = None) -> _Connected:
        return _counted(super()._connect(cmd, path, protocol_version), self._meter)


def _counted(connected: _Connected, meter: Meter) -> _Connected:
    connected[0].read = meter.counting(connected[0].read)
    return connected


def ssh_command(url: RepositoryUrl, command: Sequence[str], rule: HostRule, resolver: NameResolver) -> Sequence[str]:
    """The command that connects to the host of `url`, at an address that `rule` permits.

    Raises SourceUnavailable when there is no such program or the host is unknown, ForbiddenRepository for its address.
    """
    if shutil.which(command[0]) is None:
        raise SourceUnavailable("The clone URL needs ssh, and there is no ssh program on this server")
    options = [*_OPTIONS]
    if url.host != rule.trusted_host:
        rule.require_name(url.host)
        addresses = resolver.addresses(url.host)
        rule.require_addresses(url.host, addresses)
        if not addresses:
            raise SourceUnavailable(f"The git host {url.host} has no address; check its name")
        # ssh must not look the name up again, and still know the host's key by its name.
        alias = url.host if url.port in {None, 22} else f"[{url.host}]:{url.port}"
        options += [f"HostName={addresses[0]}", f"HostKeyAlias={alias}"]
    return [*command, "-T", *(part for option in options for part in ("-o", option))]
