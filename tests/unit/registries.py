"""A registry over the in-memory twins, and the parts of it that tests look at."""

from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta

import attrs

from terrareg_adapters.memory.archive_store import MemoryArchiveStore
from terrareg_adapters.memory.clock import CountingIds, FixedClock
from terrareg_adapters.memory.documents import EscapingRenderer
from terrareg_adapters.memory.fetching import MemoryFetcher, MemoryResolver
from terrareg_adapters.memory.mutex import MemoryMutex, MemoryMutexes
from terrareg_adapters.memory.recorder import DirectRecorder
from terrareg_adapters.memory.signing import MemoryArchiveKeySigner
from terrareg_adapters.memory.sources import MemoryPacker, MemoryUnpacker, PreparedReader
from terrareg_adapters.memory.storage import MemoryUnitOfWork
from terrareg_core.access.admission import Admission
from terrareg_core.access.authentication import Authenticator, ConfiguredSecrets, SignInPolicy
from terrareg_core.access.grants import NamespacePermission
from terrareg_core.access.identities import Identity
from terrareg_core.access.keys import SessionKeys
from terrareg_core.access.people import Person, SignInMethod
from terrareg_core.access.permissions import AccessPolicy, Authoriser
from terrareg_core.access.providers import IdentityProvider
from terrareg_core.access.sessions import Sessions
from terrareg_core.access.sign_in import SignIn
from terrareg_core.access.terraform_login import TerraformLogin, TerraformLoginPolicy, TokenIssuer
from terrareg_core.access.throttling import FailureLimits, FailureThrottle
from terrareg_core.access.tokens import AccessTokens
from terrareg_core.access.user_groups import UserGroups
from terrareg_core.analytics.downloads import AnalyticsPolicy, Client
from terrareg_core.analytics.statistics import Statistics
from terrareg_core.audit.events import AuditEvent
from terrareg_core.audit.history import AuditHistory
from terrareg_core.errors import AlreadyStored, StoreUnavailable
from terrareg_core.identifiers import RequestedModuleProvider
from terrareg_core.modules.addresses import SourceUrls
from terrareg_core.modules.archives import ArchiveShelf
from terrareg_core.modules.catalogue import Catalogue
from terrareg_core.modules.documentation import Documentation, DocumentationPolicy
from terrareg_core.modules.downloads import DownloadRequest, Downloads
from terrareg_core.modules.fetching import GitPolicy
from terrareg_core.modules.git_providers import GitProviders, configure_git_providers
from terrareg_core.modules.git_settings import GitProviderDefinition
from terrareg_core.modules.importing import GitImporter, Importing
from terrareg_core.modules.indexing import IndexingPolicy, ModuleIndexer
from terrareg_core.modules.initial_setup import InitialSetup
from terrareg_core.modules.making import VersionMaker
from terrareg_core.modules.model import ModulePolicy
from terrareg_core.modules.module_providers import ModuleProviders
from terrareg_core.modules.overview import Overviews
from terrareg_core.modules.ports import SpecificationReader
from terrareg_core.modules.publishing import Publishing
from terrareg_core.modules.redirects import RedirectPolicy
from terrareg_core.modules.reindexing import Reindexing
from terrareg_core.modules.scanning import CostEstimator, SecurityScanner
from terrareg_core.modules.sources import PublicAddress
from terrareg_core.modules.webhooks import WebhookPolicy, Webhooks
from terrareg_core.namespaces.model import NamespacePolicy
from terrareg_core.namespaces.use_cases import Namespaces
from terrareg_core.providers.catalogue import ProviderCatalogue
from terrareg_core.registry import Registry
from terrareg_core.transactions import Transaction, UnitOfWork

ADMIN = Identity.administrator()
ANONYMOUS = Identity.anonymous()
START = FixedClock().now()
"""When the clock of a world begins."""
EVERY_WAY = frozenset(
    {(method, None) for method in SignInMethod if method is not SignInMethod.GITHUB} | {(SignInMethod.GITHUB, "hub")}
)
"""All the ways to sign in that a world offers."""


