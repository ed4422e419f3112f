"""What a worker process runs (`python -m terrareg_adapters.workers.child`): one job at a time, while there is a pool.

Its standard input is the socket to the pool. Nothing that a job does keeps the process alive without its pool: while a
job runs, the system ends the process when the socket is closed or the time is up, whatever the interpreter is doing.
"""

import fcntl
import gc
import os
import pickle
import pkgutil
import resource
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, cast

from terrareg_adapters.workers.messages import Answer, Outcome, Setup, pickled, receive, send
from terrareg_core.errors import RegistryError

_Function = Callable[[object], object]

_GRACE_SECONDS: Final = 5.0
"""Added to the longest life of a job: the pool, while there is one, is to be the first to end it."""
_WORN: Final = 4
"""A worker is worn when it holds one part in so many of what a job may take."""
_RESULT_DEPTH: Final = 5_000
"""The pickler takes several levels for each level of blocks or lists in a result."""
_TRACE_MAX: Final = 2_000
_UNKNOWN_SIZE: Final = 256 << 20
"""Taken for the size of a worker where the system does not tell it."""


def main() -> None:
    """Serve the pool at the other end of standard input."""
    endings = (signal.SIGIO, signal.SIGALRM)
    for name in endings:
        signal.signal(name, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, endings)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with socket.socket(fileno=os.dup(0)) as channel, suppress(EOFError, OSError):  # both: the pool is gone
        _serve(channel)


def _serve(channel: socket.socket) -> None:
    setup = pickle.loads(receive(channel))  # noqa: S301 - from the process that started this one
    assert isinstance(setup, Setup)
    try:
        functions = _prepare(setup)
    except BaseException:  # noqa: BLE001 - the pool logs it
        send(channel, pickled(Answer(Outcome.FAILED, _trace())))
        return
    # What there is now stays as long as the process, and a job's garbage is collected while nobody waits.
    gc.collect()
    gc.freeze()
    gc.disable()
    longest = max(setup.seconds_of(job) for job in setup.jobs)
    worn_at = _address_space() + setup.memory // _WORN
    send(channel, pickled(Answer(Outcome.DONE)))
    while True:
        request = receive(channel)
        with _mortal(channel, longest + _GRACE_SECONDS):
            _limit_memory(setup.memory)
            answer = _answer(functions, request, worn_at)
        send(channel, answer)
        del request, answer
        gc.collect()


def _prepare(setup: Setup) -> Mapping[str, _Function]:
    functions: dict[str, _Function] = {}
    for name, job in setup.jobs.items():
        function = cast("_Function", pkgutil.resolve_name(job.function))
        if job.warm_up is not None:
            function(job.warm_up)
        functions[name] = function
    return functions


def _answer(functions: Mapping[str, _Function], request: bytes | bytearray, worn_at: int) -> bytes:
    try:
        name, argument = pickle.loads(request)  # noqa: S301 - from the process that started this one
        outcome, value = Outcome.DONE, functions[name](argument)
    except RegistryError as error:
        outcome, value = Outcome.REFUSED, error.with_traceback(None)
    except MemoryError:
        return _OUT_OF_MEMORY
    except BaseException:  # noqa: BLE001 - a defect of one job is no reason to end; extensions panic in their own ways
        outcome, value = Outcome.FAILED, _trace()
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(_RESULT_DEPTH)
    try:
        return pickled(Answer(outcome, value, worn=_address_space() > worn_at))
    except MemoryError:
        return _OUT_OF_MEMORY
    except Exception:  # noqa: BLE001 - the result is none that can be sent
        return pickled(Answer(Outcome.FAILED, _trace()))
    finally:
        sys.setrecursionlimit(usual)


# There may be no memory to make it when it is needed.
_OUT_OF_MEMORY: Final = pickled(Answer(Outcome.OUT_OF_MEMORY, worn=True))


def _trace() -> str:
    return traceback.format_exc(limit=-5)[-_TRACE_MAX:]


@contextmanager
def _mortal(channel: socket.socket, seconds: float) -> Iterator[None]:
    """Have the system end this process when its pool is gone, or after `seconds`.

    No code of ours could: a regular expression at work lets no other code run. A pool sends nothing while it awaits an
    answer, so that all that can be signalled is the end of the connection; where that is not (SIGIO ends processes on
    Linux only), the time remains.
    """
    flags = fcntl.fcntl(channel, fcntl.F_GETFL)
    fcntl.fcntl(channel, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(channel, fcntl.F_SETFL, flags | os.O_ASYNC)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        fcntl.fcntl(channel, fcntl.F_SETFL, flags)


def _limit_memory(more: int) -> None:
    """Let this process's address space grow by `more` bytes, not further."""
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    limit = _address_space() + more
    resource.setrlimit(resource.RLIMIT_AS, (limit if most == resource.RLIM_INFINITY else min(limit, most), most))


def _address_space() -> int:
    """Bytes."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return _UNKNOWN_SIZE


if __name__ == "__main__":
    main()
