"""Packs archives in worker processes."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import attrs

from terrareg_adapters.workers.pool import WorkerPool
from terrareg_core.errors import StoreUnavailable
from terrareg_core.modules.ports import PackedArchive
from terrareg_core.modules.source_tree import SourceTree

PACK: Final = "pack"
"""The job's name: (tree, path of the zip, path of the tar.gz or None for all of the tree) to whether it is complete."""


@attrs.frozen
class _Packed:
    zip: BinaryIO
    tar_gz: BinaryIO
    complete: bool


@attrs.frozen
class PooledPacker:
    """The port `ArchivePacker` over a pool that knows the job above, for trees that can be pickled.

    Archives are written to a folder below `workspace`, which is made when it is missing. Beside what the job raises,
    StoreUnavailable when the workspace can't be used or nobody is free, and RegistryFailure beyond a job's bounds.
    """

    _pool: WorkerPool
    _workspace: Path

    @contextmanager
    def pack(self, tree: SourceTree) -> Iterator[PackedArchive]:
        """See `ArchivePacker.pack`."""
        with self._folder() as folder:
            as_zip, as_tar_gz = folder / "source.zip", folder / "source.tar.gz"
            complete = bool(self._pool.run(PACK, (tree, as_zip, as_tar_gz)))
            with as_zip.open("rb") as first, as_tar_gz.open("rb") as second:
                yield _Packed(first, second, complete)

    @contextmanager
    def pack_whole(self, tree: SourceTree) -> Iterator[BinaryIO]:
        """See `ArchivePacker.pack_whole`."""
        with self._folder() as folder:
            as_zip = folder / "source.zip"
            self._pool.run(PACK, (tree, as_zip, None))
            with as_zip.open("rb") as packed:
                yield packed

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        try:
            self._workspace.mkdir(parents=True, exist_ok=True)
            # Named as unpacked trees are, so that what a killed process leaves is removed with theirs.
            folder = tempfile.TemporaryDirectory(prefix="unpacked-packing-", dir=self._workspace)
        except OSError as error:
            raise StoreUnavailable("The server has no room to pack archives; try again later") from error
        with folder as path:
            yield Path(path)
