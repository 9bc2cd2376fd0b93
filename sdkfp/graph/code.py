"""Who calls, extends and refers to whom, and which libraries are loaded: column operations over the decoded dex files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sdkfp.behaviour.flow import Budget, MethodIndex
from sdkfp.dex import decode_mutf8
from sdkfp.graph.relation import Relation

if TYPE_CHECKING:
    import numpy.typing as npt

    from sdkfp.behaviour.flow import MethodCode
    from sdkfp.dex import Dex, References
    from sdkfp.graph.model import EdgeType
    from sdkfp.graph.parties import Parties

    Ints = npt.NDArray[np.int64]
    Rows = npt.NDArray[np.signedinteger]

__all__ = ["code_relations", "load_relations"]

LOADERS = frozenset(
    (
        b"Ljava/lang/System;",
        b"Ljava/lang/Runtime;",
        b"Lcom/facebook/soloader/SoLoader;",
        b"Lcom/facebook/soloader/nativeloader/NativeLoader;",
        b"Lcom/getkeepsafe/relinker/ReLinker;",
        b"Lcom/getkeepsafe/relinker/ReLinkerInstance;",
    )
)
"""Classes whose ``load…`` methods are given the name or the path of a native library."""
LONGEST_LIBRARY_NAME = 255
"""Bytes; the limit of file names on Android."""
LONGEST_NAME = 300
"""Characters of a name that evidence shows."""
BLOCK = 1 << 16
"""Uses that are counted together: their columns stay in the processor's cache."""
MOST_STEPS = 2_000_000
"""Instructions that are followed back for all loads of one file; some tens for each are usual."""


def code_relations(dex: Dex, parties: Parties, number: int, location: str) -> Iterator[Relation]:
    """The calls, extends and refers of one dex file between different parties.

    Args:
        dex: the file.
        parties: of the app.
        number: of the file among those that define classes.
        location: of the file, for the evidence.
    """
    owners = parties.columns[number]
    types = parties.of_types(dex, parties.first[number])
    of_methods = types[np.minimum(dex.methods.class_idx, len(types) - 1)]
    of_fields = types[np.minimum(dex.fields.class_idx, len(types) - 1)]
    of_code = owners[dex.code.owner]
    names = _Names(dex, location)
    uses: tuple[tuple[EdgeType, References, Ints, Callable[[int], str]], ...] = (
        ("calls", dex.calls(), of_methods, dex.method_reference),
        ("refers", dex.type_uses(), types, names.type),
        ("refers", dex.field_accesses(), of_fields, dex.field_reference),
    )
    ids = [node.id for node in parties.nodes]
    for word, references, of_index, name in uses:
        verb = "calls" if word == "calls" else "refers to"
        for source, target, count, first in _between(of_code, references.row, of_index, references.index, len(ids)):
            yield Relation(ids[source], ids[target], word, names.use(references, first, verb, name), count)
    for verb, pairs in (("extends", dex.superclasses), ("implements", dex.interfaces)):
        for source, target, count, first in _between(owners, pairs.class_row, types, pairs.type_idx, len(ids)):
            place = int(pairs.class_row[first]), int(pairs.type_idx[first])
            yield Relation(ids[source], ids[target], "extends", names.inheritance(*place, verb), count)


def load_relations(
    dex: Dex, parties: Parties, number: int, location: str, libraries: Mapping[str, str]
) -> Iterator[Relation]:
    """Calls that load a native library of the app by a constant name or path.

    Args:
        dex: the file.
        parties: of the app.
        number: of the file among those that define classes.
        location: of the file, for the evidence.
        libraries: file name → node; only these are looked for.
    """
    calls = dex.calls()
    chosen = np.flatnonzero(np.isin(calls.index, _loader_methods(dex)))
    if not len(chosen) or not libraries:
        return
    names = _Names(dex, location)
    found: dict[tuple[str, str], list[int]] = {}
    for place, string in _constants_of(dex, chosen):
        library = _library_of(dex.string(string), libraries)
        if library is not None:
            party = parties.nodes[int(parties.columns[number][dex.code.owner[calls.row[place]]])].id
            found.setdefault((party, library), []).append(place)
    for (party, library), places in found.items():
        verb = f"loads {library.partition(':')[2]} with"
        yield Relation(party, library, "loads", names.use(calls, places[0], verb, dex.method_reference), len(places))


