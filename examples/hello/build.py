"""Builds the two example apps: ``examples/hello.apk`` and ``examples/hello-r8.apk``.

    python examples/hello/build.py [--check]

Every input is named below by its coordinates and sha256; the licences are in NOTICE. Needs Linux, a JDK (11 or newer), Maven
and apksigner. The signing key is made for the build and thrown away, so only the signature differs between two builds;
``--check`` builds and compares everything else with the committed apps.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support import realapps  # noqa: E402 - the test support is not an installed package


@dataclass(frozen=True, slots=True)
class Library:
    """One file from Maven Central."""

    coordinates: str
    """``group:artifact:version:extension``."""
    sha256: str
    packaged: bool = True
    """False for what is only compiled against."""

    @property
    def file_name(self) -> str:
        _, artifact, version, extension = self.coordinates.split(":")
        return f"{artifact}-{version}.{extension}"


LIBRARIES = (
    Library(
        "com.google.android:android:4.1.1.4:jar",
        "84072541cbb711eff89f7277100ff854929a446dba7ceb1b195c340e0b4fd3cb",
        packaged=False,
    ),
    Library(
        "com.squareup.okhttp3:okhttp:4.12.0:jar", "b1050081b14bb7a3a7e55a4d3ef01b5dcfabc453b4573a4fc019767191d5f4e0"
    ),
    Library("com.squareup.okio:okio-jvm:3.6.0:jar", "67543f0736fc422ae927ed0e504b98bc5e269fda0d3500579337cb713da28412"),
    Library(
        "org.jetbrains.kotlin:kotlin-stdlib:1.9.10:jar",
        "55e989c512b80907799f854309f3bc7782c5b3d13932442d0379d5c472711504",
    ),
    Library("com.google.code.gson:gson:2.11.0:jar", "57928d6e5a6edeb2abd3770a8f95ba44dce45f3b23b7a9dc2b309c581552a78b"),
    Library(
        "com.squareup.retrofit2:retrofit:2.11.0:jar", "9f4fbbce70728584fbeed38d4061f36d4477e89bca74b4e2ac8aeb6819b0fe43"
    ),
    Library(
        "com.squareup.retrofit2:converter-gson:2.11.0:jar",
        "3d2b4b668909468465c5776430b57232275d0165513f20fc96b0cfe4aa531326",
    ),
    Library(
        "com.jakewharton.timber:timber:5.0.1:aar", "c6edddfcc8eff42a1604c8577fcfa4b4ffd9f252122c52ea36cfe7967f512f71"
    ),
    Library("org.greenrobot:eventbus:3.3.1:aar", "c9385f4a570f8b2ef6f8f752690077ed538c358fd4755032ab80501755838f11"),
    Library(
        "org.greenrobot:eventbus-java:3.3.1:jar", "85f642378a25d5e41a69f8ba6cfb2fbe674e406b5437403e9f955f793d6cd991"
    ),
    Library(
        "com.github.bumptech.glide:glide:4.16.0:aar", "89811c63dd266a4851fd1b79c6fc0c982996ece435f5ff483fb830ca6cb53cd4"
    ),
    Library(
        "com.github.bumptech.glide:gifdecoder:4.16.0:aar",
        "955f872af4d2a321fea2a346fc472225a2b99524acc46781491712e39b6a214f",
    ),
    Library(
        "com.github.bumptech.glide:disklrucache:4.16.0:jar",
        "a227f6559c104aa5a5c88b0a70e9c7e3db6859e30b4774f3829121df9e627374",
    ),
    Library(
        "com.github.bumptech.glide:annotations:4.16.0:jar",
        "c59e39b1b31b4d5592277cd90012149d740b569d4338f56443cac82c3fbda3d1",
    ),
    Library(
        "com.adjust.sdk:adjust-android:5.0.1:aar", "92fa3d9180a16fb921e325f3174fac32c09c37735f0ecf637bde2939df5b8e74"
    ),
    Library(
        "com.sensorsdata.analytics.android:SensorsAnalyticsSDK:5.2.1:aar",
        "5f4ee0389c692cd46c800b17cf0c318890b5c20a4ccad2656246b6366a4b5cf6",
    ),
)
COMPILER = "bundletool-all-1.17.2.jar"
"""Holds D8 and R8 3.3.28; a key of tests/support/corpus.toml, like the next one."""
LINKER = "apktool_2.10.0.jar"
"""Holds aapt2 for Linux and the framework's resources, from which it knows the manifest's attributes."""
MIN_API = "26"
ZIP_DATE = (2026, 1, 1, 0, 0, 0)
NOT_PACKAGED = (".class", ".SF", ".RSA", ".DSA", "META-INF/MANIFEST.MF", "module-info.class")


def run(*command: str | Path) -> None:
    program = shutil.which(str(command[0]))
    if program is None:
        sys.exit(f"{command[0]} is not installed")
    done = subprocess.run(  # noqa: S603 - the commands are written out in this file
        [program, *map(str, command[1:])], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command[:4]))} …\n{done.stdout[-3000:]}{done.stderr[-3000:]}")


def fetch_libraries(folder: Path) -> dict[str, Path]:
    """Every library's jar by its coordinates; what an AAR holds besides its classes is left out."""
    found = {}
    for library in LIBRARIES:
        artifact = f"-Dartifact={library.coordinates}"
        run("mvn", "-q", "-B", "dependency:copy", artifact, f"-DoutputDirectory={folder}", "-Dmdep.useBaseVersion=true")
        path = folder / library.file_name
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest != library.sha256:
            sys.exit(f"{library.coordinates} has sha256 {digest}, not {library.sha256}")
        if path.suffix == ".aar":
            with zipfile.ZipFile(path) as archive:
                path = path.with_suffix(".classes.jar")
                path.write_bytes(archive.read("classes.jar"))
        found[library.coordinates] = path
    return found


