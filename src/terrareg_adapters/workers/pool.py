"""The pool of worker processes: jobs from any thread, done within bounds of time and memory."""

import logging
import os
import signal
import threading
import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Final, Self

from terrareg_adapters.workers.messages import Answer, Job, Outcome, Setup, pickled
from terrareg_adapters.workers.process import WorkerProcess
from terrareg_core.errors import RegistryError, RegistryFailure, StoreUnavailable

_log = logging.getLogger(__name__)

_MIB: Final = 1 << 20
_CLOSE_SECONDS: Final = 30.0
"""How long closing waits for threads to let go of processes that were killed."""
_ENDED_BY_ITSELF: Final = frozenset({-signal.SIGABRT, -signal.SIGSEGV, -signal.SIGBUS})
"""How extensions end a process that gets no more memory."""


class WorkUnfinished(RegistryFailure):
    """A job was ended before it had an answer; `argument` is what it was given."""

    def __init__(self, message: str, argument: object) -> None:
        super().__init__(message)
        self.argument = argument


class WorkExceeded(WorkUnfinished):
    """A job took more time or memory than jobs may; `limit` says what, as in "20 seconds"."""

    def __init__(self, limit: str, argument: object) -> None:
        super().__init__(f"The work takes more than {limit}", argument)
        self.limit = limit


class WorkLost(WorkUnfinished):
    """The process that did the job went away, and so did the second one."""

    def __init__(self, argument: object) -> None:
        super().__init__("The process that did the work has ended without an answer; try again", argument)


