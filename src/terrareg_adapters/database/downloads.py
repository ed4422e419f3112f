"""The recorded downloads in the database."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import attrs
from sqlalchemy import Connection, bindparam, case, func, insert, select, update

from terrareg_adapters.database.rows import DOWNLOAD_COLUMNS, to_download
from terrareg_adapters.database.tables import download, module_version
from terrareg_adapters.database.types import UtcDateTime
from terrareg_core.analytics.downloads import DownloadCounts, DownloadEvent

# Holding the versions, always in the same order, keeps them from being deleted before the events are there, and two
# writers from waiting for each other; the weaker lock lets others refer to them.
_HOLD_VERSIONS = (
    select(module_version.c.id, module_version.c.module_provider_id)
    .where(module_version.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(module_version.c.id)
    .with_for_update(key_share=True)
)
_COUNT = (
    update(module_version)
    .where(module_version.c.id == bindparam("module_version_id"))
    .values(downloads=module_version.c.downloads + bindparam("more"))
)
_APPEND = insert(download)
_LATEST_IDS = (
    select(func.max(download.c.id))
    .where(download.c.module_provider_id == bindparam("module_provider_id"))
    .group_by(download.c.analytics_token)
)
_LATEST_BY_TOKEN = select(*DOWNLOAD_COLUMNS).where(download.c.id.in_(_LATEST_IDS)).order_by(download.c.id)
_OF_VERSION = (
    select(*DOWNLOAD_COLUMNS)
    .where(download.c.module_version_id == bindparam("module_version_id"))
    .order_by(download.c.timestamp, download.c.id)
)


_WITHIN = [bindparam(f"since_{number}", type_=UtcDateTime) for number in range(len(DownloadCounts.WINDOWS))]
# Rows beyond the widest window are not read, however many there are: the versions count all of theirs.
_RECENT = select(
    *(func.coalesce(func.sum(case((download.c.timestamp >= since, 1), else_=0)), 0) for since in _WITHIN),
    select(func.coalesce(func.sum(module_version.c.downloads), 0))
    .where(module_version.c.module_provider_id == bindparam("module_provider_id"))
    .scalar_subquery(),
).where(download.c.module_provider_id == bindparam("module_provider_id"), download.c.timestamp >= _WITHIN[-1])


@attrs.frozen
class DatabaseDownloads:
    """The recorded downloads, inside the transaction of a connection."""

    _connection: Connection

    def append(self, events: Sequence[DownloadEvent]) -> None:
        ids = {event.module_version_id for event in events}
        if not ids:
            return
        module_providers = {row[0]: row[1] for row in self._connection.execute(_HOLD_VERSIONS, {"ids": sorted(ids)})}
        kept = [event for event in events if event.module_version_id in module_providers]
        if not kept:
            return
        counts = Counter(event.module_version_id for event in kept)
        self._connection.execute(
            _COUNT, [{"module_version_id": version_id, "more": counts[version_id]} for version_id in sorted(counts)]
        )
        rows = [_values(event) | {"module_provider_id": module_providers[event.module_version_id]} for event in kept]
        self._connection.execute(_APPEND, rows)

    def latest_by_token(self, module_provider_id: int) -> Sequence[DownloadEvent]:
        rows = self._connection.execute(_LATEST_BY_TOKEN, {"module_provider_id": module_provider_id})
        return [to_download(row) for row in rows]

    def counts(self, module_provider_id: int, now: datetime) -> DownloadCounts:
        moments = {since.key: now - window for since, window in zip(_WITHIN, DownloadCounts.WINDOWS, strict=True)}
        row = self._connection.execute(_RECENT, {"module_provider_id": module_provider_id, **moments}).one()
        return DownloadCounts(*map(int, row))

    def of_version(self, module_version_id: int) -> Sequence[DownloadEvent]:
        rows = self._connection.execute(_OF_VERSION, {"module_version_id": module_version_id})
        return [to_download(row) for row in rows]


def _values(event: DownloadEvent) -> dict[str, object]:
    return {
        "module_version_id": event.module_version_id,
        "timestamp": event.timestamp,
        "terraform_version": event.terraform_version,
        "analytics_token": event.token.value if event.token else None,
        "authenticated": event.authenticated,
        "environment": event.environment,
        "requested_namespace": event.requested.namespace,
        "requested_module": event.requested.module,
        "requested_provider": event.requested.provider,
    }
