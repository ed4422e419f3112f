"""Packs source trees into the archives that terraform downloads, and local directories into what is published."""

import gzip
import math
import os
import stat
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Protocol, runtime_checkable

import attrs

from terrareg_adapters.terraform.admission import DEPTH, shown
from terrareg_adapters.terraform.ignore_rules import RULES_BYTES, IgnoreRules
from terrareg_core.errors import InvalidArchive, StoreUnavailable
from terrareg_core.modules.ports import PackedArchive
from terrareg_core.modules.source_tree import SourceTree

IGNORE_FILE = ".tfignore"
_GIT = ".git"

# Zip can't say anything earlier, so it is the one fixed time that both formats share.
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_TAR_TIME = 315_532_800
# What zlib, and so a zip member, takes when it isn't told.
_LEVEL = 6
_CHUNK = 1 << 20
_UNIX = 3
_DOS_DIRECTORY = 0x10
_LOCAL_MEMBERS = 100_000
_RULES_SECONDS = 10.0

Progress = Callable[[int, int], None]
"""Told the bytes of files packed so far, and of all files."""


@attrs.frozen
class _Entry:
    """One member of the archives to be: a file, or a directory where `open` is None."""

    path: str
    size: int = 0
    executable: bool = False
    open: Callable[[], BinaryIO] | None = None

    @property
    def permissions(self) -> int:
        return 0o755 if self.executable or self.open is None else 0o644


@runtime_checkable
class _OpensFiles(Protocol):
    """A tree that can give out a file's content piece by piece."""

    def open(self, path: str) -> BinaryIO: ...


@attrs.frozen
class ArchivePair:
    """Both archives of one tree, each positioned at its start."""

    zip: BinaryIO
    tar_gz: BinaryIO
    complete: bool
    """See `PackedArchive.complete`."""


@attrs.frozen
class DeterministicPacker:
    """Packs in nameless files on the disk of `workspace`, made when it is missing (implements `ArchivePacker`)."""

    workspace: Path
    rules_seconds: float = _RULES_SECONDS
    """What applying a `.tfignore` may take."""

    @contextmanager
    def pack(self, tree: SourceTree) -> Iterator[PackedArchive]:
        """See `ArchivePacker.pack`.

        Raises InvalidArchive for a `.tfignore` that takes longer than `rules_seconds` to apply, and StoreUnavailable
        when the workspace can't be written.
        """
        entries = _entries_of(tree, IgnoreRules.parse(_rules_of(tree)), self.rules_seconds)
        with ExitStack() as stack:
            with _packing():
                as_zip, as_tar_gz = self._temporary_file(stack), self._temporary_file(stack)
                _write_zip(entries, as_zip)
                _write_tar_gz(entries, as_tar_gz)
                as_zip.seek(0)
                as_tar_gz.seek(0)
            yield ArchivePair(as_zip, as_tar_gz, _is_complete(tree, entries))

    @contextmanager
    def pack_whole(self, tree: SourceTree) -> Iterator[BinaryIO]:
        """See `ArchivePacker.pack_whole`. Raises StoreUnavailable when the workspace can't be written."""
        entries = _entries_of(tree, None, self.rules_seconds)
        with ExitStack() as stack:
            with _packing():
                as_zip = self._temporary_file(stack)
                _write_zip(entries, as_zip)
                as_zip.seek(0)
            yield as_zip

    def _temporary_file(self, stack: ExitStack) -> BinaryIO:
        self.workspace.mkdir(parents=True, exist_ok=True)
        return stack.enter_context(tempfile.TemporaryFile(dir=self.workspace))


@contextmanager
def _packing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreUnavailable("The archives could not be packed on the server; try again later") from error


def pack_into(order: tuple[SourceTree, Path, Path | None]) -> bool:
    """Pack a tree into a zip and a gzipped tar file as `DeterministicPacker.pack` does, or, without the latter, into a
    zip as `pack_whole` does: the job of a worker process. The files must not exist.

    The result is that of `PackedArchive.complete`. Raises what those methods raise.
    """
    tree, as_zip, as_tar_gz = order
    rules = IgnoreRules.parse(_rules_of(tree)) if as_tar_gz is not None else None
    entries = _entries_of(tree, rules, _RULES_SECONDS)
    with _packing():
        with as_zip.open("xb") as file:
            _write_zip(entries, file)
        if as_tar_gz is not None:
            with as_tar_gz.open("xb") as file:
                _write_tar_gz(entries, file)
    return _is_complete(tree, entries)


