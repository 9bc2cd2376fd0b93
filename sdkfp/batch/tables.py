"""The tables of the dataset: their columns with meanings, and the rows that one report gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from sdkfp.behaviour.claims import CollectsRecord, Reader
from sdkfp.report import Report, SdkRecord
from sdkfp.vocabulary import Weight

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "PART_TABLES",
    "SCHEMA_VERSION",
    "SNAPSHOT_TABLES",
    "TABLES",
    "Column",
    "Row",
    "arrow_schema",
    "batch_of",
    "decode",
    "encode",
    "markdown",
    "rows_of",
]

SCHEMA_VERSION = 1
"""Of the dataset: raised whenever a column changes its name, type or meaning."""

_SMALLEST, _LARGEST = -(1 << 63), (1 << 63) - 1

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One column; its type is an Arrow type name, ``list`` for a list of strings."""

    name: str
    type: str
    meaning: str


_SHA = Column("sha256", "string", "the app: hash of its file, in hexadecimal")

PART_TABLES: Mapping[str, tuple[Column, ...]] = {
    "apps": (
        _SHA,
        Column("name", "string", "file name of the first input with this content"),
        Column("kind", "string", "apk, aab, xapk, aar, hap, … as in the report"),
        Column("size", "int64", "bytes of the file"),
        Column("package", "string", "from the manifest; null where there is none"),
        Column("version_name", "string", "from the manifest"),
        Column("version_code", "int64", "from the manifest"),
        Column("min_sdk", "int64", "API level"),
        Column("target_sdk", "int64", "API level"),
        Column("permissions", "list", "names of the permissions requested"),
        Column("native_libraries", "list", "file names, each once"),
        Column("abis", "list", "folders below lib/"),
        Column("dex_files", "int64", ""),
        Column("dex_bytes", "int64", "of all dex files"),
        Column("classes", "int64", "defined in the app"),
        Column("identified", "int64", "SDKs identified"),
        Column("suspected", "int64", "SDKs suspected"),
        Column("sdk_share", "float64", "share of the dex code bytes that belongs to SDKs"),
        Column("own_share", "float64", "share that is the app's own"),
        Column("unexplained_share", "float64", "share that nobody explains"),
        Column("renamed_share", "float64", "share whose names are shortened"),
        Column("packers", "list", "ids of packers and hardening shells: code is hidden"),
        Column("not_examined", "int64", "parts that were not, or not wholly, read: rows of the table not_examined"),
        Column("catalog", "string", "hash of the signatures that the app was scanned with"),
        Column("tool_version", "string", "of sdkfp"),
    ),
    "sdks": (
        _SHA,
        Column("sdk", "string", "id of the signature"),
        Column("name", "string", "English name"),
        Column("organization", "string", "id"),
        Column("categories", "list", "words of the vocabulary"),
        Column("certainty", "string", "identified or suspected"),
        Column("version", "string", "null where unknown or not unique"),
        Column("version_candidates", "list", "where clues disagree"),
        Column("purl", "string", "package URL, with the version where it is known"),
        Column("classes", "int64", "of the app that belong to the SDK"),
        Column("dex_bytes", "int64", "of their code"),
    ),
    "evidence": (
        _SHA,
        Column("sdk", "string", "id of the signature"),
        Column("kind", "string", "kind of the feature: class, service, library, yara, …"),
        Column("grade", "string", "defined, mentioned, string, native, manifest, file, learned"),
        Column("feature", "string", "in the text notation, without location"),
        Column("location", "string", "where it was found"),
        Column("clue", "string", "of the signature that it met"),
        Column("strength", "string", "sure or hint"),
        Column("count", "int64", "features that met the clue there"),
    ),
    "reads": (
        _SHA,
        Column(
            "party", "string", "id of the SDK; app for the app's own code, package:NAME for code that nobody explains"
        ),
        Column("kind", "string", "sdk, app or package"),
        Column("type", "string", "personal information, word of the vocabulary"),
        Column(
            "able_to_read", "bool", "code or manifest shows the capability; it says nothing about whether it is used"
        ),
        Column("grade", "string", "how well that is shown: call, callback, manifest, indirect, …"),
        Column(
            "weight",
            "string",
            "read, or support: what was found has other uses and counts only because the type is declared",
        ),
        Column("sites", "int64", "places that show it"),
        Column(
            "permission_requested",
            "bool",
            "false: no read can succeed; null: nothing is needed, or there is no manifest",
        ),
        Column("read", "string", "the first surface, as the vocabulary names it"),
        Column("site", "string", "the first place: class, method and file"),
        Column("declared", "bool", "a source cited by the signature says that the SDK collects it"),
        Column("declaration_known", "bool", "the catalog knows a declaration of this SDK at all"),
    ),
    "edges": (
        _SHA,
        Column("source", "string", "node of the graph"),
        Column("target", "string", "node of the graph"),
        Column(
            "type", "string", "calls, extends, refers, loads, links, declares, requires, bundles, reads, needs, embeds"
        ),
        Column("count", "int64", "pieces of evidence"),
        Column("evidence", "string", "the first piece"),
    ),
    "not_examined": (
        _SHA,
        Column("location", "string", "the part of the app"),
        Column("code", "string", "stable word"),
        Column("reason", "string", "sentence"),
    ),
}
"""Tables whose rows come from reports; they are written in parts, and all rows of an app are in one part."""

