"""The composition root: the one place that names the adapters and puts a registry together."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import attrs
from sqlalchemy import Engine

from terrareg_adapters.database.download_recorder import GroupCommitRecorder
from terrareg_adapters.database.engine import open_engine
from terrareg_adapters.database.mutex import DatabaseMutexes, mutex_beside
from terrareg_adapters.database.schema import upgrade
from terrareg_adapters.database.unit_of_work import DatabaseUnitOfWork
from terrareg_adapters.git.fetcher import DulwichFetcher
from terrareg_adapters.git.resolver import SystemResolver
from terrareg_adapters.identity.openid_options import OpenIdOptions
from terrareg_adapters.identity.saml_options import SamlOptions
from terrareg_adapters.object_store.local import LocalArchiveStore
from terrareg_adapters.scanning.infracost import infracost_estimator
from terrareg_adapters.scanning.process import Bounds
from terrareg_adapters.scanning.sarif import sarif_scanner
from terrareg_adapters.scanning.trivy import trivy_scanner
from terrareg_adapters.signing.archive_keys import JwsArchiveKeySigner
from terrareg_adapters.signing.id_tokens import RsaTokenIssuer
from terrareg_adapters.system import SystemClock, SystemRandom
from terrareg_adapters.terraform.source_tree import DirectoryTree
from terrareg_adapters.terraform.unpacking import SafeUnpacker, forget_abandoned
from terrareg_adapters.workers.messages import Job
from terrareg_adapters.workers.packing import PACK, PooledPacker
from terrareg_adapters.workers.pool import WorkerPool
from terrareg_adapters.workers.reading import READ_SOURCE, PooledReader
from terrareg_adapters.workers.rendering import (
    HELP_TEXT,
    PLAIN_TEXT,
    RENDER_FILE,
    RENDER_PART,
    RENDER_SOURCE,
    PooledDocuments,
)
from terrareg_core.access.admission import Admission
from terrareg_core.access.authentication import Authenticator, ConfiguredSecrets, SignInPolicy
from terrareg_core.access.keys import SessionKeys
from terrareg_core.access.people import SignInMethod
from terrareg_core.access.permissions import AccessPolicy, Authoriser
from terrareg_core.access.providers import IdentityProvider, ServiceMetadata
from terrareg_core.access.sessions import Sessions
from terrareg_core.access.sign_in import SignIn
from terrareg_core.access.terraform_login import TerraformLogin, TerraformLoginPolicy
from terrareg_core.access.throttling import FailureLimits, FailureThrottle
from terrareg_core.access.tokens import AccessTokens
from terrareg_core.access.user_groups import UserGroups
from terrareg_core.analytics.downloads import AnalyticsPolicy
from terrareg_core.analytics.statistics import Statistics
from terrareg_core.audit.history import AuditHistory
from terrareg_core.clock import Clock
from terrareg_core.modules.addresses import SourceUrls
from terrareg_core.modules.archives import ArchiveShelf
from terrareg_core.modules.catalogue import Catalogue
from terrareg_core.modules.documentation import Documentation, DocumentationPolicy
from terrareg_core.modules.documents import PartTexts
from terrareg_core.modules.downloads import Downloads
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
from terrareg_core.modules.ports import ArchiveBounds
from terrareg_core.modules.publishing import Publishing
from terrareg_core.modules.redirects import RedirectPolicy
from terrareg_core.modules.reindexing import Reindexing
from terrareg_core.modules.scanning import CostEstimator, SecurityScanner
from terrareg_core.modules.sources import PublicAddress
from terrareg_core.modules.syntax import SourceBounds
from terrareg_core.modules.webhooks import WebhookPolicy, Webhooks
from terrareg_core.namespaces.model import NamespacePolicy
from terrareg_core.namespaces.use_cases import Namespaces
from terrareg_core.providers.catalogue import ProviderCatalogue
from terrareg_core.providers.sources import ProviderSourceDefinition
from terrareg_core.registry import Registry

if TYPE_CHECKING:
    from terrareg_adapters.identity.saml import Saml

_REINDEXING_LOCK = 7_382_211_650_902
"""Key of the server's lock for re-indexing; any number that nothing else in the database uses."""
_PACKING_SECONDS = 600
"""Both archives of a gigabyte that can't be made smaller take one or two minutes."""


@attrs.frozen(kw_only=True)
class WorkerOptions:
    """The processes that read sources and render texts, which strangers wrote (chapter 03, 8.10.10)."""

    processes: int = 2
    seconds: float = 20
    """For one file or text."""
    memory_bytes: int = 512 << 20
    """For one file or text."""


@attrs.frozen(kw_only=True)
class ScannerOptions:
    """The program that looks for security problems (chapter 03, 15)."""

    kind: Literal["trivy", "sarif"]
    command: str | None = None
    """Its command line, with `{directory}` where the sources are; needed for SARIF."""
    seconds: float = 60
    environment: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    """Of which the program sees what is general or its own."""


