"""Marks that a contributor learns: from files at hand or fetched, the same bytes each time, nothing lost."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.classwriter import class_file
from support.dexwriter import ConstString, DexWriter, Invoke, Method
from support.privileges import folder_for_everybody, without_privileges
from support.registry import npm_package, serving, tgz
from support.zipwriter import build_zip
from typer.testing import CliRunner

from sdkfp.cli import app
from sdkfp.marks.format import read_marks

NAMES = ("Kit", "Session", "Upload")
CALLS = [
    ("java.util.zip.Deflater", "setStrategy", "(I)V"),
    ("android.media.AudioRecord", "setPositionNotificationPeriod", "(I)V"),
]


def strings_of(name: str, version: str, package: str = "com.maker.kit") -> list[str]:
    return [f"a message of {package} {name}, number {number}" for number in range(12)] + [f"{name} {version}"]


def jar(version: str, package: str = "com.maker.kit") -> bytes:
    classes = {
        f"{package}.{name}": class_file(
            f"{package}.{name}",
            strings=strings_of(name, version, package),
            calls=CALLS,
            constants={"SDK_VERSION": version} if name == "Kit" else {},
        )
        for name in NAMES
    }
    return build_zip({f"{name.replace('.', '/')}.class": data for name, data in classes.items()})


def package(version: str) -> bytes:
    """A wrapper around two libraries of the SDK and one of somebody else."""
    return tgz(
        {
            f"package/android/libs/kit-{version}.jar": jar(version),
            f"package/android/libs/kit-more-{version}.jar": jar(version, "com.maker.kit.more"),
            "package/android/libs/other.jar": build_zip({"okio/Okio.class": class_file("okio.Okio")}),
        }
    )


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, object]]:
    """Two releases of a package, to be asked for and to be changed."""
    answers = npm_package("kit", {"1.0.0": package("1.0.0"), "2.0.0": package("2.0.0")})
    with serving(answers) as address:
        monkeypatch.setenv("SDKFP_NPM_REGISTRY", address)
        yield answers  # type: ignore[misc] # the test may put in anything


def renamed_app(version: str) -> bytes:
    """An app whose one dex file has the classes of the library under other names."""
    writer = DexWriter()
    for letter, name in zip("bcd", NAMES, strict=True):
        strings = [ConstString(0, text) for text in strings_of(name, version)]
        calls = [Invoke("static", owner, method, descriptor, (0,)) for owner, method, descriptor in CALLS]
        writer.add_class(f"a.{letter}", methods=[Method("a", code=[*strings, *calls])])
    return build_zip({"classes.dex": writer.build()})


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def learned(directory: Path, *releases: str) -> Path:
    purls = [f"pkg:npm/kit@{release}" for release in releases]
    code, _, notes = run("learn", *purls, "--id", "maker-kit", "--category", "push", "--into", directory)
    assert code == 0, notes
    return directory / "maker-kit.yaml"


def test_from_a_package_url_to_marks_that_lint_can_repeat(registry: dict[str, object], tmp_path: Path) -> None:
    signature = learned(tmp_path / "my", "1.0.0", "2.0.0")
    text = signature.read_text(encoding="utf-8")
    assert text.count("path: package/android/libs/kit-") == 4, "each library with classes of the SDK is named by itself"
    files = tmp_path / "files"
    code, _, notes = run("marks", signature, "--artifacts", files)
    assert (code, "not a directory" in notes) == (4, True)
    code, _, notes = run("marks", signature, "--artifacts", files, "--fetch")
    assert code == 0
    assert len(list(files.iterdir())) == 4
    path = signature.with_suffix(".marks")
    assert f"written: {path}" in notes
    marks = read_marks(path.read_bytes())
    assert (marks.sdk, [release.version for release in marks.releases]) == ("maker-kit", ["1.0.0", "2.0.0"])
    renamed = tmp_path / "app.apk"
    renamed.write_bytes(renamed_app("2.0.0"))
    (found,) = json.loads(run("scan", renamed, "--signatures", tmp_path / "my", "--json")[1])["sdks"]
    assert (found["id"], found["certainty"]) == ("maker-kit", "identified"), "every class has another name"
    registry.clear()
    before = path.read_bytes()
    code, _, notes = run("marks", tmp_path / "my", "--artifacts", files, "--fetch")
    assert (code, path.read_bytes()) == (0, before), "the files are there: nothing is fetched, nothing changes"
    assert f"unchanged: {path}" in notes
    assert run("lint", tmp_path / "my", "--artifacts", files)[:2] == (0, "")
    path.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    assert run("lint", tmp_path / "my", "--artifacts", files)[0] == 1


def test_marks_of_more_than_is_at_hand_are_left_as_they_are(registry: dict[str, object], tmp_path: Path) -> None:
    signature = learned(tmp_path / "my", "1.0.0", "2.0.0")
    files = tmp_path / "files"
    run("marks", signature, "--artifacts", files, "--fetch")
    before = signature.with_suffix(".marks").read_bytes()
    for path in files.glob("*-kit-1.0.0.jar"):
        path.unlink()
    code, _, notes = run("marks", signature, "--artifacts", files)
    assert (code, signature.with_suffix(".marks").read_bytes()) == (1, before)
    assert "learned from a file that is not at hand" in notes
    assert "left as it is" in notes
    signature.with_suffix(".marks").unlink()
    code, printed, _ = run("marks", signature, "--artifacts", files, "--json")
    (row,) = json.loads(printed)
    assert (code, row["releases"], row["changed"]) == (0, ["1.0.0", "2.0.0"], True)
    assert [note for note in row["notes"] if note.endswith("kit-1.0.0.jar is not at hand")]


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({}, "cannot be fetched"),
        (npm_package("kit", {"1.0.0": package("1.0.1")}), "the package does not have this file"),
        (
            npm_package("kit", {"1.0.0": tgz({"package/android/libs/kit-1.0.0.jar": jar("6.6.6")})}),
            "which the signature names",
        ),
        (npm_package("kit", {"1.0.0": b"no archive"}), "the package does not have this file"),
    ],
    ids=["gone", "without the file", "another file", "no archive"],
)
def test_what_cannot_be_had_is_said_and_nothing_written(
    answers: dict[str, object], message: str, registry: dict[str, object], tmp_path: Path
) -> None:
    signature = learned(tmp_path / "my", "1.0.0")
    registry.clear()
    registry.update(answers)
    code, _, notes = run("marks", signature, "--artifacts", tmp_path / "files", "--fetch")
    assert code == 1
    assert message in notes
    assert not signature.with_suffix(".marks").exists()
    assert not (tmp_path / "files").exists()


def test_a_package_of_several_files_and_an_sdk_that_is_not_inside(tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    wrapper = package("1.0.0")
    (files / "wrapper.tgz").write_bytes(wrapper)
    my = tmp_path / "my"
    my.mkdir()
    digest = hashlib.sha256(wrapper).hexdigest()
    (my / "maker-kit.yaml").write_text(
        "id: maker-kit\nname: {en: Kit}\ncategories: [push]\nclues:\n  - class: com.maker.kit.\n"
        f"artifacts:\n  - {{purl: 'pkg:npm/kit@1.0.0', sha256: {digest}}}\n",
        encoding="utf-8",
    )
    code, _, notes = run("marks", my, "--artifacts", files)
    assert (code, "name a library inside a package with `path`" in notes) == (1, True)
    (my / "maker-kit.yaml").write_text(
        "id: maker-kit\nname: {en: Kit}\ncategories: [push]\nclues:\n  - class: com.maker.kit.\n", encoding="utf-8"
    )
    code, _, notes = run("marks", my, "--artifacts", files)
    assert (code, "no signature names an artifact" in notes) == (1, True)


@pytest.fixture
def open_path() -> Iterator[Path]:
    with folder_for_everybody() as folder:
        yield folder


def test_a_folder_that_may_not_be_written(registry: dict[str, object], open_path: Path) -> None:
    signature = learned(open_path / "my", "1.0.0")
    files = open_path / "files"
    run("marks", signature, "--artifacts", files, "--fetch")
    signature.with_suffix(".marks").unlink()
    (open_path / "my").chmod(0o555)
    with without_privileges():
        code, _, notes = run("marks", signature, "--artifacts", files)
    assert code == 3
    assert "maker-kit.marks cannot be written: Permission denied; nothing was changed" in notes
    assert [path.name for path in (open_path / "my").iterdir()] == ["maker-kit.yaml"]
