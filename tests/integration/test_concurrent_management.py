"""Management by many at once: names are given once, settings are not lost, and refusals are the domain's own."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from sqlalchemy import Engine

from terrareg_adapters.database.unit_of_work import DatabaseUnitOfWork
from terrareg_adapters.memory.archive_store import MemoryArchiveStore
from terrareg_adapters.memory.clock import CountingIds, FixedClock
from terrareg_adapters.memory.fetching import MemoryResolver
from terrareg_adapters.memory.sources import MemoryPacker
from terrareg_core.access.identities import Identity
from terrareg_core.access.permissions import AccessPolicy, Authoriser
from terrareg_core.errors import InvalidRequest, ModuleProviderExists, RegistryError, StoreUnavailable
from terrareg_core.identifiers import RequestedModuleProvider
from terrareg_core.modules.archives import ArchiveShelf
from terrareg_core.modules.fetching import GitPolicy
from terrareg_core.modules.git_providers import configure_git_providers
from terrareg_core.modules.model import ModulePolicy
from terrareg_core.modules.module_providers import ModuleProviderChanges, ModuleProviders
from terrareg_core.modules.redirects import RedirectPolicy
from terrareg_core.modules.resolution import look_up
from terrareg_core.namespaces.model import NamespacePolicy
from terrareg_core.namespaces.use_cases import NamespaceChanges, Namespaces
from tests.integration.contracts.storage import (
    content,
    git_provider_definition,
    given_module_provider,
    given_version,
)
from tests.integration.searched import what_is_searched, what_should_be_searched

ADMIN = Identity.administrator()
AT_ONCE = 6
ROUNDS = 6
VERIFY = ModuleProviderChanges(verified=True)
MOVE = ModuleProviderChanges(namespace="acme")
RENAME = ModuleProviderChanges(provider="gcp")


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """A database that holds nothing."""
    engine: Engine = request.getfixturevalue(request.param)
    return engine


@pytest.fixture
def unit_of_work(engine: Engine) -> DatabaseUnitOfWork:
    return DatabaseUnitOfWork(engine)


@pytest.fixture
def namespaces(unit_of_work: DatabaseUnitOfWork) -> Namespaces:
    authoriser = Authoriser(AccessPolicy(), unit_of_work)
    return Namespaces(unit_of_work, authoriser, FixedClock(), NamespacePolicy(), RedirectPolicy())


@pytest.fixture
def module_providers(unit_of_work: DatabaseUnitOfWork) -> ModuleProviders:
    return ModuleProviders(
        unit_of_work,
        Authoriser(AccessPolicy(), unit_of_work),
        FixedClock(),
        ArchiveShelf(MemoryArchiveStore(), MemoryPacker(), CountingIds()),
        ModulePolicy(),
        NamespacePolicy(),
        RedirectPolicy(),
        GitPolicy(),
        MemoryResolver(),
    )


def _address(text: str) -> RequestedModuleProvider:
    return RequestedModuleProvider.parse(text)


def _all_at_once(attempt: Callable[[int], object]) -> list[RegistryError | None]:
    """What becomes of attempts that begin together: None for each that succeeded, else the refusal."""
    barrier = threading.Barrier(AT_ONCE)

    def run(number: int) -> RegistryError | None:
        barrier.wait(20)
        try:
            attempt(number)
        except RegistryError as error:
            return error
        return None

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(run, range(AT_ONCE)))


def test_of_those_who_move_to_one_address_one_gets_it(
    unit_of_work: DatabaseUnitOfWork, namespaces: Namespaces, module_providers: ModuleProviders
) -> None:
    namespaces.create(ADMIN, "acme")
    for number in range(AT_ONCE):
        module_providers.create(ADMIN, _address(f"acme/net{number}/aws"))
    outcomes = _all_at_once(
        lambda number: module_providers.change(
            ADMIN, _address(f"acme/net{number}/aws"), ModuleProviderChanges(module="wanted")
        )
    )
    refusals = [error for error in outcomes if error is not None]
    assert len(refusals) == AT_ONCE - 1
    assert all(isinstance(error, InvalidRequest) for error in refusals)
    with unit_of_work.read() as tx:
        winner = look_up(tx, _address("acme/wanted/aws")).module_provider
        assert winner is not None
        assert [str(row.address) for row in tx.module_providers.redirects_to(winner.id)] == [
            f"acme/net{outcomes.index(None)}/aws"
        ]


def test_those_who_create_one_address_are_told_that_it_exists(
    namespaces: Namespaces, module_providers: ModuleProviders
) -> None:
    namespaces.create(ADMIN, "acme")
    outcomes = _all_at_once(lambda _: module_providers.create(ADMIN, _address("acme/net/aws")))
    assert outcomes.count(None) == 1
    assert all(isinstance(error, ModuleProviderExists) for error in outcomes if error is not None)


def test_settings_of_several_are_all_kept(
    unit_of_work: DatabaseUnitOfWork, namespaces: Namespaces, module_providers: ModuleProviders
) -> None:
    namespaces.create(ADMIN, "acme")
    module_providers.create(ADMIN, _address("acme/net/aws"))
    wanted = [
        ModuleProviderChanges(verified=True),
        ModuleProviderChanges(git_path="sub"),
        ModuleProviderChanges(git_tag_format="v{version}"),
        ModuleProviderChanges(archive_git_path=True),
        ModuleProviderChanges(module="lan"),
        ModuleProviderChanges(repo_base_url_template="https://hub.test/x"),
    ]
    assert (
        _all_at_once(lambda number: module_providers.change(ADMIN, _address("acme/net/aws"), wanted[number]))
        == [None] * AT_ONCE
    )
    with unit_of_work.read() as tx:
        found = look_up(tx, _address("acme/lan/aws")).module_provider
        assert found is not None
        git = found.git
        assert (found.verified, git.git_path, git.tag_format, git.archive_git_path, git.templates.base) == (
            True,
            "sub",
            "v{version}",
            True,
            "https://hub.test/x",
        )
        assert len(tx.audit.history()) == 2 + AT_ONCE


def test_of_those_who_rename_to_one_name_one_gets_it(namespaces: Namespaces) -> None:
    for number in range(AT_ONCE):
        namespaces.create(ADMIN, f"acme{number}")
    outcomes = _all_at_once(lambda number: namespaces.change(ADMIN, f"acme{number}", NamespaceChanges(name="wanted")))
    assert outcomes.count(None) == 1
    assert all(isinstance(error, InvalidRequest) for error in outcomes if error is not None)


def _make(attempts: Sequence[Callable[[], object]], number: int) -> object:
    return attempts[number]()


@pytest.mark.parametrize("names", [("other", "Other2", "third"), ("ACME", "Acme", "aCME")])
def test_searches_find_what_was_renamed_moved_published_and_changed_at_once_where_it_ended(
    engine: Engine,
    unit_of_work: DatabaseUnitOfWork,
    namespaces: Namespaces,
    module_providers: ModuleProviders,
    names: tuple[str, ...],
) -> None:
    with unit_of_work.write() as tx:
        for number in range(ROUNDS):
            given_version(tx, given_module_provider(tx, f"acme/net{number}/aws"))
            given_version(tx, given_module_provider(tx, f"from/lan{number}/aws"))
    for number in range(ROUNDS):

        def publish(number: int = number) -> None:
            with unit_of_work.write() as tx:
                found = look_up(tx, _address(f"acme/net{number}/aws")).module_provider
                assert found is not None
                tx.module_providers.hold(found.id)
                given_version(tx, found, "2.0.0", indexed=content(description="Published meanwhile"))

        attempts: list[Callable[[], object]] = [
            partial(namespaces.change, ADMIN, "acme", NamespaceChanges(name=names[number % len(names)])),
            partial(namespaces.change, ADMIN, "from", NamespaceChanges(name=f"former{number}")),
            publish,
            partial(module_providers.change, ADMIN, _address(f"acme/net{number}/aws"), VERIFY),
            partial(module_providers.change, ADMIN, _address(f"from/lan{number}/aws"), MOVE),
            partial(module_providers.change, ADMIN, _address(f"acme/net{number}/aws"), RENAME),
        ]
        outcomes = _all_at_once(partial(_make, attempts))
        assert not any(isinstance(error, StoreUnavailable) for error in outcomes), outcomes
        assert what_is_searched(engine) == what_should_be_searched(engine)


def test_replicas_that_start_together_store_each_git_provider_once(unit_of_work: DatabaseUnitOfWork) -> None:
    definitions = [git_provider_definition(name) for name in ("Hub", "Lab")]
    assert _all_at_once(lambda _: configure_git_providers(unit_of_work, definitions)) == [None] * AT_ONCE
    with unit_of_work.read() as tx:
        assert [(row.definition, row.enabled) for row in tx.git_providers.all()] == [(it, True) for it in definitions]
