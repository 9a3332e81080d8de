"""A record and its tiles to token ids and labels, grown together span by span."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from transformers import PreTrainedTokenizerFast

from got_train.config import DataConfig
from got_train.data.images import FoundImage, ImageError, find_image, open_image
from got_train.data.records import Record, RowError
from got_train.data.tiles import num_tiles, tile
from got_train.prompts import FRAMES, IMAGE_TAG, FrameName, canonical_query, parse_task
from got_train.vocabulary import IGNORE_INDEX, IMAGE_END, IMAGE_PAD, IMAGE_START

_TAGS = re.compile(rf"((?:{IMAGE_TAG}\s*)*{IMAGE_TAG})\n?")
"""Image tags with nothing but white space between them, and the newline after them."""


@dataclass(frozen=True)
class Read:
    """A record with its pictures open and its text encoded."""

    images: list[Image.Image]
    input_ids: np.ndarray
    labels: np.ndarray
    crop: bool


@dataclass(frozen=True)
class Sample:
    """What the model is trained on for one record."""

    input_ids: np.ndarray
    """int64, `(length,)`."""
    labels: np.ndarray
    """int64, `(length,)`, unshifted; `IGNORE_INDEX` outside answers."""
    tiles: np.ndarray
    """uint8, `(tiles, image_size, image_size, 3)`."""
    kind: str
    where: str


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
        yield frame.answer(turn.response), True
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

    def sample(self, record: Record, folder: Path) -> Sample:
        """The sample of a record whose pictures are looked up in `folder` first.

        Raises:
            RowError: for a picture that cannot be read, or a sample longer than `max_length`.
        """
        read = self.read(record, folder)
        tiles = [tile(image, self.image_size, read.crop, self.config.max_tiles) for image in read.images]
        empty = np.zeros((0, self.image_size, self.image_size, 3), dtype=np.uint8)
        return Sample(read.input_ids, read.labels, np.concatenate([empty, *tiles]), record.kind, record.where)

    def read(self, record: Record, folder: Path) -> Read:
        """All of a sample but its tiles, which no longer can fail.

        Raises:
            RowError: as `sample`.
        """
        crop = self.config.crop if record.crop is None else record.crop
        _check_boxes(record)
        try:
            images = [open_image(image, self.config.max_pixels) for image in self.find_images(record, folder)]
        except ImageError as error:
            raise RowError(record.where, error.cause, str(error)) from None
        counts = [
            num_tiles(image.width, image.height, self.image_size, crop, self.config.max_tiles)
            for image in images
        ]
        ids, labels = encode(record, counts, self.tokenizer, self.config.frame, self.tokens_per_tile)
        if len(ids) > self.config.max_length:
            raise RowError(
                record.where, "too long", f"{len(ids)} tokens, data.max_length is {self.config.max_length}"
            )
        return Read(images, ids, labels, crop)

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
