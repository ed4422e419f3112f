"""Native syntax: from the text of a file to its blocks."""

from collections.abc import Collection, Iterator

from lark import Tree

from terrareg_adapters.terraform.hcl.constants import Evaluator, decode_escapes, plain_content
from terrareg_adapters.terraform.hcl.lines import Lines
from terrareg_adapters.terraform.hcl.repairs import Scanned, SourceFlaw, scan
from terrareg_adapters.terraform.hcl.salvage import parse_around
from terrareg_adapters.terraform.hcl.trees import Node, collector_paused, start_of, text_of
from terrareg_core.modules.syntax import Attribute, Block, Constant, ParsedFile, Unreadable


class NativeReader:
    """Reads one text; `limit` is the depth of constants and of blocks inside blocks."""

    def __init__(self, source: str, limit: int) -> None:
        self._source = source
        self._limit = limit
        self._lines = Lines(source)

    def read(self) -> ParsedFile:
        """The blocks of the text. Raises SourceFlaw."""
        with collector_paused():
            blocks, warnings = self._blocks_and_warnings()
        warnings |= {line: text for block in blocks for line, text in _default_warnings(block)}
        return ParsedFile(blocks=blocks, header=self._lines.header(), warnings=list(warnings.values()))

    def _blocks_and_warnings(self) -> tuple[list[Block], dict[int, str]]:
        """The blocks, and by line what could not be read; tree and tokens are gone, and nobody collects them."""
        scanned = scan(self._source)
        readable = parse_around(self._source, scanned)
        builder = _Builder(self._source, scanned, self._lines, self._limit, readable.unreadable)
        return builder.top(readable.body), builder.warnings


def _default_warnings(block: Block) -> Iterator[tuple[int, str]]:
    default = block.attributes.get("default")
    if block.type == "variable" and default is not None and isinstance(default.value, Unreadable):
        text = f"the default of variable {' '.join(block.labels)} on line {default.line} can't be worked out here"
        yield default.line, f"{text} and is shown as null"


class _Builder:
    """Turns the nodes of one parse tree into blocks."""

    def __init__(self, source: str, scanned: Scanned, lines: Lines, limit: int, unreadable: Collection[int]) -> None:
        self._source = source
        self._lines = lines
        self._limit = limit
        self._evaluator = Evaluator(source, scanned, limit)
        self._unreadable = unreadable
        self.warnings: dict[int, str] = {}
        """What could not be read, by line."""

    def top(self, body: Node) -> list[Block]:
        """The blocks of a file; attributes outside of blocks mean nothing (8.1). Takes the body apart."""
        nodes = [child for child in reversed(_trees(body)) if child.data == "block"]
        body.children.clear()
        blocks = []
        while nodes:
            # What a block was read from goes at once, which takes less time and memory than all of it later.
            blocks.append(self.block(nodes.pop(), 0))
        return blocks

    def block(self, node: Node, depth: int) -> Block:
        """A block with everything in it."""
        if depth > self._limit:
            raise SourceFlaw(start_of(node), f"blocks are nested deeper than {self._limit} levels")
        *header, body = [child for child in _trees(node) if child.data != "new_line_or_comment"]
        attributes: dict[str, Attribute] = {}
        blocks = []
        for child in _trees(body):
            if child.data == "attribute":
                attribute = self.attribute(child)
                if attribute.name in attributes:
                    earlier = attributes[attribute.name].line
                    raise SourceFlaw(start_of(child), f"{attribute.name} was set on line {earlier} already")
                attributes[attribute.name] = attribute
            elif child.data == "block":
                blocks.append(self.block(child, depth + 1))
        line = self._lines.number(start_of(node))
        return Block(
            type=self._text(header[0]),
            labels=tuple(self._label(label) for label in header[1:]),
            line=line,
            comment=self._lines.comment_above(line),
            attributes=attributes,
            blocks=blocks,
        )

    def attribute(self, node: Node) -> Attribute:
        """`name = expression`."""
        identifier, *_, expression = _trees(node)
        name, line = self._text(identifier), self._lines.number(start_of(identifier))
        source = self._text(expression)
        text = source.replace("\r\n", "\n")
        if start_of(expression) in self._unreadable:
            self.warnings[line] = f"the expression of {name} on line {line} could not be read"
            return Attribute(name, line, text, Unreadable())
        plain = plain_content(source)
        if plain is not None:
            return Attribute(name, line, text, Constant(plain), is_string=True, string_text=plain)
        string_text = self._evaluator.string_text(expression)
        value, entries = self._evaluator.value_and_entries(expression)
        return Attribute(name, line, text, value, string_text is not None, string_text, entries)

    def _label(self, node: Node) -> str:
        text = self._text(node)
        plain = text if node.data != "string" else plain_content(text)
        if plain is not None:
            return plain
        if any(isinstance(part, Tree) for string_part in _trees(node) for part in string_part.children):
            raise SourceFlaw(start_of(node), "a label can't hold an interpolation")
        return decode_escapes(text[1:-1])

    def _text(self, node: Node) -> str:
        return text_of(node, self._source)


def _trees(node: Node) -> list[Node]:
    return [child for child in node.children if isinstance(child, Tree)]
