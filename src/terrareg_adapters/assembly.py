"""The composition root: the one place that names the adapters and puts a registry together."""

import secrets
from datetime import timedelta
from pathlib import Path

import attrs
from sqlalchemy import Engine

from terrareg_adapters.database.download_recorder import GroupCommitRecorder
from terrareg_adapters.database.engine import open_engine
from terrareg_adapters.database.schema import upgrade
from terrareg_adapters.database.unit_of_work import DatabaseUnitOfWork
from terrareg_adapters.markdown.renderer import MistuneRenderer
from terrareg_adapters.object_store.local import LocalArchiveStore
from terrareg_adapters.signing.archive_keys import JwsArchiveKeySigner
from terrareg_adapters.system import SystemClock, SystemRandom
from terrareg_adapters.terraform.hcl.reader import TerraformReader
from terrareg_adapters.terraform.packing import DeterministicPacker
from terrareg_adapters.terraform.unpacking import SafeUnpacker, forget_abandoned
from terrareg_core.access.authentication import Authenticator, ConfiguredSecrets
from terrareg_core.access.permissions import AccessPolicy, Authoriser
from terrareg_core.analytics.downloads import AnalyticsPolicy
from terrareg_core.modules.addresses import SourceUrls
from terrareg_core.modules.archives import ArchiveShelf
from terrareg_core.modules.catalogue import Catalogue
from terrareg_core.modules.downloads import Downloads
from terrareg_core.modules.indexing import IndexingPolicy, ModuleIndexer
from terrareg_core.modules.model import ModulePolicy
from terrareg_core.modules.module_providers import ModuleProviders
from terrareg_core.modules.ports import ArchiveBounds
from terrareg_core.modules.publishing import Publishing
from terrareg_core.namespaces.model import NamespacePolicy
from terrareg_core.namespaces.use_cases import Namespaces
from terrareg_core.registry import Registry


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
    namespaces: NamespacePolicy = attrs.field(factory=NamespacePolicy)
    modules: ModulePolicy = attrs.field(factory=ModulePolicy)
    indexing: IndexingPolicy = attrs.field(factory=IndexingPolicy)
    analytics: AnalyticsPolicy = attrs.field(factory=AnalyticsPolicy)
    archive_bounds: ArchiveBounds = attrs.field(factory=ArchiveBounds)
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


def open_registry(options: RegistryOptions | None = None) -> Registry:
    """Open the registry that `options` describe; close it when done.

    Raises StoreUnavailable when the database or the data directory can't be used.
    """
    options = options or RegistryOptions()
    data_directory = options.data_directory
    store = LocalArchiveStore(data_directory / "archives")
    engine = _open_database(options)
    unit_of_work = DatabaseUnitOfWork(engine)
    recorder = GroupCommitRecorder(unit_of_work)
    workspace = options.workspace or data_directory / "workspace"
    forget_abandoned(workspace)

    clock = SystemClock()
    authoriser = Authoriser(options.access)
    shelf = ArchiveShelf(store, DeterministicPacker(workspace), SystemRandom())

    def close() -> None:
        recorder.close()
        engine.dispose()

    return Registry(
        Authenticator(options.secrets),
        authoriser,
        Namespaces(unit_of_work, authoriser, clock, options.namespaces),
        ModuleProviders(unit_of_work, authoriser, clock, shelf, options.modules, options.namespaces),
        Catalogue(unit_of_work, authoriser, options.modules, options.namespaces, options.urls),
        Publishing(
            unit_of_work,
            authoriser,
            clock,
            SafeUnpacker(workspace, options.archive_bounds),
            ModuleIndexer(TerraformReader(options.indexing.bounds), MistuneRenderer(), options.indexing),
            shelf,
            options.modules,
            options.namespaces,
        ),
        Downloads(
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
        close,
    )


def _open_database(options: RegistryOptions) -> Engine:
    engine = open_engine(options.effective_database_url)
    if options.database_url is None:
        try:
            upgrade(engine)
        except BaseException:
            engine.dispose()
            raise
    return engine
