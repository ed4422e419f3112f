"""What can be done with module providers as such: create and delete (chapter 02, 4)."""

import attrs

from terrareg_core.access.identities import Identity
from terrareg_core.access.permissions import Authoriser, Capability
from terrareg_core.audit.events import AuditAction, AuditPen
from terrareg_core.clock import Clock
from terrareg_core.errors import AlreadyStored, ModuleProviderExists, NamespaceNotFound
from terrareg_core.identifiers import ModuleName, ModuleProviderId, ProviderName, RequestedModuleProvider
from terrareg_core.modules.archives import ArchiveShelf
from terrareg_core.modules.model import ModulePolicy, ModuleVersion
from terrareg_core.modules.resolution import look_up, require
from terrareg_core.namespaces.model import NamespacePolicy
from terrareg_core.transactions import UnitOfWork


@attrs.frozen
class ModuleProviders:
    """The use cases of module providers."""

    _unit_of_work: UnitOfWork
    _authoriser: Authoriser
    _clock: Clock
    _shelf: ArchiveShelf
    _policy: ModulePolicy
    _namespaces: NamespacePolicy

    def create(self, identity: Identity, requested: RequestedModuleProvider) -> ModuleProviderId:
        """Create a module provider without versions in an existing namespace, and return its address.

        It starts as verified if its namespace is one whose modules are. Raises AccessDenied, NamespaceNotFound,
        InvalidIdentifier, ProviderNotAllowed, and ModuleProviderExists also for the address of a redirect.
        """
        try:
            with self._unit_of_work.write() as tx:
                lookup = look_up(tx, requested)
                self._authoriser.permit(
                    identity, Capability.FULL, lookup.namespace.id if lookup.namespace is not None else None
                )
                if lookup.namespace is None:
                    raise NamespaceNotFound
                module, provider = ModuleName.parse(requested.module), ProviderName.parse(requested.provider)
                self._policy.require_allowed(provider)
                if lookup.module_provider is not None:
                    raise ModuleProviderExists
                created = tx.module_providers.add(
                    lookup.namespace.id,
                    module,
                    provider,
                    verified=self._namespaces.verifies(lookup.namespace.name),
                )
                AuditPen(tx.audit, self._clock.now(), identity).write(
                    AuditAction.MODULE_PROVIDER_CREATE, created.address
                )
                return created.address
        except AlreadyStored as error:
            raise ModuleProviderExists from error

    def delete(self, identity: Identity, requested: RequestedModuleProvider) -> None:
        """Delete a module provider with all its versions, their archives, and the redirects that lead to it.

        Works on providers that are no longer allowed, too (decision 15). Raises AccessDenied, NamespaceNotFound,
        InvalidIdentifier, ModuleProviderNotFound.
        """
        versions: list[ModuleVersion] = []
        with self._unit_of_work.write() as tx:
            lookup = look_up(tx, requested)
            self._authoriser.permit(identity, Capability.FULL, lookup.owner_id)
            module_provider = require(lookup)
            tx.module_providers.hold(module_provider.id)
            pen = AuditPen(tx.audit, self._clock.now(), identity)
            for version in tx.module_versions.of_module_provider(module_provider.id):
                pen.write(AuditAction.MODULE_VERSION_DELETE, f"{module_provider.address}/{version.version}")
                tx.module_versions.remove(version.id)
                versions.append(version)
            pen.write(AuditAction.MODULE_PROVIDER_DELETE, module_provider.address)
            tx.module_providers.remove(module_provider.id)
        for version in versions:
            self._shelf.discard(version.archives)
