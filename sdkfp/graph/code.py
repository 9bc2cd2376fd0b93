"""Who calls, extends and refers to whom, and which libraries are loaded: column operations over the decoded dex files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sdkfp.dex import decode_mutf8

if TYPE_CHECKING:
    import numpy.typing as npt

    from sdkfp.dex import Dex, References
    from sdkfp.graph.model import EdgeType
    from sdkfp.graph.parties import Parties

    Ints = npt.NDArray[np.int64]

__all__ = ["Relation", "code_relations", "load_relations"]

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
_INVOKE_RANGE = 0x74


@dataclass(frozen=True, slots=True)
class Relation:
    """One party's relation to another in one dex file."""

    source: int
    """A party's number."""
    target: int
    type: EdgeType
    count: int
    evidence: Callable[[], str]
    """The first place in words; made when it is wanted."""


def code_relations(dex: Dex, parties: Parties, owners: Ints) -> Iterator[Relation]:
    """The calls, extends and refers of one dex file between different parties.

    Args:
        owners: the party of each class, by row of ``dex.classes``.
    """
    types = parties.of_types(dex, owners)
    of_methods = types[np.minimum(dex.methods.class_idx, len(types) - 1)]
    of_fields = types[np.minimum(dex.fields.class_idx, len(types) - 1)]
    of_code = owners[dex.code.owner]
    names = _Names(dex)
    uses: tuple[tuple[EdgeType, References, Ints, Callable[[int], str]], ...] = (
        ("calls", dex.calls(), of_methods, dex.method_reference),
        ("refers", dex.type_uses(), types, names.type),
        ("refers", dex.field_accesses(), of_fields, dex.field_reference),
    )
    for word, references, of_index, name in uses:
        verb = "calls" if word == "calls" else "refers to"
        for source, target, count, first in _between(
            of_code[references.row], of_index[references.index], len(parties.nodes)
        ):
            yield Relation(source, target, word, count, names.use(references, first, verb, name))
    for verb, pairs in (("extends", dex.superclasses), ("implements", dex.interfaces)):
        for source, target, count, first in _between(
            owners[pairs.class_row], types[pairs.type_idx], len(parties.nodes)
        ):
            place = int(pairs.class_row[first]), int(pairs.type_idx[first])
            yield Relation(source, target, "extends", count, names.inheritance(*place, verb))


def load_relations(
    dex: Dex, owners: Ints, libraries: Mapping[str, str]
) -> Iterator[tuple[int, str, int, Callable[[], str]]]:
    """Calls that load a native library of the app by a constant name or path: (party, library, count, evidence).

    The constant is the last one put into an argument's register before the call, in the same method.

    Args:
        owners: the party of each class, by row of ``dex.classes``.
        libraries: file name → what to call it in the answer; only these are looked for.
    """
    calls = dex.calls()
    chosen = np.flatnonzero(np.isin(calls.index, _loader_methods(dex)))
    if not len(chosen) or not libraries:
        return
    names = _Names(dex)
    found: dict[tuple[int, str], list[int]] = {}
    for place, string in _constants_before(dex, chosen):
        library = _library_of(dex.string(string), libraries)
        if library is not None:
            party = int(owners[dex.code.owner[calls.row[place]]])
            found.setdefault((party, library), []).append(place)
    for (party, library), places in found.items():
        yield party, library, len(places), names.use(calls, places[0], f"loads {library} with", dex.method_reference)


def _between(source: Ints, target: Ints, parties: int) -> Iterator[tuple[int, int, int, int]]:
    """(source, target, count, first row) of the pairs of different parties, both inside the app."""
    rows = np.flatnonzero((target >= 0) & (target != source))
    pairs, first, count = np.unique(source[rows] * parties + target[rows], return_index=True, return_counts=True)
    yield from zip(
        (pairs // parties).tolist(),
        (pairs % parties).tolist(),
        count.tolist(),
        rows[first].tolist(),
        strict=True,
    )


def _loader_methods(dex: Dex) -> Ints:
    """The method_idx of the methods that load a native library."""
    classes = [row for row, descriptor in enumerate(dex.type_descriptors) if descriptor in LOADERS]
    methods = np.flatnonzero(np.isin(dex.methods.class_idx, classes))
    loads = [name.startswith(b"load") for name in dex.strings_at(dex.methods.name_idx[methods])]
    return methods[np.array(loads, np.bool_)]


def _constants_before(dex: Dex, chosen: Ints) -> Iterator[tuple[int, int]]:
    """(row of ``dex.calls()``, string_idx) of every string constant that is in an argument's register of a call."""
    calls, strings = dex.calls(), dex.string_constants()
    units = dex.instructions.units
    near = np.flatnonzero(np.isin(strings.row, calls.row[chosen]))
    method = np.concatenate((strings.row[near], calls.row[chosen]))
    position = np.concatenate((strings.position[near], calls.position[chosen]))
    register: dict[int, int] = {}
    current = -1
    for event in np.lexsort((position, method)).tolist():
        if method[event] != current:
            current = int(method[event])
            register = {}
        if event < len(near):
            register[int(units[position[event]]) >> 8] = int(strings.index[near[event]])
            continue
        place = int(chosen[event - len(near)])
        for argument in _arguments(units, int(position[event]), int(calls.opcode[place])):
            if argument in register:
                yield place, register[argument]


def _arguments(units: npt.NDArray[np.uint16], position: int, opcode: int) -> range | list[int]:
    """The registers that an invoke instruction hands over (formats 35c and 3rc)."""
    head, registers = int(units[position]), int(units[position + 2])
    if opcode >= _INVOKE_RANGE:
        return range(registers, registers + (head >> 8))
    listed = [registers & 15, registers >> 4 & 15, registers >> 8 & 15, registers >> 12, head >> 8 & 15]
    return listed[: head >> 12]


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

    def type(self, index: int) -> str:
        types = self.dex.type_descriptors
        return decode_mutf8(types[index][:LONGEST_NAME]) if index < len(types) else "?"

    def use(self, references: References, place: int, verb: str, name: Callable[[int], str]) -> Callable[[], str]:
        def text() -> str:
            method = int(self.dex.code.method_idx[references.row[place]])
            used = name(int(references.index[place]))
            return f"{self.dex.method_reference(method)[:LONGEST_NAME]} {verb} {used[:LONGEST_NAME]}"

        return text

    def inheritance(self, class_row: int, type_idx: int, verb: str) -> Callable[[], str]:
        return lambda: f"{self.type(int(self.dex.classes.type_idx[class_row]))} {verb} {self.type(type_idx)}"
