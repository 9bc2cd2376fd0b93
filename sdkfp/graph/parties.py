"""The parties of an app's code, and which of them every class belongs to, as small numbers for column operations."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sdkfp.coverage import package_group
from sdkfp.dex import java_names
from sdkfp.features import FeatureSet, Kind
from sdkfp.graph.model import APP, Node
from sdkfp.identification import Identified

if TYPE_CHECKING:
    import numpy.typing as npt

    from sdkfp.dex import Dex

    Ints = npt.NDArray[np.int64]

__all__ = ["NOT_INSIDE", "OTHER_PACKAGES", "Parties", "find_parties", "readable"]

NOT_INSIDE = -1
"""In a column of parties: the class is not defined in the app."""
MOST_PACKAGES = 100
"""Packages of unattributed classes that are nodes of their own; the largest are."""
OTHER_PACKAGES = "package:*"
"""The node of all other unattributed classes."""
LONGEST_NAME = 200
_SHARED, _OWN = b"$$ExternalSynthetic", b"$$ExternalSyntheticLambda"
"""In the names of classes that D8 makes; a lambda belongs to the class that it stands in."""
_BIDI = dict.fromkeys((*range(0x200E, 0x2010), *range(0x2028, 0x202F), *range(0x2066, 0x206A)))
_UNSAFE = {code: f"\\u{code:04x}" for code in (*range(0x20), *range(0x7F, 0xA0), *_BIDI)}


@dataclass(frozen=True, slots=True)
class Parties:
    """Parties are numbered; a column of parties holds their numbers."""

    nodes: tuple[Node, ...]
    """By number; the first is the app's own code."""
    columns: tuple[Ints, ...]
    """For every ``class`` column of the feature set, the party of each class."""
    first: tuple[Ints, ...]
    """For every ``class`` column, the party of the first definition of each class: that is the one that Android takes."""
    of_class: Mapping[str, int]
    """The same by class name."""

    def id_of_class(self, name: str) -> str | None:
        """The node of a class; ``None`` where it is not defined in the app."""
        number = self.of_class.get(name)
        return None if number is None else self.nodes[number].id

    def of_types(self, dex: Dex, first: Ints) -> Ints:
        """The party of every type of a dex file, by type_idx, with one :data:`NOT_INSIDE` more at the end.

        An array type has the party of its element class. Helpers that the compiler (D8) makes once for the whole app, and
        puts beside the first class that needs one, are nobody's: using one is no relation to that class.

        Args:
            first: of the file, one of :attr:`first`.
        """
        descriptors = dex.type_descriptors
        found = np.full(len(descriptors) + 1, NOT_INSIDE, np.int64)
        found[np.minimum(dex.classes.type_idx, len(descriptors))] = first
        found[-1] = NOT_INSIDE
        rows = [row for row in np.flatnonzero(found[:-1] < 0).tolist() if descriptors[row][:1] in (b"L", b"[")]
        elements = [descriptors[row].lstrip(b"[") for row in rows]
        names = java_names([element if element[:1] == b"L" else b"L;" for element in elements])
        get = self.of_class.get
        found[rows] = [get(name, NOT_INSIDE) for name in names]
        shared = [row for row, descriptor in enumerate(descriptors) if _SHARED in descriptor]
        found[[row for row in shared if _OWN not in descriptors[row]]] = NOT_INSIDE
        return found


def find_parties(features: FeatureSet | None, identified: Identified) -> Parties:
    """The app's own code, every SDK inside, and the packages that nobody owns, as parties."""
    names = [column.names for column in features.of(Kind.CLASS)] if features is not None else []
    owned = identified.owners if features is not None else ()
    packages = _packages(names, owned)
    ids = [APP, *(sdk.signature.id for sdk in identified.sdks), *dict.fromkeys(packages.values())]
    number: dict[str | None, int] = {party: position for position, party in enumerate(ids)}
    number |= {"": number[APP], None: NOT_INSIDE}
    columns = []
    of_class: dict[str, int] = {}
    for column, owners in zip(reversed(names), reversed(owned), strict=True):
        parties = list(map(number.__getitem__, owners))
        for row in [row for row, owner in enumerate(owners) if owner is None]:
            parties[row] = number[packages[_group(column[row])]]
        columns.append(np.array(parties, np.int64))
        of_class.update(zip(column, parties, strict=True))
    sizes = np.bincount(np.concatenate(columns), minlength=len(ids)).tolist() if columns else [0] * len(ids)
    last_sdk = len(identified.sdks)
    nodes = [
        Node(party, "app" if not position else "sdk" if position <= last_sdk else "package", sizes[position])
        for position, party in enumerate(ids)
    ]
    columns.reverse()
    first = columns
    if len(of_class) < sum(map(len, names)):
        first = [np.array([of_class[name] for name in column], np.int64) for column in names]
    return Parties(tuple(nodes), tuple(columns), tuple(first), of_class)


def _packages(names: Sequence[Sequence[str]], owners: Sequence[Sequence[str | None]]) -> dict[str, str]:
    """Group of packages of unattributed classes → node id."""
    sizes = Counter(
        _group(name)
        for column, owned in zip(names, owners, strict=True)
        for name, owner in zip(column, owned, strict=True)
        if owner is None
    )
    ordered = sorted(sizes, key=lambda package: (-sizes[package], package))
    return {
        package: f"package:{readable(package)}" if position < MOST_PACKAGES else OTHER_PACKAGES
        for position, package in enumerate(ordered)
    }


def _group(class_name: str) -> str:
    return package_group(class_name.rpartition(".")[0])


def readable(text: str, longest: int = LONGEST_NAME) -> str:
    r"""Text from the app for ids and evidence: control and direction characters as ``\u…``, and no longer than this.

    What is cut off is stood for by a hash, so that different names stay different.
    """
    if len(text) > longest:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        text = f"{text[:longest]}…{digest}"
    return text if text.isascii() and text.isprintable() else text.translate(_UNSAFE)
