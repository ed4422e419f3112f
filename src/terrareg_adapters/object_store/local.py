"""The archive store on a directory of the local file system."""

import hashlib
import os
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from terrareg_core.errors import ArchiveNotFound, StoreUnavailable
from terrareg_core.modules.ports import StoredContent, StoredObject

_CHUNK = 1 << 20
_INCOMING = ".incoming"
_STALE_AFTER = 3600.0
_LINK_ATTEMPTS = 100
# Archives of a closed registry are for the service and its group only; the umask may narrow that further.
_DIRECTORY_MODE = 0o770
_FILE_MODE = 0o660

_CANNOT_STORE = "The archive could not be stored; check that the data directory exists, is writable and has free space"
_CANNOT_READ = "The archive could not be read; check that the data directory is mounted and readable"


class LocalArchiveStore:
    """Keeps every object as one file below a directory; the key is the file's path.

    A key is a relative path of parts joined by `/`. Parts that are empty or begin with a dot, and parts that hold a NUL
    or a backslash, are refused with ValueError: keys are made by the registry, so such a key is a program's mistake.

    An object is written to `.incoming` below the same directory and linked to its name once it is on the disk, so the
    directory must be on one file system that knows hard links. Any number of processes may share the directory.
    """

    def __init__(self, root: Path) -> None:
        """Open the store in the directory `root`, which is made if it is missing.

        Files in `.incoming` that nobody has written to for an hour are removed: a process was killed over them. Raises
        StoreUnavailable when the directory can't be made or used.
        """
        self._root = root
        self._incoming = root / _INCOMING
        try:
            _make_directories(self._incoming)
            _remove_stale_files(self._incoming)
        except OSError as error:
            raise StoreUnavailable(_CANNOT_STORE) from error

    def put(self, key: str, content: BinaryIO) -> StoredObject:
        """Store everything from the start of `content`, as `ArchiveStore.put` promises.

        The bytes, the name and every directory made for it are on the disk when this returns. A key that is in use
        already keeps its object, and StoreUnavailable is raised.
        """
        target = self._path_of(key)
        incoming = self._incoming / secrets.token_hex(16)
        try:
            try:
                size, digest = _write(incoming, content)
                self._link(incoming, target)
            finally:
                incoming.unlink(missing_ok=True)
        except OSError as error:
            raise StoreUnavailable(_CANNOT_STORE) from error
        return StoredObject(key, size, digest)

    def open(self, key: str) -> StoredContent:
        """The object under `key`. Raises ArchiveNotFound, and StoreUnavailable when the directory can't be read."""
        path = self._path_of(key)
        try:
            return _LocalContent(FileIO(path))
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise ArchiveNotFound from error
        except OSError as error:
            raise StoreUnavailable(_CANNOT_READ) from error

    def delete(self, key: str) -> None:
        """Forget the object, and the directories that become empty with it.

        No error when there is no such object. Raises StoreUnavailable when the file is there and can't be removed.
        """
        path = self._path_of(key)
        try:
            path.unlink()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return
        except OSError as error:
            raise StoreUnavailable(
                "The archive could not be removed; check that the data directory is writable"
            ) from error
        for directory in self._directories_of(path)[:-1]:
            try:
                directory.rmdir()
            except OSError:
                return

    def _path_of(self, key: str) -> Path:
        parts = key.split("/")
        if any(not part or part.startswith(".") for part in parts) or "\0" in key or "\\" in key:
            raise ValueError(f"not a key of the archive store: {key!r}")
        return self._root.joinpath(*parts)

    def _directories_of(self, path: Path) -> Sequence[Path]:
        """The directories that hold `path`, from the innermost up to the root."""
        return path.parents[: len(path.relative_to(self._root).parts)]

    def _link(self, incoming: Path, target: Path) -> None:
        for _ in range(_LINK_ATTEMPTS):
            try:
                _make_directories(target.parent)
                # Unlike a rename, a link never replaces what is there.
                os.link(incoming, target)
            except FileNotFoundError:
                # A deletion elsewhere found one of the directories empty and removed it.
                continue
            try:
                # Every directory up to the root: another put may have made one of them and not recorded it yet.
                for directory in self._directories_of(target):
                    _sync_directory(directory)
            except OSError:
                target.unlink(missing_ok=True)
                raise
            return
        raise OSError("the directory of the object keeps vanishing")


class _LocalContent:
    """One file, open for reading from any number of threads at once."""

    def __init__(self, file: FileIO) -> None:
        self._file = file
        self._size = os.fstat(file.fileno()).st_size
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        return self._size

    def read_range(self, start: int, end: int) -> Iterator[bytes]:
        """The bytes from `start` up to, not including, `end`, in chunks of at most 1 MiB.

        A range whose first chunk was taken can be read to its end after `close`. Raises ValueError for a range beyond
        the object and, when the first chunk is asked for, after `close`; StoreUnavailable when the bytes can't be read.
        """
        if not 0 <= start <= end <= self._size:
            raise ValueError(f"no range {start}-{end} in an object of {self._size} bytes")
        return self._read(start, end)

    def close(self) -> None:
        with self._lock:
            self._file.close()

    def _read(self, start: int, end: int) -> Iterator[bytes]:
        # Every range has a descriptor of its own: after `close` the number of the first may name another file.
        with self._lock:
            file = FileIO(os.dup(self._file.fileno()))
        with file:
            while start < end:
                try:
                    chunk = os.pread(file.fileno(), min(_CHUNK, end - start), start)
                except OSError as error:
                    raise StoreUnavailable(_CANNOT_READ) from error
                if not chunk:
                    raise StoreUnavailable("The stored archive has become shorter; publish the version again")
                yield chunk
                start += len(chunk)


def _write(path: Path, content: BinaryIO) -> tuple[int, str]:
    """Copy `content` from its start into a new file on the disk; its size and SHA-256."""
    digest = hashlib.sha256()
    size = 0
    content.seek(0)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE), "wb", buffering=0) as file:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            rest = memoryview(chunk)
            while rest:
                rest = rest[file.write(rest) :]
        os.fsync(file.fileno())
    return size, digest.hexdigest()


def _make_directories(path: Path) -> None:
    """Make `path` and what is missing above it, each recorded on the disk in the directory that holds it."""
    if path.is_dir():
        return
    _make_directories(path.parent)
    with suppress(FileExistsError):
        path.mkdir(mode=_DIRECTORY_MODE)
    _sync_directory(path.parent)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_stale_files(directory: Path) -> None:
    oldest = time.time() - _STALE_AFTER
    for entry in os.scandir(directory):
        # Another process may be opening the same store.
        with suppress(FileNotFoundError):
            if entry.is_file(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_mtime < oldest:
                os.unlink(entry.path)
