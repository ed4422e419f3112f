"""The sessions in the database."""

from datetime import datetime

import attrs
from sqlalchemy import Connection, bindparam, delete, insert, select

from terrareg_adapters.database.documents import write_person
from terrareg_adapters.database.expiry import Expiry
from terrareg_adapters.database.rows import SESSION_COLUMNS, to_session
from terrareg_adapters.database.tables import session
from terrareg_core.access.stored import Session

_ADD = insert(session)
_FIND = select(*SESSION_COLUMNS).where(session.c.digest == bindparam("digest"), session.c.expires_at > bindparam("now"))
_REMOVE = delete(session).where(session.c.digest == bindparam("digest"))
_EXPIRY = Expiry(session.c.digest, session.c.expires_at)


@attrs.frozen
class DatabaseSessions:
    """The sessions, inside the transaction of a connection."""

    _connection: Connection

    def add(self, session: Session) -> None:
        values = attrs.asdict(session, recurse=False) | {"person": write_person(session.person)}
        self._connection.execute(_ADD, values)

    def find(self, digest: str, now: datetime) -> Session | None:
        row = self._connection.execute(_FIND, {"digest": digest, "now": now}).one_or_none()
        return to_session(row) if row else None

    def remove(self, digest: str) -> None:
        self._connection.execute(_REMOVE, {"digest": digest})

    def purge(self, now: datetime, limit: int) -> int:
        return _EXPIRY.purge(self._connection, now, limit)
