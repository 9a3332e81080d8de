"""A record and its tiles to token ids and labels, grown together span by span."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from transformers import PreTrainedTokenizerFast

from got_train.config import DataConfig
from got_train.data.features import FeatureStore, picture_key
from got_train.data.images import FoundImage, ImageError, find_image, lazy_image
from got_train.data.records import Record, RowError
from got_train.data.tiles import grid_of_tiles, num_tiles, tile
from got_train.prompts import FRAMES, IMAGE_TAG, FrameName, canonical_query, parse_task
from got_train.vocabulary import IGNORE_INDEX, IMAGE_END, IMAGE_PAD, IMAGE_START

_TAGS = re.compile(rf"((?:{IMAGE_TAG}\s*)*{IMAGE_TAG})\n?")
"""Image tags with nothing but white space between them, and the newline after them."""


@dataclass(frozen=True)
class Read:
    """A record with its pictures open and its text encoded."""

    images: list[Image.Image]
    grids: list[tuple[int, int]]
    """Columns and rows of tiles of each picture."""
    input_ids: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class RowFacts:
    """What is known of a row that can be used, without its sample."""

    kind: str
    length: int
    """In tokens, image tokens included."""
    num_tiles: int


@dataclass(frozen=True)
class Sample:
    """What the model is trained on for one record."""

    input_ids: np.ndarray
    """int64, `(length,)`."""
    labels: np.ndarray
    """int64, `(length,)`, unshifted; `IGNORE_INDEX` outside answers."""
    tiles: np.ndarray
    """uint8, `(tiles, image_size, image_size, 3)`; none where `features` are known."""
    kind: str
    where: str
    features: torch.Tensor | None = None
    """`(tiles, tokens of a tile, channels)`: what the encoder has made of the tiles before."""
    pictures: tuple[tuple[str, int], ...] = ()
    """Key and number of tiles of each picture whose features are to be kept."""

    @property
    def num_tiles(self) -> int:
        """Tiles of all pictures, with known features or without."""
        return len(self.tiles if self.features is None else self.features)


def encode(
    record: Record,
    tiles_per_image: list[int],
    tokenizer: PreTrainedTokenizerFast,
    frame: FrameName,
    tokens_per_tile: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Token ids and labels of a record: answers and their closing tokens are supervised, nothing else.

    Args:
        record: the conversation.
        tiles_per_image: how many tiles each of its pictures was cut into.
        tokenizer: knows the frame's special tokens.
        frame: how the conversation is framed.
        tokens_per_tile: decoder positions of a tile.
    """
    ids: list[int] = []
    labels: list[int] = []
    images = iter(tiles_per_image)
    for text, supervised in spans(record, frame):
        span = tokenizer.encode(text, add_special_tokens=False)
        if not supervised:
            span = _expand_pads(span, tokenizer.convert_tokens_to_ids(IMAGE_PAD), images, tokens_per_tile)
        ids += span
        labels += span if supervised else [IGNORE_INDEX] * len(span)
    return np.array(ids, dtype=np.int64), np.array(labels, dtype=np.int64)


def spans(record: Record, frame_name: FrameName) -> Iterator[tuple[str, bool]]:
    """The conversation as pieces of text, in order, with whether each is supervised.

    A picture stands as one `<imgpad>`. Pieces meet only where a message starts or an answer does, which is
    also where generation cuts the text: ids are the same in training and in inference.
    """
    frame = FRAMES[frame_name]
    before = frame.system_message(record.system)
    for turn in record.turns:
        yield before + frame.user_message(user_content(turn.query, frame_name)), False
        yield frame.answer(turn.response), turn.supervised
        before = frame.message_gap


def user_content(query: str, frame_name: FrameName) -> str:
    """A query with its image tags written as the model sees them.

    Adjacent tags (nothing but white space between them) share one `<img>...</img>` block, which is how the
    released model sees tiles and pages; tags apart have blocks of their own. A newline follows each block.
    Where nothing but one of the recipe's tasks stands beside the pictures, it gets the frame's own spelling.

    >>> user_content("<image><image>OCR with format across multi pages:", "original")
    '<img><imgpad><imgpad></img>\\nOCR with format across multi pages: '
    """
    pieces = _TAGS.split(query)
    texts, tags = pieces[::2], pieces[1::2]
    if sum(bool(text) for text in texts) == 1:
        texts = [text and canonical_query(text, frame_name) for text in texts]
    blocks = [f"{IMAGE_START}{IMAGE_PAD * run.count(IMAGE_TAG)}{IMAGE_END}\n" for run in tags]
    return "".join(text + block for text, block in zip(texts, [*blocks, ""], strict=True))


