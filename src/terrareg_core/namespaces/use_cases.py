"""What can be done with namespaces: list, show, create, change, delete (chapter 02, 3)."""

import attrs

from terrareg_core.access.identities import Identity
from terrareg_core.access.permissions import Authoriser, Capability
from terrareg_core.access.user_groups import write_permission_removed
from terrareg_core.audit.events import AuditAction, AuditPen
from terrareg_core.clock import Clock
from terrareg_core.errors import (
    AccessDenied,
    AlreadyStored,
    NamespaceNotFound,
    NameTaken,
    NotEmpty,
    ProviderSourceNotFound,
    RedirectInUse,
)
from terrareg_core.identifiers import DisplayName, NamespaceName
from terrareg_core.modules.redirects import RedirectPolicy, redirects_in_use, remove_redirects
from terrareg_core.modules.resolution import find_namespace
from terrareg_core.namespaces.model import Namespace, NamespaceKind, NamespacePolicy, ResourceType
from terrareg_core.paging import Page, PageRequest
from terrareg_core.transactions import Transaction, UnitOfWork


@attrs.frozen
class NamespaceDetails:
    """A namespace as its own endpoint shows it."""

    namespace: Namespace
    is_auto_verified: bool
    trusted: bool


@attrs.frozen
class NamedNamespace:
    """A namespace that was created or changed, and whether its name was taken from a redirect (decision 33)."""

    namespace: Namespace
    replaced_redirect: bool


@attrs.frozen(kw_only=True)
class NamespaceChanges:
    """What somebody wants to be changed of a namespace, as they wrote it; None leaves a thing as it is."""

    name: str | None = None
    display_name: str | None = None
    """An empty one removes the display name."""
    default_provider_source: str | None = None
    """An empty one means none, which is all there is: no provider sources can be configured yet."""


