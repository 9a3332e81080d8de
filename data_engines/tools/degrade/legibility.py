"""Whether what a picture showed can still be read, by its pixels before and after.

This is no part of what drew the effects: the picture is cut into tiles, and each that has ink must still have
it, in its place, of its shape and with enough of its contrast. These are the contrast and the structure of
"Image quality assessment: from error visibility to structural similarity" (Wang et al., 2004).
"""

import math

import numpy as np
from PIL import Image, ImageFilter

from data_engines.tools.degrade.moves import Move

TILE = 24
"""Side in pixels of the tiles: about a character."""
STEP = 3
"""Pixels between those of a tile that are compared."""
BLUR = 2
"""Radius of the blur in pixels before the comparison, which leaves shapes of strokes and takes noise away."""
MIN_INK = 12.0
"""Standard deviation of the levels of a tile that has ink."""
MIN_CONTRAST = 0.25
"""Share of its contrast that the ink of a tile must keep."""
MIN_LIKENESS = 0.55
"""Correlation of the levels of a tile before and after."""


def legible(before: Image.Image, after: Image.Image, move: Move | None) -> bool:
    """Whether each place with ink in `before` is as it was in `after`, where `move` says that it is seen."""
    contrast, likeness = compare(before, after, move)
    return bool((contrast >= MIN_CONTRAST).all() and (likeness >= MIN_LIKENESS).all())


def compare(before: Image.Image, after: Image.Image, move: Move | None) -> tuple[np.ndarray, np.ndarray]:
    """Of each tile with ink the share of its contrast that is left, and its correlation, from -1 to 1."""
    old, new = _levels(before), _levels(after)
    rows, columns = (math.ceil(side / TILE) for side in old.shape)
    # tiles at the right and lower edges repeat the last pixels
    y, x = (
        np.minimum(np.arange(STEP // 2, number * TILE, STEP), side - 1)
        for number, side in zip((rows, columns), old.shape, strict=True)
    )
    places = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    if move is not None:
        places = np.floor(move.points(places + 0.5)).astype(int)
    seen_x, seen_y = places.T
    tiles = (rows, TILE // STEP, columns, TILE // STEP)
    shown = old[np.ix_(y, x)].reshape(tiles)
    seen = new[seen_y, seen_x].reshape(tiles)
    shown = shown - shown.mean(axis=(1, 3), keepdims=True)
    seen = seen - seen.mean(axis=(1, 3), keepdims=True)
    spread, new_spread = (np.sqrt((levels**2).mean(axis=(1, 3))) for levels in (shown, seen))
    together = (shown * seen).mean(axis=(1, 3))
    ink = spread >= MIN_INK
    contrast = together[ink] / spread[ink] ** 2
    return contrast, together[ink] / (spread[ink] * np.maximum(new_spread[ink], 1e-3))


def _levels(picture: Image.Image) -> np.ndarray:
    """Blurred levels of grey, of shape (height, width)."""
    return np.asarray(picture.convert("L").filter(ImageFilter.BoxBlur(BLUR)), dtype=np.float32)
