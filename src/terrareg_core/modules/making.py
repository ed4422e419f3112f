"""Making versions: from a tree of sources, however it came here, to a stored version (chapter 02, 9; chapter 03, 5).

All the slow work (reading, packing, storing) happens first and touches nothing that readers see; one short transaction
then makes the version, and a failure at any point leaves the registry as it was.
"""

from collections.abc import Callable, Sequence

import attrs

from terrareg_core.access.identities import Identity
from terrareg_core.audit.events import AuditAction, AuditPen
from terrareg_core.clock import Clock
from terrareg_core.errors import (
    AlreadyStored,
    InvalidRequest,
    ModuleProviderNotFound,
    NamespaceNotFound,
    RegistryError,
    ReindexProhibited,
    StoreUnavailable,
)
from terrareg_core.identifiers import ModuleName, ModuleProviderId, NamespaceName, ProviderName, RequestedModuleProvider
from terrareg_core.modules.addresses import SourceUrls
from terrareg_core.modules.archives import ArchiveShelf, Shelved
from terrareg_core.modules.indexing import ModuleIndexer
from terrareg_core.modules.model import (
    GitOrigin,
    IndexedContent,
    ModulePolicy,
    ModuleProvider,
    ModuleVersion,
    NewModuleVersion,
    ReindexMode,
)
from terrareg_core.modules.resolution import Lookup, look_up, require
from terrareg_core.modules.source_tree import SourceTree
from terrareg_core.modules.sources import GitPath
from terrareg_core.mutex import Mutexes
from terrareg_core.namespaces.model import NamespacePolicy
from terrareg_core.transactions import Transaction, UnitOfWork
from terrareg_core.versions import Version, latest

_ATTEMPTS = 4
"""How often the transaction runs when others create the same parents or the same version at the same moment."""


@attrs.frozen
class MadeVersion:
    """A version that is stored now."""

    address: ModuleProviderId
    version: Version
    published: bool
    warnings: Sequence[str]
    """What of the sources could not be read although Terraform accepts it, or was left out; a sentence each."""


@attrs.frozen(kw_only=True)
class VersionOrder:
    """Which version is to be made, and on whose word."""

    identity: Identity
    requested: RequestedModuleProvider
    version: Version
    permit: Callable[[Transaction, int | None], None]
    """Raises AccessDenied unless a version may be made in the namespace of this id (None: it doesn't exist)."""
    creates_parents: bool = False
    """Whether parents that are missing are created where the policy says so."""
    keeps_equal: bool = False
    """Whether an existing version stays as it is when it was made of the same commit in the same way."""


@attrs.frozen
class Destination:
    """Where a version goes, and which part of the sources is the module."""

    address: ModuleProviderId
    git_path: str | None = None
    """The directory of the module, as `GitPath.effective` gives it; None for the root."""
    archive_git_path: bool = False
    """Whether the archives hold that directory only."""
    keeps_archives: bool = True

    @property
    def archived(self) -> str:
        """The directory that the archives hold; empty for all that was indexed."""
        return self.git_path or "" if self.archive_git_path else ""

    def equals(self, existing: ModuleVersion, origin: GitOrigin | None) -> bool:
        """Whether `existing` was made of the commit of `origin`, and as it would be made now."""
        return (
            origin is not None
            and existing.origin is not None
            and existing.origin.commit == origin.commit
            and (existing.git_path, existing.archive_git_path) == (self.git_path, self.archive_git_path)
            and (existing.archives is not None) == self.keeps_archives
        )


@attrs.frozen
class _Ingredients:
    """What the slow work made."""

    destination: Destination
    content: IndexedContent
    shelved: Shelved
    origin: GitOrigin | None
    warnings: Sequence[str]


