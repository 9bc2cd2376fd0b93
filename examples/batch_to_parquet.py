"""Scan several apps into Parquet tables and ask which SDK is in how many of them.

python examples/batch_to_parquet.py OUT APP…        (needs: pip install 'sdkfp[batch]' duckdb)
"""

from __future__ import annotations

import sys

import duckdb

from sdkfp.batch import BatchOptions, run_batch

QUESTION = """
    SELECT sdks.sdk, count(DISTINCT sdks.sha256) AS apps
    FROM read_parquet(?) AS sdks
    GROUP BY sdks.sdk ORDER BY apps DESC, sdks.sdk
"""


def main(out: str, *apps: str) -> None:
    summary = run_batch(list(apps), out, BatchOptions(workers=1))
    print(summary.counts)
    for sdk, count in duckdb.execute(QUESTION, [f"{out}/sdks/*.parquet"]).fetchall():
        print(f"{count}  {sdk}")


if __name__ == "__main__":  # worker processes import the main module
    main(*sys.argv[1:])
