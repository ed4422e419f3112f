"""From an address as a client wrote it to the module provider that it leads to (chapter 01, 2.5)."""

import attrs

from terrareg_core.access.identities import Identity
from terrareg_core.access.permissions import Authoriser, Capability
from terrareg_core.errors import ModuleProviderNotFound, NamespaceNotFound
from terrareg_core.identifiers import ModuleName, ProviderName, RequestedModuleProvider
from terrareg_core.modules.model import ModulePolicy, ModuleProvider
from terrareg_core.namespaces.model import Namespace
from terrareg_core.transactions import Transaction


@attrs.frozen
class Lookup:
    """How far an address leads; what was found first is what permission is asked for."""

    requested: RequestedModuleProvider
    namespace: Namespace | None
    module_provider: ModuleProvider | None

    @property
    def owner_id(self) -> int | None:
        """Of the namespace that owns what the address leads to, or of the one named; None when there is none."""
        if self.module_provider is not None:
            return self.module_provider.namespace.id
        return self.namespace.id if self.namespace is not None else None


def find_namespace(tx: Transaction, name: str) -> Namespace | None:
    """The live namespace of this name, else the one that a redirect of the name leads to; any casing."""
    return tx.namespaces.find(name) or tx.namespaces.find_redirected(name)


def look_up(tx: Transaction, requested: RequestedModuleProvider) -> Lookup:
    """Follow an address as far as it leads; never raises, invalid names lead nowhere."""
    namespace = find_namespace(tx, requested.namespace)
    if namespace is None or not (ModuleName.is_valid(requested.module) and ProviderName.is_valid(requested.provider)):
        return Lookup(requested, namespace, None)
    module, provider = ModuleName.parse(requested.module), ProviderName.parse(requested.provider)
    found = tx.module_providers.find(namespace.id, module, provider) or tx.module_providers.find_redirected(
        namespace.id, module, provider
    )
    return Lookup(requested, namespace, found)


def require(lookup: Lookup, policy: ModulePolicy | None = None) -> ModuleProvider:
    """The module provider that was found.

    Raises, in the order in which clients are told: NamespaceNotFound, InvalidIdentifier for the module's and then the
    provider's name, ProviderNotAllowed (only with a `policy`: deletion works on forbidden providers too, decision 15),
    ModuleProviderNotFound.
    """
    if lookup.namespace is None:
        raise NamespaceNotFound
    ModuleName.parse(lookup.requested.module)
    provider = ProviderName.parse(lookup.requested.provider)
    if policy is not None:
        policy.require_allowed(lookup.module_provider.provider if lookup.module_provider else provider)
    if lookup.module_provider is None:
        raise ModuleProviderNotFound
    return lookup.module_provider


def find_permitted(
    tx: Transaction,
    authoriser: Authoriser,
    identity: Identity,
    capability: Capability,
    requested: RequestedModuleProvider,
    policy: ModulePolicy | None = None,
) -> ModuleProvider:
    """The module provider that an address leads to, if the caller has the capability in the namespace that owns it.

    Raises AccessDenied, which doesn't reveal whether there is anything (decision 7), and what `require` raises.
    """
    lookup = look_up(tx, requested)
    authoriser.permit(tx, identity, capability, lookup.owner_id)
    return require(lookup, policy)
