"""The ink of one text on a flat surface: in a line, shaped where it needs that, or in a column."""

from typing import Literal

from PIL import Image, ImageDraw

from data_engines.tools.fonts import Font
from data_engines.tools.shaping import Direction, check_glyphs, setting
from data_engines.tools.vertical import Column, check_columns

Way = Direction | Literal["column"] | None
"""How a text runs: its direction where it needs shaping, down a column, or None for a plain line."""


def measure(text: str, font: Font, way: Way) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a text with the white beside it, from where it starts in pixels."""
    if way == "column":
        return ink_of(text, font, way)
    return setting(font, way).font.getbbox(text, anchor="ls", direction=way)


def ink_of(text: str, font: Font, way: Way) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the ink of a text from where it starts, in pixels."""
    if way == "column":
        return (0, 0, *Column(font).standing(text).size)
    return setting(font, way).ink(text)


def write(surface: Image.Image, x: float, y: float, text: str, font: Font, way: Way) -> None:
    """Writes a text as white ink that starts at a place: on the baseline, or where a column's ink begins."""
    if way == "column":
        surface.paste(255, (round(x), round(y)), Column(font).standing(text))
    else:
        canvas, face = ImageDraw.Draw(surface), setting(font, way).font
        canvas.text((x, y), text, 255, face, anchor="ls", direction=way)


def check_letters(text: str, font: Font, way: Way) -> None:
    """Raises a Reject for a text with a character that its font cannot set this way."""
    if way == "column":
        check_columns(text, font)
    elif way:
        check_glyphs(text, font)
