"""Which personal information the code of an artifact is able to read, by the constant pools of its classes.

Coarser than what a scan of an app says: a constant counts for a call when one class has both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from sdkfp.vocabulary import CONSTANT_KINDS, Read, ReadKind, Reads, Weight

if TYPE_CHECKING:
    from sdkfp.classfile import ClassFile

__all__ = ["reads_of"]


def reads_of(files: Iterable[ClassFile], vocabulary: Reads) -> dict[str, tuple[str, ...]]:
    """The surfaces that classes use, by type of personal information, both sorted.

    Args:
        files: the classes.
        vocabulary: of reads; what only goes with reading a type is left out.
    """
    surfaces = _Surfaces(vocabulary)
    found: dict[str, set[str]] = {}
    for file in files:
        for read in surfaces.of(file):
            found.setdefault(read.type, set()).add(str(read))
    return {type_: tuple(sorted(found[type_])) for type_ in sorted(found)}


class _Surfaces:
    """The vocabulary, by member and by constant."""

    def __init__(self, reads: Reads) -> None:
        self._members: dict[tuple[ReadKind, str], list[Read]] = {}
        self._constants: dict[str, list[Read]] = {}
        self._carriers: Mapping[ReadKind, frozenset[str]] = {
            kind: frozenset(reads.carriers.get(kind, ())) for kind in CONSTANT_KINDS
        }
        for read in reads.items:
            if read.weight is not Weight.READ or read.numbers:  # a number is in the code, not in the constant pool
                continue
            if read.kind in (ReadKind.METHOD, ReadKind.FIELD):
                owner, arrow, member = read.name.partition("->")
                for name in (owner, *reads.subclasses.get(owner, ())):
                    self._members.setdefault((read.kind, f"{name}{arrow}{member}"), []).append(read)
            elif read.kind in CONSTANT_KINDS:
                self._constants.setdefault(read.name, []).append(read)

    def of(self, file: ClassFile) -> Iterable[Read]:
        strings = frozenset(file.strings)
        methods = {f"{_descriptor(owner)}->{name}" for owner, name, _ in file.methods}
        fields = {f"{_descriptor(owner)}->{name}" for owner, name, _ in file.fields}
        for kind, names in ((ReadKind.METHOD, methods), (ReadKind.FIELD, fields)):
            for name in names:
                for read in self._members.get((kind, name), ()):
                    if not read.constants or strings.intersection(read.constants):
                        yield read
        for text in strings.intersection(self._constants):
            yield from (read for read in self._constants[text] if methods & self._carriers[read.kind])


def _descriptor(name: str) -> str:
    return f"L{name.replace('.', '/')};"
