"""The audit history over the in-memory twins: who may read it, filters, orders and pages (chapter 04, 12.3)."""

import itertools
from collections.abc import Sequence
from datetime import timedelta

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrareg_adapters.memory.clock import FixedClock
from terrareg_core.access.identities import Identity, IdentityKind
from terrareg_core.audit.events import AuditAction, AuditEvent, AuditPage
from terrareg_core.audit.queries import MAX_LENGTH, AuditColumn, AuditQuery, folded
from terrareg_core.errors import AuthenticationRequired, PermissionDenied
from terrareg_core.paging import MAX_OFFSET
from tests.unit.registries import ADMIN, ANONYMOUS, World, make_world
from tests.unit.strategies import audit_events, audit_filters, audit_queries

NOW = FixedClock().now()


def _world(events: Sequence[AuditEvent]) -> World:
    world = make_world()
    with world.unit_of_work.write() as tx:
        for event in events:
            tx.audit.append(event)
    return world


def _page(events: Sequence[AuditEvent], query: AuditQuery) -> AuditPage:
    return _world(events).registry.audit.page(ADMIN, query)


# --- what a client wrote ---


@pytest.mark.parametrize(
    ("number", "column"),
    [
        *enumerate(["timestamp", "username", "action", "object_id", "old_value", "new_value"]),
        *[(6, "timestamp"), (99, "timestamp"), (-1, "timestamp"), (-7, "timestamp"), (2**63 - 1, "timestamp")],
    ],
)
def test_columns_are_numbered_and_any_other_number_means_the_timestamp(number: int, column: str) -> None:
    assert AuditColumn.numbered(number).value == column


@pytest.mark.parametrize(
    ("start", "length", "skipped", "listed"),
    [
        (0, 10, 0, 10),
        (7, 0, 7, 0),
        (-1, 1, 0, 1),
        (2**63 - 1, 1000, MAX_OFFSET, 1000),
        (3, 1001, 3, 1000),
        (3, -1, 3, 1000),
        (-(2**63), -(2**63), 0, 1000),
    ],
)
def test_a_page_that_nobody_can_have_becomes_one_that_they_can(
    start: int, length: int, skipped: int, listed: int
) -> None:
    query = AuditQuery.normalised(start=start, length=length, search="", column=0, direction="desc")
    assert (query.start, query.length) == (skipped, listed)


@pytest.mark.parametrize(
    ("direction", "descending"), [("desc", True), ("asc", False), ("DESC", False), ("desc ", False), ("", False)]
)
def test_only_the_word_desc_descends(direction: str, descending: bool) -> None:
    query = AuditQuery.normalised(start=0, length=1, search="", column=0, direction=direction)
    assert query.descending is descending


@given(st.integers(), st.integers(), st.text(), st.integers(), st.text())
def test_every_query_stays_within_what_a_database_takes(
    start: int, length: int, search: str, column: int, direction: str
) -> None:
    query = AuditQuery.normalised(start=start, length=length, search=search, column=column, direction=direction)
    assert 0 <= query.start <= MAX_OFFSET
    assert 0 <= query.length <= MAX_LENGTH
    assert attrs.evolve(query) == query


# --- who may ---


def test_only_site_admins_read_the_history() -> None:
    world = _world([AuditEvent(NOW, "alice", AuditAction.USER_LOGIN, None)])
    with pytest.raises(AuthenticationRequired):
        world.registry.audit.page(ANONYMOUS, AuditQuery())
    with pytest.raises(PermissionDenied):
        world.registry.audit.page(Identity(IdentityKind.UPLOAD_KEY, "Upload API Key"), AuditQuery())
    assert world.registry.audit.page(ADMIN, AuditQuery()).total == 1


# --- filters, orders and pages (20.18) ---


@given(st.lists(audit_events, max_size=12), audit_queries, st.integers(1, 5))
@settings(deadline=None)
def test_pages_put_together_are_the_filtered_history_without_gaps_or_repeats(
    events: list[AuditEvent], query: AuditQuery, size: int
) -> None:
    world = _world(events)
    whole = world.registry.audit.page(ADMIN, attrs.evolve(query, start=0, length=MAX_LENGTH))
    starts = range(0, len(events) + size, size)
    pages = [world.registry.audit.page(ADMIN, attrs.evolve(query, start=start, length=size)) for start in starts]
    assert [row for page in pages for row in page.rows] == list(whole.rows)
    assert {(page.total, page.filtered) for page in pages} == {(len(events), len(whole.rows))}


@given(st.lists(audit_events, max_size=12), audit_filters)
@settings(deadline=None)
def test_a_filter_finds_what_contains_it_character_for_character(events: list[AuditEvent], search: str) -> None:
    def contains(event: AuditEvent) -> bool:
        texts = (event.username, event.action.value, event.object_id, event.old_value, event.new_value)
        return any(text is not None and search.casefold() in text.casefold() for text in texts)

    found = _page(events, AuditQuery(search=search, length=MAX_LENGTH, descending=False)).rows
    assert sorted(map(repr, found)) == sorted(repr(event) for event in events if contains(event))


@given(st.lists(audit_events, max_size=12), audit_queries)
@settings(deadline=None)
def test_neighbours_are_in_the_order_asked_for(events: list[AuditEvent], query: AuditQuery) -> None:
    rows = _page(events, attrs.evolve(query, start=0, length=MAX_LENGTH, search="")).rows
    for one, other in itertools.pairwise(rows):
        first, second = (one, other) if query.descending else (other, one)
        if query.column is AuditColumn.TIMESTAMP:
            assert first.timestamp >= second.timestamp
            continue
        left, right = _compared(first, query.column), _compared(second, query.column)
        assert left >= right
        assert left > right or one.timestamp >= other.timestamp


def _compared(event: AuditEvent, column: AuditColumn) -> tuple[str, ...]:
    """What is missing comes before every text."""
    text = event.action.value if column is AuditColumn.ACTION else getattr(event, column.value)
    return () if text is None else (text.casefold(),)


def test_events_of_the_same_moment_follow_each_other_as_they_were_written() -> None:
    written = [AuditEvent(NOW, "alice", AuditAction.NAMESPACE_CREATE, name) for name in ("a", "b", "c")]
    older = AuditEvent(NOW - timedelta(seconds=1), "ALICE", AuditAction.NAMESPACE_CREATE, "d")
    world = _world([*written, older])

    def listed(column: AuditColumn, *, descending: bool) -> list[str | None]:
        page = world.registry.audit.page(ADMIN, AuditQuery(column=column, descending=descending))
        return [event.object_id for event in page.rows]

    assert listed(AuditColumn.TIMESTAMP, descending=True) == ["c", "b", "a", "d"]
    assert listed(AuditColumn.TIMESTAMP, descending=False) == ["d", "a", "b", "c"]
    assert listed(AuditColumn.USERNAME, descending=True) == ["c", "b", "a", "d"]
    assert listed(AuditColumn.USERNAME, descending=False) == ["c", "b", "a", "d"]


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert folded(folded(text)) == folded(text)
    assert folded(text) == folded(text.casefold())
