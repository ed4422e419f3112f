"""The values of expressions that refer to nothing and call nothing (chapter 03, 8.6), worked out on the parse tree."""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, DecimalException
from typing import TypeAlias

import attrs
from lark import Token, Tree

from terrareg_adapters.terraform.hcl.numbers import TOO_LARGE, context, json_number, number_text, read_number
from terrareg_adapters.terraform.hcl.repairs import Heredoc, Scanned, SourceFlaw, scan
from terrareg_adapters.terraform.hcl.texts import composed
from terrareg_adapters.terraform.hcl.trees import Node, parse_expression, parts_of, start_of, subtrees_of, text_of
from terrareg_core.json_values import JsonValue
from terrareg_core.modules.syntax import Constant, NotConstant, Unreadable, Value

_Operand: TypeAlias = "bool | str | Decimal | list[_Operand] | dict[str, _Operand] | None"

_ESCAPE = re.compile(r'\\(?:([nrt"\\])|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))|([$%])[$%]\{')
_PLAIN_STRING = re.compile(r'"[^"\\$%\x80-\U0010ffff]*"')
_TEMPLATE_ESCAPE = re.compile(r"\$\$\{|%%\{")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_DIRECTIVE = re.compile(r"%\{~?\s*(?:if\b|for\b.*?\bin\b)(?P<expression>.*?)~?\}", re.DOTALL)
_POSTFIX = frozenset({"get_attr_expr_term", "index_expr_term", "attr_splat_expr_term", "full_splat_expr_term"})


class _NoConstant(Exception):
    """The expression has no value of its own; the argument is a reason as in NotConstant."""


class _NoReading(Exception):
    """The expression has a value that isn't worked out here (Unreadable)."""


@attrs.frozen
class _Template:
    """An interpolation or directive in a string or heredoc."""

    start: int
    end: int
    node: Node | None
    """The expression of an interpolation in a quoted string; None in heredocs, whose body the parser doesn't read."""