@attrs.frozen
class VersionMaker:
    """What all ways of bringing a version into the registry have in common."""

    _unit_of_work: UnitOfWork
    _clock: Clock
    _indexer: ModuleIndexer
    _shelf: ArchiveShelf
    _policy: ModulePolicy
    _namespaces: NamespacePolicy
    _urls: SourceUrls
    _mutexes: Mutexes
    _wait_seconds: float = 60
    """How long a version waits for another caller who makes it."""

    def existing_parent(self, lookup: Lookup, *, creates_parents: bool) -> ModuleProvider | None:
        """The module provider, or None when it is to be created.

        Raises NamespaceNotFound, InvalidIdentifier, ProviderNotAllowed and ModuleProviderNotFound when it is missing
        and is not to be created.
        """
        if lookup.module_provider is not None or not creates_parents:
            return require(lookup, self._policy)
        if lookup.namespace is None and not self._policy.auto_create_namespace:
            raise NamespaceNotFound
        self._policy.require_allowed(_address_to_create(lookup).provider)
        if not self._policy.auto_create_module_provider:
            raise ModuleProviderNotFound
        return None

    def destination(self, lookup: Lookup, module_provider: ModuleProvider | None) -> Destination:
        """Where versions of `module_provider` go, or, where it is None, of the one that is to be created."""
        if module_provider is None:
            return Destination(_address_to_create(lookup))
        git, address = module_provider.git, module_provider.address
        path = GitPath.stored(git.git_path)
        return Destination(
            address,
            path.effective(address) if path is not None else None,
            git.archive_git_path,
            self._policy.keeps_archives or self._urls.repository_of(module_provider) is None,
        )

    def require_replaceable(self, existing: ModuleVersion | None) -> None:
        """Raises ReindexProhibited if there is a version and the policy never replaces one."""
        if existing is not None and self._policy.reindex_mode is ReindexMode.PROHIBIT:
            raise ReindexProhibited(f"Version {existing.version} exists already, and versions are never replaced here")

    def make(
        self,
        order: VersionOrder,
        destination: Destination,
        tree: SourceTree,
        origin: GitOrigin | None = None,
        warnings: Sequence[str] = (),
    ) -> MadeVersion:
        """Index `tree` and store it as the version, published if the policy says so; `warnings` are those of fetching.

        One version is made by one caller at a time (chapter 02, 13). Raises InvalidRequest in its many forms, what
        `order.permit` raises, NotFound where parents are missing, and RegistryFailure; nothing is changed then.
        """
        with self._mutexes.named(f"{destination.address}/{order.version}".lower()).hold(self._wait_seconds) as alone:
            if not alone:
                raise InvalidRequest(f"Version {order.version} is being indexed for somebody else; try again later")
            return self._make_alone(order, destination, tree, origin, warnings)

    def _make_alone(
        self,
        order: VersionOrder,
        destination: Destination,
        tree: SourceTree,
        origin: GitOrigin | None,
        warnings: Sequence[str],
    ) -> MadeVersion:
        kept = self._kept(order, destination, origin)
        if kept is not None:
            return kept
        content = self._indexer.index(tree, destination.address, destination.git_path or "")
        shelved = self._shelf.put(tree, destination.archived, keeps_archives=destination.keeps_archives)
        made_of = _Ingredients(destination, content, shelved, origin, (*warnings, *content.warnings))
        try:
            made, unneeded = self._commit(order, made_of)
        except RegistryError:
            self._discard_unless_named(order, shelved)
            raise
        if unneeded is not None:
            self._shelf.discard(unneeded)
        return made

    # --- the transaction -----------------------------------------------------------------------------------------

    def _commit(self, order: VersionOrder, made_of: _Ingredients) -> tuple[MadeVersion, Shelved | ModuleVersion | None]:
        """Run the transaction, again when somebody else created the same rows first.

        Also returns whose archives nothing names any more.
        """
        for _ in range(_ATTEMPTS):
            try:
                with self._unit_of_work.write() as tx:
                    return self._store_in(tx, order, made_of)
            except AlreadyStored:
                continue
        raise InvalidRequest("This version is being published by somebody else at this moment; try again")

    def _store_in(
        self, tx: Transaction, order: VersionOrder, made_of: _Ingredients
    ) -> tuple[MadeVersion, Shelved | ModuleVersion | None]:
        # The address is followed again: since the order was admitted, it may lead to another owner.
        lookup = look_up(tx, order.requested)
        if lookup.module_provider is not None:
            tx.module_providers.hold(lookup.module_provider.id)
            # While this one had to wait, another writer may have moved or deleted it.
            lookup = look_up(tx, order.requested)
        order.permit(tx, lookup.owner_id)
        now = self._clock.now()
        pen = AuditPen(tx.audit, now, order.identity)
        module_provider = self.existing_parent(lookup, creates_parents=order.creates_parents) or self._create_parents(
            tx, pen, lookup
        )
        tx.module_providers.hold(module_provider.id)
        existing = tx.module_versions.find(module_provider.id, order.version)
        if existing is not None and order.keeps_equal and made_of.destination.equals(existing, made_of.origin):
            # Of two hooks for one tag, the other one was faster.
            return _as_it_is(module_provider, existing), made_of.shelved
        self.require_replaceable(existing)

        published = self._policy.publishes_after_indexing(was_published=existing is not None and existing.published)
        new = NewModuleVersion(
            module_provider.id,
            order.version,
            published,
            indexed_at=now,
            published_at=now,
            content=made_of.content,
            archives=made_of.shelved.archives,
            uploader=order.identity.name,
            origin=made_of.origin,
            git_path=made_of.destination.git_path,
            archive_git_path=made_of.destination.archive_git_path,
            source=made_of.shelved.source,
        )
        address = f"{module_provider.address}/{order.version}"
        if existing is None:
            tx.module_versions.add(new)
        else:
            pen.write(AuditAction.MODULE_VERSION_DELETE, address)
            tx.module_versions.replace(existing.id, new)
        pen.write(AuditAction.MODULE_VERSION_INDEX, address)
        if published:
            pen.write(AuditAction.MODULE_VERSION_PUBLISH, address)
        point_to_latest(tx, module_provider)
        made = MadeVersion(module_provider.address, order.version, published, made_of.warnings)
        return made, existing

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

    def _kept(self, order: VersionOrder, destination: Destination, origin: GitOrigin | None) -> MadeVersion | None:
        """The existing version, if it is to be kept; checked before the slow work, when another caller may just have
        made it, as well as after it. Raises ReindexProhibited.
        """
        with self._unit_of_work.read() as tx:
            found = look_up(tx, order.requested).module_provider
            existing = tx.module_versions.find(found.id, order.version) if found is not None else None
        if found is None or existing is None:
            return None
        if order.keeps_equal and destination.equals(existing, origin):
            return _as_it_is(found, existing)
        self.require_replaceable(existing)
        return None

    def _discard_unless_named(self, order: VersionOrder, shelved: Shelved) -> None:
        """Forget archives of a failed transaction, unless it turns out to have been committed.

        A commit whose answer got lost looks like a failure; its version must not lose its archives.
        """
        try:
            with self._unit_of_work.read() as tx:
                found = look_up(tx, order.requested).module_provider
                existing = tx.module_versions.find(found.id, order.version) if found is not None else None
        except StoreUnavailable:
            return
        if existing is None or (existing.archives, existing.source) != (shelved.archives, shelved.source):
            self._shelf.discard(shelved)