def _between(
    of_source: Ints, source: Rows, of_target: Ints, target: Rows, parties: int
) -> Iterator[tuple[int, int, int, int]]:
    """(source, target, count, first row) of the pairs of different parties, both inside the app.

    Args:
        of_source: the party of every user, and ...
        of_target: ... of everything that can be used; negative outside the app.
        source: row of ``of_source``, one for each use.
        target: row of ``of_target``.
        parties: how many there are.
    """
    found: dict[int, tuple[int, int]] = {}
    for start in range(0, len(source), BLOCK):
        users, used = of_source[source[start : start + BLOCK]], of_target[target[start : start + BLOCK]]
        rows = np.flatnonzero((used >= 0) & (used != users))
        pairs, first, count = np.unique(users[rows] * parties + used[rows], return_index=True, return_counts=True)
        places = (rows[first] + start).tolist()
        for pair, place, number in zip(pairs.tolist(), places, count.tolist(), strict=True):
            known, earlier = found.get(pair, (0, place))
            found[pair] = known + number, earlier
    for pair, (number, place) in sorted(found.items()):
        yield (*divmod(pair, parties), number, place)


def _loader_methods(dex: Dex) -> Ints:
    """The method_idx of the methods that load a native library."""
    classes = [row for row, descriptor in enumerate(dex.type_descriptors) if descriptor in LOADERS]
    methods = np.flatnonzero(np.isin(dex.methods.class_idx, classes))
    loads = [name.startswith(b"load") for name in dex.strings_at(dex.methods.name_idx[methods])]
    return methods[np.array(loads, np.bool_)]


def _constants_of(dex: Dex, chosen: Ints) -> Iterator[tuple[int, int]]:
    """(row of ``dex.calls()``, string_idx) of every string constant that reaches an argument of a call."""
    calls = dex.calls()
    methods = MethodIndex(dex, (), Budget(MOST_STEPS))
    code: MethodCode | None = None
    row = -1
    for place in chosen[np.argsort(calls.row[chosen], kind="stable")].tolist():
        if code is None or calls.row[place] != row:
            row = int(calls.row[place])
            code = methods.method(row)
        call = int(calls.position[place])
        for word in range(code.argument_count(call)):
            value = code.argument(call, word)
            if value is not None and value.kind == "string":
                yield place, value.number


def _library_of(constant: bytes, libraries: Mapping[str, str]) -> str | None:
    """The library of the app that a constant names: ``foo``, ``libfoo.so`` or a path that ends with it."""
    if len(constant) > 2 * LONGEST_LIBRARY_NAME:
        return None
    name = decode_mutf8(constant).rpartition("/")[2]
    return libraries.get(name) or libraries.get(f"lib{name}.so")


@dataclass(frozen=True, slots=True)
class _Names:
    """Evidence in words."""

    dex: Dex
    location: str

    def type(self, index: int) -> str:
        types = self.dex.type_descriptors
        return decode_mutf8(types[index][:LONGEST_NAME]) if index < len(types) else "?"

    def use(self, references: References, place: int, verb: str, name: Callable[[int], str]) -> Callable[[], str]:
        def text() -> str:
            method = self.dex.method_reference(int(self.dex.code.method_idx[references.row[place]]))
            used = name(int(references.index[place]))
            return f"{method[:LONGEST_NAME]} {verb} {used[:LONGEST_NAME]} @ {self.location}"

        return text

    def inheritance(self, class_row: int, type_idx: int, verb: str) -> Callable[[], str]:
        def text() -> str:
            own = self.type(int(self.dex.classes.type_idx[class_row]))
            return f"{own} {verb} {self.type(type_idx)} @ {self.location}"

        return text
