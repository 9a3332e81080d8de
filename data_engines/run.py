"""One run: some number of samples of one kind, drawn into one folder.

The way of a sample: `generate` -> an executor -> `drawing.draw_batch` -> the engine's `decide`, `draw` and
`check` -> `tools.degrade.degrade` -> `shards.finish_shard` -> `shards.finish_run`.
"""

import contextlib
import math
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tqdm import tqdm

from data_engines import options as engine_options
from data_engines import shards
from data_engines.drawing import Job, load_engine, make_rng
from data_engines.engine import Stock
from data_engines.executors import EXECUTORS, Executor
from data_engines.formats import Format
from data_engines.kinds import KINDS
from data_engines.rejects import RejectLimit, Tally
from data_engines.store import Store

SHARD_SIZE = 1000
"""Samples in a shard of a large set."""
FEWEST_SHARDS = 64
"""Of smaller sets, so that many workers have something to draw and end at about the same time."""


@dataclass(frozen=True)
class Part:
    """Those shards of a run whose number leaves the rest `number` when divided by `parts`."""

    number: int
    parts: int

    @classmethod
    def parse(cls, text: str) -> "Part":
        """
        >>> Part.parse("0/4")
        Part(number=0, parts=4)
        """
        number, _, parts = text.partition("/")
        if not (number.isdecimal() and parts.isdecimal() and int(number) < int(parts)):
            raise ValueError(f"--shard {text}: write I/N, I from 0 to N - 1, as in 0/4 for the first of four")
        return cls(int(number), int(parts))


WHOLE = Part(0, 1)


def generate(
    kind: str,
    options: Any,
    *,
    count: int,
    output: Path | str,
    seed: int = 0,
    degrade: float = 0.0,
    format: Format = "files",
    workers: int = 1,
    executor: Executor = "local",
    part: Part = WHOLE,
    max_rejects: float | None = None,
    shard_size: int | None = None,
) -> dict[str, Any] | None:
    """Draws `count` samples into `output`, going on where an earlier run of the same plan stopped.

    Args:
        kind: Name of the engine.
        options: The engine's `Options`.
        count: Number of samples; rejected ones are missing from the rows and counted in the manifest.
        output: Folder, or what fsspec takes, for shards, `data.jsonl` and `manifest.json`.
        seed: Sample i depends on the seed and i, on nothing else.
        degrade: Strength of blur, skew, shadow and the like, from 0 to 1.
        format: How pictures and rows are kept.
        workers: Number of processes.
        executor: Who draws.
        part: The shards that are drawn; the run is finished by whichever part finds all others done.
        max_rejects: Share of the samples that may be rejected (see `RejectLimit`); None for the kind's own.
        shard_size: Number of samples that one process draws and that appear at once; None for
            `default_shard_size`.

    Returns:
        The manifest; None while shards of other parts are missing.

    Raises:
        ValueError: an input that can't be used, or too many rejects.
    """
    engine = load_engine(kind)
    if shard_size is None:
        shard_size = default_shard_size(count, KINDS[kind].batch_size)
    _check_numbers(count=count, seed=seed, workers=workers, shard_size=shard_size)
    _check_shares(max_rejects=max_rejects, degrade=degrade)
    stock: Stock[Any] = engine.load(options, make_rng(seed, kind))
    if stock.size is not None and count > stock.size:
        raise ValueError(
            f"--count {count} is more than the {stock.size} there are; ask for fewer, or add sources"
        )
    plan = {
        "engine": kind,
        "options": engine_options.to_json(options),
        "seed": seed,
        "count": count,
        "degrade": degrade,
        "format": format,
        "shard_size": shard_size,
        "versions": _versions() | stock.versions,
        "sources": [shards.describe_source(source) for source in stock.sources],
        "left_out": stock.left_out,
    }
    store = Store(str(output))
    shards.open_run(store, plan)
    all_shards = shards.split(count, shard_size, format)
    mine = [shard for shard in all_shards if shard.number % part.parts == part.number]
    missing = [shard for shard in mine if not store.exists(shard.report)]
    limit = RejectLimit(KINDS[kind].max_rejects if max_rejects is None else max_rejects, count)
    tally = Tally()
    job = Job(kind, seed, stock, degrade, limit)
    total = sum(len(shard.indexes) for shard in mine)
    already = total - sum(len(shard.indexes) for shard in missing)
    # disable=None: no bar where nobody watches
    with tqdm(total=total, initial=already, desc=kind, unit=" samples", disable=None) as bar:
        with contextlib.closing(EXECUTORS[executor](job, store, missing, workers)) as finished:
            for shard, report in finished:
                bar.update(len(shard.indexes))
                tally.add(len(shard.indexes), report.rejects)
                limit.check(tally)
    if not all(store.exists(shard.report) for shard in all_shards):
        return None
    return shards.finish_run(store, plan, all_shards, limit)


def default_shard_size(count: int, batch_size: int) -> int:
    """Samples in a shard: whole batches, as few as give many shards, the same for any number of workers.

    >>> [default_shard_size(count, batch_size=20) for count in (8, 1000, 10_000, 1_000_000)]
    [20, 20, 160, 1000]
    """
    batches = math.ceil(count / FEWEST_SHARDS / batch_size)
    return min(SHARD_SIZE, batches * batch_size)


def _check_numbers(**numbers: int) -> None:
    for name, value in numbers.items():
        lowest = 0 if name == "seed" else 1
        if value < lowest:
            flag = name.replace("_", "-")
            raise ValueError(f"--{flag} {value}: give a whole number of at least {lowest}")


def _check_shares(**shares: float | None) -> None:
    for name, value in shares.items():
        if value is not None and not 0 <= value <= 1:
            raise ValueError(f"--{name.replace('_', '-')} {value}: give a fraction from 0 to 1")


def _versions() -> dict[str, str]:
    """What the bytes of every run depend on besides its plan."""
    return {"python": platform.python_version()} | {
        name: version(name) for name in ("pillow", "numpy", "got-train")
    }
