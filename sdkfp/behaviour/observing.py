"""Every read in an app, found in its code, its native libraries and its manifest, with who is able to do it and where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from sdkfp.app import App
from sdkfp.behaviour.constants import ConstantReads, Helper
from sdkfp.behaviour.elsewhere import manifest_reads, native_reads
from sdkfp.behaviour.flow import Budget, MethodIndex
from sdkfp.behaviour.records import OWN, PACKAGE, Finding, Grade, Observed, Owner, Owners, Site
from sdkfp.behaviour.resolving import ReadLists, Resolved, methods_named, resolve
from sdkfp.errors import NotExamined
from sdkfp.surfaces import Surfaces
from sdkfp.vocabulary import ReadKind, Reads

if TYPE_CHECKING:
    import numpy.typing as npt

    from sdkfp.app import DexPart

    Ints = npt.NDArray[np.int64]

__all__ = ["MOST_SITES", "observe"]

MOST_SITES = 20
"""Sites that are kept for each owner, read and grade, unless told otherwise."""
_STEPS = 4_000_000
"""Instructions that are followed back for arguments, in the whole app; ordinary apps need thousands."""
_GRADES = tuple(Grade)
_KINDS = tuple(ReadKind)
_NO_OFFSET = -1
_IPUT, _SGET, _SPUT = 0x59, 0x60, 0x67
"""First opcodes of instance puts, static gets and static puts; instance gets come before."""
_CODE_HEADER = 8
"""Code units of a code_item before its instructions."""


@dataclass(slots=True)
class _Rows:
    """Single reads in code as columns."""

    class_row: Ints
    method_idx: Ints
    offset: Ints
    """Code units from the start of the method's instructions, or -1."""
    read: Ints
    grade: Ints
    """Place in the order of :class:`Grade`."""

    @classmethod
    def joined(cls, parts: Iterable[_Rows]) -> _Rows:
        """The rows of all parts."""
        columns = zip(*((p.class_row, p.method_idx, p.offset, p.read, p.grade) for p in parts), strict=True)
        return cls(*map(np.concatenate, columns))


@dataclass(slots=True)
class _Group:
    count: int = 0
    sites: list[Site] = field(default_factory=list)


