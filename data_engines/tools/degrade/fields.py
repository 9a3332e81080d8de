"""What varies slowly over a picture, such as light, and the colour of its paper."""

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageChops

FIELD = 32
"""Rows and columns of the grid of light, shadows and fading."""


def choose_field(rng: np.random.Generator) -> np.ndarray:
    """A smooth random field between 0 and 1, of shape (FIELD, FIELD)."""
    coarse = Image.fromarray(rng.random((4, 4), dtype=np.float32))
    return np.clip(np.asarray(coarse.resize((FIELD, FIELD), Image.Resampling.BICUBIC)), 0, 1)


def slope(angle: float) -> np.ndarray:
    """A slope between 0 and 1 that rises towards `angle`, of shape (FIELD, FIELD)."""
    down, right = np.mgrid[-0.5 : 0.5 : FIELD * 1j, -0.5 : 0.5 : FIELD * 1j]
    reach = abs(math.cos(angle)) + abs(math.sin(angle))
    return (right * math.cos(angle) + down * math.sin(angle)) / reach + 0.5


def to_mask(shares: np.ndarray, size: Sequence[int]) -> Image.Image:
    """A small field of shares from 0 to 1 as a picture of `size` with levels from 0 to 255."""
    small = Image.fromarray((255 * shares).round().astype(np.uint8))
    return small.resize((size[0], size[1]), Image.Resampling.BILINEAR)


def lit(picture: Image.Image, light: Image.Image) -> Image.Image:
    """The picture in `light`, a grey picture of its size: 255 leaves a pixel as it is, 0 makes it black."""
    return ImageChops.multiply(picture, Image.merge(picture.mode, [light] * len(picture.getbands())))


def paper_color(picture: Image.Image) -> tuple[int, ...]:
    """The median colour of the picture's edge."""
    width, height = picture.size
    right, bottom = width - 1, height - 1
    sides = [(0, 0, width, 1), (0, bottom, width, height), (0, 0, 1, height), (right, 0, width, height)]
    pixels = [np.asarray(picture.crop(side)).reshape(-1, len(picture.getbands())) for side in sides]
    return tuple(int(level) for level in np.median(np.concatenate(pixels), axis=0))


def blank_paper(picture: Image.Image) -> Image.Image:
    """A picture of the same size and mode with nothing on its paper."""
    return Image.new(picture.mode, picture.size, paper_color(picture))
