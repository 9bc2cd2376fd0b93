"""The collection of tampered apps: each has its expected outcome, in a worker with limits; and what Android installs, the
platform's own tools read as we do."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import tampered
from support.catalogs import write_signatures

from sdkfp import App, Catalog, SdkfpError, scan
from sdkfp._isolate import Worker, WorkerLimits
from sdkfp.report import Report

Outcome = tuple[tuple[str, ...], str | None, tuple[str, ...], str | None]
"""SDKs, package, codes of notes, error."""


@cache
def catalog(folder: str) -> Catalog:
    return Catalog.load(folder, builtin=False, cache=False)


def scanned(name: str, signatures: str) -> Report:
    return scan(tampered.TRICKS[name].build(), catalog=catalog(signatures), name="t.apk")


def outcome(name: str, signatures: str) -> Outcome:
    """In the worker."""
    try:
        report = scanned(name, signatures)
    except SdkfpError as error:
        return (), None, (), type(error).__name__
    codes = {note.code for note in report.not_examined}
    return tuple(sdk.id for sdk in report.sdks), report.app.package, tuple(sorted(codes)), None


@pytest.fixture(scope="module")
def signatures(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_signatures(tmp_path_factory.mktemp("tampered"), tampered.SIGNATURES))


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    found = Worker(WorkerLimits(seconds=30.0, memory=2 << 30))
    yield found
    found.close()


@pytest.mark.parametrize("name", tampered.TRICKS)
def test_outcome(worker: Worker, signatures: str, name: str) -> None:
    expected = tampered.TRICKS[name]
    found = worker.run(outcome, name, signatures)
    if expected.refused:
        assert found == ((), None, (), expected.refused)
    else:
        assert found == (expected.sdks, expected.package, tuple(sorted(expected.notes)), None)


def test_what_android_installs_hides_nothing() -> None:
    """The expectations themselves: an app that can be installed shows its SDKs and its package."""
    for found in tampered.TRICKS.values():
        assert not found.installs or (found.sdks, found.package, found.refused) == (
            tampered.ALL,
            tampered.PACKAGE,
            None,
        )


@pytest.mark.oracle
@pytest.mark.parametrize("name", [name for name, found in tampered.TRICKS.items() if found.installs])
def test_the_platforms_tools_read_the_same(tmp_path: Path, signatures: str, name: str) -> None:
    trick = tampered.TRICKS[name]
    need(*trick.tools)
    path = written(tmp_path, name)
    report = scanned(name, signatures)
    for tool in set(trick.tools) - {"dexdump"}:
        package, permissions = manifest_of(tool, path) or ("", [])
        assert (report.app.package, [permission.name for permission in report.app.permissions]) == (
            package,
            permissions,
        )
    assert "dexdump" in trick.tools
    assert dumped(path) == set(trick.seen)
    assert classes_of(path) == set(tampered.CLASSES)


@pytest.mark.oracle
@pytest.mark.parametrize("name", [name for name, found in tampered.TRICKS.items() if not found.installs])
def test_what_a_tool_reads_of_the_others_is_read_here_too(tmp_path: Path, signatures: str, name: str) -> None:
    """Apps that Android refuses: some version of it may not, so whatever a tool of the platform sees is seen."""
    need("aapt", "aapt2", "dexdump")
    trick = tampered.TRICKS[name]
    if trick.refused:
        pytest.skip("neither reads it")
    path = written(tmp_path, name)
    report = scanned(name, signatures)
    read = [found for tool in ("aapt", "aapt2") if (found := manifest_of(tool, path))]
    assert all(found == (report.app.package, [p.name for p in report.app.permissions]) for found in read)
    if "bytes-before-archive" in trick.notes:
        return  # a tool that takes the file for what it begins with; the note says that something is there
    assert dumped(path) <= classes_of(path)


def need(*tools: str) -> None:
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not installed: {missing}")


def written(folder: Path, name: str) -> Path:
    path = folder / "t.apk"
    path.write_bytes(tampered.TRICKS[name].build())
    return path


def manifest_of(tool: str, path: Path) -> tuple[str, list[str]] | None:
    """Package and permissions, where the tool can read them."""
    listed = run(tool, "dump", "permissions", str(path))
    found = re.match(r"package: (\S+)", listed)
    return (found[1], re.findall(r"uses-permission: name='([^']+)'", listed)) if found else None


def dumped(path: Path) -> set[str]:
    """The classes that dexdump sees."""
    listed = re.findall(r"Class descriptor  : 'L(.*);'", run("dexdump", "-j", str(path)))
    return {name.replace("/", ".") for name in listed}


def classes_of(path: Path) -> set[str]:
    with App.open(path) as app:
        return {name for part in app.dexes for name in part.dex.class_names}


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, timeout=60)
    return done.stdout if done.returncode == 0 else ""
