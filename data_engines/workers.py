"""Drawing samples in worker processes, in order and in steady memory, whatever their number."""

import importlib
import multiprocessing
import os
import signal
import threading
import zlib
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from data_engines.engine import Answer, Reject, Stock
from data_engines.shards import Drawn, Shard
from got_train.data.records import RowError, parse_row
from got_train.prompts import IMAGE_TAG

CHUNKS_AHEAD = 4
"""Chunks handed out per worker before the oldest result is awaited."""


@dataclass(frozen=True)
class Job:
    """What every worker of a run needs to know."""

    kind: str
    seed: int
    stock: Stock


@dataclass(frozen=True)
class Chunk:
    """Some successive samples of one shard: what a worker is handed at a time."""

    shard: Shard
    indexes: range


def load_engine(kind: str) -> ModuleType:
    return importlib.import_module(f"data_engines.engines.{kind}")


def make_rng(seed: int, kind: str, *index: int) -> np.random.Generator:
    """The source of chance for one sample, or, without an index, for the whole run."""
    key = (zlib.crc32(kind.encode()), *index)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def draw_all(job: Job, chunks: Iterable[Chunk], workers: int) -> Generator[tuple[Chunk, list[Drawn]]]:
    """Draws `chunks` and yields each with its samples, in order; a single worker is this very process."""
    if workers == 1:
        for chunk in chunks:
            yield chunk, draw_chunk(job, chunk)
        return
    # spawn: forked children of a process with threads may hang, and not every system can fork
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker, initargs=(job,))
    pending: deque[tuple[Chunk, Future[list[Drawn]]]] = deque()
    try:
        for chunk in chunks:
            pending.append((chunk, pool.submit(_draw_in_worker, chunk)))
            if len(pending) >= CHUNKS_AHEAD * workers:
                oldest, future = pending.popleft()
                yield oldest, future.result()
        for oldest, future in pending:
            yield oldest, future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def draw_chunk(job: Job, chunk: Chunk) -> list[Drawn]:
    """Draws the samples of a chunk, saves their pictures and returns their rows, or why there are none."""
    engine = load_engine(job.kind)
    chunk.shard.partial.mkdir(parents=True, exist_ok=True)
    drawn = []
    for index in chunk.indexes:
        try:
            spec = engine.sample(make_rng(job.seed, job.kind, index), index, job.stock)
            picture, answers = engine.render(spec)
            rows = [_make_row(job.kind, chunk.shard.image_path(index), answer) for answer in answers]
        except Reject as reject:
            drawn.append(Drawn(index, cause=str(reject)))
            continue
        except RowError as error:
            drawn.append(Drawn(index, cause=error.cause))
            continue
        except Exception as error:  # whatever one sample trips over is counted, and stops the run in bulk
            drawn.append(Drawn(index, cause=f"{type(error).__name__}: {error}"))
            continue
        # level 1 takes two thirds of the time of level 6, for files of about the same size
        picture.save(chunk.shard.partial / chunk.shard.file_name(index), compress_level=1)
        drawn.append(Drawn(index, rows=rows))
    return drawn


def _make_row(kind: str, image: str, answer: Answer) -> dict[str, Any]:
    """A row of the JSONL, which the trainer's own parser has accepted."""
    query = IMAGE_TAG + answer.task.query()
    row = {"query": query, "response": answer.text, "images": [image], "kind": kind}
    parse_row(row, where=image)
    return row


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


def _draw_in_worker(chunk: Chunk) -> list[Drawn]:
    return draw_chunk(_job, chunk)
