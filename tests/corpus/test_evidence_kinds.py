"""No identification in a real app rests on a bare string, a mention, or a manifest entry beside code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support import realapps

import sdkfp
from sdkfp import Catalog, Grade

WEAK = (Grade.STRING, Grade.MENTIONED, Grade.MANIFEST)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.builtin()


@pytest.mark.network
@pytest.mark.parametrize("key", realapps.keys("apk"))
def test_every_identification_has_evidence_in_code_or_files(
    key: str, catalog: Catalog, real_app: Callable[[str], Path]
) -> None:
    report = sdkfp.scan(real_app(key), catalog=catalog, reads=False)
    weak = WEAK if report.app.dex_files else WEAK[:2]
    assert [
        sdk.id
        for sdk in report.sdks
        if sdk.certainty.value == "identified" and all(evidence.grade in weak for evidence in sdk.evidence)
    ] == []
