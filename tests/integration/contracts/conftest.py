"""The unit of work that a contract is run on: in memory, on SQLite, on PostgreSQL."""

import pytest

from terrareg_adapters.database.unit_of_work import DatabaseUnitOfWork
from terrareg_adapters.memory.storage import MemoryUnitOfWork
from terrareg_core.transactions import UnitOfWork


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def unit_of_work(request: pytest.FixtureRequest) -> UnitOfWork:
    """A unit of work over an empty store."""
    if request.param == "memory":
        return MemoryUnitOfWork()
    return DatabaseUnitOfWork(request.getfixturevalue(request.param))
