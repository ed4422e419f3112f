"""Shapes of the module protocol, search and details (chapter 01, 4 and 6)."""

# The functions that declare fields are called once a field, on purpose.
# ruff: noqa: RUF009

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self

import attrs

from terrareg_core.modules.catalogue import (
    ModuleOutline,
    ModuleSearch,
    PartDetails,
    ProviderDependency,
    VersionDetails,
    VersionList,
)
from terrareg_core.modules.specification import Input, ModuleCall, Output, Resource
from terrareg_core.paging import Page, PageRequest
from terrareg_http.schemas.common import PageMeta
from terrareg_http.schemas.fields import argument, optional_key, verbatim

# --- requests ----------------------------------------------------------------------------------------------------

_OFFSET = "How many rows to skip"
_LIMIT = "How many rows to list, 1 to 50"
_PROVIDER = "Only modules for this provider; may be repeated"
_VERIFIED = "Only verified modules"


@attrs.frozen
class PageArguments:
    """Which page of a list."""

    offset: int = argument(_OFFSET, default=0)
    limit: int = argument(_LIMIT, default=10)

    @property
    def page(self) -> PageRequest:
        return PageRequest.clamped(self.offset, self.limit)


@attrs.frozen
class ListArguments(PageArguments):
    """Which modules, of all (4.1)."""

    provider: tuple[str, ...] | None = argument(_PROVIDER, default=None)
    verified: bool = argument(_VERIFIED, default=False)

    @property
    def search(self) -> ModuleSearch:
        return ModuleSearch(providers=self.provider, verified=self.verified)


@attrs.frozen
class SearchArguments:
    """What is searched for (4.2)."""

    q: str = argument("Search terms, separated by white space; may be empty")
    offset: int = argument(_OFFSET, default=0)
    limit: int = argument(_LIMIT, default=10)
    provider: tuple[str, ...] | None = argument(_PROVIDER, default=None)
    namespace: tuple[str, ...] | None = argument("Only modules of this namespace; may be repeated", default=None)
    verified: bool = argument(_VERIFIED, default=False)
    trusted_namespaces: bool | None = argument("Modules of trusted namespaces", default=None)
    contributed: bool | None = argument("Modules of namespaces that are not trusted", default=None)
    include_count: bool = argument("Whether to tell how many modules match", default=False)
    target_terraform_version: str | None = argument(
        "A terraform version, such as 1.11.4, with which each module's compatibility is told", default=None
    )

    @property
    def page(self) -> PageRequest:
        return PageRequest.clamped(self.offset, self.limit)

    @property
    def search(self) -> ModuleSearch:
        return ModuleSearch(
            query=self.q,
            providers=self.provider,
            namespaces=self.namespace,
            verified=self.verified,
            trusted_namespaces=self.trusted_namespaces,
            contributed=self.contributed,
            target_terraform_version=self.target_terraform_version,
        )


@attrs.frozen
class DownloadArguments:
    """How a module is fetched (2.12)."""

    terraform_get: str | None = argument(
        "`1` when terraform fetches the address itself over plain HTTP: the answer is an absolute address then",
        default=None,
        name="terraform-get",
    )

    @property
    def direct(self) -> bool:
        return self.terraform_get == "1"


@attrs.frozen
class ArchiveArguments:
    """How a hosted archive is opened (5.8)."""

    presign: str | None = argument(
        "A pre-signed key, needed on a closed registry; wins over that in the path", default=None
    )


# --- responses ---------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class VersionOutline:
    """A module version in a list (6.1)."""

    id: str
    namespace: str
    name: str
    provider: str
    verified: bool
    trusted: bool
    provider_source: str | None = None
    provider_source_inheritance_disabled: bool
    namespace_default_provider_source: str | None = None
    owner: str | None
    version: str
    description: str | None
    source: str | None
    published_at: datetime | None
    downloads: int
    internal: bool
    version_compatibility: str | None = optional_key("Only where a terraform version was named")

    @classmethod
    def of(cls, outline: ModuleOutline) -> "VersionOutline":
        return VersionOutline(**_outline(outline))


def _outline(outline: ModuleOutline) -> dict[str, Any]:
    summary, compatibility = outline.summary, outline.compatibility
    return {
        "id": f"{summary.address}/{summary.version}",
        "namespace": summary.address.namespace.value,
        "name": summary.address.module.value,
        "provider": summary.address.provider.value,
        "verified": summary.verified,
        "trusted": outline.trusted,
        "owner": summary.owner,
        "version": summary.version.text,
        "description": summary.description,
        "source": outline.source,
        "published_at": summary.published_at,
        "downloads": summary.downloads,
        "internal": summary.internal,
        "provider_source_inheritance_disabled": summary.provider_source_inheritance_disabled,
        "version_compatibility": compatibility.value if compatibility is not None else None,
    }


