"""A command at a terminal of its own: what it prints there is read, and what a person would type is typed."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_SECONDS = 60

# A terminal is a session's own only if the process that begins the session asks for it.
_AT_THE_TERMINAL = (
    "import fcntl, os, sys, termios\n"
    "os.setsid()\n"
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
    "os.execvp(sys.argv[1], sys.argv[1:])\n"
)


class Terminal:
    """A command that runs until the context is left, at the latest."""

    def __init__(self, command: Sequence[str | Path], environment: Mapping[str, str], directory: Path) -> None:
        self._own, theirs = pty.openpty()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _AT_THE_TERMINAL, *command],
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                env=dict(environment),
                cwd=directory,
            )
        finally:
            os.close(theirs)
        self._deadline = time.monotonic() + _SECONDS
        self.output = ""
        """Everything that it printed, and what was typed as far as the terminal showed it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._own)

    def read_until(self, pattern: str) -> "re.Match[str]":
        """Read on until everything printed so far holds a match, which is returned."""
        while True:
            found = re.search(pattern, self.output)
            if found is not None:
                return found
            assert self._read(), f"{pattern!r} was not printed: {self.output}"

    def type(self, line: str) -> None:
        """Type a line."""
        os.write(self._own, f"{line}\n".encode())

    def press(self, key: str) -> None:
        """Press a key, such as the control character that interrupts."""
        os.write(self._own, key.encode())

    def wait(self) -> int:
        """Read to the end; the exit code."""
        while self._read():
            pass
        return self._process.wait(_SECONDS)

    def _read(self) -> bool:
        """Read what there is next; False at the end."""
        ready, _, _ = select.select([self._own], [], [], max(0.0, self._deadline - time.monotonic()))
        assert ready, f"nothing more was printed in time: {self.output}"
        try:
            piece = os.read(self._own, 65_536)
        except OSError:
            # What Linux says of a terminal that everybody has left.
            return False
        self.output += piece.decode("utf-8", "replace")
        return bool(piece)
