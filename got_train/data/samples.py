"""Makes the samples that the model is trained on from records."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch.utils.data import Dataset
from transformers import PreTrainedTokenizerFast

from got_train.config import SampleConfig
from got_train.data.encode import check_boxes, check_length, encode, encode_rejected, label_fault
from got_train.data.errors import RowError, located
from got_train.data.images import lazy_image
from got_train.data.record import Record
from got_train.data.rows import Rows
from got_train.data.slots import place_characters
from got_train.data.tiles import Grid, grid_of_tiles, num_tiles, tile
from got_train.vocabulary import TileShape


@dataclass(frozen=True)
class Sample:
    """What the model is trained on for one record."""

    input_ids: np.ndarray
    """int64, `(length,)`."""
    labels: np.ndarray
    """int64, `(length,)`, unshifted; `IGNORE_INDEX` outside answers."""
    tiles: np.ndarray
    """uint8, `(tiles, image_size, image_size, 3)`; no tiles if there are `features`."""
    tiles_per_image: tuple[int, ...]
    kind: str
    location: str
    features: torch.Tensor | None = None
    """`(tiles, tokens of a tile, channels)`: stored outputs of the encoder, in place of tiles."""
    image_keys: tuple[str, ...] = ()
    """The key of each image whose features are to be kept."""
    rejected: tuple[np.ndarray, np.ndarray] | None = None
    """`input_ids` and `labels` with the worse answer, of a row whose two answers are compared."""

    slots: np.ndarray | None = None
    """int16, `(rows of tokens, slots of a row)`: the character in each slot of the one tile, or `BLANK`."""

    @property
    def num_tiles(self) -> int:
        """The number of tiles of all images, also if features stand in their place."""
        return sum(self.tiles_per_image)


@dataclass(frozen=True)
class SampleEncoder:
    """Makes samples of records, in the same way for training, evaluation, inference and checks."""

    tokenizer: PreTrainedTokenizerFast
    config: SampleConfig
    tile: TileShape
    fills_slots: bool = False
    """Whether samples have `slots`, if their rows have regions that say what the answer does."""

    def sample(self, record: Record, features: Sequence[torch.Tensor] = ()) -> Sample:
        """The sample of a record.

        Args:
            record: the record.
            features: stored outputs of the encoder for all its images, each `(tiles, tokens of a tile,
                channels)`: the images are then not opened.

        Raises:
            RowError: for an image that cannot be read, a wrong box, or more than `sample.max_length` tokens.
        """
        check_length(record, self.tokenizer, self.config, self.tile.num_tokens)
        size = self.tile.image_size
        no_tiles = np.zeros((0, size, size, 3), dtype=np.uint8)
        tiles = [] if features else [tile(image, size, grid) for image, grid in self._open_images(record)]
        tiles_per_image = tuple(map(len, features or tiles))
        input_ids, labels = encode(record, tiles_per_image, self.tokenizer, self.config, self.tile.num_tokens)
        return Sample(
            input_ids,
            labels,
            np.concatenate([no_tiles, *tiles]),
            tiles_per_image,
            record.kind,
            record.location,
            torch.cat(list(features)) if features else None,
            rejected=self._rejected(record, tiles_per_image),
            slots=self._slots(record, tiles_per_image),
        )

    def sizes(self, record: Record) -> tuple[int, int]:
        """The numbers of tokens, image tokens included, and of tiles of a record's sample.

        One with two answers has twice the tokens of the longer. It takes less work than making the sample.

        Raises:
            RowError: for the same reasons as `sample`, and for labels that a batch could not have.
        """
        check_length(record, self.tokenizer, self.config, self.tile.num_tokens)
        tiles_per_image = tuple(num_tiles(grid) for _, grid in self._open_images(record))
        input_ids, labels = encode(record, tiles_per_image, self.tokenizer, self.config, self.tile.num_tokens)
        fault = label_fault(input_ids, labels)
        if fault is not None:
            raise RowError(record.location, "wrong labels", fault)
        rejected = self._rejected(record, tiles_per_image)
        num_tokens = len(input_ids) if rejected is None else 2 * max(len(input_ids), len(rejected[0]))
        return num_tokens, sum(tiles_per_image)

    def _rejected(
        self, record: Record, tiles_per_image: Sequence[int]
    ) -> tuple[np.ndarray, np.ndarray] | None:
        if record.rejected is None:
            return None
        return encode_rejected(record, tiles_per_image, self.tokenizer, self.config, self.tile.num_tokens)

    def _slots(self, record: Record, tiles_per_image: Sequence[int]) -> np.ndarray | None:
        if not self.fills_slots or not record.regions or tuple(tiles_per_image) != (1,):
            return None
        image = lazy_image(record.images[0], self.config.max_pixels)
        return place_characters(
            record.regions, record.turns[-1].response, (image.width, image.height), self.tile
        )

    def crops(self, record: Record) -> bool:
        """Whether the images of a record are cut into tiles."""
        return self.config.crop if record.crop is None else record.crop

    def _open_images(self, record: Record) -> Iterator[tuple[Image.Image, Grid]]:
        """The images of a record, decoded at least as large as their tiles, each with its grid of tiles."""
        check_boxes(record)
        size, max_tiles, crop = self.tile.image_size, self.config.max_tiles, self.crops(record)
        with located(record.location):
            for found in record.images:
                image = lazy_image(found, self.config.max_pixels)
                columns, rows = grid_of_tiles(image.width, image.height, size, crop, max_tiles)
                yield image.decode(columns * size, rows * size), (columns, rows)


@dataclass(frozen=True)
class SampleSet(Dataset[Sample]):
    """The samples of rows; each is made when it is asked for."""

    rows: Rows
    encoder: SampleEncoder

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Sample:
        return self.encoder.sample(self.rows.record(index))

    def location(self, index: int) -> str:
        """The place of a row, for messages."""
        return self.rows.location(index)