class Evaluator:
    """Reads the expressions of one source text.

    `limit` is how deep lists, objects, parentheses and operations may nest before an expression counts as no constant.
    """

    def __init__(self, source: str, scanned: Scanned, limit: int, *, snippets: int = 4) -> None:
        self._snippets = snippets
        """How deep expressions in heredocs in expressions in … are followed: each level reads its text anew."""
        self._source = source
        self._heredocs: Mapping[int, Heredoc] = scanned.heredocs
        self._limit = limit
        self._context = context()

    def value(self, node: Node) -> Value:
        """The value of an expression, or why it has none. Never raises."""
        return self._guarded(node, 0)

    def value_and_entries(self, node: Node) -> tuple[Value, Mapping[str, Value] | None]:
        """`value`, and that of each entry of an object that is written out; None for every other expression."""
        written = _only_child(node)
        if written is None or written.data != "object":
            return self.value(node), None
        entries: dict[str, Value] = {}
        elements = _elements(written)
        for element in elements:
            try:
                key = self._key(element, 1)
            except (_NoConstant, _NoReading):
                continue
            entries[key] = self._guarded(_expression_of(element), 1)
        constants = {key: entry.value for key, entry in sorted(entries.items()) if isinstance(entry, Constant)}
        # Where each element has its own entry, and that a value, the object's value needs no second walk.
        return Constant(constants) if len(constants) == len(elements) else self.value(node), entries

    def string_text(self, node: Node) -> str | None:
        """The content of an expression that is one string, interpolations as they are written; None for others."""
        written = _only_child(node)
        if written is None or written.data != "string":
            return None
        pieces = self._pieces(written)
        return "".join(piece if isinstance(piece, str) else self._source[piece.start : piece.end] for piece in pieces)

    def _guarded(self, node: Node, depth: int) -> Value:
        try:
            return Constant(_json(self._value(node, depth)))
        except _NoConstant as reason:
            return NotConstant(str(reason))
        except _NoReading:
            return Unreadable()
        except OverflowError:
            return NotConstant(TOO_LARGE)
        except RecursionError:
            return NotConstant(self._too_deep())

    def _too_deep(self) -> str:
        return f"is nested deeper than {self._limit} levels"

    # --- expressions -----------------------------------------------------------------------------------------------

    def _value(self, node: Node, depth: int) -> _Operand:
        if depth > self._limit:
            raise _NoConstant(self._too_deep())
        while node.data == "expr_term" and len(node.children) == 1:
            node = _tree(node.children[0])
        handler = self._HANDLERS.get(node.data)
        if handler is None:
            raise _NoReading
        return handler(self, node, depth)

    def _term(self, node: Node, depth: int) -> _Operand:
        parts = parts_of(node)
        if isinstance(parts[0], Token):
            return self._value(_tree(parts[1]), depth + 1)
        return self._value(_tree(parts[0]), depth)

    def _literal(self, node: Node, _depth: int) -> _Operand:
        return {"true": True, "false": False, "null": None}[self._text(node)]

    def _number(self, node: Node, _depth: int) -> _Operand:
        number = read_number(self._text(node))
        if number is None:
            raise _NoConstant(TOO_LARGE)
        return number

    def _reference(self, node: Node, _depth: int) -> _Operand:
        raise _NoConstant(f"refers to {self._shown(node)}")

    def _call(self, _node: Node, _depth: int) -> _Operand:
        raise _NoConstant("calls a function")

    def _tuple(self, node: Node, depth: int) -> _Operand:
        values: list[_Operand] = []
        for expression in _expressions(node):
            values.append(self._value(expression, depth + 1))
        return values

    def _object(self, node: Node, depth: int) -> _Operand:
        values: dict[str, _Operand] = {}
        for element in _elements(node):
            key = self._key(element, depth + 1)
            values[key] = self._value(_expression_of(element), depth + 1)
        return values

    def _key(self, element: Node, depth: int) -> str:
        key = _tree(_tree(element.children[0]).children[0])
        plain = key if key.data == "keyword" else _only_child(key)
        if plain is not None and plain.data in ("keyword", "identifier", "literal_value"):
            return composed(self._text(key))
        return _as_text(self._value(key, depth))

    def _postfix(self, node: Node, depth: int) -> _Operand:
        steps: list[Node] = []
        base = node
        while base.data in _POSTFIX:
            steps.append(_tree(base.children[1]))
            term = _tree(base.children[0])
            base = _only_child(term) or term
        if base.data == "identifier":
            raise _NoConstant(f"refers to {self._shown(node)}")
        value = self._value(base, depth + 1)
        for step in reversed(steps):
            value = self._step(value, step, depth)
        return value

    def _step(self, value: _Operand, step: Node, depth: int) -> _Operand:
        match step.data:
            case "get_attr":
                key: _Operand = self._text(_tree(step.children[1]))
            case "short_index":
                key = Decimal(str(step.children[1]))
            case "braces_index":
                key = self._value(_tree(parts_of(step)[1]), depth + 1)
            case _:
                raise _NoReading
        if isinstance(value, dict) and not isinstance(key, list | dict | None) and _as_text(key) in value:
            return value[_as_text(key)]
        if isinstance(value, list) and isinstance(key, Decimal) and key == int(key) and 0 <= key < len(value):
            return value[int(key)]
        raise _NoConstant("has an index that does not exist")

    def _comprehension(self, node: Node, _depth: int) -> _Operand:
        """`for` expressions are only told apart: nobody writes constants so, and nested ones grow beyond all bounds."""
        self._require_no_references(node)
        raise _NoReading

    def _require_no_references(self, node: Node) -> None:
        bound: set[str] = set()
        references: list[str] = []
        keys: set[int] = set()
        for tree in subtrees_of(node):
            kind = tree.data
            if kind == "expr_term":
                if _is(tree.children[0], "identifier") and start_of(tree) not in keys:
                    references.append(self._text(tree))
            elif kind == "function_call":
                raise _NoConstant("calls a function")
            elif kind in ("for_intro", "template_for_start"):
                bound |= {self._text(_tree(child)) for child in tree.children if _is(child, "identifier")}
            elif kind == "object_elem_key":
                keys.add(start_of(tree))
        for reference in references:
            if reference not in bound:
                raise _NoConstant(f"refers to {reference[:60]}")

    # --- operations ------------------------------------------------------------------------------------------------

    def _conditional(self, node: Node, depth: int) -> _Operand:
        condition, yes, no = _expressions(node)
        taken, other = (yes, no) if _as_bool(self._value(condition, depth + 1)) else (no, yes)
        value = self._value(taken, depth + 1)
        try:
            unused = self._value(other, depth + 1)
        except _NoConstant:
            # Of the branch that isn't taken Terraform minds nothing but its type, and this one has none.
            return value
        kinds = {_kind(each) for each in (value, unused) if each is not None}
        if len(kinds) > 1:
            if "string" not in kinds or not kinds <= {"string", "number", "bool"}:
                raise _NoConstant("chooses between values of different types")
            return value if value is None else _as_text(value)
        if kinds <= {"list", "object"} and None not in (value, unused) and _shape(value) != _shape(unused):
            # Terraform converts both to a common type, elements included.
            raise _NoReading
        return value

    def _unary(self, node: Node, depth: int) -> _Operand:
        operand = _tree(node.children[1])
        value = self._value(operand, depth + 1)
        # Of several operators in a row the parser saw one; see `repairs`.
        for operator in reversed(self._operators_before(start_of(node), start_of(operand))):
            value = -_as_number(value) if operator == "-" else not _as_bool(value)
        return value

    def _operators_before(self, start: int, end: int) -> list[str]:
        tokens = scan(f"{self._source[start:end]}\n").tokens
        text = self._source[start:end]
        return [text[token.start] for token in tokens if token.end <= len(text) and text[token.start] in "!-"]

    def _binary(self, node: Node, depth: int) -> _Operand:
        terms: list[Node] = []
        left = node
        while left.data == "binary_op":
            terms.append(_tree(left.children[1]))
            left = _tree(left.children[0])
        value = self._value(left, depth + 1)
        for term in reversed(terms):
            parts = parts_of(term)
            value = self._apply(self._text(_tree(parts[0])), value, self._value(_tree(parts[1]), depth + 1))
        return value

    def _apply(self, operator: str, left: _Operand, right: _Operand) -> _Operand:
        match operator:
            case "==" | "!=":
                if isinstance(left, list | dict) or isinstance(right, list | dict):
                    raise _NoReading
                return (_kind(left) == _kind(right) and left == right) == (operator == "==")
            case "&&":
                return _as_bool(left) and _as_bool(right)
            case "||":
                return _as_bool(left) or _as_bool(right)
        return self._calculate(operator, _as_number(left), _as_number(right))

    def _calculate(self, operator: str, left: Decimal, right: Decimal) -> _Operand:
        calculate = self._context
        try:
            match operator:
                case "<":
                    return left < right
                case ">":
                    return left > right
                case "<=":
                    return left <= right
                case ">=":
                    return left >= right
                case "+":
                    result = calculate.add(left, right)
                case "-":
                    result = calculate.subtract(left, right)
                case "*":
                    result = calculate.multiply(left, right)
                case "/":
                    result = calculate.divide(left, right)
                case _:
                    result = calculate.remainder(left, right)
        except DecimalException:
            raise _NoConstant("is a calculation without result") from None
        json_number(result)
        return result

    # --- strings ---------------------------------------------------------------------------------------------------

    def _string(self, node: Node, depth: int) -> _Operand:
        plain = plain_content(self._text(node))
        if plain is not None:
            return plain
        pieces = self._pieces(node)
        templates = [piece for piece in pieces if isinstance(piece, _Template)]
        if not templates:
            return "".join(piece for piece in pieces if isinstance(piece, str))
        if any(self._source.startswith("%{", template.start) for template in templates):
            self._check_directives(node, templates, depth)
            raise _NoReading
        values = [piece if isinstance(piece, str) else self._interpolated(piece, depth) for piece in pieces]
        if len(pieces) == 1:
            return values[0]
        return "".join(_as_text(value) for value in self._trimmed(pieces, values))

    def _interpolated(self, template: _Template, depth: int) -> _Operand:
        if template.node is not None:
            return self._value(template.node, depth + 1)
        return self._snippet(self._source[template.start + 2 : template.end - 1].strip("~"), depth)

    def _snippet(self, text: str, depth: int) -> _Operand:
        """The value of an expression inside a heredoc."""
        if not self._snippets:
            raise _NoReading
        source = f"x = ({text}\n)\n"
        try:
            scanned = scan(source)
            node = parse_expression(scanned)
        except SourceFlaw:
            raise _NoReading from None
        return Evaluator(source, scanned, self._limit, snippets=self._snippets - 1)._value(node, depth + 1)

    def _check_directives(self, node: Node, templates: Sequence[_Template], depth: int) -> None:
        if start_of(node) not in self._heredocs:
            self._require_no_references(node)
            return
        for template in templates:
            text = self._source[template.start : template.end]
            directive = _DIRECTIVE.fullmatch(text)
            if directive is not None:
                self._snippet(directive["expression"], depth)
            elif text.startswith("${"):
                self._interpolated(template, depth)

    def _trimmed(self, pieces: Sequence[str | _Template], values: Sequence[_Operand]) -> list[_Operand]:
        """The values of a template's pieces, literal text beside a `~` without the blanks there."""
        trimmed = list(values)
        for index, piece in enumerate(pieces):
            if isinstance(piece, str):
                continue
            for marker, beside in ((piece.start + 2, index - 1), (piece.end - 2, index + 1)):
                if self._source[marker] == "~" and 0 <= beside < len(pieces) and isinstance(pieces[beside], str):
                    text = str(trimmed[beside])
                    trimmed[beside] = text.rstrip() if beside < index else text.lstrip()
        return trimmed

    def _pieces(self, node: Node) -> list[str | _Template]:
        """Literal texts (escapes decoded, composed) and templates of a string, in order; no two texts adjoin."""
        heredoc = self._heredocs.get(start_of(node))
        if heredoc is not None:
            return self._heredoc_pieces(heredoc)
        literal_from = start_of(node) + 1
        pieces: list[str | _Template] = []
        for part in node.children[1:-1]:
            template = _tree(part).children[0]
            if isinstance(template, Tree):
                pieces.append(self._source[literal_from : start_of(template)])
                inner = _tree(template.children[1]) if template.data == "interpolation" else None
                literal_from = template.meta.end_pos
                pieces.append(_Template(start_of(template), literal_from, inner))
        pieces.append(self._source[literal_from : node.meta.end_pos - 1])
        return [composed(decode_escapes(piece)) if isinstance(piece, str) else piece for piece in pieces if piece != ""]

    def _heredoc_pieces(self, heredoc: Heredoc) -> list[str | _Template]:
        pieces: list[str | _Template] = []
        position = heredoc.body
        for start, end in heredoc.templates:
            pieces += [self._source[position:start], _Template(start, end, None)]
            position = end
        pieces.append(self._source[position : heredoc.closing])
        if heredoc.flush:
            pieces = _without_common_indentation(pieces)
        return [
            composed(_TEMPLATE_ESCAPE.sub(lambda match: match[0][1:], piece)) if isinstance(piece, str) else piece
            for piece in pieces
            if piece != ""
        ]

    # --- source ----------------------------------------------------------------------------------------------------

    def _text(self, node: Node) -> str:
        return text_of(node, self._source)

    def _shown(self, node: Node) -> str:
        return " ".join(self._text(node)[:60].split())

    _HANDLERS: Mapping[str, Callable[["Evaluator", Node, int], _Operand]] = {
        "expr_term": _term,
        "literal_value": _literal,
        "int_lit": _number,
        "float_lit": _number,
        "string": _string,
        "tuple": _tuple,
        "object": _object,
        "identifier": _reference,
        "function_call": _call,
        "conditional": _conditional,
        "unary_op": _unary,
        "binary_op": _binary,
        "for_tuple_expr": _comprehension,
        "for_object_expr": _comprehension,
        **dict.fromkeys(_POSTFIX, _postfix),
    }


