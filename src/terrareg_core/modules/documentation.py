"""Reading what a version contains, document by document (chapter 03, 21)."""

import html
from collections.abc import Sequence

import attrs

from terrareg_core.access.identities import Identity
from terrareg_core.access.permissions import Authoriser, Capability
from terrareg_core.errors import (
    DocumentNotFound,
    ExampleFileNotFound,
    ModuleVersionNotFound,
    PartNotFound,
)
from terrareg_core.identifiers import RequestedModuleProvider
from terrareg_core.json_values import JsonObject
from terrareg_core.modules.addresses import SourceUrls
from terrareg_core.modules.catalogue import PartDetails
from terrareg_core.modules.documents import DocumentedPart
from terrareg_core.modules.graph import ShownGraph, resource_costs, shown, yearly_cost
from terrareg_core.modules.links import ModuleLink, ModuleTab
from terrareg_core.modules.model import ModulePolicy, ModuleProvider, ModuleVersion
from terrareg_core.modules.parts import PartKind
from terrareg_core.modules.resolution import find_permitted
from terrareg_core.modules.scanning import failures
from terrareg_core.modules.slots import fill
from terrareg_core.modules.snippets import SnippetPolicy, VersionSnippets
from terrareg_core.modules.sources import PublicAddress
from terrareg_core.modules.specification import ModuleCall
from terrareg_core.modules.usage import usage_variables
from terrareg_core.transactions import Transaction, UnitOfWork
from terrareg_core.versions import Version


@attrs.frozen
class RequestedVersion:
    """A version as a client wrote it: nothing is validated yet, and the address may be a former one."""

    module_provider: RequestedModuleProvider
    version: str


@attrs.frozen
class PartPage:
    """A submodule or an example with everything that its details show (chapter 03, 21.4)."""

    details: PartDetails
    modules: Sequence[ModuleCall]
    """Direct calls, local ones included."""
    source: str | None
    """Where people find the directory in the repository."""
    security_results: Sequence[JsonObject] | None
    """Those that failed; None where no scan is known or shown."""
    usage_example: str
    terraform_version_constraint: str | None
    yearly_cost: str | None
    """Of an example, with two decimals; None where it is not known."""
    link: str
    """The path, below the version's page, of the page that shows the directory."""


@attrs.frozen
class PathList:
    """Paths below the module root of a version."""

    version_id: str
    """The version's current address, with its version."""
    paths: Sequence[str]


@attrs.frozen
class DocumentationPolicy:
    """What the operator laid down about what is shown of a version."""

    snippets: SnippetPolicy = attrs.field(factory=SnippetPolicy)
    security_results: bool = True
    """Whether results of scanners are shown; they are kept in any case."""
    generate_usage_variables: bool = True
    """Whether a usage builder asks for inputs that the metadata file doesn't name."""
    links: Sequence[ModuleLink] = ()
    """In the order in which they are shown."""
    tabs: Sequence[ModuleTab] = ()
    """Documents beside the README that have a tab each."""


@attrs.frozen
class _Found:
    """A version that was found."""

    module_provider: ModuleProvider
    version: ModuleVersion

    @property
    def id(self) -> str:
        """The version's current address with the version."""
        return f"{self.module_provider.address}/{self.version.version}"

    @property
    def is_latest(self) -> bool:
        return self.module_provider.latest_version_id == self.version.id


