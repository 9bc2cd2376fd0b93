"""SDKs under other names: learned from artifacts, found in apps whose classes a shrinker renamed."""

from __future__ import annotations

import dataclasses
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
from support import realapps
from support.axmlwriter import manifest
from support.catalogs import write_signatures
from support.classwriter import class_file
from support.dexwriter import ConstString, DexWriter, Instruction, Invoke, Method, NewInstance
from support.zipwriter import build_zip

from sdkfp import Catalog, FeatureSet, identify, scan
from sdkfp.errors import CatalogError
from sdkfp.marks.format import Marks, MarksError, Release, read_marks, write_marks
from sdkfp.marks.index import build_index, load_index
from sdkfp.marks.learn import LearnError, learn, read_artifact, release_of
from sdkfp.report import Report, SdkRecord

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
CALLS = (
    ("android.telephony.TelephonyManager", "getNetworkOperator", "()Ljava/lang/String;"),
    ("android.os.PowerManager", "isInteractive", "()Z"),
    ("java.util.zip.Deflater", "setStrategy", "(I)V"),
)
Code = Mapping[str, Sequence[str]]
"""Class name → its strings."""


def sdk_classes(package: str = "com.acme.sdk", release: int = 1, count: int = 8) -> dict[str, list[str]]:
    """An SDK: a few strings a class, one of which tells the release."""
    return {
        f"{package}.Part{n}": [
            f"acme part {n} began",
            f"acme part {n} ended",
            f"acme/{n}/upload",
            f"acme r{release} {n}",
        ]
        for n in range(count)
    }


def dex_of(code: Code, *, calls: bool = True) -> bytes:
    """A dex file whose classes hold the strings, and calls of the framework beside them."""
    writer = DexWriter()
    for number, (name, strings) in enumerate(code.items()):
        body = [ConstString(0, text) for text in strings]
        owner, method, descriptor = CALLS[number % len(CALLS)]
        beside = [Invoke("static", owner, method, descriptor, (0,) if "(I)" in descriptor else ())] if calls else []
        writer.add_class(name, methods=[Method("m", code=[*body, *beside])])
    return writer.build()


def app_of(directory: Path, *dexes: bytes) -> Path:
    path = directory / "app.apk"
    with zipfile.ZipFile(path, "w") as archive:
        for number, dex in enumerate(dexes, 1):
            archive.writestr("classes.dex" if number == 1 else f"classes{number}.dex", dex)
    return path


def renamed(code: Code, letter: str = "a") -> dict[str, Sequence[str]]:
    return {f"{letter}.{letter}{number}": strings for number, strings in enumerate(code.values())}


def own_code(count: int = 6) -> dict[str, list[str]]:
    return {f"q.h{n}": [f"garden number {n}", f"flowers of the month {n}", f"bench {n} is free"] for n in range(count)}


class Maker(Protocol):
    """Makes a catalog from ``sdk={version: code}``."""

    def __call__(self, **sdks: Mapping[str, Code]) -> Catalog: ...


@pytest.fixture
def catalog_with(tmp_path: Path) -> Maker:
    """Makes a catalog of SDKs with the marks that artifacts of these releases give."""

    def make(**sdks: Mapping[str, Code]) -> Catalog:
        home = tmp_path / "catalog"
        write_signatures(home, {sdk: f"clues: [{{class: com.{sdk}.sdk.}}]" for sdk in sdks})
        names = Catalog.load(home, builtin=False, cache=False)
        for sdk, releases in sdks.items():
            artifacts = []
            for version, code in releases.items():
                path = tmp_path / f"{sdk}-{version}.dex"
                path.write_bytes(dex_of(code))
                artifacts.append((version, read_artifact(path), True))
            marks = learn(sdk, artifacts, names.index, np.zeros(0, np.uint64))
            (home / "sdks" / f"{sdk}.marks").write_bytes(write_marks(marks))
        return Catalog.load(home, builtin=False, cache=False)

    return make


