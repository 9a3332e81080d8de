"""Makes the samples that the model is trained on from records."""

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch.utils.data import Dataset
from transformers import PreTrainedTokenizerFast

from got_train.config import SampleConfig
from got_train.data.encode import check_boxes, encode
from got_train.data.errors import ImageError, RowError
from got_train.data.images import lazy_image
from got_train.data.records import Record
from got_train.data.rows import Rows
from got_train.data.tiles import Grid, grid_of_tiles, num_tiles, tile
from got_train.vocabulary import TileShape


@dataclass(frozen=True)
class RowFacts:
    """Statistics of a good row, for which its sample need not be made."""

    kind: str
    length: int
    """Length in tokens, including image tokens."""
    num_tiles: int


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

    def sample(self, record: Record) -> Sample:
        """The sample of a record.

        Raises:
            RowError: for an image that cannot be read, a wrong box, or more than `sample.max_length` tokens.
        """
        images, grids = self._open_images(record)
        tiles_per_image = tuple(map(num_tiles, grids))
        input_ids, labels = self.ids_and_labels(record, tiles_per_image)
        size = self.tile.image_size
        tiles = [tile(image, size, grid) for image, grid in zip(images, grids, strict=True)]
        return Sample(
            input_ids,
            labels,
            np.concatenate([self.no_tiles, *tiles]),
            tiles_per_image,
            record.kind,
            record.location,
        )

    def facts(self, record: Record) -> RowFacts:
        """The statistics of a record's sample, with less work than making the sample.

        Raises:
            RowError: for the same reasons as `sample`.
        """
        _, grids = self._open_images(record)
        tiles_per_image = tuple(map(num_tiles, grids))
        input_ids, _ = self.ids_and_labels(record, tiles_per_image)
        return RowFacts(record.kind, len(input_ids), sum(tiles_per_image))

    def ids_and_labels(
        self, record: Record, tiles_per_image: tuple[int, ...]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Calls `encode` with the tokenizer, chat template and limits of this encoder."""
        config = self.config
        return encode(
            record,
            tiles_per_image,
            self.tokenizer,
            config.template,
            self.tile.num_tokens,
            config.max_length,
        )

    def crops(self, record: Record) -> bool:
        """Whether the images of a record are cut into tiles."""
        return self.config.crop if record.crop is None else record.crop

    @property
    def no_tiles(self) -> np.ndarray:
        """The tiles of a record without images: uint8, `(0, image_size, image_size, 3)`."""
        return np.zeros((0, self.tile.image_size, self.tile.image_size, 3), dtype=np.uint8)

    def _open_images(self, record: Record) -> tuple[list[Image.Image], list[Grid]]:
        """The images of a record, decoded at least as large as their tiles, and their grids of tiles."""
        check_boxes(record)
        size = self.tile.image_size
        images, grids = [], []
        try:
            for found in record.images:
                image = lazy_image(found, self.config.max_pixels)
                columns, rows = grid_of_tiles(
                    image.width, image.height, size, self.crops(record), self.config.max_tiles
                )
                images.append(image.decode(columns * size, rows * size))
                grids.append((columns, rows))
        except ImageError as error:
            raise RowError(record.location, error.cause, str(error)) from None
        return images, grids


class SampleSet(Dataset[Sample]):
    """The samples of rows; each is made when it is asked for."""

    def __init__(self, rows: Rows, encoder: SampleEncoder) -> None:
        self.rows = rows
        self.encoder = encoder

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Sample:
        return self.encoder.sample(self.rows.record(index))
