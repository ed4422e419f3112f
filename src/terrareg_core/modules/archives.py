"""The archives of module versions in the store: fresh keys for new ones, and forgetting old ones."""

import logging

import attrs

from terrareg_core.clock import RandomSource
from terrareg_core.errors import StoreUnavailable
from terrareg_core.modules.model import StoredArchives
from terrareg_core.modules.ports import ArchivePacker, ArchiveStore, StoredContent, StoredObject
from terrareg_core.modules.source_tree import SourceTree

_log = logging.getLogger(__name__)


@attrs.frozen
class ArchiveShelf:
    """Puts a tree's archives into the store and takes them out again.

    Keys hold no names, so renames and moves never touch a file (decision 16).
    """

    _store: ArchiveStore
    _packer: ArchivePacker
    _random: RandomSource

    def put(self, tree: SourceTree) -> StoredArchives:
        """Pack `tree` and store both archives under fresh keys, which nobody knows until a transaction names them.

        Raises StoreUnavailable; nothing is left behind then.
        """
        directory = f"modules/{self._random.identifier()}"
        with self._packer.pack(tree) as packed:
            first = self._store.put(f"{directory}/source.zip", packed.zip)
            try:
                second = self._store.put(f"{directory}/source.tar.gz", packed.tar_gz)
            except StoreUnavailable:
                self._forget(first)
                raise
        return StoredArchives(first, second)

    def open_zip(self, archives: StoredArchives) -> StoredContent:
        """The zip, open for reading. Raises ArchiveNotFound, StoreUnavailable."""
        return self._store.open(archives.zip.key)

    def discard(self, archives: StoredArchives | None) -> None:
        """Forget archives that no committed row names any more; a failure leaves an orphan and is logged."""
        if archives is not None:
            self._forget(archives.zip)
            self._forget(archives.tar_gz)

    def _forget(self, stored: StoredObject) -> None:
        try:
            self._store.delete(stored.key)
        except StoreUnavailable as error:
            _log.warning("archive %s could not be deleted and is left as an orphan: %s", stored.key, error.message)
