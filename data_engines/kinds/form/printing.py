"""Prints sheets as pages, in dots of a thermal head or by the pins of a dot matrix; ink may be faded."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from data_engines.engine import PixelBox, Rgb
from data_engines.kinds.form.sheet import Sheet

Printer = Literal["page", "thermal", "pins"]
FIELD = 24
"""Rows and columns of the grid of faded ink."""
PIN = np.array([[1.0, 0.8], [0.8, 0.5]])
"""Ink that a pin leaves on two by two pixels."""


@dataclass(frozen=True)
class Print:
    """How a sheet is printed."""

    printer: Printer
    paper: Rgb
    ink: Rgb
    scale: tuple[float, float]
    """Pixels of the picture, across and down, for one of the sheet."""
    fade: float
    """Share of the ink that is missing where it is palest."""
    streaks: tuple[float, ...]
    """Places from 0 to 1 across where a dot of the head prints paler."""
    seed: int
    """Seed of the faded ink."""

    def size(self, sheet: Sheet) -> tuple[int, int]:
        return round(sheet.width * self.scale[0]), round(sheet.height * self.scale[1])


def in_picture(box: PixelBox, how: Print) -> PixelBox:
    """Where a box of a sheet is in its picture."""
    across, down = how.scale
    left, top, right, bottom = box
    return left * across, top * down, right * across, bottom * down


def print_sheet(sheet: Sheet, how: Print, *, with_lines: bool = True) -> Image.Image:
    """The picture of a sheet, with its lines or with its marks alone."""
    picture = Image.new("RGB", (sheet.width, sheet.height), how.paper)
    canvas = ImageDraw.Draw(picture)
    for mark in sheet.marks:
        mark.draw(canvas, how.ink)
    for line in sheet.lines if with_lines else ():
        for piece in line.pieces:
            piece.draw(canvas, how.ink)
    size = how.size(sheet)
    if how.printer == "pins":
        picture = picture.resize(size, Image.Resampling.NEAREST)
    elif size != picture.size:
        # a head's dots run into each other
        picture = picture.resize(size, Image.Resampling.BICUBIC)
    strength = _strength(how, size)
    return Image.composite(picture, Image.new("RGB", size, how.paper), strength) if strength else picture


def _strength(how: Print, size: tuple[int, int]) -> Image.Image | None:
    """A mask of the share of the ink that is left; None where all is."""
    if how.printer != "pins" and not how.fade and not how.streaks:
        return None
    rng = np.random.default_rng(how.seed)
    coarse = Image.fromarray(rng.random((FIELD, 4), dtype=np.float32)).resize(
        (FIELD, FIELD), Image.Resampling.BICUBIC
    )
    shares = 1 - how.fade * np.clip(np.asarray(coarse), 0, 1)
    field = Image.fromarray((255 * shares).astype(np.uint8)).resize(size, Image.Resampling.BILINEAR)
    if how.printer != "pins" and not how.streaks:
        return field
    levels = np.asarray(field, dtype=np.float32).copy()
    if how.printer == "pins":
        levels *= np.tile(PIN, (size[1] // 2 + 1, size[0] // 2 + 1))[: size[1], : size[0]]
    width = max(1, round(how.scale[0]))
    for place in how.streaks:
        column = int(place * (size[0] - width))
        levels[:, column : column + width] *= 0.45
    mask = Image.fromarray(levels.astype(np.uint8))
    return mask.filter(ImageFilter.BoxBlur(0.5)) if how.printer == "pins" else mask
