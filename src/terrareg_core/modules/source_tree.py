"""The files of a module as the core sees them: a bounded, read-only tree of regular files."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import attrs

from terrareg_core.errors import InvalidModule


@attrs.frozen
class SourceFile:
    """One regular file of a tree."""

    path: str
    """Relative to the tree's root, parts joined by `/`; no part is empty, `.` or `..`."""
    size: int
    """In bytes."""
    executable: bool = False


class SourceTree(Protocol):
    """The unpacked content of an uploaded archive or of a commit.

    Whatever made it has enforced the bounds on size and number, and has refused or resolved links: every entry is a
    regular file or a directory inside the tree. A tree doesn't change while it is held.
    """

    def files(self) -> Sequence[SourceFile]:
        """Every file at any depth, hidden ones included, sorted by path (byte order)."""
        ...

    def directories(self) -> Sequence[str]:
        """Every directory below the root at any depth, empty ones included, sorted by path (byte order)."""
        ...

    def read(self, path: str) -> bytes:
        """The whole content of the file at `path`, which must be one that `files` lists (else KeyError)."""
        ...


@attrs.frozen
class Subtree:
    """The part of a tree below one of its directories, seen as a tree of its own."""

    _tree: SourceTree
    _root: str

    @classmethod
    def of(cls, tree: SourceTree, root: str) -> SourceTree:
        """The tree below `root` (a path as in `directories`; `""` is the tree itself).

        Raises InvalidModule when there is no such directory.
        """
        if not root:
            return tree
        if root not in tree.directories():
            raise InvalidModule(f"The module's directory {root} does not exist in what was uploaded")
        return cls(tree, root)

    def files(self) -> Sequence[SourceFile]:
        return [attrs.evolve(file, path=path) for file in self._tree.files() for path in self._below(file.path)]

    def directories(self) -> Sequence[str]:
        return [path for directory in self._tree.directories() for path in self._below(directory)]

    def read(self, path: str) -> bytes:
        return self._tree.read(f"{self._root}/{path}")

    def _below(self, path: str) -> Iterator[str]:
        if path.startswith(f"{self._root}/"):
            yield path[len(self._root) + 1 :]
