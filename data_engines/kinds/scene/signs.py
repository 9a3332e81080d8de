"""Texts on a background: in a colour that stands out there, with an outline, a shadow or a plate."""

import colorsys
import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from data_engines.engine import Reject, Rgb
from data_engines.kinds.scene.lettering import Way, measure, write
from data_engines.kinds.scene.surface import light_on, lit
from data_engines.tools.boxes import Box
from data_engines.tools.fonts import Font
from data_engines.tools.warp import Warp

PADDING = 0.3
"""Room round a text for its plate, outline or shadow, as a share of the font's size."""
MIN_CONTRAST = 45
"""Levels between a text and its surroundings."""
PAINT_DEPTH = 0.25
"""How much darker paint may be where the surface is, from 0 to 1."""
THIN = 90
"""Least ink, of 255, that the strongest place of a letter must have."""
MAX_BLUR = 0.8
"""Greatest radius of the blur that a picture may get, in pixels."""
MAX_ALIKE = 0.15
"""Share of a letter's surroundings that may have less contrast to it."""

SignStyle = Literal["plain", "outline", "shadow", "plate"]


@dataclass(frozen=True)
class Tint:
    """A colour without its lightness, which depends on the place where the colour is used."""

    hue: float
    saturation: float
    depth: float
    """Contrast to the surroundings, from 0, the least that is allowed, to 1, the greatest possible."""


@dataclass(frozen=True)
class Sign:
    """All that is decided about one text."""

    text: str
    font: Font
    way: Way
    warp: Warp
    style: SignStyle
    ink: Tint
    opacity: float
    plate: Rgb


@dataclass(frozen=True)
class Ink:
    """The ink that a sign left on a picture: a mask, and the place of its upper left corner."""

    mask: Image.Image
    left: int
    top: int


def draw_sign(picture: Image.Image, sign: Sign) -> Ink:
    """Draws a text into the picture; boldly where it could hardly be read as it was chosen."""
    layers, corner = sign.warp.picture(_flat_layers(sign))
    box = (*corner, corner[0] + layers.width, corner[1] + layers.height)
    ground, mask = picture.crop(box), layers.getchannel("B")
    painted = _paint(ground, layers, sign)
    if not _can_be_read(painted.filter(ImageFilter.BoxBlur(MAX_BLUR)), mask):
        painted = _paint(ground, layers, _bold(sign))
    picture.paste(painted, corner)
    return Ink(mask, *corner)


def _paint(ground: Image.Image, layers: Image.Image, sign: Sign) -> Image.Image:
    """A part of the picture with the layers of a sign painted on it."""
    picture, (under, edge, ink) = ground.copy(), layers.split()
    light = light_on(ground, (0, 0, *ground.size), PAINT_DEPTH)

    def paint(color: Rgb, mask: Image.Image) -> None:
        picture.paste(lit(Image.new("RGB", picture.size, color), light), mask=mask)

    if sign.style == "plate":
        paint(sign.plate, _dim(under, sign.opacity))
    levels = np.asarray(picture.convert("L"), dtype=float)
    around = np.asarray(edge) > 127
    if not around.any():
        raise Reject("text without ink")
    luma = _ink_luma(float(levels[around].mean()), sign.ink.depth)
    opposite = (245, 245, 245) if luma < 128 else (15, 15, 15)
    if sign.style == "shadow":
        paint(opposite, under)
    # where the background is as light as the text, it would swallow the text
    swallowed = sign.style != "plate" and not _stands_out(levels, around, luma, 2 * MIN_CONTRAST)
    if sign.style == "outline" or swallowed:
        # in the light of a busy ground outline and text would grow alike
        light = Image.new("L", picture.size, 255)
        paint(opposite, edge)
    paint(_color_of_luma(sign.ink, luma), _dim(ink, sign.opacity))
    return picture


def _bold(sign: Sign) -> Sign:
    """The sign as it is painted where it must be seen: black or white, outlined or on its plate."""
    style = sign.style if sign.style == "plate" else "outline"
    return replace(sign, style=style, ink=replace(sign.ink, depth=1.0), opacity=1.0)


