"""Fetch the files that signatures name under `artifacts`, so that what was learned from them can be learned again."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sdkfp._files import write_whole
from sdkfp.container import open_container
from sdkfp.errors import ContainerError
from sdkfp.learn.addresses import LearnError
from sdkfp.learn.artifact import PACKAGE_LIMITS
from sdkfp.learn.client import Limits
from sdkfp.learn.fetching import fetch, parse_purl
from sdkfp.signature import Artifact

__all__ = ["obtain"]


def obtain(artifact: Artifact, folder: Path, *, limits: Limits | None = None) -> Path:
    """Fetch one artifact from the registry that the user's settings name, and keep it.

    Args:
        artifact: as a signature names it; steps into archives inside the package are divided by ``!``.
        folder: where the file goes; its name begins with its SHA-256. It is made where there is none.
        limits: of the fetch.

    Raises:
        LearnError: it cannot be fetched or written, or is another file than the one that was learned from.
    """
    purl = parse_purl(artifact.purl)
    shown = f"{artifact.purl}#{artifact.path}" if artifact.path else artifact.purl
    with tempfile.TemporaryDirectory(prefix="sdkfp-artifact-") as temporary:
        path = fetch(purl, Path(temporary), limits).path
        name = (artifact.path or path.name).rpartition("/")[2]
        try:
            data = _inside(path, artifact.path.split("!")) if artifact.path else path.read_bytes()
        except ContainerError as error:
            raise LearnError(f"{shown}: the package does not have this file ({error})") from None
        digest = hashlib.sha256(data).hexdigest()
        if digest != artifact.sha256:
            raise LearnError(f"{shown} has the sha256 {digest}, not {artifact.sha256}, which the signature names")
        kept = folder / f"{digest[:16]}-{re.sub(r'[^A-Za-z0-9.+-]', '_', name)[-80:]}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(kept, data)
        except OSError as error:
            raise LearnError(f"{kept} cannot be written: {error.strerror or error}") from None
        return kept


def _inside(source: Path | bytes, steps: Sequence[str]) -> bytes:
    """The bytes of a file inside a package.

    Raises:
        ContainerError: an archive on the way cannot be opened, or does not have the file.
    """
    with open_container(source, limits=PACKAGE_LIMITS) as container:
        data = container.read(steps[0])
    return _inside(data, steps[1:]) if len(steps) > 1 else data
