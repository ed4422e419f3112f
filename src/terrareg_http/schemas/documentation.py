"""Shapes of what people read of a version: submodules, examples, graphs (chapter 03, 17 and 21)."""

# The functions that declare fields are called once a field, on purpose.
# ruff: noqa: RUF009

from collections.abc import Mapping, Sequence
from typing import Any, Self

import attrs

from terrareg_core.modules.documentation import PartPage, PathList
from terrareg_core.modules.graph import ShownEdge, ShownGraph, ShownNode
from terrareg_core.modules.parts import PartKind
from terrareg_core.modules.specification import ModuleCall
from terrareg_http.schemas.fields import argument, optional_key, verbatim
from terrareg_http.schemas.modules import ModuleSpecs

# --- requests ----------------------------------------------------------------------------------------------------


@attrs.frozen
class OutputArguments:
    """In which form texts are wanted."""

    output: str = argument("`html` for HTML; anything else means Markdown", default="md")

    @property
    def as_html(self) -> bool:
        return self.output == "html"


@attrs.frozen
class GraphArguments:
    """How nodes are labelled (21.6)."""

    full_resource_names: bool = argument("Whether labels of resources are their ids", default=False)
    full_module_names: bool = argument("Whether labels of modules are their ids", default=False)


# --- responses ---------------------------------------------------------------------------------------------------


@attrs.frozen
class PartLink:
    """A submodule or an example in a list (21.4)."""

    path: str
    href: str

    @classmethod
    def all_of(cls, listed: PathList, kind: PartKind) -> Sequence[Self]:
        return [cls(path, f"/modules/{listed.version_id}/{kind.value}/{path}") for path in listed.paths]


@attrs.frozen
class ExampleFileLink:
    """A file of an example in a list (21.5)."""

    filename: str
    path: str
    content_href: str

    @classmethod
    def all_of(cls, listed: PathList) -> Sequence[Self]:
        base = f"/v1/terrareg/modules/{listed.version_id}/examples/file"
        return [cls(path.rpartition("/")[2], path, f"{base}/{path}") for path in listed.paths]


@attrs.frozen
class DirectCall:
    """A module that a directory calls by itself."""

    name: str
    source: str
    version: str
    description: str | None

    @classmethod
    def of(cls, call: ModuleCall) -> Self:
        return cls(call.name, call.source, call.version, call.description)


@attrs.frozen
class CostAnalysis:
    """What running an example costs."""

    yearly_cost: str | None


@attrs.frozen(kw_only=True)
class SubmoduleDetails(ModuleSpecs):
    """A submodule with everything that is known of it (21.4)."""

    modules: Sequence[DirectCall]
    display_source_url: str | None
    security_failures: int
    security_results: Any = verbatim("Results of a scanner that failed, or null")
    graph_url: str
    usage_example: str
    terraform_version_constraint: str | None = optional_key("The directory's constraint on terraform's version")

    @classmethod
    def of_page(cls, page: PartPage) -> Self:
        return cls(**_page(page))


@attrs.frozen(kw_only=True)
class ExampleDetails(SubmoduleDetails):
    """An example with everything that is known of it (21.4)."""

    cost_analysis: CostAnalysis

    @classmethod
    def of_page(cls, page: PartPage) -> Self:
        return cls(**_page(page), cost_analysis=CostAnalysis(page.yearly_cost))


def _page(page: PartPage) -> dict[str, Any]:
    return {
        **attrs.asdict(ModuleSpecs.of(page.details), recurse=False),
        "modules": [DirectCall.of(call) for call in page.modules],
        "display_source_url": page.source,
        "security_failures": len(page.security_results or ()),
        "security_results": page.security_results,
        "graph_url": f"/modules/{page.link}",
        "usage_example": page.usage_example,
        "terraform_version_constraint": page.terraform_version_constraint,
    }


@attrs.frozen
class NodeData:
    """What a node stands for (17.1)."""

    id: str
    label: str
    child_count: int
    parent: str | None = optional_key("The module that holds a resource; absent on modules")


@attrs.frozen
class GraphNode:
    """A node of a graph."""

    data: NodeData
    style: Mapping[str, str]

    @classmethod
    def of(cls, node: ShownNode) -> Self:
        return cls(NodeData(node.id, node.label, node.child_count, node.parent), dict(node.style))


@attrs.frozen
class EdgeData:
    """What an edge links (17.1)."""

    id: str
    source: str
    target: str


@attrs.frozen
class GraphEdge:
    """An edge of a graph."""

    data: EdgeData
    classes: Sequence[str]

    @classmethod
    def of(cls, edge: ShownEdge) -> Self:
        return cls(EdgeData(edge.id, edge.source, edge.target), edge.classes)


@attrs.frozen
class GraphData:
    """The resources and called modules of a directory."""

    nodes: Sequence[GraphNode]
    edges: Sequence[GraphEdge]

    @classmethod
    def of(cls, graph: ShownGraph) -> Self:
        return cls([GraphNode.of(node) for node in graph.nodes], [GraphEdge.of(edge) for edge in graph.edges])
