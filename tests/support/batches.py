"""Small collections of apps, and what a batch wrote about them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sdkfp.batch import TABLES, BatchOptions
from support.axmlwriter import manifest
from support.catalogs import write_signatures
from support.dexwriter import DexWriter
from support.zipwriter import Member, build_zip, deflate

__all__ = ["SIGNATURES", "app", "contents", "in_own_mounts", "large_app", "options", "slow_app", "write_apps"]

SIGNATURES = {
    "vendor-push": """
        clues: [{class: com.vendor.push.}, {permission: com.vendor.PUSH, strength: hint}]
        version: [{constant: com.vendor.push.Conf.VERSION}]
        requires: [vendor-core]
        collects:
          - {type: android_id, purpose: push, need: required, basis: vendor_docs, source: 'https://vendor.example', as_of: 2026-11-01}
    """,
    "vendor-core": "clues: [{class: com.vendor.core.}]",
}


def app(number: int, *, classes: int = 1) -> bytes:
    """A tiny app; every number another content, every third one without an SDK."""
    dex = DexWriter().add_class(f"com.maker.app{number}.Main", superclass="android.app.Activity")
    if number % 3:
        dex.add_class("com.vendor.push.Conf", static_strings={"VERSION": f"3.{number}"})
        dex.add_class("com.vendor.core.a")
    for extra in range(classes - 1):
        dex.add_class(f"com.maker.app{number}.C{extra}")
    return build_zip({"AndroidManifest.xml": manifest(f"com.maker.app{number}"), "classes.dex": dex.build()})


def slow_app(dexes: int) -> bytes:
    """An app that takes long: a second for about 350 dex files."""
    dex = DexWriter()
    for number in range(400):
        dex.add_class(f"com.slow.C{number}", static_strings={"TEXT": "x" * number})
    data = dex.build()
    packed = deflate(data)
    members = [Member("AndroidManifest.xml", manifest("com.slow"))]
    members += [Member(f"classes{number or ''}.dex", data, payload=packed) for number in range(dexes)]
    return build_zip(members)


def large_app(size: int) -> bytes:
    """An app with a dex file of so many bytes, nearly all of them nothing."""
    return build_zip({"classes.dex": b"dex\n035\0" + bytes(size)})


def write_apps(folder: Path, count: int) -> Path:
    """A directory with apps ``0.apk``, ``1.apk``, …"""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"{number}.apk").write_bytes(app(number))
    return folder


def options(folder: Path, **more: Any) -> BatchOptions:
    """With the small signatures, which are written to a folder beside."""
    signatures = write_signatures(folder / "signatures", SIGNATURES)
    return BatchOptions(**{"signatures": (str(signatures),), "builtin": False, "workers": 1, **more})


def contents(output: Path, tables: Iterable[str] = TABLES) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of a dataset, sorted, as DuckDB reads it; paths only by their file name."""
    found = {}
    with duckdb.connect() as database:
        for table in tables:
            rows = database.execute(f"SELECT * FROM '{output}/{table}/*.parquet'").fetchall()
            found[table] = sorted((_plain(row) for row in rows), key=repr)
    return found


def _plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(Path(cell).name if isinstance(cell, str) and cell.startswith("/") else cell for cell in row)


def in_own_mounts(folder: Path) -> list[str]:
    """The beginning of a command whose script may mount file systems, such as a small one below the folder; skips where none may."""
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-ec"]
    mount = [*command, f"mount -t tmpfs tmpfs {folder}"]
    if not shutil.which("unshare") or subprocess.run(mount, check=False).returncode:
        pytest.skip("no file system of its own can be mounted here")
    return command
