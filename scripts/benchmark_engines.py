"""Items per second of every engine, pictures written: the table in docs/engines.md.

Usage: python scripts/benchmark_engines.py --pdf FOLDER [--workers 2] [KIND ...]

Each engine draws a few samples, and then more in a second run. The rate is the difference in samples over the
difference in seconds, so the start-up is not in it. The sets that fine-grained, text-with-boxes, multi-crop
and multi-page compose are drawn first.
"""

import argparse
import contextlib
import io
import os
import platform
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from data_engines.cli import main as got_data
from data_engines.kinds import KINDS, NAMES
from got_train.report import table


@dataclass(frozen=True)
class Case:
    """One measurement of a kind."""

    kind: str
    part: str = ""
    """What is drawn, where a kind has several cases."""
    flags: str = ""
    """Options after `got-data KIND`."""
    count: int = 400
    """Samples that the longer of the two runs draws."""
    aim: int = 0
    """Items per second that it should reach; 0 where no aim was set."""


CASES = (
    Case("lines", "single", "--lines 1 --height 48", 8000, 600),
    Case("lines", "blocks", "", 5000, 600),
    Case("pdf", "slices", "--source {pdf} --units slices", 1600, 150),
    Case("pdf", "pages", "--source {pdf} --units pages", 200, 15),
    Case("scene", count=800, aim=60),
    Case("handwriting", count=800, aim=60),
    Case("form", count=400),
    Case("formula", count=3000, aim=200),
    Case("molecule", count=1600, aim=120),
    Case("table", count=1000, aim=60),
    Case("page", count=300, aim=15),
    Case("music", count=120, aim=6),
    Case("geometry", count=1000, aim=60),
    Case("chart", count=500, aim=40),
    Case("fine-grained", flags="--source {sets}/page {sets}/lines {sets}/scene"),
    Case("text-with-boxes", flags="--source {sets}/page {sets}/lines {sets}/scene"),
    Case("multi-crop", flags="--source {sets}/page", count=60),
    Case("multi-page", flags="--source {sets}/page", count=60),
)
FIRST_RUN_SHARE = 0.1
"""Share of the count that the first of the two runs draws, or a batch for each worker if that is more: a run
of one shard starts no workers, and their start would count among the samples of the second run."""


def cases_of(kind: str) -> list[Case]:
    """The cases of a kind; a kind without any in `CASES` is drawn with its defaults."""
    return [case for case in CASES if case.kind == kind] or [Case(kind)]


def seconds(flags: str, count: int, workers: int, output: Path) -> float:
    words = [*flags.split(), "--count", str(count), "--workers", str(workers), "--output", str(output)]
    started = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        code = got_data(words)
    if code:
        raise SystemExit(f"got-data {' '.join(words)} ended with {code}")
    return time.perf_counter() - started


def measure(case: Case, flags: str, workers: int, folder: Path) -> list[str]:
    """Rate, aim and start-up of one case."""
    few = max(int(case.count * FIRST_RUN_SHARE), workers * KINDS[case.kind].batch_size)
    short = seconds(flags, few, workers, folder / "few")
    long = seconds(flags, case.count, workers, folder / "all")
    rate = (case.count - few) / (long - short)
    return [f"{rate:.0f}" if rate >= 10 else f"{rate:.1f}", str(case.aim or "-"), f"{short - few / rate:.1f}"]


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pdf", required=True, help="folder of PDF files with at least 200 pages")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"default: all of {', '.join(NAMES)}")
    arguments = parser.parse_args()
    unknown = set(arguments.kinds) - set(NAMES)
    if unknown:
        parser.error(f"no such kind: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    cases = [case for kind in arguments.kinds or NAMES for case in cases_of(kind)]
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if any("{sets}" in case.flags for case in cases):
            for kind in ("page", "lines", "scene"):
                seconds(kind, 100, arguments.workers, folder / "sets" / kind)
        for case in cases:
            flags = f"{case.kind} {case.flags}".format(pdf=arguments.pdf, sets=folder / "sets")
            name = f"{case.kind} {case.part}".rstrip()
            rows.append([name, *measure(case, flags, arguments.workers, folder / name.replace(" ", "_"))])
            print(*rows[-1], flush=True)
    print(table(["kind", "items/s", "aim", "start (s)"], rows))
    print(f"{arguments.workers} workers, {os.cpu_count()} cores, Python {platform.python_version()}")


if __name__ == "__main__":
    main()
