"""Importing: from a tag of a module's git repository to a stored version (chapter 02, 10.2; chapter 03, 4.2)."""

import attrs

from terrareg_core.access.identities import Identity
from terrareg_core.access.permissions import Authoriser, Capability
from terrareg_core.errors import InvalidRequest, NoRepository
from terrareg_core.identifiers import RequestedModuleProvider
from terrareg_core.modules.addresses import SourceUrls
from terrareg_core.modules.fetching import ModuleSourceFetcher, RepositoryLocation
from terrareg_core.modules.making import Destination, MadeVersion, VersionMaker, VersionOrder
from terrareg_core.modules.model import ModuleProvider
from terrareg_core.modules.resolution import Lookup, look_up
from terrareg_core.modules.sources import TagFormat
from terrareg_core.transactions import Transaction, UnitOfWork
from terrareg_core.versions import Version


@attrs.frozen
class GitSource:
    """Where the versions of one module provider are imported from."""

    module_provider: ModuleProvider
    repository: RepositoryLocation
    tags: TagFormat
    destination: Destination


@attrs.frozen
class GitImporter:
    """What every import has in common, whoever asks for it."""

    _fetcher: ModuleSourceFetcher
    _maker: VersionMaker
    _urls: SourceUrls

    def source(self, lookup: Lookup) -> GitSource:
        """Where an address leads. Nothing is ever created for an import.

        Raises, in this order, NamespaceNotFound, InvalidIdentifier, ProviderNotAllowed, ModuleProviderNotFound and
        NoRepository.
        """
        module_provider = self._maker.existing_parent(lookup, creates_parents=False)
        assert module_provider is not None
        repository = self._urls.repository_of(module_provider)
        if repository is None:
            raise NoRepository
        return GitSource(
            module_provider,
            repository,
            TagFormat.stored(module_provider.git.tag_format),
            self._maker.destination(lookup, module_provider),
        )

    def fetch_and_make(self, order: VersionOrder, source: GitSource, tag: str) -> MadeVersion:
        """Fetch the tag and store what it holds.

        Raises SourceUnavailable, ForbiddenRepository and InvalidRepository, and what `VersionMaker.make` raises.
        """
        with self._fetcher.fetch(source.repository, tag) as fetched:
            return self._maker.make(order, source.destination, fetched.tree, fetched.origin, fetched.warnings)


@attrs.frozen
class Importing:
    """The use case of whoever asks for an import."""

    _unit_of_work: UnitOfWork
    _authoriser: Authoriser
    _maker: VersionMaker
    _importer: GitImporter

    def import_version(
        self,
        identity: Identity,
        requested: RequestedModuleProvider,
        *,
        version: str | None = None,
        git_tag: str | None = None,
    ) -> MadeVersion:
        """Import the version that `version` spells from the tag that the tag format makes of it, or the one that the
        tag `git_tag` stands for from that very tag; an empty text is not given.

        Raises, in this order, InvalidRequest for both or neither of them, AccessDenied, NamespaceNotFound,
        InvalidIdentifier, ProviderNotAllowed, ModuleProviderNotFound, NoRepository, InvalidRequest where the tag format
        doesn't lead to a tag or version, InvalidVersion, ReindexProhibited, and what `GitImporter.fetch_and_make`
        raises.
        """
        if bool(version) == bool(git_tag):
            raise InvalidRequest("Name either the version or the git tag to import, not both")

        def permit(tx: Transaction, namespace_id: int | None) -> None:
            self._authoriser.permit(tx, identity, Capability.UPLOAD, namespace_id)

        with self._unit_of_work.read() as tx:
            lookup = look_up(tx, requested)
            permit(tx, lookup.owner_id)
            source = self._importer.source(lookup)
            wanted, tag = _by_version(source.tags, version) if version else _by_tag(source.tags, git_tag or "")
            self._maker.require_replaceable(tx.module_versions.find(source.module_provider.id, wanted))
        order = VersionOrder(identity=identity, requested=requested, version=wanted, permit=permit)
        return self._importer.fetch_and_make(order, source, tag)


def _by_version(tags: TagFormat, version: str) -> tuple[Version, str]:
    if not tags.indexes_by_version:
        raise InvalidRequest(
            f"The git tag format {tags.text} doesn't hold the whole version; import by git_tag instead"
        )
    wanted = Version.parse_new(version)
    return wanted, tags.tag_for(wanted)


def _by_tag(tags: TagFormat, tag: str) -> tuple[Version, str]:
    found = tags.version_of(tag)
    if found is None:
        raise InvalidRequest(f"The git tag doesn't have the form {tags.text} of this module provider's tags")
    return Version.parse_new(found.text), tag
