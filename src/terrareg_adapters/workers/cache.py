"""A bounded store of results, shared by threads: what was not asked for longest is forgotten first."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class BoundedCache(Generic[Key, Value]):
    """Holds at most `entries` values whose weights come to at most `weight`."""

    def __init__(self, entries: int, weight: int) -> None:
        self._entries = entries
        self._weight = weight
        self._lock = threading.Lock()
        self._held: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self._total = 0

    def get(self, key: Key) -> Value | None:
        """The value, or None when it is not, or no longer, there."""
        with self._lock:
            found = self._held.get(key)
            if found is None:
                return None
            self._held.move_to_end(key)
            return found[0]

    def put(self, key: Key, value: Value, weight: int) -> None:
        """Keep `value`, unless it alone is heavier than everything may be."""
        with self._lock:
            _, replaced = self._held.pop(key, (None, 0))
            self._total -= replaced
            if weight > self._weight:
                return
            self._held[key] = (value, weight)
            self._total += weight
            while len(self._held) > self._entries or self._total > self._weight:
                _, (_, released) = self._held.popitem(last=False)
                self._total -= released
