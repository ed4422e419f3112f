"""What can be done with namespaces: list, show, create, delete (chapter 02, 3)."""

import attrs

from terrareg_core.access.identities import Identity
from terrareg_core.access.permissions import Authoriser, Capability
from terrareg_core.audit.events import AuditAction, AuditPen
from terrareg_core.clock import Clock
from terrareg_core.errors import AlreadyStored, NamespaceNotFound, NameTaken, NotEmpty
from terrareg_core.identifiers import DisplayName, NamespaceName
from terrareg_core.modules.resolution import find_namespace
from terrareg_core.namespaces.model import Namespace, NamespacePolicy, ResourceType
from terrareg_core.paging import Page, PageRequest
from terrareg_core.transactions import Transaction, UnitOfWork


@attrs.frozen
class NamespaceDetails:
    """A namespace as its own endpoint shows it."""

    namespace: Namespace
    is_auto_verified: bool
    trusted: bool


@attrs.frozen
class CreatedNamespace:
    """A new namespace, and whether its name was taken from a redirect (decision 33)."""

    namespace: Namespace
    replaced_redirect: bool


@attrs.frozen
class Namespaces:
    """The use cases of namespaces."""

    _unit_of_work: UnitOfWork
    _authoriser: Authoriser
    _clock: Clock
    _policy: NamespacePolicy

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
        self._authoriser.permit(identity, Capability.READ)
        if only_published and of is ResourceType.PROVIDER:
            # Only modules can be published so far.
            return Page(request or PageRequest(0, 1), (), 0)
        with self._unit_of_work.read() as tx:
            return tx.namespaces.page(request, only_published=only_published)

    def show(self, identity: Identity, name: str) -> NamespaceDetails:
        """The namespace of this name, or of the one its redirect leads to. Raises AccessDenied, NamespaceNotFound."""
        self._authoriser.permit(identity, Capability.READ)
        with self._unit_of_work.read() as tx:
            namespace = find_namespace(tx, name)
        if namespace is None:
            raise NamespaceNotFound
        return NamespaceDetails(namespace, self._policy.verifies(namespace.name), self._policy.trusts(namespace.name))

    def create(self, identity: Identity, name: str, display_name: str | None = None) -> CreatedNamespace:
        """Create a namespace; an empty display name means none.

        A redirect of the name yields: it is deleted, with an audit event. Raises AccessDenied, InvalidIdentifier and
        NameTaken, in the order name, display name.
        """
        self._authoriser.permit(identity, Capability.SITE_ADMIN)
        parsed = NamespaceName.parse(name)
        shown = DisplayName.parse(display_name) if display_name else None
        try:
            with self._unit_of_work.write() as tx:
                return self._create(tx, identity, parsed, shown)
        except AlreadyStored as error:
            raise NameTaken("A namespace of this name or display name exists already; choose another") from error

    def _create(
        self, tx: Transaction, identity: Identity, name: NamespaceName, display_name: DisplayName | None
    ) -> CreatedNamespace:
        if tx.namespaces.find(name.value) is not None:
            raise NameTaken(f"A namespace {name} exists already; choose another name")
        if display_name is not None and tx.namespaces.find_by_display_name(display_name) is not None:
            raise NameTaken(f"Another namespace has the display name {display_name}; choose another")
        pen = AuditPen(tx.audit, self._clock.now(), identity)
        redirects = tx.namespaces.redirects_named(name)
        for former_name, target in redirects:
            pen.write(AuditAction.NAMESPACE_REDIRECT_DELETE, former_name, old_value=str(target.name))
        if redirects:
            tx.namespaces.drop_redirects_named(name)
        namespace = tx.namespaces.add(name, display_name)
        pen.write(AuditAction.NAMESPACE_CREATE, name)
        return CreatedNamespace(namespace, bool(redirects))

    def delete(self, identity: Identity, name: str) -> None:
        """Delete an empty namespace, addressed by its name or a former one.

        Raises AccessDenied, NamespaceNotFound, and NotEmpty while it holds a module provider.
        """
        not_empty = NotEmpty("The namespace still holds module providers; delete or move them first")
        try:
            with self._unit_of_work.write() as tx:
                namespace = find_namespace(tx, name)
                self._authoriser.permit(identity, Capability.FULL, namespace.id if namespace else None)
                if namespace is None:
                    raise NamespaceNotFound
                if not tx.namespaces.is_empty(namespace.id):
                    raise not_empty
                tx.namespaces.remove(namespace.id)
                AuditPen(tx.audit, self._clock.now(), identity).write(AuditAction.NAMESPACE_DELETE, namespace.name)
        except AlreadyStored as error:
            raise not_empty from error
