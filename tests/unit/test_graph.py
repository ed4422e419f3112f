"""The graph of a module, its shown form, and costs (chapter 03, 16 and 17)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrareg_core.json_values import JsonValue
from terrareg_core.modules.analysis import specify
from terrareg_core.modules.graph import (
    ModuleGraph,
    NodeKind,
    ShownEdge,
    ShownGraph,
    ShownNode,
    build_graph,
    resource_costs,
    shown,
    yearly_cost,
)
from terrareg_core.modules.module_tree import Budget, CalledModule, build_tree
from terrareg_core.modules.specification import ModuleCall, ModuleSpecification, Resource
from terrareg_core.modules.syntax import Attribute, Block, NotConstant, ParsedFile

MODULE_STYLE = {"color": "#000000", "background-color": "#F8F7F9", "font-weight": "bold", "text-valign": "top"}
PRICED_STYLE = {"border-style": "solid", "border-width": "2px", "border-color": "red"}


def resource(address: str, mode: str = "managed") -> Resource:
    full_type, _, name = address.partition(".")
    provider, _, kind = full_type.partition("_")
    return Resource(kind, name, provider, f"hashicorp/{provider}", mode, "latest", None, prefixed=bool(kind))


def call(name: str, source: str) -> ModuleCall:
    return ModuleCall(name, source, "", None)


def graph_of(specifications: Mapping[str, ModuleSpecification], directory: str = "") -> ModuleGraph:
    return build_graph(build_tree(directory, specifications.get), specifications.get)


def by_id(graph: ShownGraph) -> dict[str, ShownNode]:
    return {node.id: node for node in graph.nodes}


ACCEPTANCE = {
    "": ModuleSpecification(
        resources=[resource("aws_s3_bucket.b"), resource("aws_region.here", "data")],
        modules=[call("inner", "./modules/inner")],
    ),
    "modules/inner": ModuleSpecification(resources=[resource("aws_vpc.v")]),
}


def test_a_root_with_a_called_module_is_shown_in_full() -> None:
    assert shown(graph_of(ACCEPTANCE)) == ShownGraph(
        [
            ShownNode("aws_s3_bucket.b", "aws_s3_bucket.b", 0, "root", {}),
            ShownNode("data.aws_region.here", "(data) aws_region.here", 0, "root", {}),
            ShownNode("module.inner.aws_vpc.v", "aws_vpc.v", 0, "module.inner", {}),
            ShownNode("module.inner", "inner", 1, None, MODULE_STYLE),
            ShownNode("root", "Root Module", 2, None, MODULE_STYLE),
        ],
        [ShownEdge("root.module.inner", "module.inner", "root", ["module.inner-root"])],
    )


def test_full_resource_names_label_resources_with_their_ids() -> None:
    found = by_id(shown(graph_of(ACCEPTANCE), full_resource_names=True))
    labels = {node.label for node in found.values() if node.parent is not None}
    assert labels == {"aws_s3_bucket.b", "data.aws_region.here", "module.inner.aws_vpc.v"}
    assert found["module.inner"].label == "inner"


def test_full_module_names_label_modules_with_their_ids() -> None:
    specifications = {
        "": ModuleSpecification(modules=[call("a", "./a")]),
        "a": ModuleSpecification(modules=[call("b", "x/y/z")]),
    }
    found = by_id(shown(graph_of(specifications), full_module_names=True))
    assert {node_id: node.label for node_id, node in found.items()} == {
        "module.a": "module.a",
        "module.a.module.b": "module.a.module.b",
        "root": "Root Module",
    }


def test_edges_between_modules_come_before_those_at_the_root() -> None:
    specifications = {
        "": ModuleSpecification(modules=[call("a", "./a"), call("rooted", "./a")]),
        "a": ModuleSpecification(modules=[call("b", "x/y/z")]),
    }
    assert shown(graph_of(specifications)).edges == [
        ShownEdge("module.a.module.a.module.b", "module.a", "module.a.module.b", ["module-module"]),
        ShownEdge("module.rooted.module.rooted.module.b", "module.rooted", "module.rooted.module.b", ["module-module"]),
        ShownEdge("root.module.a", "module.a", "root", ["module.a-root"]),
        ShownEdge("root.module.rooted", "module.rooted", "root", ["module.rooted-root"]),
    ]


def test_a_module_counts_its_own_resources_only() -> None:
    specifications = {
        "": ModuleSpecification(modules=[call("a", "./a")]),
        "a": ModuleSpecification(modules=[call("b", "../b")], resources=[resource("aws_vpc.v")]),
        "b": ModuleSpecification(resources=[resource("aws_vpc.v"), resource("aws_vpc.w")]),
    }
    counts = {node_id: node.child_count for node_id, node in by_id(shown(graph_of(specifications))).items()}
    assert (counts["root"], counts["module.a"], counts["module.a.module.b"]) == (0, 1, 2)


def test_an_example_is_the_root_of_its_own_graph() -> None:
    specifications = {**ACCEPTANCE, "examples/basic": ModuleSpecification(modules=[call("net", "../../")])}
    found = by_id(shown(graph_of(specifications, "examples/basic")))
    assert list(found) == [
        "module.net.aws_s3_bucket.b",
        "module.net.data.aws_region.here",
        "module.net.module.inner.aws_vpc.v",
        "module.net",
        "module.net.module.inner",
        "root",
    ]
    assert found["module.net"].child_count == 2


def test_a_directory_without_resources_and_calls_shows_the_root_alone() -> None:
    assert shown(graph_of({})) == ShownGraph([ShownNode("root", "Root Module", 0, None, MODULE_STYLE)], [])


@pytest.mark.parametrize(
    ("full_type", "provider"),
    [
        ("aws_s3_bucket", None),
        ("terraform_data", None),
        ("null", None),
        ("google_beta_thing", "google-beta"),
        ("s3_bucket", "aws"),
        ("aws_aws_thing", "aws"),
    ],
)
def test_the_id_of_a_resource_holds_its_type_as_it_is_written(full_type: str, provider: str | None) -> None:
    written = {} if provider is None else {"provider": Attribute("provider", 2, provider, NotConstant("refers"))}
    file = ParsedFile([Block("resource", (full_type, "x"), 1, "", written)])
    found = graph_of({"": specify([("main.tf", file)])})
    assert [node.id for node in found.nodes] == [f"{full_type}.x"]


def test_a_resource_whose_id_would_be_a_modules_yields_to_the_module() -> None:
    specification = ModuleSpecification(modules=[call("net", "x/y/z")], resources=[resource("module.net")])
    assert [node.kind for node in graph_of({"": specification}).nodes] == [NodeKind.MODULE]


@pytest.mark.parametrize("address", ["aws_vpc.", "aws_vpc.a.b", ".x"])
def test_a_resource_whose_name_could_not_stand_in_an_id_is_left_out(address: str) -> None:
    specification = ModuleSpecification(resources=[resource(address), resource("aws_vpc.v")])
    assert [node.id for node in graph_of({"": specification}).nodes] == ["aws_vpc.v"]


def test_a_budget_that_ends_leaves_resources_out_before_modules() -> None:
    tree = build_tree("", ACCEPTANCE.get)
    found = build_graph(tree, ACCEPTANCE.get, Budget(entries=2))
    assert [node.id for node in found.nodes] == ["aws_s3_bucket.b", "module.inner"]


def test_resources_of_a_module_beyond_the_budget_are_left_out() -> None:
    tree = [CalledModule("", "", "", None), CalledModule("a", "", "", "a"), CalledModule("x" * 90, "", "", "b")]
    specifications = {
        "a": ModuleSpecification(),
        "b": ModuleSpecification(resources=[resource("t.u")]),
    }
    assert [node.id for node in build_graph(tree, specifications.get, Budget(characters=100)).nodes] == ["module.a"]


# --- costs -------------------------------------------------------------------------------------------------------


def costs_of(*resources: JsonValue) -> Mapping[str, Decimal]:
    return resource_costs({"projects": [{"breakdown": {"resources": resources}}]})


@pytest.mark.parametrize(
    ("monthly", "yearly"),
    [
        ("61.536", "738.43"),
        ("0", "0.00"),
        ("12.345", "148.14"),
        ("-0.0001", "0.00"),
        ("123456789012345678", "1481481468148148136.00"),
        ("0.1", "1.20"),
        # Exactly half a cent: to the even one.
        ("0.00041666666666666666666666666666666666", "0.00"),
        ("0.00125", "0.02"),
        ("0.03125", "0.38"),
    ],
)
def test_a_yearly_cost_is_twelve_months_to_the_cent(monthly: str, yearly: str) -> None:
    assert yearly_cost({"totalMonthlyCost": monthly}) == yearly


@pytest.mark.parametrize(
    "document",
    [
        None,
        {},
        *({"totalMonthlyCost": value} for value in (None, "", "NaN", "1e999999999", "9" * 30, 5.0, ["1"], "1\n")),
    ],
)
def test_a_document_without_a_readable_total_has_no_yearly_cost(document: Mapping[str, JsonValue] | None) -> None:
    assert yearly_cost(document) is None


def test_a_priced_resource_shows_its_yearly_cost_and_a_border() -> None:
    specifications = {"": ModuleSpecification(resources=[resource("aws_instance.web"), resource("aws_vpc.v")])}
    graph = graph_of(specifications)
    costs = costs_of({"name": "aws_instance.web", "monthlyCost": "123.072"})
    found = by_id(shown(graph, costs=costs))
    assert found["aws_instance.web"].label == "aws_instance.web ($1476.86/year)"
    assert found["aws_instance.web"].style == PRICED_STYLE
    assert (found["aws_vpc.v"].label, found["aws_vpc.v"].style) == ("aws_vpc.v", {})


def test_a_cost_stands_behind_full_names_and_names_of_data_sources_too() -> None:
    costs = costs_of({"name": "module.inner.aws_vpc.v", "monthlyCost": "0"})
    found = by_id(shown(graph_of(ACCEPTANCE), full_resource_names=True, costs=costs))
    assert found["module.inner.aws_vpc.v"].label == "module.inner.aws_vpc.v ($0.00/year)"
    assert found["module.inner.aws_vpc.v"].style == PRICED_STYLE


@pytest.mark.parametrize(
    ("name", "node_id"),
    [
        ("aws_instance.web[0]", "aws_instance.web"),
        ('module.a["x"].aws_instance.web[12]', "module.a.aws_instance.web"),
        (r'module.a["]\"]"].aws_vpc.v', "module.a.aws_vpc.v"),
        ("aws_vpc.v[", "aws_vpc.v["),
    ],
)
def test_indices_of_instances_are_left_out_of_names(name: str, node_id: str) -> None:
    assert costs_of({"name": name, "monthlyCost": "1"}) == {node_id: Decimal("12.00")}


def test_instances_of_a_resource_are_summed_after_rounding_each() -> None:
    found = costs_of(
        {"name": "a.b[0]", "monthlyCost": "0.1004"},
        {"name": "a.b[1]", "monthlyCost": "0.1004"},
        {"name": "a.c", "monthlyCost": None},
        {"name": "a.d", "monthlyCost": ""},
    )
    assert {name: str(cost) for name, cost in found.items()} == {"a.b": "2.40"}


@pytest.mark.parametrize(
    "document",
    [
        None,
        {},
        {"projects": []},
        {"projects": "x"},
        {"projects": [None]},
        {"projects": [{"breakdown": []}]},
        {"projects": [{"breakdown": {"resources": {"name": "a.b", "monthlyCost": "1"}}}]},
        {"projects": [{"breakdown": {"resources": [None, "x", {"name": 1, "monthlyCost": "1"}]}}]},
    ],
)
def test_a_document_of_another_shape_prices_nothing(document: Mapping[str, JsonValue] | None) -> None:
    assert resource_costs(document) == {}


def test_many_opening_brackets_are_read_in_no_time() -> None:
    name = '["' * 100_000
    assert costs_of({"name": name, "monthlyCost": "1"}) == {name: Decimal("12.00")}


# --- properties --------------------------------------------------------------------------------------------------

_names = st.sampled_from(["a", "b", "module", "data", "root"])
_resources = st.builds(
    Resource,
    _names,
    _names,
    st.sampled_from(["aws", "module"]),
    st.just("s"),
    st.sampled_from(["managed", "data"]),
    st.just("latest"),
    st.none(),
    st.booleans(),
)
_calls = st.builds(call, _names, st.sampled_from(["./a", "../b", "./", "x/y/z", "./a/b"]))
_specifications = st.dictionaries(
    st.sampled_from(["", "a", "b", "a/b", "a/a"]),
    st.builds(
        lambda resources, modules: ModuleSpecification(resources=resources, modules=modules),
        st.lists(_resources, max_size=4),
        st.lists(_calls, max_size=3, unique_by=lambda found: found.name),
    ),
)
_graphs = _specifications.map(graph_of)


@given(_graphs)
def test_ids_are_unique_and_everything_refers_to_a_node(graph: ModuleGraph) -> None:
    found = shown(graph)
    ids = [node.id for node in found.nodes]
    assert len(ids) == len(set(ids))
    edge_ids = [edge.id for edge in found.edges]
    assert len(edge_ids) == len(set(edge_ids))
    referred = {node.parent for node in found.nodes} - {None}
    referred |= {edge.source for edge in found.edges} | {edge.target for edge in found.edges}
    assert referred <= set(ids)


@given(_graphs)
def test_children_are_counted_and_every_module_but_the_root_has_an_edge(graph: ModuleGraph) -> None:
    found = shown(graph)
    parents = Counter(node.parent for node in found.nodes if node.parent is not None)
    assert {node.id: node.child_count for node in found.nodes if node.child_count} == parents
    modules = [node for node in found.nodes if node.style == MODULE_STYLE]
    assert len(found.edges) == len(modules) - 1


@given(_graphs, st.booleans(), st.booleans())
def test_variants_of_labels_change_labels_only(graph: ModuleGraph, resources: bool, modules: bool) -> None:
    def without_labels(shown_graph: ShownGraph) -> tuple[Sequence[ShownNode], Sequence[ShownEdge]]:
        return [attrs.evolve(node, label="") for node in shown_graph.nodes], shown_graph.edges

    variant = shown(graph, full_resource_names=resources, full_module_names=modules)
    assert without_labels(variant) == without_labels(shown(graph))


@given(_graphs)
def test_resources_come_first_then_modules_each_by_id_then_the_root(graph: ModuleGraph) -> None:
    found = [(node.parent is None, node.id == "root", node.id) for node in shown(graph).nodes]
    assert found == sorted(found)
