"""Rules in a scan: features, evidence with offsets, packers, the catalog's strictness and its cache."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from support import elfwriter
from support.axmlwriter import manifest
from support.catalogs import catalog_of, write_signatures
from support.dexcode import ConstString, Method
from support.dexwriter import DexWriter
from support.zipwriter import build_zip

import sdkfp
from sdkfp import Catalog, SignatureError

ROOT = Path(__file__).parents[2]
URL = "https://api.vendor.example/v1"
SIGNATURES = {
    "vendor-net": "clues: [{class: com.vendor.net.}, {yara: endpoint}, {file: assets/net.cfg, strength: hint}]",
    "vendor-net.yar": rf'rule endpoint {{ meta: target = "dex" strings: $url = "\x1d{URL}\x00" condition: $url }}',
    "engine": """
        clues: [{yara: banner}]
        version: [{yara: banner, pattern: 'engine ([0-9.]+)'}]
    """,
    "engine.yar": r"""
        rule banner {
            meta:
                target = "elf"
            strings:
                $version = /Vendor engine [0-9.]{3,9}/
            condition:
                $version
        }
    """,
    "model": "clues: [{yara: weights}, {library: libmodel.so, strength: hint}]",
    "model.yar": r"""
        rule weights {
            meta:
                target = "file"
                path = "assets/*.model"
            strings:
                $magic = { 4D 4F 44 01 }
            condition:
                $magic at 0
        }
    """,
    "pair": "clues: [{yara: both}]",
    "pair.yar": r"""
        rule both {
            meta:
                target = "features"
                kinds = "library file"
            strings:
                $library = "\nlibrary libpair.so @ "
                $file = "\nfile assets/pair.json @ "
            condition:
                all of them
        }
    """,
}


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return catalog_of(tmp_path_factory.mktemp("sigs"), SIGNATURES)


def renamed_dex(text: str = URL) -> bytes:
    return DexWriter().add_class("a.a", methods=[Method("a", code=[ConstString(0, text)])]).build()


def library(data: bytes = b"") -> bytes:
    return elfwriter.write(elfwriter.SharedObject(data=data))


def app_of(**files: bytes) -> bytes:
    return build_zip({"AndroidManifest.xml": manifest("com.maker.app"), "classes.dex": renamed_dex("-"), **files})


def test_a_renamed_sdk_is_suspected_with_its_string_as_evidence(catalog: Catalog) -> None:
    data = app_of(**{"classes.dex": renamed_dex()})
    report = sdkfp.scan(data, catalog=catalog, name="a.apk")
    (sdk,) = report.sdks
    assert (sdk.id, sdk.certainty.value) == ("vendor-net", "suspected")
    (evidence,) = sdk.evidence
    assert (evidence.kind.value, evidence.grade.value, evidence.feature) == (
        "yara",
        "string",
        "yara vendor-net/endpoint",
    )
    assert evidence.location == "a.apk!classes.dex"
    (found,) = evidence.strings
    assert (found.identifier, found.excerpt) == ("$url", f"\\x1d{URL}\\x00")
    assert renamed_dex()[found.offset : found.offset + 31] == f"\x1d{URL}\0".encode()
    jsonschema.Draft202012Validator(sdkfp.json_schema()).validate(json.loads(report.to_json()))
    assert sdkfp.Report.from_json(report.to_json()) == report


WHOLE = r'rule whole { meta: target = "dex" strings: $magic = "dex\n03" condition: $magic at 0 }'
STRINGS = rf'rule endpoint {{ meta: target = "dex" part = "strings" strings: $url = "\x1d{URL}\x00" condition: $url }}'


@pytest.mark.parametrize(
    ("rules", "found"),
    [
        pytest.param({"strings": STRINGS}, {"strings": "$url"}, id="strings only"),
        pytest.param(
            {"strings": STRINGS, "whole": WHOLE}, {"strings": "$url", "whole": "$magic"}, id="another rule wants more"
        ),
        pytest.param({"strings": WHOLE.replace('"dex"', '"dex" part = "strings"')}, {}, id="no string of the file"),
    ],
)
def test_a_rule_may_be_content_with_the_strings_of_dex_files(
    rules: dict[str, str], found: dict[str, str], tmp_path: Path
) -> None:
    signatures = {sdk: f"clues: [{{yara: {rule.split()[1]}}}]" for sdk, rule in rules.items()}
    catalog = catalog_of(tmp_path, signatures | {f"{sdk}.yar": rule for sdk, rule in rules.items()})
    report = sdkfp.scan(app_of(**{"classes.dex": renamed_dex()}), catalog=catalog)
    hits = {sdk.id: sdk.evidence[0].strings[0] for sdk in report.sdks}
    assert {sdk: hit.identifier for sdk, hit in hits.items()} == found
    for sdk, hit in hits.items():
        start = {"strings": f"\x1d{URL}\0".encode(), "whole": b"dex\n03"}[sdk]
        assert renamed_dex()[hit.offset :].startswith(start)


def test_a_string_and_a_hint_of_another_kind_identify(catalog: Catalog) -> None:
    report = sdkfp.scan(app_of(**{"classes.dex": renamed_dex(), "assets/net.cfg": b"x"}), catalog=catalog)
    assert [(sdk.id, sdk.certainty.value) for sdk in report.sdks] == [("vendor-net", "identified")]


def test_a_statically_linked_library_and_its_version(catalog: Catalog) -> None:
    files = {f"lib/{abi}/libapp.so": library(b"Vendor engine 2.4.1\0") for abi in ("arm64-v8a", "x86")}
    report = sdkfp.scan(
        app_of(**files, **{"lib/x86/libno.so": b"Vendor engine 9.9.9\0"}), catalog=catalog, name="a.apk"
    )
    (sdk,) = report.sdks
    assert sdk.id == "engine"
    assert sdk.version is not None
    assert sdk.version.value == "2.4.1"
    assert [basis.feature for basis in sdk.version.basis] == [
        f"yara engine/banner=Vendor engine 2.4.1 @ a.apk!lib/{abi}/libapp.so" for abi in ("arm64-v8a", "x86")
    ]
    assert [note.code for note in report.not_examined] == ["library-malformed"]


def test_a_rule_reads_the_files_that_it_names(catalog: Catalog) -> None:
    hit, miss = b"MOD\1" + bytes(50), b"x" + b"MOD\1"
    report = sdkfp.scan(
        app_of(**{"assets/a.model": hit, "assets/a.bin": hit, "assets/b.model": miss}), catalog=catalog, name="a.apk"
    )
    (sdk,) = report.sdks
    assert [(evidence.feature, evidence.location) for evidence in sdk.evidence] == [
        ("yara model/weights", "a.apk!assets/a.model")
    ]


def test_a_rule_sees_the_features_of_the_whole_app(catalog: Catalog) -> None:
    files = {"lib/x86/libpair.so": library(), "assets/pair.json": b"{}"}
    (sdk,) = sdkfp.scan(app_of(**files), catalog=catalog, name="a.apk").sdks
    (evidence,) = sdk.evidence
    assert (evidence.location, {found.excerpt for found in evidence.strings}) == (
        "a.apk",
        {"library libpair.so @ a.apk!lib/x86/libpair.so", "file assets/pair.json @ a.apk"},
    )
    assert sdkfp.scan(app_of(**{"lib/x86/libpair.so": library()}), catalog=catalog).sdks == ()


def test_rules_that_take_too_long_leave_a_note_and_the_rest_is_reported(tmp_path: Path) -> None:
    slow = """
        rule slow {
            meta:
                target = "elf"
            condition:
                for all i in (0..filesize - 1) : ( for all j in (0..filesize - 1) : ( uint8(i) + uint8(j) >= 0 ) )
        }
    """
    catalog = catalog_of(tmp_path, {"slow": "clues: [{class: com.slow.sdk.}, {yara: slow}]", "slow.yar": slow})
    data = app_of(
        **{
            "classes.dex": DexWriter().add_class("com.slow.sdk.A").build(),
            "lib/x86/liba.so": library(bytes(3_000_000)),
            "lib/x86/libb.so": library(bytes(3_000_000)),
        }
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sdkfp.rules._MOST_SECONDS", 0.2)
        report = sdkfp.scan(data, catalog=catalog, name="a.apk")
    assert [sdk.id for sdk in report.sdks] == ["slow"]
    assert [(note.location, note.code) for note in report.not_examined] == [
        ("a.apk!lib/x86/liba.so", "rules-timeout"),
        ("a.apk!lib/x86/libb.so", "rules-timeout"),
    ]
    assert "longer than 1 s" in report.not_examined[0].reason
    assert "before it" in report.not_examined[1].reason


# --- Packers ---------------------------------------------------------------------------------------------------------------

SHELLS = {
    "qihoo-jiagu": app_of(
        **{"classes.dex": DexWriter().add_class("com.stub.StubApp").build(), "assets/libjiagu.so": library()}
    ),
    "tencent-legu": app_of(**{"assets/0OO00l111l1l": b"x", "assets/o0oooOO0ooOo.dat": b"y"}),
    "ijiami": app_of(**{"assets/ijiami.dat": b"x"}),
    "dexprotector": app_of(**{"lib/arm64-v8a/libdexprotector.so": library()}),
    "nmmp": app_of(**{"lib/x86/libmine.so": elfwriter.write(elfwriter.SharedObject(needed=("libnmmvm.so",)))}),
}


@pytest.mark.parametrize("packer", sorted(SHELLS))
def test_a_packer_is_reported_so_that_nothing_found_is_not_taken_for_clean(packer: str) -> None:
    report = sdkfp.scan(SHELLS[packer], name="a.apk")
    (found,) = report.unexplained.packers
    assert found.id == packer
    assert found.name.en
    for evidence in found.evidence:
        assert evidence.why
        assert evidence.source.startswith(("https://", "pkg:"))
        assert evidence.strings
    assert packer not in [sdk.id for sdk in report.sdks]
    jsonschema.Draft202012Validator(sdkfp.json_schema()).validate(json.loads(report.to_json()))


@pytest.mark.parametrize("app", [ROOT / "examples/hello.apk", ROOT / "examples/hello-r8.apk"])
def test_an_app_that_is_not_packed_has_no_packer(app: Path) -> None:
    assert sdkfp.scan(app).unexplained.packers == ()


def test_the_table_shows_the_packer(tmp_path: Path) -> None:
    path = tmp_path / "a.apk"
    path.write_bytes(SHELLS["qihoo-jiagu"])
    lines = {
        language: subprocess.run(
            [sys.executable, "-m", "sdkfp", "scan", str(path), "--lang", language], capture_output=True, check=True
        ).stdout.decode()
        for language in ("en", "zh")
    }
    assert "Packed or hardened: 360 Jiagu" in lines["en"]
    assert "may still be inside" in lines["en"]
    assert "加固或加壳" in lines["zh"]


# --- The catalog -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signatures", "message"),
    [
        ({"a": "clues: [{yara: missing}]"}, "a.yaml:1:1: 'missing' is no rule of a.yar"),
        (
            {"a": "clues: [{class: com.a.sdk.}]\nversion: [{yara: other, pattern: '(x)'}]"},
            "a.yaml:1:1: 'other' is no rule of a.yar",
        ),
        (
            {"a": "clues: [{class: com.a.sdk.}]", "b.yar": "rule b { condition: true }"},
            "b.yar:1:1: no signature b.yaml lies beside these rules",
        ),
        (
            {"a": "clues: [{yara: r}]", "a.yar": 'rule r {\n  meta: target = "dex"\n  condition: $x\n}'},
            'a.yar:4:1: undefined string "$x"',
        ),
    ],
)
def test_mistakes_in_rules_are_mistakes_of_the_catalog(
    signatures: dict[str, str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(SignatureError) as error:
        catalog_of(tmp_path, signatures)
    assert message in str(error.value)


def test_rules_of_a_replaced_signature_go_with_it(tmp_path: Path) -> None:
    first = write_signatures(tmp_path / "one", {key: SIGNATURES[key] for key in ("vendor-net", "vendor-net.yar")})
    second = write_signatures(tmp_path / "two", {"vendor-net": "clues: [{class: com.other.net.}]"})
    catalog = Catalog.load(first, second, builtin=False, cache=False)
    assert catalog.rules.targets == ()
    again = Catalog.load(second, first, builtin=False, cache=False)
    assert again.rules.names("dex") == ("vendor-net/endpoint",)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "cache"
    monkeypatch.setenv("SDKFP_CACHE_DIR", str(directory))
    return directory


def test_compiled_rules_are_cached_beside_the_catalog(tmp_path: Path, cache: Path) -> None:
    directory = write_signatures(tmp_path / "s", SIGNATURES)
    fresh = Catalog.load(directory, builtin=False)
    assert fresh.rules.names("elf") == ("engine/banner",)
    (file,) = cache.glob("rules-*")
    written = file.stat().st_mtime_ns
    again = Catalog.load(directory, builtin=False)
    assert again.rules.names("elf") == ("engine/banner",)
    assert file.stat().st_mtime_ns == written
    assert sdkfp.scan(app_of(**{"classes.dex": renamed_dex()}), catalog=again).sdks
    for damage in (b"", file.read_bytes()[:-3], b"x" * 200):
        file.write_bytes(damage)
        assert Catalog.load(directory, builtin=False).rules.names("elf") == ("engine/banner",)
        assert len(file.read_bytes()) > 200  # compiled again and written again


def test_a_changed_rule_makes_another_catalog(tmp_path: Path, cache: Path) -> None:
    directory = write_signatures(tmp_path / "s", SIGNATURES)
    first = Catalog.load(directory, builtin=False)
    write_signatures(directory, {"engine.yar": SIGNATURES["engine.yar"].replace("banner", "other")})
    with pytest.raises(SignatureError, match="'banner' is no rule"):
        Catalog.load(directory, builtin=False)
    write_signatures(directory, {"engine.yar": SIGNATURES["engine.yar"].replace("Vendor", "Maker")})
    assert Catalog.load(directory, builtin=False).sha256 != first.sha256


def test_a_lookup_loads_no_rules() -> None:
    code = (
        "import sys; from sdkfp import Catalog; Catalog.load(); found = Catalog.load().lookup('com.adjust.sdk.Adjust'); "
        "print([s.signature.id for s in found], [m for m in ('yara', 'yara_x', 'lief', 'numpy') if m in sys.modules])"
    )
    subprocess.run([sys.executable, "-c", "from sdkfp import Catalog; Catalog.load()"], check=True)  # fill the cache
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.decode().strip() == "['adjust'] []"
