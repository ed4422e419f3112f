"""The module providers in the database."""

from collections.abc import Sequence

import attrs
from sqlalchemy import Connection, bindparam, delete, exists, insert, select, update

from terrareg_adapters.database.engine import refuse
from terrareg_adapters.database.rows import (
    MODULE_PROVIDER_COLUMNS,
    REDIRECT_COLUMNS,
    inserted_id,
    redirected_from,
    to_module_provider,
    to_redirect,
)
from terrareg_adapters.database.search_rows import follow_module_provider
from terrareg_adapters.database.tables import (
    git_provider,
    module_provider,
    module_provider_redirect,
    module_version,
    namespace,
)
from terrareg_core.identifiers import ModuleName, ProviderName
from terrareg_core.modules.model import ModuleProvider, ModuleProviderRedirect

_MODULE_PROVIDERS = (
    select(*MODULE_PROVIDER_COLUMNS)
    .select_from(module_provider)
    .join(namespace, namespace.c.id == module_provider.c.namespace_id)
    .outerjoin(git_provider, git_provider.c.id == module_provider.c.git_provider_id)
)
_ADD = insert(module_provider)
_GET = _MODULE_PROVIDERS.where(module_provider.c.id == bindparam("id"))
_FIND = _MODULE_PROVIDERS.where(
    module_provider.c.namespace_id == bindparam("namespace_id"),
    module_provider.c.module_folded == bindparam("module_folded"),
    module_provider.c.provider == bindparam("provider"),
)
_REDIRECT_IS_NAMED = (
    module_provider_redirect.c.namespace_id == bindparam("namespace_id"),
    module_provider_redirect.c.module_folded == bindparam("module_folded"),
    module_provider_redirect.c.provider == bindparam("provider"),
)
_FIND_REDIRECTED = _MODULE_PROVIDERS.join(
    module_provider_redirect, module_provider_redirect.c.module_provider_id == module_provider.c.id
).where(*_REDIRECT_IS_NAMED)
_REDIRECT_TARGET = select(module_provider_redirect.c.module_provider_id).where(*_REDIRECT_IS_NAMED)
_ADD_REDIRECT = insert(module_provider_redirect)
# The weaker lock leaves those alone who only refer to the module provider: a recorded download holds its version and
# refers to the module provider, so the stronger one could make the two wait for each other.
_HOLD = select(module_provider.c.id).where(module_provider.c.id == bindparam("id")).with_for_update(key_share=True)
_SET_LATEST = (
    update(module_provider)
    .where(module_provider.c.id == bindparam("module_provider_id"))
    .values(latest_version_id=bindparam("module_version_id"))
)
_FIRST = _MODULE_PROVIDERS.order_by(
    (~exists().where(module_version.c.module_provider_id == module_provider.c.id)),
    module_provider.c.module,
    module_provider.c.provider,
    namespace.c.name,
).limit(1)
_UPDATE = update(module_provider).where(module_provider.c.id == bindparam("module_provider_id"))
_REDIRECTS = (
    select(*REDIRECT_COLUMNS)
    .select_from(module_provider_redirect)
    .join(redirected_from, redirected_from.c.id == module_provider_redirect.c.namespace_id)
    .join(module_provider, module_provider.c.id == module_provider_redirect.c.module_provider_id)
    .join(namespace, namespace.c.id == module_provider.c.namespace_id)
    .order_by(module_provider_redirect.c.id)
)
_REDIRECTS_TO = _REDIRECTS.where(module_provider_redirect.c.module_provider_id == bindparam("id"))
_REDIRECTS_FROM = _REDIRECTS.where(module_provider_redirect.c.namespace_id == bindparam("id"))
_REMOVE_REDIRECT = delete(module_provider_redirect).where(module_provider_redirect.c.id == bindparam("id"))
_REMOVE = delete(module_provider).where(module_provider.c.id == bindparam("id"))


def _name(namespace_id: int, module: ModuleName, provider: ProviderName) -> dict[str, object]:
    return {"namespace_id": namespace_id, "module_folded": module.folded, "provider": provider.value}


