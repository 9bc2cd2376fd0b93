"""The records of an opened container: limits, kinds, entries, and the container itself."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType, TracebackType
from typing import Protocol

from sdkfp.errors import ContainerError, LimitExceededError, NotExamined

__all__ = ["Budget", "Buffer", "Container", "ContainerKind", "Entry", "EntryError", "EntryLimitError", "Limits"]

MAX_MESSAGE_NAME = 200
"""How much of an entry's name a message shows; a ZIP allows 65,535 bytes."""


class ContainerKind(str, Enum):
    """What an opened file is, decided by its content."""

    APK = "apk"
    """A ZIP with ``AndroidManifest.xml`` or ``classes.dex`` at its root; also a split."""
    AAR = "aar"
    JAR = "jar"
    ZIP = "zip"
    """Any other ZIP."""
    DIRECTORY = "directory"
    """An unpacked app."""
    DEX = "dex"
    """A bare dex file; its one entry has the name of the file."""
    ELF = "elf"
    """A bare native library; its one entry has the name of the file."""


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


class Buffer(Protocol):
    """What an opened file is read through: ``bytes`` or a read-only ``mmap``."""

    def __len__(self) -> int: ...
    def __getitem__(self, part: slice, /) -> bytes: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...
    def find(self, sub: bytes, start: int, end: int, /) -> int: ...
    def rfind(self, sub: bytes, start: int, end: int, /) -> int: ...


class UnreadableError(Exception):
    """What a loader raises; :class:`Container` adds the place and raises :class:`EntryError`."""

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

    def __init__(  # noqa: PLR0913 - the fields of the record
        self, container: Container, name: str, size: int, compressed_size: int, method: int, offset: int
    ) -> None:
        self._container = container
        self._paid = False
        self.name = name
        self.size = size
        """Bytes after inflating, as declared; what :meth:`read` gives may differ."""
        self.compressed_size = compressed_size
        """Bytes in the container, as declared."""
        self.method = method
        """The ZIP compression method as declared (0 stored, 8 deflated, tampered files have others); 0 outside ZIPs."""
        self.offset = offset
        """Of the local file header in the container; 0 outside ZIPs."""

    def __repr__(self) -> str:
        return f"Entry({self.name!r}, size={self.size})"

    def read(self) -> bytes:
        """The entry's bytes, inflated.

        Raises:
            EntryError: the entry cannot be read; it is then also in :attr:`Container.not_examined`.
            EntryLimitError: it is larger than the limits allow.
        """
        return self._container.load(self)


Loader = Callable[[Entry, int], bytes]
"""Reads an entry; the number is how many bytes the answer may have. Raises UnreadableError."""


class Container:
    """An opened package: its entries by name, in the order of the file. Made by :func:`open_container`.

    A context manager; leaving it closes the file, and entries cannot be read after that.
    """

    def __init__(  # noqa: PLR0913 - made in this package only
        self,
        name: str,
        *,
        location: str,
        limits: Limits,
        budget: Budget,
        data: Buffer | None,
        close: Callable[[], None] | None = None,
    ) -> None:
        self.kind = ContainerKind.ZIP
        self.name = name
        """The label: the file's name without its directory."""
        self.location = location
        """The name with those of the containers around it, ``outer.xapk!base.apk``."""
        self.limits = limits
        self.entries: Mapping[str, Entry] = MappingProxyType({})
        """In central-directory order. Of entries with one name the first, as Android's native reader has it."""
        self._budget = budget
        self._data = data
        self._close = close
        self._loader: Loader | None = None
        self._notes: dict[NotExamined, None] = {}
        self._sha256: str | None = None

    def fill(self, kind: ContainerKind, entries: dict[str, Entry], loader: Loader) -> None:
        """Set what the opening found out. Only for the modules of this package."""
        self.kind = kind
        self.entries = MappingProxyType(entries)
        self._loader = loader

    def note(self, code: str, reason: str, entry: str | None = None) -> NotExamined:
        """Add a record to :attr:`not_examined`. Only for the modules of this package."""
        place = self.location if entry is None else f"{self.location}!{entry}"
        record = NotExamined(place, code, reason)
        self._notes.setdefault(record)
        return record

    @property
    def size(self) -> int:
        """Bytes of the file; for a directory the sum of its files."""
        return sum(entry.size for entry in self.entries.values()) if self._data is None else len(self._data)

    @property
    def sha256(self) -> str | None:
        """Of the file, hexadecimal; None for a directory. Computed when first asked for."""
        if self._sha256 is None and self._data is not None:
            self._sha256 = hashlib.sha256(self._data).hexdigest()
        return self._sha256

    @property
    def not_examined(self) -> tuple[NotExamined, ...]:
        """What could not be read: found at opening, and the entries whose reading has failed so far."""
        return tuple(self._notes)

    def read(self, name: str) -> bytes:
        """The bytes of the entry of that name; see :meth:`Entry.read`.

        Raises:
            ContainerError: there is no such entry, or it cannot be read.
        """
        entry = self.entries.get(name)
        if entry is None:
            raise ContainerError(f"{self.location} has no entry {name[:MAX_MESSAGE_NAME]!r}")
        return entry.read()

    def load(self, entry: Entry) -> bytes:
        """Read one of this container's entries and charge it to the limits."""
        if self._loader is None:
            raise ContainerError(f"{self.location} is closed")
        room = self.limits.max_entry_bytes if entry._paid else min(self.limits.max_entry_bytes, self._budget.left)
        try:
            data = self._loader(entry, room)
        except UnreadableError as error:
            where = f"{self.location}!{entry.name[:MAX_MESSAGE_NAME]}"
            if error.code != "entry-too-large":
                raise EntryError(self.note(error.code, f"{where} {error.reason}", entry.name)) from None
            code, reason = error.code, f"is larger than {self.limits.max_entry_bytes} bytes"
            if room < self.limits.max_entry_bytes:
                code = "total-too-large"
                reason = f"and the entries read before it are larger than {self.limits.max_total_bytes} bytes together"
            raise EntryLimitError(self.note(code, f"{where} {reason}", entry.name)) from None
        if not entry._paid:
            entry._paid = True
            self._budget.left -= len(data)
        return data

    def close(self) -> None:
        """Close the file. Bytes already read stay valid."""
        self._loader = None
        if self._close is not None:
            self._data, close, self._close = None, self._close, None
            close()

    def __enter__(self) -> Container:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Container({self.location!r}, {self.kind.value}, {len(self.entries)} entries)"
