"""Throttling of wrong credentials, by client address (decision 31)."""

import math
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta
from threading import Lock

import attrs

from terrareg_core.access.ports import FailureKind
from terrareg_core.clock import Clock
from terrareg_core.errors import TooManyFailures
from terrareg_core.transactions import UnitOfWork

WINDOW = timedelta(minutes=1)

_BLOCKS_MAX = 10_000
_PURGED_AT_ONCE = 100


@attrs.frozen(kw_only=True)
class FailureLimits:
    """How many failures a client address may have in a minute; 0 for any number."""

    credentials: int = 30
    admin_logins: int = 10

    def of(self, kind: FailureKind) -> int:
        return self.admin_logins if kind is FailureKind.ADMIN_LOGIN else self.credentials


class FailureThrottle:
    """Counts failures in the store, so that all processes count together, and refuses those who had too many.

    Whoever is refused is not counted, and refused without the store until the first of their failures is old enough:
    so a client costs no more writes than its limit, whatever it sends.
    """

    def __init__(
        self, unit_of_work: UnitOfWork, clock: Clock, limits: FailureLimits, *, remembered: int = _BLOCKS_MAX
    ) -> None:
        """`remembered` is how many of those who are refused can be told without the store."""
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._limits = limits
        self._remembered = remembered
        self._lock = Lock()
        self._blocked: OrderedDict[tuple[str, FailureKind], datetime] = OrderedDict()

    def note(self, client: str, kinds: Iterable[FailureKind]) -> None:
        """Count one failure of each kind. Raises TooManyFailures when that is one too many, and StoreUnavailable."""
        now = self._clock.now()
        counted = [kind for kind in kinds if self._limits.of(kind)]
        for kind in counted:
            self._refuse_blocked(client, kind, now)
        refused: list[datetime] = []
        if counted:
            with self._unit_of_work.write() as tx:
                tx.failures.purge(now - WINDOW, _PURGED_AT_ONCE)
                for kind in counted:
                    tx.failures.add(client, kind, now)
                    if tx.failures.count(client, kind, now - WINDOW) > self._limits.of(kind):
                        first = tx.failures.oldest(client, kind, now - WINDOW) or now
                        self._block(client, kind, first + WINDOW)
                        refused.append(first + WINDOW)
        if refused:
            raise _refusal(max(refused), now)

    def _refuse_blocked(self, client: str, kind: FailureKind, now: datetime) -> None:
        with self._lock:
            until = self._blocked.get((client, kind))
            if until is None:
                return
            if until > now:
                raise _refusal(until, now)
            del self._blocked[client, kind]

    def _block(self, client: str, kind: FailureKind, until: datetime) -> None:
        with self._lock:
            self._blocked[client, kind] = until
            while len(self._blocked) > self._remembered:
                self._blocked.popitem(last=False)


def _refusal(until: datetime, now: datetime) -> TooManyFailures:
    return TooManyFailures(max(1, math.ceil((until - now).total_seconds())))
