"""Lines of text as a hand writes them: letters of a font that lean and wander, each a little different."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from data_engines.engine import Reject
from data_engines.tools.corpora import word_spans
from data_engines.tools.fonts import Font, open_font
from data_engines.tools.warp import warp_patches

MAX_GAP = 0.4
"""Most room that is added between two words, as a share of the font's size."""


@dataclass(frozen=True)
class Hand:
    """The properties of the handwriting of a line."""

    slant: float
    """Pixels to the right per pixel up."""
    slope: float
    """Pixels up per pixel to the right."""
    wander: float
    """How far the line strays up and down, as a multiple of the font's size."""
    stretch: float
    """How far letters stray to either side, as a multiple of the font's size."""
    shake: float
    """How far parts of a letter stray, as a multiple of the font's size."""
    weight: float
    """Exponent applied to the coverage of each pixel: below 1, strokes get fatter."""
    pressure: float
    """Share of the ink that may be missing where the pen presses least."""


@dataclass(frozen=True)
class Stroke:
    """The ink of a line: a mask, and the point in it, in pixels, where the pen began."""

    mask: Image.Image
    x: int
    baseline: int


@dataclass(frozen=True)
class Glyph:
    """A character of a font."""

    ink: Image.Image | None
    left: int
    """Left edge of the ink, in pixels to the right of the pen."""
    top: int
    """Top edge of the ink, in pixels below the baseline: negative for most characters."""
    advance: float
    """Pixels by which the pen moves on."""


def write(text: str, font: Font, hand: Hand, seed: int) -> Stroke:
    """Writes one line of text. Raises a Reject if the font draws nothing."""
    rng = np.random.default_rng(seed)
    size = font[2]
    flat, start, baseline = _set(text, font, rng)
    reach = math.ceil(abs(hand.slant) * flat.height + (hand.stretch + 3 * hand.shake) * size)
    xs = np.arange(-reach, flat.width + reach + size, size * 2 // 3)
    # numbers between -1 and 1 that vary along the line, some from word to word, some from letter to letter
    drift, shift, swell = _choose_courses(rng, xs, 2.5 * size)
    lean_above, lean_below, lift = _choose_courses(rng, xs, 0.45 * size)
    fall = hand.wander * size * drift - hand.slope * (xs - start)
    swell = hand.shake * (lift + swell)

    def backward(columns: slice, y: np.ndarray) -> np.ndarray:
        """The points of the straight line that are seen in those columns at the heights `y`."""
        above = (baseline - y + fall[columns]) / size
        lean = lean_above[columns] * above + lean_below[columns] * (1 - above)
        x = xs[columns] + size * (hand.shake * lean - hand.slant * above - hand.stretch * shift[columns])
        return np.stack([x, baseline - size * above * (1 - swell[columns])], axis=1)

    # vertically `backward` is linear, so one patch can have the whole height of the line
    tops, bottoms = (baseline - (baseline - y) / (1 - swell) + fall for y in (0, flat.height))
    left, right = slice(None, -1), slice(1, None)
    top = np.floor(np.minimum(tops[left], tops[right])).astype(int)
    bottom = np.ceil(np.maximum(bottoms[left], bottoms[right])).astype(int)
    sources = [backward(*corner) for corner in ((left, top), (left, bottom), (right, bottom), (right, top))]
    corner = np.array([-reach, top.min()])
    patches = np.stack([xs[left], top, xs[right], bottom], axis=1) - np.tile(corner, 2)
    extent = int(patches[-1, 2]), int(patches[:, 3].max())
    mask = warp_patches(flat, extent, patches, np.stack(sources, axis=1))
    shares = np.linspace(0, 1, 256) ** hand.weight
    mask = mask.point(np.rint(255 * shares).astype(int).tolist())
    mask = ImageChops.multiply(mask, _press(rng, hand, mask.size, size))
    return Stroke(mask, start - int(corner[0]), baseline - int(corner[1]))


def fit(text: str, font: Font, room: float) -> str:
    """The words from the start of a text that almost certainly fit on `room` pixels."""
    reach, end = 0.0, 0
    for word_end, gap in _words(text, font[2]):
        reach += sum(_glyph(font, character).advance for character in text[end:word_end])
        if reach > room:
            break
        reach, end = reach + 0.6 * gap, word_end
    return text[:end]


def _words(text: str, size: int) -> list[tuple[int, float]]:
    """The end of each word of a text, and the pixels that may be added after the word."""
    ends = [end for _, end in word_spans(text)]
    # Chinese characters have no space between them that could vary, so little is added
    return [(end, size * (MAX_GAP if text[end : end + 1] == " " else 0.1)) for end in ends]


@lru_cache(maxsize=8192)
def _glyph(font: Font, character: str) -> Glyph:
    """The glyph of a character; kept for later lines, as drawing glyphs takes most of the time."""
    face = open_font(*font)
    left, top, right, bottom = map(int, face.getbbox(character, anchor="ls"))
    ink = Image.new("L", (right - left, bottom - top))
    ImageDraw.Draw(ink).text((-left, -top), character, 255, face, anchor="ls")
    box, advance = ink.getbbox(), face.getlength(character)
    if box is None:
        return Glyph(None, 0, 0, advance)
    return Glyph(ink.crop(box), left + box[0], top + box[1], advance)


def _set(text: str, font: Font, rng: np.random.Generator) -> tuple[Image.Image, int, int]:
    """A text on a straight line, with uneven spaces, and the point of the picture where the pen starts.

    The picture ends one pixel beyond the ink.
    """
    x, start = 0.0, 0
    inks: list[tuple[Image.Image, int, int]] = []
    for end, gap in _words(text, font[2]):
        for character in text[start:end]:
            glyph = _glyph(font, character)
            if glyph.ink:
                inks.append((glyph.ink, round(x) + glyph.left, glyph.top))
            x += glyph.advance
        x, start = x + gap * rng.uniform(0.05, 1), end
    if not inks:
        raise Reject("line without ink")
    left, top = min(x for _, x, _ in inks) - 1, min(y for _, _, y in inks) - 1
    right, bottom = max(x + ink.width for ink, x, _ in inks), max(y + ink.height for ink, _, y in inks)
    flat = Image.new("L", (right + 1 - left, bottom + 1 - top))
    canvas = ImageDraw.Draw(flat)
    for ink, x, y in inks:
        canvas.bitmap((x - left, y - top), ink, 255)
    return flat, -left, -top


def _choose_courses(rng: np.random.Generator, xs: np.ndarray, step: float) -> list[np.ndarray]:
    """Three courses of numbers between -1 and 1 at `xs`; they change about every `step` pixels."""
    knots = np.arange(xs[0], xs[-1] + step, step)
    return [np.interp(xs, knots, values) for values in rng.uniform(-1, 1, (3, len(knots)))]


def _press(rng: np.random.Generator, hand: Hand, extent: tuple[int, int], size: int) -> Image.Image:
    """A mask of the share of the ink that the pen leaves along a line."""
    levels = 255 * (1 - hand.pressure * rng.random((1, max(2, extent[0] // size))))
    along = Image.fromarray(levels.astype(np.uint8)).resize((extent[0], 1), Image.Resampling.BILINEAR)
    return along.resize(extent, Image.Resampling.NEAREST)
