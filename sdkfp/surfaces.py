"""The vocabulary of reads, arranged for look-ups by class and member, by constant, and by the names that reflection uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

from sdkfp.vocabulary import CONSTANT_KINDS, Read, ReadKind, Reads

__all__ = ["NOTHING", "Members", "Surfaces"]

_PREFIXES: Mapping[ReadKind, tuple[str, ...]] = {ReadKind.PATH: ("", "cat ")}
"""What may stand before a constant in a string of the file."""
_LOOKUPS = ("getMethod", "getDeclaredMethod", "getField", "getDeclaredField")
"""Methods of ``Class`` that give a member by its name."""
_CLASS_NAMES = (("Ljava/lang/Class;", "forName"), ("Ljava/lang/ClassLoader;", "loadClass"))
"""Methods that give a class by its name; for tracing, the class stands for its name."""


class Members(NamedTuple):
    """What the members of one name are to the vocabulary. Reads are positions in ``Reads.items``."""

    plain: tuple[int, ...] = ()
    """Reads that need no certain argument."""
    by_argument: tuple[int, ...] = ()
    """Reads of which an argument decides."""
    carries: tuple[ReadKind, ...] = ()
    """Kinds of constants that it takes."""
    overridden: tuple[int, ...] = ()
    """Reads of a class that defines it."""
    fields: tuple[int, ...] = ()
    uris: tuple[int, ...] = ()
    """Reads of the URI that the field holds."""
    passes: bool = False
    """It hands an argument on in its result."""
    lookup: bool = False
    """It gives a member of a class by its name."""

    def joined(self, other: Members) -> Members:
        """Both together."""
        return Members(
            _union(self.plain, other.plain),
            _union(self.by_argument, other.by_argument),
            _union(self.carries, other.carries),
            _union(self.overridden, other.overridden),
            _union(self.fields, other.fields),
            _union(self.uris, other.uris),
            self.passes or other.passes,
            self.lookup or other.lookup,
        )


_T = TypeVar("_T")


def _union(one: tuple[_T, ...], other: tuple[_T, ...]) -> tuple[_T, ...]:
    return one if one == other else tuple(dict.fromkeys(one + other))


NOTHING = Members()


class Surfaces:
    """The vocabulary, arranged. Names are bytes, as dex files hold them."""

    def __init__(self, reads: Reads) -> None:
        self.reads = reads
        self.classes: dict[bytes, dict[bytes, Members]] = {}
        """Members by class descriptor and name."""
        self.constants: dict[bytes, tuple[int, ...]] = {}
        """Reads by the text of a constant, exactly."""
        self.beginnings: dict[bytes, tuple[int, ...]] = {}
        """Reads by the beginning of a constant: URIs and commands."""
        self._add_members()
        self._add_constants()
        self.bases = self._all_bases()
        """For a class of the framework, the classes of the vocabulary whose members it has, its own first."""
        self.by_name: Mapping[str, Mapping[str, Members]] = {
            owner[1:-1].decode().replace("/", "."): {name.decode(): members for name, members in names.items()}
            for owner, names in self.classes.items()
        }
        """Members by dotted class name and name, as reflection names them."""
        self.names = frozenset(name for names in self.by_name.values() for name in names)
        """The names of all members."""

    def _add_members(self) -> None:
        for position, read in enumerate(self.reads.items):
            members = _members_of(read, position)
            if members is not None:
                self._add(read.name, members)
        for kind, references in self.reads.carriers.items():
            for reference in references:
                self._add(reference, Members(carries=(kind,)))
        for reference in self.reads.passes:
            self._add(reference, Members(passes=True))
        for owner, name in _CLASS_NAMES:
            self._add(f"{owner}->{name}", Members(passes=True))
        for name in _LOOKUPS:
            self._add(f"Ljava/lang/Class;->{name}", Members(lookup=True))

    def _add(self, reference: str, members: Members) -> None:
        owner, _, name = reference.partition("->")
        names = self.classes.setdefault(owner.encode(), {})
        names[name.encode()] = names.get(name.encode(), NOTHING).joined(members)

    def _add_constants(self) -> None:
        for position, read in enumerate(self.reads.items):
            texts = list(read.constants)
            if read.kind in CONSTANT_KINDS and not read.name.startswith("L"):
                texts += [before + read.name for before in _PREFIXES.get(read.kind, ("",))]
            table = self.beginnings if read.kind in (ReadKind.URI, ReadKind.COMMAND) else self.constants
            for text in texts:
                table[text.encode()] = (*table.get(text.encode(), ()), position)

    def _all_bases(self) -> Mapping[bytes, tuple[bytes, ...]]:
        found = {owner: [owner] for owner in self.classes}
        for owner, subclasses in self.reads.subclasses.items():
            for subclass in subclasses:
                found.setdefault(subclass.encode(), []).append(owner.encode())
        return {owner: tuple(bases) for owner, bases in found.items()}

    def meets(self, text: bytes, beginning: bytes) -> bool:
        """Whether a string that starts with a beginning is below that URI, or that command."""
        return (
            not beginning.startswith(b"content://")
            or text[len(beginning) :][:1] in (b"", b"/", b"?", b"#")
            or beginning.endswith(b"/")
        )


def _members_of(read: Read, position: int) -> Members | None:
    """What a read makes of the member that it names; ``None`` where it names none."""
    if read.kind is ReadKind.METHOD:
        needs_argument = bool(read.constants or read.numbers)
        return Members(by_argument=(position,)) if needs_argument else Members(plain=(position,))
    if read.kind is ReadKind.OVERRIDE:
        return Members(overridden=(position,))
    if read.kind is ReadKind.FIELD:
        return Members(fields=(position,))
    if read.kind is ReadKind.URI and read.name.startswith("L"):
        return Members(uris=(position,))
    return None
