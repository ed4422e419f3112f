"""Searching providers (chapter 01, 5.7)."""

from collections.abc import Mapping

import attrs

from terrareg_core.access.identities import Identity
from terrareg_core.access.permissions import Authoriser, Capability
from terrareg_core.modules.search import search_terms
from terrareg_core.transactions import UnitOfWork


@attrs.frozen(kw_only=True)
class ProviderFilterCounts:
    """How many matches of a search for providers each filter would leave."""

    trusted: int = 0
    contributed: int = 0
    """The matches that are not trusted."""
    categories: Mapping[str, int] = attrs.field(factory=dict)
    """By slug."""
    namespaces: Mapping[str, int] = attrs.field(factory=dict)
    """By name."""


@attrs.frozen
class ProviderCatalogue:
    """The use cases of those who look for providers.

    This registry takes modules only: there is no provider in it, and no search finds one.
    """

    _unit_of_work: UnitOfWork
    _authoriser: Authoriser

    def filters(self, identity: Identity, query: str) -> ProviderFilterCounts:
        """How many of the providers that match each filter would leave. Raises AccessDenied, InvalidArgument."""
        with self._unit_of_work.read() as tx:
            self._authoriser.permit(tx, identity, Capability.READ)
        search_terms(query)
        return ProviderFilterCounts()
