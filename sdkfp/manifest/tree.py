"""What every form of a manifest is read into: elements with typed attributes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from sdkfp.errors import ManifestError

__all__ = [
    "ANDROID_ATTRIBUTES",
    "ANDROID_NAMESPACE",
    "MAX_ELEMENTS",
    "MAX_PROBLEMS",
    "Builder",
    "Document",
    "Element",
    "Type",
    "Value",
]

ANDROID_NAMESPACE = "http://schemas.android.com/apk/res/android"

MAX_ELEMENTS = 200_000
"""The largest real manifests have some thousands."""
MAX_PROBLEMS = 20
"""Of one kind, in one document."""

ANDROID_ATTRIBUTES = {
    0x01010001: "android:label",
    0x01010003: "android:name",
    0x01010006: "android:permission",
    0x01010007: "android:readPermission",
    0x01010008: "android:writePermission",
    0x01010009: "android:protectionLevel",
    0x0101000A: "android:permissionGroup",
    0x0101000B: "android:sharedUserId",
    0x0101000E: "android:enabled",
    0x0101000F: "android:debuggable",
    0x01010010: "android:exported",
    0x01010011: "android:process",
    0x01010018: "android:authorities",
    0x01010024: "android:value",
    0x01010025: "android:resource",
    0x01010026: "android:mimeType",
    0x01010027: "android:scheme",
    0x01010028: "android:host",
    0x01010202: "android:targetActivity",
    0x0101020C: "android:minSdkVersion",
    0x0101021B: "android:versionCode",
    0x0101021C: "android:versionName",
    0x01010270: "android:targetSdkVersion",
    0x01010271: "android:maxSdkVersion",
    0x01010272: "android:testOnly",
    0x01010280: "android:allowBackup",
    0x01010281: "android:glEsVersion",
    0x0101028E: "android:required",
    0x010104EC: "android:usesCleartextTraffic",
    0x01010572: "android:compileSdkVersion",
    0x01010576: "android:versionCodeMajor",
    0x0101057A: "android:appComponentFactory",
    0x01010599: "android:foregroundServiceType",
    0x01010644: "android:usesPermissionFlags",
}
"""The framework's attributes that are read, by resource id (``frameworks/base/core/res/res/values/public.xml``)."""


class Type:
    """``Res_value.dataType`` of ``ResourceTypes.h``, as far as it is told apart here."""

    NULL = 0x00
    REFERENCE = 0x01
    ATTRIBUTE = 0x02
    STRING = 0x03
    FLOAT = 0x04
    DIMENSION = 0x05
    FRACTION = 0x06
    DYNAMIC_REFERENCE = 0x07
    INT_DEC = 0x10
    INT_HEX = 0x11
    BOOLEAN = 0x12
    FIRST_COLOR = 0x1C
    LAST_COLOR = 0x1F


class Value(NamedTuple):
    """The value of an attribute or of a resource."""

    type: int
    data: int
    """32 bits as they stand in the file."""
    string: str | None
    """The text of a string; for other types the text in the source, where the file keeps it."""


@dataclass(slots=True)
class Element:
    """An element. Attributes go by ``android:name``, or ``name`` for those without a namespace."""

    name: str
    attributes: dict[str, Value]
    children: list[Element] = field(default_factory=list)

    def all(self, name: str) -> Iterator[Element]:
        """The child elements of that name."""
        return (child for child in self.children if child.name == name)


class Document(NamedTuple):
    """A read XML document."""

    root: Element
    problems: tuple[str, ...]
    """What was wrong in it, in English sentences; empty for a sound document."""


class Builder:
    """Makes the tree from where elements start and end."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self.problems: list[str] = []
        self._open: list[Element] = []
        self._count = 0

    def start(self, element: Element) -> None:
        """An element starts inside the one that is open.

        Raises:
            ManifestError: there are more elements than any real manifest has.
        """
        self._count += 1
        if self._count > MAX_ELEMENTS:
            raise ManifestError(f"the manifest has more than {MAX_ELEMENTS} elements")
        if self._open:
            self._open[-1].children.append(element)
        elif self.root is None:
            self.root = element
        elif len(self.problems) < MAX_PROBLEMS:
            self.problems.append(f"<{element.name}> stands beside the root element")
        self._open.append(element)

    def end(self) -> None:
        """The open element ends."""
        if self._open:
            self._open.pop()

    def document(self) -> Document:
        """What was built.

        Raises:
            ManifestError: there is no element.
        """
        if self.root is None:
            raise ManifestError("the manifest has no element" + "".join(f"; {text}" for text in self.problems[:1]))
        if self._open:
            self.problems.append(f"it ends inside <{self._open[-1].name}>")
        return Document(self.root, tuple(self.problems))
