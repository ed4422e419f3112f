"""Reading modules: lists, search and details over the in-memory twins (chapter 01, 4)."""

import json

import attrs
import pytest

from terrareg_adapters.memory.sources import PreparedReader, memory_archive
from terrareg_core.access.permissions import AccessPolicy
from terrareg_core.errors import (
    AuthenticationRequired,
    EmptyPage,
    InvalidModule,
    InvalidSource,
    ModuleVersionNotFound,
    NamespaceNotFound,
)
from terrareg_core.identifiers import NamespaceName
from terrareg_core.modules.catalogue import ModuleSearch
from terrareg_core.modules.indexing import IndexingPolicy
from terrareg_core.modules.model import ModulePolicy
from terrareg_core.modules.syntax import Attribute, Block, Constant, ParsedFile, SourceBounds
from terrareg_core.namespaces.model import NamespacePolicy
from terrareg_core.paging import PageRequest
from terrareg_core.versions import Compatibility
from tests.unit.registries import ADMIN, ANONYMOUS, World, address, make_world

PAGE = PageRequest(0, 10)
VPC = address("acme/vpc/aws")


def _publish(world: World, target: str, version: str = "1.0.0", **metadata: object) -> None:
    files = {"main.tf": "", "terrareg.json": json.dumps(metadata)}
    world.registry.publishing.upload(ADMIN, address(target), version, memory_archive(files))


def _found(world: World, query: str = "", page: PageRequest = PAGE, **search: object) -> list[str]:
    rows = world.registry.catalogue.search(ANONYMOUS, ModuleSearch(query=query, **search), page).rows  # type: ignore[arg-type]
    return [f"{row.summary.address}/{row.summary.version}" for row in rows]


@pytest.fixture
def world() -> World:
    """Chapter 01, section 10: fixture F, and one more namespace."""
    world = make_world(namespaces=NamespacePolicy.of(trusted=["acme"], verified=["acme"]))
    for version in ("1.0.0", "1.2.0", "1.10.0", "1.3.0-beta"):
        _publish(world, "acme/vpc/aws", version, description="A VPC", owner="Net team")
    _publish(world, "acme/vpc/gcp", "0.1.0")
    _publish(world, "acme/int/aws", internal=True)
    world.registry.module_providers.create(ADMIN, address("acme/dns/aws"))
    _publish(world, "other/vpc/aws", "2.0.0", description="Another")
    return world


def test_a_list_shows_each_module_provider_with_its_latest_version_and_no_internal_one(world: World) -> None:
    assert _found(world) == ["acme/vpc/aws/1.10.0", "other/vpc/aws/2.0.0", "acme/vpc/gcp/0.1.0"]


def test_a_search_ranks_and_filters(world: World) -> None:
    assert _found(world, "VPC net") == ["acme/vpc/aws/1.10.0"]
    assert _found(world, "vpc nothing") == []
    assert _found(world, providers=("gcp",)) == ["acme/vpc/gcp/0.1.0"]
    assert _found(world, namespaces=("other",)) == ["other/vpc/aws/2.0.0"]
    assert _found(world, verified=True) == ["acme/vpc/aws/1.10.0", "acme/vpc/gcp/0.1.0"]
    assert _found(world, contributed=True) == ["other/vpc/aws/2.0.0"]
    assert _found(world, trusted_namespaces=True) == ["acme/vpc/aws/1.10.0", "acme/vpc/gcp/0.1.0"]
    assert len(_found(world, trusted_namespaces=True, contributed=True)) == 3


def test_a_page_knows_the_total_if_that_is_wanted(world: World) -> None:
    search = world.registry.catalogue.search
    for counted in (True, False):
        page = search(ANONYMOUS, ModuleSearch(), PageRequest(1, 1), counted=counted)
        assert (len(page.rows), page.next_offset) == (1, 2)
    assert search(ANONYMOUS, ModuleSearch(), PageRequest(0, 1), counted=True).total == 3


def test_a_namespace_shows_internal_modules_too_and_follows_its_redirect(world: World) -> None:
    with world.unit_of_work.write() as tx:
        acme = tx.namespaces.find("acme")
        assert acme is not None
        tx.namespaces.add_redirect(NamespaceName.parse("former"), acme.id)
    for name in ("acme", "former"):
        rows = world.registry.catalogue.in_namespace(ANONYMOUS, name, PAGE).rows
        assert [str(row.summary.address) for row in rows] == ["acme/int/aws", "acme/vpc/aws", "acme/vpc/gcp"]


def test_the_providers_of_a_module_are_listed_with_or_without_a_token(world: World) -> None:
    for name in ("acme", "tok__acme"):
        rows = world.registry.catalogue.of_module(ANONYMOUS, name, "vpc", PAGE).rows
        assert [str(row.summary.address.provider) for row in rows] == ["aws", "gcp"]


