"""The analysis document: which files count, how blocks merge, and what each part of the document says."""

from collections.abc import Iterable

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_core.errors import InvalidSource
from terrareg_core.json_values import JsonValue
from terrareg_core.modules.analysis import locked_versions, module_file_names, specify
from terrareg_core.modules.specification import (
    Input,
    ModuleCall,
    ModuleSpecification,
    Output,
    ProviderUse,
    Requirement,
    Resource,
)
from terrareg_core.modules.syntax import Attribute, Block, Constant, NotConstant, ParsedFile, Unreadable


def string(name: str, value: str) -> Attribute:
    return Attribute(name, 2, f'"{value}"', Constant(value), is_string=True, string_text=value)


def constant(name: str, value: JsonValue, text: str = "") -> Attribute:
    return Attribute(name, 2, text or str(value), Constant(value))


def expression(name: str, text: str) -> Attribute:
    return Attribute(name, 2, text, NotConstant(f"refers to {text}"))


def template(name: str, content: str) -> Attribute:
    return attrs.evolve(expression(name, f'"{content}"'), is_string=True, string_text=content)


def requirement(name: str, **entries: JsonValue) -> Attribute:
    values = {key: Constant(value) for key, value in entries.items()}
    return Attribute(name, 2, "{ … }", NotConstant("refers to aws.x"), entries=values)


def block(
    kind: str, *labels: str, comment: str = "", attributes: Iterable[Attribute] = (), blocks: Iterable[Block] = ()
) -> Block:
    return Block(kind, labels, 1, comment, {attribute.name: attribute for attribute in attributes}, tuple(blocks))


def variable(name: str, *attributes: Attribute, comment: str = "") -> Block:
    return block("variable", name, comment=comment, attributes=attributes)


def required_providers(*entries: Attribute) -> Block:
    return block("terraform", blocks=[block("required_providers", attributes=entries)])


def document(*blocks: Block) -> ModuleSpecification:
    return specify([("main.tf", ParsedFile(blocks))])


def only_input(*attributes: Attribute, comment: str = "") -> Input:
    [found] = document(variable("a", *attributes, comment=comment)).inputs
    return found


def only_call(*attributes: Attribute) -> ModuleCall:
    [found] = document(block("module", "m", attributes=attributes)).modules
    return found


def version_of_resource(*constraints: str) -> str:
    entries = [block("provider", "aws", attributes=[string("version", constraint)]) for constraint in constraints]
    [resource] = document(*entries, block("resource", "aws_vpc", "v")).resources
    return resource.version


# --- files -------------------------------------------------------------------------------------------------------


def test_files_of_other_kinds_hidden_ones_and_backups_are_left_out() -> None:
    names = [
        "main.tf",
        ".hidden.tf",
        "main.tf~",
        "#main.tf#",
        "a.tftest.hcl",
        "b.tfvars",
        "README.md",
        "c.tf.json",
        "tf",
    ]
    assert module_file_names(names) == ["c.tf.json", "main.tf"]


def test_override_files_come_last() -> None:
    names = ["override.tf", "z.tf", "a_override.tf.json", "overrides.tf", "b_override.tofu"]
    assert module_file_names(names) == ["overrides.tf", "z.tf", "a_override.tf.json", "b_override.tofu", "override.tf"]


def test_a_tofu_file_replaces_its_terraform_twin_and_no_other() -> None:
    names = ["a.tf", "a.tofu", "b.tf.json", "b.tofu.json", "c.tf", "c.tofu.json"]
    assert module_file_names(names) == ["a.tofu", "b.tofu.json", "c.tf", "c.tofu.json"]


@given(st.lists(st.text(alphabet="ab_.#~", max_size=4).map(lambda stem: f"{stem}.tf")))
def test_the_order_of_a_directory_listing_does_not_matter(names: list[str]) -> None:
    assert module_file_names(names) == module_file_names(reversed(names))


# --- inputs and outputs ------------------------------------------------------------------------------------------


def test_a_bare_variable_is_required_and_of_any_type() -> None:
    assert only_input() == Input("a", "any", None, None, required=True)


@pytest.mark.parametrize(
    ("default", "inferred"),
    [("", "string"), (3.5, "number"), (0, "number"), (False, "bool"), ([], "list"), ({}, "map"), (None, "any")],
)
def test_a_missing_type_is_inferred_from_the_default(default: JsonValue, inferred: str) -> None:
    assert only_input(constant("default", default)) == Input("a", inferred, None, default, required=False)


def test_a_type_is_the_source_text_and_a_quoted_one_its_content() -> None:
    assert only_input(expression("type", "map( string )")).type == "map( string )"
    assert only_input(string("type", "list")).type == "list"


