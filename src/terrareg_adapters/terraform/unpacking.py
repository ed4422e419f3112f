"""Unpacks uploaded archives: decides the kind of a file, and writes what its reader lets through to a fresh folder."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path

import attrs

from terrareg_adapters.terraform.admission import Admission, Member, shown
from terrareg_adapters.terraform.source_tree import DirectoryTree
from terrareg_adapters.terraform.tar_reader import tar_gz_members
from terrareg_adapters.terraform.zip_reader import zip_members
from terrareg_core.errors import InvalidArchive, StoreUnavailable
from terrareg_core.modules.ports import ArchiveBounds, UploadedArchive
from terrareg_core.modules.source_tree import SourceTree


class _Kind(Enum):
    ZIP = "a zip archive"
    TAR_GZ = "a gzipped tar archive"


_PREFIX = "unpacked-"
_ABANDONED_SECONDS = 6 * 3600
_READERS = {_Kind.ZIP: zip_members, _Kind.TAR_GZ: tar_gz_members}


@attrs.frozen
class SafeUnpacker:
    """Unpacks into folders below `workspace`, which is made when it is missing (implements `ArchiveUnpacker`)."""

    workspace: Path
    bounds: ArchiveBounds

    @contextmanager
    def unpack(self, archive: UploadedArchive) -> Iterator[SourceTree]:
        """See `ArchiveUnpacker.unpack`. Raises StoreUnavailable when the workspace can't be written."""
        kind = _kind_of(archive)
        members = _READERS[kind](archive.content, Admission(self.bounds))
        with self._folder() as folder:
            try:
                _write(members, folder)
            except OSError as error:
                raise StoreUnavailable("The archive could not be unpacked on the server; try again later") from error
            yield DirectoryTree(folder)

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        try:
            self.workspace.mkdir(parents=True, exist_ok=True)
            folder = tempfile.TemporaryDirectory(prefix=_PREFIX, dir=self.workspace)
        except OSError as error:
            raise StoreUnavailable("The server has no room to unpack archives; try again later") from error
        with folder as path:
            yield Path(path)


def forget_abandoned(workspace: Path) -> None:
    """Remove folders that a killed process left in `workspace`: those nobody has touched for six hours."""
    for folder in workspace.glob(f"{_PREFIX}*"):
        try:
            abandoned = folder.stat().st_mtime < time.time() - _ABANDONED_SECONDS
        except FileNotFoundError:
            continue
        if abandoned:
            shutil.rmtree(folder, ignore_errors=True)


def _kind_of(archive: UploadedArchive) -> _Kind:
    """The kind that name and content agree on (decision 34)."""
    name = archive.file_name.lower()
    if not name:
        raise InvalidArchive("The uploaded file has no name; name it .zip, .tar.gz or .tgz after its kind")
    named = None
    if name.endswith(".zip"):
        named = _Kind.ZIP
    elif name.endswith((".tar.gz", ".tgz")):
        named = _Kind.TAR_GZ
    archive.content.seek(0)
    start = archive.content.read(4)
    found = None
    if start in {b"PK\x03\x04", b"PK\x05\x06"}:
        found = _Kind.ZIP
    elif start[:2] == b"\x1f\x8b":
        found = _Kind.TAR_GZ
    if named is not None and found is named:
        return named
    content = found.value if found is not None else "neither a zip nor a gzipped tar archive"
    if not start:
        content = "empty"
    if named is None:
        raise InvalidArchive(
            f"The file {shown(archive.file_name)}, whose content is {content}, must have a name that ends in .zip, "
            ".tar.gz or .tgz"
        )
    raise InvalidArchive(f"The file {shown(archive.file_name)} is named as {named.value}, but its content is {content}")


def _write(members: Iterator[Member], folder: Path) -> None:
    made = {folder}
    for member in members:
        target = folder / member.path
        _make_directories(target if member.directory else target.parent, made)
        if member.directory:
            for _ in member.content:
                pass
            continue
        # Exclusive creation follows no link and replaces nothing.
        with target.open("xb") as file:
            for piece in member.content:
                file.write(piece)
            os.fchmod(file.fileno(), 0o755 if member.executable else 0o644)


def _make_directories(directory: Path, made: set[Path]) -> None:
    missing = []
    while directory not in made:
        missing.append(directory)
        directory = directory.parent
    for path in reversed(missing):
        path.mkdir()
        path.chmod(0o755)
        made.add(path)
