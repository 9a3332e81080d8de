"""Molecules by hand: a pen follows what RDKit draws, a little off its way each time.

Atoms stray before RDKit lays lines, wedges and letters round them, so angles and rings are uneven. Then the
pen goes along each line and along the middle of each letter; a wedge is filled by strokes from its tip. What
the pen did is kept, and `read_bonds` reads the bonds from it, so that the check knows what strayed too far.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw
from rdkit import Chem

from data_engines.engine import Reject, Rgb
from data_engines.kinds.molecule.parts import Part
from data_engines.kinds.molecule.room import box_around
from data_engines.tools.boxes import Box
from data_engines.tools.centre_lines import covers, trace
from data_engines.tools.chance import one_of
from data_engines.tools.strokes import Course, Pen, choose_pen, draw_signs, sign_of, stamp

TRACED = 60
"""Size in pixels of the letters whose middle is looked for."""
THICKEST = 0.16
"""Half of the width of a letter's thickest line, as a share of its size; what is thicker is no letter."""
LINES_STRAY = 1.5
"""How much further lines stray than letters, as they are longer."""
HATCH = 0.8
"""Distance of the strokes that fill a wedge, as a share of their width."""
MOST_LINES = 3
"""Lines of a bond; more are the rungs of a hashed wedge."""
BEYOND = 0.4
"""How far in sizes of letters a reader follows a line beyond its ends, as lines stop short of symbols."""

Shape = Literal["plain", "wedge", "hash"]
"""A line, or the wedge with which a bond begins: filled towards the reader, rungs away from him."""
Bonds = Counter[tuple[frozenset[int], Shape, int]]
"""Lines by the two atoms that they join, their shape, and for wedges the atom at the tip, else -1."""


@dataclass(frozen=True)
class Hand:
    """How somebody draws molecules."""

    pen: Pen
    """Its ems are the size of letters."""
    unevenness: float
    """How far atoms stray from their places, in bond lengths."""
    ruling: Literal["blank", "ruled", "squared"]
    pitch: float
    """Distance of the rules in bond lengths."""
    rule: Rgb
    seed: int


@dataclass(frozen=True)
class Line:
    """A line as the pen drew it, or the strokes of a wedge."""

    atoms: tuple[int, ...]
    """Those that it is meant to join; none for the circle of a ring."""
    shape: Shape
    points: np.ndarray
    """In pixels, (points, 2), from the tip of a wedge on."""


@dataclass(frozen=True)
class Written:
    """What the pen drew."""

    ink: Image.Image
    """The share of ink in each pixel."""
    size: float
    """Size of letters in pixels."""
    atoms: np.ndarray
    """Places of the atoms in the ink, in pixels, (atoms, 2)."""
    lines: tuple[Line, ...]
    symbols: dict[int, list[Box]]
    """The letters of each atom's symbol."""


def choose_hand(rng: np.random.Generator) -> Hand:
    quick = rng.random()
    return Hand(
        pen=choose_pen(rng, (0.06, 0.15), quick, stray=0.02),
        unevenness=float(0.02 + 0.05 * quick),
        ruling=one_of(rng, ("blank", "blank", "blank", "ruled", "squared")),
        pitch=float(rng.uniform(0.6, 1.1)),
        rule=one_of(rng, ((190, 205, 225), (205, 215, 215), (215, 205, 205))),
        seed=int(rng.integers(2**32)),
    )


def unsettle(points: np.ndarray, bond: float, hand: Hand) -> None:
    """Moves atoms, (atoms, 3), a little from their places; `bond` is the length of a bond between them."""
    away = np.clip(np.random.default_rng(hand.seed).standard_normal((len(points), 2)), -2, 2)
    points[:, :2] += hand.unevenness * bond * away


def draw_rules(picture: Image.Image, hand: Hand, bond: float) -> None:
    """Draws the rules of the paper for bonds of `bond` pixels."""
    canvas, pitch = ImageDraw.Draw(picture), hand.pitch * bond
    if hand.ruling != "blank":
        for y in np.arange(pitch / 2, picture.height, pitch):
            canvas.line((0, y, picture.width, y), hand.rule)
    if hand.ruling == "squared":
        for x in np.arange(pitch / 3, picture.width, pitch):
            canvas.line((x, 0, x, picture.height), hand.rule)


def write_by_hand(parts: Sequence[Part], atoms: np.ndarray, size: float, hand: Hand) -> Written:
    """A molecule as somebody draws it.

    Args:
        parts: those of RDKit's drawing.
        atoms: places of the atoms in it in pixels, (atoms, 2).
        size: size of letters in it in pixels.
        hand: who draws.

    Raises:
        Reject: a sign is none that a pen draws.
    """
    rng = np.random.default_rng(hand.seed)
    letters = [part for part in parts if len(part.atoms) == 1]
    bonds = [list(some) for atoms, some in groupby(parts, lambda part: part.atoms) if len(atoms) != 1]
    shapes = [_shape(some) for some in bonds]
    # lines don't lean as letters do: their ends would leave the atoms
    straight = replace(hand.pen, slant=0, rise=0, stray=LINES_STRAY * hand.pen.stray)
    lines, of_lines = _drawn([_strokes(some, straight.width * size) for some in bonds], size, straight, rng)
    texts, of_letters = _drawn([_letter(part, size) for part in letters], size, hand.pen, rng)
    ink, corner = stamp(_joined([lines, texts]))
    symbols: dict[int, list[Box]] = {}
    for part, strokes in zip(letters, of_letters, strict=True):
        box = box_around(np.concatenate(strokes) - corner).grown(hand.pen.width * size / 2)
        symbols.setdefault(part.atoms[0], []).append(box)
    found = [
        Line(some[0].atoms, shape, way - corner)
        for some, shape, strokes in zip(bonds, shapes, of_lines, strict=True)
        for way in _ways(shape, strokes)
    ]
    return Written(ink, size, atoms - corner, tuple(found), symbols)


