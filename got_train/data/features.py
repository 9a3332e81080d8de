"""The feature store: outputs of a frozen encoder are kept on disk, and later read instead of the images.

Each training process writes its own shards (safetensors, renamed into place only when they are complete).
Each process that reads rows finds the shards of all processes. Features are read into memory and compared
with their hash: a shard that is damaged or lost, while the run goes on too, costs its features and never the
run. A file that is mapped instead would end the process with SIGBUS when it is cut off.
"""

import hashlib
import json
import logging
import math
import os
import uuid
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
import xxhash
from PIL import Image
from safetensors.torch import save_file
from torch.utils.data import Dataset

from got_train.data.images import FoundImage, PdfPage
from got_train.data.samples import Sample, SampleSet
from got_train.files import atomic_file, digest_once, permit_as_umask
from got_train.report import UserError, one_line

logger = logging.getLogger(__name__)

_digest = partial(hashlib.blake2b, digest_size=16)
"""Names what is encoded."""

SHARD_BYTES = 2**27
"""Size of a shard, and so most of what is lost when a run is killed: 256 tiles of GOT in bfloat16."""

MAX_HEADER_BYTES = 2**24
"""More than the list of the tensors in a shard ever has."""


class Place(NamedTuple):
    """Where features lie."""

    shard: Path
    start: int
    """In the file, in bytes."""
    shape: tuple[int, ...]
    hash: int
    """XXH3 of the bytes and the shape."""


class FeatureStore:
    """A folder with the features of one encoder, each under a key of the image and its tiling."""

    def __init__(self, folder: Path, max_bytes: int, dtype: torch.dtype) -> None:
        """Opens the folder, or creates it.

        Args:
            folder: a folder for one encoder's weights, tile size and precision: see `encoder_fingerprint`.
            max_bytes: size in bytes from which nothing is added to the folder.
            dtype: the type in which the encoder computes, and in which features are stored.
        """
        self.folder = folder
        self.max_bytes = max_bytes
        self.dtype = dtype
        self.is_full = False
        folder.mkdir(parents=True, exist_ok=True)
        self._waiting: dict[str, torch.Tensor] = {}
        """Features that were added but are not written yet."""
        self._seen: set[str] = set()
        """Names of the files that this process has looked at."""
        self._places: dict[str, Place] = {}
        """Where the features of each key lie."""
        self._seen_ns = -1
        """The folder's time of change in nanoseconds, when it was last looked at."""
        self._look()  # before workers are forked: they need not look again, nor warn again of a damaged file

    def __getstate__(self) -> dict[str, Any]:
        """The state for loader workers that are not forked: they open the files themselves."""
        return self.__dict__ | {"_waiting": {}, "_seen": set(), "_places": {}, "_seen_ns": -1}

    def find(self, key: str) -> torch.Tensor | None:
        """The features of a key, `(tiles, tokens of a tile, channels)`; None if there are none."""
        if key in self._waiting:
            return self._waiting[key]
        if key not in self._places:
            self._look()
        return self._read(key) if key in self._places else None

    def add(self, key: str, features: torch.Tensor) -> None:
        """Keeps features, unless the folder is full."""
        if key in self._places and not self._places[key].shard.is_file():
            del self._places[key]  # a loader worker has found it damaged
        if self.is_full or key in self._waiting or key in self._places:
            return
        self._waiting[key] = features.to("cpu", self.dtype).contiguous()
        if sum(tensor.nbytes for tensor in self._waiting.values()) >= SHARD_BYTES:
            self.flush()

    def flush(self) -> None:
        """Writes the features that are not written yet, as one shard."""
        waiting, self._waiting = self._waiting, {}
        self.is_full = self.is_full or self.num_bytes >= self.max_bytes
        if not waiting or self.is_full:
            return
        shard = self.folder / f"{uuid.uuid4().hex}.safetensors"
        hashes = {key: f"{_hash(tensor):x}" for key, tensor in waiting.items()}
        try:
            with atomic_file(shard, durable=False) as part:
                save_file(waiting, part, metadata=hashes)
                permit_as_umask(part)
        except (UserError, OSError) as error:
            logger.warning("no more features are kept: %s", error)
            self.is_full = True
        else:
            self._look()

    @property
    def num_bytes(self) -> int:
        """Bytes of all shards, including those of other processes."""
        total = 0
        for path in self.folder.glob("*.safetensors"):
            with suppress(FileNotFoundError):  # another process has removed it
                total += path.stat().st_size
        return total

    def _look(self) -> None:
        """Finds the shards that were written since the last look."""
        try:
            changed_ns = self.folder.stat().st_mtime_ns
        except FileNotFoundError:  # somebody has removed it; the next shard makes it anew
            changed_ns = 0
        if changed_ns == self._seen_ns:
            return
        self._seen_ns = changed_ns
        shards = {path.name: path for path in self.folder.glob("*.safetensors")}
        if gone := self._seen - set(shards):  # another process has said so
            self._places = {key: place for key, place in self._places.items() if place.shard.name not in gone}
        for name in set(shards) - self._seen:
            try:
                self._places |= _places_in(shards[name], self.dtype.itemsize)
            except OSError as error:
                self._forget(shards[name], error.strerror or str(error))
            except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:  # of its JSON
                self._remove(shards[name], one_line(error))
        self._seen = set(shards)

    def _read(self, key: str) -> torch.Tensor | None:
        """The features of a key from its shard; None if they are not what was written."""
        place = self._places[key]
        content = torch.empty(place.shape, dtype=self.dtype)
        try:
            with open(place.shard, "rb") as file:
                file.seek(place.start)
                read = file.readinto(_bytes_of(content))
        except OSError as error:
            self._forget(place.shard, error.strerror or str(error))
            return None
        # of a file that is cut off, the memory may hold the rest from before
        if read != content.nbytes or _hash(content) != place.hash:
            self._remove(place.shard, "features in it are not what was written")
            return None
        return content

    def _forget(self, shard: Path, why: str) -> None:
        logger.warning("images are encoded again: %s is damaged or lost (%s)", shard, why)
        self._places = {key: place for key, place in self._places.items() if place.shard != shard}

    def _remove(self, shard: Path, why: str) -> None:
        """Forgets a damaged shard and removes it, so that its features are kept anew."""
        self._forget(shard, f"{why}; it is removed")
        with suppress(OSError):  # another process has removed it, or the folder cannot be changed
            shard.unlink()


