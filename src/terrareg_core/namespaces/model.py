"""Namespaces as entities, and what lists show of them."""

from collections.abc import Iterable
from enum import Enum
from typing import Self

import attrs

from terrareg_core.identifiers import DisplayName, NamespaceName


class NamespaceKind(Enum):
    """Where a namespace came from (chapter 02, 16.2); the values are stored."""

    NONE = "NONE"
    GITHUB_USER = "GITHUB_USER"
    GITHUB_ORGANISATION = "GITHUB_ORGANISATION"


class ResourceType(Enum):
    """What namespaces hold; the values are those that clients write."""

    MODULE = "module"
    PROVIDER = "provider"


@attrs.frozen
class Namespace:
    """A namespace; its id stays the same through renames."""

    id: int
    name: NamespaceName
    display_name: DisplayName | None = None
    kind: NamespaceKind = NamespaceKind.NONE
    source: str | None = None
    """The API name of the provider source that it was generated for, which makes it its GitHub account's."""


@attrs.frozen
class NamespacePolicy:
    """Which namespaces the operator singles out, by exact name (chapter 01, 2.4)."""

    trusted: frozenset[str] = frozenset()
    verified: frozenset[str] = frozenset()

    @classmethod
    def of(cls, *, trusted: Iterable[str] = (), verified: Iterable[str] = ()) -> Self:
        """The policy that names these namespaces; whoever is not trusted is *contributed*."""
        return cls(frozenset(trusted), frozenset(verified))

    def trusts(self, name: NamespaceName) -> bool:
        return name.value in self.trusted

    def verifies(self, name: NamespaceName) -> bool:
        """Whether module providers created in the namespace start out as verified."""
        return name.value in self.verified
