import dataclasses

import numpy as np
import pytest
import torch

from got_train.data.batching import collate
from got_train.data.samples import Sample


def sample(ids: list[int], labels: list[int], tiles: int) -> Sample:
    pixels = np.full((tiles, 2, 2, 3), 255, dtype=np.uint8)
    return Sample(np.array(ids), np.array(labels), pixels, (1,) * len(pixels), "rows", "a.jsonl:1")


def batch(*samples: Sample) -> dict[str, torch.Tensor]:
    return collate(list(samples), pad_id=0, image_id=9, vocabulary_size=10, tokens_per_tile=2)


def test_pictures_and_text_rows_in_one_batch() -> None:
    made = batch(sample([1, 9, 9, 5], [-100, -100, -100, 5], 1), sample([1, 2], [-100, 2], 0))
    assert made["input_ids"].tolist() == [[1, 9, 9, 5], [1, 2, 0, 0]]
    assert made["labels"].tolist() == [[-100, -100, -100, 5], [-100, 2, -100, -100]]
    assert made["num_tokens"] == 6
    assert made["tiles"].shape == (1, 2, 2, 3) and made["tiles"].dtype == torch.uint8


def test_a_batch_of_text_has_no_pixels() -> None:
    assert not {"tiles", "features"} & set(batch(sample([1, 2], [-100, 2], 0)))


def test_samples_with_known_features_keep_their_places() -> None:
    ids, labels, features = np.array([9, 9, 5]), np.array([-100, -100, 5]), torch.ones(1, 2, 4)
    none = np.zeros((0, 2, 2, 3), dtype=np.uint8)
    known = Sample(ids, labels, none, (1,) * len(features), "rows", "a.jsonl:2", features=features)
    new = sample([9, 9, 9, 9, 5], [-100, -100, -100, -100, 5], 2)
    new = dataclasses.replace(new, image_keys=("key",), tiles_per_image=(2,))
    made = batch(new, known, sample([1, 2], [-100, 2], 0), known, new)
    assert made["location"] == [f"a.jsonl:{line}" for line in (1, 2, 1, 2, 1)]
    assert made["input_ids"][:2].tolist() == [[9, 9, 9, 9, 5], [9, 9, 5, 0, 0]]
    assert made["features"].shape == (2, 2, 4) and len(made["tiles"]) == 4
    assert made["tile_order"].tolist() == [2, 3, 0, 1, 4, 5] and made["tile_order"].dtype == torch.int64
    assert (made["image_keys"], made["tiles_per_image"]) == (["key", "key"], [2, 2])
    assert "tile_order" not in batch(known) and "tile_order" not in batch(new)


def test_faults_are_caught_before_the_model() -> None:
    with pytest.raises(ValueError, match="token id 10 is outside the vocabulary of 10"):
        batch(sample([1, 10], [-100, 10], 0))
    with pytest.raises(ValueError, match="a.jsonl:1: 2 image tokens for 2 tiles of 2"):
        batch(sample([9, 9, 1], [-100, -100, 1], 2))
    with pytest.raises(
        ValueError, match="a.jsonl:1: at place 1 the label is 3 and the token 2: labels must not"
    ):
        batch(sample([1, 2, 3], [-100, 3, -100], 0))
    with pytest.raises(ValueError, match="a.jsonl:1: 2 labels for 3 tokens"):
        batch(sample([1, 2, 3], [2, 3], 0))
