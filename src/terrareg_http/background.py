"""What a server does beside answering requests: it indexes outdated versions again, and forgets what expired."""

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable

from terrareg_core.access.identities import Identity
from terrareg_core.errors import RegistryFailure
from terrareg_core.modules.reindexing import Reindexing, ReindexingResult, ReindexingRun

_log = logging.getLogger("terrareg")

_RETRY_SECONDS = 30.0
_STOP_SECONDS = 2.0
_LONGEST_REST = 5.0
"""Seconds."""

_PURGE_SECONDS = 300.0


class BackgroundWork(ABC):
    """Work in a thread of its own, from `start` until it is done or `stop` is called."""

    def __init__(self, name: str) -> None:
        self._stopping = threading.Event()
        # A daemon, so that work that hangs can't keep the process from ending.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin; to be called once."""
        self._thread.start()

    def stop(self, seconds: float = _STOP_SECONDS) -> None:
        """Begin nothing new, and wait at most `seconds` for what is under way; harmless when repeated."""
        self._stopping.set()
        self._thread.join(seconds)

    @abstractmethod
    def _run(self) -> None:
        """Work, and look at `_stopping` now and then."""


class BackgroundReindexing(BackgroundWork):
    """Re-indexes in a thread of its own, at most half of the time, so that uploads find room.

    Where another process is at it, it waits for what that one leaves.
    """

    def __init__(self, reindexing: Reindexing, *, retry_seconds: float = _RETRY_SECONDS) -> None:
        super().__init__("reindexing")
        self._reindexing = reindexing
        self._retry_seconds = retry_seconds

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with self._reindexing.outdated(Identity.administrator()) as run:
                    self._work_off(run)
                return
            except RegistryFailure as error:
                _log.info("re-indexing waits: %s", error.message)
                self._stopping.wait(self._retry_seconds)

    def _work_off(self, run: ReindexingRun) -> None:
        if not len(run):
            return
        _log.info("%d versions that an older terrareg indexed are indexed again", len(run))
        counts: Counter[ReindexingResult] = Counter()
        started = time.monotonic()
        for outcome in run:
            counts[outcome.result] += 1
            if outcome.result is ReindexingResult.FAILED and not self._stopping.is_set():
                _log.warning(
                    "%s %s could not be indexed again and stays as it was: %s",
                    *(outcome.address, outcome.version, outcome.reason),
                )
            self._stopping.wait(min(time.monotonic() - started, _LONGEST_REST))
            if self._stopping.is_set():
                break
            started = time.monotonic()
        _log.info("re-indexing ended: %s", ", ".join(f"{count} {result.value}" for result, count in counts.items()))


class BackgroundPurge(BackgroundWork):
    """Forgets what expired every few minutes; what is left over, the next time."""

    def __init__(self, purge: Callable[[], None], *, seconds: float = _PURGE_SECONDS) -> None:
        """Call `purge`, which may raise RegistryFailure, every `seconds`."""
        super().__init__("purge")
        self._purge = purge
        self._seconds = seconds

    def _run(self) -> None:
        while not self._stopping.wait(self._seconds):
            try:
                self._purge()
            except RegistryFailure as error:
                _log.info("what expired is forgotten later: %s", error.message)
