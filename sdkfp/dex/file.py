"""One dex file: its tables and columns, each read when first asked for and then kept."""

from __future__ import annotations

import dataclasses
import hashlib
import zlib
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sdkfp.dex import classdata, constants, tables
from sdkfp.dex.code import (
    CodeTable,
    Instructions,
    References,
    joined,
    read_code,
    read_instructions,
    readable_rows,
    references,
    walk_method,
)
from sdkfp.dex.header import read_headers
from sdkfp.dex.names import Names, TextBudget
from sdkfp.dex.opcodes import Kind
from sdkfp.dex.strings import StringTable, java_names

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import numpy.typing as npt

    from sdkfp.dex.header import Header, Report

__all__ = ["Dex", "open_dexes"]

SMALLEST_LIMIT = 1 << 16
"""Small files may repeat themselves (shared code, shared lists) more than large ones."""


def open_dexes(data: bytes) -> list[Dex]:
    """The dex files in the data: one, or several for a container (version 041).

    Raises:
        DexError: no dex file of version 035 to 041 in little-endian order, or not even a whole header.
    """
    problems: dict[int, dict[str, None]] = {}
    headers = read_headers(data, lambda number, problem: problems.setdefault(number, {}).setdefault(problem))
    sizes = [min(header.class_defs.size, tables.MOST_TYPES) for header in headers]
    # The files of a container may share data. To bound the work for all of them, each may read twice its share.
    shares = [max(1 / len(headers), size / max(1, sum(sizes))) for size in sizes]
    return [
        Dex(data, header, min(len(data), int(2 * len(data) * share)), problems.get(number, {}))
        for number, (header, share) in enumerate(zip(headers, shares, strict=True))
    ]


