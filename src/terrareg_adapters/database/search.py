"""The statements of a search: the conditions and the score of `search.score`, written in SQL."""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Self

import attrs
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Subquery,
    and_,
    bindparam,
    case,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
    union_all,
)

from terrareg_adapters.database.functions import position_of, unindexed
from terrareg_adapters.database.rows import SUMMARY_COLUMNS
from terrareg_adapters.database.tables import module_provider, module_search, module_version, namespace
from terrareg_adapters.database.types import LongText
from terrareg_core.errors import InvalidRequest
from terrareg_core.json_values import storable_text
from terrareg_core.modules.search import SearchCriteria, TrustFilter
from terrareg_core.paging import PageRequest

MAX_DIFFERENT_TERMS = 20
"""Statements grow with the number of terms."""

MAX_FILTER_NAMES = 10_000
"""Of namespaces, and of providers; engines take some ten thousand parameters."""

_PATTERN_CHARACTERS = 5_000
"""Of a term; SQLite takes patterns of 50,000 bytes."""

_ESCAPE = "!"

_OF_A_DESCRIPTION = 4
"""The points of a term that the description contains."""

_HEADS = ((64, 256), (512, 2_048))
"""Of a page that ends within so many rows, so many rows are looked at first; beyond, none are."""


@attrs.frozen
class _Shape:
    """What of a search changes its statements; the rest are parameters."""

    terms: int
    long_terms: bool
    """Whether a pattern may say less than its term does."""
    head: int
    """Rows to look at first."""
    namespaces: bool
    providers: bool
    module: bool
    allowed_providers: bool
    verified_only: bool
    include_internal: bool
    trust: TrustFilter


@attrs.frozen
class SearchStatements:
    """The statements of a search."""

    page: Select[Any]
    """Rows of SUMMARY_COLUMNS."""
    count: Select[Any]
    counts: Select[Any]
    """Rows of namespace, provider, how many module providers have them in common, and how many are verified."""


def statements(criteria: SearchCriteria, page: PageRequest) -> tuple[SearchStatements, dict[str, object]]:
    """The statements that answer `criteria`, of which one answers with a page, and the parameters of all.

    Raises InvalidRequest when there are more than MAX_DIFFERENT_TERMS different terms, or more than MAX_FILTER_NAMES
    different names in a filter.
    """
    terms = Counter(map(storable_text, criteria.terms))
    if len(terms) > MAX_DIFFERENT_TERMS:
        raise InvalidRequest(f"A search takes at most {MAX_DIFFERENT_TERMS} different words")
    namespaces, providers = set(criteria.namespaces or ()), set(criteria.providers or ())
    if max(len(namespaces), len(providers)) > MAX_FILTER_NAMES:
        raise InvalidRequest(f"A search takes at most {MAX_FILTER_NAMES} different namespaces or providers")
    reach = page.offset + page.limit
    parameters: dict[str, object] = {
        "namespaces": tuple(namespaces),
        "providers": tuple(providers),
        "module": criteria.module,
        "allowed_providers": tuple(criteria.allowed_providers),
        "trusted_namespaces": tuple(criteria.trusted_namespaces),
        "limit": page.limit,
        "offset": page.offset,
        "reach": reach,
        "occurrences": terms.total(),
    }
    for number, (term, times) in enumerate(terms.items()):
        parameters |= {
            f"term_{number}": term,
            f"pattern_{number}": _pattern(term),
            f"length_{number}": len(term),
            f"times_{number}": times,
        }
    built = _build(
        _Shape(
            terms=len(terms),
            long_terms=any(len(term) > _PATTERN_CHARACTERS for term in terms),
            head=next((rows for most, rows in _HEADS if reach <= most), 0),
            namespaces=bool(criteria.namespaces),
            providers=bool(criteria.providers),
            module=criteria.module is not None,
            allowed_providers=bool(criteria.allowed_providers),
            verified_only=criteria.verified_only,
            include_internal=criteria.include_internal,
            trust=criteria.trust,
        )
    )
    return built, parameters


