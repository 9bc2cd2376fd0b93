"""The exceptions that sdkfp raises, and the record for what could not be examined."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "CatalogError",
    "ContainerError",
    "DexError",
    "ElfError",
    "LimitExceededError",
    "ManifestError",
    "NotExamined",
    "NotationError",
    "SdkfpError",
    "SignatureError",
    "SignatureIssue",
]


class SdkfpError(Exception):
    """Base of every exception that sdkfp raises on purpose."""


class ContainerError(SdkfpError):
    """The input cannot be opened as a package, a directory, a dex file or a library."""


class LimitExceededError(ContainerError):
    """The input is larger than the limits allow; see :class:`sdkfp.container.Limits`."""


class DexError(SdkfpError):
    """A dex file is malformed so far that nothing, or not the part asked for, can be read from it."""


class ElfError(SdkfpError):
    """A native library is not ELF, or malformed so far that nothing can be read from it."""


class ManifestError(SdkfpError):
    """A manifest is malformed so far that nothing can be read from it."""


class NotationError(SdkfpError):
    """A line is not in the feature notation."""


class CatalogError(SdkfpError):
    """The signatures do not make a catalog, or a catalog was asked for what it does not have."""


@dataclass(frozen=True, slots=True, order=True)
class SignatureIssue:
    """One mistake in a signature file."""

    path: str
    line: int
    """1-based."""
    column: int
    """1-based."""
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message}"


class SignatureError(CatalogError):
    """One or more signature files are wrong; all mistakes found are in ``issues``."""

    def __init__(self, issues: tuple[SignatureIssue, ...]) -> None:
        self.issues = issues
        super().__init__("\n".join(str(issue) for issue in issues))


@dataclass(frozen=True, slots=True, order=True)
class NotExamined:
    """A part of the input that was not, or not wholly, read, and why: an empty result must never look like a clean one."""

    location: str
    """In the notation of :class:`sdkfp.features.Location`, for example ``app.apk!classes2.dex``."""
    code: str
    """A stable word for programs, for example ``dex-malformed`` or ``entry-encrypted``."""
    reason: str
    """One English sentence for people."""
