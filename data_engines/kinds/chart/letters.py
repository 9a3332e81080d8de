"""Writes the texts of a chart on what a library drew, with Pillow.

Both libraries take more time for texts than for all the rest: Matplotlib shapes a text anew whenever it
measures or draws it, and Vega does so for each time that it looks for where its axes and legends end.
"""

import math
from collections.abc import Iterable

from PIL import Image, ImageDraw

from data_engines.kinds.chart.check import Written, written_at
from data_engines.kinds.chart.plan import Label, Look, font_of, ink_on, mark_color


def write_all(picture: Image.Image, labels: Iterable[Label], look: Look) -> tuple[Written, ...]:
    return tuple(_write(picture, label, look) for label in labels)


def _write(picture: Image.Image, label: Label, look: Look) -> Written:
    font = font_of(look, label.role)
    color = look.ink if label.mark is None else ink_on(mark_color(look, label.mark))
    x, y = round(label.x), round(label.y)
    box = font.getbbox(label.text, anchor=label.anchor)
    if label.angle == 0:
        ImageDraw.Draw(picture).text((x, y), label.text, color, font, anchor=label.anchor)
    else:
        # set about the middle of a square, which turning leaves where it is
        reach = math.ceil(max(map(abs, box))) + look.size
        square = Image.new("L", (2 * reach, 2 * reach))
        ImageDraw.Draw(square).text((reach, reach), label.text, 255, font, anchor=label.anchor)
        picture.paste(color, (x - reach, y - reach), square.rotate(label.angle, Image.Resampling.BICUBIC))
    return written_at(label.text, box, x, y, -label.angle)
