"""The pool keeps its promises whatever a job does: bounds, replacement, order, and no process left behind."""

import logging
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from terrareg_adapters.workers.messages import Job
from terrareg_adapters.workers.pool import WorkerPool, WorkExceeded, WorkLost
from terrareg_core.errors import InvalidSource, RegistryFailure, StoreUnavailable
from tests.integration.workers.jobs import DEATHS_BY_MEMORY, JOBS, STARTED_WITH
from tests.integration.workers.processes import SECONDS, Beside, eventually, lives, output_of_script, start_script

MIB = 1 << 20


@pytest.fixture(scope="module")
def shared() -> Iterator[WorkerPool]:
    """A pool whose workers nobody kills."""
    with WorkerPool(JOBS, workers=2) as pool:
        yield pool


def _one_worker(**bounds: float) -> WorkerPool:
    return WorkerPool(JOBS, workers=1, **bounds)  # type: ignore[arg-type]


def _pid(pool: WorkerPool) -> int:
    pid = pool.run("process_number", None)
    assert isinstance(pid, int)
    return pid


def _pid_in(note: Path) -> int:
    assert eventually(note.exists)
    return int(note.read_text())


# --- jobs ------------------------------------------------------------------------------------------------------------


def test_a_job_is_done_in_another_process(shared: WorkerPool) -> None:
    assert _pid(shared) != os.getpid()
    assert shared.run("double", 21) == 42


def test_a_worker_is_kept_for_the_next_job_and_warmed_up_before_its_first() -> None:
    with _one_worker() as pool:
        assert pool.run("calls_so_far", "first") == [STARTED_WITH, "first"]
        assert pool.run("calls_so_far", "second") == [STARTED_WITH, "first", "second"]


def test_a_pool_starts_no_process_before_the_first_job_and_no_second_while_one_is_enough() -> None:
    with WorkerPool(JOBS, workers=2) as pool:
        assert _children() == set()
        assert {_pid(pool) for _ in range(10)} == _children()
        assert len(_children()) == 1


def test_a_domain_error_of_the_job_is_raised_with_all_that_it_tells(shared: WorkerPool) -> None:
    with pytest.raises(InvalidSource) as raised:
        shared.run("refuse", 7)
    assert (raised.value.path, raised.value.line, raised.value.reason) == ("main.tf", 7, "it is not to my taste")
    assert raised.value.message == "main.tf:7: it is not to my taste"


def test_any_other_error_of_the_job_is_logged_and_not_told(
    shared: WorkerPool, caplog: pytest.LogCaptureFixture
) -> None:
    pid = _pid(shared)
    with pytest.raises(RegistryFailure) as raised:
        shared.run("fail", "the details")
    assert "details" not in raised.value.message
    assert "ZeroDivisionError: the details" in caplog.text
    assert _pid(shared) == pid


def test_a_result_that_can_not_be_sent_is_a_failure_of_the_job_alone(shared: WorkerPool) -> None:
    pid = _pid(shared)
    with pytest.raises(RegistryFailure):
        shared.run("unsendable", None)
    assert _pid(shared) == pid


def test_results_may_be_nested_hundreds_of_levels(shared: WorkerPool) -> None:
    value, levels = shared.run("nested", 600), 0
    while isinstance(value, list):
        [value] = value
        levels += 1
    assert levels == 600


def test_a_job_that_the_pool_does_not_know_is_a_mistake_of_the_caller(shared: WorkerPool) -> None:
    with pytest.raises(ValueError, match="there is no job whistle"):
        shared.run("whistle", None)


def test_megabytes_go_both_ways(shared: WorkerPool) -> None:
    payload = os.urandom(5 * MIB)
    assert shared.run("double", payload) == 2 * payload


def test_twenty_threads_each_get_their_own_answers(shared: WorkerPool) -> None:
    def ask(first: int) -> bool:
        return all(shared.run("double", number) == 2 * number for number in range(first, first + 50))

    with ThreadPoolExecutor(20) as threads:
        assert all(threads.map(ask, range(0, 20_000, 1_000)))