def read_bonds(written: Written) -> Bonds:
    """The bonds that lines show: each joins the atoms that are nearest to where it leads."""
    found: Bonds = Counter()
    for line in written.lines:
        if line.atoms:
            ends = np.array([line.points[0], line.points[-1]])
            way = (ends[1] - ends[0]) / np.linalg.norm(ends[1] - ends[0])
            ends += np.array([[-1], [1]]) * BEYOND * written.size * way
            away = np.linalg.norm(ends[:, None] - written.atoms, axis=-1)  # (2, atoms)
            first, last = away.argmin(axis=1).tolist()
            found[frozenset((first, last)), line.shape, -1 if line.shape == "plain" else first] += 1
    return found


def bonds_of(molecule: Chem.Mol) -> Bonds:
    """The lines that a molecule should be drawn with."""
    found: Bonds = Counter()
    shapes: dict[Chem.BondDir, Shape] = {Chem.BondDir.BEGINWEDGE: "wedge", Chem.BondDir.BEGINDASH: "hash"}
    for bond in molecule.GetBonds():
        shape, begin = shapes.get(bond.GetBondDir(), "plain"), bond.GetBeginAtomIdx()
        count = 1 if shape != "plain" else round(bond.GetBondTypeAsDouble())
        found[frozenset((begin, bond.GetEndAtomIdx())), shape, -1 if shape == "plain" else begin] += count
    return found


def _shape(parts: Sequence[Part]) -> Shape:
    """The shape of a bond that consists of some parts."""
    if any(part.filled for part in parts):
        return "wedge"
    return "hash" if len(parts) > MOST_LINES else "plain"


def _strokes(parts: Sequence[Part], width: float) -> list[np.ndarray]:
    """The strokes of a bond or of a circle, drawn `width` pixels wide, each (points, 2) in pixels."""
    return [
        stroke
        for part in parts
        for points in part.contours
        for stroke in (_filling(points, width) if part.filled else [points])
    ]


def _filling(wedge: np.ndarray, width: float) -> list[np.ndarray]:
    """Strokes from the tip of a wedge, its first point, to its other end."""
    tip, first, last = wedge[0], wedge[1], wedge[-1]
    count = max(3, int(np.ceil(np.linalg.norm(last - first) / (HATCH * width))) + 1)
    return [np.stack([tip, first + share * (last - first)]) for share in np.linspace(0, 1, count)]


def _letter(part: Part, size: float) -> list[np.ndarray]:
    """The strokes of a letter, each (points, 2) in pixels."""
    scale = TRACED / size
    corner = np.min([points.min(axis=0) for points in part.contours], axis=0)
    contours = [(points - corner) * scale + 1 for points in part.contours]
    width, height = np.ceil(np.max([points.max(axis=0) for points in contours], axis=0)).astype(int) + 2
    ink = np.zeros((height, width), bool)
    for points in contours:
        area = Image.new("1", (int(width), int(height)))
        ImageDraw.Draw(area).polygon([tuple(point) for point in points.tolist()], fill=1)
        # a contour within another is a hole
        ink ^= np.asarray(area)
    paths = trace(ink)
    if not covers(paths, ink, THICKEST * TRACED):
        raise Reject("a sign that no pen draws")
    return [(path - 1) / scale + corner for path in paths]


def _drawn(
    signs: Sequence[Sequence[np.ndarray]], size: float, pen: Pen, rng: np.random.Generator
) -> tuple[Course | None, list[list[np.ndarray]]]:
    """The course of a pen along the strokes of signs, in pixels, and the strokes as they then are."""
    if not signs:
        return None, []
    places = np.array([np.concatenate(strokes).mean(axis=0) for strokes in signs])
    made = [
        sign_of([(stroke - place) / size for stroke in strokes])
        for strokes, place in zip(signs, places, strict=True)
    ]
    course = draw_signs(made, places / size, pen, rng).scaled(size)
    ends = np.cumsum([len(sign.points) for sign in made])
    ways = np.split(course.points, ends[:-1])
    return course, [
        np.split(way, np.flatnonzero(np.diff(sign.stroke)) + 1) for way, sign in zip(ways, made, strict=True)
    ]


def _joined(courses: Sequence[Course | None]) -> Course:
    there = [course for course in courses if course]
    return Course(
        np.concatenate([course.points for course in there]),
        np.concatenate([course.width for course in there]),
        np.concatenate([course.ink for course in there]),
    )


def _ways(shape: Shape, strokes: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The lines of a bond as a reader sees them: its strokes, or the one line of a wedge."""
    if shape == "plain":
        return list(strokes)
    if shape == "wedge":
        return [strokes[len(strokes) // 2]]
    return [np.array([stroke.mean(axis=0) for stroke in strokes])]
