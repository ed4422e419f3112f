"""Publishing: from an uploaded archive to a version that terraform installs; publish and delete (chapter 02, 9, 10).

All the slow work (unpacking, reading, packing, storing) happens first and touches nothing that readers see; one short
transaction then makes the version, and a failure at any point leaves the registry as it was.
"""

from collections.abc import Sequence

import attrs

from terrareg_core.access.identities import Identity
from terrareg_core.access.permissions import Authoriser, Capability
from terrareg_core.audit.events import AuditAction, AuditPen
from terrareg_core.clock import Clock
from terrareg_core.errors import (
    AlreadyStored,
    InvalidRequest,
    ModuleProviderNotFound,
    ModuleVersionNotFound,
    NamespaceNotFound,
    RegistryError,
    ReindexProhibited,
    StoreUnavailable,
    UploadDisabled,
)
from terrareg_core.identifiers import ModuleName, ModuleProviderId, NamespaceName, ProviderName, RequestedModuleProvider
from terrareg_core.modules.archives import ArchiveShelf
from terrareg_core.modules.indexing import ModuleIndexer
from terrareg_core.modules.model import (
    HostingMode,
    IndexedContent,
    ModulePolicy,
    ModuleProvider,
    ModuleVersion,
    NewModuleVersion,
    ReindexMode,
    StoredArchives,
)
from terrareg_core.modules.ports import ArchiveUnpacker, UploadedArchive
from terrareg_core.modules.resolution import Lookup, look_up, require
from terrareg_core.namespaces.model import NamespacePolicy
from terrareg_core.transactions import Transaction, UnitOfWork
from terrareg_core.versions import Version, latest

_ATTEMPTS = 4
"""How often the transaction runs when others create the same parents or the same version at the same moment."""


@attrs.frozen
class PublishedVersion:
    """What an upload made."""

    address: ModuleProviderId
    version: Version
    published: bool
    warnings: Sequence[str]
    """What could not be read of the sources although Terraform accepts it, a sentence each."""


@attrs.frozen
class Upload:
    """An upload that was admitted: everything about it but the archive is in order."""

    _publishing: "Publishing"
    _identity: Identity
    _requested: RequestedModuleProvider
    _address: ModuleProviderId
    """Where the address leads, or what is to be created."""
    _version: Version

    def receive(self, files: Sequence[UploadedArchive]) -> PublishedVersion:
        """Index and store the one archive among `files`; publish it if the policy says so.

        Raises InvalidRequest in its many forms, AccessDenied if the address leads elsewhere by now, and
        StoreUnavailable; nothing is changed then.
        """
        if len(files) != 1:
            raise InvalidRequest("Send exactly one file, the module's archive, as multipart/form-data")
        return self._publishing.store(self._identity, self._requested, self._address, self._version, files[0])


