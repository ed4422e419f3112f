"""Counts what a git host sends, and stops at the bound."""

from collections.abc import Callable

import attrs

from terrareg_core.errors import SourceUnavailable

_ADVERTISED_BYTES = 32 << 20
"""How much may come before the files: a list of half a million tags."""


@attrs.define
class Meter:
    """The bytes received in one fetch."""

    max_bytes: int
    received: int = 0
    _before_files: bool = True

    def add(self, count: int) -> None:
        """Count `count` further bytes; raises SourceUnavailable past the bound."""
        self.received += count
        if self.received > self.max_bytes:
            raise SourceUnavailable(
                f"The git host sent more than {self.max_bytes:,} bytes, which is the bound for a fetch"
            )
        if self._before_files and self.received > _ADVERTISED_BYTES:
            raise SourceUnavailable(f"The git host's list of tags is longer than {_ADVERTISED_BYTES:,} bytes")

    def files_begin(self) -> None:
        """From here on only the bound of the whole fetch holds: what comes is written to disk."""
        self._before_files = False

    def counting(self, read: Callable[[int], bytes]) -> Callable[[int], bytes]:
        """`read`, with what it returns counted."""

        def counted(size: int) -> bytes:
            piece = read(size)
            self.add(len(piece))
            return piece

        return counted
