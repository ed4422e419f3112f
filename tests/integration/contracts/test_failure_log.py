"""The contract of the log of wrong credentials."""

from datetime import timedelta

from terrareg_core.access.ports import FailureKind
from terrareg_core.transactions import UnitOfWork
from tests.integration.contracts.storage import NOW

MOMENT = timedelta(microseconds=1)
KEY, FORM = FailureKind.CREDENTIAL, FailureKind.ADMIN_LOGIN


class TestFailureLog:
    def test_failures_later_than_a_moment_are_counted(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            for seconds in (3, 1, 2, 2):
                tx.failures.add("192.0.2.1", KEY, NOW + timedelta(seconds=seconds))
        with unit_of_work.read() as tx:
            counts = [tx.failures.count("192.0.2.1", KEY, NOW + timedelta(seconds=seconds)) for seconds in range(4)]
            assert counts == [4, 3, 1, 0]
            assert tx.failures.count("192.0.2.1", KEY, NOW + timedelta(seconds=3) - MOMENT) == 1

    def test_every_client_and_every_kind_has_failures_of_its_own(self, unit_of_work: UnitOfWork) -> None:
        clients = ["192.0.2.1", "192.0.2.10", "192.0.2.1 ", "2001:db8::a", "2001:DB8::A", "", "ü" * 255]
        with unit_of_work.write() as tx:
            for times, client in enumerate(clients):
                for _ in range(times):
                    tx.failures.add(client, KEY, NOW)
            tx.failures.add(clients[0], FORM, NOW)
        with unit_of_work.read() as tx:
            since = NOW - MOMENT
            assert [tx.failures.count(client, KEY, since) for client in clients] == list(range(len(clients)))
            assert [tx.failures.count(client, FORM, since) for client in clients] == [1] + [0] * (len(clients) - 1)
            assert tx.failures.oldest(clients[1], FORM, since) is None

    def test_the_oldest_is_the_first_one_later_than_a_moment(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            assert tx.failures.oldest("192.0.2.1", KEY, NOW) is None
            for seconds in (3, 1, 2):
                tx.failures.add("192.0.2.1", KEY, NOW + timedelta(seconds=seconds))
            oldest = [tx.failures.oldest("192.0.2.1", KEY, NOW + timedelta(seconds=seconds)) for seconds in range(4)]
            assert oldest == [*(NOW + timedelta(seconds=seconds) for seconds in (1, 2, 3)), None]

    def test_failures_up_to_a_moment_are_forgotten_a_bounded_number_at_once(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            for seconds in (5, 1, 2, 3, 4):
                tx.failures.add("192.0.2.1", KEY, NOW + timedelta(seconds=seconds))
                tx.failures.add(f"192.0.2.{seconds + 1}", FORM, NOW + timedelta(seconds=seconds))
            until = NOW + timedelta(seconds=4)
            assert [tx.failures.purge(until, 5) for _ in range(3)] == [5, 3, 0]
            assert tx.failures.oldest("192.0.2.1", KEY, NOW) == NOW + timedelta(seconds=5)
            assert [tx.failures.count(f"192.0.2.{number}", FORM, NOW) for number in range(2, 7)] == [0, 0, 0, 0, 1]
