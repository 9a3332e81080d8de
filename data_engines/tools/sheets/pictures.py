"""Pictures of finished sets, opened as training opens them and measured."""

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from got_train.config import MAX_PIXELS
from got_train.data.errors import ImageError
from got_train.data.images import FoundImage, open_image
from got_train.data.packed import PackedFile

WORTH_PROCESSES = 1000
"""From so many pictures on, more processes make good the second in which they start."""
CHUNK = 32
"""Pictures handed to a process at a time."""


@dataclass(frozen=True, slots=True)
class Picture:
    width: int
    height: int
    """In pixels."""
    content: bytes
    """Hash of the file, or of the pixels of what is no file."""


def measure_all(files: Sequence[FoundImage]) -> Iterator[Picture | str]:
    """The pictures in their order, or the cause why one can't be opened."""
    if len(files) < WORTH_PROCESSES:
        yield from map(measure, files)
        return
    # processes, as two threads decode PNG files no faster than one
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(measure, files, chunksize=CHUNK)


def measure(file: FoundImage) -> Picture | str:
    try:
        image = open_image(file, MAX_PIXELS)
    except ImageError as error:
        return error.cause
    content = (
        file.read()
        if isinstance(file, PackedFile)
        else file.read_bytes()
        if isinstance(file, Path)
        else image.tobytes()
    )
    return Picture(image.width, image.height, blake2b(content, digest_size=16).digest())
