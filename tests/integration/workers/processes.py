"""What tests ask of processes: whether they live, and what a script in a process of its own prints."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.integration.servers import REPOSITORY

SECONDS = 60
"""A bound for everything that ends much sooner."""


def lives(process: int) -> bool:
    """Whether there is such a process, other than one that has ended and was not waited for by whoever inherited it."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def eventually(condition: Callable[[], object], seconds: float = SECONDS) -> bool:
    """Whether the condition holds before so many seconds are over."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def start_script(directory: Path, source: str, **environment: str) -> "subprocess.Popen[str]":
    """A script, in a process of its own, that may import the tests; its output can be read."""
    script = directory / "script.py"
    script.write_text(source)
    return subprocess.Popen(
        [sys.executable, "-W", "error", str(script)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=directory,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'src'}", **environment},
    )


def output_of_script(directory: Path, source: str) -> list[str]:
    """The lines that a script prints until it ends well."""
    with start_script(directory, source) as process:
        output, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 0
    return output.splitlines()


class Beside:
    """Something that runs in a thread beside the test."""

    def __init__(self, function: Callable[[], object]) -> None:
        self._function = function
        self._outcome: object = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._outcome = self._function()
        except Exception as error:  # noqa: BLE001 - told by outcome()
            self._outcome = error

    def outcome(self) -> object:
        """What it returned or raised, once it has."""
        self._thread.join(SECONDS)
        assert not self._thread.is_alive()
        return self._outcome
