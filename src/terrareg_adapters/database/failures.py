"""The wrong credentials of late in the database."""

from datetime import datetime

import attrs
from sqlalchemy import Connection, bindparam, func, insert, select

from terrareg_adapters.database.expiry import Expiry
from terrareg_adapters.database.tables import failure
from terrareg_core.access.ports import FailureKind

_ADD = insert(failure)
_LATER = (
    failure.c.client == bindparam("client"),
    failure.c.kind == bindparam("kind"),
    failure.c.failed_at > bindparam("since"),
)
_COUNT = select(func.count()).where(*_LATER)
_OLDEST = select(func.min(failure.c.failed_at)).where(*_LATER)
_EXPIRY = Expiry(failure.c.id, failure.c.failed_at)


@attrs.frozen
class DatabaseFailures:
    """The wrong credentials of late, inside the transaction of a connection."""

    _connection: Connection

    def add(self, client: str, kind: FailureKind, now: datetime) -> None:
        self._connection.execute(_ADD, {"client": client, "kind": kind.value, "failed_at": now})

    def count(self, client: str, kind: FailureKind, since: datetime) -> int:
        return self._connection.execute(_COUNT, _later(client, kind, since)).scalar_one()

    def oldest(self, client: str, kind: FailureKind, since: datetime) -> datetime | None:
        moment: datetime | None = self._connection.execute(_OLDEST, _later(client, kind, since)).scalar_one()
        return moment

    def purge(self, until: datetime, limit: int) -> int:
        return _EXPIRY.purge(self._connection, until, limit)


def _later(client: str, kind: FailureKind, since: datetime) -> dict[str, object]:
    return {"client": client, "kind": kind.value, "since": since}
