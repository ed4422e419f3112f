"""What a source reader delivers: the top-level blocks of one Terraform file, as values the core can merge.

A reader turns text into these values and nothing more; which file wins, what a variable or a resource is, and what a
document says of it are decided by `analysis`.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import attrs

from terrareg_core.json_values import JsonValue


@attrs.frozen
class SourceBounds:
    """How much source text may be read (chapter 03, 8.10.10)."""

    file_bytes: int = 2 << 20
    """Of one file."""
    source_bytes: int = 16 << 20
    """Of all source files of one module version together."""
    files: int = 5_000
    """Source files of one module version."""
    default_depth: int = 200
    """Levels of lists and objects in a constant, and levels of blocks inside blocks."""


@attrs.frozen
class Constant:
    """The value of an expression that refers to nothing and calls nothing (chapter 03, 8.6).

    Objects hold their keys in byte order; numbers are finite.
    """

    value: JsonValue


@attrs.frozen
class NotConstant:
    """Why an expression has no value of its own, as the end of a sentence that starts with the expression.

    For instance "refers to var.region", "calls a function", "is nested deeper than 200 levels".
    """

    reason: str


@attrs.frozen
class Unreadable:
    """An expression that Terraform may well accept, but whose value can't be worked out here (chapter 03, 8.10.1).

    The file's warnings name it.
    """


Value: TypeAlias = Constant | NotConstant | Unreadable


@attrs.frozen
class Attribute:
    """`name = expression` inside a block."""

    name: str
    line: int
    """Of the attribute's name, from 1."""
    text: str
    """The expression's source to the letter, inner comments and line breaks (as `\\n`) included, nothing behind it."""
    value: Value
    is_string: bool = False
    """Whether the expression is one quoted string or heredoc (with or without interpolations)."""
    string_text: str | None = None
    """For such a string: its content with escapes decoded and interpolations kept as raw text (`x ${var.b}`)."""
    entries: Mapping[str, Value] | None = None
    """For an object written out as `{ key = … }`: the value of each entry whose key is a constant, in source order."""


@attrs.frozen
class Block:
    """A block: its type, its labels, and its body."""

    type: str
    labels: tuple[str, ...]
    line: int
    """Of the block's first line, from 1."""
    comment: str
    """The leading comment (chapter 03, 8.7), lines joined by one space; `""` without one."""
    attributes: Mapping[str, Attribute]
    """In source order; a name occurs once (a duplicate is a syntax error)."""
    blocks: Sequence["Block"] = ()
    """Nested blocks, in source order."""


@attrs.frozen
class ParsedFile:
    """One `.tf`, `.tofu` or `.tf.json` file, or a lock file."""

    blocks: Sequence[Block]
    header: str = ""
    """The block comment that starts on the first line (chapter 03, 8.7); used for `main.tf` only."""
    warnings: Sequence[str] = ()
    """What could not be read although Terraform accepts it, a sentence each (chapter 03, 8.10.1)."""
