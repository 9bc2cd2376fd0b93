"""One app in a worker process: its rows, or why there are none."""

from __future__ import annotations

import importlib
import traceback
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from sdkfp._isolate import Worker, WorkerError, WorkerLimits
from sdkfp._scan import scan
from sdkfp.batch.errors import BatchError
from sdkfp.batch.journal import Item
from sdkfp.batch.plan import InputError, hash_input, local_file
from sdkfp.batch.tables import encode, rows_of
from sdkfp.catalog import Catalog
from sdkfp.container import Limits
from sdkfp.errors import CatalogError, LimitExceededError, SdkfpError

__all__ = ["CatalogSpec", "Outcome", "Settings", "examine", "hash_item", "new_worker"]

_LATE = ("lief", "numpy", "pyarrow", "sdkfp.dex", "sdkfp.elf", "sdkfp.graph", "sdkfp.manifest")
"""Slow to import, and imported when first needed: not in the time of an app."""
_ATTEMPTS = 3
"""How often work is begun that somebody else ended."""


@dataclass(frozen=True, slots=True)
class CatalogSpec:
    """Which signatures: every worker loads them for itself."""

    sha256: str
    directories: tuple[str, ...] = ()
    builtin: bool = True


@dataclass(frozen=True, slots=True)
class Settings:
    """What every worker needs to know."""

    catalog: CatalogSpec
    worker: WorkerLimits
    limits: Limits


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one input: hashed, scanned, or failed with a code and a reason."""

    item: Item
    sha256: str | None
    """``None`` where the file could not be read."""
    rows: bytes | None = None
    """Of :func:`sdkfp.batch.tables.encode`, where it was scanned and nobody has written them yet."""
    scanned: bool = False
    code: str | None = None
    """Where it failed."""
    reason: str | None = None


@lru_cache(maxsize=1)
def load(spec: CatalogSpec) -> Catalog:
    """The signatures, with what a scan needs of them; once in each worker.

    Raises:
        CatalogError: they are wrong, or not those of the batch.
    """
    catalog = Catalog.load(*spec.directories, builtin=spec.builtin)
    if catalog.sha256 != spec.sha256:
        raise CatalogError(
            f"the signatures here have the hash {catalog.sha256[:16]}, those of the batch {spec.sha256[:16]}: "
            "every machine needs the same version of sdkfp and the same signatures"
        )
    _ = (catalog.rules, catalog.index)
    for module in _LATE:
        importlib.import_module(module)
    return catalog


def new_worker(settings: Settings) -> Worker:
    """A worker process that keeps the signatures loaded."""
    return Worker(settings.worker, load, (settings.catalog,))


def examine(worker: Worker, item: Item, settings: Settings) -> Outcome:
    """Scan one input in a worker process.

    Raises:
        BatchError: nothing can be scanned at all: the worker's signatures are not those of the batch.
    """
    for _ in range(_ATTEMPTS):
        outcome = _attempt(worker, item, settings)
        if outcome.code != "killed":
            break
    return outcome


def _attempt(worker: Worker, item: Item, settings: Settings) -> Outcome:
    try:
        return worker.run(scan_input, item, settings)
    except WorkerError as error:
        return _failed(item, error.code, str(error))
    except CatalogError as error:
        raise BatchError(f"a worker cannot load the signatures: {error}") from None


def hash_item(item: Item) -> Outcome:
    """Only say which content an input has."""
    try:
        return Outcome(item, hash_input(item.path))
    except InputError as error:
        return Outcome(item, None, code=error.code, reason=error.reason)


def scan_input(item: Item, settings: Settings) -> Outcome:
    """In the worker process: scan one input.

    Raises:
        CatalogError: the signatures are wrong.
    """
    catalog = load(settings.catalog)
    try:
        with local_file(item.path) as path:
            return _scanned(item, path, catalog, settings.limits)
    except InputError as error:
        return Outcome(item, None, code=error.code, reason=error.reason)


def _scanned(item: Item, path: Path, catalog: Catalog, limits: Limits) -> Outcome:
    try:
        report = scan(path, catalog=catalog, limits=limits)
        sha256 = report.app.sha256
        if sha256 is None:
            raise InputError("input-changed", "it was a file when it was listed")
        if item.sha256 not in (None, sha256) or item.size not in (None, report.app.size):
            raise InputError("input-changed", "it was written to while it was read")
        return Outcome(item, sha256, encode(rows_of(report, sha256)), scanned=True)
    except (MemoryError, InputError):
        raise
    except LimitExceededError as error:
        code, reason = "over-limits", str(error)
    except SdkfpError as error:
        code, reason = "not-openable", str(error)
    except OSError as error:
        raise InputError("input-unreadable", error.strerror or str(error)) from None
    except Exception as error:  # a defect of ours must not end a batch of a million; the row says where it is
        frame = traceback.extract_tb(error.__traceback__)[-1]
        code = "internal-error"
        reason = f"{type(error).__name__} in {Path(frame.filename).name}:{frame.lineno}: {error}"[:1000]
    return _failed(Item(item.id, str(path), item.size, item.sha256), code, reason, item)


def _failed(source: Item, code: str, reason: str, item: Item | None = None) -> Outcome:
    """A failure, with the hash of the content where it can be had."""
    item = item or source
    try:
        return Outcome(item, source.sha256 or hash_input(source.path), code=code, reason=reason)
    except InputError as error:
        return Outcome(item, None, code=error.code, reason=error.reason)
