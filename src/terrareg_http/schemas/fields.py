"""How the shapes declare their fields: the name on the wire, when a key is left out, and what it means."""

# Types of attrs fields and values of any type are this file's business, and have no type of their own.
# ruff: noqa: ANN401

from typing import Any

import attrs

_WIRE_NAME = "terrareg.wire_name"
_ABSENT_WHEN_DEFAULT = "terrareg.absent_when_default"
_VERBATIM = "terrareg.verbatim"
_DESCRIPTION = "terrareg.description"


def argument(description: str, *, default: Any = attrs.NOTHING, name: str | None = None) -> Any:
    """A field of a request; without a `default` it is required, and `name` is its name where Python can't spell it."""
    return attrs.field(default=default, metadata={_DESCRIPTION: description, _WIRE_NAME: name})


def optional_key(description: str = "", *, name: str | None = None) -> Any:
    """A field of a response whose key is absent when there is nothing to say (the value is None)."""
    return attrs.field(default=None, metadata={_ABSENT_WHEN_DEFAULT: True, _DESCRIPTION: description, _WIRE_NAME: name})


def verbatim(description: str = "") -> Any:
    """A field of a response that is a JSON value already and passed through unchanged."""
    return attrs.field(metadata={_VERBATIM: True, _DESCRIPTION: description})


def wire_name(field: "attrs.Attribute[Any]") -> str:
    """The name of a field in JSON or in a query."""
    return field.metadata.get(_WIRE_NAME) or field.name


def is_optional_key(field: "attrs.Attribute[Any]") -> bool:
    """Whether the key may be absent from a response."""
    return bool(field.metadata.get(_ABSENT_WHEN_DEFAULT))


def is_verbatim(field: "attrs.Attribute[Any]") -> bool:
    """Whether the field holds any JSON value."""
    return bool(field.metadata.get(_VERBATIM))


def description(field: "attrs.Attribute[Any]") -> str:
    """What the field means, or an empty text."""
    return str(field.metadata.get(_DESCRIPTION) or "")
