"""Re-indexing: reading stored sources anew where an older program read them (chapter 03, 22; decision 36).

It replaces analyses only. What a version is, and what terraform downloads of it, never changes here.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from functools import partial

import attrs

from terrareg_core.access.identities import Identity
from terrareg_core.access.permissions import Authoriser, Capability
from terrareg_core.errors import AlreadyStored, ModuleVersionNotFound, RegistryError, ReindexingUnderWay
from terrareg_core.identifiers import ModuleProviderId, RequestedModuleProvider
from terrareg_core.modules.archives import ArchiveShelf
from terrareg_core.modules.indexing import ModuleIndexer
from terrareg_core.modules.model import EXTRACTION_VERSION, IndexedContent, IndexedVersion, ModuleVersion
from terrareg_core.modules.ports import ArchiveUnpacker, StoredObject, UploadedArchive
from terrareg_core.modules.resolution import look_up, require
from terrareg_core.mutex import Mutex
from terrareg_core.transactions import UnitOfWork
from terrareg_core.versions import Version


class ReindexingResult(Enum):
    """What became of one version."""

    DONE = "done"
    CURRENT = "current"
    """Somebody else brought it up to date, or deleted it, meanwhile."""
    SKIPPED = "skipped"
    """Nothing of it is stored that could be read."""
    FAILED = "failed"
    """It keeps what was read before."""


@attrs.frozen
class Reindexed:
    """One version that a run came to."""

    result: ReindexingResult
    address: ModuleProviderId | None = None
    """Of its module provider; None when the version is gone."""
    version: Version | None = None
    reason: str | None = None
    """Why it was skipped or failed, in one sentence."""


@attrs.frozen
class ReindexingRun:
    """The versions that are to be indexed again; each is, when it is asked for by iterating.

    Whoever stops iterating leaves the rest as it was, and a later run goes on from there.
    """

    _ids: Sequence[int]
    _reindex: Callable[[int], Reindexed]

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[Reindexed]:
        """Index one after the other. Raises StoreUnavailable when the database fails; all else is told as a result."""
        for module_version_id in self._ids:
            yield self._reindex(module_version_id)


@attrs.frozen
class Reindexing:
    """The use cases of re-indexing, for site administrators; one run at a time in all processes of a registry.

    Each gives a run for the length of a context, and raises AccessDenied, ReindexingUnderWay and StoreUnavailable.
    No audit event is written.
    """

    _unit_of_work: UnitOfWork
    _authoriser: Authoriser
    _unpacker: ArchiveUnpacker
    """Lets through whatever was stored."""
    _indexer: ModuleIndexer
    _shelf: ArchiveShelf
    _mutex: Mutex

    @contextmanager
    def outdated(self, identity: Identity) -> Iterator[ReindexingRun]:
        """Every version that an older extraction version made. Where there are none, this is one quick query."""
        with self._run_of(self._ids(identity, EXTRACTION_VERSION), only_outdated=True) as run:
            yield run

    @contextmanager
    def everything(self, identity: Identity) -> Iterator[ReindexingRun]:
        """Every version, whatever made it."""
        with self._run_of(self._ids(identity, None), only_outdated=False) as run:
            yield run

    @contextmanager
    def chosen(
        self, identity: Identity, requested: RequestedModuleProvider, version: str | None = None
    ) -> Iterator[ReindexingRun]:
        """One version of a module provider, or all of them, whatever made them.

        Raises NamespaceNotFound, InvalidIdentifier, ModuleProviderNotFound, InvalidVersion and ModuleVersionNotFound,
        too.
        """
        with self._run_of(self._chosen_ids(identity, requested, version), only_outdated=False) as run:
            yield run

    # --- the pieces ----------------------------------------------------------------------------------------------

    def _reindex(self, module_version_id: int, *, only_outdated: bool) -> Reindexed:
        with self._unit_of_work.read() as tx:
            found = tx.module_versions.indexed(module_version_id)
        if found is None or (only_outdated and _is_current(found.version)):
            return Reindexed(ReindexingResult.CURRENT)
        address, version = found.address, found.version
        stored = _stored_tree(version)
        if stored is None:
            reason = "No sources of it are stored here; publish it again"
            return Reindexed(ReindexingResult.SKIPPED, address, version.version, reason)
        try:
            content = self._read(stored, found)
        except RegistryError as error:
            return Reindexed(ReindexingResult.FAILED, address, version.version, error.message)
        if not self._store(version, content):
            return Reindexed(ReindexingResult.CURRENT, address, version.version)
        return Reindexed(ReindexingResult.DONE, address, version.version)

    @contextmanager
    def _run_of(self, ids: Sequence[int], *, only_outdated: bool) -> Iterator[ReindexingRun]:
        run = ReindexingRun(ids, partial(self._reindex, only_outdated=only_outdated))
        if not ids:
            yield run
            return
        with self._mutex.hold() as held:
            if not held:
                raise ReindexingUnderWay
            yield run

    def _ids(self, identity: Identity, before: int | None) -> Sequence[int]:
        with self._unit_of_work.read() as tx:
            self._authoriser.permit(tx, identity, Capability.SITE_ADMIN)
            return tx.module_versions.indexed_before(before)

    def _chosen_ids(self, identity: Identity, requested: RequestedModuleProvider, version: str | None) -> Sequence[int]:
        with self._unit_of_work.read() as tx:
            self._authoriser.permit(tx, identity, Capability.SITE_ADMIN)
            module_provider = require(look_up(tx, requested))
            if version is None:
                return [row.id for row in tx.module_versions.of_module_provider(module_provider.id)]
            found = tx.module_versions.find(module_provider.id, Version.parse(version))
        if found is None:
            raise ModuleVersionNotFound
        return [found.id]

    def _read(self, stored: StoredObject, found: IndexedVersion) -> IndexedContent:
        with self._shelf.opened(stored) as file, self._unpacker.unpack(UploadedArchive("source.zip", file)) as tree:
            return self._indexer.index(tree, found.address, _root_of(found.version))

    def _store(self, version: ModuleVersion, content: IndexedContent) -> bool:
        """Whether the content belongs to what is stored still, and so was stored."""
        try:
            with self._unit_of_work.write() as tx:
                tx.module_providers.hold(version.module_provider_id)
                present = tx.module_versions.indexed(version.id)
                if present is None or _stored_tree(present.version) != _stored_tree(version):
                    return False
                tx.module_versions.reindex(version.id, content, EXTRACTION_VERSION)
        except AlreadyStored:
            return False
        return True


def _is_current(version: ModuleVersion) -> bool:
    return version.extraction_version is not None and version.extraction_version >= EXTRACTION_VERSION


def _stored_tree(version: ModuleVersion) -> StoredObject | None:
    """What the version was read from, as far as it is kept."""
    if version.source is not None:
        return version.source
    return version.archives.zip if version.archives is not None else None


def _root_of(version: ModuleVersion) -> str:
    """The directory of the module in the stored tree."""
    holds_module_alone = version.archive_git_path and version.source is None
    return "" if holds_module_alone else version.git_path or ""