def check_ink(picture: Image.Image, ink: Ink) -> Box:
    """The box of a text's ink in the finished picture.

    Raises:
        Reject: the text is cut off, or doesn't stand out.
    """
    mask = ink.mask
    box = mask.point([0] * 64 + [255] * 192).getbbox()
    if box is None:
        raise Reject("text without ink")
    left, top, right, bottom = box[0] + ink.left, box[1] + ink.top, box[2] + ink.left, box[3] + ink.top
    # a mask without a free edge has itself been cut off
    if min(box[:2]) < 1 or box[2] >= mask.width or box[3] >= mask.height:
        raise Reject("text cut off")
    if min(left, top) < 0 or right > picture.width or bottom > picture.height:
        raise Reject("text beyond the picture's edge")
    around = (ink.left, ink.top, ink.left + mask.width, ink.top + mask.height)
    if not _can_be_read(picture.crop(around), mask):
        raise Reject("text too like its background")
    return Box(left, top, right, bottom)


def _can_be_read(part: Image.Image, mask: Image.Image) -> bool:
    """Whether the letters of a mask stand out from what is beside them in a part of a picture.

    Raises:
        Reject: there is hardly any ink.
    """
    levels = np.asarray(part.convert("L"), dtype=float)
    covered, near = np.asarray(mask), np.asarray(mask.filter(ImageFilter.BoxBlur(2)))
    # the surroundings begin a pixel or two off the ink, where blur no longer mixes the two
    beside = (near > 4) & (near < 64) & (covered == 0)
    # the strokes of small letters are thinner than a pixel
    strong = covered > max(THIN, min(160, 0.8 * covered.max()))
    if not strong.any() or not beside.any():
        raise Reject("text too thin")
    return _stands_out(levels, beside, float(levels[strong].mean()), MIN_CONTRAST)


def _flat_layers(sign: Sign) -> Image.Image:
    """A text before it is bent, as a picture of three bands: plate or shadow, outline, and ink."""
    size = sign.font[2]
    pad = math.ceil(PADDING * size)
    ink = Image.new("L", (sign.warp.width, sign.warp.height))
    left, top, _, _ = measure(sign.text, sign.font, sign.way)
    write(ink, pad - left, pad - top, sign.text, sign.font, sign.way)
    # blurring the letters and sharpening their edges makes them fatter, much faster than stroking outlines
    edge = _dim(ink.filter(ImageFilter.BoxBlur(max(3, size / 14))), 6)
    ground = Image.new("L", ink.size)
    if sign.style == "plate":
        inset = pad // 3
        corners = (inset, inset, ink.width - inset, ink.height - inset)
        ImageDraw.Draw(ground).rounded_rectangle(corners, radius=int(sign.ink.hue * pad), fill=255)
    elif sign.style == "shadow":
        away = max(2, size // 14)
        ground = ImageChops.offset(ink.filter(ImageFilter.BoxBlur(away / 2)), away, away)
    return Image.merge("RGB", (ground, edge, ink))


def _dim(mask: Image.Image, share: float) -> Image.Image:
    """The mask multiplied by `share`; a share above 1 makes its soft edges sharper."""
    return mask.point(np.minimum(share * np.arange(256), 255).astype(int).tolist())


def _ink_luma(ground: float, depth: float) -> float:
    """Lightness of a text on a ground of lightness `ground`: darker on light ground, lighter on dark."""
    nearest = ground - 120 if ground > 127 else ground + 120
    return nearest + depth * ((0 if ground > 127 else 255) - nearest)


def _color_of_luma(color: Tint, luma: float) -> Rgb:
    """The shade of a colour with the lightness `luma`, from 0 to 255."""
    shades = [colorsys.hls_to_rgb(color.hue, step / 32, color.saturation) for step in range(33)]
    lumas = [255 * (0.299 * red + 0.587 * green + 0.114 * blue) for red, green, blue in shades]
    lightness = float(np.interp(luma, lumas, np.linspace(0, 1, 33)))
    return to_rgb(colorsys.hls_to_rgb(color.hue, lightness, color.saturation))


def _stands_out(levels: np.ndarray, around: np.ndarray, luma: float, contrast: float) -> bool:
    """Whether each letter of a text of lightness `luma` differs by `contrast` from its surroundings."""
    alike = around & (np.abs(levels - luma) < contrast)
    if around.shape[0] > around.shape[1]:  # a column
        alike, around = alike.T, around.T
    letters = range(0, around.shape[1], around.shape[0])
    num_alike, num_around = (np.add.reduceat(mask.sum(axis=0), letters) for mask in (alike, around))
    return bool((num_alike <= MAX_ALIKE * num_around).all())


def to_rgb(color: tuple[float, float, float]) -> Rgb:
    red, green, blue = (round(255 * share) for share in color)
    return red, green, blue
