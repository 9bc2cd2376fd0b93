"""The opened app: its parts, each read once and late, and its features."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType
from typing import BinaryIO

from sdkfp.ark import AbcError, is_abc, read_abc
from sdkfp.classfile import ClassFileError, read_class
from sdkfp.container import Container, ContainerKind, Entry, EntryError, Limits, open_container
from sdkfp.dex import Dex, computed_constants, marker_properties, open_dexes
from sdkfp.elf import NativeLibrary, library_features, read_library
from sdkfp.errors import DexError, ElfError, NotExamined
from sdkfp.features import Column, FeatureSet, Kind
from sdkfp.manifest import Manifest, ManifestFile, read_manifests
from sdkfp.ohpm import OHPM_FILES, module_of, packages_of_file
from sdkfp.properties import MAX_BYTES, is_property_file, read_properties
from sdkfp.signing import Signer, read_signers

__all__ = ["App", "DexPart", "LibraryPart"]

_DEX_MAGIC, _ELF_MAGIC, _ZIP_MAGIC = b"dex\n", b"\x7fELF", b"PK\x03\x04"
_LONGEST_LIST = 64 << 20
"""Bytes of a list of HarmonyOS packages: source maps are long."""
_BUNDLE_FOLDERS = ("root", "dex", "manifest", "assets", "lib", "res")
"""https://developer.android.com/guide/app-bundle/app-bundle-format"""
_HIDING_PLACES = ("assets/", "res/raw/")
_ARCHIVE_SUFFIXES = (".apk", ".jar")
"""Archives in the hiding places that the container opens by itself."""


@dataclass(frozen=True, slots=True)
class DexPart:
    """One dex file of the app."""

    location: str
    dex: Dex
    hidden: bool
    """It lies under another name than ``*.dex`` and was found by its magic."""


@dataclass(frozen=True, slots=True)
class LibraryPart:
    """One native library of the app."""

    location: str
    name: str
    abi: str | None
    """From the folder ``lib/<abi>/``; ``None`` outside one."""
    entry: Entry