def only(report: Report) -> SdkRecord:
    assert [sdk.id for sdk in report.sdks] == ["acme"]
    return report.sdks[0]


def test_a_renamed_sdk_is_found_and_says_that_marks_found_it(tmp_path: Path, catalog_with: Maker) -> None:
    code = sdk_classes()
    catalog = catalog_with(acme={"1.0": code})
    report = scan(app_of(tmp_path, dex_of(renamed(code) | own_code())), catalog=catalog)
    sdk = only(report)
    assert sdk.certainty.value == "identified"
    assert [(e.kind.value, e.grade.value) for e in sdk.evidence] == [("mark", "learned")]
    assert sdk.marks is not None
    assert (sdk.marks.classes, sdk.classes) == (8, 8)
    assert sdk.marks.found == sdk.marks.of == 8 * 4 + len(CALLS) + 1  # the superclass
    assert report.unexplained.nobody.classes == 6


def test_class_files_and_dex_files_have_the_same_marks(tmp_path: Path, catalog_with: Maker) -> None:
    code = sdk_classes()
    index = catalog_with(acme={"1.0": code}).index
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as jar:
        for number, (name, strings) in enumerate(code.items()):
            jar.writestr(f"{name.replace('.', '/')}.class", class_file(name, strings, [CALLS[number % len(CALLS)]]))
        jar.writestr("META-INF/versions/9/com/acme/sdk/Other.class", class_file("com.acme.sdk.Other", ["never put in"]))
        jar.writestr("com/acme/sdk/Broken.class", b"\xca\xfe\xba\xbe\0\0\0")
    (tmp_path / "a.jar").write_bytes(archive.getvalue())
    (tmp_path / "a.dex").write_bytes(dex_of(code))
    none = np.zeros(0, np.uint64)
    jar_marks, dex_marks = (
        learn("acme", [("1.0", read_artifact(tmp_path / name), True)], index, none) for name in ("a.jar", "a.dex")
    )
    assert len(jar_marks.marks) > 30
    assert np.array_equal(jar_marks.marks, dex_marks.marks)


def test_of_an_app_only_what_clues_know_is_learned(tmp_path: Path, catalog_with: Maker) -> None:
    code = sdk_classes()
    index = catalog_with(acme={"1.0": code}).index
    none = np.zeros(0, np.uint64)
    (tmp_path / "sdk.dex").write_bytes(dex_of(code))
    library = learn("acme", [("1.0", read_artifact(tmp_path / "sdk.dex"), True)], index, none)
    dex = dex_of(code | renamed(sdk_classes("com.other.sdk", release=5), "b"))
    app = tmp_path / "app.apk"
    app.write_bytes(build_zip({"AndroidManifest.xml": manifest("com.maker.app"), "classes.dex": dex}))
    learned = learn("acme", [("1.0", read_artifact(app), True)], index, none)
    assert np.array_equal(learned.marks, library.marks)


def test_strings_that_java_joins_are_learned_in_parts(tmp_path: Path, catalog_with: Maker) -> None:
    index = catalog_with(acme={"1.0": sdk_classes()}).index
    for name, strings in (("a", ["uploaded \x01 records in \x01 ms"]), ("b", ["uploaded ", " records in "])):
        with zipfile.ZipFile(tmp_path / f"{name}.jar", "w") as jar:
            jar.writestr("com/acme/sdk/A.class", class_file("com.acme.sdk.A", strings))
    none = np.zeros(0, np.uint64)
    one, other = (learn("acme", [("1", read_artifact(tmp_path / f"{n}.jar"), True)], index, none) for n in "ab")
    assert len(one.marks) == 2 + 1
    assert np.array_equal(one.marks, other.marks)


