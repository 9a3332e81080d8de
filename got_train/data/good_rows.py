"""The cache of row checks: rows that were found good need not be decoded again in the next run.

The key of a row is made of its text, and of the path, size and time of change of its images' files.
"""

import hashlib
import logging
import re
import uuid
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from got_train.data.errors import RowError
from got_train.data.images import FoundImage, PdfPage
from got_train.data.record import Record
from got_train.data.rows import Rows
from got_train.files import atomic_file
from got_train.ranks import gather, rank, world_size
from got_train.report import UserError

if TYPE_CHECKING:  # it needs torch, and rows are chosen without
    from got_train.data.samples import SampleEncoder

logger = logging.getLogger(__name__)

NO_KEY = 0
"""The key of a row that cannot be recognised again, because its images are in memory."""

NOTHING = np.zeros(0, dtype=np.uint64), np.zeros((0, 2), dtype=np.int32)
"""Keys and sizes of no rows."""


class GoodRows:
    """A folder with the keys and sizes of good rows, for one sample encoder."""

    def __init__(self, folder: Path) -> None:
        """Reads the results of earlier checks.

        Args:
            folder: a folder for one sample encoder: see `sample_fingerprint`.
        """
        self.folder = folder
        shards = [NOTHING, *(_read(path) for path in folder.glob("*.npz"))]
        keys, sizes = (np.concatenate(parts) for parts in zip(*shards, strict=True))
        self.keys, first = np.unique(keys, return_index=True)
        self.sizes = sizes[first]

    def find(self, key: int) -> tuple[int, int] | None:
        """Number of tokens and tiles of the row with a key; None if no check has found such a row good."""
        place = np.searchsorted(self.keys, np.uint64(key))
        if place == len(self.keys) or self.keys[place] != key:
            return None
        num_tokens, num_tiles = self.sizes[place].tolist()
        return num_tokens, num_tiles

    def add(self, keys: np.ndarray, sizes: np.ndarray) -> None:
        """Adds rows that are not in the cache yet, as one new shard.

        Args:
            keys: uint64, `(rows,)`; rows with `NO_KEY` are not added.
            sizes: int32, `(rows, 2)`: tokens and tiles of each row.
        """
        new = (keys != NO_KEY) & ~np.isin(keys, self.keys)
        if not new.any():
            return
        shard = self.folder / f"{uuid.uuid4().hex}.npz"
        try:
            with atomic_file(shard) as part, open(part, "wb") as file:
                np.savez(file, keys=keys[new], sizes=sizes[new])
        except (UserError, OSError) as error:
            logger.warning("rows will be checked again: %s", error)


def _read(shard: Path) -> tuple[np.ndarray, np.ndarray]:
    try:
        with np.load(shard) as arrays:
            return arrays["keys"], arrays["sizes"]
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        # numpy's own message would mislead: it takes a file that was cut off for a pickle.
        name = type(error).__name__
        logger.warning("rows will be checked again: %s is damaged, delete it (%s)", shard, name)
        return NOTHING


def row_key(record: Record) -> int:
    """The key of a row, from its text and the state of its images' files; `NO_KEY` if one is in memory."""
    files = []
    for image in record.images:
        if isinstance(image, Image.Image):
            return NO_KEY
        stat = (image if isinstance(image, Path) else image.holder).stat()
        files.append((str(image), stat.st_size, stat.st_mtime_ns))
    return _key(record, files)


def content_key(record: Record) -> int:
    """The key of what a row says: its text, and names and sizes of its images, wherever their files lie."""
    return _key(record, [_name_and_size(image) for image in record.images])


def question_key(record: Record) -> int:
    """The key of what a row shows and asks, whatever it answers; of a row without images, all it says."""
    if not record.images:
        return content_key(record)
    turns = tuple(replace(turn, response="") for turn in record.turns)
    return content_key(replace(record, turns=turns, rejected=None))


def _name_and_size(image: FoundImage) -> tuple[str, object]:
    """The last part of an image's path or address, and its size in bytes, or in pixels if it is in memory."""
    if isinstance(image, Image.Image):
        return "", image.size
    name = re.split(r"[/:]", str(image))[-1]
    file = image.holder if isinstance(image, PdfPage) else image
    return name, file.stat().st_size if isinstance(file, Path) else file.size


def _key(record: Record, images: Sequence[object]) -> int:
    rejected = [] if record.rejected is None else [record.rejected]
    text = repr((record.turns, record.system, record.crop, images, *rejected))
    digest = hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest()
    return max(NO_KEY + 1, int.from_bytes(digest, "little"))


def row_keys(rows: Rows, key: Callable[[Record], int] = content_key) -> np.ndarray:
    """uint64, `(rows,)`: a key of each row, `NO_KEY` of a bad one; ranks share the reading."""
    parts = gather([_key_of(rows, index, key) for index in rows.distinct[rank() :: world_size()]])
    keys = np.empty(len(rows.distinct), dtype=np.uint64)
    for number, part in enumerate(parts):
        keys[number :: len(parts)] = part
    return keys[rows.distinct_numbers()]


def _key_of(rows: Rows, index: int, key: Callable[[Record], int]) -> int:
    try:
        return key(rows.record(int(index)))
    except RowError:
        return NO_KEY


def sample_fingerprint(encoder: "SampleEncoder") -> str:
    """Names all settings that decide whether a row is good and how large it is."""
    config = encoder.config
    limits = (config.max_length, config.max_pixels, config.max_tiles)
    shape = (config.template, config.crop, encoder.tile.image_size, encoder.tile.num_tokens)
    digest = hashlib.blake2b(repr((version("got-train"), limits, shape)).encode(), digest_size=16)
    digest.update(encoder.tokenizer.backend_tokenizer.to_str().encode())
    return digest.hexdigest()
