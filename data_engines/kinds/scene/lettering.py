"""The ink of one text on a flat surface: in a line, shaped where it needs that, or in a column."""

from typing import Literal

from PIL import Image, ImageDraw

from data_engines.tools.fonts import Font
from data_engines.tools.shaping import Direction, check_glyphs, setting
from data_engines.tools.vertical import Column, check_columns

Way = Direction | Literal["column"] | None
"""How a text runs: its direction where it needs shaping, down a column, or None for a plain line."""


def measure(text: str, font: Font, way: Way) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a text from where it starts, in pixels."""
    if way == "column":
        return (0, 0, *Column(font).standing(text).size)
    return setting(font, way).font.getbbox(text, anchor="ls", direction=way)


def write(surface: Image.Image, left: float, top: float, text: str, font: Font, way: Way) -> None:
    """Writes a text as white ink; `left` and `top` are those of what `measure` measures."""
    if way == "column":
        ink = Column(font).standing(text)
        surface.paste(255, (round(left), round(top)), ink)
        return
    start, above, _, _ = measure(text, font, way)
    canvas = ImageDraw.Draw(surface)
    canvas.text((left - start, top - above), text, 255, setting(font, way).font, anchor="ls", direction=way)


def check_letters(text: str, font: Font, way: Way) -> None:
    """Raises a Reject for a text with a character that its font cannot set this way."""
    if way == "column":
        check_columns(text, font)
    elif way:
        check_glyphs(text, font)
