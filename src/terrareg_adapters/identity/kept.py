"""What is fetched from an identity provider and kept: refreshed in the background, never given up for a failure."""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from terrareg_core.clock import Clock
from terrareg_core.errors import SignInUnavailable

_log = logging.getLogger(__name__)

Value = TypeVar("Value")

_FIRST_PAUSE = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(minutes=5)


class Kept(Generic[Value]):
    """One value, shared by threads. Only the first fetch is waited for; after failures come pauses that double."""

    def __init__(self, fetch: Callable[[], Value], clock: Clock, lifetime: timedelta, name: str) -> None:
        """Call `fetch`, which may raise SignInUnavailable, when the value is asked for and older than `lifetime`.

        `name` says in the log what the value is.
        """
        self._fetch = fetch
        self._clock = clock
        self._lifetime = lifetime
        self._name = name
        self._lock = threading.Lock()
        self._first_fetch = threading.Lock()
        self._held: Value | None = None
        self._fetch_at: datetime | None = None
        self._failures = 0
        self._situation = ""
        self._refresher: threading.Thread | None = None

    def get(self) -> Value:
        """The value as it was last fetched.

        Raises SignInUnavailable when it never was: after a try, or, in the pause after one that failed, at once.
        """
        held = self._look()
        if held is not None:
            return held
        # Whoever comes first asks; the others wait for what it learns.
        with self._first_fetch:
            held = self._look()
            if held is not None:
                return held
            with self._lock:
                if not self._is_due():
                    raise SignInUnavailable(self._situation)
            return self._fetch_now()

    def close(self) -> None:
        """Wait until no refresh is under way; what `fetch` waits for is to be ended before."""
        with self._lock:
            refresher = self._refresher
        if refresher is not None:
            refresher.join()

    def _look(self) -> Value | None:
        with self._lock:
            if self._held is not None and self._refresher is None and self._is_due():
                self._refresher = threading.Thread(target=self._refresh, name="identity-refresh", daemon=True)
                self._refresher.start()
            return self._held

    def _is_due(self) -> bool:
        return self._fetch_at is None or self._fetch_at <= self._clock.now()

    def _refresh(self) -> None:
        try:
            with suppress(SignInUnavailable):
                self._fetch_now()
        finally:
            with self._lock:
                self._refresher = None

    def _fetch_now(self) -> Value:
        try:
            value = self._fetch()
        except SignInUnavailable as error:
            with self._lock:
                pause = min(_FIRST_PAUSE * 2**self._failures, _LONGEST_PAUSE)
                self._failures = min(self._failures + 1, 10)
                self._situation = error.message
                self._fetch_at = self._clock.now() + pause
            _log.warning("%s could not be fetched, next try in %d s or later: %s", self._name, pause.seconds, error)
            raise
        with self._lock:
            self._held = value
            self._failures = 0
            self._fetch_at = self._clock.now() + self._lifetime
        return value
