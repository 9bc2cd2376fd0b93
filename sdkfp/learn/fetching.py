"""Fetch the file of a package URL by its registry's ordinary protocol: only when the user asks for that package.

npm: https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md ·
Maven: https://maven.apache.org/repositories/layout.html ·
PyPI: https://packaging.python.org/en/latest/specifications/simple-repository-api/
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urldefrag, urljoin

from sdkfp.learn.addresses import LearnError, addresses
from sdkfp.learn.client import CHUNK, Client, FetchError, Limits, parse_json
from sdkfp.learn.xml_texts import xml_texts

if TYPE_CHECKING:
    from packageurl import PackageURL

__all__ = ["Dependency", "Fetched", "Limits", "fetch", "parse_purl"]

_NPM_TYPE = "application/vnd.npm.install-v1+json, application/json;q=0.9"
_PYPI_TYPE = "application/vnd.pypi.simple.v1+json, text/html;q=0.5"


@dataclass(frozen=True, slots=True)
class Dependency:
    """What a package says that it needs."""

    purl: str
    """Without version."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A package on this machine."""

    path: Path
    purl: str
    """As asked for, without the path inside."""
    sha256: str
    name: str | None = None
    """The name that the project gives itself, where the protocol has one."""
    website: str | None = None
    dependencies: tuple[Dependency, ...] = ()


def parse_purl(text: str) -> PackageURL:
    """A package URL with its version.

    Raises:
        LearnError: it is none, or has no version.
    """
    from packageurl import PackageURL  # noqa: PLC0415 - needed only where a package URL is given

    try:
        purl = PackageURL.from_string(text)
    except ValueError as error:
        raise LearnError(f"{text[:200]!r} is not a package URL: {error}") from None
    if not purl.version:
        raise LearnError(f"{text[:200]!r} names no version: what would be learned could not be checked; add @VERSION")
    return purl


def fetch(purl: PackageURL, folder: Path, limits: Limits | None = None) -> Fetched:
    """Fetch one package.

    Args:
        purl: with version; ``#path`` is not looked at here.
        folder: an own folder to write to.
        limits: how much it may cost.

    Raises:
        LearnError: no registry is configured, none has the package, or what it answers is wrong; nothing is left behind then
            but what is in ``folder``.
    """
    ways = {"npm": _npm, "maven": _maven, "pypi": _pypi}
    client = Client(folder, limits or Limits())
    problems: list[str] = []
    for base in addresses(purl):
        found = _tried(ways[purl.type], client, base, purl, problems)
        if found is not None:
            return found
    raise LearnError(f"{_plain(purl)} cannot be fetched: {'; '.join(problems)}")


def _tried(
    way: Callable[[Client, str, PackageURL], Fetched], client: Client, base: str, purl: PackageURL, problems: list[str]
) -> Fetched | None:
    try:
        return way(client, base, purl)
    except FetchError as error:
        problems.append(str(error))
        return None


def _plain(purl: PackageURL) -> str:
    """The package URL without the path inside the package and without the registry."""
    from packageurl import PackageURL  # noqa: PLC0415 - as above

    qualifiers = {key: value for key, value in dict(purl.qualifiers or {}).items() if key != "repository_url"}
    return PackageURL(purl.type, purl.namespace, purl.name, purl.version, qualifiers or None).to_string()


# --- npm -----------------------------------------------------------------------------------------------------------------


def _npm(client: Client, base: str, purl: PackageURL) -> Fetched:
    full = f"{purl.namespace}/{purl.name}" if purl.namespace else purl.name
    document = client.json(f"{base}/{quote(full, safe='@')}", _NPM_TYPE)
    version = _dig(document, "versions", purl.version)
    tarball = _dig(version, "dist", "tarball")
    if not isinstance(tarball, str):
        raise FetchError(f"the registry has no version {purl.version} of {full}")
    path, sha256 = client.file(urljoin(f"{base}/", tarball), f"{purl.name}-{purl.version}.tgz")
    _check_integrity(path, _dig(version, "dist", "integrity"), _dig(version, "dist", "shasum"))
    homepage = _dig(version, "homepage")
    return Fetched(path, _plain(purl), sha256, None, homepage if isinstance(homepage, str) else None)


def _check_integrity(path: Path, integrity: object, shasum: object) -> None:
    """https://www.w3.org/TR/SRI/ for ``integrity``; ``shasum`` is SHA-1 in hex. What the registry does not say is not checked."""
    checks = []
    if isinstance(integrity, str):
        checks = [
            part.partition("-")[::2] for part in integrity.split() if part.partition("-")[0] in ("sha512", "sha256")
        ]
        checks = [(name, base64.b64decode(value + "=" * (-len(value) % 4)).hex()) for name, value in checks]
    elif isinstance(shasum, str):
        checks = [("sha1", shasum)]
    for name, wanted in checks:
        if _hash(path, name) != wanted:
            raise FetchError(f"the {name} of the file is not the one that the registry names")


def _hash(path: Path, name: str) -> str:
    digest = hashlib.new(name, usedforsecurity=False)
    with path.open("rb") as file:
        while part := file.read(CHUNK):
            digest.update(part)
    return digest.hexdigest()


