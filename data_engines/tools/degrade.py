"""Makes a clean drawing look as scanners and cameras see it; texts and answers stay the same.

The paper may be skewed, tinted and grainy, the ink faded, the light uneven, the picture out of focus, of low
resolution, noisy and compressed. Nothing is mirrored or cut off, and legible texts stay legible: the limits
below are set for texts of about 20 pixels and more.
"""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from data_engines.engine import Drawing, PixelBox

CHANCE = 0.75
"""Probability of each effect at full strength."""
MAX_SKEW_DEGREES = 4.0
MAX_FADE = 0.45
"""Share of the ink's contrast that may be lost."""
MAX_SHADE = 0.45
"""Share of the light that may be missing in the darkest place."""
MAX_TINT = 45
"""Levels by which tinted paper may be below white, in each channel."""
MAX_GRAIN = 26
"""Levels between the lightest and the darkest grain of the paper."""
MAX_BLUR = 1.3
"""Radius of the blur in pixels."""
MIN_RESOLUTION = 0.6
"""Scale to which a picture may be reduced before it is enlarged again."""
MAX_NOISE = 11.0
"""Standard deviation of the noise in levels."""
MIN_QUALITY = 22
"""Quality of JPEG compression."""

FIELD = 32
"""Rows and columns of the grid of light, shadows and fading, which vary slowly over a picture."""
_NORMAL = np.array([NormalDist().inv_cdf((level + 0.5) / 256) for level in range(256)])
"""Maps uniformly distributed bytes to the normal distribution."""


@dataclass(frozen=True)
class Move:
    """A rotation of a picture around its middle, onto a canvas that holds all of it."""

    degrees: float
    """Angle of the rotation, clockwise."""
    old: tuple[int, int]
    """Width and height before the rotation."""
    new: tuple[int, int]

    def box(self, box: PixelBox) -> PixelBox:
        """The smallest upright box around a box after the rotation."""
        left, top, right, bottom = box
        corners = [self.point(x, y) for x in (left, right) for y in (top, bottom)]
        xs, ys = zip(*corners, strict=True)
        return min(xs), min(ys), max(xs), max(ys)

    def point(self, x: float, y: float) -> tuple[float, float]:
        cos, sin = self._turn()
        x, y = x - self.old[0] / 2, y - self.old[1] / 2
        return cos * x - sin * y + self.new[0] / 2, sin * x + cos * y + self.new[1] / 2

    def picture(self, picture: Image.Image, paper: tuple[int, ...]) -> Image.Image:
        cos, sin = self._turn()
        x, y = self.new[0] / 2, self.new[1] / 2
        # Pillow wants the map from points of the new picture to points of the old one
        back = (cos, sin, self.old[0] / 2 - cos * x - sin * y, -sin, cos, self.old[1] / 2 + sin * x - cos * y)
        how = Image.Transform.AFFINE, back, Image.Resampling.BILINEAR
        return picture.transform(self.new, *how, fillcolor=paper)

    def _turn(self) -> tuple[float, float]:
        return math.cos(math.radians(self.degrees)), math.sin(math.radians(self.degrees))


def degrade(drawing: Drawing, strength: float, rng: np.random.Generator) -> Drawing:
    """The drawing as a scanner or camera would see it; boxes move along with what they enclose.

    `strength` lies between 0, which leaves the drawing unchanged, and 1; the probability and the amount of
    each effect grow with it. The effects of each picture are chosen separately.
    """
    if strength == 0:
        return drawing
    pictures, moves = zip(*(_degrade(picture, strength, rng) for picture in drawing.pictures), strict=True)
    drawing = replace(drawing, pictures=pictures)
    move = moves[0]  # only drawings of one picture have boxes
    if move is None:
        return drawing
    boxes = [answer.box and move.box(answer.box) for answer in drawing.answers]
    answers = [replace(answer, box=box) for answer, box in zip(drawing.answers, boxes, strict=True)]
    regions = [replace(region, box=move.box(region.box)) for region in drawing.regions]
    return replace(drawing, answers=tuple(answers), regions=tuple(regions))


def without_colors(picture: Image.Image) -> Image.Image:
    """The RGB picture, or one channel of it if it is grey, as most pages are: that is faster to process."""
    red, green, blue = (channel.tobytes() for channel in picture.split())
    return picture.getchannel(0) if red == green == blue else picture


def _degrade(
    picture: Image.Image, strength: float, rng: np.random.Generator
) -> tuple[Image.Image, Move | None]:
    """The picture, and its rotation, or None if it was not rotated."""
    picture = without_colors(picture)
    move = None
    if rng.random() < CHANCE * strength:
        move = _choose_move(rng, picture.size, strength)
        picture = move.picture(picture, _paper_color(picture))
    for effect in (_fade, _soften, _age, _shade, _add_noise, _compress):
        if rng.random() < CHANCE * strength:
            picture = effect(picture, _choose_amount(rng, strength), rng)
    return picture.convert("RGB"), move


