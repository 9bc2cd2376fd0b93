"""What the reader says of dex files whose content is known, because the test wrote them."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from support.dexread import check_everything
from support.dexwriter import (
    ConstClass,
    ConstString,
    DexWriter,
    Encoded,
    FieldAccess,
    Invoke,
    Method,
    NewInstance,
    Raw,
    ReturnVoid,
    StaticField,
    build_container,
)

from sdkfp.dex import NO_INDEX, Dex, decode_mutf8, java_name, open_dexes
from sdkfp.errors import DexError

STRING = "Ljava/lang/String;"


def read(writer: DexWriter) -> Dex:
    (dex,) = open_dexes(writer.build())
    return dex


def sample(version: str = "035") -> DexWriter:
    return (
        DexWriter(version)
        .add_class("com.example.Base", interfaces=["java.lang.Runnable", "com.example.Api"])
        .add_class("com.example.Api", access=0x601)
        .add_class(
            "com.example.A$B",
            superclass="com.example.Base",
            static_strings={"VERSION": "1.2", "NAME": "Käse 😀"},
            methods=[
                Method(
                    "m",
                    "([Ljava/lang/String;J)I",
                    [
                        ConstString(0, "hello"),
                        ConstString(0, "jumbo", jumbo=True),
                        Invoke("static", "android.util.Log", "d", f"({STRING}{STRING})I", (0, 0)),
                        FieldAccess("sget-object", 0, "com.example.A$B", "VERSION", STRING),
                        NewInstance(0, "com.example.Gone"),
                        ConstClass(0, "[Lcom/example/Mentioned;"),
                        Raw((0x000F,), 1),
                    ],
                ),
                Method("nothing", access=0x101, code=None),
            ],
        )
    )


@pytest.mark.parametrize("version", ["035", "036", "037", "038", "039", "040", "041"])
def test_every_version_is_read_alike(version: str) -> None:
    dex = read(sample(version))
    assert dex.version == version
    assert dex.class_names == ["com.example.Api", "com.example.Base", "com.example.A$B"]
    assert dex.verify() == ()
    check_everything(dex)
    assert dex.problems == ()


def test_classes_with_superclass_and_interfaces() -> None:
    dex = read(sample())
    names = [java_name(descriptor) for descriptor in dex.type_descriptors]

    def pairs(rows: list[int], types: list[int]) -> list[tuple[str, str]]:
        return [(dex.class_names[row], names[type_idx]) for row, type_idx in zip(rows, types, strict=True)]

    assert pairs(dex.superclasses.class_row.tolist(), dex.superclasses.type_idx.tolist()) == [
        ("com.example.Api", "java.lang.Object"),
        ("com.example.Base", "java.lang.Object"),
        ("com.example.A$B", "com.example.Base"),
    ]
    assert pairs(dex.interfaces.class_row.tolist(), dex.interfaces.type_idx.tolist()) == [
        ("com.example.Base", "java.lang.Runnable"),
        ("com.example.Base", "com.example.Api"),
    ]
    assert dex.classes.access_flags.tolist() == [0x601, 1, 1]
    assert dex.classes.source_file_idx.tolist() == [NO_INDEX] * 3


def test_class_without_superclass() -> None:
    dex = read(DexWriter().add_class("java.lang.Object", superclass=None))
    assert len(dex.superclasses) == 0
    assert dex.problems == ()


def test_mentioned_classes_are_not_defined_ones() -> None:
    dex = read(sample().mention("com.example.Base", "[[Lcom/example/Mentioned;", "com.example.Last"))
    assert dex.referenced_class_names == [
        "android.util.Log",
        "com.example.Gone",
        "com.example.Last",
        "java.lang.Object",
        "java.lang.Runnable",
        "java.lang.String",
        "com.example.Mentioned",
    ]


def test_methods_and_their_code() -> None:
    dex = read(sample())
    methods = [dex.method_reference(index) for index in dex.encoded_methods.method_idx.tolist()]
    assert methods == [
        "Lcom/example/A$B;->m([Ljava/lang/String;J)I",
        "Lcom/example/A$B;->nothing()V",
    ]
    assert dex.encoded_methods.access_flags.tolist() == [9, 0x101]
    assert dex.encoded_methods.owner.tolist() == [2, 2]
    assert dex.encoded_methods.code_off[1] == 0
    assert dex.code.insns_size.tolist() == [15]
    assert dex.code.registers_size.tolist() == [4]
    assert dex.code.size.tolist() == [16 + 2 * 15]
    assert dex.class_code_bytes.tolist() == [0, 0, 16 + 2 * 15]


def test_instructions_and_what_they_name() -> None:
    dex = read(sample())
    opcodes = [0x1A, 0x1B, 0x71, 0x62, 0x22, 0x1C, 0x0F]
    assert dex.instructions.opcode.tolist() == opcodes
    begin = int(dex.code.code_off[0]) // 2 + 8
    assert (dex.instructions.position - begin).tolist() == [0, 2, 5, 8, 10, 12, 14]
    assert [dex.string(index) for index in dex.string_constants().index.tolist()] == [b"hello", b"jumbo"]
    assert [dex.method_reference(index) for index in dex.calls().index.tolist()] == [
        "Landroid/util/Log;->d(Ljava/lang/String;Ljava/lang/String;)I"
    ]
    assert [dex.field_reference(index) for index in dex.field_accesses().index.tolist()] == [
        "Lcom/example/A$B;->VERSION:Ljava/lang/String;"
    ]
    assert [dex.type_descriptors[index] for index in dex.type_uses().index.tolist()] == [
        b"Lcom/example/Gone;",
        b"[Lcom/example/Mentioned;",
    ]


def test_every_kind_of_call() -> None:
    kinds = ("virtual", "super", "direct", "static", "interface")
    calls = [Invoke(kind, "com.example.X", "few", "()V", (0,)) for kind in kinds]
    calls += [Invoke(kind, "com.example.X", "many", "()V", tuple(range(6))) for kind in kinds]
    polymorphic = Raw((0xFA | 1 << 12, 0, 0, 0, 0x0E))
    dex = read(DexWriter("039").add_class("com.example.A", methods=[Method("m", code=[*calls, polymorphic])]))
    opcodes = [*range(0x6E, 0x73), *range(0x74, 0x79), 0xFA]
    assert dex.calls().opcode.tolist() == opcodes
    assert dex.problems == ()


def test_payloads_are_instructions_and_are_passed_over() -> None:
    # fill-array-data of three bytes, whose data look like calls; packed and sparse switch; a nop for alignment
    array = (0x0300, 1, 3, 0, 0x6E6E, 0x006E)
    packed = (0x0100, 2, 0, 0, 0x6E, 0x6E, 0x6E, 0x6E)
    sparse = (0x0200, 1, 0x6E, 0x6E, 0x6E, 0x6E)
    code = Raw((0x0026, 8, 0, 0x002B, 11, 0, 0x000E, 0x0000, *array, *packed, *sparse))
    dex = read(DexWriter().add_class("com.example.A", methods=[Method("m", code=[code])]))
    begin = int(dex.code.code_off[0]) // 2 + 8
    assert (dex.instructions.position - begin).tolist() == [0, 3, 6, 7, 8, 14, 22]
    assert len(dex.calls()) == 0


def test_payload_longer_than_16_bits_of_units() -> None:
    code = Raw((0x0300, 2, 0x1170, 1, *([0x006E] * 70_000), 0x000E))
    methods = [Method(f"m{number}", code=[code if number == 3 else ReturnVoid()]) for number in range(50)]
    dex = read(DexWriter().add_class("com.example.A", methods=methods))
    assert np.bincount(dex.instructions.row).max() == 2
    assert len(dex.instructions) == 51


def test_many_methods_of_all_lengths_match_a_walk_one_by_one() -> None:
    """More methods than are walked one by one, so that both ways are taken."""
    rng = np.random.default_rng(7)
    widths = {0x0E: 1, 0x12: 1, 0x13: 2, 0x14: 3, 0x18: 5, 0x1A: 2, 0x6E: 3, 0x44: 2}
    methods, expected = [], []
    for number in range(200):
        count = int(rng.integers(1, 400 if number % 10 == 0 else 9))
        units: list[int] = []
        for opcode in rng.choice(list(widths), count).tolist():
            units += [opcode, *rng.integers(0, 1, widths[opcode] - 1).tolist()]
        methods.append(Method(f"m{number:03}", code=[Raw(tuple(units))]))
        expected.append(count)
    writer = DexWriter().add_class("com.example.A", methods=methods).mention("com.example.X")
    dex = read(writer)
    assert np.bincount(dex.instructions.row).tolist() == expected
    check_everything(dex)


def test_static_values_of_every_type() -> None:
    nested = Encoded(bytes([0x1C, 2, 0x1D, 0, 1, 0, 0x17, 0, 0x1E]))  # array {annotation {name = string}, null}
    fields = [
        StaticField("a", "Z", value=True),
        StaticField("b", "B", -5),
        StaticField("c", "S", -300),
        StaticField("d", "C", 65),
        StaticField("e", "I", 1 << 20),
        StaticField("f", "J", -(1 << 50)),
        StaticField("g", "F", Encoded(b"\x10\x3f")),
        StaticField("h", "D", Encoded(b"\xf1" + bytes(8))),
        StaticField("i", "[Ljava/lang/Object;", nested),
        StaticField("j", "Ljava/lang/Class;", Encoded(b"\x18\x00")),
        StaticField("k", "Ljava/lang/Object;", Encoded(b"\x1e")),
        StaticField("l", "Ljava/lang/Object;", Encoded(b"\x3b\x00\x00")),
        StaticField("m", "Ljava/lang/Object;", Encoded(b"\x15\x00")),
        StaticField("n", "Ljava/lang/Object;", Encoded(b"\x76\x00\x00\x00\x00")),
        StaticField("o", "Ljava/lang/Object;", Encoded(b"\x39\x00\x00")),
        StaticField("p", "Ljava/lang/Object;", Encoded(b"\x1a\x00")),
        StaticField("z", STRING, "the last one"),
    ]
    dex = read(DexWriter().add_class("com.example.A", static_fields=fields))
    assert dex.static_string_constants() == (["com.example.A.z"], ["the last one"])
    assert dex.problems == ()


def test_static_strings_of_many_classes() -> None:
    writer = DexWriter()
    for number in range(30):
        writer.add_class(
            f"com.example.C{number:02}",
            static_strings={"VERSION": f"1.{number}"} if number % 3 else {},
            static_fields=[StaticField("COUNT", "I", number)],
            methods=[Method("m")],
        )
    dex = read(writer)
    names, values = dex.static_string_constants()
    assert names == [f"com.example.C{number:02}.VERSION" for number in range(30) if number % 3]
    assert values == [f"1.{number}" for number in range(30) if number % 3]
    rows = [row for row, _, _ in dex.static_string_values()]
    assert rows == [number for number in range(30) if number % 3]
    wanted = {"com.example.C04.VERSION", "com.example.C05.COUNT", "com.example.C06.VERSION", "nowhere.X"}
    assert dex.static_string_constants(wanted) == (["com.example.C04.VERSION"], ["1.4"])


def test_instance_fields_stand_between_static_fields_and_methods() -> None:
    dex = read(
        DexWriter().add_class(
            "com.example.A",
            static_fields=[StaticField("s", "I"), StaticField("t", "I")],
            fields={"a": "I", "b": "J", "c": STRING},
            methods=[Method("<init>", access=1), Method("v", access=1), Method("w", access=1), Method("z")],
        )
    )
    assert [dex.field_reference(i) for i in dex.static_fields.field_idx.tolist()] == [
        "Lcom/example/A;->s:I",
        "Lcom/example/A;->t:I",
    ]
    names = [dex.method_reference(i).partition("->")[2] for i in dex.encoded_methods.method_idx.tolist()]
    assert names == ["<init>()V", "z()V", "v()V", "w()V"]


def test_strings_of_all_sorts() -> None:
    texts = ["", "a", "x" * 127, "y" * 128, "z" * 20_000, "nul\0inside", "ümlaut", "漢字", "😀 pair"]
    dex = read(DexWriter().add_class("A", methods=[Method("m", code=[ConstString(0, text) for text in texts])]))
    found = [decode_mutf8(dex.string(index)) for index in dex.string_constants().index.tolist()]
    assert found == texts
    assert [dex.string(index) for index in range(len(dex.strings))] == dex.strings
    assert dex.strings_at(np.arange(len(dex.strings))) == dex.strings


def test_class_names_that_are_not_ascii() -> None:
    names = ["com.example.Ünï", "com.漢字.类", "o.😀", "plain.Name"]
    writer = DexWriter("040")
    for name in names:
        writer.add_class(name)
    assert sorted(read(writer).class_names) == sorted(names)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"plain", "plain"),
        (b"\xc0\x80", "\0"),
        (b"\xed\xa0\xbd\xed\xb8\x80", "😀"),
        (b"\xed\xa0\xbd", "\ufffd\ufffd\ufffd"),
        (b"a\xedb", "a\ufffdb"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"\xf0\x9f\x98\x80", "😀"),
        (b"", ""),
    ],
)
def test_mutf8(raw: bytes, text: str) -> None:
    assert decode_mutf8(raw) == text


def test_container_with_several_dex_files() -> None:
    writers = [
        sample("041"),
        DexWriter("041").add_class("com.example.Second", static_strings={"V": "2"}),
        sample("041"),
    ]
    data = build_container(writers)
    first, second, third = open_dexes(data)
    assert first.class_names == third.class_names == ["com.example.Api", "com.example.Base", "com.example.A$B"]
    assert second.static_string_constants() == (["com.example.Second.V"], ["2"])
    assert sum(dex.size for dex in (first, second, third)) == len(data)
    for dex in (first, second, third):
        check_everything(dex)
        assert (dex.problems, dex.verify()) == ((), ())


def test_dex_file_of_a_container_that_uses_tables_of_a_later_one() -> None:
    """All offsets of a container count from its start, so that its dex files can share what stands later in it."""
    data = bytearray(build_container([sample("041"), sample("041")]))
    start = open_dexes(bytes(data))[1].header.offset
    for place in range(0x38, 0x68, 8):
        data[place : place + 8] = data[start + place : start + place + 8]
    first, second = open_dexes(bytes(data))
    check_everything(first)
    assert first.problems == ()
    assert first.class_names == second.class_names
    assert first.classes.class_data_off.tolist() == second.classes.class_data_off.tolist()


def test_verify_tells_a_changed_file() -> None:
    data = bytearray(sample().build())
    data[-1] ^= 1
    (dex,) = open_dexes(bytes(data))
    assert len(dex.verify()) == 2


def test_references_outside_the_tables_are_refused() -> None:
    dex = read(sample())
    for ask in (dex.method_reference, dex.field_reference):
        for index in (-1, 10_000):
            with pytest.raises(DexError, match="there is no"):
                ask(index)


def test_an_empty_dex_file() -> None:
    dex = read(DexWriter())
    check_everything(dex)
    assert dex.class_names == dex.referenced_class_names == []
    assert len(dex.instructions) == 0
    assert dex.problems == ()


def test_nothing_is_read_before_it_is_asked_for() -> None:
    """Asking for class names must neither split the string table nor decode code."""
    dex = read(sample())
    assert dex.class_names
    done = set(vars(dex))
    assert not done & {"code", "instructions", "encoded_methods", "_class_data"}


def test_the_front_package_loads_no_numpy() -> None:
    script = "import sys, sdkfp.errors, sdkfp.features; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