# --- many at once ----------------------------------------------------------------------------------------------------


def test_a_map_keeps_the_order(shared: WorkerPool) -> None:
    assert shared.map("double", range(200)) == [2 * number for number in range(200)]


def test_a_map_of_nothing_is_empty_and_needs_no_process() -> None:
    with WorkerPool(JOBS) as pool:
        assert pool.map("double", []) == []
        assert _children() == set()


def test_a_map_uses_all_workers_at_once(tmp_path: Path) -> None:
    notes = [tmp_path / "a", tmp_path / "b"]
    with WorkerPool(JOBS, workers=2, timeout=SECONDS) as pool:
        mapping = Beside(lambda: pool.map("for_ever", [str(note) for note in notes]))
        pids = {_pid_in(note) for note in notes}
        assert len(pids) == 2
        pool.close()
        assert isinstance(mapping.outcome(), StoreUnavailable)


def test_of_several_failures_the_first_in_order_is_raised(shared: WorkerPool) -> None:
    for _ in range(20):
        with pytest.raises(InvalidSource) as raised:
            shared.map("refuse_odd", [*range(0, 10, 2), 11, 13, 15, *range(100)])
        assert raised.value.line == 11


def test_nothing_is_begun_after_a_failure() -> None:
    with _one_worker() as pool:
        with pytest.raises(InvalidSource):
            pool.map("refuse_odd", [1, *range(0, 100_000, 2)])
        assert pool.run("calls_so_far", "soon") == [STARTED_WITH, 1, "soon"]


# --- bounds ----------------------------------------------------------------------------------------------------------


def test_a_job_that_takes_too_long_is_killed_and_its_worker_replaced(tmp_path: Path) -> None:
    with _one_worker(timeout=0.5) as pool:
        first = _pid(pool)
        began = time.monotonic()
        with pytest.raises(WorkExceeded) as raised:
            pool.run("for_ever", str(tmp_path / "note"))
        assert time.monotonic() - began < 10
        assert raised.value.limit == "0.5 seconds"
        assert _pid_in(tmp_path / "note") == first
        assert not lives(first)
        assert pool.run("double", 1) == 2
        assert _pid(pool) != first


@pytest.mark.parametrize("piece", [1_000, MIB, 1 << 40])
def test_a_job_that_takes_too_much_memory_is_ended_and_its_worker_replaced(piece: int) -> None:
    with _one_worker(memory=100 * MIB) as pool:
        first = _pid(pool)
        with pytest.raises(WorkExceeded) as raised:
            pool.run("devour", piece)
        assert raised.value.limit == "100 MiB of memory"
        assert not lives(first)
        assert pool.run("double", 1) == 2


@pytest.mark.parametrize("number", DEATHS_BY_MEMORY)
def test_a_worker_that_aborts_has_had_too_little_memory(number: int) -> None:
    with _one_worker() as pool:
        with pytest.raises(WorkExceeded, match="MiB of memory"):
            pool.run("die", number)
        assert pool.run("double", 1) == 2


def test_a_worker_that_has_become_large_is_replaced() -> None:
    with _one_worker(memory=100 * MIB) as pool:
        small = pool.run("hold", MIB)
        assert _pid(pool) == small
        assert pool.run("hold", 50 * MIB) == small
        assert _pid(pool) != small


def test_every_job_may_take_the_whole_of_the_memory(shared: WorkerPool) -> None:
    with _one_worker(memory=100 * MIB) as pool:
        pid = pool.run("hold", 20 * MIB)
        assert pool.run("hold", 90 * MIB) == pid


