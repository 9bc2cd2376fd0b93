"""The opened app: its parts, each read once and late, and its features."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType
from typing import BinaryIO

from sdkfp.container import Container, Entry, EntryError, Limits, open_container
from sdkfp.dex import Dex, open_dexes
from sdkfp.elf import NativeLibrary, library_features, read_library
from sdkfp.errors import DexError, ElfError, ManifestError, NotExamined
from sdkfp.features import Column, FeatureSet, Kind
from sdkfp.manifest import Manifest, read_manifest

__all__ = ["App", "DexPart", "LibraryPart"]

_PROPERTY_SUFFIXES = (".properties", ".version")
_LONGEST_PROPERTY_FILE = 64 * 1024
_MOST_PROPERTIES = 200


@dataclass(frozen=True, slots=True)
class DexPart:
    """One dex file of the app."""

    location: str
    dex: Dex


@dataclass(frozen=True, slots=True)
class LibraryPart:
    """One native library of the app."""

    location: str
    name: str
    abi: str | None
    """From the folder ``lib/<abi>/``; ``None`` outside one."""
    entry: Entry


@dataclass(frozen=True, slots=True)
class _Member:
    """An entry of the app or of an archive inside it, with its location."""

    location: str
    entry: Entry


class App:
    """An app, or a library archive, opened for examination."""

    def __init__(self, container: Container) -> None:
        self.container = container
        self._not_examined: set[NotExamined] = set()

    @classmethod
    def open(
        cls, source: str | os.PathLike[str] | bytes | BinaryIO, *, name: str | None = None, limits: Limits | None = None
    ) -> App:
        """Open a package, a directory, a bare dex file or a native library.

        Args:
            source: a path, the bytes, or a binary file object (read from where it stands to its end).
            name: what to call it in locations; by default the file's name.
            limits: how much to read at most.

        Raises:
            ContainerError: it cannot be opened.
            LimitExceededError: it is larger than the limits allow.
        """
        return cls(open_container(source, name=name, limits=limits or Limits()))

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
    def _members(self) -> tuple[_Member, ...]:
        return tuple(self._walk(self.container, self.container.name))

    def _walk(self, container: Container, label: str) -> Iterator[_Member]:
        for name, entry in container.entries.items():
            yield _Member(f"{label}!{name}" if name else label, entry)
        for name, part in container.parts:
            yield from self._walk(part, f"{label}!{name}")

    @cached_property
    def dexes(self) -> tuple[DexPart, ...]:
        """The dex files, in the order of the package; one that cannot be read is in :attr:`not_examined`."""
        found = []
        for member in self._members:
            if not _is_dex_name(member.entry.name, bare=self.container.kind.value == "dex"):
                continue
            data = self._read(member)
            if data is None:
                continue
            try:
                dexes = open_dexes(data)
            except DexError as error:
                self._skip(member.location, "dex-malformed", str(error))
                continue
            for number, dex in enumerate(dexes):
                location = member.location if number == 0 else f"{member.location}#{number}"
                found.append(DexPart(location, dex))
        return tuple(found)

    @cached_property
    def libraries(self) -> tuple[LibraryPart, ...]:
        """The native libraries, by their file names."""
        found = []
        for member in self._members:
            folder, _, name = (member.entry.name or self.container.name).rpartition("/")
            if name.endswith(".so") or self.container.kind.value == "so":
                abi = folder.rpartition("/")[2] if folder.startswith(("lib/", "jni/")) or "/lib/" in folder else None
                found.append(LibraryPart(member.location, name, abi, member.entry))
        return tuple(found)

    @cached_property
    def manifest(self) -> Manifest | None:
        """The manifest of the app; ``None`` where there is none or it cannot be read."""
        if "AndroidManifest.xml" not in self.container.entries:
            return None
        location = f"{self.name}!AndroidManifest.xml"
        data = self._read(_Member(location, self.container.entries["AndroidManifest.xml"]))
        if data is None:
            return None
        try:
            return read_manifest(data, resources=self._resources)
        except ManifestError as error:
            self._skip(location, "manifest-malformed", str(error))
            return None

    def _resources(self) -> bytes | None:
        entry = self.container.entries.get("resources.arsc")
        return None if entry is None else self._read(_Member(f"{self.name}!resources.arsc", entry))

    @property
    def not_examined(self) -> tuple[NotExamined, ...]:
        """What was not, or not wholly, read so far, and why."""
        native = (note for place, library in self.native.items() for note in library.not_examined(place))
        damaged = (NotExamined(p.location, "dex-damaged", problem) for p in self.dexes for problem in p.dex.problems)
        return tuple(sorted({*self._not_examined, *self.container.not_examined, *damaged, *native}))

    def class_bytes(self) -> list[Sequence[int]]:
        """For every ``class`` column of :meth:`features`, the bytes of each class's code items; 0 for .class files."""
        columns: list[Sequence[int]] = [
            part.dex.class_code_bytes.tolist() for part in self.dexes if part.dex.class_names
        ]
        columns += [[0] * len(column) for column in self._class_file_columns]
        return columns

    def features(self, *, constants: Collection[str] | None = None) -> FeatureSet:
        """The features of the app.

        Args:
            constants: names (``class.field``) of the static string constants wanted; ``None`` for all.
        """
        columns: list[Column] = []
        columns += [Column(Kind.CLASS, part.location, part.dex.class_names) for part in self.dexes]
        columns += self._class_file_columns
        columns += [Column(Kind.REFERS, part.location, part.dex.referenced_class_names) for part in self.dexes]
        columns += [column for part in self.dexes for column in self._constants(part, constants)]
        columns += [column for part in self.libraries for column in self._library_columns(part)]
        if self.manifest is not None:
            columns += self.manifest.features(f"{self.name}!AndroidManifest.xml")
        columns += self._file_columns()
        columns += self._properties()
        return FeatureSet(columns)

    @cached_property
    def _class_file_columns(self) -> tuple[Column, ...]:
        names: dict[str, list[str]] = {}
        for member in self._members:
            name = member.entry.name
            if (
                name.endswith(".class")
                and not name.startswith("META-INF/")
                and not name.endswith(("module-info.class", "package-info.class"))
            ):
                archive = member.location[: -len(name) - 1]
                names.setdefault(archive, []).append(name[: -len(".class")].replace("/", "."))
        return tuple(Column(Kind.CLASS, archive, found) for archive, found in names.items())

    @cached_property
    def native(self) -> Mapping[str, NativeLibrary]:
        """What each native library says, by its location; one that cannot be read is in :attr:`not_examined`."""
        found = {}
        for part in self.libraries:
            data = self._read(_Member(part.location, part.entry))
            if data is None:
                continue
            try:
                found[part.location] = read_library(data)
            except ElfError as error:
                self._skip(part.location, "library-malformed", str(error))
        return found

    def _library_columns(self, part: LibraryPart) -> Iterable[Column]:
        library = self.native.get(part.location)
        if library is None:
            return (Column(Kind.LIBRARY, part.location, [part.name]),)
        return library_features(library, part.name, part.location).columns

    def _constants(self, part: DexPart, wanted: Collection[str] | None) -> Iterator[Column]:
        names, values = part.dex.static_string_constants(wanted)
        if names:
            yield Column(Kind.CONSTANT, part.location, names, values)

    def _file_columns(self) -> Iterator[Column]:
        names: dict[str, list[str]] = {}
        for member in self._members:
            name = member.entry.name
            if name and not name.endswith((".class", "/")):
                names.setdefault(member.location[: -len(name) - 1], []).append(name)
        for archive, found in names.items():
            yield Column(Kind.FILE, archive, found)

    def _properties(self) -> Iterator[Column]:
        for member in self._members:
            name = member.entry.name
            folder = name.rpartition("/")[0]
            if not name.endswith(_PROPERTY_SUFFIXES) or not (folder == "" or folder.startswith("META-INF")):
                continue
            if member.entry.size > _LONGEST_PROPERTY_FILE:
                self._skip(member.location, "property-file-too-large", f"the file has {member.entry.size} bytes")
                continue
            data = self._read(member)
            if data is not None:
                rows = list(_properties(name, data.decode("utf-8", "replace")))[:_MOST_PROPERTIES]
                yield Column(Kind.PROPERTY, member.location, [key for key, _ in rows], [value for _, value in rows])

    def _read(self, member: _Member) -> bytes | None:
        try:
            return member.entry.read()
        except EntryError:  # the container keeps the reason in its own `not_examined`
            return None

    def _skip(self, location: str, code: str, reason: str) -> None:
        self._not_examined.add(NotExamined(location, code, reason))


def _is_dex_name(name: str, *, bare: bool) -> bool:
    """``classes.dex``, ``classes2.dex``… where Android loads them from, and any other entry named ``.dex``."""
    return bare or name.endswith(".dex")


def _properties(name: str, text: str) -> Iterator[tuple[str, str]]:
    """``FILE.key``, value for each line of a properties file; ``FILE``, text for a ``.version`` file."""
    if name.endswith(".version"):
        value = text.strip()
        if value and "\n" not in value:
            yield name, value
        return
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals and key.strip() and not key.lstrip().startswith(("#", "!")):
            yield f"{name}.{key.strip()}", value.strip()
