"""Time and randomness as ports: the core reads neither a clock nor a random source of its own."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The present moment, timezone-aware, in UTC. Never goes back by more than the host's own clock does."""
        ...


class RandomSource(Protocol):
    """Makes values that nobody can guess."""

    def identifier(self) -> str:
        """A new identifier of at least 128 random bits, made of lower-case letters and digits only."""
        ...

    def secret(self) -> bytes:
        """32 new bytes that nobody can guess."""
        ...
