"""Versions of modules and providers: grammar, ordering, the latest, and constraints on terraform's own version.

Grammar and ordering: chapter 01, 2.2 (a subset of https://semver.org). Constraints: chapter 01, 2.9, and
https://developer.hashicorp.com/terraform/language/expressions/version-constraints for what `~>` means.
"""

import enum
import re
from collections.abc import Callable, Iterable
from functools import total_ordering
from typing import Protocol, Self, TypeVar

import attrs

from terrareg_core.errors import InvalidVersion

_VERSION = re.compile(r"([0-9]+)\.([0-9]+)\.([0-9]+)(?:-([0-9a-z]+))?")
_SUFFIX = re.compile(r"(.*?)([0-9]*)")
_MAX_LENGTH = 128
# Python refuses to convert a decimal text of more than 4,300 digits; the length limit keeps far below that.


@total_ordering
@attrs.frozen(order=False, eq=False)
class Version:
    """A version `major.minor.patch` or `major.minor.patch-suffix`.

    Two versions are equal when they are spelled alike. They are ordered as semver orders them: numerically, a suffixed
    version below its release; among suffixes of one release by label, then by the number at its end
    (`rc1 < rc2 < rc10`).
    """

    text: str
    major: int = attrs.field(repr=False)
    minor: int = attrs.field(repr=False)
    patch: int = attrs.field(repr=False)
    suffix: str | None = attrs.field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The version that `text` spells; leading zeros, which old rows may hold, are read as numbers.

        Raises InvalidVersion.
        """
        match = _VERSION.fullmatch(text) if len(text) <= _MAX_LENGTH else None
        if match is None:
            raise InvalidVersion(
                "The version is not valid: it takes three numbers as in 1.2.3, optionally followed by a dash and "
                "lower-case letters or digits as in 1.2.3-beta"
            )
        major, minor, patch, suffix = match.groups()
        return cls(text, int(major), int(minor), int(patch), suffix)

    @classmethod
    def parse_new(cls, text: str) -> Self:
        """The version under which something is about to be stored: as `parse`, and without leading zeros."""
        version = cls.parse(text)
        if version.core != text.partition("-")[0]:
            raise InvalidVersion("The version is not valid: its numbers must not begin with a zero")
        return version

    @property
    def core(self) -> str:
        """The three numbers as text, without suffix and leading zeros."""
        return f"{self.major}.{self.minor}.{self.patch}"

    @property
    def is_beta(self) -> bool:
        """Whether the version has a suffix: terraform installs it only when it is named exactly."""
        return self.suffix is not None

    @property
    def sort_key(self) -> tuple[int, int, int, bool, str, int, str]:
        """What versions are compared by; the text comes last, so that no two spellings tie."""
        label, number = "", 0
        if self.suffix is not None:
            match = _SUFFIX.fullmatch(self.suffix)
            assert match is not None
            label, number = match[1], int(match[2] or 0)
        return (self.major, self.minor, self.patch, self.suffix is None, label, number, self.text)

    def __eq__(self, other: object) -> bool:
        return self.text == other.text if isinstance(other, Version) else NotImplemented

    def __lt__(self, other: object) -> bool:
        return self.sort_key < other.sort_key if isinstance(other, Version) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.text)

    def __str__(self) -> str:
        return self.text


class Released(Protocol):
    """Anything that has a version and may be published."""

    @property
    def version(self) -> Version: ...

    @property
    def published(self) -> bool: ...


ReleasedT = TypeVar("ReleasedT", bound=Released)


def latest(candidates: Iterable[ReleasedT]) -> ReleasedT | None:
    """The greatest candidate that is published and no beta, or None; internal versions count (chapter 01, 2.2)."""
    eligible = (candidate for candidate in candidates if candidate.published and not candidate.version.is_beta)
    return max(eligible, key=lambda candidate: candidate.version, default=None)


class Compatibility(enum.Enum):
    """How a module's constraint on terraform's version meets a given version; the values are wire values."""

    NO_CONSTRAINT = "no_constraint"
    COMPATIBLE = "compatible"
    IMPLICIT_COMPATIBLE = "implicit_compatible"
    INCOMPATIBLE = "incompatible"
    ERROR = "error"


_SEMVER = re.compile(
    r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
    r"(?:-((?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*))?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
_CONSTRAINT_PART = re.compile(r"(>=|>|<=|<|~>|=|!=)?\s*([0-9]{1,18})(?:\.([0-9]{1,18}))?(?:\.([0-9]{1,18}))?")

_Precedence = tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]


def _precedence(text: str) -> _Precedence | None:
    """The semver precedence of a terraform version (semver 2.0, item 11), or None when it is no semver."""
    match = _SEMVER.fullmatch(text) if len(text) <= _MAX_LENGTH else None
    if match is None:
        return None
    identifiers = (match[4] or "").split(".") if match[4] else []
    labels = tuple((not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in identifiers)
    return (int(match[1]), int(match[2]), int(match[3]), not labels, labels)


@attrs.frozen
class _Part:
    """One comparison of a constraint: an operator and one to three numbers."""

    operator: str
    numbers: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> Self | None:
        match = _CONSTRAINT_PART.fullmatch(text)
        if match is None:
            return None
        return cls(match[1] or "=", tuple(int(number) for number in match.groups()[1:] if number is not None))

    def admits(self, target: _Precedence) -> bool:
        padded = (*self.numbers, 0, 0)
        operand: _Precedence = (padded[0], padded[1], padded[2], True, ())
        if self.operator == "~>":
            fixed = len(self.numbers) - 1
            return target >= operand and target[:fixed] == self.numbers[:fixed]
        return _OPERATORS[self.operator](target, operand)

    @property
    def bounds_below(self) -> bool:
        return self.operator in {">", ">=", "=", "~>"}

    @property
    def bounds_above(self) -> bool:
        return self.operator in {"<", "<=", "=", "~>"}


_OPERATORS: dict[str, Callable[[_Precedence, _Precedence], bool]] = {
    ">=": lambda target, operand: target >= operand,
    ">": lambda target, operand: target > operand,
    "<=": lambda target, operand: target <= operand,
    "<": lambda target, operand: target < operand,
    "=": lambda target, operand: target == operand,
    "!=": lambda target, operand: target != operand,
}


@attrs.frozen
class VersionConstraint:
    """A constraint on terraform's version as a module declares it: comparisons joined by commas, all to be met."""

    text: str | None

    def compatibility(self, target: str) -> Compatibility:
        """How the terraform version `target` (three-part semver, pre-release allowed) meets this constraint.

        Never raises: a malformed target, or a malformed part met before an unsatisfied one, gives ERROR.
        """
        precedence = _precedence(target)
        if precedence is None:
            return Compatibility.ERROR
        if not self.text:
            return Compatibility.NO_CONSTRAINT
        below = above = False
        for text in filter(None, map(str.strip, self.text.split(","))):
            part = _Part.parse(text)
            if part is None:
                return Compatibility.ERROR
            if not part.admits(precedence):
                return Compatibility.INCOMPATIBLE
            below |= part.bounds_below
            above |= part.bounds_above
        return Compatibility.COMPATIBLE if below and above else Compatibility.IMPLICIT_COMPATIBLE
