"""How many matches of a search each filter would leave (chapter 01, 5.7)."""

from hypothesis import given
from hypothesis import strategies as st

from terrareg_core.modules.search import FilterCounts, MatchCount

NAMES = st.sampled_from(["aa", "bb", "cc"])
COUNTS = st.lists(st.builds(MatchCount, NAMES, NAMES, st.integers(50, 100), st.integers(0, 50)))


def test_nothing_found_is_zeros() -> None:
    assert FilterCounts.of([], {"aa"}) == FilterCounts(0, 0, 0, {}, {})


def test_names_come_in_alphabetical_order() -> None:
    counts = FilterCounts.of([MatchCount("bb", "gcp", 2, 2), MatchCount("aa", "aws", 3, 1)], {"bb"})
    assert list(counts.providers.items()) == [("aws", 3), ("gcp", 2)]
    assert list(counts.namespaces.items()) == [("aa", 3), ("bb", 2)]
    assert (counts.verified, counts.trusted, counts.contributed) == (3, 2, 3)


@given(COUNTS, st.frozensets(NAMES))
def test_every_match_is_counted_once_in_each_group(counted: list[MatchCount], trusted: frozenset[str]) -> None:
    counts = FilterCounts.of(counted, trusted)
    total = sum(row.matches for row in counted)
    assert counts.trusted + counts.contributed == total
    assert sum(counts.providers.values()) == sum(counts.namespaces.values()) == total
    assert sum(count for name, count in counts.namespaces.items() if name in trusted) == counts.trusted
    assert counts.verified == sum(row.verified for row in counted)
