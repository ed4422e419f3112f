"""What lists, searches and details show of modules: read models, and the query port that fills them.

Every query is answered by a fixed number of statements, whatever the number of rows.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import attrs

from terrareg_core.identifiers import ModuleName, ModuleProviderId
from terrareg_core.modules.parts import ModulePart
from terrareg_core.modules.search import MatchCount, SearchCriteria
from terrareg_core.paging import Page, PageRequest
from terrareg_core.versions import Version


@attrs.frozen
class ModuleSummary:
    """A version of a module provider as a list shows it."""

    address: ModuleProviderId
    verified: bool
    version: Version
    published: bool
    internal: bool
    owner: str | None
    description: str | None
    published_at: datetime
    downloads: int
    """Recorded downloads of this version."""
    terraform_constraint: str | None
    """The module's constraint on terraform's version."""
    repo_base_url: str | None
    """The URL template that the version's metadata names."""
    module_provider_base_url: str | None = None
    """The URL template that the module provider's maintainers set."""
    git_provider_base_url: str | None = None
    """The URL template of the module provider's git provider."""
    provider_source_inheritance_disabled: bool = False
    """Whether the module provider doesn't use its namespace's default provider source."""


@attrs.frozen
class ListedModuleProvider:
    """A module provider in the list of its namespace."""

    address: ModuleProviderId
    verified: bool
    provider_source_inheritance_disabled: bool
    latest: ModuleSummary | None
    """The latest version; None where there is none."""


@attrs.frozen
class ListedVersion:
    """A version in the list of its module provider."""

    version: Version
    published: bool


@attrs.frozen
class ModuleVersionContent:
    """A version with what it contains and what stands beside it."""

    summary: ModuleSummary
    parts: Sequence[ModulePart]
    """The root first, then submodules, then examples, each by path."""
    versions: Sequence[ListedVersion]
    """All versions of the module provider, greatest first."""
    providers: Sequence[str]
    """The providers for which the namespace has this module, alphabetically."""


class ModuleCatalogue(Protocol):
    """The modules as readers see them, inside a transaction."""

    def search(self, criteria: SearchCriteria, page: PageRequest, *, counted: bool = True) -> Page[ModuleSummary]:
        """Module providers that have a latest version and meet `criteria`, each with that version.

        Ordered by score (highest first), module, provider, namespace; names in byte order. Scores and matches
        are those of `search.score`. The total counts all if it is `counted`, which costs more the more there are; else
        it is that of `Page.uncounted`.
        """
        ...

    def counts(self, criteria: SearchCriteria) -> Sequence[MatchCount]:
        """How many module providers `search` finds for `criteria`, by namespace and provider.

        In no order; none has 0 matches.
        """
        ...

    def of_namespace(
        self, namespace_id: int, module: ModuleName | None, allowed_providers: frozenset[str], page: PageRequest
    ) -> Page[ListedModuleProvider]:
        """The module providers of a namespace, those without versions included.

        Only those of one module (in any casing) and those for providers of an allow-list (empty allows all), by module
        and provider in byte order. The total counts all.
        """
        ...

    def version_content(self, module_provider_id: int, version: Version | None) -> ModuleVersionContent | None:
        """The version spelled exactly so, or the latest when `version` is None; None when there is no such version."""
        ...

    def versions(self, module_provider_id: int) -> Sequence[ListedVersion]:
        """All versions of the module provider, greatest first."""
        ...
