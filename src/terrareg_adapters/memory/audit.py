"""The in-memory twin of the audit history."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Protocol

import attrs

from terrareg_core.audit.events import AuditEvent, AuditPage
from terrareg_core.audit.queries import AuditColumn, AuditQuery, folded


class EventTable(Protocol):
    """Events by id, in the order in which they were added."""

    def add(self, row: AuditEvent) -> int: ...

    def items(self) -> list[tuple[int, AuditEvent]]: ...


@attrs.frozen
class MemoryAuditLog:
    """The audit history of one state."""

    _events: EventTable

    def append(self, event: AuditEvent) -> None:
        self._events.add(event)

    def history(self) -> Sequence[AuditEvent]:
        return sorted((event for _, event in self._events.items()), key=attrgetter("timestamp"))

    def page(self, query: AuditQuery) -> AuditPage:
        events = [event for _, event in self._events.items()]
        found = _ordered([event for event in events if _matches(event, query.search)], query)
        return AuditPage(found[query.start : query.start + query.length], len(events), len(found))


def _matches(event: AuditEvent, search: str) -> bool:
    texts = (event.username, event.action.value, event.object_id, event.old_value, event.new_value)
    return any(search in folded(text) for text in texts if text is not None)


def _ordered(events: list[AuditEvent], query: AuditQuery) -> list[AuditEvent]:
    """`events`, which are in order of their ids, in the query's order."""
    if query.column is AuditColumn.TIMESTAMP:
        oldest_first = sorted(events, key=attrgetter("timestamp"))
        return oldest_first[::-1] if query.descending else oldest_first
    newest_first = sorted(events, key=attrgetter("timestamp"))[::-1]
    return sorted(newest_first, key=lambda event: _sort_key(event, query.column), reverse=query.descending)


def _sort_key(event: AuditEvent, column: AuditColumn) -> tuple[bool, str]:
    text = event.action.value if column is AuditColumn.ACTION else getattr(event, column.value)
    return text is not None, folded(text or "")