class _Groups:
    """Counts and first sites by owner, read and grade."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: dict[tuple[Owner, int, Grade], _Group] = {}

    def add(self, owner: Owner, read: int, grade: Grade, count: int, sites: Iterable[Site]) -> None:
        group = self._found.setdefault((owner, read, grade), _Group())
        group.count += count
        group.sites.extend(site for _, site in zip(range(self._most - len(group.sites)), sites, strict=False))

    def findings(self, reads: Reads) -> tuple[Finding, ...]:
        found = [
            Finding(owner, reads.items[read], grade, group.count, tuple(group.sites))
            for (owner, read, grade), group in self._found.items()
        ]
        return tuple(sorted(found, key=_order))


def _order(finding: Finding) -> tuple[object, ...]:
    owner = finding.owner
    rank = 3 if owner is None else 0 if owner == OWN else 2 if owner.startswith(PACKAGE) else 1
    read = finding.read
    return rank, owner or "", read.type, _GRADES.index(finding.grade), _KINDS.index(read.kind), read.name, str(read)


def observe(app: App, owners: Owners, surfaces: Surfaces, *, most_sites: int = MOST_SITES) -> Observed:
    """Find every read in an app.

    Args:
        app: the opened app.
        owners: whose code is whose, from :meth:`Owners.of`.
        surfaces: the vocabulary, from ``catalog.surfaces``.
        most_sites: how many sites to keep for each owner, read and grade; the counts are always whole.
    """
    reads = surfaces.reads
    groups = _Groups(most_sites)
    not_examined: list[NotExamined] = []
    parts = app.dexes
    resolved = resolve(
        [part.dex for part in parts],
        surfaces,
        lambda number, problem: not_examined.append(NotExamined(parts[number].location, "reads-limited", problem)),
    )
    budget = Budget(_STEPS)
    files = [_File(part, surfaces, found, budget) for part, found in zip(parts, resolved, strict=True)]
    for file in files:
        too_long = file.constants.find()
        if too_long:
            reason = f"The arguments of calls in {too_long} methods are not followed: the methods are too long."
            not_examined.append(NotExamined(file.part.location, "reads-limited", reason))
    helpers = {name: helper for file in files for name, helper in file.constants.helpers.items()}
    for file in files:
        file.gather(helpers, owners, groups)
    if budget.exhausted:
        reason = "The arguments of some calls are not followed: there are too many of them."
        not_examined.append(NotExamined(app.name, "reads-limited", reason))
    dex_locations = {part.location for part in parts}
    not_examined += [
        NotExamined(
            location, "reads-class-files", "The .class files are not examined for reads of personal information."
        )
        for location in owners.classes
        if location not in dex_locations
    ]
    for hit in (*native_reads(app, reads), *manifest_reads(app, reads)):
        name = hit.site.class_name
        owner = owners.libraries.get(hit.site.location) if name is None else owners.of_class(name)
        groups.add(owner, hit.read, hit.grade, 1, (hit.site,))
    return Observed(groups.findings(reads), len(parts), len(app.native), tuple(not_examined))


class _File:
    """The reads of one dex file."""

    def __init__(self, part: DexPart, surfaces: Surfaces, resolved: Resolved, budget: Budget) -> None:
        self.part = part
        self._resolved = resolved
        self._reads = len(surfaces.reads.items)
        passes = {index for index, members in resolved.methods.items() if members.passes}
        self.constants = ConstantReads(part.dex, surfaces, resolved, MethodIndex(part.dex, passes, budget))

    def gather(self, helpers: Mapping[str, Helper], owners: Owners, groups: _Groups) -> None:
        """Put everything that was found into the groups."""
        known = {index: helpers[name] for index, name in methods_named(self.part.dex, helpers)}
        rows = _Rows.joined((self._calls(), self._fields(), self._overrides(), self._decided_by_constants(known)))
        names, owner_of = self._owners(rows.class_row, owners)
        key = (owner_of * self._reads + rows.read) * len(_GRADES) + rows.grade
        order = np.lexsort((rows.offset, rows.method_idx, rows.class_row, key))
        distinct, first, count = np.unique(key[order], return_index=True, return_counts=True)
        for value, at, size in zip(distinct.tolist(), first.tolist(), count.tolist(), strict=True):
            pair, grade = divmod(value, len(_GRADES))
            owner, read = divmod(pair, self._reads)
            places = order[at : at + size]
            groups.add(names[owner], read, _GRADES[grade], size, (self._site(rows, int(place)) for place in places))

    def _owners(self, class_row: Ints, owners: Owners) -> tuple[list[Owner], Ints]:
        """The owners of some classes: all of them, and by number those of a column of rows."""
        known = owners.classes.get(self.part.location, ())
        rows, places = np.unique(class_row, return_inverse=True)
        number: dict[Owner, int] = {}
        found = []
        for row in rows.tolist():
            owner = known[row] if row < len(known) else None
            if owner is None:
                owner = owners.of_package(self.part.dex.class_names[row])
            found.append(number.setdefault(owner, len(number)))
        return list(number), np.array(found, np.int64)[places]

    def _calls(self) -> _Rows:
        dex = self.part.dex
        lists = {index: members.plain for index, members in self._resolved.methods.items() if members.plain}
        uses = dex.calls()
        places, reads = ReadLists.of(lists, len(dex.methods)).expand(uses.index)
        return self._in_code(uses.row[places], uses.position[places], reads, Grade.CALL)

    def _fields(self) -> _Rows:
        dex = self.part.dex
        lists = {index: members.fields for index, members in self._resolved.fields.items() if members.fields}
        uses = dex.field_accesses()
        places, reads = ReadLists.of(lists, len(dex.fields)).expand(uses.index)
        opcode = uses.opcode[places]
        gets = np.flatnonzero((opcode < _IPUT) | ((opcode >= _SGET) & (opcode < _SPUT)))
        places = places[gets]
        return self._in_code(uses.row[places], uses.position[places], reads[gets], Grade.CALL)

    def _overrides(self) -> _Rows:
        dex = self.part.dex
        lists = {index: members.overridden for index, members in self._resolved.methods.items() if members.overridden}
        methods = dex.encoded_methods
        places, reads = ReadLists.of(lists, len(dex.methods)).expand(methods.method_idx)
        places, reads = places[methods.code_off[places] > 0], reads[methods.code_off[places] > 0]
        offset = np.full(len(places), _NO_OFFSET, np.int64)
        grade = np.full(len(places), _GRADES.index(Grade.CALLBACK), np.int64)
        return _Rows(methods.owner[places], methods.method_idx[places], offset, reads, grade)

    def _decided_by_constants(self, helpers: Mapping[int, Helper]) -> _Rows:
        hits = list(self.constants.finish(helpers))
        row, position, read, grade = (
            np.array(column, np.int64)
            for column in (
                [hit.row for hit in hits],
                [hit.position for hit in hits],
                [hit.read for hit in hits],
                [_GRADES.index(hit.grade) for hit in hits],
            )
        )
        found = self._in_code(row, position, read, Grade.CALL)
        found.grade[:] = grade
        return found

    def _in_code(
        self, row: npt.NDArray[np.signedinteger], position: npt.NDArray[np.signedinteger], read: Ints, grade: Grade
    ) -> _Rows:
        code = self.part.dex.code
        offset = position - (code.code_off[row] // 2 + _CODE_HEADER)
        return _Rows(
            code.owner[row], code.method_idx[row], offset, read, np.full(len(row), _GRADES.index(grade), np.int64)
        )

    def _site(self, rows: _Rows, place: int) -> Site:
        dex = self.part.dex
        method = dex.method_reference(int(rows.method_idx[place])).partition("->")[2]
        offset = int(rows.offset[place])
        name = dex.class_names[int(rows.class_row[place])]
        return Site(self.part.location, name, method, None if offset == _NO_OFFSET else offset)