@attrs.frozen
class DatabaseModuleProviders:
    """The module providers, inside the transaction of a connection."""

    _connection: Connection

    def add(self, namespace_id: int, module: ModuleName, provider: ProviderName, *, verified: bool) -> ModuleProvider:
        values = _name(namespace_id, module, provider) | {"module": module.value, "verified": verified}
        module_provider_id = inserted_id(self._connection.execute(_ADD, values))
        return to_module_provider(self._connection.execute(_GET, {"id": module_provider_id}).one())

    def find(self, namespace_id: int, module: ModuleName, provider: ProviderName) -> ModuleProvider | None:
        row = self._connection.execute(_FIND, _name(namespace_id, module, provider)).one_or_none()
        return to_module_provider(row) if row else None

    def first(self) -> ModuleProvider | None:
        row = self._connection.execute(_FIRST).one_or_none()
        return to_module_provider(row) if row else None

    def update(self, module_provider: ModuleProvider) -> None:
        git = module_provider.git
        values = _name(module_provider.namespace.id, module_provider.module, module_provider.provider) | {
            "module": module_provider.module.value,
            "verified": module_provider.verified,
            "git_provider_id": git.git_provider.id if git.git_provider is not None else None,
            "repo_base_url_template": git.templates.base,
            "repo_clone_url_template": git.templates.clone,
            "repo_browse_url_template": git.templates.browse,
            "git_tag_format": git.tag_format,
            "git_path": git.git_path,
            "archive_git_path": git.archive_git_path,
            "provider_source_inheritance_disabled": git.provider_source_inheritance_disabled,
        }
        result = self._connection.execute(_UPDATE.values(values), {"module_provider_id": module_provider.id})
        if not result.rowcount:
            refuse(self._connection, "The module provider was deleted meanwhile")
        follow_module_provider(self._connection, module_provider.id)

    def find_redirected(self, namespace_id: int, module: ModuleName, provider: ProviderName) -> ModuleProvider | None:
        row = self._connection.execute(_FIND_REDIRECTED, _name(namespace_id, module, provider)).one_or_none()
        return to_module_provider(row) if row else None

    def add_redirect(
        self, namespace_id: int, module: ModuleName, provider: ProviderName, module_provider_id: int
    ) -> None:
        name = _name(namespace_id, module, provider)
        if self._connection.execute(_REDIRECT_TARGET, name).scalar_one_or_none() == module_provider_id:
            return
        # Where the redirect leads elsewhere, the unique name refuses this one.
        self._connection.execute(
            _ADD_REDIRECT, name | {"module": module.value, "module_provider_id": module_provider_id}
        )

    def redirects_to(self, module_provider_id: int) -> Sequence[ModuleProviderRedirect]:
        return [to_redirect(row) for row in self._connection.execute(_REDIRECTS_TO, {"id": module_provider_id})]

    def redirects_from(self, namespace_id: int) -> Sequence[ModuleProviderRedirect]:
        return [to_redirect(row) for row in self._connection.execute(_REDIRECTS_FROM, {"id": namespace_id})]

    def remove_redirect(self, redirect_id: int) -> None:
        self._connection.execute(_REMOVE_REDIRECT, {"id": redirect_id})

    def hold(self, module_provider_id: int) -> None:
        # SQLite ignores the lock, and has one writer at a time anyway.
        self._connection.execute(_HOLD, {"id": module_provider_id}).close()

    def set_latest(self, module_provider_id: int, module_version_id: int | None) -> None:
        values = {"module_provider_id": module_provider_id, "module_version_id": module_version_id}
        self._connection.execute(_SET_LATEST, values)
        follow_module_provider(self._connection, module_provider_id)

    def remove(self, module_provider_id: int) -> None:
        # Redirects go by cascade; a version that is left breaks its foreign key, which is AlreadyStored.
        self._connection.execute(_REMOVE, {"id": module_provider_id})
