"""The documented operations by who may call them (chapter 04, 4.1), read from `documented.tsv`."""

import csv
import re
from collections.abc import Mapping
from pathlib import Path


def _read() -> Mapping[tuple[str, str], str]:
    with Path(__file__).with_suffix(".tsv").open(encoding="utf-8", newline="") as lines:
        return {(row["method"], row["path"]): row["class"] for row in csv.DictReader(lines, delimiter="\t")}


CLASSES = _read()
"""The class of each documented operation, by its method and its path with `{}` for parameters, aliases included."""


def shape_of(path: str) -> str:
    """The path of a route with `{}` for its parameters."""
    return re.sub(r"\{[^}]*\}", "{}", path)
