"""Mutual exclusion as ports: work that only one thread of one process of a registry does at a time."""

from contextlib import AbstractContextManager
from typing import Protocol


class Mutex(Protocol):
    """One lock, shared by all threads and processes of a registry."""

    def hold(self, wait_seconds: float = 0) -> AbstractContextManager[bool]:
        """Try to get the lock, for about `wait_seconds` if somebody else has it, and have it for the length of the
        context.

        The context's value tells whether this caller has it. It ends with its holder: a process that is killed holds
        nothing any more (chapter 02, 13). Who waits longest need not be first. Raises StoreUnavailable.
        """
        ...


class Mutexes(Protocol):
    """Locks by name: as many as there are things to be worked on."""

    def named(self, name: str) -> Mutex:
        """The lock of this name, the same for all threads and processes of a registry; any text is a name.

        Nothing is kept of locks that nobody holds.
        """
        ...
