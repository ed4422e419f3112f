"""Audit events and the port that keeps them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Protocol

import attrs

from terrareg_core.access.identities import Identity
from terrareg_core.audit.queries import AuditQuery


class AuditAction(Enum):
    """What happened. The value is what the API shows and the database stores (chapter 04, 12.2)."""

    NAMESPACE_CREATE = "NAMESPACE_CREATE"
    NAMESPACE_MODIFY_NAME = "NAMESPACE_MODIFY_NAME"
    NAMESPACE_MODIFY_DISPLAY_NAME = "NAMESPACE_MODIFY_DISPLAY_NAME"
    NAMESPACE_MODIFY_TYPE = "NAMESPACE_MODIFY_TYPE"
    NAMESPACE_DELETE = "NAMESPACE_DELETE"
    NAMESPACE_REDIRECT_DELETE = "NAMESPACE_REDIRECT_DELETE"
    MODULE_PROVIDER_CREATE = "MODULE_PROVIDER_CREATE"
    MODULE_PROVIDER_DELETE = "MODULE_PROVIDER_DELETE"
    MODULE_PROVIDER_UPDATE_GIT_PROVIDER = "MODULE_PROVIDER_UPDATE_GIT_PROVIDER"
    MODULE_PROVIDER_UPDATE_GIT_CUSTOM_BASE_URL = "MODULE_PROVIDER_UPDATE_GIT_CUSTOM_BASE_URL"
    MODULE_PROVIDER_UPDATE_GIT_CUSTOM_CLONE_URL = "MODULE_PROVIDER_UPDATE_GIT_CUSTOM_CLONE_URL"
    MODULE_PROVIDER_UPDATE_GIT_CUSTOM_BROWSE_URL = "MODULE_PROVIDER_UPDATE_GIT_CUSTOM_BROWSE_URL"
    MODULE_PROVIDER_UPDATE_GIT_TAG_FORMAT = "MODULE_PROVIDER_UPDATE_GIT_TAG_FORMAT"
    MODULE_PROVIDER_UPDATE_GIT_PATH = "MODULE_PROVIDER_UPDATE_GIT_PATH"
    MODULE_PROVIDER_UPDATE_ARCHIVE_GIT_PATH = "MODULE_PROVIDER_UPDATE_ARCHIVE_GIT_PATH"
    MODULE_PROVIDER_UPDATE_VERIFIED = "MODULE_PROVIDER_UPDATE_VERIFIED"
    MODULE_PROVIDER_UPDATE_PROVIDER_SOURCE_INHERITANCE_DISABLED = (
        "MODULE_PROVIDER_UPDATE_PROVIDER_SOURCE_INHERITANCE_DISABLED"
    )
    MODULE_PROVIDER_UPDATE_NAMESPACE = "MODULE_PROVIDER_UPDATE_NAMESPACE"
    MODULE_PROVIDER_UPDATE_MODULE_NAME = "MODULE_PROVIDER_UPDATE_MODULE_NAME"
    MODULE_PROVIDER_UPDATE_PROVIDER_NAME = "MODULE_PROVIDER_UPDATE_PROVIDER_NAME"
    MODULE_PROVIDER_REDIRECT_DELETE = "MODULE_PROVIDER_REDIRECT_DELETE"
    MODULE_VERSION_INDEX = "MODULE_VERSION_INDEX"
    MODULE_VERSION_PUBLISH = "MODULE_VERSION_PUBLISH"
    MODULE_VERSION_DELETE = "MODULE_VERSION_DELETE"
    USER_GROUP_CREATE = "USER_GROUP_CREATE"
    USER_GROUP_DELETE = "USER_GROUP_DELETE"
    USER_GROUP_NAMESPACE_PERMISSION_ADD = "USER_GROUP_NAMESPACE_PERMISSION_ADD"
    USER_GROUP_NAMESPACE_PERMISSION_DELETE = "USER_GROUP_NAMESPACE_PERMISSION_DELETE"
    USER_LOGIN = "USER_LOGIN"
    USER_LOGOUT = "USER_LOGOUT"
    TERRAFORM_LOGIN = "TERRAFORM_LOGIN"
    ACCESS_TOKEN_CREATE = "ACCESS_TOKEN_CREATE"  # noqa: S105 - a name
    ACCESS_TOKEN_DELETE = "ACCESS_TOKEN_DELETE"  # noqa: S105 - a name


class AuditObject(Enum):
    """The type of what was changed, as stored (chapter 02, 14.2)."""

    NAMESPACE = "Namespace"
    NAMESPACE_REDIRECT = "NamespaceRedirect"
    MODULE_PROVIDER = "ModuleProvider"
    MODULE_PROVIDER_REDIRECT = "ModuleProviderRedirect"
    MODULE_VERSION = "ModuleVersion"
    USER_GROUP = "UserGroup"
    USER_GROUP_NAMESPACE_PERMISSION = "UserGroupNamespacePermission"
    ACCESS_TOKEN = "AccessToken"  # noqa: S105 - a name


_OBJECTS: Mapping[AuditAction, AuditObject | None] = {
    AuditAction.NAMESPACE_CREATE: AuditObject.NAMESPACE,
    AuditAction.NAMESPACE_MODIFY_NAME: AuditObject.NAMESPACE,
    AuditAction.NAMESPACE_MODIFY_DISPLAY_NAME: AuditObject.NAMESPACE,
    AuditAction.NAMESPACE_MODIFY_TYPE: AuditObject.NAMESPACE,
    AuditAction.NAMESPACE_DELETE: AuditObject.NAMESPACE,
    AuditAction.NAMESPACE_REDIRECT_DELETE: AuditObject.NAMESPACE_REDIRECT,
    AuditAction.MODULE_PROVIDER_CREATE: AuditObject.MODULE_PROVIDER,
    AuditAction.MODULE_PROVIDER_DELETE: AuditObject.MODULE_PROVIDER,
    AuditAction.MODULE_PROVIDER_UPDATE_GIT_PROVIDER: AuditObject.MODULE_PROVIDER,
    AuditAction.MODULE_PROVIDER_UPDATE_GIT_CUSTOM_BASE_URL: AuditObject.MODULE_PROVIDER,
    AuditAction.MODULE_PROVIDER_UPDATE_GIT_CUSTOM_CLONE_URL: AuditObject.MODULE_PROVIDER,
    AuditAction.MODULE_PROVIDER_UPDATE_GIT_CUSTOM_BROWSE_URL: AuditObject.MODULE_PROVIDER,
    AuditAction.MODULE_PROVIDER_UPDATE_GIT_TAG_FORMAT: AuditObject.MODULE_PROVIDER,
    AuditAction.MODULE_PROVIDER_UPDATE_GIT_PATH: AuditObject.MODULE_PROVIDER,
    AuditAction.MODULE_PROVIDER_UPDATE_ARCHIVE_GIT_PATH: AuditObject.MODULE_PROVIDER,
    AuditAction.MODULE_PROVIDER_UPDATE_VERIFIED: AuditObject.MODULE_PROVIDER,
    AuditAction.MODULE_PROVIDER_UPDATE_PROVIDER_SOURCE_INHERITANCE_DISABLED: AuditObject.MODULE_PROVIDER,
    AuditAction.MODULE_PROVIDER_UPDATE_NAMESPACE: AuditObject.MODULE_PROVIDER,
    AuditAction.MODULE_PROVIDER_UPDATE_MODULE_NAME: AuditObject.MODULE_PROVIDER,
    AuditAction.MODULE_PROVIDER_UPDATE_PROVIDER_NAME: AuditObject.MODULE_PROVIDER,
    AuditAction.MODULE_PROVIDER_REDIRECT_DELETE: AuditObject.MODULE_PROVIDER_REDIRECT,
    AuditAction.MODULE_VERSION_INDEX: AuditObject.MODULE_VERSION,
    AuditAction.MODULE_VERSION_PUBLISH: AuditObject.MODULE_VERSION,
    AuditAction.MODULE_VERSION_DELETE: AuditObject.MODULE_VERSION,
    AuditAction.USER_GROUP_CREATE: AuditObject.USER_GROUP,
    AuditAction.USER_GROUP_DELETE: AuditObject.USER_GROUP,
    AuditAction.USER_GROUP_NAMESPACE_PERMISSION_ADD: AuditObject.USER_GROUP_NAMESPACE_PERMISSION,
    AuditAction.USER_GROUP_NAMESPACE_PERMISSION_DELETE: AuditObject.USER_GROUP_NAMESPACE_PERMISSION,
    AuditAction.USER_LOGIN: None,
    AuditAction.USER_LOGOUT: None,
    AuditAction.TERRAFORM_LOGIN: None,
    AuditAction.ACCESS_TOKEN_CREATE: AuditObject.ACCESS_TOKEN,
    AuditAction.ACCESS_TOKEN_DELETE: AuditObject.ACCESS_TOKEN,
}


@attrs.frozen
class AuditEvent:
    """One change that was made."""

    timestamp: datetime
    username: str | None
    """None where an older installation did not tell."""
    action: AuditAction
    object_id: str | None
    """The address of what was changed, as it was before the change; None where the user alone is concerned."""
    old_value: str | None = None
    new_value: str | None = None

    @property
    def object_type(self) -> AuditObject | None:
        return _OBJECTS[self.action]


@attrs.frozen
class AuditPage:
    """Some events of the history, and how many there are."""

    rows: Sequence[AuditEvent]
    total: int
    """Of all events."""
    filtered: int
    """Of those that the query's filter lets through, on whatever page they are."""


class AuditLog(Protocol):
    """The audit history, written in the transaction of the change that it reports."""

    def append(self, event: AuditEvent) -> None:
        """Add an event to the history; it is kept if and only if the transaction commits."""
        ...

    def history(self) -> Sequence[AuditEvent]:
        """Every event, oldest first."""
        ...

    def page(self, query: AuditQuery) -> AuditPage:
        """The events that the query asks for."""
        ...


@attrs.frozen
class AuditPen:
    """Writes the events of one use case: the same moment and the same user for all of them."""

    _log: AuditLog
    _now: datetime
    _identity: Identity

    def write(
        self,
        action: AuditAction,
        object_id: object = None,
        *,
        old_value: str | None = None,
        new_value: str | None = None,
    ) -> None:
        """Append an event about the object whose address is the text of `object_id`, if one is concerned."""
        address = None if object_id is None else str(object_id)
        self._log.append(AuditEvent(self._now, self._identity.name, action, address, old_value, new_value))
