"""Parses a whole file, around the expressions that Terraform may accept and the parser does not know (8.10.1)."""

from collections.abc import Iterator, Sequence

import attrs

from terrareg_adapters.terraform.hcl.grammar import is_expression
from terrareg_adapters.terraform.hcl.repairs import Scanned, SourceFlaw
from terrareg_adapters.terraform.hcl.tokens import Kind, Token
from terrareg_adapters.terraform.hcl.trees import Node, parse

_DEEPEST = 4
"""Levels of blocks in blocks through which an unknown expression is looked for; each costs a parse of its text."""


@attrs.frozen
class Readable:
    """A parse tree, and where in it expressions stand that only look like names."""

    body: Node
    unreadable: frozenset[int]
    """The start of each expression that the parser did not know."""


def parse_around(source: str, scanned: Scanned) -> Readable:
    """The tree of a scanned source. Raises SourceFlaw for text that is no expression by any grammar known here.

    Only when the whole doesn't parse are its blocks, and then their attributes, tried one by one; expressions that fail
    are covered by names of the same length, and the whole is parsed once more.
    """
    try:
        return Readable(parse(scanned.parseable), frozenset())
    except SourceFlaw:
        unknown = list(_unknown(source, scanned.parseable, scanned.tokens, 0))
    text = scanned.parseable
    pieces = []
    position = 0
    for start, end in unknown:
        pieces += [text[position:start], "a" * (end - start)]
        position = end
    return Readable(parse("".join([*pieces, text[position:]])), frozenset(start for start, _ in unknown))


def _unknown(source: str, parseable: str, tokens: Sequence[Token], depth: int) -> Iterator[tuple[int, int]]:
    """Start and end of each expression, in the body that `tokens` form, that the parser doesn't know."""
    for item in _items(source, tokens):
        start, end = item[0].start, item[-1].end
        try:
            parse(parseable[start:end])
        except SourceFlaw as error:
            flaw = _placed(error, start, end)
            body = _body_of_block(source, item)
            if _is_attribute(source, item):
                if not is_expression(source, item[2:]):
                    raise flaw from None
                yield item[2].start, end
            elif body is not None and depth < _DEEPEST:
                yield from _unknown(source, parseable, body, depth + 1)
            else:
                raise flaw from None


def _placed(flaw: SourceFlaw, start: int, end: int) -> SourceFlaw:
    """A flaw found in the text from `start` to `end`, as one of the whole source."""
    if start + flaw.position < end:
        return SourceFlaw(start + flaw.position, flaw.reason)
    return SourceFlaw(end - 1, "more is expected before the line ends")


def _items(source: str, tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """The attributes and blocks of a body: what stands between line ends outside of brackets.

    An opening brace on a line of its own belongs to the header before it (8.10.3).
    """
    first, depth = 0, 0
    for index, token in enumerate(tokens):
        if token.kind is Kind.OPEN:
            depth += 1
        elif token.kind is Kind.CLOSE:
            depth -= 1
        elif token.kind is Kind.NEWLINE and depth == 0:
            following = tokens[index + 1] if index + 1 < len(tokens) else None
            if following is not None and source[following.start] == "{":
                continue
            if first < index:
                yield tokens[first:index]
            first = index + 1
    if first < len(tokens):
        yield tokens[first:]


def _is_attribute(source: str, item: Sequence[Token]) -> bool:
    return len(item) > 2 and item[0].kind is Kind.NAME and source[item[1].start : item[1].end] == "="


def _body_of_block(source: str, item: Sequence[Token]) -> Sequence[Token] | None:
    """The tokens between the braces of a block; None for anything else."""
    if item[0].kind is not Kind.NAME or source[item[-1].start] != "}":
        return None
    opening = next((index for index, token in enumerate(item) if source[token.start] == "{"), None)
    return None if opening is None else item[opening + 1 : -1]
