"""What stops a batch. An app that cannot be scanned does not: it is a row of ``failures``."""

from __future__ import annotations

from pathlib import Path

from sdkfp.errors import SdkfpError

__all__ = ["BatchError", "ClusterError", "OutputBusyError", "OutputError", "OutputFullError", "stopped"]


class BatchError(SdkfpError):
    """A batch cannot begin or go on. What was done is kept."""


class OutputError(BatchError):
    """The output is not one of sdkfp, of another version, made with other signatures, or cannot be written."""


class OutputBusyError(OutputError):
    """Another batch is writing to the output."""


class OutputFullError(OutputError):
    """There is no room for the output. The same command goes on when there is."""


class ClusterError(BatchError):
    """The scheduler cannot be reached, or its workers cannot do the work."""


def stopped(path: Path, reason: str) -> OutputError:
    """The error for a write that failed, so that its text says what to do."""
    full = "full" in reason or "No space" in reason or "quota" in reason.lower()
    if full:
        return OutputFullError(
            f"{path}: {reason}. What was done is kept: make room and run the same command again to go on"
        )
    return OutputError(f"{path} cannot be written: {reason}. What was done is kept: the same command goes on")