@attrs.frozen(kw_only=True)
class CostEstimatorOptions:
    """The program that estimates what examples cost (chapter 03, 16)."""

    api_key: str = attrs.field(repr=False)
    registry: tuple[str, str] | None = attrs.field(default=None, repr=False)
    """The public host of this registry and the token that opens its modules without being counted."""
    environment: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    """Of which the program sees what is general or its own."""


@attrs.frozen(kw_only=True)
class TerraformLoginOptions:
    """How `terraform login` works (chapter 04, 13)."""

    policy: TerraformLoginPolicy
    signing_key: bytes = attrs.field(repr=False)
    """The RSA key of ID tokens, as PEM."""


@attrs.frozen(kw_only=True)
class SignInOptions:
    """How people sign in (chapter 04, 5 to 10 and 13)."""

    secret_key: str | None = attrs.field(default=None, repr=False)
    """What sessions hang on; all processes of one registry need the same, and without it nobody can sign in."""
    session_lifetime: timedelta = timedelta(hours=1)
    openid: OpenIdOptions | None = None
    saml: SamlOptions | None = None
    github: Sequence[ProviderSourceDefinition] = ()
    github_address: PublicAddress | None = None
    """Where GitHub sends browsers back to; None leaves it to the settings of its Apps."""
    terraform: TerraformLoginOptions | None = None

    def github_callback(self, definition: ProviderSourceDefinition) -> str | None:
        """Where this GitHub sends browsers back to, if that is known."""
        return f"{self.github_address.origin}/{definition.api_name}/callback" if self.github_address else None


@attrs.frozen(kw_only=True)
class RegistryOptions:
    """How a registry is put together; the defaults make an embedded one below `./data`."""

    data_directory: Path = Path("data")
    """Holds the archives, and the embedded database; made when it is missing."""
    database_url: str | None = None
    """An SQLAlchemy URL; None for the embedded SQLite database, whose schema is brought up to date on opening."""
    workspace: Path | None = None
    """Where uploads are unpacked; None for a folder in the data directory."""
    secrets: ConfiguredSecrets = attrs.field(factory=ConfiguredSecrets)
    access: AccessPolicy = attrs.field(factory=AccessPolicy)
    sign_in: SignInOptions = attrs.field(factory=SignInOptions)
    failure_limits: FailureLimits = attrs.field(factory=FailureLimits)
    namespaces: NamespacePolicy = attrs.field(factory=NamespacePolicy)
    modules: ModulePolicy = attrs.field(factory=ModulePolicy)
    indexing: IndexingPolicy = attrs.field(factory=IndexingPolicy)
    documentation: DocumentationPolicy = attrs.field(factory=DocumentationPolicy)
    redirects: RedirectPolicy = attrs.field(factory=RedirectPolicy)
    git: GitPolicy = attrs.field(factory=GitPolicy)
    git_environment: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    """Of which the process that fetches from git sees paths, proxies, certificates and the ssh agent."""
    git_providers: Sequence[GitProviderDefinition] = ()
    """All that can be chosen; those that are stored and not among them are disabled."""
    webhooks: WebhookPolicy = attrs.field(factory=WebhookPolicy)
    analytics: AnalyticsPolicy = attrs.field(factory=AnalyticsPolicy)
    archive_bounds: ArchiveBounds = attrs.field(factory=ArchiveBounds)
    workers: WorkerOptions = attrs.field(factory=WorkerOptions)
    security_scanner: ScannerOptions | None = None
    cost_estimator: CostEstimatorOptions | None = None
    urls: SourceUrls = attrs.field(factory=SourceUrls)
    archive_key_secret: str = attrs.field(factory=lambda: secrets.token_urlsafe(32), repr=False)
    """Signs the keys of archives on a closed registry; all processes of one registry need the same."""
    archive_key_lifetime: timedelta = timedelta(seconds=10)

    @property
    def effective_database_url(self) -> str:
        return self.database_url or embedded_database_url(self.data_directory)


def embedded_database_url(data_directory: Path) -> str:
    """The URL of the SQLite database that lies in a data directory."""
    return f"sqlite:///{data_directory.absolute() / 'terrareg.db'}"


class UnusableOption(ValueError):
    """A key or name of `SignInOptions` can't be used; `reason` goes on from "it is"."""

    def __init__(self, option: str, reason: str) -> None:
        super().__init__(f"{option} is {reason}")
        self.option = option
        self.reason = reason


