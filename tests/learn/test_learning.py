"""Proposals from artifacts, and what is written of them."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from support.catalogs import catalog_of, write_signatures
from support.classwriter import class_file
from support.elfwriter import SharedObject, Symbol, write
from support.privileges import folder_for_everybody, without_privileges
from support.registry import tgz
from support.zipwriter import build_zip
from typer.testing import CliRunner

from sdkfp import Catalog
from sdkfp.cli import app
from sdkfp.features import Kind
from sdkfp.learn import LearnError, learn, render, save
from sdkfp.lint import check_examples, lint, open_workspace

MANIFEST = b"""<manifest xmlns:android="http://schemas.android.com/apk/res/android" package="com.maker.kit">
<uses-permission android:name="android.permission.INTERNET"/>
<uses-permission android:name="com.maker.kit.permission.PUSH"/>
<uses-permission android:name="${applicationId}.permission.OWN"/>
<application>
<service android:name="com.maker.kit.push.KitService">
<intent-filter><action android:name="com.maker.kit.PING"/></intent-filter></service>
<meta-data android:name="MAKER_KIT_KEY" android:value="${KEY}"/>
</application></manifest>"""


def jar(version: str, **more: bytes) -> bytes:
    classes = {
        "com.maker.kit.Kit": class_file(
            "com.maker.kit.Kit",
            strings=["android_id"],
            calls=[
                ("android.provider.Settings$Secure", "getString", "(X)V"),
                ("okhttp3.OkHttpClient", "newCall", "()V"),
            ],
        ),
        "com.maker.kit.KitConfig": class_file("com.maker.kit.KitConfig", constants={"SDK_VERSION": f"kit-{version}-r"}),
        "com.maker.kit.push.KitService": class_file("com.maker.kit.push.KitService"),
        "com.maker.kit.gradle.Build": class_file("com.maker.kit.gradle.Build", constants={"GRADLE_VERSION": "8.2.1"}),
        f"com.maker.r{version.replace('.', '')}.A": class_file(f"com.maker.r{version.replace('.', '')}.A"),
        "a.b.c": class_file("a.b.c"),
    }
    return build_zip({f"{name.replace('.', '/')}.class": data for name, data in classes.items()} | more)


def library(*symbols: str) -> bytes:
    return write(SharedObject(soname="libx.so", symbols=tuple(Symbol(name) for name in symbols)))


def aar(version: str, **more: bytes) -> bytes:
    native = library("Java_com_maker_kit_Kit_init", "maker_kit_start", "png_read")
    return build_zip(
        {
            "AndroidManifest.xml": MANIFEST,
            "classes.jar": jar(version),
            "R.txt": b"",
            f"jni/arm64-v8a/libmakerkit-{version}.so": native,
            "jni/arm64-v8a/libcrypto.so": library("png_read"),
            "assets/maker_kit.json": b"{}",
            "assets/config.json": b"{}",
        }
        | more
    )


@pytest.fixture
def releases(tmp_path: Path) -> list[str]:
    found = []
    for version in ("2.5.1", "2.10.0"):
        path = tmp_path / f"kit-{version}.aar"
        path.write_bytes(aar(version))
        found.append(str(path))
    return found


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["learn", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_what_is_stable_across_releases_becomes_a_clue(releases: list[str]) -> None:
    proposal = learn(releases, Catalog.builtin(), "maker-kit")
    signature = proposal.signature
    assert [f"{clue} {clue.strength.value}" for clue in signature.clues] == [
        "class com.maker.kit. sure",
        "library libmakerkit-*.so sure",
        "symbol maker_kit_start hint",
        "service com.maker.kit.push.KitService sure",
        "permission com.maker.kit.permission.PUSH hint",
        "metadata MAKER_KIT_KEY hint",
        "action com.maker.kit.PING hint",
        "file assets/maker_kit.json hint",
    ]
    (rule,) = signature.version
    assert (rule.kind, rule.name) == (Kind.CONSTANT, "com.maker.kit.KitConfig.SDK_VERSION")
    assert proposal.version_clues[0].endswith("(2 of 2 releases)")
    assert any("libmakerkit" in clue for clue in proposal.version_clues)
    assert [example.version for example in signature.match] == ["2.10.0", "2.5.1"]
    assert "setting android_id" in str(proposal.reads["android_id"])
    assert proposal.mentioned == {"okhttp3": 1}
    notes = "\n".join(proposal.notes)
    assert "not in every release, so no clue: com.maker.r2100, com.maker.r251" in notes
    assert "1 classes have shortened names" in notes
    assert "others have or may have: library libcrypto.so" in notes


def test_a_proposal_passes_lint_and_test_as_it_is(releases: list[str], tmp_path: Path) -> None:
    into = tmp_path / "signatures"
    options = ("--id", "maker-kit", "--into", into, "--name", "Maker Kit", "--name-zh", "样例", "--category", "push")
    code, printed, notes = run(*releases, *options)
    assert (code, printed) == (0, "")
    assert f"written: {into / 'maker-kit.yaml'}" in notes
    assert "able to read android_id" in notes
    assert [issue.rule for issue in lint(into)] == ["no-source"]  # local files have no package URL
    workspace = open_workspace(into)
    assert check_examples(workspace.catalog, only=["maker-kit"]) == []


def test_the_printed_proposal_is_the_file_that_would_be_written(releases: list[str], tmp_path: Path) -> None:
    code, printed, _ = run(*releases, "--id", "maker-kit", "--category", "push")
    run(*releases, "--id", "maker-kit", "--category", "push", "--into", tmp_path / "s")
    assert code == 0
    assert printed == (tmp_path / "s" / "maker-kit.yaml").read_text(encoding="utf-8")
    code, printed, _ = run(*releases, "--id", "maker-kit", "--json")
    assert json.loads(printed)["signature"]["id"] == "maker-kit"


def test_classes_of_other_sdks_are_bundled_not_taken(tmp_path: Path) -> None:
    catalog = catalog_of(
        tmp_path / "catalog",
        {
            "okio": "clues: [{class: okio., why: all}]\npurl: pkg:maven/com.squareup.okio/okio",
            "other": "clues: [{class: com.maker.other.}]",
        },
    )
    path = tmp_path / "kit.jar"
    more = {"okio/Okio.class": class_file("okio.Okio"), "com/maker/core/A.class": class_file("com.maker.core.A")}
    path.write_bytes(jar("1.0.0", **more))
    proposal = learn([str(path)], catalog, "kit", versions=["1.0.0"])
    assert proposal.signature.bundles == ("okio",)
    assert {clue.name for clue in proposal.signature.clues} >= {"com.maker.kit.", "com.maker.core."}
    assert "classes of other SDKs inside: okio (1 classes)" in proposal.notes


def test_a_package_that_a_shrinker_named_is_no_clue(tmp_path: Path) -> None:
    path = tmp_path / "kit.jar"
    names = ("com.maker.kit.Kit", "com.maker.kit.Task", "com.maker.a.a", "com.maker.a.b")
    path.write_bytes(build_zip({f"{name.replace('.', '/')}.class": class_file(name) for name in names}))
    proposal = learn([str(path)], Catalog.builtin(), "kit")
    assert [str(clue) for clue in proposal.signature.clues] == ["class com.maker.kit."]
    assert "2 classes have shortened names, which change from release to release" in proposal.notes


def test_an_organization_of_the_folder_that_is_written_to(releases: list[str], tmp_path: Path) -> None:
    into = tmp_path / "signatures"
    (into / "organizations").mkdir(parents=True)
    options = ("--id", "maker-kit", "--into", into, "--organization", "maker", "--category", "push")
    code, _, notes = run(*releases, *options)
    assert (code, "write organizations/maker.yaml first" in notes) == (2, True)
    (into / "organizations" / "maker.yaml").write_text("name: {en: Maker}\n", encoding="utf-8")
    assert run(*releases, *options)[0] == 0
    assert {issue.rule for issue in lint(into)} == {"no-source"}


def test_everything_is_owned_already(tmp_path: Path) -> None:
    path = tmp_path / "okio.jar"
    path.write_bytes(build_zip({"okio/Okio.class": class_file("okio.Okio")}))
    code, _, notes = run(path, "--id", "my-okio")
    assert code == 3
    assert "nothing in okio.jar is its own: the catalog gives its classes to okio (1 classes)" in notes


def test_native_libraries_alone(tmp_path: Path) -> None:
    path = tmp_path / "libmakerkit.so"
    path.write_bytes(library("Java_com_maker_kit_Kit_init", "Java_com_maker_kit_Kit_stop", "makerkit_open"))
    signature = learn([str(path)], Catalog.builtin(), "makerkit").signature
    assert [str(clue) for clue in signature.clues] == [
        "jni com.maker.kit.",
        "library libmakerkit.so",
        "symbol makerkit_open",
    ]


def test_a_folder_of_libraries_is_one_release(tmp_path: Path) -> None:
    folder = tmp_path / "kit"
    (folder / "libs" / "arm64-v8a").mkdir(parents=True)
    (folder / "libs" / "kit.jar").write_bytes(jar("3.0.0"))
    for abi in ("arm64-v8a", "x86"):
        (folder / "libs" / abi).mkdir(exist_ok=True)
        (folder / "libs" / abi / "libmakerkit.so").write_bytes(library("Java_com_maker_kit_Kit_init"))
    signature = learn([str(folder)], Catalog.builtin(), "maker-kit").signature
    assert {str(clue) for clue in signature.clues} >= {"class com.maker.kit.", "library libmakerkit.so"}


@pytest.mark.parametrize(
    ("values", "pattern", "version"),
    [
        (("4.8.1", "4.9.0"), "(.+)", "4.9.0"),
        (("android4.8.1", "android4.9.0"), r"android(\d[\w.+-]*)", "4.9.0"),
        (("V4.8.1(12)", "V4.9.0(13)"), None, "4.9.0"),
    ],
)
def test_the_place_of_the_version(values: tuple[str, str], pattern: str | None, version: str, tmp_path: Path) -> None:
    sources = []
    for number, value in zip(("4.8.1", "4.9.0"), values, strict=True):
        path = tmp_path / f"kit-{number}.jar"
        constants = {"NAME": value, "OTHER_VERSION": "1.2.3"}
        path.write_bytes(build_zip({"com/maker/kit/Kit.class": class_file("com.maker.kit.Kit", constants=constants)}))
        sources.append(str(path))
    signature = learn(sources, Catalog.builtin(), "kit").signature
    (rule,) = signature.version
    assert rule.name == "com.maker.kit.Kit.NAME"
    assert pattern is None or rule.pattern == pattern
    assert signature.match[0].version == version


def test_a_constant_of_another_thing_is_not_the_version(tmp_path: Path) -> None:
    path = tmp_path / "kit-1.0.jar"
    constants = {"MIN_API_VERSION": "1.0", "TAG": "1.0"}
    path.write_bytes(build_zip({"com/maker/kit/Kit.class": class_file("com.maker.kit.Kit", constants=constants)}))
    proposal = learn([str(path)], Catalog.builtin(), "kit")
    assert proposal.signature.version == ()
    assert "no constant, property, meta-data or file name holds the version" in proposal.notes


HAND_MADE = """\
# Looked at by hand.
id: maker-kit
name: {en: "Maker Kit"}   # as they write it
categories: [push]
clues:
  # the only public package
  - class: com.maker.kit.
    why: 'says   so'
  - library: libold.so
    strength: hint
