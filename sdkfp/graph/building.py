"""The graph of an app: everything that relates its parties, gathered and sorted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from sdkfp.features import FeatureSet, Kind
from sdkfp.graph.abilities import ability_relations
from sdkfp.graph.code import code_relations, load_relations
from sdkfp.graph.model import APP, Edge, Graph, Node, NodeKind
from sdkfp.graph.native import library_nodes, native_relations
from sdkfp.graph.parties import Parties, find_parties, readable
from sdkfp.graph.relation import Relation, said

if TYPE_CHECKING:
    from sdkfp.app import App
    from sdkfp.behaviour import Observed
    from sdkfp.graph.model import EdgeType
    from sdkfp.identification import Identification, Identified
    from sdkfp.manifest import ManifestFile

__all__ = ["MOST_EDGES", "build"]

MOST_EDGES = 20_000
"""Real apps have hundreds."""
LONGEST_EVIDENCE = 800
_COMPONENTS = (Kind.ACTIVITY, Kind.SERVICE, Kind.RECEIVER, Kind.PROVIDER)


def build(
    identified: Identified,
    features: FeatureSet | None = None,
    app: App | None = None,
    observed: Observed | None = None,
) -> Graph:
    """The graph of what is inside the app; relations to SDKs that are not inside are left out.

    Args:
        identified: what was identified.
        features: those in which it was identified; without them no class is counted and no package is a node.
        app: the app that they are from; without it there are no edges from code, native libraries and manifest.
        observed: the reads in its code; without them there are no types of personal information and no permissions.
    """
    parties = find_parties(features, identified)
    nodes = {node.id: node for node in parties.nodes}
    edges = _Edges()
    edges.add(_inside(identified, parties))
    if app is not None:
        libraries = library_nodes(app)
        nodes |= {node: Node(node, "library") for node in libraries.values()}
        for number, part in enumerate(part for part in app.dexes if part.dex.class_names):
            edges.add(code_relations(part.dex, parties, number, part.location))
            edges.add(load_relations(part.dex, parties, number, part.location, libraries))
        edges.add(native_relations(app, identified, parties, libraries))
        for file in app.manifests:
            edges.add(_declared(file, parties))
        edges.add(_only_declared(identified.sdks, parties))
        if observed is not None:
            places = {part.location: libraries[part.name] for part in app.libraries if part.name in libraries}
            edges.add(ability_relations(observed.findings, parties, places))
    listed, left_out = edges.edges()
    ends = {end for edge in listed for end in (edge.source, edge.target)}
    nodes |= {end: Node(end, _kind_of(end)) for end in ends - nodes.keys()}
    return Graph(tuple(sorted(nodes.values())), listed, left_out)


class _Edges:
    """Gathers relations into edges."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, EdgeType], tuple[int, Callable[[], str]]] = {}

    def add(self, relations: Iterable[Relation]) -> None:
        """More relations; of an edge that is known only the count grows."""
        for relation in relations:
            key = relation.source, relation.target, relation.type
            if relation.source != relation.target and relation.count:
                known, first = self._found.get(key, (0, relation.evidence))
                self._found[key] = known + relation.count, first

    def edges(self) -> tuple[tuple[Edge, ...], int]:
        """The edges, sorted, and how many were left out."""
        kept = sorted(self._found, key=lambda key: (-self._found[key][0], key))[:MOST_EDGES]
        edges = []
        for key in kept:
            count, evidence = self._found[key]
            edges.append(Edge(*key, count, readable(evidence(), LONGEST_EVIDENCE)))
        return tuple(sorted(edges)), len(self._found) - len(kept)


def _kind_of(node: str) -> NodeKind:
    """The kind of a node that only edges name."""
    if node.startswith("type:"):
        return "type"
    return "permission" if node.startswith("permission:") else "package"


def _inside(identified: Identified, parties: Parties) -> Iterator[Relation]:
    """What the app has inside, and what the signatures say of each other."""
    inside = {sdk.signature.id for sdk in identified.sdks}
    for sdk in identified.sdks:
        signature = sdk.signature
        count = sum(evidence.count for evidence in sdk.evidence)
        yield Relation(APP, signature.id, "embeds", sdk.evidence[0].feature.format, count)
        relations: tuple[tuple[EdgeType, Iterable[str]], ...] = (
            ("requires", signature.requires),
            ("bundles", signature.bundles),
        )
        for word, others in relations:
            for other in inside.intersection(others):
                yield Relation(signature.id, other, word, said(f"signature {signature.id}"))
    for node in parties.nodes:
        if node.kind == "package":
            words = f"{node.classes} classes that no signature accounts for"
            yield Relation(APP, node.id, "embeds", said(words), node.classes)


def _declared(file: ManifestFile, parties: Parties) -> Iterator[Relation]:
    """The components and the Application class, which Android starts, by the party of their class."""
    manifest = file.manifest
    classes = [(component.kind.value, component.target or component.name) for component in manifest.components]
    application = manifest.application
    if application is not None:
        classes += [("application", application.name or "")]
        classes += [("component factory", application.component_factory or "")]
    for word, name in classes:
        party = parties.id_of_class(name)
        if party is not None:
            yield Relation(APP, party, "declares", said(f"{word} {name} @ {file.location}"))


def _only_declared(sdks: Iterable[Identification], parties: Parties) -> Iterator[Relation]:
    """Components of SDKs whose classes are not in the dex files that were read."""
    for sdk in sdks:
        for evidence in sdk.evidence:
            feature = evidence.feature
            if feature.kind in _COMPONENTS and feature.name not in parties.of_class:
                yield Relation(APP, sdk.signature.id, "declares", feature.format, evidence.count)
