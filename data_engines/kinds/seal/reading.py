"""The texts of a seal read back from its picture, by comparison with the font's own characters."""

from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from data_engines.kinds.seal.ring import unroll
from data_engines.kinds.seal.spec import Arc, Line, Spec
from data_engines.tools.fonts import open_font

SCALE = 2
"""Times as large as the picture are the characters drawn, before they are turned."""
MIN_LIKENESS = 0.65
"""Correlation of what is seen with the font's own characters, both slightly blurred."""
BLUR = 1.0
"""Pixels, before characters are compared."""


def read_texts(level: Image.Image, spec: Spec) -> list[str]:
    """The texts along the ring and across the seal, as they are seen; an empty one where none is.

    Args:
        level: ink on each pixel, 255 for all of it, of the picture turned back by its tilt.
        spec: says where texts stand and how large they are.
    """
    level = _blurred(level)
    return [
        *(_read_arc(level, arc, spec) for arc in spec.arcs),
        *(_read_line(level, line, spec) for line in spec.lines),
    ]


def _read_arc(level: Image.Image, arc: Arc, spec: Spec) -> str:
    """The text along the ring: for each character that of the text which it is most like."""
    side = round(arc.size * 1.1)
    expected = {character: _expected(character, spec, arc.size, side) for character in arc.text}
    seen = unroll(level, arc.ring, np.array(arc.angles), side, arc.is_lower)
    # digits stand closer than a square is wide
    width = round(open_font(*spec.font, arc.size).getlength(arc.text[0]))
    columns = slice(max(0, (side - width) // 2), (side + width + 1) // 2)
    return "".join(
        _most_like(pixels[:, columns], {name: font[:, columns] for name, font in expected.items()})
        for pixels in seen
    )


def _read_line(level: Image.Image, line: Line, spec: Spec) -> str:
    """The text across the seal, if it is seen there."""
    width = round(open_font(*spec.font, line.size).getlength(line.text)) + 2
    height = round(line.size * 1.1)
    side = max(width, height)
    rows, columns = (slice((side - extent) // 2, (side + extent) // 2) for extent in (height, width))
    left, top = (round(place - side / 2) for place in line.center)
    pixels = np.asarray(level.crop((left, top, left + side, top + side)), dtype=float)[rows, columns]
    expected = _expected(line.text, spec, line.size, side)[rows, columns]
    return _most_like(255 - pixels if spec.is_carved else pixels, {line.text: expected})


def _most_like(seen: np.ndarray, expected: Mapping[str, np.ndarray]) -> str:
    """The text whose picture correlates best with what is seen; an empty one if none does."""
    likeness = {
        text: float(np.corrcoef(seen.ravel(), pixels.ravel())[0, 1]) for text, pixels in expected.items()
    }
    best = max(likeness, key=likeness.__getitem__)
    return best if likeness[best] >= MIN_LIKENESS else ""


def _expected(text: str, spec: Spec, size: int, side: int) -> np.ndarray:
    """A text as the check should see it upright, float, `(side, side)`."""
    large = upright(text, spec, size * SCALE, side * SCALE)
    return np.asarray(_blurred(large.resize((side, side), Image.Resampling.BOX)), dtype=float)


def _blurred(picture: Image.Image) -> Image.Image:
    """Without what half a pixel more or less to the side would change."""
    return picture.filter(ImageFilter.GaussianBlur(BLUR))


def upright(text: str, spec: Spec, size: int, side: int) -> Image.Image:
    """A text of a size in the middle of a square, white on black."""
    tile = Image.new("L", (side, side))
    ImageDraw.Draw(tile).text((side / 2, side / 2), text, 255, open_font(*spec.font, size), anchor="mm")
    return tile