SNAPSHOT_TABLES: Mapping[str, tuple[Column, ...]] = {
    "failures": (
        Column("sha256", "string", "hash of the file; null where it could not be read"),
        Column("path", "string", "the first input with this content"),
        Column("code", "string", "stable word, see docs/batch.md"),
        Column("reason", "string", "sentence"),
    ),
    "inputs": (
        Column("path", "string", "as given or found, absolute, or a URL"),
        Column("size", "int64", "bytes when it was listed"),
        Column("sha256", "string", "the app; null where the file could not be read, or not yet"),
        Column("state", "string", "scanned, failed or pending"),
    ),
}
"""Tables that are written anew at the end of every run."""

TABLES: Mapping[str, tuple[Column, ...]] = {**PART_TABLES, **SNAPSHOT_TABLES}


@cache
def arrow_schema(table: str) -> pa.Schema:
    """The Arrow schema of a table; its metadata has the table's name and the schema version."""
    import pyarrow as pa  # noqa: PLC0415 - slow to import, and an extra

    types = {"list": pa.list_(pa.string()), "bool": pa.bool_()}
    fields = [
        pa.field(
            column.name, types.get(column.type) or getattr(pa, column.type)(), metadata={"meaning": column.meaning}
        )
        for column in TABLES[table]
    ]
    return pa.schema(fields, metadata={"sdkfp.table": table, "sdkfp.schema": str(SCHEMA_VERSION)})


def rows_of(report: Report, sha256: str) -> dict[str, list[Row]]:
    """The rows of every table that one report gives, in the order of the columns.

    Args:
        report: of one app.
        sha256: the app, as the rows name it.
    """
    return {
        "apps": [(sha256, *_app(report))],
        "sdks": [(sha256, *_sdk(sdk)) for sdk in report.sdks],
        "evidence": [
            (sha256, sdk.id, e.kind.value, e.grade.value, e.feature, e.location, e.clue, e.strength, e.count)
            for sdk in report.sdks
            for e in sdk.evidence
        ],
        "reads": [(sha256, *row) for row in _reads(report)],
        "edges": [(sha256, e.source, e.target, e.type, e.count, e.evidence) for e in report.graph.edges],
        "not_examined": [(sha256, n.location, n.code, n.reason) for n in report.not_examined],
    }


