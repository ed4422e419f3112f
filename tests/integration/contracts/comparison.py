"""What it takes to do the same to two stores, and to compare what comes of it."""

from collections.abc import Callable
from typing import TypeAlias

from sqlalchemy import Engine

from terrareg_core.errors import AlreadyStored
from terrareg_core.transactions import Transaction, UnitOfWork
from tests.integration.conftest import empty

Operation: TypeAlias = Callable[[Transaction], object]
"""Something done in a transaction of its own."""


def outcome(unit_of_work: UnitOfWork, operation: Operation) -> object:
    """What the operation returns, or that it was refused."""
    try:
        with unit_of_work.write() as tx:
            return operation(tx)
    except AlreadyStored:
        return AlreadyStored


def start_anew(sqlite: Engine) -> None:
    """Delete everything that a database holds, and let ids begin at 1 again, so that they can be compared."""
    empty(sqlite)
    with sqlite.begin() as connection:
        connection.exec_driver_sql("DELETE FROM sqlite_sequence")