def test_while_one_worker_is_stuck_the_other_answers_and_this_process_goes_on(tmp_path: Path) -> None:
    with WorkerPool(JOBS, workers=2, timeout=SECONDS) as pool:
        stuck = Beside(lambda: pool.run("for_ever", str(tmp_path / "note")))
        stuck_pid = _pid_in(tmp_path / "note")
        longest = 0.0
        for number in range(100):
            began = time.monotonic()
            assert pool.run("double", number) == 2 * number
            # The first waits for the second worker to start.
            longest = max(longest, time.monotonic() - began) if number else 0.0
        assert longest < 5
        assert lives(stuck_pid)
        pool.close()
        assert isinstance(stuck.outcome(), StoreUnavailable)


def test_who_waits_too_long_for_a_worker_is_told_that_the_registry_is_busy(tmp_path: Path) -> None:
    with _one_worker(timeout=SECONDS, patience=0.2) as pool:
        stuck = Beside(lambda: pool.run("for_ever", str(tmp_path / "note")))
        _pid_in(tmp_path / "note")
        with pytest.raises(StoreUnavailable, match="busy"):
            pool.run("double", 1)
        pool.close()
        assert isinstance(stuck.outcome(), StoreUnavailable)


# --- ends ------------------------------------------------------------------------------------------------------------


def test_a_worker_that_is_killed_at_work_is_replaced_and_the_job_done_again(tmp_path: Path) -> None:
    with _one_worker(timeout=SECONDS) as pool:
        killed = Beside(lambda: pool.run("first_for_ever", str(tmp_path / "note")))
        first = _pid_in(tmp_path / "note")
        os.kill(first, signal.SIGKILL)
        assert killed.outcome() == _pid(pool) != first


def test_a_job_whose_worker_is_killed_twice_is_given_up() -> None:
    with _one_worker() as pool:
        with pytest.raises(WorkLost):
            pool.run("die", signal.SIGKILL)
        assert pool.run("double", 1) == 2


def test_a_worker_that_was_killed_while_idle_is_replaced_unnoticed(caplog: pytest.LogCaptureFixture) -> None:
    with _one_worker() as pool:
        first = _pid(pool)
        os.kill(first, signal.SIGKILL)
        assert eventually(lambda: not lives(first))
        assert _pid(pool) != first
        assert caplog.records == []


