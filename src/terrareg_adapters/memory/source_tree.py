"""A module's files in memory: the source tree that tests and embedding programs build from a mapping."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import attrs

from terrareg_core.modules.source_tree import SourceFile


def _copied(files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    return dict(files)


def _distinct(paths: Iterable[str]) -> Collection[str]:
    return frozenset(paths)


@attrs.frozen
class MemoryTree:
    """The tree of `files` (path to content), of which `executables` may be run; it may have empty `directories` too.

    Paths are as `SourceFile.path` says; directories above files and above other directories need no mention. Raises
    ValueError for other paths, for executables that are no files, and where a file is also a directory.
    """

    _files: Mapping[str, bytes] = attrs.field(converter=_copied)
    _executables: Collection[str] = attrs.field(default=(), converter=_distinct)
    _directories: Collection[str] = attrs.field(default=(), converter=_distinct)
    _listed_files: Sequence[SourceFile] = attrs.field(init=False)
    _listed_directories: Sequence[str] = attrs.field(init=False)

    @_listed_files.default
    def _list_files(self) -> Sequence[SourceFile]:
        return tuple(
            SourceFile(path, len(self._files[path]), path in self._executables) for path in sorted(self._files)
        )

    @_listed_directories.default
    def _list_directories(self) -> Sequence[str]:
        return tuple(sorted({*self._directories, *_parents([*self._files, *self._directories])}))

    def __attrs_post_init__(self) -> None:
        for path in [*self._files, *self._directories]:
            if any(part in {"", ".", ".."} for part in path.split("/")):
                raise ValueError(f"{path!r} is no path of a source tree")
        if unknown := set(self._executables) - self._files.keys():
            raise ValueError(f"Executables that are no files: {sorted(unknown)}")
        if both := self._files.keys() & set(self._listed_directories):
            raise ValueError(f"Files that are also directories: {sorted(both)}")

    def files(self) -> Sequence[SourceFile]:
        """See `SourceTree.files`."""
        return self._listed_files

    def directories(self) -> Sequence[str]:
        """See `SourceTree.directories`."""
        return self._listed_directories

    def read(self, path: str) -> bytes:
        """See `SourceTree.read`."""
        return self._files[path]


def _parents(paths: Iterable[str]) -> Iterable[str]:
    for path in paths:
        parts = path.split("/")
        for length in range(1, len(parts)):
            yield "/".join(parts[:length])
