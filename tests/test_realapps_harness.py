"""The harness that fetches real apps: right bytes or a visible reason, and never the network twice."""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest
from support import realapps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

INNER = b"dex\n035\x00 not really"
FAKE_NPM = """#!/bin/sh
echo "$@" >> {log}
{action}
"""


class Bench:
    """A corpus with one npm package, a private cache and a client of our own on PATH."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.log = folder / "npm.log"
        monkeypatch.setenv("SDKFP_TEST_CACHE", str(folder / "cache"))
        monkeypatch.delenv("SDKFP_TEST_REQUIRE_CORPUS", raising=False)
        monkeypatch.setenv("PATH", f"{folder / 'bin'}:/usr/bin:/bin")
        monkeypatch.setattr(realapps, "CORPUS", folder / "corpus.toml")
        (folder / "bin").mkdir()
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as outer:
            outer.writestr("classes.dex", INNER)
        with tarfile.open(folder / "made.tgz", "w:gz") as package:
            entry = tarfile.TarInfo("package/app.apk")
            entry.size = len(archive.getvalue())
            package.addfile(entry, io.BytesIO(archive.getvalue()))
        self.pin(path="package/app.apk!classes.dex")
        self.client(f"cp {folder / 'made.tgz'} demo-1.0.0.tgz")

    def pin(self, *, path: str, content: bytes = INNER) -> None:
        digest = hashlib.sha256(content).hexdigest()
        (self.folder / "corpus.toml").write_text(
            '[[package]]\nregistry = "npm"\nname = "demo"\nversion = "1.0.0"\nfiles = ['
            f'{{key = "demo", kind = "apk", size = {len(content)}, sha256 = "{digest}", path = "{path}"}}]\n'
        )

    def client(self, action: str) -> None:
        program = self.folder / "bin" / "npm"
        program.write_text(FAKE_NPM.format(log=self.log, action=action))
        program.chmod(0o755)

    def calls(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    realapps.forget()
    yield Bench(tmp_path, monkeypatch)
    realapps.forget()


def test_every_pin_is_whole_and_keys_go_by_kind() -> None:
    for key, pinned in realapps.corpus().items():
        assert re.fullmatch(r"[0-9a-f]{64}", pinned.sha256), key
        assert pinned.size > 0, key
        assert pinned.kind in realapps.KINDS, key
        assert pinned.package.registry in {"npm", "pypi", "maven", "debian"}, key
    apks = realapps.keys("apk")
    assert len(apks) >= 20
    assert all(realapps.file(key).kind == "apk" for key in apks)


def test_the_inner_file_comes_out_of_nested_archives(bench: Bench) -> None:
    found = realapps.path("demo")
    assert found.read_bytes() == INNER
    assert found.is_relative_to(bench.folder / "cache")
    assert bench.calls() == ["pack demo@1.0.0 --silent --fetch-retries=1 --fetch-retry-mintimeout=1000"]


def test_a_cached_file_needs_no_client(bench: Bench) -> None:
    first = realapps.path("demo")
    bench.client("exit 1")
    realapps.forget()
    assert realapps.path("demo") == first
    assert len(bench.calls()) == 1


def test_other_content_than_pinned_fails_and_is_not_cached(bench: Bench) -> None:
    bench.pin(path="package/app.apk!classes.dex", content=b"what we expected")
    for _ in range(2):
        with pytest.raises(pytest.fail.Exception, match=r"has sha256 [0-9a-f]{64} and 19 bytes; pinned are"):
            realapps.path("demo")
    assert [entry for entry in (bench.folder / "cache").rglob("*") if entry.is_file()] == []


def test_an_entry_that_is_not_in_the_package_fails(bench: Bench) -> None:
    bench.pin(path="package/other.apk")
    with pytest.raises(pytest.fail.Exception, match=r"npm demo 1\.0\.0 has no entry .*other\.apk"):
        realapps.path("demo")


def test_a_client_that_fails_skips_with_what_it_said_and_is_asked_once(bench: Bench) -> None:
    bench.client("echo 'npm error code EAI_AGAIN' >&2; exit 1")
    for _ in range(2):
        with pytest.raises(pytest.skip.Exception, match="ended with 1: npm error code EAI_AGAIN"):
            realapps.path("demo")
    assert len(bench.calls()) == 1


def test_a_missing_client_skips_by_name(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(bench.folder))
    with pytest.raises(pytest.skip.Exception, match="demo: npm is not installed"):
        realapps.path("demo")


def test_a_client_that_gives_nothing_skips(bench: Bench) -> None:
    bench.client("exit 0")
    with pytest.raises(pytest.skip.Exception, match="npm gave 0 files"):
        realapps.path("demo")


def test_a_required_corpus_turns_skips_into_failures(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.client("exit 7")
    monkeypatch.setenv("SDKFP_TEST_REQUIRE_CORPUS", "1")
    with pytest.raises(pytest.fail.Exception, match="ended with 7: nothing said"):
        realapps.path("demo")


def test_a_key_twice_is_a_mistake(bench: Bench) -> None:
    corpus = bench.folder / "corpus.toml"
    corpus.write_text(corpus.read_text() * 2)
    with pytest.raises(ValueError, match="'demo' is there twice"):
        realapps.path("demo")


@pytest.mark.network
def test_a_real_app_is_an_app(real_app: Callable[[str], Path]) -> None:
    with zipfile.ZipFile(real_app("selendroid-test-app")) as app:
        assert {"AndroidManifest.xml", "classes.dex"} <= set(app.namelist())
