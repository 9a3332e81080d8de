"""Paper and ink: faded, tinted and grainy, with the back showing through, with stamps and punched holes."""

import math

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from data_engines.engine import Rgb
from data_engines.tools.chance import one_of
from data_engines.tools.degrade.fields import blank_paper, choose_field, to_mask

MAX_FADE = 0.45
"""Share of the ink's contrast that may be lost."""
MAX_TINT = 45
"""Levels by which tinted paper may be below white, in each channel."""
MAX_GRAIN = 26
"""Levels between the lightest and the darkest grain of the paper."""
MAX_BLEED = 0.2
"""Share of the ink's contrast with which the back of a sheet may show through."""
STAMP_INKS: tuple[Rgb, ...] = ((215, 40, 55), (40, 55, 205), (120, 45, 190), (30, 150, 80))
"""With `MAX_STAMP` none is so pure that a stamp could be taken for a frame that a question names."""
MAX_STAMP = 0.65
"""Share of its colour that a stamp may have."""
MIN_MARGIN_PIXELS = 36
"""Of a margin without ink where holes are punched."""
INK_LEVELS = 40
"""By which ink differs from paper, where a margin is measured."""


def fade(picture: Image.Image, amount: float, rng: np.random.Generator) -> Image.Image:
    """The picture with ink that has faded, more in some places than in others."""
    kept = 1 - MAX_FADE * amount * choose_field(rng)
    return Image.composite(picture, blank_paper(picture), to_mask(kept, picture.size))


