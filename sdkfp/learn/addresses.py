"""Where packages are fetched from. This program knows no registry of its own: the user's settings say, else the package URL library.

In this order: the ``repository_url`` of the package URL itself; the environment variable of this program; the configuration of
the ecosystem's own client; the default of ``packageurl.contrib.purl2url``.
"""

from __future__ import annotations

import configparser
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sdkfp.errors import SdkfpError
from sdkfp.learn.xml_texts import xml_texts

if TYPE_CHECKING:
    from packageurl import PackageURL

__all__ = ["SETTINGS", "LearnError", "addresses"]

SETTINGS: Mapping[str, str] = {
    "npm": "SDKFP_NPM_REGISTRY",
    "maven": "SDKFP_MAVEN_REPOSITORY",
    "pypi": "SDKFP_PYPI_INDEX",
}
"""The environment variable that names the registry, by type of package URL."""
_LONGEST_CONFIG = 1 << 20


class LearnError(SdkfpError):
    """An artifact cannot be fetched or gives nothing to learn, or a signature cannot be written."""


def addresses(purl: PackageURL) -> list[str]:
    """The base addresses to try, best first: URLs (``http``, ``https``), or folders in the registry's layout.

    Raises:
        LearnError: this type of package URL is not fetched, or nobody names a registry for it; the message names the setting.
    """
    setting = SETTINGS.get(purl.type)
    if setting is None:
        raise LearnError(f"{purl}: packages of the type {purl.type!r} are not fetched; known are {', '.join(SETTINGS)}")
    own = purl.qualifiers.get("repository_url") if isinstance(purl.qualifiers, dict) else None
    found = next(
        (list(each) for each in ([own], [os.environ.get(setting)], _client(purl), [_default(purl)]) if any(each)), []
    )
    chosen = [address.rstrip("/") for address in found if address]
    if not chosen:
        raise LearnError(f"{purl}: no registry is configured; set {setting} to its address")
    for address in chosen:
        if "://" in address and not address.startswith(("https://", "http://")):
            raise LearnError(f"{purl}: the registry's address {address!r} is neither http(s) nor a folder")
    return chosen


def _client(purl: PackageURL) -> list[str]:
    return list({"npm": _npm, "maven": _maven, "pypi": _pip}[purl.type](purl))


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST_CONFIG).decode("utf-8", "replace")
    except OSError:
        return ""


def _npm(purl: PackageURL) -> Iterator[str]:
    """``registry`` and ``@scope:registry`` of https://docs.npmjs.com/cli/configuring-npm/npmrc; no other key is looked at."""
    values: dict[str, str] = {}
    user = os.environ.get("NPM_CONFIG_USERCONFIG") or Path.home() / ".npmrc"
    for path in (Path("/etc/npmrc"), Path(user)):
        for line in _text(path).splitlines():
            key, _, value = line.partition("=")
            if key.strip() == "registry" or key.strip().endswith(":registry"):
                values[key.strip()] = value.strip().strip("\"'")
    scope = values.get(f"{purl.namespace}:registry") if purl.namespace else None
    found = scope or os.environ.get("NPM_CONFIG_REGISTRY")
    found = found or values.get("registry")
    if found:
        yield found


def _maven(_: PackageURL) -> Iterator[str]:
    """The mirror for ``central`` of https://maven.apache.org/settings.html."""
    home = os.environ.get("MAVEN_HOME") or os.environ.get("M2_HOME")
    paths = [Path.home() / ".m2" / "settings.xml", *([Path(home) / "conf" / "settings.xml"] if home else [])]
    for path in paths:
        mirror: dict[str, str] = {}
        for way, value in xml_texts(_text(path).encode()):
            if way == ("settings", "mirrors", "mirror"):
                wanted = {part.strip() for part in mirror.get("mirrorOf", "").split(",")}
                if wanted & {"*", "external:*", "central"} and mirror.get("url") and mirror.get("blocked") != "true":
                    yield mirror["url"]
                    return
                mirror = {}
            elif way[:-1] == ("settings", "mirrors", "mirror"):
                mirror[way[-1]] = value


def _pip(_: PackageURL) -> Iterator[str]:
    """``index-url`` and ``find-links`` of https://pip.pypa.io/en/stable/topics/configuration/."""
    config = os.environ.get("PIP_CONFIG_FILE")
    paths = [Path("/etc/pip.conf"), Path.home() / ".pip" / "pip.conf", Path.home() / ".config" / "pip" / "pip.conf"]
    values: dict[str, str] = {}
    for path in (*paths, *([Path(config)] if config else [])):
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read_string(_text(path))
        except configparser.Error:
            continue
        for section in ("global", "install", "download"):
            if parser.has_section(section):
                values.update(parser.items(section))
    index = os.environ.get("PIP_INDEX_URL") or values.get("index-url")
    links = os.environ.get("PIP_FIND_LINKS") or values.get("find-links") or ""
    yield from ([index] if index else [])
    yield from (link.removeprefix("file://") for link in links.split())


def _default(purl: PackageURL) -> str | None:
    """The address that the package URL library builds its download addresses on; it has none for some types."""
    from packageurl.contrib.purl2url import get_download_url  # noqa: PLC0415 - slow to import

    known = {"npm": ("pkg:npm/n@1", "/n/-/n-1.tgz"), "maven": ("pkg:maven/g/n@1", "/g/n/1/n-1.jar")}
    sample, tail = known.get(purl.type, ("", ""))
    url = get_download_url(sample) if sample else None  # type: ignore[no-untyped-call] # the library has no types
    return url.removesuffix(tail) if isinstance(url, str) and url.endswith(tail) else None
