"""JNI names, as the JNI specification resolves them."""

from __future__ import annotations

import pytest

from sdkfp.elf import JniMethod, jni_method


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("Java_com_vendor_Native_start", JniMethod("com.vendor.Native", "start", None)),
        ("Java_pkg_Cls_f__ILjava_lang_String_2", JniMethod("pkg.Cls", "f", "ILjava/lang/String;")),
        ("Java_pkg_Cls_f___3I_3Ljava_lang_String_2", JniMethod("pkg.Cls", "f", "[I[Ljava/lang/String;")),
        ("Java_pkg_Cls_f__", JniMethod("pkg.Cls", "f", "")),
        ("Java_com_my_1app_Some_1Class_get_1it", JniMethod("com.my_app.Some_Class", "get_it", None)),
        ("Java_com_a_Outer_00024Inner_run", JniMethod("com.a.Outer$Inner", "run", None)),
        ("Java_com_a_B_caf_000e9", JniMethod("com.a.B", "café", None)),
        ("Java_B_run", JniMethod("B", "run", None)),
        ("Java_run", None),
        ("Java_", None),
        ("JNI_OnLoad", None),
        ("JavaScript_com_a_B_c", None),
    ],
)
def test_a_symbol_gives_class_method_and_arguments(symbol: str, expected: JniMethod | None) -> None:
    assert jni_method(symbol) == expected