def age(picture: Image.Image, amount: float, rng: np.random.Generator) -> Image.Image:
    """The picture on paper that is tinted and has a grain."""
    # old paper yellows: it loses most blue and least red
    tint = np.sort(rng.integers(0, round(MAX_TINT * amount), 3, endpoint=True))
    if rng.random() < 0.25:
        tint = tint[rng.permutation(3)]
    coarseness = int(rng.integers(2, 6))
    width, height = (max(2, side // coarseness) for side in picture.size)
    grain = Image.frombytes("L", (width, height), rng.bytes(width * height))
    grain = grain.filter(ImageFilter.BoxBlur(1)).resize(picture.size, Image.Resampling.BILINEAR)
    levels = np.arange(256)
    # blurring has pulled the levels of the grain towards the middle
    dark = np.clip((levels - 64) / 128, 0, 1) * MAX_GRAIN * amount
    paper = Image.merge("RGB", [grain.point((255 - loss - dark).round().tolist()) for loss in tint])
    return ImageChops.multiply(picture.convert("RGB"), paper)


def bleed_through(picture: Image.Image, amount: float, rng: np.random.Generator) -> Image.Image:
    """The picture on thin paper: the back, which looks like the front, shows through, mirrored and faint."""
    back = ImageOps.mirror(picture).filter(ImageFilter.BoxBlur(rng.uniform(0.5, 2)))
    shift = rng.uniform(-0.1, 0.1, 2) * picture.size
    back = ImageChops.offset(back, *shift.astype(int).tolist())
    faint = Image.blend(blank_paper(picture), back, MAX_BLEED * amount)
    return ImageChops.darker(picture, faint)


def stamp(picture: Image.Image, amount: float, rng: np.random.Generator) -> Image.Image:
    """The picture with a coloured stamp that lets the text below be read.

    It has no letters: they would be on the paper and not in the answer, which would teach to pass over
    printed texts. Stamps that are to be read are drawn by the kind `seal`.
    """
    side = min(300, round(rng.uniform(0.3, 0.7) * min(picture.size)))
    mark = Image.new("L", (2 * side, 2 * side))
    one_of(rng, (_draw_round_stamp, _draw_square_stamp, _draw_postmark))(ImageDraw.Draw(mark), 2 * side, rng)
    mark = mark.rotate(rng.uniform(-35, 35), Image.Resampling.BILINEAR).reduce(2)
    # ink that did not reach the paper everywhere
    cells = side // 3 + 1
    worn = Image.frombytes("L", (cells, cells), rng.bytes(cells**2)).resize(mark.size)
    worn = worn.filter(ImageFilter.BoxBlur(1)).point([min(255, 90 + 2 * level) for level in range(256)])
    strength = MAX_STAMP * (0.5 + 0.5 * amount)
    mark = ImageChops.multiply(mark, worn).point([round(strength * level) for level in range(256)])
    x, y = (rng.random(2) * np.subtract(picture.size, side)).astype(int).tolist()
    result = picture.convert("RGB")
    below = result.crop((x, y, x + side, y + side))
    inked = ImageChops.multiply(below, Image.new("RGB", below.size, one_of(rng, STAMP_INKS)))
    result.paste(inked, (x, y), mark)
    return result


def punch_holes(picture: Image.Image, amount: float, rng: np.random.Generator) -> Image.Image:
    """The picture with holes in its left margin, as the desk or the lid of a scanner shows through them.

    A page without a wide margin is left as it is. The amount says how many there are.
    """
    small = picture.convert("L").reduce(4)
    ink = abs(np.asarray(small, dtype=int) - np.median(np.asarray(small))) >= INK_LEVELS
    margin = 4 * int(np.append(ink.any(axis=0), True).argmax())
    if margin < MIN_MARGIN_PIXELS or picture.height < 8 * MIN_MARGIN_PIXELS:
        return picture
    radius = min(18.0, margin * rng.uniform(0.25, 0.33))
    x = margin * rng.uniform(0.4, 0.55)
    level = int(rng.integers(20, 120))
    holes = Image.new("L", (margin, picture.height))
    canvas = ImageDraw.Draw(holes)
    number = 2 if amount < 0.5 else 4
    for y in picture.height * (0.5 + np.arange(0.5 - number / 2, number / 2) * 0.8 / number):
        canvas.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    result = picture.copy()
    result.paste((level,) * len(picture.getbands()), (0, 0), holes.filter(ImageFilter.BoxBlur(0.7)))
    return result


def _draw_round_stamp(canvas: ImageDraw.ImageDraw, side: int, rng: np.random.Generator) -> None:
    """Two rings round a star."""
    width = max(2, side // 30)
    for inset in (0.02, 0.02 + rng.uniform(0.08, 0.16)):
        low, high = inset * side, (1 - inset) * side - 1
        canvas.ellipse((low, low, high, high), outline=255, width=width)
    turns = np.arange(10) * math.pi / 5 - math.pi / 2
    reach = side * np.where(np.arange(10) % 2, 0.08, 0.2)
    points = np.stack([np.cos(turns), np.sin(turns)], axis=1) * reach[:, None] + side / 2
    canvas.polygon([tuple(point) for point in points], fill=255)


def _draw_square_stamp(canvas: ImageDraw.ImageDraw, side: int, rng: np.random.Generator) -> None:
    """A double frame round slanting bars."""
    high = rng.uniform(0.2, 0.35) * side
    box = (0.06 * side, side / 2 - high, 0.94 * side, side / 2 + high)
    gap = 0.035 * side
    inner = (box[0] + gap, box[1] + gap, box[2] - gap, box[3] - gap)
    canvas.rounded_rectangle(box, radius=0.06 * side, outline=255, width=max(2, side // 40))
    canvas.rounded_rectangle(inner, radius=0.04 * side, outline=255, width=max(1, side // 90))
    for x in np.linspace(inner[0] + 3 * gap, inner[2] - 3 * gap, int(rng.integers(5, 9))):
        ends = [(x + gap, inner[1] + 2 * gap), (x - gap, inner[3] - 2 * gap)]
        canvas.line(ends, fill=255, width=max(2, side // 50))


def _draw_postmark(canvas: ImageDraw.ImageDraw, side: int, rng: np.random.Generator) -> None:
    """A ring, and waves beside it."""
    width = max(2, side // 60)
    ring = (0.04 * side, 0.28 * side, 0.48 * side, 0.72 * side)
    canvas.ellipse(ring, outline=255, width=width)
    canvas.ellipse((0.1 * side, 0.34 * side, 0.42 * side, 0.66 * side), outline=255, width=width)
    along = np.linspace(0.5, 0.97, 60)
    phase = rng.uniform(0, 2 * math.pi)
    for middle in np.linspace(0.34, 0.66, int(rng.integers(4, 7))):
        waves = middle + 0.015 * np.sin(along * 2 * math.pi / 0.16 + phase)
        canvas.line([(side * x, side * y) for x, y in zip(along, waves, strict=True)], fill=255, width=width)
