"""One worker process, seen from the pool: started, asked, ended."""

import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import Final

from terrareg_adapters.workers.messages import Answer, Setup, pickled, receive, send

_START_SECONDS: Final = 60.0
"""A first start compiles modules and the grammar, on whatever machine that is."""

_COMMAND: Final = ("-P", "-m", "terrareg_adapters.workers.child")
"""`-P`: the directory that the process happens to be in is not searched for modules."""


class WorkerProcess:
    """A child process that does one job at a time.

    One thread at a time may ask; any thread may kill at any time. Whoever made it ends it.
    """

    def __init__(self) -> None:
        """Start the process. Raises OSError when the system refuses."""
        self._lock = threading.Lock()
        self._reaped = False
        self._channel, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = subprocess.Popen(  # noqa: S603 - our own interpreter with our own module
                    [sys.executable, *_COMMAND],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    env=_environment(),
                    cwd="/",
                    start_new_session=True,
                )
        except BaseException:
            self._channel.close()
            raise

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def prepare(self, setup: Setup) -> Answer:
        """Tell the process what it is for, and await that it is ready; see `ask` for errors."""
        return self._converse(pickled(setup), _START_SECONDS)

    def ask(self, request: bytes, seconds: float) -> Answer:
        """The answer to one job. Raises TimeoutError after `seconds`, EOFError or OSError when the process has gone."""
        return self._converse(request, seconds)

    def has_ended(self) -> bool:
        """Whether the process has gone on its own."""
        with self._lock:
            return self._reaped or self._process.poll() is not None

    def kill(self) -> None:
        """Kill the process with all that it may have started, and return at once."""
        with self._lock:
            if not self._reaped and self._process.poll() is None:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._process.pid, signal.SIGKILL)

    def end(self) -> int:
        """Kill the process unless it has gone, let go of everything, and return its status (as `Popen.returncode`)."""
        self.kill()
        with self._lock:
            self._channel.close()
            self._reaped = True
            return self._process.wait()

    def disown(self) -> None:
        """Let go of the process without touching it: after a fork it is the child of another."""
        self._channel.close()
        self._process.poll()  # finds no such child, and so notes that there is nothing to wait for

    def _converse(self, message: bytes, seconds: float) -> Answer:
        deadline = time.monotonic() + seconds
        send(self._channel, message, deadline)
        answer = pickle.loads(receive(self._channel, deadline))  # noqa: S301 - from our own child
        assert isinstance(answer, Answer)
        return answer


def _environment() -> dict[str, str]:
    """What a worker is told: where this process finds its modules, and nothing of its environment, secrets included."""
    # "" among them is the directory that this process is in, which the worker is not.
    places = dict.fromkeys(os.path.abspath(str(place)) for place in sys.path)
    return {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONPATH": os.pathsep.join(places)}
