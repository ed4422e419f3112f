"""The contracts of the download log and of the recorder that writes to it from many threads."""

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta

import attrs
import pytest

from terrareg_adapters.database.download_recorder import GroupCommitRecorder
from terrareg_adapters.memory.storage import MemoryUnitOfWork
from terrareg_core.errors import StoreUnavailable
from terrareg_core.modules.model import ModuleVersion
from terrareg_core.transactions import Transaction, UnitOfWork
from tests.integration.contracts.storage import (
    LATER,
    NOW,
    download_of,
    given_module_provider,
    given_version,
    new_version,
)


def _given_version(unit_of_work: UnitOfWork, address: str = "acme/vpc/aws") -> ModuleVersion:
    with unit_of_work.write() as tx:
        return given_version(tx, given_module_provider(tx, address))


def _count(unit_of_work: UnitOfWork, version: ModuleVersion) -> tuple[int, int]:
    """The downloads that are recorded, and those that the version's summary counts."""
    with unit_of_work.read() as tx:
        read = tx.catalogue.version_content(version.module_provider_id, version.version)
        assert read is not None
        return len(tx.downloads.of_version(version.id)), read.summary.downloads


class TestDownloadLog:
    def test_events_come_back_as_they_were_oldest_first(self, unit_of_work: UnitOfWork) -> None:
        version = _given_version(unit_of_work)
        first = download_of(version, token="é" * 128)
        second = download_of(version, token=None, environment=None, moment=NOW + timedelta(microseconds=1))
        third = attrs.evolve(first, timestamp=LATER, terraform_version=None, authenticated=False)
        with unit_of_work.write() as tx:
            tx.downloads.append([third, first])
            tx.downloads.append([second])
        with unit_of_work.read() as tx:
            assert list(tx.downloads.of_version(version.id)) == [first, second, third]

    def test_each_event_is_counted_on_its_version(self, unit_of_work: UnitOfWork) -> None:
        one, two = _given_version(unit_of_work, "acme/vpc/aws"), _given_version(unit_of_work, "acme/vpc/gcp")
        with unit_of_work.write() as tx:
            tx.downloads.append([download_of(one), download_of(two), download_of(one)])
            tx.downloads.append([])
        assert _count(unit_of_work, one) == (2, 2)
        assert _count(unit_of_work, two) == (1, 1)

    def test_the_download_recorded_last_is_known_for_each_token(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            module_provider = given_module_provider(tx)
            one, two = given_version(tx, module_provider, "1.0.0"), given_version(tx, module_provider, "2.0.0")
            other = given_version(tx, given_module_provider(tx, "acme/vpc/gcp"))
            # The one recorded last counts, whatever its moment.
            tx.downloads.append([download_of(one, token="a"), download_of(two, token=None)])
            tx.downloads.append([download_of(one, token="b")])
            tx.downloads.append([download_of(two, token="a", moment=NOW - timedelta(1), requested="acme/vpc/aws")])
            tx.downloads.append([download_of(one, token=None, moment=LATER), download_of(other, token="c")])
        with unit_of_work.read() as tx:
            assert list(tx.downloads.latest_by_token(module_provider.id)) == [
                download_of(one, token="b"),
                download_of(two, token="a", moment=NOW - timedelta(1), requested="acme/vpc/aws"),
                download_of(one, token=None, moment=LATER),
            ]
            assert list(tx.downloads.latest_by_token(17)) == []

    def test_an_event_whose_version_is_gone_is_left_out(self, unit_of_work: UnitOfWork) -> None:
        kept, gone = _given_version(unit_of_work, "acme/vpc/aws"), _given_version(unit_of_work, "acme/vpc/gcp")
        with unit_of_work.write() as tx:
            tx.module_versions.remove(gone.id)
            tx.downloads.append([download_of(gone), download_of(kept)])
            tx.downloads.append([download_of(gone)])
        assert _count(unit_of_work, kept) == (1, 1)
        with unit_of_work.read() as tx:
            assert list(tx.downloads.of_version(gone.id)) == []

    def test_an_event_whose_version_is_being_deleted_is_left_out(self, unit_of_work: UnitOfWork) -> None:
        kept, gone = _given_version(unit_of_work, "acme/vpc/aws"), _given_version(unit_of_work, "acme/vpc/gcp")

        def append() -> None:
            with unit_of_work.write() as tx:
                tx.downloads.append([download_of(kept), download_of(gone)])

        with ThreadPoolExecutor(1) as pool:
            with unit_of_work.write() as tx:
                tx.module_versions.remove(gone.id)
                appending = pool.submit(append)
                assert wait([appending], timeout=0.3).not_done
            appending.result(20)
        assert _count(unit_of_work, kept) == (1, 1)


@pytest.fixture
def recorder(unit_of_work: UnitOfWork) -> Iterator[GroupCommitRecorder]:
    recorder = GroupCommitRecorder(unit_of_work)
    yield recorder
    recorder.close()


class TestDownloadRecorder:
    def test_a_recorded_download_is_there_when_its_ticket_says_so(
        self, unit_of_work: UnitOfWork, recorder: GroupCommitRecorder
    ) -> None:
        version = _given_version(unit_of_work)
        assert recorder.record(download_of(version)).wait(20)
        assert _count(unit_of_work, version) == (1, 1)
        assert recorder.lost == 0

    def test_downloads_of_many_threads_are_all_recorded(
        self, unit_of_work: UnitOfWork, recorder: GroupCommitRecorder
    ) -> None:
        version = _given_version(unit_of_work)

        def record(_: int) -> bool:
            return recorder.record(download_of(version)).wait(30)

        with ThreadPoolExecutor(16) as pool:
            assert all(pool.map(record, range(200)))
        assert _count(unit_of_work, version) == (200, 200)

    def test_downloads_are_recorded_while_the_version_is_published_again(
        self, unit_of_work: UnitOfWork, recorder: GroupCommitRecorder
    ) -> None:
        version = _given_version(unit_of_work)

        def publish(_: int) -> None:
            with unit_of_work.write() as tx:
                tx.module_providers.hold(version.module_provider_id)
                module_provider = given_module_provider(tx, f"acme/other/p{_}")
                new = attrs.evolve(new_version(module_provider), module_provider_id=version.module_provider_id)
                tx.module_versions.replace(version.id, new)
                tx.module_providers.set_latest(version.module_provider_id, version.id)

        with ThreadPoolExecutor(4) as pool:
            publishing = [pool.submit(publish, number) for number in range(20)]
            tickets = [recorder.record(download_of(version)) for _ in range(200)]
            for future in publishing:
                future.result()
            assert all(ticket.wait(30) for ticket in tickets)
        assert _count(unit_of_work, version) == (200, 200)

    def test_an_event_whose_version_is_gone_spoils_nothing(
        self, unit_of_work: UnitOfWork, recorder: GroupCommitRecorder
    ) -> None:
        kept, gone = _given_version(unit_of_work, "acme/vpc/aws"), _given_version(unit_of_work, "acme/vpc/gcp")
        with unit_of_work.write() as tx:
            tx.module_versions.remove(gone.id)
        tickets = [recorder.record(download_of(version)) for version in (gone, kept, gone)]
        assert [ticket.wait(20) for ticket in tickets] == [True, True, True]
        assert (_count(unit_of_work, kept), recorder.lost) == ((1, 1), 0)

    def test_callbacks_are_called_once_even_if_others_fail(
        self, unit_of_work: UnitOfWork, recorder: GroupCommitRecorder, caplog: pytest.LogCaptureFixture
    ) -> None:
        version = _given_version(unit_of_work)
        called: list[bool] = []

        def fail(_: bool) -> None:
            raise KeyError

        ticket = recorder.record(download_of(version))
        ticket.when_done(fail)
        ticket.when_done(called.append)
        assert ticket.wait(20)
        recorder.close()
        ticket.when_done(called.append)
        assert called == [True, True]

    def test_closing_records_what_was_taken_and_later_events_are_lost(
        self, unit_of_work: UnitOfWork, recorder: GroupCommitRecorder, caplog: pytest.LogCaptureFixture
    ) -> None:
        version = _given_version(unit_of_work)
        tickets = [recorder.record(download_of(version)) for _ in range(50)]
        recorder.close()
        assert [ticket.wait(0) for ticket in tickets] == [True] * 50
        assert _count(unit_of_work, version) == (50, 50)
        assert not recorder.record(download_of(version)).wait(0)
        assert recorder.lost == 1
        recorder.close()


@attrs.define
class Gate:
    """A unit of work whose writers wait for a door, and fail when a fault says so."""

    inner: UnitOfWork = attrs.field(factory=MemoryUnitOfWork)
    door: threading.Event = attrs.field(factory=threading.Event)
    fault: Callable[[int], bool] = lambda _: False
    writes: int = 0

    def read(self) -> AbstractContextManager[Transaction]:
        return self.inner.read()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        self.door.wait(20)
        self.writes += 1
        with self.inner.write() as tx:
            yield tx
            if self.fault(self.writes):
                raise StoreUnavailable("down")


class TestDownloadRecorderOnAFailingStore:
    def test_what_gathers_during_a_transaction_shares_the_next_one(self) -> None:
        gate = Gate()
        version = _given_version(gate.inner)
        recorder = GroupCommitRecorder(gate)
        tickets = [recorder.record(download_of(version)) for _ in range(100)]
        gate.door.set()
        assert all(ticket.wait(20) for ticket in tickets)
        recorder.close()
        assert gate.writes <= 2

    def test_a_ticket_that_is_not_done_times_out(self) -> None:
        gate = Gate()
        version = _given_version(gate.inner)
        recorder = GroupCommitRecorder(gate)
        ticket = recorder.record(download_of(version))
        with pytest.raises(TimeoutError):
            ticket.wait(0.01)
        gate.door.set()
        recorder.close()
        assert ticket.wait(0)

    def test_a_batch_that_fails_is_tried_again_event_by_event(self, caplog: pytest.LogCaptureFixture) -> None:
        gate = Gate(fault=lambda write: write == 1)
        version = _given_version(gate.inner)
        recorder = GroupCommitRecorder(gate, batch=5)
        tickets = [recorder.record(download_of(version)) for _ in range(10)]
        gate.door.set()
        assert all(ticket.wait(20) for ticket in tickets)
        recorder.close()
        assert (_count(gate.inner, version), recorder.lost) == ((10, 10), 0)

    def test_what_can_not_be_stored_is_lost_logged_and_counted(self, caplog: pytest.LogCaptureFixture) -> None:
        gate = Gate(fault=lambda _: True)
        version = _given_version(gate.inner)
        recorder = GroupCommitRecorder(gate)
        gate.door.set()
        tickets = [recorder.record(download_of(version)) for _ in range(3)]
        assert [ticket.wait(20) for ticket in tickets] == [False] * 3
        recorder.close()
        assert (_count(gate.inner, version), recorder.lost) == ((0, 0), 3)
        assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 3

    def test_more_than_can_wait_is_lost_at_once(self, caplog: pytest.LogCaptureFixture) -> None:
        gate = Gate()
        version = _given_version(gate.inner)
        recorder = GroupCommitRecorder(gate, capacity=10, batch=10)
        tickets = [recorder.record(download_of(version)) for _ in range(30)]
        # Ten may have been taken by the writer, which waits at the door, and ten more wait behind them.
        assert 10 <= recorder.lost <= 20
        gate.door.set()
        recorder.close()
        assert sum(ticket.wait(0) for ticket in tickets) == 30 - recorder.lost
