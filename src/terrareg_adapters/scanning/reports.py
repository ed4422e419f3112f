"""Reads what programs report, JSON of unknown quality, piece by piece and within bounds."""

import json
import math
import os.path
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NoReturn

import attrs

from terrareg_adapters.scanning.process import ProgramFailed
from terrareg_core.json_values import JsonObject, JsonValue, storable, storable_text
from terrareg_core.modules.scanning import FindingLocation

_MAX_DEPTH = 100
_MAX_WHOLE_NUMBER = (1 << 63) - 1
_MAX_LINE = (1 << 31) - 1
_MAX_TEXT = 4096
_MAX_LINKS = 50
_NOTHING: JsonObject = {}


def read_json(content: bytes) -> JsonObject:
    """The JSON object that `content` is. Raises ProgramFailed for everything else."""
    try:
        document = json.loads(content.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ProgramFailed("its report is not JSON in UTF-8") from error
    if not isinstance(document, dict):
        raise ProgramFailed("its report is no JSON object")
    return document


def read_document(content: bytes) -> JsonObject:
    """The JSON object that `content` is, to be stored whole: its texts storable, its numbers finite and of at most 64
    bits, and at most 100 containers in each other.

    Raises ProgramFailed for everything else.
    """
    document = read_json(content)
    try:
        _check(document, _MAX_DEPTH)
    except ValueError as error:
        raise ProgramFailed(f"its report can't be stored, for it has {error}") from error
    return mapping(storable(document))


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON value")


def _check(value: JsonValue, depth: int) -> None:
    if isinstance(value, Mapping | list):
        if depth == 0:
            raise ValueError("too many containers in each other")
        for item in value.values() if isinstance(value, Mapping) else value:
            _check(item, depth - 1)
    elif isinstance(value, int | float) and not (math.isfinite(value) and abs(value) <= _MAX_WHOLE_NUMBER):
        raise ValueError("a number of more than 64 bits")


def mapping(value: JsonValue) -> JsonObject:
    """`value` if it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else _NOTHING


def mappings(value: JsonValue) -> Iterator[JsonObject]:
    """The objects in the list `value`; none if it is no list."""
    for item in items(value):
        if isinstance(item, Mapping):
            yield item


def items(value: JsonValue) -> Sequence[JsonValue]:
    """`value` if it is a list, else an empty one."""
    return value if isinstance(value, list) else ()


def text(value: JsonValue) -> str:
    """`value` if it is a text, cut to what may be stored of one, else an empty one."""
    return storable_text(value[:_MAX_TEXT]) if isinstance(value, str) else ""


def line(value: JsonValue) -> int:
    """`value` if it is the number of a line, else 0."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _MAX_LINE else 0


def links(*values: JsonValue) -> Sequence[str]:
    """The http and https addresses among `values`, once each, in their order."""
    addresses = [text(value) for value in values if isinstance(value, str) and len(value) <= _MAX_TEXT]
    return tuple(dict.fromkeys(a for a in addresses if a.lower().startswith(("https://", "http://"))))[:_MAX_LINKS]


@attrs.frozen
class ScannedFiles:
    """The files of a tree, and the names by which a program that scanned them may call them."""

    _root: str
    """The directory where the tree lies."""
    _bases: Sequence[str]
    """The directories that relative names may be meant from, the likeliest first."""
    _paths: Collection[str]

    def location(self, reported: str, start: JsonValue, end: JsonValue) -> FindingLocation | None:
        """The place in the tree that a report names by a path and two lines; None when the file is none of the tree's.

        A report that names no file, or the scanned directory, is about all of it: its place has no file name.
        """
        first = line(start)
        last = max(first, line(end))
        if reported in {"", "."} or os.path.normpath(reported) in self._bases:
            return FindingLocation("", 0, 0)
        for base in self._bases:
            path = os.path.normpath(os.path.join(base, reported)).removeprefix(f"{self._root}/")
            if path in self._paths:
                return FindingLocation(path, first, last)
        return None