def open_registry(options: RegistryOptions | None = None) -> Registry:
    """Open the registry that `options` describe; close it when done.

    Raises StoreUnavailable when the database or the data directory can't be used, and UnusableOption.
    """
    options = options or RegistryOptions()
    clock, random = SystemClock(), SystemRandom()
    identity_providers = _IdentityProviders.of(options.sign_in, clock)
    token_issuer = _token_issuer(options.sign_in.terraform)
    # Absolute, for worker processes have another working directory.
    data_directory = options.data_directory.absolute()
    store = LocalArchiveStore(data_directory / "archives")
    engine = _open_database(options)
    unit_of_work = DatabaseUnitOfWork(engine)
    try:
        configure_git_providers(unit_of_work, options.git_providers)
    except BaseException:
        engine.dispose()
        raise
    recorder = GroupCommitRecorder(unit_of_work)
    workspace = options.workspace.absolute() if options.workspace else data_directory / "workspace"
    forget_abandoned(workspace)

    workers = options.workers
    pool = WorkerPool(worker_jobs(), workers=workers.processes, timeout=workers.seconds, memory=workers.memory_bytes)
    authoriser = Authoriser(options.access, unit_of_work)
    shelf = ArchiveShelf(store, PooledPacker(pool, workspace), random)
    sign_in = _sign_in_policy(options)
    sessions = Sessions(unit_of_work, authoriser, clock, random, sign_in, options.sign_in.session_lifetime)
    terraform = options.sign_in.terraform
    indexer = _indexer(options, pool, workspace)

    maker = VersionMaker(
        unit_of_work,
        clock,
        indexer,
        shelf,
        options.modules,
        options.namespaces,
        options.urls,
        DatabaseMutexes(engine, "indexing"),
    )

    fetcher = DulwichFetcher(
        workspace=workspace,
        policy=options.git,
        open_tree=DirectoryTree,
        environment=options.git_environment,
        bounds=options.archive_bounds,
    )
    importer = GitImporter(fetcher, maker, options.urls)

    def close() -> None:
        recorder.close()
        pool.close()
        identity_providers.close()
        engine.dispose()

    return Registry(
        admission=Admission(
            Authenticator(options.secrets, sign_in, unit_of_work, clock),
            authoriser,
            FailureThrottle(unit_of_work, clock, options.failure_limits),
        ),
        sessions=sessions,
        sign_in=SignIn(unit_of_work, clock, random, sign_in, sessions, identity_providers.all, identity_providers.saml),
        access_tokens=AccessTokens(unit_of_work, authoriser, clock, random),
        user_groups=UserGroups(unit_of_work, authoriser, clock),
        terraform_login=TerraformLogin(
            unit_of_work,
            authoriser,
            clock,
            random,
            sign_in,
            terraform.policy if terraform is not None else None,
            token_issuer,
        ),
        namespaces=Namespaces(unit_of_work, authoriser, clock, options.namespaces, options.redirects),
        module_providers=ModuleProviders(
            unit_of_work,
            authoriser,
            clock,
            shelf,
            options.modules,
            options.namespaces,
            options.redirects,
            options.git,
            SystemResolver(),
        ),
        git_providers=GitProviders(unit_of_work, authoriser),
        initial_setup=InitialSetup(unit_of_work, authoriser, options.modules, options.urls),
        catalogue=Catalogue(unit_of_work, authoriser, options.modules, options.namespaces, options.urls),
        overviews=Overviews(
            unit_of_work, authoriser, options.modules, options.namespaces, options.documentation, options.urls
        ),
        documentation=Documentation(unit_of_work, authoriser, options.modules, options.documentation, options.urls),
        publishing=Publishing(
            unit_of_work,
            authoriser,
            clock,
            SafeUnpacker(workspace, options.archive_bounds),
            maker,
            shelf,
            options.modules,
        ),
        importing=Importing(unit_of_work, authoriser, maker, importer, fetcher),
        webhooks=Webhooks(unit_of_work, authoriser, clock, importer, shelf, options.webhooks),
        reindexing=Reindexing(
            unit_of_work,
            authoriser,
            SafeUnpacker(workspace, _bounds_of_stored(options.archive_bounds)),
            indexer,
            shelf,
            mutex_beside(engine, "reindexing", _REINDEXING_LOCK),
        ),
        downloads=Downloads(
            unit_of_work,
            authoriser,
            clock,
            recorder,
            shelf,
            JwsArchiveKeySigner(options.archive_key_secret),
            options.archive_key_lifetime,
            options.modules,
            options.analytics,
            options.urls,
        ),
        statistics=Statistics(unit_of_work, authoriser, clock, options.modules),
        providers=ProviderCatalogue(unit_of_work, authoriser),
        audit=AuditHistory(unit_of_work, authoriser),
        close=close,
    )


class _ClosableProvider(IdentityProvider, Protocol):
    """An identity provider that holds connections."""

    def close(self) -> None: ...


