"""A clock that stands still until it is told to move on, and a random source that counts."""

import itertools
import threading
from datetime import UTC, datetime, timedelta

_START = datetime(2026, 1, 1, 12, tzinfo=UTC)


class FixedClock:
    """A clock that shows the same moment until it is advanced."""

    def __init__(self, now: datetime = _START) -> None:
        """Start at `now`, which must be timezone-aware (ValueError otherwise)."""
        if now.tzinfo is None:
            raise ValueError("a clock needs a timezone-aware moment")
        self._lock = threading.Lock()
        self._now = now.astimezone(UTC)

    def now(self) -> datetime:
        """The moment the clock stands at, in UTC."""
        with self._lock:
            return self._now

    def advance(self, by: timedelta) -> datetime:
        """Move the clock on by `by`, and return the moment it then stands at."""
        with self._lock:
            self._now += by
            return self._now


class CountingIds:
    """Values of the shape that a random source gives, counting up from 1: identifiers have 32 digits."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._secrets = itertools.count(1)

    def identifier(self) -> str:
        """The next identifier; no two callers get the same."""
        return f"{next(self._numbers):032d}"

    def secret(self) -> bytes:
        """The next secret, which is none; no two callers get the same."""
        return next(self._secrets).to_bytes(32)
