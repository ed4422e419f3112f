"""The audit history is filtered, ordered and paged in SQL exactly as by the in-memory twin, whatever it holds."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from terrareg_adapters.database.unit_of_work import DatabaseUnitOfWork
from terrareg_adapters.memory.storage import MemoryUnitOfWork
from terrareg_core.audit.events import AuditEvent
from terrareg_core.audit.queries import AuditQuery
from tests.integration.conftest import empty
from tests.unit.strategies import audit_events, audit_queries


@pytest.mark.parametrize("engine_name", ["sqlite", "postgresql"])
@given(
    events=st.lists(audit_events, min_size=3, max_size=12), queries=st.lists(audit_queries, min_size=10, max_size=10)
)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_a_page_in_sql_is_that_of_the_reference(
    request: pytest.FixtureRequest, engine_name: str, events: list[AuditEvent], queries: list[AuditQuery]
) -> None:
    engine: Engine = request.getfixturevalue(engine_name)
    empty(engine)
    reference, database = MemoryUnitOfWork(), DatabaseUnitOfWork(engine)
    for unit_of_work in (reference, database):
        with unit_of_work.write() as tx:
            for event in events:
                tx.audit.append(event)
    with reference.read() as expected, database.read() as found:
        for query in queries:
            assert found.audit.page(query) == expected.audit.page(query)
