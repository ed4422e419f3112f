"""Mutual exclusion as a port: work that only one process of a registry does at a time."""

from contextlib import AbstractContextManager
from typing import Protocol


class Mutex(Protocol):
    """One lock, shared by all threads and processes of a registry."""

    def hold(self) -> AbstractContextManager[bool]:
        """Try to get the lock, without waiting, and have it for the length of the context.

        The context's value tells whether this caller has it. It ends with its holder: a process that is killed holds
        nothing any more (chapter 02, 13). Raises StoreUnavailable.
        """
        ...
