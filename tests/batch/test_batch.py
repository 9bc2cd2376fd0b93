"""Batches through the front door: what is in the dataset, what fails, and that everything is done once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from pyarrow import parquet
from support import batches

from sdkfp.batch import (
    TABLES,
    BatchError,
    OutputBusyError,
    OutputError,
    Progress,
    Summary,
    WorkerLimits,
    read_list,
    run_batch,
)
from sdkfp.batch.tables import arrow_schema, markdown

COUNT = 8


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Summary]:
    """Apps, their dataset, and the summary of the batch that made it; nobody changes them."""
    folder = tmp_path_factory.mktemp("batch")
    apps = batches.write_apps(folder / "apps", COUNT)
    (apps / "below").mkdir()
    (apps / "below" / "twin-of-1.apk").write_bytes(batches.app(1))
    (apps / "below" / "readme.txt").write_text("no app")
    (apps / "junk.apk").write_bytes(b"no package")
    (apps / "empty.apk").write_bytes(b"")
    (apps / "broken.apk").symlink_to("nowhere")
    (apps / "loop").symlink_to(apps)
    return apps, folder / "out", run_batch([apps], folder / "out", batches.options(folder, workers=2))


class TestDataset:
    def test_every_input_is_accounted_for(self, finished: tuple[Path, Path, Summary]) -> None:
        _, output, summary = finished
        assert (summary.counts.total, summary.counts.apps, summary.counts.failed) == (COUNT + 5, COUNT, 4)
        assert not summary.interrupted
        rows = batches.contents(output, ["inputs"])["inputs"]
        assert sorted((Path(row[0]).name, row[3]) for row in rows) == sorted(
            [
                *((f"{number}.apk", "scanned") for number in range(COUNT)),
                ("twin-of-1.apk", "scanned"),
                *((name, "failed") for name in ("junk.apk", "empty.apk", "broken.apk", "loop")),
            ]
        )

    def test_twins_are_scanned_once(self, finished: tuple[Path, Path, Summary]) -> None:
        tables = batches.contents(finished[1], ["apps", "inputs"])
        assert len({row[0] for row in tables["apps"]}) == len(tables["apps"]) == COUNT
        assert len({row[2] for row in tables["inputs"] if row[0] in ("1.apk", "twin-of-1.apk")}) == 1

    def test_failures_have_reasons(self, finished: tuple[Path, Path, Summary]) -> None:
        rows = batches.contents(finished[1], ["failures"])["failures"]
        assert [(row[1], row[2], row[0] is None) for row in sorted(rows, key=lambda row: row[1])] == [
            ("broken.apk", "input-missing", True),
            ("empty.apk", "not-openable", False),
            ("junk.apk", "not-openable", False),
            ("loop", "input-unreadable", True),
        ]
        assert "neither ZIP" in next(row[3] for row in rows if row[1] == "junk.apk")

    def test_duckdb_joins_the_tables(self, finished: tuple[Path, Path, Summary]) -> None:
        _, output, _ = finished
        with duckdb.connect() as database:
            rows = database.execute(
                f"""SELECT s.sdk, count(*), min(s.version), bool_and(r.declared) FROM '{output}/sdks/*.parquet' s
                JOIN '{output}/apps/*.parquet' a USING (sha256)
                LEFT JOIN '{output}/reads/*.parquet' r ON r.sha256 = s.sha256 AND r.party = s.sdk GROUP BY 1 ORDER BY 1"""
            ).fetchall()
        assert rows == [("vendor-core", 5, None, None), ("vendor-push", 5, "3.1", True)]

    @pytest.mark.parametrize("table", TABLES)
    def test_pandas_reads_every_table_with_its_columns(self, finished: tuple[Path, Path, Summary], table: str) -> None:
        frame = pd.read_parquet(finished[1] / table)
        assert list(frame.columns) == [column.name for column in TABLES[table]]
        for file in (finished[1] / table).iterdir():
            schema = parquet.read_schema(file)
            assert schema.equals(arrow_schema(table)), file
            assert schema.metadata[b"sdkfp.schema"] == b"1"

    def test_documented_columns(self) -> None:
        document = (Path(__file__).parents[2] / "docs" / "batch.md").read_text(encoding="utf-8")
        assert markdown() in document


class TestAgain:
    def test_nothing_is_done_twice(self, tmp_path: Path) -> None:
        apps = batches.write_apps(tmp_path / "apps", 4)
        options = batches.options(tmp_path)
        run_batch([apps], tmp_path / "out", options)
        files = {file: file.stat().st_mtime_ns for file in (tmp_path / "out" / "apps").iterdir()}
        (apps / "1.apk").touch()  # another time, the same content
        (apps / "new.apk").write_bytes(batches.app(2))
        summary = run_batch([apps], tmp_path / "out", options)
        assert (summary.already, summary.counts.total, summary.counts.apps) == (3, 5, 4)
        assert {file: file.stat().st_mtime_ns for file in (tmp_path / "out" / "apps").iterdir()} == files
        assert len(batches.contents(tmp_path / "out", ["inputs"])["inputs"]) == 5

    def test_more_apps_come_beside(self, tmp_path: Path) -> None:
        apps = batches.write_apps(tmp_path / "apps", 3)
        options = batches.options(tmp_path)
        run_batch([apps / "0.apk"], tmp_path / "out", options)
        summary = run_batch([apps], tmp_path / "out", options)
        assert (summary.already, summary.counts.apps) == (1, 3)
        assert len(batches.contents(tmp_path / "out", ["apps"])["apps"]) == 3

    def test_changed_content_is_scanned(self, tmp_path: Path) -> None:
        apps = batches.write_apps(tmp_path / "apps", 2)
        options = batches.options(tmp_path)
        run_batch([apps], tmp_path / "out", options)
        (apps / "1.apk").write_bytes(batches.app(55))
        run_batch([apps], tmp_path / "out", options)
        tables = batches.contents(tmp_path / "out", ["apps", "inputs"])
        assert {row[4] for row in tables["apps"]} == {"com.maker.app0", "com.maker.app1", "com.maker.app55"}
        assert {row[2] for row in tables["inputs"]} < {row[0] for row in tables["apps"]}

    @pytest.mark.parametrize("after", [0, 1, 5])
    def test_stopped_and_resumed_is_the_same(
        self, finished: tuple[Path, Path, Summary], tmp_path: Path, after: int
    ) -> None:
        apps, undisturbed, _ = finished
        seen: list[Progress] = []
        options = batches.options(tmp_path)
        stopped = run_batch(
            [apps],
            tmp_path / "out",
            options,
            on_progress=seen.append,
            stop=lambda: bool(seen) and seen[-1].done >= after + 4,
        )
        assert stopped.interrupted
        assert stopped.counts.pending
        assert len(batches.contents(tmp_path / "out", ["apps"])["apps"]) == stopped.counts.apps
        resumed = run_batch([apps], tmp_path / "out", options)
        assert not resumed.interrupted
        assert (
            resumed.already >= stopped.counts.total - stopped.counts.pending - 1
        )  # a link that leads nowhere is looked at again
        assert batches.contents(tmp_path / "out") == batches.contents(undisturbed)

    def test_a_part_that_is_gone_is_made_again(self, tmp_path: Path) -> None:
        apps = batches.write_apps(tmp_path / "apps", 3)
        options = batches.options(tmp_path)
        run_batch([apps], tmp_path / "out", options)
        before = batches.contents(tmp_path / "out")
        (part,) = (tmp_path / "out" / "apps").glob("part-0001-*.parquet")
        part.unlink()
        run_batch([apps], tmp_path / "out", options)
        assert batches.contents(tmp_path / "out") == before

    def test_what_a_crash_left_is_swept(self, tmp_path: Path) -> None:
        apps = batches.write_apps(tmp_path / "apps", 2)
        options = batches.options(tmp_path)
        run_batch([apps], tmp_path / "out", options)
        before = batches.contents(tmp_path / "out")
        (part,) = (tmp_path / "out" / "apps").glob("part-0001-*.parquet")
        (part.parent / "part-0001-00007.parquet").write_bytes(part.read_bytes())
        (part.parent / ".part-0001-00008.parquet.tmp").write_bytes(b"half")
        (tmp_path / "out" / ".staging" / "0001-00009").mkdir()
        run_batch([apps], tmp_path / "out", options)
        assert batches.contents(tmp_path / "out") == before
        assert sorted(file.name for file in part.parent.iterdir()) == ["part-0.parquet", part.name]
        assert not list((tmp_path / "out" / ".staging").iterdir())


class TestWorkersThatFail:
    def test_too_slow(self, tmp_path: Path) -> None:
        apps = batches.write_apps(tmp_path / "apps", 3)
        (apps / "slow.apk").write_bytes(batches.slow_app(1500))
        options = batches.options(tmp_path, worker_limits=WorkerLimits(seconds=1.5))
        summary = run_batch([apps], tmp_path / "out", options)
        assert summary.failures == {"time-limit": 1}
        assert summary.counts.apps == 3
        (row,) = batches.contents(tmp_path / "out", ["failures"])["failures"]
        assert row[1:] == ("slow.apk", "time-limit", "it took longer than 1.5 s")
        assert row[0] is not None
        assert run_batch([apps], tmp_path / "out", options).already == 4
        again = batches.options(tmp_path, retry_failed=True)
        assert run_batch([apps], tmp_path / "out", again).failures == {}
        assert len(batches.contents(tmp_path / "out", ["apps"])["apps"]) == 4

    @pytest.mark.skipif(sys.platform != "linux", reason="no limit of address space on this system")
    def test_too_large_for_the_memory(self, tmp_path: Path) -> None:
        apps = batches.write_apps(tmp_path / "apps", 3)
        (apps / "large.apk").write_bytes(batches.large_app(150 << 20))
        options = batches.options(tmp_path, worker_limits=WorkerLimits(seconds=60, memory=100 << 20))
        summary = run_batch([apps], tmp_path / "out", options)
        assert summary.failures == {"memory-limit": 1}
        assert summary.counts.apps == 3

    @pytest.mark.skipif(os.name != "posix", reason="no signals on this system")
    @pytest.mark.parametrize(("number", "code"), [("SIGSEGV", "crashed"), ("SIGKILL", None)])
    def test_crashes(self, tmp_path: Path, number: str, code: str | None) -> None:
        """A crash is a row; what somebody else ended is begun again."""
        apps = batches.write_apps(tmp_path / "apps", 3)
        (apps / "slow.apk").write_bytes(batches.slow_app(300))
        hit: list[int] = []

        def shoot(progress: Progress) -> None:
            if progress.done == 3 and not hit:
                hit.append(1)
                time.sleep(0.2)  # let the worker begin
                for child in multiprocessing.active_children():
                    if child.pid is not None:
                        os.kill(child.pid, getattr(signal, number))

        summary = run_batch([apps], tmp_path / "out", batches.options(tmp_path), on_progress=shoot)
        assert hit
        assert summary.failures == ({code: 1} if code else {})
        assert summary.counts.apps == 4 - bool(code)


class TestInputs:
    def test_globs_lists_and_urls(self, tmp_path: Path) -> None:
        apps = batches.write_apps(tmp_path / "apps", 4)
        (apps / "deep" / "er").mkdir(parents=True)
        (apps / "deep" / "er" / "4.apk").write_bytes(batches.app(4))
        lines = [f"{apps}/0.apk\n", "\n", f"file://{apps}/1.apk\r\n"]
        places = [f"{apps}/[23].apk", f"{apps}/**/4.apk", *read_list(lines), f"file://{apps}/deep", f"{apps}/9*.apk"]
        summary = run_batch(places, tmp_path / "out", batches.options(tmp_path))
        assert summary.counts.apps == 5
        assert summary.failures == {"input-missing": 1}
        rows = batches.contents(tmp_path / "out", ["inputs"])["inputs"]
        assert sorted(row[0].rpartition("/")[2] for row in rows) == [
            "0.apk",
            "1.apk",
            "2.apk",
            "3.apk",
            "4.apk",
            "4.apk",
            "9*.apk",
        ]

    def test_a_file_that_disappears(self, tmp_path: Path) -> None:
        apps = batches.write_apps(tmp_path / "apps", 2)

        def remove(progress: Progress) -> None:
            if progress.phase != "listing":
                (apps / "1.apk").unlink(missing_ok=True)

        options = batches.options(tmp_path)
        summary = run_batch([apps], tmp_path / "out", options, on_progress=remove)
        assert summary.failures == {"input-missing": 1}
        (apps / "1.apk").write_bytes(batches.app(1))
        assert run_batch([apps], tmp_path / "out", options).failures == {}

    @pytest.mark.parametrize("place", ["nosuch://x/y", "s3x://"])
    def test_unknown_protocols(self, tmp_path: Path, place: str) -> None:
        with pytest.raises(BatchError, match="cannot be listed"):
            run_batch([place], tmp_path / "out", batches.options(tmp_path))

    def test_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "apps").mkdir()
        summary = run_batch([tmp_path / "apps"], tmp_path / "out", batches.options(tmp_path))
        assert summary.counts.total == 0
        assert batches.contents(tmp_path / "out", ["apps"])["apps"] == []


class TestOutput:
    def test_two_batches_at_once(self, tmp_path: Path) -> None:
        apps = batches.write_apps(tmp_path / "apps", 2)
        options = batches.options(tmp_path)
        found: list[BaseException] = []

        def second() -> None:
            try:
                run_batch([apps], tmp_path / "out", options)
            except OutputBusyError as error:
                found.append(error)

        def begin_second(progress: Progress) -> None:
            if progress.phase == "scanning" and not found:
                thread = threading.Thread(target=second)
                thread.start()
                thread.join()

        assert run_batch([apps], tmp_path / "out", options, on_progress=begin_second).counts.apps == 2
        assert "another batch" in str(found[0])

    def test_other_signatures(self, tmp_path: Path) -> None:
        apps = batches.write_apps(tmp_path / "apps", 3)
        run_batch([apps], tmp_path / "out", batches.options(tmp_path))
        (tmp_path / "signatures" / "sdks" / "vendor-core.yaml").unlink()
        push = tmp_path / "signatures" / "sdks" / "vendor-push.yaml"
        push.write_text(push.read_text().replace("requires: [vendor-core]\n", ""))
        options = replace(batches.options(tmp_path / "elsewhere"), signatures=(str(tmp_path / "signatures"),))
        with pytest.raises(OutputError, match="other signatures"):
            run_batch([apps], tmp_path / "out", options)
        summary = run_batch([apps], tmp_path / "out", replace(options, rescan=True))
        assert (summary.already, summary.counts.apps) == (0, 3)
        tables = batches.contents(tmp_path / "out", ["apps", "sdks"])
        assert len(tables["apps"]) == 3
        assert {row[1] for row in tables["sdks"]} == {"vendor-push"}

    @pytest.mark.parametrize(
        ("spoil", "message"),
        [
            (lambda out: (out / "something").write_text("else"), "not an output of sdkfp batch"),
            (lambda out: (out / "index.sqlite").write_text("no journal " * 99), "not a journal"),
            (lambda out: _set_schema(out / "index.sqlite", "999"), "version 999 of the dataset's schema"),
        ],
    )
    def test_something_else(self, tmp_path: Path, spoil: Callable[[Path], object], message: str) -> None:
        apps = batches.write_apps(tmp_path / "apps", 1)
        options = batches.options(tmp_path)
        (tmp_path / "out").mkdir()
        if "999" in message:
            run_batch([apps], tmp_path / "out", options)
        spoil(tmp_path / "out")
        with pytest.raises(OutputError, match=message):
            run_batch([apps], tmp_path / "out", options)

    def test_a_file_is_no_directory(self, tmp_path: Path) -> None:
        (tmp_path / "out").write_text("")
        with pytest.raises(OutputError, match="cannot be written"):
            run_batch([], tmp_path / "out", batches.options(tmp_path))


def _set_schema(journal: Path, version: str) -> None:
    database = sqlite3.connect(journal)
    with database:
        database.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (version,))
    database.close()
