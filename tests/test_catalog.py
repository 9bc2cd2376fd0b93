"""The catalog: reading, the cache, and look-ups."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support import realapps
from support.catalogs import catalog_of, write_signatures

import sdkfp
from sdkfp import Catalog, CatalogError, SignatureError
from sdkfp._terminal import signature_record
from sdkfp.lint import check_examples

VENDOR = {"vendor": "clues: [{class: com.vendor.sdk.}]"}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "cache"
    monkeypatch.setenv("SDKFP_CACHE_DIR", str(directory))
    return directory


def test_the_version_is_that_of_the_project_file() -> None:
    text = (Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8")
    assert f'\nversion = "{sdkfp.__version__}"\n' in text


def test_a_cached_catalog_answers_as_a_fresh_one(tmp_path: Path, cache: Path) -> None:
    directory = write_signatures(tmp_path / "s", VENDOR)
    fresh = Catalog.load(directory, builtin=False)
    (entry,) = cache.glob("catalog-*")
    again = Catalog.load(directory, builtin=False)
    assert again.sha256 == fresh.sha256
    assert again["vendor"].clues == fresh["vendor"].clues
    assert entry.stat().st_mtime_ns == next(cache.glob("catalog-*")).stat().st_mtime_ns  # read, not written again


def test_a_changed_signature_makes_another_catalog(tmp_path: Path, cache: Path) -> None:
    directory = write_signatures(tmp_path / "s", VENDOR)
    first = Catalog.load(directory, builtin=False)
    write_signatures(directory, {"vendor": "clues: [{class: com.vendor.other.}]"})
    second = Catalog.load(directory, builtin=False)
    assert second.sha256 != first.sha256
    assert second["vendor"].clues[0].name == "com.vendor.other."


@pytest.mark.parametrize("damage", ["truncate", "flip", "empty", "directory"])
def test_a_corrupt_cache_is_as_if_it_were_not_there(damage: str, tmp_path: Path, cache: Path) -> None:
    directory = write_signatures(tmp_path / "s", VENDOR)
    Catalog.load(directory, builtin=False)
    (entry,) = cache.glob("catalog-*")
    data = entry.read_bytes()
    if damage == "directory":
        entry.unlink()
        entry.mkdir()
    else:
        entry.write_bytes({"truncate": data[:-9], "flip": data[:-1] + bytes([data[-1] ^ 1]), "empty": b""}[damage])
    assert "vendor" in Catalog.load(directory, builtin=False)
    assert not list(cache.glob(".new-*"))


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a directory")
    monkeypatch.setenv("SDKFP_CACHE_DIR", str(blocked / "cache"))
    assert "vendor" in Catalog.load(write_signatures(tmp_path / "s", VENDOR), builtin=False)


def test_several_processes_may_start_at_once(tmp_path: Path, cache: Path) -> None:
    directory = write_signatures(
        tmp_path / "s", {f"vendor{n}": f"clues: [{{class: com.vendor.n{n}.}}]" for n in range(40)}
    )
    code = f"from sdkfp import Catalog; print(len(Catalog.load({str(directory)!r}, builtin=False)))"
    started = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=os.environ) for _ in range(6)]
    assert [process.communicate()[0].strip() for process in started] == [b"40"] * 6
    assert len(list(cache.glob("catalog-*"))) == 1


def test_a_directory_may_be_a_plain_folder_of_signatures(tmp_path: Path) -> None:
    folder = write_signatures(tmp_path / "s", VENDOR) / "sdks"
    assert "vendor" in Catalog.load(folder, builtin=False, cache=False)


def test_a_later_directory_replaces_an_earlier_signature(tmp_path: Path) -> None:
    first = write_signatures(tmp_path / "a", VENDOR)
    second = write_signatures(tmp_path / "b", {"vendor": "clues: [{class: com.vendor.other.}]"})
    catalog = Catalog.load(first, second, builtin=False, cache=False)
    assert [clue.name for clue in catalog["vendor"].clues] == ["com.vendor.other."]


def test_one_id_twice_in_one_directory_is_a_mistake(tmp_path: Path) -> None:
    write_signatures(tmp_path, {**VENDOR, "nursery/vendor": "clues: [{class: com.vendor.x.}]"})
    with pytest.raises(SignatureError, match="the id 'vendor' is also in"):
        Catalog.load(tmp_path, builtin=False, cache=False)


def test_missing_and_empty_directories(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="not a directory of signatures"):
        Catalog.load(tmp_path / "none")
    with pytest.raises(CatalogError, match="no signature"):
        Catalog.load(tmp_path)


def test_lookup_by_class_prefix_library_permission_id_and_words(tmp_path: Path) -> None:
    catalog = catalog_of(
        tmp_path,
        {
            "umeng-common": "aliases: [友盟, U-App]\nclues: [{class: com.umeng.commonsdk.}, {class: com.umeng.x.y.}]",
            "umeng-analytics": "aliases: [友盟统计]\nclues: [{class: com.umeng.x.y.analytics.}]",
            "core": "clues: [{library: 'libjcore*.so'}, {permission: com.core.PUSH, strength: hint}]",
        },
    )

    def ids(text: str) -> list[str]:
        return [found.signature.id for found in catalog.lookup(text)]

    assert ids("com.umeng.x.y.analytics.Agent") == ["umeng-analytics"]  # the longest prefix owns a class
    assert ids("com.umeng.x.y.Other$1") == ["umeng-common"]
    assert ids("com.umeng") == ["umeng-common", "umeng-analytics"]
    assert ids("libjcore332.so") == ["core"]
    assert ids("com.core.PUSH") == ["core"]
    assert ids("umeng-common") == ["umeng-common"]
    assert ids("友盟") == ["umeng-common", "umeng-analytics"]
    assert ids("UMENG") == ["umeng-analytics", "umeng-common"]
    assert ids("nothing.of.it") == []
    assert ids("  ") == []
    assert catalog.lookup("libjcore332.so")[0].reason == "library libjcore*.so"


def test_the_built_in_catalog_loads_and_its_examples_hold() -> None:
    catalog = Catalog.builtin(cache=False)
    assert [str(issue) for issue in check_examples(catalog)] == []
    assert len(catalog) >= 80


def test_lookup_json_is_valid_for_every_signature() -> None:
    for signature in Catalog.builtin():
        assert json.loads(json.dumps(signature_record(signature)))["id"] == signature.id


def test_what_was_checked_by_hand_is_still_in_the_catalog() -> None:
    """The notes beside ``benchmarks/CATALOG.md`` speak of signatures and apps that there are."""
    folder = Path(__file__).parents[1] / "benchmarks"
    notes = yaml.safe_load((folder / "catalog_notes.yaml").read_text(encoding="utf-8"))
    catalog = Catalog.builtin()
    assert [sdk for sdk in notes["hits"] if sdk not in catalog] == []
    assert [app for app in notes["checked"] if app not in realapps.keys("apk")] == []
    first = [
        line for line in (folder / "catalog_first.txt").read_text("utf-8").splitlines() if not line.startswith("#")
    ]
    assert [sdk for sdk in first if sdk not in catalog] == []
