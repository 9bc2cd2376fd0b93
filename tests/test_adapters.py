"""Lists of others at run time, and our catalog in other forms. Every entry here is made up."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from support.catalogs import catalog_of
from support.classwriter import class_file
from support.zipwriter import build_zip
from typer.testing import CliRunner

from sdkfp import Catalog, CatalogError, FeatureSet, identify, scan
from sdkfp.adapters.written import to_exodus
from sdkfp.cli import app
from sdkfp.summary import summarize

EXODUS: dict[str, Any] = {
    "trackers": {
        "7": {
            "id": 7,
            "name": "Spyglass",
            "code_signature": "com.spyglass.sdk.|com.spyglass.Entry",
            "network_signature": "spyglass\\.example",
            "website": "https://spyglass.example",
            "categories": ["Analytics", "Made up"],
        },
        "8": {"id": 8, "name": "Known", "code_signature": "com.known.sdk."},
        "9": {"id": 9, "name": "Pattern", "code_signature": "com.(a|b)[0-9]+.x"},
        "10": {"id": 10, "name": "Escaped", "code_signature": "com\\.escaped\\.kit\\."},
        "11": {"id": 11, "name": "Nothing", "code_signature": ""},
    }
}
ROWS = [
    ("libspyglass.so", "Spyglass", 0, 0),
    ("com.spyglass.push.PushService", "Spyglass", 1, 0),
    ("com.spyglass.sdk", "Spyglass", 5, 0),
    ("libspy-v.*\\.so", "Spyglass", 0, 1),
    ("com.known.sdk.Login", "Known", 2, 0),
    ("lib(a|b)c\\.so", "Odd", 0, 1),
    ("com.some.app", "An app", 9, 0),
]
COLUMNS = ("name", "label", "type", "isRegexRule")


def base(directory: Path) -> Catalog:
    return catalog_of(directory, {"known": "clues: [{class: com.known.sdk.}]"})


def found(catalog: Catalog, features: str) -> dict[str, str]:
    answer = identify(FeatureSet.parse(features), catalog)
    return {sdk.signature.name.en: sdk.certainty.value for sdk in answer.sdks}


@pytest.mark.parametrize("form", ["mapping", "list"])
def test_exodus_entries_are_suspected_at_most(form: str, tmp_path: Path) -> None:
    document = EXODUS if form == "mapping" else {"trackers": list(EXODUS["trackers"].values())}
    path = tmp_path / "trackers.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    catalog = Catalog.from_exodus(path, base=base(tmp_path))
    assert found(catalog, "class com.spyglass.sdk.A\nclass com.known.sdk.B") == {
        "Spyglass": "suspected",
        "Known": "identified",
    }
    assert found(catalog, "class com.spyglass.Entry$1") == {"Spyglass": "suspected"}
    assert found(catalog, "class com.escaped.kit.A") == {"Escaped": "suspected"}
    assert found(catalog, "class com.spyglasses.A\nrefers com.spyglass.sdk.A") == {}
    (notice,) = catalog.notices
    assert "2 entries" in notice
    assert "1 of its clues are left to those signatures, 1 rules have no plain form" in notice
    assert "licence" in notice
    assert catalog["exodus-7"].categories == ("analytics",)
    assert catalog["exodus-10"].categories == ("imported",)
    assert catalog.sha256 != base(tmp_path).sha256


def libchecker(path: Path) -> Path:
    with sqlite3.connect(path) as database:
        database.execute(
            "CREATE TABLE rules_table (_id INTEGER, name TEXT, label TEXT, type INTEGER, isRegexRule INTEGER)"
        )
        database.executemany("INSERT INTO rules_table VALUES (1, ?, ?, ?, ?)", ROWS)
    database.close()
    return path


@pytest.mark.parametrize("form", ["database", "rows", "object"])
def test_libchecker_rules(form: str, tmp_path: Path) -> None:
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in ROWS]
    source: Path | bytes = libchecker(tmp_path / "rules.db")
    if form != "database":
        source = json.dumps(rows if form == "rows" else {"rules": rows}).encode()
    catalog = Catalog.from_libchecker(source, base=base(tmp_path))
    assert found(catalog, "library libspyglass.so") == {"Spyglass": "suspected"}
    assert found(catalog, "library libspy-v12.so") == {"Spyglass": "suspected"}
    assert found(catalog, "service com.spyglass.push.PushService") == {"Spyglass": "suspected"}
    assert found(catalog, "class com.spyglass.sdk.Core") == {"Spyglass": "suspected"}
    assert found(catalog, "class com.known.sdk.Login") == {"Known": "identified"}
    assert found(catalog, "library libac.so\nclass com.some.app.Main") == {}
    assert "Apache License 2.0" in catalog.notices[0]


def test_two_lists_at_once(tmp_path: Path) -> None:
    first = Catalog.from_exodus(json.dumps(EXODUS).encode(), base=base(tmp_path))
    both = Catalog.from_libchecker(libchecker(tmp_path / "rules.db"), base=first)
    assert len(both.notices) == 2
    assert found(both, "library libspyglass.so\nclass com.spyglass.sdk.A") == {"Spyglass": "suspected"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b"{}",
        b'{"trackers": 5}',
        b'{"trackers": [1, {"name": 2}]}',
        b"\xff\xfe",
        b'{"trackers": {}}',
    ],
)
def test_files_that_are_no_list(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(CatalogError):
        Catalog.from_exodus(data, base=base(tmp_path))
    with pytest.raises(CatalogError):
        Catalog.from_libchecker(data, base=base(tmp_path))


def test_databases_that_are_no_list(tmp_path: Path) -> None:
    good = libchecker(tmp_path / "rules.db").read_bytes()
    for bad in (good[:600], good[:100] + b"\xff" * 4000, good.replace(b"rules_table", b"rules_tabel")):
        with pytest.raises(CatalogError):
            Catalog.from_libchecker(bad, base=base(tmp_path))
    with pytest.raises(CatalogError, match="cannot be read"):
        Catalog.from_libchecker(tmp_path / "nowhere.db", base=base(tmp_path))


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def test_scan_with_foreign_lists_shows_their_licence(tmp_path: Path) -> None:
    exodus = tmp_path / "trackers.json"
    exodus.write_text(json.dumps(EXODUS), encoding="utf-8")
    jar = tmp_path / "app.jar"
    jar.write_bytes(build_zip({"com/spyglass/sdk/A.class": class_file("com.spyglass.sdk.A")}))
    code, printed, notes = run("scan", jar, "--exodus", exodus, "--libchecker", libchecker(tmp_path / "r.db"), "--json")
    report = json.loads(printed)
    assert code == 0
    assert {sdk["certainty"] for sdk in report["sdks"] if sdk["name"]["en"] == "Spyglass"} == {"suspected"}
    assert notes.count("licence") == 2
    assert run("scan", jar, "--exodus", exodus)[0] == 0
    assert run("scan", jar, jar, "--exodus", exodus)[0] == 2
    assert run("scan", jar, "--exodus", tmp_path / "nowhere.json")[0] == 4
    assert scan(jar).sdks == ()


def test_export_in_the_form_of_exodus_reads_back(tmp_path: Path) -> None:
    ours = catalog_of(
        tmp_path,
        {
            "one": "clues: [{class: com.one.sdk.}, {class: com.one.Out$In}, {library: libone.so}]",
            "native": "clues: [{library: libnative.so}]",
            "nursery/maybe": "clues: [{class: com.maybe.sdk.}]",
        },
    )
    data = to_exodus(ours, ours.vocabulary.categories)
    trackers = json.loads(data)["trackers"]
    assert [(t["name"], t["code_signature"], t["categories"]) for t in trackers.values()] == [
        ("One", "com.one.sdk.|com.one.Out\\$In", ["Analytics"])
    ]
    again = Catalog.from_exodus(data, base=base(tmp_path / "other"))
    assert found(again, "class com.one.sdk.A\nclass com.one.Out$In") == {"One": "suspected"}


def test_export_as_tables() -> None:
    code, printed, _ = run("catalog", "--export", "csv")
    rows = list(csv.DictReader(io.StringIO(printed.lstrip("\ufeff"))))
    catalog = Catalog.builtin()
    assert code == 0
    assert [row["id"] for row in rows] == list(catalog.signatures)
    jpush = next(row for row in rows if row["id"] == "jpush")
    assert jpush["name_zh"] == "极光推送"
    assert jpush["country"] == "CN"
    assert "class cn.jpush.android. (sure)" in jpush["clues"]
    code, printed, _ = run("catalog", "--export", "json")
    assert [row["id"] for row in json.loads(printed)] == list(catalog.signatures)
    code, printed, _ = run("catalog", "--export", "exodus")
    assert len(json.loads(printed)["trackers"]) > 500


def test_counts(tmp_path: Path) -> None:
    (tmp_path / "organizations").mkdir()
    (tmp_path / "organizations" / "maker.yaml").write_text("name: {en: Maker}\ncountry: CN\n", encoding="utf-8")
    artifacts = "".join(
        f"\n  - {{purl: 'pkg:maven/a/b@{number}', sha256: {letter * 64}, version: '{number}'}}"
        for number, letter in ((1, "a"), (2, "b"))
    )
    one = f"organization: maker\nclues: [{{class: com.one.sdk.}}]\nartifacts:{artifacts}"
    summary = summarize(catalog_of(tmp_path, {"one": one, "nursery/two": "clues: [{class: com.two.sdk.}]"}))
    assert (summary.signatures, summary.proven, summary.nursery) == (2, 1, 1)
    assert (summary.verified, summary.verified_in_several_versions) == (1, 1)
    assert summary.categories == {"analytics": 2}
    assert summary.countries == {"": 1, "CN": 1}
    assert summary.makers == {"maker": 1}


def test_the_catalog_command_in_both_languages_and_as_json() -> None:
    code, printed, _ = run("catalog", "--json")
    summary = json.loads(printed)
    assert code == 0
    assert summary["sha256"] == Catalog.builtin().sha256
    assert summary["signatures"] == summary["proven"] + summary["nursery"] == len(Catalog.builtin())
    code, printed, _ = run("catalog", "--lang", "en")
    assert f"{summary['signatures']}  Signatures" in printed
    assert summary["sha256"] in printed
    assert "类别" in run("catalog", "--lang", "zh")[1]
