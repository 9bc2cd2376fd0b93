"""A catalog is read again whenever a file of it changed, and only then."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from support.catalogs import write_signatures

from sdkfp import Catalog
from sdkfp._sources import Sources, hash_of


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SDKFP_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "catalog"


def write(directory: Path, word: str, *, seconds_ago: int) -> None:
    write_signatures(directory, {"sample": f"aliases: [{word}]\nclues: [{{class: com.sample.sdk.}}]"})
    path = directory / "sdks" / "sample.yaml"
    then = time.time() - seconds_ago
    os.utime(path, (then, then))


@pytest.mark.parametrize("seconds_ago", [0, 3600])
def test_a_file_of_the_same_size_and_time_but_another_content(directory: Path, seconds_ago: int) -> None:
    for word in ("one", "two", "six", "ten"):
        write(directory, word, seconds_ago=seconds_ago)
        assert Catalog.load(directory, builtin=False)["sample"].aliases == (word,)


def test_the_hash_is_of_the_contents_with_a_cache_and_without(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(directory, "one", seconds_ago=0)
    sources = [Sources(directory)]
    plain = hash_of(sources, "salt", cache=False)
    assert hash_of(sources, "salt", cache=True) == plain
    assert hash_of(sources, "other", cache=True) != plain
    monkeypatch.setattr(time, "time_ns", lambda: 1 << 62)  # long after the change: the answer is kept …
    assert hash_of(sources, "salt", cache=True) == plain
    monkeypatch.setattr(Path, "read_bytes", _refuse)
    monkeypatch.setattr("sdkfp._cache.read", lambda name: plain.encode() if name.startswith("stamp-") else None)
    assert hash_of(sources, "salt", cache=True) == plain  # … and no file is read for it


def _refuse(path: Path) -> bytes:
    raise AssertionError(f"{path} was read")
