"""What people read of a version, over the in-memory twins (chapter 03, 21)."""

import pytest

from terrareg_adapters.memory.scanning import MemoryCostEstimator, MemorySecurityScanner
from terrareg_adapters.memory.sources import PreparedReader, memory_archive
from terrareg_core.access.permissions import AccessPolicy
from terrareg_core.errors import (
    AuthenticationRequired,
    DocumentNotFound,
    ExampleFileNotFound,
    InvalidVersion,
    ModuleVersionNotFound,
    PartNotFound,
)
from terrareg_core.modules.documentation import DocumentationPolicy, RequestedVersion
from terrareg_core.modules.model import ModulePolicy
from terrareg_core.modules.parts import PartKind
from terrareg_core.modules.scanning import FindingLocation, FindingStatus, SecurityFinding, Severity
from terrareg_core.modules.sources import PublicAddress
from terrareg_core.modules.syntax import Attribute, Block, Constant, ParsedFile
from tests.unit.registries import ADMIN, ANONYMOUS, World, address, make_world

VPC = address("acme/vpc/aws")
V1 = RequestedVersion(VPC, "1.0.0")
PUBLIC = PublicAddress("https", "reg.example.com", 443)
FILES = {
    "main.tf": "root",
    "README.md": '# VPC\n\n  source = "./modules/inner"\n',
    "LICENSE": "Free & <easy>",
    "modules/inner/main.tf": "inner",
    "examples/basic/main.tf": 'source = "../../"\n',
    "examples/basic/vars.tf": "",
}


def _attribute(name: str, value: str) -> Attribute:
    return Attribute(name, 1, f'"{value}"', Constant(value), True, value)


def _block(kind: str, *labels: str, **attributes: str) -> Block:
    return Block(kind, labels, 1, "", {name: _attribute(name, value) for name, value in attributes.items()})


READER = PreparedReader(
    {
        "root": ParsedFile(
            (_block("variable", "size", description="a & b"), _block("module", "inner", source="./modules/inner"))
        ),
        "inner": ParsedFile((_block("resource", "aws_vpc", "v"), _block("terraform", required_version=">= 1.5"))),
        'source = "../../"\n': ParsedFile((_block("module", "it", source="../../"),)),
    }
)


def _world(**options: object) -> World:
    world = make_world(reader=READER, **options)  # type: ignore[arg-type]
    world.registry.publishing.upload(ADMIN, VPC, "1.0.0", memory_archive(FILES))
    return world


def test_a_readme_names_sources_as_the_registry_does_and_escapes_them() -> None:
    world = _world()
    shown = world.registry.documentation.readme(ANONYMOUS, V1, PartKind.ROOT, "", PUBLIC)
    assert shown is not None
    assert "source  = &quot;reg.example.com/my-tf-application__acme/vpc/aws//modules/inner&quot;" in shown
    assert world.registry.documentation.readme(ANONYMOUS, V1, PartKind.SUBMODULE, "modules/inner", PUBLIC) is None
    with pytest.raises(PartNotFound):
        world.registry.documentation.readme(ANONYMOUS, V1, PartKind.EXAMPLE, "modules/inner", PUBLIC)


def test_an_unpublished_version_can_be_read_and_says_so() -> None:
    world = _world(modules=ModulePolicy(auto_publish=False))
    shown = world.registry.documentation.example_file(ANONYMOUS, V1, "examples/basic/main.tf", PUBLIC)
    assert "not published" in shown
    assert 'version = "1.0.0"' in shown


def test_documents_and_example_files_are_escaped() -> None:
    documentation = _world().registry.documentation
    assert documentation.file(ANONYMOUS, V1, "LICENSE") == "<pre>Free &amp; &lt;easy&gt;</pre>"
    with pytest.raises(DocumentNotFound):
        documentation.file(ANONYMOUS, V1, "main.tf")
    with pytest.raises(ExampleFileNotFound):
        documentation.example_file(ANONYMOUS, V1, "main.tf", PUBLIC)
    listed = documentation.example_files(ANONYMOUS, V1, "examples/basic")
    assert (listed.version_id, list(listed.paths)) == (
        "acme/vpc/aws/1.0.0",
        ["examples/basic/main.tf", "examples/basic/vars.tf"],
    )
    with pytest.raises(PartNotFound):
        documentation.example_files(ANONYMOUS, V1, "modules/inner")


@pytest.mark.parametrize(("as_html", "text"), [(False, "a &amp; b"), (True, "<p>a &amp; b</p>")])
def test_a_usage_builder_gets_help_texts_in_the_form_that_it_asks_for(as_html: bool, text: str) -> None:
    [size] = _world().registry.documentation.usage_variables(ANONYMOUS, V1, as_html=as_html)
    assert (size["name"], size["additional_help"]) == ("size", text)


