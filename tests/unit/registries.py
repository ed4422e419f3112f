"""A registry over the in-memory twins, and the parts of it that tests look at."""

from datetime import timedelta

import attrs

from terrareg_adapters.memory.archive_store import MemoryArchiveStore
from terrareg_adapters.memory.clock import CountingIds, FixedClock
from terrareg_adapters.memory.recorder import DirectRecorder
from terrareg_adapters.memory.signing import MemoryArchiveKeySigner
from terrareg_adapters.memory.sources import EscapingRenderer, MemoryPacker, MemoryUnpacker, PreparedReader
from terrareg_adapters.memory.storage import MemoryUnitOfWork
from terrareg_core.access.authentication import Authenticator, ConfiguredSecrets
from terrareg_core.access.identities import Identity
from terrareg_core.access.permissions import AccessPolicy, Authoriser
from terrareg_core.analytics.downloads import AnalyticsPolicy
from terrareg_core.audit.events import AuditEvent
from terrareg_core.identifiers import RequestedModuleProvider
from terrareg_core.modules.addresses import SourceUrls
from terrareg_core.modules.archives import ArchiveShelf
from terrareg_core.modules.catalogue import Catalogue
from terrareg_core.modules.downloads import Downloads
from terrareg_core.modules.indexing import IndexingPolicy, ModuleIndexer
from terrareg_core.modules.model import ModulePolicy
from terrareg_core.modules.module_providers import ModuleProviders
from terrareg_core.modules.ports import SpecificationReader
from terrareg_core.modules.publishing import Publishing
from terrareg_core.namespaces.model import NamespacePolicy
from terrareg_core.namespaces.use_cases import Namespaces
from terrareg_core.registry import Registry

ADMIN = Identity.administrator()
ANONYMOUS = Identity.anonymous()


def address(text: str) -> RequestedModuleProvider:
    """The request for `namespace/module/provider`."""
    return RequestedModuleProvider.parse(text)


@attrs.frozen
class World:
    """A registry and what stands behind it."""

    registry: Registry
    unit_of_work: MemoryUnitOfWork
    store: MemoryArchiveStore
    clock: FixedClock

    def events(self) -> list[AuditEvent]:
        """The audit history."""
        with self.unit_of_work.read() as tx:
            return list(tx.audit.history())

    def actions(self) -> list[str]:
        """The audit history's actions with their objects, in order."""
        return [f"{event.action.value} {event.object_id}" for event in self.events()]


def make_world(
    *,
    access: AccessPolicy | None = None,
    modules: ModulePolicy | None = None,
    namespaces: NamespacePolicy | None = None,
    analytics: AnalyticsPolicy | None = None,
    indexing: IndexingPolicy | None = None,
    urls: SourceUrls | None = None,
    reader: SpecificationReader | None = None,
) -> World:
    """A fresh, empty world with the given policies; the defaults are the registry's own."""
    unit_of_work, store, clock = MemoryUnitOfWork(), MemoryArchiveStore(), FixedClock()
    authoriser = Authoriser(access or AccessPolicy())
    shelf = ArchiveShelf(store, MemoryPacker(), CountingIds())
    modules, namespaces, urls = modules or ModulePolicy(), namespaces or NamespacePolicy(), urls or SourceUrls()
    indexer = ModuleIndexer(reader or PreparedReader(), EscapingRenderer(), indexing or IndexingPolicy())
    registry = Registry(
        Authenticator(ConfiguredSecrets()),
        authoriser,
        Namespaces(unit_of_work, authoriser, clock, namespaces),
        ModuleProviders(unit_of_work, authoriser, clock, shelf, modules, namespaces),
        Catalogue(unit_of_work, authoriser, modules, namespaces, urls),
        Publishing(unit_of_work, authoriser, clock, MemoryUnpacker(), indexer, shelf, modules, namespaces),
        Downloads(
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
        lambda: None,
    )
    return World(registry, unit_of_work, store, clock)
