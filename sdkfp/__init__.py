"""sdkfp fingerprints third-party SDKs in Android apps and says, with evidence, what is inside.

>>> import sdkfp
>>> report = sdkfp.scan("app.apk")                      # doctest: +SKIP
>>> [(sdk.id, sdk.certainty.value) for sdk in report.sdks]  # doctest: +SKIP
[('okhttp', 'identified'), ...]

The names below are the whole public interface; everything is imported when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from sdkfp._version import __version__
from sdkfp.errors import (
    CatalogError,
    ContainerError,
    DexError,
    ElfError,
    LimitExceededError,
    ManifestError,
    NotationError,
    NotExamined,
    SdkfpError,
    SignatureError,
    SignatureIssue,
)

if TYPE_CHECKING:
    from sdkfp._isolate import IsolationError, WorkerError, WorkerLimits
    from sdkfp._scan import IsolatedScanner, extract, identify, scan
    from sdkfp.app import App
    from sdkfp.catalog import Catalog
    from sdkfp.container import Limits
    from sdkfp.features import Feature, FeatureSet, Grade, Kind
    from sdkfp.report import Report, ReportError, json_schema
    from sdkfp.signature import Signature

__all__ = [
    "App",
    "Catalog",
    "CatalogError",
    "ContainerError",
    "DexError",
    "ElfError",
    "Feature",
    "FeatureSet",
    "Grade",
    "IsolatedScanner",
    "IsolationError",
    "Kind",
    "LimitExceededError",
    "Limits",
    "ManifestError",
    "NotExamined",
    "NotationError",
    "Report",
    "ReportError",
    "SdkfpError",
    "Signature",
    "SignatureError",
    "SignatureIssue",
    "WorkerError",
    "WorkerLimits",
    "__version__",
    "extract",
    "identify",
    "json_schema",
    "scan",
]

_HOMES = {
    "App": "sdkfp.app",
    "Catalog": "sdkfp.catalog",
    "Feature": "sdkfp.features",
    "FeatureSet": "sdkfp.features",
    "Grade": "sdkfp.features",
    "IsolatedScanner": "sdkfp._scan",
    "IsolationError": "sdkfp._isolate",
    "Kind": "sdkfp.features",
    "Limits": "sdkfp.container",
    "Report": "sdkfp.report",
    "ReportError": "sdkfp.report",
    "Signature": "sdkfp.signature",
    "WorkerError": "sdkfp._isolate",
    "WorkerLimits": "sdkfp._isolate",
    "extract": "sdkfp._scan",
    "identify": "sdkfp._scan",
    "json_schema": "sdkfp.report",
    "scan": "sdkfp._scan",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