class App:
    """An app, or a library archive, opened for examination."""

    def __init__(self, container: Container, *, names_only: bool = False) -> None:
        self.container = container
        self.names_only = names_only
        """Native libraries are known by their file names alone: their content is not read."""
        self._not_examined: set[NotExamined] = set()
        self._native: dict[str, NativeLibrary] | None = None

    @classmethod
    def open(
        cls,
        source: str | os.PathLike[str] | bytes | BinaryIO,
        *,
        name: str | None = None,
        limits: Limits | None = None,
        names_only: bool = False,
    ) -> App:
        """Open a package, a directory, a bare dex file or a native library.

        Args:
            source: a path, the bytes, or a binary file object (read from where it stands to its end).
            name: what to call it in locations; by default the file's name.
            limits: how much to read at most.
            names_only: do not read the content of native libraries.

        Raises:
            ContainerError: it cannot be opened.
            LimitExceededError: it is larger than the limits allow.
        """
        return cls(open_container(source, name=name, limits=limits or Limits()), names_only=names_only)

    def __enter__(self) -> App:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the file."""
        self.container.close()

    @property
    def name(self) -> str:
        return self.container.name

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """The entries of the package and of the archives inside it."""
        return tuple(_walk(self.container))

    @cached_property
    def _hidden(self) -> Mapping[str, bytes]:
        """The first bytes of the entries in assets and raw resources, where code is hidden under other names."""
        found = {}
        for entry in self.entries:
            if self.installed_name(entry).startswith(_HIDING_PLACES) and entry.size >= len(_DEX_MAGIC):
                head = entry.head(len(_DEX_MAGIC))
                if head in (_DEX_MAGIC, _ELF_MAGIC, _ZIP_MAGIC):
                    found[entry.location] = head
        return found

    @cached_property
    def dexes(self) -> tuple[DexPart, ...]:
        """The dex files, in the order of the package; one that cannot be read is in :attr:`not_examined`."""
        found = []
        for entry in self.entries:
            named = entry.name.endswith(".dex") or self.container.kind is ContainerKind.DEX
            if not named and self._hidden.get(entry.location) != _DEX_MAGIC:
                continue
            data = self.read(entry)
            if data is None:
                continue
            try:
                dexes = open_dexes(data)
            except DexError as error:
                self._skip(entry.location, "dex-malformed", str(error))
                continue
            for number, dex in enumerate(dexes):
                location = entry.location if number == 0 else f"{entry.location}#{number}"
                found.append(DexPart(location, dex, not named))
        return tuple(found)

    @cached_property
    def libraries(self) -> tuple[LibraryPart, ...]:
        """The native libraries: entries named ``*.so``, and those hidden under other names."""
        found = []
        for entry in self.entries:
            folder, _, name = (entry.name or self.container.name).rpartition("/")
            bare = self.container.kind is ContainerKind.SO
            if bare or name.endswith(".so") or self._hidden.get(entry.location) == _ELF_MAGIC:
                in_abi_folder = folder.rpartition("/")[0].rpartition("/")[2] in ("lib", "libs", "jni")
                abi = folder.rpartition("/")[2] if in_abi_folder else None
                found.append(LibraryPart(entry.location, name, abi, entry))
        return tuple(found)

    @property
    def embedded(self) -> tuple[tuple[str, str], ...]:
        """(location, kind) of code that is not where installers look for it: packages in assets, files under other names."""
        found = [(part.location, part.kind.value) for part in _archives_in_assets(self.container)]
        found += [(part.location, "dex") for part in self.dexes if part.hidden]
        found += [(part.location, "so") for part in self.libraries if self._hidden.get(part.location) == _ELF_MAGIC]
        return tuple(sorted(found))

    def read_libraries(self) -> Iterator[tuple[LibraryPart, bytes]]:
        """Every native library with its bytes; :attr:`native` is filled on the way, so that each is inflated once."""
        found: dict[str, NativeLibrary] = {}
        for part in () if self.names_only else self.libraries:
            data = self.read(part.entry)
            if data is None:
                continue
            try:
                found[part.location] = read_library(data)
            except ElfError as error:
                self._skip(part.location, "library-malformed", str(error))
            yield part, data
        self._native = found

    @property
    def native(self) -> Mapping[str, NativeLibrary]:
        """What each native library says, by its location; one that cannot be read is in :attr:`not_examined`."""
        if self._native is None:
            deque(self.read_libraries(), maxlen=0)
        return self._native or {}

    @cached_property
    def _signers(self) -> tuple[tuple[Signer, ...], tuple[NotExamined, ...]]:
        return read_signers(self.container)

    @property
    def signers(self) -> tuple[Signer, ...]:
        """Who signed the app and its splits, as their signatures say; the signatures are not verified."""
        return self._signers[0]

    @cached_property
    def _manifests(self) -> tuple[tuple[ManifestFile, ...], tuple[NotExamined, ...]]:
        return read_manifests(self.container)

    @property
    def manifests(self) -> tuple[ManifestFile, ...]:
        """The manifests of the app, its splits and modules, that of the base first."""
        return self._manifests[0]

    @property
    def manifest(self) -> Manifest | None:
        """The manifest of the app itself; ``None`` where there is none or it cannot be read."""
        return self.manifests[0].manifest if self.manifests else None

    @property
    def not_examined(self) -> tuple[NotExamined, ...]:
        """What was not, or not wholly, read, and why. Complete after :meth:`features`."""
        found = {*self._not_examined, *self.container.not_examined, *self._manifests[1], *self._signers[1]}
        for part in self.dexes:
            found |= {NotExamined(part.location, "dex-damaged", problem) for problem in part.dex.problems}
        for file in self.manifests:
            found |= {NotExamined(file.location, "manifest-damaged", problem) for problem in file.manifest.problems}
        _ = self._harmony_columns
        for location, library in self.native.items():
            found.update(library.not_examined(location))
        for location, head in self._hidden.items():
            if head == _ZIP_MAGIC and not location.endswith(_ARCHIVE_SUFFIXES):
                found.add(NotExamined(location, "archive-unopened", f"{location} is an archive that was not opened"))
        return tuple(sorted(found))

    def class_bytes(self) -> list[Sequence[int]]:
        """For every ``class`` column of :meth:`features`, the bytes of each class's code items; 0 for .class files."""
        columns: list[Sequence[int]] = [
            part.dex.class_code_bytes.tolist() for part in self.dexes if part.dex.class_names
        ]
        columns += [[0] * len(column) for column in self._class_file_columns]
        return columns

    def features(self, *, constants: Mapping[str, Collection[str]] | None = None) -> FeatureSet:
        """The features of the app.

        Args:
            constants: names (``class.field``) of the static string constants wanted, by their class; ``None`` for all.
        """
        columns: list[Column] = []
        columns += [Column(Kind.CLASS, part.location, part.dex.class_names) for part in self.dexes]
        columns += self._class_file_columns
        columns += [Column(Kind.REFERS, part.location, part.dex.referenced_class_names) for part in self.dexes]
        columns += [column for part in self.dexes for column in _constant_columns(part, constants)]
        columns += self._class_file_constants(constants)
        columns += [column for part in self.libraries for column in self._library_columns(part)]
        columns += [column for file in self.manifests for column in file.manifest.features(file.location)]
        columns += self._file_columns()
        columns += self._property_columns()
        columns += [column for part in self.dexes for column in _marker_columns(part)]
        columns += self._harmony_columns
        return FeatureSet(columns)

    @cached_property
    def _harmony_columns(self) -> tuple[Column, ...]:
        """Modules and packages of HarmonyOS byte code, and the packages that lists beside it name."""
        columns: list[Column] = []
        for entry in self.entries:
            if is_abc(entry.name):
                columns += self._abc_columns(entry)
            elif entry.name.rpartition("/")[2] in OHPM_FILES:
                columns += self._ohpm_columns(entry)
        return tuple(columns)

    def _abc_columns(self, entry: Entry) -> Iterator[Column]:
        data = self.read(entry)
        if data is None:
            return
        try:
            file = read_abc(data)
        except AbcError as error:
            self._skip(entry.location, "abc-malformed", f"{entry.location}: {error}")
            return
        for problem in file.problems:
            self._skip(entry.location, "abc-damaged", problem)
        modules = [module_of(record) for record in file.records]
        yield Column(Kind.MODULE, entry.location, [module.path for module in modules])
        yield _package_column(entry, [(module.package, module.release) for module in modules if module.package])

    def _ohpm_columns(self, entry: Entry) -> Iterator[Column]:
        if entry.size > _LONGEST_LIST:
            self._skip(entry.location, "package-list-too-large", f"{entry.location} has {entry.size} bytes")
            return
        try:
            yield _package_column(entry, packages_of_file(entry.name, self.read(entry) or b"{}"))
        except ValueError as error:
            self._skip(entry.location, "package-list-malformed", f"{entry.location} is not read: {error}")

    def _library_columns(self, part: LibraryPart) -> Iterable[Column]:
        library = self.native.get(part.location)
        if library is None:
            return (Column(Kind.LIBRARY, part.location, [part.name]),)
        return library_features(library, part.name, part.location).columns

    @cached_property
    def _class_file_columns(self) -> tuple[Column, ...]:
        names: dict[str, list[str]] = {}
        for entry in self.entries:
            if entry.name.endswith(".class") and _is_class_of_android(entry.name):
                class_name = entry.name[: -len(".class")].replace("/", ".")
                names.setdefault(_archive_of(entry), []).append(class_name)
        return tuple(Column(Kind.CLASS, archive, found) for archive, found in names.items())

    def _class_file_constants(self, wanted: Mapping[str, Collection[str]] | None) -> Iterator[Column]:
        """The static string constants of the .class files that may hold those wanted; the other files are not read."""
        for entry in self.entries:
            if not entry.name.endswith(".class") or not _is_class_of_android(entry.name):
                continue
            if wanted is not None and entry.name[: -len(".class")].replace("/", ".") not in wanted:
                continue
            try:
                found = read_class(self.read(entry) or b"")
            except ClassFileError as error:
                self._skip(entry.location, "class-file-malformed", str(error))
                continue
            rows = [(f"{found.name}.{field}", value) for field, value in found.static_strings]
            rows = [row for row in rows if wanted is None or row[0] in wanted.get(found.name, ())]
            yield Column(Kind.CONSTANT, _archive_of(entry), [name for name, _ in rows], [value for _, value in rows])

    def _file_columns(self) -> Iterator[Column]:
        names: dict[str, list[str]] = {}
        for entry in self.entries:
            if entry.name and not entry.name.endswith((".class", "/")):
                names.setdefault(_archive_of(entry), []).append(self.installed_name(entry))
        for archive, found in names.items():
            yield Column(Kind.FILE, archive, found)

    def installed_name(self, entry: Entry) -> str:
        """The name that an entry has in the APK that is installed: an app bundle keeps files below its modules."""
        if self.container.kind is not ContainerKind.AAB:
            return entry.name
        folders = entry.name.split("/")
        if len(folders) > 2 and folders[1] in _BUNDLE_FOLDERS:
            return "/".join(folders[2 if folders[1] in ("root", "dex", "manifest") else 1 :])
        return entry.name

    def _property_columns(self) -> Iterator[Column]:
        for entry in self.entries:
            name = self.installed_name(entry)
            if not is_property_file(name):
                continue
            if entry.size > MAX_BYTES:
                self._skip(entry.location, "property-file-too-large", f"{entry.location} has {entry.size} bytes")
                continue
            rows = read_properties(name, self.read(entry) or b"")
            yield Column(Kind.PROPERTY, entry.location, [name for name, _ in rows], [value for _, value in rows])

    def read(self, entry: Entry) -> bytes | None:
        """The bytes of an entry; ``None`` where it cannot be read, which is then in :attr:`not_examined`."""
        try:
            return entry.read()
        except EntryError:  # the container keeps the reason in its own `not_examined`
            return None

    def _skip(self, location: str, code: str, reason: str) -> None:
        self._not_examined.add(NotExamined(location, code, reason))