def test_a_default_is_not_coerced_to_the_type() -> None:
    assert only_input(expression("type", "bool"), string("default", "true")).default == "true"


def test_a_default_that_is_no_constant_is_refused_with_its_place() -> None:
    with pytest.raises(InvalidSource, match=r"^main\.tf:2: .*variable a .*refers to var\.b"):
        only_input(expression("default", "var.b"))


def test_a_default_that_can_not_be_read_is_null_and_not_required() -> None:
    unread = Attribute("default", 2, "[for x in [] : x]", Unreadable())
    assert only_input(unread) == Input("a", "any", None, None, required=False)


@pytest.mark.parametrize(
    ("value", "description"),
    [("x", "x"), ("a\r\nb\n", "a\nb\n"), (True, "true"), (3.5, "3.5"), (1000, "1000"), ("", "above"), (None, "above")],
)
def test_a_description_is_text_and_the_comment_stands_in_for_it(value: JsonValue, description: str) -> None:
    assert only_input(constant("description", value), comment="above").description == description


def test_without_description_and_comment_there_is_none() -> None:
    assert only_input(constant("description", "")).description is None


@pytest.mark.parametrize("value", [[], {}])
def test_a_list_or_object_is_no_description(value: JsonValue) -> None:
    with pytest.raises(InvalidSource, match="description has to be a string"):
        only_input(constant("description", value))


def test_interpolations_in_a_description_stay_as_they_are_written() -> None:
    assert only_input(template("description", "x ${var.b}")).description == "x ${var.b}"


def test_a_reference_is_no_description() -> None:
    with pytest.raises(InvalidSource, match="description has to be a string"):
        only_input(expression("description", "var.b"))


def test_an_output_has_a_name_and_a_description() -> None:
    found = document(block("output", "b", comment="why"), block("output", "a", attributes=[string("description", "d")]))
    assert found.outputs == [Output("a", "d"), Output("b", "why")]


def test_names_are_sorted_by_their_bytes() -> None:
    names = ["b", "a_b", "a-b", "B", "é", "a"]
    found = document(*(variable(name) for name in names))
    assert [item.name for item in found.inputs] == ["B", "a", "a-b", "a_b", "b", "é"]


# --- merging -----------------------------------------------------------------------------------------------------


def test_a_later_block_replaces_an_earlier_one_completely() -> None:
    found = document(variable("a", string("description", "first"), constant("default", 1)), variable("a"))
    assert found.inputs == [Input("a", "any", None, None, required=True)]


def test_a_module_call_without_source_keeps_the_earlier_source_and_nothing_else() -> None:
    found = document(
        block("module", "m", attributes=[string("source", "./x"), string("version", "1.0")]),
        block("module", "m", attributes=[string("version", "2.0")]),
    )
    assert found.modules == [ModuleCall("m", "./x", "2.0", None)]


def test_the_ignore_marker_leaves_the_block_out_wherever_it_would_appear() -> None:
    marker = "internal, terraform-docs-ignore"
    found = document(
        variable("a", comment=marker),
        block("output", "a", comment=marker),
        block("module", "a", comment=marker),
        block("resource", "aws_vpc", "a", comment=marker),
        block("data", "aws_vpc", "a", comment=marker),
    )
    assert found == ModuleSpecification(inputs=[], outputs=[], modules=[], resources=[], providers=[], requirements=[])


def test_blocks_that_documents_do_not_know_are_ignored() -> None:
    found = document(block("locals"), block("check", "a"), block("list", "a", "b"), block("whatever", "a", "b", "c"))
    assert found == ModuleSpecification(inputs=[], outputs=[], modules=[], resources=[], providers=[], requirements=[])


@pytest.mark.parametrize("found", [block("variable"), block("resource", "a"), block("output", "a", "b")])
def test_a_block_with_the_wrong_number_of_labels_is_refused(found: Block) -> None:
    with pytest.raises(InvalidSource, match=r"^main\.tf:1: .*labels"):
        document(found)


def test_the_header_is_that_of_the_main_file() -> None:
    files = [("x/a.tf", ParsedFile((), header="no")), ("x/main.tf", ParsedFile((), header="yes"))]
    assert specify(files).header == "yes"


# --- providers, requirements, resources --------------------------------------------------------------------------


def test_a_resource_takes_source_and_version_from_the_requirements() -> None:
    found = document(
        required_providers(requirement("aws", source="hashicorp/aws", version="~> 5.0")),
        block("resource", "aws_s3_bucket", "b", comment="c1"),
    )
    assert found.resources == [Resource("s3_bucket", "b", "aws", "hashicorp/aws", "managed", "latest", "c1")]
    assert found.providers == [ProviderUse("aws", None, "~> 5.0")]
    assert found.requirements == [Requirement("aws", "~> 5.0")]