def plain_content(text: str) -> str | None:
    """What stands between the quotes of an expression that is one string of ASCII without escapes; None for others."""
    return text[1:-1] if _PLAIN_STRING.fullmatch(text) else None


def decode_escapes(text: str) -> str:
    """The literal text between the quotes of a string, without templates, as what it stands for (8.6)."""
    return _ESCAPE.sub(_decoded, text) if "\\" in text or "{" in text else text


def _decoded(match: re.Match[str]) -> str:
    letter, short, long, marker = match.groups()
    if letter:
        return _LETTERS[letter]
    return f"{marker}{{" if marker else chr(int(short or long, 16))


def _without_common_indentation(pieces: Sequence[str | _Template]) -> list[str | _Template]:
    """What `<<-` does: the indentation of the least indented line goes everywhere; blank lines don't count and stay."""
    lines: list[str | _Template] = []
    indented: dict[int, int] = {}
    starts_line = True
    for piece in pieces:
        for line in _LINE.findall(piece) if isinstance(piece, str) else [piece]:
            text = line if isinstance(line, str) else ""
            blank = text.endswith("\n") and not text.strip()
            if starts_line and not blank:
                indented[len(lines)] = len(text) - len(text.lstrip())
            starts_line = text.endswith("\n")
            lines.append(line)
    common = min(indented.values(), default=0)
    for index in indented:
        line = lines[index]
        if isinstance(line, str):
            lines[index] = line[common:]
    return _joined(lines)