def test_a_copied_list_of_strings_is_not_the_sdk(tmp_path: Path, catalog_with: Maker) -> None:
    code = sdk_classes()
    catalog = catalog_with(acme={"1.0": code})
    everything = [text for strings in code.values() for text in strings]
    one_class = {"b.Trackers": everything}
    assert not scan(app_of(tmp_path, dex_of(one_class | own_code())), catalog=catalog).sdks
    # A database of many vendors' strings, some of them ours in every class:
    mixed = {
        f"b.List{n}": [*code[f"com.acme.sdk.Part{n}"], *(f"vendor {n} {m} tracker" for m in range(9))] for n in range(8)
    }
    assert not scan(app_of(tmp_path, dex_of(mixed | own_code())), catalog=catalog).sdks
    # Long lists over three classes, but hardly a call beside them:
    long = sdk_classes(count=60)
    catalog = catalog_with(acme={"1.0": long})
    texts = [text for strings in long.values() for text in strings]
    lists = {f"b.Part{n}": texts[n::3] for n in range(3)}
    assert not scan(app_of(tmp_path, dex_of(lists | own_code(), calls=False)), catalog=catalog).sdks


def test_strings_spread_over_many_classes_without_a_call_of_the_sdk_are_only_a_suspicion(
    tmp_path: Path, catalog_with: Maker
) -> None:
    code = sdk_classes(count=12)
    catalog = catalog_with(acme={"1.0": code})
    sdk = only(scan(app_of(tmp_path, dex_of(renamed(code) | own_code(), calls=False)), catalog=catalog))
    assert sdk.marks is not None
    assert (sdk.certainty.value, sdk.marks.references) == ("suspected", 0)


def test_a_little_of_an_sdk_is_only_a_suspicion(tmp_path: Path, catalog_with: Maker) -> None:
    code = sdk_classes(count=100)
    catalog = catalog_with(acme={"1.0": code})
    for classes, certainty in ((8, "suspected"), (20, "identified")):
        part = dict(list(renamed(code).items())[:classes])
        assert only(scan(app_of(tmp_path, dex_of(part | own_code())), catalog=catalog)).certainty.value == certainty


def test_a_predecessor_that_another_sdk_inside_explains_is_only_a_suspicion(
    tmp_path: Path, catalog_with: Maker
) -> None:
    both = {f"Part{n}": [f"the widget {n} began", f"the widget {n} ended", f"widget/{n}/draw"] for n in range(30)}
    old = {f"com.acme.sdk.{name}": [*strings, f"old {name}"] for name, strings in both.items()}
    new = {f"com.successor.sdk.{name}": [*strings, f"new {name}"] for name, strings in both.items()}
    catalog = catalog_with(acme={"1.0": old}, successor={"2.0": new})
    kept = dict(list(new.items())[:15])
    moved = {f"a.a{n}": strings for n, strings in enumerate(list(old.values())[15:])}
    report = scan(app_of(tmp_path, dex_of(kept | moved | own_code())), catalog=catalog)
    assert {sdk.id: sdk.certainty.value for sdk in report.sdks} == {"acme": "suspected", "successor": "identified"}
    report = scan(app_of(tmp_path, dex_of(moved | own_code())), catalog=catalog)
    assert {sdk.id: sdk.certainty.value for sdk in report.sdks} == {"acme": "identified"}


def test_the_marks_of_one_generation_are_not_taken_for_those_of_another(tmp_path: Path, catalog_with: Maker) -> None:
    old = sdk_classes(count=20)
    new = {name.replace("com.acme", "com.successor"): strings for name, strings in list(old.items())[:4]}
    catalog_with(acme={"1.0": old}, successor={"2.0": new})
    write_signatures(
        tmp_path / "catalog", {"acme": "clues: [{class: com.acme.sdk.}]\nsuccessors: [successor]"}
    )  # it is the old code under other names, and the catalog learned little of it
    catalog = Catalog.load(tmp_path / "catalog", builtin=False, cache=False)
    kept, moved = dict(list(new.items())[:2]), renamed(dict(list(old.items())[2:]))
    report = scan(app_of(tmp_path, dex_of(kept | moved | own_code())), catalog=catalog)
    assert {sdk.id: sdk.certainty.value for sdk in report.sdks} == {"successor": "identified"}


