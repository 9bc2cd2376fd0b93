"""The dependency graph of an app: who calls, extends, loads, bundles and requires whom, with evidence for each.

``docs/graph.md`` says what the nodes, the edges and the answers mean.
"""

from __future__ import annotations

from sdkfp.graph.building import build
from sdkfp.graph.model import APP, EDGE_TYPES, Edge, EdgeType, Graph, Node, NodeKind
from sdkfp.graph.query import (
    EntryPoints,
    GraphError,
    Reaches,
    Removal,
    Users,
    entry_points,
    find_node,
    if_removed,
    reaches,
    subgraph,
    who_uses,
)

__all__ = [
    "APP",
    "EDGE_TYPES",
    "Edge",
    "EdgeType",
    "EntryPoints",
    "Graph",
    "GraphError",
    "Node",
    "NodeKind",
    "Reaches",
    "Removal",
    "Users",
    "build",
    "entry_points",
    "find_node",
    "if_removed",
    "reaches",
    "subgraph",
    "who_uses",
]
