"""The workshop's checks, through the command line and the library."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from support.catalogs import write_signatures
from support.classwriter import class_file
from support.privileges import folder_for_everybody, without_privileges
from support.zipwriter import build_zip
from typer.testing import CliRunner

from sdkfp import FeatureSet, Kind, SignatureError, extract
from sdkfp.cli import app
from sdkfp.lint import RULES, Severity, check_listings, fix, lint, open_workspace
from sdkfp.marks.format import read_marks, write_common, write_marks
from sdkfp.marks.learn import learn as learn_marks
from sdkfp.marks.learn import read_artifact

CASES: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "cases" / "mistakes.yaml").read_text(encoding="utf-8"))
GOOD: str = CASES["good"]


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def good_catalog(directory: Path, **changes: str) -> Path:
    """The good signature in a folder of its own, with more files or other ones."""
    files = {"sdks/sample.yaml": GOOD, "organizations/maker.yaml": CASES["organization"]}
    for name, text in (files | changes).items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return directory


def values(path: Path) -> object:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


def seeded(directory: Path, case: dict[str, Any]) -> Path:
    text = GOOD
    pairs = case.get("replace", [])
    for old, new in zip(pairs[::2], pairs[1::2], strict=True):
        assert old in text
        text = text.replace(old, new, 1)
    good_catalog(directory, **{"sdks/sample.yaml": text}, **case.get("files", {}))
    for name in case.get("without", ()):
        (directory / name).unlink()
    return directory


@pytest.mark.parametrize("case", CASES["mistakes"], ids=[case["name"] for case in CASES["mistakes"]])
def test_seeded_mistake_is_refused_in_the_stored_words(case: dict[str, Any], tmp_path: Path) -> None:
    directory = seeded(tmp_path, case)
    code, printed, _ = run("test" if case.get("test") else "lint", directory)
    assert code == 1
    assert printed.replace(f"{directory}/", "").splitlines() == case["says"]


def test_there_are_more_than_forty_mistakes_and_each_rule_has_one() -> None:
    said = "\n".join(line for case in CASES["mistakes"] for line in case["says"])
    assert len(CASES["mistakes"]) >= 40
    assert [rule.name for rule in RULES if f"[{rule.name}]" not in said] == []


def test_the_good_signature_passes(tmp_path: Path) -> None:
    directory = good_catalog(tmp_path)
    assert lint(directory) == []
    code, printed, notes = run("lint", directory)
    assert (code, printed) == (0, "")
    assert "1 signatures, 0 errors" in notes
    assert run("test", directory)[:2] == (0, "")


def test_one_file_of_a_catalog_is_seen_with_the_others(tmp_path: Path) -> None:
    other = GOOD.replace("id: sample", "id: other").replace("com.sample.", "com.other.")
    directory = good_catalog(tmp_path, **{"sdks/other.yaml": other.replace("com.other.sdk.\n", "com.sample.sdk.\n")})
    found = lint(directory / "sdks" / "other.yaml")
    assert {Path(issue.path).name for issue in found} == {"other.yaml"}
    assert "duplicate-clue" in {issue.rule for issue in found}


def test_issues_as_json(tmp_path: Path) -> None:
    directory = good_catalog(tmp_path, **{"sdks/sample.yaml": GOOD.replace("oaid", "oiad")})
    code, printed, _ = run("lint", directory, "--json")
    (issue,) = json.loads(printed)
    assert code == 1
    assert issue["rule"] == "schema"
    assert (issue["line"], issue["column"], issue["severity"]) == (14, 11, Severity.ERROR.value)
    assert issue["remedy"]


def test_all_mistakes_of_all_files_at_once(tmp_path: Path) -> None:
    directory = good_catalog(
        tmp_path,
        **{
            "sdks/sample.yaml": GOOD.replace("[analytics]", "[analytic]").replace("oaid", "oiad"),
            "sdks/other.yaml": "id: other\n",
            "nursery/third.yaml": "\t",
            "organizations/maker.yaml": "name: Maker\n",
            "sdks/rules.yar": "rule x {",
        },
    )
    named = {Path(issue.path).name for issue in lint(directory)}
    assert named == {"sample.yaml", "other.yaml", "third.yaml", "maker.yaml", "rules.yar"}


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xfe", b"id:\n\t- x\n", b"a: &x [1]\nb: *x\n", b"# " + b"x" * 10_000_000, b"[" * 50_000, b"x: [" * 400],
    ids=["empty", "not UTF-8", "tabs", "anchors", "10 MB", "deep", "deep flow"],
)
def test_files_that_are_no_signature_are_one_issue_and_stay_as_they_are(data: bytes, tmp_path: Path) -> None:
    directory = good_catalog(tmp_path)
    path = directory / "sdks" / "odd.yaml"
    path.write_bytes(data)
    assert [issue.rule for issue in lint(directory)] == ["schema"]
    assert fix(directory) == []
    assert path.read_bytes() == data


def test_fix_puts_keys_in_order_and_keeps_every_comment_and_value(tmp_path: Path) -> None:
    text = """\
