"""What the in-memory twin of the database holds: tables, their rows, and the state that is made of them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, NoReturn, TypeVar

import attrs

from terrareg_core.access.grants import NamespacePermission
from terrareg_core.access.ports import FailureKind
from terrareg_core.access.stored import AccessToken, Session, SignInAttempt, TerraformCode, TerraformToken, UserGroup
from terrareg_core.analytics.downloads import DownloadEvent
from terrareg_core.audit.events import AuditEvent
from terrareg_core.errors import AlreadyStored
from terrareg_core.identifiers import ModuleName, NamespaceName, ProviderName
from terrareg_core.modules.git_settings import GitProvider, GitSettings
from terrareg_core.modules.model import ModuleProvider, ModuleProviderRedirect, NewModuleVersion
from terrareg_core.modules.parts import PartKind
from terrareg_core.modules.read_models import ModuleSummary
from terrareg_core.modules.sources import UrlSlot
from terrareg_core.namespaces.model import Namespace

RowT = TypeVar("RowT")


@attrs.frozen
class NamespaceRedirectRow:
    """A former name of a namespace."""

    name: NamespaceName
    namespace_id: int


@attrs.frozen
class ModuleProviderRow:
    """A module provider, without what other tables know of it."""

    namespace_id: int
    module: ModuleName
    provider: ProviderName
    verified: bool
    latest_version_id: int | None = None
    git: GitSettings = attrs.field(factory=GitSettings)
    """Its git provider is as it was when it was chosen; `State.module_provider` has it as it is now."""

    def is_named(self, namespace_id: int, module: ModuleName, provider: ProviderName) -> bool:
        return (self.namespace_id, self.module.folded, self.provider) == (namespace_id, module.folded, provider)


@attrs.frozen
class ModuleProviderRedirectRow:
    """A former name of a module provider."""

    namespace_id: int
    module: ModuleName
    provider: ProviderName
    module_provider_id: int

    def is_named(self, namespace_id: int, module: ModuleName, provider: ProviderName) -> bool:
        return (self.namespace_id, self.module.folded, self.provider) == (namespace_id, module.folded, provider)


@attrs.frozen
class GroupPermissionRow:
    """What a user group may do in a namespace."""

    group_id: int
    namespace_id: int
    permission: NamespacePermission


@attrs.frozen
class UsedAssertionRow:
    """An assertion that is used up."""

    id: str
    expires_at: datetime


@attrs.frozen
class AccessTokenRow:
    """An access token and the digest of its secret."""

    token: AccessToken
    digest: str


@attrs.frozen
class FailureRow:
    """Wrong credentials."""

    client: str
    kind: FailureKind
    failed_at: datetime


class Table(Generic[RowT]):
    """Rows by id, in the order in which they were added; an id is never given twice."""

    def __init__(self, rows: dict[int, RowT], next_id: int) -> None:
        self._rows = rows
        self._next_id = next_id
        self._shared = True

    def copy(self) -> "Table[RowT]":
        """The same rows; they are copied when the first change is made, so that a copy costs nothing."""
        return Table(self._rows, self._next_id)

    def __getitem__(self, row_id: int) -> RowT:
        return self._rows[row_id]

    def __contains__(self, row_id: int) -> bool:
        return row_id in self._rows

    def get(self, row_id: int) -> RowT | None:
        return self._rows.get(row_id)

    def items(self) -> list[tuple[int, RowT]]:
        return list(self._rows.items())

    def add(self, row: RowT) -> int:
        row_id = self._next_id
        self._next_id += 1
        self.put(row_id, row)
        return row_id

    def put(self, row_id: int, row: RowT) -> None:
        self._own()
        self._rows[row_id] = row

    def remove_where(self, condition: Callable[[int, RowT], bool]) -> None:
        self._own()
        self._rows = {row_id: row for row_id, row in self._rows.items() if not condition(row_id, row)}

    def _own(self) -> None:
        if self._shared:
            self._rows = dict(self._rows)
            self._shared = False


def _empty() -> Table[RowT]:
    return Table({}, 1)


@attrs.define
class State:
    """Everything stored; one that was committed is never changed again."""

    namespaces: Table[Namespace] = attrs.field(factory=_empty)
    namespace_redirects: Table[NamespaceRedirectRow] = attrs.field(factory=_empty)
    git_providers: Table[GitProvider] = attrs.field(factory=_empty)
    module_providers: Table[ModuleProviderRow] = attrs.field(factory=_empty)
    module_provider_redirects: Table[ModuleProviderRedirectRow] = attrs.field(factory=_empty)
    module_versions: Table[NewModuleVersion] = attrs.field(factory=_empty)
    downloads: Table[DownloadEvent] = attrs.field(factory=_empty)
    download_counts: Table[int] = attrs.field(factory=_empty)
    audit_events: Table[AuditEvent] = attrs.field(factory=_empty)
    user_groups: Table[UserGroup] = attrs.field(factory=_empty)
    group_permissions: Table[GroupPermissionRow] = attrs.field(factory=_empty)
    sessions: Table[Session] = attrs.field(factory=_empty)
    sign_in_attempts: Table[SignInAttempt] = attrs.field(factory=_empty)
    used_assertions: Table[UsedAssertionRow] = attrs.field(factory=_empty)
    access_tokens: Table[AccessTokenRow] = attrs.field(factory=_empty)
    terraform_codes: Table[TerraformCode] = attrs.field(factory=_empty)
    terraform_tokens: Table[TerraformToken] = attrs.field(factory=_empty)
    failures: Table[FailureRow] = attrs.field(factory=_empty)
    void: bool = False
    """Whether a refused write makes a commit impossible."""

    def copy(self) -> "State":
        """The same tables, to be changed apart from these."""
        fields = attrs.asdict(self, recurse=False)
        tables: dict[str, Any] = {name: it.copy() for name, it in fields.items() if isinstance(it, Table)}
        return State(**tables)

    def refuse(self, message: str) -> NoReturn:
        """Raise AlreadyStored, and make a commit impossible."""
        self.void = True
        raise AlreadyStored(message)

    def module_provider(self, module_provider_id: int) -> ModuleProvider:
        """The module provider of a row, with its namespace and its git provider as they are now."""
        row = self.module_providers[module_provider_id]
        chosen = row.git.git_provider
        return ModuleProvider(
            module_provider_id,
            self.namespaces[row.namespace_id],
            row.module,
            row.provider,
            row.verified,
            row.latest_version_id,
            attrs.evolve(row.git, git_provider=self.git_providers[chosen.id] if chosen is not None else None),
        )

    def redirect(self, redirect_id: int) -> ModuleProviderRedirect:
        """The redirect of a row, with where it starts and leads."""
        row = self.module_provider_redirects[redirect_id]
        return ModuleProviderRedirect(
            redirect_id,
            self.namespaces[row.namespace_id],
            row.module,
            row.provider,
            row.module_provider_id,
            self.module_provider(row.module_provider_id).address,
        )

    def summary(self, module_version_id: int) -> ModuleSummary:
        """What lists show of a version."""
        row = self.module_versions[module_version_id]
        module_provider = self.module_provider(row.module_provider_id)
        root = next((part for part in row.content.parts if part.kind is PartKind.ROOT), None)
        own_base_url, configured_base_url = module_provider.git.levels(UrlSlot.BASE)
        return ModuleSummary(
            address=module_provider.address,
            verified=module_provider.verified,
            version=row.version,
            published=row.published,
            internal=row.content.metadata.internal,
            owner=row.content.metadata.owner,
            description=row.content.description,
            published_at=row.published_at,
            downloads=self.download_counts.get(module_version_id) or 0,
            terraform_constraint=root.specification.terraform_version_constraint if root else None,
            repo_base_url=row.content.metadata.repo_base_url,
            module_provider_base_url=own_base_url,
            git_provider_base_url=configured_base_url,
            provider_source_inheritance_disabled=module_provider.git.provider_source_inheritance_disabled,
        )