def compile_sources(folder: Path, libraries: dict[str, Path]) -> Path:
    """The app's own classes, without the stubs, as a jar."""
    classes, stubs, jar = folder / "classes", folder / "stubs", folder / "hello.jar"
    path = ":".join(map(str, libraries.values()))
    options = ("javac", "-nowarn", "--release", "8", "-proc:none")
    run(*options, "-cp", path, "-d", stubs, *sorted((HERE / "stubs").rglob("*.java")))
    run(*options, "-cp", f"{path}:{stubs}", "-d", classes, *sorted((HERE / "src").rglob("*.java")))
    write_zip(jar, {str(file.relative_to(classes)): file.read_bytes() for file in classes.rglob("*.class")})
    return jar


def java_stubs(folder: Path) -> Path:
    """The JDK's signatures of the Java 8 API as a jar: the compilers look for java.lang there."""
    java = shutil.which("java")
    if java is None:
        sys.exit("java is not installed")
    stubs = {}
    with zipfile.ZipFile(Path(java).resolve().parents[1] / "lib" / "ct.sym") as archive:
        for name in archive.namelist():
            releases, _, rest = name.partition("/")  # "89A/java.base/java/lang/Object.sig": one letter a release
            module, _, path = rest.partition("/")
            if "8" in releases and module.startswith("java.") and path.endswith(".sig") and path != "module-info.sig":
                stubs[path.removesuffix(".sig") + ".class"] = archive.read(name)
    write_zip(folder / "java8.jar", stubs)
    return folder / "java8.jar"


def compile_dex(folder: Path, jars: list[Path], system: list[Path], *, shrinker: bool) -> dict[str, bytes]:
    """The dex files, by name."""
    out = folder / ("r8" if shrinker else "d8")
    out.mkdir()
    tool, extra = ("R8", ["--pg-conf", str(HERE / "r8.pro")]) if shrinker else ("D8", [])
    known = [option for jar in system for option in ("--lib", str(jar))]
    common = ["--release", "--min-api", MIN_API, *known, "--output", str(out), *extra]
    run("java", "-cp", realapps.fetch(COMPILER), f"com.android.tools.r8.{tool}", *common, *jars)
    return {file.name: file.read_bytes() for file in sorted(out.glob("*.dex"))}


