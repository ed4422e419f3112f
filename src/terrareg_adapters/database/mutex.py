"""Mutual exclusion of processes that share a database: a lock file beside an embedded one, or a lock of its server."""

import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import attrs
from sqlalchemy import Engine, text
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from terrareg_core.errors import StoreUnavailable
from terrareg_core.mutex import Mutex

_GET = text("SELECT pg_try_advisory_lock(:key)")
_RELEASE = text("SELECT pg_advisory_unlock(:key)")
_PAUSE_SECONDS = 0.05

ResultT = TypeVar("ResultT")


@attrs.frozen
class FileMutex:
    """A lock that the operating system keeps on a file, which is made for it and removed after it (implements `Mutex`).

    The file of a holder that is killed stays until the next one is done.
    """

    path: Path

    @contextmanager
    def hold(self, wait_seconds: float = 0) -> Iterator[bool]:
        """See `Mutex.hold`."""
        descriptor = _patiently(self._try, wait_seconds)
        try:
            yield descriptor is not None
        finally:
            if descriptor is not None:
                # As long as the lock holds, nobody else takes this file for theirs.
                with suppress(OSError):
                    self.path.unlink()
                os.close(descriptor)

    def _try(self) -> int | None:
        """The only descriptor of the locked file, or None while somebody else has the lock."""
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreUnavailable(
                "The lock file beside the database can't be opened; is the directory writable?"
            ) from error
        with ExitStack() as undo:
            undo.callback(os.close, descriptor)
            if not _lock(descriptor) or not self._is_there(descriptor):
                return None
            undo.pop_all()
        return descriptor

    def _is_there(self, descriptor: int) -> bool:
        """Whether the open file is the one that others find: its former holder may have removed it meanwhile."""
        try:
            return os.path.samestat(os.fstat(descriptor), os.stat(self.path))
        except FileNotFoundError:
            return False


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise StoreUnavailable("The file system beside the database does not support locks") from error
    return True


def _patiently(attempt: Callable[[], ResultT | None], seconds: float) -> ResultT | None:
    """What `attempt` returns, tried again until it is something or the time is over."""
    deadline = time.monotonic() + seconds
    while (result := attempt()) is None and (left := deadline - time.monotonic()) > 0:
        time.sleep(min(_PAUSE_SECONDS, left))
    return result


@attrs.frozen
class AdvisoryMutex:
    """An advisory lock of a PostgreSQL server (implements `Mutex`)."""

    engine: Engine
    key: int
    """A number below 2**63 that nothing else in the database locks."""

    @contextmanager
    def hold(self, wait_seconds: float = 0) -> Iterator[bool]:
        """See `Mutex.hold`."""
        try:
            connection = self.engine.execution_options(isolation_level="AUTOCOMMIT").connect()
        except PoolTimeoutError as error:
            raise StoreUnavailable("The database is busy; try again") from error
        with connection:
            # The lock belongs to the session, so the session must end with it and not go back to the pool.
            connection.detach()
            held = _patiently(lambda: connection.scalar(_GET, {"key": self.key}) or None, wait_seconds) is not None
            try:
                yield held
            finally:
                if held:
                    # The server notices the end of a session a moment late; a broken one has ended already.
                    with suppress(StoreUnavailable):
                        connection.execute(_RELEASE, {"key": self.key})


def mutex_beside(engine: Engine, name: str, key: int) -> Mutex:
    """The mutex that all processes over the database of `engine` share: called `name` where it is a file, and `key`
    where it is a lock of the server.
    """
    if engine.dialect.name == "postgresql":
        return AdvisoryMutex(engine, key)
    database = Path(engine.url.database or "")
    return FileMutex(database.with_name(f"{database.name}.{name}.lock"))


@attrs.frozen
class DatabaseMutexes:
    """The locks that all processes over the database of `engine` share (implements `Mutexes`)."""

    engine: Engine
    kind: str
    """What the locks are for, so that equal names of other kinds are other locks."""

    def named(self, name: str) -> Mutex:
        """See `Mutexes.named`."""
        digest = hashlib.sha256(f"{self.kind} {name}".encode("utf-8", "surrogatepass"))
        return mutex_beside(
            self.engine, f"{self.kind}-{digest.hexdigest()[:32]}", int.from_bytes(digest.digest()[:8]) >> 1
        )
