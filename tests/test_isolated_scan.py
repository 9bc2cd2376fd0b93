"""Scans in a process of their own: a crash over there is an error here, and the next app is scanned.

A crash of native code cannot be made by an input that is known not to work, so the worker's interpreter is given a
``sitecustomize`` that really ends the process (abort, kill, endless loop) when a native library says so in its text.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import elfwriter
from support.axmlwriter import manifest
from support.catalogs import write_signatures
from support.dexwriter import DexWriter
from support.zipwriter import build_zip

import sdkfp
from sdkfp import (
    Catalog,
    CatalogError,
    ContainerError,
    IsolatedScanner,
    LimitExceededError,
    Limits,
    WorkerError,
    WorkerLimits,
)

TRAP = """
import os, signal, sys
if "spawn_main" in " ".join(sys.orig_argv):
    import sdkfp.elf as elf
    def read_library(data, read=elf.read_library):
        if b"please abort" in data:
            os.abort()
        if b"please vanish" in data:
            os.kill(os.getpid(), signal.SIGKILL)
        while b"please hang" in data:
            pass
        return read(data)
    import sdkfp.app
    sdkfp.app.read_library = read_library
"""


def app(text: bytes = b"") -> bytes:
    return build_zip(
        {
            "AndroidManifest.xml": manifest("com.maker.app"),
            "classes.dex": DexWriter().add_class("com.vendor.sdk.A").build(),
            "lib/x86/liba.so": elfwriter.write(elfwriter.SharedObject(data=text)),
        }
    )


@pytest.fixture(scope="module")
def trap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Processes that are started from now on run the trap."""
    folder = tmp_path_factory.mktemp("trap")
    (folder / "sitecustomize.py").write_text(TRAP, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(folder), *sys.path]))
        yield


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    directory = write_signatures(tmp_path_factory.mktemp("sigs"), {"vendor": "clues: [{class: com.vendor.sdk.}]"})
    return Catalog.load(directory, builtin=False)


@pytest.fixture(scope="module")
def scanner(catalog: Catalog, trap: None) -> Iterator[IsolatedScanner]:
    with IsolatedScanner(catalog, WorkerLimits(seconds=5)) as found:
        yield found


def test_the_report_is_the_same_as_without(scanner: IsolatedScanner, catalog: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "app.apk"
    path.write_bytes(app())
    here = sdkfp.scan(path, catalog=catalog)
    assert [sdk.id for sdk in here.sdks] == ["vendor"]
    assert scanner.scan(path) == here
    assert scanner.scan(app(), name="app.apk") == here
    assert scanner.scan(io.BytesIO(app()), name="app.apk") == here
    with path.open("rb") as file:
        assert scanner.scan(file).to_json() == here.to_json()


@pytest.mark.parametrize(
    ("text", "code", "reason"),
    [
        (b"please abort", "crashed", "SIGABRT"),
        (b"please vanish", "killed", "SIGKILL"),
        (b"please hang", "time-limit", "longer than 5 s"),
    ],
)
def test_a_crash_is_an_error_here_and_the_next_app_is_scanned(
    scanner: IsolatedScanner, text: bytes, code: str, reason: str
) -> None:
    with pytest.raises(WorkerError, match=reason) as caught:
        scanner.scan(app(text))
    assert caught.value.code == code
    assert isinstance(caught.value, sdkfp.SdkfpError)
    assert [sdk.id for sdk in scanner.scan(app()).sdks] == ["vendor"]


def test_the_front_door_isolates_one_scan(catalog: Catalog, trap: None) -> None:
    assert [sdk.id for sdk in sdkfp.scan(app(), catalog=catalog, isolate=True).sdks] == ["vendor"]
    with pytest.raises(WorkerError, match="SIGABRT"):
        sdkfp.scan(app(b"please abort"), catalog=catalog, isolate=True)
    with pytest.raises(WorkerError, match="longer than 1 s"):
        sdkfp.scan(app(b"please hang"), catalog=catalog, isolate=WorkerLimits(seconds=1))


def test_typed_errors_and_limits_come_home(scanner: IsolatedScanner) -> None:
    with pytest.raises(ContainerError, match="not a package"):
        scanner.scan(b"nothing")
    with pytest.raises(ContainerError, match="cannot be opened"):
        scanner.scan("nowhere.apk")
    with pytest.raises(LimitExceededError):
        scanner.scan(io.BytesIO(bytes(100)), limits=Limits(max_total_bytes=50))
    with pytest.raises(LimitExceededError):
        scanner.scan(app(), limits=Limits(max_entries=1))


def test_a_catalog_that_no_other_process_can_load_is_refused(catalog: Catalog, tmp_path: Path) -> None:
    made = Catalog(catalog, [], catalog.vocabulary, sha256="")
    with pytest.raises(CatalogError, match="loaded from directories"):
        IsolatedScanner(made)
    directory = write_signatures(tmp_path / "s", {"vendor": "clues: [{class: com.vendor.sdk.}]"})
    changing = Catalog.load(directory, builtin=False)
    write_signatures(directory, {"vendor": "clues: [{class: com.vendor.other.}]"})
    with pytest.raises(CatalogError, match="have changed"), IsolatedScanner(changing) as scanner:
        scanner.scan(app())


# --- The command line --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("apps")
    write_signatures(path / "sigs", {"vendor": "clues: [{class: com.vendor.sdk.}]"})
    for name, data in (("one", app()), ("two", app(b"please abort")), ("three", app()), ("four", b"nothing")):
        (path / f"{name}.apk").write_bytes(data)
    return path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    some = ["--signatures", "sigs", "--no-builtin"]
    return subprocess.run(
        [sys.executable, "-m", "sdkfp", "scan", *arguments, *some], cwd=folder, capture_output=True, check=False
    )


def test_several_apps_give_a_report_a_line_and_the_bad_ones_are_named(folder: Path, trap: None) -> None:
    done = run(folder, "one.apk", "two.apk", "three.apk", "four.apk", "--json")
    assert done.returncode == 3
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(report["app"]["name"], [sdk["id"] for sdk in report["sdks"]]) for report in reports] == [
        ("one.apk", ["vendor"]),
        ("three.apk", ["vendor"]),
    ]
    errors = done.stderr.decode().splitlines()
    assert errors[0].startswith("sdkfp: two.apk: the worker process crashed with SIGABRT")
    assert errors[1].startswith("sdkfp: four.apk: four.apk is not a package")
    assert errors[2] == "sdkfp: 2 of 4 could not be scanned"
    assert b"Traceback" not in done.stderr


def test_several_apps_give_a_table_each(folder: Path, trap: None) -> None:
    done = run(folder, "one.apk", "three.apk", "--lang", "en")
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode()
    assert text.index("== one.apk") < text.index("Vendor") < text.index("== three.apk")
    assert text.count("identified") == 2


def test_one_app_can_be_isolated_too(folder: Path, trap: None) -> None:
    assert run(folder, "one.apk", "--isolate", "--json").returncode == 0
    done = run(folder, "two.apk", "--isolate")
    assert (done.returncode, b"SIGABRT" in done.stderr, b"Traceback" in done.stderr) == (3, True, False)


@pytest.mark.parametrize("more", [["--html", "x.html"], ["--csv", "x.csv"], ["-"]])
def test_several_apps_make_no_single_file(folder: Path, more: list[str]) -> None:
    done = run(folder, "one.apk", "three.apk", *more)
    assert done.returncode == 2
    assert b"give one app" in done.stderr
