"""Shapes of the registry's own pages: module providers, versions, filters, download counts (chapter 01, 5 and 6)."""

# The functions that declare fields are called once a field, on purpose.
# ruff: noqa: RUF009

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Self

import attrs

from terrareg_core.analytics.statistics import DownloadSummary
from terrareg_core.modules.links import ShownLink
from terrareg_core.modules.module_tree import ExpandedCall
from terrareg_core.modules.overview import ModuleProviderOutline, ModuleProviderPage, PageOptions, VersionPage
from terrareg_core.modules.read_models import ListedVersion
from terrareg_core.modules.search import FilterCounts
from terrareg_core.modules.sources import PublicAddress, TagFormat
from terrareg_core.paging import Page, PageRequest
from terrareg_core.providers.catalogue import ProviderFilterCounts
from terrareg_http.schemas.common import PageMeta
from terrareg_http.schemas.fields import argument, verbatim
from terrareg_http.schemas.modules import (
    ModuleDependency,
    ModuleInput,
    ModuleOutput,
    ModuleProviderDependency,
    ModuleResource,
    ModuleSpecs,
    ModuleVersionDetails,
    VersionOutline,
)

_MOST_ROWS: Final = 1000
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

# --- requests ----------------------------------------------------------------------------------------------------


@attrs.frozen
class LongPageArguments:
    """Which page of a list whose pages may be long."""

    offset: int = argument("How many rows to skip", default=0)
    limit: int = argument(f"How many rows to list, 1 to {_MOST_ROWS}", default=10)

    @property
    def page(self) -> PageRequest:
        return PageRequest.clamped(self.offset, self.limit, most=_MOST_ROWS)


@attrs.frozen
class VersionListArguments:
    """Which versions are listed (5.4)."""

    include_beta: bool = argument("Whether betas are listed", default=False, name="include-beta")
    include_unpublished: bool = argument(
        "Whether versions that are not published are listed", default=False, name="include-unpublished"
    )


@attrs.frozen
class DetailsArguments:
    """How details are wanted (5.3)."""

    target_terraform_version: str | None = argument(
        "A terraform version, such as 1.11.4, with which the version's compatibility is told", default=None
    )
    output: str = argument(
        "`html` for descriptions of the root's inputs and outputs in HTML; anything else means Markdown", default="md"
    )

    def options(self, public: PublicAddress) -> PageOptions:
        """What is wanted by somebody who reaches the registry at `public`."""
        return PageOptions(
            public=public,
            as_html=self.output == "html",
            target_terraform_version=self.target_terraform_version,
        )


@attrs.frozen
class FilterArguments:
    """For which search filters are counted (5.7)."""

    q: str = argument("Search terms, separated by white space; may be empty")


# --- lists -------------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class ProviderOutline:
    """A module provider without a latest version in a list (6.1)."""

    id: str
    namespace: str
    name: str
    provider: str
    verified: bool
    trusted: bool
    provider_source: str | None = None
    provider_source_inheritance_disabled: bool
    namespace_default_provider_source: str | None = None

    @classmethod
    def of(cls, outline: ModuleProviderOutline) -> "ProviderOutline":
        return ProviderOutline(**_provider_outline(outline))


def _provider_outline(outline: ModuleProviderOutline) -> dict[str, Any]:
    return {
        "id": str(outline.address),
        "namespace": outline.address.namespace.value,
        "name": outline.address.module.value,
        "provider": outline.address.provider.value,
        "verified": outline.verified,
        "trusted": outline.trusted,
        "provider_source_inheritance_disabled": outline.provider_source_inheritance_disabled,
    }


@attrs.frozen
class ModuleProviderList:
    """A page of module providers, each with its latest version, or without a key `version` if it has none (5.1)."""

    meta: PageMeta
    modules: Sequence[VersionOutline | ProviderOutline]

    @classmethod
    def of(cls, page: Page[ModuleProviderOutline]) -> Self:
        rows = [VersionOutline.of(row.latest) if row.latest else ProviderOutline.of(row) for row in page.rows]
        return cls(PageMeta.of(page), rows)


@attrs.frozen
class VersionItem:
    """A version in the list of its module provider (5.4)."""

    version: str
    published: bool
    beta: bool

    @classmethod
    def of(cls, item: ListedVersion) -> Self:
        return cls(item.version.text, item.published, item.version.is_beta)


# --- pages -------------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class ModuleProviderDetails(ProviderOutline):
    """A module provider that has no latest version (6.2)."""

    versions: Sequence[str]
    module_provider_id: str
    git_provider_id: int | None
    git_tag_format: str
    git_path: str | None
    archive_git_path: bool
    repo_base_url_template: str | None
    repo_clone_url_template: str | None
    repo_browse_url_template: str | None
    git_path_template: str | None

    @classmethod
    def of_page(cls, page: ModuleProviderPage) -> Self:
        return cls(**_provider_outline(page.outline), **_module_provider(page))


def _module_provider(page: ModuleProviderPage) -> dict[str, Any]:
    """What the page of a module provider and those of its versions have in common beside the outline."""
    git = page.git
    return {
        "versions": [version.text for version in page.versions],
        "module_provider_id": str(page.outline.address),
        "git_provider_id": git.git_provider.id if git.git_provider is not None else None,
        "git_tag_format": TagFormat.stored(git.tag_format).text,
        "git_path": page.git_path,
        "archive_git_path": git.archive_git_path,
        "repo_base_url_template": git.templates.base,
        "repo_clone_url_template": git.templates.clone,
        "repo_browse_url_template": git.templates.browse,
        "git_path_template": git.git_path or None,
    }


