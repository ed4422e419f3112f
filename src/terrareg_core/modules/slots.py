"""Texts whose lines that name a module by a relative path give way to a registry's name for it (chapter 03, 13.3)."""

import re
from collections.abc import Callable
from typing import Final, TypeAlias

import attrs

_SOURCE_LINE: Final = re.compile(
    r"""^(?P<indent>[ \t]*+)source(?P<spacing>[ \t]++)=[ \t]++"(?P<source>\.[^"\n]*+)"
        (?:[ \t]*+|(?P<comment>[ \t]*+(?:(?:\#|//)[^\n]*+|/\*(?:[^*\n]|\*(?!/))*+\*/[ \t]*+)))(?=\n)""",
    re.MULTILINE | re.VERBOSE,
)


@attrs.frozen
class SourceSlot:
    """The place of a line `source = "…"` whose source is a path inside the module."""

    path: str
    """Below the module root, as it stands inside the quotes of an HCL string; `""` for the root itself."""
    indent: str
    """Spaces and tabs before `source`."""
    spacing: str
    """Spaces and tabs, at least one, between `source` and the equals sign."""
    comment: str = ""
    """What follows the string: blanks and a comment, or nothing."""


SlottedText: TypeAlias = tuple[str | SourceSlot, ...]
"""A text cut at its slots; the line break that ends a slot's line is in the text behind it."""


def cut_sources(text: str, directory: str) -> SlottedText:
    """`text`, a README or a source file of the module's `directory`, cut at the lines that 13.3 rewrites.

    `text` has `\\n` line ends. A line counts when it ends in a line break and holds `source = "…"` and perhaps a
    comment, the string beginning with a dot. Paths that lead above the module root end there.
    """
    pieces: list[str | SourceSlot] = []
    end = 0
    start = string_content(directory)
    for match in _SOURCE_LINE.finditer(text):
        if match.start() > end:
            pieces.append(text[end : match.start()])
        path = _clamped(start, match["source"])
        pieces.append(SourceSlot(path, match["indent"], match["spacing"], match["comment"] or ""))
        end = match.end()
    if end < len(text):
        pieces.append(text[end:])
    return tuple(pieces)


def fill(slotted: SlottedText, snippet: Callable[[SourceSlot], str]) -> str:
    """The text with what `snippet` makes of each slot in its place: one line or several, without a final line break."""
    return "".join(piece if isinstance(piece, str) else snippet(piece) for piece in slotted)


def string_content(text: str) -> str:
    """`text` as it is written between the quotes of an HCL string, so that nothing in it ends or changes the string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return escaped.replace("${", "$${").replace("%{", "%%{")


def _clamped(directory: str, source: str) -> str:
    """The normalised path of `source` in `directory`; `..` at the root stays there."""
    parts: list[str] = []
    for part in (*directory.split("/"), *source.split("/")):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