def _joined(lines: Sequence[str | _Template]) -> list[str | _Template]:
    joined: list[str | _Template] = []
    for line in lines:
        if joined and isinstance(line, str) and isinstance(joined[-1], str):
            joined[-1] += line
        else:
            joined.append(line)
    return joined


def _only_child(node: Node) -> Node | None:
    """What an expression consists of, if it is no operation and has no parentheses."""
    child = node.children[0] if node.data == "expr_term" else None
    return child if isinstance(child, Tree) else None


def _tree(node: Node | Token) -> Node:
    assert isinstance(node, Tree)
    return node


def _is(node: Node | Token, data: str) -> bool:
    return isinstance(node, Tree) and node.data == data


def _expressions(node: Node) -> list[Node]:
    return [child for child in node.children if isinstance(child, Tree) and child.data != "new_line_or_comment"]


def _elements(node: Node) -> list[Node]:
    return [child for child in node.children if isinstance(child, Tree) and child.data == "object_elem"]


def _expression_of(element: Node) -> Node:
    return _tree(element.children[-1])


def _kind(value: _Operand) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case str():
            return "string"
        case Decimal():
            return "number"
        case list():
            return "list"
    return "object"


def _shape(value: _Operand) -> object:
    """What two values have in common exactly if they are of one type."""
    if isinstance(value, list):
        return [_shape(element) for element in value]
    if isinstance(value, dict):
        return {key: _shape(member) for key, member in value.items()}
    return _kind(value)


def _as_text(value: _Operand) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case Decimal():
            return number_text(value)
    raise _NoConstant(f"has a {_kind(value)} where a string belongs")


def _as_number(value: _Operand) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", value):
        number = read_number(value)
        if number is not None:
            return number
    raise _NoConstant(f"has a {_kind(value)} where a number belongs")


def _as_bool(value: _Operand) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "1", "false", "0"):
        return value in ("true", "1")
    raise _NoConstant(f"has a {_kind(value)} where true or false belongs")


def _json(value: _Operand) -> JsonValue:
    if isinstance(value, Decimal):
        return json_number(value)
    if isinstance(value, list):
        return [_json(element) for element in value]
    if isinstance(value, dict):
        return {key: _json(value[key]) for key in sorted(value)}
    return value
