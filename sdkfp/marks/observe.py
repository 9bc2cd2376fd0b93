"""The marks of code: which class of an app holds which mark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sdkfp.marks.hashing import (
    hash_names,
    hash_strings,
    hierarchy_marks,
    is_framework,
    reference_marks,
    shorty,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    from sdkfp.classfile import ClassFile
    from sdkfp.dex import Dex, References
    from sdkfp.marks.hashing import Hashes

__all__ = ["Observed", "of_class_files", "of_dexes"]

_RECIPE_TAGS = str.maketrans({"\x02": "\x01"})


@dataclass(frozen=True, slots=True)
class Observed:
    """(class, mark) pairs, each once, by class."""

    classes: int
    """How many classes there are; those of the second dex are counted on from those of the first."""
    row: npt.NDArray[np.int64]
    """Class of each pair."""
    mark: Hashes


def of_dexes(dexes: Iterable[Dex], asked: npt.NDArray[np.bool_] | None = None) -> Observed:
    """The marks of the classes of some dex files: operands of const-string, calls of framework methods, framework types
    extended or implemented.

    Args:
        dexes: the files.
        asked: for every class of all files whether its marks are wanted; by default all are.
    """
    rows, marks, count = [np.zeros(0, np.int64)], [np.zeros(0, np.uint64)], 0
    for dex in dexes:
        wanted = None if asked is None else asked[count : count + len(dex.classes)]
        if wanted is None or wanted.any():
            for row, mark in (_strings(dex, wanted), _references(dex, wanted), _hierarchy(dex, wanted)):
                rows.append(row + count)
                marks.append(mark)
        count += len(dex.classes)
    return _observed(count, np.concatenate(rows), np.concatenate(marks))


def of_class_files(files: Sequence[ClassFile]) -> Observed:
    """The marks of Java class files: what their code will hold when it has become a dex file."""
    texts: list[bytes] = []
    text_rows: list[int] = []
    types: list[bytes] = []
    type_rows: list[int] = []
    calls: list[tuple[bytes, bytes, bytes]] = []
    call_rows: list[int] = []
    for row, file in enumerate(files):
        for text in file.strings:
            # Joined strings (JEP 280) become StringBuilder calls: the recipe falls into the parts between its tags.
            parts = [text] if "\x01" not in text and "\x02" not in text else text.translate(_RECIPE_TAGS).split("\x01")
            texts += map(_mutf8, parts)
            text_rows += [row] * len(parts)
        above = [_descriptor(name) for name in (file.superclass, *file.interfaces) if name]
        above = [name for name in above if is_framework(name)]
        types += above
        type_rows += [row] * len(above)
        for owner, name, descriptor in file.methods:
            if is_framework(owner_type := _descriptor(owner)):
                calls.append((owner_type, _mutf8(name), shorty(descriptor)))
                call_rows.append(row)
    owners, names, shorties = (hash_names(part) for part in zip(*calls, strict=True)) if calls else (_none(),) * 3
    return _observed(
        len(files),
        np.array(text_rows + call_rows + type_rows, np.int64),
        np.concatenate(
            (hash_strings(texts), reference_marks(owners, names, shorties), hierarchy_marks(hash_names(types)))
        ),
    )


def _observed(classes: int, rows: npt.NDArray[np.int64], marks: Hashes) -> Observed:
    rows, marks = rows[marks > 0], marks[marks > 0]
    order = np.lexsort((marks, rows))
    rows, marks = rows[order], marks[order]
    new = np.ones(len(rows), np.bool_)
    new[1:] = (rows[1:] != rows[:-1]) | (marks[1:] != marks[:-1])
    return Observed(classes, rows[new], marks[new])


def _strings(dex: Dex, wanted: npt.NDArray[np.bool_] | None) -> tuple[npt.NDArray[np.int64], Hashes]:
    rows, index = _pairs(dex, *_of_wanted(dex, dex.string_constants(), wanted))
    distinct, place = np.unique(index, return_inverse=True)
    return rows, hash_strings(dex.strings_at(distinct))[place]


def _references(dex: Dex, wanted: npt.NDArray[np.bool_] | None) -> tuple[npt.NDArray[np.int64], Hashes]:
    methods = dex.methods
    code_rows, methods_called = _of_wanted(dex, dex.calls(), wanted)
    called = np.zeros(len(methods), np.bool_)
    called[methods_called] = True
    called &= methods.proto_idx < len(dex.protos)
    called[called] = _of_framework(dex, methods.class_idx[called])
    chosen = called[methods_called]
    rows, index = _pairs(dex, code_rows[chosen], methods_called[chosen])
    distinct, place = np.unique(index, return_inverse=True)
    marks = reference_marks(
        _of_types(dex, methods.class_idx[distinct]),
        _of_strings(dex, methods.name_idx[distinct]),
        _of_strings(dex, dex.protos.shorty_idx[methods.proto_idx[distinct]]),
    )
    return rows, marks[place]


def _hierarchy(dex: Dex, wanted: npt.NDArray[np.bool_] | None) -> tuple[npt.NDArray[np.int64], Hashes]:
    above, beside = dex.superclasses, dex.interfaces
    rows, types = np.concatenate((above.class_row, beside.class_row)), np.concatenate((above.type_idx, beside.type_idx))
    if wanted is not None:
        rows, types = rows[wanted[rows]], types[wanted[rows]]
    good = _of_framework(dex, types)
    return rows[good], hierarchy_marks(_of_types(dex, types[good]))


def _of_framework(dex: Dex, types: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    """Whether each of some types is one of the system; a type that is not in its table is none."""
    descriptors = dex.type_descriptors
    distinct, place = np.unique(types, return_inverse=True)
    found = [index < len(descriptors) and is_framework(descriptors[index]) for index in distinct.tolist()]
    return np.array(found, np.bool_)[place]


def _of_types(dex: Dex, types: npt.NDArray[np.integer]) -> Hashes:
    descriptors = dex.type_descriptors
    distinct, place = np.unique(types, return_inverse=True)
    return hash_names([descriptors[index] for index in distinct.tolist()])[place]


def _of_strings(dex: Dex, strings: npt.NDArray[np.integer]) -> Hashes:
    distinct, place = np.unique(strings, return_inverse=True)
    return hash_names(dex.strings_at(distinct))[place]


def _of_wanted(
    dex: Dex, used: References, wanted: npt.NDArray[np.bool_] | None
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """(row of ``dex.code``, index) of the uses in wanted classes."""
    if wanted is None or wanted.all():
        return used.row, used.index
    chosen = wanted[dex.code.owner][used.row]
    return used.row[chosen], used.index[chosen]


def _pairs(
    dex: Dex, rows: npt.NDArray[np.int32], index: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(class, index), each pair once, of (row of ``dex.code``, index)."""
    keys = np.unique(dex.code.owner[rows] << np.int64(32) | index)
    return keys >> np.int64(32), keys & np.int64(0xFFFFFFFF)


def _none() -> Hashes:
    return np.zeros(0, np.uint64)


def _descriptor(name: str) -> bytes:
    return _mutf8(f"L{name.replace('.', '/')};")


def _mutf8(text: str) -> bytes:
    raw = text.encode("utf-8", "surrogatepass")
    return raw.replace(b"\0", b"\xc0\x80") if b"\0" in raw else raw
