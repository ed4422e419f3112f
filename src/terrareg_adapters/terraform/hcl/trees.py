"""The parse tree of a source file, and the few questions asked of its nodes."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias, cast

import hcl2
from lark import Token, Tree
from lark.exceptions import LarkError, UnexpectedInput

from terrareg_adapters.terraform.hcl.repairs import Scanned, SourceFlaw

Node: TypeAlias = Tree[Token]

_OPERATIONS = frozenset({"binary_op", "binary_term", "conditional"})
"""What the parser counts line ends in with."""


class _CollectorPause:
    """Holds the cyclic garbage collector off while any thread has a parse tree.

    The parser makes millions of small objects that live until the tree is dropped; collections in between are half
    of the time of a large file and free nothing. The collector belongs to the process, so parses in several threads are
    counted, and the last one out turns it on again (if it was on before).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._parsing = 0
        self._was_enabled = False

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            if self._parsing == 0:
                self._was_enabled = gc.isenabled()
                gc.disable()
            self._parsing += 1
        try:
            yield
        finally:
            with self._lock:
                self._parsing -= 1
                if self._parsing == 0 and self._was_enabled:
                    gc.enable()


collector_paused = _CollectorPause()


def parse(text: str) -> Node:
    """The `body` node of a text that `repairs.scan` made parseable. Raises SourceFlaw, in words of its own."""
    try:
        start = hcl2.parses_to_tree(text)
    except UnexpectedInput as error:
        # The parser's own message recites the rest of the file.
        # None where the text ended too early.
        position: int | None = error.pos_in_stream
        raise SourceFlaw(*_unexpected(text, len(text) if position is None else position)) from None
    except (LarkError, RecursionError, MemoryError):
        raise SourceFlaw(0, "the file is too large or too deep to be read") from None
    return cast("Node", start.children[0])


def _unexpected(text: str, position: int) -> tuple[int, str]:
    rest = text[position : position + 200].lstrip(" \t\r")
    if not rest:
        return len(text.rstrip()), "the file ends where more is expected"
    if rest.startswith("\n"):
        return position, "the line ends where more is expected"
    shown = rest.split(maxsplit=1)[0][:30]
    return position, f"unexpected {shown if shown.isprintable() else 'character'}"


def text_of(node: Node, source: str) -> str:
    """The source text of a node, without line ends behind it."""
    meta = node.meta
    return source[meta.start_pos : end_of(node) if node.data in _OPERATIONS else meta.end_pos]


def start_of(node: Node | Token) -> int:
    """Index of the first character of a node in the source."""
    return node.meta.start_pos if isinstance(node, Tree) else node.start_pos or 0


def end_of(node: Node | Token) -> int:
    """Index behind the last character of a node, without the line ends that the parser counts in with operations."""
    while isinstance(node, Tree):
        if node.data not in _OPERATIONS:
            return node.meta.end_pos
        node = next(child for child in reversed(node.children) if not is_line_end(child))
    return node.end_pos or 0


def is_line_end(node: Node | Token) -> bool:
    """Whether a node is nothing but line ends."""
    return isinstance(node, Tree) and node.data == "new_line_or_comment"


def parts_of(node: Node) -> list[Node | Token]:
    """The children of a node that are not line ends."""
    return [child for child in node.children if isinstance(child, Token) or child.data != "new_line_or_comment"]


def subtrees_of(node: Node) -> Iterator[Node]:
    """The node and everything below it, in source order, however deep."""
    waiting: list[Node] = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting += [child for child in reversed(current.children) if isinstance(child, Tree)]


def parse_expression(scanned: Scanned) -> Node:
    """The expression of a text of the form `name = expression`. Raises SourceFlaw."""
    body = parse(scanned.parseable)
    attribute = next((child for child in body.children if isinstance(child, Tree) and child.data == "attribute"), None)
    if attribute is None:
        raise SourceFlaw(0, "an expression is expected")
    return cast("Node", attribute.children[-1])
