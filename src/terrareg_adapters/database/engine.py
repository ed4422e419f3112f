"""Makes database engines: one URL in, an engine with the registry's rules for connections and errors out."""

import sqlite3
import time
from functools import partial
from typing import Any, NoReturn

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor, ExceptionContext
from sqlalchemy.exc import ArgumentError, IntegrityError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from terrareg_core.errors import AlreadyStored, RegistryError, StoreUnavailable

_PAUSE_SECONDS = 0.01

WRITE = "terrareg_write"
"""Execution option of connections whose transactions write."""

_VOID = "terrareg_void"
"""Key of `Connection.info`: the error after which the transaction can't be committed any more."""

_RECYCLE = 300
_CONNECT_TIMEOUT = 5
_STATEMENT_TIMEOUT = 60
"""All in seconds."""

_DRIVERS = {
    "sqlite": "sqlite+pysqlite",
    "sqlite+pysqlite": "sqlite+pysqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}


def open_engine(url: str, *, pool_size: int = 10, overflow: int = 30, patience: float = 10.0) -> Engine:
    """An engine for a database URL: `sqlite:///relative.db`, `sqlite:////absolute.db` or `postgresql://user:pw@host/db`.

    At most `pool_size` + `overflow` connections are open at once, `pool_size` of them are kept; all threads may share
    the engine, and `dispose` closes what it holds. No connection is made yet. Whatever the database refuses is raised
    as an error of the domain: AlreadyStored where a constraint is broken, else StoreUnavailable.

    `patience` is how many seconds a transaction waits for a lock, or for a free connection.

    Raises ValueError for any other URL, an in-memory SQLite among them; the message does not repeat it.
    """
    parsed = _parse(url)
    is_sqlite = parsed.drivername.startswith("sqlite")
    engine = create_engine(
        parsed,
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=overflow,
        pool_timeout=patience,
        pool_recycle=_RECYCLE,
        pool_pre_ping=not is_sqlite,
        hide_parameters=True,
        connect_args={"timeout": patience} if is_sqlite else {"connect_timeout": _CONNECT_TIMEOUT},
    )
    event.listen(engine, "handle_error", _translate)
    if is_sqlite:
        event.listen(engine, "connect", partial(_prepare_sqlite, round(patience * 1000)))
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", partial(_prepare_postgresql, round(patience * 1000)))
    return engine


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError("The database URL can't be read; it has the form engine://user:password@host/name") from None
    driver = _DRIVERS.get(parsed.drivername)
    if driver is None:
        raise ValueError("The database URL must begin with sqlite:/// or postgresql://")
    if driver.startswith("sqlite") and parsed.database in {None, "", ":memory:"}:
        raise ValueError("An SQLite database needs a file: sqlite:///relative.db or sqlite:////absolute.db")
    return parsed.set(drivername=driver)


def _prepare_sqlite(milliseconds: int, connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # The driver would begin transactions by itself, and deferred ones only.
    connection.isolation_level = None
    # The patience first, for the change to WAL needs a lock as well.
    _run(
        connection,
        f"PRAGMA busy_timeout = {milliseconds}",
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "PRAGMA foreign_keys = ON",
        deadline=time.monotonic() + milliseconds / 1000,
    )


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _prepare_postgresql(milliseconds: int, connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    _run(
        connection,
        f"SET lock_timeout = {milliseconds}",
        f"SET statement_timeout = '{_STATEMENT_TIMEOUT}s'",
    )
    connection.commit()


def _run(connection: DBAPIConnection, *statements: str, deadline: float = 0) -> None:
    cursor = connection.cursor()
    try:
        for statement in statements:
            _execute(cursor, statement, deadline)
    except BaseException:
        # Nobody else knows of the connection yet.
        connection.close()
        raise
    finally:
        cursor.close()


def _execute(cursor: DBAPICursor, statement: str, deadline: float) -> None:
    # Of several that change a new database to WAL at once, SQLite lets none wait, whatever its patience.
    while True:
        try:
            cursor.execute(statement)
        except sqlite3.OperationalError as error:
            # The lowest byte says what is wrong, the others why.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def _translate(context: ExceptionContext) -> RegistryError | None:
    """The domain's error for what a driver raised; the driver's own stays its cause, for logs."""
    if context.is_pre_ping or context.sqlalchemy_exception is None:
        return None
    error: RegistryError = StoreUnavailable("The database did not answer in time, or refused the work")
    if isinstance(context.sqlalchemy_exception, IntegrityError):
        error = AlreadyStored("Something of the same name was stored, or what this belongs to was deleted, meanwhile")
    if context.connection is not None and not context.is_disconnect:
        _remember(context.connection, error)
    return error


def refuse(connection: Connection, message: str) -> NoReturn:
    """Raise AlreadyStored and make the transaction of the connection void."""
    error = AlreadyStored(message)
    _remember(connection, error)
    raise error


def begin_clean(connection: Connection) -> None:
    """Forget the errors of former transactions of the connection."""
    connection.info.pop(_VOID, None)


def require_clean(connection: Connection) -> None:
    """Raise the error that made the transaction void, if any did: whoever swallowed it must not commit the rest."""
    error = connection.info.pop(_VOID, None)
    if error is not None:
        raise error


def _remember(connection: Connection, error: RegistryError) -> None:
    # Without its traceback, which would keep everything alive that was on the stack.
    info: dict[Any, Any] = connection.info
    info[_VOID] = type(error)(error.message)
