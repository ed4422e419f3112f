"""Migrations: what they build, from which state, and what two processes do that migrate at once."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import DateTime, Engine, bindparam, inspect, text

from terrareg_adapters.database.engine import open_engine
from terrareg_adapters.database.schema import HEAD, SchemaStatus, status, upgrade
from terrareg_adapters.database.tables import metadata
from terrareg_adapters.database.unit_of_work import DatabaseUnitOfWork
from terrareg_core.audit.events import AuditAction, AuditEvent
from terrareg_core.audit.queries import AuditColumn, AuditQuery
from terrareg_core.errors import StoreUnavailable
from tests.integration.contracts.storage import content, given_module_provider, given_version, new_version
from tests.integration.searched import what_is_searched, what_should_be_searched

_UPGRADE = """
import sys
from terrareg_adapters.database.engine import open_engine
from terrareg_adapters.database.schema import upgrade

engine = open_engine(sys.argv[1])
sys.stdin.readline()
print(upgrade(engine).current)
engine.dispose()
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database in which there is nothing at all."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'bare.db'}"
        return
    server: str = request.getfixturevalue("postgresql_url")
    admin = open_engine(server)
    try:
        with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("CREATE DATABASE bare"))
            yield server.rpartition("/")[0] + "/bare"
            connection.execute(text("DROP DATABASE bare WITH (FORCE)"))
    finally:
        admin.dispose()


@pytest.fixture
def bare(bare_url: str) -> Iterator[Engine]:
    engine = open_engine(bare_url)
    yield engine
    engine.dispose()


def _scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", "terrareg_adapters.database:migrations")
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


def test_there_is_one_newest_revision_and_the_program_knows_it() -> None:
    assert _scripts().get_heads() == [HEAD]


def test_an_empty_database_has_no_revision(bare: Engine) -> None:
    assert status(bare) == SchemaStatus(None, HEAD)
    assert not status(bare).is_up_to_date


def test_upgrading_an_empty_database_gives_what_the_tables_say(bare: Engine) -> None:
    assert upgrade(bare) == SchemaStatus(HEAD, HEAD)
    assert status(bare).is_up_to_date
    with bare.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_unique_names_and_foreign_keys_are_those_of_the_tables(bare: Engine) -> None:
    upgrade(bare)
    migrated = _constraints(bare)
    metadata.drop_all(bare)
    metadata.create_all(bare)
    assert migrated == _constraints(bare)


def _constraints(engine: Engine) -> set[tuple[object, ...]]:
    found: set[tuple[object, ...]] = set()
    inspector = inspect(engine)
    for table in metadata.tables:
        found.update(("unique", table, *row["column_names"]) for row in inspector.get_unique_constraints(table))
        found.update(("index", table, *row["column_names"]) for row in inspector.get_indexes(table))
        found.update(
            ("key", table, *row["constrained_columns"], row["referred_table"], row["options"].get("ondelete"))
            for row in inspector.get_foreign_keys(table)
        )
        found.update(
            ("column", table, row["name"], str(row["type"]), row["nullable"]) for row in inspector.get_columns(table)
        )
    return found


def test_every_foreign_key_begins_an_index(bare: Engine) -> None:
    upgrade(bare)
    inspector = inspect(bare)
    for table in metadata.tables:
        first_columns = {row["column_names"][0] for row in inspector.get_indexes(table)}
        first_columns |= {row["column_names"][0] for row in inspector.get_unique_constraints(table)}
        first_columns.add(inspector.get_pk_constraint(table)["constrained_columns"][0])
        for key in inspector.get_foreign_keys(table):
            assert key["constrained_columns"][0] in first_columns, (table, key)


def test_upgrading_again_changes_nothing(bare: Engine) -> None:
    upgrade(bare)
    with bare.begin() as connection:
        connection.execute(metadata.tables["namespace"].insert().values(name="a1", name_folded="a1", kind="NONE"))
    assert upgrade(bare) == SchemaStatus(HEAD, HEAD)
    with bare.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM namespace")).scalar_one() == 1


def test_a_database_ahead_of_the_program_is_left_alone(bare: Engine) -> None:
    upgrade(bare)
    with bare.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert upgrade(bare) == SchemaStatus("9999", HEAD)
    assert not status(bare).is_up_to_date


