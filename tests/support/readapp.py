"""Small apps whose code reads something, for the tests of behaviour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from support.axmlwriter import E, manifest
from support.dexwriter import DexWriter, Instruction, Invoke, Method, Raw
from support.zipwriter import build_zip

__all__ = [
    "SDK",
    "STRING",
    "call",
    "class_with",
    "dex_of",
    "from_parameter",
    "goto_over",
    "if_eqz",
    "package",
    "parse_uri",
    "query",
    "result",
    "setting",
]

SDK = "com.vendor.sdk.A"
"""A class of the SDK ``vendor``."""
STRING = "Ljava/lang/String;"
_RESOLVER = "Landroid/content/ContentResolver;"


def call(reference: str, *registers: int, kind: str = "virtual") -> Invoke:
    """``Lcom/a/B;->name(I)V`` as a call."""
    owner, _, rest = reference.partition("->")
    name, bracket, descriptor = rest.partition("(")
    return Invoke(kind, owner, name, bracket + descriptor, registers)


def result(register: int) -> Raw:
    """move-result-object."""
    return Raw((0x0C | register << 8,), register + 1)


def from_parameter(register: int, parameter: int) -> Raw:
    """move-object/from16 from the register of a parameter: the first behind those that the code uses."""
    return Raw((0x08 | register << 8, parameter), register + 1)


def if_eqz(register: int, units: int) -> Raw:
    """A branch over some code units, its own two counted."""
    return Raw((0x38 | register << 8, units), register + 1)


def goto_over(units: int) -> Raw:
    """A jump over some code units, its own one counted."""
    return Raw((0x28 | units << 8,))


def setting(key_register: int, where: str = "Secure") -> Invoke:
    """Settings.Secure.getString(v0, KEY)."""
    return call(
        f"Landroid/provider/Settings${where};->getString({_RESOLVER}{STRING}){STRING}", 0, key_register, kind="static"
    )


def parse_uri(register: int) -> list[Instruction]:
    """Uri.parse of a register, into the same register."""
    return [call(f"Landroid/net/Uri;->parse({STRING})Landroid/net/Uri;", register, kind="static"), result(register)]


def query(uri_register: int) -> Invoke:
    """v0.query(URI, null, null, null, null), with registers that hold nothing of interest for the nulls."""
    parameters = f"Landroid/net/Uri;[{STRING}{STRING}[{STRING}{STRING}"
    registers = tuple(range(uri_register, uri_register + 5))
    return call(f"{_RESOLVER}->query({parameters})Landroid/database/Cursor;", 0, *registers)


def class_with(code: Sequence[Instruction], name: str = SDK, descriptor: str = "()V") -> bytes:
    """A dex file with one class and one method ``m``."""
    return dex_of([(name, [Method("m", descriptor, code)])])


def dex_of(classes: Iterable[tuple[str, Sequence[Method]]]) -> bytes:
    """A dex file with some classes."""
    writer = DexWriter()
    for name, methods in classes:
        writer.add_class(name, methods=methods)
    return writer.build()


def package(
    *dexes: bytes,
    permissions: Sequence[str] | None = (),
    components: Sequence[E] = (),
    more: Mapping[str, bytes] | None = None,
) -> bytes:
    """An APK; ``permissions=None`` leaves the manifest out."""
    entries = {f"classes{number or ''}.dex": dex for number, dex in zip((0, *range(2, 100)), dexes, strict=False)}
    if permissions is not None:
        entries["AndroidManifest.xml"] = manifest("com.maker.app", permissions=permissions, components=components)
    return build_zip({**entries, **(more or {})})
