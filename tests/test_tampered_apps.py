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
@pytest.mark.parametrize("name", [name for name, found in tampered.TRICKS.items() if found.installs and found.oracle])
def test_the_platforms_tools_read_the_same(tmp_path: Path, signatures: str, name: str) -> None:
    tools = {tool: shutil.which(tool) for tool in ("aapt", "aapt2", "dexdump")}
    if not all(tools.values()):
        pytest.skip(f"not installed: {[tool for tool, path in tools.items() if path is None]}")
    path = tmp_path / "t.apk"
    path.write_bytes(tampered.TRICKS[name].build())
    report = scanned(name, signatures)
    package, permissions = manifest_of(path)
    assert report.app.package == package
    assert [permission.name for permission in report.app.permissions] == permissions
    dumped = run("dexdump", "-j", str(path))
    classes = {name.replace("/", ".") for name in re.findall(r"Class descriptor  : 'L(.*);'", dumped)}
    named = {c for column in classes_of(path) for c in column}
    assert classes <= named
    hidden = {"com.vendor.push.PushService", "com.vendor.core.A", "com.maker.app.Main"}
    assert named - classes <= hidden, "only hidden code is not in what the tool reads"


def manifest_of(path: Path) -> tuple[str, list[str]]:
    """Package and permissions as aapt2 reads them, or aapt, which does not ask for the type of the file first."""
    listed = run("aapt2", "dump", "permissions", str(path)) or run("aapt", "dump", "permissions", str(path))
    found = re.match(r"package: (\S+)", listed)
    assert found, listed
    return found[1], re.findall(r"uses-permission: name='([^']+)'", listed)


def classes_of(path: Path) -> Iterator[list[str]]:
    with App.open(path) as app:
        yield from [list(part.dex.class_names) for part in app.dexes]


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, timeout=60)
    return done.stdout if done.returncode == 0 else ""
