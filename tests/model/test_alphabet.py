"""The alphabet of image tokens: what is written can be read, and the losses by hand."""

import itertools
import math

import pytest
import torch

from got_train.model.alphabet import BLANK_WEIGHT, Alphabet, ctc_loss, slot_loss
from got_train.vocabulary import BLANK, SLOTS


def test_what_is_written_is_read_from_the_start() -> None:
    torch.manual_seed(0)
    alphabet = Alphabet(width=512)
    slots = torch.full((2, 3 * SLOTS), BLANK)
    slots[0, 2], slots[0, 3], slots[1, 17] = ord("a"), ord("b"), ord("a")
    tokens = alphabet.write(slots)
    assert tokens.shape == (2, 3, 512)
    assert torch.equal(alphabet.read(tokens).argmax(-1), slots)
    # in another slot, the same character has another vector
    assert not torch.allclose(alphabet.vectors[2, ord("a")], alphabet.vectors[3, ord("a")])


def test_empty_tokens_are_noise_around_zero() -> None:
    torch.manual_seed(0)
    tokens = Alphabet(width=256).write(torch.full((4, 8 * SLOTS), BLANK))
    assert tokens.norm(dim=-1).mean().item() == pytest.approx(0.5, rel=0.05)
    assert tokens.mean().item() == pytest.approx(0, abs=0.002)


def test_the_slot_loss_weighs_empty_slots_less() -> None:
    logits = torch.zeros(1, 4, BLANK + 1)
    each = math.log(BLANK + 1)
    full = torch.tensor([[1, 2, 3, 4]])
    half = torch.tensor([[1, 2, BLANK, BLANK]])
    assert slot_loss(logits, full).item() == pytest.approx(4 * each, rel=1e-6)
    assert slot_loss(logits, half).item() == pytest.approx((2 + 2 * BLANK_WEIGHT) * each, rel=1e-6)


def test_the_ctc_loss_is_that_of_all_ways_to_say_each_row() -> None:
    torch.manual_seed(0)
    logits = torch.randn(2, 8, BLANK + 1)  # two tiles of two rows of four slots
    slots = torch.full((2, 8), BLANK)
    slots[0, 1], slots[0, 2], slots[0, 7] = 5, 6, 5  # "5 6" and "5"
    slots[1, 0], slots[1, 2] = 5, 5  # "5 5" and nothing
    log_probabilities = logits.log_softmax(-1).unflatten(1, (2, 4))

    def row_loss(row: torch.Tensor, text: list[int]) -> float:
        total = 0.0
        for way in itertools.product([5, 6, BLANK], repeat=4):
            said = [c for i, c in enumerate(way) if c != BLANK and (i == 0 or way[i - 1] != c)]
            if said == text:
                total += math.exp(sum(row[i, c].item() for i, c in enumerate(way)))
        return -math.log(total)

    texts = {(0, 0): [5, 6], (0, 1): [5], (1, 0): [5, 5], (1, 1): []}
    expected = sum(row_loss(log_probabilities[place], text) for place, text in texts.items())
    assert ctc_loss(logits, slots, rows=2).item() == pytest.approx(expected, rel=1e-5)
