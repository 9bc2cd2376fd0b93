"""What the files of one release of an SDK say: everything that a proposal is made from."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sdkfp.app import App
from sdkfp.classfile import ClassFile, ClassFileError, read_class
from sdkfp.container import Container, ContainerKind, Entry, EntryError, Limits, open_container
from sdkfp.errors import ContainerError, LimitExceededError, NotExamined
from sdkfp.features import FeatureSet, Kind
from sdkfp.learn.addresses import LearnError
from sdkfp.learn.client import Limits as FetchLimits
from sdkfp.learn.fetching import Fetched, fetch, parse_purl
from sdkfp.learn.reads import reads_of
from sdkfp.vocabulary import Reads

if TYPE_CHECKING:
    from packageurl import PackageURL

__all__ = ["PACKAGE_LIMITS", "Library", "Release", "read_release", "version_in"]

PACKAGE_LIMITS = Limits(max_entry_bytes=1 << 30, max_total_bytes=2 << 30)
"""Of a large package: of a gzipped one the whole inflated tar counts as one entry."""
_LIMITS = Limits(max_entry_bytes=1 << 28, max_total_bytes=1 << 30)
_MOST_BYTES = 2 << 30
"""Inflated from all libraries of one source."""
_ARCHIVES = (".aar", ".jar")
_NO_LIBRARY = ("gradle-wrapper.jar", "-sources.jar", "-javadoc.jar")
_MOST_LIBRARIES = 300
_VERSION = re.compile(
    r"(?<![\w.])v?(\d+(?:\.\d+){1,4}(?:[-.](?:alpha|beta|rc|release|final)[\w.]*)?)(?![\w]|\.\d)", re.IGNORECASE
)
_IN_NAME = re.compile(r"[-_]v?(\d+(?:[._]\d+){1,4})")


@dataclass(frozen=True, slots=True)
class Library:
    """One AAR, JAR, native library or unpacked app."""

    name: str
    sha256: str | None
    features: FeatureSet
    mentioned: frozenset[str]
    """Classes that its code refers to and that it does not define."""
    reads: Mapping[str, tuple[str, ...]]
    """By type of personal information, the surfaces that its classes use."""
    class_names: frozenset[str]


@dataclass(frozen=True)
class Release:
    """One release of an SDK, as one source gives it."""

    label: str
    """What to call it: the package URL, or the file's name."""
    libraries: tuple[Library, ...]
    purl: str | None = None
    path: str | None = None
    """Of the library inside the package, where it is one."""
    sha256: str | None = None
    version: str | None = None
    name: str | None = None
    website: str | None = None
    dependencies: tuple[str, ...] = ()
    """Package URLs without version."""
    wrapped: bool = False
    """Whether the package is somebody's wrapper around the libraries, with versions of its own."""
    not_examined: tuple[NotExamined, ...] = field(default=())

    @cached_property
    def features(self) -> FeatureSet:
        return FeatureSet([column for library in self.libraries for column in library.features.columns])

    @cached_property
    def classes(self) -> frozenset[str]:
        return frozenset().union(*(library.class_names for library in self.libraries))

    @property
    def order(self) -> str:
        """What to sort releases by: the version, of a wrapped library that names none the wrapper's."""
        return self.version or (self.purl or "").rpartition("@")[2]

    def names(self, kind: Kind) -> dict[str, str | None]:
        """Names of the features of a kind, with the value where there is one."""
        return {feature.name: feature.value for column in self.features.of(kind) for feature in column}


def read_release(source: str, vocabulary: Reads, *, limits: FetchLimits | None = None) -> Release:
    """Read a file, a folder, or a package that is fetched for it.

    Args:
        source: a path, or a package URL with version; ``#path`` names a file or folder inside the package.
        vocabulary: of reads.
        limits: of a fetch.

    Raises:
        LearnError: a package cannot be fetched, or there is nothing to learn from.
        ContainerError: a file cannot be opened.
    """
    if not source.startswith("pkg:"):
        return _of_path(Path(source), vocabulary)
    purl = parse_purl(source)
    with tempfile.TemporaryDirectory(prefix="sdkfp-learn-") as folder:
        return _of_package(purl, fetch(purl, Path(folder), limits), vocabulary)


def version_in(name: str) -> str | None:
    """The version in a file name such as ``sdk-android-4.8.1.aar`` or ``SDK_v2.0_r3.jar``."""
    stem = name.rpartition("/")[2]
    found = _IN_NAME.findall(stem) or _VERSION.findall(stem)
    return str(found[0]).replace("_", ".") if found else None


def _opened(path: Path) -> Container:
    try:
        return open_container(path, limits=_LIMITS)
    except LimitExceededError:
        return open_container(path, limits=PACKAGE_LIMITS)


def _of_path(path: Path, vocabulary: Reads) -> Release:
    with _opened(path) as container:
        reader = _LibraryReader(vocabulary)
        libraries = tuple(reader.all_of(container, None))
        alone = libraries[0] if len(libraries) == 1 else None
        return Release(
            label=path.name,
            libraries=_some(libraries, str(path), reader.not_examined),
            sha256=container.sha256 or (alone.sha256 if alone else None),
            version=version_in(path.name),
            not_examined=tuple(reader.not_examined),
        )


