"""A module's files on disk: the source tree over a directory that was unpacked or checked out."""

import os
import stat
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import attrs

from terrareg_core.modules.source_tree import SourceFile


@attrs.frozen
class DirectoryTree:
    """The regular files and directories below `root`, listed once, at first use; anything else there is passed over.

    `root` must not change while the tree is held, and names below it must be UTF-8.
    """

    root: Path

    def files(self) -> Sequence[SourceFile]:
        """See `SourceTree.files`."""
        return self._listing[0]

    def directories(self) -> Sequence[str]:
        """See `SourceTree.directories`."""
        return self._listing[1]

    def read(self, path: str) -> bytes:
        """See `SourceTree.read`."""
        with self.open(path) as file:
            return file.read()

    def open(self, path: str) -> BinaryIO:
        """The content of the file at `path`, for reading in pieces; the caller closes it. KeyError as in `read`."""
        return (self.root / self._by_path[path].path).open("rb")

    @cached_property
    def _by_path(self) -> Mapping[str, SourceFile]:
        return {file.path: file for file in self.files()}

    @cached_property
    def _listing(self) -> tuple[Sequence[SourceFile], Sequence[str]]:
        files: list[SourceFile] = []
        directories: list[str] = []
        waiting = [""]
        while waiting:
            parent = waiting.pop()
            with os.scandir(self.root / parent) as entries:
                for entry in entries:
                    path = f"{parent}{entry.name}"
                    if entry.is_dir(follow_symlinks=False):
                        directories.append(path)
                        waiting.append(f"{path}/")
                    elif entry.is_file(follow_symlinks=False):
                        status = entry.stat(follow_symlinks=False)
                        files.append(SourceFile(path, status.st_size, bool(status.st_mode & stat.S_IXUSR)))
        # Code points sort as their UTF-8 bytes do.
        return tuple(sorted(files, key=lambda file: file.path)), tuple(sorted(directories))
