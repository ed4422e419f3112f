"""Where module providers and versions are kept, inside a transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from terrareg_core.identifiers import ModuleName, ProviderName
from terrareg_core.modules.git_settings import GitProvider, GitProviderDefinition
from terrareg_core.modules.model import (
    IndexedContent,
    IndexedVersion,
    ModuleProvider,
    ModuleProviderRedirect,
    ModuleVersion,
    NewModuleVersion,
)
from terrareg_core.versions import Version


class GitProviderRepository(Protocol):
    """The git providers that are or were configured."""

    def find(self, git_provider_id: int) -> GitProvider | None:
        """The git provider of this id, enabled or not."""
        ...

    def all(self) -> Sequence[GitProvider]:
        """Every git provider, enabled or not, by id."""
        ...

    def add(self, definition: GitProviderDefinition) -> GitProvider:
        """Store a new git provider, enabled, and return it with the id it got.

        Raises AlreadyStored when there is one of this name.
        """
        ...

    def update(self, git_provider: GitProvider) -> None:
        """Store what an existing git provider has become; nothing happens when it is gone.

        Raises AlreadyStored when its name belongs to another.
        """
        ...


class ModuleProviderRepository(Protocol):
    """The module providers and the redirects of their former addresses."""

    def add(self, namespace_id: int, module: ModuleName, provider: ProviderName, *, verified: bool) -> ModuleProvider:
        """Store a new module provider without versions and return it with the id it got.

        Raises AlreadyStored when the namespace has one of this module (in any casing) and provider.
        """
        ...

    def find(self, namespace_id: int, module: ModuleName, provider: ProviderName) -> ModuleProvider | None:
        """The live module provider of this name: module in any casing, provider exact."""
        ...

    def first(self) -> ModuleProvider | None:
        """The first module provider by module, provider and namespace (in byte order) of those that have a version;
        else of all; None when there is none.
        """
        ...

    def update(self, module_provider: ModuleProvider) -> None:
        """Store what an existing module provider has become: namespace, names, verified flag and git settings.

        The latest version stays as it is stored. Raises AlreadyStored when the namespace has another module provider of
        this module (in any casing) and provider, or when it, the git provider or the module provider is gone.
        """
        ...

    def find_redirected(self, namespace_id: int, module: ModuleName, provider: ProviderName) -> ModuleProvider | None:
        """The module provider that a redirect of this former name (as `find`) in this namespace leads to."""
        ...

    def add_redirect(
        self, namespace_id: int, module: ModuleName, provider: ProviderName, module_provider_id: int
    ) -> None:
        """Let a former name, in the namespace it was in, lead to a module provider from now on.

        Raises AlreadyStored when a redirect of this name leads elsewhere.
        """
        ...

    def redirects_to(self, module_provider_id: int) -> Sequence[ModuleProviderRedirect]:
        """The redirects that lead to a module provider, by id."""
        ...

    def redirects_from(self, namespace_id: int) -> Sequence[ModuleProviderRedirect]:
        """The redirects of module providers that were once in a namespace, by id."""
        ...

    def remove_redirect(self, redirect_id: int) -> None:
        """Delete a redirect; no error when there is none."""
        ...

    def hold(self, module_provider_id: int) -> None:
        """Make other writers of this module provider wait until this transaction ends.

        Whoever decides from its versions and writes the decision (the latest, whether one exists) holds it first.
        """
        ...

    def set_latest(self, module_provider_id: int, module_version_id: int | None) -> None:
        """Point to the version that is the latest, or to none."""
        ...

    def remove(self, module_provider_id: int) -> None:
        """Delete a module provider that has no versions, with the redirects that lead to it."""
        ...


class ModuleVersionRepository(Protocol):
    """The versions of module providers, with what indexing read from each."""

    def find(self, module_provider_id: int, version: Version) -> ModuleVersion | None:
        """The version that is spelled exactly so."""
        ...

    def latest_of(self, module_provider_id: int) -> ModuleVersion | None:
        """The version that `ModuleProviderRepository.set_latest` pointed to last."""
        ...

    def of_module_provider(self, module_provider_id: int) -> Sequence[ModuleVersion]:
        """Every version, betas and unpublished ones included, greatest first."""
        ...

    def add(self, new: NewModuleVersion) -> ModuleVersion:
        """Store a new version with its content and return it with the id it got.

        Raises AlreadyStored when the module provider has a version that is spelled so.
        """
        ...

    def replace(self, module_version_id: int, new: NewModuleVersion) -> ModuleVersion:
        """Store `new` in the place of an existing version: id and recorded downloads stay, all else is replaced."""
        ...

    def indexed_before(self, extraction_version: int | None) -> Sequence[int]:
        """The ids of all versions that an older extraction version made, or an unknown one; None: of all versions.

        In the order of their ids. Quick where there are none.
        """
        ...

    def indexed(self, module_version_id: int) -> IndexedVersion | None:
        """The version of this id, with where it belongs."""
        ...

    def reindex(self, module_version_id: int, content: IndexedContent, extraction_version: int) -> None:
        """Put what an extraction version reads of an existing version in the place of what was read before.

        All that does not come from its sources stays: id, state, moments, archives, uploader, origin and downloads.
        Raises AlreadyStored when the version is gone.
        """
        ...

    def mark_published(self, module_version_id: int, published_at: datetime) -> None:
        """Publish a version that was not, as of `published_at`."""
        ...

    def remove(self, module_version_id: int) -> None:
        """Delete a version with its content and its recorded downloads."""
        ...
