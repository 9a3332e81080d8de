"""What cameras, screens, copiers and files do to a picture: blur, noise, a screen's grid and moiré, JPEG."""

import io
import math
from statistics import NormalDist

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from data_engines.tools.degrade.fields import choose_field, lit, paper_color, to_mask

MAX_BLUR = 1.3
"""Radius of the blur in pixels."""
MIN_RESOLUTION = 0.6
"""Scale to which a picture may be reduced before it is enlarged again."""
COPY_RESOLUTIONS = (0.8, 1.5)
"""Scales at which a picture may be copied in black and white, from the most to the least amount."""
MAX_NOISE = 11.0
"""Standard deviation of the noise in levels."""
MIN_QUALITY = 22
"""Quality of JPEG compression."""
MAX_GRID = 0.3
"""Share of the light that is missing between the pixels of a screen."""
MAX_MOIRE = 0.24
"""Share of the light that is missing in the dark bands of a moiré."""
MIN_COPIED_LEVELS = 60
"""Between paper and ink of what a copier can tell apart."""
MAX_SPECKS = 0.0006
"""Share of the pixels of a copy that are specks."""
MAX_STREAK = 0.35
"""Share of the light that is missing in a streak."""

_NORMAL = np.array([NormalDist().inv_cdf((level + 0.5) / 256) for level in range(256)])
"""Maps uniformly distributed bytes to the normal distribution."""


def soften(picture: Image.Image, amount: float, rng: np.random.Generator) -> Image.Image:
    """The picture out of focus, or at a lower resolution; both at once could make texts illegible."""
    if rng.random() < 0.5:
        # a lens out of focus blurs evenly, as a box does; a Gaussian would also take three times as long
        return picture.filter(ImageFilter.BoxBlur(MAX_BLUR * amount))
    back = Image.Resampling.BILINEAR if rng.random() < 0.5 else Image.Resampling.BICUBIC
    small = _scaled(picture, 1 - (1 - MIN_RESOLUTION) * amount)
    return small.resize(picture.size, back)


def add_noise(picture: Image.Image, amount: float, rng: np.random.Generator) -> Image.Image:
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


def compress(picture: Image.Image, amount: float, rng: np.random.Generator) -> Image.Image:
    """The picture after JPEG compression, at times a second one with other blocks, as of what is sent on."""
    picture = _as_jpeg(picture, amount)
    if rng.random() < 0.6:
        return picture
    left, top = rng.integers(1, 8, 2).tolist()
    width, height = picture.size
    # the border goes on with the pixels of the edge's own colour and is cut off again
    framed = Image.new(picture.mode, (width + left, height + top), paper_color(picture))
    framed.paste(picture, (left, top))
    return _as_jpeg(framed, amount * rng.uniform(0.5, 1)).crop((left, top, left + width, top + height))


def show_pixels(picture: Image.Image, amount: float, rng: np.random.Generator) -> Image.Image:
    """The picture on a screen: with another gamma, black that glows, and lines between the pixels."""
    gamma = 1 + 0.5 * amount * rng.uniform(-1, 1)
    glow = 60 * amount * rng.random()
    levels = glow + (255 - glow) * (np.arange(256) / 255) ** gamma
    picture = picture.point(levels.round().astype(int).tolist() * len(picture.getbands()))
    pitch, gap = int(rng.integers(3, 6)), 255 * (1 - MAX_GRID * amount)
    columns = np.where(np.arange(picture.width) % pitch == 0, gap, 255)
    rows = np.where(np.arange(picture.height) % pitch == 0, gap, 255)
    return lit(picture, Image.fromarray(np.minimum.outer(rows, columns).astype(np.uint8)))


def add_moire(picture: Image.Image, amount: float, rng: np.random.Generator) -> Image.Image:
    """The picture with the coloured bands that the grids of a screen and of a sensor make together."""
    angle, period = rng.uniform(0, math.pi), rng.uniform(10, 60)
    # a turn of the phase is 256 levels, so that bytes wrap as it does
    turns = 256 / period
    right = np.arange(picture.width) * math.cos(angle) * turns
    down = np.arange(picture.height) * math.sin(angle) * turns
    bends = np.asarray(to_mask(choose_field(rng), picture.size)).astype(np.uint16) * int(rng.integers(1, 8))
    straight = np.add.outer(down.astype(np.int32), right.astype(np.int32)) & 255
    phase = Image.fromarray(((straight + bends) & 255).astype(np.uint8))
    waves = 2 * math.pi * (np.arange(256)[None] / 256 + rng.uniform(0, 0.4, (3, 1)))
    light = 255 * (1 - MAX_MOIRE * amount * (0.5 + 0.5 * np.sin(waves)))
    bands = [phase.point(table.round().astype(int).tolist()) for table in light]
    return ImageChops.multiply(picture.convert("RGB"), Image.merge("RGB", bands))


def copy(picture: Image.Image, amount: float, rng: np.random.Generator) -> Image.Image:
    """A grey picture as a fax machine or an old copier gives it: black and white, ragged, with specks."""
    levels = np.asarray(picture)
    paper, ink = paper_color(picture)[0], int(np.percentile(levels, 0.5))
    if paper - ink < MIN_COPIED_LEVELS:
        return picture
    worst, best = COPY_RESOLUTIONS
    scanned = _scaled(picture, best - (best - worst) * amount)
    grain = np.frombuffer(rng.bytes(scanned.width * scanned.height), np.uint8).reshape(scanned.size[::-1])
    ragged = 0.3 * amount * (paper - ink) * (grain / 255 - 0.5)
    # thin strokes are grey, and would be lost half way between paper and ink
    limit = paper - (paper - ink) * rng.uniform(0.18, 0.35)
    black = np.asarray(scanned) + ragged < limit
    specks = rng.integers(0, black.size, round(MAX_SPECKS * amount * black.size))
    black.reshape(-1)[specks] = True
    result = Image.fromarray(np.where(black, rng.integers(0, 50), rng.integers(235, 256)).astype(np.uint8))
    return result.resize(picture.size, Image.Resampling.BILINEAR)


def streak(picture: Image.Image, amount: float, rng: np.random.Generator) -> Image.Image:
    """The picture with faint lines along or across it, of dirt on a roller or a dead point of a sensor."""
    width, height = picture.size if rng.random() < 0.5 else picture.size[::-1]
    light = np.full(width, 1.0)
    for _ in range(int(rng.integers(1, 5))):
        start = int(rng.integers(width))
        light[start : start + int(rng.integers(1, 4))] -= MAX_STREAK * amount * rng.uniform(0.3, 1)
    lines = Image.fromarray(np.tile((255 * light).round().astype(np.uint8), (height, 1)))
    lines = lines if lines.size == picture.size else lines.transpose(Image.Transpose.TRANSPOSE)
    return lit(picture, lines)


def _as_jpeg(picture: Image.Image, amount: float) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=round(95 - (95 - MIN_QUALITY) * amount))
    return Image.open(file)


def _scaled(picture: Image.Image, scale: float) -> Image.Image:
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.BILINEAR)
