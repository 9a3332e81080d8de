"""Chinese seals: round and oval ones of companies, with the name along the ring, and square ones of persons.

The answer is the name along the ring from left to right, then the texts across the seal from top to bottom,
then the number along the lower edge. The answer of a square seal is its right column from top to bottom, then
its left one. The check reads the ring off the picture as a straight strip, and compares every character with
the upright one of the font.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from data_engines.engine import Answer, Drawing, Reject, Source, Stock, one_by_one
from data_engines.kind import CHINESE
from data_engines.kinds.seal.names import (
    USES,
    NameParts,
    choose_company,
    choose_number,
    choose_person,
    read_name_parts,
)
from data_engines.kinds.seal.reading import SCALE, read_texts, upright
from data_engines.kinds.seal.ring import Ring
from data_engines.kinds.seal.spec import Arc, Line, Shape, Spec
from data_engines.options import EngineOptions, Range, fraction, option
from data_engines.tools.chance import one_of
from data_engines.tools.corpora import read_lines
from data_engines.tools.fonts import (
    Face,
    choose_face,
    find_faces,
    open_font,
)
from data_engines.tools.packages import packaged
from got_train.prompts import Task

SHAPES: tuple[Shape, ...] = ("round", "round", "round", "oval", "square")

MIN_SIZE = 12
"""Size in pixels of a character along the ring; smaller characters of many strokes can't be read."""
MAX_EDGE = 64
"""Ink on a pixel at the edge, of 255: turning the picture may leave this much, and more is a fault."""
CODE_DIGITS, TAX_DIGITS = 13, 18
CODE_SIZE = 0.12
"""Size of the digits along the lower edge, as a share of the radius: they are thin and few."""


@dataclass(frozen=True)
class Options(EngineOptions):
    source: Path | None = option(
        "a UTF-8 text file with the name of a company on each line; without it, made-up names", None
    )
    fonts: tuple[Path, ...] = option("font files or folders of them; without it, the system's fonts", ())
    shape: Literal["mixed", "round", "oval", "square"] = option(
        "round or oval seals of companies, square ones of persons, or all of them", "mixed"
    )
    diameter: Range = option("diameter of a seal in pixels", Range(200, 480), lowest=120, highest=2000)
    tilt: Range = option(
        "degrees by which a seal is turned to either side", Range(0, 20), lowest=0, highest=45
    )
    wear: float = fraction("strength of the gaps in the ink, from 0 to 1", 0.4)


@dataclass(frozen=True, kw_only=True)
class SealStock(Stock[Options]):
    companies: tuple[str, ...]
    """Names of the source; empty where names are made up."""
    name_parts: NameParts
    faces: tuple[Face, ...]


def load(options: Options, rng: np.random.Generator) -> SealStock:
    companies = () if options.source is None else tuple(read_lines(options.source))
    name_parts = read_name_parts()
    characters = name_parts.characters | set("".join(companies))
    faces, font_files, left_out = find_faces(options.fonts, characters, "the names")
    own = packaged(CHINESE) if options.source is None else (Source(options.source, str(options.source)),)
    return SealStock(
        sources=(*own, *font_files),
        left_out=left_out,
        options=options,
        companies=companies,
        name_parts=name_parts,
        faces=faces,
    )


def decide(rng: np.random.Generator, index: int, stock: SealStock) -> Spec:
    options = stock.options
    shape = one_of(rng, SHAPES) if options.shape == "mixed" else options.shape
    radius = options.diameter.choose(rng) / 2
    side = round(2 * radius * float(rng.uniform(1.15, 1.4)))
    choose = {"round": _choose_round, "oval": _choose_oval, "square": _choose_square}[shape]
    radii, star, arcs, lines = choose(rng, radius, (side / 2, side / 2), stock)
    text = "".join((*(arc.text for arc in arcs), *(line.text for line in lines)))
    face = choose_face(rng, stock.faces, text)
    tilt = options.tilt.choose(rng) * int(rng.choice([-1, 1]))
    level = int(rng.integers(235, 256))
    return Spec(
        side=side,
        shape=shape,
        radii=radii,
        border=max(2, round(radius * float(rng.uniform(0.03, 0.05)))),
        star=star,
        font=(face.path, face.number),
        arcs=arcs,
        lines=lines,
        is_carved=shape == "square" and bool(rng.random() < 0.5),
        paper=(level, level, level - int(rng.integers(0, 15))),
        ink=(int(rng.integers(180, 231)), int(rng.integers(10, 70)), int(rng.integers(10, 70))),
        tilt=tilt,
        wear=options.wear * float(rng.random()),
        wear_seed=int(rng.integers(2**32)),
    )


