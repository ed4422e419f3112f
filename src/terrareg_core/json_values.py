"""The type of a value that JSON can hold, shared by specifications, metadata and stored documents."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

JsonValue: TypeAlias = "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
"""Numbers are finite: no NaN and no infinity, which JSON can't write."""

JsonObject: TypeAlias = Mapping[str, JsonValue]


def storable_text(text: str) -> str:
    """`text` as every database and every JSON writer takes it: NUL and lone surrogates become U+FFFD."""
    return text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def storable(value: JsonValue) -> JsonValue:
    """`value` with every text in it, keys included, made storable. Raises RecursionError beyond some hundred levels."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, Mapping):
        return {storable_text(key): storable(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [storable(item) for item in value]
    return value
