"""From a clean drawing to one as scanners and cameras see it; texts and answers stay what they are.

The paper may be skewed, tinted and grainy, the ink faded, the light uneven, the picture out of focus, of low
resolution, noisy and compressed. Nothing is mirrored or cut away, and what could be read can still be read:
the limits below are set for texts from about 20 pixels up.
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
"""How likely each effect is at full strength."""
MAX_SKEW_DEGREES = 4.0
MAX_FADE = 0.45
"""Share of the ink's contrast that may be lost."""
MAX_SHADE = 0.45
"""Share of the light that may be missing in the darkest place."""
MAX_TINT = 45
"""Levels that a channel of white paper may lose to the paper's own colour."""
MAX_GRAIN = 26
"""Levels between the lightest and the darkest grain of the paper."""
MAX_BLUR = 1.3
"""Pixels to either side that a pixel is spread over."""
MIN_RESOLUTION = 0.6
"""Scale at which a picture may have been taken before it was enlarged."""
MAX_NOISE = 11.0
"""Standard deviation in levels."""
MIN_QUALITY = 22
"""Of JPEG files."""

FIELD = 32
"""Rows and columns at which light, shadows and fading are decided; they vary slowly over a picture."""
_NORMAL = np.array([NormalDist().inv_cdf((level + 0.5) / 256) for level in range(256)])
"""Maps evenly spread bytes to the normal distribution."""


@dataclass(frozen=True)
class Move:
    """A turn round the middle of a picture, onto a canvas that holds all of it."""

    degrees: float
    """Clockwise, as seen."""
    old: tuple[int, int]
    """Width and height before."""
    new: tuple[int, int]

    def box(self, box: PixelBox) -> PixelBox:
        """The box round what a box has become."""
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
        # Pillow asks where a point of the new picture comes from
        back = (cos, sin, self.old[0] / 2 - cos * x - sin * y, -sin, cos, self.old[1] / 2 + sin * x - cos * y)
        return picture.transform(
            self.new, Image.Transform.AFFINE, back, Image.Resampling.BILINEAR, fillcolor=paper
        )

    def _turn(self) -> tuple[float, float]:
        return math.cos(math.radians(self.degrees)), math.sin(math.radians(self.degrees))


def degrade(drawing: Drawing, strength: float, rng: np.random.Generator) -> Drawing:
    """The drawing as a scanner or camera would see it; boxes move along with what they enclose.

    `strength` is 0, for the very drawing given, up to 1; how likely each effect is grows with it, and so does
    how much of it there is. Each picture has a chance of its own.
    """
    if strength == 0:
        return drawing
    degraded = [_degrade(picture, strength, rng) for picture in drawing.pictures]
    move = degraded[0][1]  # boxes are about the only picture there is
    return replace(
        drawing,
        pictures=tuple(picture for picture, _ in degraded),
        answers=tuple(
            replace(answer, box=move.box(answer.box)) if move and answer.box else answer
            for answer in drawing.answers
        ),
        regions=tuple(
            replace(region, box=move.box(region.box)) if move else region for region in drawing.regions
        ),
    )


def without_colors(picture: Image.Image) -> Image.Image:
    """An RGB picture; with one channel if it is grey, as most pages are: faster to work on and to save."""
    red, green, blue = (channel.tobytes() for channel in picture.split())
    return picture.getchannel(0) if red == green == blue else picture


def _degrade(
    picture: Image.Image, strength: float, rng: np.random.Generator
) -> tuple[Image.Image, Move | None]:
    """The picture, and how it was turned if it was."""
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
    """What most of the picture's edge is like."""
    width, height = picture.size
    sides = [
        (0, 0, width, 1),
        (0, height - 1, width, height),
        (0, 0, 1, height),
        (width - 1, 0, width, height),
    ]
    pixels = [np.asarray(picture.crop(side)).reshape(-1, len(picture.getbands())) for side in sides]
    return tuple(int(level) for level in np.median(np.concatenate(pixels), axis=0))