def test_a_tiny_sdk_and_one_with_encrypted_strings_abstain(tmp_path: Path, catalog_with: Maker) -> None:
    tiny = sdk_classes(count=2)
    encrypted = {f"com.cipher.sdk.C{n}": [f"{n}Zq=="] for n in range(9)}
    catalog = catalog_with(acme={"1.0": tiny}, cipher={"1.0": encrypted})
    code = renamed(tiny) | renamed(encrypted, "b")
    assert not scan(app_of(tmp_path, dex_of(code | own_code())), catalog=catalog).sdks


def test_shared_code_goes_to_one_of_two_sdks(tmp_path: Path, catalog_with: Maker) -> None:
    base = sdk_classes()
    larger = sdk_classes("com.relative.sdk", count=4) | {
        f"com.relative.sdk.Own{n}": [f"relative speaks {n}", f"relative listens {n}"] for n in range(20)
    }
    catalog = catalog_with(acme={"1.0": base}, relative={"1.0": larger})
    sdk = only(scan(app_of(tmp_path, dex_of(renamed(base) | own_code())), catalog=catalog))
    assert sdk.classes == 8


def test_releases_that_marks_tell_apart_and_those_that_they_cannot(tmp_path: Path, catalog_with: Maker) -> None:
    first, second = sdk_classes(release=1), sdk_classes(release=2)
    same = dict(second)
    catalog = catalog_with(acme={"1.0": first, "2.0": second, "2.0.1": same})
    version = only(scan(app_of(tmp_path, dex_of(renamed(first) | own_code())), catalog=catalog)).version
    assert version is not None
    assert (version.candidates, version.by_marks) == (("1.0",), True)
    version = only(scan(app_of(tmp_path, dex_of(renamed(second) | own_code())), catalog=catalog)).version
    assert version is not None
    assert version.candidates == ("2.0", "2.0.1")


@pytest.mark.parametrize("known", [1, 2, 3])
def test_marks_name_no_release_for_code_of_one_that_is_not_known(
    known: int, tmp_path: Path, catalog_with: Maker
) -> None:
    releases = {f"{number}.0": sdk_classes(release=number) for number in range(1, known + 1)}
    catalog = catalog_with(acme=releases)
    code = {name: [*strings, f"brand new in {name}"] for name, strings in sdk_classes(release=9).items()}
    assert only(scan(app_of(tmp_path, dex_of(renamed(code) | own_code())), catalog=catalog)).version is None


@pytest.mark.parametrize("known", [1, 2])
def test_marks_name_no_release_where_hardly_any_is_known(known: int, tmp_path: Path, catalog_with: Maker) -> None:
    releases = {f"{number}.0": sdk_classes(release=number) for number in range(1, known + 1)}
    catalog = catalog_with(acme=releases)
    shrunk = dict(list(sdk_classes(release=known).items())[2:])  # also of an older release, which has strings of all
    assert only(scan(app_of(tmp_path, dex_of(renamed(shrunk) | own_code())), catalog=catalog)).version is None


def test_classes_without_marks_go_with_those_that_use_them(tmp_path: Path, catalog_with: Maker) -> None:
    code = sdk_classes()
    code["com.acme.sdk.Helper"] = []
    catalog = catalog_with(acme={"1.0": code})
    writer = DexWriter()
    for number, (name, strings) in enumerate(renamed(sdk_classes()).items()):
        owner, method, descriptor = CALLS[number % len(CALLS)]
        call = Invoke("static", owner, method, descriptor, (0,) if "(I)" in descriptor else ())
        body: list[Instruction] = [*(ConstString(0, text) for text in strings), call, NewInstance(1, "a.helper")]
        writer.add_class(name, methods=[Method("m", code=body)])
    writer.add_class("a.helper")
    writer.add_class("z.ours", methods=[Method("m", code=[NewInstance(0, "a.a1")])])
    report = scan(app_of(tmp_path, writer.build()), catalog=catalog)
    assert only(report).classes == 9
    assert report.unexplained.nobody.classes == 1