@attrs.frozen
class Namespaces:
    """The use cases of namespaces."""

    _unit_of_work: UnitOfWork
    _authoriser: Authoriser
    _clock: Clock
    _policy: NamespacePolicy
    _redirects: RedirectPolicy

    def page(
        self,
        identity: Identity,
        request: PageRequest | None,
        *,
        only_published: bool = False,
        of: ResourceType = ResourceType.MODULE,
    ) -> Page[Namespace]:
        """Namespaces ordered by name, ignoring case; all of them on one page when `request` is None.

        With `only_published`, those that hold something of this type with a latest version. Raises AccessDenied.
        """
        with self._unit_of_work.read() as tx:
            self._authoriser.permit(tx, identity, Capability.READ)
            if only_published and of is ResourceType.PROVIDER:
                # Only modules can be published so far.
                return Page(request or PageRequest(0, 1), (), 0)
            return tx.namespaces.page(request, only_published=only_published)

    def show(self, identity: Identity, name: str) -> NamespaceDetails:
        """The namespace of this name, or of the one its redirect leads to. Raises AccessDenied, NamespaceNotFound."""
        with self._unit_of_work.read() as tx:
            namespace = find_namespace(tx, name)
            self._authoriser.permit(tx, identity, Capability.READ, namespace.id if namespace is not None else None)
        if namespace is None:
            raise NamespaceNotFound
        return NamespaceDetails(namespace, self._policy.verifies(namespace.name), self._policy.trusts(namespace.name))

    def create(self, identity: Identity, name: str, display_name: str | None = None) -> NamedNamespace:
        """Create a namespace; an empty display name means none.

        A redirect of the name yields: it is deleted, with an audit event. Raises AccessDenied, InvalidIdentifier and
        NameTaken, in the order name, display name.
        """
        try:
            with self._unit_of_work.write() as tx:
                self._authoriser.permit(tx, identity, Capability.SITE_ADMIN)
                parsed = NamespaceName.parse(name)
                shown = DisplayName.parse(display_name) if display_name else None
                return self._create(tx, identity, parsed, shown)
        except AlreadyStored as error:
            raise NameTaken(_TAKEN_MEANWHILE) from error

    def _create(
        self, tx: Transaction, identity: Identity, name: NamespaceName, display_name: DisplayName | None
    ) -> NamedNamespace:
        _require_free_name(tx, name, None)
        _require_free_display_name(tx, display_name, None)
        pen = AuditPen(tx.audit, self._clock.now(), identity)
        replaced = _drop_redirects(tx, pen, name, None)
        namespace = tx.namespaces.add(name, display_name)
        pen.write(AuditAction.NAMESPACE_CREATE, name)
        return NamedNamespace(namespace, replaced)

    def admit_change(self, identity: Identity, name: str) -> None:
        """Check what can be told before it is known what is to be changed, or whether the namespace is to be deleted.

        Raises AccessDenied, NamespaceNotFound.
        """
        with self._unit_of_work.read() as tx:
            self._owned(tx, identity, name)

    def change(self, identity: Identity, name: str, changes: NamespaceChanges) -> NamedNamespace:
        """Change a namespace, addressed by its name or a former one: all of `changes`, or nothing.

        A former name leads to the namespace from then on, which is no GitHub account's any more. A name that leads to
        another namespace is free for site admins only, and its redirect goes (decision 33). Raises AccessDenied,
        NamespaceNotFound, InvalidIdentifier, NameTaken, ProviderSourceNotFound.
        """
        try:
            with self._unit_of_work.write() as tx:
                return self._change(tx, identity, self._owned(tx, identity, name), changes)
        except AlreadyStored as error:
            raise NameTaken(_TAKEN_MEANWHILE) from error

    def _owned(self, tx: Transaction, identity: Identity, name: str) -> Namespace:
        """The namespace, if the caller may do everything with it."""
        namespace = find_namespace(tx, name)
        self._authoriser.permit(tx, identity, Capability.FULL, namespace.id if namespace is not None else None)
        if namespace is None:
            raise NamespaceNotFound
        return namespace

    def _change(
        self, tx: Transaction, identity: Identity, namespace: Namespace, changes: NamespaceChanges
    ) -> NamedNamespace:
        name = namespace.name if changes.name is None else NamespaceName.parse(changes.name)
        display_name = namespace.display_name
        if changes.display_name is not None:
            display_name = DisplayName.parse(changes.display_name) if changes.display_name else None
        _require_free_name(tx, name, namespace)
        _require_free_display_name(tx, display_name, namespace)
        if name != namespace.name and _redirects_elsewhere(tx, name, namespace):
            self._require_site_admin(tx, identity, name)
        if changes.default_provider_source:
            raise ProviderSourceNotFound

        pen = AuditPen(tx.audit, self._clock.now(), identity)
        replaced = False
        if name != namespace.name:
            replaced = _drop_redirects(tx, pen, name, namespace)
            old_name = namespace.name
            pen.write(AuditAction.NAMESPACE_MODIFY_NAME, old_name, old_value=str(old_name), new_value=str(name))
            if name.folded != old_name.folded:
                # In another casing only, the name is found anyway.
                tx.namespaces.add_redirect(old_name, namespace.id)
                namespace = _without_origin(tx, pen, namespace, name)
            tx.namespaces.rename(namespace.id, name)
        if display_name != namespace.display_name:
            pen.write(
                AuditAction.NAMESPACE_MODIFY_DISPLAY_NAME,
                name,
                old_value=str(namespace.display_name) if namespace.display_name is not None else None,
                new_value=str(display_name) if display_name is not None else None,
            )
            tx.namespaces.set_display_name(namespace.id, display_name)
        return NamedNamespace(attrs.evolve(namespace, name=name, display_name=display_name), replaced)

    def _require_site_admin(self, tx: Transaction, identity: Identity, name: NamespaceName) -> None:
        try:
            self._authoriser.permit(tx, identity, Capability.SITE_ADMIN)
        except AccessDenied as error:
            raise NameTaken(
                f"{name} is a former name of another namespace, which only a site admin may take; choose another"
            ) from error

    def delete(self, identity: Identity, name: str) -> None:
        """Delete an empty namespace, addressed by its name or a former one.

        Redirects of module providers that were moved out of it, and what user groups may do in it, go with it, with an
        event each. Raises AccessDenied,
        NamespaceNotFound, NotEmpty while it holds a module provider, and RedirectInUse while such a redirect is used.
        """
        not_empty = NotEmpty("The namespace still holds module providers; delete or move them first")
        try:
            with self._unit_of_work.write() as tx:
                namespace = self._owned(tx, identity, name)
                if not tx.namespaces.is_empty(namespace.id):
                    raise not_empty
                now = self._clock.now()
                pen = AuditPen(tx.audit, now, identity)
                redirects = tx.module_providers.redirects_from(namespace.id)
                used = redirects_in_use(tx, self._redirects, redirects, now)
                if used:
                    raise RedirectInUse(
                        f"The former address {used[0].address} is still used to download {used[0].target}; "
                        "delete that module provider's redirects first"
                    )
                remove_redirects(tx, pen, redirects)
                for group, permission in tx.user_groups.permissions_on(namespace.id):
                    write_permission_removed(pen, group.name, str(namespace.name), permission)
                tx.namespaces.remove(namespace.id)
                pen.write(AuditAction.NAMESPACE_DELETE, namespace.name)
        except AlreadyStored as error:
            raise not_empty from error