@attrs.frozen
class ModuleList:
    """A page of modules, each with its latest version (4.1, 4.2)."""

    meta: PageMeta
    modules: Sequence[VersionOutline]
    count: int | None = optional_key("How many modules match, if that was asked for")

    @classmethod
    def of(cls, page: Page[ModuleOutline], *, counted: bool = False) -> Self:
        return cls(PageMeta.of(page), [VersionOutline.of(row) for row in page.rows], page.total if counted else None)


@attrs.frozen(kw_only=True)
class ModuleInput:
    """A variable of a module."""

    name: str
    type: str
    description: str | None
    default: Any = verbatim("Any JSON value")
    required: bool

    @classmethod
    def of(cls, item: Input) -> Self:
        return cls(
            name=item.name,
            type=item.type,
            description=item.description,
            default=item.default,
            required=item.required,
        )


@attrs.frozen
class ModuleOutput:
    """An output of a module."""

    name: str
    description: str | None

    @classmethod
    def of(cls, item: Output) -> Self:
        return cls(item.name, item.description)


@attrs.frozen
class ModuleDependency:
    """A module that a module calls and that lies elsewhere."""

    name: str
    source: str
    version: str

    @classmethod
    def of(cls, call: ModuleCall) -> Self:
        return cls(call.name, call.source, call.version)


@attrs.frozen
class ModuleProviderDependency:
    """A provider that a module needs."""

    name: str
    namespace: str
    source: str
    version: str | None

    @classmethod
    def of(cls, dependency: ProviderDependency) -> Self:
        return cls(dependency.name, dependency.namespace, "", dependency.version)


@attrs.frozen
class ModuleResource:
    """A resource or data source of a module."""

    type: str
    name: str
    provider: str
    source: str
    mode: str
    version: str
    description: str | None

    @classmethod
    def of(cls, item: Resource) -> Self:
        return cls(item.type, item.name, item.provider, item.source, item.mode, item.version, item.description)


@attrs.frozen
class ModuleSpecs:
    """One directory of a module (6.4)."""

    path: str
    readme: str | None
    empty: bool
    inputs: Sequence[ModuleInput]
    outputs: Sequence[ModuleOutput]
    dependencies: Sequence[ModuleDependency]
    provider_dependencies: Sequence[ModuleProviderDependency]
    resources: Sequence[ModuleResource]

    @classmethod
    def of(cls, part: PartDetails) -> Self:
        return cls(
            part.path,
            part.readme,
            False,
            [ModuleInput.of(item) for item in part.inputs],
            [ModuleOutput.of(item) for item in part.outputs],
            [ModuleDependency.of(call) for call in part.dependencies],
            [ModuleProviderDependency.of(dependency) for dependency in part.provider_dependencies],
            [ModuleResource.of(item) for item in part.resources],
        )


@attrs.frozen(kw_only=True)
class ModuleVersionDetails(VersionOutline):
    """A module version with everything that it holds (6.3)."""

    versions: Sequence[str]
    root: ModuleSpecs
    submodules: Sequence[ModuleSpecs]
    providers: Sequence[str]

    @classmethod
    def of_version(cls, details: VersionDetails) -> Self:
        return cls(
            **_outline(details.outline),
            versions=[version.text for version in details.versions],
            root=ModuleSpecs.of(details.root),
            submodules=[ModuleSpecs.of(part) for part in details.submodules],
            providers=details.providers,
        )


@attrs.frozen
class RootSummary:
    """Kept for clients that look for it; always empty."""

    providers: Sequence[str] = ()
    dependencies: Sequence[str] = ()


@attrs.frozen
class AvailableVersion:
    """A version that terraform may choose (4.6)."""

    version: str
    root: RootSummary = RootSummary()
    submodules: Sequence[str] = ()


@attrs.frozen
class AvailableModule:
    """A module provider with the versions that terraform may choose."""

    source: str
    versions: Sequence[AvailableVersion]


@attrs.frozen
class AvailableVersions:
    """What terraform asks before it chooses a version (4.6); `modules` has one element."""

    modules: Sequence[AvailableModule]

    @classmethod
    def of(cls, listed: VersionList) -> Self:
        versions = [AvailableVersion(version.text) for version in listed.versions]
        return cls([AvailableModule(str(listed.address), versions)])


@attrs.frozen
class CreatedModuleProvider:
    """The address of a new module provider (chapter 02, 4.1)."""

    id: str


@attrs.frozen
class UploadAnswer:
    """What an upload or an import made (chapter 02, 10.1 and 10.2)."""

    status: str = "Success"
    warnings: Sequence[str] | None = optional_key("What could not be read of the sources, a sentence each")