def test_a_usage_builder_asks_for_no_inputs_where_the_operator_does_not_want_it() -> None:
    world = _world(documentation=DocumentationPolicy(generate_usage_variables=False))
    assert world.registry.documentation.usage_variables(ANONYMOUS, V1, as_html=False) == []


def test_a_submodule_is_shown_with_its_constraint_and_a_call_of_it() -> None:
    page = _world().registry.documentation.part(ANONYMOUS, V1, PartKind.SUBMODULE, "modules/inner", PUBLIC)
    assert page.terraform_version_constraint == ">= 1.5"
    assert 'source  = "reg.example.com/my-tf-application__acme/vpc/aws//modules/inner"' in page.usage_example
    assert (page.security_results, page.yearly_cost, page.source) == (None, None, None)


def test_the_graph_of_an_example_leads_through_the_root() -> None:
    graph = _world().registry.documentation.graph(
        ANONYMOUS, V1, PartKind.EXAMPLE, "examples/basic", full_resource_names=False, full_module_names=False
    )
    assert [node.id for node in graph.nodes] == [
        "module.it.module.inner.aws_vpc.v",
        "module.it",
        "module.it.module.inner",
        "root",
    ]


def test_what_scanners_found_is_kept_with_the_directory_and_shown_if_wanted() -> None:
    failed = SecurityFinding(
        rule_id="AVD-1",
        long_id="aws-x",
        rule_description="Do not",
        rule_provider="aws",
        rule_service="vpc",
        impact="It leaks",
        resolution="Stop it",
        links=(),
        description="It does",
        severity=Severity.HIGH,
        status=FindingStatus.FAILED,
        resource="aws_vpc.v",
        location=FindingLocation("modules/inner/main.tf", 1, 2),
    )
    scanner = MemorySecurityScanner([failed])
    estimator = MemoryCostEstimator({"examples/basic": {"totalMonthlyCost": "61.536"}})
    for shown, expected in ((True, [failed.document()]), (False, None)):
        policy = DocumentationPolicy(security_results=shown)
        world = _world(documentation=policy, scanner=scanner, estimator=estimator)
        documentation = world.registry.documentation
        inner = documentation.part(ANONYMOUS, V1, PartKind.SUBMODULE, "modules/inner", PUBLIC)
        assert inner.security_results == expected
        example = documentation.part(ANONYMOUS, V1, PartKind.EXAMPLE, "examples/basic", PUBLIC)
        assert example.yearly_cost == "738.43"


def test_what_does_not_exist_is_not_found() -> None:
    documentation = _world().registry.documentation
    unknown = RequestedVersion(VPC, "9.9.9")
    with pytest.raises(ModuleVersionNotFound):
        documentation.paths(ANONYMOUS, unknown, PartKind.EXAMPLE)
    with pytest.raises(PartNotFound):
        documentation.graph(ANONYMOUS, unknown, PartKind.ROOT, "", full_resource_names=False, full_module_names=False)
    with pytest.raises(InvalidVersion):
        documentation.file(ANONYMOUS, RequestedVersion(VPC, "latest"), "LICENSE")
    with pytest.raises(PartNotFound):
        documentation.part(ANONYMOUS, V1, PartKind.EXAMPLE, "nope", PUBLIC)


def test_a_closed_registry_shows_no_document_to_strangers() -> None:
    documentation = _world(access=AccessPolicy(anonymous_access=False)).registry.documentation
    with pytest.raises(AuthenticationRequired):
        documentation.readme(ANONYMOUS, V1, PartKind.ROOT, "", PUBLIC)
    with pytest.raises(AuthenticationRequired):
        documentation.file(ANONYMOUS, V1, "LICENSE")
    with pytest.raises(AuthenticationRequired):
        documentation.usage_variables(ANONYMOUS, V1, as_html=True)
    with pytest.raises(AuthenticationRequired):
        documentation.paths(ANONYMOUS, V1, PartKind.EXAMPLE)
    with pytest.raises(AuthenticationRequired):
        documentation.part(ANONYMOUS, V1, PartKind.EXAMPLE, "examples/basic", PUBLIC)
    with pytest.raises(AuthenticationRequired):
        documentation.example_files(ANONYMOUS, V1, "examples/basic")
    with pytest.raises(AuthenticationRequired):
        documentation.example_file(ANONYMOUS, V1, "examples/basic/main.tf", PUBLIC)
    with pytest.raises(AuthenticationRequired):
        documentation.graph(ANONYMOUS, V1, PartKind.ROOT, "", full_resource_names=True, full_module_names=True)
