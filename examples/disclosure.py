"""What a privacy policy says of the SDKs in an app: which are not named, and which are named with fewer types than known.

python examples/disclosure.py examples/hello.apk policy.html
"""

from __future__ import annotations

import sys

import sdkfp
from sdkfp.disclosure import check_policy, disclosure_paper, disclosure_rows, open_policy, write_paper


def main(app: str, policy: str) -> None:
    catalog = sdkfp.Catalog.builtin()
    report = sdkfp.scan(app, catalog=catalog)
    check = check_policy(report, open_policy(policy), catalog)
    for missing in check.missing:
        if not missing.library:
            print(f"not named: {missing.sdk}: {', '.join(missing.types)}")
    for narrow in check.narrower:
        gaps = [gap.type for gap in narrow.gaps if gap.wider is None]
        print(f"named without {', '.join(gaps)}: {narrow.sdk}")
        print(f"  {narrow.bases[0].place}: {narrow.bases[0].quote}")

    rows = [row for row in disclosure_rows(report, catalog) if any(row.sdk == missing.sdk for missing in check.missing)]
    paper = disclosure_paper([row for row in rows if not row.library], report, catalog, layout="compact", language="zh")
    print(write_paper(paper, "md").decode().partition("\n\n")[2].partition("\n\n")[2])


if __name__ == "__main__":
    main(*sys.argv[1:])