def remove_version(tx: Transaction, pen: AuditPen, module_provider: ModuleProvider, version: ModuleVersion) -> None:
    """Delete a version of a module provider that is held; its archives are discarded after the commit."""
    tx.module_versions.remove(version.id)
    pen.write(AuditAction.MODULE_VERSION_DELETE, f"{module_provider.address}/{version.version}")
    point_to_latest(tx, module_provider)


def point_to_latest(tx: Transaction, module_provider: ModuleProvider) -> None:
    """Recompute the latest version from the rows, whatever was done to them (chapter 02, 13)."""
    newest = latest(tx.module_versions.of_module_provider(module_provider.id))
    tx.module_providers.set_latest(module_provider.id, newest.id if newest is not None else None)


def _as_it_is(module_provider: ModuleProvider, existing: ModuleVersion) -> MadeVersion:
    return MadeVersion(module_provider.address, existing.version, existing.published, ())


def _address_to_create(lookup: Lookup) -> ModuleProviderId:
    """The address of a module provider that doesn't exist yet, in a namespace that may. Raises InvalidIdentifier."""
    requested = lookup.requested
    return ModuleProviderId(
        lookup.namespace.name if lookup.namespace is not None else NamespaceName.parse(requested.namespace),
        ModuleName.parse(requested.module),
        ProviderName.parse(requested.provider),
    )
