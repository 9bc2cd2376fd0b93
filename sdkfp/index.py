"""All clues of a catalog, indexed so that the cost of a look-up does not grow with the number of signatures."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from fnmatch import translate
from typing import Literal, NamedTuple

from sdkfp.features import Kind
from sdkfp.signature import CLASS_KINDS, Clue, Signature

__all__ = ["ClueIndex", "Reference"]


class Reference(NamedTuple):
    """A clue (or an exception) of one signature."""

    signature: int
    """Position of the signature in the catalog's order."""
    clue: Clue
    exception: bool


class _ClassTable:
    """Package prefixes and exact classes of one kind; the longest match owns a class."""

    def __init__(self) -> None:
        self.packages: dict[str, list[Reference]] = {}
        self.classes: dict[str, list[Reference]] = {}
        self.packages_with_classes: set[str] = set()

    def add(self, name: str, reference: Reference) -> None:
        if name.endswith("."):
            self.packages.setdefault(name[:-1], []).append(reference)
        else:
            self.classes.setdefault(name, []).append(reference)
            self.packages_with_classes.add(name.rpartition(".")[0])

    def _candidates(self, name: str) -> Iterator[Reference]:
        """References that meet a class, the most specific first."""
        outer = name
        while True:
            yield from self.classes.get(outer, ())
            outer, dollar, _ = outer.rpartition("$")
            if not dollar:
                break
        yield from self._package_candidates(name.rpartition(".")[0])

    def _package_candidates(self, package: str) -> Iterator[Reference]:
        while package:
            yield from self.packages.get(package, ())
            package = package.rpartition(".")[0]

    def owner(self, name: str) -> Reference | None:
        """The clue that owns a class."""
        return _first(self._candidates(name))

    def package_owner(self, package: str) -> Reference | None:
        """The clue that owns the classes of a package for which no exact class clue exists."""
        return _first(self._package_candidates(package))


def _first(candidates: Iterator[Reference]) -> Reference | None:
    excepted: set[int] = set()
    for reference in candidates:
        if reference.exception:
            excepted.add(reference.signature)
        elif reference.signature not in excepted:
            return reference
    return None


class _GlobTable:
    """Clues with ``*`` of one kind, by their plain head: what stands before the first star."""

    def __init__(self) -> None:
        self._by_head: dict[str, list[tuple[re.Pattern[str], Reference]]] = {}
        self._lengths: list[int] = []
        self._count = 0

    def add(self, name: str, reference: Reference) -> None:
        head = name.partition("*")[0]
        self._by_head.setdefault(head, []).append((re.compile(translate(name)), reference))
        self._count += 1

    def freeze(self) -> None:
        """All are added."""
        self._by_head = dict(sorted(self._by_head.items()))
        self._lengths = sorted({len(head) for head in self._by_head})

    def rows(self, names: Sequence[str]) -> Iterator[tuple[int, Reference]]:
        """(row, clue) for every name that a clue meets; for one name the clues with the shortest head first."""
        return self._by_name(names) if len(names) * len(self._lengths) < self._count else self._by_clue(names)

    def _by_name(self, names: Sequence[str]) -> Iterator[tuple[int, Reference]]:
        """Few names: each is asked for its beginnings, however many clues there are."""
        for row, name in enumerate(names):
            for length in self._lengths:
                for pattern, reference in self._by_head.get(name[:length], ()) if length <= len(name) else ():
                    if pattern.match(name):
                        yield row, reference

    def _by_clue(self, names: Sequence[str]) -> Iterator[tuple[int, Reference]]:
        """Many names: sorted once; each clue then looks only at those that begin with its head."""
        order = sorted(range(len(names)), key=names.__getitem__)
        ordered = [names[row] for row in order]
        for head, clues in self._by_head.items():
            at = bisect_left(ordered, head)
            while at < len(ordered) and ordered[at].startswith(head):
                yield from ((order[at], reference) for pattern, reference in clues if pattern.match(ordered[at]))
                at += 1


class ClueIndex:
    """Look-ups of features in the clues of a catalog."""

    def __init__(self, signatures: Sequence[Signature]) -> None:
        self.signatures = tuple(signatures)
        self._tables = {kind: _ClassTable() for kind in CLASS_KINDS}
        self._exact: dict[Kind, dict[str, list[Reference]]] = {}
        self._globs: dict[Kind, _GlobTable] = {}
        # Entries that may identify come first, so that the nursery never takes a class away from them.
        order = sorted(range(len(self.signatures)), key=lambda i: (self.signatures[i].nursery, i))
        for position in order:
            signature = self.signatures[position]
            for clue in signature.exceptions:
                self._add(signature, Reference(position, clue, exception=True))
            for clue in signature.clues:
                self._add(signature, Reference(position, clue, exception=False))
        for globs in self._globs.values():
            globs.freeze()

    def _add(self, signature: Signature, reference: Reference) -> None:
        kind, name = reference.clue.kind, reference.clue.name
        if kind in self._tables:
            self._tables[kind].add(name, reference)
        elif "*" in name:
            self._globs.setdefault(kind, _GlobTable()).add(name, reference)
        else:
            key = f"{signature.id}/{name}" if kind is Kind.YARA else name
            self._exact.setdefault(kind, {}).setdefault(key, []).append(reference)

    def class_owners(self, names: Sequence[str]) -> list[Reference | None]:
        """For every class name, the clue that owns it: an exact class before a prefix, a longer prefix before a shorter one."""
        table = self._tables[Kind.CLASS]
        packages = [name[: max(name.rfind("."), 0)] for name in names]
        # None: nobody owns the package; False: classes of it have clues of their own, so each is looked up.
        known: dict[str, Reference | Literal[False] | None] = {
            package: False if package in table.packages_with_classes else table.package_owner(package)
            for package in dict.fromkeys(packages)
        }
        found = map(known.__getitem__, packages)
        return [table.owner(name) if owner is False else owner for name, owner in zip(names, found, strict=True)]

    def class_owner(self, name: str, kind: Kind = Kind.CLASS) -> Reference | None:
        """The clue that owns one class name."""
        return self._tables[kind].owner(name)

    def exact(self, kind: Kind, names: Sequence[str]) -> Iterator[tuple[int, Reference]]:
        """(row, clue) for every name that a clue of this kind names, with or without ``*``; exceptions are applied."""
        table = self._exact.get(kind, {})
        globs = self._globs.get(kind)
        if not table and globs is None:
            return
        found: dict[int, list[Reference]] = {}
        for row, name in enumerate(names):
            if name in table:
                found.setdefault(row, []).extend(table[name])
        for row, reference in globs.rows(names) if globs is not None else ():
            found.setdefault(row, []).append(reference)
        for row in sorted(found):
            excepted = {reference.signature for reference in found[row] if reference.exception}
            yield from ((row, reference) for reference in found[row] if reference.signature not in excepted)
