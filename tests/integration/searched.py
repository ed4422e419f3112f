"""What searches read of a database, beside what they should: they are to be equal whatever was written."""

from typing import Any

from sqlalchemy import Engine, select

from terrareg_adapters.database.search_rows import SEARCH_ROWS
from terrareg_adapters.database.tables import module_search


def what_is_searched(engine: Engine) -> list[tuple[Any, ...]]:
    """The rows that searches read."""
    columns = [module_search.c[name] for name in SEARCH_ROWS.selected_columns.keys()]  # noqa: SIM118 - no mapping
    with engine.connect() as connection:
        return sorted(tuple(row) for row in connection.execute(select(*columns)))


def what_should_be_searched(engine: Engine) -> list[tuple[Any, ...]]:
    """The rows that they should read, made of what else is stored."""
    with engine.connect() as connection:
        return sorted(tuple(row) for row in connection.execute(SEARCH_ROWS))
