"""The contracts of the clock and of the random source."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest

from terrareg_adapters.memory.clock import CountingIds, FixedClock
from terrareg_adapters.system import SystemClock, SystemRandom
from terrareg_core.clock import Clock, RandomSource


@pytest.mark.parametrize("clock", [SystemClock(), FixedClock()])
class TestClock:
    def test_it_tells_an_aware_moment_in_utc(self, clock: Clock) -> None:
        assert clock.now().utcoffset() == timedelta(0)

    def test_it_does_not_go_back(self, clock: Clock) -> None:
        assert clock.now() <= clock.now()


@pytest.mark.parametrize("source", [SystemRandom(), CountingIds()])
class TestRandomSource:
    def test_identifiers_have_the_promised_shape_and_differ(self, source: RandomSource) -> None:
        identifiers = {source.identifier() for _ in range(1000)}
        assert len(identifiers) == 1000
        # 25 letters and digits are the fewest that can hold 128 bits.
        assert all(re.fullmatch(r"[0-9a-z]{25,}", identifier) for identifier in identifiers)

    def test_secrets_have_32_bytes_and_differ(self, source: RandomSource) -> None:
        secrets = {source.secret() for _ in range(1000)}
        assert len(secrets) == 1000
        assert {len(secret) for secret in secrets} == {32}


def test_a_fixed_clock_stands_still_until_it_is_advanced() -> None:
    clock = FixedClock(datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2))))
    assert clock.now() == clock.now() == datetime(2026, 1, 1, 10, tzinfo=UTC)
    assert clock.advance(timedelta(days=1)) == clock.now() == datetime(2026, 1, 2, 10, tzinfo=UTC)


def test_a_fixed_clock_takes_no_moment_without_a_zone() -> None:
    with pytest.raises(ValueError, match="timezone-aware"):
        FixedClock(datetime(2026, 1, 1))  # noqa: DTZ001 - what is refused


def test_counting_identifiers_are_the_same_every_time() -> None:
    assert [CountingIds().identifier() for _ in range(2)] == ["0" * 31 + "1"] * 2