def test_terraform_comes_first_and_constraints_keep_their_order() -> None:
    found = document(
        block("terraform", attributes=[string("required_version", ">= 1.3")]),
        required_providers(string("b", "2"), constant("a", 1), requirement("c", source="x/c")),
        block("provider", "a", attributes=[string("version", "< 9")]),
        block("terraform", attributes=[string("required_version", "< 2")]),
    )
    assert found.requirements == [
        Requirement("terraform", ">= 1.3"),
        Requirement("terraform", "< 2"),
        Requirement("a", "1"),
        Requirement("a", "< 9"),
        Requirement("b", "2"),
    ]
    assert found.terraform_version_constraint == ">= 1.3"


def test_two_sources_for_one_provider_are_refused() -> None:
    with pytest.raises(InvalidSource, match="provider aws has two sources: a/aws and b/aws"):
        document(
            required_providers(requirement("aws", source="a/aws")),
            required_providers(requirement("aws", source="b/aws")),
        )


def test_an_override_file_may_name_another_source() -> None:
    first = ParsedFile([required_providers(requirement("aws", source="a/aws")), block("resource", "aws_vpc", "v")])
    second = ParsedFile([required_providers(requirement("aws", source="b/aws"))])
    [resource] = specify([("main.tf", first), ("x_override.tf", second)]).resources
    assert resource.source == "b/aws"


@pytest.mark.parametrize("version", [None, 5, ["5"], True])
def test_a_version_in_object_form_has_to_be_a_string(version: JsonValue) -> None:
    with pytest.raises(InvalidSource, match="the version of provider aws must be a string"):
        document(required_providers(requirement("aws", version=version)))


@pytest.mark.parametrize(
    ("reference", "use"),
    [
        (expression("provider", "aws.west"), ProviderUse("aws", "west", None)),
        (string("provider", "aws.west"), ProviderUse("aws", "west", None)),
        (expression("provider", "aws"), ProviderUse("aws", None, None)),
        (expression("provider", "aws.by_region[each.key]"), ProviderUse("aws", "by_region", None)),
        (expression("provider", "google-beta"), ProviderUse("google-beta", None, None)),
    ],
)
def test_a_resource_may_name_its_provider(reference: Attribute, use: ProviderUse) -> None:
    assert document(block("resource", "aws_vpc", "v", attributes=[reference])).providers == [use]


def test_a_provider_that_is_no_reference_is_refused() -> None:
    with pytest.raises(InvalidSource, match="no reference to a provider"):
        document(block("resource", "aws_vpc", "v", attributes=[expression("provider", "f(x)")]))


def test_providers_are_sorted_with_the_one_without_alias_first() -> None:
    aliases = [expression("provider", text) for text in ("b.x", "a", "b", "b.a")]
    found = document(*(block("data", "t", str(i), attributes=[alias]) for i, alias in enumerate(aliases)))
    assert [(use.name, use.alias) for use in found.providers] == [("a", None), ("b", None), ("b", "a"), ("b", "x")]


def test_the_lock_file_decides_the_version_of_a_provider() -> None:
    lock = ParsedFile(
        [block("provider", "registry.terraform.io/hashicorp/aws", attributes=[string("version", "5.1.2")])]
    )
    files = [("main.tf", ParsedFile([block("resource", "aws_vpc", "v"), block("resource", "random_id", "r")]))]
    assert locked_versions(lock) == {"aws": "5.1.2"}
    assert specify(files, locked_versions(lock)).providers == [
        ProviderUse("aws", None, "5.1.2"),
        ProviderUse("random", None, None),
    ]


@pytest.mark.parametrize(
    ("kind", "named", "provider", "rest"),
    [
        ("terraform_data", None, "terraform", "data"),
        ("random", None, "random", "random"),
        ("google_beta_thing", "google-beta", "google-beta", "google_beta_thing"),
    ],
)
def test_a_resource_type_loses_the_name_of_its_provider(kind: str, named: str | None, provider: str, rest: str) -> None:
    attributes = [expression("provider", named)] if named else []
    [found] = document(block("resource", kind, "x", attributes=attributes)).resources
    assert (found.provider, found.type, found.source) == (provider, rest, f"hashicorp/{provider}")


