"""Searches in SQL find, rank and page exactly as the in-memory twin does, whatever is stored and asked."""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from terrareg_adapters.database.module_versions import version_sort_key
from terrareg_adapters.database.unit_of_work import DatabaseUnitOfWork
from terrareg_adapters.memory.storage import MemoryUnitOfWork
from terrareg_core.identifiers import ModuleName, NamespaceName, ProviderName
from terrareg_core.modules.search import SearchCriteria, TrustFilter, search_terms
from terrareg_core.paging import PageRequest
from terrareg_core.transactions import UnitOfWork
from terrareg_core.versions import Version
from tests.integration.conftest import empty
from tests.integration.contracts.storage import content, given_namespace, new_version

_NAMESPACES = ("ab", "AA", "a-b", "b0")
_MODULES = ("ab", "Aa", "a_b", "b-a", "ba")
_PROVIDERS = ("ab", "a", "b")
_ALPHABET = "abAB%_\\'\" éÉİßẞσΣς\u0301"
_TEXT = st.none() | st.text(alphabet=_ALPHABET, max_size=5)

_ROW = st.tuples(
    st.sampled_from(_NAMESPACES),
    st.sampled_from(_MODULES),
    st.sampled_from(_PROVIDERS),
    _TEXT,
    _TEXT,
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
_ROWS = st.lists(_ROW, min_size=3, max_size=12, unique_by=lambda row: row[:3])


def _some(names: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...] | None]:
    return st.none() | st.lists(st.sampled_from((*names, "%", "AB")), max_size=3).map(tuple)


_CRITERIA = st.builds(
    SearchCriteria,
    terms=st.text(alphabet=_ALPHABET, max_size=6).map(search_terms),
    namespaces=_some(_NAMESPACES),
    providers=_some(_PROVIDERS),
    module=st.none() | st.none() | st.sampled_from((*_MODULES, "a%")),
    allowed_providers=st.frozensets(st.sampled_from(_PROVIDERS), max_size=2),
    verified_only=st.booleans(),
    include_internal=st.booleans(),
    trust=st.sampled_from(TrustFilter),
    trusted_namespaces=st.frozensets(st.sampled_from(_NAMESPACES), max_size=2),
)
_PAGES = st.builds(PageRequest, st.integers(0, 6), st.integers(1, 6))

_Row = tuple[str, str, str, str | None, str | None, bool, bool, bool]


def _store(unit_of_work: UnitOfWork, rows: list[_Row]) -> None:
    with unit_of_work.write() as tx:
        for namespace, module, provider, description, owner, internal, verified, has_latest in rows:
            module_provider = tx.module_providers.add(
                given_namespace(tx, namespace).id, ModuleName(module), ProviderName(provider), verified=verified
            )
            indexed = content(description=description, owner=owner, internal=internal, parts=())
            version = tx.module_versions.add(new_version(module_provider, indexed=indexed))
            if has_latest:
                tx.module_providers.set_latest(module_provider.id, version.id)
            tx.namespaces.add_redirect(NamespaceName("former"), module_provider.namespace.id)


@pytest.mark.parametrize("engine_name", ["sqlite", "postgresql"])
@given(rows=_ROWS, queries=st.lists(st.tuples(_CRITERIA, _PAGES), min_size=5, max_size=5))
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_a_search_in_sql_answers_as_the_reference_does(
    request: pytest.FixtureRequest,
    engine_name: str,
    rows: list[_Row],
    queries: list[tuple[SearchCriteria, PageRequest]],
) -> None:
    engine: Engine = request.getfixturevalue(engine_name)
    empty(engine)
    reference, database = MemoryUnitOfWork(), DatabaseUnitOfWork(engine)
    _store(reference, rows)
    _store(database, rows)
    with reference.read() as expected, database.read() as found:
        for criteria, page in queries:
            assert found.catalogue.search(criteria, page) == expected.catalogue.search(criteria, page)


_WORDS = ("net", "network", "lan", "aws", "team", "é")
_MANY = 700
"""More than are looked at first, see `database.search`."""


def _many_rows() -> list[_Row]:
    """Rows in which some words are frequent and some rare, in every text, wherever the order of names puts them."""
    chance = Random(20)

    def text(words: int) -> str:
        return " ".join(chance.choices(_WORDS, weights=(8, 4, 2, 2, 1, 1), k=words))

    return [
        (
            f"{chance.choice(('team', 'net', 'ops'))}{number % 7}",
            "lan" if number in {100, 650} else chance.choice(("a{}", "m{}", "z{}", "z{}-net")).format(number),
            chance.choice(("aws", "gcp", "lan")),
            text(chance.choice((0, 1, 6))),
            text(chance.choice((0, 1, 2))),
            chance.random() < 0.1,
            chance.random() < 0.5,
            chance.random() < 0.95,
        )
        for number in range(_MANY)
    ]


_MANY_CRITERIA = st.builds(
    SearchCriteria,
    terms=st.lists(st.sampled_from((*_WORDS, "e", "m1", "z69", "gcp", "nothing")), min_size=1, max_size=3).map(tuple),
    namespaces=st.none() | st.none() | st.just(("team1", "net2", "ops3")),
    providers=st.none() | st.none() | st.just(("gcp", "lan")),
    verified_only=st.booleans(),
    include_internal=st.booleans(),
    trust=st.sampled_from(TrustFilter),
    trusted_namespaces=st.just(frozenset({"team1", "net1", "ops1"})),
)
_MANY_PAGES = st.builds(PageRequest, st.integers(0, 70) | st.integers(0, _MANY), st.integers(1, 50))


@pytest.mark.parametrize("engine_name", ["sqlite", "postgresql"])
def test_searches_among_many_answer_as_the_reference_does(request: pytest.FixtureRequest, engine_name: str) -> None:
    reference, database = MemoryUnitOfWork(), DatabaseUnitOfWork(request.getfixturevalue(engine_name))
    rows = _many_rows()
    _store(reference, rows)
    _store(database, rows)

    @given(criteria=_MANY_CRITERIA, page=_MANY_PAGES, counted=st.booleans())
    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def agree(criteria: SearchCriteria, page: PageRequest, *, counted: bool) -> None:
        expected = everything.catalogue.search(criteria, page, counted=counted)
        assert found.catalogue.search(criteria, page, counted=counted) == expected
        assert set(found.catalogue.counts(criteria)) == set(everything.catalogue.counts(criteria))

    with reference.read() as everything, database.read() as found:
        agree()


_VERSIONS = st.builds(
    "{}.{}.{}{}".format,
    st.integers(0, 12) | st.integers(0, 10**30),
    st.integers(0, 12) | st.just("007"),
    st.integers(0, 3),
    st.just("") | st.from_regex(r"-[0-9a-c]{1,4}", fullmatch=True) | st.from_regex(r"-rc[0-9]{1,3}", fullmatch=True),
).map(Version.parse)


@given(_VERSIONS, _VERSIONS)
def test_sort_keys_are_ordered_as_versions_are(one: Version, two: Version) -> None:
    assert (version_sort_key(one) < version_sort_key(two)) == (one < two)


@given(
    st.from_regex(r"[0-9]{1,40}\.[0-9]{1,40}\.[0-9]{1,40}(-[0-9a-z]{1,60})?", fullmatch=True).filter(
        lambda t: len(t) <= 128
    )
)
def test_a_sort_key_fits_its_column(text: str) -> None:
    key = version_sort_key(Version.parse(text))
    assert key.isascii()
    assert len(key) <= 300
