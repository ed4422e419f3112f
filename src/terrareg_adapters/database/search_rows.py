"""The rows that are searched: what they are made of, and how they follow what they are made of."""

from functools import reduce
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Delete,
    Insert,
    Integer,
    Text,
    bindparam,
    cast,
    delete,
    insert,
    literal_column,
    select,
)

from terrareg_adapters.database.functions import characters_of
from terrareg_adapters.database.tables import module_provider, module_search, module_version, namespace


def _spaced(*texts: ColumnElement[str]) -> ColumnElement[str]:
    """The texts with a space between them."""
    first, *others = texts
    space = literal_column("' '", Text())
    return reduce(lambda before, text: before + space + text, others, cast(first, Text()))


_DESCRIPTION_AT = characters_of(module_provider.c.module_folded) + 2
_OWNER_AT = _DESCRIPTION_AT + characters_of(module_version.c.description_folded) + 1
_NAMESPACE_AT = _OWNER_AT + characters_of(module_version.c.owner_folded) + 1
_VALUES: dict[str, ColumnElement[Any]] = {
    "namespace": namespace.c.name,
    "provider": module_provider.c.provider,
    "module": module_provider.c.module,
    "module_provider_id": module_provider.c.id,
    "module_version_id": module_version.c.id,
    "verified": module_provider.c.verified,
    "internal": module_version.c.internal,
    "names": _spaced(module_provider.c.module_folded, namespace.c.name_folded, module_provider.c.provider),
    "description_at": _DESCRIPTION_AT,
    "owner_at": _OWNER_AT,
    "namespace_at": _NAMESPACE_AT,
    "end_at": _NAMESPACE_AT + characters_of(namespace.c.name_folded) + 1,
    "texts": _spaced(
        module_provider.c.module_folded,
        module_version.c.description_folded,
        module_version.c.owner_folded,
        namespace.c.name_folded,
    ),
}
SEARCH_ROWS = (
    select(*(value.label(name) for name, value in _VALUES.items()))
    .select_from(module_provider)
    .join(namespace, namespace.c.id == module_provider.c.namespace_id)
    .join(module_version, module_version.c.id == module_provider.c.latest_version_id)
)
"""What `module_search` holds: one row for each module provider that has a latest version."""


def _renewal(condition: ColumnElement[bool]) -> tuple[Delete, Insert]:
    """The statements that make the rows anew of the module providers that meet a condition."""
    concerned = select(module_provider.c.id).where(condition)
    return (
        delete(module_search).where(module_search.c.module_provider_id.in_(concerned)),
        insert(module_search).from_select(list(_VALUES), SEARCH_ROWS.where(condition)),
    )


_ID = bindparam("id", type_=Integer())
_OF_MODULE_PROVIDER = _renewal(module_provider.c.id == _ID)
_OF_VERSION = _renewal(module_provider.c.latest_version_id == _ID)
_OF_NAMESPACE = _renewal(module_provider.c.namespace_id == _ID)

# To be called after each write to what SEARCH_ROWS reads, in its transaction. Deleting needs no call: rows go by the
# foreign keys' rules. Where there are several writers at a time, the module providers concerned must be held.


def follow_module_provider(connection: Connection, module_provider_id: int) -> None:
    """Make what is searched of a module provider anew: its name, flags, place or latest version changed."""
    _run(connection, _OF_MODULE_PROVIDER, module_provider_id)


def follow_version(connection: Connection, module_version_id: int) -> None:
    """Make what is searched of a version anew, if it is a latest one: what it contains changed."""
    _run(connection, _OF_VERSION, module_version_id)


def follow_namespace(connection: Connection, namespace_id: int) -> None:
    """Make what is searched of a namespace's module providers anew: its name changed."""
    _run(connection, _OF_NAMESPACE, namespace_id)


def _run(connection: Connection, statements: tuple[Delete, Insert], row_id: int) -> None:
    for statement in statements:
        connection.execute(statement, {"id": row_id})
