"""The converter between shapes and what is on the wire: arguments in, JSON values out."""

# Types of attrs fields and values of any type are this file's business, and have no type of their own.
# ruff: noqa: ANN401

import re
import types
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Any, TypeVar, Union, get_args, get_origin

import attrs
from cattrs import Converter
from cattrs.gen import make_dict_unstructure_fn, override

from terrareg_core.errors import InvalidArgument
from terrareg_http.schemas.fields import description, is_optional_key, is_verbatim, wire_name

ShapeT = TypeVar("ShapeT")

_MOST = 2**63 - 1
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_INTEGER = re.compile(r"([+-]?)0*([0-9]+)")


# --- in ----------------------------------------------------------------------------------------------------------
#
# One set of rules serves query arguments (chapter 01, 1.3), which are always text, and JSON bodies (chapter 02, 1.5).


def _text(value: object, _: type[str]) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("must be text")
    return value


def _integer(value: object, _: type[int]) -> int:
    match = _INTEGER.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError("must be a whole number")
    sign, digits = match.groups()
    magnitude = _MOST if len(digits) > 19 else min(int(digits), _MOST)
    return -magnitude if sign == "-" else magnitude


def _boolean(value: object, _: type[bool]) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _BOOLEANS:
        return _BOOLEANS[value.lower()]
    raise ValueError("must be true or false")


def _choice(value: object, kind: type[Enum]) -> Enum:
    words = [member.value for member in kind]
    if value not in words:
        raise ValueError(f"must be one of {', '.join(words)}")
    return kind(value)


def structure(shape: type[ShapeT], given: Mapping[str, Sequence[object]]) -> ShapeT:
    """The request of class `shape` that the arguments in `given` make: for each name, every value given for it.

    A name without values is not given. Of several values for one that takes a single value the first counts, but all
    must convert. Raises InvalidArgument for the first field, in order of declaration, that is missing or wrong.
    """
    return shape(**{field.name: _structured(field, given) for field in attrs.fields(_attrs_class(shape))})


def _structured(field: "attrs.Attribute[Any]", given: Mapping[str, Sequence[object]]) -> Any:
    name = wire_name(field)
    values = given.get(name, ())
    if not values:
        if field.default is attrs.NOTHING:
            raise InvalidArgument(name, f"{description(field)} (required)")
        return field.default
    kind = without_none(field.type)
    is_list = get_origin(kind) is tuple
    if is_list:
        kind = get_args(kind)[0]
    try:
        converted = tuple(_converter.structure(value, kind) for value in values)
    except ValueError as error:
        raise InvalidArgument(name, f"{description(field)} ({error})") from None
    return converted if is_list else converted[0]


def without_none(kind: Any) -> Any:
    """The type of what an optional type holds, or the type itself."""
    if get_origin(kind) in {Union, types.UnionType}:
        others = [member for member in get_args(kind) if member is not type(None)]
        assert len(others) == 1, f"an argument has one type, not {kind}"
        return others[0]
    return kind


def _attrs_class(shape: type[ShapeT]) -> Any:
    # attrs.fields wants to see an attrs class, which a type variable can't promise.
    return shape


# --- out ---------------------------------------------------------------------------------------------------------


def unstructure(shape: object) -> Any:
    """The JSON value of a response: attrs classes become objects, times ISO text in UTC without a zone (1.1)."""
    return _converter.unstructure(shape)


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).replace(tzinfo=None).isoformat()


def _object(kind: type[Any]) -> Callable[[Any], dict[str, Any]]:
    overrides = {
        field.name: override(
            rename=wire_name(field),
            omit_if_default=is_optional_key(field),
            unstruct_hook=_unchanged if is_verbatim(field) else None,
        )
        for field in attrs.fields(kind)
    }
    return make_dict_unstructure_fn(kind, _converter, **overrides)  # type: ignore[arg-type]


def _unchanged(value: object) -> object:
    return value


_converter = Converter()
_converter.register_structure_hook(str, _text)
_converter.register_structure_hook(int, _integer)
_converter.register_structure_hook(bool, _boolean)
_converter.register_structure_hook_func(lambda kind: isinstance(kind, type) and issubclass(kind, Enum), _choice)
_converter.register_unstructure_hook(datetime, _moment)
_converter.register_unstructure_hook_factory(attrs.has, _object)
