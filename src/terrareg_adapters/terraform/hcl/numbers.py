"""Numbers as Terraform has them (decimal, to 512 bits) and as JSON gets them (IEEE doubles)."""

import math
from decimal import Context, Decimal, DecimalException

TOO_LARGE = "holds a number that no IEEE double holds"

PRECISION = 155
"""Decimal digits of Terraform's numbers: 512 bits."""


def context() -> Context:
    """A fresh context for arithmetic: contexts collect flags, so threads don't share one."""
    return Context(prec=PRECISION, Emax=999_999, Emin=-999_999)


def read_number(text: str) -> Decimal | None:
    """The value of a JSON or HCL number; None when it is beyond the doubles (chapter 03, 8.10.4).

    Linear in the length of the text. What is smaller than the smallest double is zero.
    """
    as_double = float(text)
    if not math.isfinite(as_double):
        return None
    if as_double == 0:
        return Decimal(0)
    try:
        return context().create_decimal(text)
    except DecimalException:
        return Decimal(repr(as_double))


def json_number(value: Decimal) -> int | float:
    """The number as JSON has it: through a double, whole ones below 1e21 without a fraction (8.6).

    Raises OverflowError for what is beyond the doubles.
    """
    as_double = float(value)
    if not math.isfinite(as_double):
        raise OverflowError(TOO_LARGE)
    if as_double.is_integer() and abs(as_double) < 1e21:
        # The shortest digits that give this double, filled with zeros, as JavaScript and Go write it.
        return int(Decimal(repr(as_double)))
    return as_double


def number_text(value: Decimal) -> str:
    """The number where a string is expected: no exponent, no trailing zeros."""
    return format(value.normalize(context()), "f") if value else "0"
