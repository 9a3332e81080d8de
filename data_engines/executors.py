"""Who draws the shards of a run: processes of this machine, or the workers of a Ray cluster.

Either way a shard is drawn in batches of successive samples and has the same bytes whoever draws it, so a
shard that was lost with its worker is simply drawn again.
"""

import contextlib
import itertools
import logging
import math
import multiprocessing
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from data_engines.drawing import Job, draw_batch
from data_engines.kinds import KINDS
from data_engines.shards import Drawn, Shard, finish_shard
from data_engines.store import Store

Executor = Literal["local", "ray"]

BATCHES_AHEAD = 4
"""Batches handed out per worker before the oldest result is awaited."""
FEWEST_REJECTS = 10
"""So many rejects never stop a run that may have any, however small its shards."""


@dataclass(frozen=True)
class Batch:
    """Some successive samples of one shard: what a worker is handed at a time."""

    shard: Shard
    folder: Path
    """Where the shard is made."""
    indexes: range


def draw_locally(
    job: Job, store: Store, shards: Iterable[Shard], workers: int, advance: Callable[[int], Any]
) -> None:
    """Draws shards one after the other, each by all processes; a single worker is this very process.

    Args:
        job: what to draw.
        store: where to.
        shards: which of its shards.
        workers: number of processes.
        advance: is told how many more samples have been drawn.

    Raises:
        ValueError: too many samples of a shard can't be drawn.
    """
    batches = (batch for shard in shards for batch in _batches(job, store, shard))
    with contextlib.closing(_draw_all(job, batches, workers)) as results:
        for (shard, folder), group in itertools.groupby(results, lambda result: _shard_of(result[0])):
            drawn: list[Drawn] = []
            for batch, samples in group:
                drawn += samples
                _check_rejects(shard, drawn, job.max_rejects)
                advance(len(batch.indexes))
            finish_shard(store, shard, folder, drawn)


def draw_on_ray(
    job: Job, store: Store, shards: Sequence[Shard], workers: int, advance: Callable[[int], Any]
) -> None:
    """Draws each shard as one task of the Ray cluster at RAY_ADDRESS, or of one of `workers` started here.

    Arguments and errors are those of `draw_locally`; Ray gives the shards of lost workers to others.
    """
    try:
        import ray
    except ModuleNotFoundError as error:
        raise ValueError("--executor ray needs the package ray; pip install 'got-train[ray]'") from error
    cpus = None if os.environ.get("RAY_ADDRESS") else workers
    ray.init(num_cpus=cpus, ignore_reinit_error=True, log_to_driver=False, logging_level=logging.ERROR)
    job_of_all = ray.put(job)
    waiting = [ray.remote(draw_shard).remote(job_of_all, store, shard) for shard in shards]
    try:
        while waiting:
            done, waiting = ray.wait(waiting)
            for samples in ray.get(done):
                advance(samples)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from error
    finally:
        for task in waiting:
            ray.cancel(task)


def draw_shard(job: Job, store: Store, shard: Shard) -> int:
    """Draws a shard in this process.

    Returns:
        Number of its samples.
    """
    draw_locally(job, store, [shard], workers=1, advance=lambda number: None)
    return len(shard.indexes)


EXECUTORS: dict[Executor, Callable[..., None]] = {"local": draw_locally, "ray": draw_on_ray}


def _batches(job: Job, store: Store, shard: Shard) -> Iterator[Batch]:
    size = KINDS[job.kind].batch_size
    folder = store.work_place(shard.name)
    for start in range(0, len(shard.indexes), size):
        yield Batch(shard, folder, shard.indexes[start : start + size])


def _shard_of(batch: Batch) -> tuple[Shard, Path]:
    return batch.shard, batch.folder


def _check_rejects(shard: Shard, drawn: Sequence[Drawn], max_rejects: float) -> None:
    rejects = [sample for sample in drawn if sample.cause]
    allowed = max(FEWEST_REJECTS, math.floor(max_rejects * len(shard.indexes))) if max_rejects else 0
    if len(rejects) <= allowed:
        return
    causes = Counter(str(sample.cause) for sample in rejects).most_common(3)
    listed = "; ".join(f"{cause}: {number}" for cause, number in causes)
    raise ValueError(
        f"{len(rejects)} of samples {shard.indexes[0]} to {drawn[-1].index} can't be drawn ({listed}; first: "
        f"sample {rejects[0].index}); mend the sources or options, or let more pass by --max-rejects"
    )


def _draw_all(
    job: Job, batches: Iterable[Batch], workers: int
) -> Generator[tuple[Batch, list[Drawn]], None, None]:
    """Draws `batches` and yields each with its samples, in order."""
    if workers == 1:
        for batch in batches:
            yield batch, draw_batch(job, batch.indexes, batch.folder)
        return
    # spawn: forked children of a process with threads may hang, and not every system can fork
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker, initargs=(job,))
    pending: deque[tuple[Batch, Future[list[Drawn]]]] = deque()
    try:
        for batch in batches:
            pending.append((batch, pool.submit(_draw_in_worker, batch)))
            if len(pending) >= BATCHES_AHEAD * workers:
                oldest, future = pending.popleft()
                yield oldest, future.result()
        for oldest, future in pending:
            yield oldest, future.result()
    finally:
        pool.shutdown(cancel_futures=True)


_job: Any = None
"""The job of this worker process."""


def _start_worker(job: Job) -> None:
    global _job
    _job = job
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process decides what an interrupt means
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    """Ends a worker whose main process was killed: nobody else would."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "only worker processes run this"
    parent.join()
    os._exit(1)


def _draw_in_worker(batch: Batch) -> list[Drawn]:
    return draw_batch(_job, batch.indexes, batch.folder)
