"""Brings a database's schema up to date, and tells whether it is."""

from typing import Any

import attrs
from sqlalchemy import Connection, Engine, inspect, text

from terrareg_adapters.database.engine import WRITE

HEAD = "0005"
"""The newest revision of `migrations`. A constant, because loading Alembic takes longer than a start may."""

_LOCK = 7_382_211_650_901
"""Key of the advisory lock that migrations hold; any number that nothing else in the database uses."""

_TABLE = "alembic_version"


@attrs.frozen
class SchemaStatus:
    """Where a database stands."""

    current: str | None
    """The revision it is at; None when it holds no schema of the registry."""
    head: str
    """The revision this program needs."""

    @property
    def is_up_to_date(self) -> bool:
        return self.current == self.head


def status(engine: Engine) -> SchemaStatus:
    """The revision of the database. Raises StoreUnavailable."""
    with engine.connect() as connection:
        return SchemaStatus(_current(connection), HEAD)


def upgrade(engine: Engine) -> SchemaStatus:
    """Bring the database to the newest revision, in one transaction, and return where it then stands.

    Processes that upgrade at once wait for each other, and all but the first find nothing left to do. A database that
    is ahead of this program is left alone: its status says that it is not up to date. Raises StoreUnavailable.
    """
    with engine.execution_options(**{WRITE: True}).connect() as connection, connection.begin():
        _exclude_others(connection)
        current = _current(connection)
        if current is None or current < HEAD:
            _run_migrations(connection)
        return SchemaStatus(_current(connection), HEAD)


def _exclude_others(connection: Connection) -> None:
    # On SQLite the transaction itself excludes other writers from its first moment on.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_TABLE):
        return None
    revision: Any = connection.execute(text(f"SELECT version_num FROM {_TABLE}")).scalar_one_or_none()  # noqa: S608
    return revision if revision is None else str(revision)


def _run_migrations(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - it loads slowly, and is seldom needed
    from alembic.config import Config  # noqa: PLC0415

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "terrareg_adapters.database:migrations")
    # Alembic asks for a separator of paths; there is one path.
    config.set_main_option("path_separator", "os")
    command.upgrade(config, HEAD)
