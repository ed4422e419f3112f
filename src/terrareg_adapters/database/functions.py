"""Functions of SQL that engines name differently."""

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
