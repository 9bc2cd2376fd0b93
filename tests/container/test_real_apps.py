"""Real apps: the entries and bytes that ``zipfile`` finds in them."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from support.realapps import file

from sdkfp.container import ContainerKind, open_container

pytestmark = [pytest.mark.network, pytest.mark.oracle]


@pytest.mark.parametrize("key", ["yosemite-1.4.3", "apidemos-5.0.0"])
def test_entries_of_honest_apps(key: str, real_app: Callable[[str], Path]) -> None:
    path = real_app(key)
    with open_container(path) as container, zipfile.ZipFile(path) as oracle:
        assert container.kind is ContainerKind.APK
        assert list(container.entries) == oracle.namelist()
        assert all(container.read(name) == oracle.read(name) for name in oracle.namelist())
        assert container.not_examined == ()
        assert container.sha256 == hashlib.sha256(path.read_bytes()).hexdigest() == file(key).sha256
