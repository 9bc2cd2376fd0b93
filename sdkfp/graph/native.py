"""Native libraries as nodes: who has them inside, who loads them, and what they link."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from sdkfp.features import Feature, Kind
from sdkfp.graph.model import APP
from sdkfp.graph.parties import readable
from sdkfp.graph.relation import Relation
from sdkfp.signature import Strength

if TYPE_CHECKING:
    from sdkfp.app import App, LibraryPart
    from sdkfp.graph.parties import Parties
    from sdkfp.identification import Identified

__all__ = ["MOST_LIBRARIES", "library_nodes", "native_relations"]

MOST_LIBRARIES = 2000
"""Libraries that are nodes; real apps have at most some hundred."""
_RANK = {Kind.LIBRARY: 0, Kind.SONAME: 1, Kind.JNI: 2}
"""Evidence that says whose file a library is, the best first; a symbol only says that something is linked into it."""


def library_nodes(app: App) -> dict[str, str]:
    """File name → node id; one node for a library in all its ABIs."""
    names = sorted({part.name for part in app.libraries})[:MOST_LIBRARIES]
    return {name: f"library:{readable(name)}" for name in names}


def native_relations(
    app: App, identified: Identified, parties: Parties, nodes: Mapping[str, str]
) -> Iterator[Relation]:
    """What the native libraries of an app and the evidence in them say."""
    by_soname = {
        library.soname: nodes[part.name]
        for part in app.libraries
        if (library := app.native.get(part.location)) and library.soname and part.name in nodes
    }
    owners, inside = _evidence(app, identified)
    for part in app.libraries:
        node = nodes.get(part.name)
        if node is None:
            continue
        place = Feature(Kind.LIBRARY, part.name, None, part.location)
        owner = owners.get(part.name) or _owner_by_jni(app, part, parties) or APP
        yield Relation(owner, node, "embeds", place.format)
        for sdk, feature in inside.get(part.location, {}).items():
            if sdk != owner:
                yield Relation(node, sdk, "embeds", feature.format)
        yield from _jni(app, part, parties, node)
        library = app.native.get(part.location)
        for needed in library.needed if library else ():
            target = nodes.get(needed) or by_soname.get(needed)
            if target is not None and target != node:
                yield Relation(node, target, "links", Feature(Kind.NEEDED, needed, None, part.location).format)


def _evidence(app: App, identified: Identified) -> tuple[dict[str, str], dict[str, dict[str, Feature]]]:
    """File name → the SDK whose file it is; location → the SDKs that are linked into the file, with the first feature."""
    names = {part.location: part.name for part in app.libraries}
    best: dict[str, tuple[int, int, str]] = {}
    inside: dict[str, dict[str, Feature]] = {}
    for sdk in identified.sdks:
        for evidence in sdk.evidence:
            feature = evidence.feature
            name = names.get(feature.location)
            if name is None:
                continue
            if feature.kind in _RANK:
                rank = int(evidence.clue.strength is Strength.HINT), _RANK[feature.kind], sdk.signature.id
                best[name] = min(best.get(name, rank), rank)
            elif feature.kind in (Kind.SYMBOL, Kind.YARA):
                inside.setdefault(feature.location, {}).setdefault(sdk.signature.id, feature)
    return {name: sdk for name, (_, _, sdk) in best.items()}, inside


def _owner_by_jni(app: App, part: LibraryPart, parties: Parties) -> str | None:
    """The party of most classes whose native methods the library implements."""
    found = Counter(party for party, _ in _jni_parties(app, part, parties))
    return min(found, key=lambda party: (-found[party], party)) if found else None


def _jni(app: App, part: LibraryPart, parties: Parties, node: str) -> Iterator[Relation]:
    for party, class_name in _jni_parties(app, part, parties):
        yield Relation(party, node, "loads", Feature(Kind.JNI, class_name, None, part.location).format)


def _jni_parties(app: App, part: LibraryPart, parties: Parties) -> list[tuple[str, str]]:
    library = app.native.get(part.location)
    if library is None:
        return []
    classes = dict.fromkeys((*(method.class_name for method in library.jni_methods), *library.registered_classes))
    return [(party, name) for name in classes if (party := parties.id_of_class(name)) is not None]
