"""The contract of the store of codes and tokens of `terraform login`."""

from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import timedelta

import attrs
import pytest

from terrareg_core.access.people import SignInMethod
from terrareg_core.access.stored import TerraformCode, TerraformToken
from terrareg_core.errors import AlreadyStored
from terrareg_core.transactions import UnitOfWork
from tests.integration.contracts.storage import LATER, NOW, digest, person

MOMENT = timedelta(microseconds=1)
SOMEBODY = person("Octo", method=SignInMethod.GITHUB, source="github-com", groups=["Ünï "], logins=["octo"])


class Refusal(Exception):
    """What a use case raises halfway."""


def _code(number: int = 1, *, lasts: timedelta = LATER - NOW) -> TerraformCode:
    return TerraformCode(
        digest=digest(number),
        person=SOMEBODY,
        redirect_uri="http://localhost:10000/login",
        challenge="c" * 43,
        nonce=None,
        created_at=NOW,
        expires_at=NOW + lasts,
    )


def _token(number: int = 1, *, lasts: timedelta = LATER - NOW) -> TerraformToken:
    return TerraformToken(digest=digest(number), person=SOMEBODY, created_at=NOW, expires_at=NOW + lasts)


class TestTerraformLoginStore:
    def test_a_code_is_redeemed_with_everything_it_has_and_remembers_its_token(self, unit_of_work: UnitOfWork) -> None:
        code = attrs.evolve(_code(), nonce="Zoë")
        with unit_of_work.write() as tx:
            tx.terraform_logins.add_code(code)
            tx.terraform_logins.add_code(_code(2))
        with unit_of_work.write() as tx:
            assert tx.terraform_logins.redeem(code.digest, digest(50), NOW) == code
        with unit_of_work.write() as tx:
            for token in (51, 52):
                used = tx.terraform_logins.redeem(code.digest, digest(token), NOW)
                assert used == attrs.evolve(code, token_digest=digest(50))
            assert tx.terraform_logins.redeem(digest(2), digest(53), NOW) == _code(2)
            assert tx.terraform_logins.redeem(digest(3), digest(54), NOW) is None

    def test_a_code_is_there_until_the_moment_at_which_it_expires(self, unit_of_work: UnitOfWork) -> None:
        code = _code()
        with unit_of_work.write() as tx:
            tx.terraform_logins.add_code(code)
            assert tx.terraform_logins.redeem(code.digest, digest(50), code.expires_at) is None
            assert tx.terraform_logins.redeem(code.digest, digest(51), code.expires_at - MOMENT) == code
            assert tx.terraform_logins.redeem(code.digest, digest(52), code.expires_at) is None

    def test_a_token_is_found_until_the_moment_at_which_it_expires(self, unit_of_work: UnitOfWork) -> None:
        token = _token()
        with unit_of_work.write() as tx:
            tx.terraform_logins.add_token(token)
        with unit_of_work.read() as tx:
            assert tx.terraform_logins.find_token(token.digest, token.expires_at - MOMENT) == token
            assert tx.terraform_logins.find_token(token.digest, token.expires_at) is None
            assert tx.terraform_logins.find_token(digest(2), NOW) is None

    def test_digests_are_taken_once_and_codes_and_tokens_do_not_share_them(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            tx.terraform_logins.add_code(_code(lasts=timedelta(0)))
            tx.terraform_logins.add_token(_token(lasts=timedelta(0)))
        with pytest.raises(AlreadyStored), unit_of_work.write() as tx:
            tx.terraform_logins.add_code(_code())
        with pytest.raises(AlreadyStored), unit_of_work.write() as tx:
            tx.terraform_logins.add_token(_token())

    def test_a_removed_token_is_gone_and_everything_else_stays(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            tx.terraform_logins.add_code(_code())
            for number in (1, 2):
                tx.terraform_logins.add_token(_token(number))
            tx.terraform_logins.remove_token(digest(1))
            tx.terraform_logins.remove_token(digest(1))
            assert tx.terraform_logins.find_token(digest(1), NOW) is None
            assert tx.terraform_logins.find_token(digest(2), NOW) == _token(2)
            assert tx.terraform_logins.redeem(digest(1), digest(50), NOW) == _code()

    def test_expired_codes_and_as_many_tokens_are_purged_at_once(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            for number in range(1, 6):
                tx.terraform_logins.add_code(_code(number, lasts=timedelta(seconds=number)))
            for number in range(1, 5):
                tx.terraform_logins.add_token(_token(number, lasts=timedelta(seconds=number)))
            now = NOW + timedelta(seconds=4)
            assert [tx.terraform_logins.purge(now, 3) for _ in range(3)] == [6, 2, 0]
            assert tx.terraform_logins.redeem(digest(5), digest(50), NOW) is not None
            assert [tx.terraform_logins.redeem(digest(number), digest(50), NOW) for number in range(1, 5)] == [None] * 4
            assert [tx.terraform_logins.find_token(digest(number), NOW) for number in range(1, 5)] == [None] * 4

    def test_whoever_comes_while_a_code_is_being_redeemed_finds_it_used(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            tx.terraform_logins.add_code(_code())
        with ThreadPoolExecutor(1) as pool:
            with unit_of_work.write() as tx:
                assert tx.terraform_logins.redeem(digest(1), digest(50), NOW) == _code()
                second = pool.submit(_redeem, unit_of_work, 51)
                assert wait([second], timeout=0.3).not_done
            assert second.result(20) == attrs.evolve(_code(), token_digest=digest(50))

    def test_a_code_that_was_redeemed_in_vain_is_unused_for_the_next(self, unit_of_work: UnitOfWork) -> None:
        with unit_of_work.write() as tx:
            tx.terraform_logins.add_code(_code())
        with ThreadPoolExecutor(1) as pool:
            with suppress(Refusal), unit_of_work.write() as tx:
                tx.terraform_logins.redeem(digest(1), digest(50), NOW)
                second = pool.submit(_redeem, unit_of_work, 51)
                raise Refusal
            assert second.result(20) == _code()


def _redeem(unit_of_work: UnitOfWork, token: int) -> TerraformCode | None:
    with unit_of_work.write() as tx:
        return tx.terraform_logins.redeem(digest(1), digest(token), NOW)
