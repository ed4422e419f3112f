"""Search among modules: criteria, and the score that ranks what meets them (chapter 01, 2.8)."""

from collections.abc import Collection, Iterable, Mapping
from enum import Enum
from typing import Self

import attrs

from terrareg_core.errors import InvalidArgument


class TrustFilter(Enum):
    """Which namespaces a search is restricted to."""

    ANY = "any"
    TRUSTED = "trusted"
    CONTRIBUTED = "contributed"

    @classmethod
    def of(cls, *, trusted: bool | None, contributed: bool | None) -> Self:
        """The filter that the two arguments of a search ask for; both, or neither, restrict nothing."""
        if bool(trusted) == bool(contributed):
            return cls(cls.ANY)
        return cls(cls.TRUSTED if trusted else cls.CONTRIBUTED)


MAX_TERMS = 20
"""Of one query, each counted once."""


def search_terms(query: str) -> tuple[str, ...]:
    """The terms of a query: what stands between white space, in lower case.

    Raises InvalidArgument when there are more than 20 different ones.
    """
    terms = tuple(query.lower().split())
    if len(set(terms)) > MAX_TERMS:
        raise InvalidArgument("q", f"Search for at most {MAX_TERMS} terms at a time")
    return terms


@attrs.frozen
class SearchCriteria:
    """What a module provider and its latest version must meet; None and empty mean "no restriction"."""

    terms: tuple[str, ...] = ()
    """Lower case, as `search_terms` makes them; every one must match."""
    namespaces: tuple[str, ...] | None = None
    """Exact names, any of them."""
    providers: tuple[str, ...] | None = None
    """Exact names, any of them."""
    module: str | None = None
    """An exact name."""
    allowed_providers: frozenset[str] = frozenset()
    """The operator's allow-list; empty allows all (decision 15)."""
    verified_only: bool = False
    include_internal: bool = False
    trust: TrustFilter = TrustFilter.ANY
    trusted_namespaces: frozenset[str] = frozenset()
    """Which namespaces are trusted, for `trust`."""


@attrs.frozen
class MatchCount:
    """How many module providers that match have a namespace and a provider in common."""

    namespace: str
    provider: str
    matches: int
    verified: int
    """How many of the matches are verified."""


@attrs.frozen
class FilterCounts:
    """How many matches of a search each filter would leave (chapter 01, 5.7)."""

    verified: int
    trusted: int
    contributed: int
    """The matches that are not trusted."""
    providers: Mapping[str, int]
    """By name, alphabetically."""
    namespaces: Mapping[str, int]
    """By name, alphabetically."""

    @classmethod
    def of(cls, counted: Iterable[MatchCount], trusted_namespaces: Collection[str]) -> Self:
        """The counts that all matches together give."""
        verified = trusted = total = 0
        providers: dict[str, int] = {}
        namespaces: dict[str, int] = {}
        for row in counted:
            total += row.matches
            verified += row.verified
            trusted += row.matches if row.namespace in trusted_namespaces else 0
            providers[row.provider] = providers.get(row.provider, 0) + row.matches
            namespaces[row.namespace] = namespaces.get(row.namespace, 0) + row.matches
        return cls(
            verified, trusted, total - trusted, dict(sorted(providers.items())), dict(sorted(namespaces.items()))
        )


@attrs.frozen
class SearchedTexts:
    """The texts of a module provider and its latest version that terms are matched against."""

    namespace: str
    module: str
    provider: str
    description: str | None
    owner: str | None


# The first rule that applies gives the points. A provider is matched in full only.
_EQUAL = (("module", 20), ("namespace", 18), ("provider", 14), ("description", 13), ("owner", 12))
_CONTAINED = (("module", 5), ("description", 4), ("owner", 3), ("namespace", 2))


def term_score(term: str, texts: SearchedTexts) -> int:
    """The points of one lower-case term; 0 when it does not match."""
    folded = {field: (getattr(texts, field) or "").lower() for field, _ in _EQUAL}
    for field, points in _EQUAL:
        if folded[field] == term:
            return points
    for field, points in _CONTAINED:
        if term in folded[field]:
            return points
    return 0


def score(terms: tuple[str, ...], texts: SearchedTexts) -> int | None:
    """The sum over all terms, or None when one of them does not match; 0 without terms."""
    points = [term_score(term, texts) for term in terms]
    return sum(points) if all(points) else None