def _pattern(term: str) -> str:
    """What a text that contains a term is like; every character stands for itself."""
    beginning = term[:_PATTERN_CHARACTERS]
    for special in (_ESCAPE, "%", "_"):
        beginning = beginning.replace(special, _ESCAPE + special)
    return f"%{beginning}%"


@attrs.frozen
class _Term:
    """One term of a query as the statements see it; `rows` are those of `module_search`, or of some part of it."""

    text: BindParameter[str]
    pattern: BindParameter[str]
    length: BindParameter[int]
    times: BindParameter[int]
    """How often the query has it."""
    is_long: bool
    """Whether its pattern says less than it does."""

    @classmethod
    def of(cls, number: int, *, is_long: bool) -> Self:
        return cls(
            bindparam(f"term_{number}", type_=LongText()),
            bindparam(f"pattern_{number}", type_=LongText()),
            bindparam(f"length_{number}", type_=Integer()),
            bindparam(f"times_{number}", type_=Integer()),
            is_long,
        )

    def matches(self, rows: FromClause) -> ColumnElement[bool]:
        """Whether it gives points. What equals a term contains it, and no term reaches from one text into another."""
        contained: ColumnElement[bool] = rows.c.texts.like(self.pattern, escape=_ESCAPE)
        if self.is_long:
            contained = and_(contained, position_of(rows.c.texts, self.text) > 0)
        return or_(contained, rows.c.provider == self.text)

    def points(self, rows: FromClause) -> ColumnElement[int]:
        """The points in rows that it matches: the first rule that applies gives them (chapter 01, 2.8)."""
        position = position_of(rows.c.texts, self.text)
        # The texts stand in the order of the rules, so where it is found first tells which one applies. Engines look
        # for it anew in each comparison, so there are no more than two.
        module, name, provider, description, owner = self._equals(rows)
        points = case(
            (module, _number(20)),
            (name, _number(18)),
            (provider, _number(14)),
            (description, _number(13)),
            (owner, _number(12)),
            (
                position < rows.c.owner_at,
                case((position < rows.c.description_at, _number(5)), else_=_number(_OF_A_DESCRIPTION)),
            ),
            else_=case((position < rows.c.namespace_at, _number(3)), else_=_number(2)),
        )
        return points * self.times

    def may_exceed_a_description(self, rows: FromClause) -> ColumnElement[bool]:
        """False only where it gives no more points than a description does that contains it."""
        *_, description, owner = self._equals(rows)
        return or_(rows.c.names.like(self.pattern, escape=_ESCAPE), description, owner)

    def _equals(self, rows: FromClause) -> tuple[ColumnElement[bool], ...]:
        """Whether the module, the namespace, the provider, the description, and the owner equal it."""
        return (
            self._fills(rows, _number(1), rows.c.description_at),
            self._fills(rows, rows.c.namespace_at, rows.c.end_at),
            rows.c.provider == self.text,
            self._fills(rows, rows.c.description_at, rows.c.owner_at),
            self._fills(rows, rows.c.owner_at, rows.c.namespace_at),
        )

    def _fills(self, rows: FromClause, at: ColumnElement[int], next_at: ColumnElement[int]) -> ColumnElement[bool]:
        """Whether what stands in the texts between two places equals it; lengths are compared first, at less cost."""
        return and_(next_at - at == self.length + _number(1), func.substr(rows.c.texts, at, self.length) == self.text)


@lru_cache(maxsize=256)
def _build(shape: _Shape) -> SearchStatements:
    terms = [_Term.of(number, is_long=shape.long_terms) for number in range(shape.terms)]
    conditions = [*_conditions(shape), *(term.matches(module_search) for term in terms)]
    # First which rows, then what of them: sorting carries short rows only.
    chosen = (_best_matches(shape, terms) if terms else _in_order(shape)).subquery("chosen")
    page = (
        select(*SUMMARY_COLUMNS)
        .select_from(chosen)
        .join(module_provider, module_provider.c.id == chosen.c.module_provider_id)
        .join(namespace, namespace.c.id == module_provider.c.namespace_id)
        .join(module_version, module_version.c.id == module_provider.c.latest_version_id)
        .order_by(chosen.c.score.desc(), *_names(chosen))
    )
    count = select(func.count()).select_from(module_search).where(*conditions)
    shared = (module_search.c.namespace, module_search.c.provider)
    verified = func.sum(case((module_search.c.verified, 1), else_=0))
    counts = select(*shared, func.count(), verified).where(*conditions).group_by(*shared)
    return SearchStatements(page, count, counts)


