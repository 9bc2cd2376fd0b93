"""A made app whose parties hang together in every way that the graph knows, and its signatures."""

from __future__ import annotations

from support import elfwriter
from support.axmlwriter import E, manifest
from support.dexwriter import ConstClass, ConstString, DexWriter, FieldAccess, Instruction, Invoke, Method, NewInstance
from support.zipwriter import build_zip

__all__ = ["SIGNATURES", "app", "first_dex", "load", "second_dex"]

SIGNATURES = {
    "push": "clues: [{class: com.vendor.push.}, {library: libpush.so}]\nrequires: [core, absent]\nbundles: [json]",
    "core": "clues: [{class: com.vendor.core.}, {soname: libcore.so}]",
    "ads": "clues: [{class: com.maker2.ads.}]",
    "json": "clues: [{class: com.maker2.json.}]",
    "ssl": "clues: [{symbol: ssl_of_nobody_else}]",
    "idle": "clues: [{class: com.maker2.idle.}]",
    "shell": "clues: [{service: com.maker2.shell.Run}, {class: com.maker2.shell.}]",
    "absent": "clues: [{class: com.maker2.absent.}]",
}


DEVICE_ID = ("getDeviceId", "()Ljava/lang/String;")


def load(name: str, owner: str = "java.lang.System", register: int = 0) -> list[Instruction]:
    """Load a library by a constant name."""
    method = "load" if "/" in name else "loadLibrary"
    return [
        ConstString(register, name),
        Invoke("static", owner, method, "(Ljava/lang/String;)V", (register,)),
    ]


def first_dex() -> DexWriter:
    call_core = Invoke("static", "com.vendor.core.Core", "init")
    return (
        DexWriter()
        .add_class(
            "com.maker.app.Main",
            superclass="com.maker2.ads.BannerActivity",
            methods=[
                Method("onCreate", code=[Invoke("static", "com.vendor.push.Push", "start"), *load("own")]),
                Method("onPause", code=[Invoke("static", "com.vendor.push.Push", "stop")]),
            ],
        )
        .add_class(
            "com.vendor.push.Push",
            interfaces=["com.vendor.core.Plugin", "java.lang.Runnable"],
            methods=[
                Method("start", code=[call_core, call_core, ConstClass(0, "com.vendor.core.Core"), *load("push")]),
                Method("stop", code=[call_core, Invoke("static", "com.maker2.absent.Gone", "m")]),
                Method("read", code=[Invoke("virtual", "android.telephony.TelephonyManager", *DEVICE_ID, (0,))]),
                Method(
                    "own",
                    code=[Invoke("static", "com.vendor.push.Push", "start"), NewInstance(0, "[Lcom/maker2/json/Json;")],
                ),
            ],
        )
        .add_class("com.vendor.push.PushService", superclass="android.app.Service")
        .add_class("com.vendor.push.Native", methods=[Method("start", code=None, access=0x109)])
    )


def second_dex() -> DexWriter:
    core = "com.vendor.core.Core"
    return (
        DexWriter()
        .add_class(core, methods=[Method("init", code=[*load("/data/app/lib/libcore.so", "java.lang.Runtime", 3)])])
        .add_class("com.vendor.core.Plugin", access=0x601)
        .add_class(
            "com.maker2.ads.BannerActivity",
            superclass="android.app.Activity",
            methods=[Method("show", code=[FieldAccess("sget-object", 0, core, "INSTANCE", "Lcom/vendor/core/Core;")])],
        )
        .add_class("com.maker2.json.Json")
        .add_class(
            "com.maker2.idle.Idle", methods=[Method("m", code=[Invoke("static", "com.maker2.json.Json", "parse")])]
        )
        .add_class("org.strange.thing.deep.A", methods=[Method("m", code=[Invoke("static", core, "init")])])
        .add_class("org.strange.thing.B")
    )


def app(**more: bytes) -> bytes:
    """The APK."""
    push = elfwriter.SharedObject(
        soname="libpush.so",
        needed=["libcore.so", "liblog.so"],
        symbols=[elfwriter.Symbol("Java_com_vendor_push_Native_start"), elfwriter.Symbol("ssl_of_nobody_else")],
    )
    own = elfwriter.SharedObject(soname="libown.so", needed=["libpush.so"])
    core = elfwriter.SharedObject(soname="libcore.so")
    components = [
        E("service", {"android:name": "com.vendor.push.PushService"}),
        E("service", {"android:name": "com.maker2.shell.Run"}),
        E("activity", {"android:name": "com.maker.app.Main"}),
        E("receiver", {"android:name": "org.strange.thing.B"}),
    ]
    entries = {
        "AndroidManifest.xml": manifest("com.maker.app", components=components),
        "classes.dex": first_dex().build(),
        "classes2.dex": second_dex().build(),
        "lib/arm64-v8a/libpush.so": elfwriter.write(push),
        "lib/x86_64/libpush.so": elfwriter.write(push),
        "lib/arm64-v8a/libown.so": elfwriter.write(own),
        "lib/arm64-v8a/libcore-1.so": elfwriter.write(core),
    }
    return build_zip({**entries, **more})
