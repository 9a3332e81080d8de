"""How paint and things take the light of the photograph that they are seen in."""

from PIL import Image, ImageChops

from data_engines.engine import PixelBox

KNOTS = 6
"""Places, across and down, whose mean brightness stands for the light that falls there."""
GRAIN = 0.2
"""Share of the photograph's own texture in the light."""
BRIGHT = 150
"""Mean level of a photograph from which on it is no darker than the daylight that colours are chosen for."""


def light_on(picture: Image.Image, box: PixelBox, depth: float, exposed: bool = False) -> Image.Image:
    """The light on a part of a picture, as a grey picture of its size; 255 leaves colours as they are.

    Args:
        picture: What is there before the paint or the thing.
        box: The part, in whole pixels.
        depth: How much darker than the brightest place the darkest may be, from 0 to 1.
        exposed: Whether a dark picture makes all of the part darker.
    """
    left, top, right, bottom = map(int, box)
    grey = picture.crop((left, top, right, bottom)).convert("L")
    soft = grey.resize((KNOTS, KNOTS), Image.Resampling.BOX)
    levels = soft.tobytes()
    brightest, mean = max(*levels, 1), sum(levels) / len(levels)
    whole = 1 - depth * (1 - min(1, mean / BRIGHT)) if exposed else 1.0
    seen = Image.blend(soft.resize(grey.size, Image.Resampling.BICUBIC), grey, GRAIN)
    shares = (1 - depth * (1 - min(1, level / brightest)) for level in range(256))
    return seen.point([round(255 * whole * share) for share in shares])


def lit(paint: Image.Image, light: Image.Image) -> Image.Image:
    """An RGB picture in a light."""
    return ImageChops.multiply(paint, Image.merge("RGB", (light, light, light)))
