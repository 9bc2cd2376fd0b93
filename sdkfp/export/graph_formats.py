"""The graph as node-link JSON, GraphML, GEXF, DOT and Mermaid. The same graph gives the same bytes."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sdkfp.export.text import visible

if TYPE_CHECKING:
    import networkx as nx

    from sdkfp.graph import Graph, Node

__all__ = ["FORMATS", "to_dot", "to_gexf", "to_graphml", "to_mermaid", "to_node_link"]

LONGEST_NAME = 400
"""Longer than any name that a graph has, so that different names stay different."""
LONGEST_EVIDENCE = 1000
_SHAPES = {
    "app": "doubleoctagon",
    "sdk": "box",
    "package": "folder",
    "library": "component",
    "type": "ellipse",
    "permission": "hexagon",
}
_MERMAID = {
    "app": ("[[", "]]"),
    "sdk": ("[", "]"),
    "package": ("[/", "/]"),
    "library": ("[(", ")]"),
    "type": ("([", "])"),
    "permission": ("{{", "}}"),
}
_GEXF_DATE = re.compile(rb' lastmodifieddate="[^"]*"')


def to_node_link(graph: Graph) -> bytes:
    """JSON in networkx's node-link form: ``networkx.node_link_graph(json.loads(data), edges="edges")`` reads it."""
    import msgspec  # noqa: PLC0415 - a format is chosen one at a time
    import networkx as nx  # noqa: PLC0415 - slow to import

    data = nx.node_link_data(graph.to_networkx(), edges="edges")
    return msgspec.json.format(msgspec.json.encode(data), indent=1) + b"\n"


def to_graphml(graph: Graph) -> bytes:
    """GraphML, for yEd, Gephi, igraph and the like."""
    import networkx as nx  # noqa: PLC0415 - slow to import

    target = io.BytesIO()
    nx.write_graphml_xml(_printable(graph), target)
    return target.getvalue() + b"\n"


def to_gexf(graph: Graph) -> bytes:
    """GEXF 1.2, for Gephi."""
    import networkx as nx  # noqa: PLC0415 - slow to import

    target = io.BytesIO()
    nx.write_gexf(_printable(graph), target, version="1.2draft")
    return _GEXF_DATE.sub(b"", target.getvalue(), count=1) + b"\n"


def to_dot(graph: Graph) -> bytes:
    """DOT, for Graphviz; edges between the same two nodes are drawn as one."""
    lines = ["digraph sdkfp {", "  rankdir=LR;", '  node [fontname="sans-serif"];', '  edge [fontname="sans-serif"];']
    lines += [f"  {_quoted(node.id)} [shape={_SHAPES[node.kind]}];" for node in graph.nodes]
    lines += [
        f"  {_quoted(source)} -> {_quoted(target)} [label={_quoted(label)}];"
        for (source, target), label in _merged(graph).items()
    ]
    return "\n".join([*lines, "}", ""]).encode()


def to_mermaid(graph: Graph) -> bytes:
    """A Mermaid flowchart, for Markdown; edges between the same two nodes are drawn as one."""
    number = {node.id: f"n{position}" for position, node in enumerate(graph.nodes)}
    lines = ["flowchart LR", *(f"  {number[node.id]}{_mermaid_label(node)}" for node in graph.nodes)]
    lines += [
        f"  {number[source]} -->|{_mermaid_text(label)}| {number[target]}"
        for (source, target), label in _merged(graph).items()
    ]
    return "\n".join([*lines, ""]).encode()


FORMATS: Mapping[str, Callable[[Graph], bytes]] = {
    "json": to_node_link,
    "graphml": to_graphml,
    "gexf": to_gexf,
    "dot": to_dot,
    "mermaid": to_mermaid,
}
"""The formats by their name on the command line."""


def _printable(graph: Graph) -> nx.MultiDiGraph[str]:
    """The graph for XML, which cannot hold control characters."""
    import networkx as nx  # noqa: PLC0415 - slow to import

    found: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for node in graph.nodes:
        found.add_node(
            visible(node.id, LONGEST_NAME), label=visible(node.id, LONGEST_NAME), kind=node.kind, classes=node.classes
        )
    for position, edge in enumerate(graph.edges):
        found.add_edge(
            visible(edge.source, LONGEST_NAME),
            visible(edge.target, LONGEST_NAME),
            key=str(position),
            id=str(position),
            label=edge.type,
            relation=edge.type,
            count=edge.count,
            evidence=visible(edge.evidence, LONGEST_EVIDENCE),
        )
    return found


def _merged(graph: Graph) -> dict[tuple[str, str], str]:
    """The types of all edges between two nodes, with their counts."""
    found: dict[tuple[str, str], list[str]] = {}
    for edge in graph.edges:
        found.setdefault((edge.source, edge.target), []).append(f"{edge.type} {edge.count}")
    return {pair: ", ".join(words) for pair, words in found.items()}


def _quoted(text: str) -> str:
    text = visible(text, LONGEST_NAME).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _mermaid_label(node: Node) -> str:
    before, after = _MERMAID[node.kind]
    return f"{before}{_mermaid_text(node.id)}{after}"


def _mermaid_text(text: str) -> str:
    """In double quotes; everything that means something to Mermaid, Markdown or HTML as a numeric entity."""
    safe = "".join(
        char if char.isalnum() or char in " .,:*-_/+" else f"#{ord(char)};" for char in visible(text, LONGEST_NAME)
    )
    return f'"{safe}"'
