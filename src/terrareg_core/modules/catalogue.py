"""Reading modules: lists, search, versions and details (chapter 01, 4)."""

from collections.abc import Sequence

import attrs

from terrareg_core.access.identities import Identity
from terrareg_core.access.permissions import Authoriser, Capability
from terrareg_core.analytics.tokens import split_analytics_token
from terrareg_core.errors import EmptyPage, ModuleVersionNotFound
from terrareg_core.identifiers import ModuleProviderId, RequestedModuleProvider
from terrareg_core.modules.addresses import SourceUrls
from terrareg_core.modules.model import ModulePolicy, ModuleProvider
from terrareg_core.modules.parts import ModulePart, PartKind
from terrareg_core.modules.read_models import ModuleSummary, ModuleVersionContent
from terrareg_core.modules.resolution import find_namespace, find_permitted
from terrareg_core.modules.search import FilterCounts, SearchCriteria, TrustFilter, search_terms
from terrareg_core.modules.specification import Input, ModuleCall, Output, ProviderUse, Resource
from terrareg_core.namespaces.model import NamespacePolicy
from terrareg_core.paging import Page, PageRequest
from terrareg_core.transactions import Transaction, UnitOfWork
from terrareg_core.versions import Compatibility, Version, VersionConstraint


@attrs.frozen
class ModuleOutline:
    """A version in a list (chapter 01, 6.1)."""

    summary: ModuleSummary
    trusted: bool
    source: str | None
    """Where people find the repository."""
    compatibility: Compatibility | None = None
    """With the terraform version that the asker named."""

    @classmethod
    def of(
        cls, summary: ModuleSummary, namespaces: NamespacePolicy, urls: SourceUrls, target: str | None = None
    ) -> "ModuleOutline":
        """What a list shows of a version; compatibility is with the terraform version `target`, if one is named."""
        compatibility = (
            VersionConstraint(summary.terraform_constraint).compatibility(target) if target is not None else None
        )
        return cls(summary, namespaces.trusts(summary.address.namespace), urls.source_of(summary), compatibility)


@attrs.frozen
class ProviderDependency:
    """A provider that a module needs, as details list it (chapter 01, 6.4)."""

    name: str
    namespace: str
    version: str | None

    @classmethod
    def of(cls, use: ProviderUse) -> "ProviderDependency":
        """Split a name at its first slash; without one the provider belongs to HashiCorp."""
        namespace, slash, name = use.name.partition("/")
        return cls(name, namespace, use.version) if slash else cls(use.name, "hashicorp", use.version)


@attrs.frozen
class PartDetails:
    """The root, a submodule or an example as details show it (chapter 01, 6.4); texts are safe to show."""

    path: str
    readme: str
    inputs: Sequence[Input]
    outputs: Sequence[Output]
    dependencies: Sequence[ModuleCall]
    """Calls of modules that lie elsewhere than in this one."""
    provider_dependencies: Sequence[ProviderDependency]
    resources: Sequence[Resource]

    @classmethod
    def of(cls, part: ModulePart) -> "PartDetails":
        """What is shown of a stored part."""
        specification, safe = part.specification, part.safe
        return cls(
            part.path,
            safe.readme,
            [
                attrs.evolve(item, description=description)
                for item, description in zip(specification.inputs, safe.input_descriptions, strict=True)
            ],
            [
                attrs.evolve(item, description=description)
                for item, description in zip(specification.outputs, safe.output_descriptions, strict=True)
            ],
            [call for call in specification.modules if not call.source.startswith(("./", "../"))],
            [
                ProviderDependency.of(attrs.evolve(use, name=name))
                for use, name in zip(specification.providers, safe.provider_names, strict=True)
            ],
            specification.resources,
        )


@attrs.frozen
class VersionDetails:
    """A version with everything that its details show (chapter 01, 6.3)."""

    outline: ModuleOutline
    versions: Sequence[Version]
    """Published ones, betas included, greatest first."""
    root: PartDetails
    submodules: Sequence[PartDetails]
    providers: Sequence[str]

    @classmethod
    def of(cls, outline: ModuleOutline, content: ModuleVersionContent) -> "VersionDetails":
        """What details show of a stored version."""
        root, *others = content.parts
        return cls(
            outline,
            [item.version for item in content.versions if item.published],
            PartDetails.of(root),
            [PartDetails.of(part) for part in others if part.kind is PartKind.SUBMODULE],
            content.providers,
        )


@attrs.frozen
class VersionList:
    """What terraform chooses from."""

    address: ModuleProviderId
    versions: Sequence[Version]
    """Published ones, betas included, greatest first."""


@attrs.frozen(kw_only=True)
class ModuleSearch:
    """What a reader searches for (chapter 01, 4.2)."""

    query: str = ""
    providers: tuple[str, ...] | None = None
    namespaces: tuple[str, ...] | None = None
    verified: bool = False
    trusted_namespaces: bool | None = None
    contributed: bool | None = None
    target_terraform_version: str | None = None


