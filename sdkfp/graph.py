"""The dependency graph of an app: who embeds, requires and bundles whom."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from sdkfp.identification import Identified

__all__ = ["APP", "Edge", "Graph", "Node", "build"]

APP = "app"
"""The node of the app's own code."""


class Node(msgspec.Struct, frozen=True, order=True):
    """A party of the graph."""

    id: str
    kind: str
    """``app`` or ``sdk``."""


class Edge(msgspec.Struct, frozen=True, order=True):
    """A typed relation with its evidence."""

    source: str
    target: str
    type: str
    """``embeds`` (the app has the SDK inside), ``requires`` and ``bundles`` (both from the signature)."""
    count: int
    """How many pieces of evidence."""
    evidence: str
    """The first piece, in the feature notation or in words."""


class Graph(msgspec.Struct, frozen=True):
    """Nodes and edges, sorted."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def build(identified: Identified) -> Graph:
    """The graph of what is inside the app; relations to SDKs that are not inside are left out."""
    inside: Mapping[str, object] = {sdk.signature.id: sdk for sdk in identified.sdks}
    edges = []
    for sdk in identified.sdks:
        signature = sdk.signature
        count = sum(evidence.count for evidence in sdk.evidence)
        edges.append(Edge(APP, signature.id, "embeds", count, sdk.evidence[0].feature.format()))
        for relation, others in (("requires", signature.requires), ("bundles", signature.bundles)):
            edges += [
                Edge(signature.id, other, relation, 1, f"signature {signature.id}")
                for other in others
                if other in inside
            ]
    nodes = [Node(APP, "app"), *(Node(sdk, "sdk") for sdk in inside)]
    return Graph(tuple(sorted(nodes)), tuple(sorted(edges)))
