"""The records of the graph, and the graph as networkx has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import msgspec

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["APP", "EDGE_TYPES", "Edge", "EdgeType", "Graph", "Node", "NodeKind"]

APP = "app"
"""The node of the app's own code."""

NodeKind = Literal["app", "sdk", "package", "library", "type", "permission"]
EdgeType = Literal[
    "embeds",
    "calls",
    "extends",
    "refers",
    "loads",
    "links",
    "declares",
    "requires",
    "bundles",
    "reads",
    "needs",
]
EDGE_TYPES: tuple[str, ...] = get_args(EdgeType)
"""Every type of edge; ``docs/graph.md`` says what each means."""


class Node(msgspec.Struct, frozen=True, order=True, omit_defaults=True):
    """A party of the graph."""

    id: str
    """``app``, the id of an SDK, or ``package:…``, ``library:…``, ``type:…``, ``permission:…``."""
    kind: NodeKind
    classes: int = 0
    """Classes defined in the app that belong to it."""


class Edge(msgspec.Struct, frozen=True, order=True):
    """A typed relation with its evidence."""

    source: str
    target: str
    type: EdgeType
    count: int
    """How many pieces of evidence."""
    evidence: str
    """The first piece: a feature in the text notation, or a sentence with the class and method as a dex file writes them."""


class Graph(msgspec.Struct, frozen=True, omit_defaults=True):
    """Nodes and edges, sorted; a plain record."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    edges_left_out: int = 0
    """Edges that are not listed, those with the least evidence, because there are more than a reader could use."""

    def to_networkx(self) -> nx.MultiDiGraph[str]:
        """The graph for networkx: nodes have ``kind`` and ``classes``, edges ``type`` (also their key), ``count`` and ``evidence``."""
        import networkx as nx  # noqa: PLC0415 - slow to import, and a report is often only printed

        graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
        for node in self.nodes:
            graph.add_node(node.id, kind=node.kind, classes=node.classes)
        for edge in self.edges:
            graph.add_edge(
                edge.source, edge.target, key=edge.type, type=edge.type, count=edge.count, evidence=edge.evidence
            )
        return graph