@attrs.frozen
class Catalogue:
    """The use cases of readers.

    Where a docstring says so, the namespace of an address may carry an analytics token, which is stripped and ignored.
    """

    _unit_of_work: UnitOfWork
    _authoriser: Authoriser
    _policy: ModulePolicy
    _namespaces: NamespacePolicy
    _urls: SourceUrls

    def search(
        self, identity: Identity, search: ModuleSearch, page: PageRequest, *, counted: bool = False
    ) -> Page[ModuleOutline]:
        """Module providers with a latest version that is not internal, best match first.

        The page's total is counted only on demand. Raises AccessDenied, InvalidArgument.
        """
        with self._unit_of_work.read() as tx:
            self._authoriser.permit(tx, identity, Capability.READ)
            criteria = attrs.evolve(
                self._unrestricted(),
                terms=search_terms(search.query),
                namespaces=search.namespaces,
                providers=search.providers,
                verified_only=search.verified,
                trust=TrustFilter.of(trusted=search.trusted_namespaces, contributed=search.contributed),
            )
            return self._outlines(tx, criteria, page, search.target_terraform_version, counted=counted)

    def in_namespace(self, identity: Identity, namespace: str, page: PageRequest) -> Page[ModuleOutline]:
        """The module providers of a namespace, internal ones included; a redirect of the name is followed.

        Raises AccessDenied, and EmptyPage for an unknown namespace or a page that holds nothing.
        """
        return self._named(identity, namespace, page, include_internal=True)

    def of_module(self, identity: Identity, namespace: str, module: str, page: PageRequest) -> Page[ModuleOutline]:
        """The providers of one module (its name exact); `namespace` may carry a token, a redirect of it is followed.

        Raises AccessDenied, EmptyPage.
        """
        return self._named(identity, split_analytics_token(namespace)[0], page, module=module)

    def versions(self, identity: Identity, requested: RequestedModuleProvider) -> VersionList:
        """The versions that terraform may choose from; the namespace may carry a token.

        Raises AccessDenied, NotFound, InvalidIdentifier.
        """
        with self._unit_of_work.read() as tx:
            module_provider = self._find(tx, identity, Capability.TERRAFORM, requested)
            listed = tx.catalogue.versions(module_provider.id)
        return VersionList(module_provider.address, [item.version for item in listed if item.published])

    def version_details(
        self, identity: Identity, requested: RequestedModuleProvider, version: str | None = None
    ) -> VersionDetails:
        """A version, published or not, or the latest when `version` is None; the namespace may carry a token.

        Raises AccessDenied, NotFound, InvalidIdentifier, InvalidVersion.
        """
        with self._unit_of_work.read() as tx:
            module_provider = self._find(tx, identity, Capability.READ, requested)
            wanted = Version.parse(version) if version is not None else None
            content = tx.catalogue.version_content(module_provider.id, wanted)
        if content is None:
            raise ModuleVersionNotFound
        return VersionDetails.of(self._outline(content.summary), content)

    def filters(self, identity: Identity, query: str) -> FilterCounts:
        """How many of the module providers that `search` finds for a query each filter would leave.

        Raises AccessDenied, InvalidArgument.
        """
        with self._unit_of_work.read() as tx:
            self._authoriser.permit(tx, identity, Capability.READ)
            criteria = attrs.evolve(self._unrestricted(), terms=search_terms(query))
            counted = tx.catalogue.counts(criteria)
        return FilterCounts.of(counted, self._namespaces.trusted)

    # --- the pieces ----------------------------------------------------------------------------------------------

    def _find(
        self, tx: Transaction, identity: Identity, capability: Capability, requested: RequestedModuleProvider
    ) -> ModuleProvider:
        return find_permitted(tx, self._authoriser, identity, capability, _without_token(requested), self._policy)

    def _named(
        self,
        identity: Identity,
        name: str,
        page: PageRequest,
        *,
        module: str | None = None,
        include_internal: bool = False,
    ) -> Page[ModuleOutline]:
        with self._unit_of_work.read() as tx:
            namespace = find_namespace(tx, name)
            self._authoriser.permit(tx, identity, Capability.READ, namespace.id if namespace is not None else None)
            if namespace is None:
                raise EmptyPage
            criteria = attrs.evolve(
                self._unrestricted(),
                namespaces=(namespace.name.value,),
                module=module,
                include_internal=include_internal,
            )
            found = self._outlines(tx, criteria, page)
        if not found.rows:
            raise EmptyPage
        return found

    def _unrestricted(self) -> SearchCriteria:
        return SearchCriteria(
            allowed_providers=self._policy.allowed_providers, trusted_namespaces=self._namespaces.trusted
        )

    def _outlines(
        self,
        tx: Transaction,
        criteria: SearchCriteria,
        page: PageRequest,
        target: str | None = None,
        *,
        counted: bool = False,
    ) -> Page[ModuleOutline]:
        found = tx.catalogue.search(criteria, page, counted=counted)
        return Page(page, [self._outline(summary, target) for summary in found.rows], found.total)

    def _outline(self, summary: ModuleSummary, target: str | None = None) -> ModuleOutline:
        return ModuleOutline.of(summary, self._namespaces, self._urls, target)


def _without_token(requested: RequestedModuleProvider) -> RequestedModuleProvider:
    return attrs.evolve(requested, namespace=split_analytics_token(requested.namespace)[0])
