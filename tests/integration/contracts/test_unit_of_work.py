"""The contract of the unit of work: what a transaction sees, keeps and forgets."""

import threading
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress

import pytest

from terrareg_core.errors import AlreadyStored, StoreUnavailable
from terrareg_core.identifiers import NamespaceName
from terrareg_core.transactions import Transaction, UnitOfWork
from tests.integration.contracts.storage import given_module_provider, given_namespace, given_version, new_version


class Refusal(Exception):
    """What a use case raises halfway."""


def _names(tx: Transaction) -> list[str]:
    return [row.name.value for row in tx.namespaces.page(None, only_published=False).rows]


class TestUnitOfWork:
    def test_what_a_writer_stored_is_there_for_later_transactions(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            given_namespace(tx, "acme")
        with unit_of_work.read() as tx:
            assert _names(tx) == ["acme"]
        with unit_of_work.write() as tx:
            assert _names(tx) == ["acme"]

    def test_a_writer_sees_its_own_changes(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            given_namespace(tx, "acme")
            assert _names(tx) == ["acme"]

    def test_a_writer_that_raises_leaves_no_trace(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            given_version(tx, given_module_provider(tx))
        with pytest.raises(Refusal), unit_of_work.write() as tx:  # noqa: PT012
            tx.namespaces.add(NamespaceName("other"))
            for version in tx.module_versions.of_module_provider(1):
                tx.module_versions.remove(version.id)
            tx.module_providers.remove(1)
            tx.namespaces.remove(1)
            raise Refusal
        with unit_of_work.read() as tx:
            assert _names(tx) == ["acme"]
            assert [row.version.text for row in tx.module_versions.of_module_provider(1)] == ["1.0.0"]

    def test_a_reader_changes_nothing(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            given_namespace(tx, "acme")
        # Refusing is as good as forgetting.
        with suppress(StoreUnavailable), unit_of_work.read() as tx:
            tx.namespaces.remove(1)
        with unit_of_work.read() as tx:
            assert _names(tx) == ["acme"]

    def test_a_reader_sees_one_state_whatever_is_committed_meanwhile(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            given_namespace(tx, "acme")
        with unit_of_work.read() as reading:
            assert _names(reading) == ["acme"]
            with ThreadPoolExecutor(1) as pool:
                pool.submit(_write_namespace, unit_of_work, "other").result()
            assert _names(reading) == ["acme"]
            assert reading.namespaces.find("other") is None
        with unit_of_work.read() as tx:
            assert _names(tx) == ["acme", "other"]

    def test_a_reader_does_not_see_what_is_not_committed(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as writing:
            given_namespace(writing, "acme")
            with ThreadPoolExecutor(1) as pool:
                assert pool.submit(_read_names, unit_of_work).result() == []

    def test_a_transaction_in_which_a_write_was_refused_stores_nothing_even_if_the_refusal_is_swallowed(
        self, unit_of_work: UnitOfWork
    ) -> None:
        with unit_of_work.write() as tx:
            given_namespace(tx, "acme")
        with pytest.raises(AlreadyStored), unit_of_work.write() as tx:  # noqa: PT012
            given_namespace(tx, "other")
            with pytest.raises(AlreadyStored):
                tx.namespaces.add(NamespaceName("ACME"))
        with unit_of_work.write() as tx:
            assert _names(tx) == ["acme"]
            given_namespace(tx, "third")
        with unit_of_work.read() as tx:
            assert _names(tx) == ["acme", "third"]

    def test_of_writers_who_store_the_same_name_at_once_one_wins_and_the_others_are_told(
        self, unit_of_work: UnitOfWork
    ) -> None:
        barrier = threading.Barrier(4)

        def create(number: int) -> bool:
            barrier.wait(10)
            try:
                with unit_of_work.write() as tx:
                    tx.namespaces.add(NamespaceName(("acme", "ACME", "Acme", "aCme")[number]))
            except AlreadyStored:
                return False
            return True

        with ThreadPoolExecutor(4) as pool:
            assert sorted(pool.map(create, range(4))) == [False, False, False, True]
        with unit_of_work.read() as tx:
            assert len(_names(tx)) == 1

    def test_writers_who_hold_a_module_provider_decide_one_after_another(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx)
        barrier = threading.Barrier(4)

        def publish(number: int) -> None:
            barrier.wait(10)
            with unit_of_work.write() as tx:
                tx.module_providers.hold(module_provider.id)
                tx.module_versions.add(new_version(module_provider, f"1.0.{number}"))
                greatest = tx.module_versions.of_module_provider(module_provider.id)[0]
                tx.module_providers.set_latest(module_provider.id, greatest.id)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(publish, range(4)))
        with unit_of_work.read() as tx:
            found = tx.module_providers.find(
                module_provider.namespace.id, module_provider.module, module_provider.provider
            )
            assert found is not None
            newest = tx.module_versions.of_module_provider(module_provider.id)[0]
            assert (newest.version.text, newest.id) == ("1.0.3", found.latest_version_id)

    def test_whoever_asks_for_a_held_module_provider_waits_and_then_sees_what_its_holder_did(
        self, unit_of_work: UnitOfWork
    ) -> None:
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx)

        def count_versions() -> int:
            with unit_of_work.write() as tx:
                tx.module_providers.hold(module_provider.id)
                return len(tx.module_versions.of_module_provider(module_provider.id))

        with ThreadPoolExecutor(1) as pool:
            with unit_of_work.write() as tx:
                tx.module_providers.hold(module_provider.id)
                counting = pool.submit(count_versions)
                assert wait([counting], timeout=0.3).not_done
                tx.module_versions.add(new_version(module_provider))
            assert counting.result(20) == 1

    def test_many_threads_read_and_write_at_once(self, unit_of_work: UnitOfWork) -> None:
        def work(number: int) -> int:
            with unit_of_work.write() as tx:
                given_namespace(tx, f"name{number}")
            return len(_read_names(unit_of_work))

        with ThreadPoolExecutor(8) as pool:
            assert max(pool.map(work, range(24))) == 24


def _write_namespace(unit_of_work: UnitOfWork, name: str) -> None:
    with unit_of_work.write() as tx:
        given_namespace(tx, name)


def _read_names(unit_of_work: UnitOfWork) -> list[str]:
    with unit_of_work.read() as tx:
        return _names(tx)
