"""Fetching packages: from a registry on the loopback device, through the library's and the command line's door."""

from __future__ import annotations

import hashlib
import json
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from support.classwriter import class_file
from support.registry import npm_package, serving, tgz
from support.zipwriter import build_zip
from typer.testing import CliRunner

from sdkfp import Catalog
from sdkfp.cli import app
from sdkfp.learn import LearnError, Limits, learn, read_release
from sdkfp.vocabulary import Reads

JAR = build_zip({"com/maker/kit/Kit.class": class_file("com.maker.kit.Kit", constants={"VERSION": "2.5.1"})})
AAR = build_zip({"AndroidManifest.xml": b'<manifest package="com.maker.kit"/>', "classes.jar": JAR, "R.txt": b""})


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A user without any configuration."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in (
        *("SDKFP_NPM_REGISTRY", "SDKFP_MAVEN_REPOSITORY", "SDKFP_PYPI_INDEX", "PIP_INDEX_URL", "PIP_FIND_LINKS"),
        *("PIP_CONFIG_FILE", "NPM_CONFIG_REGISTRY", "NPM_CONFIG_USERCONFIG", "MAVEN_HOME", "M2_HOME", "http_proxy"),
    ):
        monkeypatch.delenv(name, raising=False)


def release_of(purl: str, limits: Limits | None = None) -> object:
    return read_release(purl, Reads(), limits=limits)


def refused(purl: str, limits: Limits | None = None) -> str:
    with pytest.raises(LearnError) as caught:
        release_of(purl, limits)
    return str(caught.value)


def test_npm_a_library_inside_a_wrapper(monkeypatch: pytest.MonkeyPatch) -> None:
    package = tgz({"package/android/libs/kit-2.5.1.aar": AAR, "package/gradle/wrapper/gradle-wrapper.jar": JAR})
    with serving(npm_package("@maker/react-native-kit", {"1.0.0": package})) as address:
        monkeypatch.setenv("SDKFP_NPM_REGISTRY", address)
        release = read_release("pkg:npm/%40maker/react-native-kit@1.0.0", Reads())
        named = read_release("pkg:npm/%40maker/react-native-kit@1.0.0#android/libs/kit-2.5.1.aar", Reads())
        assert "it has package/android/libs/kit-2.5.1.aar" in refused("pkg:npm/%40maker/react-native-kit@1.0.0#ios")
    assert [library.name for library in release.libraries] == [library.name for library in named.libraries]
    assert (release.purl, release.path) == (
        "pkg:npm/%40maker/react-native-kit@1.0.0",
        "package/android/libs/kit-2.5.1.aar",
    )
    assert (release.version, release.sha256) == ("2.5.1", hashlib.sha256(AAR).hexdigest())
    assert release.classes == {"com.maker.kit.Kit"}


