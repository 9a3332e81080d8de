"""Where on the image tokens of a tile the characters of its texts stand, as auxiliary losses need it.

A row of image tokens is a row of slots, `SLOTS` for each token. A text has the row in which the middle of its
box lies; its characters have the slots at their places, reckoned from the box by the usual widths of letters.
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import ImageFont

from got_train.data.errors import ContentError
from got_train.vocabulary import BLANK, ENCODER_STRIDE, SLOTS, TileShape


@dataclass(frozen=True)
class Region:
    """A text of a picture, and where it stands."""

    text: str
    box: tuple[float, float, float, float]
    """Left, top, right, bottom in pixels of the picture."""


def read_regions(value: Any) -> tuple[Region, ...]:
    """The regions of a row, as `got-data` writes them.

    Raises:
        ContentError: for a value that is no list of texts with boxes.
    """
    if value is None:
        return ()
    if not isinstance(value, list):
        raise ContentError("wrong type", f"regions is a list, not {type(value).__name__}")
    return tuple(map(_region, value))


def _region(value: Any) -> Region:
    text, box = (value.get("text"), value.get("box")) if isinstance(value, dict) else (None, None)
    edges = box if isinstance(box, list | tuple) and all(map(_is_finite, box)) else ()
    if not isinstance(text, str) or len(edges) != 4:
        form = '{"text": "Total", "box": [left, top, right, bottom]}, in pixels'
        raise ContentError("wrong type", f"a region is {form}, not {value!r:.80}")
    left, top, right, bottom = map(float, edges)
    return Region(text, (left, top, right, bottom))


def _is_finite(number: Any) -> bool:
    return isinstance(number, int | float) and not isinstance(number, bool) and math.isfinite(number)


def place_characters(
    regions: Sequence[Region], answer: str, size: tuple[int, int], tile: TileShape
) -> np.ndarray | None:
    """The character in each slot of a tile.

    Args:
        regions: the texts of the picture.
        answer: what is to be read.
        size: width and height of the picture, which is one tile.
        tile: the shape of the tile.

    Returns:
        int16, `(rows of tokens, slots of a row)`: a byte, or `BLANK`. None if the regions say anything else
        than the answer does, if one has several lines or is higher than two rows of tokens, or if a row has
        more characters than slots.
    """
    if _without_spaces(answer) != _without_spaces("".join(region.text for region in regions)):
        return None
    rows = tile.image_size // (tile.patch_size * ENCODER_STRIDE)
    lines: list[list[Region]] = [[] for _ in range(rows)]
    for region in regions:
        _, top, _, bottom = (edge * rows / size[1] for edge in region.box)
        if bottom - top > 2 or len(region.text.splitlines()) > 1:
            return None
        lines[min(rows - 1, max(0, int((top + bottom) / 2)))].append(region)
    placed = [_place_line(line, size[0], rows * SLOTS) for line in lines]
    complete = [row for row in placed if row is not None]
    return np.stack(complete) if len(complete) == rows else None


def _without_spaces(text: str) -> str:
    return "".join(text.split())


def _place_line(regions: Sequence[Region], width: int, num_slots: int) -> np.ndarray | None:
    """The slots of a row of tokens, int16 `(num_slots,)`; None if there are too few.

    Each character stands further right than the one before. Equal ones have an empty slot between them, as
    CTC needs it.
    """
    characters: list[int] = []
    centres: list[float] = []
    for region in sorted(regions, key=lambda region: region.box[0]):
        text = region.text.encode()
        characters += text
        centres += (_centres(region) * (num_slots / width)).tolist()
    slots = np.full(num_slots, BLANK, dtype=np.int16)
    if not characters:
        return slots
    steps = [1 + (now == before) for before, now in zip(characters, characters[1:], strict=False)]
    if 1 + sum(steps) > num_slots:
        return None
    # The most that leaves room for what follows, and the least that is free after what came before.
    latest = num_slots - 1 - np.cumsum([0, *steps[::-1]])[::-1]
    free = 0
    for character, centre, last, step in zip(characters, centres, latest, [*steps, 0], strict=True):
        place = min(max(int(centre), free), int(last))
        slots[place] = character
        free = place + step
    return slots


def _centres(region: Region) -> np.ndarray:
    """Where the middle of each byte of a text lies, in pixels from the left: `(bytes,)`."""
    letters = [(letter, len(letter.encode())) for letter in region.text]
    shares = np.repeat([_width(letter) / count for letter, count in letters], [count for _, count in letters])
    ends = np.cumsum(shares)
    left, _, right, _ = region.box
    return left + (ends - shares / 2) / max(ends[-1:].sum(), 1e-9) * (right - left)


@functools.cache
def _width(letter: str) -> float:
    """The usual width of a letter, in any unit: that of the font inside Pillow."""
    return max(1.0, _usual_font().getlength(letter))


@functools.cache
def _usual_font() -> Any:
    return ImageFont.load_default(size=40)
