"""The front door: the one place where the rooms are joined."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from sdkfp import identification
from sdkfp._isolate import Worker, WorkerLimits
from sdkfp.app import App
from sdkfp.behaviour import Behaviour, Observed, compare, observe
from sdkfp.behaviour import Owners as ReadOwners
from sdkfp.catalog import Catalog, CatalogOrigin
from sdkfp.container import Limits
from sdkfp.dex import Marker, read_markers
from sdkfp.errors import CatalogError, LimitExceededError, NotExamined
from sdkfp.features import Column, FeatureSet, Kind
from sdkfp.graph import build as build_graph
from sdkfp.identification import Identified, Learn, Learned, LearnedSdk, Owners
from sdkfp.marks.finding import Learned as MarksFound
from sdkfp.marks.finding import find_marks
from sdkfp.report import (
    AppInfo,
    CertificateRecord,
    CompilerRecord,
    EmbeddedRecord,
    OhpmRecord,
    PermissionRecord,
    Report,
    build_report,
)
from sdkfp.rules import match_features, match_parts
from sdkfp.signing import Signer, describe_certificate

__all__ = ["IsolatedScanner", "Source", "extract", "identify", "scan", "scan_app"]

Source = str | os.PathLike[str] | bytes | BinaryIO
"""A path, the bytes, or a binary file object."""


def scan(
    source: Source,
    *,
    catalog: Catalog | None = None,
    name: str | None = None,
    limits: Limits | None = None,
    reads: bool = True,
    names_only: bool = False,
    isolate: bool | WorkerLimits = False,
) -> Report:
    """Say which SDKs are inside an app, why, and how much of the app is not explained.

    Args:
        source: an app (APK), a library (AAR, JAR), a directory, a bare dex file or a native library: a path, bytes or a binary file.
        catalog: the signatures; by default the built-in ones.
        name: what to call the app in locations; by default the file's name.
        limits: how much to read at most.
        reads: look for code that is able to read personal information.
        names_only: the quick look: names of classes, manifest entries, libraries and files. Instructions, strings, the content of
            native libraries and certificates are not read, so there are no rules, marks, reads and calls; the report says so.
        isolate: work in a process of its own, within limits of time and memory: a crash of the native code that reads libraries
            and runs rules is then an error here. For many apps use :class:`IsolatedScanner`, which keeps its process.

    Raises:
        ContainerError: it cannot be opened at all. Parts that cannot be read are in ``report.not_examined``.
        CatalogError: the built-in signatures are missing or wrong.
        WorkerError: with ``isolate``, the process crashed or went beyond its limits.
        IsolationError: with ``isolate``, no process can be started.
    """
    if isolate:
        bounds = isolate if isinstance(isolate, WorkerLimits) else WorkerLimits()
        with IsolatedScanner(catalog, bounds) as scanner:
            return scanner.scan(source, name=name, limits=limits, reads=reads, names_only=names_only)
    with App.open(source, name=name, limits=limits, names_only=names_only) as app:
        if names_only:
            return _scan_names(app, catalog or Catalog.builtin())
        return scan_app(app, catalog or Catalog.builtin(), reads=reads)


def scan_app(app: App, catalog: Catalog, *, reads: bool = True) -> Report:
    """As :func:`scan`, for an app that is already open."""
    rules = catalog.rules
    parts = match_parts(app, rules)  # first, so that every library is inflated once
    constants = None if Kind.CONSTANT in rules.kinds else catalog.version_constants
    features = app.features(constants=constants) | FeatureSet(parts.columns)
    whole = match_features(features, rules, app.name)
    features |= FeatureSet(whole.columns)
    identified = identification.identify(
        features, catalog, own_packages=_own_packages(app), class_bytes=app.class_bytes(), learn=_marks_of(app, catalog)
    )
    observed = observe(app, ReadOwners.of(features, identified), catalog.surfaces) if reads else None
    graph = build_graph(identified, features, app, observed)
    behaviour = None if observed is None else _behaviour(app, observed, identified, catalog)
    unread = () if observed is None else observed.not_examined
    return build_report(
        _app_info(app),
        identified,
        (*app.not_examined, *parts.not_examined, *whole.not_examined, *unread),
        catalog,
        rule_strings={**parts.strings, **whole.strings},
        graph=graph,
        behaviour=behaviour,
        ohpm=_unknown_packages(features, catalog),
    )


class IsolatedScanner:
    """Scans apps one after another in a process of its own; after a crash the next app gets a fresh one. A context manager.

    Args:
        catalog: the signatures; by default the built-in ones.
        bounds: what one app may cost.

    Raises:
        CatalogError: the catalog was put together in this process: another one cannot load it.
        IsolationError: no process can be started from here.
    """

    def __init__(self, catalog: Catalog | None = None, bounds: WorkerLimits | None = None) -> None:
        origin = (catalog or Catalog.builtin()).origin
        if origin is None:
            raise CatalogError("a scan in another process needs a catalog that was loaded from directories")
        self._origin = origin
        self._worker = Worker(bounds or WorkerLimits(), _catalog_at, (origin,))

    def scan(
        self,
        source: Source,
        *,
        name: str | None = None,
        limits: Limits | None = None,
        reads: bool = True,
        names_only: bool = False,
    ) -> Report:
        """As the function :func:`scan`.

        Raises:
            ContainerError, CatalogError: as there.
            WorkerError: the process crashed or went beyond its limits; its ``code`` says which.
        """
        data, label = _portable(source, name, limits or Limits())
        return self._worker.run(_scan_here, self._origin, data, label, limits, reads, names_only)

    def close(self) -> None:
        """End the process."""
        self._worker.close()

    def __enter__(self) -> IsolatedScanner:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@lru_cache(maxsize=1)
def _catalog_at(origin: CatalogOrigin) -> Catalog:
    """In the worker process: the catalog, with what every scan needs of it."""
    catalog = origin.load()
    _ = (catalog.rules, catalog.index)
    return catalog


def _scan_here(
    origin: CatalogOrigin,
    source: str | bytes,
    name: str | None,
    limits: Limits | None,
    reads: bool,  # noqa: FBT001 - as above
    names_only: bool,  # noqa: FBT001 - as above
) -> Report:
    """In the worker process: scan one app."""
    return scan(source, catalog=_catalog_at(origin), name=name, limits=limits, reads=reads, names_only=names_only)


def _portable(source: Source, name: str | None, limits: Limits) -> tuple[str | bytes, str | None]:
    """A source that can be handed to another process, and what to call it."""
    if isinstance(source, bytes):
        return source, name
    if isinstance(source, (str, os.PathLike)):
        return str(Path(source).absolute()), name
    data = source.read(limits.max_total_bytes + 1)
    label = getattr(source, "name", None)
    label = name or (Path(label).name if isinstance(label, str) else None)
    if len(data) > limits.max_total_bytes:
        raise LimitExceededError(f"{label or 'the input'} is larger than {limits.max_total_bytes} bytes")
    return data, label


def _scan_names(app: App, catalog: Catalog) -> Report:
    """The quick look: nothing that needs instructions or the content of libraries."""
    features = app.features(constants=catalog.version_constants)
    identified = identification.identify(features, catalog, own_packages=_own_packages(app))
    reason = "only names were examined: not code and its size, strings, the content of libraries and certificates"
    return build_report(
        _app_info(app),
        identified,
        (*app.not_examined, NotExamined(app.name, "names-only", reason)),
        catalog,
        graph=build_graph(identified, features, None),
    )


def _behaviour(app: App, observed: Observed, identified: Identified, catalog: Catalog) -> Behaviour:
    requested = {permission.name for file in app.manifests for permission in file.manifest.permissions}
    return compare(observed, identified, catalog, requested if app.manifests else None)


def extract(source: Source, *, name: str | None = None, limits: Limits | None = None) -> FeatureSet:
    """Every feature of an app, in columns; ``.format()`` gives the text notation.

    Raises:
        ContainerError: it cannot be opened at all.
    """
    with App.open(source, name=name, limits=limits) as app:
        return app.features()


def identify(features: FeatureSet, catalog: Catalog | None = None) -> Identified:
    """Say which SDKs a feature set shows: the app itself is not needed."""
    return identification.identify(features, catalog or Catalog.builtin())


def _marks_of(app: App, catalog: Catalog) -> Learn | None:
    """The search for rename-proof marks, where there is code and marks to look for."""
    dexes = [part.dex for part in app.dexes if part.dex.class_names]
    if not dexes or not len(catalog.marks):
        return None

    def learn(owners: Owners, dated: Collection[str], absent: Collection[str]) -> Learned:
        found = find_marks(dexes, catalog.marks, owners[: len(dexes)], dated, absent)
        scores = [f"{sdk.score:.2f}" for sdk in found.found.values()]
        unasked = [(None,) * len(column) for column in owners[len(dexes) :]]  # .class files
        return Learned(
            FeatureSet([Column(Kind.MARK, app.name, list(found.found), scores)]),
            {sdk: _learned(found, sdk) for sdk in {*found.found, *found.versions} if sdk in catalog},
            (*found.owners, *unasked),
        )

    return learn


def _learned(found: MarksFound, sdk: str) -> LearnedSdk:
    marks, versions = found.found.get(sdk), found.versions.get(sdk)
    figures = (0, 0, 0, 0, False)
    if marks is not None:
        figures = (marks.found, marks.of, marks.references, marks.classes, marks.weak)
    return LearnedSdk(*figures, versions.releases if versions is not None and versions.tells else ())


def _unknown_packages(features: FeatureSet, catalog: Catalog) -> list[OhpmRecord]:
    """The packages of HarmonyOS that no clue names."""
    modules = Counter(
        path.partition("/")[0] if not path.startswith("@") else "/".join(path.split("/", 2)[:2])
        for column in features.of(Kind.MODULE)
        for path in column.names
    )
    releases: dict[str, set[str]] = {}
    for column in features.of(Kind.PACKAGE):
        known = {row for row, _ in catalog.index.exact(Kind.PACKAGE, column.names)}
        for row, feature in enumerate(column):
            if row not in known:
                releases.setdefault(feature.name, set()).update([feature.value] if feature.value else [])
    return [OhpmRecord(name, tuple(sorted(found)), modules[name]) for name, found in sorted(releases.items())]


def _own_packages(app: App) -> set[str]:
    manifest = app.manifest
    if manifest is None or app.container.kind.is_library:
        return set()
    names = {manifest.package} if manifest.package else set()
    if manifest.application is not None and manifest.application.name:
        names.add(manifest.application.name.rpartition(".")[0])
    return names


def _app_info(app: App) -> AppInfo:
    manifest = app.manifest
    container = app.container
    return AppInfo(
        name=app.name,
        kind=container.kind.value,
        sha256=container.sha256,
        size=container.size,
        package=manifest.package if manifest else None,
        version_name=manifest.version_name if manifest else None,
        version_code=manifest.version_code if manifest else None,
        min_sdk=manifest.min_sdk if manifest else None,
        target_sdk=manifest.target_sdk if manifest else None,
        permissions=tuple(PermissionRecord(p.name, p.max_sdk_version) for p in manifest.permissions)
        if manifest
        else (),
        dex_files=len(app.dexes),
        dex_bytes=sum(part.dex.size for part in app.dexes),
        native_libraries=tuple(sorted({library.name for library in app.libraries})),
        abis=tuple(sorted({library.abi for library in app.libraries if library.abi})),
        certificates=() if app.names_only else _certificates(app),
        toolchain=() if app.names_only else _toolchain(app),
        embedded=tuple(EmbeddedRecord(location, kind) for location, kind in app.embedded),
    )


def _toolchain(app: App) -> tuple[CompilerRecord, ...]:
    found: dict[Marker, list[str]] = {}
    for part in app.dexes:
        for marker in read_markers(part.dex):
            found.setdefault(marker, []).append(part.location)
    records = [
        CompilerRecord(m.compiler, m.version, m.mode, m.min_api, m.r8_mode, tuple(places))
        for m, places in found.items()
    ]
    return tuple(sorted(records, key=repr))


def _certificates(app: App) -> tuple[CertificateRecord, ...]:
    found: dict[bytes, list[Signer]] = {}
    for signer in app.signers:
        found.setdefault(signer.certificate, []).append(signer)
    records = []
    for der, signers in found.items():
        known = describe_certificate(der)
        schemes, locations = {s.scheme for s in signers}, {s.location for s in signers}
        validity = (known.not_before, known.not_after)
        names = (tuple(sorted(schemes)), tuple(sorted(locations)))
        records.append(CertificateRecord(known.sha256, known.sha1, known.subject, *validity, *names))
    return tuple(sorted(records, key=lambda record: record.sha256))