def _app(report: Report) -> Row:
    app, rest = report.app, report.unexplained
    certain = [sdk.certainty.value for sdk in report.sdks]
    return (
        app.name,
        app.kind,
        app.size,
        app.package,
        app.version_name,
        app.version_code,
        app.min_sdk,
        app.target_sdk,
        [permission.name for permission in app.permissions],
        app.native_libraries,
        app.abis,
        app.dex_files,
        app.dex_bytes,
        rest.total.classes,
        certain.count("identified"),
        certain.count("suspected"),
        rest.sdks.dex_bytes_share,
        rest.own.dex_bytes_share,
        rest.nobody.dex_bytes_share,
        rest.renamed.dex_bytes_share,
        [packer.id for packer in rest.packers],
        len(report.not_examined),
        report.tool.catalog.sha256,
        report.tool.version,
    )


def _sdk(sdk: SdkRecord) -> Row:
    version = sdk.version
    return (
        sdk.id,
        sdk.name.en,
        sdk.organization,
        sdk.categories,
        sdk.certainty.value,
        version.value if version else None,
        version.candidates if version else (),
        sdk.purl,
        sdk.classes,
        sdk.dex_bytes,
    )


def _reads(report: Report) -> Iterator[Row]:
    """One row for each party and type that is declared, or that it is able to read."""
    for sdk in report.sdks:
        declared = {claim.type for claim in sdk.collects if claim.claim == "declared"}
        able = {claim.type: claim for claim in sdk.collects if claim.claim == "able_to_read"}
        for type_ in sorted(declared | set(able)):
            claim = able.get(type_)
            found = (None, None, 0, None, None, None) if claim is None else _found(claim, claim.weight)
            yield (sdk.id, "sdk", type_, claim is not None, *found, type_ in declared, bool(declared))
    for reads in report.reads or ():
        for reader in reads.readers:
            if reader.kind != "sdk":
                found = _found(reader, Weight.READ)
                yield (reader.id, reader.kind, reads.type, True, *found, False, False)


def _found(claim: CollectsRecord | Reader, weight: Weight | None) -> Row:
    first = claim.reads[0] if claim.reads else None
    site = first.sites[0] if first and first.sites else None
    place = f"{'.'.join(filter(None, (site.class_name, site.method)))} @ {site.location}" if site else None
    return (
        claim.grade.value if claim.grade else None,
        weight.value if weight else None,
        claim.count or 0,
        claim.permission_requested,
        first.read if first else None,
        place,
    )


def encode(rows: Mapping[str, Sequence[Row]]) -> bytes:
    """The rows of one app as bytes: for each table an Arrow IPC stream, so that whoever writes them need not look at any."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    streams = {}
    for table, found in rows.items():
        if found:
            sink = pa.BufferOutputStream()
            batch = batch_of(table, found)
            with pa.ipc.new_stream(sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
                writer.write_batch(batch)
            streams[table] = sink.getvalue().to_pybytes()
    return msgspec.msgpack.encode(streams)


def decode(data: bytes) -> dict[str, pa.Table]:
    """The tables that :func:`encode` wrote; tables without a row are left out."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    streams = msgspec.msgpack.decode(data, type=dict[str, bytes])
    return {table: pa.ipc.open_stream(stream).read_all() for table, stream in streams.items()}


def batch_of(table: str, rows: Sequence[Row]) -> pa.RecordBatch:
    import pyarrow as pa  # noqa: PLC0415 - as above

    schema = arrow_schema(table)
    columns = zip(*rows, strict=True)
    arrays = [pa.array(_clean(column), type=field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _clean(value: Any) -> Any:
    """A value from an app, as Arrow can hold it.

    Lone surrogates in text are written as ``\\udXXX``; numbers, which a hostile manifest may make as long as it likes, end at 64 bits.
    """
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, (tuple, list)):
        return [_clean(item) for item in value]
    if isinstance(value, int):
        return max(_SMALLEST, min(value, _LARGEST))
    return value


def markdown() -> str:
    """The tables as a document."""
    lines = []
    for table, columns in TABLES.items():
        lines += [f"### {table}", "", "| column | type | meaning |", "|---|---|---|"]
        lines += [
            f"| `{c.name}` | {c.type if c.type != 'list' else 'list of strings'} | {c.meaning} |" for c in columns
        ]
        lines.append("")
    return "\n".join(lines)
