"""Turns rows into entities: which columns each entity is made of, and how."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import CursorResult

from terrareg_adapters.database.documents import read_safe_texts, read_specification
from terrareg_adapters.database.tables import (
    audit_event,
    download,
    module_part,
    module_provider,
    module_version,
    namespace,
)
from terrareg_core.analytics.downloads import DownloadEvent
from terrareg_core.analytics.tokens import AnalyticsToken
from terrareg_core.audit.events import AuditAction, AuditEvent
from terrareg_core.identifiers import (
    DisplayName,
    ModuleName,
    ModuleProviderId,
    NamespaceName,
    ProviderName,
    RequestedModuleProvider,
)
from terrareg_core.modules.model import (
    GitOrigin,
    ModulePart,
    ModuleProvider,
    ModuleVersion,
    PartKind,
    StoredArchives,
)
from terrareg_core.modules.ports import StoredObject
from terrareg_core.modules.read_models import ListedVersion, ModuleSummary
from terrareg_core.namespaces.model import Namespace, NamespaceKind
from terrareg_core.versions import Version


def inserted_id(result: CursorResult[Any]) -> int:
    """The id that the one row of an insert got."""
    key = result.inserted_primary_key
    assert key is not None
    return int(key[0])


# Names were parsed before they were stored, and are not parsed again.

NAMESPACE_COLUMNS = (namespace.c.id, namespace.c.name, namespace.c.display_name, namespace.c.kind)


def to_namespace(row: Sequence[Any]) -> Namespace:
    """The namespace of a row of NAMESPACE_COLUMNS."""
    namespace_id, name, display_name, kind = row
    return Namespace(
        namespace_id, NamespaceName(name), DisplayName(display_name) if display_name else None, NamespaceKind(kind)
    )


MODULE_PROVIDER_COLUMNS = (
    module_provider.c.id,
    module_provider.c.module,
    module_provider.c.provider,
    module_provider.c.verified,
    module_provider.c.latest_version_id,
    *NAMESPACE_COLUMNS,
)


def to_module_provider(row: Sequence[Any]) -> ModuleProvider:
    """The module provider of a row of MODULE_PROVIDER_COLUMNS."""
    module_provider_id, module, provider, verified, latest_version_id = row[:5]
    return ModuleProvider(
        module_provider_id,
        to_namespace(row[5:]),
        ModuleName(module),
        ProviderName(provider),
        verified,
        latest_version_id,
    )


MODULE_VERSION_COLUMNS = (
    module_version.c.id,
    module_version.c.module_provider_id,
    module_version.c.version,
    module_version.c.published,
    module_version.c.internal,
    module_version.c.indexed_at,
    module_version.c.published_at,
    module_version.c.repo_clone_url,
    module_version.c.git_commit,
    module_version.c.git_tag,
    module_version.c.zip_key,
    module_version.c.zip_size,
    module_version.c.zip_sha256,
    module_version.c.tar_gz_key,
    module_version.c.tar_gz_size,
    module_version.c.tar_gz_sha256,
)


def to_module_version(row: Sequence[Any]) -> ModuleVersion:
    """The module version of a row of MODULE_VERSION_COLUMNS."""
    module_version_id, module_provider_id, version, published, internal, indexed_at, published_at = row[:7]
    repo_clone_url, commit, tag, zip_key, zip_size, zip_sha256, tar_gz_key, tar_gz_size, tar_gz_sha256 = row[7:]
    archives = None
    if zip_key is not None and tar_gz_key is not None:
        archives = StoredArchives(
            StoredObject(zip_key, zip_size, zip_sha256), StoredObject(tar_gz_key, tar_gz_size, tar_gz_sha256)
        )
    return ModuleVersion(
        id=module_version_id,
        module_provider_id=module_provider_id,
        version=Version.parse(version),
        published=published,
        internal=internal,
        indexed_at=indexed_at,
        published_at=published_at,
        archives=archives,
        repo_clone_url=repo_clone_url,
        origin=None if commit is None else GitOrigin(commit, tag),
    )


SUMMARY_COLUMNS = (
    namespace.c.name,
    module_provider.c.module,
    module_provider.c.provider,
    module_provider.c.verified,
    module_version.c.version,
    module_version.c.published,
    module_version.c.internal,
    module_version.c.owner,
    module_version.c.description,
    module_version.c.published_at,
    module_version.c.downloads,
    module_version.c.terraform_constraint,
    module_version.c.repo_base_url,
)


def to_summary(row: Sequence[Any]) -> ModuleSummary:
    """The summary of a row of SUMMARY_COLUMNS."""
    name, module, provider, verified, version, *rest = row
    address = ModuleProviderId(NamespaceName(name), ModuleName(module), ProviderName(provider))
    return ModuleSummary(address, verified, Version.parse(version), *rest)


LISTED_VERSION_COLUMNS = (module_version.c.version, module_version.c.published)


def to_listed_version(row: Sequence[Any]) -> ListedVersion:
    """The listed version of a row of LISTED_VERSION_COLUMNS."""
    version, published = row
    return ListedVersion(Version.parse(version), published)


MODULE_PART_COLUMNS = (
    module_part.c.kind,
    module_part.c.path,
    module_part.c.readme,
    module_part.c.specification,
    module_part.c.safe_texts,
)


def to_module_part(row: Sequence[Any]) -> ModulePart:
    """The module part of a row of MODULE_PART_COLUMNS."""
    kind, path, readme, specification, safe_texts = row
    return ModulePart(PartKind(kind), path, readme, read_specification(specification), read_safe_texts(safe_texts))


DOWNLOAD_COLUMNS = (
    download.c.module_version_id,
    download.c.timestamp,
    download.c.requested_namespace,
    download.c.requested_module,
    download.c.requested_provider,
    download.c.analytics_token,
    download.c.terraform_version,
    download.c.environment,
    download.c.authenticated,
)


def to_download(row: Sequence[Any]) -> DownloadEvent:
    """The recorded download of a row of DOWNLOAD_COLUMNS."""
    module_version_id, timestamp, namespace_name, module, provider, token, terraform_version, environment, key = row
    return DownloadEvent(
        module_version_id,
        timestamp,
        RequestedModuleProvider(namespace_name or "", module or "", provider or ""),
        None if token is None else AnalyticsToken(token),
        terraform_version,
        environment,
        key,
    )


AUDIT_EVENT_COLUMNS = (
    audit_event.c.timestamp,
    audit_event.c.username,
    audit_event.c.action,
    audit_event.c.object_id,
    audit_event.c.old_value,
    audit_event.c.new_value,
)


def to_audit_event(row: Sequence[Any]) -> AuditEvent:
    """The audit event of a row of AUDIT_EVENT_COLUMNS."""
    timestamp, username, action, object_id, old_value, new_value = row
    return AuditEvent(timestamp, username, AuditAction(action), object_id, old_value, new_value)
