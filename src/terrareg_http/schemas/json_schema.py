"""The shapes as JSON Schema (draft 2020-12, the dialect of OpenAPI 3.1)."""

# Types of attrs fields and values of any type are this file's business, and have no type of their own.
# ruff: noqa: ANN401

import inspect
import types
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Union, get_args, get_origin

import attrs

from terrareg_http.schemas.fields import description, is_optional_key, is_verbatim, wire_name

Schema = dict[str, Any]

_SCALARS: Mapping[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    float: {"type": "number"},
    dict: {"type": "object"},
    Any: {},
    bytes: {"type": "string", "contentMediaType": "application/octet-stream"},
    None: {"type": "null"},
    type(None): {"type": "null"},
    datetime: {"type": "string", "description": "ISO 8601 in UTC, without a zone: 2024-02-03T04:05:06"},
}
_LISTS = {Sequence, list, tuple}


@attrs.frozen
class SchemaBook:
    """Collects the schemas of attrs classes by name, so that each is written once."""

    components: dict[str, Schema] = attrs.field(factory=dict)

    def schema(self, kind: Any, *, is_request: bool = False) -> Schema:
        """The schema of a type; attrs classes are referred to.

        In a request, a field with a default may be left out and null is the same; in a response, every key is there
        unless it is an optional one.
        """
        if kind in _SCALARS:
            return dict(_SCALARS[kind])
        if attrs.has(kind):
            return self._reference(kind, is_request)
        if isinstance(kind, type) and issubclass(kind, Enum):
            return {"type": "string", "enum": [member.value for member in kind]}
        origin, arguments = get_origin(kind), get_args(kind)
        if origin in {Union, types.UnionType}:
            return _either([self.schema(member, is_request=is_request) for member in arguments])
        if origin in _LISTS:
            return {"type": "array", "items": self.schema(arguments[0], is_request=is_request)}
        assert origin is Mapping, f"no schema is known for {kind}"
        return {"type": "object", "additionalProperties": self.schema(arguments[1], is_request=is_request)}

    def _reference(self, kind: type[Any], is_request: bool) -> Schema:
        name = kind.__name__
        if name not in self.components:
            self.components[name] = {}
            self.components[name] = self._object(kind, is_request)
        return {"$ref": f"#/components/schemas/{name}"}

    def _object(self, kind: type[Any], is_request: bool) -> Schema:
        properties: dict[str, Schema] = {}
        required: list[str] = []
        for field in attrs.fields(kind):
            name = wire_name(field)
            properties[name] = self.field(field, is_request=is_request)
            optional = field.default is not attrs.NOTHING if is_request else is_optional_key(field)
            if not optional:
                required.append(name)
        schema: Schema = {"type": "object", "properties": properties}
        if required:
            schema["required"] = required
        summary = (inspect.getdoc(kind) or "").partition("\n")[0]
        return {"description": summary, **schema} if summary else schema

    def field(self, field: "attrs.Attribute[Any]", *, is_request: bool) -> Schema:
        """The schema of the values of one field, with what the field means and its default."""
        kind = _present(field.type) if is_optional_key(field) else field.type
        schema: Schema = {} if is_verbatim(field) else self.schema(kind, is_request=is_request)
        meaning = description(field)
        if meaning:
            schema = {**schema, "description": meaning}
        if is_request and field.default not in {None, attrs.NOTHING}:
            default = field.default
            schema["default"] = default.value if isinstance(default, Enum) else default
        return schema


def _present(kind: Any) -> Any:
    """The type of a key that is there: None stands for its absence."""
    return Union[tuple(member for member in get_args(kind) if member is not type(None))]  # noqa: UP007 - made at run time


def _either(schemas: Sequence[Schema]) -> Schema:
    """The schema of a union; scalars are joined into one type list."""
    if all(set(schema) == {"type"} for schema in schemas):
        return {"type": [schema["type"] for schema in schemas]}
    return {"anyOf": list(schemas)}
