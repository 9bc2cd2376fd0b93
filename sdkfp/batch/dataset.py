"""The Parquet files of an output: written whole or not at all, and the odd ones out removed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from sdkfp.batch.tables import PART_TABLES, TABLES, Row, arrow_schema, batch_of, decode

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Dataset"]

_FIRST = "0"
"""The id of the part that every table has from the beginning, so that readers always find a file; the whole of a snapshot."""
_ROWS_AT_ONCE = 50_000


class Dataset:
    """The tables of an output directory, a folder each, and a folder for parts that are not yet taken up.

    A part is first staged as a folder with a file for each table that reports fill. :meth:`take_up` moves the files to the tables;
    the journal decides which parts count.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.staging = root / ".staging"

    def prepare(self) -> None:
        """Make the folders, and give every table a file.

        Raises:
            OSError: they cannot be written.
        """
        self.staging.mkdir(parents=True, exist_ok=True)
        for table in TABLES:
            (self.root / table).mkdir(exist_ok=True)
            if not self._file(table, _FIRST).exists():
                self._replace(table, _FIRST, ())

    def stage(self, part: str, apps: Iterable[bytes]) -> None:
        """Write a part to the staging folder; done twice it gives the same.

        Args:
            part: its id.
            apps: rows of each app, as :func:`sdkfp.batch.tables.encode` gave them.

        Raises:
            OSError: it cannot be written.
        """
        import pyarrow as pa  # noqa: PLC0415 - slow to import, and an extra

        tables: dict[str, list[pa.Table]] = {table: [] for table in PART_TABLES}
        for app in apps:
            for table, rows in decode(app).items():
                tables[table].append(rows)
        folder = self.staging / part
        folder.mkdir(parents=True, exist_ok=True)
        for table, pieces in tables.items():
            temporary = folder / f".{table}.{os.getpid()}.tmp"
            _write(temporary, table, [pa.concat_tables(pieces).combine_chunks()] if pieces else ())
            temporary.replace(folder / f"{table}.parquet")

    def take_up(self, part: str) -> None:
        """Move a staged part to the tables.

        Raises:
            OSError: it is not there, or cannot be moved.
        """
        folder = self.staging / part
        for file in sorted(folder.iterdir()):
            if file.suffix == ".parquet":
                file.replace(self._file(file.stem, part))
        for table in PART_TABLES:
            _flush_directory(self.root / table)
        shutil.rmtree(folder, ignore_errors=True)

    def snapshot(self, table: str, rows: Iterator[Row]) -> None:
        """Replace a table that is written as a whole.

        Raises:
            OSError: it cannot be written; the old one stays.
        """
        self._replace(table, _FIRST, _blocks(table, rows))

    def has(self, part: str) -> bool:
        """Whether a part that was taken up is there; it has a file for every table."""
        return all(self._file(table, part).is_file() for table in PART_TABLES)

    def sweep(self, parts: Collection[str]) -> int:
        """Remove the files of parts that do not count, and what was staged.

        Args:
            parts: the ids that count.

        Returns:
            how many files were removed.
        """
        removed = 0
        for table in TABLES:
            for file in (self.root / table).iterdir():
                name = file.name.removeprefix("part-").removesuffix(".parquet")
                half = file.name.startswith(".part-")
                if half or (file.name.startswith("part-") and name != _FIRST and name not in parts):
                    file.unlink(missing_ok=True)
                    removed += 1
        for folder in self.staging.iterdir():
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
        return removed

    def _file(self, table: str, part: str) -> Path:
        return self.root / table / f"part-{part}.parquet"

    def _replace(self, table: str, part: str, blocks: Iterable[pa.RecordBatch]) -> None:
        final = self._file(table, part)
        temporary = final.with_name(f".{final.name}.tmp")
        _write(temporary, table, blocks)
        temporary.replace(final)


def _blocks(table: str, rows: Iterator[Row]) -> Iterator[pa.RecordBatch]:
    while block := list(islice(rows, _ROWS_AT_ONCE)):
        yield batch_of(table, block)


def _write(path: Path, table: str, pieces: Iterable[pa.Table | pa.RecordBatch]) -> None:
    from pyarrow import parquet  # noqa: PLC0415 - slow to import, and an extra

    with path.open("wb") as file:
        with parquet.ParquetWriter(file, arrow_schema(table), compression="zstd") as writer:
            for piece in pieces:
                writer.write(piece)
        file.flush()
        os.fsync(file.fileno())


def _flush_directory(folder: Path) -> None:
    """Make renames last over a power cut, where the system has that."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
