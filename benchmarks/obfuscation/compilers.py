"""D8, R8 and ProGuard in one process, and no more of the framework than an app refers to: both make a build several times faster."""

from __future__ import annotations

import re
import select
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1])]

from sdkfp.classfile import ClassFile, read_class  # noqa: E402 - benchmarks are no package

__all__ = ["CompileError", "Compilers", "java_library", "needed_library"]

_TIMEOUT = 900
_DESCRIPTOR = re.compile(rb"L([\w/$]+)[;<]")
_ALWAYS = ("java/lang/", "java/util/")
"""What compilers look up without a reference in the code."""


class CompileError(RuntimeError):
    """A compiler refused the app; ``culprit`` is the class it named, dotted, where it named one."""

    def __init__(self, messages: str) -> None:
        refused = re.search(r"^Error in [^\n]*?\.jar:([^\n]+?)\.class\b", messages, re.MULTILINE)
        self.culprit = refused[1].replace("/", ".") if refused else None
        where = re.search(r"^(?:Error|Caused by|Exception)[^\n]*", messages, re.MULTILINE)
        super().__init__(where[0][:300] if where else messages[-300:])


class Compilers:
    """A Java process that compiles one app after the other (``Compilers.java``)."""

    def __init__(self, class_path: str) -> None:
        program = shutil.which("java") or sys.exit("java is not installed")
        # The quick compiler alone: a build is too short for the optimizing one to pay.
        options = ("-Xmx3g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
        self._command = (program, *options, "-cp", class_path, str(HERE / "Compilers.java"))
        self._process: subprocess.Popen[str] | None = None

    def run(self, messages: Path, main: str, *arguments: str | Path) -> None:
        """Run a compiler's main class; its messages go to a file.

        Raises:
            CompileError: it failed, or took too long.
        """
        if self._process is None or self._process.poll() is not None:
            pipe = subprocess.PIPE
            self._process = subprocess.Popen(self._command, stdin=pipe, stdout=pipe, text=True, bufsize=1)
        asked, answers = self._process.stdin, self._process.stdout
        if asked is None or answers is None:
            raise CompileError("no process")
        asked.write("\t".join(map(str, (messages, main, *arguments))) + "\n")
        asked.flush()
        ready, _, _ = select.select([answers], [], [], _TIMEOUT)
        answer = answers.readline() if ready else ""
        if not answer:  # hung, or it ended itself
            self._process.kill()
            self._process = None
        if answer != "ok\n":
            raise CompileError(messages.read_text(errors="replace") if messages.exists() else "no answer")

    def run_alone(self, main: str, *arguments: str) -> None:
        """Run a main class that ends its process, as ProGuard's does.

        Raises:
            CompileError: it failed, or took too long.
        """
        command = (*self._command[:-1], main, *arguments)
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT, check=False)
        except subprocess.TimeoutExpired:
            raise CompileError(f"{main} took too long") from None
        if done.returncode:
            raise CompileError(done.stdout + done.stderr)

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def java_library(android: Path, target: Path) -> Path:
    """The framework's classes, and the JDK's signatures of the Java 8 API: compilers look for java.lang there."""
    java = shutil.which("java") or sys.exit("java is not installed")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as out, zipfile.ZipFile(android) as framework:
        # The API's own packages: what the system uses inside has records, which R8 3.3 refuses.
        packages = ("android/", "dalvik/", "java/", "javax/", "org/")
        known = {name for name in framework.namelist() if name.endswith(".class") and name.startswith(packages)}
        for name in sorted(known):
            out.writestr(name, framework.read(name))
        with zipfile.ZipFile(Path(java).resolve().parents[1] / "lib" / "ct.sym") as archive:
            for name in archive.namelist():
                releases, _, rest = name.partition("/")  # "89A/java.base/java/lang/Object.sig": one letter a release
                module, _, path = rest.partition("/")
                stub = path.removesuffix(".sig") + ".class"
                if "8" in releases and module.startswith("java.") and path.endswith(".sig") and stub not in known:
                    known.add(stub)
                    out.writestr(stub, archive.read(name))
    return target


def needed_library(library: Path, classes: Mapping[str, bytes], target: Path) -> Path:
    """The part of the library that the classes refer to, with every superclass and interface of it."""
    with zipfile.ZipFile(library) as whole, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as out:
        known = {name.removesuffix(".class") for name in whole.namelist()}
        wanted = {name for name in known if name.startswith(_ALWAYS)}
        for data in classes.values():
            wanted.update(match.decode() for match in _DESCRIPTOR.findall(data))
            wanted.update(_internal(read_class(data).classes))
        waiting, done = wanted & known, set[str]()
        while waiting:
            name = waiting.pop()
            done.add(name)
            data = whole.read(f"{name}.class")
            out.writestr(f"{name}.class", data)
            waiting |= set(_internal(_above(read_class(data)))) & known - done
    return target


def _above(parsed: ClassFile) -> Iterable[str]:
    return (*parsed.interfaces, *([parsed.superclass] if parsed.superclass else ()))


def _internal(names: Iterable[str]) -> Iterable[str]:
    return (name.replace(".", "/") for name in names)