def signed_in(name: str, *groups: str) -> Identity:
    """A person in a session that began at an OpenID Connect provider, who is a member of these groups."""
    return Identity.signed_in(
        Person(method=SignInMethod.OPENID, name=name, subject=f"https://id.test {name}", groups=frozenset(groups))
    )


def address(text: str) -> RequestedModuleProvider:
    """The request for `namespace/module/provider`."""
    return RequestedModuleProvider.parse(text)


@attrs.define
class WatchedUnitOfWork:
    """A unit of work of which is counted how often it is used, and that refuses writes when told so."""

    _unit_of_work: UnitOfWork
    is_busy: bool = False
    """Whether no write can begin in time."""
    overtaken: Container[int] = ()
    """The writes, counted from 1, at which somebody else is faster to store the same."""
    reads: int = 0
    writes: int = 0

    def read(self) -> AbstractContextManager[Transaction]:
        self.reads += 1
        return self._unit_of_work.read()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        if self.is_busy:
            raise StoreUnavailable("The store is busy; try again")
        self.writes += 1
        with self._unit_of_work.write() as tx:
            yield tx
            if self.writes in self.overtaken:
                raise AlreadyStored("Somebody else was faster")


@attrs.frozen
class World:
    """A registry and what stands behind it."""

    registry: Registry
    unit_of_work: MemoryUnitOfWork
    store: MemoryArchiveStore
    clock: FixedClock
    mutex: MemoryMutex
    """Of re-indexing."""
    mutexes: MemoryMutexes
    """Of versions that are made."""

    def events(self) -> list[AuditEvent]:
        """The audit history."""
        with self.unit_of_work.read() as tx:
            return list(tx.audit.history())

    def actions(self) -> list[str]:
        """The audit history's actions with their objects, in order."""
        return [f"{event.action.value} {event.object_id}" for event in self.events()]

    def given_group(self, name: str, *, site_admin: bool = False, rights: Mapping[str, str] | None = None) -> None:
        """Make a user group with rights on namespaces that exist, without a trace in the audit history."""
        with self.unit_of_work.write() as tx:
            group = tx.user_groups.add(name, site_admin=site_admin)
            for namespace, right in (rights or {}).items():
                found = tx.namespaces.find(namespace)
                assert found is not None
                tx.user_groups.add_permission(group.id, found.id, NamespacePermission(right))


def download(world: World, target: str, version: str | None = None) -> str:
    """Download as terraform does, and tell the address it gets; `target` may carry an analytics token."""
    request = DownloadRequest(address(target), version, Client(), PublicAddress("https", "reg.example.com", 443))
    answer = world.registry.downloads.download(ANONYMOUS, request)
    assert answer.ticket is None or answer.ticket.wait(1)
    return answer.location


