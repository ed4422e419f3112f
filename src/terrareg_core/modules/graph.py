"""The graph of a module's resources and called modules, and the costs that it shows (chapter 03, 16 and 17)."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from enum import Enum
from types import MappingProxyType
from typing import Final

import attrs

from terrareg_core.json_values import JsonObject, JsonValue
from terrareg_core.modules.module_tree import Budget, CalledModule, SpecificationLookup

ROOT: Final = "root"
"""The id of the directory that the graph was built for."""

_MODULE: Final = "module"
_MODULE_STYLE: Final = MappingProxyType(
    {"color": "#000000", "background-color": "#F8F7F9", "font-weight": "bold", "text-valign": "top"}
)
_PRICED_STYLE: Final = MappingProxyType({"border-style": "solid", "border-width": "2px", "border-color": "red"})
_NO_STYLE: Final[Mapping[str, str]] = MappingProxyType({})

_INDEX: Final = re.compile(r'\["(?:[^"\\]|\\.)*+"\]|\[[^\[\]]*+\]')
_AMOUNT: Final = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,100})?", re.ASCII)
# Wide enough for twelve times every amount that is read, so that only the last step rounds.
_MONEY: Final = Context(prec=200, rounding=ROUND_HALF_EVEN)
_CENT: Final = Decimal("0.01")


class NodeKind(Enum):
    """What a node stands for; the values are stored."""

    MODULE = "module"
    MANAGED = "managed"
    DATA = "data"


@attrs.frozen
class GraphNode:
    """A called module, a resource or a data source."""

    kind: NodeKind
    parent: str
    """The id of the module that holds the resource, or that calls the module."""
    name: str
    """`TYPE.NAME` with the full type, or the name of the call."""

    @property
    def id(self) -> str:
        """The address within the graph, as terraform writes it."""
        way = "" if self.parent == ROOT else f"{self.parent}."
        return (
            way
            + {
                NodeKind.MODULE: f"{_MODULE}.{self.name}",
                NodeKind.MANAGED: self.name,
                NodeKind.DATA: f"data.{self.name}",
            }[self.kind]
        )


@attrs.frozen
class ModuleGraph:
    """The graph of one directory as it is stored; edges and the root node follow from the nodes.

    No two nodes have the same id, and every parent is the root or a node.
    """

    nodes: Sequence[GraphNode]
    """Resources and data sources by id, then modules by id."""


@attrs.frozen
class ShownNode:
    """A node as a client draws it (17.1)."""

    id: str
    label: str
    child_count: int
    """How many nodes have this one as their parent."""
    parent: str | None
    """None for modules, which edges link."""
    style: Mapping[str, str]


@attrs.frozen
class ShownEdge:
    """A line between two modules (17.1)."""

    id: str
    source: str
    target: str
    classes: Sequence[str]


@attrs.frozen
class ShownGraph:
    """A graph as a client draws it (17.1)."""

    nodes: Sequence[ShownNode]
    """Resources and data sources by id, then modules by id, then the root."""
    edges: Sequence[ShownEdge]
    """Between modules below the root, then those at the root, each by the called module's id."""


def build_graph(tree: Sequence[CalledModule], lookup: SpecificationLookup, budget: Budget | None = None) -> ModuleGraph:
    """The graph of the directory for which `build_tree` built `tree`, with the lookup that it was given.

    What lies beyond the budget, modules before resources, is left out, and so is a resource whose name or type could
    not stand in an id (which terraform refuses).
    """
    budget = Budget() if budget is None else budget
    modules: dict[str, GraphNode] = {}
    for module in tree:
        if module.key:
            caller, _, name = module.key.rpartition(".")
            node = GraphNode(NodeKind.MODULE, _module_id(caller), name)
            if not budget.take(len(node.id)):
                break
            modules[node.id] = node
    resources: dict[str, GraphNode] = {}
    for names, node in _resources(tree, lookup):
        if not budget.take(len(node.id)):
            break
        has_place = node.parent == ROOT or node.parent in modules
        if has_place and node.id not in modules and all(name and "." not in name for name in names):
            resources[node.id] = node
    return ModuleGraph([node for nodes in (resources, modules) for _, node in sorted(nodes.items())])


