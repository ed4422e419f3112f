"""Column types that behave alike on every database engine."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, String, Text, TypeDecorator
from sqlalchemy.types import TypeEngine

from terrareg_core.json_values import storable_text

Counter = BigInteger().with_variant(Integer, "sqlite")
"""A whole number of 64 bits, usable as an automatic primary key: SQLite counts up `INTEGER` only."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: timezone-aware UTC in Python, zone-less UTC in the database (decision 17)."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the signature is SQLAlchemy\'s
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("only timezone-aware moments can be stored")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the signature is SQLAlchemy\'s
        return value if value is None else value.replace(tzinfo=UTC)


class _Storable(TypeDecorator[str]):
    """Text that is made storable on its way in."""

    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - the signature is SQLAlchemy\'s
        if value is None or (value.isascii() and "\0" not in value):
            return value
        return storable_text(value)


class LongText(_Storable):
    """Text of any length."""

    impl = Text
    cache_ok = True


class ByteOrdered(_Storable):
    """Text that is compared and sorted by its bytes, whatever the database's locale; of at most `length` characters.

    SQLite does so by itself; PostgreSQL needs to be told.
    """

    impl = String
    cache_ok = True

    def __init__(self, length: int | None = None) -> None:
        super().__init__(length)
        self._length = length

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        collation = "C" if dialect.name == "postgresql" else None
        return dialect.type_descriptor(String(self._length, collation=collation))
