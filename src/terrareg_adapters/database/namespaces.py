"""The namespaces in the database."""

from collections.abc import Mapping
from typing import Any

import attrs
from sqlalchemy import Connection, Select, bindparam, delete, exists, func, insert, select, update

from terrareg_adapters.database.engine import refuse
from terrareg_adapters.database.rows import NAMESPACE_COLUMNS, inserted_id, to_namespace
from terrareg_adapters.database.search_rows import follow_namespace
from terrareg_adapters.database.tables import module_provider, namespace, namespace_redirect
from terrareg_core.identifiers import DisplayName, NamespaceName
from terrareg_core.namespaces.model import Namespace, NamespaceKind
from terrareg_core.paging import Page, PageRequest

_ADD = insert(namespace)
_FIND = select(*NAMESPACE_COLUMNS).where(namespace.c.name_folded == bindparam("folded"))
_FIND_BY_DISPLAY_NAME = select(*NAMESPACE_COLUMNS).where(namespace.c.display_name_folded == bindparam("folded"))
_REDIRECTS = (
    select(namespace_redirect.c.name, *NAMESPACE_COLUMNS)
    .join(namespace, namespace.c.id == namespace_redirect.c.namespace_id)
    .where(namespace_redirect.c.name_folded == bindparam("folded"))
)
_REDIRECTS_IN_ORDER = _REDIRECTS.order_by(namespace_redirect.c.id)
_LATEST_REDIRECT = _REDIRECTS.order_by(namespace_redirect.c.id.desc()).limit(1)
_ADD_REDIRECT = insert(namespace_redirect)
_DROP_REDIRECT = delete(namespace_redirect).where(
    namespace_redirect.c.name_folded == bindparam("folded"), namespace_redirect.c.namespace_id == bindparam("id")
)
_DROP_REDIRECTS = delete(namespace_redirect).where(namespace_redirect.c.name_folded == bindparam("folded"))
_HAS_MODULE_PROVIDERS = select(exists().where(module_provider.c.namespace_id == bindparam("id")))
_FORMER_NAMES = (
    select(namespace_redirect.c.name)
    .where(namespace_redirect.c.namespace_id == bindparam("id"))
    .order_by(namespace_redirect.c.id)
)
_UPDATE = update(namespace).where(namespace.c.id == bindparam("namespace_id"))
# Who writes to a module provider holds it; who is about to add or move one here refers to the namespace, which only the
# stronger lock waits for. So what is searched is made of everybody's last writes.
_HOLD_MODULE_PROVIDERS = (
    select(module_provider.c.id)
    .where(module_provider.c.namespace_id == bindparam("id"))
    .order_by(module_provider.c.id)
    .with_for_update(key_share=True)
)
_HOLD = select(namespace.c.id).where(namespace.c.id == bindparam("id")).with_for_update()
_REMOVE = delete(namespace).where(namespace.c.id == bindparam("id"))

_HAS_LATEST = exists().where(
    module_provider.c.namespace_id == namespace.c.id, module_provider.c.latest_version_id.is_not(None)
)


def _listing(*, only_published: bool) -> Select[Any]:
    statement = select(*NAMESPACE_COLUMNS).order_by(namespace.c.name_folded, namespace.c.name)
    return statement.where(_HAS_LATEST) if only_published else statement


def _count(*, only_published: bool) -> Select[Any]:
    statement = select(func.count()).select_from(namespace)
    return statement.where(_HAS_LATEST) if only_published else statement


_ALL = {flag: _listing(only_published=flag) for flag in (False, True)}
_PAGE = {flag: statement.limit(bindparam("limit")).offset(bindparam("offset")) for flag, statement in _ALL.items()}
_COUNT = {flag: _count(only_published=flag) for flag in (False, True)}


def _name(name: NamespaceName) -> dict[str, str | None]:
    return {"name": name.value, "name_folded": name.folded}


def _display_name(display_name: DisplayName | None) -> dict[str, str | None]:
    return {
        "display_name": display_name.value if display_name else None,
        "display_name_folded": display_name.folded if display_name else None,
    }


