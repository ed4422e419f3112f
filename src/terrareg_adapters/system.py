"""The host's own clock and random source."""

import secrets
from datetime import UTC, datetime

import attrs

_IDENTIFIER_BYTES = 16
_SECRET_BYTES = 32


@attrs.frozen
class SystemClock:
    """Tells the host's time."""

    def now(self) -> datetime:
        """The present moment in UTC, to the microsecond."""
        return datetime.now(UTC)


@attrs.frozen
class SystemRandom:
    """Draws from the operating system's random source for secrets."""

    def identifier(self) -> str:
        """128 random bits as 32 lower-case hexadecimal digits."""
        return secrets.token_hex(_IDENTIFIER_BYTES)

    def secret(self) -> bytes:
        """256 random bits."""
        return secrets.token_bytes(_SECRET_BYTES)
