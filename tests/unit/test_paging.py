"""Pages: clamping, and the offsets of the neighbouring pages (chapter 01, 2.7)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_core.paging import MAX_OFFSET, Page, PageRequest


def _page(offset: int, limit: int, total: int) -> Page[int]:
    return Page(PageRequest.clamped(offset, limit), (), total)


@pytest.mark.parametrize(
    ("asked", "limit", "offset", "previous", "following"),
    [
        ((0, 10, 3), 10, 0, None, None),
        ((10, 20, 1), 20, 10, 0, None),
        ((5, 0, 1), 1, 5, 4, None),
        ((-5, 51, 1), 50, 0, None, None),
        ((4, 2, 7), 2, 4, 2, 6),
        ((200, 2, 11), 2, 200, 198, None),
    ],
)
def test_a_page_names_its_neighbours_as_documented(
    asked: tuple[int, int, int], limit: int, offset: int, previous: int | None, following: int | None
) -> None:
    page = _page(*asked)
    assert (page.request.limit, page.request.offset) == (limit, offset)
    assert (page.previous_offset, page.next_offset) == (previous, following)


@given(st.integers(), st.integers(), st.integers(0, 10**6))
def test_clamped_pages_stay_within_what_a_database_takes(offset: int, limit: int, total: int) -> None:
    page = _page(offset, limit, total)
    assert 1 <= page.request.limit <= 50
    assert 0 <= page.request.offset <= MAX_OFFSET
    assert (page.previous_offset is None) == (page.request.offset == 0)
    if page.previous_offset is not None:
        assert 0 <= page.previous_offset < page.request.offset


@given(st.integers(1, 50), st.integers(0, 300))
def test_following_the_next_offset_visits_every_row_once(limit: int, total: int) -> None:
    visited: list[int] = []
    offset: int | None = 0
    while offset is not None:
        visited.extend(range(offset, min(offset + limit, total)))
        offset = _page(offset, limit, total).next_offset
    assert visited == list(range(total))


@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 60))
def test_a_page_that_nobody_counted_has_the_neighbours_of_one_that_somebody_did(
    total: int, offset: int, limit: int
) -> None:
    everything, request = range(total), PageRequest(offset, limit)
    uncounted = Page.uncounted(request, everything[offset : offset + limit + 1])
    counted = Page(request, everything[offset : offset + limit], total)
    assert list(uncounted.rows) == list(counted.rows)
    assert (uncounted.previous_offset, uncounted.next_offset) == (counted.previous_offset, counted.next_offset)
