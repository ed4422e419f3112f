"""Functions of SQL that engines name or treat differently."""

from typing import Any

from sqlalchemy import Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction


class position_of(GenericFunction[int]):  # noqa: N801 - named as functions are in SQL
    """`position_of(text, part)`: where `part` first stands in `text`, byte for byte, counted from 1; 0 if nowhere."""

    type = Integer()
    inherit_cache = True


@compiles(position_of)
def _instr(element: position_of, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return f"instr({compiler.process(element.clauses, **options)})"


@compiles(position_of, "postgresql")
def _strpos(element: position_of, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return f"strpos({compiler.process(element.clauses, **options)})"


class unindexed(GenericFunction[Any]):  # noqa: N801 - named as functions are in SQL
    """`unindexed(column)`: the column, which SQLite is not to look for in an index.

    Rows whose texts are read anyway are read faster in their own order than in that of an index.
    """

    inherit_cache = True


@compiles(unindexed)
def _as_it_is(element: unindexed, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return compiler.process(element.clauses, **options)


@compiles(unindexed, "sqlite")
def _with_plus(element: unindexed, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return f"+{compiler.process(element.clauses, **options)}"
