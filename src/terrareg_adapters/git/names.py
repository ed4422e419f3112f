"""Which names a git tree may give to files and folders."""

import re
import unicodedata

import attrs

from terrareg_core.errors import InvalidRepository

COMPONENT_BYTES = 255
PATH_BYTES = 1024
DEPTH = 100
"""Folders inside one another; each level costs an open file while a tree is removed."""

_CONTROL_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
# Overrides of the writing direction make a name show as another one.
_DIRECTION_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_DRIVE = re.compile(r"[A-Za-z]:")
_GIT = re.compile(r"\.git|git~[0-9]+")


def shown(name: str) -> str:
    """`name` in quotes as a sentence may carry it: cut to 100 characters, nothing unprintable."""
    plain = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in name[:200])
    return f'"{plain}"' if len(plain) <= 100 else f'"{plain[:99]}…"'


def refusal(name: str, reason: str) -> InvalidRepository:
    """The error for one entry of a tree; `reason` continues the sentence 'The repository's entry "x" …'."""
    return InvalidRepository(f"The repository's entry {shown(name)} {reason}")


def _folded(name: str) -> str:
    """What is equal for all spellings that some file system takes for one name."""
    visible = "".join(char for char in name if unicodedata.category(char) != "Cf")
    normal = unicodedata.normalize("NFKC", visible).casefold()
    return unicodedata.normalize("NFKC", normal).rstrip(" .")


@attrs.define
class FolderNames:
    """The names in one folder of a tree, each checked as it is added."""

    folder: str
    """The folder's path; `""` for the root."""
    _spellings: dict[str, str] = attrs.field(factory=dict, init=False)

    def add(self, name: bytes) -> str:
        """The path of the entry `name` of this folder.

        Raises InvalidRepository for what chapter 03, 4.3 refuses in archives, which a git tree may hold as well: names
        that are empty, too long, not UTF-8, `.` or `..` or `.git` however they are spelt, with slashes, backslashes,
        NUL or control characters, and names that differ from another one only in casing or Unicode form.
        """
        try:
            text = name.decode()
        except UnicodeDecodeError:
            raise refusal(name.decode(errors="backslashreplace"), "has a name that is not UTF-8") from None
        path = f"{self.folder}/{text}" if self.folder else text
        if len(name) > COMPONENT_BYTES or len(path.encode()) > PATH_BYTES:
            raise refusal(path, f"has a name of more than {COMPONENT_BYTES} bytes, or {PATH_BYTES:,} with its folders")
        if any(unicodedata.category(char) in _CONTROL_CATEGORIES or char in _DIRECTION_OVERRIDES for char in text):
            raise refusal(path, "has a control character in its name")
        if "/" in text or "\\" in text:
            raise refusal(path, "has a slash or backslash in its name")
        folded = _folded(text)
        if not folded or "/" in folded or "\\" in folded or (not self.folder and _DRIVE.match(text)):
            raise refusal(path, "has a name that some systems read as a path of its own")
        if _GIT.fullmatch(folded):
            raise refusal(path, "has the name of git's own folder")
        if folded in self._spellings:
            other = self._spellings[folded]
            if other == text:
                raise refusal(path, "is in its folder more than once")
            raise refusal(path, f"differs only in casing or Unicode form from another one, {shown(other)}")
        self._spellings[folded] = text
        if path.count("/") >= DEPTH:
            raise refusal(path, f"lies more than {DEPTH} folders deep")
        return path
