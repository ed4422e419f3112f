"""The contract of the store of used assertions."""

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta

from terrareg_core.errors import AlreadyStored
from terrareg_core.transactions import UnitOfWork
from tests.integration.contracts.storage import LATER, NOW


def _use(unit_of_work: UnitOfWork, assertion_id: str) -> bool:
    """Whether the assertion could be used."""
    try:
        with unit_of_work.write() as tx:
            tx.used_assertions.add(assertion_id, LATER)
    except AlreadyStored:
        return False
    return True


class TestUsedAssertions:
    def test_an_assertion_is_used_once(self, unit_of_work: UnitOfWork) -> None:
        ids = ["_a", "_A", "_a ", "ä", "", "x" * 100_000, "x" * 100_000 + "y"]
        assert [_use(unit_of_work, assertion_id) for assertion_id in ids] == [True] * len(ids)
        assert [_use(unit_of_work, assertion_id) for assertion_id in ids] == [False] * len(ids)

    def test_an_expired_assertion_is_used_up_until_it_is_forgotten(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            tx.used_assertions.add("_a", NOW)
        assert not _use(unit_of_work, "_a")
        with unit_of_work.write() as tx:
            assert tx.used_assertions.purge(NOW - timedelta(microseconds=1), 10) == 0
        assert not _use(unit_of_work, "_a")
        with unit_of_work.write() as tx:
            assert tx.used_assertions.purge(NOW, 10) == 1
        assert _use(unit_of_work, "_a")

    def test_a_bounded_number_is_forgotten_at_once(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            for number in range(5):
                tx.used_assertions.add(f"_{number}", NOW + timedelta(seconds=number))
            now = NOW + timedelta(seconds=3)
            assert [tx.used_assertions.purge(now, 3) for _ in range(3)] == [3, 1, 0]
        assert [_use(unit_of_work, f"_{number}") for number in range(5)] == [True] * 4 + [False]

    def test_of_two_who_use_an_assertion_at_once_the_second_is_refused(self, unit_of_work: UnitOfWork) -> None:
        with ThreadPoolExecutor(1) as pool:
            with unit_of_work.write() as tx:
                tx.used_assertions.add("_a", LATER)
                second = pool.submit(_use, unit_of_work, "_a")
                assert wait([second], timeout=0.3).not_done
            assert second.result(20) is False
