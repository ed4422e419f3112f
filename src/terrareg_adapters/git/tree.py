"""Reads the tree of a commit and writes its files to a folder: links resolved, bounds kept, nothing of git in it."""

import os
import stat
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from pathlib import Path

import attrs
from dulwich.errors import ObjectFormatException
from dulwich.objects import Blob, Commit, ObjectID, Tag, Tree, parse_tree

from terrareg_adapters.git.names import FolderNames, refusal, shown
from terrareg_core.errors import InvalidRepository, SourceUnavailable
from terrareg_core.modules.ports import ArchiveBounds

ReadObject = Callable[[ObjectID], tuple[int, bytes]]
"""Type and content of the object of this name; KeyError when it is missing."""

_TAGS_IN_TAGS = 20
_LINKS_IN_LINKS = 40
_LINK_BYTES = 4096
_WARNINGS = 50
_LFS = b"version https://git-lfs.github.com/spec/"
_LFS_BYTES = 1024


class _Kind(Enum):
    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    SUBMODULE = "submodule"


@attrs.frozen
class _Entry:
    kind: _Kind
    sha: ObjectID
    executable: bool = False


_KINDS = {
    stat.S_IFREG: _Kind.FILE,
    stat.S_IFDIR: _Kind.FOLDER,
    stat.S_IFLNK: _Kind.LINK,
    0o160000: _Kind.SUBMODULE,
}


@attrs.define
class _Warnings:
    _said: dict[str, list[str]] = attrs.field(factory=dict)

    def add(self, reason: str, path: str) -> None:
        self._said.setdefault(reason, []).append(path)

    def sentences(self) -> tuple[str, ...]:
        return tuple(sentence for reason, paths in self._said.items() for sentence in _some(reason, paths))


def _some(reason: str, paths: Sequence[str]) -> Sequence[str]:
    sentences = [reason.format(shown(path)) for path in paths[:_WARNINGS]]
    if len(paths) > _WARNINGS:
        sentences.append(f"The same holds for {len(paths) - _WARNINGS:,} more")
    return sentences


_DROPPED_LINK = "The link {} was left out: it leads to no file of the repository"
_SUBMODULE = "The submodule {} was left out: submodules are not fetched"
_LFS_POINTER = "The file {} is a pointer to Git LFS: its content was not fetched"


def find_commit(read: ReadObject, name: ObjectID) -> tuple[ObjectID, ObjectID]:
    """The commit that the object `name`, a commit or a tag of one or of a tag of one, stands for, and its tree.

    Raises SourceUnavailable when it stands for something else or is damaged.
    """
    name, kind, content = _untagged(read, name)
    if kind != Commit.type_num:
        raise SourceUnavailable("The tag is not one of a commit")
    try:
        return name, Commit.from_string(content).tree
    except (ObjectFormatException, ValueError, AssertionError):
        raise _damaged() from None


def peeled(read: ReadObject, name: ObjectID) -> ObjectID:
    """The object that a tag called `name` is of, or of which a tag is that it is of; `name` itself if it is no tag.

    Raises SourceUnavailable when an object on the way is damaged.
    """
    return _untagged(read, name)[0]


def _untagged(read: ReadObject, name: ObjectID) -> tuple[ObjectID, int, bytes]:
    for _ in range(_TAGS_IN_TAGS):
        kind, content = _read(read, name)
        if kind != Tag.type_num:
            return name, kind, content
        try:
            name = Tag.from_string(content).object[1]
        except (ObjectFormatException, ValueError, AssertionError):
            raise _damaged() from None
    raise SourceUnavailable(f"The tag leads through more than {_TAGS_IN_TAGS} others")


