"""`got-data`: draws training samples with one of the engines, as pictures and the JSONL that training reads.

The way of a sample: `main` -> `generate` -> `workers.draw_chunk` -> the engine's `sample` and `render`
-> `shards.finish_shard` -> `shards.finish_run`.
"""

import argparse
import contextlib
import itertools
import math
import os
import platform
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

from tqdm import tqdm

from data_engines import options as engine_options
from data_engines import shards
from data_engines.shards import Drawn, Shard
from data_engines.workers import Chunk, Job, draw_all, load_engine, make_rng

ENGINES = {
    "lines": "text lines and small text blocks, from a corpus and fonts",
    "pdf": "pages, paragraphs and lines of real PDF files with their text",
}
"""What `got-data` can draw; `data_engines/engines/` holds a module for each."""

SHARD_SIZE = 1000
CHUNK_SIZE = 20
FEWEST_REJECTS = 10
"""So many rejects never stop a run, however small its shards."""


def generate(
    kind: str,
    options: Any,
    *,
    count: int,
    output: Path,
    seed: int = 0,
    workers: int = 1,
    max_rejects: float | None = None,
    shard_size: int = SHARD_SIZE,
) -> dict[str, Any]:
    """Draws `count` samples into `output`, going on where an earlier run of the same plan stopped.

    Args:
        kind: Name of the engine, one of `ENGINES`.
        options: The engine's `Options`.
        count: Number of samples; rejected ones are missing from the rows and counted in the manifest.
        output: Folder for pictures, `data.jsonl` and `manifest.json`.
        seed: Sample i depends on the seed and i, on nothing else.
        workers: Number of processes.
        max_rejects: Share of a shard that may be rejected before the run stops; None for the engine's own.
        shard_size: Number of samples that appear at once.

    Returns:
        The manifest.

    Raises:
        ValueError: an input that can't be used, or too many rejects.
    """
    engine = load_engine(kind)
    _check_numbers(count=count, seed=seed, workers=workers, max_rejects=max_rejects)
    stock = engine.load(options, make_rng(seed, kind))
    if stock.size is not None and count > stock.size:
        raise ValueError(
            f"--count {count} is more than the {stock.size} there are; ask for fewer, or add sources"
        )
    plan = {
        "engine": kind,
        "options": engine_options.to_json(options),
        "seed": seed,
        "count": count,
        "shard_size": shard_size,
        "versions": _versions(),
        "sources": [shards.fingerprint(source) for source in stock.sources],
        "left_out": stock.left_out,
    }
    shards.open_run(output, plan)
    all_shards = shards.split(output, count, shard_size)
    missing = [shard for shard in all_shards if not shard.folder.exists()]
    limit = engine.MAX_REJECTS if max_rejects is None else max_rejects
    _draw_shards(Job(kind, seed, stock), missing, count, workers, limit)
    return shards.finish_run(output, plan, all_shards)


def _draw_shards(job: Job, missing: Sequence[Shard], count: int, workers: int, max_rejects: float) -> None:
    chunks = (
        Chunk(shard, shard.indexes[start : start + CHUNK_SIZE])
        for shard in missing
        for start in range(0, len(shard.indexes), CHUNK_SIZE)
    )
    already = count - sum(len(shard.indexes) for shard in missing)
    with (
        # disable=None: no bar where nobody watches
        tqdm(total=count, initial=already, desc=job.kind, unit=" samples", disable=None) as bar,
        contextlib.closing(draw_all(job, chunks, workers)) as results,
    ):
        for shard, group in itertools.groupby(results, key=lambda result: result[0].shard):
            drawn: list[Drawn] = []
            for chunk, samples in group:
                drawn += samples
                _check_rejects(shard, drawn, max_rejects)
                bar.update(len(chunk.indexes))
            shards.finish_shard(shard, drawn)