def _of_package(purl: PackageURL, fetched: Fetched, vocabulary: Reads) -> Release:
    with _opened(fetched.path) as container:
        reader = _LibraryReader(vocabulary)
        libraries = _some(tuple(reader.all_of(container, purl.subpath)), fetched.purl, reader.not_examined)
        packed = container.kind in (ContainerKind.TAR, ContainerKind.ZIP)
        alone = libraries[0] if packed and len(libraries) == 1 else None
        return Release(
            label=fetched.purl,
            libraries=libraries,
            purl=fetched.purl,
            path=alone.name if alone else None,
            sha256=alone.sha256 if alone else fetched.sha256,
            version=_version_of(purl, alone, packed=packed),
            name=fetched.name,
            website=None if packed else fetched.website,
            wrapped=packed,
            dependencies=tuple(dependency.purl for dependency in fetched.dependencies),
            not_examined=tuple(reader.not_examined),
        )


def _version_of(purl: PackageURL, alone: Library | None, *, packed: bool) -> str | None:
    """Of a library inside a wrapper package, the wrapper's version says nothing."""
    if not packed:
        return purl.version
    return version_in(alone.name) if alone else None


def _some(libraries: tuple[Library, ...], label: str, notes: Sequence[NotExamined]) -> tuple[Library, ...]:
    if not any(library.class_names or library.features.of(Kind.LIBRARY) for library in libraries):
        why = f" that can be read: {notes[0].reason}" if notes else " to learn from"
        raise LearnError(f"{label} has no AAR, JAR, class or native library{why}")
    return libraries


class _LibraryReader:
    """Reads the libraries of a container; what cannot be read is noted."""

    def __init__(self, vocabulary: Reads) -> None:
        self._vocabulary = vocabulary
        self.not_examined: list[NotExamined] = []
        self._left = _MOST_BYTES

    def all_of(self, container: Container, wanted: str | None) -> Iterator[Library]:
        if container.kind not in (ContainerKind.TAR, ContainerKind.ZIP, ContainerKind.DIRECTORY):
            yield self._library(App(container), container.name, container.sha256)
            return
        inside = [entry for entry in container.entries.values() if _is_within(entry.name, wanted)]
        if wanted is not None and not inside:
            raise LearnError(f"{container.name} has nothing at {wanted!r}; it has {_shown(container.entries.values())}")
        found = [entry for entry in inside if entry.name.endswith(_ARCHIVES) and not entry.name.endswith(_NO_LIBRARY)]
        found += [entry for entry in inside if wanted is not None and entry.name.endswith(".apk")]
        # One of each native library: its builds for other processors say the same.
        loose = [entry for entry in inside if entry.name.endswith(".so")]
        found += {entry.name.rpartition("/")[2]: entry for entry in reversed(loose)}.values()
        for entry in found[:_MOST_LIBRARIES]:
            library = self._nested(entry)
            if library is not None:
                yield library
        if not found and wanted is None:
            yield self._library(App(container), container.name, container.sha256)

    def _nested(self, entry: Entry) -> Library | None:
        try:
            data = entry.read()
            limits = replace(_LIMITS, max_total_bytes=min(_LIMITS.max_total_bytes, self._left))
            with open_container(data, name=entry.name.rpartition("/")[2], limits=limits) as container:
                library = self._library(App(container), entry.name, container.sha256)
                self._left -= limits.max_total_bytes - container.budget.left
                return library
        except EntryError as error:
            self.not_examined.append(error.not_examined)
        except ContainerError as error:
            self.not_examined.append(NotExamined(entry.location, "library-unreadable", str(error)))
        return None

    def _library(self, app: App, name: str, sha256: str | None) -> Library:
        features = app.features()
        defined = frozenset(name for column in features.of(Kind.CLASS) for name in column.names)
        files = list(_class_files(app))
        referred = {name for file in files for name in file.classes}
        referred.update(name for column in features.of(Kind.REFERS) for name in column.names)
        reads = reads_of(files, self._vocabulary)
        self.not_examined += app.not_examined
        return Library(name, sha256, _without(features, Kind.REFERS), frozenset(referred - defined), reads, defined)


def _without(features: FeatureSet, kind: Kind) -> FeatureSet:
    return FeatureSet(column for column in features.columns if column.kind is not kind)


def _class_files(app: App) -> Iterator[ClassFile]:
    for entry in app.entries:
        if entry.name.endswith(".class") and not entry.name.startswith("META-INF/"):
            with contextlib.suppress(ClassFileError):
                yield read_class(app.read(entry) or b"")


def _is_within(name: str, wanted: str | None) -> bool:
    """Whether an entry is the wanted file or below the wanted folder; a package's outermost folder need not be named."""
    if wanted is None:
        return True
    wanted = wanted.strip("/")
    return any(path == wanted or path.startswith(f"{wanted}/") for path in (name, name.partition("/")[2]))


def _shown(entries: Iterable[Entry]) -> str:
    names = [entry.name for entry in entries if entry.name.endswith((*_ARCHIVES, ".so"))]
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "") or "no library"
