"""Native libraries: what the dynamic segment, the notes and the strings of an ELF file say.

The dynamic segment decides, as it does for Android's linker; section headers may be stripped or false. Small structures are
read and checked here (:mod:`sdkfp.elf.layout`); symbols and notes are decoded by LIEF, with pyelftools as the second opinion
(:mod:`sdkfp.elf.tables`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sdkfp.elf.jni import JniMethod, jni_method
from sdkfp.elf.layout import read_comment, read_layout, table_text
from sdkfp.elf.strings import find_strings
from sdkfp.elf.tables import AndroidIdent, android_ident, read_tables
from sdkfp.errors import NotExamined
from sdkfp.features import Column, FeatureSet, Kind

__all__ = ["AndroidIdent", "JniMethod", "NativeLibrary", "jni_method", "library_features", "read_library"]

_ABIS: Mapping[tuple[int, int], str] = {
    (40, 32): "armeabi-v7a",
    (183, 64): "arm64-v8a",
    (3, 32): "x86",
    (62, 64): "x86_64",
    (8, 32): "mips",
    (8, 64): "mips64",
    (243, 64): "riscv64",
}


@dataclass(frozen=True, slots=True)
class NativeLibrary:
    """What one ELF file tells."""

    abi: str
    """Android's name for machine and class. Both 32-bit ARM ABIs are ``armeabi-v7a``: the header does not tell them apart.
    ``machine-N`` (N is ``e_machine``) for what is no Android ABI."""
    bits: int
    soname: str | None
    needed: tuple[str, ...]
    """DT_NEEDED, in its order."""
    exported: tuple[str, ...]
    """Defined global and weak dynamic symbols, in the order of the table, each once."""
    imported: tuple[str, ...]
    """Undefined dynamic symbols, likewise."""
    jni_methods: tuple[JniMethod, ...]
    """From the exported ``Java_…`` symbols."""
    has_jni_onload: bool
    named_classes: tuple[str, ...]
    """Dotted names of the classes that stand in the mapped data as whole descriptor strings, those of the platform left out:
    what FindClass and RegisterNatives are given. Which of them are registered, the strings alone do not tell."""
    build_id: str | None
    """The GNU build id, in hexadecimal."""
    android_ident: AndroidIdent | None
    comment: tuple[str, ...]
    """The compilers and linkers that ``.comment`` names."""
    version_strings: tuple[str, ...]
    """Whole strings with a version beside a name, for example ``OpenSSL 1.1.1k  25 Mar 2021``."""
    system_names: tuple[str, ...]
    """Whole strings that are a file below ``/proc`` or ``/sys``, or a system property."""
    unread: tuple[tuple[str, str], ...]
    """(code, reason) of each part that could not be read."""

    @property
    def registered_classes(self) -> tuple[str, ...]:
        """The named classes that are taken for owners of registered native methods.

        A library that exports ``JNI_OnLoad`` and names classes of one package only (three segments or more in common)
        registers them. Where it names several packages, some are only called; then none is taken.
        """
        packages = [name.split(".")[:-1] for name in self.named_classes]
        if not self.has_jni_onload or not packages:
            return ()
        common = next((i for i, level in enumerate(zip(*packages, strict=False)) if len(set(level)) > 1), None)
        depth = min(map(len, packages)) if common is None else common
        return self.named_classes if depth >= 3 else ()

    def not_examined(self, location: str) -> tuple[NotExamined, ...]:
        """What could not be read, as records for the report."""
        return tuple(NotExamined(location, code, reason) for code, reason in self.unread)


def read_library(data: bytes) -> NativeLibrary:
    """Read a native library.

    Args:
        data: the whole file.

    Raises:
        ElfError: it is not ELF, or malformed so far that nothing can be read from it.
    """
    layout = read_layout(data)
    unread = list(layout.unread)
    tables = read_tables(layout, unread)
    soname = table_text(layout, layout.soname)
    methods = map(jni_method, tables.jni)
    ident, build_id = tables.notes.get(("Android", 1)), tables.notes.get(("GNU", 3))
    strings = find_strings(layout, soname, unread)
    return NativeLibrary(
        abi=_ABIS.get((layout.machine, layout.bits), f"machine-{layout.machine}"),
        bits=layout.bits,
        soname=soname or None,
        needed=tuple(name for index in layout.needed if (name := table_text(layout, index))),
        exported=tables.exported,
        imported=tables.imported,
        jni_methods=tuple(method for method in methods if method is not None),
        has_jni_onload="JNI_OnLoad" in tables.exported,
        named_classes=strings.classes,
        build_id=build_id.hex() if build_id else None,
        android_ident=android_ident(ident) if ident else None,
        comment=read_comment(layout),
        version_strings=strings.versions,
        system_names=strings.system_names,
        unread=tuple(unread),
    )


def library_features(library: NativeLibrary, file_name: str, location: str) -> FeatureSet:
    """The features of a native library: ``library``, ``soname``, ``symbol``, ``needed``, ``jni``, for classes that its strings only
    mention ``refers``, and as the property ``FILE.ndk`` the release of the NDK that it was built with.

    Args:
        library: what was read.
        file_name: the name of the file, without folders.
        location: where it lies, in the notation of :class:`sdkfp.features.Feature`.
    """
    owned = tuple(dict.fromkeys((*(method.class_name for method in library.jni_methods), *library.registered_classes)))
    columns: Iterable[tuple[Kind, tuple[str, ...]]] = (
        (Kind.LIBRARY, (file_name,)),
        (Kind.SONAME, (library.soname,) if library.soname else ()),
        (Kind.SYMBOL, library.exported),
        (Kind.NEEDED, library.needed),
        (Kind.JNI, owned),
        (Kind.REFERS, tuple(name for name in library.named_classes if name not in owned)),
    )
    found = [Column(kind, location, names) for kind, names in columns]
    if library.android_ident is not None and library.android_ident.ndk_version:
        found.append(Column(Kind.PROPERTY, location, [f"{file_name}.ndk"], [library.android_ident.ndk_version]))
    return FeatureSet(found)
