"""Shapes of the audit history, in the server-side protocol of DataTables (chapter 04, 12.3)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

import attrs

from terrareg_core.audit.events import AuditEvent, AuditPage
from terrareg_core.audit.queries import MAX_LENGTH, AuditColumn, AuditQuery
from terrareg_http.schemas.fields import argument

_COLUMNS = ", ".join(f"{number} {column.value}" for number, column in enumerate(AuditColumn))

# --- requests ----------------------------------------------------------------------------------------------------


@attrs.frozen
class AuditArguments:
    """Which events, in which order."""

    draw: int = argument("A number that tells answers apart; the answer's is one more", default=0)
    start: int = argument("How many rows to skip", default=0)
    length: int = argument(
        f"How many rows to list, 0 to {MAX_LENGTH}; a negative number means {MAX_LENGTH}", default=10
    )
    search: str = argument(
        "What one of the columns but the timestamp contains, ignoring case", default="", name="search[value]"
    )
    column: int = argument(
        f"The column to order by: {_COLUMNS}; any other means the timestamp", default=0, name="order[0][column]"
    )
    direction: str = argument(
        "`desc` for descending order; anything else means ascending", default="desc", name="order[0][dir]"
    )

    @property
    def query(self) -> AuditQuery:
        return AuditQuery.normalised(
            start=self.start, length=self.length, search=self.search, column=self.column, direction=self.direction
        )


# --- responses ---------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class AuditEventItem:
    """A change that was made."""

    timestamp: datetime
    username: str | None
    action: str
    object_id: str | None
    old_value: str | None
    new_value: str | None

    @classmethod
    def of(cls, event: AuditEvent) -> Self:
        return cls(
            timestamp=event.timestamp,
            username=event.username,
            action=event.action.value,
            object_id=event.object_id,
            old_value=event.old_value,
            new_value=event.new_value,
        )


@attrs.frozen
class AuditHistoryPage:
    """A page of the audit history."""

    data: Sequence[AuditEventItem]
    draw: int
    total: int = argument("All events", name="recordsTotal")
    filtered: int = argument("Those that the filter lets through, on whatever page", name="recordsFiltered")

    @classmethod
    def of(cls, page: AuditPage, draw: int) -> Self:
        return cls([AuditEventItem.of(event) for event in page.rows], draw + 1, page.total, page.filtered)