def make_world(
    *,
    access: AccessPolicy | None = None,
    modules: ModulePolicy | None = None,
    namespaces: NamespacePolicy | None = None,
    analytics: AnalyticsPolicy | None = None,
    indexing: IndexingPolicy | None = None,
    documentation: DocumentationPolicy | None = None,
    urls: SourceUrls | None = None,
    reader: SpecificationReader | None = None,
    scanner: SecurityScanner | None = None,
    estimator: CostEstimator | None = None,
    sign_in: SignInPolicy | None = None,
    secrets: ConfiguredSecrets | None = None,
    identity_providers: Sequence[IdentityProvider] = (),
    failure_limits: FailureLimits | None = None,
    terraform_login: TerraformLoginPolicy | None = None,
    token_issuer: TokenIssuer | None = None,
    redirects: RedirectPolicy | None = None,
    git: GitPolicy | None = None,
    git_providers: Sequence[GitProviderDefinition] = (),
    repositories: Mapping[str, Mapping[str, Mapping[str, str]]] | None = None,
    webhooks: WebhookPolicy | None = None,
    wait_seconds: float = 60,
) -> World:
    """A fresh, empty world with the given policies; the defaults are the registry's own."""
    unit_of_work, store, clock = MemoryUnitOfWork(), MemoryArchiveStore(), FixedClock()
    authoriser = Authoriser(access or AccessPolicy(), unit_of_work)
    secrets, random = secrets or ConfiguredSecrets(), CountingIds()
    sign_in = sign_in or SignInPolicy(
        offered=EVERY_WAY, keys=SessionKeys.of("key", secrets.admin), terraform_login=terraform_login is not None
    )
    sessions = Sessions(unit_of_work, authoriser, clock, random, sign_in, timedelta(hours=1))
    redirects = redirects or RedirectPolicy()
    configure_git_providers(unit_of_work, git_providers)
    shelf, mutex = ArchiveShelf(store, MemoryPacker(), CountingIds()), MemoryMutex()
    modules, namespaces, urls = modules or ModulePolicy(), namespaces or NamespacePolicy(), urls or SourceUrls()
    indexer = ModuleIndexer(
        reader or PreparedReader(), EscapingRenderer(), indexing or IndexingPolicy(), scanner, estimator
    )
    mutexes = MemoryMutexes()
    maker = VersionMaker(
        unit_of_work, clock, indexer, shelf, modules, namespaces, urls, mutexes, wait_seconds=wait_seconds
    )
    fetcher = MemoryFetcher(repositories or {}, git or GitPolicy())
    importer = GitImporter(fetcher, maker, urls)
    registry = Registry(
        admission=Admission(
            Authenticator(secrets, sign_in, unit_of_work, clock),
            authoriser,
            FailureThrottle(unit_of_work, clock, failure_limits or FailureLimits()),
        ),
        sessions=sessions,
        sign_in=SignIn(unit_of_work, clock, random, sign_in, sessions, identity_providers, None),
        access_tokens=AccessTokens(unit_of_work, authoriser, clock, random),
        user_groups=UserGroups(unit_of_work, authoriser, clock),
        terraform_login=TerraformLogin(unit_of_work, authoriser, clock, random, sign_in, terraform_login, token_issuer),
        namespaces=Namespaces(unit_of_work, authoriser, clock, namespaces, redirects),
        module_providers=ModuleProviders(
            unit_of_work,
            authoriser,
            clock,
            shelf,
            modules,
            namespaces,
            redirects,
            git or GitPolicy(),
            MemoryResolver({"internal.test": ["127.0.0.1"]}),
        ),
        git_providers=GitProviders(unit_of_work, authoriser),
        initial_setup=InitialSetup(unit_of_work, authoriser, modules, urls),
        catalogue=Catalogue(unit_of_work, authoriser, modules, namespaces, urls),
        overviews=Overviews(
            unit_of_work, authoriser, modules, namespaces, documentation or DocumentationPolicy(), urls
        ),
        documentation=Documentation(unit_of_work, authoriser, modules, documentation or DocumentationPolicy(), urls),
        publishing=Publishing(unit_of_work, authoriser, clock, MemoryUnpacker(), maker, shelf, modules),
        importing=Importing(unit_of_work, authoriser, maker, importer, fetcher),
        webhooks=Webhooks(unit_of_work, authoriser, clock, importer, shelf, webhooks or WebhookPolicy()),
        reindexing=Reindexing(unit_of_work, authoriser, MemoryUnpacker(), indexer, shelf, mutex),
        downloads=Downloads(
            unit_of_work,
            authoriser,
            clock,
            DirectRecorder(unit_of_work),
            shelf,
            MemoryArchiveKeySigner(),
            timedelta(seconds=10),
            modules,
            analytics or AnalyticsPolicy(),
            urls,
        ),
        statistics=Statistics(unit_of_work, authoriser, clock, modules),
        providers=ProviderCatalogue(unit_of_work, authoriser),
        audit=AuditHistory(unit_of_work, authoriser),
        close=lambda: None,
    )
    return World(registry, unit_of_work, store, clock, mutex, mutexes)
