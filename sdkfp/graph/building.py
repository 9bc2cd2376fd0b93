"""The graph of an app: everything that relates its parties, gathered and sorted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from sdkfp.features import FeatureSet, Kind
from sdkfp.graph.code import code_relations, load_relations
from sdkfp.graph.model import APP, Edge, Graph, Node
from sdkfp.graph.native import library_nodes, native_relations
from sdkfp.graph.parties import Parties, find_parties, readable

if TYPE_CHECKING:
    from sdkfp.app import App
    from sdkfp.graph.model import EdgeType
    from sdkfp.identification import Identification, Identified
    from sdkfp.manifest import ManifestFile

__all__ = ["MOST_EDGES", "build"]

MOST_EDGES = 20_000
"""Real apps have hundreds."""
LONGEST_EVIDENCE = 600
_COMPONENTS = (Kind.ACTIVITY, Kind.SERVICE, Kind.RECEIVER, Kind.PROVIDER)
_Evidence = Callable[[], str]


class _Edges:
    """Gathers pieces of evidence into edges."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, EdgeType], tuple[int, _Evidence]] = {}

    def add(self, source: str, target: str, word: EdgeType, evidence: _Evidence, count: int = 1) -> None:
        """One more relation; of an edge that is known only the count grows."""
        if source != target and count:
            known, first = self._found.get((source, target, word), (0, evidence))
            self._found[source, target, word] = known + count, first

    def edges(self) -> tuple[tuple[Edge, ...], int]:
        """The edges, sorted, and how many were left out."""
        kept = sorted(self._found, key=lambda key: (-self._found[key][0], key))[:MOST_EDGES]
        edges = []
        for key in kept:
            count, evidence = self._found[key]
            edges.append(Edge(*key, count, readable(evidence(), LONGEST_EVIDENCE)))
        return tuple(sorted(edges)), len(self._found) - len(kept)


def build(identified: Identified, features: FeatureSet | None = None, app: App | None = None) -> Graph:
    """The graph of what is inside the app; relations to SDKs that are not inside are left out.

    Args:
        identified: what was identified.
        features: those in which it was identified; without them no class is counted and no package is a node.
        app: the app that they are from; without it there are no edges from code, native libraries and manifest.
    """
    parties = find_parties(features, identified)
    edges = _Edges()
    nodes = {node.id: node for node in parties.nodes}
    _add_inside(edges, identified, parties)
    if app is not None:
        libraries = library_nodes(app)
        nodes |= {node: Node(node, "library") for node in libraries.values()}
        _add_code(edges, app, parties, libraries)
        for found in native_relations(app, identified, parties, libraries):
            edges.add(found.source, found.target, found.type, _said(found.evidence))
        for file in app.manifests:
            _add_manifest(edges, file, parties)
        _add_manifest_only(edges, identified.sdks, parties)
    listed, left_out = edges.edges()
    return Graph(tuple(sorted(nodes.values())), listed, left_out)


def _said(text: str) -> _Evidence:
    return lambda: text


def _add_inside(edges: _Edges, identified: Identified, parties: Parties) -> None:
    """What the app has inside, and what the signatures say of each other."""
    inside = {sdk.signature.id for sdk in identified.sdks}
    for sdk in identified.sdks:
        signature = sdk.signature
        first = sdk.evidence[0].feature
        edges.add(APP, signature.id, "embeds", first.format, sum(evidence.count for evidence in sdk.evidence))
        relations: tuple[tuple[EdgeType, Iterable[str]], ...] = (
            ("requires", signature.requires),
            ("bundles", signature.bundles),
        )
        for word, others in relations:
            for other in inside.intersection(others):
                edges.add(signature.id, other, word, _said(f"signature {signature.id}"))
    for node in parties.nodes:
        if node.kind == "package":
            edges.add(
                APP, node.id, "embeds", _said(f"{node.classes} classes that no signature accounts for"), node.classes
            )


def _add_code(edges: _Edges, app: App, parties: Parties, libraries: Mapping[str, str]) -> None:
    ids = [node.id for node in parties.nodes]
    parts = [part for part in app.dexes if part.dex.class_names]
    for part, owners in zip(parts, parties.columns, strict=False):
        for found in code_relations(part.dex, parties, owners):
            evidence = _at(found.evidence, part.location)
            edges.add(ids[found.source], ids[found.target], found.type, evidence, found.count)
        for party, library, count, said in load_relations(part.dex, owners, {name: name for name in libraries}):
            edges.add(ids[party], libraries[library], "loads", _at(said, part.location), count)


def _at(said: _Evidence, location: str) -> _Evidence:
    return lambda: f"{said()} @ {location}"


def _add_manifest(edges: _Edges, file: ManifestFile, parties: Parties) -> None:
    """The components and the Application class, which Android starts, by the party of their class."""
    manifest = file.manifest
    classes = [(component.kind.value, component.target or component.name) for component in manifest.components]
    if manifest.application is not None:
        classes += [
            (word, name)
            for word, name in (
                ("application", manifest.application.name),
                ("component factory", manifest.application.component_factory),
            )
            if name
        ]
    for word, name in classes:
        party = parties.id_of_class(name)
        if party is not None:
            edges.add(APP, party, "declares", _said(f"{word} {name} @ {file.location}"))


def _add_manifest_only(edges: _Edges, sdks: Iterable[Identification], parties: Parties) -> None:
    """Components of SDKs whose classes are not in the dex files that were read."""
    for sdk in sdks:
        declared = [
            evidence
            for evidence in sdk.evidence
            if evidence.feature.kind in _COMPONENTS and evidence.feature.name not in parties.of_class
        ]
        for evidence in declared:
            edges.add(APP, sdk.signature.id, "declares", evidence.feature.format, evidence.count)
