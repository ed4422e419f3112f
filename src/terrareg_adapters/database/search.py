"""The statements of a search: the conditions and the score of `search.score`, written in SQL."""

from collections import Counter
from functools import lru_cache
from typing import Any, Self

import attrs
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    true,
)

from terrareg_adapters.database.functions import position_of
from terrareg_adapters.database.rows import SUMMARY_COLUMNS
from terrareg_adapters.database.tables import module_provider, module_version, namespace
from terrareg_adapters.database.types import LongText
from terrareg_core.errors import InvalidRequest
from terrareg_core.json_values import storable_text
from terrareg_core.modules.search import SearchCriteria, TrustFilter

MAX_DIFFERENT_TERMS = 20
"""Statements grow with the number of terms."""

MAX_FILTER_NAMES = 10_000
"""Of namespaces, and of providers; engines take some ten thousand parameters."""


@attrs.frozen
class _Shape:
    """What of a search changes its statements; the rest are parameters."""

    terms: int
    namespaces: bool
    providers: bool
    module: bool
    allowed_providers: bool
    verified_only: bool
    include_internal: bool
    trust: TrustFilter

    @classmethod
    def of(cls, criteria: SearchCriteria, terms: int) -> Self:
        return cls(
            terms,
            bool(criteria.namespaces),
            bool(criteria.providers),
            criteria.module is not None,
            bool(criteria.allowed_providers),
            criteria.verified_only,
            criteria.include_internal,
            criteria.trust,
        )


@attrs.frozen
class SearchStatements:
    """The statements of a search."""

    page: Select[Any]
    """Rows of SUMMARY_COLUMNS; takes `limit` and `offset` besides the criteria's parameters."""
    count: Select[Any]
    counts: Select[Any]
    """Rows of namespace, provider, verified flag, and how many module providers have them in common."""


def statements(criteria: SearchCriteria) -> tuple[SearchStatements, dict[str, object]]:
    """The statements that answer `criteria`, and the criteria's parameters.

    Raises InvalidRequest when there are more than MAX_DIFFERENT_TERMS different terms, or more than MAX_FILTER_NAMES
    different names in a filter.
    """
    terms = Counter(map(storable_text, criteria.terms))
    if len(terms) > MAX_DIFFERENT_TERMS:
        raise InvalidRequest(f"A search takes at most {MAX_DIFFERENT_TERMS} different words")
    namespaces, providers = set(criteria.namespaces or ()), set(criteria.providers or ())
    if max(len(namespaces), len(providers)) > MAX_FILTER_NAMES:
        raise InvalidRequest(f"A search takes at most {MAX_FILTER_NAMES} different namespaces or providers")
    parameters: dict[str, object] = {
        "namespaces": tuple(namespaces),
        "namespaces_folded": tuple({name.lower() for name in namespaces}),
        "providers": tuple(providers),
        "module": criteria.module,
        "allowed_providers": tuple(criteria.allowed_providers),
        "trusted_namespaces": tuple(criteria.trusted_namespaces),
    }
    for number, (term, times) in enumerate(terms.items()):
        parameters |= {f"term_{number}": term, f"times_{number}": times}
    built, used = _build(_Shape.of(criteria, len(terms)))
    return built, {name: value for name, value in parameters.items() if name in used}


@lru_cache(maxsize=256)
def _build(shape: _Shape) -> tuple[SearchStatements, frozenset[str]]:
    candidates = module_provider.join(namespace, namespace.c.id == module_provider.c.namespace_id).join(
        module_version, module_version.c.id == module_provider.c.latest_version_id
    )
    terms = [bindparam(f"term_{number}", type_=LongText()) for number in range(shape.terms)]
    times = [bindparam(f"times_{number}", type_=Integer()) for number in range(shape.terms)]
    conditions = [*_conditions(shape), *map(_matches, terms)]
    score = sum((_points(term) * factor for term, factor in zip(terms, times, strict=True)), start=literal_column("0"))
    names = (module_provider.c.module, module_provider.c.provider, namespace.c.name)
    labelled = score.label("score")
    # First which rows, then what of them: sorting carries short rows only.
    chosen = (
        select(module_provider.c.id.label("chosen_id"), labelled)
        .select_from(candidates)
        .where(*conditions)
        .order_by(*((labelled.desc(),) if terms else ()), *names)
        .limit(bindparam("limit"))
        .offset(bindparam("offset"))
        .subquery()
    )
    page = (
        select(*SUMMARY_COLUMNS)
        .select_from(candidates.join(chosen, chosen.c.chosen_id == module_provider.c.id))
        .order_by(chosen.c.score.desc(), *names)
    )
    count = select(func.count()).select_from(candidates).where(*conditions)
    shared = (namespace.c.name, module_provider.c.provider, module_provider.c.verified)
    counts = select(*shared, func.count()).select_from(candidates).where(*conditions).group_by(*shared)
    used = frozenset(count.compile().params) | {factor.key for factor in times}
    return SearchStatements(page, count, counts), used


def _conditions(shape: _Shape) -> list[ColumnElement[bool]]:
    def among(name: str) -> BindParameter[Any]:
        return bindparam(name, expanding=True)

    trusted = namespace.c.name.in_(among("trusted_namespaces"))
    return [
        condition
        for wanted, condition in (
            (shape.namespaces, namespace.c.name.in_(among("namespaces"))),
            # Says nothing more, but has an index.
            (shape.namespaces, namespace.c.name_folded.in_(among("namespaces_folded"))),
            (shape.providers, module_provider.c.provider.in_(among("providers"))),
            (shape.module, module_provider.c.module == bindparam("module")),
            (shape.allowed_providers, module_provider.c.provider.in_(among("allowed_providers"))),
            (shape.verified_only, module_provider.c.verified == true()),
            (not shape.include_internal, ~module_version.c.internal),
            (shape.trust is TrustFilter.TRUSTED, trusted),
            (shape.trust is TrustFilter.CONTRIBUTED, ~trusted),
        )
        if wanted
    ]


def _matches(term: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether one term gives points: what equals a term contains it, so fewer comparisons than for the points do."""
    return or_(
        module_provider.c.provider == term,
        position_of(module_provider.c.module_folded, term) > 0,
        position_of(module_version.c.description_folded, term) > 0,
        position_of(module_version.c.owner_folded, term) > 0,
        position_of(namespace.c.name_folded, term) > 0,
    )


def _points(term: ColumnElement[str]) -> ColumnElement[int]:
    """The points of one term: the first rule that applies gives them (chapter 01, 2.8)."""
    module, name = module_provider.c.module_folded, namespace.c.name_folded
    description, owner = module_version.c.description_folded, module_version.c.owner_folded
    return case(
        (module == term, 20),
        (name == term, 18),
        (module_provider.c.provider == term, 14),
        (description == term, 13),
        (owner == term, 12),
        (position_of(module, term) > 0, 5),
        (position_of(description, term) > 0, 4),
        (position_of(owner, term) > 0, 3),
        (position_of(name, term) > 0, 2),
        else_=0,
    )
