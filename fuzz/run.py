"""Fuzzes the readers of hostile input.

python fuzz/run.py [TARGET …] [--minutes N] [--until N] [--corpus FOLDER] [--findings FOLDER]
python fuzz/run.py --ledger [--corpus FOLDER]

Every target runs so many minutes in a process of its own, from the seeds (fuzz/seeds.py) and what the corpus folder kept from
earlier runs. A crash, an exception that is none of sdkfp's own, a single input that takes longer than 20 seconds or more than 2 GB
of memory is a finding: the input is kept, and the target goes on until its time is over. The exit code is 1 when there is a finding.
The hooks of atheris keep some memory for every input, and the clock goes on where the machine does something else: memory and time
are a finding only where the input alone needs them in a process of its own.

The corpus folder has a ledger, time.tsv, with a line for each process: target, when it ended, seconds of processor time, inputs,
findings. Its sums are printed at the end. With --until the targets run in turns, the least fuzzed one first, until each has so many
minutes of processor time in the ledger.

Needs the package atheris: pip install --group fuzz
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
LEDGER = "time.tsv"
_SLOWEST_SECONDS = 20
_MOST_MEGABYTES = 2048
_LARGEST_INPUT = 1 << 16
_EXECUTED = re.compile(r"stat::number_of_executed_units:\s*(\d+)|^#(\d+)\t", re.MULTILINE)


@dataclass
class Result:
    """What fuzzing one target gave."""

    target: str
    executed: int = 0
    seconds: float = 0.0
    """Of processor time."""
    findings: dict[str, Path] = field(default_factory=dict)
    """Inputs by the last lines of their tracebacks."""


@dataclass(frozen=True)
class Spent:
    """What a target had so far: the sum of its lines in the ledger."""

    seconds: float = 0.0
    """Of processor time."""
    executed: int = 0
    """Inputs."""
    findings: int = 0
    """Processes that a finding ended; several may be the same defect."""

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.seconds + other.seconds, self.executed + other.executed, self.findings + other.findings)


def note(corpus: Path, target: str, spent: Spent) -> None:
    """Add a line to the ledger; short enough that lines of several runs at once stay whole."""
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    with (corpus / LEDGER).open("a", encoding="ascii") as file:
        file.write(f"{target}\t{now}\t{spent.seconds:.1f}\t{spent.executed}\t{spent.findings}\n")


def ledger(corpus: Path, targets: Sequence[str]) -> dict[str, Spent]:
    """The sums of the ledger; a target without a line has nothing."""
    found = dict.fromkeys(targets, Spent())
    path = corpus / LEDGER
    for line in path.read_text(encoding="ascii").splitlines() if path.is_file() else ():
        target, _, seconds, executed, findings = line.split("\t")
        if target in found:
            found[target] += Spent(float(seconds), int(executed), int(findings))
    return found


def table(spent: Mapping[str, Spent]) -> str:
    """The sums as Markdown."""
    rows = [(name, f"{s.seconds / 60:.1f}", f"{s.executed:,}", str(s.findings)) for name, s in spent.items()]
    lines = [("target", "CPU minutes so far", "inputs", "findings"), ("---", "---:", "---:", "---:"), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def fuzz(target: str, minutes: float, corpus: Path, findings: Path) -> Result:
    """Run one target for its time, again after every finding."""
    from seeds import seeds  # noqa: PLC0415 - atheris instruments in the other process only

    own = corpus / target
    own.mkdir(parents=True, exist_ok=True)
    findings.mkdir(parents=True, exist_ok=True)
    for name, data in seeds(target).items():
        (own / f"seed-{name}").write_bytes(data)
    result = Result(target)
    end = time.monotonic() + 60 * minutes
    while (left := end - time.monotonic()) >= 1:
        begin = _processor_seconds()
        output = _run(target, own, findings, int(left))
        seconds = _processor_seconds() - begin
        executed = max((int(a or b) for a, b in _EXECUTED.findall(output)), default=0)
        written = re.search(r"Test unit written to (\S+)", output)
        if written is None and "Done " not in output:  # it did not run at all
            raise SystemExit(output[-3000:])
        kept = None if written is None else Path(written[1])
        if kept is not None and _is_limit(output) and _fits_alone(target, kept):
            kept.unlink()
            kept = None
        result.seconds += seconds
        result.executed += executed
        note(corpus, target, Spent(seconds, executed, int(kept is not None)))
        if kept is not None:
            result.findings.setdefault(_reason(output), kept)
    return result


def _is_limit(output: str) -> bool:
    """Whether a process ended for its memory or for the time of an input."""
    return "libFuzzer: out-of-memory" in output or "libFuzzer: timeout" in output


def _fits_alone(target: str, path: Path) -> bool:
    """Whether an input by itself needs neither too much memory nor too much time."""
    command = [sys.executable, str(FOLDER / "one.py"), target, str(path)]
    limits = [f"-timeout={_SLOWEST_SECONDS}", f"-rss_limit_mb={_MOST_MEGABYTES}"]
    return subprocess.run([*command, *limits], capture_output=True, check=False).returncode == 0


def _run(target: str, corpus: Path, findings: Path, seconds: int) -> str:
    options = [
        f"-max_total_time={seconds}",
        f"-timeout={_SLOWEST_SECONDS}",
        f"-rss_limit_mb={_MOST_MEGABYTES}",
        f"-max_len={_LARGEST_INPUT}",
        f"-artifact_prefix={findings}/{target}-",
        "-print_final_stats=1",
        "-reload=0",
    ]
    dictionary = FOLDER / f"{target}.dict"
    if dictionary.is_file():
        options.append(f"-dict={dictionary}")
    done = subprocess.run(
        [sys.executable, str(FOLDER / "one.py"), target, str(corpus), *options],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )
    return done.stdout + done.stderr


def _processor_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _reason(output: str) -> str:
    """The end of the traceback, by which findings are told apart."""
    python = output.rpartition("Traceback (most recent call last):")[2].partition("==")[0]
    lines = [line.strip() for line in python.splitlines() if line.strip()]
    where = [line for line in lines if line.startswith("File ")][-2:]
    if not where:
        where = re.findall(r"^(?:==\d+==\s*)?((?:ERROR|SUMMARY|ALARM): .*)$", output, re.MULTILINE)[-1:]
    return " | ".join([*where, *lines[-1:]])[:400] or hashlib.sha256(output.encode()).hexdigest()


def main() -> None:
    sys.path.insert(0, str(FOLDER))
    from targets import TARGETS  # noqa: PLC0415 - needs the path above

    parser = argparse.ArgumentParser(description="Fuzz the readers of hostile input.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; all without any")
    parser.add_argument("--minutes", type=float, help="for each target, or each turn with --until; by default 60, or 5")
    parser.add_argument(
        "--until", type=float, metavar="MINUTES", help="of processor time for each target, in the ledger"
    )
    parser.add_argument("--ledger", action="store_true", help="only print what the targets had so far")
    parser.add_argument("--corpus", type=Path, default=FOLDER / "corpus")
    parser.add_argument("--findings", type=Path, default=FOLDER / "findings")
    options = parser.parse_args()
    unknown = set(options.targets) - set(TARGETS)
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    chosen = list(options.targets or TARGETS)
    found = 0
    for target in () if options.ledger else _turns(chosen, options.corpus, options.until):
        result = fuzz(
            target, options.minutes or (60.0 if options.until is None else 5.0), options.corpus, options.findings
        )
        found += len(result.findings)
        print(
            f"{target}: {result.executed:,} inputs in {result.seconds / 60:.1f} min of processor time, {len(result.findings)} findings",
            flush=True,
        )
        for reason, path in result.findings.items():
            print(f"  {path}\n    {reason}", flush=True)
    print(table(ledger(options.corpus, list(TARGETS))))
    raise SystemExit(1 if found else 0)


def _turns(targets: Sequence[str], corpus: Path, until: float | None) -> Iterator[str]:
    """Every target once; or the least fuzzed one again and again, until each has had its time."""
    if until is None:
        yield from targets
        return
    while True:
        spent = ledger(corpus, targets)
        least = min(targets, key=lambda target: spent[target].seconds)
        if spent[least].seconds >= 60 * until:
            return
        yield least


if __name__ == "__main__":
    main()
