"""The contracts of mutual exclusion: one holder at a time, and none that is dead."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine

from terrareg_adapters.database.engine import open_engine
from terrareg_adapters.database.mutex import DatabaseMutexes, mutex_beside
from terrareg_adapters.memory.mutex import MemoryMutex, MemoryMutexes
from terrareg_core.errors import StoreUnavailable
from terrareg_core.mutex import Mutex, Mutexes

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

    def test_whoever_waits_gets_it_from_its_holder(self, mutex: Mutex) -> None:
        answers: list[bool] = []

        def wait() -> None:
            with mutex.hold(wait_seconds=_SECONDS) as held:
                answers.append(held)

        thread = threading.Thread(target=wait)
        with mutex.hold():
            thread.start()
            with mutex.hold(wait_seconds=0.2) as held:
                assert not held
            assert answers == []
        thread.join(_SECONDS)
        assert answers == [True]
        assert _is_free(mutex)


class TestMutexes:
    """The contract of `Mutexes`."""

    @pytest.fixture(params=["memory", "sqlite", "postgresql"])
    def mutexes(self, request: pytest.FixtureRequest) -> Mutexes:
        if request.param == "memory":
            return MemoryMutexes()
        return DatabaseMutexes(request.getfixturevalue(request.param), "work")

    def test_a_name_is_one_lock_and_another_name_is_another(self, mutexes: Mutexes) -> None:
        with mutexes.named("acme/vpc/aws/1.0.0").hold() as held:
            assert held
            assert not _is_free(mutexes.named("acme/vpc/aws/1.0.0"))
            for other in ("acme/vpc/aws/1.0.1", "", "../../x", "\udcff", "x" * 10_000):
                assert _is_free(mutexes.named(other))
        assert _is_free(mutexes.named("acme/vpc/aws/1.0.0"))

    def test_of_many_who_want_it_at_once_each_has_it_alone(self, mutexes: Mutexes) -> None:
        inside: list[int] = []
        most: list[int] = []

        def work(number: int) -> None:
            for _ in range(10):
                with mutexes.named("one").hold(wait_seconds=_SECONDS) as held:
                    assert held
                    inside.append(number)
                    most.append(len(inside))
                    inside.remove(number)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
        assert most == [1] * 80


def test_kinds_of_work_do_not_share_locks(engine: Engine) -> None:
    with DatabaseMutexes(engine, "one").named("x").hold(), DatabaseMutexes(engine, "two").named("x").hold() as held:
        assert held


def test_nothing_is_left_of_a_lock_that_nobody_holds(sqlite: Engine) -> None:
    directory = Path(sqlite.url.database or "").parent
    before = set(directory.iterdir())
    mutex = DatabaseMutexes(sqlite, "work").named("acme/vpc/aws/1.0.0")
    with mutex.hold():
        assert not _is_free(mutex)
        assert len(set(directory.iterdir()) - before) == 1
    assert set(directory.iterdir()) <= before


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
