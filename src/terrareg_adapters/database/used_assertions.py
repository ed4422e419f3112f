"""The used assertions in the database."""

from datetime import datetime

import attrs
from sqlalchemy import Connection, insert

from terrareg_adapters.database.expiry import Expiry
from terrareg_adapters.database.tables import used_assertion
from terrareg_core.access.stored import digest_of

_ADD = insert(used_assertion)
_EXPIRY = Expiry(used_assertion.c.digest, used_assertion.c.expires_at)


@attrs.frozen
class DatabaseUsedAssertions:
    """The assertions that have been used, inside the transaction of a connection."""

    _connection: Connection

    def add(self, assertion_id: str, expires_at: datetime) -> None:
        self._connection.execute(_ADD, {"digest": digest_of(assertion_id), "expires_at": expires_at})

    def purge(self, now: datetime, limit: int) -> int:
        return _EXPIRY.purge(self._connection, now, limit)
