"""Things that bear texts, such as a shop front or a label round a jar: flat, and then seen at an angle."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from data_engines.engine import Reject, Rgb
from data_engines.kinds.scene.lettering import Way, ink_of, write
from data_engines.kinds.scene.signs import Ink
from data_engines.kinds.scene.surface import light_on, lit
from data_engines.tools.boxes import Box
from data_engines.tools.fonts import Font
from data_engines.tools.warp import Warp

EDGE = 2
"""Pixels round a thing's face that are no part of it, so that its edge is smooth."""
GAP = 1
"""Pixels round a line's ink, at least, where no other line has ink."""
SHADOW = 0.4
"""Darkness of the shadow that a thing throws, from 0 to 1."""
SHADOW_OFFSET = 5
ROUNDNESS = 0.8
"""How much less light the sides of a cylinder have: all of it where they are turned away."""


@dataclass(frozen=True)
class Patch:
    """A rectangle on a thing's face, filled or as an outline."""

    box: Box
    color: Rgb
    radius: float = 0
    """Of its corners, in pixels."""
    outline: int = 0
    """Thickness of the outline in pixels; 0 if it is filled."""


@dataclass(frozen=True)
class Inscription:
    """A line or a column on a thing's face."""

    text: str
    font: Font
    way: Way
    box: Box
    """Box of its ink on the face."""
    color: Rgb
    block: int
    """Lines of one text have the same number, which counts the texts of the thing."""


@dataclass(frozen=True)
class Thing:
    """All that is decided about one thing."""

    name: str
    warp: Warp
    color: Rgb
    radius: float
    """Of its corners, in pixels."""
    depth: float
    """How much the light on it may differ, from 0 to 1; a screen, which shines itself, has 0."""
    patches: tuple[Patch, ...]
    lines: tuple[Inscription, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """Its texts in the order of reading, with their line breaks."""
        blocks = dict.fromkeys(line.block for line in self.lines)
        return tuple("\n".join(line.text for line in self.lines if line.block == block) for block in blocks)


def draw_thing(picture: Image.Image, thing: Thing) -> tuple[Ink, ...]:
    """Draws a thing into the picture; the ink of each of its lines."""
    face, marks = _flat(thing)
    seen, corner = thing.warp.picture(face)
    cover, ink, numbers = thing.warp.picture(marks)[0].split()
    part = (*corner, corner[0] + seen.width, corner[1] + seen.height)
    shadow = cover.filter(ImageFilter.BoxBlur(SHADOW_OFFSET)).point(lambda level: SHADOW * level)
    light = light_on(picture, part, thing.depth, exposed=True)
    picture.paste((0, 0, 0), (corner[0] + SHADOW_OFFSET, corner[1] + SHADOW_OFFSET), shadow)
    picture.paste(lit(seen, light), corner, cover)
    levels, owners = np.asarray(ink), np.asarray(numbers)
    return tuple(
        _ink(levels, owners, number, corner, Box(*thing.warp.outline(line.box)))
        for number, line in enumerate(thing.lines, start=1)
    )


def _ink(levels: np.ndarray, owners: np.ndarray, number: int, corner: tuple[int, int], seen: Box) -> Ink:
    """The ink of one line, cut out with some room round it."""
    left, top = (max(0, int(side - start) - 3) for side, start in zip(seen[:2], corner, strict=True))
    right, bottom = (int(side - start) + 4 for side, start in zip(seen[2:], corner, strict=True))
    part = slice(top, bottom), slice(left, right)
    own = np.where(owners[part] == number, levels[part], 0).astype(np.uint8)
    return Ink(Image.fromarray(own), left + corner[0], top + corner[1])


def _flat(thing: Thing) -> tuple[Image.Image, Image.Image]:
    """The face as it is seen from the front, and, in three bands, its cover, its ink and whose ink it is.

    Raises:
        Reject: a line lies over another one, or over the edge, or its ink does not fill its box.
    """
    size = thing.warp.width, thing.warp.height
    face, whose, cover, ink = Image.new("RGB", size, thing.color), *(Image.new("L", size) for _ in range(3))
    outer = (EDGE, EDGE, size[0] - EDGE - 1, size[1] - EDGE - 1)
    ImageDraw.Draw(cover).rounded_rectangle(outer, thing.radius, fill=255)
    canvas = ImageDraw.Draw(face)
    for patch in thing.patches:
        left, top, right, bottom = patch.box
        fill, outline = (None, patch.color) if patch.outline else (patch.color, None)
        corners = (left, top, max(left, right - 1), max(top, bottom - 1))
        canvas.rounded_rectangle(corners, patch.radius, fill, outline, max(1, patch.outline))
    for number, line in enumerate(thing.lines, start=1):
        left, top, right, bottom = map(round, line.box.grown(GAP))
        if whose.crop((left, top, right, bottom)).getbbox():
            raise Reject("texts overlap")
        if min(left, top) < EDGE or right > size[0] - EDGE or bottom > size[1] - EDGE:
            raise Reject("text cut off")
        letters = Image.new("L", (right - left, bottom - top))
        first, highest, _, _ = ink_of(line.text, line.font, line.way)
        write(letters, GAP - first, GAP - highest, line.text, line.font, line.way)
        if letters.getbbox() != (GAP, GAP, letters.width - GAP, letters.height - GAP):
            raise Reject("text without all of its ink")
        face.paste(line.color, (left, top), letters)
        ink.paste(letters, (left, top))
        whose.paste(number, (left, top, right, bottom))
    if thing.warp.curve:
        angles = (np.arange(size[0]) / size[0] - 0.5) * thing.warp.curve
        row = np.round(255 * (1 - ROUNDNESS + ROUNDNESS * np.cos(angles))).astype(np.uint8)
        face = lit(face, Image.fromarray(np.broadcast_to(row, size[::-1]).copy()))
    return face, Image.merge("RGB", (cover, ink, whose))
