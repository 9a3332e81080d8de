"""Looks at the ink of a printed sheet: each letter is there, and nothing stands where no text is told."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from PIL import Image, ImageChops

from data_engines.engine import Reject
from data_engines.kinds.form.printing import Print
from data_engines.kinds.form.sheet import Piece, Printed, Sheet
from data_engines.tools.boxes import Box

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
    _check_places(sheet)
    # the darker of two: letters may also be lighter than the shade they stand on
    difference = ImageChops.difference(picture, bare)
    ink = np.asarray(difference).max(axis=2)
    scale = np.array([*how.scale, *how.scale])
    for line in sheet.lines:
        for piece in line.pieces:
            for box in _letters(piece):
                left, top, right, bottom = np.rint(np.multiply(box, scale)).astype(int)
                part = ink[max(0, top) : bottom, max(0, left) : right]
                if not part.size or part.max() < MIN_CONTRAST:
                    raise Reject("letter that is not seen")
        left, top, right, bottom = np.rint(np.multiply(line.box, scale)).astype(int)
        rows, columns = (
            np.flatnonzero((ink[top:bottom, left:right] >= SEEN).any(axis=axis)) for axis in (1, 0)
        )
        sides = rows[0], bottom - top - 1 - rows[-1], columns[0], right - left - 1 - columns[-1]
        if max(sides) > FAINT * max(how.scale):
            raise Reject("text without all of its ink")
    for line in sheet.lines:
        left, top, right, bottom = np.rint(np.multiply(line.box, scale)).astype(int)
        ink[max(0, top - FAINT) : bottom + FAINT, max(0, left - FAINT) : right + FAINT] = 0
    if (ink >= SEEN).any():
        raise Reject("ink beside the texts")


def _check_places(sheet: Sheet) -> None:
    """Raises a Reject if something leaves the sheet, or a text meets another or a dark mark."""
    page = Box(0, 0, sheet.width, sheet.height)
    pieces = [piece for line in sheet.lines for piece in line.pieces]
    boxes = [piece.box for piece in pieces]
    marks = [mark for mark in sheet.marks if isinstance(mark, Printed) or mark.color is None]
    if not all(box.inside(page) for box in [*boxes, *(mark.box for mark in sheet.marks)]):
        raise Reject("text beyond the paper's edge")
    if any(one.meets(other) for one, other in combinations(boxes, 2)):
        raise Reject("texts overlap")
    letters = [box for piece in pieces for box in _letters(piece)]
    if _meet(letters, [mark.box for mark in marks]):
        raise Reject("text on a rule")


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