def _expand_pads(ids: list[int], pad: int, images: Iterator[int], tokens_per_tile: int) -> list[int]:
    """One `<imgpad>` a picture to as many as its tiles take."""
    expanded: list[int] = []
    for token in ids:
        expanded += [pad] * (next(images) * tokens_per_tile) if token == pad else [token]
    return expanded


def _check_boxes(record: Record) -> None:
    """Boxes are thousandths; pixels of a picture of another size are the usual mistake.

    Raises:
        RowError: for a box that lies outside of the picture, or whose corners are the wrong way round.
    """
    for turn in record.turns:
        task = parse_task(turn.query.replace(IMAGE_TAG, ""))
        if task is None or task.box is None:
            continue
        box = task.box
        right_way = len(box) == 2 or (len(box) == 4 and box[0] <= box[2] and box[1] <= box[3])
        if max(box) > 1000 or not right_way:
            detail = f"{list(box)} is not x1, y1, x2, y2 in thousandths of the picture's width and height"
            raise RowError(record.where, "wrong box", detail)


@dataclass(frozen=True)
class Encoding:
    """What turns records into samples, the same for training, evaluation, inference and checks."""

    tokenizer: PreTrainedTokenizerFast
    config: DataConfig
    image_size: int
    """Side of a tile in pixels."""
    tokens_per_tile: int
    features: FeatureStore | None = None
    """Where the encoder's features are kept, if they are."""

    def sample(self, record: Record, folder: Path) -> Sample:
        """The sample of a record whose pictures are looked up in `folder` first.

        Raises:
            RowError: for a picture that cannot be read, or a sample longer than `max_length`.
        """
        no_tiles = np.zeros((0, self.image_size, self.image_size, 3), dtype=np.uint8)
        found = self.find_images(record, folder)
        keys: list[str] = []
        if self.features is not None and found:
            keys = [f"{picture_key(image)}-{self._tiling(record)}" for image in found]
            known = [self.features.find(key) for key in keys]
            features = [tensor for tensor in known if tensor is not None]
            if len(features) == len(keys):
                ids, labels = self._encoded(record, [len(tensor) for tensor in features])
                return Sample(ids, labels, no_tiles, record.kind, record.where, torch.cat(features))
        read = self._read(record, found)
        tiles = [
            tile(image, self.image_size, grid) for image, grid in zip(read.images, read.grids, strict=True)
        ]
        return Sample(
            read.input_ids,
            read.labels,
            np.concatenate([no_tiles, *tiles]),
            record.kind,
            record.where,
            pictures=tuple(zip(keys, map(len, tiles), strict=False)),
        )

    def facts(self, record: Record, found: list[FoundImage]) -> RowFacts:
        """What `sample` would make of a record whose pictures have been found, for less work.

        Raises:
            RowError: as `sample`.
        """
        read = self._read(record, found)
        return RowFacts(record.kind, len(read.input_ids), sum(map(num_tiles, read.grids)))

    def _read(self, record: Record, found: list[FoundImage]) -> Read:
        """Everything of a sample but its tiles; after this nothing can fail."""
        _check_boxes(record)
        shape = (self.image_size, self._crops(record), self.config.max_tiles)
        images, grids = [], []
        try:
            for image in found:
                picture = lazy_image(image, self.config.max_pixels)
                columns, rows = grid_of_tiles(picture.width, picture.height, *shape)
                images.append(picture.decode(columns * self.image_size, rows * self.image_size))
                grids.append((columns, rows))
        except ImageError as error:
            raise RowError(record.where, error.cause, str(error)) from None
        return Read(images, grids, *self._encoded(record, list(map(num_tiles, grids))))

    def _encoded(self, record: Record, tiles_per_image: list[int]) -> tuple[np.ndarray, np.ndarray]:
        ids, labels = encode(record, tiles_per_image, self.tokenizer, self.config.frame, self.tokens_per_tile)
        if len(ids) > self.config.max_length:
            raise RowError(
                record.where, "too long", f"{len(ids)} tokens, data.max_length is {self.config.max_length}"
            )
        return ids, labels

    def _tiling(self, record: Record) -> str:
        return f"crop-{self.config.max_tiles}" if self._crops(record) else "whole"

    def _crops(self, record: Record) -> bool:
        return self.config.crop if record.crop is None else record.crop

    def find_images(self, record: Record, folder: Path) -> list[FoundImage]:
        """Where the record's pictures lie: beside its file, in `image_root`, or in the working directory.

        Raises:
            RowError: if one is in none of them.
        """
        roots = [Path(self.config.image_root)] if self.config.image_root else []
        try:
            return [find_image(image, [folder, *roots, Path.cwd()]) for image in record.images]
        except ImageError as error:
            raise RowError(record.where, error.cause, str(error)) from None
