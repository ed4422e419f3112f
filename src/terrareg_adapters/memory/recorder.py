"""A download recorder without a thread of its own."""

from collections.abc import Callable

import attrs

from terrareg_core.analytics.downloads import DownloadEvent, RecordingTicket
from terrareg_core.errors import StoreUnavailable
from terrareg_core.transactions import UnitOfWork


@attrs.frozen
class _EndedTicket:
    """A recording that ended before its ticket was given out."""

    _durable: bool

    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002 - there is nothing to wait for
        return self._durable

    def when_done(self, callback: Callable[[bool], None]) -> None:
        callback(self._durable)


@attrs.frozen
class DirectRecorder:
    """Commits each download in the thread that reports it (implements `DownloadRecorder`)."""

    _unit_of_work: UnitOfWork

    def record(self, event: DownloadEvent) -> RecordingTicket:
        """See `DownloadRecorder.record`; the ticket has ended when it is returned."""
        try:
            with self._unit_of_work.write() as tx:
                tx.downloads.append([event])
        except StoreUnavailable:
            return _EndedTicket(False)
        return _EndedTicket(True)
