"""Importing: from a tag of a module's git repository to a stored version (chapter 02, 10.2; chapter 03, 4.2)."""

from collections.abc import Iterable, Mapping, Sequence

import attrs

from terrareg_core.access.identities import Identity
from terrareg_core.access.permissions import Authoriser, Capability
from terrareg_core.errors import InvalidRequest, NoRepository
from terrareg_core.identifiers import RequestedModuleProvider
from terrareg_core.modules.addresses import SourceUrls
from terrareg_core.modules.fetching import ModuleSourceFetcher, RepositoryLocation, TagLister
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
class ImportableTag:
    """A tag that a version can be imported from."""

    tag: str
    version: Version
    commit: str
    """The full SHA of what the tag stands for now."""
    indexed: bool
    """Whether the version is stored, wherever it came from."""
    published: bool


@attrs.frozen
class ImportableTags:
    """What can be imported from a repository."""

    tags: Sequence[ImportableTag]
    """One for each version, in the order of versions, the lowest first."""
    others: int
    """How many tags stand for no version that may be stored, or for one of another tag."""


@attrs.frozen
class Importing:
    """The use cases of whoever asks for imports."""

    _unit_of_work: UnitOfWork
    _authoriser: Authoriser
    _maker: VersionMaker
    _importer: GitImporter
    _lister: TagLister

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

    def importable_tags(self, identity: Identity, requested: RequestedModuleProvider) -> ImportableTags:
        """The tags of the module provider's repository that `import_version` takes as `git_tag`, and what is stored.

        Raises, in this order, AccessDenied for those who may not import, NamespaceNotFound, InvalidIdentifier,
        ProviderNotAllowed, ModuleProviderNotFound, NoRepository, and what `TagLister.tags` raises.
        """
        with self._unit_of_work.read() as tx:
            lookup = look_up(tx, requested)
            self._authoriser.permit(tx, identity, Capability.UPLOAD, lookup.owner_id)
            source = self._importer.source(lookup)
            stored = {each.version: each for each in tx.module_versions.of_module_provider(source.module_provider.id)}
        commits = self._lister.tags(source.repository)
        chosen = _tags_of_versions(source.tags, commits)
        tags = [
            ImportableTag(
                tag, version, commits[tag], version in stored, version in stored and stored[version].published
            )
            for version, tag in sorted(chosen.items())
        ]
        return ImportableTags(tags, len(commits) - len(tags))


def _tags_of_versions(format: TagFormat, tags: Iterable[str]) -> Mapping[Version, str]:
    """By version, the tag that stands for it; of several, the one that the format makes, else the first by name."""
    chosen: dict[Version, str] = {}
    for tag in sorted(tags):
        try:
            version, _ = _by_tag(format, tag)
        except InvalidRequest:
            continue
        if version not in chosen or tag == format.tag_for(version):
            chosen[version] = tag
    return chosen


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
