"""Jobs for workers: well-behaved ones, slow ones, greedy ones and deadly ones."""

import os
import re
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from terrareg_adapters.workers.messages import Job
from terrareg_core.errors import InvalidSource
from terrareg_core.modules.syntax import ParsedFile

STARTED_WITH = "before the first job"
_calls: list[object] = []


def double(number: int) -> int:
    return 2 * number


def process_number(_: object) -> int:
    return os.getpid()


def calls_so_far(argument: object) -> Sequence[object]:
    """Every argument that this process was called with."""
    _calls.append(argument)
    return list(_calls)


def environment(_: object) -> Mapping[str, str]:
    return dict(os.environ)


def refuse(line: int) -> NoReturn:
    raise InvalidSource("main.tf", line, "it is not to my taste")


def refuse_odd(number: int) -> int:
    _calls.append(number)
    if number % 2:
        raise InvalidSource("main.tf", number, "it is odd")
    return number


def fail(secret: str) -> NoReturn:
    raise ZeroDivisionError(secret)


def unsendable(_: object) -> Callable[[], None]:
    return lambda: None


def nested(levels: int) -> object:
    value: object = 0
    for _ in range(levels):
        value = [value]
    return value


def for_ever(note: str) -> object:
    """Writes the process's number into the file `note`, and never lets go of the interpreter."""
    Path(f"{note}.new").write_text(str(os.getpid()))
    Path(f"{note}.new").rename(note)
    return hang(note)


def hang(_: object) -> object:
    return re.match(r"(a+)+$", "a" * 80 + "b")


def first_for_ever(note: str) -> int:
    """As `for_ever`, unless another process was there before."""
    if not Path(note).exists():
        for_ever(note)
    return os.getpid()


def devour(piece: int) -> object:
    """Takes memory, in pieces of so many bytes, until there is none."""
    taken: list[bytes] = []
    while True:
        taken.append(bytes(piece))


def gorge(_: object) -> object:
    return devour(1 << 20)


def hang_on_slow(request: tuple[object, str, bytes]) -> ParsedFile:
    """A reader of files that never ends with those named so."""
    if request[1].startswith("slow"):
        hang(None)
    return ParsedFile(())


def hold(size: int) -> int:
    """Keeps so many bytes for as long as the process lives."""
    _calls.append(bytes(size))
    return os.getpid()


def vanish(_: object) -> None:
    die(signal.SIGKILL)


def die(number: int) -> None:
    os.kill(os.getpid(), number)
    threading.Event().wait()


def job(function: Callable[..., object]) -> Job:
    return Job(f"{__name__}:{function.__name__}")


JOBS = {
    function.__name__: job(function)
    for function in (
        *(double, process_number, environment, refuse, refuse_odd, fail, unsendable, nested),
        *(for_ever, first_for_ever, devour, hold, die),
    )
}
JOBS["calls_so_far"] = Job(f"{__name__}:calls_so_far", warm_up=STARTED_WITH)

DEATHS_BY_MEMORY = (signal.SIGABRT, signal.SIGSEGV)
