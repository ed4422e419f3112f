"""Shapes of the namespace endpoints (chapter 02, 3)."""

# The functions that declare fields are called once a field, on purpose.
# ruff: noqa: RUF009

from collections.abc import Sequence
from typing import Self

import attrs

from terrareg_core.namespaces.model import Namespace, ResourceType
from terrareg_core.namespaces.use_cases import NamedNamespace, NamespaceChanges, NamespaceDetails
from terrareg_core.paging import Page, PageRequest
from terrareg_http.schemas.common import PageMeta
from terrareg_http.schemas.fields import argument, optional_key

MAX_LIMIT = 1000
"""Of a page of namespaces (3.1)."""


# --- requests ----------------------------------------------------------------------------------------------------


@attrs.frozen
class NamespaceListArguments:
    """Which namespaces (3.1)."""

    only_published: bool = argument("Only namespaces that have something visible", default=False)
    type: ResourceType = argument(
        "What `only_published` looks at, and what `view_href` leads to", default=ResourceType.MODULE
    )
    offset: int = argument("How many rows to skip; only together with `limit`", default=0)
    limit: int | None = argument(
        f"How many rows to list, 1 to {MAX_LIMIT}; without it the answer is a plain array of all", default=None
    )

    @property
    def page(self) -> PageRequest | None:
        """None for all of them."""
        return None if self.limit is None else PageRequest.clamped(self.offset, self.limit, most=MAX_LIMIT)


@attrs.frozen
class NamespaceCreation:
    """A namespace to be created (3.2)."""

    name: str = argument("The name")
    display_name: str | None = argument("The name that people read", default=None)
    csrf_token: str | None = argument("The session's token; callers with an API key need none", default=None)


@attrs.frozen
class NamespaceEdit:
    """What is changed of a namespace (3.4); what is missing or null stays as it is."""

    name: str | None = argument("The new name; the old one leads here from now on", default=None)
    display_name: str | None = argument("The new name that people read; an empty one removes it", default=None)
    default_provider_source: str | None = argument(
        "The provider source whose credentials are used for git; an empty one means none", default=None
    )
    csrf_token: str | None = argument("The session's token; callers with an API key need none", default=None)

    @property
    def changes(self) -> NamespaceChanges:
        return NamespaceChanges(
            name=self.name, display_name=self.display_name, default_provider_source=self.default_provider_source
        )


# --- responses ---------------------------------------------------------------------------------------------------


@attrs.frozen
class NamespaceItem:
    """A namespace in a list."""

    name: str
    view_href: str
    display_name: str | None

    @classmethod
    def of(cls, namespace: Namespace, kind: ResourceType) -> Self:
        return cls(namespace.name.value, _page_of(namespace.name.value, kind), _display_name(namespace))


@attrs.frozen
class NamespacePage:
    """A page of namespaces."""

    meta: PageMeta
    namespaces: Sequence[NamespaceItem]

    @classmethod
    def of(cls, page: Page[Namespace], kind: ResourceType) -> Self:
        return cls(PageMeta.of(page), [NamespaceItem.of(namespace, kind) for namespace in page.rows])


@attrs.frozen
class CreatedNamespaceAnswer:
    """A new namespace."""

    name: str
    view_href: str
    display_name: str | None
    replaced_redirect: bool | None = optional_key("True when a redirect of this name was replaced")

    @classmethod
    def of(cls, created: NamedNamespace) -> Self:
        name = created.namespace.name.value
        shown_at = _page_of(name, ResourceType.MODULE)
        return cls(name, shown_at, _display_name(created.namespace), created.replaced_redirect or None)


@attrs.frozen
class ChangedNamespaceAnswer:
    """A namespace as it is after a change."""

    name: str
    view_href: str
    display_name: str | None
    default_provider_source: str | None = None
    replaced_redirect: bool | None = optional_key("True when a redirect of this name was replaced")

    @classmethod
    def of(cls, changed: NamedNamespace) -> Self:
        name = changed.namespace.name.value
        return cls(
            name,
            _page_of(name, ResourceType.MODULE),
            _display_name(changed.namespace),
            replaced_redirect=changed.replaced_redirect or None,
        )


@attrs.frozen
class NamespaceAnswer:
    """A namespace as its own endpoint shows it (3.3)."""

    name: str
    """The current name, by which a client can tell that it was redirected."""
    is_auto_verified: bool
    trusted: bool
    display_name: str | None
    default_provider_source: str | None = None

    @classmethod
    def of(cls, details: NamespaceDetails) -> Self:
        namespace = details.namespace
        return cls(namespace.name.value, details.is_auto_verified, details.trusted, _display_name(namespace))


def _page_of(name: str, kind: ResourceType) -> str:
    """The path of the page that shows what a namespace holds of this type."""
    return f"/{kind.value}s/{name}"


def _display_name(namespace: Namespace) -> str | None:
    return namespace.display_name.value if namespace.display_name is not None else None
