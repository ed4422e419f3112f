"""Deletes rows whose time is over, a bounded number of them at once."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, bindparam, delete, select


class Expiry:
    """The two statements that delete rows of one table, made once."""

    def __init__(self, key: Column[Any], ends_at: Column[Any]) -> None:
        """`key` tells the rows of the table apart, and `ends_at` says when the time of each is over."""
        # Rows that another transaction holds are its business, and not waited for; SQLite has one writer at a time.
        self._ended = (
            select(key)
            .where(ends_at <= bindparam("until"))
            .order_by(ends_at)
            .limit(bindparam("limit"))
            .with_for_update(skip_locked=True)
        )
        self._delete = delete(key.table).where(key == bindparam("row_key"))

    def purge(self, connection: Connection, until: datetime, limit: int) -> int:
        """Delete at most `limit` rows whose time was over at `until` or before, and return how many there were."""
        keys = connection.execute(self._ended, {"until": until, "limit": limit}).scalars().all()
        if keys:
            connection.execute(self._delete, [{"row_key": key} for key in keys])
        return len(keys)