def _check_rejects(shard: Shard, drawn: Sequence[Drawn], max_rejects: float) -> None:
    rejects = [sample for sample in drawn if sample.cause]
    if len(rejects) <= max(FEWEST_REJECTS, math.floor(max_rejects * len(shard.indexes))):
        return
    causes = Counter(str(sample.cause) for sample in rejects).most_common(3)
    listed = "; ".join(f"{cause}: {number}" for cause, number in causes)
    raise ValueError(
        f"{len(rejects)} of samples {shard.indexes[0]} to {drawn[-1].index} can't be drawn ({listed}; first: "
        f"sample {rejects[0].index}); mend the sources or options, or let more pass by --max-rejects"
    )


def _check_numbers(*, count: int, seed: int, workers: int, max_rejects: float | None) -> None:
    for name, value, lowest in (("count", count, 1), ("seed", seed, 0), ("workers", workers, 1)):
        if value < lowest:
            raise ValueError(f"--{name} {value}: give a whole number of at least {lowest}")
    if max_rejects is not None and not 0 <= max_rejects <= 1:
        raise ValueError(f"--max-rejects {max_rejects}: give a fraction from 0 to 1")


def _versions() -> dict[str, str]:
    """What the bytes of a run depend on besides its plan."""
    packages = ("pillow", "numpy", "pypdfium2", "got-train")
    return {"python": platform.python_version()} | {name: version(name) for name in packages}


class _Parser(argparse.ArgumentParser):
    """A parser that complains in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command `got-data`; returns its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    # the engine's module is loaded only when it is named: some are slow to import
    parser = _Parser(
        prog="got-data",
        description="Draw training samples. `got-data ENGINE --help` lists an engine's options.",
        epilog="engines: " + "; ".join(f"{name} ({what})" for name, what in ENGINES.items()),
    )
    parser.add_argument(
        "engine", metavar="ENGINE", choices=ENGINES, help="what to draw: " + ", ".join(ENGINES)
    )
    kind = parser.parse_args(words[:1]).engine
    engine = load_engine(kind)
    parser = _Parser(prog=f"got-data {kind}", description=f"Draw {ENGINES[kind]}.", allow_abbrev=False)
    _add_run_flags(parser, engine.MAX_REJECTS)
    engine_options.add_flags(parser.add_argument_group(f"options of {kind}"), engine.Options)
    flags = parser.parse_args(words[1:])
    try:
        manifest = generate(
            kind,
            engine_options.read_flags(flags, engine.Options),
            count=flags.count,
            output=flags.output,
            seed=flags.seed,
            workers=flags.workers,
            max_rejects=flags.max_rejects,
        )
    except (ValueError, OSError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    except BrokenProcessPool:
        print(
            f"{parser.prog}: a worker died, perhaps for want of memory; try fewer --workers", file=sys.stderr
        )
        return 1
    except KeyboardInterrupt:
        print(f"{parser.prog}: interrupted; the same command goes on where this one stopped", file=sys.stderr)
        return 130
    _print_summary(manifest, flags.output)
    return 0


def _add_run_flags(parser: argparse.ArgumentParser, max_rejects: float) -> None:
    parser.add_argument("--count", type=int, required=True, metavar="N", help="number of samples")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder to write")
    parser.add_argument(
        "--seed", type=int, default=0, metavar="S", help="other seed, other samples (default: 0)"
    )
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count(), metavar="W", help="processes (default: one a core)"
    )
    parser.add_argument(
        "--max-rejects",
        type=float,
        default=max_rejects,
        metavar="FRACTION",
        help="stop when more of a shard can't be drawn (default: %(default)s)",
    )


def _print_summary(manifest: dict[str, Any], output: Path) -> None:
    print(f"{output / 'data.jsonl'}: {manifest['rows']} rows from {manifest['count']} samples")
    for title, counts in (("sources left out", "left_out"), ("samples rejected", "rejects")):
        for cause, number in manifest[counts].items():
            print(f"  {title}: {number} ({cause})")


if __name__ == "__main__":
    sys.exit(main())
