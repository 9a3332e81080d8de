"""Samples to batches."""

from typing import Any

import numpy as np
import torch

from got_train.data.encode import Sample
from got_train.vocabulary import IGNORE_INDEX, IMAGE_MEAN, IMAGE_STD

Batch = dict[str, Any]

_MEAN = np.array(IMAGE_MEAN, dtype=np.float32) * 255
_STD = np.array(IMAGE_STD, dtype=np.float32) * 255


def collate(
    samples: list[Sample], pad_id: int, image_id: int, vocabulary_size: int, tokens_per_tile: int
) -> Batch:
    """One batch, padded on the right to its longest sample.

    Checks here what would be an unreadable fault inside the model: ids against the vocabulary, image tokens
    against tiles.

    Returns:
        `input_ids`, `attention_mask`, `labels`: int64 `(batch, length)`; `pixel_values`: float32
        `(tiles, 3, image_size, image_size)`, left out where no sample has a picture; `where` and `kind` of
        each sample, for messages and for losses by kind.
    """
    length = max(len(sample.input_ids) for sample in samples)
    input_ids = np.full((len(samples), length), pad_id, dtype=np.int64)
    labels = np.full((len(samples), length), IGNORE_INDEX, dtype=np.int64)
    attention_mask = np.zeros((len(samples), length), dtype=np.int64)
    for row, sample in enumerate(samples):
        ids = sample.input_ids
        if ids.min() < 0 or ids.max() >= vocabulary_size:
            raise ValueError(
                f"{sample.where}: token id {ids.max()} is outside the vocabulary of {vocabulary_size}"
            )
        num_pads = int((ids == image_id).sum())
        if num_pads != len(sample.tiles) * tokens_per_tile:
            raise ValueError(
                f"{sample.where}: {num_pads} image tokens for {len(sample.tiles)} tiles of {tokens_per_tile}"
            )
        input_ids[row, : len(ids)] = ids
        labels[row, : len(ids)] = sample.labels
        attention_mask[row, : len(ids)] = 1
    batch: Batch = {
        "where": [sample.where for sample in samples],
        "kind": [sample.kind for sample in samples],
        "input_ids": torch.from_numpy(input_ids),
        "attention_mask": torch.from_numpy(attention_mask),
        "labels": torch.from_numpy(labels),
    }
    tiles = [sample.tiles for sample in samples if len(sample.tiles)]
    if tiles:
        batch["pixel_values"] = pixel_values(np.concatenate(tiles))
    return batch


def pixel_values(tiles: np.ndarray) -> torch.Tensor:
    """uint8 tiles `(tiles, size, size, 3)` to normalised float32 `(tiles, 3, size, size)`."""
    normalised = (tiles.astype(np.float32) - _MEAN) / _STD
    return torch.from_numpy(np.ascontiguousarray(normalised.transpose(0, 3, 1, 2)))
