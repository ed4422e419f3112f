"""The git providers in the database."""

from collections.abc import Sequence

import attrs
from sqlalchemy import Connection, bindparam, insert, select, update

from terrareg_adapters.database.rows import GIT_PROVIDER_COLUMNS, inserted_id, to_git_provider
from terrareg_adapters.database.tables import git_provider
from terrareg_core.modules.git_settings import GitProvider, GitProviderDefinition

_ALL = select(*GIT_PROVIDER_COLUMNS).order_by(git_provider.c.id)
_FIND = select(*GIT_PROVIDER_COLUMNS).where(git_provider.c.id == bindparam("id"))
_ADD = insert(git_provider)
_UPDATE = update(git_provider).where(git_provider.c.id == bindparam("git_provider_id"))


def _values(definition: GitProviderDefinition, *, enabled: bool) -> dict[str, object]:
    return {
        "name": definition.name,
        "base_url_template": definition.templates.base,
        "clone_url_template": definition.templates.clone,
        "browse_url_template": definition.templates.browse,
        "git_path_template": definition.git_path,
        "enabled": enabled,
    }


@attrs.frozen
class DatabaseGitProviders:
    """The git providers, inside the transaction of a connection."""

    _connection: Connection

    def find(self, git_provider_id: int) -> GitProvider | None:
        row = self._connection.execute(_FIND, {"id": git_provider_id}).one_or_none()
        return to_git_provider(row) if row else None

    def all(self) -> Sequence[GitProvider]:
        return [to_git_provider(row) for row in self._connection.execute(_ALL)]

    def add(self, definition: GitProviderDefinition) -> GitProvider:
        return GitProvider(
            inserted_id(self._connection.execute(_ADD, _values(definition, enabled=True))), definition, enabled=True
        )

    def update(self, git_provider: GitProvider) -> None:
        values = _values(git_provider.definition, enabled=git_provider.enabled)
        self._connection.execute(_UPDATE.values(values), {"git_provider_id": git_provider.id})
