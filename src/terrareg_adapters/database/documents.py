"""Values that are stored as JSON text: the one place that writes and reads such documents.

The standard library's codec is used on both sides, because whole numbers of any size must come back as they were; what
it writes is ASCII, so it passes through every database unchanged.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence, Set
from typing import Any

import attrs

from terrareg_core.access.grants import TokenScope
from terrareg_core.access.people import Person, SignInMethod
from terrareg_core.errors import InvalidModule
from terrareg_core.json_values import JsonObject, JsonValue
from terrareg_core.modules.documents import HtmlTexts
from terrareg_core.modules.graph import GraphNode, ModuleGraph, NodeKind
from terrareg_core.modules.module_tree import CalledModule
from terrareg_core.modules.parts import SafeTexts
from terrareg_core.modules.slots import SlottedText, SourceSlot
from terrareg_core.modules.specification import (
    Input,
    ModuleCall,
    ModuleSpecification,
    Output,
    ProviderUse,
    Requirement,
    Resource,
)

_MAX_DEPTH = 400
"""Containers inside containers; a default may have 200 (chapter 03, 8.10.10), and reading recurses."""

_LISTS: dict[str, type[Any]] = {
    "inputs": Input,
    "modules": ModuleCall,
    "outputs": Output,
    "providers": ProviderUse,
    "requirements": Requirement,
    "resources": Resource,
}


def write_specification(specification: ModuleSpecification) -> str:
    """The text of a specification: an object with a key per field, and an object per row of its lists."""
    return _write(attrs.asdict(specification, recurse=False) | {name: _rows(specification, name) for name in _LISTS})


def read_specification(text: str) -> ModuleSpecification:
    """The specification that `write_specification` wrote; lists come back as tuples."""
    document = json.loads(text)
    for name, kind in _LISTS.items():
        document[name] = tuple(kind(**row) for row in document[name])
    return ModuleSpecification(**document)


def write_safe_texts(texts: SafeTexts) -> str:
    """The text of escaped texts: an object with a key per field."""
    return _write(attrs.asdict(texts, recurse=False))


def read_safe_texts(text: str) -> SafeTexts:
    """The texts that `write_safe_texts` wrote; lists come back as tuples."""
    document = json.loads(text)
    return SafeTexts(document.pop("readme"), **{name: tuple(texts) for name, texts in document.items()})


def write_slotted(slotted: SlottedText) -> str:
    """The text of a slotted text: a list of texts and of objects, one for each slot."""
    return _write([piece if isinstance(piece, str) else attrs.asdict(piece) for piece in slotted])


def read_slotted(text: str) -> SlottedText:
    """The slotted text that `write_slotted` wrote."""
    return tuple(piece if isinstance(piece, str) else SourceSlot(**piece) for piece in json.loads(text))


def write_descriptions(html: HtmlTexts) -> str:
    """The text of rendered descriptions: an object with two lists."""
    return _write({"inputs": html.input_descriptions, "outputs": html.output_descriptions})


def read_descriptions(text: str) -> tuple[Sequence[str | None], Sequence[str | None]]:
    """The descriptions of inputs and of outputs that `write_descriptions` wrote."""
    document = json.loads(text)
    return tuple(document["inputs"]), tuple(document["outputs"])


def write_calls(calls: Sequence[CalledModule]) -> str:
    """The text of a call tree: a list of objects with a key per field."""
    return _write([attrs.asdict(call) for call in calls])


def read_calls(text: str) -> Sequence[CalledModule]:
    """The calls that `write_calls` wrote."""
    return tuple(CalledModule(**call) for call in json.loads(text))


def write_graph(graph: ModuleGraph) -> str:
    """The text of a graph: a list of [kind, parent, name] for its nodes."""
    return _write([[node.kind.value, node.parent, node.name] for node in graph.nodes])


def read_graph(text: str) -> ModuleGraph:
    """The graph that `write_graph` wrote."""
    return ModuleGraph(tuple(GraphNode(NodeKind(kind), parent, name) for kind, parent, name in json.loads(text)))


def write_object(value: JsonObject) -> str:
    """The text of an object."""
    return _write(value)


def read_object(text: str) -> JsonObject:
    """The object that `write_object` wrote."""
    document: JsonObject = json.loads(text)
    return document


def write_objects(objects: Sequence[JsonObject]) -> str:
    """The text of a list of objects."""
    return _write(objects)


def read_objects(text: str) -> tuple[JsonObject, ...]:
    """The objects that `write_objects` wrote."""
    return tuple(json.loads(text))


def write_person(person: Person) -> str:
    """The text of a person: an object with a key per field."""
    document = attrs.asdict(person, recurse=False)
    texts = {"groups": sorted(person.groups), "logins": sorted(person.logins)}
    return _write(document | texts | {"method": person.method.value})


def read_person(text: str) -> Person:
    """The person that `write_person` wrote."""
    document = json.loads(text)
    document["method"] = SignInMethod(document["method"])
    for name in ("groups", "logins"):
        document[name] = frozenset(document[name])
    return Person(**document)


def person_digest(person: Person) -> str:
    """What rows are found by instead of the key of a person, which may be longer than an index entry."""
    method, source, subject = person.key
    return hashlib.sha256(_write([method.value, source, subject]).encode("ascii")).hexdigest()


def write_scopes(scopes: Set[TokenScope]) -> str:
    """The text of scopes: a list of their values."""
    return _write(sorted(scope.value for scope in scopes))


def read_scopes(text: str) -> frozenset[TokenScope]:
    """The scopes that `write_scopes` wrote."""
    return frozenset(map(TokenScope, json.loads(text)))


def _rows(specification: ModuleSpecification, name: str) -> list[dict[str, JsonValue]]:
    # Not `attrs.asdict` on the whole: it would recurse into defaults, which strangers nest.
    return [attrs.asdict(row, recurse=False) for row in getattr(specification, name)]


def _write(value: object) -> str:
    if not _is_shallow(value):
        raise InvalidModule(f"The module holds a value that is nested more than {_MAX_DEPTH} levels deep")
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False, default=_plain)
    except ValueError as error:
        # Not a number, infinite, or more digits than Python converts.
        raise InvalidModule("The module holds a number that can't be stored") from error


def _is_shallow(value: object) -> bool:
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = [child for container in level for child in _children(container)]
        if not level:
            return True
    return False


def _children(value: object) -> list[object]:
    if isinstance(value, Mapping):
        return [child for child in value.values() if isinstance(child, Mapping | list | tuple)]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [child for child in value if isinstance(child, Mapping | list | tuple)]
    return []


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"{type(value).__name__} is no JSON value")
