"""What the registry's own pages show, over the in-memory twins (chapter 01, 5)."""

from datetime import timedelta

import attrs
import pytest

from terrareg_adapters.memory.sources import PreparedReader, memory_archive
from terrareg_core.access.permissions import AccessPolicy
from terrareg_core.analytics.downloads import DownloadCounts
from terrareg_core.errors import (
    AuthenticationRequired,
    InvalidIdentifier,
    InvalidVersion,
    ModuleProviderNotFound,
    ModuleVersionNotFound,
    NamespaceNotFound,
)
from terrareg_core.identifiers import ModuleName, ProviderName
from terrareg_core.json_values import JsonObject
from terrareg_core.modules.documentation import DocumentationPolicy, RequestedVersion
from terrareg_core.modules.documents import HtmlTexts, PartDocuments, VersionDocuments
from terrareg_core.modules.links import ModuleLink
from terrareg_core.modules.model import (
    EXTRACTION_VERSION,
    IndexedContent,
    ModuleMetadata,
    ModulePolicy,
    NewModuleVersion,
    StoredArchives,
)
from terrareg_core.modules.module_tree import CalledModule
from terrareg_core.modules.overview import ModuleProviderPage, PageOptions, VersionPage
from terrareg_core.modules.parts import ModulePart, PartKind, SafeTexts
from terrareg_core.modules.ports import StoredObject
from terrareg_core.modules.sources import PublicAddress
from terrareg_core.modules.specification import Input, ModuleCall, ModuleSpecification, Output
from terrareg_core.namespaces.model import NamespacePolicy
from terrareg_core.paging import PageRequest
from terrareg_core.versions import Version
from tests.unit.registries import ADMIN, ANONYMOUS, World, address, download, make_world

VPC = address("acme/vpc/aws")
OPTIONS = PageOptions(public=PublicAddress("https", "reg.example.com", 443))
FIRST = PageRequest(0, 10)
RESULTS: tuple[JsonObject, ...] = tuple({"rule_id": f"R{status}", "status": status} for status in (0, 1, 2, 9, None))
SPECIFICATION = ModuleSpecification(
    inputs=(Input("size", "any", "**n**", None, required=True),),
    modules=(ModuleCall("a", "./a", "", "An a"),),
    outputs=(Output("id", "*i*"),),
)
SAFE = SafeTexts("", ("**n**",), ("*i*",), ())
DOCUMENTS = PartDocuments(
    HtmlTexts(None, ("<b>n</b>",), ("<i>i</i>",)),
    (CalledModule("", "", "", ""), CalledModule("a", "./a", "", "a"), CalledModule("a.b", "../b", "", "b")),
    security=RESULTS,
)


def store(
    world: World,
    version: str,
    documents: PartDocuments = DOCUMENTS,
    *,
    published: bool = True,
    extraction: int = EXTRACTION_VERSION,
) -> None:
    """Store a version of `acme/vpc/aws` with these documents, as its latest if it is published and no beta."""
    now = world.clock.now()
    stored = StoredObject("key", 1, "0" * 64)
    content = IndexedContent(
        ModuleMetadata(),
        None,
        (ModulePart(PartKind.ROOT, "", "", SPECIFICATION, SAFE),),
        documents=VersionDocuments({(PartKind.ROOT, ""): documents}),
    )
    with world.unit_of_work.write() as tx:
        namespace = tx.namespaces.find("acme")
        assert namespace is not None
        found = tx.module_providers.find(namespace.id, ModuleName("vpc"), ProviderName("aws"))
        assert found is not None
        new = NewModuleVersion(
            found.id,
            Version.parse(version),
            published,
            now,
            now,
            content,
            StoredArchives(stored, stored),
            "somebody",
            extraction_version=extraction,
        )
        added = tx.module_versions.add(new)
        if published and not new.version.is_beta:
            tx.module_providers.set_latest(found.id, added.id)


def given_world(**policies: object) -> World:
    """A world in which `acme/vpc/aws` has no version."""
    world = make_world(**policies)  # type: ignore[arg-type]
    world.registry.namespaces.create(ADMIN, "acme")
    world.registry.module_providers.create(ADMIN, VPC)
    return world


def page_of(world: World, version: str | None = None, options: PageOptions = OPTIONS) -> VersionPage:
    overviews = world.registry.overviews
    page = (
        overviews.module_provider(ANONYMOUS, VPC, options)
        if version is None
        else overviews.version(ANONYMOUS, RequestedVersion(VPC, version), options)
    )
    assert isinstance(page, VersionPage)
    return page


def test_only_results_that_failed_are_shown() -> None:
    world = given_world()
    store(world, "1.0.0")
    assert page_of(world).security_results == [{"rule_id": "R0", "status": 0}]


def test_no_scan_and_none_that_failed_are_told_apart() -> None:
    world = given_world()
    store(world, "1.0.0", attrs.evolve(DOCUMENTS, security=None))
    store(world, "1.1.0", attrs.evolve(DOCUMENTS, security=RESULTS[1:]))
    assert page_of(world, "1.0.0").security_results is None
    assert page_of(world, "1.1.0").security_results == []


def test_the_operator_can_hide_results() -> None:
    world = given_world(documentation=DocumentationPolicy(security_results=False))
    store(world, "1.0.0")
    assert page_of(world).security_results is None


def test_descriptions_are_markdown_or_html() -> None:
    world = given_world()
    store(world, "1.0.0")
    root, html = page_of(world).details.root, page_of(world, None, attrs.evolve(OPTIONS, as_html=True)).details.root
    assert (root.inputs[0].description, root.outputs[0].description) == ("**n**", "*i*")
    assert (html.inputs[0].description, html.outputs[0].description) == ("<b>n</b>", "<i>i</i>")


