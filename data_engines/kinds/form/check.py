"""Looks at the ink of a printed sheet: each letter is there, and nothing stands where no text is told."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations

import numpy as np
from PIL import Image, ImageChops

from data_engines.engine import Reject
from data_engines.kinds.form.printing import Print, in_picture
from data_engines.kinds.form.sheet import Piece, Printed, Sheet
from data_engines.tools.boxes import Box
from data_engines.tools.fonts import Font, open_font

MIN_CONTRAST = 50
"""Levels between a letter's darkest point and what is behind it."""
SEEN = 24
"""Levels from which a pixel counts as ink."""
FAINT = 3
"""Pixels at the edges of a box that may look like paper, and beside it that may look like ink."""


def check_sheet(sheet: Sheet, how: Print, picture: Image.Image, bare: Image.Image) -> None:
    """Compares a picture with the one without lines.

    Raises:
        Reject: a letter is missing or pale, ink leaves its box, or things stand on each other.
    """
    _check_glyphs(sheet)
    letters = [[_letters(piece) for piece in line.pieces] for line in sheet.lines]
    _check_places(sheet, [box for line in letters for boxes in line for box in boxes])
    # the absolute difference: letters may also be lighter than the shade that they stand on
    red, green, blue = ImageChops.difference(picture, bare).split()
    ink = np.array(ImageChops.lighter(ImageChops.lighter(red, green), blue))
    for line, boxes in zip(sheet.lines, letters, strict=True):
        left, top, right, bottom = _pixels(line.box, how)
        part = ink[top:bottom, left:right]
        _check_line(part, [box for some in boxes for box in some], left, how)
        ink[max(0, top - FAINT) : bottom + FAINT, max(0, left - FAINT) : right + FAINT] = 0
    if (ink >= SEEN).any():
        raise Reject("ink beside the texts")


def _check_line(ink: np.ndarray, letters: Sequence[Box], start: int, how: Print) -> None:
    """Raises a Reject if a letter of a line is not seen, or its ink does not fill its box.

    Args:
        ink: levels of the ink within the line's box.
        letters: where its letters stand on the sheet.
        start: left edge of the line's box in the picture.
        how: how the sheet is printed.
    """
    darkest = ink.max(axis=0)
    for box in letters:
        left, _, right, _ = _pixels(box, how)
        seen = darkest[max(0, left - start) : right - start]
        if not seen.size or seen.max() < MIN_CONTRAST:
            raise Reject("letter that is not seen")
    rows, columns = (np.flatnonzero((ink >= SEEN).any(axis=axis)) for axis in (1, 0))
    height, width = ink.shape
    if max(rows[0], height - 1 - rows[-1], columns[0], width - 1 - columns[-1]) > FAINT * max(how.scale):
        raise Reject("text without all of its ink")


def _check_glyphs(sheet: Sheet) -> None:
    """Raises a Reject if a font has no glyph for a character and draws its sign for that."""
    for line in sheet.lines:
        for piece in line.pieces:
            if isinstance(piece, Printed):
                for part, _, font in piece.lettering.parts(piece.text):
                    if not all(_has_glyph(font, character) for character in part if character != " "):
                        raise Reject("character without a glyph")


@lru_cache(maxsize=65_536)
def _has_glyph(font: Font, character: str) -> bool:
    return bytes(open_font(*font).getmask(character)) != _missing(font)


@lru_cache(maxsize=1024)
def _missing(font: Font) -> bytes:
    """What a font draws for a code that is no character."""
    return bytes(open_font(*font).getmask("\U0010ffff"))


def _check_places(sheet: Sheet, letters: Sequence[Box]) -> None:
    """Raises a Reject if something leaves the sheet, or a text meets another or a dark mark."""
    page = Box(0, 0, sheet.width, sheet.height)
    boxes = [piece.box for line in sheet.lines for piece in line.pieces]
    marks = [mark.box for mark in sheet.marks if isinstance(mark, Printed) or mark.color is None]
    if not all(box.inside(page) for box in [*boxes, *(mark.box for mark in sheet.marks)]):
        raise Reject("text beyond the paper's edge")
    if any(one.meets(other) for one, other in combinations(boxes, 2)):
        raise Reject("texts overlap")
    if _meet(letters, marks):
        raise Reject("text on a rule")


def _pixels(box: Box, how: Print) -> tuple[int, int, int, int]:
    """The box in whole pixels of the picture."""
    left, top, right, bottom = in_picture(box, how)
    return round(left), round(top), round(right), round(bottom)


def _meet(boxes: Sequence[Box], others: Sequence[Box]) -> bool:
    """Whether any box of some meets any of the others."""
    if not boxes or not others:
        return False
    one, other = np.array(boxes)[:, None], np.array(others)[None]
    across = (one[..., 0] < other[..., 2]) & (other[..., 0] < one[..., 2])
    down = (one[..., 1] < other[..., 3]) & (other[..., 1] < one[..., 3])
    return bool((across & down).any())


def _letters(piece: Piece) -> list[Box]:
    """Where each letter of a piece stands; a blank and a tick box are one."""
    if not isinstance(piece, Printed):
        return [piece.box]
    x, y = piece.x, piece.baseline
    letters = piece.lettering.letters(piece.text)
    return [Box(x + box.left, y + box.top, x + box.right, y + box.bottom) for box in letters]
