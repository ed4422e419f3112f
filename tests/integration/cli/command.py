"""Runs the `terrareg` command in processes of its own."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import attrs

SECONDS = 60
"""Within which a command must have ended and a server must answer, on a busy machine as well."""

FILE_SECONDS = 1200
"""For all tests of a file together, each of which starts processes."""

_KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH")


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """The environment of a command: `variables`, and nothing of this process's own settings."""
    return {**{name: os.environ[name] for name in _KEPT if name in os.environ}, **variables}


def terrareg(*arguments: str, cwd: Path, given: str = "", **variables: str) -> "subprocess.CompletedProcess[str]":
    """What the command did in the directory `cwd` with some environment variables, `given` on standard input."""
    return subprocess.run(
        [sys.executable, "-m", "terrareg_http", *arguments],
        cwd=cwd,
        env=environment(variables),
        input=given,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@attrs.frozen
class RunningServer:
    """A registry in a process of its own."""

    url: str
    process: "subprocess.Popen[str]"
    greeting: str
    """What it printed before it served."""

    @property
    def admin_token(self) -> str:
        """The generated token that the greeting shows."""
        found = re.search(r"^ *admin token +(\S+)$", self.greeting, re.MULTILINE)
        assert found, self.greeting
        return found[1]


@contextmanager
def running(cwd: Path, *arguments: str, seconds: float = SECONDS, **variables: str) -> Iterator[RunningServer]:
    """A server on a free port with its data below `cwd`, for the length of the context, which is `seconds` at most."""
    command = [sys.executable, "-m", "terrareg_http", "serve", "--port", "0", *arguments]
    with subprocess.Popen(
        command, cwd=cwd, env=environment(variables), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        watchdog = threading.Timer(seconds, process.kill)
        watchdog.start()
        try:
            lines: list[str] = []
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line)
                if line.startswith("Stop with"):
                    break
            greeting = "".join(lines)
            found = re.search(r"serves (https?://\S+)", greeting)
            assert found, (greeting, process.stderr and process.stderr.read())
            yield RunningServer(found[1], process, greeting)
        finally:
            watchdog.cancel()
            process.kill()