@attrs.frozen
class Documentation:
    """The use cases of people who read about a version; unpublished ones can be read by whoever names them.

    Addresses are followed through redirects, and carry no analytics token. All raise AccessDenied, NamespaceNotFound,
    InvalidIdentifier, ProviderNotAllowed, ModuleProviderNotFound, InvalidVersion and ModuleVersionNotFound.
    """

    _unit_of_work: UnitOfWork
    _authoriser: Authoriser
    _modules: ModulePolicy
    _policy: DocumentationPolicy
    _urls: SourceUrls

    def readme(
        self, identity: Identity, requested: RequestedVersion, kind: PartKind, path: str, public: PublicAddress
    ) -> str | None:
        """The README of a documented directory as HTML, None without one. Raises PartNotFound."""
        with self._unit_of_work.read() as tx:
            found = self._find(tx, identity, requested)
            readme = tx.documents.readme(found.version.id, kind, path)
            if readme is None and path not in tx.documents.paths(found.version.id, kind):
                raise PartNotFound
        snippets = self._snippets(found, public)
        return fill(readme, lambda slot: html.escape(snippets.for_slot(slot))) if readme is not None else None

    def file(self, identity: Identity, requested: RequestedVersion, path: str) -> str:
        """A document beside the README as HTML. Raises DocumentNotFound."""
        with self._unit_of_work.read() as tx:
            content = tx.documents.file(self._find(tx, identity, requested).version.id, path)
        if content is None:
            raise DocumentNotFound
        return content

    def usage_variables(
        self, identity: Identity, requested: RequestedVersion, *, as_html: bool
    ) -> Sequence[JsonObject]:
        """What a usage builder asks for (chapter 03, 18), help texts as Markdown or as HTML."""
        with self._unit_of_work.read() as tx:
            found = self._find(tx, identity, requested)
            template = tx.documents.usage_template(found.version.id)
            root = self._part(tx, found, PartKind.ROOT, "")
        # Rows of an older extraction version have no HTML yet.
        descriptions = (root.documents.html.input_descriptions if as_html else ()) or root.part.safe.input_descriptions
        return usage_variables(
            template,
            root.part.specification.inputs,
            descriptions,
            autogenerate=self._policy.generate_usage_variables,
            sanitise=str,
        )

    def paths(self, identity: Identity, requested: RequestedVersion, kind: PartKind) -> PathList:
        """The paths of a version's submodules or examples."""
        with self._unit_of_work.read() as tx:
            found = self._find(tx, identity, requested)
            return PathList(found.id, tx.documents.paths(found.version.id, kind))

    def part(
        self, identity: Identity, requested: RequestedVersion, kind: PartKind, path: str, public: PublicAddress
    ) -> PartPage:
        """The details of a submodule or an example. Raises PartNotFound."""
        with self._unit_of_work.read() as tx:
            found = self._find(tx, identity, requested)
            stored = self._part(tx, found, kind, path)
        specification, documents = stored.part.specification, stored.documents
        return PartPage(
            PartDetails.of(stored.part),
            specification.modules,
            self._urls.browse_url(found.module_provider, found.version, path),
            failures(documents.security) if self._policy.security_results else None,
            self._snippets(found, public).usage_example(path),
            specification.terraform_version_constraint,
            yearly_cost(documents.cost) if kind is PartKind.EXAMPLE else None,
            f"{found.id}/graph/{kind.value}/{path}",
        )

    def example_files(self, identity: Identity, requested: RequestedVersion, example: str) -> PathList:
        """The paths of an example's own files, `main.tf` first. Raises PartNotFound."""
        with self._unit_of_work.read() as tx:
            found = self._find(tx, identity, requested)
            if example not in tx.documents.paths(found.version.id, PartKind.EXAMPLE):
                raise PartNotFound
            paths = tx.documents.example_files(found.version.id, example)
        return PathList(found.id, sorted(paths, key=lambda path: (path.rpartition("/")[2] != "main.tf", path)))

    def example_file(self, identity: Identity, requested: RequestedVersion, path: str, public: PublicAddress) -> str:
        """A file of an example, escaped, with sources as this registry names them. Raises ExampleFileNotFound."""
        with self._unit_of_work.read() as tx:
            found = self._find(tx, identity, requested)
            content = tx.documents.example_file(found.version.id, path)
        if content is None:
            raise ExampleFileNotFound
        return fill(content, self._snippets(found, public).for_slot)

    def graph(
        self,
        identity: Identity,
        requested: RequestedVersion,
        kind: PartKind,
        path: str,
        *,
        full_resource_names: bool,
        full_module_names: bool,
    ) -> ShownGraph:
        """The graph of a documented directory (chapter 03, 17).

        Raises PartNotFound also for an unknown version, as clients of graphs expect.
        """
        with self._unit_of_work.read() as tx:
            try:
                found = self._find(tx, identity, requested)
            except ModuleVersionNotFound as error:
                raise PartNotFound from error
            stored = self._part(tx, found, kind, path)
        return shown(
            stored.documents.graph,
            full_resource_names=full_resource_names,
            full_module_names=full_module_names,
            costs=resource_costs(stored.documents.cost),
        )

    # --- the pieces ----------------------------------------------------------------------------------------------

    def _find(self, tx: Transaction, identity: Identity, requested: RequestedVersion) -> _Found:
        module_provider = find_permitted(
            tx, self._authoriser, identity, Capability.READ, requested.module_provider, self._modules
        )
        version = tx.module_versions.find(module_provider.id, Version.parse(requested.version))
        if version is None:
            raise ModuleVersionNotFound
        return _Found(module_provider, version)

    def _part(self, tx: Transaction, found: _Found, kind: PartKind, path: str) -> DocumentedPart:
        part = tx.documents.part(found.version.id, kind, path)
        if part is None:
            raise PartNotFound
        return part

    def _snippets(self, found: _Found, public: PublicAddress) -> VersionSnippets:
        return VersionSnippets(
            self._policy.snippets,
            public,
            found.module_provider.address,
            found.version.version,
            found.version.published,
            found.is_latest,
        )
