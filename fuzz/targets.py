"""What is fuzzed: each target reads hostile bytes as the product does, and lets only the product's own errors out.

Nothing here needs atheris, so that the tests run every target over its seeds.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.catalogs import write_signatures  # noqa: E402 - the test support is not an installed package
from support.dexread import check_everything  # noqa: E402 - as above

from sdkfp import App, Catalog, Limits, SdkfpError, scan  # noqa: E402 - as above
from sdkfp.classfile import read_class  # noqa: E402 - as above
from sdkfp.container import open_container  # noqa: E402 - as above
from sdkfp.dex import open_dexes  # noqa: E402 - as above
from sdkfp.disclosure.check import check_policy  # noqa: E402 - as above
from sdkfp.disclosure.reading import open_policy  # noqa: E402 - as above
from sdkfp.elf import library_features, read_library  # noqa: E402 - as above
from sdkfp.features import FeatureSet  # noqa: E402 - as above
from sdkfp.manifest import read_manifest, read_manifests  # noqa: E402 - as above
from sdkfp.report import Report  # noqa: E402 - as above
from sdkfp.signature_reader import read_organization, read_signature  # noqa: E402 - as above
from sdkfp.signing import read_signers  # noqa: E402 - as above

__all__ = ["SIGNATURES", "TARGETS"]

LIMITS = Limits(max_entries=5_000, max_entry_bytes=8 << 20, max_total_bytes=32 << 20)
SIGNATURES = {
    "vendor-push": """
        clues: [{class: com.vendor.push.}, {service: com.vendor.push.PushService}, {library: 'libvendor*.so'}]
        version: [{constant: com.vendor.push.Conf.VERSION}]
    """,
    "vendor-core": "clues: [{class: com.vendor.core.}]",
}


@cache
def catalog() -> Catalog:
    """A few signatures, for what needs some."""
    with tempfile.TemporaryDirectory() as folder:
        return Catalog.load(write_signatures(Path(folder), SIGNATURES), builtin=False, cache=False)


@cache
def report() -> Report:
    """Of an app with these SDKs, for policies to be compared with."""
    from support.dexwriter import DexWriter  # noqa: PLC0415 - only for the one target

    dex = DexWriter().add_class("com.vendor.push.Conf").add_class("com.vendor.core.A").build()
    return scan(dex, catalog=catalog(), name="app.dex")


def container(data: bytes) -> None:
    """ZIP, tar, bare files and what is inside them: every entry, every part, and who signed."""
    with open_container(data, name="app.apk", limits=LIMITS) as opened:
        todo = [opened]
        while todo:
            one = todo.pop()
            for entry in one.entries.values():
                entry.head(16)
                with contextlib.suppress(SdkfpError):
                    entry.read()
            todo += [part for _, part in one.parts]
            read_signers(one)
            assert all(note.code and note.reason for note in one.not_examined)


def dex(data: bytes) -> None:
    """Dex files and containers of them: every table, instruction, value and name."""
    for found in open_dexes(data):
        check_everything(found)


def classfile(data: bytes) -> None:
    """Class files of Java."""
    read_class(data)


def manifest(data: bytes) -> None:
    """Binary XML, protocol buffers, plain XML and module.json; behind a mark the resource table."""
    body, _, resources = data.partition(b"\xf0RESOURCES\xf0")
    read = read_manifest(body, resources=lambda: resources)
    for column in read.features("app.apk!AndroidManifest.xml"):
        assert all(isinstance(name, str) and name for name in column.names)
        "".join(column.names).encode()


def elf(data: bytes) -> None:
    """Native libraries, with LIEF behind the wrapper."""
    library = read_library(data)
    library_features(library, "libx.so", "app.apk!lib/arm64-v8a/libx.so").format().encode("utf-8", "backslashreplace")
    assert all(code.startswith("elf-") for code, _ in library.unread)


def hap(data: bytes) -> None:
    """Packages of HarmonyOS: manifests of modules, nested packages, and the features of all."""
    with App.open(data, name="app.hap", limits=LIMITS) as app:
        read_manifests(app.container)
        app.features().format().encode("utf-8", "backslashreplace")


def policy(data: bytes) -> None:
    """Privacy policies in every form, and what is read from them."""
    name = "policy.md" if data[:1] == b"#" else "policy.txt"
    check_policy(report(), open_policy(data, name=name), catalog())


def signature(data: bytes) -> None:
    """Signature and organization files."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vendor-push.yaml"
        path.write_bytes(data)
        _, issues = read_signature(path, catalog().vocabulary)
        assert all(issue.line > 0 and issue.column > 0 for issue in issues)
        read_organization(path)


def features(data: bytes) -> None:
    """The text notation."""
    text = data.decode("utf-8", "surrogateescape")
    found = FeatureSet.parse(text)
    assert FeatureSet.parse(found.format()).format() == found.format()


def app(data: bytes) -> None:
    """The whole scan, and the report as JSON and back."""
    found = scan(data, catalog=catalog(), name="app.apk", limits=LIMITS)
    again = Report.from_json(found.to_json(indent=0))
    assert again.to_json(indent=0) == found.to_json(indent=0)


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    found.__name__: found for found in (container, dex, classfile, manifest, elf, hap, policy, signature, features, app)
}