def test_managed_resources_come_before_data_sources_and_each_by_address() -> None:
    found = document(
        block("data", "a_a", "a"),
        block("resource", "b_a", "z"),
        block("resource", "a_b", "a"),
        block("resource", "a_a", "b"),
    )
    assert [(item.mode, item.provider, item.type, item.name) for item in found.resources] == [
        ("managed", "a", "a", "b"),
        ("managed", "a", "b", "a"),
        ("managed", "b", "a", "z"),
        ("data", "a", "a", "a"),
    ]


@pytest.mark.parametrize(
    ("constraints", "version"),
    [
        ([], "latest"),
        (["1.2.3"], "1.2.3"),
        (["=1.2.3"], "1.2.3"),
        (["= 1.2.3"], "1.2.3"),
        (["~> 1.2"], "latest"),
        ([">=1.2"], "latest"),
        (["= 1.2, < 3"], "latest"),
        (["1.0", "~> 2.0"], "latest"),
        (["~> 2.0", "1.0"], "1.0"),
        ([""], "latest"),
    ],
)
def test_the_version_of_a_resource_is_what_the_last_constraint_pins(constraints: list[str], version: object) -> None:
    assert version_of_resource(*constraints) == version


# --- module calls ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "address", "version"),
    [
        ("git::https://h/x.git//sub?ref=v1", "git::https://h/x.git//sub", "v1"),
        ("x?ref=v1&depth=1", "x", "v1&depth=1"),
        ("x?depth=1&ref=v1", "x?depth=1&ref=v1", ""),
        ("x?ref=", "x?ref=", ""),
        ("x?ref=a?ref=b", "x?ref=a", "b"),
        ("./y", "./y", ""),
    ],
)
def test_a_git_reference_in_a_source_is_the_version(source: str, address: str, version: str) -> None:
    assert only_call(string("source", source)) == ModuleCall("m", address, version, None)


def test_a_written_version_leaves_the_source_alone() -> None:
    assert only_call(string("source", "x?ref=v1"), string("version", "2")) == ModuleCall("m", "x?ref=v1", "2", None)


def test_an_empty_version_counts_as_none() -> None:
    assert only_call(string("source", "x?ref=v1"), string("version", "")) == ModuleCall("m", "x", "v1", None)


def test_a_source_that_is_an_expression_is_kept_as_its_text() -> None:
    assert only_call(expression("source", "var.where"), template("version", "${var.v}")) == ModuleCall(
        "m", "var.where", "${var.v}", None
    )


def test_a_list_is_no_source() -> None:
    with pytest.raises(InvalidSource, match="source has to be a string"):
        only_call(constant("source", ["./x"]))


# --- properties (chapter 03, 24) ---------------------------------------------------------------------------------

_names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,5}", fullmatch=True)
_blocks = st.one_of(
    st.builds(variable, _names),
    st.builds(lambda name: block("output", name), _names),
    st.builds(lambda name: block("module", name, attributes=[string("source", "./x")]), _names),
    st.builds(lambda kind, name: block("resource", kind, name), _names, _names),
    st.builds(lambda kind, name: block("data", kind, name), _names, _names),
)
_distinct = st.lists(_blocks, unique_by=lambda found: (found.type, found.labels))


@given(blocks=_distinct, data=st.data())
def test_the_document_does_not_depend_on_the_order_of_blocks_or_the_split_into_files(
    blocks: list[Block], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(blocks))
    cut = data.draw(st.integers(0, len(shuffled)))
    files = [("a.tf", ParsedFile(shuffled[:cut])), ("b.tf", ParsedFile(shuffled[cut:]))]
    assert specify(files) == document(*blocks)


@given(_distinct)
def test_everything_is_sorted_by_name(blocks: list[Block]) -> None:
    found = document(*blocks)
    for names in ([item.name for item in part] for part in (found.inputs, found.outputs, found.modules)):
        assert names == sorted(names, key=str.encode)


@given(kind=_names, name=_names, provider=_names)
def test_a_stripped_prefix_put_back_restores_the_resource_type(kind: str, name: str, provider: str) -> None:
    found = document(
        block("resource", f"{provider}_{kind}", name, attributes=[expression("provider", provider)]),
        block("resource", kind, name, attributes=[expression("provider", provider)]),
    )
    restored = {f"{item.provider}_{item.type}" if item.type != kind else kind for item in found.resources}
    assert restored <= {f"{provider}_{kind}", kind}


@given(blocks=_distinct, data=st.data())
def test_the_ignore_marker_removes_one_element_and_nothing_else(blocks: list[Block], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(blocks)))
    marked = [
        attrs.evolve(found, comment="terraform-docs-ignore") if position == index else found
        for position, found in enumerate(blocks)
    ]
    kept = [found for position, found in enumerate(blocks) if position != index]
    assert document(*marked) == document(*kept)