@attrs.frozen
class _IdentityProviders:
    """The places to sign in, as far as they are set up."""

    all: Sequence[_ClosableProvider]
    saml: ServiceMetadata | None

    @classmethod
    def of(cls, options: SignInOptions, clock: Clock) -> "_IdentityProviders":
        """Raises UnusableOption."""
        # Each brings libraries that take long to load, which costs those a start who sign in otherwise.
        providers: list[_ClosableProvider] = []
        saml = None
        if options.openid is not None:
            from terrareg_adapters.identity.openid import OpenIdConnect  # noqa: PLC0415
            from terrareg_adapters.identity.outbound import Outbound  # noqa: PLC0415

            providers.append(OpenIdConnect(options.openid, clock, Outbound()))
        if options.saml is not None:
            saml = _saml(options.saml, clock)
            providers.append(saml)
        if options.github:
            from terrareg_adapters.identity.github import GitHub  # noqa: PLC0415

            providers += [
                GitHub(definition=definition, redirect_uri=options.github_callback(definition))
                for definition in options.github
            ]
        return cls(providers, saml)

    def close(self) -> None:
        for provider in self.all:
            provider.close()


def _saml(options: SamlOptions, clock: Clock) -> "Saml":
    from terrareg_adapters.identity.saml import Saml  # noqa: PLC0415 - as above

    try:
        return Saml(options, clock)
    except ValueError as error:
        option, _, reason = str(error).partition(": ")
        raise UnusableOption(option, reason) from None


def _token_issuer(options: TerraformLoginOptions | None) -> RsaTokenIssuer | None:
    try:
        return RsaTokenIssuer(options.signing_key) if options is not None else None
    except ValueError as error:
        raise UnusableOption("signing_key", str(error)) from None


def _sign_in_policy(options: RegistryOptions) -> SignInPolicy:
    ways = options.sign_in
    offered: list[tuple[SignInMethod, str | None]] = [
        (SignInMethod.GITHUB, definition.api_name) for definition in ways.github
    ]
    if options.secrets.admin is not None:
        offered.append((SignInMethod.PASSWORD, None))
    if ways.openid is not None:
        offered.append((SignInMethod.OPENID, None))
    if ways.saml is not None:
        offered.append((SignInMethod.SAML, None))
    return SignInPolicy(
        offered=frozenset(offered),
        keys=SessionKeys.of(ways.secret_key, options.secrets.admin) if ways.secret_key else None,
        terraform_login=ways.terraform is not None,
    )


def _bounds_of_stored(bounds: ArchiveBounds) -> ArchiveBounds:
    """What an archive packed here keeps of a tree that came in within `bounds`."""
    # It lists folders that the other one may have implied, and was packed as tightly as deflate can.
    return attrs.evolve(bounds, members=2 * bounds.members, compression_ratio=max(bounds.compression_ratio, 1100))


def worker_jobs() -> Mapping[str, Job]:
    """Everything that the worker processes do."""
    documents = "terrareg_adapters.markdown.documents"
    return {
        READ_SOURCE: Job(
            "terrareg_adapters.terraform.hcl.reader:read_source", (SourceBounds(), "main.tf", b'variable "a" {}\n')
        ),
        RENDER_PART: Job(f"{documents}:render_part", PartTexts("", "# a\n", (), (), ())),
        RENDER_FILE: Job(f"{documents}:render_file"),
        RENDER_SOURCE: Job(f"{documents}:render_source"),
        PLAIN_TEXT: Job(f"{documents}:plain_text_of"),
        HELP_TEXT: Job(f"{documents}:help_text_of"),
        PACK: Job("terrareg_adapters.terraform.packing:pack_into", seconds=_PACKING_SECONDS),
    }


def _indexer(options: RegistryOptions, pool: WorkerPool, workspace: Path) -> ModuleIndexer:
    return ModuleIndexer(
        PooledReader(pool, options.indexing.bounds),
        PooledDocuments(pool),
        options.indexing,
        _scanner(options.security_scanner, workspace),
        _estimator(options.cost_estimator, workspace),
    )


def _scanner(options: ScannerOptions | None, workspace: Path) -> SecurityScanner | None:
    """Raises ValueError when the command line can't be used."""
    if options is None:
        return None
    bounds = Bounds(seconds=options.seconds)
    if options.kind == "trivy":
        return trivy_scanner(workspace, options.environment, options.command, bounds)
    if not options.command:
        raise ValueError("must be set, because there is no usual command that writes SARIF")
    return sarif_scanner(workspace, options.environment, options.command, bounds)


def _estimator(options: CostEstimatorOptions | None, workspace: Path) -> CostEstimator | None:
    if options is None:
        return None
    return infracost_estimator(workspace, options.environment, options.api_key, registry=options.registry)


def _open_database(options: RegistryOptions) -> Engine:
    engine = open_engine(options.effective_database_url)
    if options.database_url is None:
        try:
            upgrade(engine)
        except BaseException:
            engine.dispose()
            raise
    return engine