def write_tree(read: ReadObject, root: ObjectID, folder: Path, bounds: ArchiveBounds) -> tuple[str, ...]:
    """Write the files of the tree `root` into `folder`, which must not exist, and say what was left out.

    Raises InvalidRepository for names that are refused and for more or larger files than `bounds` let through, and
    SourceUnavailable for trees that are damaged.
    """
    entries = _entries(read, root, bounds)
    links = _Links(entries, read)
    warnings = _Warnings()
    folder.mkdir()
    unpacked = 0
    for path, entry in entries.items():
        target = folder / path
        if entry.kind is _Kind.FOLDER:
            target.mkdir()
            target.chmod(0o755)
            continue
        if entry.kind is _Kind.SUBMODULE:
            warnings.add(_SUBMODULE, path)
            continue
        file = links.file_at(path)
        if file is None:
            warnings.add(_DROPPED_LINK, path)
            continue
        content = _content(read, file.sha, Blob.type_num)
        if len(content) > bounds.member_bytes:
            raise refusal(path, f"is larger than {bounds.member_bytes:,} bytes")
        unpacked += len(content)
        if unpacked > bounds.unpacked_bytes:
            raise InvalidRepository(f"The repository's files are larger than {bounds.unpacked_bytes:,} bytes in all")
        if len(content) <= _LFS_BYTES and content.startswith(_LFS):
            warnings.add(_LFS_POINTER, path)
        with target.open("xb") as output:
            output.write(content)
            os.fchmod(output.fileno(), 0o755 if file.executable else 0o644)
    return warnings.sentences()


def _entries(read: ReadObject, root: ObjectID, bounds: ArchiveBounds) -> Mapping[str, _Entry]:
    """Everything in the tree by path, folders before what is in them."""
    entries: dict[str, _Entry] = {}
    waiting = [("", root)]
    while waiting:
        folder, sha = waiting.pop()
        names = FolderNames(folder)
        for name, mode, entry_sha in _listed(_content(read, sha, Tree.type_num)):
            path = names.add(name)
            kind = _KINDS.get(stat.S_IFMT(mode))
            if kind is None:
                raise refusal(path, "is neither file nor folder, link nor submodule")
            entries[path] = _Entry(kind, entry_sha, bool(mode & stat.S_IXUSR))
            # The same tree may be mounted in many places: only counting here keeps a small pack from growing for ever.
            if len(entries) > bounds.members:
                raise InvalidRepository(f"The repository holds more than {bounds.members:,} files and folders")
            if kind is _Kind.FOLDER:
                waiting.append((path, entry_sha))
    return entries


def _listed(content: bytes) -> Sequence[tuple[bytes, int, ObjectID]]:
    try:
        return [(name, mode, ObjectID(sha)) for name, mode, sha in parse_tree(content, 20)]
    except (ObjectFormatException, ValueError):
        raise _damaged() from None


@attrs.define
class _Links:
    """Follows links inside the tree, as the file system would if the tree were its root."""

    _entries: Mapping[str, _Entry]
    _read: ReadObject

    def file_at(self, path: str) -> _Entry | None:
        """The file that `path` names, links followed; None when it names none or leaves the tree."""
        place: list[str] = []
        ahead = path.split("/")[::-1]
        followed = 0
        while ahead:
            part = ahead.pop()
            if part in {"", "."}:
                continue
            if part == "..":
                if not place:
                    return None
                place.pop()
                continue
            place.append(part)
            entry = self._entries.get("/".join(place))
            if entry is None or (ahead and entry.kind is _Kind.FILE):
                return None
            if entry.kind is _Kind.LINK:
                followed += 1
                target = self._target(entry)
                if followed > _LINKS_IN_LINKS or target is None:
                    return None
                place.pop()
                ahead += target.split("/")[::-1]
        found = self._entries.get("/".join(place))
        return found if found is not None and found.kind is _Kind.FILE else None

    def _target(self, entry: _Entry) -> str | None:
        content = _content(self._read, entry.sha, Blob.type_num)
        try:
            target = content[: _LINK_BYTES + 1].decode()
        except UnicodeDecodeError:
            return None
        return None if not target or len(content) > _LINK_BYTES or target.startswith("/") else target


def _content(read: ReadObject, name: ObjectID, expected: int) -> bytes:
    kind, content = _read(read, name)
    if kind != expected:
        raise _damaged()
    return content


def _read(read: ReadObject, name: ObjectID) -> tuple[int, bytes]:
    try:
        return read(name)
    except KeyError:
        raise SourceUnavailable("The git repository lacks objects that the tag needs") from None


def _damaged() -> SourceUnavailable:
    return SourceUnavailable("The git repository holds damaged objects")
