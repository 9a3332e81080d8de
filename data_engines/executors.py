"""Who draws the shards of a run: processes of this machine, or the workers of a Ray cluster.

Either way the unit of work is a shard. Whoever draws it makes it whole and puts it in its place, with the
same bytes, so a shard that was lost with its worker is simply drawn again.
"""

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, MutableSequence, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, Literal

from data_engines.drawing import Job, draw_batch
from data_engines.engine import LeftOut, Reject
from data_engines.formats import Sample
from data_engines.kinds import KINDS
from data_engines.rejects import Rejected
from data_engines.shards import Report, Shard, finish_shard
from data_engines.store import Store
from data_engines.tools.pools import as_ended
from got_train.packages import install_line

Executor = Literal["local", "ray"]

STOPPED, DRAWN = 0, 1
"""Of the numbers that processes share: whether to end, and how many batches were begun. There is no lock,
which a process that is stopped would hold for ever; a count that is lost does no harm."""

RAY_SECONDS = 6 * 3600
"""Longest wait for a shard from Ray, whose cluster may have to grow first."""

Finished = Generator[tuple[Shard, Report], None, None]
"""Shards as they become whole, in any order."""


def draw_locally(job: Job, store: Store, shards: Sequence[Shard], workers: int) -> Finished:
    """Draws shards in processes of this machine, each its own; a single worker is this very process.

    Args:
        job: what to draw.
        store: where to.
        shards: which of its shards.
        workers: number of processes.

    Raises:
        ValueError: a shard alone has more rejects than the run may have.
    """
    if workers == 1 or len(shards) <= 1:
        for shard in shards:
            yield shard, draw_shard(job, store, shard)
        return
    # spawn: forked children of a process with threads may hang, and not every system can fork
    context = multiprocessing.get_context("spawn")
    shared = context.RawArray("Q", 2)
    pool = ProcessPoolExecutor(
        workers, mp_context=context, initializer=_start_worker, initargs=(job, store, shared)
    )
    try:
        futures = {pool.submit(_draw_in_worker, shard): shard for shard in shards}
        for future in as_ended(futures, lambda: shared[DRAWN]):
            yield futures[future], future.result()
    finally:
        shared[STOPPED] = 1
        pool.shutdown(cancel_futures=True)


def draw_on_ray(job: Job, store: Store, shards: Sequence[Shard], workers: int) -> Finished:
    """Draws shards as tasks of the Ray cluster at RAY_ADDRESS, or of one of `workers` started here.

    Arguments and errors are those of `draw_locally`; Ray gives the shards of lost workers to others.
    """
    try:
        import ray
    except ModuleNotFoundError as error:
        raise ValueError(f"--executor ray needs the package ray; {install_line('ray')}") from error
    cpus = None if os.environ.get("RAY_ADDRESS") else workers
    ray.init(num_cpus=cpus, ignore_reinit_error=True, log_to_driver=False, logging_level=logging.ERROR)
    draw = ray.remote(draw_shard)
    job_of_all, store_of_all = ray.put(job), ray.put(store)
    waiting = {draw.remote(job_of_all, store_of_all, shard): shard for shard in shards}
    try:
        while waiting:
            tasks, _ = ray.wait(list(waiting), timeout=RAY_SECONDS)
            if not tasks:
                hours = f"{RAY_SECONDS / 3600:.0f} hours"
                raise ValueError(
                    f"Ray has finished no shard for {hours}: look at its workers with `ray status`"
                )
            [task] = tasks
            yield waiting.pop(task), ray.get(task)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from error
    finally:
        for task in waiting:
            ray.cancel(task)


EXECUTORS: dict[Executor, Callable[[Job, Store, Sequence[Shard], int], Finished]] = {
    "local": draw_locally,
    "ray": draw_on_ray,
}


def draw_shard(job: Job, store: Store, shard: Shard, shared: MutableSequence[int] | None = None) -> Report:
    """Draws a shard in this process, in batches of successive samples.

    Args:
        job: what to draw.
        store: where to.
        shard: which samples.
        shared: where the main process sees that this one gets on, and says that it is to end after a batch.

    Raises:
        ValueError: it alone has more rejects than the run may have.
        InterruptedError: it was stopped.
    """
    size = KINDS[job.kind].batch_size
    samples: list[Sample] = []
    rejects: list[Rejected] = []
    with store.work_place(shard.name) as folder:
        for start in range(0, len(shard.indexes), size):
            if shared is not None:
                shared[DRAWN] += 1
                if shared[STOPPED]:
                    raise InterruptedError
            indexes = shard.indexes[start : start + size]
            for index, drawn in draw_batch(job, indexes, folder):
                if isinstance(drawn, Reject):
                    rejected: Rejected = {"index": index, "cause": str(drawn)}
                    rejects.append(rejected | {"left_out": True} if isinstance(drawn, LeftOut) else rejected)
                else:
                    samples += drawn
            job.limit.check(start + len(indexes), rejects)
        return finish_shard(store, shard, folder, samples, rejects, job.tests)


_work: Any = None
"""Job, store and the numbers that this worker process shares with the others."""


def _start_worker(job: Job, store: Store, shared: MutableSequence[int]) -> None:
    global _work
    _work = job, store, shared
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process decides what an interrupt means
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    """Ends a worker whose main process was killed: nobody else would."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "only worker processes run this"
    parent.join()
    os._exit(1)


def _draw_in_worker(shard: Shard) -> Report:
    job, store, shared = _work
    return draw_shard(job, store, shard, shared)
