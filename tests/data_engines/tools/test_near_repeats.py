"""Texts that nearly repeat others."""

import numpy as np
import pytest

from data_engines.tools import near_repeats
from data_engines.tools.near_repeats import BANDS, PARTS, count_near_repeats, signature


def count(*texts: str) -> int:
    signatures = np.frombuffer(b"".join(map(signature, texts)), np.uint32)
    return count_near_repeats(signatures.reshape(-1, BANDS + PARTS // 4))


LONG = "The quick brown fox jumps over the lazy dog, and then it sleeps in the shade of an old oak tree."


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        (LONG, LONG, 1),
        (LONG, LONG.upper().replace(",", " -"), 1),  # signs, spaces and case don't count
        ("Invoice 123 of 1 May", "Invoice 987 of 2 May", 1),  # any digit is any other
        (LONG, LONG.replace("tree", "trees"), 1),
        ("他们在图书馆里看书，天黑了才回家。", "他们在图书馆里看书 天黑了才回家", 1),
        (LONG, LONG[:48], 0),
        (LONG, "Every letter of another sentence is elsewhere, though the alphabet is the same one.", 0),
        ("他们在图书馆里看书。", "我们明天去公园跑步。", 0),
        ("a", "b", 0),
        ("", "x", 0),
    ],
)
def test_two_texts_are_near_or_not(one: str, other: str, near: int) -> None:
    assert count(one, other) == near


def test_repeats_are_counted_over_all_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    texts = ["".join(map(chr, rng.integers(97, 123, 60))) for _ in range(2000)]
    assert count(*texts) == 0
    assert count(*texts, *texts[500:]) == 1500
    monkeypatch.setattr(near_repeats, "COMPARED", 100)  # the same in pieces
    assert count(*texts, *texts[500:]) == 1500
    assert count() == 0
