"""Constants that code makes: class initialisers and methods that return one thing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.dexcode import (
    ConstString,
    FieldAccess,
    Instruction,
    Invoke,
    Method,
    NewInstance,
    Raw,
    ReturnVoid,
    StaticField,
)
from support.dexpatch import read
from support.dexwriter import DexWriter

from sdkfp.dex import computed_constants, open_dexes

STRING = "Ljava/lang/String;"
BUILDER = "java.lang.StringBuilder"


def const(register: int, value: int) -> Raw:
    return Raw((0x13 | register << 8, value & 0xFFFF), register + 1)


def return_object(register: int) -> Raw:
    return Raw((0x11 | register << 8,), register + 1)


def move_result(register: int) -> Raw:
    return Raw((0x0C | register << 8,), register + 1)


def put(register: int, name: str, type_: str = STRING, owner: str = "com.a.Version") -> FieldAccess:
    return FieldAccess("sput-object", register, owner, name, type_)


def initialised(*code: Instruction) -> dict[str, str]:
    """What the class initialiser of ``com.a.Version`` is read as."""
    return found(Method("<clinit>", code=(*code, ReturnVoid())))


def returned(*code: Instruction) -> dict[str, str]:
    """What ``com.a.Version.get()`` is read as."""
    return found(Method("get", f"(){STRING}", code=code))


def found(*methods: Method, wanted: set[str] | None = None) -> dict[str, str]:
    (dex,) = open_dexes(DexWriter().add_class("com.a.Version", methods=list(methods)).build())
    names, values = computed_constants(dex, wanted)
    return dict(zip(names, values, strict=True))


def test_a_string_put_into_a_static_field() -> None:
    assert initialised(ConstString(0, "1.2.3"), put(0, "NAME")) == {"com.a.Version.NAME": "1.2.3"}
    assert initialised(ConstString(0, "1"), put(0, "NAME"), ConstString(0, "2"), put(0, "NAME")) == {
        "com.a.Version.NAME": "2"
    }
    assert initialised(ConstString(0, "1.2", jumbo=True), put(0, "NAME")) == {"com.a.Version.NAME": "1.2"}


def test_a_string_returned_by_a_method() -> None:
    assert returned(ConstString(0, "okhttp/3.12.1"), return_object(0)) == {"com.a.Version.get()": "okhttp/3.12.1"}
    moved = Raw((0x07 | 1 << 8 | 0 << 12,), 2)  # move-object v1, v0
    assert returned(ConstString(0, "4.13"), moved, return_object(1)) == {"com.a.Version.get()": "4.13"}


def test_an_object_is_what_it_was_made_of() -> None:
    made = (
        NewInstance(0, "com.a.Version"),
        const(1, 1),
        Raw((0x12 | 2 << 8 | 9 << 12 & 0xFFFF,), 3),  # const/4 v2, -7
        const(3, 22),
        Invoke("direct", "com.a.Version", "<init>", "(III)V", (0, 1, 2, 3)),
    )
    assert returned(*made, return_object(0)) == {"com.a.Version.get()": "1 -7 22"}
    assert initialised(*made, put(0, "CURRENT", "Lcom/a/Version;")) == {"com.a.Version.CURRENT": "1 -7 22"}
    parsed = Invoke("static", "com.a.Util", "parse", f"({STRING}{STRING})Lcom/a/Version;", (0, 1))
    assert initialised(
        ConstString(0, "2.9"), ConstString(1, "core"), parsed, move_result(0), put(0, "V", "Lcom/a/Version;")
    ) == {"com.a.Version.V": "2.9 core"}


def test_strings_that_are_put_together() -> None:
    def append(register: int) -> tuple[Instruction, ...]:
        return (
            Invoke("virtual", BUILDER, "append", f"({STRING})Ljava/lang/StringBuilder;", (0, register)),
            move_result(0),
        )

    built: tuple[Instruction, ...] = (
        NewInstance(0, BUILDER),
        Invoke("direct", BUILDER, "<init>", "()V", (0,)),
        ConstString(1, "kit/"),
        *append(1),
        ConstString(1, "7.5"),
        *append(1),
        Invoke("virtual", BUILDER, "toString", f"(){STRING}", (0,)),
        move_result(0),
    )
    assert returned(*built, return_object(0)) == {"com.a.Version.get()": "kit/7.5"}
    assert initialised(
        ConstString(1, "1.0"), put(1, "A"), FieldAccess("sget-object", 2, "com.a.Version", "A", STRING), put(2, "B")
    ) == {"com.a.Version.A": "1.0", "com.a.Version.B": "1.0"}


def test_many_arguments_are_in_registers_that_follow_one_another() -> None:
    values = [ConstString(n, f"{n}") for n in range(8)]
    call = Invoke("static", "com.a.Map", "of", f"({STRING * 8})Lcom/a/Map;", tuple(range(8)))
    assert returned(*values, call, move_result(0), return_object(0)) == {"com.a.Version.get()": "0 1 2 3 4 5 6 7"}


@pytest.mark.parametrize(
    "code",
    [
        (Invoke("static", "com.a.Util", "now", f"(){STRING}"), move_result(0)),
        (
            ConstString(0, "1"),
            Invoke("static", "com.a.Util", "f", f"({STRING}{STRING}){STRING}", (0, 1)),
            move_result(0),
        ),
        (NewInstance(0, "com.a.B"), Invoke("direct", "com.a.B", "<init>", f"({STRING})V", (0, 3))),
        (ConstString(0, "1.0"), Raw((0x28 | 1 << 8,))),  # goto
        (ConstString(0, "1.0"), Raw((0x38, 2))),  # if-eqz
        (ConstString(0, "1.0"), Raw((0x90, 0x0201), 3)),  # add-int v0, v1, v2
        (const(0, 0),),  # null
        (FieldAccess("sget-object", 0, "com.b.Other", "VERSION", STRING),),
        (ConstString(1, "1.0"),),
    ],
)
def test_what_is_not_known_is_left_out(code: tuple[Instruction, ...]) -> None:
    assert returned(*code, return_object(0)) == {}
    assert "com.a.Version.NAME" not in initialised(*code, put(0, "NAME"))


def test_a_field_of_another_class_is_not_this_classes_constant() -> None:
    assert initialised(ConstString(0, "1.0"), put(0, "VERSION", owner="com.b.Other")) == {}


def test_only_methods_without_arguments_that_return_an_object() -> None:
    code = (ConstString(0, "1.0"), return_object(0))
    assert found(Method("version", f"(I){STRING}", code=code), Method("version2", "()I", code=code)) == {}


def test_only_what_is_wanted_is_followed() -> None:
    code = (ConstString(0, "1.0"), return_object(0))
    start = (ConstString(0, "2.0"), put(0, "NAME"), ConstString(0, "3.0"), put(0, "OTHER"), ReturnVoid())
    methods = (
        Method("<clinit>", code=start),
        Method("get", f"(){STRING}", code=code),
        Method("name", f"(){STRING}", code=code),
    )
    assert found(*methods, wanted={"com.a.Version.get()", "com.a.Version.OTHER", "com.b.None.get()"}) == {
        "com.a.Version.OTHER": "3.0",
        "com.a.Version.get()": "1.0",
    }
    assert found(*methods, wanted=set()) == {}


def test_without_names_the_ones_that_speak_of_a_version_are_followed() -> None:
    code = (ConstString(0, "1.0"), return_object(0))
    start = (
        ConstString(0, "2.0"),
        put(0, "SDK_VERSION", owner="com.a.B"),
        put(0, "URL", owner="com.a.B"),
        ReturnVoid(),
    )
    methods = [
        Method("<clinit>", code=start),
        Method("getVersion", f"(){STRING}", code=code),
        Method("url", f"(){STRING}", code=code),
    ]
    (dex,) = open_dexes(
        DexWriter().add_class("com.a.B", methods=methods, static_fields=[StaticField("SDK_VERSION", STRING)]).build()
    )
    assert computed_constants(dex) == (["com.a.B.SDK_VERSION", "com.a.B.getVersion()"], ["2.0", "1.0"])


def test_values_are_bounded() -> None:
    long = "9" * 5000
    call = Invoke("static", "com.a.Util", "f", f"({STRING}{STRING}{STRING}{STRING}){STRING}", (0, 0, 0, 0))
    doubled = [part for _ in range(60) for part in (call, move_result(0))]
    (value,) = returned(ConstString(0, long), *doubled, return_object(0)).values()
    assert len(value) == 1000


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_code_gives_constants_or_none(data: st.DataObject) -> None:
    units = data.draw(st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=40))
    methods = [
        Method("<clinit>", code=[Raw(tuple(units), 16)]),
        Method("get", f"(){STRING}", code=[ConstString(0, "1"), Raw(tuple(units), 16)]),
    ]
    dex = read(DexWriter().add_class("com.a.Version", methods=methods).build())
    names, values = computed_constants(dex)
    assert len(names) == len(values)
    assert all(isinstance(value, str) for value in values)