def test_closing_ends_every_process_and_leaves_none_to_be_waited_for(tmp_path: Path) -> None:
    pool = WorkerPool(JOBS, workers=2, timeout=SECONDS)
    stuck = Beside(lambda: pool.run("for_ever", str(tmp_path / "note")))
    pids = {_pid_in(tmp_path / "note"), _pid(pool)}
    assert len(pids) == 2
    pool.close()
    assert isinstance(stuck.outcome(), StoreUnavailable)
    for pid in pids:
        with pytest.raises(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
    pool.close()
    with pytest.raises(StoreUnavailable, match="shutting down"):
        pool.run("double", 1)


def test_closing_does_not_wait_for_a_worker_that_is_about_to_start() -> None:
    pool = _one_worker()
    starting = Beside(lambda: pool.run("double", 1))
    assert eventually(_children)
    pool.close()
    assert starting.outcome() == 2 or isinstance(starting.outcome(), StoreUnavailable)
    assert _children() == set()


def test_a_pool_that_is_forgotten_ends_its_processes() -> None:
    pool = _one_worker()
    pid = _pid(pool)
    del pool
    assert eventually(lambda: not lives(pid))


def test_a_worker_that_can_not_start_says_why_in_the_log_only(caplog: pytest.LogCaptureFixture) -> None:
    with (
        WorkerPool({"missing": Job("tests.integration.workers.nowhere:job")}) as pool,
        caplog.at_level(logging.ERROR),
        pytest.raises(StoreUnavailable) as raised,
    ):
        pool.run("missing", None)
    assert "nowhere" not in raised.value.message
    assert "ModuleNotFoundError" in caplog.text
    assert _children() == set()


def test_a_pool_needs_a_worker() -> None:
    with pytest.raises(ValueError, match="at least one"):
        WorkerPool(JOBS, workers=0)


# --- other processes -------------------------------------------------------------------------------------------------


def test_the_environment_of_this_process_is_not_told_to_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_AUTHENTICATION_TOKEN", "the administrator's token")
    with _one_worker() as pool:
        known = pool.run("environment", None)
    assert isinstance(known, dict)
    assert set(known) <= {"PATH", "PYTHONPATH", "LANG", "LC_CTYPE"}


def test_workers_end_with_a_process_that_is_killed_whatever_they_do(tmp_path: Path) -> None:
    script = f"""
import threading
from tests.integration.workers.jobs import JOBS
from terrareg_adapters.workers.pool import WorkerPool

pool = WorkerPool(JOBS, workers=2, timeout=600)
threading.Thread(target=pool.run, args=("for_ever", {str(tmp_path / "note")!r}), daemon=True).start()
print(pool.run("process_number", None), flush=True)
threading.Event().wait()
"""
    with start_script(tmp_path, script) as process:
        assert process.stdout is not None
        idle, busy = int(process.stdout.readline()), _pid_in(tmp_path / "note")
        assert idle != busy
        assert lives(idle)
        assert lives(busy)
        process.kill()
    assert eventually(lambda: not lives(idle))
    assert eventually(lambda: not lives(busy))


def test_workers_end_with_a_program_that_forgets_to_close_its_pool(tmp_path: Path) -> None:
    script = """
from tests.integration.workers.jobs import JOBS
from terrareg_adapters.workers.pool import WorkerPool

pool = WorkerPool(JOBS)
print(pool.run("process_number", None))
"""
    [pid] = output_of_script(tmp_path, script)
    assert eventually(lambda: not lives(int(pid)))


def test_a_script_without_a_main_guard_runs_once_and_its_own_modules_are_found(tmp_path: Path) -> None:
    (tmp_path / "work.py").write_text("def shout(text):\n    return text.upper()\n")
    script = """
from terrareg_adapters.workers.messages import Job
from terrareg_adapters.workers.pool import WorkerPool

print("begun")
with WorkerPool({"shout": Job("work:shout")}) as pool:
    print(*pool.map("shout", ["a", "b"]))
"""
    assert output_of_script(tmp_path, script) == ["begun", "A B"]


def test_a_fork_has_processes_of_its_own_and_leaves_those_of_its_parent_alone(tmp_path: Path) -> None:
    note = tmp_path / "note"
    script = f"""
import os
import threading
import warnings
from pathlib import Path
from terrareg_adapters.workers.pool import WorkerPool
from terrareg_core.errors import StoreUnavailable
from tests.integration.workers.jobs import JOBS
from tests.integration.workers.processes import eventually, lives

def be_busy():
    try:
        pool.run("for_ever", {str(note)!r})
    except StoreUnavailable:
        print("closed")

pool = WorkerPool(JOBS, workers=1, timeout=600)
busy = threading.Thread(target=be_busy)
busy.start()
assert eventually(Path({str(note)!r}).exists)
parents = int(Path({str(note)!r}).read_text())
warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads
child = os.fork()
if child == 0:
    own = pool.run("process_number", None)
    again = pool.run("process_number", None)
    pool.close()
    os._exit(0 if own == again != parents and not lives(own) else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), lives(parents))
pool.close()
busy.join()
"""
    assert output_of_script(tmp_path, script) == ["0 True", "closed"]


# --- helpers ---------------------------------------------------------------------------------------------------------


def _children() -> set[int]:
    """The worker processes of pools that this test opened."""
    everything = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    running = {int(pid) for children in everything for pid in children.read_text().split()}
    return {pid for pid in running if b"terrareg_adapters.workers.child" in _command(pid)} - _children_before


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


_children_before: set[int] = set()


@pytest.fixture(autouse=True)
def _only_new_children() -> None:
    _children_before.clear()
    _children_before.update(_children())