def test_what_was_indexed_before_there_was_html_is_shown_as_markdown() -> None:
    world = given_world()
    store(world, "1.0.0", attrs.evolve(DOCUMENTS, html=HtmlTexts()), extraction=2)
    page = page_of(world, None, attrs.evolve(OPTIONS, as_html=True))
    assert page.details.root.inputs[0].description == "**n**"
    assert not page.extraction_up_to_date


def test_what_was_indexed_by_the_rules_of_today_is_up_to_date() -> None:
    world = given_world()
    world.registry.publishing.upload(ADMIN, VPC, "1.0.0", memory_archive({"main.tf": ""}))
    assert page_of(world).extraction_up_to_date


def test_nested_calls_follow_direct_ones() -> None:
    world = given_world()
    store(world, "1.0.0")
    calls = page_of(world).calls
    assert [(call.name, call.source, call.description) for call in calls] == [
        ("a", "./a", "An a"),
        ("a.b", "./b", "An a"),
    ]


def test_a_module_provider_has_a_page_before_it_has_a_latest_version() -> None:
    world = given_world(namespaces=NamespacePolicy.of(trusted=["acme"]))
    store(world, "1.0.0-beta")
    store(world, "2.0.0", published=False)
    page = world.registry.overviews.module_provider(ANONYMOUS, VPC, OPTIONS)
    assert isinstance(page, ModuleProviderPage)
    assert (list(page.versions), page.git_path, page.outline.trusted) == ([], None, True)
    listed = world.registry.overviews.module_providers(ANONYMOUS, "acme", FIRST)
    assert [(str(row.address), row.latest) for row in listed.rows] == [("acme/vpc/aws", None)]


def test_only_the_latest_version_is_not_pinned() -> None:
    world = given_world()
    store(world, "1.0.0")
    store(world, "1.1.0")
    store(world, "2.0.0-beta")
    store(world, "3.0.0", published=False)
    remarks = {version: len(page_of(world, version).example_comments) for version in ("1.0.0", "1.1.0", "3.0.0")}
    assert remarks == {"1.0.0": 2, "1.1.0": 0, "3.0.0": 2}
    assert [version.text for version in page_of(world).module_provider.versions] == ["1.1.0", "1.0.0"]
    assert [version.text for version in page_of(world).details.versions] == ["2.0.0-beta", "1.1.0", "1.0.0"]


def test_a_link_of_another_namespace_is_not_shown() -> None:
    links = (ModuleLink("a", "#", frozenset({"other"})), ModuleLink("{module} {version}", "#"))
    world = given_world(documentation=DocumentationPolicy(links=links))
    store(world, "1.0.0")
    assert [link.text for link in page_of(world).links] == ["vpc 1.0.0"]


@pytest.mark.parametrize(
    ("target", "version", "error"),
    [
        ("nope/vpc/aws", "1.0", NamespaceNotFound),
        ("nope/in@valid/aws", "1.0", NamespaceNotFound),
        ("acme/in@valid/aws", "1.0", InvalidIdentifier),
        ("acme/vpc/with-dash", "1.0", InvalidIdentifier),
        ("acme/none/aws", "1.0", ModuleProviderNotFound),
        ("acme/vpc/aws", "1.0", InvalidVersion),
        ("acme/vpc/aws", "9.9.9", ModuleVersionNotFound),
    ],
)
def test_what_does_not_exist_is_told_from_the_namespace_down(target: str, version: str, error: type[Exception]) -> None:
    world = given_world()
    with pytest.raises(error):
        world.registry.overviews.version(ANONYMOUS, RequestedVersion(address(target), version), OPTIONS)


def test_the_allow_list_holds_for_pages_and_lists() -> None:
    world = given_world()
    closed = make_world(modules=ModulePolicy(allowed_providers=frozenset({"gcp"})))
    closed.registry.namespaces.create(ADMIN, "acme")
    assert world.registry.overviews.module_providers(ANONYMOUS, "acme", FIRST).total == 1
    with pytest.raises(InvalidIdentifier):
        closed.registry.overviews.module_provider(ANONYMOUS, VPC, OPTIONS)
    with pytest.raises(InvalidIdentifier):
        closed.registry.statistics.module_downloads(ANONYMOUS, VPC)


def test_downloads_are_counted_from_now_backwards() -> None:
    world = make_world(reader=PreparedReader())
    world.registry.publishing.upload(ADMIN, VPC, "1.0.0", memory_archive({"main.tf": ""}))
    for days in (400, 300, 24, 6):
        download(world, "app__acme/vpc/aws")
        world.clock.advance(timedelta(days=days))
    summary = world.registry.statistics.module_downloads(ANONYMOUS, address("ACME/VPC/aws"))
    assert str(summary.address) == "acme/vpc/aws"
    assert summary.counts == DownloadCounts(1, 2, 3, 4)


def test_strangers_see_nothing_of_a_closed_registry() -> None:
    registry = given_world(access=AccessPolicy(anonymous_access=False)).registry
    for read in (
        lambda: registry.overviews.module_providers(ANONYMOUS, "acme", FIRST),
        lambda: registry.overviews.versions(ANONYMOUS, VPC),
        lambda: registry.overviews.module_provider(ANONYMOUS, VPC, OPTIONS),
        lambda: registry.overviews.version(ANONYMOUS, RequestedVersion(VPC, "1.0.0"), OPTIONS),
        lambda: registry.catalogue.filters(ANONYMOUS, ""),
        lambda: registry.statistics.module_downloads(ANONYMOUS, VPC),
        lambda: registry.providers.filters(ANONYMOUS, ""),
    ):
        with pytest.raises(AuthenticationRequired):
            read()