_TAKEN_MEANWHILE = "A namespace of this name or display name exists already; choose another"


def _require_free_name(tx: Transaction, name: NamespaceName, owner: Namespace | None) -> None:
    found = tx.namespaces.find(name.value)
    if found is not None and (owner is None or found.id != owner.id):
        raise NameTaken(f"A namespace {name} exists already; choose another name")


def _require_free_display_name(tx: Transaction, display_name: DisplayName | None, owner: Namespace | None) -> None:
    found = tx.namespaces.find_by_display_name(display_name) if display_name is not None else None
    if found is not None and (owner is None or found.id != owner.id):
        raise NameTaken(f"Another namespace has the display name {display_name}; choose another")


def _without_origin(tx: Transaction, pen: AuditPen, namespace: Namespace, name: NamespaceName) -> Namespace:
    """The namespace, no longer a GitHub account's: anybody may register an account of its new `name` there."""
    if namespace.kind is NamespaceKind.NONE:
        return namespace
    tx.namespaces.set_origin(namespace.id, NamespaceKind.NONE, None)
    pen.write(
        AuditAction.NAMESPACE_MODIFY_TYPE,
        name,
        old_value=namespace.kind.value,
        new_value=NamespaceKind.NONE.value,
    )
    return attrs.evolve(namespace, kind=NamespaceKind.NONE, source=None)


def _redirects_elsewhere(
    tx: Transaction, name: NamespaceName, owner: Namespace | None
) -> list[tuple[NamespaceName, Namespace]]:
    """The redirects of this name that lead to a namespace other than `owner`."""
    redirects = tx.namespaces.redirects_named(name)
    return [(former, target) for former, target in redirects if owner is None or target.id != owner.id]


def _drop_redirects(tx: Transaction, pen: AuditPen, name: NamespaceName, owner: Namespace | None) -> bool:
    """Free a name that becomes `owner`'s of its redirects; whether one of them led to another namespace.

    That is worth an event (chapter 02, 14.3), and that a namespace takes back a name of its own is not.
    """
    elsewhere = _redirects_elsewhere(tx, name, owner)
    for former, target in elsewhere:
        pen.write(AuditAction.NAMESPACE_REDIRECT_DELETE, former, old_value=str(target.name))
    tx.namespaces.drop_redirects_named(name)
    return bool(elsewhere)
