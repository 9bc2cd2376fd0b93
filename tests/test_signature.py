"""Strict reading; the seeded mistakes and their stored words are in ``test_lint.py``."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sdkfp import Catalog, SignatureError

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "mistakes.yaml").read_text(encoding="utf-8"))
GOOD: str = CASES["good"]


def issues_of(directory: Path, text: str | bytes) -> list[str]:
    (directory / "sdks").mkdir(exist_ok=True)
    path = directory / "sdks" / "sample.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    try:
        Catalog.load(directory, builtin=False, cache=False)
    except SignatureError as error:
        return [f"{issue.line}:{issue.column}: {issue.message}" for issue in error.issues]
    return []


def with_organization(directory: Path) -> None:
    (directory / "organizations").mkdir()
    (directory / "organizations" / "maker.yaml").write_text("name: {en: Maker Ltd.}\ncountry: CN\n", encoding="utf-8")


def test_the_good_signature_is_good(tmp_path: Path) -> None:
    with_organization(tmp_path)
    assert issues_of(tmp_path, GOOD) == []
    sample = Catalog.load(tmp_path, builtin=False, cache=False)["sample"]
    assert sample.name.zh == "样例"
    assert sample.collects[0].as_of == "2026-11-01"
    assert [str(clue) for clue in sample.clues] == ["class com.sample.sdk.", "library libsample*.so"]


@pytest.mark.parametrize("pattern", [r"(\d+(?:\.\d+)+)", r"v(\d+)\.(\d+)", r"([\w.]+)", r"((?:\d+-)*\d+)"])
def test_harmless_repetitions_are_not_refused(pattern: str, tmp_path: Path) -> None:
    with_organization(tmp_path)
    assert issues_of(tmp_path, GOOD.replace(r"v(\d+\.\d+)", pattern)) == []


@pytest.mark.parametrize("pattern", [r"(a+)+", r"(?:(\d+)*)x", r"(([a-z]*)*)", r"((?:\w+){2,})"])
def test_repeated_repetitions_are_refused(pattern: str, tmp_path: Path) -> None:
    with_organization(tmp_path)
    assert any("exponential" in issue for issue in issues_of(tmp_path, GOOD.replace(r"v(\d+\.\d+)", pattern)))


def test_every_mistake_of_every_file_is_reported_at_once(tmp_path: Path) -> None:
    with_organization(tmp_path)
    wrong = GOOD.replace("[analytics]", "[analytic]").replace("oaid", "oiad").replace("2026-11-01", "soon")
    (tmp_path / "sdks").mkdir()
    (tmp_path / "sdks" / "other.yaml").write_text("id: other\n", encoding="utf-8")
    found = issues_of(tmp_path, wrong)
    assert len(found) == 6  # three in the one file, three missing keys in the other


def test_aliases_are_refused(tmp_path: Path) -> None:
    with_organization(tmp_path)
    text = GOOD.replace("artifacts:\n", "artifacts: &a\n") + "sources: *a\n"
    assert any("anchors and aliases are not used" in issue for issue in issues_of(tmp_path, text))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "1:1: is empty"),
        (b"\xff\xfe\x00", "1:1: is not UTF-8"),
        (b"id: sample\nname: \xe6\x97\xff", "2:7: is not UTF-8"),
        (b"id: [", "not YAML"),
        (b"id:\n\t- x", "not YAML"),
        (b"x" * (1 << 20) + b"y", "is larger than 1048576 bytes"),
        (b"[" * 100_000, "1:13: is nested deeper than 12 levels"),
        (b"just text", "expected a mapping, found 'just text'"),
    ],
)
def test_files_that_are_no_signature(data: bytes, message: str, tmp_path: Path) -> None:
    found = issues_of(tmp_path, data)
    assert len(found) == 1
    assert message in found[0]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_damage_gives_issues_not_exceptions(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    raw = bytearray(GOOD.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    for issue in issues_of(tmp_path_factory.mktemp("damaged"), bytes(raw)):
        assert re.match(r"\d+:\d+: ", issue)
