"""Texts that try to leave their place, and a report full of them."""

from __future__ import annotations

import msgspec

from sdkfp import Report
from sdkfp.report import NotExaminedRecord, PackageRecord

__all__ = ["BACKWARDS", "HOSTILE", "LONG", "SCRIPT", "hostile_report"]

SCRIPT = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
BACKWARDS = "com.evil\u202egpj.exe\u2066"
LONG = "A" * 1_000_000
HOSTILE = (SCRIPT, BACKWARDS, "</script><!--", "{{ 7 * 7 }}", "\u2028\u2029\x00\x1b[31m", "'';!--\"<XSS>=&{()}")


def hostile_report(report: Report) -> Report:
    """The report with a hostile text wherever the app, or a saved report, can put one."""
    data = msgspec.json.decode(report.to_json())
    for number, sdk in enumerate(data["sdks"]):
        text = HOSTILE[number % len(HOSTILE)]
        sdk["id"] = f"{sdk['id']}{text}"
        sdk["name"] = {"en": text, "zh": text + "中文"}
        sdk["organization"] = text
        sdk["categories"] = [text]
        sdk["purl"] = text
        sdk["evidence"][0] |= {"feature": f"class {text}", "location": text, "clue": LONG}
        for claim in sdk["collects"]:
            claim |= {"type": text, "purpose": text, "source": f"javascript:alert('{text}')", "as_of": text}
    for key in ("package", "version_name", "name"):
        data["app"][key] = SCRIPT + BACKWARDS + LONG
    data["app"]["permissions"][0]["name"] = SCRIPT
    for node in data["graph"]["nodes"]:
        node["id"] = SCRIPT + node["id"]
    for edge in data["graph"]["edges"]:
        edge |= {"source": SCRIPT + edge["source"], "target": SCRIPT + edge["target"], "evidence": SCRIPT + BACKWARDS}
    data["unexplained"]["mentioned"] = [{"sdk": SCRIPT, "references": 1, "feature": SCRIPT}]
    read = msgspec.convert(data, Report)
    rest = msgspec.structs.replace(read.unexplained, packages=(PackageRecord(SCRIPT + BACKWARDS, 1, 1),))
    return msgspec.structs.replace(
        read, unexplained=rest, not_examined=(NotExaminedRecord(SCRIPT, LONG, BACKWARDS + SCRIPT),)
    )
