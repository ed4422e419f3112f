"""The contract of the audit log."""

from datetime import timedelta
from typing import Any

import attrs
import pytest

from terrareg_core.audit.events import AuditAction, AuditEvent
from terrareg_core.audit.queries import AuditColumn, AuditQuery
from terrareg_core.transactions import UnitOfWork
from tests.integration.contracts.storage import NOW


def _given(unit_of_work: UnitOfWork, *events: AuditEvent) -> None:
    with unit_of_work.write() as tx:
        for event in events:
            tx.audit.append(event)


def _event(
    object_id: str | None,
    *,
    username: str | None = "alice",
    action: AuditAction = AuditAction.NAMESPACE_MODIFY_DISPLAY_NAME,
    old: str | None = None,
    new: str | None = None,
) -> AuditEvent:
    return AuditEvent(NOW, username, action, object_id, old, new)


def _found(unit_of_work: UnitOfWork, search: str) -> set[str | None]:
    """The objects of the events that a filter finds."""
    with unit_of_work.read() as tx:
        page = tx.audit.page(AuditQuery(search=search, length=100))
    assert page.filtered == len(page.rows)
    return {event.object_id for event in page.rows}


class TestAuditLog:
    def test_events_come_back_as_they_were_oldest_first(self, unit_of_work: UnitOfWork) -> None:
        events = [
            AuditEvent(NOW, "somebody", action, f"object {number}", old_value=None if number else "old")
            for number, action in enumerate(AuditAction)
        ]
        later = AuditEvent(
            NOW + timedelta(microseconds=1), "é" * 300, AuditAction.NAMESPACE_CREATE, "x" * 600, "", "n" * 5000
        )
        with unit_of_work.write() as tx:
            for event in [later, *events]:
                tx.audit.append(event)
            assert list(tx.audit.history()) == [*events, later]
        with unit_of_work.read() as tx:
            assert list(tx.audit.history()) == [*events, later]

    def test_an_event_may_concern_no_object_and_have_no_user(self, unit_of_work: UnitOfWork) -> None:
        events = [
            AuditEvent(NOW, None, AuditAction.USER_LOGIN, None),
            AuditEvent(NOW, "alice", AuditAction.USER_GROUP_CREATE, None, None, ""),
        ]
        _given(unit_of_work, *events)
        with unit_of_work.read() as tx:
            assert list(tx.audit.history()) == events
            assert tx.audit.page(AuditQuery()).rows == events[::-1]

    def test_an_event_of_a_transaction_that_failed_never_happened(self, unit_of_work: UnitOfWork) -> None:
        with pytest.raises(KeyError), unit_of_work.write() as tx:  # noqa: PT012
            tx.audit.append(AuditEvent(NOW, "somebody", AuditAction.NAMESPACE_CREATE, "acme"))
            raise KeyError
        with unit_of_work.read() as tx:
            assert list(tx.audit.history()) == []

    def test_an_empty_history_has_an_empty_page(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.read() as tx:
            for query in (AuditQuery(), AuditQuery(search="x"), AuditQuery(start=5), AuditQuery(length=0)):
                page = tx.audit.page(query)
                assert (list(page.rows), page.total, page.filtered) == ([], 0, 0)

    def test_a_page_tells_how_many_there_are_wherever_it_lies(self, unit_of_work: UnitOfWork) -> None:
        _given(unit_of_work, *(_event(f"o{number}", new="even" if number % 2 == 0 else "odd") for number in range(7)))
        with unit_of_work.read() as tx:
            for start, length, listed in [
                *[(0, 10, ["o6", "o4", "o2", "o0"]), (0, 4, ["o6", "o4", "o2", "o0"]), (1, 2, ["o4", "o2"])],
                *[(2, 5, ["o2", "o0"]), (4, 5, []), (2**31 - 1, 5, []), (0, 0, []), (3, 0, [])],
            ]:
                page = tx.audit.page(AuditQuery(search="EVEN", start=start, length=length))
                assert ([event.object_id for event in page.rows], page.total, page.filtered) == (listed, 7, 4)
            everything = tx.audit.page(AuditQuery(start=5, length=5))
            assert ([event.object_id for event in everything.rows], everything.filtered) == (["o1", "o0"], 7)

    def test_a_filter_looks_at_user_action_object_and_values_ignoring_case(self, unit_of_work: UnitOfWork) -> None:
        _given(
            unit_of_work,
            _event("by user", username="Élodie"),
            _event("by action", action=AuditAction.MODULE_VERSION_INDEX),
            _event("By OBJECT"),
            _event("by old", old="Straße"),
            _event("by new", new="ΜΕΛΑΣ"),
            _event(None, username=None, action=AuditAction.USER_LOGIN),
        )
        assert _found(unit_of_work, "éLODIE") == {"by user"}
        assert _found(unit_of_work, "version_index") == {"by action"}
        assert _found(unit_of_work, "by object") == {"By OBJECT"}
        assert _found(unit_of_work, "STRASSE") == {"by old"}
        assert _found(unit_of_work, "μελας") == {"by new"}
        assert _found(unit_of_work, "user_login") == {None}
        assert _found(unit_of_work, "alice by") == set()

    def test_a_filter_does_not_look_at_the_object_s_type(self, unit_of_work: UnitOfWork) -> None:
        _given(unit_of_work, _event("ns/m/aws/1.0.0", action=AuditAction.MODULE_VERSION_INDEX))
        assert _found(unit_of_work, "ModuleVersion") == set()

    @pytest.mark.parametrize("search", ["%", "_", "\\", "a%b", "a_b", "a\\b", "[a]", "*", "'", '"', "\\%"])
    def test_a_filter_has_no_wildcards(self, unit_of_work: UnitOfWork, search: str) -> None:
        others = {"%", "_", "\\", "a%b", "a_b", "a\\b", "[a]", "*", "'", '"', "\\%", "axb", "a", "b", ""}
        events = [_event(text, username="x", action=AuditAction.USER_LOGIN) for text in sorted(others)]
        _given(unit_of_work, *events)
        expected = {text for text in others if search in text} | (others if search in "USER_LOGIN" else set())
        assert _found(unit_of_work, search) == expected

    def test_a_filter_finds_what_stands_far_behind_in_a_long_value(self, unit_of_work: UnitOfWork) -> None:
        _given(unit_of_work, _event("long", new="x" * 20_000 + "Needle"), _event("short"))
        assert _found(unit_of_work, "needle") == {"long"}
        assert _found(unit_of_work, "y" * 30_000) == set()

    @pytest.mark.parametrize("column", [AuditColumn.USERNAME, *list(AuditColumn)[3:]])
    def test_texts_are_ordered_ignoring_case_and_missing_ones_come_first(
        self, unit_of_work: UnitOfWork, column: AuditColumn
    ) -> None:
        texts = ["bb", None, "aa", "Cc", "", "É", "_", "~", "c-c", "\U0001f600", "\uffee", "b b", "z" * 3000]
        changes: list[dict[str, Any]] = [{column.value: text} for text in texts]
        _given(unit_of_work, *(attrs.evolve(_event("o"), **change) for change in changes))
        expected = [None, *["", "_", "aa", "b b", "bb", "c-c", "Cc", "z" * 3000, "~", "É", "\uffee", "\U0001f600"]]
        with unit_of_work.read() as tx:
            for descending in (False, True):
                page = tx.audit.page(AuditQuery(column=column, descending=descending, length=100))
                found = [getattr(event, column.value) for event in page.rows]
                assert found == (expected[::-1] if descending else expected)

    def test_actions_are_ordered_by_their_names(self, unit_of_work: UnitOfWork) -> None:
        _given(unit_of_work, *(_event("o", action=action) for action in AuditAction))
        with unit_of_work.read() as tx:
            for descending in (False, True):
                query = AuditQuery(column=AuditColumn.ACTION, descending=descending, length=1000)
                found = [event.action.value for event in tx.audit.page(query).rows]
                assert found == sorted((action.value for action in AuditAction), reverse=descending)
