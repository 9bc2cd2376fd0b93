"""docs/signatures.md is normative: its tables are the reader's keys and the linter's rules, and its examples are read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
import yaml

from sdkfp import Catalog
from sdkfp._yaml import Node, Reader
from sdkfp.lint import RULES, check_examples, lint, open_workspace
from sdkfp.signature import Basis, Need, Strength
from sdkfp.signature_reader import read_organization, read_signature
from sdkfp.yara import RuleSource, compile_rules

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "docs" / "signatures.md").read_text(encoding="utf-8")
CASES = ROOT / "tests" / "cases" / "mistakes.yaml"


def tables() -> dict[str, list[str]]:
    """The words of the first column of every table, by the heading that it stands under."""
    found: dict[str, list[str]] = {}
    heading = ""
    for line in DOCUMENT.splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        elif line.startswith("| `"):
            found.setdefault(heading, []).extend(re.findall(r"`([^`]+)`", line.split("|")[1]))
    return found


def code(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_the_tables_of_keys_are_those_of_the_reader(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    known: set[frozenset[str]] = set()
    mapping = Reader.mapping

    def watched(
        self: Reader, node: Node, keys: Sequence[str] | None = None, *, required: Iterable[str] = ()
    ) -> dict[str, Node]:
        known.add(frozenset(keys or ()))
        return mapping(self, node, keys, required=required)

    monkeypatch.setattr(Reader, "mapping", watched)
    path = tmp_path / "sample-push.yaml"
    path.write_text(code("yaml"), encoding="utf-8")
    signature, problems = read_signature(path, Catalog.builtin().vocabulary)
    assert problems == []
    assert signature is not None
    parts = (signature.clues, signature.exceptions, signature.version, signature.collects, signature.artifacts)
    assert all((*parts, signature.sources, signature.match, signature.miss)), "the example has every part"
    maker = tmp_path / "maker.yaml"
    maker.write_text("name: {en: Maker}\n", encoding="utf-8")
    read_organization(maker)
    named = {
        heading: frozenset(words)
        for heading, words in tables().items()
        if heading not in ("Files", "The rules of the house")
    }
    assert set(named.values()) == known
    assert len(named) == len(known)


def test_the_keys_stand_in_their_canonical_order() -> None:
    from sdkfp.lint.layout import ITEM_KEYS  # noqa: PLC0415 - used once
    from sdkfp.signature_reader import SIGNATURE_KEYS  # noqa: PLC0415 - as above

    assert tuple(tables()["Keys of a signature"]) == SIGNATURE_KEYS
    for key in ("collects", "artifacts", "sources", "version"):
        assert tuple(tables()[f"`{key}`"]) == ITEM_KEYS[key]


def test_every_closed_word_of_the_format_is_named() -> None:
    for words in (Strength, Need, Basis):
        assert [word.value for word in words if f"`{word.value}`" not in DOCUMENT] == []


def test_the_table_of_rules_is_that_of_the_linter() -> None:
    cases = yaml.safe_load(CASES.read_text(encoding="utf-8"))["mistakes"]
    said = {name for case in cases if not case.get("test") for line in case["says"] for name in _rules(line)}
    marks = {"marks-orphan", "marks-damaged", "marks-unknown-artifact", "marks-differ"}
    assert set(tables()["The rules of the house"]) == {rule.name for rule in RULES} | said | marks
    tested = {name for case in cases if case.get("test") for line in case["says"] for name in _rules(line)}
    assert [name for name in sorted(tested) if f"`{name}`" not in DOCUMENT] == []


def _rules(line: str) -> list[str]:
    return re.findall(r" (?:error|warning) \[([a-z-]+)\]", line)


def test_the_example_of_the_document_passes_every_check(tmp_path: Path) -> None:
    for name, text in (("sdks/sample-push.yaml", code("yaml")), ("organizations/sample.yaml", "name: {en: Sample}\n")):
        path = tmp_path / name
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8")
    assert lint(tmp_path) == []
    assert check_examples(open_workspace(tmp_path).strict_catalog(), only=["sample-push"]) == []


def test_the_rule_of_the_document_compiles() -> None:
    rules = compile_rules([RuleSource("openssl", "openssl.yar", code("yara"))])
    assert rules.names("elf") == ("openssl/openssl_version",)