Point = tuple[float, float]
"""X and y in pixels of the picture."""
Parts = tuple[tuple[float, float], float, tuple[Arc, ...], tuple[Line, ...]]
"""Outer radii, radius of the star, texts along the ring, and texts across the seal."""


def _choose_name(rng: np.random.Generator, stock: SealStock) -> str:
    return one_of(rng, stock.companies) if stock.companies else choose_company(rng, stock.name_parts)


def _choose_round(rng: np.random.Generator, radius: float, middle: Point, stock: SealStock) -> Parts:
    """A name above, a star in the middle, the purpose of the seal below it, and perhaps a number."""
    has_code = bool(rng.random() < 0.5)
    name = _upper_arc(
        _choose_name(rng, stock),
        middle,
        (radius, radius),
        size=radius * float(rng.uniform(0.22, 0.28)),
        max_turn=240 if has_code else 290,
    )
    arcs = [name]
    if has_code:
        digits = max(10, round(radius * CODE_SIZE))
        ring = Ring(middle, (radius * 0.87, radius * 0.87))
        code = choose_number(rng, CODE_DIGITS)
        angles = ring.spread(len(code), digits * 0.75, is_lower=True)
        arcs.append(Arc(code, ring, tuple(angles.tolist()), digits, is_lower=True))
    inside = name.ring.radii[0] - name.size * 0.6
    star = inside * float(rng.uniform(0.38, 0.46))
    use = one_of(rng, USES)
    lines = []
    if use:
        # the purpose stands below the star, as wide as the circle inside the name allows there
        below = star + inside * 0.24
        width = 2 * float(np.sqrt(inside**2 - (below + inside * 0.1) ** 2))
        size = min(inside * 0.32, width * 0.95 / len(use))
        lines.append(_line(use, (middle[0], middle[1] + below), size))
    return (radius, radius), star, tuple(arcs), tuple(lines)


def _choose_oval(rng: np.random.Generator, radius: float, middle: Point, stock: SealStock) -> Parts:
    """A name above, a tax number across the middle, and the purpose below it: invoices."""
    radii = (radius, radius * 0.75)
    name = _upper_arc(_choose_name(rng, stock), middle, radii, size=radius * 0.2, max_turn=230)
    number = choose_number(rng, TAX_DIGITS)
    width = 2 * (name.ring.radii[0] - name.size * 0.7)
    lines = (
        _line(number, middle, min(radius * 0.17, width * 0.95 / (len(number) * 0.6))),
        _line("发票专用章", (middle[0], middle[1] + radii[1] * 0.42), radius * 0.17),
    )
    return radii, 0.0, (name,), lines


def _choose_square(rng: np.random.Generator, radius: float, middle: Point, stock: SealStock) -> Parts:
    """Four characters: the right column from top to bottom, then the left one."""
    half = radius * float(rng.uniform(0.5, 0.75))
    step = half * 0.45
    places = [(step, -step), (step, step), (-step, -step), (-step, step)]
    lines = [
        _line(character, (middle[0] + x, middle[1] + y), half * 0.8)
        for character, (x, y) in zip(choose_person(rng, stock.name_parts), places, strict=True)
    ]
    return (half, half), 0.0, (), tuple(lines)


def _upper_arc(text: str, middle: Point, radii: tuple[float, float], size: float, max_turn: float) -> Arc:
    """A name inside the outer edge, of the largest size at which it spans at most `max_turn` degrees."""
    for size_tried in range(round(size), MIN_SIZE - 1, -1):
        inset = min(radii) * 0.1 + size_tried / 2
        ring = Ring(middle, (radii[0] - inset, radii[1] - inset))
        length = np.pi * sum(ring.radii) * max_turn / 360
        if len(text) * size_tried * 1.03 <= length:
            pitch = min(length / len(text), size_tried * 1.6)
            angles = ring.spread(len(text), pitch)
            return Arc(text, ring, tuple(angles.tolist()), size_tried, is_lower=False)
    raise Reject("name too long for its seal")


def _line(text: str, center: Point, size: float) -> Line:
    if size < MIN_SIZE:
        raise Reject("no room for a text across the seal")
    return Line(text, center, int(size))


