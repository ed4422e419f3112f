"""What the audit history tells of a change of a module provider's settings (chapter 02, 5.2)."""

import re
from collections.abc import Callable, Iterator

import attrs

from terrareg_core.audit.events import AuditAction
from terrareg_core.modules.model import ModuleProvider
from terrareg_core.modules.sources import TagFormat


@attrs.frozen
class SettingChange:
    """One setting that is not what it was."""

    action: AuditAction
    old_value: str | None
    new_value: str | None


def setting_changes(before: ModuleProvider, after: ModuleProvider) -> Iterator[SettingChange]:
    """The settings in which the two differ, one event each, in the order of chapter 02, 5.2; none when they are alike.

    A tag format counts as changed when the tags change that it makes.
    """
    for action, value_of in _VALUES.items():
        old, new = value_of(before), value_of(after)
        if old != new:
            is_tag_format = action is AuditAction.MODULE_PROVIDER_UPDATE_GIT_TAG_FORMAT
            yield SettingChange(action, _shown(old), after.git.tag_format if is_tag_format else _shown(new))


_VALUES: dict[AuditAction, Callable[[ModuleProvider], str | bool | None]] = {
    AuditAction.MODULE_PROVIDER_UPDATE_GIT_PROVIDER: (
        lambda it: it.git.git_provider.name if it.git.git_provider is not None else None
    ),
    AuditAction.MODULE_PROVIDER_UPDATE_GIT_CUSTOM_BASE_URL: lambda it: it.git.templates.base,
    AuditAction.MODULE_PROVIDER_UPDATE_GIT_CUSTOM_CLONE_URL: lambda it: it.git.templates.clone,
    AuditAction.MODULE_PROVIDER_UPDATE_GIT_CUSTOM_BROWSE_URL: lambda it: it.git.templates.browse,
    AuditAction.MODULE_PROVIDER_UPDATE_GIT_TAG_FORMAT: lambda it: TagFormat.stored(it.git.tag_format).text,
    AuditAction.MODULE_PROVIDER_UPDATE_GIT_PATH: lambda it: it.git.git_path,
    AuditAction.MODULE_PROVIDER_UPDATE_ARCHIVE_GIT_PATH: lambda it: it.git.archive_git_path,
    AuditAction.MODULE_PROVIDER_UPDATE_VERIFIED: lambda it: it.verified,
    AuditAction.MODULE_PROVIDER_UPDATE_PROVIDER_SOURCE_INHERITANCE_DISABLED: (
        lambda it: it.git.provider_source_inheritance_disabled
    ),
    AuditAction.MODULE_PROVIDER_UPDATE_NAMESPACE: lambda it: it.namespace.name.value,
    AuditAction.MODULE_PROVIDER_UPDATE_MODULE_NAME: lambda it: it.module.value,
    AuditAction.MODULE_PROVIDER_UPDATE_PROVIDER_NAME: lambda it: it.provider.value,
}


def _shown(value: str | bool | None) -> str | None:
    """A value as it is stored in events: booleans as digits, URLs without what may be a credential."""
    if isinstance(value, bool):
        return str(int(value))
    return value and _without_credentials(value)


def _without_credentials(template: str) -> str:
    # The user of an ssh URL is no secret, that of another one may be a token.
    if template.lower().startswith("ssh://"):
        return re.sub(r"^([^:]*://[^:/?#]*):[^/?#]*@", r"\1:***@", template)
    return re.sub(r"^([A-Za-z][A-Za-z0-9+.-]*://)[^/?#]*@", r"\1***@", template)