def test_a_page_that_holds_nothing_is_not_found(world: World) -> None:
    catalogue = world.registry.catalogue
    for name, page in (("nope", PAGE), ("acme", PageRequest(100, 10))):
        with pytest.raises(EmptyPage):
            catalogue.in_namespace(ANONYMOUS, name, page)
    for module in ("int", "VPC"):
        with pytest.raises(EmptyPage):
            catalogue.of_module(ANONYMOUS, "acme", module, PAGE)


def test_versions_are_listed_greatest_first_under_the_current_address(world: World) -> None:
    listed = world.registry.catalogue.versions(ANONYMOUS, address("tok__acme/VPC/aws"))
    assert str(listed.address) == "acme/vpc/aws"
    assert list(map(str, listed.versions)) == ["1.10.0", "1.3.0-beta", "1.2.0", "1.0.0"]


def test_details_show_the_latest_version_and_what_stands_beside_it(world: World) -> None:
    details = world.registry.catalogue.version_details(ANONYMOUS, address("tok__acme/vpc/aws"))
    assert str(details.outline.summary.version) == "1.10.0"
    assert list(map(str, details.versions)) == ["1.10.0", "1.3.0-beta", "1.2.0", "1.0.0"]
    assert list(details.providers) == ["aws", "gcp"]
    assert (details.outline.trusted, details.outline.summary.owner) == (True, "Net team")


def test_details_of_what_does_not_exist_are_not_found(world: World) -> None:
    catalogue = world.registry.catalogue
    with pytest.raises(ModuleVersionNotFound):
        catalogue.version_details(ANONYMOUS, address("acme/dns/aws"))
    with pytest.raises(ModuleVersionNotFound):
        catalogue.version_details(ANONYMOUS, VPC, "9.9.9")
    with pytest.raises(NamespaceNotFound):
        catalogue.version_details(ANONYMOUS, address("nope/vpc/aws"))


def test_the_allow_list_filters_lists(world: World) -> None:
    catalogue = attrs.evolve(world.registry.catalogue, policy=ModulePolicy(allowed_providers=frozenset({"gcp"})))
    assert catalogue.search(ANONYMOUS, ModuleSearch(), PAGE).total == 1


def test_a_closed_registry_lists_nothing_to_strangers() -> None:
    catalogue = make_world(access=AccessPolicy(anonymous_access=False)).registry.catalogue
    with pytest.raises(AuthenticationRequired):
        catalogue.search(ANONYMOUS, ModuleSearch(), PAGE)
    with pytest.raises(AuthenticationRequired):
        catalogue.in_namespace(ANONYMOUS, "acme", PAGE)
    with pytest.raises(AuthenticationRequired):
        catalogue.of_module(ANONYMOUS, "acme", "vpc", PAGE)
    with pytest.raises(AuthenticationRequired):
        catalogue.versions(ANONYMOUS, VPC)
    with pytest.raises(AuthenticationRequired):
        catalogue.version_details(ANONYMOUS, VPC)


# --- what indexing stores, as details show it ----------------------------------------------------------------------


def _attribute(name: str, value: str) -> Attribute:
    return Attribute(name, 1, f'"{value}"', Constant(value), True, value)


def _block(kind: str, *labels: str, **attributes: str) -> Block:
    return Block(kind, labels, 1, "", {name: _attribute(name, value) for name, value in attributes.items()})


PREPARED = {
    "root": ParsedFile(
        (
            _block("variable", "size", description="<b>n</b> <script>"),
            _block("output", "id", description="a & b"),
            _block("module", "inner", source="./modules/inner"),
            _block("module", "outer", source="acme/x/aws", version="1.0.0"),
            _block("terraform", required_version=">= 1.5, < 2.0"),
        )
    ),
    "inner": ParsedFile((_block("resource", "aws_vpc", "v"),), warnings=("inner is odd",)),
}
FILES = {
    "main.tf": "root",
    "README.md": "# <b>VPC</b>\r\nThis module makes a network of a few subnets and nothing else.\n\0",
    "terrareg.json": '{"owner": "net", "repo_base_url": "https://git.example/{namespace}/{module}"}',
    "modules/inner/main.tf": "inner",
    "modules/inner/README.md": "inner readme",
    "modules/none/notes.txt": "",
    "examples/basic/main.tf": "example",
    "examples/basic/run.sh": "#!/bin/sh",
    "examples/basic/.hidden.tf": "example",
    "examples/basic/picture.png": "",
    ".hidden/main.tf": "broken",
    "LICENSE": "Free",
}


def _indexed(files: dict[str, str] | None = None, indexing: IndexingPolicy | None = None) -> World:
    world = make_world(reader=PreparedReader(PREPARED), indexing=indexing)
    world.registry.publishing.upload(ADMIN, VPC, "1.0.0", memory_archive(files or FILES))
    return world


