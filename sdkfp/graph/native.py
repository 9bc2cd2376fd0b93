"""Native libraries as nodes: who has them inside, who loads them, and what they link."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from sdkfp.features import Feature, Kind
from sdkfp.graph.model import APP
from sdkfp.graph.parties import readable
from sdkfp.graph.relation import Relation
from sdkfp.signature import Strength

if TYPE_CHECKING:
    from sdkfp.app import App, LibraryPart
    from sdkfp.elf import NativeLibrary
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
    parts = [part for part in app.libraries if part.name in nodes]
    libraries = {part.location: library for part in parts if (library := app.native.get(part.location))}
    by_soname = {
        library.soname: nodes[part.name]
        for part in parts
        if (library := libraries.get(part.location)) is not None and library.soname
    }
    classes = {location: _jni_parties(library, parties) for location, library in libraries.items()}
    owners, inside = _evidence(app, identified)
    owners = {**_owners_by_jni(parts, classes), **owners}
    for part in parts:
        node, location = nodes[part.name], part.location
        owner = owners.get(part.name, APP)
        yield Relation(owner, node, "embeds", Feature(Kind.LIBRARY, part.name, None, location).format)
        for sdk, feature in inside.get(location, {}).items():
            if sdk != owner:
                yield Relation(node, sdk, "embeds", feature.format)
        for party, class_name in classes.get(location, ()):
            yield Relation(party, node, "loads", Feature(Kind.JNI, class_name, None, location).format)
        for needed in libraries[location].needed if location in libraries else ():
            target = nodes.get(needed) or by_soname.get(needed)
            if target is not None and target != node:
                yield Relation(node, target, "links", Feature(Kind.NEEDED, needed, None, location).format)


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


def _owners_by_jni(parts: Iterable[LibraryPart], classes: Mapping[str, Sequence[tuple[str, str]]]) -> dict[str, str]:
    """File name → the party of most classes whose native methods the library implements."""
    found: dict[str, Counter[str]] = {}
    for part in parts:
        found.setdefault(part.name, Counter()).update(party for party, _ in classes.get(part.location, ()))
    return {name: min(count, key=lambda party: (-count[party], party)) for name, count in found.items() if count}


def _jni_parties(library: NativeLibrary, parties: Parties) -> list[tuple[str, str]]:
    """(party, class) of the classes whose native methods a library implements."""
    classes = dict.fromkeys((*(method.class_name for method in library.jni_methods), *library.registered_classes))
    return [(party, name) for name in classes if (party := parties.id_of_class(name)) is not None]