def _names(rows: FromClause) -> tuple[ColumnElement[str], ...]:
    """What rows of equal score are in the order of."""
    return (rows.c.module, rows.c.provider, rows.c.namespace)


def _in_order(shape: _Shape) -> Select[Any]:
    """The page of a search without terms."""
    names = _names(module_search)
    chosen = select(module_search.c.module_provider_id, *names, _number(0).label("score"))
    return chosen.where(*_conditions(shape)).order_by(*names).limit(bindparam("limit")).offset(bindparam("offset"))


def _best_matches(shape: _Shape, terms: Sequence[_Term]) -> Select[Any]:
    """The page of a search with terms.

    Most searches for something that many have are answered by the first rows in the order of names: once they fill the
    page, only what scores higher than its last row can still come before it, and few rows are worth a closer look.
    """
    if not shape.head:
        return _page_of(_ranked(module_search, terms, *_conditions(shape)).subquery("found"))
    first_rows = (
        select(module_search)
        .where(*_conditions(shape))
        .order_by(*_names(module_search))
        # Written out, because a planner that does not know it would rather read and sort everything.
        .limit(_number(shape.head))
        .subquery("first_rows")
    )
    reach = bindparam("reach", type_=Integer())
    ranked = _ranked(first_rows, terms)
    head = ranked.order_by(ranked.selected_columns.score.desc(), *_names(first_rows)).limit(reach).cte("head")
    full = case((func.count() == reach, func.min(head.c.score)), else_=_number(0))
    bar = select(full).select_from(head).scalar_subquery()
    occurrences = bindparam("occurrences", type_=Integer())
    # From the cheapest to the dearest: engines ask in this order.
    higher = _ranked(
        module_search,
        terms,
        *_conditions(shape),
        or_(
            bar < occurrences * _number(_OF_A_DESCRIPTION),
            *(term.may_exceed_a_description(module_search) for term in terms),
        ),
    ).where(_score(module_search, terms) > bar)
    return _page_of(union_all(select(head).where(head.c.score == bar), higher).subquery("found"))


def _ranked(rows: FromClause, terms: Sequence[_Term], *conditions: ColumnElement[bool]) -> Select[Any]:
    """What of the rows meets the conditions and matches, with its score."""
    found = select(rows.c.module_provider_id, *_names(rows), _score(rows, terms).label("score"))
    return found.where(*conditions, *(term.matches(rows) for term in terms))


def _score(rows: FromClause, terms: Sequence[_Term]) -> ColumnElement[int]:
    first, *others = (term.points(rows) for term in terms)
    return sum(others, start=first)


def _page_of(found: Subquery) -> Select[Any]:
    ordered = select(found).order_by(found.c.score.desc(), *_names(found))
    return ordered.limit(bindparam("limit")).offset(bindparam("offset"))


def _number(value: int) -> ColumnElement[int]:
    """A number that is written into the statement."""
    return literal_column(str(value), Integer())


def _conditions(shape: _Shape) -> list[ColumnElement[bool]]:
    def among(name: str) -> BindParameter[Any]:
        return bindparam(name, expanding=True)

    rows = module_search.c
    provider, verified, internal = (
        unindexed(column, type_=column.type) if shape.terms else column
        for column in (rows.provider, rows.verified, rows.internal)
    )
    trusted = rows.namespace.in_(among("trusted_namespaces"))
    return [
        condition
        for wanted, condition in (
            (shape.namespaces, rows.namespace.in_(among("namespaces"))),
            (shape.providers, provider.in_(among("providers"))),
            (shape.module, rows.module == bindparam("module")),
            (shape.allowed_providers, provider.in_(among("allowed_providers"))),
            (shape.verified_only, verified == true()),
            (not shape.include_internal, internal == false()),
            (shape.trust is TrustFilter.TRUSTED, trusted),
            (shape.trust is TrustFilter.CONTRIBUTED, ~trusted),
        )
        if wanted
    ]