def shown(
    graph: ModuleGraph,
    *,
    full_resource_names: bool = False,
    full_module_names: bool = False,
    costs: Mapping[str, Decimal] = MappingProxyType({}),
) -> ShownGraph:
    """The graph with labels, styles and edges; `costs` is what `resource_costs` gives (17.1)."""
    nodes = [(node.id, node) for node in graph.nodes]
    modules = [(node_id, node) for node_id, node in nodes if node.kind is NodeKind.MODULE]
    children = Counter(node.parent for _, node in nodes if node.kind is not NodeKind.MODULE)
    return ShownGraph(
        [
            *(
                _shown_resource(node_id, node, costs.get(node_id), full_name=full_resource_names)
                for node_id, node in nodes
                if node.kind is not NodeKind.MODULE
            ),
            *(
                ShownNode(node_id, node_id if full_module_names else node.name, children[node_id], None, _MODULE_STYLE)
                for node_id, node in modules
            ),
            ShownNode(ROOT, "Root Module", children[ROOT], None, _MODULE_STYLE),
        ],
        [
            *(
                ShownEdge(f"{node.parent}.{node_id}", node.parent, node_id, [f"{_MODULE}-{_MODULE}"])
                for node_id, node in modules
                if node.parent != ROOT
            ),
            *(
                ShownEdge(f"{ROOT}.{node_id}", node_id, ROOT, [f"{node_id}-{ROOT}"])
                for node_id, node in modules
                if node.parent == ROOT
            ),
        ],
    )


def yearly_cost(document: JsonObject | None) -> str | None:
    """What an example costs in a year, with two decimals, by the cost tool's document; None if it doesn't say (16)."""
    amount = _yearly(document.get("totalMonthlyCost")) if document is not None else None
    return None if amount is None else str(amount)


def resource_costs(document: JsonObject | None) -> Mapping[str, Decimal]:
    """What each priced resource costs in a year, all its instances together, by its id in the graph (17.1)."""
    costs: dict[str, Decimal] = {}
    for resource in _priced(document or {}):
        name, amount = resource.get("name"), _yearly(resource.get("monthlyCost"))
        if isinstance(name, str) and amount is not None:
            node_id = _INDEX.sub("", name)
            costs[node_id] = _MONEY.add(costs.get(node_id, Decimal(0)), amount)
    return costs


# --- building ----------------------------------------------------------------------------------------------------


def _module_id(key: str) -> str:
    """The id of the module with this key in the tree, whose names hold no dot."""
    return ".".join(f"{_MODULE}.{name}" for name in key.split(".")) if key else ROOT


def _resources(
    tree: Sequence[CalledModule], lookup: SpecificationLookup
) -> Iterator[tuple[tuple[str, str], GraphNode]]:
    """Every resource and data source of the modules in the tree: its full type and name, and its node."""
    for module in tree:
        parent = _module_id(module.key)
        specification = lookup(module.directory) if module.directory is not None else None
        for resource in specification.resources if specification is not None else ():
            kind = NodeKind.DATA if resource.mode == "data" else NodeKind.MANAGED
            names = (resource.full_type, resource.name)
            yield names, GraphNode(kind, parent, ".".join(names))


# --- showing -----------------------------------------------------------------------------------------------------


def _shown_resource(node_id: str, node: GraphNode, cost: Decimal | None, *, full_name: bool) -> ShownNode:
    short = f"(data) {node.name}" if node.kind is NodeKind.DATA else node.name
    label = node_id if full_name else short
    if cost is None:
        return ShownNode(node_id, label, 0, node.parent, _NO_STYLE)
    return ShownNode(node_id, f"{label} (${cost}/year)", 0, node.parent, _PRICED_STYLE)


# --- costs -------------------------------------------------------------------------------------------------------


def _priced(document: JsonObject) -> Iterator[JsonObject]:
    """The entries of `projects[0].breakdown.resources`; none where the document has another shape."""
    projects = document.get("projects")
    first = projects[0] if isinstance(projects, Sequence) and projects else None
    breakdown = first.get("breakdown") if isinstance(first, Mapping) else None
    resources = breakdown.get("resources") if isinstance(breakdown, Mapping) else None
    if isinstance(resources, Sequence):
        yield from (resource for resource in resources if isinstance(resource, Mapping))


def _yearly(monthly: JsonValue) -> Decimal | None:
    """Twelve times the amount that a decimal text gives, to the cent; None for everything else."""
    if not isinstance(monthly, str) or not _AMOUNT.fullmatch(monthly):
        return None
    yearly = _MONEY.quantize(_MONEY.multiply(Decimal(monthly), Decimal(12)), _CENT)
    return _MONEY.plus(yearly)
