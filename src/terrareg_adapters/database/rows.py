"""Turns rows into entities: which columns each entity is made of, and how."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import CursorResult, select

from terrareg_adapters.database.documents import (
    read_calls,
    read_descriptions,
    read_graph,
    read_object,
    read_objects,
    read_person,
    read_safe_texts,
    read_scopes,
    read_specification,
)
from terrareg_adapters.database.tables import (
    access_token,
    audit_event,
    download,
    git_provider,
    module_part,
    module_provider,
    module_provider_redirect,
    module_version,
    namespace,
    session,
    sign_in_attempt,
    terraform_code,
    terraform_token,
    user_group,
)
from terrareg_core.access.people import SignInMethod
from terrareg_core.access.stored import AccessToken, Session, SignInAttempt, TerraformCode, TerraformToken, UserGroup
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
from terrareg_core.modules.documents import DocumentedPart, HtmlTexts, PartDocuments
from terrareg_core.modules.git_settings import GitProvider, GitProviderDefinition, GitSettings, RepositoryTemplates
from terrareg_core.modules.graph import ModuleGraph
from terrareg_core.modules.model import (
    GitOrigin,
    ModuleProvider,
    ModuleProviderRedirect,
    ModuleVersion,
    StoredArchives,
)
from terrareg_core.modules.parts import ModulePart, PartKind
from terrareg_core.modules.ports import StoredObject
from terrareg_core.modules.read_models import ListedModuleProvider, ListedVersion, ModuleSummary
from terrareg_core.namespaces.model import Namespace, NamespaceKind
from terrareg_core.versions import Version


def inserted_id(result: CursorResult[Any]) -> int:
    """The id that the one row of an insert got."""
    key = result.inserted_primary_key
    assert key is not None
    return int(key[0])


def path_digest(path: str) -> str:
    """What rows are found by instead of a path, which may be longer than an index entry."""
    return hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()


# Names were parsed before they were stored, and are not parsed again.

NAMESPACE_COLUMNS = (
    namespace.c.id,
    namespace.c.name,
    namespace.c.display_name,
    namespace.c.kind,
    namespace.c.source,
)


def to_namespace(row: Sequence[Any]) -> Namespace:
    """The namespace of a row of NAMESPACE_COLUMNS."""
    namespace_id, name, display_name, kind, source = row
    shown = DisplayName(display_name) if display_name else None
    return Namespace(namespace_id, NamespaceName(name), shown, NamespaceKind(kind), source)


GIT_PROVIDER_COLUMNS = (
    git_provider.c.id,
    git_provider.c.name,
    git_provider.c.base_url_template,
    git_provider.c.clone_url_template,
    git_provider.c.browse_url_template,
    git_provider.c.git_path_template,
    git_provider.c.enabled,
)


def to_git_provider(row: Sequence[Any]) -> GitProvider:
    """The git provider of a row of GIT_PROVIDER_COLUMNS."""
    git_provider_id, name, base, clone, browse, git_path, enabled = row
    return GitProvider(
        git_provider_id, GitProviderDefinition(name, RepositoryTemplates(base, clone, browse), git_path), enabled
    )


MODULE_PROVIDER_COLUMNS = (
    module_provider.c.id,
    module_provider.c.module,
    module_provider.c.provider,
    module_provider.c.verified,
    module_provider.c.latest_version_id,
    *NAMESPACE_COLUMNS,
    module_provider.c.repo_base_url_template,
    module_provider.c.repo_clone_url_template,
    module_provider.c.repo_browse_url_template,
    module_provider.c.git_tag_format,
    module_provider.c.git_path,
    module_provider.c.archive_git_path,
    module_provider.c.provider_source_inheritance_disabled,
    *GIT_PROVIDER_COLUMNS,
)
"""Of a module provider joined with its namespace and, if it has one, its git provider."""


def to_module_provider(row: Sequence[Any]) -> ModuleProvider:
    """The module provider of a row of MODULE_PROVIDER_COLUMNS."""
    module_provider_id, module, provider, verified, latest_version_id = row[:5]
    return ModuleProvider(
        module_provider_id,
        to_namespace(row[5:10]),
        ModuleName(module),
        ProviderName(provider),
        verified,
        latest_version_id,
        _to_git_settings(row[10:]),
    )


def _to_git_settings(row: Sequence[Any]) -> GitSettings:
    base, clone, browse, tag_format, git_path, archive_git_path, inheritance_disabled = row[:7]
    return GitSettings(
        git_provider=to_git_provider(row[7:]) if row[7] is not None else None,
        templates=RepositoryTemplates(base, clone, browse),
        tag_format=tag_format,
        git_path=git_path,
        archive_git_path=archive_git_path,
        provider_source_inheritance_disabled=inheritance_disabled,
    )


redirected_from = namespace.alias("redirected_from")
"""The namespace that a module provider was in before."""

REDIRECT_COLUMNS = (
    module_provider_redirect.c.id,
    module_provider_redirect.c.module,
    module_provider_redirect.c.provider,
    module_provider_redirect.c.module_provider_id,
    namespace.c.name,
    module_provider.c.module,
    module_provider.c.provider,
    *(redirected_from.c[column.name] for column in NAMESPACE_COLUMNS),
)


def to_redirect(row: Sequence[Any]) -> ModuleProviderRedirect:
    """The redirect of a row of REDIRECT_COLUMNS."""
    redirect_id, module, provider, target_id, target_namespace, target_module, target_provider = row[:7]
    return ModuleProviderRedirect(
        redirect_id,
        to_namespace(row[7:]),
        ModuleName(module),
        ProviderName(provider),
        target_id,
        ModuleProviderId(NamespaceName(target_namespace), ModuleName(target_module), ProviderName(target_provider)),
    )


MODULE_VERSION_COLUMNS = (
    module_version.c.id,
    module_version.c.module_provider_id,
    module_version.c.version,
    module_version.c.published,
    module_version.c.internal,
    module_version.c.indexed_at,
    module_version.c.published_at,
    module_version.c.repo_base_url,
    module_version.c.repo_clone_url,
    module_version.c.repo_browse_url,
    module_version.c.git_path,
    module_version.c.archive_git_path,
    module_version.c.git_commit,
    module_version.c.git_tag,
    module_version.c.zip_key,
    module_version.c.zip_size,
    module_version.c.zip_sha256,
    module_version.c.tar_gz_key,
    module_version.c.tar_gz_size,
    module_version.c.tar_gz_sha256,
    module_version.c.source_key,
    module_version.c.source_size,
    module_version.c.source_sha256,
    module_version.c.extraction_version,
)


def to_module_version(row: Sequence[Any]) -> ModuleVersion:
    """The module version of a row of MODULE_VERSION_COLUMNS."""
    module_version_id, module_provider_id, version, published, internal, indexed_at, published_at = row[:7]
    repo_base_url, repo_clone_url, repo_browse_url, git_path, archive_git_path = row[7:12]
    commit, tag, zip_key, zip_size, zip_sha256, tar_gz_key, tar_gz_size, tar_gz_sha256 = row[12:20]
    source_key, source_size, source_sha256, extraction_version = row[20:]
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
        repo_base_url=repo_base_url,
        repo_browse_url=repo_browse_url,
        git_path=git_path,
        archive_git_path=archive_git_path,
        source=None if source_key is None else StoredObject(source_key, source_size, source_sha256),
        extraction_version=extraction_version,
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
    module_provider.c.repo_base_url_template,
    # Asked for one by one, and not by a join, so that every query may simply name these columns.
    select(git_provider.c.base_url_template)
    .where(git_provider.c.id == module_provider.c.git_provider_id)
    .scalar_subquery()
    .label("git_provider_base_url"),
    module_provider.c.provider_source_inheritance_disabled,
)


def to_summary(row: Sequence[Any]) -> ModuleSummary:
    """The summary of a row of SUMMARY_COLUMNS."""
    name, module, provider, verified, version, *rest = row
    address = ModuleProviderId(NamespaceName(name), ModuleName(module), ProviderName(provider))
    return ModuleSummary(address, verified, Version.parse(version), *rest)


def to_listed_module_provider(row: Sequence[Any]) -> ListedModuleProvider:
    """The listed module provider of a row of SUMMARY_COLUMNS, in which those of the version may be empty."""
    name, module, provider, verified, version, *_, inheritance_disabled = row
    return ListedModuleProvider(
        ModuleProviderId(NamespaceName(name), ModuleName(module), ProviderName(provider)),
        verified,
        inheritance_disabled,
        to_summary(row) if version is not None else None,
    )


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


DOCUMENTED_PART_COLUMNS = (
    *MODULE_PART_COLUMNS,
    module_part.c.html_texts,
    module_part.c.calls,
    module_part.c.graph,
    module_part.c.security,
    module_part.c.cost,
)
"""A documented part without its README as HTML, which has a column and a query of its own."""


def to_documented_part(row: Sequence[Any]) -> DocumentedPart:
    """The documented part of a row of DOCUMENTED_PART_COLUMNS."""
    *part, html_texts, calls, graph, security, cost = row
    inputs, outputs = read_descriptions(html_texts) if html_texts is not None else ((), ())
    documents = PartDocuments(
        HtmlTexts(None, inputs, outputs),
        read_calls(calls) if calls is not None else (),
        read_graph(graph) if graph is not None else ModuleGraph(()),
        read_objects(security) if security is not None else None,
        read_object(cost) if cost is not None else None,
    )
    return DocumentedPart(to_module_part(part), documents)


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


USER_GROUP_COLUMNS = (user_group.c.id, user_group.c.name, user_group.c.site_admin)


def to_user_group(row: Sequence[Any]) -> UserGroup:
    """The user group of a row of USER_GROUP_COLUMNS."""
    return UserGroup(*row)


SESSION_COLUMNS = (
    session.c.digest,
    session.c.person,
    session.c.csrf_secret,
    session.c.fingerprint,
    session.c.created_at,
    session.c.expires_at,
)


def to_session(row: Sequence[Any]) -> Session:
    """The session of a row of SESSION_COLUMNS."""
    digest, person, csrf_secret, fingerprint, created_at, expires_at = row
    return Session(
        digest=digest,
        person=read_person(person),
        csrf_secret=csrf_secret,
        fingerprint=fingerprint,
        created_at=created_at,
        expires_at=expires_at,
    )


SIGN_IN_ATTEMPT_COLUMNS = (
    sign_in_attempt.c.state_digest,
    sign_in_attempt.c.browser_digest,
    sign_in_attempt.c.method,
    sign_in_attempt.c.source,
    sign_in_attempt.c.nonce,
    sign_in_attempt.c.verifier,
    sign_in_attempt.c.request_id,
    sign_in_attempt.c.return_path,
    sign_in_attempt.c.created_at,
    sign_in_attempt.c.expires_at,
)


def to_sign_in_attempt(row: Sequence[Any]) -> SignInAttempt:
    """The attempt to sign in of a row of SIGN_IN_ATTEMPT_COLUMNS."""
    state, browser, method, source, nonce, verifier, request_id, return_path, created_at, expires_at = row
    return SignInAttempt(
        state_digest=state,
        browser_digest=browser,
        method=SignInMethod(method),
        source=source,
        nonce=nonce,
        verifier=verifier,
        request_id=request_id,
        return_path=return_path,
        created_at=created_at,
        expires_at=expires_at,
    )


ACCESS_TOKEN_COLUMNS = (
    access_token.c.id,
    access_token.c.limited,
    access_token.c.name,
    access_token.c.owner,
    access_token.c.scopes,
    access_token.c.created_at,
    access_token.c.expires_at,
    access_token.c.last_used_at,
)
"""Of an access token without its namespaces, which have a table and a query of their own."""


def to_access_token(row: Sequence[Any], namespaces: Iterable[int]) -> AccessToken:
    """The access token of a row of ACCESS_TOKEN_COLUMNS and, where it is limited, the ids of its namespaces."""
    token_id, limited, name, owner, scopes, created_at, expires_at, last_used_at = row
    return AccessToken(
        id=token_id,
        name=name,
        owner=read_person(owner),
        scopes=read_scopes(scopes),
        namespaces=frozenset(namespaces) if limited else None,
        created_at=created_at,
        expires_at=expires_at,
        last_used_at=last_used_at,
    )


TERRAFORM_CODE_COLUMNS = (
    terraform_code.c.digest,
    terraform_code.c.person,
    terraform_code.c.redirect_uri,
    terraform_code.c.challenge,
    terraform_code.c.nonce,
    terraform_code.c.created_at,
    terraform_code.c.expires_at,
    terraform_code.c.token_digest,
)


def to_terraform_code(row: Sequence[Any]) -> TerraformCode:
    """The code of a row of TERRAFORM_CODE_COLUMNS."""
    digest, person, redirect_uri, challenge, nonce, created_at, expires_at, token_digest = row
    return TerraformCode(
        digest=digest,
        person=read_person(person),
        redirect_uri=redirect_uri,
        challenge=challenge,
        nonce=nonce,
        created_at=created_at,
        expires_at=expires_at,
        token_digest=token_digest,
    )


TERRAFORM_TOKEN_COLUMNS = (
    terraform_token.c.digest,
    terraform_token.c.person,
    terraform_token.c.created_at,
    terraform_token.c.expires_at,
)


def to_terraform_token(row: Sequence[Any]) -> TerraformToken:
    """The token of a row of TERRAFORM_TOKEN_COLUMNS."""
    digest, person, created_at, expires_at = row
    return TerraformToken(digest=digest, person=read_person(person), created_at=created_at, expires_at=expires_at)