@attrs.frozen
class DatabaseNamespaces:
    """The namespaces, inside the transaction of a connection."""

    _connection: Connection

    def add(
        self,
        name: NamespaceName,
        display_name: DisplayName | None = None,
        kind: NamespaceKind = NamespaceKind.NONE,
        source: str | None = None,
    ) -> Namespace:
        values = _name(name) | _display_name(display_name) | {"kind": kind.value, "source": source}
        namespace_id = inserted_id(self._connection.execute(_ADD, values))
        return Namespace(namespace_id, name, display_name, kind, source)

    def find(self, name: str) -> Namespace | None:
        if not NamespaceName.is_valid(name):
            return None
        row = self._connection.execute(_FIND, {"folded": name.lower()}).one_or_none()
        return to_namespace(row) if row else None

    def find_by_display_name(self, display_name: DisplayName) -> Namespace | None:
        row = self._connection.execute(_FIND_BY_DISPLAY_NAME, {"folded": display_name.folded}).one_or_none()
        return to_namespace(row) if row else None

    def rename(self, namespace_id: int, name: NamespaceName) -> None:
        # SQLite ignores the locks, and has one writer at a time anyway.
        for hold in (_HOLD_MODULE_PROVIDERS, _HOLD):
            self._connection.execute(hold, {"id": namespace_id}).close()
        self._update(namespace_id, _name(name))
        follow_namespace(self._connection, namespace_id)

    def set_display_name(self, namespace_id: int, display_name: DisplayName | None) -> None:
        self._update(namespace_id, _display_name(display_name))

    def set_origin(self, namespace_id: int, kind: NamespaceKind, source: str | None) -> None:
        self._update(namespace_id, {"kind": kind.value, "source": source})

    def _update(self, namespace_id: int, values: Mapping[str, str | None]) -> None:
        if not self._connection.execute(_UPDATE.values(values), {"namespace_id": namespace_id}).rowcount:
            refuse(self._connection, "The namespace was deleted meanwhile")

    def former_names(self, namespace_id: int) -> list[NamespaceName]:
        return [NamespaceName(name) for name in self._connection.execute(_FORMER_NAMES, {"id": namespace_id}).scalars()]

    def find_redirected(self, name: str) -> Namespace | None:
        if not NamespaceName.is_valid(name):
            return None
        row = self._connection.execute(_LATEST_REDIRECT, {"folded": name.lower()}).one_or_none()
        return to_namespace(row[1:]) if row else None

    def add_redirect(self, former_name: NamespaceName, namespace_id: int) -> None:
        # Added anew even where it is there already, so that it is the latest of its name.
        self._connection.execute(_DROP_REDIRECT, {"folded": former_name.folded, "id": namespace_id})
        values = {"name": former_name.value, "name_folded": former_name.folded, "namespace_id": namespace_id}
        self._connection.execute(_ADD_REDIRECT, values)

    def drop_redirects_named(self, name: NamespaceName) -> None:
        self._connection.execute(_DROP_REDIRECTS, {"folded": name.folded})

    def redirects_named(self, name: NamespaceName) -> list[tuple[NamespaceName, Namespace]]:
        rows = self._connection.execute(_REDIRECTS_IN_ORDER, {"folded": name.folded})
        return [(NamespaceName(row[0]), to_namespace(row[1:])) for row in rows]

    def is_empty(self, namespace_id: int) -> bool:
        return not self._connection.execute(_HAS_MODULE_PROVIDERS, {"id": namespace_id}).scalar_one()

    def remove(self, namespace_id: int) -> None:
        # Redirects, permissions and limits of tokens go by cascade; a module provider that is left breaks its foreign
        # key, which is AlreadyStored.
        self._connection.execute(_REMOVE, {"id": namespace_id})

    def page(self, request: PageRequest | None, *, only_published: bool) -> Page[Namespace]:
        if request is None:
            rows = [to_namespace(row) for row in self._connection.execute(_ALL[only_published])]
            return Page(PageRequest(0, max(len(rows), 1)), rows, len(rows))
        bounds = {"limit": request.limit, "offset": request.offset}
        rows = [to_namespace(row) for row in self._connection.execute(_PAGE[only_published], bounds)]
        return Page(request, rows, self._connection.execute(_COUNT[only_published]).scalar_one())
