"""The ink of lines on a page: where it lies, whether it meets other ink, and what paper a pencil misses."""

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from data_engines.engine import Reject
from data_engines.kinds.handwriting.pen import Stroke

Place = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels."""
INKED = 96
"""Level of a mask from which a pixel counts as ink."""


def place_ink(stroke: Stroke, x: int, baseline: int) -> tuple[Image.Image, Place]:
    """The ink of a line whose pen begins at a point of the page, and its place there."""
    box = stroke.mask.getbbox()
    if box is None:
        raise Reject("line without ink")
    mask = stroke.mask.crop(box)
    left, top = x - stroke.x + box[0], baseline - stroke.baseline + box[1]
    return mask, (left, top, left + mask.width, top + mask.height)


def touch(mask: Image.Image, place: Place, other: Image.Image, other_place: Place) -> bool:
    """Whether the two masks have ink on a common pixel of the page."""
    left, top = map(max, place[:2], other_place[:2])
    right, bottom = map(min, place[2:], other_place[2:])
    if left >= right or top >= bottom:
        return False
    parts = [
        ink.crop((left - x, top - y, right - x, bottom - y))
        for ink, (x, y, _, _) in ((mask, place), (other, other_place))
    ]
    return any(ImageChops.darker(*parts).histogram()[INKED:])


def grained(mask: Image.Image, grain: float, rng: np.random.Generator) -> Image.Image:
    """The ink of a pencil, which the hollows of the paper miss."""
    if not grain:
        return mask
    hollows = Image.frombytes("L", mask.size, rng.bytes(mask.width * mask.height)).filter(
        ImageFilter.BoxBlur(0.7)
    )
    kept = [round(255 * (1 - grain * min(1, max(0, (level - 80) / 100)))) for level in range(256)]
    return ImageChops.multiply(mask, hollows.point(kept))
