"""Matching request paths against the patterns of the route table: on the raw path, literals before parameters."""

from typing import Generic, TypeVar
from urllib.parse import quote, unquote_to_bytes

import attrs
from starlette.types import Scope

MAX_PATH_LENGTH = 8192
"""In bytes as sent; nothing longer matches."""

ValueT = TypeVar("ValueT")


@attrs.frozen
class PathPattern:
    """A path as the route table writes it: `/v1/modules/{namespace}`.

    A parameter takes one whole segment, and a last one written `{name:path}` all that are left, at least one.
    """

    text: str

    @property
    def segments(self) -> list[str]:
        return self.text.split("/")[1:]

    @property
    def parameters(self) -> list[str]:
        """The names in braces, in order."""
        return [segment[1:-1].removesuffix(_REST) for segment in self.segments if _is_parameter(segment)]

    @property
    def template(self) -> str:
        """The path as OpenAPI writes it."""
        return self.text.replace(f"{_REST}}}", "}")


_REST = ":path"


def _is_parameter(segment: str) -> bool:
    return segment.startswith("{")


def _takes_rest(segment: str) -> bool:
    return segment.endswith(f"{_REST}}}")


@attrs.define
class _Node(Generic[ValueT]):
    """Everything whose path begins with the same segments."""

    literals: "dict[str, _Node[ValueT]]" = attrs.field(factory=dict)
    parameter: "_Node[ValueT] | None" = None
    rest: "_Node[ValueT] | None" = None
    value: ValueT | None = None

    def child(self, segment: str) -> "_Node[ValueT]":
        if _takes_rest(segment):
            if self.rest is None:
                self.rest = _Node()
            return self.rest
        if _is_parameter(segment):
            if self.parameter is None:
                self.parameter = _Node()
            return self.parameter
        return self.literals.setdefault(segment, _Node())


@attrs.frozen
class PathTree(Generic[ValueT]):
    """Values by pattern. Of several patterns that match, the one with the earlier literal wins (chapter 01, 1.4)."""

    _root: _Node[ValueT] = attrs.field(factory=_Node)

    def add(self, pattern: PathPattern, value: ValueT) -> None:
        """Put `value` under `pattern`; a second value for the same pattern is a mistake of the table."""
        node = self._root
        for segment in pattern.segments:
            node = node.child(segment)
        assert node.value is None, f"{pattern.text} stands twice in the route table"
        node.value = value

    def find(self, segments: list[str]) -> tuple[ValueT, list[str]] | None:
        """The value whose pattern matches the decoded `segments`, with the values of its parameters, or None."""
        return _find(self._root, segments, 0)


def _find(node: _Node[ValueT], segments: list[str], at: int) -> tuple[ValueT, list[str]] | None:
    if at == len(segments):
        return (node.value, []) if node.value is not None else None
    segment = segments[at]
    literal = node.literals.get(segment)
    found = _find(literal, segments, at + 1) if literal is not None else None
    if found is None and node.parameter is not None and segment:
        found = _find(node.parameter, segments, at + 1)
        if found is not None:
            found[1].insert(0, segment)
    if found is None and node.rest is not None and node.rest.value is not None and segment:
        return node.rest.value, ["/".join(segments[at:])]
    return found


def segments_of(scope: Scope) -> list[str] | None:
    """The decoded segments of a request's path; None for a path that can't be one of ours.

    Segments are cut before they are decoded, so that an encoded slash stays inside its segment (RFC 3986, 2.2). Text
    that is not UTF-8 or holds NUL is in no name and no file.
    """
    raw: bytes = scope.get("raw_path") or quote(scope["path"], errors="surrogateescape").encode()
    prefix = scope.get("root_path", "").encode()
    if prefix and raw.startswith(prefix + b"/"):
        raw = raw[len(prefix) :]
    if len(raw) > MAX_PATH_LENGTH or not raw.startswith(b"/"):
        return None
    try:
        segments = [unquote_to_bytes(segment).decode() for segment in raw.split(b"/")[1:]]
    except UnicodeDecodeError:
        return None
    return None if any("\0" in segment for segment in segments) else segments
