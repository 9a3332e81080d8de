"""Lines of text as a hand writes them: letters of a font that lean, wander and are never twice the same."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from data_engines.engine import Reject
from data_engines.tools.corpora import word_spans
from data_engines.tools.fonts import open_font
from data_engines.tools.warp import warp

MAX_GAP = 0.4
"""Of the size of the font: what may be added between two words."""


Field = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Hand:
    """How a line is written."""

    slant: float
    """Pixels to the right per pixel up."""
    slope: float
    """Pixels up per pixel to the right."""
    wander: float
    """How far the line strays up and down, in sizes of the font; so are the next two."""
    stretch: float
    """How far letters stray to either side."""
    shake: float
    """How far parts of a letter stray."""
    weight: float
    """Exponent of how much a pixel is covered: below 1 strokes are fatter."""
    pressure: float
    """Share of the ink that may be missing where the pen presses least."""


@dataclass(frozen=True)
class Stroke:
    """The ink of a line: a mask, and where the writing began, in its pixels."""

    mask: Image.Image
    x: int
    baseline: int


def write(text: str, font: tuple[str, int, int], hand: Hand, seed: int) -> Stroke:
    """Writes one line of text in a font: file, number of the face in it, size in pixels.

    Raises:
        Reject: the font draws nothing, or more than it has room for.
    """
    rng = np.random.default_rng(seed)
    size = font[2]
    flat, pad, baseline = _set(text, font, rng)
    lean = math.ceil(abs(hand.slant) * flat.height)
    rise = math.ceil(abs(hand.slope) * flat.width + hand.wander * size)
    offset = np.array([lean, rise])
    words, letters = (np.arange(-size, flat.width + size, step * size) for step in (2.5, 0.45))
    draw_slow, draw_quick = _draw_field(rng, words, 3), _draw_field(rng, letters, 3)

    def backward(points: np.ndarray) -> np.ndarray:
        x, y = (points - offset).T
        (drift, stretch, swell), (lean_above, lean_below, lift) = draw_slow(x), draw_quick(x)
        y = y + hand.slope * (x - pad) - hand.wander * size * drift
        above = (baseline - y) / size
        x = x - hand.slant * size * above - hand.stretch * size * stretch
        x = x + hand.shake * size * (lean_above * above + lean_below * (1 - above))
        return np.stack([x, y + hand.shake * size * (lift + swell) * above], axis=1)

    extent = flat.width + 2 * lean, flat.height + 2 * rise
    # up and down `backward` is linear: one patch is as good as many
    mask = warp(flat, extent, backward, cell=(size * 2 // 3, extent[1]))
    mask = mask.point([round(255 * (level / 255) ** hand.weight) for level in range(256)])
    mask = ImageChops.multiply(mask, _press(rng, hand, mask.size, size))
    return Stroke(mask, pad + lean, baseline + rise)


def fit(text: str, font: tuple[str, int, int], room: float) -> str:
    """As many words from the start of a text as can be written on that many pixels, nearly always."""
    face, reach, end = open_font(*font), 0.0, 0
    for word_end, gap in _words(text, font[2]):
        reach += face.getlength(text[end:word_end])
        if reach > room:
            break
        reach, end = reach + 0.6 * gap, word_end
    return text[:end]


def _words(text: str, size: int) -> list[tuple[int, float]]:
    """Where each word of a text ends, and how many pixels may be added after it."""
    ends = [end for _, end in word_spans(text)]
    # between Chinese characters there is no space to vary, and no room for much
    return [(end, size * (MAX_GAP if text[end : end + 1] == " " else 0.1)) for end in ends]


def _set(text: str, font: tuple[str, int, int], rng: np.random.Generator) -> tuple[Image.Image, int, int]:
    """A text on a straight line, words at uneven distances; what is free on its left, and where it stands."""
    face, size = open_font(*font), font[2]
    pad, x, start = size // 2, size / 2, 0
    words = []
    for end, gap in _words(text, size):
        word = text[start:end]
        words.append((round(x), word))
        x, start = x + face.getlength(word) + gap * rng.uniform(0.05, 1), end
    ascent, descent = face.getmetrics()
    baseline = ascent + size // 4
    flat = Image.new("L", (math.ceil(x) + pad, baseline + descent + size // 4))
    canvas = ImageDraw.Draw(flat)
    for place, word in words:
        canvas.text((place, baseline), word, 255, face, anchor="ls")
    box = flat.getbbox()
    if box is None:
        raise Reject("line without ink")
    if min(box[:2]) == 0 or box[2] == flat.width or box[3] == flat.height:
        raise Reject("letters larger than their font says")
    return flat, pad, baseline


def _draw_field(rng: np.random.Generator, knots: np.ndarray, count: int) -> Field:
    """Numbers between -1 and 1 that change along a line: of shape (count, points) for points across it."""
    values = rng.uniform(-1, 1, (count, len(knots)))
    return lambda x: np.stack([np.interp(x, knots, row) for row in values])


def _press(rng: np.random.Generator, hand: Hand, extent: tuple[int, int], size: int) -> Image.Image:
    """How much of the ink the pen leaves along a line."""
    levels = 255 * (1 - hand.pressure * rng.random((1, max(2, extent[0] // size))))
    along = Image.fromarray(levels.astype(np.uint8)).resize((extent[0], 1), Image.Resampling.BILINEAR)
    return along.resize(extent, Image.Resampling.NEAREST)
