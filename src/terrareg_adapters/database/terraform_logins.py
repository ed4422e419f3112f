"""The codes and tokens of `terraform login` in the database."""

from datetime import datetime

import attrs
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from terrareg_adapters.database.documents import write_person
from terrareg_adapters.database.expiry import Expiry
from terrareg_adapters.database.rows import (
    TERRAFORM_CODE_COLUMNS,
    TERRAFORM_TOKEN_COLUMNS,
    to_terraform_code,
    to_terraform_token,
)
from terrareg_adapters.database.tables import terraform_code, terraform_token
from terrareg_core.access.stored import TerraformCode, TerraformToken

_ADD_CODE = insert(terraform_code)
_IS_THE_CODE = (terraform_code.c.digest == bindparam("code"), terraform_code.c.expires_at > bindparam("now"))
_FIND_CODE = select(*TERRAFORM_CODE_COLUMNS).where(*_IS_THE_CODE)
# One statement finds the code unused and uses it up, so that of those who come at once one does.
_REDEEM = (
    update(terraform_code)
    .where(*_IS_THE_CODE, terraform_code.c.token_digest.is_(None))
    .values(token_digest=bindparam("token"))
    .returning(*TERRAFORM_CODE_COLUMNS)
)
_ADD_TOKEN = insert(terraform_token)
_FIND_TOKEN = select(*TERRAFORM_TOKEN_COLUMNS).where(
    terraform_token.c.digest == bindparam("digest"), terraform_token.c.expires_at > bindparam("now")
)
_REMOVE_TOKEN = delete(terraform_token).where(terraform_token.c.digest == bindparam("digest"))
_CODE_EXPIRY = Expiry(terraform_code.c.digest, terraform_code.c.expires_at)
_TOKEN_EXPIRY = Expiry(terraform_token.c.digest, terraform_token.c.expires_at)


@attrs.frozen
class DatabaseTerraformLogins:
    """The codes and tokens of `terraform login`, inside the transaction of a connection."""

    _connection: Connection

    def add_code(self, code: TerraformCode) -> None:
        self._connection.execute(_ADD_CODE, attrs.asdict(code, recurse=False) | {"person": write_person(code.person)})

    def redeem(self, digest: str, token_digest: str, now: datetime) -> TerraformCode | None:
        parameters = {"code": digest, "now": now}
        row = self._connection.execute(_REDEEM, parameters | {"token": token_digest}).one_or_none()
        if row is not None:
            return attrs.evolve(to_terraform_code(row), token_digest=None)
        row = self._connection.execute(_FIND_CODE, parameters).one_or_none()
        return to_terraform_code(row) if row else None

    def add_token(self, token: TerraformToken) -> None:
        values = attrs.asdict(token, recurse=False) | {"person": write_person(token.person)}
        self._connection.execute(_ADD_TOKEN, values)

    def find_token(self, digest: str, now: datetime) -> TerraformToken | None:
        row = self._connection.execute(_FIND_TOKEN, {"digest": digest, "now": now}).one_or_none()
        return to_terraform_token(row) if row else None

    def remove_token(self, digest: str) -> None:
        self._connection.execute(_REMOVE_TOKEN, {"digest": digest})

    def purge(self, now: datetime, limit: int) -> int:
        return _CODE_EXPIRY.purge(self._connection, now, limit) + _TOKEN_EXPIRY.purge(self._connection, now, limit)
