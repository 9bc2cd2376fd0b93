"""``sdkfp graph`` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import networkx as nx
import pytest
from support import graphapp
from support.catalogs import write_signatures
from typer.testing import CliRunner, Result

import sdkfp
from sdkfp.cli import app


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the made app, its signatures and a saved report."""
    folder = tmp_path_factory.mktemp("graph")
    (folder / "app.apk").write_bytes(graphapp.app())
    catalog = sdkfp.Catalog.load(write_signatures(folder / "sigs", graphapp.SIGNATURES), builtin=False, cache=False)
    (folder / "report.json").write_bytes(sdkfp.scan(folder / "app.apk", catalog=catalog).to_json())
    return folder


def run(folder: Path, *arguments: str, source: str = "report.json", **more: bytes) -> Result:
    options = ["--signatures", str(folder / "sigs"), "--no-builtin", "--lang", "en"]
    path = source if source == "-" else str(folder / source)
    return CliRunner().invoke(app, ["graph", path, *options, *arguments], input=more.get("input"))


@pytest.mark.parametrize("source", ["app.apk", "report.json"])
def test_an_app_and_its_saved_report_give_the_same_answer(files: Path, source: str) -> None:
    done = run(files, "--who-uses", "core", source=source)
    assert done.exit_code == 0
    assert done.output == (
        "core is used by:\n"
        "  ads  refers 1\n"
        "      Lcom/maker2/ads/BannerActivity;->show()V refers to "
        "Lcom/vendor/core/Core;->INSTANCE:Lcom/vendor/core/Core; @ app.apk!classes2.dex\n"
        "  library:libpush.so  links 2\n"
        "      needed libcore.so @ app.apk!lib/arm64-v8a/libpush.so\n"
        "  package:org.strange.thing  calls 1\n"
        "      Lorg/strange/thing/deep/A;->m()V calls Lcom/vendor/core/Core;->init()V @ app.apk!classes2.dex\n"
        "  push  calls 3, extends 1, refers 1, requires 1\n"
        "      Lcom/vendor/push/Push;->start()V calls Lcom/vendor/core/Core;->init()V @ app.apk!classes.dex\n"
        "      Lcom/vendor/push/Push; implements Lcom/vendor/core/Plugin; @ app.apk!classes.dex\n"
        "      Lcom/vendor/push/Push;->start()V refers to Lcom/vendor/core/Core; @ app.apk!classes.dex\n"
        "      signature push\n"
        "\n"
        "A shortest chain from the app's own code: the app's own code → ads → core\n"
    )


def test_standard_input(files: Path) -> None:
    for name in ("app.apk", "report.json"):
        done = run(files, "--entry-points", source="-", input=(files / name).read_bytes())
        assert "ads  extends 1" in done.output


def test_the_other_questions(files: Path) -> None:
    removal = run(files, "--if-removed", "push").output
    assert removal.startswith("Without push these would go too:\n  json\n  ssl\n")
    assert "Not reached by any use that was seen, so not judged: idle" in removal
    points = run(files, "--entry-points").output
    assert "service com.vendor.push.PushService @ app.apk!AndroidManifest.xml" in points
    assert "Started by unattributed packages:\n  package:org.strange.thing → core  calls 1\n" in points
    assert "Nothing that was seen uses idle." in run(files, "--who-uses", "idle").output
    assert "使用core的有" in run(files, "--who-uses", "core", "--lang", "zh").output
    assert "push\n  core  calls 3, extends 1, refers 1, requires 1\n" in run(files).output


def test_json_and_formats(files: Path) -> None:
    answer = json.loads(run(files, "--who-uses", "core", "--json").output)
    assert (answer["path"], answer["through"]) == (["app", "ads", "core"], [])
    whole = nx.node_link_graph(json.loads(run(files, "--json").output), edges="edges")
    assert {"app", "push", "library:libpush.so", "package:org.strange.thing"} <= set(whole)
    target = files / "part.mmd"
    assert run(files, "--who-uses", "idle", "--format", "mermaid", "-o", str(target)).output == ""
    assert target.read_text("utf-8") == 'flowchart LR\n  n0["idle"]\n'


@pytest.mark.parametrize("name", ["oaid", "type:oaid", "android.permission.READ_SMS"])
def test_a_type_that_nothing_reaches_is_an_answer(files: Path, name: str) -> None:
    done = run(files, "--reaches", name)
    assert (done.exit_code, done.output.startswith("Nothing that was seen reaches ")) == (0, True), done.output
    assert json.loads(run(files, "--reaches", name, "--json").output)["direct"] == []


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--who-uses", "cora"], 2, "no node 'cora'; similar: core"),
        (["--who-uses", "strange"], 2, "no node 'strange'; similar: package:org.strange.thing"),
        (["--who-uses", "absent"], 1, "absent was not found in this app"),
        (["--who-uses", "core", "--entry-points"], 2, "one question at a time"),
        (["-o", "/nowhere/at/all"], 2, "cannot write"),
    ],
)
def test_mistakes(files: Path, arguments: list[str], code: int, message: str) -> None:
    done = run(files, *arguments)
    assert (done.exit_code, message in done.output) == (code, True), done.output


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"schema": "urn:sdkfp:schema:report:9"}', "report of the schema 'urn:sdkfp:schema:report:9'"),
        (b'  {"a": 1}', "not a report"),
        (b"{", "not a report"),
        (b"hello", "sdkfp: "),
        (b"", "sdkfp: "),
    ],
)
def test_what_is_neither_app_nor_report(files: Path, data: bytes, message: str) -> None:
    (files / "bad").write_bytes(data)
    done = run(files, source="bad")
    assert (done.exit_code, message in done.output) == (3, True), done.output


def test_a_file_that_is_not_there(files: Path) -> None:
    done = run(files, source="absent.apk")
    assert (done.exit_code, "absent.apk" in done.output) == (3, True)