class WorkerPool:
    """Runs jobs in child processes that are killed, and replaced, when a job exceeds its bounds.

    Processes are started when they are first needed and then kept; close the pool when done. A fork of this process has
    an empty pool, and begins processes of its own.
    """

    def __init__(
        self,
        jobs: Mapping[str, Job],
        *,
        workers: int = 2,
        timeout: float = 20.0,
        memory: int = 512 * _MIB,
        patience: float = 60.0,
    ) -> None:
        """`jobs` by name, for at most `workers` processes.

        A job may take `timeout` seconds, unless it says otherwise, and `memory` bytes; `patience` is how many seconds
        one may wait for a worker.
        """
        if workers < 1:
            raise ValueError("a pool has at least one worker")
        self._setup = Setup(dict(jobs), timeout, memory)
        self._most = workers
        self._patience = patience
        self._workers: set[WorkerProcess] = set()
        """All that live, whether idle, busy or about to be ready."""
        self._closed = False
        self._idle: list[WorkerProcess]
        """The one that was used last is at the end, and taken first."""
        self._queue: deque[object]
        """Those who wait for a worker, first come first served."""
        self._living: int
        """How many workers there are, those about to be started included."""
        self._become_empty()
        _open_pools.add(self)
        self._abandon = weakref.finalize(self, _end_all, self._workers)

    def run(self, job: str, argument: object) -> object:
        """The result of the job named `job` for `argument`; from any thread.

        Raises the domain error that the job raised; WorkExceeded beyond the bounds of a job; StoreUnavailable when no
        worker was free in time, or the pool is closed; RegistryFailure when the job has a defect, or no process starts;
        WorkLost when the process was ended from outside, twice.
        """
        if job not in self._setup.jobs:
            raise ValueError(f"there is no job {job}")
        request = pickled((job, argument))
        try:
            answer = self._answer(job, request) or self._answer(job, request)
        except TimeoutError:
            seconds = self._setup.seconds_of(job)
            _log.warning("The job %s took more than %g seconds", job, seconds)
            raise WorkExceeded(f"{seconds:g} seconds", argument) from None
        if answer is None:
            raise WorkLost(argument)
        if answer.outcome is Outcome.REFUSED and isinstance(answer.value, RegistryError):
            raise answer.value
        if answer.outcome is Outcome.OUT_OF_MEMORY:
            _log.warning("The job %s took more than %d MiB", job, self._setup.memory // _MIB)
            raise WorkExceeded(f"{self._setup.memory // _MIB} MiB of memory", argument)
        if answer.outcome is not Outcome.DONE:
            _log.error("The job %s failed: %s", job, answer.value)
            raise RegistryFailure("A part of the work failed unexpectedly; the log of the registry says why")
        return answer.value

    def map(self, job: str, arguments: Iterable[object]) -> Sequence[object]:
        """The results of the job for each of `arguments`, in their order, from as many workers as are free.

        Raises what `run` raises for the first argument, in order, whose job fails; later ones may not be begun then.
        """
        batch = _Batch(arguments)
        helpers = [
            threading.Thread(target=self._work_off, args=(job, batch), name="worker-pool-map", daemon=True)
            for _ in range(min(self._most, len(batch)) - 1)
        ]
        started = []
        for helper in helpers:
            try:
                helper.start()
            except RuntimeError:  # the system gives no more threads; this one remains
                break
            started.append(helper)
        self._work_off(job, batch)
        for helper in started:
            helper.join()
        return batch.results()

    def close(self) -> None:
        """End all processes; harmless when repeated. Jobs under way, and later ones, raise StoreUnavailable."""
        with self._changed:
            self._closed = True
            idle, self._idle = self._idle, []
            for worker in self._workers:
                worker.kill()
            self._changed.notify_all()
        for worker in idle:
            self._end(worker)
        with self._changed:
            # The threads that use the others find them gone, and let go of them.
            self._changed.wait_for(lambda: not self._living, _CLOSE_SECONDS)
        self._abandon.detach()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- one job ---------------------------------------------------------------------------------------------------

    def _answer(self, job: str, request: bytes) -> Answer | None:
        """None when the process went away for no reason of the job's. Raises TimeoutError."""
        worker = self._take()
        answer: Answer | None = None
        try:
            answer = worker.ask(request, self._setup.seconds_of(job))
        except TimeoutError:
            raise  # although it is an OSError
        except (EOFError, OSError):
            status = worker.end()
            if not self._closed:
                _log.warning("Worker %d has ended with status %d during the job %s", worker.pid, status, job)
            if status in _ENDED_BY_ITSELF:
                answer = Answer(Outcome.OUT_OF_MEMORY, worn=True)
        finally:
            if answer is None or answer.worn:
                self._end(worker)
            else:
                self._give_back(worker)
        return answer

    def _work_off(self, job: str, batch: "_Batch") -> None:
        for argument, future in batch.take():
            try:
                future.set_result(self.run(job, argument))
            except BaseException as error:  # noqa: BLE001 - raised again by whoever asks for the results
                batch.stop()
                future.set_exception(error)

    # --- the processes ---------------------------------------------------------------------------------------------

    def _become_empty(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._idle = []
        self._queue = deque()
        self._living = 0

    def _take(self) -> WorkerProcess:
        turn = object()
        with self._changed:
            self._queue.append(turn)
            try:
                came = self._changed.wait_for(
                    lambda: self._closed or (self._queue[0] is turn and (self._idle or self._living < self._most)),
                    self._patience,
                )
            finally:
                self._queue.remove(turn)
                self._changed.notify_all()
            if self._closed:
                raise StoreUnavailable("The registry is shutting down; try again later")
            if not came:
                raise StoreUnavailable("The registry is busy; try again later")
            worker = self._idle.pop() if self._idle else None
            self._living += worker is None
        if worker is None:
            return self._start()
        if worker.has_ended():
            self._end(worker, replaced=True)
            return self._start()
        return worker

    def _start(self) -> WorkerProcess:
        """A new worker, already counted as living."""
        worker: WorkerProcess | None = None
        try:
            worker = WorkerProcess()
            with self._changed:
                self._workers.add(worker)
                if self._closed:
                    worker.kill()
            answer = worker.prepare(self._setup)
            if answer.outcome is Outcome.DONE:
                return worker
            reason = answer.value
        except (EOFError, OSError) as error:
            reason = repr(error)
        except BaseException:
            self._end(worker)
            raise
        self._end(worker)
        if self._closed:
            raise StoreUnavailable("The registry is shutting down; try again later")
        _log.error("A worker process could not be started: %s", reason)
        raise StoreUnavailable("The registry could not start a process for this work; its log says why")

    def _give_back(self, worker: WorkerProcess) -> None:
        with self._changed:
            if not self._closed:
                self._idle.append(worker)
                self._changed.notify_all()
                return
        self._end(worker)

    def _end(self, worker: WorkerProcess | None, *, replaced: bool = False) -> None:
        if worker is not None:
            worker.end()
        with self._changed:
            if worker is not None:
                self._workers.discard(worker)
            if not replaced:
                self._living -= 1
                self._changed.notify_all()

    def _forked(self) -> None:
        """Forget, in the child of a fork, what belongs to its parent; whoever held the locks does not exist here."""
        for worker in self._workers:
            worker.disown()
        self._workers.clear()
        self._become_empty()


class _Batch:
    """Arguments that several threads work off together, in order."""

    def __init__(self, arguments: Iterable[object]) -> None:
        self._entries: Sequence[tuple[object, Future[object]]] = [(argument, Future()) for argument in arguments]
        self._rest = iter(self._entries)
        self._lock = threading.Lock()
        self._stopped = False

    def __len__(self) -> int:
        return len(self._entries)

    def take(self) -> Iterator[tuple[object, Future[object]]]:
        """The entries that no other thread has taken, until the batch is stopped."""
        while True:
            with self._lock:
                entry = None if self._stopped else next(self._rest, None)
            if entry is None:
                return
            yield entry

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopped = True

    def results(self) -> Sequence[object]:
        """What was made of each, once all threads are done; raises the first error."""
        # All before the first error were taken before it, so none is left without a result.
        return [future.result() for _, future in self._entries]


def _end_all(workers: set[WorkerProcess]) -> None:
    for worker in workers:
        worker.end()


_open_pools: "weakref.WeakSet[WorkerPool]" = weakref.WeakSet()


def _after_fork() -> None:
    for pool in list(_open_pools):
        pool._forked()


os.register_at_fork(after_in_child=_after_fork)
