"""Many apps: isolated workers here or on a cluster, results as Parquet tables, to be interrupted and resumed at any point."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sdkfp._isolate import WorkerLimits
from sdkfp.batch.engine import Engine
from sdkfp.batch.errors import BatchError, ClusterError, OutputBusyError, OutputError, OutputFullError
from sdkfp.batch.local import LocalEngine
from sdkfp.batch.plan import list_inputs, read_list
from sdkfp.batch.run import PART_APPS, Progress, Summary, drive, open_output
from sdkfp.batch.tables import SCHEMA_VERSION, TABLES
from sdkfp.batch.work import CatalogSpec, Settings
from sdkfp.catalog import Catalog
from sdkfp.container import Limits

__all__ = [
    "SCHEMA_VERSION",
    "TABLES",
    "BatchError",
    "BatchOptions",
    "ClusterError",
    "OutputBusyError",
    "OutputError",
    "OutputFullError",
    "Progress",
    "Summary",
    "WorkerLimits",
    "read_list",
    "run_batch",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOptions:
    """How a batch is to be done."""

    signatures: tuple[str, ...] = ()
    """Directories of signatures to add to the built-in ones."""
    builtin: bool = True
    """Begin with the built-in signatures."""
    workers: int | None = None
    """Processes; by default one for each processor. On a cluster the cluster's workers count."""
    worker_limits: WorkerLimits = field(default_factory=WorkerLimits)
    """Time and memory for one app."""
    limits: Limits = field(default_factory=Limits)
    """How much of one input is read."""
    scheduler: str | None = None
    """Address of a Dask scheduler, whose workers then do the work."""
    part_apps: int | None = None
    """Apps whose rows are written together: by default 1000, on a cluster 64, which is also what one task does."""
    retry_failed: bool = False
    """Scan again what failed before."""
    rescan: bool = False
    """Scan everything again; needed where the output was made with other signatures."""


def run_batch(
    places: Iterable[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    options: BatchOptions | None = None,
    *,
    on_progress: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Summary:
    """Scan many apps into a dataset of Parquet tables; see ``docs/batch.md``.

    Every app is scanned in a worker process: one that crashes, hangs or takes too much memory becomes a row of ``failures``. The same
    call again goes on where the last one ended, however it ended. Files with the same content are scanned once.

    Args:
        places: files, directories, globs and URLs (through fsspec).
        output: the directory of the dataset.
        options: how.
        on_progress: called often, from this thread.
        stop: asked often; once it answers true, what is done is kept and the rest is left.

    Raises:
        OutputError: the output cannot be used or written.
        BatchError: the work cannot begin or go on.
        IsolationError: worker processes cannot be started.
        CatalogError: the signatures are wrong.
    """
    _need_pyarrow()
    how = options or BatchOptions()
    directories = tuple(str(Path(directory).resolve()) for directory in how.signatures)
    catalog = Catalog.load(*directories, builtin=how.builtin)
    settings = Settings(CatalogSpec(catalog.sha256, directories, how.builtin), how.worker_limits, how.limits)
    with open_output(Path(output).resolve(), catalog.sha256, rescan=how.rescan) as (journal, dataset):

        def engine(pending: int) -> Engine:
            if how.scheduler is not None:
                from sdkfp.batch.cluster import ClusterEngine  # noqa: PLC0415 - an extra

                return ClusterEngine(how.scheduler, settings, dataset, pending, how.part_apps)
            return LocalEngine(settings, how.workers or _processors())

        listed = list_inputs(os.fspath(place) for place in places)
        return drive(
            journal,
            dataset,
            listed,
            engine,
            retry_failed=how.retry_failed,
            part_apps=how.part_apps or PART_APPS,
            on_progress=on_progress,
            stop=stop,
        )


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _need_pyarrow() -> None:
    try:
        import pyarrow  # noqa: F401, PLC0415 - only whether it is there
    except ImportError:
        raise BatchError("batches need the package pyarrow: install sdkfp with the extra 'batch'") from None
