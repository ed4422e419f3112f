"""Throttling of wrong credentials, and the door that counts them (decision 31)."""

from datetime import timedelta
from itertools import product

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_adapters.memory.clock import FixedClock
from terrareg_adapters.memory.storage import MemoryUnitOfWork
from terrareg_core.access.authentication import Caller, ConfiguredSecrets, Credentials
from terrareg_core.access.identities import IdentityKind
from terrareg_core.access.keys import ACCESS_TOKEN_PREFIX, Secret, new_token
from terrareg_core.access.permissions import AccessPolicy, Capability
from terrareg_core.access.ports import FailureKind
from terrareg_core.access.throttling import WINDOW, FailureLimits, FailureThrottle
from terrareg_core.errors import AuthenticationRequired, PermissionDenied, StoreUnavailable, TooManyFailures
from tests.unit.registries import ANONYMOUS, START, WatchedUnitOfWork, make_world

BOTH = [FailureKind.CREDENTIAL, FailureKind.ADMIN_LOGIN]
HERE, THERE = "192.0.2.1", "192.0.2.2"


class _Counted:
    """A throttle with its clock and store."""

    def __init__(self, credentials: int = 3, admin_logins: int = 2, remembered: int = 10) -> None:
        self.clock = FixedClock()
        self.store = WatchedUnitOfWork(MemoryUnitOfWork())
        self.limits = FailureLimits(credentials=credentials, admin_logins=admin_logins)
        self.throttle = self.another(remembered)

    def another(self, remembered: int = 10) -> FailureThrottle:
        """A throttle of another process over the same store."""
        return FailureThrottle(self.store, self.clock, self.limits, remembered=remembered)

    def retry_after(self, client: str = HERE, *kinds: FailureKind, of: FailureThrottle | None = None) -> int | None:
        """After how many seconds a failure may be tried again; None if it is not refused."""
        try:
            (of or self.throttle).note(client, kinds or [FailureKind.CREDENTIAL])
        except TooManyFailures as refusal:
            return refusal.retry_after
        return None

    def failures(self, client: str, kind: FailureKind) -> int:
        with self.store.read() as tx:
            return tx.failures.count(client, kind, START - WINDOW)


def test_one_failure_too_many_in_a_minute_is_refused_until_the_first_is_old_enough() -> None:
    counted = _Counted()
    for _ in range(3):
        assert counted.retry_after() is None
        counted.clock.advance(timedelta(seconds=10))
    assert counted.retry_after() == 30
    assert counted.retry_after(THERE) is None
    counted.clock.advance(timedelta(seconds=29.5))
    assert counted.retry_after() == 1
    counted.clock.advance(timedelta(seconds=0.5))
    # Of the four that were counted, three were less than a minute ago.
    assert counted.retry_after() == 10
    counted.clock.advance(WINDOW)
    assert [counted.retry_after() for _ in range(4)] == [None, None, None, 60]


def test_whoever_is_refused_costs_no_more_writes() -> None:
    counted = _Counted()
    for _ in range(50):
        counted.retry_after()
    assert counted.store.writes == 4
    assert counted.failures(HERE, FailureKind.CREDENTIAL) == 4


def test_a_limit_of_nought_counts_nothing() -> None:
    counted = _Counted(credentials=0, admin_logins=0)
    assert [counted.retry_after(HERE, *BOTH) for _ in range(5)] == [None] * 5
    assert counted.store.writes == 0


def test_the_kinds_are_counted_apart_and_a_refused_one_is_not_counted_as_another() -> None:
    counted = _Counted(credentials=5, admin_logins=2)
    assert [counted.retry_after(HERE, *BOTH) for _ in range(5)] == [None, None, 60, 60, 60]
    assert counted.failures(HERE, FailureKind.CREDENTIAL) == 3
    assert [counted.retry_after() for _ in range(3)] == [None, None, 60]


def test_of_two_limits_that_are_passed_at_once_the_longer_wait_is_told() -> None:
    counted = _Counted(credentials=2, admin_logins=1)
    assert counted.retry_after() is None
    counted.clock.advance(timedelta(seconds=20))
    assert counted.retry_after(HERE, *BOTH) is None
    assert counted.retry_after(HERE, *BOTH) == 60


def test_an_admin_login_is_not_limited_where_only_other_credentials_are() -> None:
    counted = _Counted(credentials=2, admin_logins=0)
    assert [counted.retry_after(HERE, *BOTH) for _ in range(3)] == [None, None, 60]
    assert counted.failures(HERE, FailureKind.ADMIN_LOGIN) == 0


def test_processes_count_together() -> None:
    counted = _Counted()
    other = counted.another()
    assert [counted.retry_after(of=throttle) for throttle in [counted.throttle, other] * 2] == [None, None, None, 60]
    assert counted.retry_after() == 60


def test_only_so_many_of_those_who_are_refused_are_remembered_and_the_store_knows_the_others() -> None:
    counted = _Counted(credentials=1, remembered=2)
    for client in ("a", "b", "c"):
        assert [counted.retry_after(client) for _ in range(2)] == [None, 60]
    writes = counted.store.writes
    assert [counted.retry_after(client) for client in ("c", "b")] == [60, 60]
    assert counted.store.writes == writes
    assert counted.retry_after("a") == 60
    assert counted.store.writes == writes + 1


def test_a_store_that_can_not_count_is_told_of() -> None:
    counted = _Counted()
    counted.store.is_busy = True
    with pytest.raises(StoreUnavailable):
        counted.retry_after()