@one_by_one
def draw(spec: Spec) -> Drawing:
    large = Image.new("L", (spec.side * SCALE, spec.side * SCALE))
    canvas = ImageDraw.Draw(large)
    _draw_outline(canvas, spec)
    for line in spec.lines:
        canvas.text(
            (line.center[0] * SCALE, line.center[1] * SCALE),
            line.text,
            0 if spec.is_carved else 255,
            open_font(*spec.font, line.size * SCALE),
            anchor="mm",
        )
    for arc in spec.arcs:
        angles = np.array(arc.angles)
        up = arc.ring.up(angles, arc.is_lower)
        for character, (x, y), (up_x, up_y) in zip(arc.text, arc.ring.points(angles), up, strict=True):
            _paste_turned(large, character, spec, arc.size, (x, y), np.degrees(np.arctan2(-up_x, -up_y)))
    worn = ImageChops.multiply(large.resize((spec.side, spec.side), Image.Resampling.BOX), _wear(spec))
    picture = Image.new("RGB", worn.size, spec.paper)
    picture.paste(spec.ink, mask=worn)
    picture = picture.rotate(spec.tilt, Image.Resampling.BICUBIC, fillcolor=spec.paper)
    return Drawing((picture,), (Answer(Task(), spec.answer),))


def _draw_outline(canvas: ImageDraw.ImageDraw, spec: Spec) -> None:
    middle, across, down = spec.side * SCALE / 2, spec.radii[0] * SCALE, spec.radii[1] * SCALE
    box = (middle - across, middle - down, middle + across, middle + down)
    if spec.shape == "square":
        canvas.rectangle(box, fill=255 if spec.is_carved else None, outline=255, width=spec.border * SCALE)
        return
    canvas.ellipse(box, outline=255, width=spec.border * SCALE)
    if spec.star:
        turns = np.arange(10) * np.pi / 5
        # the inner corners of a star are where the lines of its sides cross
        reach = spec.star * SCALE * np.where(np.arange(10) % 2, np.cos(2 * np.pi / 5) / np.cos(np.pi / 5), 1)
        corners = np.stack([middle + reach * np.sin(turns), middle - reach * np.cos(turns)], axis=1)
        canvas.polygon([(float(x), float(y)) for x, y in corners], fill=255)


def _paste_turned(
    large: Image.Image, character: str, spec: Spec, size: int, center: Point, degrees: float
) -> None:
    """Draws a character upright, and pastes it turned counterclockwise by `degrees`."""
    tile = upright(character, spec, size * SCALE, 2 * size * SCALE)
    turned = tile.rotate(degrees, Image.Resampling.BICUBIC)
    left, top = (round(place * SCALE - tile.width / 2) for place in center)
    large.paste(255, (left, top), mask=turned)


def _wear(spec: Spec) -> Image.Image:
    """A mask of the ink that wear leaves, 255 for all of it: blotches of some pixels, and grain."""
    rng = np.random.default_rng(spec.wear_seed)
    coarse = Image.fromarray(rng.integers(0, 256, size=(24, 24), dtype=np.uint8))
    blotches = np.asarray(coarse.resize((spec.side, spec.side), Image.Resampling.BICUBIC), dtype=float) / 255
    grain = rng.random((spec.side, spec.side))
    left = 1 - spec.wear * (0.5 * (blotches < 0.35) * blotches + 0.35 * grain)
    return Image.fromarray((255 * left).astype(np.uint8))


def check(spec: Spec, drawing: Drawing) -> Drawing:
    """The drawing, if every character, turned upright, is that of the font, and no ink is at the edge."""
    ink = _ink(spec, drawing.pictures[0])
    edge = np.asarray(ink)
    if max(edge[0].max(), edge[-1].max(), edge[:, 0].max(), edge[:, -1].max()) > MAX_EDGE:
        raise Reject("ink at the edge")
    texts = read_texts(ink.rotate(-spec.tilt, Image.Resampling.BICUBIC), spec)
    if texts != [*(arc.text for arc in spec.arcs), *(line.text for line in spec.lines)]:
        raise Reject("a character that is not what the answer says")
    return drawing


def _ink(spec: Spec, picture: Image.Image) -> Image.Image:
    """The amount of ink on each pixel; 255 is full ink."""
    paper, ink = np.array(spec.paper, dtype=float), np.array(spec.ink, dtype=float)
    along = (np.asarray(picture, dtype=float) - paper) @ (ink - paper) / ((ink - paper) ** 2).sum()
    return Image.fromarray((255 * np.clip(along, 0, 1)).astype(np.uint8))
