"""Lines written by hand: where the ink lies, and what a hand changes about it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data_engines.engine import Reject
from data_engines.kinds.handwriting import pen
from data_engines.kinds.handwriting.pen import Hand, Stroke, fit, write
from data_engines.tools.fonts import open_font

STEADY = Hand(slant=0, slope=0, wander=0, stretch=0, shake=0, weight=1, pressure=0)


def ink(stroke: Stroke) -> np.ndarray:
    return np.asarray(stroke.mask, dtype=float)


def centre_x(rows: np.ndarray) -> float:
    return float((rows * np.arange(rows.shape[1])).sum() / rows.sum())


def test_a_steady_hand_writes_as_the_font_does(font: Path) -> None:
    stroke = write("Hello", (str(font), 0, 40), STEADY, seed=1)
    mask, (x, y) = open_font(str(font), 0, 40).getmask2("Hello", mode="L", anchor="ls")
    left, top, right, bottom = mask.getbbox()
    expected = (left + x, top + y, right + x, bottom + y)
    box = stroke.mask.getbbox()
    assert box is not None
    found = np.subtract(box, (stroke.x, stroke.baseline) * 2)
    assert np.abs(found - expected).max() <= 1
    assert abs(ink(stroke).sum() / sum(mask) - 1) < 0.01


def test_words_stand_apart_by_chance(font: Path) -> None:
    boxes = [write("to be or", (str(font), 0, 40), STEADY, seed).mask.getbbox() for seed in range(10)]
    widths = {box[2] - box[0] for box in boxes}
    narrowest = open_font(str(font), 0, 40).getlength("to be or")
    assert len(widths) > 5
    assert max(widths) - min(widths) < 2 * pen.MAX_GAP * 40
    assert min(widths) > narrowest - 5


def test_slant_and_slope(font: Path) -> None:
    straight = write("llllllll", (str(font), 0, 60), STEADY, seed=1)
    leaning = write("llllllll", (str(font), 0, 60), replace(STEADY, slant=0.3), seed=1)
    rows = [ink(stroke)[stroke.baseline - 40 : stroke.baseline] for stroke in (straight, leaning)]
    shifts = [centre_x(row[:1]) - centre_x(row[-1:]) for row in rows]
    assert abs(shifts[0]) < 0.5 and abs(shifts[1] - 0.3 * 39) < 0.5
    rising = ink(write("l" + " " * 20 + "l", (str(font), 0, 60), replace(STEADY, slope=0.02), seed=1))
    columns = np.flatnonzero(rising.any(axis=0))
    first, last = rising[:, columns[0]].nonzero()[0][-1], rising[:, columns[-1]].nonzero()[0][-1]
    assert abs((first - last) - 0.02 * (columns[-1] - columns[0])) < 2


def test_no_letter_is_quite_like_the_next(font: Path) -> None:
    hand = replace(STEADY, wander=0.05, stretch=0.08, shake=0.05)
    levels = ink(write("oooooooo", (str(font), 0, 60), hand, seed=3))
    steady = ink(write("oooooooo", (str(font), 0, 60), STEADY, seed=3))
    counts = []
    for page in (levels, steady):
        columns = (page > 127).sum(axis=0)
        starts = np.flatnonzero((columns[1:] > 0) & (columns[:-1] == 0))
        counts.append({tuple(columns[start + 1 : start + 30]) for start in starts})
    assert len(counts[0]) == 8 and len(counts[1]) <= 2


def test_weight_and_pressure(font: Path) -> None:
    plain, fat, faint = (
        write("Hello", (str(font), 0, 40), hand, seed=1)
        for hand in (STEADY, replace(STEADY, weight=0.5), replace(STEADY, pressure=0.5))
    )
    assert ink(fat).sum() > 1.03 * ink(plain).sum()
    assert 0.5 < ink(faint).sum() / ink(plain).sum() < 0.97


def test_a_seed_is_a_line(font: Path) -> None:
    hand = Hand(slant=0.2, slope=0.01, wander=0.05, stretch=0.1, shake=0.05, weight=0.8, pressure=0.3)
    one, same, other = (write("the same line", (str(font), 0, 40), hand, seed) for seed in (5, 5, 6))
    assert one == same and one.mask != other.mask


def test_what_fits_is_written_on_the_room_there_is(font: Path) -> None:
    text = "words that go on until the line is full and then some more of them"
    for size in (30, 50):
        line = fit(text, (str(font), 0, size), 600)
        assert text.startswith(line) and 2 < len(line.split()) < len(text.split())
        for seed in range(10):
            box = write(line, (str(font), 0, size), STEADY, seed).mask.getbbox()
            assert box is not None and 400 < box[2] - box[0] < 640
    assert fit("unbreakable", (str(font), 0, 50), 60) == ""
    assert fit("short", (str(font), 0, 50), 1000) == "short"


def test_a_font_that_draws_nothing_is_rejected(font: Path) -> None:
    with pytest.raises(Reject, match="^line without ink$"):
        write("\u2003", (str(font), 0, 40), STEADY, seed=1)
