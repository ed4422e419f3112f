"""The archive store in memory."""

import hashlib
import threading
from collections.abc import Iterator
from typing import BinaryIO

from terrareg_core.errors import ArchiveNotFound, StoreUnavailable
from terrareg_core.modules.ports import StoredContent, StoredObject

_CHUNK = 1 << 20


class MemoryArchiveStore:
    """Keeps objects in a dictionary; they are gone with the process.

    Keys are those of every archive store: relative, `/`-joined, no part empty or beginning with a dot, no NUL and no
    backslash; ValueError otherwise.
    """

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def put(self, key: str, content: BinaryIO) -> StoredObject:
        """As `ArchiveStore.put`; raises StoreUnavailable when the key is in use or `content` can't be read."""
        _check(key)
        try:
            content.seek(0)
            data = content.read()
        except OSError as error:
            raise StoreUnavailable("The archive could not be stored; its content can't be read") from error
        with self._lock:
            if key in self._objects:
                raise StoreUnavailable("The archive could not be stored; its key is in use")
            self._objects[key] = data
        return StoredObject(key, len(data), hashlib.sha256(data).hexdigest())

    def open(self, key: str) -> StoredContent:
        """As `ArchiveStore.open`."""
        _check(key)
        with self._lock:
            data = self._objects.get(key)
        if data is None:
            raise ArchiveNotFound
        return _MemoryContent(data)

    def keys(self) -> list[str]:
        """Every key in use, sorted."""
        with self._lock:
            return sorted(self._objects)

    def delete(self, key: str) -> None:
        """As `ArchiveStore.delete`."""
        _check(key)
        with self._lock:
            self._objects.pop(key, None)


class _MemoryContent:
    """The bytes of one object."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._closed = False

    @property
    def size(self) -> int:
        return len(self._data)

    def read_range(self, start: int, end: int) -> Iterator[bytes]:
        """As `StoredContent.read_range`; raises ValueError for a range beyond the object and, when the first chunk is
        asked for, after `close`.
        """
        if not 0 <= start <= end <= len(self._data):
            raise ValueError(f"no range {start}-{end} in an object of {len(self._data)} bytes")
        return self._read(start, end)

    def close(self) -> None:
        self._closed = True

    def _read(self, start: int, end: int) -> Iterator[bytes]:
        if self._closed:
            raise ValueError("the object is closed")
        for at in range(start, end, _CHUNK):
            yield self._data[at : min(at + _CHUNK, end)]


def _check(key: str) -> None:
    if any(not part or part.startswith(".") for part in key.split("/")) or "\0" in key or "\\" in key:
        raise ValueError(f"not a key of the archive store: {key!r}")
