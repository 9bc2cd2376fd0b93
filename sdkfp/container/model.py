"""The records of an opened container: limits, kinds, entries, and the container itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType, TracebackType

from sdkfp.container.window import Window
from sdkfp.errors import ContainerError, LimitExceededError, NotExamined

__all__ = [
    "Budget",
    "Container",
    "ContainerKind",
    "Entry",
    "EntryError",
    "EntryLimitError",
    "Limits",
    "Reader",
    "UnreadableError",
]

MAX_SHOWN_NAME = 200
"""How much of an entry's name a message shows; a ZIP allows 65,535 bytes."""


class ContainerKind(str, Enum):
    """What an opened file is, decided by its content."""

    APK = "apk"
    """A ZIP with ``AndroidManifest.xml`` or ``classes.dex`` at its root; also a split."""
    AAR = "aar"
    JAR = "jar"
    ZIP = "zip"
    """Any other ZIP."""
    XAPK = "xapk"
    """A base APK and its splits with ``manifest.json``."""
    APKM = "apkm"
    """A base APK and its splits with ``info.json``."""
    APKS = "apks"
    """A base APK and its splits, as bundletool makes it, or simply in a ZIP."""
    AAB = "aab"
    """An Android App Bundle: modules in folders, resources and manifests as protocol buffers."""
    HAP = "hap"
    """A HarmonyOS module that can be installed."""
    HSP = "hsp"
    """A HarmonyOS library that is shared at run time."""
    APP = "app"
    """HAPs and HSPs of one HarmonyOS app."""
    HAR = "har"
    """A HarmonyOS static library, a gzipped tar."""
    TAR = "tar"
    """Any other gzipped tar."""
    DIRECTORY = "directory"
    """An unpacked app."""
    DEX = "dex"
    """A bare dex file; its one entry has the empty name."""
    SO = "so"
    """A bare native library (ELF); its one entry has the empty name."""

    @property
    def is_library(self) -> bool:
        """Whether it is a library itself: the package of its manifest is not that of an app."""
        return self in (ContainerKind.AAR, ContainerKind.JAR, ContainerKind.HAR)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one input may cost. Sizes are bytes."""

    max_entries: int = 200_000
    """Entries of one container."""
    max_entry_bytes: int = 1 << 30
    """One entry, inflated."""
    max_total_bytes: int = 4 << 30
    """All entries that are read, inflated, nested containers included; also the size of an input that is a stream."""
    max_depth: int = 2
    """How many containers may lie inside one another, below the outermost."""


class EntryError(ContainerError):
    """One entry cannot be read; the rest of the container can. ``not_examined`` has the code and the reason."""

    def __init__(self, not_examined: NotExamined) -> None:
        self.not_examined = not_examined
        super().__init__(not_examined.reason)


class EntryLimitError(EntryError, LimitExceededError):
    """One entry is larger than the limits allow, or all entries read so far are."""


class UnreadableError(Exception):
    """What a reader raises; :class:`Container` adds the place and raises :class:`EntryError`."""

    def __init__(self, code: str, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(reason)


class Budget:
    """The inflated bytes that an input and everything nested in it may still cost."""

    __slots__ = ("left",)

    def __init__(self, total: int) -> None:
        self.left = total


class Entry:
    """One named run of bytes in a container. ``name`` is a name only and never becomes a path on this machine."""

    __slots__ = ("_container", "_paid", "compressed_size", "method", "name", "offset", "size")

    def __init__(
        self,
        container: Container,
        name: str,
        size: int,
        compressed_size: int,
        method: int = 0,
        offset: int = 0,
        *,
        paid: bool = False,
    ) -> None:
        self._container = container
        self._paid = paid
        self.name = name
        self.size = size
        """Bytes after inflating, as declared; what :meth:`read` gives may differ."""
        self.compressed_size = compressed_size
        """Bytes in the container, as declared."""
        self.method = method
        """The ZIP compression method as declared (0 stored, 8 deflated, tampered files have others); 0 outside ZIPs."""
        self.offset = offset
        """Of the local file header in a ZIP, of the data in a tar; else 0."""

    def __repr__(self) -> str:
        return f"Entry({self.name!r}, size={self.size})"

    @property
    def location(self) -> str:
        """The name with those of the containers around it, ``app.apk!classes.dex``."""
        return f"{self._container.location}!{self.name}" if self.name else self._container.location

    def read(self) -> bytes:
        """The entry's bytes, inflated.

        Raises:
            EntryError: the entry cannot be read; it is then also in :attr:`Container.not_examined`.
            EntryLimitError: it is larger than the limits allow.
        """
        return self._container._load(self)

    def head(self, count: int) -> bytes:
        """The first bytes, at most ``count``; fewer where the entry is shorter or cannot be read.

        A packed entry is inflated only so far, which makes a look at the magic of every entry affordable.
        """
        return self._container._head(self, count)


Reader = Callable[[Entry, int], bytes]
"""Reads an entry; the number is how many bytes the answer may have. Raises UnreadableError."""
Peeker = Callable[[Entry, int], bytes]
"""Reads the first bytes of an entry, at most so many; fewer where they cannot be read."""


class Container:
    """An opened package: its entries by name, in the order of the file. Made by :func:`open_container`.

    A context manager; leaving it closes the file, and entries cannot be read after that.
    """

    def __init__(
        self,
        name: str,
        window: Window | None,
        limits: Limits,
        *,
        parent: Container | None = None,
    ) -> None:
        self.kind = ContainerKind.ZIP
        self.name = name
        """The label: the file's name without its directory; of a part the entry's name."""
        self.location: str = name if parent is None else f"{parent.location}!{name}"
        """The name with those of the containers around it, ``outer.xapk!base.apk``."""
        self.limits = limits
        self.entries: Mapping[str, Entry] = MappingProxyType({})
        """In central-directory order. Of entries with one name the first."""
        self.depth: int = 0 if parent is None else parent.depth + 1
        """How many containers are around this one."""
        self.budget: Budget = Budget(limits.max_total_bytes) if parent is None else parent.budget
        self._window = window
        self.inflated: Window | None = None
        """What the entries are read from where that is not the file itself."""
        self._reader: Reader | None = None
        self._peeker: Peeker | None = None
        self._open_parts: Callable[[], tuple[tuple[str, Container], ...]] | None = None
        self._parts: tuple[tuple[str, Container], ...] | None = None
        self._notes: dict[NotExamined, None] = {}
        self._sha256: str | None = None
        self.directory_start: int | None = None
        """Where the central directory of a ZIP begins; ``None`` outside ZIPs."""

    def fill(
        self,
        kind: ContainerKind,
        entries: dict[str, Entry],
        reader: Reader,
        open_parts: Callable[[], tuple[tuple[str, Container], ...]] | None = None,
        peeker: Peeker | None = None,
    ) -> None:
        """Set what the opening found out. Only for the modules of this package."""
        self._peeker = peeker
        self.kind = kind
        self.entries = MappingProxyType(entries)
        self._reader = reader
        self._open_parts = open_parts

    def note(self, code: str, reason: str, entry: str = "") -> NotExamined:
        """Record that an entry (or the container) is not examined; ``reason`` goes on after its location.

        Only for the modules of this package.
        """
        place = f"{self.location}!{entry}" if entry else self.location
        shown = f"{self.location}!{entry[:MAX_SHOWN_NAME]}" if entry else self.location
        record = NotExamined(place, code, f"{shown} {reason}")
        self._notes.setdefault(record)
        return record

    def forget_notes(self) -> None:
        """Drop what was noted under a wrong guess. Only for the modules of this package."""
        self._notes.clear()

    @property
    def size(self) -> int:
        """Bytes of the file; for a directory the sum of its files."""
        return sum(entry.size for entry in self.entries.values()) if self._window is None else len(self._window)

    @property
    def sha256(self) -> str | None:
        """Of the file, hexadecimal; None for a directory. Computed when first asked for.

        Raises:
            ContainerError: the container is closed and it was not asked for before.
        """
        if self._sha256 is None and self._window is not None:
            self._need_open()
            self._sha256 = self._window.sha256()
        return self._sha256

    @property
    def parts(self) -> tuple[tuple[str, Container], ...]:
        """The containers inside this one that belong to the app, by entry name: splits, jars of an AAR, archives in assets.

        Opened when first asked for and closed with this container. What cannot be opened is in :attr:`not_examined`.
        """
        if self._parts is None:
            self._need_open()
            self._parts = () if self._open_parts is None else self._open_parts()
        return self._parts

    @property
    def not_examined(self) -> tuple[NotExamined, ...]:
        """What could not be read: found at opening, and the entries whose reading has failed so far; with the parts."""
        inner = [note for _, part in self._parts or () for note in part.not_examined]
        return (*self._notes, *inner)

    def read(self, name: str) -> bytes:
        """The bytes of the entry of that name; see :meth:`Entry.read`.

        Raises:
            ContainerError: there is no such entry, or it cannot be read.
        """
        entry = self.entries.get(name)
        if entry is None:
            raise ContainerError(f"{self.location} has no entry {name[:MAX_SHOWN_NAME]!r}")
        return entry.read()

    def before_directory(self, count: int) -> bytes:
        """The bytes right before the central directory, where APK signatures lie; fewer where the file has fewer, none outside ZIPs.

        Raises:
            ContainerError: the container is closed.
        """
        self._need_open()
        if self._window is None or self.directory_start is None:
            return b""
        return self._window.read(max(0, self.directory_start - count), self.directory_start)

    def _load(self, entry: Entry) -> bytes:
        reader = self._need_open()
        most = self.limits.max_entry_bytes
        # An entry counts once against the total, however often it is read.
        room = most if entry._paid else min(most, self.budget.left)
        try:
            data = reader(entry, room)
        except UnreadableError as error:
            if error.code != "entry-too-large":
                raise EntryError(self.note(error.code, error.reason, entry.name)) from None
            if room < most:
                reason = f"and the entries read before it are larger than {self.limits.max_total_bytes} bytes together"
                raise EntryLimitError(self.note("total-too-large", reason, entry.name)) from None
            reason = f"is larger than {most} bytes"
            raise EntryLimitError(self.note("entry-too-large", reason, entry.name)) from None
        if not entry._paid:
            entry._paid = True
            self.budget.left -= len(data)
        return data

    def _head(self, entry: Entry, count: int) -> bytes:
        self._need_open()
        if self._peeker is not None:
            return self._peeker(entry, count)
        try:
            return self._load(entry)[:count]
        except EntryError:
            return b""

    def _need_open(self) -> Reader:
        if self._reader is None:
            raise ContainerError(f"{self.location} is closed")
        return self._reader

    def close(self) -> None:
        """Close the file and the parts. Bytes already read stay valid."""
        self._reader = None
        for _, part in self._parts or ():
            part.close()
        for window in (self.inflated, self._window):
            if window is not None:
                window.close()

    def __enter__(self) -> Container:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Container({self.location!r}, {self.kind.value}, {len(self.entries)} entries)"
