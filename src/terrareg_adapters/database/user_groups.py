"""The user groups and their permissions in the database."""

from collections import defaultdict
from collections.abc import Sequence

import attrs
from sqlalchemy import Connection, bindparam, delete, insert, select

from terrareg_adapters.database.rows import USER_GROUP_COLUMNS, inserted_id, to_user_group
from terrareg_adapters.database.tables import namespace, user_group, user_group_permission
from terrareg_core.access.grants import Grants, NamespacePermission
from terrareg_core.access.people import Person
from terrareg_core.access.stored import ListedUserGroup, UserGroup
from terrareg_core.identifiers import NamespaceName
from terrareg_core.json_values import storable_text
from terrareg_core.namespaces.model import NamespaceKind

_ADD = insert(user_group)
_FIND = select(*USER_GROUP_COLUMNS).where(user_group.c.name == bindparam("name"))
_ALL = select(*USER_GROUP_COLUMNS).order_by(user_group.c.id)
_REMOVE = delete(user_group).where(user_group.c.id == bindparam("id"))

_PERMISSIONS = (
    select(namespace.c.name, user_group_permission.c.permission)
    .join(namespace, namespace.c.id == user_group_permission.c.namespace_id)
    .order_by(namespace.c.name_folded)
)
_ALL_PERMISSIONS = _PERMISSIONS.add_columns(user_group_permission.c.user_group_id)
_PERMISSIONS_OF = _PERMISSIONS.where(user_group_permission.c.user_group_id == bindparam("id"))
_PERMISSIONS_ON = (
    select(user_group_permission.c.permission, *USER_GROUP_COLUMNS)
    .join(user_group, user_group.c.id == user_group_permission.c.user_group_id)
    .where(user_group_permission.c.namespace_id == bindparam("id"))
    .order_by(user_group.c.id)
)
_IS_ONE = (
    user_group_permission.c.user_group_id == bindparam("group_id"),
    user_group_permission.c.namespace_id == bindparam("namespace"),
)
_PERMISSION = select(user_group_permission.c.permission).where(*_IS_ONE)
_ADD_PERMISSION = insert(user_group_permission)
_REMOVE_PERMISSION = delete(user_group_permission).where(*_IS_ONE)

# A group without permissions has a row as well, for it may be one of site admins.
_OF_MEMBERS = (
    select(user_group.c.site_admin, namespace.c.id, namespace.c.name, user_group_permission.c.permission)
    .outerjoin(user_group_permission, user_group_permission.c.user_group_id == user_group.c.id)
    .outerjoin(namespace, namespace.c.id == user_group_permission.c.namespace_id)
    .where(user_group.c.name.in_(bindparam("groups", expanding=True)))
)
_OWNED = select(namespace.c.id, namespace.c.name).where(
    namespace.c.name_folded.in_(bindparam("logins", expanding=True)),
    namespace.c.kind.in_([NamespaceKind.GITHUB_USER.value, NamespaceKind.GITHUB_ORGANISATION.value]),
    namespace.c.source == bindparam("owned_at"),
)


@attrs.frozen
class _Held:
    """What somebody holds of a namespace."""

    name: NamespaceName
    permission: NamespacePermission


@attrs.frozen
class DatabaseUserGroups:
    """The user groups, inside the transaction of a connection."""

    _connection: Connection

    def add(self, name: str, *, site_admin: bool) -> UserGroup:
        values = {"name": name, "site_admin": site_admin}
        return UserGroup(inserted_id(self._connection.execute(_ADD, values)), name, site_admin)

    def find(self, name: str) -> UserGroup | None:
        if not _is_storable(name):
            return None
        row = self._connection.execute(_FIND, {"name": name}).one_or_none()
        return to_user_group(row) if row else None

    def listed(self) -> Sequence[ListedUserGroup]:
        groups = [to_user_group(row) for row in self._connection.execute(_ALL)]
        permissions = defaultdict(list)
        for name, permission, group_id in self._connection.execute(_ALL_PERMISSIONS):
            permissions[group_id].append((NamespaceName(name), NamespacePermission(permission)))
        return [ListedUserGroup(group, permissions[group.id]) for group in groups]

    def remove(self, group_id: int) -> None:
        # Its permissions go by cascade.
        self._connection.execute(_REMOVE, {"id": group_id})

    def permissions(self, group_id: int) -> Sequence[tuple[NamespaceName, NamespacePermission]]:
        rows = self._connection.execute(_PERMISSIONS_OF, {"id": group_id})
        return [(NamespaceName(name), NamespacePermission(permission)) for name, permission in rows]

    def permission(self, group_id: int, namespace_id: int) -> NamespacePermission | None:
        parameters = {"group_id": group_id, "namespace": namespace_id}
        permission = self._connection.execute(_PERMISSION, parameters).scalar_one_or_none()
        return NamespacePermission(permission) if permission is not None else None

    def add_permission(self, group_id: int, namespace_id: int, permission: NamespacePermission) -> None:
        values = {"user_group_id": group_id, "namespace_id": namespace_id, "permission": permission.value}
        self._connection.execute(_ADD_PERMISSION, values)

    def remove_permission(self, group_id: int, namespace_id: int) -> None:
        self._connection.execute(_REMOVE_PERMISSION, {"group_id": group_id, "namespace": namespace_id})

    def permissions_on(self, namespace_id: int) -> Sequence[tuple[UserGroup, NamespacePermission]]:
        rows = self._connection.execute(_PERMISSIONS_ON, {"id": namespace_id})
        return [(to_user_group(row[1:]), NamespacePermission(row[0])) for row in rows]

    def grants(self, person: Person) -> Grants:
        site_admin, held = self._held(person)
        return Grants(site_admin, {namespace_id: it.permission for namespace_id, it in held.items()})

    def held_permissions(self, person: Person) -> Sequence[tuple[NamespaceName, NamespacePermission]]:
        _, held = self._held(person)
        return [(it.name, it.permission) for it in sorted(held.values(), key=lambda it: it.name.folded)]

    def _held(self, person: Person) -> tuple[bool, dict[int, _Held]]:
        """Whether the person is a site admin by a group, and what they hold by namespace id."""
        site_admin, held = False, dict[int, _Held]()
        groups = sorted(filter(_is_storable, person.groups))
        for admins, namespace_id, name, permission in self._connection.execute(_OF_MEMBERS, {"groups": groups}):
            site_admin = site_admin or admins
            if namespace_id is not None and (namespace_id not in held or permission == NamespacePermission.FULL.value):
                held[namespace_id] = _Held(NamespaceName(name), NamespacePermission(permission))
        logins = sorted({login.lower() for login in person.logins if NamespaceName.is_valid(login)})
        for namespace_id, name in self._connection.execute(_OWNED, {"logins": logins, "owned_at": person.source}):
            held[namespace_id] = _Held(NamespaceName(name), NamespacePermission.FULL)
        return site_admin, held


def _is_storable(name: str) -> bool:
    """Whether the database can hold the name as it is; it would be asked for a group of another name otherwise."""
    return storable_text(name) == name
