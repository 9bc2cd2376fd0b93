"""What can be opened, what it is taken for, and what is refused."""

from __future__ import annotations

import io
import os
import socket
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.zipwriter import Member, build_zip

from sdkfp.container import Container, ContainerKind, EntryError, EntryLimitError, Limits, open_container
from sdkfp.errors import ContainerError, LimitExceededError

APK = {"AndroidManifest.xml": b"\x03\x00\x08\x00", "classes.dex": b"dex\n035\0" + bytes(200), "res/a.xml": b"x"}


def codes(container: Container) -> list[str]:
    return [note.code for note in container.not_examined]


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (["AndroidManifest.xml", "classes.dex"], ContainerKind.APK),
        (["AndroidManifest.xml"], ContainerKind.APK),
        (["classes.dex"], ContainerKind.APK),
        (["AndroidManifest.xml", "classes.jar", "R.txt"], ContainerKind.AAR),
        (["AndroidManifest.xml", "classes.dex", "classes.jar"], ContainerKind.APK),
        (["META-INF/MANIFEST.MF", "a/B.class"], ContainerKind.JAR),
        (["a/B.class"], ContainerKind.JAR),
        (["readme.txt"], ContainerKind.ZIP),
    ],
)
def test_kind_of_zip(names: list[str], kind: ContainerKind) -> None:
    with open_container(build_zip(dict.fromkeys(names, b"x")), name="misleading.so") as container:
        assert container.kind is kind
        assert list(container.entries) == names


@pytest.mark.parametrize(
    ("data", "kind"),
    [(b"dex\n035\0" + bytes(100), ContainerKind.DEX), (b"\x7fELF" + bytes(60), ContainerKind.SO)],
)
def test_bare_file_is_one_entry_with_empty_name(data: bytes, kind: ContainerKind) -> None:
    with open_container(data, name="some.apk") as container:
        assert container.kind is kind
        assert list(container.entries) == [""]
        assert container.read("") == data
        assert container.size == len(data)


def test_every_source_gives_the_same(tmp_path: Path) -> None:
    data = build_zip(APK)
    path = tmp_path / "app.apk"
    path.write_bytes(data)
    with path.open("rb") as stream:
        opened = [open_container(source) for source in (path, str(path), data, bytearray(data), stream)]
    opened.append(open_container(io.BytesIO(data), name="app.apk"))
    assert [container.name for container in opened] == ["app.apk", "app.apk", "input", "input", "app.apk", "app.apk"]
    for container in opened:
        assert {name: container.read(name) for name in container.entries} == APK
        assert container.sha256 == opened[0].sha256
        assert container.size == len(data)
        assert container.not_examined == ()
        container.close()


def test_close_releases_file_and_keeps_bytes(tmp_path: Path) -> None:
    path = tmp_path / "app.apk"
    path.write_bytes(build_zip(APK))
    container = open_container(path)
    entry = container.entries["res/a.xml"]
    data = entry.read()
    container.close()
    container.close()
    assert data == b"x"
    for use in (entry.read, lambda: container.sha256, lambda: container.parts):
        with pytest.raises(ContainerError, match=r"app\.apk is closed"):
            use()


def test_reading_an_absent_entry() -> None:
    with (
        open_container(build_zip(APK), name="a.apk") as container,
        pytest.raises(ContainerError, match=r"a\.apk has no"),
    ):
        container.read("absent")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"x\.apk is empty"),
        (b"\x00" * 100, r"x\.apk is not a package"),
        (b"PK\x03\x04" + bytes(100), r"x\.apk is a truncated ZIP"),
        (build_zip(APK)[:-30], r"x\.apk is a truncated ZIP"),
    ],
)
def test_no_package(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "x.apk"
    path.write_bytes(data)
    for source in (path, data):
        with pytest.raises(ContainerError, match=message):
            open_container(source, name="x.apk")


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ContainerError, match=r"absent\.apk cannot be opened: No such file"):
        open_container(tmp_path / "absent.apk")


def test_name_with_nul() -> None:
    with pytest.raises(ContainerError, match="cannot be opened"):
        open_container("a\0b")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the superuser may read everything")
