"""The modules in the database as readers see them."""

from collections.abc import Sequence
from typing import Any

import attrs
from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, select

from terrareg_adapters.database.rows import (
    LISTED_VERSION_COLUMNS,
    MODULE_PART_COLUMNS,
    SUMMARY_COLUMNS,
    to_listed_module_provider,
    to_listed_version,
    to_module_part,
    to_summary,
)
from terrareg_adapters.database.search import statements
from terrareg_adapters.database.tables import module_part, module_provider, module_version, namespace
from terrareg_core.identifiers import ModuleName
from terrareg_core.modules.read_models import (
    ListedModuleProvider,
    ListedVersion,
    ModuleSummary,
    ModuleVersionContent,
)
from terrareg_core.modules.search import MatchCount, SearchCriteria
from terrareg_core.paging import Page, PageRequest
from terrareg_core.versions import Version

_NO_PAGE = PageRequest(0, 1)
"""For statements that answer with no page."""

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


def _listing(conditions: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """The page, given by `limit` and `offset`, of the module providers that meet the conditions."""
    order = (module_provider.c.module, module_provider.c.provider)
    # First which rows, then what of them: sorting carries short rows only.
    chosen = (
        select(module_provider.c.id.label("chosen_id"))
        .where(*conditions)
        .order_by(*order)
        .limit(bindparam("limit"))
        .offset(bindparam("offset"))
        .subquery()
    )
    return (
        select(*SUMMARY_COLUMNS)
        .join(chosen, chosen.c.chosen_id == module_provider.c.id)
        .join(namespace, namespace.c.id == module_provider.c.namespace_id)
        .join(module_version, module_version.c.id == module_provider.c.latest_version_id, isouter=True)
        .order_by(*order)
    )


@attrs.frozen
class DatabaseModuleCatalogue:
    """The modules, inside the transaction of a connection."""

    _connection: Connection

    def search(self, criteria: SearchCriteria, page: PageRequest, *, counted: bool = True) -> Page[ModuleSummary]:
        """As the port says, in one or two statements.

        Raises InvalidRequest when the criteria have more than 20 different terms or 10,000 different names in a filter.
        """
        asked = page if counted else PageRequest(page.offset, page.limit + 1)
        search, parameters = statements(criteria, asked)
        rows = [to_summary(row) for row in self._connection.execute(search.page, parameters)]
        if not counted:
            return Page.uncounted(page, rows)
        # A page that is not full is the last one, and tells the total by itself; an empty one only at the beginning.
        if len(rows) < page.limit and (rows or not page.offset):
            return Page(page, rows, page.offset + len(rows))
        return Page(page, rows, self._connection.execute(search.count, parameters).scalar_one())

    def counts(self, criteria: SearchCriteria) -> Sequence[MatchCount]:
        """As the port says, in one statement. Raises InvalidRequest as `search` does."""
        search, parameters = statements(criteria, _NO_PAGE)
        return [MatchCount(*row) for row in self._connection.execute(search.counts, parameters)]

    def of_namespace(
        self, namespace_id: int, module: ModuleName | None, allowed_providers: frozenset[str], page: PageRequest
    ) -> Page[ListedModuleProvider]:
        """As the port says, in one or two statements."""
        conditions = [module_provider.c.namespace_id == bindparam("namespace_id")]
        parameters: dict[str, object] = {"namespace_id": namespace_id}
        if module is not None:
            conditions.append(module_provider.c.module_folded == bindparam("module_folded"))
            parameters["module_folded"] = module.folded
        if allowed_providers:
            conditions.append(module_provider.c.provider.in_(bindparam("allowed_providers", expanding=True)))
            parameters["allowed_providers"] = sorted(allowed_providers)
        bounds = {"limit": page.limit, "offset": page.offset}
        found = self._connection.execute(_listing(conditions), parameters | bounds)
        rows = [to_listed_module_provider(row) for row in found]
        # As in `search`.
        if len(rows) < page.limit and (rows or not page.offset):
            return Page(page, rows, page.offset + len(rows))
        count = select(func.count()).select_from(module_provider).where(*conditions)
        return Page(page, rows, self._connection.execute(count, parameters).scalar_one())

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