def _choose_amount(rng: np.random.Generator, strength: float) -> float:
    return strength * rng.uniform(0.3, 1)


def _choose_move(rng: np.random.Generator, size: tuple[int, int], strength: float) -> Move:
    degrees = MAX_SKEW_DEGREES * _choose_amount(rng, strength) * rng.choice([-1, 1])
    cos, sin = math.cos(math.radians(degrees)), abs(math.sin(math.radians(degrees)))
    width, height = size
    return Move(degrees, size, (math.ceil(width * cos + height * sin), math.ceil(width * sin + height * cos)))


def _paper_color(picture: Image.Image) -> tuple[int, ...]:
    """The median colour of the picture's edge."""
    width, height = picture.size
    right, bottom = width - 1, height - 1
    sides = [(0, 0, width, 1), (0, bottom, width, height), (0, 0, 1, height), (right, 0, width, height)]
    pixels = [np.asarray(picture.crop(side)).reshape(-1, len(picture.getbands())) for side in sides]
    return tuple(int(level) for level in np.median(np.concatenate(pixels), axis=0))


def _fade(picture: Image.Image, amount: float, rng: np.random.Generator) -> Image.Image:
    """The picture with ink that has faded, more in some places than in others."""
    kept = 1 - MAX_FADE * amount * _choose_field(rng)
    paper = Image.new(picture.mode, picture.size, _paper_color(picture))
    return Image.composite(picture, paper, _to_mask(kept, picture.size))


def _age(picture: Image.Image, amount: float, rng: np.random.Generator) -> Image.Image:
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


def _shade(picture: Image.Image, amount: float, rng: np.random.Generator) -> Image.Image:
    """The picture in light from one side, often with the soft edge of a shadow."""
    angle = rng.uniform(0, 2 * math.pi)
    across = _slope(angle)
    dark = 0.6 * across + 0.4 * _choose_field(rng)
    if rng.random() < 0.5:
        edge = (_slope(rng.uniform(0, 2 * math.pi)) - rng.uniform(0.25, 0.75)) / rng.uniform(0.02, 0.2)
        dark = 0.5 * dark + 0.5 / (1 + np.exp(-edge))
    light = _to_mask(1 - MAX_SHADE * amount * dark, picture.size)
    return ImageChops.multiply(picture, Image.merge(picture.mode, [light] * len(picture.getbands())))


def _soften(picture: Image.Image, amount: float, rng: np.random.Generator) -> Image.Image:
    """The picture out of focus, or at a lower resolution; both at once could make texts illegible."""
    if rng.random() < 0.5:
        # a lens out of focus blurs evenly, as a box does; a Gaussian would also take three times as long
        return picture.filter(ImageFilter.BoxBlur(MAX_BLUR * amount))
    scale = 1 - (1 - MIN_RESOLUTION) * amount
    small = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    back = Image.Resampling.BILINEAR if rng.random() < 0.5 else Image.Resampling.BICUBIC
    return picture.resize(small, Image.Resampling.BILINEAR).resize(picture.size, back)


def _add_noise(picture: Image.Image, amount: float, rng: np.random.Generator) -> Image.Image:
    """The picture with the noise of a sensor, which is separate for each channel."""
    table = np.clip(128 + MAX_NOISE * amount * _NORMAL, 0, 255).round().tolist()
    num_bands = len(picture.getbands())
    num_drawn = num_bands if rng.random() < 0.5 else 1
    bands = [
        Image.frombytes("L", picture.size, rng.bytes(picture.width * picture.height)).point(table)
        for _ in range(num_drawn)
    ]
    noise = Image.merge(picture.mode, bands * (num_bands // num_drawn))
    return ImageChops.add(picture, noise, offset=-128)


def _compress(picture: Image.Image, amount: float, rng: np.random.Generator) -> Image.Image:
    """The picture after JPEG compression."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=round(95 - (95 - MIN_QUALITY) * amount))
    return Image.open(file)


def _choose_field(rng: np.random.Generator) -> np.ndarray:
    """A smooth random field between 0 and 1, of shape (FIELD, FIELD)."""
    coarse = Image.fromarray(rng.random((4, 4), dtype=np.float32))
    return np.clip(np.asarray(coarse.resize((FIELD, FIELD), Image.Resampling.BICUBIC)), 0, 1)


def _slope(angle: float) -> np.ndarray:
    """A slope between 0 and 1 that rises towards `angle`, of shape (FIELD, FIELD)."""
    down, right = np.mgrid[-0.5 : 0.5 : FIELD * 1j, -0.5 : 0.5 : FIELD * 1j]
    reach = abs(math.cos(angle)) + abs(math.sin(angle))
    return (right * math.cos(angle) + down * math.sin(angle)) / reach + 0.5


def _to_mask(shares: np.ndarray, size: Sequence[int]) -> Image.Image:
    """A small field of shares from 0 to 1 as a picture of `size` with levels from 0 to 255."""
    small = Image.fromarray((255 * shares).round().astype(np.uint8))
    return small.resize((size[0], size[1]), Image.Resampling.BILINEAR)