def test_names_come_first(tmp_path: Path, catalog_with: Maker) -> None:
    catalog = catalog_with(acme={f"{number}.0": sdk_classes(release=number) for number in (1, 2, 3)})
    sdk = only(scan(app_of(tmp_path, dex_of(sdk_classes(release=2) | own_code())), catalog=catalog))
    assert [e.kind.value for e in sdk.evidence] == ["class"]
    assert sdk.marks is None
    assert sdk.version is not None
    assert (sdk.version.value, sdk.version.candidates) == (None, ("2.0",))  # marks give candidates, never the version


def test_a_mark_feature_identifies_without_the_app(tmp_path: Path, catalog_with: Maker) -> None:
    catalog = catalog_with(acme={"1.0": sdk_classes()})
    found = identify(FeatureSet.parse("mark acme 0.93 @ app.apk\nmark nobody 0.99 @ app.apk\n"), catalog)
    assert [(sdk.signature.id, sdk.certainty.value) for sdk in found.sdks] == [("acme", "identified")]


def test_a_huge_table_of_strings_is_no_trouble(tmp_path: Path, catalog_with: Maker) -> None:
    catalog = catalog_with(acme={"1.0": sdk_classes()})
    big = {"b.Big": [f"word {n} of a long list" for n in range(20_000)]}
    assert not scan(app_of(tmp_path, dex_of(big)), catalog=catalog).sdks


def test_an_artifact_without_classes_cannot_be_learned(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "empty.jar", "w") as jar:
        jar.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n")
    with pytest.raises(LearnError, match="no class"):
        read_artifact(tmp_path / "empty.jar")


def test_the_order_of_artifacts_does_not_change_a_byte(tmp_path: Path, catalog_with: Maker) -> None:
    index = catalog_with(acme={"1.0": sdk_classes()}).index
    artifacts = []
    for release in (1, 2, 10):
        path = tmp_path / f"{release}.dex"
        path.write_bytes(dex_of(sdk_classes(release=release)))
        artifacts.append((f"{release}.0", read_artifact(path), True))
    none = np.zeros(0, np.uint64)
    forth, back = learn("acme", artifacts, index, none), learn("acme", artifacts[::-1], index, none)
    assert write_marks(forth) == write_marks(back)
    assert [release.version for release in forth.releases] == ["1.0", "2.0", "10.0"]


def some_marks() -> Marks:
    release = Release("1.0", 0, ("0" * 64,), 3, 3)
    return Marks("acme", (release,), (1 << 64) - 1, np.array([4, 9, 13], np.uint64), np.array([1, 1, 1], np.uint64))


def test_marks_are_read_back_as_written() -> None:
    marks = some_marks()
    back = read_marks(write_marks(marks))
    assert (back.sdk, back.releases, back.sampled_below) == (marks.sdk, marks.releases, marks.sampled_below)
    assert np.array_equal(back.marks, marks.marks)
    assert np.array_equal(back.releases_of, marks.releases_of)


@pytest.mark.parametrize("cut", range(0, 200, 7))
def test_cut_marks_are_refused(cut: int) -> None:
    data = write_marks(some_marks())
    with pytest.raises(MarksError):
        read_marks(data[: len(data) - 1 - cut % len(data)])


def test_damaged_marks_are_refused() -> None:
    marks = some_marks()
    data = write_marks(marks)
    for wrong in (
        b"sdkfp marks 2\n" + data[14:],
        data.replace(b'"marks":3', b'"marks":9', 1),
        data.replace(b'"sets":1', b'"sets":-1', 1),
        data[:-1] + b"\x07",
        write_marks(dataclasses.replace(marks, marks=np.array([9, 4, 13], np.uint64))),
        write_marks(dataclasses.replace(marks, releases=())),
    ):
        with pytest.raises(MarksError):
            read_marks(wrong)


