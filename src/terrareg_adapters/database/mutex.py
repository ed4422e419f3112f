"""Mutual exclusion of processes that share a database: a lock file beside an embedded one, or a lock of its server."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import attrs
from sqlalchemy import Engine, text
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from terrareg_core.errors import StoreUnavailable
from terrareg_core.mutex import Mutex

_GET = text("SELECT pg_try_advisory_lock(:key)")
_RELEASE = text("SELECT pg_advisory_unlock(:key)")


@attrs.frozen
class FileMutex:
    """A lock that the operating system keeps on a file, which is made when it is missing (implements `Mutex`)."""

    path: Path

    @contextmanager
    def hold(self) -> Iterator[bool]:
        """See `Mutex.hold`."""
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreUnavailable(
                "The lock file beside the database can't be opened; is the directory writable?"
            ) from error
        try:
            yield _lock(descriptor)
        finally:
            # The lock goes with the only descriptor of it; the file stays, for somebody else may be opening it.
            os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise StoreUnavailable("The file system beside the database does not support locks") from error
    return True


@attrs.frozen
class AdvisoryMutex:
    """An advisory lock of a PostgreSQL server (implements `Mutex`)."""

    engine: Engine
    key: int
    """A number below 2**63 that nothing else in the database locks."""

    @contextmanager
    def hold(self) -> Iterator[bool]:
        """See `Mutex.hold`."""
        try:
            connection = self.engine.execution_options(isolation_level="AUTOCOMMIT").connect()
        except PoolTimeoutError as error:
            raise StoreUnavailable("The database is busy; try again") from error
        with connection:
            # The lock belongs to the session, so the session must end with it and not go back to the pool.
            connection.detach()
            held = bool(connection.execute(_GET, {"key": self.key}).scalar_one())
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
