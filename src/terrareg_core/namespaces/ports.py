"""Where namespaces are kept."""

from typing import Protocol

from terrareg_core.identifiers import DisplayName, NamespaceName
from terrareg_core.namespaces.model import Namespace, NamespaceKind
from terrareg_core.paging import Page, PageRequest


class NamespaceRepository(Protocol):
    """The namespaces and the redirects of their former names, inside a transaction."""

    def add(
        self,
        name: NamespaceName,
        display_name: DisplayName | None = None,
        kind: NamespaceKind = NamespaceKind.NONE,
        source: str | None = None,
    ) -> Namespace:
        """Store a new namespace and return it with the id it got.

        Raises AlreadyStored when its name or its display name, in any casing, belongs to another.
        """
        ...

    def find(self, name: str) -> Namespace | None:
        """The live namespace of this name in any casing; `name` is a client's text and may be no valid name at all."""
        ...

    def find_by_display_name(self, display_name: DisplayName) -> Namespace | None:
        """The namespace of this display name in any casing."""
        ...

    def rename(self, namespace_id: int, name: NamespaceName) -> None:
        """Give the namespace another name.

        Raises AlreadyStored when the name, in any casing, belongs to another, or when the namespace is gone.
        """
        ...

    def set_display_name(self, namespace_id: int, display_name: DisplayName | None) -> None:
        """Give the namespace another display name, or none.

        Raises AlreadyStored when the display name, in any casing, belongs to another, or when the namespace is gone.
        """
        ...

    def set_origin(self, namespace_id: int, kind: NamespaceKind, source: str | None) -> None:
        """Make it the namespace of a GitHub account at a provider source, or of none.

        Raises AlreadyStored when the namespace is gone.
        """
        ...

    def former_names(self, namespace_id: int) -> "list[NamespaceName]":
        """The names from which redirects lead to the namespace, in the order in which they were added."""
        ...

    def find_redirected(self, name: str) -> Namespace | None:
        """The namespace that a redirect of this name, in any casing, leads to; of several, the latest one's."""
        ...

    def add_redirect(self, former_name: NamespaceName, namespace_id: int) -> None:
        """Let `former_name` lead to the namespace from now on; harmless when it does already."""
        ...

    def drop_redirects_named(self, name: NamespaceName) -> None:
        """Delete every redirect of this name, in any casing."""
        ...

    def redirects_named(self, name: NamespaceName) -> "list[tuple[NamespaceName, Namespace]]":
        """The redirects of this name, in any casing: as stored, with the namespace that each leads to."""
        ...

    def is_empty(self, namespace_id: int) -> bool:
        """Whether the namespace holds no module provider."""
        ...

    def remove(self, namespace_id: int) -> None:
        """Delete the namespace with its redirects, with the module-provider redirects that start in it, and with what
        user groups may do in it; access tokens that are limited to it lose it.

        Raises AlreadyStored when it is not empty (any more).
        """
        ...

    def page(self, request: PageRequest | None, *, only_published: bool) -> Page[Namespace]:
        """Namespaces ordered by name, ignoring case, then by name; all of them when `request` is None.

        With `only_published`, those with a module provider that has a latest version.
        """
        ...