def test_npm_asks_the_clients_own_registry_of_a_scope(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package = tgz({"package/kit.jar": JAR})
    with serving(npm_package("@maker/kit", {"1.0.0": package})) as address:
        (tmp_path / "home" / ".npmrc").write_text(
            f"registry=http://127.0.0.1:1/\n@maker:registry = {address}/\n_authToken=not-read\n", encoding="utf-8"
        )
        assert read_release("pkg:npm/%40maker/kit@1.0.0", Reads()).classes == {"com.maker.kit.Kit"}
        monkeypatch.setenv("SDKFP_NPM_REGISTRY", "http://127.0.0.1:1")
        assert "cannot be reached" in refused("pkg:npm/%40maker/kit@1.0.0")


POM = b"""<?xml version="1.0"?><project xmlns="http://maven.apache.org/POM/4.0.0">
<name>Kit</name><url>https://kit.example</url><packaging>aar</packaging><dependencies>
<dependency><groupId>com.squareup.okhttp3</groupId><artifactId>okhttp</artifactId><scope>runtime</scope></dependency>
<dependency><groupId>junit</groupId><artifactId>junit</artifactId><scope>test</scope></dependency>
</dependencies></project>"""


def maven(**more: bytes) -> dict[str, bytes]:
    stem = "/com/maker/kit/2.5.1/kit-2.5.1"
    return {f"{stem}.pom": POM, f"{stem}.aar": AAR, f"{stem}.aar.sha1": hashlib.sha1(AAR).hexdigest().encode()} | {
        f"{stem}.{key.replace('_', '.')}": value for key, value in more.items()
    }


def test_maven_takes_what_the_project_file_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(maven()) as address:
        monkeypatch.setenv("SDKFP_MAVEN_REPOSITORY", f"{address}/")
        release = read_release("pkg:maven/com.maker/kit@2.5.1", Reads())
    assert (release.version, release.sha256, release.path) == ("2.5.1", hashlib.sha256(AAR).hexdigest(), None)
    assert (release.name, release.website) == ("Kit", "https://kit.example")
    assert release.dependencies == ("pkg:maven/com.squareup.okhttp3/okhttp",)


def test_maven_mirror_of_the_users_settings_and_a_local_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with serving(maven()) as address:
        (tmp_path / "home" / ".m2").mkdir()
        (tmp_path / "home" / ".m2" / "settings.xml").write_text(
            "<settings><mirrors><mirror><url>http://127.0.0.1:1</url><mirrorOf>other</mirrorOf></mirror>"
            f"<mirror><mirrorOf>central,x</mirrorOf><url>{address}</url></mirror></mirrors></settings>",
            encoding="utf-8",
        )
        assert read_release("pkg:maven/com.maker/kit@2.5.1", Reads()).name == "Kit"
    folder = tmp_path / "repository"
    for name, data in maven().items():
        path = folder / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    monkeypatch.setenv("SDKFP_MAVEN_REPOSITORY", str(folder))
    assert read_release("pkg:maven/com.maker/kit@2.5.1", Reads()).name == "Kit"
    assert "is not there" in refused("pkg:maven/com.maker/kit@2.5.2")


def test_maven_repository_named_in_the_package_url() -> None:
    with serving(maven()) as address:
        purl = f"pkg:maven/com.maker/kit@2.5.1?repository_url={address}"
        assert read_release(purl, Reads()).purl == "pkg:maven/com.maker/kit@2.5.1"


@pytest.mark.parametrize("form", ["json", "html"])
def test_pypi_index(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tgz({"Kit_Sdk-1.0/libs/kit.jar": JAR})
    sha256 = hashlib.sha256(package).hexdigest()
    page = (
        json.dumps({"files": [{"filename": "kit_sdk-1.0.tar.gz", "url": "../../f/kit_sdk-1.0.tar.gz", "hashes": {}}]})
        if form == "json"
        else f'<a href="../../f/kit_sdk-0.9.tar.gz">x</a><a href="../../f/kit_sdk-1.0.tar.gz#sha256={sha256}">y</a>'
    )
    answers = {"/simple/kit-sdk/": page.encode(), "/f/kit_sdk-1.0.tar.gz": package}
    with serving(answers) as address:
        monkeypatch.setenv("SDKFP_PYPI_INDEX", f"{address}/simple")
        release = read_release("pkg:pypi/kit-sdk@1.0", Reads())
        assert release.classes == {"com.maker.kit.Kit"}
        assert "has no file of kit-sdk 1.1" in refused("pkg:pypi/kit-sdk@1.1")


def test_pypi_find_links_of_pip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "kit_sdk-1.0-py3-none-any.whl").write_bytes(build_zip({"kit/libs/kit.jar": JAR}))
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    assert read_release("pkg:pypi/kit-sdk@1.0", Reads()).classes == {"com.maker.kit.Kit"}


def test_nobody_names_a_registry() -> None:
    assert (
        refused("pkg:pypi/kit@1.0")
        == "pkg:pypi/kit@1.0: no registry is configured; set SDKFP_PYPI_INDEX to its address"
    )


@pytest.mark.parametrize(
    ("purl", "message"),
    [
        ("pkg:npm/kit", "names no version"),
        ("pkg:npm", "is not a package URL"),
        ("pkg:cargo/kit@1", "packages of the type 'cargo' are not fetched; known are npm, maven, pypi"),
        ("pkg:maven/kit@1", "a Maven package has a group"),
        ("pkg:npm/kit@1?repository_url=file:///etc", "is neither http(s) nor a folder"),
        ("pkg:npm/kit@1?repository_url=http://127.0.0.1:1", "cannot be reached"),
    ],
)
def test_requests_that_cannot_be_met(purl: str, message: str) -> None:
    assert message in refused(purl)


def trickle(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(40):
        try:
            handler.wfile.write(b"x")
        except OSError:
            return
        time.sleep(0.05)


def silent(_: BaseHTTPRequestHandler) -> None:
    time.sleep(1.5)


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"/kit": b"<html>sign in</html>"}, "answers something that is not JSON"),
        ({"/kit": b"[" * 200_000}, "answers something that is not JSON"),
        ({"/kit": b"[1]"}, "has no version 1.0.0 of kit"),
        ({"/kit": (500, {}, b"")}, "answers 500"),
        ({"/kit": (302, {"Location": "ftp://127.0.0.1/x"}, b"")}, "neither http nor https"),
        ({"/kit": (302, {"Location": "/kit"}, b"")}, "answers 302"),
        ({"/kit": b"{" + b" " * 3000}, "is larger than 2000 bytes"),
        ({"/kit": trickle}, "takes longer than 1 s"),
        ({"/kit": silent}, "timed out"),
        (npm_package("kit", {"1.0.0": b"x" * 5000}), "is larger than 4000 bytes"),
        (npm_package("kit", {"1.0.0": b"x"}, integrity="sha512-AAAA"), "is not the one that the registry names"),
        (npm_package("kit", {"1.0.0": b"x"}, tarball="file:///etc/passwd"), "is neither http nor https"),
    ],
    ids=[
        "no JSON",
        "deep",
        "list",
        "500",
        "ftp",
        "circle",
        "large",
        "slow",
        "silent",
        "large file",
        "hash",
        "file URL",
    ],
)
def test_registries_that_answer_nonsense(
    answers: dict[str, bytes], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = Limits(
        metadata_bytes=2000 if "/kit" in answers and len(answers) == 1 else 1 << 20,
        package_bytes=4000,
        pause_s=1,
        total_s=1,
    )
    if isinstance(answers.get("/kit"), bytes) and answers["/kit"].startswith(b"["):
        limits = Limits()
    with serving(answers) as address:
        monkeypatch.setenv("SDKFP_NPM_REGISTRY", address)
        assert message in refused("pkg:npm/kit@1.0.0", limits)


def test_a_package_that_is_no_archive_and_one_without_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = npm_package("kit", {"1.0.0": b"not an archive", "2.0.0": tgz({"package/index.js": b"//"})})
    with serving(answers) as address:
        monkeypatch.setenv("SDKFP_NPM_REGISTRY", address)
        code, printed = run("pkg:npm/kit@1.0.0")
        assert (code, "is not a package" in printed) == (3, True)
        code, printed = run("pkg:npm/kit@2.0.0")
        assert (code, "has no AAR, JAR, class or native library" in printed) == (3, True)


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["learn", *arguments, "--id", "kit"])
    return result.exit_code, result.output


def test_the_hash_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(maven()) as address:
        monkeypatch.setenv("SDKFP_MAVEN_REPOSITORY", address)
        signature = learn(["pkg:maven/com.maker/kit@2.5.1"], Catalog.builtin(), "kit").signature
    (artifact,) = signature.artifacts
    assert (artifact.purl, artifact.sha256) == ("pkg:maven/com.maker/kit@2.5.1", hashlib.sha256(AAR).hexdigest())
    assert signature.requires == ("okhttp3",)


def test_a_project_file_with_a_doctype_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = b'<!DOCTYPE p [<!ENTITY a "aaaa">]>' + POM.replace(b"Kit", b"&a;")
    with serving(maven(pom=bomb, jar=JAR)) as address:
        monkeypatch.setenv("SDKFP_MAVEN_REPOSITORY", address)
        release = read_release("pkg:maven/com.maker/kit@2.5.1", Reads())
    assert (release.name, release.dependencies) == (None, ())
