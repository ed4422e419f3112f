"""The archives of module versions in the store: fresh keys for new ones, reading them, and forgetting old ones."""

import io
import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import BinaryIO, cast

import attrs

from terrareg_core.clock import RandomSource
from terrareg_core.errors import StoreUnavailable
from terrareg_core.modules.model import ModuleVersion, StoredArchives
from terrareg_core.modules.ports import ArchivePacker, ArchiveStore, StoredContent, StoredObject
from terrareg_core.modules.source_tree import SourceTree, Subtree

_log = logging.getLogger(__name__)

_BUFFER = 1 << 20


@attrs.frozen
class Shelved:
    """What is stored of a tree."""

    archives: StoredArchives | None
    source: StoredObject | None
    """The whole tree as a zip; None where the archives hold all that indexing reads."""


@attrs.frozen
class ArchiveShelf:
    """Puts a tree's archives into the store and takes them out again.

    Keys hold no names, so renames and moves never touch a file (decision 16).
    """

    _store: ArchiveStore
    _packer: ArchivePacker
    _random: RandomSource

    def put(self, tree: SourceTree, root: str = "", *, keeps_archives: bool = True) -> Shelved:
        """Store `tree` under fresh keys, which nobody knows until a transaction names them.

        The archives, if any are kept, hold the directory `root` of it (as in `SourceTree.directories`) without what its
        `.tfignore` matches; where that is less than the tree, the whole of it is stored as well (decision 36). Raises
        StoreUnavailable, InvalidArchive for a tree that can't be packed, InvalidModule when there is no such directory;
        nothing is left behind then.
        """
        directory = f"modules/{self._random.identifier()}"
        stored: list[StoredObject] = []

        def store(name: str, content: BinaryIO) -> StoredObject:
            stored.append(self._store.put(f"{directory}/{name}", content))
            return stored[-1]

        archives, complete = None, False
        try:
            if keeps_archives:
                with self._packer.pack(Subtree.of(tree, root)) as packed:
                    archives = StoredArchives(store("source.zip", packed.zip), store("source.tar.gz", packed.tar_gz))
                    complete = packed.complete and not root
            if complete:
                return Shelved(archives, None)
            with self._packer.pack_whole(tree) as whole:
                return Shelved(archives, store("whole.zip", whole))
        except BaseException:
            for item in stored:
                self._forget(item)
            raise

    def open_zip(self, archives: StoredArchives) -> StoredContent:
        """The zip, open for reading. Raises ArchiveNotFound, StoreUnavailable."""
        return self._store.open(archives.zip.key)

    @contextmanager
    def opened(self, stored: StoredObject) -> Iterator[BinaryIO]:
        """What was stored, as a file that seeks, for the length of the context. Raises ArchiveNotFound,
        StoreUnavailable.
        """
        with closing(self._store.open(stored.key)) as content, io.BufferedReader(_File(content), _BUFFER) as file:
            yield cast(BinaryIO, file)

    def discard(self, shelved: Shelved | ModuleVersion) -> None:
        """Forget what no committed row names any more; a failure leaves an orphan and is logged."""
        if shelved.archives is not None:
            self._forget(shelved.archives.zip)
            self._forget(shelved.archives.tar_gz)
        if shelved.source is not None:
            self._forget(shelved.source)

    def _forget(self, stored: StoredObject) -> None:
        try:
            self._store.delete(stored.key)
        except StoreUnavailable as error:
            _log.warning("archive %s could not be deleted and is left as an orphan: %s", stored.key, error.message)


class _File(io.RawIOBase):
    """A stored object as a file."""

    def __init__(self, content: StoredContent) -> None:
        super().__init__()
        self._content = content
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._content.size}[whence]
        if start + offset < 0:
            raise ValueError("a position before the start of the file")
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        view = memoryview(buffer).cast("B")
        end = min(self._position + len(view), self._content.size)
        filled = 0
        if self._position < end:
            for piece in self._content.read_range(self._position, end):
                view[filled : filled + len(piece)] = piece
                filled += len(piece)
        self._position += filled
        return filled
