"""What checking costs: ``sdkfp lint`` and ``sdkfp test`` over the built-in catalog and over a thousand signatures.

python benchmarks/workshop.py [--signatures N] [--repeat N] [--json FILE]

The signatures that the built-in catalog lacks are generated: each has the size and the parts of a real one (clues of five kinds,
version rules, claims, an artifact, two match and two miss examples), and passes every check.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import measure

TARGETS = {"lint": 10.0, "test": 30.0}
"""Seconds that a thousand signatures may take."""

_SIGNATURE = """\
id: {id}
name: {{en: Bench {number}, zh: 样例{number}}}
categories: [analytics]
purl: pkg:maven/com.{id}/sdk
clues:
  - class: com.bench{number}.sdk.core.
  - class: com.bench{number}.sdk.push.
  - class: com.bench{number}.Entry
  - library: libbench{number}x*.so
  - service: com.bench{number}.sdk.push.PushService
  - metadata: BENCH{number}_KEY
    strength: hint
  - permission: com.bench{number}.permission.PUSH
    strength: hint
version:
  - constant: com.bench{number}.sdk.core.Config.VERSION
    pattern: 'android(\\d[\\w.]*)'
  - library: libbench{number}x*.so
    pattern: 'libbench{number}x(\\d)(\\d)\\.so'
requires: [okhttp3]
collects:
{claims}artifacts:
  - {{purl: 'pkg:maven/com.{id}/sdk@4.1.0', sha256: {sha256}, version: 4.1.0}}
examples:
  match:
    - origin: pkg:maven/com.{id}/sdk@4.1.0
      version: 4.1.0
      features: |
        class com.bench{number}.sdk.core.Config
        class com.bench{number}.sdk.core.Agent$1
        class com.bench{number}.sdk.push.PushService
        class com.bench{number}.Entry
        library libbench{number}x41.so
        service com.bench{number}.sdk.push.PushService
        metadata BENCH{number}_KEY=abc
        permission com.bench{number}.permission.PUSH
        constant com.bench{number}.sdk.core.Config.VERSION="android4.1.0"
    - origin: pkg:maven/com.{id}/sdk@4.0.0
      features: |
        class com.bench{number}.sdk.core.Config
        refers okhttp3.OkHttpClient
  miss:
    - why: another package that begins with the same letters
      features: |
        class com.bench{number}x.sdk.core.Config
    - why: code that only mentions it
      features: |
        refers com.bench{number}.sdk.core.Config
"""
_CLAIM = """\
  - type: {type}
    purpose: analytics
    need: required
    basis: vendor_docs
    source: https://bench.example/privacy/{number}
    as_of: 2026-01-01
"""
_TYPES = ("android_id", "oaid", "device_info", "network_type")


def build(directory: Path, wanted: int) -> int:
    """A catalog of at least that many signatures; how many it has."""
    shutil.copytree(measure.ROOT / "signatures", directory)
    count = sum(1 for folder in ("sdks", "nursery") for _ in (directory / folder).glob("*.yaml"))
    for number in range(max(0, wanted - count)):
        sdk = f"bench-{number}"
        claims = "".join(_CLAIM.format(type=word, number=number) for word in _TYPES)
        text = _SIGNATURE.format(id=sdk, number=number, claims=claims, sha256=f"{number:064x}")
        (directory / "sdks" / f"{sdk}.yaml").write_text(text, encoding="utf-8")
    return max(count, wanted)


def main() -> None:
    parser = argparse.ArgumentParser(description="Time to check a catalog.")
    parser.add_argument("--signatures", type=int, default=1000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows: list[dict[str, float | int | str]] = []
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "signatures"
        count = build(directory, options.signatures)
        for command, target in TARGETS.items():
            arguments = measure.sdkfp_command(command, directory)
            middle = measure.median(measure.run(arguments, env=measure.SDKFP_ENV) for _ in range(options.repeat))
            if middle.status:
                raise SystemExit(
                    f"sdkfp {command} fails: {middle.output.decode()[:2000]}{middle.errors.decode()[:500]}"
                )
            figures = {"seconds": middle.wall, "cpu_seconds": middle.cpu, "peak": middle.peak}
            rows.append({"command": f"sdkfp {command}", "signatures": count, **figures, "may_take": target})
    head = ("command", "signatures", "s", "processor s", "peak MB", "may take s")
    cells = [
        (
            r["command"],
            r["signatures"],
            f"{r['seconds']:.2f}",
            f"{r['cpu_seconds']:.2f}",
            f"{float(r['peak']) / (1 << 20):.0f}",
            f"{r['may_take']:.0f}",
        )
        for r in rows
    ]
    print(measure.markdown(head, cells))
    print(f"\n{measure.machine()}; median of {options.repeat}")
    if options.json is not None:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
