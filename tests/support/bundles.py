"""Bundles made out of real APKs: XAPK and APKS by hand, AAB (and APKS again) with aapt2 and bundletool."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from support import realapps
from support.axmlwriter import manifest
from support.zipwriter import Member, build_zip

__all__ = ["as_aab", "as_apks", "as_xapk", "bundletool_apks"]


def _parts(apk: Path) -> dict[str, bytes]:
    """The base without native libraries, and a split for each ABI."""
    base: list[Member] = []
    abis: dict[str, list[Member]] = {}
    package = ""
    with zipfile.ZipFile(apk) as archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            member = Member(info.filename, archive.read(info), method=0 if info.compress_type == 0 else 8)
            folders = info.filename.split("/")
            (abis.setdefault(folders[1], []) if folders[0] == "lib" and len(folders) == 3 else base).append(member)
    parts = {"base.apk": build_zip(base)}
    for abi, members in abis.items():
        split = manifest(package or "com.example.app", attributes={"split": f"config.{abi.replace('-', '_')}"})
        parts[f"config.{abi.replace('-', '_')}.apk"] = build_zip([Member("AndroidManifest.xml", split), *members])
    return parts


def as_xapk(apk: Path) -> bytes:
    """A base and its splits with ``manifest.json``."""
    return build_zip({"manifest.json": b"{}", **_parts(apk)})


def as_apks(apk: Path) -> bytes:
    """A base and its splits in the folders of bundletool."""
    parts = {f"splits/{name.replace('base', 'base-master')}": data for name, data in _parts(apk).items()}
    return build_zip({"toc.pb": b"", **parts})


def as_aab(apk: Path, folder: Path) -> Path:
    """An app bundle, built by bundletool from the APK as aapt2 converts it; skips where the tools are not there."""
    proto = folder / "proto.apk"
    _run("aapt2", "convert", "--output-format", "proto", "-o", proto, apk)
    module = folder / "base.zip"
    with (
        zipfile.ZipFile(proto) as source,
        zipfile.ZipFile(apk) as whole,
        zipfile.ZipFile(module, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        converted = set(source.namelist())
        for name in dict.fromkeys([*source.namelist(), *whole.namelist()]):
            if name.endswith("/") or name == "resources.arsc" or _is_signature(name):
                continue
            target.writestr(_in_module(name), (source if name in converted else whole).read(name))
    bundle = folder / f"{apk.stem}.aab"
    _bundletool("build-bundle", f"--modules={module}", f"--output={bundle}")
    return bundle


def bundletool_apks(aab: Path, folder: Path) -> Path:
    """What bundletool makes of an app bundle for devices."""
    output = folder / "app.apks"
    aapt2 = shutil.which("aapt2")
    _bundletool("build-apks", f"--bundle={aab}", f"--output={output}", f"--aapt2={aapt2}")
    return output


def _is_signature(name: str) -> bool:
    return name.startswith("META-INF/") and name.endswith((".MF", ".SF", ".RSA", ".DSA", ".EC"))


def _in_module(name: str) -> str:
    """Where a file of an APK lies in a module of a bundle."""
    if name == "AndroidManifest.xml":
        return f"manifest/{name}"
    if "/" not in name and name.endswith(".dex"):
        return f"dex/{name}"
    return name if name == "resources.pb" or name.startswith(("res/", "lib/", "assets/")) else f"root/{name}"


def _bundletool(*arguments: str) -> None:
    _run("java", "-jar", realapps.path("bundletool-all-1.17.2.jar"), *arguments)


def _run(program: str, *arguments: str | Path) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    subprocess.run([program, *arguments], check=True, capture_output=True)