def java_resources(jars: list[Path]) -> dict[str, bytes]:
    """What a build tool copies out of the jars besides the classes; the first of two with one name wins."""
    found: dict[str, bytes] = {}
    for jar in jars:
        with zipfile.ZipFile(jar) as archive:
            for name in archive.namelist():
                if not name.endswith(("/", *NOT_PACKAGED)) and not name.startswith("META-INF/versions/"):
                    found.setdefault(name, archive.read(name))
    return found


def link_manifest(folder: Path) -> dict[str, bytes]:
    """The binary manifest and resource table."""
    aapt2, framework, linked = folder / "aapt2", folder / "framework.apk", folder / "linked.apk"
    with zipfile.ZipFile(realapps.fetch(LINKER)) as archive:
        aapt2.write_bytes(archive.read("prebuilt/linux/aapt2_64"))
        framework.write_bytes(archive.read("brut/androlib/android-framework.jar"))
    aapt2.chmod(0o755)
    run(aapt2, "link", "--manifest", HERE / "AndroidManifest.xml", "-I", framework, "-o", linked)
    with zipfile.ZipFile(linked) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_zip(target: Path, entries: dict[str, bytes]) -> None:
    """A zip whose bytes depend on the entries alone."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in sorted(entries.items()):
            info = zipfile.ZipInfo(name, ZIP_DATE)
            info.compress_type = zipfile.ZIP_STORED if name == "resources.arsc" else zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)


def sign(app: Path, folder: Path) -> None:
    """Sign with a key that nobody keeps."""
    store, word = folder / "key.p12", "throwaway"
    if not store.exists():
        key = (
            "-keyalg",
            "RSA",
            "-keysize",
            "2048",
            "-validity",
            "10000",
            "-alias",
            "hello",
            "-dname",
            "CN=Hello SDKs example",
        )
        run("keytool", "-genkeypair", "-keystore", store, "-storetype", "PKCS12", "-storepass", word, *key)
    run("apksigner", "sign", "--ks", store, "--ks-pass", f"pass:{word}", "--min-sdk-version", MIN_API, app)


def build(folder: Path) -> list[Path]:
    """Build both apps into a folder."""
    libraries = fetch_libraries(folder)
    packaged = [libraries[library.coordinates] for library in LIBRARIES if library.packaged]
    system = [java_stubs(folder), *(libraries[library.coordinates] for library in LIBRARIES if not library.packaged)]
    jars = [compile_sources(folder, libraries), *packaged]
    rest = link_manifest(folder) | java_resources(packaged)
    rest["META-INF/LICENSES/NOTICE"] = (ROOT / "NOTICE").read_bytes()
    rest["META-INF/LICENSES/Apache-2.0.txt"] = (ROOT / "LICENSE").read_bytes()
    apps = []
    for name, shrinker in (("hello.apk", False), ("hello-r8.apk", True)):
        app = folder / name
        write_zip(app, compile_dex(folder, jars, system, shrinker=shrinker) | rest)
        sign(app, folder)
        apps.append(app)
    return apps


def contents(app: Path) -> dict[str, str]:
    """The sha256 of every entry but the signature."""
    with zipfile.ZipFile(app) as archive:
        return {
            name: hashlib.sha256(archive.read(name)).hexdigest()
            for name in archive.namelist()
            if not (name.startswith("META-INF/") and name.endswith((".MF", ".SF", ".RSA")))
        }


def main() -> None:
    parser = argparse.ArgumentParser(description="Build the example apps.")
    parser.add_argument(
        "--check", action="store_true", help="compare with the committed apps instead of replacing them"
    )
    check: bool = parser.parse_args().check
    with tempfile.TemporaryDirectory(prefix="hello-") as folder:
        for app in build(Path(folder)):
            committed = HERE.parent / app.name
            if check and contents(app) != contents(committed):
                sys.exit(f"{committed.name} is not what this script builds")
            if not check:
                shutil.copy(app, committed)
            print(f"{'same' if check else 'built'} {committed.name}: {committed.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
