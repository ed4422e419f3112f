"""What the registry's own pages show of namespaces, module providers and versions (chapter 01, 5.1 to 5.4)."""

from collections.abc import Mapping, Sequence

import attrs

from terrareg_core.access.identities import Identity
from terrareg_core.access.permissions import Authoriser, Capability
from terrareg_core.errors import ModuleVersionNotFound, NamespaceNotFound
from terrareg_core.identifiers import ModuleName, ModuleProviderId, RequestedModuleProvider
from terrareg_core.json_values import JsonObject
from terrareg_core.modules.addresses import SourceUrls
from terrareg_core.modules.catalogue import ModuleOutline, VersionDetails
from terrareg_core.modules.documentation import DocumentationPolicy, RequestedVersion
from terrareg_core.modules.documents import DocumentedPart, HtmlTexts
from terrareg_core.modules.git_settings import GitSettings
from terrareg_core.modules.links import ShownLink, shown_tabs
from terrareg_core.modules.model import EXTRACTION_VERSION, ModulePolicy, ModuleProvider, ModuleVersion
from terrareg_core.modules.module_tree import ExpandedCall, expanded_calls
from terrareg_core.modules.parts import PartKind
from terrareg_core.modules.read_models import ListedModuleProvider, ListedVersion, ModuleVersionContent
from terrareg_core.modules.resolution import find_namespace, find_permitted
from terrareg_core.modules.scanning import failures
from terrareg_core.modules.snippets import VersionSnippets
from terrareg_core.modules.sources import GitPath, PublicAddress
from terrareg_core.namespaces.model import NamespacePolicy
from terrareg_core.paging import Page, PageRequest
from terrareg_core.transactions import Transaction, UnitOfWork
from terrareg_core.versions import Version


@attrs.frozen
class ModuleProviderOutline:
    """A module provider in a list, with or without a version (chapter 01, 6.1)."""

    address: ModuleProviderId
    verified: bool
    trusted: bool
    provider_source_inheritance_disabled: bool
    latest: ModuleOutline | None = None
    """The latest version; None where there is none."""


@attrs.frozen
class ModuleProviderPage:
    """A module provider as its page shows it, whatever version it is about (chapter 01, 6.2)."""

    outline: ModuleProviderOutline
    versions: Sequence[Version]
    """Published ones that are no betas, greatest first."""
    git: GitSettings
    git_path: str | None
    """The effective directory of modules in the repository; None for the root."""


@attrs.frozen(kw_only=True)
class PageOptions:
    """How somebody wants a page."""

    public: PublicAddress
    """Where the asker reaches this registry, for snippets."""
    as_html: bool = False
    """Whether the descriptions of the root are HTML; else they are Markdown."""
    target_terraform_version: str | None = None
    """A terraform version with which compatibility is told."""


@attrs.frozen(kw_only=True)
class VersionPage:
    """A version with everything that its page shows (chapter 01, 6.5)."""

    module_provider: ModuleProviderPage
    details: VersionDetails
    """As the module protocol shows them, but for the root's descriptions."""
    calls: Sequence[ExpandedCall]
    """Of the root, with those that are nested in them."""
    source: str | None
    """Where people find the version's directory in the repository."""
    example_version: str
    """The version constraint of snippets."""
    example_comments: Sequence[str]
    usage_example: str
    security_results: Sequence[JsonObject] | None
    """Those of the root that failed; None where no scan is known or shown."""
    tab_files: Mapping[str, str]
    """The path of each tab's file, by the tab's title."""
    links: Sequence[ShownLink]
    terraform_version_constraint: str | None
    extraction_up_to_date: bool
    """Whether it was indexed by rules that are still those of today."""


