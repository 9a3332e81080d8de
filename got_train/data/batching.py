"""Samples are put together into batches."""

import itertools
from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from got_train.data.encode import label_fault
from got_train.data.samples import Sample
from got_train.report import counted
from got_train.vocabulary import IGNORE_INDEX

Batch = dict[str, Any]


def collate(
    samples: list[Sample], pad_id: int, image_id: int, vocabulary_size: int, tokens_per_tile: int
) -> Batch:
    """One batch, padded on the right to its longest sample.

    Ids are checked against the vocabulary, image tokens against tiles, and labels against ids: inside the
    model such a fault would give an error that nobody can read, or a loss that does not fall.

    Samples with two answers take two rows: first come all with their better answers, then in the same order
    all with their worse ones. Their tiles are there once.

    Returns:
        `input_ids`, `labels`: int64 `(batch, length)`.
        `tiles`: uint8 `(tiles, image_size, image_size, 3)`; left out if the batch has none.
        `features`: `(tiles, tokens_per_tile, channels)`, of tiles that were encoded before; left out if the
        batch has none.
        `tile_order`: int64 `(all tiles of the rows,)`, only in a batch with both, or with two answers a
        sample: the place of each tile of the rows in the concatenation of `features` and `tiles`.
        `slots`: int64 `(rows with slots, slots of a tile)`, with `slot_rows` and `slot_tiles`: the place of
        each in the batch and its tile's place among all tiles of the rows; left out if no sample has slots.
        For the log: `location` and `kind` of each sample, and `num_tokens` without padding.
        For the feature store: `tiles_per_image` of the images in `tiles`, and their `image_keys`.

    Raises:
        ValueError: for a token id outside the vocabulary, a wrong number of image tokens, or a label that is
            not the token at its place.
    """
    compared = [sample.rejected for sample in samples if sample.rejected is not None]
    assert len(compared) in (0, len(samples)), "some samples have two answers, and some have one"
    sequences = [(sample.input_ids, sample.labels) for sample in samples] + compared
    for sample, (ids, labels) in zip(itertools.cycle(samples), sequences, strict=False):
        if ids.min() < 0 or ids.max() >= vocabulary_size:
            raise ValueError(
                f"{sample.location}: token id {ids.max()} is outside the vocabulary of {vocabulary_size}"
            )
        num_pads = int((ids == image_id).sum())
        if num_pads != sample.num_tiles * tokens_per_tile:
            raise ValueError(
                f"{sample.location}: {counted(num_pads, 'image token')} for "
                f"{counted(sample.num_tiles, 'tile')} of {tokens_per_tile}"
            )
        fault = label_fault(ids, labels)
        if fault is not None:
            raise ValueError(f"{sample.location}: {fault}")
    batch: Batch = {
        "location": [sample.location for sample in samples],
        "kind": [sample.kind for sample in samples],
        "num_tokens": sum(len(ids) for ids, _ in sequences),
        "image_keys": [key for sample in samples for key in sample.image_keys],
        "tiles_per_image": [
            count for sample in samples if sample.features is None for count in sample.tiles_per_image
        ],
        "input_ids": _padded([ids for ids, _ in sequences], pad_id),
        "labels": _padded([labels for _, labels in sequences], IGNORE_INDEX),
    }
    tiles = [sample.tiles for sample in samples if len(sample.tiles)]
    if tiles:
        batch["tiles"] = torch.from_numpy(np.concatenate(tiles))
    features = [sample.features for sample in samples if sample.features is not None]
    if features:
        batch["features"] = torch.cat(features)
    if (tiles and features) or (compared and (tiles or features)):
        # The order of samples does not depend on which have features: dropout differs from place to place.
        is_new = [sample.features is None for sample in samples for _ in range(sample.num_tiles)]
        # The first sort gives the tile at each place, the second one (its inverse) the place of each tile.
        order = np.argsort(np.argsort(is_new, kind="stable"))
        batch["tile_order"] = torch.from_numpy(np.tile(order, 2 if compared else 1))
    filled = [place for place, sample in enumerate(samples) if sample.slots is not None]
    if filled:
        ends = np.cumsum([sample.num_tiles for sample in samples])
        slots = [samples[place].slots for place in filled]
        batch["slots"] = torch.from_numpy(np.stack([array.ravel() for array in slots if array is not None]))
        batch["slots"] = batch["slots"].long()
        batch["slot_rows"] = torch.tensor(filled)
        batch["slot_tiles"] = torch.from_numpy(ends[filled] - 1)
    return batch


def _padded(rows: list[np.ndarray], value: int) -> torch.Tensor:
    return pad_sequence([torch.from_numpy(row) for row in rows], batch_first=True, padding_value=value)