@attrs.frozen
class NestedCall:
    """A module that the root calls, or that is called by one that it calls; names are joined by dots then."""

    name: str
    source: str
    version: str | None
    description: str | None

    @classmethod
    def of(cls, call: ExpandedCall) -> Self:
        return cls(call.name, call.source, call.version, call.description)


@attrs.frozen(kw_only=True)
class RootSpecs:
    """The root of a module with all the modules that are called below it (6.5)."""

    path: str
    readme: str | None
    empty: bool
    inputs: Sequence[ModuleInput]
    outputs: Sequence[ModuleOutput]
    dependencies: Sequence[ModuleDependency]
    provider_dependencies: Sequence[ModuleProviderDependency]
    resources: Sequence[ModuleResource]
    modules: Sequence[NestedCall]

    @classmethod
    def of(cls, specs: ModuleSpecs, calls: Sequence[ExpandedCall]) -> Self:
        return cls(**attrs.asdict(specs, recurse=False), modules=[NestedCall.of(call) for call in calls])


@attrs.frozen
class CustomLink:
    """A link that the operator adds to a version's page."""

    text: str
    url: str

    @classmethod
    def of(cls, link: ShownLink) -> Self:
        return cls(link.text, link.url)


@attrs.frozen(kw_only=True)
class VersionPageDetails(VersionOutline):
    """A module version with everything that its page shows (6.5)."""

    versions: Sequence[str]
    """Published ones that are no betas."""
    root: RootSpecs
    submodules: Sequence[ModuleSpecs]
    providers: Sequence[str]
    module_provider_id: str
    git_provider_id: int | None
    git_tag_format: str
    git_path: str | None
    archive_git_path: bool
    repo_base_url_template: str | None
    repo_clone_url_template: str | None
    repo_browse_url_template: str | None
    git_path_template: str | None
    published_at_display: str | None
    display_source_url: str | None
    terraform_example_version_string: str
    terraform_example_version_comment: Sequence[str]
    beta: bool
    published: bool
    security_failures: int
    security_results: Any = verbatim("Results of a scanner that failed, or null")
    additional_tab_files: Mapping[str, str]
    custom_links: Sequence[CustomLink]
    graph_url: str
    terraform_version_constraint: str | None
    module_extraction_up_to_date: bool
    usage_example: str

    @classmethod
    def of_page(cls, page: VersionPage) -> Self:
        protocol = ModuleVersionDetails.of_version(page.details)
        summary = page.details.outline.summary
        known = attrs.asdict(protocol, recurse=False) | _module_provider(page.module_provider)
        return cls(
            **known
            | {
                "root": RootSpecs.of(protocol.root, page.calls),
                "published_at_display": _day(summary.published_at),
                "display_source_url": page.source,
                "terraform_example_version_string": page.example_version,
                "terraform_example_version_comment": page.example_comments,
                "beta": summary.version.is_beta,
                "published": summary.published,
                "security_failures": len(page.security_results or ()),
                "security_results": page.security_results,
                "additional_tab_files": page.tab_files,
                "custom_links": [CustomLink.of(link) for link in page.links],
                "graph_url": f"/modules/{protocol.id}/graph",
                "terraform_version_constraint": page.terraform_version_constraint,
                "module_extraction_up_to_date": page.extraction_up_to_date,
                "usage_example": page.usage_example,
            }
        )


def _day(moment: datetime) -> str:
    """A day as people read it, in English whatever the process's locale."""
    return f"{_MONTHS[moment.month - 1]} {moment.day:02}, {moment.year}"


# --- counts ------------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class SearchFilters:
    """How many matches of a search each filter would leave (5.7)."""

    verified: int
    trusted_namespaces: int
    contributed: int
    providers: Mapping[str, int]
    namespaces: Mapping[str, int]

    @classmethod
    def of(cls, counts: FilterCounts) -> Self:
        return cls(
            verified=counts.verified,
            trusted_namespaces=counts.trusted,
            contributed=counts.contributed,
            providers=counts.providers,
            namespaces=counts.namespaces,
        )


@attrs.frozen(kw_only=True)
class ProviderSearchFilters:
    """How many matches of a search for providers each filter would leave (5.7)."""

    trusted_namespaces: int
    contributed: int
    provider_categories: Mapping[str, int]
    namespaces: Mapping[str, int]

    @classmethod
    def of(cls, counts: ProviderFilterCounts) -> Self:
        return cls(
            trusted_namespaces=counts.trusted,
            contributed=counts.contributed,
            provider_categories=counts.categories,
            namespaces=counts.namespaces,
        )


@attrs.frozen
class DownloadCountsAnswer:
    """Downloads of the last 7, 31 and 365 days, and all."""

    week: int
    month: int
    year: int
    total: int


@attrs.frozen
class ModuleDownloads:
    """The downloads of a module provider."""

    id: str
    attributes: DownloadCountsAnswer
    type: str = "module-downloads-summary"


@attrs.frozen
class ModuleDownloadSummary:
    """How often a module provider was downloaded (4.9)."""

    data: ModuleDownloads

    @classmethod
    def of(cls, summary: DownloadSummary) -> Self:
        counts = summary.counts
        return cls(
            ModuleDownloads(
                str(summary.address), DownloadCountsAnswer(counts.week, counts.month, counts.year, counts.total)
            )
        )
