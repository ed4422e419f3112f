"""Shapes of the endpoints of module providers, git providers and the initial setup (chapter 02, 4 to 7)."""

from collections.abc import Sequence
from typing import Self

import attrs

from terrareg_core.identifiers import ModuleProviderId
from terrareg_core.modules.git_settings import GitArguments, GitProvider
from terrareg_core.modules.initial_setup import SetupProgress
from terrareg_core.modules.model import ModuleProviderRedirect
from terrareg_core.modules.module_providers import Integration, Integrations, ModuleProviderChanges
from terrareg_core.modules.sources import archive_path
from terrareg_http.schemas.fields import argument, optional_key

# --- requests ----------------------------------------------------------------------------------------------------

_GIT_PROVIDER = "Id of a git provider; an empty one means none"
_BASE = "Template for the URL of the repository's page; an empty one means none"
_CLONE = "Template for the URL that git fetches from; an empty one means none"
_BROWSE = "Template for the URL of a directory at a tag; an empty one means none"
_TAG_FORMAT = "Template between versions and git tags, such as v{version}; an empty one means {version}"
_GIT_PATH = "Directory of the module in its repository or uploaded archive; an empty one means the root"
_ARCHIVE_GIT_PATH = "Whether archives hold only that directory"
_CSRF_TOKEN = "The session's token; callers with an API key need none"  # noqa: S105 - a description


@attrs.frozen(kw_only=True)
class ModuleProviderCreation:
    """A module provider to be created (4.1)."""

    git_provider_id: str | None = argument(_GIT_PROVIDER, default=None)
    repo_base_url_template: str | None = argument(_BASE, default=None)
    repo_clone_url_template: str | None = argument(_CLONE, default=None)
    repo_browse_url_template: str | None = argument(_BROWSE, default=None)
    git_tag_format: str | None = argument(_TAG_FORMAT, default=None)
    git_path: str | None = argument(f"{_GIT_PATH}; without it, the git provider's", default=None)
    archive_git_path: bool = argument(_ARCHIVE_GIT_PATH, default=False)
    csrf_token: str | None = argument(_CSRF_TOKEN, default=None)

    @property
    def git(self) -> GitArguments:
        return GitArguments(
            git_provider_id=self.git_provider_id,
            repo_base_url_template=self.repo_base_url_template,
            repo_clone_url_template=self.repo_clone_url_template,
            repo_browse_url_template=self.repo_browse_url_template,
            git_tag_format=self.git_tag_format,
            git_path=self.git_path,
            archive_git_path=self.archive_git_path,
        )


@attrs.frozen(kw_only=True)
class ModuleProviderSettings:
    """What is changed of a module provider (5.1); what is missing or null stays as it is."""

    git_provider_id: str | None = argument(_GIT_PROVIDER, default=None)
    repo_base_url_template: str | None = argument(_BASE, default=None)
    repo_clone_url_template: str | None = argument(_CLONE, default=None)
    repo_browse_url_template: str | None = argument(_BROWSE, default=None)
    git_tag_format: str | None = argument(_TAG_FORMAT, default=None)
    git_path: str | None = argument(_GIT_PATH, default=None)
    archive_git_path: bool | None = argument(_ARCHIVE_GIT_PATH, default=None)
    verified: bool | None = argument("Whether the module is shown as verified", default=None)
    provider_source: str | None = argument(
        "The provider source whose credentials are used for git; an empty one means none", default=None
    )
    provider_source_inheritance_disabled: bool | None = argument(
        "Whether the namespace's default provider source is not used", default=None
    )
    namespace: str | None = argument("The namespace to move to; the old address leads here from now on", default=None)
    module: str | None = argument("The new name of the module", default=None)
    provider: str | None = argument("The new name of the provider", default=None)
    csrf_token: str | None = argument(_CSRF_TOKEN, default=None)

    @property
    def changes(self) -> ModuleProviderChanges:
        given = {field.name: getattr(self, field.name) for field in attrs.fields(ModuleProviderChanges)}
        return ModuleProviderChanges(**given)


