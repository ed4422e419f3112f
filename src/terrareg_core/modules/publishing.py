"""Publishing: from an uploaded archive to a version that terraform installs; publish and delete (chapter 02, 9, 10)."""

from collections.abc import Sequence

import attrs

from terrareg_core.access.identities import Identity
from terrareg_core.access.permissions import Authoriser, Capability
from terrareg_core.audit.events import AuditAction, AuditPen
from terrareg_core.clock import Clock
from terrareg_core.errors import InvalidRequest, ModuleVersionNotFound, UploadDisabled
from terrareg_core.identifiers import RequestedModuleProvider
from terrareg_core.modules.archives import ArchiveShelf
from terrareg_core.modules.making import (
    Destination,
    MadeVersion,
    VersionMaker,
    VersionOrder,
    point_to_latest,
    remove_version,
)
from terrareg_core.modules.model import HostingMode, ModulePolicy, ModuleProvider, ModuleVersion
from terrareg_core.modules.ports import ArchiveUnpacker, UploadedArchive
from terrareg_core.modules.resolution import find_permitted, look_up
from terrareg_core.transactions import Transaction, UnitOfWork
from terrareg_core.versions import Version


@attrs.frozen
class Upload:
    """An upload that was admitted: everything about it but the archive is in order."""

    _maker: VersionMaker
    _unpacker: ArchiveUnpacker
    _order: VersionOrder
    _destination: Destination
    """Where the address leads, or what is to be created."""

    def receive(self, files: Sequence[UploadedArchive]) -> MadeVersion:
        """Index and store the one archive among `files`; publish it if the policy says so.

        Raises InvalidRequest in its many forms, AccessDenied if the address leads elsewhere by now, and
        StoreUnavailable; nothing is changed then.
        """
        if len(files) != 1:
            raise InvalidRequest("Send exactly one file, the module's archive, as multipart/form-data")
        with self._unpacker.unpack(files[0]) as tree:
            return self._maker.make(self._order, self._destination, tree)


@attrs.frozen
class Publishing:
    """The use cases that take uploads, and publish and delete versions."""

    _unit_of_work: UnitOfWork
    _authoriser: Authoriser
    _clock: Clock
    _unpacker: ArchiveUnpacker
    _maker: VersionMaker
    _shelf: ArchiveShelf
    _policy: ModulePolicy

    def admit_upload(self, identity: Identity, requested: RequestedModuleProvider, version: str) -> Upload:
        """Check everything that can be checked before the archive is received.

        Raises AccessDenied, UploadDisabled, NamespaceNotFound and ModuleProviderNotFound (where missing parents are not
        created), InvalidIdentifier, ProviderNotAllowed, InvalidVersion, ReindexProhibited, in this order.
        """

        def permit(tx: Transaction, namespace_id: int | None) -> None:
            self._authoriser.permit(tx, identity, Capability.UPLOAD, namespace_id)

        with self._unit_of_work.read() as tx:
            lookup = look_up(tx, requested)
            permit(tx, lookup.owner_id)
            if self._policy.hosting is HostingMode.DISALLOW:
                raise UploadDisabled
            module_provider = self._maker.existing_parent(lookup, creates_parents=True)
            parsed = Version.parse_new(version)
            if module_provider is not None:
                self._maker.require_replaceable(tx.module_versions.find(module_provider.id, parsed))
            destination = self._maker.destination(lookup, module_provider)
        order = VersionOrder(
            identity=identity, requested=requested, version=parsed, permit=permit, creates_parents=True
        )
        return Upload(self._maker, self._unpacker, order, destination)

    def upload(
        self, identity: Identity, requested: RequestedModuleProvider, version: str, archive: UploadedArchive
    ) -> MadeVersion:
        """`admit_upload` and `Upload.receive` in one call."""
        return self.admit_upload(identity, requested, version).receive([archive])

    def publish(self, identity: Identity, requested: RequestedModuleProvider, version: str) -> None:
        """Make a version visible to terraform; publishing a published one changes nothing and writes no event.

        Raises AccessDenied, NamespaceNotFound, InvalidIdentifier, ProviderNotAllowed, ModuleProviderNotFound,
        InvalidVersion, ModuleVersionNotFound.
        """
        with self._unit_of_work.write() as tx:
            module_provider = find_permitted(
                tx, self._authoriser, identity, Capability.PUBLISH, requested, self._policy
            )
            found = self._find_version(tx, module_provider, version)
            if found.published:
                return
            now = self._clock.now()
            tx.module_versions.mark_published(found.id, now)
            AuditPen(tx.audit, now, identity).write(
                AuditAction.MODULE_VERSION_PUBLISH, f"{module_provider.address}/{found.version}"
            )
            point_to_latest(tx, module_provider)

    def delete(self, identity: Identity, requested: RequestedModuleProvider, version: str) -> None:
        """Delete a version with its archives and its recorded downloads.

        Works on providers that are no longer allowed, too (decision 15). Raises as `publish` does.
        """
        with self._unit_of_work.write() as tx:
            module_provider = find_permitted(tx, self._authoriser, identity, Capability.FULL, requested)
            found = self._find_version(tx, module_provider, version)
            remove_version(tx, AuditPen(tx.audit, self._clock.now(), identity), module_provider, found)
        self._shelf.discard(found)

    def _find_version(self, tx: Transaction, module_provider: ModuleProvider, version: str) -> ModuleVersion:
        tx.module_providers.hold(module_provider.id)
        found = tx.module_versions.find(module_provider.id, Version.parse(version))
        if found is None:
            raise ModuleVersionNotFound
        return found
