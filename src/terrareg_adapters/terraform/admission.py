"""What an archive may hold: the rules for its members' names, and the bounds on how many and how large they are."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import count

import attrs

from terrareg_core.errors import InvalidArchive
from terrareg_core.modules.ports import ArchiveBounds

COMPONENT_BYTES = 255
NAME_BYTES = 1024
DEPTH = 100
"""Folders inside one another; each level costs an open file while a tree is removed."""

_RATIO_APPLIES_ABOVE = 1 << 20
_DRIVE = re.compile(r"[A-Za-z]:")
# Overrides of the writing direction make a name show as another one.
_DIRECTION_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_CONTROL_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
_ROOT = 0


@attrs.frozen
class Member:
    """One file or directory that an archive reader found and `Admission` let in."""

    path: str
    """Below the root, parts joined by `/`."""
    directory: bool
    executable: bool
    content: Iterator[bytes]
    """The bytes of a file in chunks of at most 1 MiB; raises InvalidArchive where the archive is damaged or lies. To be
    read to its end before the next member is asked for."""


def shown(name: str | bytes) -> str:
    """`name` in quotes as an error message may carry it: cut to 100 characters, nothing unprintable."""
    text = name[:200].decode(errors="backslashreplace") if isinstance(name, bytes) else name[:200]
    plain = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)
    return f'"{plain}"' if len(plain) <= 100 else f'"{plain[:99]}…"'


def refusal(name: str | bytes, reason: str) -> InvalidArchive:
    """The error for one member; `reason` continues the sentence 'The archive's member "x" …'."""
    return InvalidArchive(f"The archive's member {shown(name)} {reason}")


def parse_member_name(name: bytes, *, directory: bool) -> tuple[str, ...]:
    """The parts of a member's name; none for the archive's root, which `./` names.

    Raises InvalidArchive for what chapter 03, 4.3 refuses: names that are empty, too long, not UTF-8, absolute, with
    backslashes, drive letters, NUL or control characters, and names that leave the root however they are spelt (also
    where Unicode normalisation or the trailing dots and spaces that Windows drops would make them so).
    """
    text = _readable(name)
    if text.startswith("/"):
        raise refusal(name, "has an absolute name")
    parts = text.removesuffix("/").split("/") if directory else text.split("/")
    if not directory and parts[-1] in {"", "."}:
        raise refusal(name, "is a file with the name of a folder")
    kept = tuple(part for part in parts if part != ".")
    if kept and _DRIVE.match(kept[0]):
        raise refusal(name, "has a name that starts with a drive letter")
    if len(kept) > DEPTH:
        raise refusal(name, f"lies more than {DEPTH} folders deep")
    for part in kept:
        if not part:
            raise refusal(name, "has an empty part in its name")
        if part == "..":
            raise refusal(name, "leaves the archive by way of ..")
        if len(part.encode()) > COMPONENT_BYTES:
            raise refusal(name, f"has a part of more than {COMPONENT_BYTES} bytes in its name")
        folded = _folded(part)
        if not folded or "/" in folded or "\\" in folded:
            raise refusal(name, "has a part in its name that some systems read as a path of its own")
    return kept


def _readable(name: bytes) -> str:
    if not name:
        raise InvalidArchive("The archive has a member without a name")
    if len(name) > NAME_BYTES:
        raise refusal(name, f"has a name of more than {NAME_BYTES:,} bytes")
    try:
        text = name.decode()
    except UnicodeDecodeError:
        raise refusal(name, "has a name that is not UTF-8") from None
    if not text.isprintable() and any(
        unicodedata.category(char) in _CONTROL_CATEGORIES or char in _DIRECTION_OVERRIDES for char in text
    ):
        raise refusal(name, "has a control character in its name")
    if "\\" in text:
        raise refusal(name, "has a backslash in its name")
    return text


def _folded(part: str) -> str:
    """What is equal for all spellings that some file system takes for one name."""
    normal = unicodedata.normalize("NFKC", part).casefold()
    return unicodedata.normalize("NFKC", normal).rstrip(" .")


@attrs.define
class _Node:
    number: int
    spelling: str
    directory: bool
    listed: bool


@attrs.define
class Admission:
    """The gate that every member of one archive passes before any of its content is unpacked."""

    bounds: ArchiveBounds
    _nodes: dict[tuple[int, str], _Node] = attrs.field(factory=dict, init=False)
    _numbers: Iterator[int] = attrs.field(factory=lambda: count(_ROOT + 1), init=False)
    _listed: int = attrs.field(default=0, init=False)
    _implied: int = attrs.field(default=0, init=False)
    _bytes: int = attrs.field(default=0, init=False)

    def admit(self, name: bytes, *, directory: bool, size: int) -> str | None:
        """The path of the next member that the archive lists, or None for its root.

        `name` is as the archive holds it and `size` in bytes, as the archive claims it: the reader must see to it that
        no more comes out. Raises InvalidArchive for a bad name, one that is taken in any casing or Unicode form, and
        when a bound is passed.
        """
        self._listed += 1
        if self._listed > self.bounds.members:
            raise InvalidArchive(f"The archive lists more than {self.bounds.members:,} members")
        parts = parse_member_name(name, directory=directory)
        if size and directory:
            raise refusal(name, "is a folder with content of its own")
        if size > self.bounds.member_bytes:
            raise refusal(name, f"unpacks to more than {self.bounds.member_bytes:,} bytes")
        self._bytes += size
        if self._bytes > self.bounds.unpacked_bytes:
            raise InvalidArchive(f"The archive unpacks to more than {self.bounds.unpacked_bytes:,} bytes")
        if not parts:
            return None
        self._place(name, parts, directory)
        return "/".join(parts)

    def check_ratio(self, path: str, *, unpacked: int, packed: int) -> None:
        """Raise InvalidArchive if `unpacked` bytes are too many to come from `packed` ones (decision 35)."""
        if unpacked > _RATIO_APPLIES_ABOVE and unpacked > self.bounds.compression_ratio * max(packed, 1):
            raise refusal(path, f"unpacks to more than {self.bounds.compression_ratio:,} times its packed size")

    def _place(self, name: bytes, parts: tuple[str, ...], directory: bool) -> None:
        parent = _ROOT
        for part in parts[:-1]:
            node = self._node(name, parent, part, directory=True, listed=False)
            if not node.directory:
                raise refusal(name, f"lies in {shown(node.spelling)}, which is a file")
            parent = node.number
        node = self._node(name, parent, parts[-1], directory=directory, listed=True)
        if node.directory != directory:
            raise refusal(name, "is both a file and a folder")

    def _node(self, name: bytes, parent: int, part: str, *, directory: bool, listed: bool) -> _Node:
        key = (parent, _folded(part))
        node = self._nodes.get(key)
        if node is None:
            node = self._nodes[key] = _Node(next(self._numbers), part, directory, listed)
            if not listed:
                self._implied += 1
                if self._implied > self.bounds.members:
                    raise InvalidArchive(f"The archive's names imply more than {self.bounds.members:,} folders")
            return node
        if node.spelling != part:
            raise refusal(name, f"differs only in casing or Unicode form from another one, {shown(node.spelling)}")
        if listed and node.listed and node.directory == directory:
            raise refusal(name, "is in the archive more than once")
        node.listed = node.listed or listed
        return node
