"""One run: some number of samples of one kind, drawn into one folder.

The way of a sample: `generate` -> an executor -> `drawing.draw_batch` -> the engine's `decide`, `draw` and
`check` -> `tools.degrade` -> `shards.finish_shard` -> `shards.finish_run`.
"""

import contextlib
import math
import os
import platform
import re
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from data_engines import shards
from data_engines.drawing import Job, load_engine, make_rng
from data_engines.engine import Stock
from data_engines.executors import EXECUTORS, Executor
from data_engines.formats import Format
from data_engines.kinds import KINDS
from data_engines.options import EngineOptions, fraction, option, to_json
from data_engines.rejects import FEW, Rejected
from data_engines.store import Store
from data_engines.tools.degrade.families import FAMILIES, Family
from got_train.progress import progress

SHARD_SIZE = 1000
"""Samples in a shard of a large set."""
MIN_SHARDS = 64
"""Of smaller sets, so that many workers have something to draw and end at about the same time."""


@dataclass(frozen=True)
class RunOptions(EngineOptions):
    """What a user can choose of a run of any kind."""

    count: int = option("number of samples; rejected ones have no rows", lowest=1)
    output: str = option("folder to write or to continue, or a URL that fsspec knows")
    seed: int = option("other seed, other samples; sample i depends on the seed and i alone", 0, lowest=0)
    degrade: float = fraction("show pictures as scans, photographs and faxes do, from 0 for none to 1", 0.0)
    degrade_families: tuple[Family, ...] = option(
        "what --degrade shows pictures as; by default all, scans most often", ()
    )
    format: Format = option("how to keep the samples", "files")
    tests: bool = option("also write tests of the pages in the form of olmOCR-bench: tests.jsonl", False)
    workers: int = option("processes; one a core unless given", os.cpu_count() or 1, lowest=1)
    executor: Executor = option("who draws: processes here, or the Ray cluster at RAY_ADDRESS", "local")
    shard_size: int | None = option(
        f"samples in a shard (default: {SHARD_SIZE}; fewer in sets that have under {MIN_SHARDS} shards)",
        None,
        lowest=1,
    )
    shard: str = option("I/N: draw one part of N of the run; the last one to end finishes the run", "0/1")
    max_rejects: float | None = option(
        "stop when more of the samples can't be drawn; of a small set up to half may be rejected, but"
        f" {FEW} at most; 0: stop at the first (default: %(default)s)",
        None,
        lowest=0,
        highest=1,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not re.fullmatch(r"\d+/\d+", self.shard) or self.part[0] >= self.part[1]:
            raise ValueError(
                f"--shard {self.shard}: write I/N, I from 0 to N - 1, as in 0/4 for the first of four"
            )
        if self.degrade_families and not self.degrade:
            raise ValueError(
                "--degrade-families: pictures stay clean without --degrade; give it too, as in --degrade 0.3"
            )

    @property
    def part(self) -> tuple[int, int]:
        """Number of the part that is drawn, and how many parts there are."""
        number, parts = self.shard.split("/")
        return int(number), int(parts)


def generate(kind: str, options: Any, run: RunOptions) -> dict[str, Any] | None:
    """Draws samples of a kind, going on where an earlier run of the same plan stopped.

    Args:
        kind: Name of the engine.
        options: The engine's `Options`.
        run: How many samples, from which seed, where to, and who draws them. The run is finished by whichever
            part finds all others done.

    Returns:
        The manifest; None while shards of other parts are missing.

    Raises:
        ValueError: an input that can't be used, or too many rejects.
    """
    engine = load_engine(kind)
    shard_size = run.shard_size or default_shard_size(run.count, KINDS[kind].batch_size)
    stock: Stock[Any] = engine.load(options, make_rng(run.seed, kind))
    if stock.size is not None and run.count > stock.size:
        raise ValueError(
            f"--count {run.count} is more than the {stock.size} there are; ask for fewer, or add sources"
        )
    plan: dict[str, Any] = {
        "engine": kind,
        "options": to_json(options),
        "seed": run.seed,
        "count": run.count,
        "degrade": run.degrade,
        "format": run.format,
        "shard_size": shard_size,
        # what the bytes depend on besides the plan
        "versions": {"python": platform.python_version()}
        | {name: version(name) for name in ("pillow", "numpy", "got-train")}
        | stock.versions,
        "sources": [shards.describe_source(source) for source in stock.sources],
        "left_out": stock.left_out,
    }
    if run.tests:  # sets without them are as before there were any
        plan["tests"] = True
        plan["versions"] |= {name: version(name) for name in ("fuzzysearch", "rapidfuzz")}
    if run.degrade_families:
        plan["degrade_families"] = [family for family in FAMILIES if family in run.degrade_families]
    store = Store(run.output)
    share = KINDS[kind].max_rejects if run.max_rejects is None else run.max_rejects
    families = run.degrade_families or FAMILIES
    job = Job(kind, run.seed, run.count, stock, run.degrade, share, run.tests, families)
    with shards.open_run(store, plan, *run.part):
        return _draw_part(job, run, plan, store)


def _draw_part(job: Job, run: RunOptions, plan: dict[str, Any], store: Store) -> dict[str, Any] | None:
    """Draws what is missing of a part; returns the manifest of the run if no other part is missing."""
    all_shards = shards.split(run.count, plan["shard_size"], run.format)
    number, parts = run.part
    mine = all_shards[number::parts]
    whole = shards.whole_shards(store, mine)
    missing = [shard for shard in mine if shard.number not in whole]
    total = sum(len(shard.indexes) for shard in mine)
    already = total - sum(len(shard.indexes) for shard in missing)
    drawn, rejects = 0, list[Rejected]()
    with progress(job.kind, total, "sample", initial=already) as bar:
        with contextlib.closing(EXECUTORS[run.executor](job, store, missing, run.workers)) as finished:
            for shard, report in finished:
                bar.update(len(shard.indexes))
                drawn += len(shard.indexes)
                rejects += report["rejects"]
                job.limit.check(drawn, rejects)
    if len(shards.whole_shards(store, all_shards)) < len(all_shards):
        return None
    return shards.finish_run(store, plan, all_shards, job.limit)


def default_shard_size(count: int, batch_size: int) -> int:
    """Samples in a shard: whole batches, as few as give many shards, the same for any number of workers.

    >>> [default_shard_size(count, batch_size=20) for count in (8, 1000, 10_000, 1_000_000)]
    [20, 20, 160, 1000]
    """
    batches = math.ceil(count / MIN_SHARDS / batch_size)
    return min(SHARD_SIZE, batches * batch_size)