def test_a_migration_that_fails_leaves_no_trace(bare: Engine) -> None:
    with bare.begin() as connection:
        connection.execute(text("CREATE TABLE download (id INTEGER)"))
    with pytest.raises(StoreUnavailable):
        upgrade(bare)
    assert inspect(bare).get_table_names() == ["download"]
    assert status(bare) == SchemaStatus(None, HEAD)


def test_the_schema_can_be_taken_back(bare: Engine) -> None:
    upgrade(bare)
    with bare.begin() as connection:
        context = MigrationContext.configure(connection)
        for script in _scripts().walk_revisions():
            with Operations.context(context):
                script.module.downgrade()
    assert set(inspect(bare).get_table_names()) == {"alembic_version"}


_AUDIT_HISTORY = "0007"


def _take_back(engine: Engine, revision: str) -> None:
    """Bring a database from the newest revision to the one before `revision`."""
    with engine.begin() as connection:
        context = MigrationContext.configure(connection)
        for script in _scripts().iterate_revisions(HEAD, revision, inclusive=True):
            with Operations.context(context):
                script.module.downgrade()
            before = {"revision": script.down_revision}
            connection.execute(text("UPDATE alembic_version SET version_num = :revision"), before)


def test_events_of_an_older_program_are_found_and_ordered_ignoring_case(bare: Engine) -> None:
    upgrade(bare)
    _take_back(bare, _AUDIT_HISTORY)
    moment = datetime(2024, 2, 3, 4, 5, 6, 7, tzinfo=UTC)
    action = AuditAction.NAMESPACE_MODIFY_DISPLAY_NAME
    values = ("Éclair", "eclair", None)
    # More than are folded at once.
    events = [AuditEvent(moment, "Alice", action, f"Team-{n}", values[n % 3], "") for n in range(2500)]
    rows = [
        {"moment": moment.replace(tzinfo=None), "name": event.object_id, "old": event.old_value} for event in events
    ]
    with bare.begin() as connection:
        statement = text(
            "INSERT INTO audit_event (timestamp, username, action, object_type, object_id, old_value, new_value)"
            " VALUES (:moment, 'Alice', 'NAMESPACE_MODIFY_DISPLAY_NAME', 'Namespace', :name, :old, '')"
        ).bindparams(bindparam("moment", type_=DateTime()))
        connection.execute(statement, rows)
    assert upgrade(bare).is_up_to_date
    with DatabaseUnitOfWork(bare).read() as tx:
        assert list(tx.audit.history()) == events
        assert tx.audit.page(AuditQuery(search="aLICE")).filtered == 2500
        assert tx.audit.page(AuditQuery(search="team-2499")).rows == [events[2499]]
        assert tx.audit.page(AuditQuery(search="ÉCLAIR")).filtered == 834
        by_value = tx.audit.page(AuditQuery(column=AuditColumn.OLD_VALUE, descending=False, start=832, length=2))
        # Of 833 without a value the oldest, of those with one the newest.
        assert by_value.rows == [events[2], events[2497]]


def test_events_that_an_older_program_can_t_hold_lose_what_it_does_not_know(bare: Engine) -> None:
    upgrade(bare)
    moment = datetime(2024, 2, 3, tzinfo=UTC)
    with DatabaseUnitOfWork(bare).write() as tx:
        tx.audit.append(AuditEvent(moment, None, AuditAction.USER_LOGIN, None))
    _take_back(bare, _AUDIT_HISTORY)
    with bare.connect() as connection:
        stored = connection.execute(text("SELECT username, object_type, object_id FROM audit_event")).one()
    assert tuple(stored) == ("", "", "")


def test_what_was_stored_before_there_was_anything_to_search_is_searched(bare: Engine) -> None:
    upgrade(bare)
    with DatabaseUnitOfWork(bare).write() as tx:
        given_version(tx, given_module_provider(tx, "Acme/Vpc/aws", verified=True))
        secret = content(description="ẞ in ÉCLAIR", owner=None, internal=True)
        given_version(tx, given_module_provider(tx, "other/net/gcp"), "0.1.0", indexed=secret)
        tx.module_versions.add(new_version(given_module_provider(tx, "other/unpublished/gcp")))
    expected = what_should_be_searched(bare)
    assert len(expected) == 2
    script = _scripts().get_revision("0005")
    with bare.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        script.module.downgrade()
        script.module.upgrade()
    assert what_is_searched(bare) == expected


def test_two_processes_that_upgrade_at_once_both_succeed(bare_url: str) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _UPGRADE, bare_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    results = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], results
    assert [output for output, _ in results] == [f"{HEAD}\n"] * 2
