"""The vocabularies of reads and rules: those that ship, and files that are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdkfp import Catalog
from sdkfp.vocabulary import CONSTANT_KINDS, ReadKind
from sdkfp.vocabulary_reader import read_reads, read_rules

TYPES = ("imei", "sms")
GOOD = """\
origins: {doc: {says: a document, url: https://vendor.example/doc}}
carriers: {uri: [Landroid/content/ContentResolver;->query]}
reads:
  - method: Landroid/telephony/TelephonyManager;->getDeviceId
    type: imei
    any_of: [android.permission.READ_PHONE_STATE]
    since: 1
    source: [doc]
  - uri: content://sms
    type: sms
    weight: support
    note: a note
    source: [doc]
"""


def issues_of(text: str, folder: Path) -> list[str]:
    path = folder / "reads.yaml"
    path.write_text(text, encoding="utf-8")
    return [f"{issue.line}:{issue.column}: {issue.message}" for issue in read_reads(path, TYPES)[1]]


def test_a_good_file(tmp_path: Path) -> None:
    path = tmp_path / "reads.yaml"
    path.write_text(GOOD, encoding="utf-8")
    reads, issues = read_reads(path, TYPES)
    assert issues == []
    assert [(read.kind, read.type, read.since) for read in reads.items] == [
        (ReadKind.METHOD, "imei", 1),
        (ReadKind.URI, "sms", None),
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("type: imei", "type: imie", "5:11: unknown personal-information type 'imie'"),
        (
            "Landroid/telephony/TelephonyManager;->getDeviceId",
            "android.telephony.TelephonyManager.getDeviceId",
            "4:13: 'android.telephony.TelephonyManager.getDeviceId' is not a method reference without parameters",
        ),
        ("->getDeviceId", "->getDeviceId(I)", "4:13: "),
        ("TelephonyManager;->", "TelephonyManager->", "4:13: "),
        ("content://sms", "sms://inbox", "9:10: 'sms://inbox' is not a content URI"),
        ("  - uri: ", "  - method: Landroid/a/B;->c\n    uri: ", "9:5: name one surface of: method, override, field"),
        ("  - uri: content://sms\n", "  - since: 4\n", "9:5: name one surface of: "),
        ("android.permission.READ_PHONE_STATE", "READ_PHONE_STATE", "6:14: 'READ_PHONE_STATE' is not the full name"),
        ("since: 1", "since: soon", "7:12: 'soon' is not an API level"),
        ("weight: support", "weight: heavy", "11:13: 'heavy' is not read or support"),
        ("    source: [doc]\n  - uri", "    source: [dic]\n  - uri", "8:13: unknown origin 'dic'"),
        ("type: sms", "type: sms\n    with: [x]", "11:11: `with` is for methods"),
        ("type: imei", "type: imei\n    with_number: [x]", "6:19: 'x' is not a number"),
        ("note: a note", "nota: a note", "12:5: unknown key 'nota'; did you mean 'note'?"),
        ("url: https://vendor.example/doc", "url: nowhere", "1:40: 'nowhere' is not a URL"),
        (", url: https://vendor.example/doc", "", "1:16: an origin has a `url` or a `purl`"),
        (
            "ContentResolver;->query",
            "ContentResolver.query",
            "2:18: 'Landroid/content/ContentResolver.query' is not a member",
        ),
        ("carriers: {uri:", "carriers: {uro:", "2:12: unknown key 'uro'; did you mean 'uri'?"),
        ("reads:\n", "subclasses: {android.A: [Landroid/B;]}\nreads:\n", "3:25: 'android.A' is not a class descriptor"),
    ],
)
def test_mistakes_have_their_place(old: str, new: str, message: str, tmp_path: Path) -> None:
    assert GOOD.count(old) == 1
    found = issues_of(GOOD.replace(old, new), tmp_path)
    assert found
    assert found[0].startswith(message), found


def test_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("imei\n", "imie\n").replace("note: a note", "nota: x").replace("since: 1", "since: 0")
    assert len(issues_of(text, tmp_path)) == 3


def test_the_same_read_twice(tmp_path: Path) -> None:
    twice = GOOD + "  - {uri: 'content://sms', type: sms, source: [doc]}\n"
    assert issues_of(twice, tmp_path) == ["14:5: `uri content://sms` is there twice for sms"]


def test_rules_that_are_wrong(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(
        "documents: {d: {en: D, zh: 文}}\n"
        "rules:\n"
        "  'nonsense': {document: e, name: {en: A, zh: 甲}, shows: {en: B}, cannot: {en: C, zh: 丙}}\n"
        "limits: {x: {en: L, zh: 限}}\n",
        encoding="utf-8",
    )
    messages = [issue.message for issue in read_rules(path)[1]]
    assert messages == [
        "'nonsense' is not a rule id such as 'miit164.1.1'",
        "unknown document 'e'",
        "the key 'zh' is missing",
    ]


# ---- what ships


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.builtin()


def test_every_observable_type_has_a_read(catalog: Catalog) -> None:
    readable = {read.type for read in catalog.vocabulary.reads.items}
    observable = {name for name, each in catalog.vocabulary.types.items() if each.observable}
    assert readable == observable


def test_every_constant_kind_has_something_that_takes_it(catalog: Catalog) -> None:
    reads = catalog.vocabulary.reads
    used = {read.kind for read in reads.items if read.kind in CONSTANT_KINDS}
    assert used == set(reads.carriers)


def test_every_origin_is_used_and_every_read_has_one(catalog: Catalog) -> None:
    reads = catalog.vocabulary.reads
    assert {source for read in reads.items for source in read.sources} == set(reads.origins)
    assert all(read.sources for read in reads.items)


def test_watched_permissions_are_in_the_vocabulary(catalog: Catalog) -> None:
    reads = catalog.vocabulary.reads
    needed = {name for read in reads.items for name in (*read.all_of, *read.any_of, *read.more_with)}
    assert set(reads.watched) <= needed


def test_rules_and_limits_say_things_in_both_languages_and_judge_nothing(catalog: Catalog) -> None:
    regulations = catalog.vocabulary.regulations
    assert {"miit164.1.1", "miit164.1.2", "rd2019.2"} <= set(regulations.rules)
    assert {rule.document for rule in regulations.rules.values()} == set(regulations.documents)
    assert {limit.id for limit in regulations.limits} >= {"consent", "frequency", "server"}
    texts = [text for r in regulations.rules.values() for text in (r.shows, r.cannot)]
    texts += [limit.text for limit in regulations.limits]
    for text in texts:
        assert text.zh
        assert "violat" not in text.en.lower()
        assert "违规" not in text.zh