def pack_directory(directory: Path, target: BinaryIO, *, progress: Progress | None = None) -> None:
    """Write a zip of the local `directory` to `target`, for `terrareg publish`; equal directories give equal bytes.

    What the top-level `.tfignore` matches, the file itself and every `.git` are left out. A symbolic link is stored as
    what it leads to. Raises InvalidArchive, with the path, for a link that leads out of the directory, into a `.git`,
    to a folder that holds the link, or nowhere; and for what is neither file nor directory, can't be read, or has a
    name that is not UTF-8.
    """
    try:
        root = directory.resolve(strict=True)
        rules = _IgnoringWithin(IgnoreRules.parse(_read_rules(root)), math.inf)
        entries = sorted(_LocalWalk(root, rules).entries(), key=lambda entry: entry.path)
    except OSError as error:
        raise InvalidArchive(f"The directory can't be read: {error.strerror}: {shown(str(error.filename))}") from error
    _write_zip(entries, target, progress=progress)


# --- what belongs to an archive ----------------------------------------------------------------------------------


@attrs.define
class _IgnoringWithin:
    """The rules of a `.tfignore`, with a limit on the time that all their uses may take together."""

    _rules: IgnoreRules | None
    """None: the file is one like all others."""
    _left: float

    def leaves_out(self, path: str, *, directory: bool) -> bool:
        """Whether a member whose parents are all kept stays out of the archives."""
        if path.rpartition("/")[2] == _GIT:
            return True
        if self._rules is None:
            return False
        if path == IGNORE_FILE:
            return True
        started = time.monotonic()
        ignored = self._rules.ignores(path, directory=directory)
        self._left -= time.monotonic() - started
        if self._left < 0:
            raise InvalidArchive(f"The rules in {IGNORE_FILE} take too long to apply; use fewer and simpler ones")
        return ignored


def _rules_of(tree: SourceTree) -> bytes:
    return tree.read(IGNORE_FILE) if any(file.path == IGNORE_FILE for file in tree.files()) else b""


def _is_complete(tree: SourceTree, kept: Sequence[_Entry]) -> bool:
    paths = {entry.path for entry in kept}
    return all(file.path in paths or file.path == IGNORE_FILE or _GIT in file.path.split("/") for file in tree.files())


def _entries_of(tree: SourceTree, ignored: IgnoreRules | None, rules_seconds: float) -> Sequence[_Entry]:
    files = {file.path: file for file in tree.files()}
    rules = _IgnoringWithin(ignored, rules_seconds)
    opener = tree.open if isinstance(tree, _OpensFiles) else partial(_open_whole, tree)
    kept: dict[str, _Entry] = {}
    # A directory sorts before what lies in it, so its own fate is known by then.
    for path in sorted([*files, *tree.directories()]):
        parent = path.rpartition("/")[0]
        file = files.get(path)
        if (parent and parent not in kept) or rules.leaves_out(path, directory=file is None):
            continue
        _check_name(path)
        if file is None:
            kept[path] = _Entry(path)
        else:
            kept[path] = _Entry(path, file.size, file.executable, partial(opener, path))
    return tuple(kept.values())


def _check_name(path: str) -> None:
    try:
        path.encode()
    except UnicodeEncodeError:
        raise InvalidArchive(f"The name of {shown(path)} is not UTF-8; rename it or ignore it") from None


def _open_whole(tree: SourceTree, path: str) -> BinaryIO:
    return BytesIO(tree.read(path))


def _read_rules(root: Path) -> bytes:
    place = root / IGNORE_FILE
    if not place.is_file():
        return b""
    with place.open("rb") as file:
        return file.read(RULES_BYTES)