def _walk(container: Container) -> Iterator[Entry]:
    yield from container.entries.values()
    for _, part in container.parts:
        yield from _walk(part)


def _archives_in_assets(container: Container) -> Iterator[Container]:
    for _, part in container.parts:
        if container.kind is ContainerKind.APK:
            yield part
        yield from _archives_in_assets(part)


def _archive_of(entry: Entry) -> str:
    """The location of the archive (or directory) that an entry is in."""
    return entry.location[: -len(entry.name) - 1]


def _is_class_of_android(name: str) -> bool:
    """Multi-release variants, module and package descriptions are never put into an app."""
    return not name.startswith("META-INF/") and not name.endswith(("module-info.class", "package-info.class"))


def _constant_columns(part: DexPart, wanted: Mapping[str, Collection[str]] | None) -> Iterator[Column]:
    dex = part.dex
    here: set[str] | None = None
    if wanted is not None:
        rows = [row for row, name in enumerate(dex.class_names) if name in wanted]
        if not rows:
            return
        here = {constant for row in rows for constant in wanted[dex.class_names[row]]}
        dex = dex.only(rows)
    names, values = dex.static_string_constants(here)
    computed = dict(zip(*computed_constants(dex, here), strict=True))
    more = [name for name in computed if name not in set(names)]
    if names or more:
        yield Column(Kind.CONSTANT, part.location, [*names, *more], [*values, *(computed[name] for name in more)])


def _package_column(entry: Entry, packages: Iterable[tuple[str, str | None]]) -> Column:
    rows = list(dict.fromkeys(packages))
    return Column(Kind.PACKAGE, entry.location, [name for name, _ in rows], [release for _, release in rows])


def _marker_columns(part: DexPart) -> Iterator[Column]:
    rows = marker_properties(part.dex)
    if rows:
        yield Column(Kind.PROPERTY, part.location, [name for name, _ in rows], [value for _, value in rows])
