"""The modules in the database as readers see them."""

from collections.abc import Sequence

import attrs
from sqlalchemy import Connection, bindparam, select

from terrareg_adapters.database.rows import (
    LISTED_VERSION_COLUMNS,
    MODULE_PART_COLUMNS,
    SUMMARY_COLUMNS,
    to_listed_version,
    to_module_part,
    to_summary,
)
from terrareg_adapters.database.search import statements
from terrareg_adapters.database.tables import module_part, module_provider, module_version, namespace
from terrareg_core.modules.read_models import ListedVersion, ModuleSummary, ModuleVersionContent
from terrareg_core.modules.search import SearchCriteria
from terrareg_core.paging import Page, PageRequest
from terrareg_core.versions import Version

_IS_IT = module_provider.c.id == bindparam("module_provider_id")
_SUMMARIES = select(
    *SUMMARY_COLUMNS, module_version.c.id, module_provider.c.namespace_id, module_provider.c.module_folded
).join(namespace, namespace.c.id == module_provider.c.namespace_id)
_LATEST = _SUMMARIES.join(module_version, module_version.c.id == module_provider.c.latest_version_id).where(_IS_IT)
_VERSION = _SUMMARIES.join(module_version, module_version.c.module_provider_id == module_provider.c.id).where(
    _IS_IT, module_version.c.version == bindparam("version")
)
_PARTS = (
    select(*MODULE_PART_COLUMNS)
    .where(module_part.c.module_version_id == bindparam("module_version_id"))
    .order_by(module_part.c.position)
)
_VERSIONS = (
    select(*LISTED_VERSION_COLUMNS)
    .where(module_version.c.module_provider_id == bindparam("module_provider_id"))
    .order_by(module_version.c.sort_key.desc())
)
_PROVIDERS = (
    select(module_provider.c.provider)
    .where(
        module_provider.c.namespace_id == bindparam("namespace_id"),
        module_provider.c.module_folded == bindparam("module_folded"),
    )
    .order_by(module_provider.c.provider)
)


@attrs.frozen
class DatabaseModuleCatalogue:
    """The modules, inside the transaction of a connection."""

    _connection: Connection

    def search(self, criteria: SearchCriteria, page: PageRequest) -> Page[ModuleSummary]:
        """As the port says, in one or two statements.

        Raises InvalidRequest when the criteria have more than 20 different terms or 10,000 different names in a filter.
        """
        search, parameters = statements(criteria)
        bounds = {"limit": page.limit, "offset": page.offset}
        rows = [to_summary(row) for row in self._connection.execute(search.page, parameters | bounds)]
        # A page that is not full is the last one, and tells the total by itself; an empty one only at the beginning.
        if len(rows) < page.limit and (rows or not page.offset):
            return Page(page, rows, page.offset + len(rows))
        return Page(page, rows, self._connection.execute(search.count, parameters).scalar_one())

    def version_content(self, module_provider_id: int, version: Version | None) -> ModuleVersionContent | None:
        parameters: dict[str, object] = {"module_provider_id": module_provider_id}
        if version is None:
            row = self._connection.execute(_LATEST, parameters).one_or_none()
        else:
            row = self._connection.execute(_VERSION, parameters | {"version": version.text}).one_or_none()
        if row is None:
            return None
        *_, module_version_id, namespace_id, module_folded = row
        parts = self._connection.execute(_PARTS, {"module_version_id": module_version_id})
        siblings = {"namespace_id": namespace_id, "module_folded": module_folded}
        return ModuleVersionContent(
            summary=to_summary(row[: len(SUMMARY_COLUMNS)]),
            parts=tuple(to_module_part(part) for part in parts),
            versions=self.versions(module_provider_id),
            providers=tuple(self._connection.execute(_PROVIDERS, siblings).scalars()),
        )

    def versions(self, module_provider_id: int) -> Sequence[ListedVersion]:
        rows = self._connection.execute(_VERSIONS, {"module_provider_id": module_provider_id})
        return tuple(to_listed_version(row) for row in rows)
