import numpy as np
import pytest
import torch

from got_train.data.batching import collate, pixel_values
from got_train.data.encode import Sample
from got_train.vocabulary import IMAGE_MEAN, IMAGE_STD


def sample(ids: list[int], labels: list[int], tiles: int) -> Sample:
    pixels = np.full((tiles, 2, 2, 3), 255, dtype=np.uint8)
    return Sample(np.array(ids), np.array(labels), pixels, "rows", "a.jsonl:1")


def batch(*samples: Sample) -> dict[str, torch.Tensor]:
    return collate(list(samples), pad_id=0, image_id=9, vocabulary_size=10, tokens_per_tile=2)


def test_pictures_and_text_rows_in_one_batch() -> None:
    made = batch(sample([1, 9, 9, 5], [-100, -100, -100, 5], 1), sample([1, 2], [-100, 2], 0))
    assert made["input_ids"].tolist() == [[1, 9, 9, 5], [1, 2, 0, 0]]
    assert made["labels"].tolist() == [[-100, -100, -100, 5], [-100, 2, -100, -100]]
    assert made["attention_mask"].tolist() == [[1, 1, 1, 1], [1, 1, 0, 0]]
    assert made["pixel_values"].shape == (1, 3, 2, 2)


def test_a_batch_of_text_has_no_pixels() -> None:
    assert "pixel_values" not in batch(sample([1, 2], [-100, 2], 0))


def test_white_is_normalised_with_clips_numbers() -> None:
    white = pixel_values(np.full((1, 1, 1, 3), 255, dtype=np.uint8))[0, :, 0, 0]
    expected = [(1 - mean) / std for mean, std in zip(IMAGE_MEAN, IMAGE_STD, strict=True)]
    assert white.tolist() == pytest.approx(expected, abs=1e-6)


def test_faults_are_caught_before_the_model() -> None:
    with pytest.raises(ValueError, match="token id 10 is outside the vocabulary of 10"):
        batch(sample([1, 10], [-100, 10], 0))
    with pytest.raises(ValueError, match="a.jsonl:1: 2 image tokens for 2 tiles of 2"):
        batch(sample([9, 9, 1], [-100, -100, 1], 2))
