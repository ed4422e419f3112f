"""The contract of `DocumentReader`: what is made of a version's texts comes back as it was stored."""

import attrs
import pytest

from terrareg_core.json_values import JsonObject
from terrareg_core.modules.documents import HtmlTexts, PartDocuments, VersionDocuments
from terrareg_core.modules.graph import GraphNode, ModuleGraph, NodeKind
from terrareg_core.modules.model import IndexedContent
from terrareg_core.modules.module_tree import CalledModule
from terrareg_core.modules.parts import PartKind
from terrareg_core.modules.slots import SourceSlot
from terrareg_core.transactions import UnitOfWork
from tests.integration.contracts.storage import content, given_module_provider, new_version, part

SLOTTED = ("before\n", SourceSlot("modules/ä", "  ", " ", " # why"), "\nbehind <ü>")
FINDING: JsonObject = {"rule_id": "AVD-1", "status": 0, "location": {"filename": "main.tf", "start_line": 1}}
COST: JsonObject = {"totalMonthlyCost": "61.536", "projects": [{"breakdown": {"resources": []}}]}
ROOT = PartDocuments(
    HtmlTexts(SLOTTED, ("<p>size</p>", None), (None, "<p>arn</p>")),
    (CalledModule("", "", "", ""), CalledModule("a.b", "./b", "", "a/b"), CalledModule("far", "x/y/z", "1.0", None)),
    ModuleGraph((GraphNode(NodeKind.DATA, "root", "aws_region.here"), GraphNode(NodeKind.MODULE, "root", "a"))),
    (FINDING,),
)
EXAMPLE = PartDocuments(cost=COST, security=())
DOCUMENTS = VersionDocuments(
    {(PartKind.ROOT, ""): ROOT, (PartKind.EXAMPLE, "examples/one"): EXAMPLE},
    {"examples/one/main.tf": SLOTTED, "examples/one/b.tf": (), "examples/one/inner/main.tf": ("inner",)},
    {"CHANGELOG.md": "<h1>Changes</h1>"},
    ({"name": "size", "choices": ["a", {"name": "b"}]},),
)


def _content() -> IndexedContent:
    parts = (
        part(),
        part(PartKind.SUBMODULE, "modules/b"),
        part(PartKind.SUBMODULE, "modules/a"),
        part(PartKind.EXAMPLE, "examples/one"),
        part(PartKind.EXAMPLE, "modules/a"),
    )
    files = dict.fromkeys(DOCUMENTS.example_files, "text")
    return attrs.evolve(content(parts=parts), example_files=files, documents=DOCUMENTS)


@pytest.fixture
def version_id(unit_of_work: UnitOfWork) -> int:
    """A version with documents, beside one that has none."""
    with unit_of_work.write() as tx:
        module_provider = given_module_provider(tx)
        tx.module_versions.add(new_version(module_provider, "0.1.0"))
        return tx.module_versions.add(new_version(module_provider, "1.0.0", indexed=_content())).id


class TestDocumentReader:
    def test_a_part_comes_back_with_its_documents_but_its_readme(
        self, unit_of_work: UnitOfWork, version_id: int
    ) -> None:
        with unit_of_work.read() as tx:
            found = tx.documents.part(version_id, PartKind.ROOT, "")
            assert found is not None
            assert found.part == part()
            assert found.documents == attrs.evolve(ROOT, html=attrs.evolve(ROOT.html, readme=None))
            example = tx.documents.part(version_id, PartKind.EXAMPLE, "examples/one")
            assert example is not None
            assert (example.documents.cost, example.documents.security) == (COST, ())

    def test_a_part_is_found_by_its_exact_path_and_kind(self, unit_of_work: UnitOfWork, version_id: int) -> None:
        with unit_of_work.read() as tx:
            for kind, path in (
                (PartKind.EXAMPLE, "modules/b"),
                (PartKind.SUBMODULE, "modules/B"),
                (PartKind.SUBMODULE, "modules"),
                (PartKind.SUBMODULE, ""),
            ):
                assert tx.documents.part(version_id, kind, path) is None
            assert tx.documents.part(version_id + 1, PartKind.ROOT, "") is None

    def test_paths_are_listed_in_the_order_of_indexing(self, unit_of_work: UnitOfWork, version_id: int) -> None:
        with unit_of_work.read() as tx:
            assert list(tx.documents.paths(version_id, PartKind.SUBMODULE)) == ["modules/b", "modules/a"]
            assert list(tx.documents.paths(version_id, PartKind.EXAMPLE)) == ["examples/one", "modules/a"]

    def test_a_readme_keeps_its_slots(self, unit_of_work: UnitOfWork, version_id: int) -> None:
        with unit_of_work.read() as tx:
            assert tx.documents.readme(version_id, PartKind.ROOT, "") == SLOTTED
            assert tx.documents.readme(version_id, PartKind.EXAMPLE, "examples/one") is None
            assert tx.documents.readme(version_id, PartKind.SUBMODULE, "nope") is None

    def test_an_examples_own_files_are_listed_and_read(self, unit_of_work: UnitOfWork, version_id: int) -> None:
        with unit_of_work.read() as tx:
            assert list(tx.documents.example_files(version_id, "examples/one")) == [
                "examples/one/b.tf",
                "examples/one/main.tf",
            ]
            assert tx.documents.example_file(version_id, "examples/one/main.tf") == SLOTTED
            assert tx.documents.example_file(version_id, "examples/one/b.tf") == ()
            assert tx.documents.example_file(version_id, "examples/one") is None

    def test_documents_beside_the_readme_are_listed_and_read(self, unit_of_work: UnitOfWork, version_id: int) -> None:
        with unit_of_work.read() as tx:
            assert list(tx.documents.files(version_id)) == ["CHANGELOG.md"]
            assert tx.documents.file(version_id, "CHANGELOG.md") == "<h1>Changes</h1>"
            assert tx.documents.file(version_id, "changelog.md") is None

    def test_the_usage_template_comes_back_with_every_key(self, unit_of_work: UnitOfWork, version_id: int) -> None:
        with unit_of_work.read() as tx:
            assert list(tx.documents.usage_template(version_id)) == list(DOCUMENTS.usage_template)

    def test_replacing_a_version_replaces_its_documents(self, unit_of_work: UnitOfWork, version_id: int) -> None:
        with unit_of_work.write() as tx:
            tx.module_versions.replace(version_id, new_version(1, "1.0.0"))
        with unit_of_work.read() as tx:
            found = tx.documents.part(version_id, PartKind.ROOT, "")
            assert found is not None
            assert found.documents == PartDocuments()
            assert list(tx.documents.paths(version_id, PartKind.SUBMODULE)) == []
            assert tx.documents.file(version_id, "CHANGELOG.md") is None
