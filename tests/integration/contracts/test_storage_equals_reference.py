"""Whatever is done to it, in whatever order, the database holds and refuses what the in-memory twin does."""

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from terrareg_adapters.database.unit_of_work import DatabaseUnitOfWork
from terrareg_adapters.memory.storage import MemoryUnitOfWork
from terrareg_core.identifiers import DisplayName, ModuleName, NamespaceName, ProviderName
from terrareg_core.modules.git_settings import GitProvider, GitSettings, RepositoryTemplates
from terrareg_core.modules.model import ModuleProvider
from terrareg_core.modules.search import SearchCriteria
from terrareg_core.namespaces.model import Namespace
from terrareg_core.paging import PageRequest
from terrareg_core.transactions import Transaction, UnitOfWork
from terrareg_core.versions import Version
from tests.integration.contracts.comparison import Operation, outcome, start_anew
from tests.integration.contracts.storage import (
    NOW,
    content,
    download_of,
    git_provider_definition,
    new_version,
    part,
)
from tests.integration.searched import what_is_searched, what_should_be_searched

_SEARCHES = (
    SearchCriteria(),
    SearchCriteria(include_internal=True),
    SearchCriteria(terms=("net",)),
    SearchCriteria(terms=("aws", "a"), include_internal=True),
    SearchCriteria(terms=("again",)),
    SearchCriteria(terms=("1.0.0",), include_internal=True),
    SearchCriteria(namespaces=("aa",), verified_only=True),
    SearchCriteria(terms=("b",), providers=("gcp",)),
)

_ID = st.integers(1, 4)
_NAMES = ("aa", "AA", "bb", "b-b")
_NAME = st.sampled_from(_NAMES).map(NamespaceName)
_DISPLAY_NAME = st.none() | st.sampled_from(["Two Words", "two words", "Other"]).map(DisplayName)
_MODULES = ("net", "NET", "lan")
_MODULE = st.sampled_from(_MODULES).map(ModuleName)
_PROVIDER = st.sampled_from(["aws", "gcp"]).map(ProviderName)
_GIT_PROVIDER = st.sampled_from(["Hub", "hub", "Lab"])
_VERSIONS = ("1.0.0", "1.0.0-rc1", "2.0.0", "10.0.0")
_VERSION = st.sampled_from(_VERSIONS)


def _operations() -> st.SearchStrategy[Operation]:
    """One write, as a function of a transaction; ids that don't exist are among its arguments."""
    return st.one_of(
        st.builds(lambda name, shown: lambda tx: tx.namespaces.add(name, shown), _NAME, _DISPLAY_NAME),
        st.builds(lambda name, key: lambda tx: tx.namespaces.add_redirect(name, key), _NAME, _ID),
        st.builds(lambda name: lambda tx: tx.namespaces.drop_redirects_named(name), _NAME),
        st.builds(lambda key: lambda tx: tx.namespaces.remove(key), _ID),
        st.builds(
            lambda key, module, provider, flag: (
                lambda tx: tx.module_providers.add(key, module, provider, verified=flag)
            ),
            *(_ID, _MODULE, _PROVIDER, st.booleans()),
        ),
        st.builds(
            lambda key, module, provider, target: (
                lambda tx: tx.module_providers.add_redirect(key, module, provider, target)
            ),
            *(_ID, _MODULE, _PROVIDER, _ID),
        ),
        st.builds(lambda key, name: lambda tx: tx.namespaces.rename(key, name), _ID, _NAME),
        st.builds(lambda key, shown: lambda tx: tx.namespaces.set_display_name(key, shown), _ID, _DISPLAY_NAME),
        st.builds(lambda key: lambda tx: tx.module_providers.remove_redirect(key), _ID),
        st.builds(lambda name: lambda tx: tx.git_providers.add(git_provider_definition(name)), _GIT_PROVIDER),
        st.builds(
            lambda key, name, flag: (
                lambda tx: tx.git_providers.update(GitProvider(key, git_provider_definition(name), flag))
            ),
            *(_ID, _GIT_PROVIDER, st.booleans()),
        ),
        st.builds(
            lambda *given: lambda tx: _update(tx, *given),
            *(_ID, _ID, _MODULE, _PROVIDER, st.none() | _ID, st.booleans()),
        ),
        st.builds(lambda key, place: lambda tx: _set_latest(tx, key, place), _ID, st.integers(0, 3)),
        st.builds(lambda key: lambda tx: tx.module_providers.remove(key), _ID),
        st.builds(lambda key, version: lambda tx: _add_version(tx, key, version), _ID, _VERSION),
        st.builds(lambda key, flag: lambda tx: _replace(tx, key, published=flag), _ID, st.booleans()),
        st.builds(lambda key, flag: lambda tx: _reindex(tx, key, internal=flag), _ID, st.booleans()),
        st.builds(lambda key: lambda tx: tx.module_versions.mark_published(key, NOW + timedelta(days=1)), _ID),
        st.builds(lambda key: lambda tx: tx.module_versions.remove(key), _ID),
        st.builds(lambda key: lambda tx: _download(tx, key), _ID),
    )


def _add_version(tx: Transaction, module_provider_id: int, version: str) -> object:
    new = new_version(module_provider_id, version, published=False, indexed=content(description=version, parts=()))
    return tx.module_versions.add(new)


