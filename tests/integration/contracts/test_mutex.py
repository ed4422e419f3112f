"""The contract of mutual exclusion: one holder at a time, and none that is dead."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from terrareg_adapters.database.engine import open_engine
from terrareg_adapters.database.mutex import mutex_beside
from terrareg_adapters.memory.mutex import MemoryMutex
from terrareg_core.errors import StoreUnavailable
from terrareg_core.mutex import Mutex

_SECONDS = 30
_KEY = 4_711
_HOLD = """
import sys
from terrareg_adapters.database.engine import open_engine
from terrareg_adapters.database.mutex import mutex_beside

with mutex_beside(open_engine(sys.argv[1]), "work", int(sys.argv[2])).hold() as held:
    print(held, flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def mutex(request: pytest.FixtureRequest) -> Mutex:
    if request.param == "memory":
        return MemoryMutex()
    return mutex_beside(request.getfixturevalue(request.param), "work", _KEY)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Engine:
    found: Engine = request.getfixturevalue(request.param)
    return found


def _is_free(mutex: Mutex) -> bool:
    with mutex.hold() as held:
        return held


def _elsewhere(work: Callable[[], bool]) -> bool:
    """What `work` says in another thread."""
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(work()))
    thread.start()
    thread.join(_SECONDS)
    return answers[0]


class TestMutex:
    def test_while_one_holds_it_nobody_else_can(self, mutex: Mutex) -> None:
        with mutex.hold() as held:
            assert held
            assert not _is_free(mutex)
            assert not _elsewhere(lambda: _is_free(mutex))

    def test_it_is_free_again_once_its_holder_is_done(self, mutex: Mutex) -> None:
        for _ in range(3):
            assert _is_free(mutex)
        assert _elsewhere(lambda: _is_free(mutex))

    def test_it_is_free_again_when_its_holder_fails(self, mutex: Mutex) -> None:
        with pytest.raises(KeyError), mutex.hold():
            raise KeyError
        assert _is_free(mutex)

    def test_whoever_did_not_get_it_does_not_release_it(self, mutex: Mutex) -> None:
        with mutex.hold() as held:
            assert held
            assert not _is_free(mutex)
            assert not _is_free(mutex)


def test_a_holder_that_is_killed_holds_nothing_any_more(engine: Engine) -> None:
    mutex = mutex_beside(engine, "work", _KEY)
    url = engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", _HOLD, url, str(_KEY)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        assert not _is_free(mutex)
        holder.send_signal(signal.SIGKILL)
        holder.wait(_SECONDS)
    deadline = time.monotonic() + _SECONDS
    while not _is_free(mutex):
        assert time.monotonic() < deadline


def test_what_a_holder_starts_does_not_hold_it_on(engine: Engine) -> None:
    mutex = mutex_beside(engine, "work", _KEY)
    with mutex.hold() as held:
        assert held
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert _is_free(mutex)
    finally:
        child.communicate(b"\n", _SECONDS)


def test_different_work_is_done_at_once(engine: Engine) -> None:
    with mutex_beside(engine, "one", 1).hold() as one, mutex_beside(engine, "two", 2).hold() as two:
        assert (one, two) == (True, True)


def test_a_lock_file_that_can_not_be_opened_is_a_failure_of_the_store(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'missing' / 'terrareg.db'}")
    with pytest.raises(StoreUnavailable), mutex_beside(engine, "work", _KEY).hold():
        pass
