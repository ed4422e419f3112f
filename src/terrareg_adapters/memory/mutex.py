"""The in-memory twin of mutual exclusion: among the threads of one process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class MemoryMutex:
    """A lock that is gone with the process (implements `Mutex`)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @contextmanager
    def hold(self) -> Iterator[bool]:
        """See `Mutex.hold`."""
        held = self._lock.acquire(blocking=False)
        try:
            yield held
        finally:
            if held:
                self._lock.release()
