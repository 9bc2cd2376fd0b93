"""Use sdkfp as a library: which SDKs, how sure, what they can read, what is not explained, and what was not read.

python examples/library.py examples/hello.apk
"""

from __future__ import annotations

import sys

import sdkfp


def main(app: str) -> None:
    report = sdkfp.scan(app)
    print(f"{report.app.package} {report.app.version_name}: {len(report.sdks)} SDKs")
    for sdk in report.sdks:
        version = (sdk.version and sdk.version.value) or "version unknown"
        print(f"  {sdk.id}, {version}, {sdk.certainty.value}: {sdk.evidence[0].feature}")
        able = [
            claim for claim in sdk.collects if claim.claim == "able_to_read" and claim.permission_requested is not False
        ]
        for claim in able[:1]:
            site = claim.reads[0].sites[0]
            print(f"    able to read {len(able)} types; {claim.type} in {site.class_name}")
    print(f"not explained: {report.unexplained.nobody.classes} of {report.unexplained.total.classes} classes")
    for part in report.not_examined:
        print(f"not examined: {part.location}: {part.reason}")

    # The features of an app are enough to study it again, without the app.
    text = sdkfp.extract(app).format()
    again = sdkfp.identify(sdkfp.FeatureSet.parse(text))
    print(f"from its features alone: {len(again.sdks)} SDKs")


if __name__ == "__main__":
    main(*sys.argv[1:])
