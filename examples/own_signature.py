"""Write a signature from scratch, check it, and find an SDK that the built-in catalog does not know.

python examples/own_signature.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import sdkfp

SIGNATURE = """\
id: acme-metrics
name: {en: Acme Metrics, zh: 爱可米统计}
categories: [analytics]
clues:
  - class: com.acme.metrics.
  - metadata: ACME_APP_KEY
    strength: hint
version:
  - constant: com.acme.metrics.Config.SDK_VERSION
"""
LISTING = """\
class com.acme.metrics.Tracker @ app.apk!classes.dex
class com.acme.metricsx.Slider @ app.apk!classes.dex
constant com.acme.metrics.Config.SDK_VERSION="2.4.0" @ app.apk!classes.dex
"""


def main() -> None:
    features = sdkfp.FeatureSet.parse(LISTING)
    print(f"before: {len(sdkfp.identify(features).sdks)} SDKs")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "acme-metrics.yaml"
        path.write_text(SIGNATURE.replace("analytics", "analytic"), encoding="utf-8")
        try:
            sdkfp.Catalog.load(folder, cache=False)
        except sdkfp.SignatureError as error:
            print(f"refused: line {error.issues[0].line}: {error.issues[0].message}")
        path.write_text(SIGNATURE, encoding="utf-8")
        catalog = sdkfp.Catalog.load(folder, cache=False)
    for sdk in sdkfp.identify(features, catalog).sdks:
        version = sdk.version.value if sdk.version else None
        print(
            f"after: {sdk.signature.id} {version}, {sdk.certainty.value}: {sdk.classes} class, {sdk.evidence[0].clue}"
        )


if __name__ == "__main__":
    main()