def test_details_show_what_the_sources_hold_with_harmful_text_escaped() -> None:
    details = _indexed().registry.catalogue.version_details(ANONYMOUS, VPC)
    root = details.root
    assert root.readme.startswith("# &lt;b&gt;VPC&lt;/b&gt;\nThis module")
    assert root.readme.endswith("\ufffd")
    assert [(item.name, item.description) for item in root.inputs] == [("size", "&lt;b&gt;n&lt;/b&gt; &lt;script&gt;")]
    assert [(item.name, item.description) for item in root.outputs] == [("id", "a &amp; b")]
    assert [(call.name, call.source, call.version) for call in root.dependencies] == [("outer", "acme/x/aws", "1.0.0")]
    assert [(part.path, part.readme) for part in details.submodules] == [("modules/inner", "inner readme")]
    assert [resource.name for resource in details.submodules[0].resources] == ["v"]
    assert [(use.namespace, use.name) for use in details.submodules[0].provider_dependencies] == [("hashicorp", "aws")]
    assert details.outline.source == "https://git.example/acme/vpc"
    assert details.outline.summary.description == "This module makes a network of a few subnets and nothing else."


def test_a_search_tells_how_the_module_meets_a_terraform_version() -> None:
    catalogue = _indexed().registry.catalogue
    for target, expected in (
        ("1.6.0", Compatibility.COMPATIBLE),
        ("abc", Compatibility.ERROR),
        ("", Compatibility.ERROR),
    ):
        rows = catalogue.search(ANONYMOUS, ModuleSearch(target_terraform_version=target), PAGE).rows
        assert rows[0].compatibility is expected


def test_examples_and_documents_are_stored_with_their_text() -> None:
    world = _indexed()
    content = world.registry.publishing.upload(ADMIN, VPC, "1.0.1", memory_archive(FILES))
    assert list(content.warnings) == ["inner is odd"]
    with world.unit_of_work.read() as tx:
        found = tx.catalogue.version_content(1, None)
    assert found is not None
    assert [(part.kind.value, part.path) for part in found.parts] == [
        ("root", ""),
        ("submodule", "modules/inner"),
        ("example", "examples/basic"),
    ]


def test_with_an_empty_base_every_directory_is_a_submodule_but_the_examples() -> None:
    details = _indexed(indexing=IndexingPolicy(modules_directory="")).registry.catalogue.version_details(ANONYMOUS, VPC)
    assert [part.path for part in details.submodules] == ["modules/inner"]


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ("{", "terrareg.json:1"),
        ("[]", "object"),
        ('{"a": NaN}', "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ('{"owner": 5}', "owner must be a text"),
        ('{"owner": "' + "x" * 129 + '"}', "128"),
        ('{"internal": "yes"}', "true or false"),
        ('{"variable_template": {"a": 1}}', "list of objects"),
        ('{"variable_template": [{}]}', "list of objects"),
        ('{"repo_clone_url": "ssh://g/{nope}.git"}', "terrareg.json"),
        ('{"repo_base_url": "javascript:alert(1)"}', "terrareg.json"),
    ],
)
def test_metadata_that_makes_no_sense_is_refused_with_its_file_name(metadata: str, said: str) -> None:
    with pytest.raises(InvalidSource, match=said):
        _indexed({"main.tf": "", "terrareg.json": metadata})


def test_the_first_metadata_file_counts_and_a_long_description_is_cut() -> None:
    world = make_world()
    _publish(world, "acme/vpc/aws", description="x" * 2000, owner="me", unknown=[1])
    summary = world.registry.catalogue.version_details(ANONYMOUS, VPC).outline.summary
    assert (len(summary.description or ""), summary.owner) == (1024, "me")
    files = {"main.tf": "", ".terrareg.json": '{"owner": "hidden"}'}
    world.registry.publishing.upload(ADMIN, VPC, "1.0.0", memory_archive(files))
    assert world.registry.catalogue.version_details(ANONYMOUS, VPC).outline.summary.owner == "hidden"


def test_required_metadata_must_be_there_and_say_something() -> None:
    policy = IndexingPolicy(required_metadata=("description", "owner"))
    for files in ({"main.tf": ""}, {"terrareg.json": '{"owner": "x", "description": ""}'}):
        with pytest.raises(InvalidModule, match="description"):
            _indexed(files, policy)
    _indexed({"terrareg.json": '{"owner": "x", "description": "y"}'}, policy)


@pytest.mark.parametrize(
    ("bounds", "error"),
    [
        (SourceBounds(file_bytes=3), InvalidSource),
        (SourceBounds(source_bytes=8), InvalidSource),
        (SourceBounds(files=1), InvalidModule),
    ],
)
def test_sources_beyond_the_bounds_are_refused(bounds: SourceBounds, error: type[Exception]) -> None:
    files = {"main.tf": "root", "more.tf": "inner"}
    with pytest.raises(error):
        _indexed(files, IndexingPolicy(bounds=bounds))


def test_a_readme_that_nobody_could_show_is_refused() -> None:
    with pytest.raises(InvalidSource, match=r"README\.md"):
        _indexed({"README.md": "x" * (16 << 20)})


def test_no_description_is_made_where_the_operator_does_not_want_it() -> None:
    world = _indexed(indexing=IndexingPolicy(generate_description=False))
    assert world.registry.catalogue.version_details(ANONYMOUS, VPC).outline.summary.description is None
