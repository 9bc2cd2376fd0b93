"""The words of policies: read strictly, every one of them found again, and added to by other folders."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.catalogs import write_signatures

from sdkfp import Catalog, SignatureError
from sdkfp.disclosure.folding import WordIndex, fold
from sdkfp.disclosure.typewords import TypeIndex
from sdkfp.policy_words import Column
from sdkfp.policy_words_reader import read_policy_words

TYPES = ("imei", "oaid")


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.builtin()


def test_every_word_means_its_type(catalog: Catalog) -> None:
    words = catalog.vocabulary.policy
    index = TypeIndex(words, catalog.vocabulary)
    assert set(words.types) == set(catalog.vocabulary.types)
    for name, own in words.types.items():
        for word in own:
            assert name in index.named(word).types, word
    for wider in words.wider:
        for word in wider.words:
            named = index.named(word)
            assert set(wider.covers) <= named.types | set(named.wider), word
    for phrase in words.ignored:
        assert index.named(phrase).types == frozenset(), phrase


def test_the_names_of_types_mean_them_too(catalog: Catalog) -> None:
    index = TypeIndex(catalog.vocabulary.policy, catalog.vocabulary)
    for kind in catalog.vocabulary.types.values():
        assert kind.id in index.named(kind.name.en).types
        assert kind.id in index.named(kind.name.zh or kind.name.en).types


def test_every_head_means_its_column(catalog: Catalog) -> None:
    columns = catalog.vocabulary.policy.columns
    assert set(columns) == set(Column)
    heads = WordIndex((word, column) for column, words in columns.items() for word in words)
    for column, words in columns.items():
        for word in words:
            hit = heads.main(fold(word))
            assert hit is not None
            assert hit.value is column, word


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("types: {iemi: [x1]}", r"1:15: unknown personal-information type 'iemi'"),
        ("types: {imei: [IMEI, imei]}", r"1:22: 'imei' is there twice"),
        ("types: {imei: [a1], oaid: [A1]}", "'A1' is there twice"),
        ("types: {imei: [a1]}\nignored: [a1]", "2:11: 'a1' is there twice"),
        ("types: {imei: ['']}", "the value is empty"),
        ("types: {imei: a1}", "expected a list"),
        (f"types: {{imei: [{'a' * 61}]}}", "at most 60 characters"),
        ("wider: [{words: [a1]}]", "the key 'covers' is missing"),
        ("wider: [{words: [a1], covers: [nose]}]", "unknown personal-information type 'nose'"),
        ("columns: {nam: [x1]}", "unknown key 'nam'; did you mean 'name'"),
        ("columns: {name: [x1], types: [x1]}", "'x1' is there twice"),
        ("words: {}", "unknown key 'words'"),
        ("- x", "expected a mapping"),
    ],
)
def test_mistakes_have_their_place(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(text, "utf-8")
    _, issues = read_policy_words(path, TYPES)
    assert re.search(message, "\n".join(str(issue) for issue in issues))


def test_a_folder_of_signatures_adds_words(tmp_path: Path) -> None:
    folder = write_signatures(tmp_path, {"vendor": "clues: [{class: com.vendor.sdk.}]"})
    (folder / "vocabulary").mkdir()
    (folder / "vocabulary" / "policy.yaml").write_text("types: {imei: [串号]}\ncolumns: {types: [所取何物]}\n", "utf-8")
    catalog = Catalog.load(folder, builtin=False, cache=False)
    assert "imei" in TypeIndex(catalog.vocabulary.policy, catalog.vocabulary).named("串号、OAID").types
    assert "oaid" in TypeIndex(catalog.vocabulary.policy, catalog.vocabulary).named("串号、OAID").types
    assert "所取何物" in catalog.vocabulary.policy.columns[Column.TYPES]


def test_aliases_of_organizations_are_read_strictly(tmp_path: Path) -> None:
    folder = write_signatures(tmp_path, {"vendor": "organization: acme\nclues: [{class: com.vendor.sdk.}]"})
    (folder / "organizations").mkdir()
    file = folder / "organizations" / "acme.yaml"
    file.write_text("id: acme\nname: {en: Acme}\naliases: [阿克米, Acme]\n", "utf-8")
    assert Catalog.load(folder, builtin=False, cache=False).organizations["acme"].aliases == ("阿克米", "Acme")
    file.write_text("id: acme\nname: {en: Acme}\naliases: 阿克米\n", "utf-8")
    with pytest.raises(SignatureError, match="3:10: expected a list"):
        Catalog.load(folder, builtin=False, cache=False)
