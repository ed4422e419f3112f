"""Module providers and their versions as entities."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum

import attrs

from terrareg_core.errors import ProviderNotAllowed
from terrareg_core.identifiers import ModuleName, ModuleProviderId, ProviderName
from terrareg_core.json_values import JsonObject
from terrareg_core.modules.documents import VersionDocuments
from terrareg_core.modules.git_settings import GitSettings, RepositoryTemplates
from terrareg_core.modules.parts import ModulePart
from terrareg_core.modules.ports import StoredObject
from terrareg_core.namespaces.model import Namespace
from terrareg_core.versions import Version

EXTRACTION_VERSION = 4
"""Raised whenever what indexing stores changes shape (chapter 03, 22)."""


class ReindexMode(Enum):
    """What publishing a version does that exists already (chapter 02, 9)."""

    LEGACY = "legacy"
    AUTO_PUBLISH = "auto-publish"
    PROHIBIT = "prohibit"


class HostingMode(Enum):
    """Whether archives are hosted here (chapter 01, 2.10)."""

    ALLOW = "true"
    DISALLOW = "false"
    ENFORCE = "enforce"


@attrs.frozen
class ModulePolicy:
    """What the operator laid down for modules (chapter 06, 8.6)."""

    allowed_providers: frozenset[str] = frozenset()
    """Empty: every provider is allowed."""
    auto_create_namespace: bool = True
    auto_create_module_provider: bool = True
    auto_publish: bool = True
    reindex_mode: ReindexMode = ReindexMode.LEGACY
    hosting: HostingMode = HostingMode.ALLOW
    delete_external_archives: bool = False
    """Whether no archives are kept of modules that have a repository (chapter 02, 12.1)."""

    def allows(self, provider: ProviderName) -> bool:
        return not self.allowed_providers or provider.value in self.allowed_providers

    def require_allowed(self, provider: ProviderName) -> None:
        """Raises ProviderNotAllowed unless the provider is on the allow-list (decision 15)."""
        if not self.allows(provider):
            raise ProviderNotAllowed(f"The provider {provider} is not among those that this registry allows")

    @property
    def keeps_archives(self) -> bool:
        """Whether archives are kept of modules that have a repository, too; always where only archives are served."""
        return not self.delete_external_archives or self.hosting is HostingMode.ENFORCE

    def publishes_after_indexing(self, *, was_published: bool) -> bool:
        """Whether a version is published as soon as it is indexed, given whether the one it replaces was."""
        return self.auto_publish or (self.reindex_mode is ReindexMode.AUTO_PUBLISH and was_published)


@attrs.frozen
class ModuleProvider:
    """A module for one provider; its id stays the same through renames and moves."""

    id: int
    namespace: Namespace
    module: ModuleName
    provider: ProviderName
    verified: bool = False
    latest_version_id: int | None = None
    """Of the greatest version that is published and no beta."""
    git: GitSettings = attrs.field(factory=GitSettings)

    @property
    def address(self) -> ModuleProviderId:
        """The current address, in canonical spelling."""
        return ModuleProviderId(self.namespace.name, self.module, self.provider)


@attrs.frozen
class ModuleProviderRedirect:
    """A former address of a module provider, which leads to it (chapter 02, 6)."""

    id: int
    namespace: Namespace
    """The one that the module provider was in, as it is called now."""
    module: ModuleName
    provider: ProviderName
    target_id: int
    target: ModuleProviderId
    """Where the module provider is now."""

    @property
    def address(self) -> ModuleProviderId:
        """The former address, under the current name of its namespace."""
        return ModuleProviderId(self.namespace.name, self.module, self.provider)


@attrs.frozen
class GitOrigin:
    """The commit that a version was built from."""

    commit: str
    """The commit's full SHA, 40 or 64 lower-case hex digits; never that of a tag object."""
    tag: str


@attrs.frozen
class ModuleMetadata:
    """What the metadata file of a module says (chapter 03, 6)."""

    description: str | None = None
    owner: str | None = None
    internal: bool = False
    repo_clone_url: str | None = None
    repo_base_url: str | None = None
    repo_browse_url: str | None = None
    variable_template: Sequence[JsonObject] = ()


@attrs.frozen
class StoredArchives:
    """Where the archives of a version are kept."""

    zip: StoredObject
    tar_gz: StoredObject


@attrs.frozen
class IndexedContent:
    """Everything that indexing read from a module's sources."""

    metadata: ModuleMetadata
    description: str | None
    """The metadata's, else made from the README."""
    parts: Sequence[ModulePart]
    """The root first, then submodules, then examples, each by path."""
    example_files: Mapping[str, str] = attrs.field(factory=dict)
    """Text of the examples' files, by path below the module root."""
    tab_files: Mapping[str, str] = attrs.field(factory=dict)
    """Text of the additional documents, by path."""
    documents: VersionDocuments = attrs.field(factory=VersionDocuments)
    """What is made of all these texts for people to read."""
    warnings: Sequence[str] = ()


@attrs.frozen
class NewModuleVersion:
    """A version about to be stored: everything but its id."""

    module_provider_id: int
    version: Version
    published: bool
    indexed_at: datetime
    published_at: datetime
    content: IndexedContent
    archives: StoredArchives | None
    """None where none are kept."""
    uploader: str
    """The user name of who published it."""
    origin: GitOrigin | None = None
    git_path: str | None = None
    """The directory of the module in what was indexed, as `GitPath.effective` gives it; None for the root."""
    archive_git_path: bool = False
    """Whether the archives hold that directory only."""
    extraction_version: int = EXTRACTION_VERSION
    source: StoredObject | None = None
    """The whole tree that was indexed, as a zip, where the archives hold less of it; no address hands it out."""


@attrs.frozen
class ModuleVersion:
    """A version of a module provider as rules see it; what it contains is read by queries."""

    id: int
    module_provider_id: int
    version: Version
    published: bool
    internal: bool
    indexed_at: datetime
    published_at: datetime
    archives: StoredArchives | None
    repo_clone_url: str | None = None
    """The clone URL template that the version's metadata names."""
    origin: GitOrigin | None = None
    repo_base_url: str | None = None
    repo_browse_url: str | None = None
    git_path: str | None = None
    """The directory of the module in its repository, and in its archives unless `archive_git_path`; None for the root.
    """
    archive_git_path: bool = False
    """Whether the archives hold that directory only."""
    source: StoredObject | None = None
    """The whole tree that was indexed, as a zip, where the archives hold less of it; no address hands it out."""
    extraction_version: int | None = None
    """That of the program which indexed it; None where it is not known."""

    @property
    def templates(self) -> RepositoryTemplates:
        """The URL templates that the version's metadata names."""
        return RepositoryTemplates(self.repo_base_url, self.repo_clone_url, self.repo_browse_url)


@attrs.frozen
class IndexedVersion:
    """A version and where it belongs."""

    address: ModuleProviderId
    """Of its module provider, as it is now."""
    version: ModuleVersion
