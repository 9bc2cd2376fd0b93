"""Who pulled an SDK in, and what would go without another one.

python examples/graph_query.py examples/hello.apk okio retrofit2
"""

from __future__ import annotations

import sys

import sdkfp
from sdkfp.graph import if_removed, who_uses


def main(app: str, used: str, removed: str) -> None:
    graph = sdkfp.scan(app).graph
    answer = who_uses(graph, used)
    print(f"{used} is used by {', '.join(sorted({edge.source for edge in answer.users}))}")
    for edge in answer.users:
        if edge.type == "extends":
            print(f"  {edge.evidence}")
    print(f"shortest chain: {' → '.join(answer.path)}")
    print(f"without {removed} would go: {', '.join(if_removed(graph, removed).goes) or 'nothing else'}")


if __name__ == "__main__":
    main(*sys.argv[1:])
