"""Functions of SQL that engines name or treat differently."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction


class position_of(GenericFunction[int]):  # noqa: N801 - named as functions are in SQL
    """`position_of(text, part)`: where `part` first stands in `text`, byte for byte, counted from 1; 0 if nowhere."""

    type = Integer()
    inherit_cache = True


class characters_of(GenericFunction[int]):  # noqa: N801 - named as functions are in SQL
    """`characters_of(text)`: how many characters, not bytes, a text has."""

    type = Integer()
    inherit_cache = True


class unindexed(GenericFunction[Any]):  # noqa: N801 - named as functions are in SQL
    """`unindexed(column)`: the column, which SQLite is not to look for in an index.

    Rows whose texts are read anyway are read faster in their own order than in that of an index.
    """

    inherit_cache = True


def _written(template: str) -> Callable[..., str]:
    """Writes a function as `template`, with its arguments in place of the braces."""

    def write(element: GenericFunction[Any], compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
        return template.format(compiler.process(element.clauses, **options))

    return write


compiles(position_of)(_written("instr({})"))
compiles(position_of, "postgresql")(_written("strpos({})"))
compiles(characters_of)(_written("char_length({})"))
compiles(characters_of, "sqlite")(_written("length({})"))
compiles(unindexed)(_written("{}"))
compiles(unindexed, "sqlite")(_written("+{}"))
