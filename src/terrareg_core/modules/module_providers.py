"""What can be done with module providers as such: create, change, move and delete them, and their redirects.

Chapter 02, sections 4 to 7.
"""

import re
from collections.abc import Sequence
from enum import Enum

import attrs

from terrareg_core.access.identities import Identity
from terrareg_core.access.permissions import Authoriser, Capability
from terrareg_core.audit.events import AuditAction, AuditPen
from terrareg_core.clock import Clock
from terrareg_core.errors import (
    AccessDenied,
    AlreadyStored,
    ForbiddenRepository,
    ForcedDeletionDisabled,
    GitProviderNotFound,
    InvalidUrlTemplate,
    ModuleProviderExists,
    NamespaceNotFound,
    NameTaken,
    ProviderSourceNotFound,
    RedirectInUse,
    RedirectNotFound,
    TargetNamespaceNotFound,
)
from terrareg_core.identifiers import ModuleName, ModuleProviderId, ProviderName, RequestedModuleProvider
from terrareg_core.modules.archives import ArchiveShelf
from terrareg_core.modules.fetching import GitPolicy, NameResolver, RepositoryLocation, check_repository
from terrareg_core.modules.git_settings import GitArguments, GitProvider, GitSettings
from terrareg_core.modules.model import (
    HostingMode,
    ModulePolicy,
    ModuleProvider,
    ModuleProviderRedirect,
    ModuleVersion,
)
from terrareg_core.modules.module_provider_events import setting_changes
from terrareg_core.modules.redirects import RedirectPolicy, redirects_in_use, remove_redirects
from terrareg_core.modules.resolution import find_permitted, look_up
from terrareg_core.modules.sources import UrlSlot, UrlTemplate
from terrareg_core.namespaces.model import Namespace, NamespacePolicy
from terrareg_core.transactions import Transaction, UnitOfWork


@attrs.frozen(kw_only=True)
class ModuleProviderChanges(GitArguments):
    """What somebody wants to be changed of a module provider, as they wrote it; None leaves a thing as it is."""

    verified: bool | None = None
    provider_source: str | None = None
    """An empty one means none, which is all there is: no provider sources can be configured yet."""
    namespace: str | None = None
    """Together with `module` and `provider`: where the module provider is to be from now on."""
    module: str | None = None
    provider: str | None = None


class Integration(Enum):
    """A way in which versions get into the registry, in the order in which they are shown (chapter 02, 7.1)."""

    UPLOAD = "upload"
    IMPORT = "import"
    BITBUCKET_HOOK = "bitbucket"
    GITHUB_HOOK = "github"
    GITLAB_HOOK = "gitlab"
    PUBLISH = "publish"


@attrs.frozen
class Integrations:
    """How versions get into one module provider."""

    address: ModuleProviderId
    offered: Sequence[Integration]


