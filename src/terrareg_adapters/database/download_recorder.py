"""Records downloads durably from many threads at once: one writer thread commits what has gathered (decision 26)."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

import attrs

from terrareg_core.analytics.downloads import DownloadEvent
from terrareg_core.transactions import UnitOfWork

_log = logging.getLogger(__name__)

_RETRY_SECONDS = 10.0
"""How long the events of a batch that failed are tried one by one: a store that is down must not stall the others."""


class _Ticket:
    """The outcome of one recording, awaited by whoever asked for it."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._durable: bool | None = None
        self._callbacks: list[Callable[[bool], None]] = []

    def wait(self, timeout: float | None = None) -> bool:
        with self._changed:
            if not self._changed.wait_for(lambda: self._durable is not None, timeout):
                raise TimeoutError("the download is not recorded yet")
            return self._durable is True

    def when_done(self, callback: Callable[[bool], None]) -> None:
        with self._changed:
            if self._durable is None:
                self._callbacks.append(callback)
                return
            durable = self._durable
        callback(durable)

    def resolve(self, durable: bool) -> None:
        with self._changed:
            self._durable = durable
            callbacks, self._callbacks = self._callbacks, []
            self._changed.notify_all()
        for callback in callbacks:
            try:
                callback(durable)
            except Exception:  # noqa: BLE001 - a stranger's callback must not end the recording of others
                _log.exception("A callback of a recorded download failed")


@attrs.frozen
class _Entry:
    event: DownloadEvent
    ticket: _Ticket


class GroupCommitRecorder:
    """A DownloadRecorder over any unit of work.

    What arrives while a transaction is under way waits for the next one, so the busier it is the more events share a
    commit. An event whose version was deleted meanwhile has nothing to be recorded on: its ticket says True.
    """

    def __init__(self, unit_of_work: UnitOfWork, *, capacity: int = 10_000, batch: int = 500) -> None:
        """At most `capacity` events wait, further ones are lost at once; at most `batch` share a transaction."""
        self._unit_of_work = unit_of_work
        self._capacity = capacity
        self._batch = batch
        self._changed = threading.Condition(threading.Lock())
        self._waiting: deque[_Entry] = deque()
        self._writer: threading.Thread | None = None
        self._closed = False
        self._lost = 0

    @property
    def lost(self) -> int:
        """How many events could not be stored since the start."""
        with self._changed:
            return self._lost

    def record(self, event: DownloadEvent) -> _Ticket:
        """Take `event` and return its ticket at once; from any thread. Never raises."""
        ticket = _Ticket()
        with self._changed:
            accepted = not self._closed and len(self._waiting) < self._capacity and self._has_writer()
            if accepted:
                self._waiting.append(_Entry(event, ticket))
                self._changed.notify()
        if not accepted:
            self._give_up([_Entry(event, ticket)], "no more downloads can be taken")
        return ticket

    def close(self) -> None:
        """Record what was taken, then end; harmless when repeated. Later events are lost."""
        with self._changed:
            self._closed = True
            writer = self._writer
            self._changed.notify()
        if writer is not None:
            writer.join()

    def _has_writer(self) -> bool:
        # Begun with the first event: a process that records nothing, or forks before it does, has no thread.
        if self._writer is None:
            writer = threading.Thread(target=self._write, name="download-recorder", daemon=True)
            try:
                writer.start()
            except RuntimeError:  # the system gives no more threads
                return False
            self._writer = writer
        return True

    def _write(self) -> None:
        while entries := self._next_batch():
            try:
                self._store(entries)
            except Exception as error:  # noqa: BLE001 - whatever the store raises, the writer goes on
                _log.warning("Recording %d downloads together failed, trying them one by one: %r", len(entries), error)
                self._store_one_by_one(entries)
            else:
                self._resolve(entries)

    def _next_batch(self) -> list[_Entry]:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            return [self._waiting.popleft() for _ in range(min(self._batch, len(self._waiting)))]

    def _store(self, entries: Sequence[_Entry]) -> None:
        with self._unit_of_work.write() as transaction:
            transaction.downloads.append([entry.event for entry in entries])

    def _store_one_by_one(self, entries: Sequence[_Entry]) -> None:
        deadline = time.monotonic() + _RETRY_SECONDS
        for number, entry in enumerate(entries):
            if time.monotonic() > deadline:
                self._give_up(entries[number:], "the store does not answer in time")
                return
            try:
                self._store([entry])
            except Exception as error:  # noqa: BLE001 - as above
                self._give_up([entry], repr(error))
            else:
                self._resolve([entry])

    def _resolve(self, entries: Sequence[_Entry]) -> None:
        for entry in entries:
            entry.ticket.resolve(True)

    def _give_up(self, entries: Sequence[_Entry], reason: str) -> None:
        with self._changed:
            self._lost += len(entries)
        for entry in entries:
            _log.error("A download of module version %d is lost: %s", entry.event.module_version_id, reason)
            entry.ticket.resolve(False)
