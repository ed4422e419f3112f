"""Puts a source tree where a program can look at it, beside a scratch directory for the program's own files."""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, runtime_checkable

import attrs

from terrareg_core.modules.source_tree import SourceTree

# Folders of this name that a killed process leaves in the workspace are cleared away with those of the unpacker.
_PREFIX = "unpacked-scan-"


@runtime_checkable
class _OnDisk(Protocol):
    """A tree whose files lie in a directory, at their paths."""

    @property
    def root(self) -> Path: ...


@attrs.frozen
class Workplace:
    """Where a program works; the paths are absolute and lead through no link."""

    tree: Path
    """Holds the source tree's files at their paths."""
    scratch: Path
    """Empty at first; gone afterwards, with everything in it."""


@contextmanager
def workplace(tree: SourceTree, workspace: Path, *, writable: bool = False) -> Iterator[Workplace]:
    """A place to look at `tree`, for the length of the context, in a folder below `workspace`, which is made.

    A tree that lies on disk is looked at where it is, unless the program writes (`writable`), or there are links and
    the like beside its files, which could lead a program elsewhere. Raises OSError when the folder can't be filled.
    """
    workspace.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=workspace, ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        scratch = folder / "scratch"
        scratch.mkdir()
        if isinstance(tree, _OnDisk) and not writable and _is_plain(tree.root):
            yield Workplace(tree.root.resolve(), scratch)
            return
        copy = folder / "tree"
        copy.mkdir()
        _write(tree, copy)
        yield Workplace(copy, scratch)


def _is_plain(root: Path) -> bool:
    for parent, directories, files in os.walk(root):
        for name in [*directories, *files]:
            mode = os.lstat(f"{parent}/{name}").st_mode
            if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                return False
    return True


def _write(tree: SourceTree, folder: Path) -> None:
    for path in tree.directories():
        (folder / path).mkdir()
    for file in tree.files():
        (folder / file.path).write_bytes(tree.read(file.path))
