"""The audit history in the database."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import attrs
from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, insert, or_, select

from terrareg_adapters.database.functions import position_of
from terrareg_adapters.database.rows import AUDIT_EVENT_COLUMNS, to_audit_event
from terrareg_adapters.database.tables import audit_event
from terrareg_adapters.database.types import ByteOrdered
from terrareg_core.audit.events import AuditAction, AuditEvent, AuditPage
from terrareg_core.audit.queries import AuditColumn, AuditQuery, folded

_APPEND = insert(audit_event)
_HISTORY = select(*AUDIT_EVENT_COLUMNS).order_by(audit_event.c.timestamp, audit_event.c.id)
_TOTAL = select(func.count()).select_from(audit_event)

_COMPARED = {
    AuditColumn.USERNAME: audit_event.c.username_folded,
    AuditColumn.OBJECT_ID: audit_event.c.object_id_folded,
    AuditColumn.OLD_VALUE: audit_event.c.old_value_folded,
    AuditColumn.NEW_VALUE: audit_event.c.new_value_folded,
}


def _text_columns(name: str, text: str | None) -> dict[str, str | None]:
    return {name: text, f"{name}_folded": text if text is None else folded(text)}


def _matches() -> ColumnElement[bool]:
    """Takes `search`, folded, and `actions`, the actions whose names contain it."""
    search = bindparam("search", type_=ByteOrdered())
    return or_(
        audit_event.c.action.in_(bindparam("actions", expanding=True)),
        *(position_of(column, search) > 0 for column in _COMPARED.values()),
    )


_FILTERED = _TOTAL.where(_matches())


@lru_cache(maxsize=4 * len(AuditColumn))
def _page(column: AuditColumn, *, descending: bool, is_filtered: bool) -> Select[Any]:
    """Rows of AUDIT_EVENT_COLUMNS; takes `limit` and `offset`, and where it filters what `_matches` takes."""
    order = _order(column, descending=descending)
    # First which rows, then what of them: sorting carries short rows only, and skipping reads the index alone.
    chosen = select(audit_event.c.id.label("chosen_id")).order_by(*order)
    if is_filtered:
        chosen = chosen.where(_matches())
    numbered = chosen.limit(bindparam("limit")).offset(bindparam("offset")).subquery()
    return (
        select(*AUDIT_EVENT_COLUMNS)
        .select_from(audit_event.join(numbered, numbered.c.chosen_id == audit_event.c.id))
        .order_by(*order)
    )


def _order(column: AuditColumn, *, descending: bool) -> Sequence[ColumnElement[Any]]:
    newest_first = (audit_event.c.timestamp.desc(), audit_event.c.id.desc())
    match column:
        case AuditColumn.TIMESTAMP:
            return newest_first if descending else (audit_event.c.timestamp, audit_event.c.id)
        case AuditColumn.ACTION:
            # All of them are in upper case.
            return (audit_event.c.action.desc() if descending else audit_event.c.action, *newest_first)
        case _:
            compared = _COMPARED[column]
            return (compared.desc().nulls_last() if descending else compared.asc().nulls_first(), *newest_first)


@attrs.frozen
class DatabaseAuditLog:
    """The audit history, inside the transaction of a connection."""

    _connection: Connection

    def append(self, event: AuditEvent) -> None:
        values = {
            "timestamp": event.timestamp,
            "action": event.action.value,
            "object_type": event.object_type.value if event.object_type is not None else None,
            **_text_columns("username", event.username),
            **_text_columns("object_id", event.object_id),
            **_text_columns("old_value", event.old_value),
            **_text_columns("new_value", event.new_value),
        }
        self._connection.execute(_APPEND, values)

    def history(self) -> Sequence[AuditEvent]:
        return [to_audit_event(row) for row in self._connection.execute(_HISTORY)]

    def page(self, query: AuditQuery) -> AuditPage:
        total = self._count(_TOTAL, {})
        if not query.search:
            return AuditPage(self._rows(query, {}), total, total)
        actions = [action.value for action in AuditAction if query.search in folded(action.value)]
        parameters = {"search": query.search, "actions": actions}
        rows = self._rows(query, parameters)
        if len(rows) < query.length and (rows or query.start == 0):
            # A page that is not full tells how many there are, which spares looking through all of them again.
            return AuditPage(rows, total, query.start + len(rows))
        return AuditPage(rows, total, self._count(_FILTERED, parameters))

    def _rows(self, query: AuditQuery, parameters: Mapping[str, object]) -> list[AuditEvent]:
        if query.length == 0:
            return []
        page = _page(query.column, descending=query.descending, is_filtered=bool(query.search))
        rows = self._connection.execute(page, {**parameters, "limit": query.length, "offset": query.start})
        return [to_audit_event(row) for row in rows]

    def _count(self, statement: Select[int], parameters: Mapping[str, object]) -> int:
        return self._connection.execute(statement, parameters).scalar_one()
