"""JSON syntax (`.tf.json`): the same blocks, as nested objects (chapter 03, 8.8 and 8.10.6)."""

import re
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import attrs

from terrareg_adapters.terraform.hcl.lines import Lines, replace_surrogates
from terrareg_adapters.terraform.hcl.numbers import TOO_LARGE, json_number, read_number
from terrareg_adapters.terraform.hcl.repairs import SourceFlaw
from terrareg_adapters.terraform.hcl.texts import composed
from terrareg_core.json_values import JsonValue
from terrareg_core.modules.syntax import Attribute, Block, Constant, NotConstant, ParsedFile, Value

_TOKEN = re.compile(
    r"""
    [ \t\r\n]*
    (?: (?P<string>"(?P<content>[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*)")
      | (?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![\w.+-])
      | (?P<word>true|false|null)(?!\w)
      | (?P<mark>[{}\[\],:])
    )
    """,
    re.VERBOSE,
)
_BLANK = re.compile(r"[ \t\r\n]*")
_ESCAPE = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})|\\(.)")
_LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS = {"true": True, "false": False, "null": None}
_COMMENT = "//"

_LABELS = {"terraform": 0, "variable": 1, "output": 1, "provider": 1, "module": 1, "resource": 2, "data": 2}
"""The block types that a document is made of, and how many labels each has; no JSON tells by itself."""


@attrs.define(eq=False)
class _Scalar:
    start: int
    end: int
    value: Value


@attrs.define(eq=False)
class _List:
    start: int
    end: int = 0
    elements: list["_Json"] = attrs.field(factory=list)


@attrs.define(eq=False)
class _Object:
    start: int
    end: int = 0
    members: list[tuple[int, str, "_Json"]] = attrs.field(factory=list)
    """Position of the key, the key, and the value; keys may repeat."""


_Json: TypeAlias = _Scalar | _List | _Object


class JsonReader:
    """Reads one text; `limit` is the depth of constants."""

    def __init__(self, source: str, limit: int) -> None:
        self._source = source
        self._limit = limit
        self._lines = Lines(source)

    def read(self) -> ParsedFile:
        """The blocks of the text; an empty one has none. Raises SourceFlaw."""
        if not self._source.strip(" \t\r\n"):
            return ParsedFile(blocks=())
        root = _parse(self._source)
        return ParsedFile(
            blocks=[
                block
                for body in _objects(root, "the file")
                for position, name, value in body.members
                if name in _LABELS
                for block in self._blocks(name, (), position, value)
            ]
        )

    def _blocks(self, kind: str, labels: tuple[str, ...], position: int, value: _Json) -> Iterator[Block]:
        if len(labels) == _LABELS[kind]:
            for body in _objects(value, f"the body of {kind}", null_is_none=True):
                yield self._block(kind, labels, position, body)
            return
        for level in _objects(value, f"what {kind} holds"):
            for at, label, inner in level.members:
                # Terraform knows comments in bodies only; one beside the labels can't be mistaken for a block.
                if label != _COMMENT or isinstance(inner, _Object | _List):
                    yield from self._blocks(kind, (*labels, label), at, inner)

    def _block(self, kind: str, labels: tuple[str, ...], position: int, body: _Object) -> Block:
        attributes: dict[str, Attribute] = {}
        blocks: list[Block] = []
        for at, name, value in body.members:
            if name == _COMMENT:
                continue
            if kind == "terraform" and name == "required_providers":
                blocks += [self._block(name, (), at, inner) for inner in _objects(value, name)]
                continue
            if name in attributes:
                raise SourceFlaw(at, f"{name} was set on line {attributes[name].line} already")
            attributes[name] = self._attribute(at, name, value)
        line = self._lines.number(position)
        return Block(type=kind, labels=labels, line=line, comment="", attributes=attributes, blocks=blocks)

    def _attribute(self, position: int, name: str, value: _Json) -> Attribute:
        constant = self._value(value)
        text = constant.value if isinstance(constant, Constant) and isinstance(constant.value, str) else None
        return Attribute(
            name=name,
            line=self._lines.number(position),
            text=self._source[value.start : value.end].replace("\r\n", "\n"),
            value=constant,
            is_string=text is not None,
            string_text=text,
            entries=(
                {key: self._value(inner) for _, key, inner in value.members} if isinstance(value, _Object) else None
            ),
        )

    def _value(self, value: _Json) -> Value:
        try:
            return Constant(self._constant(value, 0))
        except _NoConstant as reason:
            return NotConstant(str(reason))

    def _constant(self, value: _Json, depth: int) -> JsonValue:
        if depth > self._limit:
            raise _NoConstant(f"is nested deeper than {self._limit} levels")
        if isinstance(value, _Scalar):
            if isinstance(value.value, Constant):
                scalar = value.value.value
                return composed(scalar) if isinstance(scalar, str) else scalar
            raise _NoConstant(TOO_LARGE)
        if isinstance(value, _List):
            return [self._constant(element, depth + 1) for element in value.elements]
        members: dict[str, JsonValue] = {}
        for position, key, inner in value.members:
            if key in members:
                raise SourceFlaw(position, f"the key {key[:60]} occurs twice")
            members[key] = self._constant(inner, depth + 1)
        named = {composed(key): member for key, member in members.items()}
        return {key: named[key] for key in sorted(named)}