# one day more
requires: [okhttp3]
collects:
  - type: oaid
    purpose: push
    need: required
    basis: vendor_docs
    source: https://kit.example/privacy
    as_of: 2026-11-01
sources:
  - {url: 'https://kit.example/start', as_of: 2026-11-01, says: the package to import}
examples:
  match:
    - origin: the documents
      features: |
        class com.maker.kit.Kit
        # the end of the listing
  # below: near misses
  miss:
    - why: same word
      features: |
        class com.maker.kitchen.A
# The end.
"""


def test_merging_keeps_every_byte_and_adds_lines(releases: list[str], tmp_path: Path) -> None:
    into = tmp_path / "signatures"
    (into / "sdks").mkdir(parents=True)
    path = into / "sdks" / "maker-kit.yaml"
    path.write_text(HAND_MADE, encoding="utf-8")
    code, _, notes = run(*releases, "--id", "maker-kit", "--into", into)
    assert code == 0
    assert f"added to: {path}" in notes
    merged = path.read_text(encoding="utf-8").splitlines()
    added = iter(merged)
    assert all(line in added for line in HAND_MADE.splitlines()), "a line is gone or out of order"
    data = yaml.safe_load("\n".join(merged))
    assert data["clues"][0] == {"class": "com.maker.kit.", "why": "says   so"}
    assert {"library": "libmakerkit-*.so"} in data["clues"]
    assert len([clue for clue in data["clues"] if "class" in clue]) == 1
    assert data["requires"] == ["okhttp3"]
    assert data["version"][0]["constant"] == "com.maker.kit.KitConfig.SDK_VERSION"
    assert data["examples"]["match"][0]["origin"] == "the documents"
    newest = data["examples"]["match"][1]["features"]
    assert "class com.maker.kit.Kit" in newest
    assert "library libmakerkit-2.10.0.so" in newest
    assert data["examples"]["match"][1]["version"] == "2.10.0"
    assert len(data["examples"]["match"]) == 3
    assert len(data["examples"]["miss"]) == 1
    assert [issue for issue in lint(into) if issue.rule != "layout"] == []
    before = path.read_bytes()
    assert run(*releases, "--id", "maker-kit", "--into", into)[0] == 0
    assert path.read_bytes() == before, "learning the same again changes nothing"


def test_examples_added_to_a_signature_show_its_own_clues_and_version(releases: list[str], tmp_path: Path) -> None:
    body = "clues: [{class: com.maker.kit.push.}]\nversion: [{metadata: MAKER_KIT_VERSION}]"
    catalog = catalog_of(tmp_path / "catalog", {"maker-kit": body})
    (newest, oldest) = learn(releases, catalog, "maker-kit").signature.match
    assert "class com.maker.kit.push.KitService" in newest.features
    assert "constant" not in newest.features, "the signature reads its version elsewhere"
    assert (newest.version, oldest.version) == (None, None)


def test_lists_in_one_line_and_missing_keys_are_added_to(tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path / "c", {"okio": "clues: [{class: okio., why: all}]"})
    path = tmp_path / "kit-1.0.0.jar"
    path.write_bytes(jar("1.0.0", **{"okio/Okio.class": class_file("okio.Okio")}))
    signature = learn([str(path)], catalog, "kit").signature
    into = write_signatures(tmp_path / "s", {"kit": "clues:\n  - class: com.maker.kit.\nbundles: []"})
    save(signature, into, catalog.vocabulary)
    text = (into / "sdks" / "kit.yaml").read_text(encoding="utf-8")
    assert "bundles: [okio]\n" in text
    assert list(yaml.safe_load(text)) == ["id", "name", "categories", "clues", "version", "bundles", "examples"]


def test_a_wrong_file_is_not_added_to(releases: list[str], tmp_path: Path) -> None:
    into = tmp_path / "signatures"
    into.mkdir()
    path = into / "maker-kit.yaml"
    path.write_text(HAND_MADE.replace("oaid", "oiad"), encoding="utf-8")
    code, _, notes = run(*releases, "--id", "maker-kit", "--into", into)
    assert code == 4
    assert "unknown personal-information type 'oiad'" in notes
    assert path.read_text(encoding="utf-8") == HAND_MADE.replace("oaid", "oiad")


@pytest.fixture
def open_path() -> Iterator[Path]:
    with folder_for_everybody() as folder:
        yield folder


def test_a_folder_that_may_not_be_written_stays_as_it_is(releases: list[str], open_path: Path) -> None:
    into = open_path / "signatures"
    into.mkdir()
    releases = [str(shutil.copy(path, open_path)) for path in releases]
    (into / "maker-kit.yaml").write_text(HAND_MADE, encoding="utf-8")
    assert run(*releases, "--id", "maker-kit")[0] == 0  # everything is imported before privileges are dropped
    into.chmod(0o555)
    with without_privileges():
        code, _, notes = run(*releases, "--id", "maker-kit", "--into", into)
        fresh, _, fresh_notes = run(*releases, "--id", "new-kit", "--category", "push", "--into", into / "deeper")
    assert (code, fresh) == (3, 3)
    assert "cannot be written: Permission denied; nothing was changed" in notes
    assert "cannot be written: Permission denied; nothing was changed" in fresh_notes
    assert [path.name for path in into.iterdir()] == ["maker-kit.yaml"]
    assert (into / "maker-kit.yaml").read_text(encoding="utf-8") == HAND_MADE


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04 cut off",
        b"",
        build_zip({"com/maker/A.class": b"\xca\xfe\xba\xbe\xff\xff"}),
        build_zip({"classes.jar": b"not a zip", "AndroidManifest.xml": b"<a", "R.txt": b""}),
        b"\x7fELF" + b"\xff" * 100,
        tgz({"../../evil.jar": jar("1.0.0")}),
    ],
    ids=["cut off", "empty", "bad class", "bad jar and manifest", "bad library", "names that climb"],
)
def test_hostile_artifacts_give_a_message_or_a_proposal(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "kit.aar"
    path.write_bytes(data)
    code, _, notes = run(path, "--id", "kit", "--category", "push", "--into", tmp_path / "out")
    assert "Traceback" not in notes
    assert code in (0, 3)
    assert {p.name for p in tmp_path.rglob("*") if p.is_file()} <= {"kit.aar", "kit.yaml"}


def test_a_bomb_stops_at_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "kit.jar"
    bomb = b"\0" * (300 << 20)
    path.write_bytes(
        build_zip({"com/maker/kit/Bomb.class": bomb, "com/maker/kit/Kit.class": class_file("com.maker.kit.Kit")})
    )
    del bomb
    proposal = learn([str(path)], Catalog.builtin(), "kit")
    assert any("not examined" in note and "larger than" in note for note in proposal.notes)
    assert "com.maker.kit." in render(proposal.signature)


def million_entries() -> bytes:
    """A ZIP whose million entries are all the same few bytes (APPNOTE.TXT 4.3, with the 64-bit end record)."""
    count, name = 1_000_000, b"com/maker/kit/%07d.class"
    local = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 33, 0, 0, 0, len(name % 0), 0) + name % 0
    record = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 33, 0, 0, 0, len(name % 0), *(0,) * 6)
    central = b"".join([record + name % number for number in range(count)])
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, len(central), len(local))
    end64 += struct.pack("<4sLQL", b"PK\6\7", 0, len(local) + len(central), 1)
    return local + central + end64 + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)


def test_a_million_entries_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "kit.aar"
    path.write_bytes(million_entries())
    code, _, notes = run(path, "--id", "kit", "--category", "push", "--into", tmp_path / "out")
    assert (code, "kit.aar has more than 200000 entries" in notes) == (3, True)
    assert not (tmp_path / "out").exists()


def test_what_a_library_beside_the_sdk_does_is_not_the_sdks(tmp_path: Path) -> None:
    reader = class_file(
        "okio.Reader",
        strings=["android_id"],
        calls=[("android.provider.Settings$Secure", "getString", "(X)V"), ("okhttp3.OkHttpClient", "newCall", "()V")],
    )
    own = class_file("com.maker.kit.Kit", calls=[("retrofit2.Retrofit", "create", "()V")])
    path = tmp_path / "kit.tgz"
    path.write_bytes(
        tgz(
            {
                "kit.jar": build_zip({"com/maker/kit/Kit.class": own}),
                "okio.jar": build_zip({"okio/Reader.class": reader}),
            }
        )
    )
    proposal = learn([str(path)], Catalog.builtin(), "kit")
    assert proposal.reads == {}
    assert proposal.mentioned == {"retrofit2": 1}


def test_a_package_whose_only_library_is_broken_says_so(tmp_path: Path) -> None:
    path = tmp_path / "kit.tgz"
    path.write_bytes(tgz({"package/libs/kit.jar": b"\0" * 1000}))
    code, _, notes = run(path, "--id", "kit")
    assert code == 3
    assert "has no AAR, JAR, class or native library that can be read: kit.jar is not a package" in notes


def test_usage_errors(releases: list[str], tmp_path: Path) -> None:
    assert run(*releases, "--id", "kit", "--category", "pushing")[0] == 2
    assert run(*releases, "--id", "kit", "--name-zh", "样例")[0] == 2
    code, _, notes = run(*releases, "--id", "Kit_1", "--category", "push")
    assert (code, "is not an id: a-z, 0-9 and single hyphens" in notes) == (2, True)
    code, _, notes = run(*releases, "--id", "kit", "--into", tmp_path / "out")
    assert (code, "a new signature needs a --category; known are: advertising, " in notes) == (2, True)
    assert not (tmp_path / "out").exists()
    assert "what it is for is not said" in run(*releases, "--id", "kit")[2]
    assert run("nowhere.aar", "--id", "kit")[0] == 3
    with pytest.raises(LearnError):
        learn([], Catalog.builtin(), "kit")
