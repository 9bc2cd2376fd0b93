"""The same answers as dexdump: of written files that every version of it can read, and of real apps."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from support.dexwriter import (
    ConstClass,
    ConstString,
    DexWriter,
    FieldAccess,
    Instruction,
    Invoke,
    Method,
    NewInstance,
    Raw,
    StaticField,
)

from sdkfp.dex import decode_mutf8, open_dexes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sdkfp.dex import References

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(shutil.which("dexdump") is None, reason="dexdump is not installed"),
]

STRING = "Ljava/lang/String;"
ESCAPED = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})
"""How dexdump writes a string."""
INSTRUCTION = re.compile(rb"[0-9a-f]+: [0-9a-f .]+\|[0-9a-f]{4}: (\S+)(?:.*// (method|field|type)@([0-9a-f]+))?")


def dexdump(path: Path, *options: str) -> Iterator[bytes]:
    """The lines of dexdump's output."""
    with subprocess.Popen(["dexdump", *options, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        yield from process.stdout
        errors = process.stderr.read()
        assert process.wait() == 0, errors.decode("utf-8", "replace")


def quoted(line: bytes) -> str:
    return decode_mutf8(line.split(b"'", 1)[1].rsplit(b"'", 1)[0])


@pytest.fixture
def extracted(real_app: Callable[[str], Path], tmp_path: Path) -> Callable[[str, str], Path]:
    """A dex file out of a real app, as a file."""

    def extract(key: str, entry: str) -> Path:
        with zipfile.ZipFile(real_app(key)) as archive:
            return tmp_path / archive.extract(entry, tmp_path)

    return extract


def compare_classes(path: Path) -> None:
    (dex,) = open_dexes(path.read_bytes())
    lines = [line for line in dexdump(path) if line.startswith((b"  Class desc", b"  Superclass", b"    #"))]
    descriptors = [quoted(line) for line in lines if line.startswith(b"  Class descriptor")]
    superclasses = [quoted(line) for line in lines if line.startswith(b"  Superclass")]
    interfaces = [quoted(line) for line in lines if line.startswith(b"    #") and b"'" in line]
    types = [decode_mutf8(descriptor) for descriptor in dex.type_descriptors]
    assert [types[index] for index in dex.classes.type_idx.tolist()] == descriptors
    assert dex.class_names == [descriptor[1:-1].replace("/", ".") for descriptor in descriptors]
    assert [types[index] for index in dex.superclasses.type_idx.tolist()] == superclasses
    assert [types[index] for index in dex.interfaces.type_idx.tolist()] == interfaces
    assert dex.problems == ()


def compare_code(path: Path) -> None:
    (dex,) = open_dexes(path.read_bytes())
    names: Counter[bytes] = Counter()
    operands: dict[bytes, Counter[int]] = {b"method": Counter(), b"field": Counter(), b"type": Counter()}
    for line in dexdump(path, "-d"):
        found = INSTRUCTION.match(line)
        if found:
            names[found[1]] += 1
            if found[2]:
                operands[found[2]][int(found[3], 16)] += 1

    def count(uses: References) -> Counter[int]:
        return Counter(uses.index.tolist())

    assert len(dex.instructions) == names.total()
    assert len(dex.string_constants()) == names[b"const-string"] + names[b"const-string/jumbo"]
    assert len(dex.calls()) == sum(
        number
        for name, number in names.items()
        if name.startswith(b"invoke-") and not name.startswith(b"invoke-custom")
    )
    assert count(dex.calls()) == operands[b"method"]
    assert count(dex.field_accesses()) == operands[b"field"]
    assert count(dex.type_uses()) == operands[b"type"]
    assert dex.problems == ()


def compare_static_strings(path: Path) -> None:
    """dexdump shows a string value as ``value : "…"`` after the field's name."""
    (dex,) = open_dexes(path.read_bytes())
    expected = [
        decode_mutf8(line.split(b'"', 1)[1].rsplit(b'"', 1)[0])
        for line in dexdump(path)
        if line.startswith(b'      value         : "') and line.endswith(b'"\n')
    ]
    _, values = dex.static_string_constants()
    assert [value.translate(ESCAPED) for value in values] == expected


@pytest.mark.parametrize("version", ["035", "037", "038", "039"])
def test_written_files(version: str, tmp_path: Path) -> None:
    """dexdump verifies the whole file first, so this also tests the writer."""
    code: list[Instruction] = [
        ConstString(0, "text"),
        ConstString(0, "more", jumbo=True),
        Invoke("static", "android.util.Log", "d", f"({STRING}{STRING})I", (0, 0)),
        Invoke("virtual", "com.example.A", "many", "(IIIII)V", (0, 1, 2, 3, 4, 5)),
        FieldAccess("sget-object", 0, "com.example.A", "VERSION", STRING),
        NewInstance(0, "com.example.Gone"),
        ConstClass(0, "[Lcom/example/Other;"),
        Raw((0x0026, 5, 0, 0x000E, 0x0000, 0x0300, 1, 3, 0, 0x6E6E, 0x006E)),
    ]
    writer = DexWriter(version)
    writer.add_class("com.example.A", superclass="com.example.Base", interfaces=["java.lang.Runnable", "java.io.Closeable"],
                     static_strings={"VERSION": "1.2", "Ünï": "Käse 😀"},
                     static_fields=[StaticField("I", "I", -300), StaticField("J", "J"), StaticField("z", "Z", value=True)],
                     fields={"f": "[I"}, source_file="A.java",
                     methods=[Method("m", "(JI)V", code), Method("v", access=1), Method("n", access=0x101, code=None)])  # fmt: skip
    writer.add_class("com.example.Base").add_class("com.example.Äpfel")
    path = tmp_path / "written.dex"
    path.write_bytes(writer.build())
    compare_classes(path)
    compare_code(path)
    compare_static_strings(path)


@pytest.mark.network
@pytest.mark.parametrize(
    ("key", "entry"),
    [
        ("yosemite-1.4.3", "classes.dex"),
        ("appium-uia2-server-10.6.6", "classes10.dex"),
        ("apidemos-1.1.2", "classes.dex"),
    ],
)
def test_classes_of_real_apps(extracted: Callable[[str, str], Path], key: str, entry: str) -> None:
    compare_classes(extracted(key, entry))


@pytest.mark.network
@pytest.mark.parametrize(
    ("key", "entry"),
    [
        ("stfservice-3.7.9", "classes.dex"),
        ("appium-uia2-server-10.6.6", "classes10.dex"),
        ("appium-settings-2.5.1", "classes.dex"),
    ],
)
def test_code_of_real_apps(extracted: Callable[[str, str], Path], key: str, entry: str) -> None:
    compare_code(extracted(key, entry))


@pytest.mark.network
@pytest.mark.parametrize(("key", "entry"), [("apidemos-1.1.2", "classes.dex"), ("stfservice-3.7.9", "classes.dex")])
def test_static_strings_of_real_apps(extracted: Callable[[str, str], Path], key: str, entry: str) -> None:
    compare_static_strings(extracted(key, entry))