class _NoConstant(Exception):
    """A value that can't be written down; the argument is a reason as in NotConstant."""


def _objects(value: _Json, what: str, *, null_is_none: bool = False) -> list[_Object]:
    """An object, or the objects of an array: each level may be either (8.10.6)."""
    candidates: Sequence[_Json] = value.elements if isinstance(value, _List) else [value]
    if null_is_none:
        candidates = [each for each in candidates if not _is_null(each)]
    objects = [each for each in candidates if isinstance(each, _Object)]
    if len(objects) < len(candidates):
        raise SourceFlaw(value.start, f"{what} has to be an object or an array of objects")
    return objects


def _is_null(value: _Json) -> bool:
    return isinstance(value, _Scalar) and value.value == Constant(None)


# --- text to values ----------------------------------------------------------------------------------------------


def _parse(source: str) -> _Json:
    """The value that a text holds, with positions; however deep, without recursion. Raises SourceFlaw."""
    return _Parser(source).parse()


class _Parser:
    """A strict reader of JSON (RFC 8259) that keeps positions and repeated keys."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._position = 0

    def parse(self) -> _Json:
        open_values: list[_List | _Object] = []
        keys: list[tuple[int, str]] = []
        while True:
            value, opened = self._value()
            if opened:
                assert isinstance(value, _List | _Object)
                open_values.append(value)
                if not self._closes_at_once(value):
                    keys.append(self._key() if isinstance(value, _Object) else (0, ""))
                    continue
                open_values.pop()
            while open_values:
                holder = open_values[-1]
                position, key = keys.pop()
                if isinstance(holder, _Object):
                    holder.members.append((position, key, value))
                else:
                    holder.elements.append(value)
                if self._continues(holder):
                    keys.append(self._key() if isinstance(holder, _Object) else (0, ""))
                    break
                value = open_values.pop()
            else:
                self._require_end()
                return value

    def _value(self) -> tuple[_Json, bool]:
        match = self._token("a value")
        start = _start(match)
        if match["mark"] == "{":
            return _Object(start), True
        if match["mark"] == "[":
            return _List(start), True
        if match["mark"]:
            raise SourceFlaw(start, f"unexpected {match['mark']}, a value is expected")
        return _Scalar(start, match.end(), _scalar(match)), False

    def _closes_at_once(self, value: _List | _Object) -> bool:
        match = _TOKEN.match(self._source, self._position)
        if match is None or match["mark"] != _closer(value):
            return False
        self._position = value.end = match.end()
        return True

    def _continues(self, value: _List | _Object) -> bool:
        match = self._token(f", or {_closer(value)}")
        if match["mark"] == ",":
            return True
        if match["mark"] == _closer(value):
            value.end = match.end()
            return False
        raise SourceFlaw(_start(match), f"a comma or {_closer(value)} is expected")

    def _key(self) -> tuple[int, str]:
        match = self._token("a key")
        if match["string"] is None:
            raise SourceFlaw(_start(match), "a key in double quotes is expected")
        colon = self._token(":")
        if colon["mark"] != ":":
            raise SourceFlaw(_start(colon), "a colon is expected behind the key")
        return match.start("string"), _decoded(match["content"])

    def _token(self, expected: str) -> re.Match[str]:
        match = _TOKEN.match(self._source, self._position)
        if match is None:
            position = self._blank_end()
            if position == len(self._source):
                raise SourceFlaw(len(self._source.rstrip()), f"the file ends where {expected} is expected")
            raise SourceFlaw(position, f"{expected} is expected")
        self._position = match.end()
        return match

    def _require_end(self) -> None:
        if self._blank_end() != len(self._source):
            raise SourceFlaw(self._blank_end(), "nothing is expected behind the end of the value")

    def _blank_end(self) -> int:
        match = _BLANK.match(self._source, self._position)
        return match.end() if match else self._position


def _start(match: re.Match[str]) -> int:
    return next(match.start(group) for group in ("string", "number", "word", "mark") if match[group] is not None)


def _closer(value: _List | _Object) -> str:
    return "]" if isinstance(value, _List) else "}"


def _scalar(match: re.Match[str]) -> Value:
    if match["string"] is not None:
        return Constant(_decoded(match["content"]))
    if match["word"]:
        return Constant(_WORDS[match["word"]])
    number = read_number(match["number"])
    return NotConstant(TOO_LARGE) if number is None else Constant(json_number(number))


def _decoded(content: str) -> str:
    """A string's content; halves of surrogate pairs and bytes that are no UTF-8 become the replacement character."""
    decoded = _ESCAPE.sub(_unescaped, content) if "\\" in content else content
    return replace_surrogates(decoded)


def _unescaped(match: re.Match[str]) -> str:
    high, low, single, letter = match.groups()
    if high:
        return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + (int(low, 16) - 0xDC00))
    return chr(int(single, 16)) if single else _LETTERS.get(letter, letter)
