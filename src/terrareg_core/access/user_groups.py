"""User groups: who manages what the members of which group may do (chapter 04, 11)."""

import re
from collections.abc import Sequence

import attrs

from terrareg_core.access.grants import NamespacePermission
from terrareg_core.access.identities import Identity
from terrareg_core.access.permissions import Authoriser, Capability
from terrareg_core.access.stored import ListedUserGroup, UserGroup
from terrareg_core.audit.events import AuditAction, AuditPen
from terrareg_core.clock import Clock
from terrareg_core.errors import (
    AlreadyStored,
    InvalidIdentifier,
    InvalidPermission,
    InvalidRequest,
    NamespaceNotFound,
    NameTaken,
    PermissionExists,
    PermissionNotFound,
    UserGroupNotFound,
)
from terrareg_core.modules.resolution import find_namespace
from terrareg_core.namespaces.model import Namespace
from terrareg_core.transactions import Transaction, UnitOfWork

_NAME = re.compile(r"[0-9A-Za-z _-]{1,128}")
_EXISTS = "A user group of this name exists already; choose another name"


@attrs.frozen
class GroupPermission:
    """A permission that a group has got."""

    group: UserGroup
    namespace: Namespace
    """As it is called now."""
    permission: NamespacePermission


@attrs.frozen
class UserGroups:
    """The use cases of user groups, all for site administrators."""

    _unit_of_work: UnitOfWork
    _authoriser: Authoriser
    _clock: Clock

    def listed(self, identity: Identity) -> Sequence[ListedUserGroup]:
        """All groups, in order of creation, with their permissions. Raises AccessDenied."""
        with self._unit_of_work.read() as tx:
            self._authoriser.permit(tx, identity, Capability.SITE_ADMIN)
            return tx.user_groups.listed()

    def create(self, identity: Identity, name: object, site_admin: object) -> UserGroup:
        """Create a group; both arguments are what a client sent.

        Raises AccessDenied, and in this order InvalidRequest when `site_admin` is no boolean, NameTaken, and
        InvalidIdentifier when `name` is no name: 1 to 128 letters, digits, spaces, dashes and underscores.
        """
        try:
            with self._unit_of_work.write() as tx:
                self._authoriser.permit(tx, identity, Capability.SITE_ADMIN)
                if not isinstance(site_admin, bool):
                    raise InvalidRequest("site_admin must be true or false")
                if isinstance(name, str) and tx.user_groups.find(name) is not None:
                    raise NameTaken(_EXISTS)
                if not isinstance(name, str) or not _NAME.fullmatch(name):
                    raise InvalidIdentifier(
                        "The name of a user group takes 1 to 128 letters, digits, spaces, dashes and underscores"
                    )
                group = tx.user_groups.add(name, site_admin=site_admin)
                self._pen(tx, identity).write(AuditAction.USER_GROUP_CREATE, group.name)
                return group
        except AlreadyStored as error:
            raise NameTaken(_EXISTS) from error

    def delete(self, identity: Identity, name: str) -> None:
        """Delete a group with its permissions, an event for each. Raises AccessDenied, UserGroupNotFound."""
        with self._unit_of_work.write() as tx:
            self._authoriser.permit(tx, identity, Capability.SITE_ADMIN)
            group = _require_group(tx, name)
            pen = self._pen(tx, identity)
            for namespace, permission in tx.user_groups.permissions(group.id):
                write_permission_removed(pen, group.name, str(namespace), permission)
            tx.user_groups.remove(group.id)
            pen.write(AuditAction.USER_GROUP_DELETE, group.name)

    def grant(self, identity: Identity, group_name: str, namespace: str, permission: object) -> GroupPermission:
        """Give a group a permission on a namespace, whose redirects are followed; `permission` is what a client sent.

        Raises AccessDenied, and in this order InvalidPermission, NamespaceNotFound, UserGroupNotFound and
        PermissionExists, whatever the one it has.
        """
        try:
            with self._unit_of_work.write() as tx:
                self._authoriser.permit(tx, identity, Capability.SITE_ADMIN)
                wanted = _parse_permission(permission)
                found = _require_namespace(tx, namespace)
                group = _require_group(tx, group_name)
                if tx.user_groups.permission(group.id, found.id) is not None:
                    raise PermissionExists
                tx.user_groups.add_permission(group.id, found.id, wanted)
                self._pen(tx, identity).write(
                    AuditAction.USER_GROUP_NAMESPACE_PERMISSION_ADD,
                    f"{group.name}/{found.name}",
                    new_value=wanted.value,
                )
                return GroupPermission(group, found, wanted)
        except AlreadyStored as error:
            raise PermissionExists from error

    def revoke(self, identity: Identity, group_name: str, namespace: str) -> None:
        """Take a group's permission on a namespace away.

        Raises AccessDenied, and in this order NamespaceNotFound, UserGroupNotFound and PermissionNotFound.
        """
        with self._unit_of_work.write() as tx:
            self._authoriser.permit(tx, identity, Capability.SITE_ADMIN)
            found = _require_namespace(tx, namespace)
            group = _require_group(tx, group_name)
            permission = tx.user_groups.permission(group.id, found.id)
            if permission is None:
                raise PermissionNotFound
            tx.user_groups.remove_permission(group.id, found.id)
            write_permission_removed(self._pen(tx, identity), group.name, str(found.name), permission)

    def _pen(self, tx: Transaction, identity: Identity) -> AuditPen:
        return AuditPen(tx.audit, self._clock.now(), identity)


def write_permission_removed(pen: AuditPen, group: str, namespace: str, permission: NamespacePermission) -> None:
    """Tell the audit history that a group lost a permission."""
    pen.write(AuditAction.USER_GROUP_NAMESPACE_PERMISSION_DELETE, f"{group}/{namespace}", old_value=permission.value)


def _parse_permission(value: object) -> NamespacePermission:
    if isinstance(value, str) and value in NamespacePermission.__members__:
        return NamespacePermission[value]
    raise InvalidPermission


def _require_group(tx: Transaction, name: str) -> UserGroup:
    group = tx.user_groups.find(name)
    if group is None:
        raise UserGroupNotFound
    return group


def _require_namespace(tx: Transaction, name: str) -> Namespace:
    found = find_namespace(tx, name)
    if found is None:
        raise NamespaceNotFound
    return found
