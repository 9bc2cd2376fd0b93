"""Strict reading: each seeded mistake is refused with its place and the stored words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdkfp import Catalog, SignatureError

GOOD = """\
id: sample
name: {en: Sample, zh: 样例}
organization: maker
categories: [analytics]
purl: pkg:maven/com.sample/sdk
clues:
  - class: com.sample.sdk.
  - library: libsample*.so
    strength: hint
version:
  - constant: com.sample.sdk.Conf.VERSION
    pattern: 'v(\\d+\\.\\d+)'
collects:
  - type: oaid
    purpose: advertising
    need: required
    versions: ">=4.0, <5"
    basis: vendor_docs
    source: https://sample.example/privacy
    as_of: 2026-11-01
artifacts:
  - {purl: 'pkg:maven/com.sample/sdk@4.1', sha256: SHA, version: '4.1'}
examples:
  match:
    - origin: pkg:maven/com.sample/sdk@4.1
      version: '4.1'
      features: |
        class com.sample.sdk.Conf
        constant com.sample.sdk.Conf.VERSION="v4.1"
  miss:
    - why: same word
      features: |
        class com.sampler.sdk.A
""".replace("SHA", "ab" * 32)

# Each row: what is replaced in the good signature, by what, and the message with line:column.
MISTAKES = [
    ("unknown key", "clues:", "clue:", "6:1: unknown key 'clue'; did you mean 'clues'?"),
    ("missing key", "categories: [analytics]\n", "", "1:1: the key 'categories' is missing"),
    ("duplicate key", "purl:", "id: sample\npurl:", "5:1: duplicate key 'id'"),
    ("id and file name", "id: sample", "id: other", "1:5: the id is 'other' but the file is named 'sample'"),
    ("id with capitals", "id: sample", "id: Sample", "1:5: 'Sample' is not an id (a-z, 0-9 and single hyphens)"),
    ("unknown category", "[analytics]", "[analytic]", "4:14: unknown category 'analytic'; did you mean 'analytics'?"),
    ("no category", "[analytics]", "[]", "4:13: a signature has at least one category"),
    ("category is not a list", "[analytics]", "analytics", "4:13: expected a list, found 'analytics'"),
    ("name is not a mapping", "{en: Sample, zh: 样例}", "Sample", "2:7: expected a mapping, found 'Sample'"),
    ("name without English", "{en: Sample, zh: 样例}", "{zh: 样例}", "2:7: the key 'en' is missing"),
    ("bad purl", "pkg:maven/com.sample/sdk\n", "maven:com.sample\n", "5:7: 'maven:com.sample' is not a package URL (pkg:type/name)"),
    ("prefix too short", "com.sample.sdk.\n", "com.sample.\n", "7:12: the prefix 'com.sample.' has fewer than three segments: make it longer or say why with `why:`"),
    ("prefix with slashes", "class: com.sample.sdk.\n", "class: com/sample/sdk\n", "7:12: 'com/sample/sdk' is not a dotted class name or prefix"),
    ("prefix with star", "class: com.sample.sdk.\n", "class: com.sample.sdk.*\n", "7:12: 'com.sample.sdk.*' is not a dotted class name or prefix"),
    ("prefix with empty segment", "com.sample.sdk.\n", "com..sdk.x.\n", "7:12: 'com..sdk.x.' is not a dotted class name or prefix"),
    ("star too early", "libsample*.so", "li*.so", "8:14: a name with `*` starts with at least three plain characters"),
    ("star where none is allowed", "library: libsample*.so", "permission: com.sample.*", "8:17: `*` is for library, soname, file, not for permission"),
    ("unknown kind of clue", "class: com.sample.sdk.\n", "clazz: com.sample.sdk.\n", "7:5: unknown key 'clazz'; did you mean 'class'?"),
    ("two kinds in one clue", "    strength: hint", "    file: assets/x", "8:5: name one feature kind of: class, library, soname, symbol, jni, activity, service, receiver, provider, permission, metadata, action, file, property, yara"),
    ("unknown strength", "strength: hint", "strength: weak", "9:15: unknown value 'weak'"),
    ("rule with a namespace", "library: libsample*.so", "yara: sample/rule", "8:11: name the rule alone: its namespace is this SDK's id"),
    ("no clue", "  - class: com.sample.sdk.\n  - library: libsample*.so\n    strength: hint\n", "  []\n", "7:3: a signature has at least one clue"),
    ("bad regular expression", r"'v(\d+\.\d+)'", "'v(\\d+'", "12:14: 'v(\\\\d+' is not a regular expression: missing ), unterminated subpattern at position 1"),
    ("pattern without a group", r"'v(\d+\.\d+)'", "'v.+'", "12:14: the pattern 'v.+' has no group for the version"),
    ("pattern that explodes", r"'v(\d+\.\d+)'", "'v((a+)+)'", "12:14: the pattern 'v((a+)+)' repeats a repetition, which can take exponential time"),
    ("library version without pattern", "constant: com.sample.sdk.Conf.VERSION\n    pattern: 'v(\\d+\\.\\d+)'", "library: libsample*.so", "11:5: a version rule on a library name needs a `pattern`"),
    ("unknown type", "type: oaid", "type: oiad", "14:11: unknown personal-information type 'oiad'; did you mean 'oaid'?"),
    ("unknown purpose", "purpose: advertising", "purpose: ads", "15:14: unknown purpose 'ads'"),
    ("unknown need", "need: required", "need: always", "16:11: unknown value 'always'"),
    ("bad range", '">=4.0, <5"', '"4 to 5"', "17:15: '4 to 5' is not a version range such as '>=4.0, <5'"),
    ("unknown basis", "basis: vendor_docs", "basis: hearsay", "18:12: unknown value 'hearsay'"),
    ("missing source", "    source: https://sample.example/privacy\n", "", "14:5: the key 'source' is missing"),
    ("source is no URL", "https://sample.example/privacy", "their site", "19:13: 'their site' is not a URL"),
    ("date", "2026-11-01", "01.11.2026", "20:12: '01.11.2026' is not a date (YYYY-MM-DD)"),
    ("wrong hash", "ab" * 32, "AB" * 32, "22:52: '" + "AB" * 32 + "' is not a SHA-256 in lower-case hex"),
    ("empty value", "version: '4.1'}", "version: }", "22:127: the value is empty"),
    ("unknown word in a listing", "class com.sample.sdk.Conf\n", "klass com.sample.sdk.Conf\n", "28:1: unknown feature kind 'klass' in 'klass com.sample.sdk.Conf'"),
    ("miss without a reason", "why: same word\n      features", "features", "31:7: the key 'why' is missing"),
    ("unknown organization", "", "", "1:1: the organization 'maker' has no file organizations/maker.yaml"),
    ("unknown SDK", "purl:", "requires: [nobody]\npurl:", "1:1: `requires` names the SDK 'nobody', which the catalog does not have"),
]  # fmt: skip


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


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [row[1:] for row in MISTAKES],
    ids=[row[0] for row in MISTAKES],
)
def test_mistake(old: str, new: str, message: str, tmp_path: Path) -> None:
    if "organization" not in message:
        with_organization(tmp_path)
    assert old in GOOD
    assert message in issues_of(tmp_path, GOOD.replace(old, new, 1))


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
