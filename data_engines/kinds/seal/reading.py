"""Reads the texts of a seal back from its picture, by comparing it with the characters of the font."""

from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from data_engines.kinds.seal.ring import unroll
from data_engines.kinds.seal.spec import Arc, Line, Spec
from data_engines.tools.fonts import open_font

SCALE = 2
"""Characters are drawn this many times larger than in the picture, before they are turned."""
MIN_LIKENESS = 0.65
"""Correlation between the picture and the characters of the font, both slightly blurred."""
BLUR = 1.0
"""Radius in pixels of the blur before characters are compared."""


def read_texts(level: Image.Image, spec: Spec) -> list[str]:
    """The texts along the ring and across the seal that the picture shows; an empty text where it shows none.

    Args:
        level: the ink on each pixel, 255 for full ink; the picture has been turned back by its tilt.
        spec: has the places and sizes of the texts.
    """
    level = _blurred(level)
    return [
        *(_read_arc(level, arc, spec) for arc in spec.arcs),
        *(_read_line(level, line, spec) for line in spec.lines),
    ]


def _read_arc(level: Image.Image, arc: Arc, spec: Spec) -> str:
    """The text along the ring: at each place, the character of the text that looks most like the picture."""
    side = round(arc.size * 1.1)
    expected = {
        character: _expected(character, spec, arc.size, side) for character in arc.text if character != " "
    }
    seen = unroll(level, arc.ring, np.array(arc.angles), side, arc.is_lower)
    # digits stand closer together than the sides of the square
    width = round(open_font(*spec.font, arc.size).getlength(arc.text[0]))
    columns = slice(max(0, (side - width) // 2), (side + width + 1) // 2)
    return "".join(
        # there is nothing to see where the name of a source has a space
        " "
        if character == " "
        else _most_like(pixels[:, columns], {name: font[:, columns] for name, font in expected.items()})
        for character, pixels in zip(arc.text, seen, strict=True)
    )


def _read_line(level: Image.Image, line: Line, spec: Spec) -> str:
    """The text across the seal if the picture shows it, else an empty text."""
    width = round(open_font(*spec.font, line.size).getlength(line.text)) + 2
    height = round(line.size * 1.1)
    side = max(width, height)
    rows, columns = (slice((side - extent) // 2, (side + extent) // 2) for extent in (height, width))
    left, top = (round(place - side / 2) for place in line.center)
    pixels = np.asarray(level.crop((left, top, left + side, top + side)), dtype=float)[rows, columns]
    expected = _expected(line.text, spec, line.size, side)[rows, columns]
    return _most_like(255 - pixels if spec.is_carved else pixels, {line.text: expected})


def _most_like(seen: np.ndarray, expected: Mapping[str, np.ndarray]) -> str:
    """The text whose picture correlates best with `seen`; an empty text if none reaches `MIN_LIKENESS`."""
    likeness = {
        text: float(np.corrcoef(seen.ravel(), pixels.ravel())[0, 1]) for text, pixels in expected.items()
    }
    best = max(likeness, key=likeness.__getitem__)
    return best if likeness[best] >= MIN_LIKENESS else ""


def _expected(text: str, spec: Spec, size: int, side: int) -> np.ndarray:
    """An upright text as the check should see it, float, `(side, side)`."""
    large = upright(text, spec, size * SCALE, side * SCALE)
    return np.asarray(_blurred(large.resize((side, side), Image.Resampling.BOX)), dtype=float)


def _blurred(picture: Image.Image) -> Image.Image:
    """The picture blurred so that a shift of half a pixel changes little."""
    return picture.filter(ImageFilter.GaussianBlur(BLUR))


def upright(text: str, spec: Spec, size: int, side: int) -> Image.Image:
    """A text in the middle of a square of `side` pixels, white on black."""
    tile = Image.new("L", (side, side))
    ImageDraw.Draw(tile).text((side / 2, side / 2), text, 255, open_font(*spec.font, size), anchor="mm")
    return tile
