"""Light on a page: from one side, with shadows of a hand or a phone, in the fold of a book, of a flash."""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from data_engines.tools.degrade.fields import FIELD, choose_field, lit, slope, to_mask

MAX_SHADE = 0.45
"""Share of the light that may be missing in the darkest place."""
MAX_GLARE = 0.5
"""Share of the contrast that a flash may take in its middle."""
SHADOW = 160
"""Rows and columns on which shadows are drawn before they are enlarged."""


def shade(picture: Image.Image, amount: float, rng: np.random.Generator) -> Image.Image:
    """The picture in light from one side, often with the soft edge of a shadow."""
    across = slope(rng.uniform(0, 2 * math.pi))
    dark = 0.6 * across + 0.4 * choose_field(rng)
    if rng.random() < 0.5:
        edge = (slope(rng.uniform(0, 2 * math.pi)) - rng.uniform(0.25, 0.75)) / rng.uniform(0.02, 0.2)
        dark = 0.5 * dark + 0.5 / (1 + np.exp(-edge))
    return lit(picture, to_mask(1 - MAX_SHADE * amount * dark, picture.size))


def cast_shadow(picture: Image.Image, amount: float, rng: np.random.Generator) -> Image.Image:
    """The picture with the soft shadow of who takes it: a hand or a phone that reaches in from one side."""
    shadow = Image.new("L", (SHADOW, SHADOW))
    canvas = ImageDraw.Draw(shadow)
    angle = rng.uniform(0, 2 * math.pi)
    towards = np.array([math.cos(angle), math.sin(angle)])
    beside = np.array([-towards[1], towards[0]])
    tip = SHADOW * (rng.uniform(0.3, 0.7, 2) - 0.1 * towards)
    (_draw_phone if rng.random() < 0.5 else _draw_hand)(canvas, tip, towards, beside, SHADOW * 0.1)
    shadow = shadow.filter(ImageFilter.BoxBlur(rng.uniform(2, 9)))
    light = shadow.point([round(255 - MAX_SHADE * amount * level) for level in range(256)])
    return lit(picture, light.resize(picture.size, Image.Resampling.BILINEAR))


def darken_spine(picture: Image.Image, amount: float, rng: np.random.Generator) -> Image.Image:
    """The picture with the dark side of a book that does not lie flat on the glass."""
    depth = np.exp(-np.linspace(0, 1, FIELD) / rng.uniform(0.03, 0.12))
    depth = depth if rng.random() < 0.5 else depth[::-1]
    return lit(picture, to_mask(np.tile(1 - 1.4 * MAX_SHADE * amount * depth, (FIELD, 1)), picture.size))


def flash(picture: Image.Image, amount: float, rng: np.random.Generator) -> Image.Image:
    """The picture with the bright spot of a flash or a lamp, where ink is paler, and darker corners."""
    down, right = np.mgrid[0 : 1 : FIELD * 1j, 0 : 1 : FIELD * 1j]
    x, y = rng.uniform(0.1, 0.9, 2)
    far = np.hypot(right - x, down - y)
    spot = np.exp(-((far / rng.uniform(0.12, 0.4)) ** 2))
    picture = lit(picture, to_mask(1 - 0.5 * MAX_SHADE * amount * np.minimum(far, 1), picture.size))
    white = Image.new(picture.mode, picture.size, "white")
    return Image.composite(white, picture, to_mask(MAX_GLARE * amount * spot, picture.size))


def _draw_phone(
    canvas: ImageDraw.ImageDraw, tip: np.ndarray, towards: np.ndarray, beside: np.ndarray, unit: float
) -> None:
    far, near = tip + 14 * unit * towards, tip
    corners = [near - 2 * unit * beside, near + 2 * unit * beside, far + 2 * unit * beside]
    canvas.polygon([tuple(corner) for corner in [*corners, far - 2 * unit * beside]], fill=255)


def _draw_hand(
    canvas: ImageDraw.ImageDraw, tip: np.ndarray, towards: np.ndarray, beside: np.ndarray, unit: float
) -> None:
    palm = tip + 2.6 * unit * towards
    _draw_limb(canvas, palm, tip + 16 * unit * towards, 2.4 * unit)
    _draw_limb(canvas, palm + 0.5 * unit * towards, palm, 2.8 * unit)
    for place, length in ((-1.1, 2.0), (-0.4, 2.6), (0.4, 2.5), (1.1, 1.9)):
        root = palm + place * unit * beside
        _draw_limb(canvas, root, root + (0.35 * place * beside - length * towards) * unit, 0.6 * unit)


def _draw_limb(canvas: ImageDraw.ImageDraw, start: np.ndarray, end: np.ndarray, width: float) -> None:
    """A thick line with round ends."""
    canvas.line([tuple(start), tuple(end)], fill=255, width=round(width))
    for x, y in (start, end):
        canvas.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=255)
