"""What is done and what is not: one SQLite file, whole after any crash, and the lock of an output.

``inputs`` has a row for every path that was ever listed, ``apps`` one for every content that was scanned or failed. The rows of a
scanned app wait in ``apps.rows`` until they are in a part; an app counts as exported when ``apps.part`` names a part in ``parts``.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sdkfp.batch.errors import OutputBusyError, OutputError, stopped
from sdkfp.batch.plan import Listed
from sdkfp.batch.tables import SCHEMA_VERSION, Row

__all__ = ["Counts", "Item", "Journal"]

_PAGE = 1000
_TRANSIENT = ("killed", "input-missing", "input-unreadable", "input-changed")
"""Failures that may be gone next time: a resumed run tries them again."""
_FORMAT = "1"
"""Of the journal itself."""
_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE inputs (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, size INTEGER, stamp TEXT NOT NULL, run INTEGER NOT NULL,
    changed INTEGER NOT NULL DEFAULT 0, sha256 TEXT, code TEXT, reason TEXT);
CREATE INDEX inputs_size ON inputs (size);
CREATE INDEX inputs_sha256 ON inputs (sha256);
CREATE TABLE apps (sha256 TEXT PRIMARY KEY, code TEXT, reason TEXT, rows BLOB, part TEXT);
CREATE INDEX apps_part ON apps (part);
CREATE INDEX apps_code ON apps (code) WHERE code IS NOT NULL;
CREATE TABLE parts (id TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_LIST = """
INSERT INTO inputs (path, size, stamp, run, code, reason) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (path) DO UPDATE SET run = excluded.run, {}, size = excluded.size, stamp = excluded.stamp
""".format(
    ", ".join(
        f"{column} = iif(excluded.stamp != '' AND stamp = excluded.stamp AND size IS excluded.size, {column}, {otherwise})"
        for column, otherwise in (
            ("changed", 1),
            ("sha256", "NULL"),
            ("code", "excluded.code"),
            ("reason", "excluded.reason"),
        )
    )
)
_UNDONE = (
    "i.run = ? AND i.code IS NULL AND (i.sha256 IS NULL OR NOT EXISTS (SELECT 1 FROM apps a WHERE a.sha256 = i.sha256))"
)
_TO_HASH = """i.run = ? AND i.code IS NULL AND i.sha256 IS NULL AND (
    i.size IS NULL OR i.changed OR EXISTS (SELECT 1 FROM inputs j WHERE j.size = i.size AND j.id != i.id)
    OR EXISTS (SELECT 1 FROM inputs j WHERE j.size IS NULL AND j.code IS NULL))"""
_FIRST_OF_ITS_CONTENT = """NOT EXISTS (
    SELECT 1 FROM inputs j WHERE j.sha256 = i.sha256 AND j.id < i.id AND j.run = i.run AND j.code IS NULL)"""


@dataclass(frozen=True, slots=True)
class Item:
    """One input that is to be scanned."""

    id: int
    path: str
    size: int | None
    sha256: str | None = None
    """Where it is known already."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Where a run stands; all are inputs of this run."""

    total: int
    pending: int
    failed: int
    apps: int
    """Different contents that were scanned."""