def _set_latest(tx: Transaction, module_provider_id: int, place: int) -> None:
    """Point to one of the module provider's own versions, or to none."""
    ids: list[int | None] = [row.id for row in tx.module_versions.of_module_provider(module_provider_id)]
    tx.module_providers.set_latest(module_provider_id, (ids + [None] * 4)[place])


def _update(
    tx: Transaction,
    module_provider_id: int,
    namespace_id: int,
    module: ModuleName,
    provider: ProviderName,
    git_provider_id: int | None,
    verified: bool = True,
) -> None:
    """Give a module provider another place, flag and git provider, which need not exist."""
    git = GitSettings(
        git_provider=GitProvider(git_provider_id, git_provider_definition("any")) if git_provider_id else None,
        templates=RepositoryTemplates(base=str(git_provider_id)),
        archive_git_path=git_provider_id is None,
    )
    namespace = Namespace(namespace_id, NamespaceName("any"))
    tx.module_providers.update(ModuleProvider(module_provider_id, namespace, module, provider, verified, git=git))


def _replace(tx: Transaction, module_version_id: int, *, published: bool) -> object:
    """Index a version again, under its own version."""
    for module_provider_id in range(1, 5):
        for row in tx.module_versions.of_module_provider(module_provider_id):
            if row.id == module_version_id:
                indexed = content(description="again", internal=published, parts=(part(),))
                new = new_version(module_provider_id, row.version.text, published=published, indexed=indexed)
                return tx.module_versions.replace(module_version_id, new)
    return None


def _reindex(tx: Transaction, module_version_id: int, *, internal: bool) -> None:
    indexed = content(description="read again", owner="aa net", internal=internal, parts=())
    tx.module_versions.reindex(module_version_id, indexed, 2)


def _download(tx: Transaction, module_version_id: int) -> None:
    tx.downloads.append([download_of(module_version_id)])


# So much is always there, for chance alone seldom builds anything worth tearing down.
_BEGINNING: list[Operation] = [
    lambda tx: tx.namespaces.add(NamespaceName("aa"), DisplayName("Other")),
    lambda tx: tx.namespaces.add(NamespaceName("b-b")),
    lambda tx: tx.module_providers.add(1, ModuleName("net"), ProviderName("aws"), verified=True),
    lambda tx: tx.module_providers.add(2, ModuleName("Lan"), ProviderName("gcp"), verified=False),
    lambda tx: tx.git_providers.add(git_provider_definition("Hub")),
    lambda tx: _update(tx, 2, 2, ModuleName("Lan"), ProviderName("gcp"), 1),
    lambda tx: _add_version(tx, 1, "1.0.0"),
    lambda tx: _add_version(tx, 1, "2.0.0"),
    lambda tx: _add_version(tx, 2, "1.0.0"),
    lambda tx: _set_latest(tx, 1, 0),
    lambda tx: _set_latest(tx, 2, 0),
    lambda tx: tx.module_providers.add_redirect(2, ModuleName("net"), ProviderName("aws"), 1),
    lambda tx: tx.namespaces.add_redirect(NamespaceName("bb"), 1),
    lambda tx: _download(tx, 2),
]


def _everything(unit_of_work: UnitOfWork) -> list[object]:
    """What can be read at all."""
    names = [NamespaceName(name) for name in _NAMES]
    addresses = [
        (key, ModuleName(module), ProviderName(provider))
        for key in range(1, 5)
        for module in _MODULES
        for provider in ("aws", "gcp")
    ]
    with unit_of_work.read() as tx:
        return [
            tx.namespaces.page(None, only_published=False),
            tx.namespaces.page(None, only_published=True),
            [tx.namespaces.find(name.value) for name in names],
            [tx.namespaces.find_redirected(name.value) for name in names],
            [tx.namespaces.redirects_named(name) for name in names],
            [tx.namespaces.is_empty(key) for key in range(1, 5)],
            [tx.namespaces.former_names(key) for key in range(1, 5)],
            list(tx.git_providers.all()),
            [tx.git_providers.find(key) for key in range(1, 5)],
            tx.module_providers.first(),
            [list(tx.module_providers.redirects_to(key)) for key in range(1, 5)],
            [list(tx.module_providers.redirects_from(key)) for key in range(1, 5)],
            [list(tx.downloads.latest_by_token(key)) for key in range(1, 5)],
            [tx.module_providers.find(*address) for address in addresses],
            [tx.module_providers.find_redirected(*address) for address in addresses],
            [list(tx.module_versions.of_module_provider(key)) for key in range(1, 5)],
            [tx.module_versions.latest_of(key) for key in range(1, 5)],
            [tx.catalogue.version_content(key, None) for key in range(1, 5)],
            [tx.catalogue.version_content(key, Version.parse(text)) for key in range(1, 5) for text in _VERSIONS],
            [list(tx.downloads.of_version(key)) for key in range(1, 5)],
            [tx.catalogue.search(criteria, PageRequest(0, 50)) for criteria in _SEARCHES],
            [set(tx.catalogue.counts(criteria)) for criteria in _SEARCHES],
        ]


@given(operations=st.lists(_operations(), min_size=10, max_size=40))
@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_writes_leave_the_same_state_and_are_refused_alike(sqlite: Engine, operations: list[Operation]) -> None:
    start_anew(sqlite)
    reference, database = MemoryUnitOfWork(), DatabaseUnitOfWork(sqlite)
    for operation in [*_BEGINNING, *operations]:
        assert outcome(database, operation) == outcome(reference, operation)
    assert _everything(database) == _everything(reference)
    assert what_is_searched(sqlite) == what_should_be_searched(sqlite)
