"""Names of hosts looked up as the operating system does."""

import socket
from collections.abc import Sequence
from ipaddress import ip_address

import attrs

from terrareg_core.modules.fetching import IpAddress


@attrs.frozen
class SystemResolver:
    """Asks the operating system (implements `NameResolver`)."""

    def addresses(self, host: str) -> Sequence[IpAddress]:
        """See `NameResolver.addresses`."""
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return ()
        return tuple(dict.fromkeys(ip_address(str(entry[4][0])) for entry in found))