# About the file.

categories: [analytics]   # most fitting first
# The name as the vendor writes it.
# Two lines.
name: {zh: 样例, en: "Sample"}
id: sample
examples:
    miss:
        - why: 'another "name"'
          features: |
            # a comment inside the listing
            class com.sampler.sdk.A
    match:
    - features: |
          class com.sample.sdk.Conf
      origin: pkg:maven/com.sample/sdk@4.10
clues:
# the only package
- class: com.sample.sdk.
  why: 'it''s theirs'   # said twice
- strength: hint
  library: libsample*.so
sources:
- {says: 'the package', url: 'https://sample.example/#start', as_of: 2026-11-01}
# The end.
"""
    directory = good_catalog(tmp_path, **{"sdks/sample.yaml": text})
    path = directory / "sdks" / "sample.yaml"
    before = values(path)
    code, _, notes = run("lint", directory, "--fix")
    assert (code, notes.splitlines()[0]) == (0, f"rewritten: {path}")
    assert values(path) == before
    done = path.read_text(encoding="utf-8")
    assert (
        done
        == """\
# About the file.

id: sample
# The name as the vendor writes it.
# Two lines.
name: {en: "Sample", zh: 样例}
categories: [analytics]   # most fitting first
clues:
# the only package
  - class: com.sample.sdk.
    why: 'it''s theirs' # said twice
  - library: libsample*.so
    strength: hint
sources:
  - {url: 'https://sample.example/#start', as_of: 2026-11-01, says: 'the package'}
examples:
  match:
    - origin: pkg:maven/com.sample/sdk@4.10
      features: |
        class com.sample.sdk.Conf
  miss:
    - why: 'another "name"'
      features: |
        # a comment inside the listing
        class com.sampler.sdk.A
