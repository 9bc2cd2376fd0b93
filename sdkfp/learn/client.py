"""The one place that opens a connection: reads what one URL answers, within limits of size and time."""

from __future__ import annotations

import hashlib
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote

from sdkfp._version import __version__

__all__ = ["CHUNK", "Client", "FetchError", "Limits", "parse_json"]

CHUNK = 1 << 20
"""Bytes that are read at a time."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one fetch may cost."""

    metadata_bytes: int = 64 << 20
    package_bytes: int = 1 << 30
    pause_s: float = 30.0
    """Seconds without any byte."""
    total_s: float = 900.0
    """Seconds for one file."""


class FetchError(Exception):
    """One address did not give the package."""


class _MissingError(FetchError):
    """The registry does not have it."""


def parse_json(data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise FetchError("the registry answers something that is not JSON") from None


class Client:
    """Reads URLs and files within limits."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder = folder
        self._limits = limits

    def json(self, url: str, accept: str) -> object:
        return parse_json(self.read(url, accept))

    def read(self, url: str, accept: str = "*/*", *, missing: bytes | None = None) -> bytes:
        """The answer; ``missing`` instead where the registry says that there is none."""
        parts = []
        try:
            parts = list(self._parts(url, accept, self._limits.metadata_bytes))
        except _MissingError:
            if missing is None:
                raise
            return missing
        return b"".join(parts)

    def file(self, url: str, name: str) -> tuple[Path, str]:
        """The answer as a file in the folder, and its SHA-256."""
        path = self._folder / (re.sub(r"[^\w.+-]", "_", name)[-120:] or "package")
        digest = hashlib.sha256()
        with path.open("wb") as file:
            for part in self._parts(url, "*/*", self._limits.package_bytes):
                digest.update(part)
                file.write(part)
        return path, digest.hexdigest()

    def _parts(self, url: str, accept: str, most: int) -> Iterator[bytes]:
        until = time.monotonic() + self._limits.total_s
        size = 0
        try:
            with self._open(url, accept) as answer:
                while part := answer.read(CHUNK):
                    size += len(part)
                    if size > most:
                        raise FetchError(f"{url} is larger than {most} bytes")
                    if time.monotonic() > until:
                        raise FetchError(f"{url} takes longer than {self._limits.total_s:.0f} s")
                    yield part
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in (404, 410):
                raise _MissingError(f"{url} is not there ({error.code})") from None
            raise FetchError(f"{url} answers {error.code} {error.reason}") from None
        except FileNotFoundError:
            raise _MissingError(f"{url} is not there") from None
        except (
            OSError,
            HTTPException,
            ValueError,
        ) as error:  # OSError: URLError and time-outs too; ValueError: a bad URL
            reason = getattr(error, "reason", None) or error
            raise FetchError(f"{url} cannot be reached: {reason}") from None

    def _open(self, url: str, accept: str) -> BinaryIO | Any:
        if "://" not in url:
            return Path(unquote(url)).open("rb")
        if not url.startswith(("https://", "http://")):
            raise FetchError(f"{url} is neither http nor https")
        request = urllib.request.Request(  # noqa: S310 - the scheme is checked in the line above
            url, headers={"Accept": accept, "User-Agent": f"sdkfp/{__version__}"}
        )
        opener = urllib.request.build_opener(_Redirects)
        return opener.open(request, timeout=self._limits.pause_s)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Only to http and https (the standard library would follow to ftp)."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if not newurl.startswith(("https://", "http://")):
            raise FetchError(f"{req.full_url} leads to {newurl[:100]}, which is neither http nor https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)
