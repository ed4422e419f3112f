"""The contract of the session store."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import attrs
import pytest
from sqlalchemy import Engine

from terrareg_adapters.database.unit_of_work import DatabaseUnitOfWork
from terrareg_core.access.people import Person, SignInMethod
from terrareg_core.access.stored import Session
from terrareg_core.errors import AlreadyStored
from terrareg_core.transactions import UnitOfWork
from tests.integration.contracts.storage import LATER, NOW, digest, person

MOMENT = timedelta(microseconds=1)


def _session(number: int = 1, *, lasts: timedelta = LATER - NOW, of: Person | None = None) -> Session:
    return Session(
        digest=digest(number),
        person=of or person(),
        csrf_secret="c" * 43,
        fingerprint=digest(99),
        created_at=NOW,
        expires_at=NOW + lasts,
    )


class TestSessionStore:
    @pytest.mark.parametrize(
        "somebody",
        [
            Person.built_in_admin(),
            person(groups=["Ünï", "b ", "b", "x" * 256, "nul\0", "\ud800"], name="n" * 128),
            person("Zoë", method=SignInMethod.SAML, groups=[f"group {number}" for number in range(1000)]),
            person("octo", method=SignInMethod.GITHUB, source="github-com", groups=["Acme"], logins=["octo", "acme"]),
            person("nul\0 and \ud800", name="nul\0 and \ud800"),
        ],
        ids=lambda somebody: somebody.method.value,
    )
    def test_a_session_is_found_with_everything_it_has(self, unit_of_work: UnitOfWork, somebody: Person) -> None:
        added = _session(of=somebody)
        with unit_of_work.write() as tx:
            tx.sessions.add(added)
            tx.sessions.add(_session(2))
        with unit_of_work.read() as tx:
            assert tx.sessions.find(added.digest, NOW) == added
            assert tx.sessions.find(digest(3), NOW) is None

    def test_a_session_is_there_until_the_moment_at_which_it_expires(self, unit_of_work: UnitOfWork) -> None:
        added = _session()
        with unit_of_work.write() as tx:
            tx.sessions.add(added)
            assert tx.sessions.find(added.digest, added.expires_at - MOMENT) == added
            assert tx.sessions.find(added.digest, added.expires_at) is None
            assert tx.sessions.find(added.digest, added.expires_at + MOMENT) is None

    @pytest.mark.parametrize("lasts", [timedelta(0), timedelta(days=1)])
    def test_a_digest_is_taken_once_even_by_a_session_that_expired(
        self, unit_of_work: UnitOfWork, lasts: timedelta
    ) -> None:
        with unit_of_work.write() as tx:
            tx.sessions.add(_session(lasts=lasts))
        with pytest.raises(AlreadyStored), unit_of_work.write() as tx:
            tx.sessions.add(attrs.evolve(_session(), csrf_secret="other"))

    def test_a_removed_session_is_gone_and_the_others_stay(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            for number in (1, 2):
                tx.sessions.add(_session(number))
            tx.sessions.remove(digest(1))
            tx.sessions.remove(digest(1))
            tx.sessions.remove(digest(17))
            assert tx.sessions.find(digest(1), NOW) is None
            assert tx.sessions.find(digest(2), NOW) == _session(2)

    def test_expired_sessions_are_purged_a_bounded_number_at_once(self, unit_of_work: UnitOfWork) -> None:
        lives = [timedelta(seconds=seconds) for seconds in (5, 1, 3, 2, 4)]
        with unit_of_work.write() as tx:
            for number, lasts in enumerate(lives):
                tx.sessions.add(_session(number, lasts=lasts))
            now = NOW + timedelta(seconds=4)
            assert tx.sessions.purge(NOW, 10) == 0
            assert [tx.sessions.purge(now, 3) for _ in range(3)] == [3, 1, 0]
            left = [number for number in range(len(lives)) if tx.sessions.find(digest(number), NOW) is not None]
            assert left == [0]

    def test_a_purge_may_be_larger_than_what_is_there(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            tx.sessions.add(_session(lasts=timedelta(0)))
            assert tx.sessions.purge(NOW, 10**6) == 1


def test_on_postgresql_a_purge_leaves_to_another_what_that_is_deleting(postgresql: Engine) -> None:
    unit_of_work = DatabaseUnitOfWork(postgresql)
    with unit_of_work.write() as tx:
        for number in range(3):
            tx.sessions.add(_session(number, lasts=timedelta(seconds=number)))

    def purge() -> int:
        with unit_of_work.write() as tx:
            return tx.sessions.purge(LATER, 10)

    with ThreadPoolExecutor(1) as pool, unit_of_work.write() as tx:
        assert tx.sessions.purge(LATER, 2) == 2
        assert pool.submit(purge).result(20) == 1