def test_the_catalog_names_the_file_that_is_damaged(tmp_path: Path, catalog_with: Maker) -> None:
    catalog_with(acme={"1.0": sdk_classes()})
    file = tmp_path / "catalog/sdks/acme.marks"
    file.write_bytes(file.read_bytes()[:-3])
    with pytest.raises(CatalogError, match=r"acme\.marks"):
        len(Catalog.load(tmp_path / "catalog", builtin=False, cache=False).marks)
    file.write_bytes(write_marks(dataclasses.replace(some_marks(), sdk="other")))
    with pytest.raises(CatalogError, match="'other'"):
        len(Catalog.load(tmp_path / "catalog", builtin=False, cache=False).marks)


def test_a_cached_index_is_the_same_and_a_damaged_one_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SDKFP_CACHE_DIR", str(tmp_path / "cache"))
    file = tmp_path / "acme.marks"
    file.write_bytes(write_marks(some_marks()))
    for _ in range(2):
        index = load_index([file], "k" * 64)
        assert index.mark.tolist() == [4, 9, 13]
    (cached,) = (tmp_path / "cache").glob("marks-*")
    whole = cached.read_bytes()
    for damaged in (b"", whole[:-1], b"x" * len(whole), whole[:60], whole[:-2] + b"\xff\xff"):
        cached.unlink()
        cached.write_bytes(damaged)
        assert load_index([file], "k" * 64).mark.tolist() == [4, 9, 13]


def test_an_index_of_nothing_finds_nothing() -> None:
    index = build_index([])
    assert len(index) == 0
    assert index.find(np.array([1, 2], np.uint64)).tolist() == [-1, -1]


HELLO = {
    "adjust", "glide", "greenrobot-eventbus", "gson", "kotlin-stdlib", "okhttp3", "okio", "retrofit2", "sensors-analytics", "timber",
}  # fmt: skip


def test_the_renamed_example_app() -> None:
    """R8 in full mode renamed every class and put all into one package; examples/hello/build.py says what is inside."""
    report = scan(EXAMPLES / "hello-r8.apk")
    marked = {sdk.id for sdk in report.sdks if sdk.marks is not None}
    assert marked == HELLO
    assert {sdk.id for sdk in report.sdks if sdk.certainty.value == "identified"} == HELLO
    versions = {sdk.id: sdk.version for sdk in report.sdks}
    for sdk, true in (("adjust", "5.0.1"), ("okhttp3", "4.12.0")):
        version = versions[sdk]
        assert version is not None
        assert true in version.candidates
    assert versions["glide"] is None  # of which the catalog knows one release: any other would fit it best, too


def test_catalog_marks_come_from_the_artifacts_that_it_names() -> None:
    """Byte for byte, for every SDK all of whose artifacts are in the test corpus."""
    catalog = Catalog.load(cache=False)
    corpus = {realapps.file(key).sha256: key for kind in ("aar", "jar") for key in realapps.keys(kind)}
    users = [sha256 for signature in catalog for sha256 in {a.sha256 for a in signature.artifacts}]
    common = np.array(catalog.marks.mark[np.diff(catalog.marks.start.astype(np.int64)) == 0])
    compared = 0
    for signature in catalog:
        named = [a for a in signature.artifacts if a.sha256]
        file = Path(signature.path).with_suffix(".marks")
        if not named or not file.exists() or any(a.sha256 not in corpus for a in named):
            continue
        artifacts = [
            (
                release_of(a.purl, a.path, a.version),
                read_artifact(realapps.path(corpus[a.sha256])),
                users.count(a.sha256) == 1,
            )
            for a in named
            if a.sha256 is not None and not (a.path or "").endswith(".so.jar")  # a jar that holds native libraries only
        ]
        assert write_marks(learn(signature.id, artifacts, catalog.index, common)) == file.read_bytes(), signature.id
        compared += 1
    assert compared
