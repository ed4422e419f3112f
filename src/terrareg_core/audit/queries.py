"""What can be asked of the audit history: a filter, an order, and which rows (chapter 04, 12.3)."""

from enum import Enum
from typing import Self

import attrs

from terrareg_core.json_values import storable_text
from terrareg_core.paging import MAX_OFFSET

MAX_LENGTH = 1000
"""Of a page of events, in rows."""


def folded(text: str) -> str:
    """`text` as filters and orders compare it: without case, and alike on every database, which fold differently."""
    return storable_text(text).casefold()


class AuditColumn(Enum):
    """What the history is ordered by, in the order in which clients number the columns."""

    TIMESTAMP = "timestamp"
    USERNAME = "username"
    ACTION = "action"
    OBJECT_ID = "object_id"
    OLD_VALUE = "old_value"
    NEW_VALUE = "new_value"

    @classmethod
    def numbered(cls, number: int) -> "AuditColumn":
        """The column of a client's number; the timestamp for one that no column has."""
        columns = list(cls)
        return columns[number] if 0 <= number < len(columns) else cls.TIMESTAMP


def _offset(start: int) -> int:
    return min(max(start, 0), MAX_OFFSET)


def _row_count(length: int) -> int:
    return length if 0 <= length <= MAX_LENGTH else MAX_LENGTH


@attrs.frozen(kw_only=True)
class AuditQuery:
    """Which events, and in which order: by `column`, then newest first.

    Texts are ordered ignoring case, and those that are missing come first when ascending. Of events of the same moment,
    the one that was written later is the newer one. So the order is total, and pages never overlap.
    """

    start: int = attrs.field(default=0, converter=_offset)
    """How many rows to skip, within 0…2³¹-1."""
    length: int = attrs.field(default=10, converter=_row_count)
    """How many rows at most; MAX_LENGTH where it is negative or more than that."""
    search: str = attrs.field(default="", converter=folded)
    """What the user name, the action's name, the object's id, the old or the new value contains, ignoring case and
    character for character; empty for every event.
    """
    column: AuditColumn = AuditColumn.TIMESTAMP
    descending: bool = True

    @classmethod
    def normalised(cls, *, start: int, length: int, search: str, column: int, direction: str) -> Self:
        """The query nearest to what a client wrote: anything but exactly `desc` ascends."""
        return cls(
            start=start,
            length=length,
            search=search,
            column=AuditColumn.numbered(column),
            descending=direction == "desc",
        )