@attrs.define
class _LocalWalk:
    """Finds what a local directory gives to an archive, following links that stay inside."""

    _root: Path
    _rules: _IgnoringWithin
    _found: int = 0

    def entries(self) -> Iterator[_Entry]:
        # Below each waiting directory: the real directories on the way to it, to notice links that lead in circles.
        waiting: list[tuple[str, Path, frozenset[Path]]] = [("", self._root, frozenset({self._root}))]
        while waiting:
            prefix, real, above = waiting.pop()
            for name in os.listdir(real):
                path = f"{prefix}{name}"
                entry, inner = self._entry(path, real / name, above)
                if entry is None:
                    continue
                _check_name(path)
                if path.count("/") >= DEPTH:
                    raise InvalidArchive(f"{shown(path)} lies more than {DEPTH} folders deep")
                self._found += 1
                if self._found > _LOCAL_MEMBERS:
                    raise InvalidArchive(f"The directory holds more than {_LOCAL_MEMBERS:,} files; is it a module?")
                yield entry
                if inner is not None:
                    waiting.append((f"{path}/", inner, above | {inner}))

    def _entry(self, path: str, place: Path, above: frozenset[Path]) -> tuple[_Entry | None, Path | None]:
        """The entry for `place`, None if it is left out, and the real directory to go on with."""
        status = place.lstat()
        linked = stat.S_ISLNK(status.st_mode)
        if linked:
            # Rules first: links in what is left out may lead anywhere.
            if self._rules.leaves_out(path, directory=place.is_dir()):
                return None, None
            place = self._resolve(path, place)
            status = place.stat()
        directory = stat.S_ISDIR(status.st_mode)
        if not linked and self._rules.leaves_out(path, directory=directory):
            return None, None
        if directory:
            if place in above:
                raise InvalidArchive(f"The link {shown(path)} leads to a folder that holds it; remove it or ignore it")
            return _Entry(path), place
        if not stat.S_ISREG(status.st_mode):
            raise InvalidArchive(f"{shown(path)} is neither a file nor a folder; remove it or ignore it")
        return _Entry(
            path, status.st_size, bool(status.st_mode & stat.S_IXUSR), partial(_open_local, path, place)
        ), None

    def _resolve(self, path: str, place: Path) -> Path:
        try:
            real = place.resolve(strict=True)
        except (OSError, RuntimeError):
            raise InvalidArchive(f"The link {shown(path)} leads nowhere; remove it or ignore it") from None
        if not real.is_relative_to(self._root):
            raise InvalidArchive(f"The link {shown(path)} leads out of the directory; remove it or ignore it")
        if _GIT in real.relative_to(self._root).parts:
            raise InvalidArchive(f"The link {shown(path)} leads into {_GIT}; remove it or ignore it")
        return real


def _open_local(path: str, place: Path) -> BinaryIO:
    try:
        return place.open("rb")
    except OSError as error:
        raise InvalidArchive(f"{shown(path)} can't be read: {error.strerror}") from error


# --- writing archives --------------------------------------------------------------------------------------------


def _write_zip(entries: Sequence[_Entry], target: BinaryIO, *, progress: Progress | None = None) -> None:
    total = sum(entry.size for entry in entries)
    done = 0
    with zipfile.ZipFile(target, "w") as archive:
        for entry in entries:
            if entry.open is None:
                directory = _zip_header(f"{entry.path}/", stat.S_IFDIR | entry.permissions)
                directory.external_attr |= _DOS_DIRECTORY
                archive.writestr(directory, b"", zipfile.ZIP_STORED)
                continue
            header = _zip_header(entry.path, stat.S_IFREG | entry.permissions)
            header.compress_type = zipfile.ZIP_DEFLATED
            header.file_size = entry.size
            with entry.open() as source, archive.open(header, "w") as member:
                while piece := source.read(_CHUNK):
                    member.write(piece)
                    done += len(piece)
                    if progress is not None:
                        progress(done, total)


def _zip_header(name: str, mode: int) -> zipfile.ZipInfo:
    header = zipfile.ZipInfo(name, _ZIP_TIME)
    header.create_system = _UNIX
    header.external_attr = mode << 16
    return header


def _write_tar_gz(entries: Sequence[_Entry], target: BinaryIO) -> None:
    with (
        gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=target, mtime=0) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for entry in entries:
            header = tarfile.TarInfo(entry.path)
            header.mtime = _TAR_TIME
            header.mode = entry.permissions
            if entry.open is None:
                header.type = tarfile.DIRTYPE
                archive.addfile(header)
            else:
                header.size = entry.size
                with entry.open() as source:
                    archive.addfile(header, source)
