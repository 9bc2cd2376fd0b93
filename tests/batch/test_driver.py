"""The command as a process of its own: interrupted, killed, without room, and what it says."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from support import batches
from support.catalogs import write_signatures

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and mounts of POSIX")


def command(folder: Path, *more: str) -> list[str]:
    """A batch over the apps of a folder."""
    signatures = write_signatures(folder / "signatures", batches.SIGNATURES)
    places = [str(folder / "apps"), "-o", str(folder / "out"), "--signatures", str(signatures), "--no-builtin"]
    return [sys.executable, "-m", "sdkfp", "batch", *places, *more]


def start(folder: Path, *more: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        command(folder, *more), env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def run(folder: Path, *more: str) -> tuple[int, str, str]:
    with start(folder, *more) as process:
        output, errors = process.communicate(timeout=120)
    return process.returncode, output, errors


def begun(folder: Path, process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The processes of a batch, as soon as some of its apps are in a part."""
    for _ in range(600):
        if list((folder / "out" / "apps").glob("part-0*-*.parquet")):
            return list(psutil.Process(process.pid).children(recursive=True))
        time.sleep(0.05)
    raise AssertionError("the batch did not begin")


def many_apps(folder: Path) -> None:
    batches.write_apps(folder / "apps", 10)
    slow = batches.slow_app(70)
    for number in range(4):
        (folder / "apps" / f"slow{number}.apk").write_bytes(slow + bytes(number))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    many_apps(folder)
    assert run(folder, "--quiet") == (0, "", "")
    return folder / "out"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -9)])
def test_ended_in_the_middle(undisturbed: Path, tmp_path: Path, number: signal.Signals, status: int) -> None:
    many_apps(tmp_path)
    with start(tmp_path, "-j", "1", "--part-apps", "3") as process:
        children = begun(tmp_path, process)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == status
    assert ("the same command goes on" in errors) == (status == 130)
    assert not psutil.wait_procs(children, timeout=10)[1]
    status, output, errors = run(tmp_path, "--json")
    assert (status, errors) == (0, "")
    summary = json.loads(output)
    assert summary["counts"] == {"total": 14, "pending": 0, "failed": 0, "apps": 14}
    assert 0 < summary["already"] < 14
    assert batches.contents(tmp_path / "out") == batches.contents(undisturbed)


def test_full_disk(tmp_path: Path) -> None:
    batches.write_apps(tmp_path / "apps", 30)
    (tmp_path / "out").mkdir()
    batch = " ".join(command(tmp_path, "-q", "-j", "1", "--part-apps", "5"))
    script = f"""
        mount -t tmpfs -o size=300k tmpfs {tmp_path}/out
        {batch} || echo "status $?"
        mount -o remount,size=50m {tmp_path}/out
        {batch}; echo "status $?"
        cp -r {tmp_path}/out {tmp_path}/kept
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*batches.in_own_mounts(tmp_path), script],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stdout.split("\n")[:2] == ["status 5", "status 0"], done.stderr
    assert "make room and run the same command again" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(batches.contents(tmp_path / "kept", ["apps"])["apps"]) == 30


def test_two_commands_at_once(tmp_path: Path) -> None:
    """The second one stops and touches nothing; the first one goes on to its end."""
    many_apps(tmp_path)
    with start(tmp_path, "-j", "1", "--part-apps", "3") as first:
        begun(tmp_path, first)
        first.send_signal(signal.SIGSTOP)  # else it may be over before the second one begins
        assert first.poll() is None
        status, _, errors = run(tmp_path)
        first.send_signal(signal.SIGCONT)
        assert (status, "another batch is writing" in errors) == (5, True)
        assert first.wait(timeout=120) == 0
    assert len(batches.contents(tmp_path / "out", ["apps"])["apps"]) == 14


def test_files_that_may_not_be_read(tmp_path: Path) -> None:
    """A superuser, who reads everything, first gives that up."""
    batches.write_apps(tmp_path / "apps", 3)
    (tmp_path / "apps" / "1.apk").chmod(0)
    (tmp_path / "apps" / "closed").mkdir(mode=0)
    obey = []
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("not installed: setpriv")
        obey = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    arguments = [*obey, *command(tmp_path, "--json")]
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["failures"] == {"input-unreadable": 2}
    rows = batches.contents(tmp_path / "out", ["failures"])["failures"]
    assert sorted(row[1] for row in rows) == ["1.apk", "closed"]
    assert all("Permission denied" in row[3] for row in rows)
    assert len(batches.contents(tmp_path / "out", ["apps"])["apps"]) == 2
    (tmp_path / "apps" / "1.apk").chmod(0o600)
    (tmp_path / "apps" / "closed").chmod(0o700)
    assert run(tmp_path, "--quiet")[0] == 0
    assert len(batches.contents(tmp_path / "out", ["apps"])["apps"]) == 3


def test_progress_on_a_terminal(tmp_path: Path) -> None:
    """A bar with the rate and the remaining time."""
    pty = pytest.importorskip("pty", reason="no terminals of POSIX on this system")
    many_apps(tmp_path)
    screen, terminal = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "120"}
    with subprocess.Popen(
        command(tmp_path, "-j", "1"), env=environment, stdout=subprocess.PIPE, stderr=terminal
    ) as process:
        os.close(terminal)
        shown = b""
        with contextlib.suppress(OSError):  # the end of a terminal whose last writer is gone
            while read := os.read(screen, 4096):
                shown += read
    os.close(screen)
    assert process.returncode == 0
    text = shown.decode(errors="replace")
    assert "Scanning" in text
    assert re.search(r"\d+/14", text)
    assert re.search(r"\d+\.\d\d apps/s", text)
    assert re.search(r"\d\d:\d\d", text)


def test_what_it_says(tmp_path: Path) -> None:
    batches.write_apps(tmp_path / "apps", 2)
    (tmp_path / "apps" / "junk.apk").write_bytes(b"junk")
    status, output, errors = run(tmp_path)
    assert (status, output) == (0, "")
    assert "3 inputs, 2 different apps scanned, 1 failed (not-openable 1)" in errors
    (tmp_path / "list.txt").write_text(f"{tmp_path}/apps/0.apk\n")
    assert run(tmp_path, "--list", str(tmp_path / "list.txt"))[0] == 0
    status, _, errors = run(tmp_path, "--list", str(tmp_path / "nowhere.txt"))
    assert (status, "nowhere.txt cannot be read" in errors) == (2, True)


def test_exit_codes(tmp_path: Path) -> None:
    (tmp_path / "apps").mkdir()
    status, _, errors = run(tmp_path)
    assert (status, "no input" in errors) == (1, True)
    (tmp_path / "out" / "index.sqlite").write_text("junk")
    status, _, errors = run(tmp_path)
    assert (status, "not a journal" in errors) == (5, True)
