"""The contract of the store of attempts to sign in."""

from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import timedelta

import pytest

from terrareg_core.access.people import SignInMethod
from terrareg_core.access.stored import SignInAttempt
from terrareg_core.errors import AlreadyStored
from terrareg_core.transactions import Transaction, UnitOfWork
from tests.integration.contracts.storage import LATER, NOW, digest

MOMENT = timedelta(microseconds=1)
PLENTY = 100


class Refusal(Exception):
    """What a use case raises halfway."""


def _attempt(number: int = 1, *, lasts: timedelta = LATER - NOW) -> SignInAttempt:
    return SignInAttempt(
        state_digest=digest(number),
        browser_digest=digest(100),
        method=SignInMethod.OPENID,
        created_at=NOW,
        expires_at=NOW + lasts,
    )


def _left(tx: Transaction, *numbers: int) -> list[int]:
    """Of these, those that are there; they are taken."""
    return [number for number in numbers if tx.sign_in_attempts.take(digest(number), NOW) is not None]


class TestSignInAttemptStore:
    def test_an_attempt_is_taken_once_with_everything_it_has(self, unit_of_work: UnitOfWork) -> None:
        full = SignInAttempt(
            state_digest=digest(1),
            browser_digest=digest(2),
            method=SignInMethod.GITHUB,
            source="github-com",
            nonce="n" * 43,
            verifier="v" * 128,
            request_id="_r",
            return_path="/modules?q=Zoë",
            created_at=NOW,
            expires_at=LATER,
        )
        with unit_of_work.write() as tx:
            tx.sign_in_attempts.add(full, PLENTY)
            tx.sign_in_attempts.add(_attempt(2), PLENTY)
        with unit_of_work.write() as tx:
            assert tx.sign_in_attempts.take(digest(1), NOW) == full
            assert tx.sign_in_attempts.take(digest(1), NOW) is None
        with unit_of_work.write() as tx:
            assert tx.sign_in_attempts.take(digest(1), NOW) is None
            assert tx.sign_in_attempts.take(digest(2), NOW) == _attempt(2)

    def test_an_attempt_can_be_taken_until_the_moment_at_which_it_expires(self, unit_of_work: UnitOfWork) -> None:
        attempt = _attempt()
        with unit_of_work.write() as tx:
            tx.sign_in_attempts.add(attempt, PLENTY)
            assert tx.sign_in_attempts.take(attempt.state_digest, attempt.expires_at) is None
            assert tx.sign_in_attempts.take(attempt.state_digest, attempt.expires_at - MOMENT) == attempt

    def test_a_state_is_taken_once(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            tx.sign_in_attempts.add(_attempt(lasts=timedelta(0)), PLENTY)
        with pytest.raises(AlreadyStored), unit_of_work.write() as tx:
            tx.sign_in_attempts.add(_attempt(), PLENTY)

    def test_beyond_the_capacity_those_that_were_stored_first_are_forgotten(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            for number in (5, 3, 4):
                tx.sign_in_attempts.add(_attempt(number), 3)
        with unit_of_work.write() as tx:
            tx.sign_in_attempts.add(_attempt(1), 3)
            assert _left(tx, 1, 3, 4, 5) == [1, 3, 4]

    def test_a_smaller_capacity_makes_room_at_once(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            for number in range(1, 6):
                tx.sign_in_attempts.add(_attempt(number), PLENTY)
            tx.sign_in_attempts.add(_attempt(6), 2)
            assert _left(tx, *range(1, 7)) == [5, 6]

    def test_expired_attempts_are_purged_a_bounded_number_at_once(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            for number in range(1, 6):
                tx.sign_in_attempts.add(_attempt(number, lasts=timedelta(seconds=number)), PLENTY)
            now = NOW + timedelta(seconds=4)
            assert [tx.sign_in_attempts.purge(now, 3) for _ in range(3)] == [3, 1, 0]
            assert _left(tx, *range(1, 6)) == [5]

    def test_whoever_comes_while_an_attempt_is_being_taken_does_not_get_it(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            tx.sign_in_attempts.add(_attempt(), PLENTY)
        with ThreadPoolExecutor(1) as pool:
            with unit_of_work.write() as tx:
                assert tx.sign_in_attempts.take(digest(1), NOW) == _attempt()
                second = pool.submit(_take, unit_of_work)
                assert wait([second], timeout=0.3).not_done
            assert second.result(20) is None

    def test_an_attempt_that_was_taken_in_vain_is_there_for_the_next(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            tx.sign_in_attempts.add(_attempt(), PLENTY)
        with ThreadPoolExecutor(1) as pool:
            with suppress(Refusal), unit_of_work.write() as tx:
                tx.sign_in_attempts.take(digest(1), NOW)
                second = pool.submit(_take, unit_of_work)
                raise Refusal
            assert second.result(20) == _attempt()


def _take(unit_of_work: UnitOfWork) -> SignInAttempt | None:
    with unit_of_work.write() as tx:
        return tx.sign_in_attempts.take(digest(1), NOW)
