"""The in-memory twins of mutual exclusion: among the threads of one process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakValueDictionary


class MemoryMutex:
    """A lock that is gone with the process (implements `Mutex`)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, wait_seconds: float = 0) -> Iterator[bool]:
        """See `Mutex.hold`."""
        held = self._lock.acquire(timeout=wait_seconds)
        try:
            yield held
        finally:
            if held:
                self._lock.release()


class MemoryMutexes:
    """Locks that are gone once nobody holds them or waits for them (implements `Mutexes`)."""

    def __init__(self) -> None:
        self._mutexes: WeakValueDictionary[str, MemoryMutex] = WeakValueDictionary()
        self._guard = threading.Lock()

    def named(self, name: str) -> MemoryMutex:
        """See `Mutexes.named`."""
        with self._guard:
            return self._mutexes.setdefault(name, MemoryMutex())
