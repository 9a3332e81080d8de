"""Whose writing a page is in: the hand of each of its lines, and what fits in one."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from data_engines.kinds.handwriting.pen import Hand, fit
from data_engines.kinds.handwriting.stroke_lines import StrokeFont, StrokeHand, fit_strokes
from data_engines.tools.corpora import HAN_CHARACTER
from data_engines.tools.fonts import Face, Font
from data_engines.tools.strokes import Pen

MEDIANS = 0.75
"""Share of the Chinese pages that are written with `--strokes` where there are any."""
Fit = Callable[..., str]
"""The words from the start of a text that fit on `room` pixels."""


@dataclass(frozen=True)
class FontWriting:
    """Writing in a font."""

    font: Font
    hand: Hand
    seed: int


@dataclass(frozen=True)
class StrokeWriting:
    """Writing stroke by stroke."""

    font: StrokeFont
    size: int
    """Of the font, in pixels."""
    hand: StrokeHand
    seed: int


def choose_letters(
    rng: np.random.Generator, face: Face, size: int, slope: float
) -> Iterator[tuple[FontWriting, Fit]]:
    """How somebody writes line after line in a font, and what fits in a line."""
    slant, shake, weight = rng.normal(0.05, 0.12), rng.uniform(0.01, 0.08), math.exp(rng.uniform(-0.6, 0.35))
    while True:
        font = (face.path, face.number, round(size * rng.uniform(0.93, 1.07)))
        hand = Hand(
            slant=float(np.clip(slant + rng.normal(0, 0.03), -0.25, 0.4)),
            slope=float(np.clip(slope + rng.normal(0, 0.003), -0.02, 0.02)),
            wander=float(rng.uniform(0.02, 0.09)),
            stretch=float(rng.uniform(0, 0.12)),
            shake=float(shake),
            weight=float(weight),
            pressure=float(rng.uniform(0, 0.35)),
        )
        yield FontWriting(font, hand, int(rng.integers(2**32))), partial(fit, font=font)


def choose_strokes(
    rng: np.random.Generator, face: Face, size: int, slope: float, strokes: Path | None
) -> Iterator[tuple[StrokeWriting, Fit]]:
    """How somebody writes line after line stroke by stroke, and what fits in a line."""
    medians = strokes if rng.random() < MEDIANS else None
    font = StrokeFont(face.path, face.number, str(medians) if medians else None)
    quick = rng.random()
    # the letters of a joined hand must meet
    latin = not HAN_CHARACTER.search("".join(face.characters))
    pen = Pen(
        width=float(rng.uniform(0.035, 0.085)),
        stray=float((0.012 + 0.022 * quick) * (0.5 if latin else 1)),
        rounding=float(np.clip(quick + rng.normal(0, 0.2), 0, 0.4 if latin else 1)),
        taper=float(rng.uniform(0, 0.6)),
        joining=float(max(0, quick - 0.3) * rng.uniform(0.2, 0.9)),
        pressure=float(rng.uniform(0, 0.35)),
        slant=float(np.clip(rng.normal(0.02, 0.08), -0.2, 0.25)),
        rise=float(np.clip(rng.normal(0.05, 0.04), -0.02, 0.14)),
    )
    spacing = rng.uniform(0.95, 1) if latin else rng.uniform(0.92, 1.08)
    wander = rng.uniform(0.01, 0.09)
    while True:
        line_size = round(0.95 * size * rng.uniform(0.95, 1.05))
        hand = StrokeHand(
            pen=pen,
            spacing=float(spacing),
            unevenness=0.01 if latin else 0.06,
            slope=float(np.clip(slope + rng.normal(0, 0.003), -0.02, 0.02)),
            wander=float(wander),
        )
        writing = StrokeWriting(font, line_size, hand, int(rng.integers(2**32)))
        yield writing, partial(fit_strokes, font=font, size=line_size, hand=hand)
