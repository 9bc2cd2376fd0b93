"""What was read of artifacts, kept from run to run: reading all of them takes a minute, and their bytes do not change."""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

from fetching import ARTIFACTS, artifact  # noqa: E402 - benchmarks are no package

from sdkfp.errors import SdkfpError  # noqa: E402
from sdkfp.marks.learn import Artifact, read_artifact  # noqa: E402

__all__ = ["Shelf"]

_CODE = ("marks/learn.py", "marks/observe.py", "marks/hashing.py", "classfile.py")
"""What decides the marks of class files; artifacts with dex files are read anew each time."""


class Shelf:
    """Artifacts read, by their sha256, in a folder for each state of the code that reads them."""

    def __init__(self, folder: Path, *, fetch: bool) -> None:
        code = b"".join((HERE.parents[1] / "sdkfp" / name).read_bytes() for name in _CODE)
        self._folder = folder / hashlib.sha256(code).hexdigest()[:16]
        self._folder.mkdir(parents=True, exist_ok=True)
        self._fetch = fetch
        self._seen: dict[str, Artifact | None] = {}

    def classes(self, purl: str, inner: str | None, sha256: str) -> Artifact | None:
        """The classes of one artifact; ``None`` where it cannot be had or has none."""
        if sha256 not in self._seen:
            path = artifact(purl, inner, sha256) if self._fetch else ARTIFACTS / sha256
            self._seen[sha256] = None if path is None or not path.exists() else self._read(path)
        return self._seen[sha256]

    def _read(self, path: Path) -> Artifact | None:
        kept = self._folder / f"{path.name}.pickle"
        if kept.exists():  # nobody but this class writes there
            found: Artifact | None = pickle.loads(kept.read_bytes())  # noqa: S301
            return found
        try:
            classes = read_artifact(path)
        except SdkfpError:
            classes = None
        if not _has_dex(path):
            fresh = kept.with_suffix(f".{os.getpid()}")
            fresh.write_bytes(pickle.dumps(classes))
            fresh.replace(kept)
        return classes


def _has_dex(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith(".dex") for name in archive.namelist())
    except (zipfile.BadZipFile, OSError):
        return True
