"""Engines and what they make of a database that refuses, stalls, or is not there."""

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event, text

from terrareg_adapters.database.engine import open_engine
from terrareg_adapters.database.schema import status, upgrade
from terrareg_adapters.database.unit_of_work import DatabaseUnitOfWork
from terrareg_core.errors import InvalidRequest, StoreUnavailable
from terrareg_core.identifiers import ModuleName, NamespaceName, ProviderName
from terrareg_core.modules.search import SearchCriteria
from terrareg_core.paging import PageRequest
from terrareg_core.transactions import Transaction
from tests.integration.contracts.storage import (
    content,
    git_provider_definition,
    given_module_provider,
    given_namespace,
    given_version,
    new_version,
    part,
)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "mysql://user:secret@host/db",
        "oracle://user:secret@host/db",
        "sqlite://",
        "sqlite:///:memory:",
        "postgresql://user:secret@host:port/db",
    ],
)
def test_a_url_that_names_no_usable_database_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="database") as refusal:
        open_engine(url)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_a_plain_postgresql_url_means_the_driver_that_is_installed(scheme: str) -> None:
    engine = open_engine(f"{scheme}://user:pw@host/db")
    assert (engine.dialect.name, engine.driver) == ("postgresql", "psycopg")
    engine.dispose()


def test_connections_of_sqlite_are_durable_and_enforce_foreign_keys(sqlite: Engine) -> None:
    with sqlite.connect() as connection:
        pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        values = [connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one() for pragma in pragmas]
    assert values == ["wal", 2, 1, 10_000]


def test_a_server_that_is_not_there_is_a_store_that_is_unavailable() -> None:
    engine = open_engine("postgresql://user:secret@127.0.0.1:1/db")
    for attempt in (lambda: status(engine), lambda: upgrade(engine), lambda: _read(engine)):
        with pytest.raises(StoreUnavailable) as failure:
            attempt()
        assert "secret" not in failure.value.message
        assert "127.0.0.1" not in failure.value.message
    engine.dispose()


def test_a_file_that_can_not_be_opened_is_a_store_that_is_unavailable(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/missing/terrareg.db")
    with pytest.raises(StoreUnavailable):
        status(engine)
    engine.dispose()


def test_a_file_that_is_no_database_is_a_store_that_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("this is no database, and long enough to be seen as none" * 100)
    engine = open_engine(f"sqlite:///{tmp_path}/text.db")
    with pytest.raises(StoreUnavailable):
        upgrade(engine)
    engine.dispose()


def test_a_database_without_tables_is_a_store_that_is_unavailable(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/bare.db")
    with pytest.raises(StoreUnavailable):
        _read(engine)
    engine.dispose()


def test_a_writer_that_another_program_keeps_waiting_gives_up(sqlite: Engine) -> None:
    path = str(sqlite.url.database)
    engine = open_engine(f"sqlite:///{path}", patience=0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(StoreUnavailable), DatabaseUnitOfWork(engine).write():
            pytest.fail("it began although another writer was there")
        _read(engine)
    finally:
        other.close()
    with DatabaseUnitOfWork(engine).write() as tx:
        tx.namespaces.add(NamespaceName("acme"))
    engine.dispose()


def test_a_writer_that_waits_for_a_row_too_long_gives_up(postgresql: Engine) -> None:
    patient, impatient = DatabaseUnitOfWork(postgresql), open_engine(str_url(postgresql), patience=0.05)
    with patient.write() as tx:
        module_provider = given_module_provider(tx)
    with patient.write() as tx:
        tx.module_providers.hold(module_provider.id)
        with pytest.raises(StoreUnavailable), DatabaseUnitOfWork(impatient).write() as other:
            other.module_providers.hold(module_provider.id)
    impatient.dispose()


def test_whoever_finds_no_free_connection_in_time_is_told(sqlite: Engine) -> None:
    engine = open_engine(f"sqlite:///{sqlite.url.database}", pool_size=1, overflow=0, patience=0.05)
    unit_of_work = DatabaseUnitOfWork(engine)
    with unit_of_work.read(), ThreadPoolExecutor(1) as pool, pytest.raises(StoreUnavailable):
        pool.submit(_read, engine).result()
    engine.dispose()


def test_a_connection_that_the_server_closed_is_replaced(postgresql: Engine) -> None:
    engine = open_engine(str_url(postgresql), pool_size=1, overflow=0)
    _read(engine)
    with postgresql.begin() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database() AND backend_type = 'client backend'"
            )
        )
    _read(engine)
    engine.dispose()


def test_a_connection_that_breaks_inside_a_transaction_makes_the_store_unavailable(postgresql: Engine) -> None:
    engine = open_engine(str_url(postgresql), pool_size=1, overflow=0)
    unit_of_work = DatabaseUnitOfWork(engine)

    def kill_and_go_on() -> None:
        with unit_of_work.write() as tx:
            tx.namespaces.add(NamespaceName("acme"))
            with postgresql.begin() as connection:
                connection.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE pid <> pg_backend_pid() AND state = 'idle in transaction'"
                    )
                )
            with pytest.raises(StoreUnavailable):
                tx.namespaces.find("acme")
            # Going on after that must not look like success.

    with pytest.raises(StoreUnavailable):
        kill_and_go_on()
    with unit_of_work.write() as tx:
        assert tx.namespaces.find("acme") is None
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """A database that holds nothing."""
    found: Engine = request.getfixturevalue(request.param)
    return found


