"""Tells the log who sends wrong credentials, and not so often that it fills up (chapter 04, 2.2)."""

import logging
import time
from collections import OrderedDict
from threading import Lock

_log = logging.getLogger("terrareg.access")

_PAUSE = 60.0
"""Seconds between two lines about one client."""
_CLIENTS_MAX = 1000


class FailureReporter:
    """Reports failures by client address; never what was sent."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._reported: OrderedDict[str, float] = OrderedDict()

    def report(self, client: str) -> None:
        """Write a line, unless there was one about this client within the last minute."""
        now = time.monotonic()
        with self._lock:
            last = self._reported.get(client)
            if last is not None and now - last < _PAUSE:
                return
            self._reported[client] = now
            self._reported.move_to_end(client)
            if len(self._reported) > _CLIENTS_MAX:
                self._reported.popitem(last=False)
        _log.warning("wrong credentials from %s; further ones are not reported for a minute", client)
