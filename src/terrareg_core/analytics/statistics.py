"""Statistics of recorded downloads (chapter 06, 5)."""

import attrs

from terrareg_core.access.identities import Identity
from terrareg_core.access.permissions import Authoriser, Capability
from terrareg_core.analytics.downloads import DownloadCounts
from terrareg_core.clock import Clock
from terrareg_core.identifiers import ModuleProviderId, RequestedModuleProvider
from terrareg_core.modules.model import ModulePolicy
from terrareg_core.modules.resolution import find_permitted
from terrareg_core.transactions import UnitOfWork


@attrs.frozen
class DownloadSummary:
    """How often a module provider was downloaded."""

    address: ModuleProviderId
    """The current one."""
    counts: DownloadCounts


@attrs.frozen
class Statistics:
    """The use cases of those who want to know what is used."""

    _unit_of_work: UnitOfWork
    _authoriser: Authoriser
    _clock: Clock
    _modules: ModulePolicy

    def module_downloads(self, identity: Identity, requested: RequestedModuleProvider) -> DownloadSummary:
        """The downloads of all versions of a module provider; the address is followed and carries no analytics token.

        Raises AccessDenied, NamespaceNotFound, InvalidIdentifier, ModuleProviderNotFound.
        """
        now = self._clock.now()
        with self._unit_of_work.read() as tx:
            module_provider = find_permitted(tx, self._authoriser, identity, Capability.READ, requested, self._modules)
            return DownloadSummary(module_provider.address, tx.downloads.counts(module_provider.id, now))