def test_a_search_of_very_many_words_is_refused_as_the_asker_s_mistake(engine: Engine) -> None:
    with DatabaseUnitOfWork(engine).read() as tx:
        few = SearchCriteria(terms=tuple(f"word{number}" for number in range(20)) * 50)
        assert tx.catalogue.search(few, PageRequest(0, 10)).total == 0
        with pytest.raises(InvalidRequest):
            tx.catalogue.search(SearchCriteria(terms=(*few.terms, "one more")), PageRequest(0, 10))


def test_a_search_with_thousands_of_filters_is_answered(engine: Engine) -> None:
    names = tuple(f"name{number}" for number in range(10_000))
    with DatabaseUnitOfWork(engine).read() as tx:
        criteria = SearchCriteria(namespaces=names * 2, providers=names)
        assert tx.catalogue.search(criteria, PageRequest(0, 10)).total == 0
        for more in (SearchCriteria(namespaces=(*names, "more")), SearchCriteria(providers=(*names, "more"))):
            with pytest.raises(InvalidRequest):
                tx.catalogue.search(more, PageRequest(0, 10))


@pytest.mark.parametrize(
    ("query", "most"),
    [
        (lambda tx: tx.catalogue.search(SearchCriteria(terms=("net",)), PageRequest(0, 5)), 2),
        (lambda tx: tx.catalogue.version_content(1, None), 4),
        (lambda tx: tx.catalogue.versions(1), 1),
        (lambda tx: tx.namespaces.page(PageRequest(0, 5), only_published=True), 2),
        (lambda tx: tx.module_versions.of_module_provider(1), 1),
        (lambda tx: tx.module_providers.redirects_to(1), 1),
        (lambda tx: tx.module_providers.redirects_from(2), 1),
        (lambda tx: tx.module_providers.first(), 1),
        (lambda tx: tx.git_providers.all(), 1),
        (lambda tx: tx.downloads.latest_by_token(1), 1),
    ],
)
def test_a_read_takes_the_same_few_statements_however_much_is_stored(
    engine: Engine, query: Callable[[Transaction], object], most: int
) -> None:
    unit_of_work = DatabaseUnitOfWork(engine)
    with unit_of_work.write() as tx:
        for number in range(20):
            module_provider = given_module_provider(tx, f"ns{number}/net/aws")
            former = (given_namespace(tx, "ns19").id, ModuleName(f"former{number}"), ProviderName("aws"))
            tx.module_providers.add_redirect(*former, 1)
            tx.git_providers.add(git_provider_definition(f"Hub {number}"))
            for patch in range(5):
                given_version(tx, module_provider, f"1.0.{patch}", indexed=content(parts=(part(),)))
    with unit_of_work.read() as tx:
        counted: list[str] = []

        def count(_: Connection, __: object, statement: str, *___: object) -> None:
            counted.append(statement)

        event.listen(engine, "before_cursor_execute", count)
        try:
            query(tx)
        finally:
            event.remove(engine, "before_cursor_execute", count)
    assert 1 <= len(counted) <= most, counted


def test_a_version_replaced_by_many_at_once_is_whole_afterwards(engine: Engine) -> None:
    unit_of_work = DatabaseUnitOfWork(engine)
    with unit_of_work.write() as tx:
        module_provider = given_module_provider(tx)
        version = given_version(tx, module_provider)
    barrier = threading.Barrier(6)

    def replace(number: int) -> None:
        indexed = content(description=f"number {number}", parts=(part(), part(path=f"part{number}")))
        barrier.wait(10)
        with unit_of_work.write() as tx:
            tx.module_providers.hold(module_provider.id)
            tx.module_versions.replace(version.id, new_version(module_provider, indexed=indexed))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(replace, range(6)))
    with unit_of_work.read() as tx:
        read = tx.catalogue.version_content(module_provider.id, version.version)
    assert read is not None
    assert read.summary.description == f"number {read.parts[1].path.removeprefix('part')}"
    assert len(read.parts) == 2


def _read(engine: Engine) -> None:
    with DatabaseUnitOfWork(engine).read() as tx:
        tx.namespaces.find("acme")


def str_url(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def test_whoever_opens_a_new_embedded_database_waits_for_somebody_who_writes_to_it(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "new.db", isolation_level=None, check_same_thread=False)) as other:
        # SQLite refuses to change to WAL then at once, without patience.
        other.execute("BEGIN IMMEDIATE")
        leaving = threading.Timer(0.5, other.rollback)
        engine = open_engine(f"sqlite:///{tmp_path / 'new.db'}")
        try:
            leaving.start()
            with engine.connect() as connection:
                assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        finally:
            leaving.join()
            engine.dispose()