def test_unreadable_file(tmp_path: Path) -> None:
    path = tmp_path / "secret.apk"
    path.write_bytes(build_zip(APK))
    path.chmod(0)
    with pytest.raises(ContainerError, match=r"secret\.apk cannot be opened: Permission denied"):
        open_container(path)


@pytest.mark.skipif(os.name != "posix", reason="pipes, sockets and devices have no names elsewhere")
def test_special_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero", "/dev/null"):
        with pytest.raises(ContainerError, match="is neither a file nor a directory"):
            open_container(path)
    monkeypatch.chdir(tmp_path)  # the name of a socket is limited to about 100 bytes
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        with pytest.raises(ContainerError, match="socket cannot be opened"):
            open_container("socket")


def test_streams_that_are_none() -> None:
    closed = io.BytesIO(b"x")
    closed.close()
    with pytest.raises(ContainerError, match="cannot be read"):
        open_container(closed)
    with pytest.raises(ContainerError, match="not a stream of bytes"):
        open_container(io.StringIO("text"))  # type: ignore[arg-type]
    with pytest.raises(LimitExceededError, match="larger than 10 bytes"):
        open_container(io.BytesIO(bytes(11)), limits=Limits(max_total_bytes=10))


class TestDirectory:
    def make(self, root: Path) -> Path:
        for name, data in APK.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(data)
        return root

    def test_files_by_name(self, tmp_path: Path) -> None:
        with open_container(self.make(tmp_path / "app")) as container:
            assert container.kind is ContainerKind.DIRECTORY
            assert container.name == "app"
            assert container.sha256 is None
            assert {name: container.read(name) for name in container.entries} == APK
            assert container.size == sum(map(len, APK.values()))
            assert container.not_examined == ()

    def test_links_that_leave_are_refused(self, tmp_path: Path) -> None:
        root = self.make(tmp_path / "app")
        (tmp_path / "outside").mkdir()
        (tmp_path / "outside" / "secret").write_bytes(b"secret")
        (root / "file").symlink_to(tmp_path / "outside" / "secret")
        (root / "folder").symlink_to(tmp_path / "outside")
        (root / "dangling").symlink_to("nowhere")
        (root / "loop").symlink_to("loop")
        (root / "inside").symlink_to("res/a.xml")
        (root / "back").symlink_to(".")
        with open_container(root) as container:
            assert sorted(container.entries) == sorted([*APK, "inside"])
            assert container.read("inside") == b"x"
            assert {note.location: note.code for note in container.not_examined} == {
                "app!file": "entry-outside",
                "app!folder": "entry-outside",
                "app!dangling": "entry-unreadable",
                "app!loop": "entry-unreadable",
            }

    @pytest.mark.skipif(os.name != "posix", reason="pipes have no names elsewhere")
    def test_special_files_are_noted(self, tmp_path: Path) -> None:
        root = self.make(tmp_path)
        os.mkfifo(root / "pipe")
        with open_container(root) as container:
            assert "pipe" not in container.entries
            assert codes(container) == ["entry-special"]

    def test_file_gone_or_replaced_since(self, tmp_path: Path) -> None:
        root = self.make(tmp_path)
        with open_container(root) as container:
            (root / "classes.dex").unlink()
            with pytest.raises(EntryError, match="No such file") as caught:
                container.read("classes.dex")
            assert caught.value.not_examined.code == "entry-unreadable"
            assert container.not_examined == (caught.value.not_examined,)
            (root / "res/a.xml").unlink()
            os.mkfifo(root / "res/a.xml")
            with pytest.raises(EntryError, match="not a file any more"):
                container.read("res/a.xml")

    def test_no_files(self, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        with pytest.raises(ContainerError, match="without files"):
            open_container(tmp_path)

    def test_limits(self, tmp_path: Path) -> None:
        root = self.make(tmp_path)
        with pytest.raises(LimitExceededError, match="more than 2 files"):
            open_container(root, limits=Limits(max_entries=2))
        with open_container(root, limits=Limits(max_entry_bytes=100)) as container:
            with pytest.raises(EntryLimitError):
                container.read("classes.dex")
            assert container.read("res/a.xml") == b"x"
            assert codes(container) == ["entry-too-large"]

    @pytest.mark.skipif(os.name != "posix", reason="file names are text elsewhere")
    def test_names_of_files(self, tmp_path: Path) -> None:
        root = self.make(tmp_path)
        (root / "文件 with space").write_bytes(b"1")
        (root / os.fsdecode(b"\xff")).write_bytes(b"2")
        with open_container(root) as container:
            assert container.read("文件 with space") == b"1"
            assert container.read("\\xff") == b"2"


class TestParts:
    def test_jars_of_an_aar(self) -> None:
        jar = build_zip({"a/B.class": b"\xca\xfe"})
        aar = build_zip(
            {
                "AndroidManifest.xml": b"<manifest/>",
                "classes.jar": jar,
                "libs/x.jar": jar,
                "libs/x.txt": b"",
                "R.txt": b"",
            }
        )
        with open_container(aar, name="x.aar") as container:
            assert [(name, part.kind, part.location) for name, part in container.parts] == [
                ("classes.jar", ContainerKind.JAR, "x.aar!classes.jar"),
                ("libs/x.jar", ContainerKind.JAR, "x.aar!libs/x.jar"),
            ]
            assert container.parts[0][1].read("a/B.class") == b"\xca\xfe"

    @pytest.mark.parametrize("method", [0, 8])
    def test_apk_in_assets_stored_or_deflated(self, method: int, tmp_path: Path) -> None:
        inner = build_zip(APK)
        path = tmp_path / "outer.apk"
        path.write_bytes(build_zip([Member("classes.dex"), Member("assets/plugin.apk", inner, method=method)]))
        with open_container(path) as container:
            ((name, part),) = container.parts
            assert name == "assets/plugin.apk"
            assert part.kind is ContainerKind.APK
            assert part.read("classes.dex") == APK["classes.dex"]
            with open_container(inner) as alone:
                assert part.sha256 == alone.sha256
        with pytest.raises(ContainerError, match="closed"):
            part.read("classes.dex")

    def test_broken_part_is_noted(self) -> None:
        data = build_zip({"classes.dex": b"", "assets/a.apk": b"no zip", "assets/b.jar": build_zip({"x.class": b""})})
        with open_container(data, name="o.apk") as container:
            assert [name for name, _ in container.parts] == ["assets/b.jar"]
            assert [(note.location, note.code) for note in container.not_examined] == [
                ("o.apk!assets/a.apk", "part-unreadable")
            ]

    def test_depth_is_limited(self) -> None:
        data = build_zip({"classes.dex": b"0"})
        for _ in range(5):
            data = build_zip({"classes.dex": b"0", "assets/x.apk": data})
        container: Container | None = open_container(data, name="o.apk")
        assert container is not None
        outermost, depth = container, 0
        while container is not None and container.parts:
            container, depth = container.parts[0][1], depth + 1
        assert depth == Limits().max_depth
        assert codes(outermost) == ["part-too-deep"]
        outermost.close()

    def test_notes_of_parts_are_in_those_of_the_whole(self) -> None:
        inner = build_zip([Member("classes.dex", b"data", payload=b"\xff\xff\xff\xff")])
        with open_container(build_zip({"classes.dex": b"", "assets/x.apk": inner}), name="o.apk") as container:
            with pytest.raises(EntryError):
                container.parts[0][1].read("classes.dex")
            assert [note.location for note in container.not_examined] == ["o.apk!assets/x.apk!classes.dex"]


@given(
    st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1, max_size=20), st.binary(max_size=300), max_size=8)
)
@settings(max_examples=60, deadline=None)
def test_honest_zips_as_zipfile_reads_and_writes_them(contents: dict[str, bytes]) -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for number, (name, data) in enumerate(contents.items()):
            archive.writestr(
                zipfile.ZipInfo(name), data, compress_type=(zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)[number % 2]
            )
    names = [info.orig_filename for info in zipfile.ZipFile(written).infolist()]
    with open_container(written.getvalue()) as container:
        assert list(container.entries) == list(dict.fromkeys(names))
        for name, data in contents.items():
            if "\0" not in name:  # zipfile cuts names at NUL
                assert container.read(name) == data