class Journal:
    """The journal of an output directory. Holding it open keeps every other batch out."""

    def __init__(self, path: Path) -> None:
        """Open or create.

        Raises:
            OutputBusyError: another batch has it open.
            OutputError: it is not a journal, of another version, or cannot be read or written.
        """
        self._path = path
        with self._telling():
            self._db = sqlite3.connect(path, isolation_level=None, timeout=1.0)
            try:
                self._open()
            except BaseException:
                self._db.close()
                raise
        self._run = 0

    def _open(self) -> None:
        # An exclusive lock that the system drops with the process; it also keeps WAL free of shared memory.
        for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = NORMAL", "cache_size = -16000"):
            self._db.execute(f"PRAGMA {pragma}").fetchall()
        self._db.execute("BEGIN EXCLUSIVE")
        if not self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            for statement in _TABLES.split(";"):
                self._db.execute(statement)
            self.set("journal", _FORMAT)
            self.set("schema", str(SCHEMA_VERSION))
        self._db.execute("COMMIT")
        if self.get("journal") != _FORMAT or self.get("schema") != str(SCHEMA_VERSION):
            raise OutputError(
                f"{self._path.parent} was written with version {self.get('schema')} of the dataset's schema; this version of sdkfp "
                f"writes version {SCHEMA_VERSION}: choose another output"
            )

    def close(self) -> None:
        """Let others in."""
        self._db.close()

    def get(self, key: str) -> str | None:
        """A fact about the output."""
        with self._telling():
            row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    @property
    def run(self) -> int:
        """The number of this run, one higher than the last one's; 0 before :meth:`list_inputs`."""
        return self._run

    def set(self, key: str, value: str) -> None:
        """Keep a fact about the output."""
        with self._telling():
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def list_inputs(self, found: Iterable[Listed]) -> Generator[int, None, None]:
        """Begin a run with these inputs; gives how many were listed so far, from time to time.

        An input that is known and unchanged keeps its place; one that has another size or time than when it was listed is to be
        looked at again.
        """
        self._run = int(self.get("run") or "0") + 1
        self.set("run", str(self._run))
        count = 0
        with self._writing():
            for listed in found:
                row = (listed.path, listed.size, listed.stamp, self._run, listed.code, listed.reason)
                self._db.execute(_LIST, row)
                count += 1
                if count % _PAGE == 0:
                    yield count
        yield count

    def forget_failures(self, *, every: bool) -> None:
        """Make inputs that failed pending again: those whose reason may be gone, or all of this run."""
        chosen = "code IS NOT NULL" if every else f"code IN ({', '.join(map(repr, _TRANSIENT))})"
        with self._writing():
            self._db.execute(
                f"DELETE FROM apps WHERE {chosen} AND sha256 IN (SELECT sha256 FROM inputs WHERE run = ?)",  # noqa: S608 - our own words
                (self._run,),
            )
            # What failed while it was listed just now has no stamp, and stays.
            self._db.execute(
                f"UPDATE inputs SET code = NULL, reason = NULL WHERE run = ? AND stamp != '' AND {chosen}",  # noqa: S608 - as above
                (self._run,),
            )

    def forget_everything(self) -> None:
        """Make every input pending again; no part counts any longer."""
        with self._writing():
            self._db.execute("DELETE FROM apps")
            self._db.execute("DELETE FROM parts")
            self._db.execute("UPDATE inputs SET code = NULL, reason = NULL")

    def to_hash(self) -> Iterator[Item]:
        """The inputs of this run that may have the same content as another, and whose content is not known.

        Those alone with their size cannot have a twin.
        """
        return self._pages(_TO_HASH)

    def to_hash_count(self) -> int:
        """How many inputs :meth:`to_hash` will give."""
        with self._telling():
            return int(self._db.execute(f"SELECT count(*) FROM inputs i WHERE {_TO_HASH}", (self._run,)).fetchone()[0])  # noqa: S608 - our own words

    def to_scan(self) -> Iterator[Item]:
        """The inputs of this run that are to be scanned, in the order of listing; of those with one content only the first."""
        return self._pages(f"{_UNDONE} AND {_FIRST_OF_ITS_CONTENT}")

    def _pages(self, condition: str) -> Iterator[Item]:
        last = 0
        while True:
            with self._telling():
                page = self._db.execute(
                    f"SELECT i.id, i.path, i.size, i.sha256 FROM inputs i WHERE {condition} AND i.id > ? ORDER BY i.id LIMIT ?",  # noqa: S608 - our own words
                    (self._run, last, _PAGE),
                ).fetchall()
            if not page:
                return
            for row in page:
                yield Item(*row)
            last = page[-1][0]

    def set_hash(self, item: Item, sha256: str) -> None:
        """Which content an input has."""
        with self._writing():
            self._db.execute("UPDATE inputs SET sha256 = ?, changed = 0 WHERE id = ?", (sha256, item.id))

    def fail_input(self, item: Item, code: str, reason: str) -> int:
        """An input could not be read, or its content is not known. Gives how many inputs are settled by that."""
        with self._writing():
            self._db.execute(
                "UPDATE inputs SET code = ?, reason = ?, sha256 = NULL WHERE id = ?", (code, reason, item.id)
            )
        return 1

    def settle(
        self, item: Item, sha256: str, *, rows: bytes | None = None, failure: tuple[str, str] | None = None
    ) -> int:
        """An app was scanned, and its rows wait for a part; or it failed, with a code and a reason.

        Returns:
            how many inputs of this run have this content.
        """
        with self._writing():
            return self._settle(item, sha256, rows, failure or (None, None), None)

    def settle_part(self, part: str, apps: Iterable[tuple[Item, str]]) -> int:
        """Apps were scanned and are in a part that is taken up; the part counts from now on.

        Returns:
            how many inputs of this run have their contents.
        """
        with self._writing():
            self._db.execute("INSERT OR IGNORE INTO parts VALUES (?)", (part,))
            return sum(self._settle(item, sha256, None, (None, None), part) for item, sha256 in apps)

    def _settle(
        self, item: Item, sha256: str, rows: bytes | None, failure: tuple[str | None, str | None], part: str | None
    ) -> int:
        self._db.execute(
            "INSERT OR REPLACE INTO apps (sha256, code, reason, rows, part) VALUES (?, ?, ?, ?, ?)",
            (sha256, *failure, rows, part),
        )
        self._db.execute("UPDATE inputs SET sha256 = ?, changed = 0 WHERE id = ?", (sha256, item.id))
        twins = self._db.execute("SELECT count(*) FROM inputs WHERE sha256 = ? AND run = ?", (sha256, self._run))
        return int(twins.fetchone()[0])

    def waiting(self) -> tuple[int, int]:
        """Apps whose rows wait for a part, and their bytes."""
        with self._telling():
            row = self._db.execute(
                "SELECT count(*), coalesce(sum(length(rows)), 0) FROM apps WHERE part IS NULL AND rows IS NOT NULL"
            ).fetchone()
        return row[0], row[1]

    def waiting_rows(self) -> Iterator[tuple[str, bytes]]:
        """(sha256, rows) of the apps that wait for a part, those of the first bytes first."""
        with self._telling():
            yield from self._db.execute(
                "SELECT sha256, rows FROM apps WHERE part IS NULL AND rows IS NOT NULL ORDER BY rowid"
            )

    def exported(self, part: str, apps: Iterable[str]) -> None:
        """These apps are in a part, which counts from now on."""
        with self._writing():
            self._db.execute("INSERT OR IGNORE INTO parts VALUES (?)", (part,))
            self._db.executemany(
                "UPDATE apps SET part = ?, rows = NULL WHERE sha256 = ?", ((part, sha256) for sha256 in apps)
            )

    def parts(self) -> Iterator[str]:
        """The parts that count."""
        with self._telling():
            yield from (row[0] for row in self._db.execute("SELECT id FROM parts"))

    def lose_part(self, part: str) -> None:
        """A part is gone from the disk: its apps are to be scanned again."""
        with self._writing():
            self._db.execute("DELETE FROM apps WHERE part = ?", (part,))
            self._db.execute("DELETE FROM parts WHERE id = ?", (part,))

    def counts(self) -> Counts:
        """Where this run stands."""
        with self._telling():
            total, pending, failed, apps = self._db.execute(
                """SELECT count(*), coalesce(sum(i.code IS NULL AND a.sha256 IS NULL), 0),
                    coalesce(sum(i.code IS NOT NULL OR a.code IS NOT NULL), 0),
                    count(DISTINCT iif(a.code IS NULL, a.sha256, NULL))
                FROM inputs i LEFT JOIN apps a USING (sha256) WHERE i.run = ?""",
                (self._run,),
            ).fetchone()
        return Counts(total, pending, failed, apps)

    def failure_codes(self) -> dict[str, int]:
        """How many inputs of this run failed, by code."""
        with self._telling():
            return dict(
                self._db.execute(
                    """SELECT coalesce(i.code, a.code) AS c, count(*) FROM inputs i LEFT JOIN apps a USING (sha256)
                    WHERE i.run = ? AND c IS NOT NULL GROUP BY c ORDER BY 2 DESC, 1""",
                    (self._run,),
                )
            )

    def failures(self) -> Iterator[Row]:
        """Rows of the table ``failures``: of each content one, and of each input without one."""
        with self._telling():
            yield from self._db.execute(
                """SELECT a.sha256, (SELECT path FROM inputs i WHERE i.sha256 = a.sha256 ORDER BY i.id LIMIT 1), a.code, a.reason
                FROM apps a WHERE a.code IS NOT NULL
                UNION ALL SELECT NULL, path, code, reason FROM inputs WHERE code IS NOT NULL ORDER BY 2"""
            )

    def inputs(self) -> Iterator[Row]:
        """Rows of the table ``inputs``."""
        with self._telling():
            yield from self._db.execute(
                """SELECT i.path, i.size, i.sha256, iif(i.code IS NOT NULL OR a.code IS NOT NULL, 'failed',
                    iif(a.sha256 IS NULL, 'pending', 'scanned')) FROM inputs i LEFT JOIN apps a USING (sha256) ORDER BY i.id"""
            )

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        with self._telling():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        """Turn errors of SQLite into ours."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise OutputBusyError(f"another batch is writing to {self._path.parent}") from None
            raise stopped(self._path, str(error)) from None
        except sqlite3.DatabaseError as error:
            raise OutputError(f"{self._path} is not a journal of sdkfp, or damaged: {error}") from None
