"""Pictures of finished sets, opened as training opens them and measured."""

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from data_engines.tools.pools import as_ended
from got_train.config import MAX_PIXELS
from got_train.data.errors import ImageError
from got_train.data.images import FoundImage, open_image
from got_train.data.packed import PackedFile

WORTH_PROCESSES = 1000
"""Below this many pictures, starting processes, about a second, costs more than it saves."""
CHUNK = 32
"""Pictures that are handed to a process at once."""


@dataclass(frozen=True, slots=True)
class Picture:
    width: int
    """Width in pixels."""
    height: int
    """Height in pixels."""
    content: bytes
    """Hash of the file, or of the pixels if the picture is no file."""


def measure_all(files: Sequence[FoundImage]) -> Iterator[Picture | str]:
    """For each file, in order, its picture, or the cause why it can't be opened."""
    if len(files) < WORTH_PROCESSES:
        yield from map(measure, files)
        return
    # processes instead of threads, because two threads decode PNG files no faster than one
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        chunks = [files[start : start + CHUNK] for start in range(0, len(files), CHUNK)]
        futures = [pool.submit(_measure_chunk, chunk) for chunk in chunks]
        for future in futures:
            [_] = as_ended([future], lambda: sum(map(Future.done, futures)))
            yield from future.result()


def _measure_chunk(files: Sequence[FoundImage]) -> list[Picture | str]:
    return [measure(file) for file in files]


def measure(file: FoundImage) -> Picture | str:
    try:
        image = open_image(file, MAX_PIXELS)
    except ImageError as error:
        return error.cause
    content = file.read_bytes() if isinstance(file, PackedFile | Path) else image.tobytes()
    return Picture(image.width, image.height, blake2b(content, digest_size=16).digest())
