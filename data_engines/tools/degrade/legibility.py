"""Whether what a picture showed can still be read, by its pixels before and after.

This is no part of what drew the effects: the picture is cut into tiles, and each that has ink must still have
it, in its place, of its shape and with enough of its contrast. These are the contrast and the structure of
"Image quality assessment: from error visibility to structural similarity" (Wang et al., 2004).
"""

import math
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageFilter

from data_engines.tools.degrade.moves import Move

CELL = 3
"""Side in pixels of the cells whose means are compared: less would be noise, more would blur strokes."""
TILE = 4
"""Cells along a side of a tile: less than most characters, so that none is lost among its neighbours."""
MIN_INK = 16.0
"""Standard deviation of the levels of a tile that has ink."""
MIN_CONTRAST = 0.3
"""Share of its contrast that the ink of a tile must keep."""
MIN_LIKENESS = 0.6
"""Correlation of the levels of a tile before and after."""


def legible(before: Image.Image, after: Image.Image, move: Move | None) -> bool:
    """Whether each place with ink in `before` is as it was in `after`, where `move` says that it is seen.

    It need be so in one colour only: who reads under a red stamp looks for what is dark in red light too.
    """
    read = None
    for old, new in _colors(before, after):
        ink, contrast, likeness = compare(old, new, move)
        good = (contrast >= MIN_CONTRAST) & (likeness >= MIN_LIKENESS)
        # which tiles have ink is said by their greys, which come first
        read = good | ~ink if read is None else read | good
        if read.all():
            return True
    return False


def compare(
    before: Image.Image, after: Image.Image, move: Move | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compares two grey pictures.

    Returns:
        For each tile whether it has ink, which share of its contrast is left, and the correlation of its
        levels before and after, from -1 to 1; all of shape (rows, columns).
    """
    old = np.asarray(before.reduce(CELL))
    rows, columns = (math.ceil(side / TILE) for side in old.shape)
    # the last tiles repeat cells; those at the very edge are left out: what lies beyond is blurred into them
    y, x = (
        np.clip(np.arange(TILE * number), min(1, side - 1), max(side - 2, 0))
        for number, side in zip((rows, columns), old.shape, strict=True)
    )
    if move is None:
        new = np.asarray(after.reduce(CELL))[np.ix_(y, x)]
    else:
        middles = CELL * (np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2) + 0.5)
        new = _levels_at(after.filter(ImageFilter.BoxBlur((CELL - 1) / 2)), move.points(middles))
    tiles = (rows, TILE, columns, TILE)
    shown, seen = (levels.reshape(tiles).astype(np.float32) for levels in (old[np.ix_(y, x)], new))
    shown -= shown.mean(axis=(1, 3), keepdims=True)
    seen -= seen.mean(axis=(1, 3), keepdims=True)
    variance, new_variance = (np.square(levels).mean(axis=(1, 3)) + 1e-6 for levels in (shown, seen))
    together = (shown * seen).mean(axis=(1, 3))
    return variance >= MIN_INK**2, together / variance, together / np.sqrt(variance * new_variance)


def _levels_at(picture: Image.Image, points: np.ndarray) -> np.ndarray:
    """The levels of a grey picture at points between its pixels, whose middles are at halves.

    The nearest pixel would be up to half a pixel away, which changes thin strokes more than the effects do.
    """
    levels = np.asarray(picture, dtype=np.float32)
    height, width = levels.shape
    x, y = np.clip(points - 0.5, 0, (width - 1.001, height - 1.001)).astype(np.float32).T
    left, top = x.astype(int), y.astype(int)
    right, down = x - left, y - top
    place, levels = top * width + left, levels.ravel()
    above = levels[place] * (1 - right) + levels[place + 1] * right
    below = levels[place + width] * (1 - right) + levels[place + width + 1] * right
    return above * (1 - down) + below * down


def _colors(before: Image.Image, after: Image.Image) -> Iterator[tuple[Image.Image, Image.Image]]:
    """Both pictures in grey, and, if one has colours, in red, in green and in blue."""
    yield before.convert("L"), after.convert("L")
    if after.mode == "RGB":
        yield from zip(before.convert("RGB").split(), after.split(), strict=True)