@attrs.frozen
class ModuleProviders:
    """The use cases of module providers.

    A former address leads to the module provider everywhere; permission is asked for the namespace that it is in.
    """

    _unit_of_work: UnitOfWork
    _authoriser: Authoriser
    _clock: Clock
    _shelf: ArchiveShelf
    _policy: ModulePolicy
    _namespaces: NamespacePolicy
    _redirects: RedirectPolicy
    _git: GitPolicy
    _resolver: NameResolver

    def create(
        self, identity: Identity, requested: RequestedModuleProvider, git: GitArguments | None = None
    ) -> ModuleProviderId:
        """Create a module provider without versions in an existing namespace, and return its address.

        It starts as verified if its namespace is one whose modules are; without a git path it gets that of its git
        provider. Raises, in this order, AccessDenied, NamespaceNotFound, InvalidIdentifier, ProviderNotAllowed,
        ModuleProviderExists (also for the address of a redirect), GitProviderNotFound, InvalidUrlTemplate,
        InvalidTagFormat, InvalidGitPath.
        """
        wanted = git or GitArguments()
        if wanted.repo_clone_url_template:
            with self._unit_of_work.read() as tx:
                address, settings = self._to_create(tx, identity, requested, wanted)[1:]
            self._require_fetchable(address, settings)
        try:
            with self._unit_of_work.write() as tx:
                namespace_id, address, settings = self._to_create(tx, identity, requested, wanted)
                verified = self._namespaces.verifies(address.namespace)
                bare = tx.module_providers.add(namespace_id, address.module, address.provider, verified=verified)
                pen = AuditPen(tx.audit, self._clock.now(), identity)
                pen.write(AuditAction.MODULE_PROVIDER_CREATE, bare.address)
                self._store_changes(tx, pen, bare, attrs.evolve(bare, git=settings))
                return bare.address
        except AlreadyStored as error:
            raise ModuleProviderExists from error

    def change(self, identity: Identity, requested: RequestedModuleProvider, wanted: ModuleProviderChanges) -> None:
        """Change settings of a module provider, move or rename it: all that is wanted, or nothing.

        Works on providers that are no longer allowed, too, except for moving (decision 15). Once moved, it is still
        found under its former address; an address that it once had and that leads to it is free for it. Raises, in this
        order, AccessDenied, NamespaceNotFound, InvalidIdentifier, ModuleProviderNotFound, GitProviderNotFound,
        InvalidUrlTemplate, InvalidTagFormat, InvalidGitPath, ProviderSourceNotFound, and for a move
        TargetNamespaceNotFound (also without the right to create there), InvalidIdentifier, ProviderNotAllowed and
        NameTaken.
        """
        if wanted.repo_clone_url_template:
            with self._unit_of_work.read() as tx:
                before = self._found(tx, identity, Capability.MODIFY, requested)
                after = self._changed(tx, identity, before, wanted)
            self._require_fetchable(before.address, after.git)
        try:
            with self._unit_of_work.write() as tx:
                before = self._held(tx, identity, Capability.MODIFY, requested)
                after = self._changed(tx, identity, before, wanted)
                self._store_changes(tx, AuditPen(tx.audit, self._clock.now(), identity), before, after)
        except AlreadyStored as error:
            raise NameTaken("Something of this name was created at this moment; look at it, and try again") from error

    def delete(self, identity: Identity, requested: RequestedModuleProvider) -> None:
        """Delete a module provider with all its versions, their archives, and the redirects that lead to it.

        Works on providers that are no longer allowed, too (decision 15). Raises AccessDenied, NamespaceNotFound,
        InvalidIdentifier, ModuleProviderNotFound.
        """
        versions: list[ModuleVersion] = []
        with self._unit_of_work.write() as tx:
            module_provider = self._held(tx, identity, Capability.FULL, requested)
            pen = AuditPen(tx.audit, self._clock.now(), identity)
            for version in tx.module_versions.of_module_provider(module_provider.id):
                pen.write(AuditAction.MODULE_VERSION_DELETE, f"{module_provider.address}/{version.version}")
                tx.module_versions.remove(version.id)
                versions.append(version)
            pen.write(AuditAction.MODULE_PROVIDER_DELETE, module_provider.address)
            tx.module_providers.remove(module_provider.id)
        for version in versions:
            self._shelf.discard(version)

    def redirects(self, identity: Identity, requested: RequestedModuleProvider) -> Sequence[ModuleProviderRedirect]:
        """The redirects that lead to a module provider, by id.

        Raises AccessDenied, NamespaceNotFound, InvalidIdentifier, ModuleProviderNotFound.
        """
        with self._unit_of_work.read() as tx:
            return tx.module_providers.redirects_to(self._found(tx, identity, Capability.READ, requested).id)

    def delete_redirect(
        self, identity: Identity, requested: RequestedModuleProvider, redirect_id: str, *, force: bool = False
    ) -> None:
        """Delete a redirect that leads to a module provider and that nobody uses; or, by `force`, any.

        Raises, in this order, AccessDenied, NamespaceNotFound, InvalidIdentifier, ModuleProviderNotFound,
        RedirectNotFound, ForcedDeletionDisabled (with `force` where the policy does not allow it, used or not) and
        RedirectInUse.
        """
        with self._unit_of_work.write() as tx:
            module_provider = self._held(tx, identity, Capability.FULL, requested)
            wanted = _stored_id(redirect_id)
            redirects = [row for row in tx.module_providers.redirects_to(module_provider.id) if row.id == wanted]
            if not redirects:
                raise RedirectNotFound
            if force and not self._redirects.forceful_deletion:
                raise ForcedDeletionDisabled
            now = self._clock.now()
            if not force and redirects_in_use(tx, self._redirects, redirects, now):
                raise RedirectInUse(
                    f"{redirects[0].address} is still used to download this module provider; "
                    "wait until nobody does, or use force to delete the redirect all the same"
                )
            remove_redirects(tx, AuditPen(tx.audit, now, identity), redirects)

    def integrations(self, identity: Identity, requested: RequestedModuleProvider) -> Integrations:
        """The ways in which versions get into a module provider.

        Raises AccessDenied, NamespaceNotFound, InvalidIdentifier, ModuleProviderNotFound.
        """
        with self._unit_of_work.read() as tx:
            address = self._found(tx, identity, Capability.READ, requested).address
        hosted = self._policy.hosting is not HostingMode.DISALLOW
        return Integrations(address, [way for way in Integration if hosted or way is not Integration.UPLOAD])

    # --- finding -------------------------------------------------------------------------------------------------

    def _found(
        self, tx: Transaction, identity: Identity, capability: Capability, requested: RequestedModuleProvider
    ) -> ModuleProvider:
        return find_permitted(tx, self._authoriser, identity, capability, requested)

    def _held(
        self, tx: Transaction, identity: Identity, capability: Capability, requested: RequestedModuleProvider
    ) -> ModuleProvider:
        """As `_found`, with other writers of the module provider kept waiting from now on."""
        tx.module_providers.hold(self._found(tx, identity, capability, requested).id)
        # While this one had to wait, another writer may have moved it to where the caller has no say.
        return self._found(tx, identity, capability, requested)

    def _git_provider(self, tx: Transaction, current: GitProvider | None, wanted: str | None) -> GitProvider | None:
        if wanted is None:
            return current
        if not wanted:
            return None
        wanted_id = _stored_id(wanted)
        found = tx.git_providers.find(wanted_id) if wanted_id is not None else None
        if found is None or not (found.enabled or found == current):
            raise GitProviderNotFound
        return found

    # --- deciding ------------------------------------------------------------------------------------------------

    def _to_create(
        self, tx: Transaction, identity: Identity, requested: RequestedModuleProvider, wanted: GitArguments
    ) -> tuple[int, ModuleProviderId, GitSettings]:
        """The id of the namespace, the address and the settings of a new module provider; raises as `create` does."""
        lookup = look_up(tx, requested)
        namespace = lookup.namespace
        self._authoriser.permit(tx, identity, Capability.FULL, namespace.id if namespace is not None else None)
        if namespace is None:
            raise NamespaceNotFound
        address = ModuleProviderId(
            namespace.name, ModuleName.parse(requested.module), ProviderName.parse(requested.provider)
        )
        self._policy.require_allowed(address.provider)
        if lookup.module_provider is not None:
            raise ModuleProviderExists
        git_provider = self._git_provider(tx, None, wanted.git_provider_id)
        if git_provider is not None and wanted.git_path is None:
            wanted = attrs.evolve(wanted, git_path=git_provider.definition.git_path)
        return namespace.id, address, wanted.applied_to(GitSettings(), address, git_provider)

    def _changed(
        self, tx: Transaction, identity: Identity, before: ModuleProvider, wanted: ModuleProviderChanges
    ) -> ModuleProvider:
        """What `before` becomes; raises as `change` does."""
        git_provider = self._git_provider(tx, before.git.git_provider, wanted.git_provider_id)
        git = wanted.applied_to(before.git, before.address, git_provider)
        if wanted.provider_source:
            raise ProviderSourceNotFound
        after = attrs.evolve(
            before,
            git=git,
            verified=before.verified if wanted.verified is None else wanted.verified,
            namespace=before.namespace if wanted.namespace is None else self._target(tx, identity, before, wanted),
            module=before.module if wanted.module is None else ModuleName.parse(wanted.module),
            provider=before.provider if wanted.provider is None else ProviderName.parse(wanted.provider),
        )
        if after.address != before.address:
            self._policy.require_allowed(after.provider)
            name = (after.namespace.id, after.module, after.provider)
            for other in (tx.module_providers.find(*name), tx.module_providers.find_redirected(*name)):
                if other is not None and other.id != before.id:
                    raise NameTaken(f"{after.address} is or leads to another module provider; choose another name")
        return after

    def _target(
        self, tx: Transaction, identity: Identity, before: ModuleProvider, wanted: ModuleProviderChanges
    ) -> Namespace:
        """The live namespace that the module provider is to be in."""
        found = tx.namespaces.find(wanted.namespace or "")
        if found is None:
            raise TargetNamespaceNotFound
        if found.id != before.namespace.id:
            try:
                self._authoriser.permit(tx, identity, Capability.FULL, found.id)
            except AccessDenied as error:
                raise TargetNamespaceNotFound from error
        return found

    def _require_fetchable(self, address: ModuleProviderId, settings: GitSettings) -> None:
        """Raises InvalidUrlTemplate when the registry would not fetch from the clone URL (decision 29).

        Outside of transactions, for looking a host's name up takes time.
        """
        template = UrlTemplate.stored(UrlSlot.CLONE, settings.templates.clone)
        if template is not None:
            try:
                check_repository(RepositoryLocation(template.render(address)), self._git, self._resolver)
            except ForbiddenRepository as error:
                raise InvalidUrlTemplate(f"Repository clone URL: {error.message}") from error

    # --- storing -------------------------------------------------------------------------------------------------

    def _store_changes(self, tx: Transaction, pen: AuditPen, before: ModuleProvider, after: ModuleProvider) -> None:
        """Store what a held module provider becomes, with an event for each setting that is another one."""
        changes = list(setting_changes(before, after))
        for change in changes:
            pen.write(change.action, before.address, old_value=change.old_value, new_value=change.new_value)
        if _place(before) != _place(after):
            former = [row for row in tx.module_providers.redirects_to(before.id) if _place(row) == _place(after)]
            remove_redirects(tx, pen, former)
            tx.module_providers.add_redirect(before.namespace.id, before.module, before.provider, before.id)
        if changes:
            tx.module_providers.update(after)


def _place(named: ModuleProvider | ModuleProviderRedirect) -> tuple[int, str, ProviderName]:
    """What an address is found by: whatever has the same place can't be told apart."""
    return named.namespace.id, named.module.folded, named.provider


def _stored_id(text: str) -> int | None:
    """The id that a client's text spells, or None when it can't be one."""
    if not re.fullmatch(r"[0-9]{1,10}", text):
        return None
    number = int(text)
    return number if number < 1 << 31 else None