def _fade(picture: Image.Image, amount: float, rng: np.random.Generator) -> Image.Image:
    """Ink that has lost colour, here more and there less."""
    kept = 1 - MAX_FADE * amount * _choose_field(rng)
    paper = Image.new(picture.mode, picture.size, _paper_color(picture))
    return Image.composite(picture, paper, _to_mask(kept, picture.size))


def _age(picture: Image.Image, amount: float, rng: np.random.Generator) -> Image.Image:
    """Paper with a colour and a grain of its own."""
    # old paper yellows: blue goes first, red last
    tint = np.sort(rng.integers(0, round(MAX_TINT * amount), 3, endpoint=True))
    if rng.random() < 0.25:
        tint = tint[rng.permutation(3)]
    coarseness = int(rng.integers(2, 6))
    width, height = (max(2, side // coarseness) for side in picture.size)
    grain = Image.frombytes("L", (width, height), rng.bytes(width * height))
    grain = grain.filter(ImageFilter.BoxBlur(1)).resize(picture.size, Image.Resampling.BILINEAR)
    levels = np.arange(256)
    # blurring has drawn the grain together round the middle level
    dark = np.clip((levels - 64) / 128, 0, 1) * MAX_GRAIN * amount
    paper = Image.merge("RGB", [grain.point((255 - loss - dark).round().tolist()) for loss in tint])
    return ImageChops.multiply(picture.convert("RGB"), paper)


def _shade(picture: Image.Image, amount: float, rng: np.random.Generator) -> Image.Image:
    """Light from one side, and often the soft edge of a shadow."""
    angle = rng.uniform(0, 2 * math.pi)
    across = _slope(angle)
    dark = 0.6 * across + 0.4 * _choose_field(rng)
    if rng.random() < 0.5:
        edge = (_slope(rng.uniform(0, 2 * math.pi)) - rng.uniform(0.25, 0.75)) / rng.uniform(0.02, 0.2)
        dark = 0.5 * dark + 0.5 / (1 + np.exp(-edge))
    light = _to_mask(1 - MAX_SHADE * amount * dark, picture.size)
    return ImageChops.multiply(picture, Image.merge(picture.mode, [light] * len(picture.getbands())))


def _soften(picture: Image.Image, amount: float, rng: np.random.Generator) -> Image.Image:
    """Out of focus, or taken at a lower resolution; both at once would take too much."""
    if rng.random() < 0.5:
        # a lens out of focus spreads light evenly; a Gaussian would also take three times as long
        return picture.filter(ImageFilter.BoxBlur(MAX_BLUR * amount))
    scale = 1 - (1 - MIN_RESOLUTION) * amount
    small = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    back = Image.Resampling.BILINEAR if rng.random() < 0.5 else Image.Resampling.BICUBIC
    return picture.resize(small, Image.Resampling.BILINEAR).resize(picture.size, back)


def _add_noise(picture: Image.Image, amount: float, rng: np.random.Generator) -> Image.Image:
    """The noise of a sensor: grey, or in each colour of a picture by itself."""
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
    """What a JPEG file keeps."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=round(95 - (95 - MIN_QUALITY) * amount))
    return Image.open(file)


def _choose_field(rng: np.random.Generator) -> np.ndarray:
    """Smooth patches between 0 and 1, of shape (FIELD, FIELD)."""
    coarse = Image.fromarray(rng.random((4, 4), dtype=np.float32))
    return np.clip(np.asarray(coarse.resize((FIELD, FIELD), Image.Resampling.BICUBIC)), 0, 1)


def _slope(angle: float) -> np.ndarray:
    """A slope between 0 and 1 that rises towards `angle`, of shape (FIELD, FIELD)."""
    down, right = np.mgrid[-0.5 : 0.5 : FIELD * 1j, -0.5 : 0.5 : FIELD * 1j]
    reach = abs(math.cos(angle)) + abs(math.sin(angle))
    return (right * math.cos(angle) + down * math.sin(angle)) / reach + 0.5


def _to_mask(shares: np.ndarray, size: Sequence[int]) -> Image.Image:
    """A small field of shares as a picture of `size` with levels to 255."""
    small = Image.fromarray((255 * shares).round().astype(np.uint8))
    return small.resize((size[0], size[1]), Image.Resampling.BILINEAR)
