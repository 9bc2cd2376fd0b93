"""What a dataset says as a whole: counted part by part, so that its size does not matter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from sdkfp.batch.errors import OutputError
from sdkfp.batch.tables import SCHEMA_VERSION

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["BINS", "Count", "SdkCount", "Statistics", "TypeCount", "Undeclared", "statistics"]

BINS = 20
"""Of the histogram of shares."""


class Count(msgspec.Struct, frozen=True):
    """How many apps, or inputs, something is said of."""

    id: str
    count: int


class SdkCount(msgspec.Struct, frozen=True):
    """An SDK and the apps that it is in."""

    id: str
    name: str
    apps: int
    identified: int
    """Apps in which it is identified; in the others it is suspected."""


class TypeCount(msgspec.Struct, frozen=True):
    """A type of personal information, in apps."""

    id: str
    able: int
    """Some code of the app is able to read it."""
    able_sdk: int
    """An SDK in it is."""
    declared: int
    """An SDK in it is declared to collect it."""
    undeclared: int
    """An SDK in it is able to read it and not declared to collect it, though a declaration of that SDK is known."""


class Undeclared(msgspec.Struct, frozen=True):
    """An SDK that is able to read a type which its known declaration does not name."""

    sdk: str
    type: str
    apps: int


class Statistics(msgspec.Struct, frozen=True):
    """The answer; every list has the most frequent first."""

    apps: int
    apps_with_code: int
    sdks: tuple[SdkCount, ...]
    categories: tuple[Count, ...]
    types: tuple[TypeCount, ...]
    undeclared: tuple[Undeclared, ...]
    unexplained: tuple[int, ...]
    """Of the apps with code, how many have a share of code that nobody explains in each twentieth from 0 to 1."""
    unexplained_mean: float
    renamed_mean: float
    """Mean share of code with shortened names."""
    packers: tuple[Count, ...]
    not_examined: tuple[Count, ...]
    """Apps with such a note, by code."""
    failures: tuple[Count, ...]
    """Contents, or inputs that could not be read, by code."""


def statistics(output: Path) -> Statistics:
    """Count over a dataset.

    Raises:
        OutputError: there is no dataset, or one of another version.
    """
    apps = _Apps()
    for table in _parts(output, "apps", ["classes", "unexplained_share", "renamed_share", "packers"]):
        apps.add(table)
    sdks, categories = _count_sdks(output)
    types, undeclared = _count_reads(output)
    mean = 1 / apps.with_code if apps.with_code else 0.0
    return Statistics(
        apps=apps.count,
        apps_with_code=apps.with_code,
        sdks=sdks,
        categories=_counts(categories),
        types=types,
        undeclared=undeclared,
        unexplained=tuple(apps.bins),
        unexplained_mean=round(apps.unexplained * mean, 4),
        renamed_mean=round(apps.renamed * mean, 4),
        packers=_counts(apps.packers),
        not_examined=_counts(_distinct(_parts(output, "not_examined", ["sha256", "code"]), "code")),
        failures=_counts(_values(_parts(output, "failures", ["code"]), "code")),
    )


def _parts(output: Path, name: str, columns: list[str]) -> Iterator[pa.Table]:
    """The parts of a table, one at a time; each has all rows of its apps."""
    try:
        from pyarrow import ArrowInvalid, parquet  # noqa: PLC0415 - slow to import, and an extra
    except ImportError:
        raise OutputError("statistics need the package pyarrow: install sdkfp with the extra 'batch'") from None
    files = sorted((output / name).glob("part-*.parquet"))
    if not files:
        raise OutputError(f"{output} is not an output of sdkfp batch: it has no table {name}")
    try:
        for path in files:
            with parquet.ParquetFile(path) as file:
                version = (file.schema_arrow.metadata or {}).get(b"sdkfp.schema", b"unknown").decode()
                if version != str(SCHEMA_VERSION):
                    raise OutputError(
                        f"{path} has version {version} of the dataset's schema; this version of sdkfp reads {SCHEMA_VERSION}"
                    )
                part = file.read(columns)
            yield part
    except (OSError, ArrowInvalid) as error:
        raise OutputError(f"{output / name} cannot be read: {error}") from None


class _Apps:
    """Sums over the table ``apps``."""

    def __init__(self) -> None:
        self.count = self.with_code = 0
        self.unexplained = self.renamed = 0.0
        self.bins = [0] * BINS
        self.packers: Counter[str] = Counter()

    def add(self, table: pa.Table) -> None:
        self.count += table.num_rows
        rows = zip(*(table[name].to_pylist() for name in table.column_names), strict=True)
        for classes, unexplained, renamed, packers in rows:
            self.packers.update(packers)
            if classes:
                self.with_code += 1
                self.unexplained += unexplained
                self.renamed += renamed
                self.bins[min(int(unexplained * BINS), BINS - 1)] += 1


def _count_sdks(output: Path) -> tuple[tuple[SdkCount, ...], Counter[str]]:
    import pyarrow as pa  # noqa: PLC0415 - as above
    import pyarrow.compute as pc  # noqa: PLC0415 - as above

    apps: Counter[str] = Counter()
    identified: Counter[str] = Counter()
    categories: Counter[str] = Counter()
    names: dict[str, str] = {}
    for part in _parts(output, "sdks", ["sha256", "sdk", "name", "certainty", "categories"]):
        apps.update(_values([part], "sdk"))
        identified.update(_values([part.filter(pc.equal(part["certainty"], "identified"))], "sdk"))
        names.update(zip(part["sdk"].to_pylist(), part["name"].to_pylist(), strict=True))
        flat = part.combine_chunks()
        rows = pc.list_parent_indices(flat["categories"])
        pairs = pa.table({"sha256": flat["sha256"].take(rows), "category": pc.list_flatten(flat["categories"])})
        categories.update(_distinct([pairs], "category"))
    counts = (SdkCount(sdk, names[sdk], count, identified[sdk]) for sdk, count in apps.items())
    return tuple(sorted(counts, key=lambda c: (-c.apps, -c.identified, c.id))), categories


def _count_reads(output: Path) -> tuple[tuple[TypeCount, ...], tuple[Undeclared, ...]]:
    import pyarrow.compute as pc  # noqa: PLC0415 - as above

    columns = ["sha256", "party", "kind", "type", "able_to_read", "weight", "declared", "declaration_known"]
    able: Counter[str] = Counter()
    able_sdk: Counter[str] = Counter()
    declared: Counter[str] = Counter()
    undeclared: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for part in _parts(output, "reads", columns):
        # What only supports a declaration is no claim of its own.
        reads = part.filter(pc.fill_null(pc.and_(part["able_to_read"], pc.equal(part["weight"], "read")), False))  # noqa: FBT003 - as Arrow has it
        by_sdk = reads.filter(pc.equal(reads["kind"], "sdk"))
        silent = by_sdk.filter(pc.and_(by_sdk["declaration_known"], pc.invert(by_sdk["declared"])))
        able.update(_distinct([reads], "type"))
        able_sdk.update(_distinct([by_sdk], "type"))
        declared.update(_distinct([part.filter(part["declared"])], "type"))
        undeclared.update(_distinct([silent], "type"))
        pairs.update(zip(silent["party"].to_pylist(), silent["type"].to_pylist(), strict=True))
    types = [
        TypeCount(name, able[name], able_sdk[name], declared[name], undeclared[name]) for name in {**able, **declared}
    ]
    return (
        tuple(sorted(types, key=lambda c: (-c.able, -c.declared, c.id))),
        tuple(
            sorted((Undeclared(*pair, count) for pair, count in pairs.items()), key=lambda u: (-u.apps, u.sdk, u.type))
        ),
    )


def _values(parts: Iterable[pa.Table], column: str) -> Counter[str]:
    """How often each value is there."""
    found: Counter[str] = Counter()
    for part in parts:
        for row in part[column].value_counts().to_pylist():
            found[row["values"]] += row["counts"]
    return found


def _distinct(parts: Iterable[pa.Table], column: str) -> Counter[str]:
    """In how many apps each value is."""
    return _values((part.group_by(["sha256", column]).aggregate([]) for part in parts), column)


def _counts(counter: Counter[str]) -> tuple[Count, ...]:
    return tuple(Count(name, count) for name, count in sorted(counter.items(), key=lambda item: (-item[1], item[0])))
