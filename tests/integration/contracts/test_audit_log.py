"""The contract of the audit log."""

from datetime import timedelta

import pytest

from terrareg_core.audit.events import AuditAction, AuditEvent
from terrareg_core.transactions import UnitOfWork
from tests.integration.contracts.storage import NOW


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

    def test_an_event_of_a_transaction_that_failed_never_happened(self, unit_of_work: UnitOfWork) -> None:
        with pytest.raises(KeyError), unit_of_work.write() as tx:  # noqa: PT012
            tx.audit.append(AuditEvent(NOW, "somebody", AuditAction.NAMESPACE_CREATE, "acme"))
            raise KeyError
        with unit_of_work.read() as tx:
            assert list(tx.audit.history()) == []
