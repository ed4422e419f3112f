"""The attempts to sign in in the database."""

from datetime import datetime

import attrs
from sqlalchemy import Connection, bindparam, delete, insert, select

from terrareg_adapters.database.expiry import Expiry
from terrareg_adapters.database.rows import SIGN_IN_ATTEMPT_COLUMNS, to_sign_in_attempt
from terrareg_adapters.database.tables import sign_in_attempt
from terrareg_core.access.stored import SignInAttempt

_ADD = insert(sign_in_attempt)
_attempt = sign_in_attempt.alias("attempt")
# The newest one that is too many; while all of them fit there is none, and nothing is deleted.
_SURPLUS = select(_attempt.c.id).order_by(_attempt.c.id.desc()).limit(1).offset(bindparam("capacity")).scalar_subquery()
_FORGET_OLDEST = delete(sign_in_attempt).where(sign_in_attempt.c.id <= _SURPLUS)
# One statement finds and deletes, so that of those who come at once one gets the row.
_TAKE = (
    delete(sign_in_attempt)
    .where(sign_in_attempt.c.state_digest == bindparam("state"), sign_in_attempt.c.expires_at > bindparam("now"))
    .returning(*SIGN_IN_ATTEMPT_COLUMNS)
)
_EXPIRY = Expiry(sign_in_attempt.c.id, sign_in_attempt.c.expires_at)


@attrs.frozen
class DatabaseSignInAttempts:
    """The attempts to sign in, inside the transaction of a connection."""

    _connection: Connection

    def add(self, attempt: SignInAttempt, capacity: int) -> None:
        self._connection.execute(_ADD, attrs.asdict(attempt, recurse=False) | {"method": attempt.method.value})
        self._connection.execute(_FORGET_OLDEST, {"capacity": capacity})

    def take(self, state_digest: str, now: datetime) -> SignInAttempt | None:
        row = self._connection.execute(_TAKE, {"state": state_digest, "now": now}).one_or_none()
        return to_sign_in_attempt(row) if row else None

    def purge(self, now: datetime, limit: int) -> int:
        return _EXPIRY.purge(self._connection, now, limit)