def _places_in(shard: Path, itemsize: int) -> dict[str, Place]:
    """Where the features in a shard lie.

    Raises:
        ValueError: if it is cut off, or is of an earlier version, which wrote no hashes. A damaged list of
            its tensors raises whatever reading it raises.
    """
    with open(shard, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        head = json.loads(file.read(min(length, MAX_HEADER_BYTES)))
        size = os.fstat(file.fileno()).st_size
    hashes = head.pop("__metadata__", None)
    if hashes is None:
        raise ValueError("it has no hashes, as in earlier versions")
    places = {}
    for key, facts in head.items():
        start, shape = 8 + length + facts["data_offsets"][0], tuple(map(int, facts["shape"]))
        if min(shape) < 0 or start < 0 or start + math.prod(shape) * itemsize > size:
            raise ValueError("it is cut off")
        places[key] = Place(shard, start, shape, int(hashes[key], 16))
    return places


def _bytes_of(tensor: torch.Tensor) -> memoryview:
    return tensor.view(torch.uint8).numpy().data.cast("B")


def _hash(tensor: torch.Tensor) -> int:
    hashed = xxhash.xxh3_64(_bytes_of(tensor))
    hashed.update(repr(tuple(tensor.shape)).encode())
    return hashed.intdigest()


@dataclass(frozen=True)
class FeatureSamples(Dataset[Sample]):
    """Samples with features in place of tiles, if the store has the features of all images of the row."""

    samples: SampleSet
    store: FeatureStore

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Sample:
        record = self.samples.rows.record(index)
        encoder = self.samples.encoder
        tiling = f"crop-{encoder.config.max_tiles}" if encoder.crops(record) else "whole"
        keys = [f"{image_key(image)}-{tiling}" for image in record.images]
        found = [self.store.find(key) for key in keys]
        features = [tensor for tensor in found if tensor is not None]
        if not features or len(features) < len(keys):
            return replace(encoder.sample(record), image_keys=tuple(keys))
        return encoder.sample(record, features)

    def location(self, index: int) -> str:
        """The place of a row, for messages."""
        return self.samples.location(index)


def encoder_fingerprint(state: dict[str, torch.Tensor], image_size: int, dtype: torch.dtype) -> str:
    """Names an encoder by its weights, the side of its tiles and the type in which it computes."""
    digest = _digest(f"{image_size} {dtype}".encode())
    for name in sorted(state):
        digest.update(name.encode())
        digest.update(state[name].detach().cpu().contiguous().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def image_key(image: FoundImage) -> str:
    """Names an image by its content."""
    if isinstance(image, PdfPage):
        return f"{digest_once(image.holder, _digest)}-{image.number}"
    if isinstance(image, Image.Image):
        content = json.dumps([image.mode, image.size]).encode() + image.tobytes()
    else:
        content = image.read_bytes()
    return _digest(content).hexdigest()