class Dex:
    """One (logical) dex file as columns.

    Nothing is read before it is asked for. What lies about its place, size or number is left out and reported in
    :attr:`problems`; rows of a column stay in step with each other, and an index in a column is within its table unless
    the column is a raw table of the file (``classes``, ``methods``, ``fields``, ``protos``). The work for any column is
    bounded by the size of the file.
    """

    def __init__(self, data: bytes, header: Header, limit: int, problems: dict[str, None]) -> None:
        """Use :func:`open_dexes`."""
        self.data = data
        """The physical file; of a container, all of it."""
        self.header = header
        self._limit = max(limit, SMALLEST_LIMIT)
        self._problems = problems
        # No method of this object: what is handed to its parts must not hold it, or its columns would wait for the collector.
        self._report: Report = problems.setdefault
        self._budget = TextBudget(8 * self._limit, self._report)

    def __repr__(self) -> str:
        return f"<Dex {self.version}, {self.size} bytes, {self.header.class_defs.size} classes>"

    @property
    def version(self) -> str:
        """``035`` to ``041``."""
        return self.header.version

    @property
    def size(self) -> int:
        """Bytes of this dex file; in a container those up to the next header."""
        if self.header.offset or self.version >= "041":
            return min(self.header.file_size, len(self.data) - self.header.offset)
        return len(self.data)

    @property
    def problems(self) -> tuple[str, ...]:
        """What was found wrong, but could be read around, in all that was asked for up to now; one sentence each."""
        return tuple(self._problems)

    def verify(self) -> tuple[str, ...]:
        """Compute checksum (Adler-32) and signature (SHA-1); a sentence for each that is not the header's."""
        start, end = self.header.offset, self.header.offset + self.header.file_size
        body = memoryview(self.data)[start:end]
        found = []
        if zlib.adler32(body[12:]) != self.header.checksum:
            found.append("The checksum in the header is not that of the file.")
        if hashlib.sha1(body[32:], usedforsecurity=False).digest() != self.header.signature:
            found.append("The SHA-1 signature in the header is not that of the file.")
        return tuple(found)

    def only(self, rows: Sequence[int]) -> Dex:
        """The same file with some of its class definitions: to look into a few classes without reading the data of all."""
        part = Dex(self.data, self.header, self._limit, self._problems)
        shared = ("_strings", "type_descriptors", "methods", "fields", "protos")
        part.__dict__.update({name: getattr(self, name) for name in shared})
        part.__dict__["classes"] = tables.ClassTable(
            *(getattr(self.classes, column.name)[rows] for column in dataclasses.fields(tables.ClassTable))
        )
        return part

    # ---- strings and types

    @cached_property
    def _strings(self) -> StringTable:
        offsets = tables.read_table(self.data, self.header.string_ids, "<u4", "string_ids", self._report)
        return StringTable(self.data, offsets, self._report)

    @property
    def strings(self) -> list[bytes]:
        """Every string as raw MUTF-8, by string_idx; ``?`` for one that cannot be read."""
        return self._strings.all

    @property
    def string_count(self) -> int:
        """How many strings the table has."""
        return len(self._strings)

    def string(self, index: int) -> bytes:
        """One string as raw MUTF-8; ``?`` where it cannot be read."""
        return self._strings[index]

    def strings_at(self, indices: npt.NDArray[np.integer]) -> list[bytes]:
        """Some strings as raw MUTF-8, without reading the others."""
        return self._strings.read(indices)

    def strings_starting_with(self, prefix: bytes) -> list[bytes]:
        """The strings that begin so, as raw MUTF-8, without reading the others."""
        return self._strings.starting_with(prefix)

    @cached_property
    def type_descriptors(self) -> list[bytes]:
        """The descriptor of every type, by type_idx; ``?`` for one that cannot be read."""
        section = self.header.type_ids
        type_ids = tables.read_table(self.data, section, "<u4", "type_ids", self._report, most=tables.MOST_TYPES)
        return self._strings.read(type_ids)

    @cached_property
    def class_names(self) -> list[str]:
        """The classes defined here (``com.a.B$C``), by row of :attr:`classes`; ``?`` for one whose type cannot be read.

        A definition whose descriptor is no class descriptor (``Lcom/a/B;``) gives the descriptor as it is.
        """
        found = self._class_descriptors
        if (self.classes.type_idx >= len(self.type_descriptors)).any():
            self._report("Class definitions name types that are not in the type table.")
        if not {descriptor[:1] for descriptor in found} <= {b"L", b"?"}:
            self._report("Class definitions name types that are no classes.")
        return java_names(found)

    @cached_property
    def _class_descriptors(self) -> list[bytes]:
        """The descriptors of the classes defined here, by row of :attr:`classes`; ``?`` for one that is not in the type table."""
        descriptors = self.type_descriptors
        return [descriptors[index] if index < len(descriptors) else b"?" for index in self.classes.type_idx.tolist()]

    @cached_property
    def referenced_class_names(self) -> list[str]:
        """The classes that are mentioned but not defined here, each once, in the order of the type table.

        Arrays count as their element class; primitive types and broken descriptors do not count.
        """
        elements = [name.lstrip(b"[") if name.startswith(b"[") else name for name in self.type_descriptors]
        defined = set(self._class_descriptors)
        return java_names(
            name for name in dict.fromkeys(elements) if name not in defined and name[:1] == b"L" and name[-1:] == b";"
        )

    # ---- tables

    @cached_property
    def classes(self) -> tables.ClassTable:
        """The class definitions, one row each, as the file has them."""
        items = tables.read_table(
            self.data, self.header.class_defs, ("<u4", 8), "class_defs", self._report, most=tables.MOST_TYPES
        )
        return tables.ClassTable(*items.T)

    @cached_property
    def methods(self) -> tables.MethodTable:
        """The methods mentioned here, by method_idx, as the file has them."""
        dtype = [("class_idx", "<u2"), ("proto_idx", "<u2"), ("name_idx", "<u4")]
        items = tables.read_table(self.data, self.header.method_ids, dtype, "method_ids", self._report)
        return tables.MethodTable(*(items[name] for name, _ in dtype))

    @cached_property
    def fields(self) -> tables.FieldTable:
        """The fields mentioned here, by field_idx, as the file has them."""
        dtype = [("class_idx", "<u2"), ("type_idx", "<u2"), ("name_idx", "<u4")]
        items = tables.read_table(self.data, self.header.field_ids, dtype, "field_ids", self._report)
        return tables.FieldTable(*(items[name] for name, _ in dtype))

    @cached_property
    def protos(self) -> tables.ProtoTable:
        """The prototypes, by proto_idx, as the file has them."""
        items = tables.read_table(
            self.data, self.header.proto_ids, ("<u4", 3), "proto_ids", self._report, most=tables.MOST_TYPES
        )
        return tables.ProtoTable(*items.T)

    @cached_property
    def superclasses(self) -> tables.Pairs:
        """(row of :attr:`classes`, type_idx of its superclass)."""
        indices = self.classes.superclass_idx
        return self._pairs(np.flatnonzero(indices != tables.NO_INDEX), indices[indices != tables.NO_INDEX])

    @cached_property
    def interfaces(self) -> tables.Pairs:
        """(row of :attr:`classes`, type_idx of an interface that it names), in the order of the file."""
        return self._pairs(*tables.type_lists(self.data, self.classes.interfaces_off, self._limit, self._report))

    def _pairs(self, rows: npt.NDArray[np.int64], types: npt.NDArray[np.integer]) -> tables.Pairs:
        good = types < len(self.type_descriptors)
        if not good.all():
            self._report("Superclasses or interfaces are not in the type table.")
        return tables.Pairs(rows[good], types[good].astype(np.int64))

    # ---- class data and code

    @cached_property
    def _class_data(self) -> classdata.ClassData:
        return classdata.read_class_data(self.data, self.classes.class_data_off, self._limit, self._report)

    @cached_property
    def static_fields(self) -> classdata.EncodedFields:
        """The static fields that the classes define, in the order of the classes."""
        return classdata.static_fields(self._class_data, len(self.fields), self._report)

    @cached_property
    def encoded_methods(self) -> classdata.EncodedMethods:
        """The methods that the classes define, those without code too, in the order of the classes."""
        return classdata.encoded_methods(self._class_data, len(self.methods), self._report)

    @cached_property
    def code(self) -> CodeTable:
        """The methods that have code, in the order of the classes."""
        return read_code(self.data, self.encoded_methods, self._report)

    @cached_property
    def class_code_bytes(self) -> npt.NDArray[np.int64]:
        """Bytes of the code items of each class, by row of :attr:`classes`; shared code counts for its first user."""
        _, first = np.unique(self.code.code_off, return_index=True)
        found = np.bincount(self.code.owner[first], self.code.size[first], len(self.classes))
        return found.astype(np.int64)

    @cached_property
    def _code_rows(self) -> npt.NDArray[np.int64]:
        return readable_rows(self.code, self._limit, self._report)

    @property
    def instructions(self) -> Instructions:
        """Every instruction of every method that has code. They take twice the memory of the code and are not kept."""
        return joined(self.data, read_instructions(self.data, self.code, self._code_rows, self._report))

    def instructions_of(self, row: int) -> Instructions:
        """The instructions of one row of :attr:`code`."""
        units = np.frombuffer(self.data, "<u2", len(self.data) // 2)
        position = walk_method(units, self.code, row)
        return Instructions(units, position, np.full(len(position), row, np.int32), units[position].astype(np.uint8))

    @cached_property
    def _uses(self) -> dict[Kind, References]:
        sizes = {
            Kind.STRING: len(self._strings),
            Kind.TYPE: len(self.type_descriptors),
            Kind.FIELD: len(self.fields),
            Kind.METHOD: len(self.methods),
        }
        parts = read_instructions(self.data, self.code, self._code_rows, self._report)
        return references(parts, sizes, self._report)

    def calls(self) -> References:
        """The invoke instructions (all but invoke-custom), with their method_idx."""
        return self._uses[Kind.METHOD]

    def string_constants(self) -> References:
        """The const-string instructions, with their string_idx."""
        return self._uses[Kind.STRING]

    def field_accesses(self) -> References:
        """The iget, iput, sget and sput instructions, with their field_idx."""
        return self._uses[Kind.FIELD]

    def type_uses(self) -> References:
        """const-class, check-cast, instance-of, new-instance, new-array and filled-new-array, with their type_idx."""
        return self._uses[Kind.TYPE]

    # ---- names and constants

    @cached_property
    def _names(self) -> Names:
        return Names(
            self.data,
            self._strings,
            self.type_descriptors,
            self.methods,
            self.fields,
            self.protos,
            self._budget,
            self._report,
        )

    def method_reference(self, index: int) -> str:
        """``Lcom/a/B;->name(Ljava/lang/String;)V``; ``?`` for each part that cannot be read.

        Raises:
            DexError: the method table has no such index.
        """
        return self._names.method(index)

    def field_reference(self, index: int) -> str:
        """``Lcom/a/B;->name:Ljava/lang/String;``; ``?`` for each part that cannot be read.

        Raises:
            DexError: the field table has no such index.
        """
        return self._names.field(index)

    def static_string_values(self) -> list[tuple[int, int, int]]:
        """(row of :attr:`classes`, field_idx, string_idx) of every static field with a string as its initial value."""
        return self._static_strings(np.arange(len(self.classes)))

    def static_string_constants(self, wanted: Collection[str] | None = None) -> tuple[list[str], list[str]]:
        """Names (``com.a.B.FIELD``) and values of the static fields with a string as their initial value.

        Args:
            wanted: only these names; ``None`` for all.
        """
        rows = np.arange(len(self.classes))
        if wanted is not None:
            owners = {name.rpartition(".")[0] for name in wanted}
            rows = np.array([row for row, name in enumerate(self.class_names) if name in owners], np.int64)
        found = constants.texts(
            self._static_strings(rows), self.class_names, self.fields.name_idx, self._strings, self._budget
        )
        chosen = [(name, value) for name, value in found if wanted is None or name in wanted]
        return [name for name, _ in chosen], [value for _, value in chosen]

    def _static_strings(self, rows: npt.NDArray[np.int64]) -> list[tuple[int, int, int]]:
        values_off = self.classes.static_values_off
        rows = rows[values_off[rows] > 0]
        return constants.static_strings(
            self.data,
            rows,
            values_off[rows],
            self.static_fields,
            len(self.fields),
            len(self._strings),
            self._limit,
            self._report,
        )