@attrs.frozen
class RedirectDeletion:
    """How a redirect is deleted (6.2)."""

    force: bool = argument("Whether it is deleted even while it is used", default=False)
    csrf_token: str | None = argument(_CSRF_TOKEN, default=None)


# --- responses ---------------------------------------------------------------------------------------------------


@attrs.frozen
class RedirectItem:
    """A former address (6.1)."""

    id: int
    namespace: str
    """As it is called now."""
    module: str
    provider: str

    @classmethod
    def of(cls, redirect: ModuleProviderRedirect) -> Self:
        return cls(redirect.id, redirect.namespace.name.value, redirect.module.value, redirect.provider.value)


@attrs.frozen
class IntegrationItem:
    """A way in which versions get into the registry (7.1)."""

    method: str | None
    """None for what another program calls."""
    url: str
    """`${version}` stands for the version."""
    description: str
    notes: str
    coming_soon: bool | None = optional_key()

    @classmethod
    def of(cls, way: Integration, address: ModuleProviderId) -> Self:
        managed, version = f"/v1/terrareg/modules/{address}", archive_path(address, "${version}")
        match way:
            case Integration.UPLOAD:
                return cls(
                    "POST",
                    f"{version}/upload",
                    "Upload the archive of a version",
                    "The body is multipart/form-data with one file, a zip or a gzipped tar",
                )
            case Integration.IMPORT:
                return cls("POST", f"{version}/import", "Import a version from its git repository", "")
            case Integration.BITBUCKET_HOOK:
                return cls(
                    None,
                    f"{managed}/hooks/bitbucket",
                    "Import versions when their tags are pushed to Bitbucket",
                    "Set it up for the event repository push",
                )
            case Integration.GITHUB_HOOK:
                return cls(
                    None,
                    f"{managed}/hooks/github",
                    "Import versions when they are released on GitHub",
                    "Only release events are accepted; set it up for no other",
                )
            case Integration.GITLAB_HOOK:
                return cls(
                    None,
                    f"{managed}/hooks/gitlab",
                    "Import versions when their tags are pushed to GitLab",
                    "Set it up for tag push events",
                    # A key of former times, when this hook was only announced.
                    coming_soon=False,
                )
            case Integration.PUBLISH:
                return cls("POST", f"{version}/publish", "Publish a version that was uploaded or imported", "")

    @classmethod
    def all_of(cls, integrations: Integrations) -> Sequence[Self]:
        """The ways that are offered, in order."""
        return [cls.of(way, integrations.address) for way in integrations.offered]


@attrs.frozen
class GitProviderItem:
    """A git provider that can be chosen (7.2)."""

    id: int
    name: str
    git_path_template: str | None

    @classmethod
    def of(cls, git_provider: GitProvider) -> Self:
        return cls(git_provider.id, git_provider.name, git_provider.definition.git_path)


@attrs.frozen(kw_only=True)
class InitialSetupAnswer:
    """How far the first steps of a new registry have come (7.3)."""

    namespace_created: bool
    module_created: bool
    version_indexed: bool
    version_published: bool
    module_configured_with_git: bool
    module_view_url: str | None
    module_upload_endpoint: str | None
    """`${version}` stands for the version; null where modules are not hosted."""
    module_publish_endpoint: str | None
    anonymous_publishing: bool | None = optional_key("True while anybody may publish; else absent")

    @classmethod
    def of(cls, progress: SetupProgress) -> Self:
        address = progress.module_provider
        version = archive_path(address, "${version}") if address is not None else None
        return cls(
            namespace_created=progress.namespace_created,
            module_created=address is not None,
            version_indexed=progress.version_indexed,
            version_published=progress.version_published,
            module_configured_with_git=progress.configured_with_git,
            module_view_url=f"/modules/{address}" if address is not None else None,
            module_upload_endpoint=f"{version}/upload" if version and progress.uploads_allowed else None,
            module_publish_endpoint=f"{version}/publish" if version else None,
            anonymous_publishing=progress.anonymous_publishing or None,
        )
