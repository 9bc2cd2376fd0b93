"""The graph of a report as the data that the HTML report draws."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sdkfp.export.text import visible
from sdkfp.export.words import EDGES, GROUPS, WORDS
from sdkfp.signature import Names

if TYPE_CHECKING:
    from sdkfp.catalog import Catalog
    from sdkfp.graph import Graph, Node
    from sdkfp.report import Report

__all__ = ["MOST_EDGES", "graph_data", "node_name"]

MOST_EDGES = 1500
"""More are not drawn: nobody can read them, and the page has to open at once."""
LONGEST_LABEL = 60
LONGEST_EVIDENCE = 240

Json = dict[str, object]


def graph_data(report: Report, catalog: Catalog, numbers: Mapping[str, int], base: frozenset[str]) -> Json:
    """Nodes and edges with short keys, as the script of the page reads them.

    Args:
        report: the report.
        catalog: for the names of types.
        numbers: the number of each SDK's card.
        base: ids of the SDKs that are base or UI libraries; they are hidden at first where there are enough others.
    """
    graph: Graph = report.graph
    sdks = {sdk.id: sdk.name for sdk in report.sdks}
    edges = sorted(graph.edges, key=lambda e: (e.source not in sdks and e.target not in sdks, -e.count, e))
    kept = sorted(edges[:MOST_EDGES])
    position = {node.id: row for row, node in enumerate(graph.nodes)}
    nodes = []
    for node in graph.nodes:
        name = node_name(node, sdks, catalog)
        group = "base" if node.kind == "sdk" and node.id in base else node.kind
        label: list[object] = [visible(name.en, LONGEST_LABEL), visible(name.zh or name.en, LONGEST_LABEL)]
        nodes.append([*label, group, node.classes, numbers.get(node.id, -1)])
    return {
        "nodes": nodes,
        "edges": [
            [position[e.source], position[e.target], e.type, e.count, visible(e.evidence, LONGEST_EVIDENCE)]
            for e in kept
            if e.source in position and e.target in position
        ],
        "left": graph.edges_left_out + len(edges) - len(kept),
        "groups": _pairs(GROUPS),
        "types": _pairs(EDGES),
        "alone": [WORDS["alone"].en, WORDS["alone"].zh],
    }


def _pairs(words: Mapping[str, Names]) -> dict[str, list[str]]:
    return {word: [names.en, names.zh or names.en] for word, names in words.items()}


def node_name(node: Node, sdks: Mapping[str, Names], catalog: Catalog) -> Names:
    """What to call a node."""
    kind, _, rest = node.id.partition(":")
    if node.kind == "app":
        return GROUPS["app"]
    if node.kind == "sdk":
        return sdks.get(node.id, Names(node.id))
    if kind == "type" and rest in catalog.vocabulary.types:
        name = catalog.vocabulary.types[rest].name
        return Names(name.en, (name.zh or name.en).partition("(")[0])
    if kind == "package":
        return Names("other packages", "其他包") if rest == "*" else Names(rest or "(default)")
    if kind == "permission":
        return Names(rest.rpartition(".")[2] or rest)
    return Names(rest or node.id)