@attrs.frozen
class Overviews:
    """The use cases of the registry's own pages.

    Addresses are followed through redirects, and carry no analytics token.
    """

    _unit_of_work: UnitOfWork
    _authoriser: Authoriser
    _modules: ModulePolicy
    _namespaces: NamespacePolicy
    _policy: DocumentationPolicy
    _urls: SourceUrls

    def module_providers(
        self, identity: Identity, namespace: str, page: PageRequest, module: str | None = None
    ) -> Page[ModuleProviderOutline]:
        """The module providers of a namespace, or of one module in it, with and without versions.

        A page may be empty. Raises AccessDenied, NamespaceNotFound, InvalidIdentifier (for the module's name).
        """
        with self._unit_of_work.read() as tx:
            found = find_namespace(tx, namespace)
            self._authoriser.permit(tx, identity, Capability.READ, found.id if found is not None else None)
            if found is None:
                raise NamespaceNotFound
            name = ModuleName.parse(module) if module is not None else None
            listed = tx.catalogue.of_namespace(found.id, name, self._modules.allowed_providers, page)
        return Page(page, [self._listed(row) for row in listed.rows], listed.total)

    def versions(
        self,
        identity: Identity,
        requested: RequestedModuleProvider,
        *,
        include_beta: bool = False,
        include_unpublished: bool = False,
    ) -> Sequence[ListedVersion]:
        """The versions of a module provider, greatest first; betas and unpublished ones only if wanted.

        An unpublished beta needs both. Raises AccessDenied, NotFound, InvalidIdentifier.
        """
        with self._unit_of_work.read() as tx:
            listed = tx.catalogue.versions(self._find(tx, identity, requested).id)
        return [
            item
            for item in listed
            if (include_beta or not item.version.is_beta) and (include_unpublished or item.published)
        ]

    def module_provider(
        self, identity: Identity, requested: RequestedModuleProvider, options: PageOptions
    ) -> VersionPage | ModuleProviderPage:
        """The page of the latest version, or of the module provider alone where there is none.

        Raises AccessDenied, NamespaceNotFound, InvalidIdentifier, ModuleProviderNotFound.
        """
        with self._unit_of_work.read() as tx:
            module_provider = self._find(tx, identity, requested)
            version = tx.module_versions.latest_of(module_provider.id)
            if version is None:
                return self._module_provider_page(module_provider, tx.catalogue.versions(module_provider.id))
            stored = _Stored.read(tx, module_provider, version)
        return self._version_page(stored, options)

    def version(self, identity: Identity, requested: RequestedVersion, options: PageOptions) -> VersionPage:
        """The page of a version, published or not.

        Raises AccessDenied, NamespaceNotFound, InvalidIdentifier, ModuleProviderNotFound, InvalidVersion,
        ModuleVersionNotFound.
        """
        with self._unit_of_work.read() as tx:
            module_provider = self._find(tx, identity, requested.module_provider)
            version = tx.module_versions.find(module_provider.id, Version.parse(requested.version))
            if version is None:
                raise ModuleVersionNotFound
            stored = _Stored.read(tx, module_provider, version)
        return self._version_page(stored, options)

    # --- the pieces ----------------------------------------------------------------------------------------------

    def _find(self, tx: Transaction, identity: Identity, requested: RequestedModuleProvider) -> ModuleProvider:
        return find_permitted(tx, self._authoriser, identity, Capability.READ, requested, self._modules)

    def _listed(self, row: ListedModuleProvider) -> ModuleProviderOutline:
        latest = ModuleOutline.of(row.latest, self._namespaces, self._urls) if row.latest is not None else None
        return ModuleProviderOutline(
            row.address,
            row.verified,
            self._namespaces.trusts(row.address.namespace),
            row.provider_source_inheritance_disabled,
            latest,
        )

    def _module_provider_page(
        self, module_provider: ModuleProvider, versions: Sequence[ListedVersion]
    ) -> ModuleProviderPage:
        address, git = module_provider.address, module_provider.git
        git_path = GitPath.stored(git.git_path)
        return ModuleProviderPage(
            ModuleProviderOutline(
                address,
                module_provider.verified,
                self._namespaces.trusts(address.namespace),
                git.provider_source_inheritance_disabled,
            ),
            [item.version for item in versions if item.published and not item.version.is_beta],
            git,
            git_path.effective(address) if git_path is not None else None,
        )

    def _version_page(self, stored: "_Stored", options: PageOptions) -> VersionPage:
        module_provider, version, content = stored.module_provider, stored.version, stored.content
        specification, documents = stored.root.part.specification, stored.root.documents
        outline = ModuleOutline.of(content.summary, self._namespaces, self._urls, options.target_terraform_version)
        details = VersionDetails.of(outline, content)
        snippets = VersionSnippets(
            self._policy.snippets,
            options.public,
            module_provider.address,
            version.version,
            version.published,
            module_provider.latest_version_id == version.id,
        )
        shown = (link.shown_for(module_provider.address, version.version) for link in self._policy.links)
        return VersionPage(
            module_provider=self._module_provider_page(module_provider, content.versions),
            details=_in_html(details, documents.html) if options.as_html else details,
            calls=expanded_calls(specification, documents.calls),
            source=self._urls.browse_url(module_provider, version),
            example_version=snippets.constraint,
            example_comments=snippets.comments,
            usage_example=snippets.usage_example(""),
            security_results=failures(documents.security) if self._policy.security_results else None,
            tab_files=shown_tabs(self._policy.tabs, stored.files),
            links=[link for link in shown if link is not None],
            terraform_version_constraint=specification.terraform_version_constraint,
            extraction_up_to_date=version.extraction_version == EXTRACTION_VERSION,
        )


@attrs.frozen
class _Stored:
    """All that is stored of a version for its page."""

    module_provider: ModuleProvider
    version: ModuleVersion
    content: ModuleVersionContent
    root: DocumentedPart
    files: Sequence[str]

    @classmethod
    def read(cls, tx: Transaction, module_provider: ModuleProvider, version: ModuleVersion) -> "_Stored":
        content = tx.catalogue.version_content(module_provider.id, version.version)
        root = tx.documents.part(version.id, PartKind.ROOT, "")
        # All of one transaction, and every version has a root.
        assert content is not None
        assert root is not None
        return cls(module_provider, version, content, root, tx.documents.files(version.id))


def _in_html(details: VersionDetails, html: HtmlTexts) -> VersionDetails:
    root = details.root
    if (len(html.input_descriptions), len(html.output_descriptions)) != (len(root.inputs), len(root.outputs)):
        # Indexed when no HTML was made yet; Markdown is the next best.
        return details
    inputs = [
        attrs.evolve(item, description=text) for item, text in zip(root.inputs, html.input_descriptions, strict=True)
    ]
    outputs = [
        attrs.evolve(item, description=text) for item, text in zip(root.outputs, html.output_descriptions, strict=True)
    ]
    return attrs.evolve(details, root=attrs.evolve(root, inputs=inputs, outputs=outputs))