def _dig(document: object, *keys: str | None) -> object:
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return document


# --- Maven ---------------------------------------------------------------------------------------------------------------


def _maven(client: Client, base: str, purl: PackageURL) -> Fetched:
    if not purl.namespace:
        raise LearnError(f"{purl}: a Maven package has a group: pkg:maven/GROUP/ARTIFACT@VERSION")
    group = purl.namespace.replace(".", "/")
    stem = (
        f"{base}/{quote(group)}/{quote(purl.name)}/{quote(purl.version or '')}/{quote(f'{purl.name}-{purl.version}')}"
    )
    project = _Project(xml_texts(client.read(f"{stem}.pom", missing=b"")))
    qualifiers = dict(purl.qualifiers or {})
    extension = qualifiers.get("type") or ("aar" if project.packaging == "aar" else "jar")
    classifier = f"-{qualifiers['classifier']}" if qualifiers.get("classifier") else ""
    url = f"{stem}{quote(classifier)}.{quote(extension)}"
    path, sha256 = client.file(url, f"{purl.name}-{purl.version}{classifier}.{extension}")
    stated = client.read(f"{url}.sha1", missing=b"")[:40].decode("ascii", "replace")
    if re.fullmatch(r"[0-9a-fA-F]{40}", stated) and _hash(path, "sha1") != stated.lower():
        raise FetchError("the sha1 of the file is not the one that the repository names")
    return Fetched(path, _plain(purl), sha256, project.name, project.website, project.dependencies)


class _Project:
    """What is used of a project file (https://maven.apache.org/pom.html)."""

    def __init__(self, texts: list[tuple[tuple[str, ...], str]]) -> None:
        top = {way[1]: text for way, text in texts if len(way) == 2}
        self.packaging = top.get("packaging")
        self.name = top.get("name") if "${" not in top.get("name", "${") else None
        self.website = top.get("url") if top.get("url", "").startswith("http") else None
        self.dependencies = tuple(self._dependencies(texts))

    @staticmethod
    def _dependencies(texts: list[tuple[tuple[str, ...], str]]) -> Iterator[Dependency]:
        within = ("project", "dependencies", "dependency")
        one: dict[str, str] = {}
        for way, text in texts:
            if way == within:
                kept = one.get("scope", "compile") in ("compile", "runtime") and one.get("optional") != "true"
                if kept and one.get("groupId") and one.get("artifactId"):
                    yield Dependency(f"pkg:maven/{one['groupId']}/{one['artifactId']}")
                one = {}
            elif way[:-1] == within:
                one[way[-1]] = text


# --- PyPI ----------------------------------------------------------------------------------------------------------------


def _pypi(client: Client, base: str, purl: PackageURL) -> Fetched:
    if "://" in base:
        project = re.sub(r"[-_.]+", "-", purl.name).lower()
        links = _links(client.read(f"{base}/{project}/", _PYPI_TYPE), f"{base}/{project}/")
    else:
        links = {path.name: (str(path), None) for path in sorted(Path(base).glob("*"))}
    wanted = dict(purl.qualifiers or {}).get("file_name")
    names = [name for name in sorted(links) if name == wanted or (wanted is None and _is_release(name, purl))]
    if not names:
        raise FetchError(f"the index has no file of {purl.name} {purl.version}")
    chosen = next((name for name in names if name.endswith((".tar.gz", ".zip"))), names[0])
    url, stated = links[chosen]
    path, sha256 = client.file(url, chosen)
    if stated is not None and stated != sha256:
        raise FetchError("the sha256 of the file is not the one that the index names")
    return Fetched(path, _plain(purl), sha256)


def _is_release(name: str, purl: PackageURL) -> bool:
    head = re.sub(r"[-_.]+", "-", f"{purl.name}-{purl.version}").lower()
    plain = re.sub(r"[-_.]+", "-", re.sub(r"\.(tar\.gz|zip|whl)$", "", name)).lower()
    return name.endswith((".tar.gz", ".zip", ".whl")) and (plain == head or plain.startswith(f"{head}-"))


def _links(data: bytes, base: str) -> dict[str, tuple[str, str | None]]:
    """(address, sha256 or None) by file name, from the JSON or the HTML form of the index."""
    if data.lstrip()[:1] == b"{":
        files = _dig(parse_json(data), "files")
        found = {}
        for file in files if isinstance(files, list) else []:
            name, url, sha256 = _dig(file, "filename"), _dig(file, "url"), _dig(file, "hashes", "sha256")
            if isinstance(name, str) and isinstance(url, str):
                found[name] = (urljoin(base, url), sha256 if isinstance(sha256, str) else None)
        return found
    parser = _Anchors()
    parser.feed(data.decode("utf-8", "replace"))
    result = {}
    for href in parser.found:
        url, fragment = urldefrag(urljoin(base, href))
        name, _, value = fragment.partition("=")
        result[unquote(url.rpartition("/")[2])] = (url, value if name == "sha256" else None)
    return result


class _Anchors(HTMLParser):
    """The links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for key, value in attrs if tag == "a" and key == "href" and value]