# The end.
"""
    )
    assert fix(directory) == []


@pytest.fixture
def open_path() -> Iterator[Path]:
    with folder_for_everybody() as folder:
        yield folder


def test_fix_in_a_folder_that_may_not_be_written_changes_nothing(open_path: Path) -> None:
    text = GOOD.replace("categories:", "categories:  ")
    directory = good_catalog(open_path / "catalog", **{"sdks/sample.yaml": "# Out of order.\n" + text + "\n\n"})
    path = directory / "sdks" / "sample.yaml"
    before = path.read_bytes()
    assert run("lint", directory)[0] == 1  # everything is imported before privileges are dropped
    path.parent.chmod(0o555)
    with without_privileges():
        code, _, notes = run("lint", directory, "--fix")
    assert (code, "cannot be written: Permission denied; it is unchanged" in notes) == (3, True)
    assert path.read_bytes() == before
    assert [found.name for found in path.parent.iterdir()] == ["sample.yaml"]


HOOKS: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[1] / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("hook", HOOKS, ids=[hook["id"] for hook in HOOKS])
def test_the_hooks_of_pre_commit_are_commands(hook: dict[str, Any], tmp_path: Path) -> None:
    program, *arguments = hook["entry"].split()
    assert (program, hook["language"], hook["pass_filenames"]) == ("sdkfp", "python", False)
    assert all(re.search(hook["files"], name) for name in ("sdks/sample.yaml", "sdks/sample.yar"))
    assert run(*arguments, good_catalog(tmp_path / "good"))[0] == 0
    wrong = good_catalog(tmp_path / "wrong", **{"sdks/sample.yaml": GOOD.replace("oaid", "oiad")})
    assert run(*arguments, wrong)[0] in (1, 4)


@pytest.mark.parametrize("name", ["new-sdk", "false-positive", "false-negative"])
def test_issue_forms_ask_for_the_listing_not_for_the_app(name: str) -> None:
    path = Path(__file__).parents[1] / ".github" / "ISSUE_TEMPLATE" / f"{name}.yml"
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    (listing,) = (field for field in form["body"] if field.get("id") == "features")
    assert "`sdkfp features APP`" in listing["attributes"]["description"]
    assert "not attach" in form["body"][0]["attributes"]["value"]


def test_an_sdk_free_listing_finds_nothing(tmp_path: Path) -> None:
    catalog = open_workspace(good_catalog(tmp_path / "catalog")).strict_catalog()
    assert check_listings(catalog, [("a.txt", FeatureSet.parse("class com.maker.app.Main"))]) == []
    (issue,) = check_listings(catalog, [("b.txt", FeatureSet.parse("library libsample2.so\nclass com.maker.app.Main"))])
    assert "shows sample as suspected (`library libsample*.so` meets `library libsample2.so`)" in issue.message
    listings = tmp_path / "listings"
    listings.mkdir()
    assert run("test", tmp_path / "catalog", "--listings", listings)[0] == 4
    (listings / "one.txt").write_text("class com.sample.sdk.Main\n", encoding="utf-8")
    code, printed, notes = run("test", tmp_path / "catalog", "--listings", listings)
    assert code == 1
    assert "listing-finds" in printed
    assert "1 listings" in notes


def test_wrong_signatures_are_not_tested(tmp_path: Path) -> None:
    directory = good_catalog(tmp_path, **{"sdks/sample.yaml": GOOD.replace("oaid", "oiad")})
    assert run("test", directory)[0] == 4
    with pytest.raises(SignatureError):
        open_workspace(directory).strict_catalog()


def test_no_such_folder_and_an_empty_one(tmp_path: Path) -> None:
    assert run("lint", tmp_path)[0] == 4
    assert run("lint", tmp_path / "nowhere")[0] == 4


def test_a_corpus_says_which_clues_never_fire_and_which_fire_too_widely(tmp_path: Path) -> None:
    signatures = write_signatures(
        tmp_path / "signatures",
        {
            "wide": "clues: [{class: com.wide.sdk.}, {library: libwide.so}, {file: assets/common*}]",
            "gone": "clues: [{class: com.gone.sdk.}]",
        },
    )
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number in range(6):
        with zipfile.ZipFile(corpus / f"{number}.zip", "w") as archive:
            archive.writestr("assets/common.txt", "x")
            if number == 0:
                archive.writestr("lib/arm64-v8a/libwide.so", b"\x7fELF")
    (corpus / "notes.txt").write_text("not an app", encoding="utf-8")
    (corpus / "notes.md").write_text("not an app either", encoding="utf-8")
    (corpus / "listing.txt").write_text("file assets/common.txt @ base.apk\nclass a.b.C\n", encoding="utf-8")
    code, printed, notes = run("test", signatures, "--corpus", corpus, "--json")
    found = json.loads(printed)
    assert code == 0
    assert found["apps"] == 7
    assert found["absent"] == ["gone"]
    assert [(c["clue"], c["apps"], c["alone"]) for c in found["wide"]] == [("file assets/common*", 7, 6)]
    assert [c["clue"] for c in found["silent"]] == ["class com.wide.sdk."]
    assert "notes.txt" in notes
    assert "notes.md" in notes
    code, printed, _ = run("test", signatures, "--corpus", corpus)
    assert (code, "7 apps, 1 of 2 SDKs found in them" in printed) == (0, True)
    assert "  wide: class com.wide.sdk.  (in 0, alone in 0, SDK in 7)" in printed


LISTINGS = Path(__file__).parent / "listings"


def test_apps_without_sdks_show_none() -> None:
    code, printed, notes = run("test", "--listings", LISTINGS)
    assert (code, printed) == (0, "")
    assert "9 listings without SDKs" in notes


@pytest.mark.parametrize("path", sorted(LISTINGS.glob("*.txt")), ids=lambda path: path.stem)
def test_a_listing_is_of_the_app_that_it_names(path: Path, real_app: Callable[[str], Path]) -> None:
    listed = FeatureSet.parse(path.read_text(encoding="utf-8"))
    app_itself = real_app(path.stem)
    assert hashlib.sha256(app_itself.read_bytes()).hexdigest() in path.read_text(encoding="utf-8")
    found = {name for column in extract(app_itself).of(Kind.CLASS) for name in column.names}
    assert {name for column in listed.of(Kind.CLASS) for name in column.names} == found


def with_marks(directory: Path) -> tuple[Path, Path]:
    """A catalog whose one SDK has marks, and the folder of the file that they were learned from."""
    strings = [f"a message of the sample SDK, number {number}" for number in range(30)]
    jar = build_zip({"com/sample/sdk/Conf.class": class_file("com.sample.sdk.Conf", strings=strings)})
    sha256 = hashlib.sha256(jar).hexdigest()
    artifacts = directory / "artifacts"
    artifacts.mkdir()
    (artifacts / "sample.jar").write_bytes(jar)
    catalog = good_catalog(directory / "catalog", **{"sdks/sample.yaml": GOOD.replace("ab" * 32, sha256)})
    workspace = open_workspace(catalog)
    none = np.zeros(0, np.uint64)
    rows = [("4.1", read_artifact(artifacts / "sample.jar"), True)]
    (catalog / "common.marks").write_bytes(write_common(none))
    marks = learn_marks("sample", rows, workspace.catalog.index, none)
    (catalog / "sdks" / "sample.marks").write_bytes(write_marks(marks))
    return catalog, artifacts


def test_marks_are_learned_again_from_artifacts_that_are_at_hand(tmp_path: Path) -> None:
    catalog, artifacts = with_marks(tmp_path)
    path = catalog / "sdks" / "sample.marks"
    assert run("lint", catalog, "--artifacts", artifacts)[0] == 0
    marks = read_marks(path.read_bytes())
    path.write_bytes(write_marks(replace(marks, marks=marks.marks[1:], releases_of=marks.releases_of[1:])))
    assert run("lint", catalog)[0] == 0, "without the artifact nobody can tell"
    code, printed, _ = run("lint", catalog, "--artifacts", artifacts)
    assert code == 1
    assert "[marks-differ] the artifacts that are at hand give other marks" in printed
    assert run("lint", catalog, "--artifacts", tmp_path / "nowhere")[0] == 4


def test_marks_that_are_damaged_of_nobody_or_of_another_file(tmp_path: Path) -> None:
    catalog, _ = with_marks(tmp_path)
    path = catalog / "sdks" / "sample.marks"
    data = path.read_bytes()
    path.with_name("nobody.marks").write_bytes(data)
    path.with_name("other.marks").write_bytes(data)
    (catalog / "sdks" / "other.yaml").write_text(
        GOOD.replace("id: sample", "id: other").replace("com.sample.", "com.other.").replace("libsample", "libother"),
        encoding="utf-8",
    )
    (catalog / "sdks" / "sample.yaml").write_text(GOOD, encoding="utf-8")
    assert {issue.rule for issue in lint(catalog)} == {"marks-orphan", "marks-damaged", "marks-unknown-artifact"}
    path.write_bytes(data[:-1])
    assert "marks-damaged" in {issue.rule for issue in lint(path.with_name("sample.yaml"))}