@attrs.frozen
class Publishing:
    """The use cases that make, publish and delete versions."""

    _unit_of_work: UnitOfWork
    _authoriser: Authoriser
    _clock: Clock
    _unpacker: ArchiveUnpacker
    _indexer: ModuleIndexer
    _shelf: ArchiveShelf
    _policy: ModulePolicy
    _namespaces: NamespacePolicy

    def admit_upload(self, identity: Identity, requested: RequestedModuleProvider, version: str) -> Upload:
        """Check everything that can be checked before the archive is received.

        Raises AccessDenied, UploadDisabled, NamespaceNotFound and ModuleProviderNotFound (where missing parents are not
        created), InvalidIdentifier, ProviderNotAllowed, InvalidVersion, ReindexProhibited, in this order.
        """
        with self._unit_of_work.read() as tx:
            lookup = look_up(tx, requested)
            self._authoriser.permit(identity, Capability.UPLOAD, lookup.owner_id)
            if self._policy.hosting is HostingMode.DISALLOW:
                raise UploadDisabled
            module_provider = self._existing_parent(lookup)
            parsed = Version.parse_new(version)
            if module_provider is not None:
                self._require_replaceable(tx.module_versions.find(module_provider.id, parsed))
        address = module_provider.address if module_provider is not None else _address_to_create(lookup)
        return Upload(self, identity, requested, address, parsed)

    def upload(
        self, identity: Identity, requested: RequestedModuleProvider, version: str, archive: UploadedArchive
    ) -> PublishedVersion:
        """`admit_upload` and `Upload.receive` in one call."""
        return self.admit_upload(identity, requested, version).receive([archive])

    def store(
        self,
        identity: Identity,
        requested: RequestedModuleProvider,
        address: ModuleProviderId,
        version: Version,
        archive: UploadedArchive,
    ) -> PublishedVersion:
        """The slow work and the transaction of an admitted upload; callers use `Upload.receive`."""
        with self._unpacker.unpack(archive) as tree:
            content = self._indexer.index(tree, address)
            archives = self._shelf.put(tree)
        try:
            stored, replaced = self._commit(identity, requested, version, content, archives)
        except RegistryError:
            self._discard_unless_named(requested, version, archives)
            raise
        self._shelf.discard(replaced)
        return stored

    def publish(self, identity: Identity, requested: RequestedModuleProvider, version: str) -> None:
        """Make a version visible to terraform; publishing a published one changes nothing and writes no event.

        Raises AccessDenied, NamespaceNotFound, InvalidIdentifier, ProviderNotAllowed, ModuleProviderNotFound,
        InvalidVersion, ModuleVersionNotFound.
        """
        with self._unit_of_work.write() as tx:
            lookup = look_up(tx, requested)
            self._authoriser.permit(identity, Capability.PUBLISH, lookup.owner_id)
            module_provider = require(lookup, self._policy)
            found = self._find_version(tx, module_provider, version)
            if found.published:
                return
            now = self._clock.now()
            tx.module_versions.mark_published(found.id, now)
            AuditPen(tx.audit, now, identity).write(
                AuditAction.MODULE_VERSION_PUBLISH, f"{module_provider.address}/{found.version}"
            )
            self._point_to_latest(tx, module_provider)

    def delete(self, identity: Identity, requested: RequestedModuleProvider, version: str) -> None:
        """Delete a version with its archives and its recorded downloads.

        Works on providers that are no longer allowed, too (decision 15). Raises as `publish` does.
        """
        with self._unit_of_work.write() as tx:
            lookup = look_up(tx, requested)
            self._authoriser.permit(identity, Capability.FULL, lookup.owner_id)
            module_provider = require(lookup)
            found = self._find_version(tx, module_provider, version)
            tx.module_versions.remove(found.id)
            AuditPen(tx.audit, self._clock.now(), identity).write(
                AuditAction.MODULE_VERSION_DELETE, f"{module_provider.address}/{found.version}"
            )
            self._point_to_latest(tx, module_provider)
        self._shelf.discard(found.archives)

    # --- the pieces ----------------------------------------------------------------------------------------------

    def _existing_parent(self, lookup: Lookup) -> ModuleProvider | None:
        """The module provider, or None when it is to be created; raises when it is missing and must not be."""
        if lookup.module_provider is not None:
            return require(lookup, self._policy)
        if lookup.namespace is None and not self._policy.auto_create_namespace:
            raise NamespaceNotFound
        self._policy.require_allowed(_address_to_create(lookup).provider)
        if not self._policy.auto_create_module_provider:
            raise ModuleProviderNotFound
        return None

    def _require_replaceable(self, existing: ModuleVersion | None) -> None:
        if existing is not None and self._policy.reindex_mode is ReindexMode.PROHIBIT:
            raise ReindexProhibited(f"Version {existing.version} exists already, and versions are never replaced here")

    def _find_version(self, tx: Transaction, module_provider: ModuleProvider, version: str) -> ModuleVersion:
        tx.module_providers.hold(module_provider.id)
        found = tx.module_versions.find(module_provider.id, Version.parse(version))
        if found is None:
            raise ModuleVersionNotFound
        return found

    def _commit(
        self,
        identity: Identity,
        requested: RequestedModuleProvider,
        version: Version,
        content: IndexedContent,
        archives: StoredArchives,
    ) -> tuple[PublishedVersion, StoredArchives | None]:
        """Run the transaction, again when somebody else created the same rows first; also returns what it replaced."""
        for _ in range(_ATTEMPTS):
            try:
                with self._unit_of_work.write() as tx:
                    return self._store_in(tx, identity, requested, version, content, archives)
            except AlreadyStored:
                continue
        raise InvalidRequest("This version is being published by somebody else at this moment; try again")

    def _store_in(
        self,
        tx: Transaction,
        identity: Identity,
        requested: RequestedModuleProvider,
        version: Version,
        content: IndexedContent,
        archives: StoredArchives,
    ) -> tuple[PublishedVersion, StoredArchives | None]:
        # The address is followed again: since the upload was admitted, it may lead to another owner.
        lookup = look_up(tx, requested)
        self._authoriser.permit(identity, Capability.UPLOAD, lookup.owner_id)
        now = self._clock.now()
        pen = AuditPen(tx.audit, now, identity)
        module_provider = self._existing_parent(lookup) or self._create_parents(tx, pen, lookup)
        tx.module_providers.hold(module_provider.id)
        existing = tx.module_versions.find(module_provider.id, version)
        self._require_replaceable(existing)

        published = self._policy.publishes_after_indexing(was_published=existing is not None and existing.published)
        new = NewModuleVersion(
            module_provider.id,
            version,
            published,
            indexed_at=now,
            published_at=now,
            content=content,
            archives=archives,
            uploader=identity.name,
        )
        address = f"{module_provider.address}/{version}"
        if existing is None:
            tx.module_versions.add(new)
        else:
            pen.write(AuditAction.MODULE_VERSION_DELETE, address)
            tx.module_versions.replace(existing.id, new)
        pen.write(AuditAction.MODULE_VERSION_INDEX, address)
        if published:
            pen.write(AuditAction.MODULE_VERSION_PUBLISH, address)
        self._point_to_latest(tx, module_provider)
        stored = PublishedVersion(module_provider.address, version, published, content.warnings)
        return stored, existing.archives if existing is not None else None

    def _create_parents(self, tx: Transaction, pen: AuditPen, lookup: Lookup) -> ModuleProvider:
        address = _address_to_create(lookup)
        namespace = lookup.namespace
        if namespace is None:
            namespace = tx.namespaces.add(address.namespace)
            pen.write(AuditAction.NAMESPACE_CREATE, namespace.name)
        module_provider = tx.module_providers.add(
            namespace.id,
            address.module,
            address.provider,
            verified=self._namespaces.verifies(namespace.name),
        )
        pen.write(AuditAction.MODULE_PROVIDER_CREATE, module_provider.address)
        return module_provider

    def _point_to_latest(self, tx: Transaction, module_provider: ModuleProvider) -> None:
        """Recompute the latest version from the rows, whatever was done to them (chapter 02, 13)."""
        newest = latest(tx.module_versions.of_module_provider(module_provider.id))
        tx.module_providers.set_latest(module_provider.id, newest.id if newest is not None else None)

    def _discard_unless_named(
        self, requested: RequestedModuleProvider, version: Version, archives: StoredArchives
    ) -> None:
        """Forget archives of a failed transaction, unless it turns out to have been committed.

        A commit whose answer got lost looks like a failure; its version must not lose its archives.
        """
        try:
            with self._unit_of_work.read() as tx:
                found = look_up(tx, requested).module_provider
                existing = tx.module_versions.find(found.id, version) if found is not None else None
        except StoreUnavailable:
            return
        if existing is None or existing.archives != archives:
            self._shelf.discard(archives)


def _address_to_create(lookup: Lookup) -> ModuleProviderId:
    """The address of a module provider that doesn't exist yet, in a namespace that may. Raises InvalidIdentifier."""
    requested = lookup.requested
    return ModuleProviderId(
        lookup.namespace.name if lookup.namespace is not None else NamespaceName.parse(requested.namespace),
        ModuleName.parse(requested.module),
        ProviderName.parse(requested.provider),
    )
