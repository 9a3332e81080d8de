"""Items per second of every engine, pictures written: the table in docs/engines.md.

Usage: python scripts/benchmark_engines.py --pdf FOLDER [--workers 2] [KIND ...]

Each engine draws a few samples and then more; the rate is that of the difference, without the start. Sets
that the last three kinds are made of are drawn first.
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
from got_train.report import table


@dataclass(frozen=True)
class Case:
    """What is measured, and the rate it should reach."""

    flags: str
    count: int
    aim: int


CASES = {
    "lines, single": Case("lines --lines 1 --height 48", 8000, 600),
    "lines, blocks": Case("lines", 5000, 600),
    "pdf, slices": Case("pdf --source {pdf} --units slices", 1600, 150),
    "pdf, pages": Case("pdf --source {pdf} --units pages", 200, 15),
    "scene": Case("scene", 800, 60),
    "handwriting": Case("handwriting", 800, 60),
    "formula": Case("formula", 3000, 200),
    "molecule": Case("molecule", 1600, 120),
    "table": Case("table", 1000, 60),
    "page": Case("page", 300, 15),
    "music": Case("music", 120, 6),
    "geometry": Case("geometry", 1000, 60),
    "chart": Case("chart", 500, 40),
    "fine-grained": Case("fine-grained --source {sets}/page {sets}/lines {sets}/scene", 400, 0),
    "multi-crop": Case("multi-crop --source {sets}/page", 60, 0),
    "multi-page": Case("multi-page --source {sets}/page", 60, 0),
}
"""`aim` 0: none was set."""
FEW = 0.1
"""Of the count, for the first of the two runs."""


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
    few = int(case.count * FEW)
    short = seconds(flags, few, workers, folder / "few")
    long = seconds(flags, case.count, workers, folder / "all")
    rate = (case.count - few) / (long - short)
    return [f"{rate:.0f}" if rate >= 10 else f"{rate:.1f}", str(case.aim or "-"), f"{short - few / rate:.1f}"]


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pdf", required=True, help="folder of PDF files with at least 200 pages")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(CASES))
    arguments = parser.parse_args()
    names = arguments.kinds or list(CASES)
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if any("{sets}" in CASES[kind].flags for kind in names):
            for kind in ("page", "lines", "scene"):
                seconds(kind, 100, arguments.workers, folder / "sets" / kind)
        for kind in names:
            flags = CASES[kind].flags.format(pdf=arguments.pdf, sets=folder / "sets")
            rows.append(
                [kind, *measure(CASES[kind], flags, arguments.workers, folder / kind.replace(" ", "_"))]
            )
            print(*rows[-1], flush=True)
    print(table(["kind", "items/s", "aim", "start (s)"], rows))
    print(f"{arguments.workers} workers, {os.cpu_count()} cores, Python {platform.python_version()}")


if __name__ == "__main__":
    main()
