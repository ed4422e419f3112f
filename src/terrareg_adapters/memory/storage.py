"""The in-memory twin of the database: a unit of work whose ports are the reference for every other one."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from operator import attrgetter, itemgetter

import attrs

from terrareg_adapters.memory.access import (
    MemoryAccessTokens,
    MemoryFailures,
    MemorySessions,
    MemorySignInAttempts,
    MemoryTerraformLogins,
    MemoryUsedAssertions,
    MemoryUserGroups,
)
from terrareg_adapters.memory.audit import MemoryAuditLog
from terrareg_adapters.memory.documents import MemoryDocuments
from terrareg_adapters.memory.state import ModuleProviderRedirectRow, ModuleProviderRow, NamespaceRedirectRow, State
from terrareg_core.analytics.downloads import DownloadCounts, DownloadEvent
from terrareg_core.errors import AlreadyStored, StoreUnavailable
from terrareg_core.identifiers import DisplayName, ModuleName, NamespaceName, ProviderName
from terrareg_core.modules.git_settings import GitProvider, GitProviderDefinition
from terrareg_core.modules.model import (
    IndexedContent,
    IndexedVersion,
    ModuleProvider,
    ModuleProviderRedirect,
    ModuleVersion,
    NewModuleVersion,
)
from terrareg_core.modules.read_models import (
    ListedModuleProvider,
    ListedVersion,
    ModuleSummary,
    ModuleVersionContent,
)
from terrareg_core.modules.search import MatchCount, SearchCriteria, SearchedTexts, TrustFilter, score
from terrareg_core.namespaces.model import Namespace, NamespaceKind
from terrareg_core.paging import Page, PageRequest
from terrareg_core.versions import Version

_WAIT_FOR_WRITER = 10.0
"""Seconds."""


def _module_version(module_version_id: int, row: NewModuleVersion) -> ModuleVersion:
    return ModuleVersion(
        id=module_version_id,
        module_provider_id=row.module_provider_id,
        version=row.version,
        published=row.published,
        internal=row.content.metadata.internal,
        indexed_at=row.indexed_at,
        published_at=row.published_at,
        archives=row.archives,
        repo_clone_url=row.content.metadata.repo_clone_url,
        origin=row.origin,
        repo_base_url=row.content.metadata.repo_base_url,
        repo_browse_url=row.content.metadata.repo_browse_url,
        git_path=row.git_path,
        archive_git_path=row.archive_git_path,
        source=row.source,
        extraction_version=row.extraction_version,
    )


@attrs.frozen
class MemoryNamespaces:
    """The namespaces of one state."""

    _state: State

    def add(
        self,
        name: NamespaceName,
        display_name: DisplayName | None = None,
        kind: NamespaceKind = NamespaceKind.NONE,
        source: str | None = None,
    ) -> Namespace:
        if self.find(name.value) or (display_name and self.find_by_display_name(display_name)):
            self._state.refuse("A namespace of this name exists already")
        namespace_id = self._state.namespaces.add(Namespace(0, name, display_name, kind, source))
        namespace = Namespace(namespace_id, name, display_name, kind, source)
        self._state.namespaces.put(namespace_id, namespace)
        return namespace

    def find(self, name: str) -> Namespace | None:
        if not NamespaceName.is_valid(name):
            return None
        folded = name.lower()
        return next((row for _, row in self._state.namespaces.items() if row.name.folded == folded), None)

    def find_by_display_name(self, display_name: DisplayName) -> Namespace | None:
        folded = display_name.folded
        rows = self._state.namespaces.items()
        return next((row for _, row in rows if row.display_name and row.display_name.folded == folded), None)

    def rename(self, namespace_id: int, name: NamespaceName) -> None:
        row = self._own(namespace_id, self.find(name.value))
        self._state.namespaces.put(namespace_id, attrs.evolve(row, name=name))

    def set_display_name(self, namespace_id: int, display_name: DisplayName | None) -> None:
        owner = self.find_by_display_name(display_name) if display_name is not None else None
        row = self._own(namespace_id, owner)
        self._state.namespaces.put(namespace_id, attrs.evolve(row, display_name=display_name))

    def set_origin(self, namespace_id: int, kind: NamespaceKind, source: str | None) -> None:
        row = self._own(namespace_id, None)
        self._state.namespaces.put(namespace_id, attrs.evolve(row, kind=kind, source=source))

    def _own(self, namespace_id: int, owner: Namespace | None) -> Namespace:
        """The namespace of an id, unless it is gone or another one has a name already."""
        row = self._state.namespaces.get(namespace_id)
        if row is None or (owner is not None and owner.id != namespace_id):
            self._state.refuse("The namespace was deleted meanwhile, or another one has the name")
        return row

    def former_names(self, namespace_id: int) -> list[NamespaceName]:
        rows = self._state.namespace_redirects.items()
        return [row.name for _, row in rows if row.namespace_id == namespace_id]

    def find_redirected(self, name: str) -> Namespace | None:
        redirects = self._redirects(name)
        return self._state.namespaces[redirects[-1].namespace_id] if redirects else None

    def add_redirect(self, former_name: NamespaceName, namespace_id: int) -> None:
        if namespace_id not in self._state.namespaces:
            self._state.refuse("The namespace was deleted meanwhile")
        folded = former_name.folded
        self._state.namespace_redirects.remove_where(
            lambda _, row: row.namespace_id == namespace_id and row.name.folded == folded
        )
        self._state.namespace_redirects.add(NamespaceRedirectRow(former_name, namespace_id))

    def drop_redirects_named(self, name: NamespaceName) -> None:
        self._state.namespace_redirects.remove_where(lambda _, row: row.name.folded == name.folded)

    def redirects_named(self, name: NamespaceName) -> list[tuple[NamespaceName, Namespace]]:
        return [(row.name, self._state.namespaces[row.namespace_id]) for row in self._redirects(name.value)]

    def is_empty(self, namespace_id: int) -> bool:
        return all(row.namespace_id != namespace_id for _, row in self._state.module_providers.items())

    def remove(self, namespace_id: int) -> None:
        if not self.is_empty(namespace_id):
            self._state.refuse("The namespace is not empty")
        self._state.namespace_redirects.remove_where(lambda _, row: row.namespace_id == namespace_id)
        self._state.module_provider_redirects.remove_where(lambda _, row: row.namespace_id == namespace_id)
        self._state.group_permissions.remove_where(lambda _, row: row.namespace_id == namespace_id)
        MemoryAccessTokens(self._state).forget_namespace(namespace_id)
        self._state.namespaces.remove_where(lambda row_id, _: row_id == namespace_id)

    def page(self, request: PageRequest | None, *, only_published: bool) -> Page[Namespace]:
        rows = [row for _, row in self._state.namespaces.items()]
        if only_published:
            providers = self._state.module_providers.items()
            listed = {row.namespace_id for _, row in providers if row.latest_version_id is not None}
            rows = [row for row in rows if row.id in listed]
        rows.sort(key=lambda row: (row.name.folded, row.name.value))
        if request is None:
            return Page(PageRequest(0, max(len(rows), 1)), rows, len(rows))
        return Page(request, rows[request.offset : request.offset + request.limit], len(rows))

    def _redirects(self, name: str) -> list[NamespaceRedirectRow]:
        if not NamespaceName.is_valid(name):
            return []
        folded = name.lower()
        return [row for _, row in self._state.namespace_redirects.items() if row.name.folded == folded]


@attrs.frozen
class MemoryGitProviders:
    """The git providers of one state."""

    _state: State

    def find(self, git_provider_id: int) -> GitProvider | None:
        return self._state.git_providers.get(git_provider_id)

    def all(self) -> Sequence[GitProvider]:
        return [row for _, row in self._state.git_providers.items()]

    def add(self, definition: GitProviderDefinition) -> GitProvider:
        if any(row.name == definition.name for row in self.all()):
            self._state.refuse("A git provider of this name exists already")
        git_provider_id = self._state.git_providers.add(GitProvider(0, definition))
        added = GitProvider(git_provider_id, definition)
        self._state.git_providers.put(git_provider_id, added)
        return added

    def update(self, git_provider: GitProvider) -> None:
        if git_provider.id not in self._state.git_providers:
            return
        if any(row.name == git_provider.name and row.id != git_provider.id for row in self.all()):
            self._state.refuse("Another git provider has this name")
        self._state.git_providers.put(git_provider.id, git_provider)


@attrs.frozen
class MemoryModuleProviders:
    """The module providers of one state."""

    _state: State

    def add(self, namespace_id: int, module: ModuleName, provider: ProviderName, *, verified: bool) -> ModuleProvider:
        if namespace_id not in self._state.namespaces:
            self._state.refuse("The namespace was deleted meanwhile")
        if self.find(namespace_id, module, provider):
            self._state.refuse("A module provider of this name exists already")
        row = ModuleProviderRow(namespace_id, module, provider, verified)
        return self._state.module_provider(self._state.module_providers.add(row))

    def find(self, namespace_id: int, module: ModuleName, provider: ProviderName) -> ModuleProvider | None:
        for row_id, row in self._state.module_providers.items():
            if row.is_named(namespace_id, module, provider):
                return self._state.module_provider(row_id)
        return None

    def first(self) -> ModuleProvider | None:
        with_versions = {row.module_provider_id for _, row in self._state.module_versions.items()}
        rows = [self._state.module_provider(row_id) for row_id, _ in self._state.module_providers.items()]

        def rank(row: ModuleProvider) -> tuple[bool, str, str, str]:
            address = row.address
            return (row.id not in with_versions, address.module.value, address.provider.value, address.namespace.value)

        return min(rows, key=rank, default=None)

    def update(self, module_provider: ModuleProvider) -> None:
        row = self._state.module_providers.get(module_provider.id)
        namespace_id, chosen = module_provider.namespace.id, module_provider.git.git_provider
        if row is None or namespace_id not in self._state.namespaces:
            self._state.refuse("The namespace or the module provider was deleted meanwhile")
        if chosen is not None and chosen.id not in self._state.git_providers:
            self._state.refuse("The git provider was deleted meanwhile")
        namesake = self.find(namespace_id, module_provider.module, module_provider.provider)
        if namesake is not None and namesake.id != module_provider.id:
            self._state.refuse("A module provider of this name exists already")
        self._state.module_providers.put(
            module_provider.id,
            ModuleProviderRow(
                namespace_id,
                module_provider.module,
                module_provider.provider,
                module_provider.verified,
                row.latest_version_id,
                module_provider.git,
            ),
        )

    def find_redirected(self, namespace_id: int, module: ModuleName, provider: ProviderName) -> ModuleProvider | None:
        redirect = self._redirect(namespace_id, module, provider)
        return self._state.module_provider(redirect.module_provider_id) if redirect else None

    def add_redirect(
        self, namespace_id: int, module: ModuleName, provider: ProviderName, module_provider_id: int
    ) -> None:
        redirect = self._redirect(namespace_id, module, provider)
        if redirect is not None:
            if redirect.module_provider_id != module_provider_id:
                self._state.refuse("A redirect of this name leads to another module provider")
            return
        if namespace_id not in self._state.namespaces or module_provider_id not in self._state.module_providers:
            self._state.refuse("The namespace or the module provider was deleted meanwhile")
        self._state.module_provider_redirects.add(
            ModuleProviderRedirectRow(namespace_id, module, provider, module_provider_id)
        )

    def redirects_to(self, module_provider_id: int) -> Sequence[ModuleProviderRedirect]:
        rows = self._state.module_provider_redirects.items()
        return [self._state.redirect(row_id) for row_id, row in rows if row.module_provider_id == module_provider_id]

    def redirects_from(self, namespace_id: int) -> Sequence[ModuleProviderRedirect]:
        rows = self._state.module_provider_redirects.items()
        return [self._state.redirect(row_id) for row_id, row in rows if row.namespace_id == namespace_id]

    def remove_redirect(self, redirect_id: int) -> None:
        self._state.module_provider_redirects.remove_where(lambda row_id, _: row_id == redirect_id)

    def hold(self, module_provider_id: int) -> None:
        """Nothing to do: there is one writer at a time."""

    def set_latest(self, module_provider_id: int, module_version_id: int | None) -> None:
        row = self._state.module_providers.get(module_provider_id)
        if row is not None:
            if module_version_id is not None and module_version_id not in self._state.module_versions:
                self._state.refuse("The version was deleted meanwhile")
            self._state.module_providers.put(module_provider_id, attrs.evolve(row, latest_version_id=module_version_id))

    def remove(self, module_provider_id: int) -> None:
        if any(row.module_provider_id == module_provider_id for _, row in self._state.module_versions.items()):
            self._state.refuse("The module provider has versions")
        self._state.module_provider_redirects.remove_where(lambda _, row: row.module_provider_id == module_provider_id)
        self._state.module_providers.remove_where(lambda row_id, _: row_id == module_provider_id)

    def _redirect(
        self, namespace_id: int, module: ModuleName, provider: ProviderName
    ) -> ModuleProviderRedirectRow | None:
        rows = self._state.module_provider_redirects.items()
        return next((row for _, row in rows if row.is_named(namespace_id, module, provider)), None)


@attrs.frozen
class MemoryModuleVersions:
    """The module versions of one state."""

    _state: State

    def find(self, module_provider_id: int, version: Version) -> ModuleVersion | None:
        return next((row for row in self.of_module_provider(module_provider_id) if row.version == version), None)

    def latest_of(self, module_provider_id: int) -> ModuleVersion | None:
        module_provider = self._state.module_providers.get(module_provider_id)
        if module_provider is None or module_provider.latest_version_id is None:
            return None
        version_id = module_provider.latest_version_id
        return _module_version(version_id, self._state.module_versions[version_id])

    def of_module_provider(self, module_provider_id: int) -> Sequence[ModuleVersion]:
        rows = self._state.module_versions.items()
        versions = [
            _module_version(row_id, row) for row_id, row in rows if row.module_provider_id == module_provider_id
        ]
        return sorted(versions, key=lambda row: row.version.sort_key, reverse=True)

    def add(self, new: NewModuleVersion) -> ModuleVersion:
        if new.module_provider_id not in self._state.module_providers:
            self._state.refuse("The module provider was deleted meanwhile")
        if self.find(new.module_provider_id, new.version):
            self._state.refuse("The module provider has this version already")
        return _module_version(self._state.module_versions.add(new), new)

    def replace(self, module_version_id: int, new: NewModuleVersion) -> ModuleVersion:
        if module_version_id not in self._state.module_versions:
            self._state.refuse("The version was deleted meanwhile")
        namesake = self.find(new.module_provider_id, new.version)
        if namesake is not None and namesake.id != module_version_id:
            self._state.refuse("The module provider has this version already")
        self._state.module_versions.put(module_version_id, new)
        return _module_version(module_version_id, new)

    def indexed_before(self, extraction_version: int | None) -> Sequence[int]:
        rows = self._state.module_versions.items()
        return [
            row_id for row_id, row in rows if extraction_version is None or row.extraction_version < extraction_version
        ]

    def indexed(self, module_version_id: int) -> IndexedVersion | None:
        row = self._state.module_versions.get(module_version_id)
        if row is None:
            return None
        address = self._state.module_provider(row.module_provider_id).address
        return IndexedVersion(address, _module_version(module_version_id, row))

    def reindex(self, module_version_id: int, content: IndexedContent, extraction_version: int) -> None:
        row = self._state.module_versions.get(module_version_id)
        if row is None:
            self._state.refuse("The version was deleted meanwhile")
        reindexed = attrs.evolve(row, content=content, extraction_version=extraction_version)
        self._state.module_versions.put(module_version_id, reindexed)

    def mark_published(self, module_version_id: int, published_at: datetime) -> None:
        row = self._state.module_versions.get(module_version_id)
        if row is not None and not row.published:
            published = attrs.evolve(row, published=True, published_at=published_at)
            self._state.module_versions.put(module_version_id, published)

    def remove(self, module_version_id: int) -> None:
        self._state.module_versions.remove_where(lambda row_id, _: row_id == module_version_id)
        self._state.downloads.remove_where(lambda _, row: row.module_version_id == module_version_id)
        self._state.download_counts.remove_where(lambda row_id, _: row_id == module_version_id)
        for row_id, row in self._state.module_providers.items():
            if row.latest_version_id == module_version_id:
                self._state.module_providers.put(row_id, attrs.evolve(row, latest_version_id=None))


@attrs.frozen
class MemoryModuleCatalogue:
    """The modules of one state as readers see them."""

    _state: State

    def search(self, criteria: SearchCriteria, page: PageRequest, *, counted: bool = True) -> Page[ModuleSummary]:
        hits = []
        for _, row in self._state.module_providers.items():
            if row.latest_version_id is None:
                continue
            summary = self._state.summary(row.latest_version_id)
            points = _points(criteria, summary)
            if points is not None:
                address = summary.address
                names = (address.module.value, address.provider.value, address.namespace.value)
                hits.append((-points, names, summary))
        hits.sort(key=lambda hit: hit[:2])
        rows = [summary for _, _, summary in hits]
        if not counted:
            return Page.uncounted(page, rows[page.offset : page.offset + page.limit + 1])
        return Page(page, rows[page.offset : page.offset + page.limit], len(rows))

    def counts(self, criteria: SearchCriteria) -> Sequence[MatchCount]:
        everything = self.search(criteria, PageRequest(0, max(1, len(self._state.module_providers.items()))))
        shared = [(row.address.namespace.value, row.address.provider.value) for row in everything.rows]
        verified = Counter(names for names, row in zip(shared, everything.rows, strict=True) if row.verified)
        return [MatchCount(*names, matches, verified[names]) for names, matches in Counter(shared).items()]

    def of_namespace(
        self, namespace_id: int, module: ModuleName | None, allowed_providers: frozenset[str], page: PageRequest
    ) -> Page[ListedModuleProvider]:
        rows = [
            self._state.module_provider(row_id)
            for row_id, row in self._state.module_providers.items()
            if row.namespace_id == namespace_id
            and (module is None or row.module.folded == module.folded)
            and (not allowed_providers or row.provider.value in allowed_providers)
        ]
        rows.sort(key=lambda row: (row.module.value, row.provider.value))
        shown = [self._listed(row) for row in rows[page.offset : page.offset + page.limit]]
        return Page(page, shown, len(rows))

    def _listed(self, row: ModuleProvider) -> ListedModuleProvider:
        latest = self._state.summary(row.latest_version_id) if row.latest_version_id is not None else None
        return ListedModuleProvider(row.address, row.verified, row.git.provider_source_inheritance_disabled, latest)

    def version_content(self, module_provider_id: int, version: Version | None) -> ModuleVersionContent | None:
        module_provider = self._state.module_providers.get(module_provider_id)
        if module_provider is None:
            return None
        version_id = module_provider.latest_version_id
        if version is not None:
            found = MemoryModuleVersions(self._state).find(module_provider_id, version)
            version_id = found.id if found else None
        if version_id is None:
            return None
        siblings = {
            row.provider.value
            for _, row in self._state.module_providers.items()
            if row.namespace_id == module_provider.namespace_id and row.module.folded == module_provider.module.folded
        }
        return ModuleVersionContent(
            summary=self._state.summary(version_id),
            parts=tuple(self._state.module_versions[version_id].content.parts),
            versions=self.versions(module_provider_id),
            providers=tuple(sorted(siblings)),
        )

    def versions(self, module_provider_id: int) -> Sequence[ListedVersion]:
        rows = MemoryModuleVersions(self._state).of_module_provider(module_provider_id)
        return tuple(ListedVersion(row.version, row.published) for row in rows)


def _points(criteria: SearchCriteria, summary: ModuleSummary) -> int | None:
    """The score of a module provider, or None when it does not meet the criteria."""
    namespace, provider = summary.address.namespace.value, summary.address.provider.value
    is_trusted = namespace in criteria.trusted_namespaces
    conditions = (
        not criteria.namespaces or namespace in criteria.namespaces,
        not criteria.providers or provider in criteria.providers,
        criteria.module is None or summary.address.module.value == criteria.module,
        not criteria.allowed_providers or provider in criteria.allowed_providers,
        summary.verified or not criteria.verified_only,
        not summary.internal or criteria.include_internal,
        criteria.trust is TrustFilter.ANY or is_trusted == (criteria.trust is TrustFilter.TRUSTED),
    )
    if not all(conditions):
        return None
    texts = SearchedTexts(namespace, summary.address.module.value, provider, summary.description, summary.owner)
    return score(criteria.terms, texts)


@attrs.frozen
class MemoryDownloads:
    """The recorded downloads of one state."""

    _state: State

    def append(self, events: Sequence[DownloadEvent]) -> None:
        for event in events:
            version_id = event.module_version_id
            if version_id in self._state.module_versions:
                self._state.downloads.add(event)
                self._state.download_counts.put(version_id, (self._state.download_counts.get(version_id) or 0) + 1)

    def latest_by_token(self, module_provider_id: int) -> Sequence[DownloadEvent]:
        latest: dict[str | None, tuple[int, DownloadEvent]] = {}
        for row_id, event in self._state.downloads.items():
            version = self._state.module_versions.get(event.module_version_id)
            if version is not None and version.module_provider_id == module_provider_id:
                latest[event.token.value if event.token is not None else None] = (row_id, event)
        return [event for _, event in sorted(latest.values(), key=itemgetter(0))]

    def counts(self, module_provider_id: int, now: datetime) -> DownloadCounts:
        versions = self._state.module_versions
        moments = [
            row.timestamp
            for _, row in self._state.downloads.items()
            if row.module_version_id in versions
            and versions[row.module_version_id].module_provider_id == module_provider_id
        ]
        week, month, year = (sum(moment >= now - window for moment in moments) for window in DownloadCounts.WINDOWS)
        return DownloadCounts(week, month, year, len(moments))

    def of_version(self, module_version_id: int) -> Sequence[DownloadEvent]:
        rows = [row for _, row in self._state.downloads.items() if row.module_version_id == module_version_id]
        return sorted(rows, key=attrgetter("timestamp"))


@attrs.frozen
class MemoryTransaction:
    """Everything stored, as one state holds it."""

    _state: State

    @property
    def namespaces(self) -> MemoryNamespaces:
        return MemoryNamespaces(self._state)

    @property
    def git_providers(self) -> MemoryGitProviders:
        return MemoryGitProviders(self._state)

    @property
    def module_providers(self) -> MemoryModuleProviders:
        return MemoryModuleProviders(self._state)

    @property
    def module_versions(self) -> MemoryModuleVersions:
        return MemoryModuleVersions(self._state)

    @property
    def catalogue(self) -> MemoryModuleCatalogue:
        return MemoryModuleCatalogue(self._state)

    @property
    def documents(self) -> MemoryDocuments:
        return MemoryDocuments({row_id: row.content for row_id, row in self._state.module_versions.items()})

    @property
    def downloads(self) -> MemoryDownloads:
        return MemoryDownloads(self._state)

    @property
    def audit(self) -> MemoryAuditLog:
        return MemoryAuditLog(self._state.audit_events)

    @property
    def user_groups(self) -> MemoryUserGroups:
        return MemoryUserGroups(self._state)

    @property
    def sessions(self) -> MemorySessions:
        return MemorySessions(self._state)

    @property
    def sign_in_attempts(self) -> MemorySignInAttempts:
        return MemorySignInAttempts(self._state)

    @property
    def used_assertions(self) -> MemoryUsedAssertions:
        return MemoryUsedAssertions(self._state)

    @property
    def access_tokens(self) -> MemoryAccessTokens:
        return MemoryAccessTokens(self._state)

    @property
    def terraform_logins(self) -> MemoryTerraformLogins:
        return MemoryTerraformLogins(self._state)

    @property
    def failures(self) -> MemoryFailures:
        return MemoryFailures(self._state)


class MemoryUnitOfWork:
    """Transactions over memory: any number of readers, one writer at a time, usable from all threads.

    A reader works on the state as it was when it began; a writer on a copy that becomes the state when it commits.
    """

    def __init__(self) -> None:
        self._state = State()
        self._writing = threading.Lock()

    @contextmanager
    def read(self) -> Iterator[MemoryTransaction]:
        """A transaction on the present state; what is written in it is forgotten."""
        yield MemoryTransaction(self._state.copy())

    @contextmanager
    def write(self) -> Iterator[MemoryTransaction]:
        """A transaction that becomes the present state when the context ends normally.

        Raises StoreUnavailable when another writer does not finish within 10 seconds, and AlreadyStored when the
        context ends normally although a repository raised AlreadyStored in it.
        """
        if not self._writing.acquire(timeout=_WAIT_FOR_WRITER):
            raise StoreUnavailable("The store is busy; try again")
        try:
            state = self._state.copy()
            yield MemoryTransaction(state)
            if state.void:
                raise AlreadyStored("A write of this transaction was refused, so all of it is")
            self._state = state
        finally:
            self._writing.release()
