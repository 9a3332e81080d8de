"""Formulas by hand: a pen follows the centre lines of what TeX set, a little off its way each time.

TeX sets letters in its mathematical italic, which is cursive, and digits, words and names of functions in a
face without serifs, as few people draw serifs.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy.ndimage import find_objects, label

from data_engines.engine import Reject, Rgb
from data_engines.tools.centre_lines import covers, trace
from data_engines.tools.strokes import Pen, Sign, choose_ink, choose_pen, draw_signs, sign_of, stamp
from got_train.tex.latex import Sheet, draw_sheet
from got_train.tex.macros import tokens_of

EM_PT = 10
THICKEST = 0.085
"""Half of the width in ems of the thickest line; what is thicker is a solid sign."""
TRACED_DPI = 300
"""Pixels per inch in which formulas are traced: the thinnest lines of a script are 1.5 pixels wide."""
PRINTED_ONLY = frozenset(
    rf"\{name}"
    for name in (
        *(
            "mathbf",
            "boldsymbol",
            "bm",
            "pmb",
            "textbf",
            "bf",
            "bfseries",
            "mathsf",
            "textsf",
            "sf",
            "mathtt",
        ),
        *("texttt", "tt", "mathit", "textit", "it", "emph", "textsl", "mathfrak", "frak", "textsc", "sc"),
        *("color", "textcolor", "colorbox", "fcolorbox", "rm", "textrm", "mathds", "mathbbm"),
    )
)
"""Macros for what a pen can't tell apart from plain letters."""


@dataclass(frozen=True)
class Hand:
    """How a picture is written."""

    pen: Pen
    slope: float
    """Ems up per em to the right."""
    wander: float
    """How far signs stray up and down together, in ems."""
    ink: Rgb
    paper: Rgb
    seed: int


def can_write(latex: str) -> bool:
    """Whether a formula looks the same by hand."""
    return PRINTED_ONLY.isdisjoint(tokens_of(latex))


def choose_hand(rng: np.random.Generator) -> Hand:
    paper = int(rng.integers(228, 256))
    quick = rng.random()
    return Hand(
        pen=choose_pen(rng, (0.05, 0.11), quick, stray=0.023),
        slope=float(rng.normal(0, 0.008)),
        wander=float(rng.uniform(0, 0.12)),
        ink=choose_ink(rng),
        paper=(paper, paper - int(rng.integers(0, 6)), paper - int(rng.integers(0, 16))),
        seed=int(rng.integers(2**32)),
    )


def write_by_hand(sheet: Sheet, hand: Hand, dpi: float) -> Image.Image:
    """A picture of the ink of a sheet as somebody writes it, with no more margin than the pen needs.

    Raises a Reject for ink that lines don't make, such as solid signs.
    """
    rng = np.random.default_rng(hand.seed)
    ink = np.asarray(draw_sheet(sheet, TRACED_DPI).convert("L")) < 128
    em = TRACED_DPI / 72 * EM_PT
    parts, _ = label(ink, np.ones((3, 3)))
    signs: list[Sign] = []
    places: list[np.ndarray] = []
    for number, (rows, columns) in enumerate(find_objects(parts), 1):
        part = parts[rows, columns] == number
        paths = trace(part)
        if not covers(paths, part, THICKEST * em):
            raise Reject("a sign that no pen draws")
        # the strokes of each part are drawn from its lower left corner
        corner = np.array([columns.start, rows.stop])
        signs.append(sign_of([(path - (0, part.shape[0])) / em for path in paths]))
        places.append(corner / em)
    if not signs:
        raise Reject("no ink")
    along = np.array(places)
    knots = np.arange(0, along[:, 0].max() + 4, 4)
    drift = np.interp(along[:, 0], knots, rng.uniform(-1, 1, len(knots)))
    along[:, 1] += hand.wander * drift - hand.slope * along[:, 0]
    mask, _ = stamp(draw_signs(signs, along, hand.pen, rng).scaled(dpi / 72 * EM_PT))
    picture = Image.new("RGB", mask.size, hand.paper)
    picture.paste(hand.ink, (0, 0), mask)
    return picture
