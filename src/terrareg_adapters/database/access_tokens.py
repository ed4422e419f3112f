"""The access tokens in the database."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import attrs
from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update

from terrareg_adapters.database.documents import person_digest, write_person, write_scopes
from terrareg_adapters.database.rows import ACCESS_TOKEN_COLUMNS, to_access_token
from terrareg_adapters.database.tables import access_token, access_token_namespace, namespace
from terrareg_core.access.people import Person
from terrareg_core.access.stored import AccessToken, ListedAccessToken
from terrareg_core.identifiers import NamespaceName

_ADD = insert(access_token)
_ADD_NAMESPACES = insert(access_token_namespace)
_FIND = select(*ACCESS_TOKEN_COLUMNS).where(
    access_token.c.digest == bindparam("digest"),
    or_(access_token.c.expires_at.is_(None), access_token.c.expires_at > bindparam("now")),
)
_IS_ONE = access_token.c.id == bindparam("token_id")
_GET = select(*ACCESS_TOKEN_COLUMNS).where(_IS_ONE)
_NAMESPACES = select(access_token_namespace.c.namespace_id).where(
    access_token_namespace.c.access_token_id == bindparam("token_id")
)
_IS_OWN = access_token.c.owner_key == bindparam("key")
_ALL = select(*ACCESS_TOKEN_COLUMNS).order_by(access_token.c.created_at.desc(), access_token.c.id)
_OWN = _ALL.where(_IS_OWN)
_ALL_NAMESPACES = (
    select(access_token_namespace.c.access_token_id, namespace.c.id, namespace.c.name)
    .join(namespace, namespace.c.id == access_token_namespace.c.namespace_id)
    .order_by(namespace.c.name_folded)
)
_OWN_NAMESPACES = _ALL_NAMESPACES.join(
    access_token, access_token.c.id == access_token_namespace.c.access_token_id
).where(_IS_OWN)
_TOUCH = update(access_token).where(_IS_ONE).values(last_used_at=bindparam("now"))
_UPDATE_OWNER = update(access_token).where(_IS_OWN).values(owner=bindparam("person"))
_REMOVE = delete(access_token).where(_IS_ONE)


@attrs.frozen
class DatabaseAccessTokens:
    """The access tokens, inside the transaction of a connection."""

    _connection: Connection

    def add(self, token: AccessToken, digest: str) -> None:
        values = {
            "id": token.id,
            "digest": digest,
            "name": token.name,
            "owner": write_person(token.owner),
            "owner_key": person_digest(token.owner),
            "scopes": write_scopes(token.scopes),
            "limited": token.namespaces is not None,
            "created_at": token.created_at,
            "expires_at": token.expires_at,
            "last_used_at": token.last_used_at,
        }
        self._connection.execute(_ADD, values)
        if token.namespaces:
            # A namespace that is gone breaks its foreign key, which is AlreadyStored.
            rows = [{"access_token_id": token.id, "namespace_id": key} for key in sorted(token.namespaces)]
            self._connection.execute(_ADD_NAMESPACES, rows)

    def find(self, digest: str, now: datetime) -> AccessToken | None:
        return self._completed(self._connection.execute(_FIND, {"digest": digest, "now": now}).one_or_none())

    def get(self, token_id: str) -> AccessToken | None:
        return self._completed(self._connection.execute(_GET, {"token_id": token_id}).one_or_none())

    def _completed(self, row: Sequence[Any] | None) -> AccessToken | None:
        """The token of a row with its namespaces."""
        if row is None:
            return None
        return to_access_token(row, self._connection.execute(_NAMESPACES, {"token_id": row[0]}).scalars())

    def listed(self, owner: Person | None) -> Sequence[ListedAccessToken]:
        parameters = {"key": person_digest(owner)} if owner is not None else {}
        rows = self._connection.execute(_OWN if owner is not None else _ALL, parameters).all()
        namespaces = defaultdict[str, dict[int, NamespaceName]](dict)
        statement = _OWN_NAMESPACES if owner is not None else _ALL_NAMESPACES
        for token_id, namespace_id, name in self._connection.execute(statement, parameters):
            namespaces[token_id][namespace_id] = NamespaceName(name)
        return [_listed(to_access_token(row, namespaces[row.id]), namespaces[row.id]) for row in rows]

    def touch(self, token_id: str, now: datetime) -> None:
        self._connection.execute(_TOUCH, {"token_id": token_id, "now": now})

    def update_owner(self, person: Person) -> None:
        self._connection.execute(_UPDATE_OWNER, {"key": person_digest(person), "person": write_person(person)})

    def remove(self, token_id: str) -> None:
        # Its namespaces go by cascade.
        self._connection.execute(_REMOVE, {"token_id": token_id})


def _listed(token: AccessToken, namespaces: dict[int, NamespaceName]) -> ListedAccessToken:
    return ListedAccessToken(token, list(namespaces.values()) if token.namespaces is not None else None)
