"""Pictures without text, whose answer is empty: a model that has seen none makes up texts for them.

Half of them are paper: plain, ruled, squared, or with an empty table. The others are pieces of photographs
and textures, as the scenes have them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw

from data_engines.engine import Answer, Drawing, Reject, Rgb, Stock, one_by_one
from data_engines.options import EngineOptions, Range, option
from data_engines.tools.boxes import Box
from data_engines.tools.photos import (
    WITHOUT_TEXT,
    Background,
    choose_background,
    find_photos,
    make_background,
)
from got_train.prompts import Task

Look = Literal["plain", "ruled", "squared", "table"]

LOOKS: tuple[Look, ...] = ("plain", "ruled", "squared", "table")
PAPER_SHARE = 0.5
"""Share of the pictures that are paper."""
MARGIN = 0.12
"""Most of the width and height that is left free at each side of ruled paper and tables."""
STEP = Range(22, 56)
"""Pixels between the rules of paper."""
CELLS = Range(2, 9)
"""Rows and columns of a table."""
MIN_CELL = 16
"""Pixels between the rules of a table."""


@dataclass(frozen=True)
class Options(EngineOptions):
    photos: tuple[Path, ...] = option(
        "photographs without any text, or folders of them; without it, seven packaged ones", ()
    )
    width: Range = option("width of a picture in pixels", Range(480, 900), lowest=128, highest=4096)
    height: Range = option("height of a picture in pixels", Range(480, 1000), lowest=128, highest=4096)


@dataclass(frozen=True, kw_only=True)
class BlankStock(Stock[Options]):
    photos: tuple[str, ...]


@dataclass(frozen=True)
class Paper:
    """An empty sheet with its rules."""

    color: Rgb
    ink: Rgb
    thickness: int
    across: tuple[int, ...]
    """Places of the rules from left to right, in pixels from the top."""
    down: tuple[int, ...]
    """Places of the rules from top to bottom, in pixels from the left."""
    box: Box
    """Where the rules end."""


@dataclass(frozen=True)
class Spec:
    """All that is decided about one picture."""

    width: int
    height: int
    format: bool
    """Whether the question asks for marked-up text."""
    ground: Paper | Background


def load(options: Options, rng: np.random.Generator) -> BlankStock:
    photos, sources, left_out = find_photos(options.photos, WITHOUT_TEXT)
    return BlankStock(options=options, sources=sources, left_out=left_out, photos=photos)


def decide(rng: np.random.Generator, index: int, stock: BlankStock) -> Spec:
    width, height = stock.options.width.choose(rng), stock.options.height.choose(rng)
    is_paper = rng.random() < PAPER_SHARE
    ground = _choose_paper(rng, width, height) if is_paper else choose_background(rng, stock.photos)
    return Spec(width, height, bool(rng.random() < 0.5), ground)


@one_by_one
def draw(spec: Spec) -> Drawing:
    answers = (Answer(Task(format=spec.format), "", no_text=True),)
    if isinstance(spec.ground, Background):
        picture = make_background(spec.ground, spec.width, spec.height)
        return Drawing((picture,), answers, photograph=True)
    return Drawing((_draw_paper(spec.ground, spec.width, spec.height),), answers)


def check(spec: Spec, drawing: Drawing) -> Drawing:
    """The drawing, if its paper has no other ink than rules: whole rows and columns within one box."""
    if isinstance(spec.ground, Paper):
        check_rules(np.asarray(drawing.pictures[0]))
    return drawing


def check_rules(picture: np.ndarray) -> None:
    """Raises a Reject where ink on paper stands between the rules.

    Args:
        picture: `(height, width, 3)`, whose first pixel is paper.
    """
    ink = (picture != picture[0, 0]).any(axis=2)
    if not ink.any():
        return
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    box = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    if box[np.ix_(~box.all(axis=1), ~box.all(axis=0))].any():
        raise Reject("ink between the rules")


def _choose_paper(rng: np.random.Generator, width: int, height: int) -> Paper:
    look = LOOKS[rng.integers(len(LOOKS))]
    white, tint = rng.integers(225, 256), rng.integers(0, 22, 3)
    color = _rgb(np.clip(white - tint, 0, 255))
    ink = _rgb(np.clip(rng.integers(0, 190) + rng.integers(0, 30, 3), 0, 255))
    left, top, right, bottom = (
        int(side * rng.uniform(0, MARGIN)) + 1 for side in (width, height, width, height)
    )
    box = Box(left, top, width - right, height - bottom)
    step = STEP.choose(rng)
    across, down = {
        "plain": ((), ()),
        "ruled": (_even(box.top, box.bottom, step), ()),
        "squared": (_even(box.top, box.bottom, step), _even(box.left, box.right, step)),
        "table": (_uneven(rng, box.top, box.bottom), _uneven(rng, box.left, box.right)),
    }[look]
    return Paper(color, ink, int(rng.integers(1, 4)), across, down, box)


def _even(first: float, last: float, step: int) -> tuple[int, ...]:
    return tuple(range(int(first), int(last), step))


def _uneven(rng: np.random.Generator, first: float, last: float) -> tuple[int, ...]:
    """Rules at both ends and between cells of different sizes."""
    count = min(CELLS.choose(rng), int(last - first) // MIN_CELL)
    sizes = rng.uniform(1, 3, count)
    ends = first + np.cumsum(sizes / sizes.sum()) * (last - first)
    return int(first), *map(int, ends)


def _draw_paper(paper: Paper, width: int, height: int) -> Image.Image:
    picture = Image.new("RGB", (width, height), paper.color)
    pen = ImageDraw.Draw(picture)
    box, wide = paper.box, paper.thickness - 1
    for y in paper.across:
        pen.rectangle((box.left, y, box.right + wide, y + wide), fill=paper.ink)
    for x in paper.down:
        pen.rectangle((x, box.top, x + wide, box.bottom + wide), fill=paper.ink)
    return picture


def _rgb(levels: Sequence[int] | np.ndarray) -> Rgb:
    red, green, blue = map(int, levels)
    return red, green, blue
