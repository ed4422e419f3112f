"""The audit history in the database."""

from collections.abc import Sequence

import attrs
from sqlalchemy import Connection, insert, select

from terrareg_adapters.database.rows import AUDIT_EVENT_COLUMNS, to_audit_event
from terrareg_adapters.database.tables import audit_event
from terrareg_core.audit.events import AuditEvent

_APPEND = insert(audit_event)
_HISTORY = select(*AUDIT_EVENT_COLUMNS).order_by(audit_event.c.timestamp, audit_event.c.id)


@attrs.frozen
class DatabaseAuditLog:
    """The audit history, inside the transaction of a connection."""

    _connection: Connection

    def append(self, event: AuditEvent) -> None:
        values = {
            "timestamp": event.timestamp,
            "username": event.username,
            "action": event.action.value,
            "object_type": event.object_type.value,
            "object_id": event.object_id,
            "old_value": event.old_value,
            "new_value": event.new_value,
        }
        self._connection.execute(_APPEND, values)

    def history(self) -> Sequence[AuditEvent]:
        return [to_audit_event(row) for row in self._connection.execute(_HISTORY)]