@given(st.lists(st.integers(0, 30), max_size=40), st.integers(1, 4))
def test_in_no_minute_more_failures_pass_than_may_and_after_a_quiet_one_there_is_one_again(
    gaps: list[int], limit: int
) -> None:
    counted = _Counted(credentials=limit)
    tried: list[int] = []
    passed: list[int] = []
    now = 0
    for gap in gaps:
        now += gap
        counted.clock.advance(timedelta(seconds=gap))
        wait = counted.retry_after()
        if sum(moment > now - 60 for moment in tried) < limit:
            assert wait is None
        if wait is None:
            passed.append(now)
        else:
            assert 1 <= wait <= 60
        assert sum(moment > now - 60 for moment in passed) <= limit
        tried.append(now)


# --- the door ---

SECRETS = ConfiguredSecrets(admin=Secret.of("adm"), upload=(Secret.of("up"),), internal_extraction=Secret.of("int"))
WRONG = Credentials(api_key=b"wrong")
UNKNOWN_TOKEN = Credentials(bearer=new_token(ACCESS_TOKEN_PREFIX, bytes(32)).encode())


class _Door:
    """The door of a registry, with few failures allowed."""

    def __init__(self, access: AccessPolicy | None = None) -> None:
        limits = FailureLimits(credentials=3, admin_logins=2)
        self.world = make_world(secrets=SECRETS, access=access, failure_limits=limits)

    def admit(self, credentials: Credentials, capability: Capability | None = None, client: str = HERE) -> Caller:
        return self.world.registry.admission.admit(credentials, client, capability)

    def admit_at_once(self, credentials: Credentials, capability: Capability | None = None) -> Caller | None:
        return self.world.registry.admission.admit_at_once(credentials, capability)

    def failures(self) -> dict[FailureKind, int]:
        with self.world.unit_of_work.read() as tx:
            return {kind: tx.failures.count(HERE, kind, START - WINDOW) for kind in FailureKind}


@pytest.mark.parametrize(
    ("credentials", "failures"),
    [
        (WRONG, 1),
        (UNKNOWN_TOKEN, 1),
        (Credentials(api_key=b"wrong", bearer=b"wrong", session="wrong"), 1),
        # One that is right makes up for the others, and a browser sends its cookie by itself.
        (Credentials(api_key=b"wrong", bearer=b"int"), 0),
        (Credentials(api_key=b"up", bearer=b"wrong"), 0),
        (Credentials(session="wrong"), 0),
        (Credentials(), 0),
    ],
)
def test_a_request_is_a_failure_when_it_presents_keys_or_tokens_and_none_is_right(
    credentials: Credentials, failures: int
) -> None:
    door = _Door()
    door.admit(credentials, Capability.READ)
    assert door.failures() == {FailureKind.CREDENTIAL: failures, FailureKind.ADMIN_LOGIN: 0}


def test_too_many_wrong_credentials_are_refused_and_right_ones_never() -> None:
    door = _Door()
    for _ in range(3):
        assert door.admit(WRONG, Capability.READ).identity == ANONYMOUS
    for credentials, capability in product([WRONG, UNKNOWN_TOKEN], [Capability.READ, None]):
        with pytest.raises(TooManyFailures):
            door.admit(credentials, capability)
    assert door.admit(Credentials(api_key=b"adm"), Capability.BUILT_IN_ADMIN).identity.is_built_in_admin
    assert door.admit(Credentials(), Capability.READ).identity.is_anonymous
    assert door.admit(WRONG, Capability.READ, THERE).identity.is_anonymous


def test_failures_at_the_admins_door_have_a_limit_of_their_own() -> None:
    door = _Door()
    for _ in range(2):
        with pytest.raises(AuthenticationRequired):
            door.admit(WRONG, Capability.BUILT_IN_ADMIN)
    with pytest.raises(TooManyFailures) as refusal:
        door.admit(WRONG, Capability.BUILT_IN_ADMIN)
    assert refusal.value.retry_after == 60
    assert "60 seconds" in refusal.value.message
    assert door.failures() == {FailureKind.CREDENTIAL: 3, FailureKind.ADMIN_LOGIN: 3}


def test_who_may_not_is_refused_at_the_door_and_that_is_no_failure() -> None:
    door = _Door(AccessPolicy(anonymous_access=False))
    with pytest.raises(AuthenticationRequired):
        door.admit(Credentials(), Capability.READ)
    with pytest.raises(PermissionDenied):
        door.admit(Credentials(api_key=b"up"), Capability.READ)
    with pytest.raises(PermissionDenied):
        door.admit_at_once(Credentials(api_key=b"up"), Capability.READ)
    assert door.failures()[FailureKind.CREDENTIAL] == 0


@pytest.mark.parametrize(
    ("credentials", "kind"),
    [
        (Credentials(), IdentityKind.ANONYMOUS),
        (Credentials(api_key=b"adm"), IdentityKind.ADMIN_KEY),
        (Credentials(api_key=b"wrong", bearer=b"int"), IdentityKind.INTERNAL_EXTRACTION),
        # These have to be counted, or looked up.
        (WRONG, None),
        (UNKNOWN_TOKEN, None),
        (attrs.evolve(UNKNOWN_TOKEN, api_key=b"adm"), None),
        (Credentials(api_key=b"adm", session="any"), None),
    ],
)
@pytest.mark.parametrize("capability", [None, Capability.TERRAFORM])
def test_whom_configured_secrets_prove_is_admitted_without_the_store(
    credentials: Credentials, kind: IdentityKind | None, capability: Capability | None
) -> None:
    door = _Door()
    caller = door.admit_at_once(credentials, capability)
    assert (caller.identity.kind if caller is not None else None) == kind
    if caller is not None:
        assert caller == door.admit(credentials, capability)
