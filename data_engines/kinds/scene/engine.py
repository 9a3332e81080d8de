"""Texts in the wild: painted on photographs, or on things that lie or stand there, at an angle.

A picture has loose texts or things. It is divided into rows of one or two cells, and each loose text stands
in a cell of its own, so the reading order, from top to bottom and from left to right, is beyond doubt. Things
stand side by side; the texts of one come before those of the next. Each text is a region, and a line of the
answer, or several where it is broken into lines.
"""

import io
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from data_engines.engine import Answer, Drawing, Region, Reject, Stock, one_by_one
from data_engines.kinds.scene.designs import choose_thing
from data_engines.kinds.scene.drafts import Writer
from data_engines.kinds.scene.fitting import choose_sign
from data_engines.kinds.scene.lettering import check_letters
from data_engines.kinds.scene.signs import MAX_BLUR, Ink, Sign, check_ink, draw_sign
from data_engines.kinds.scene.things import Thing, draw_thing
from data_engines.options import EngineOptions, Range, check_bounds, fraction, option
from data_engines.tools.boxes import Box, around
from data_engines.tools.fonts import find_faces
from data_engines.tools.languages import LanguageCode
from data_engines.tools.photos import Background, choose_background, find_photos, make_background
from data_engines.tools.shaping import check_shaper, lacking, shaper_versions
from data_engines.tools.texts import (
    choose_texts,
    languages_option,
    matter_option,
    read_languages,
    written_texts,
)
from data_engines.tools.typed import uncounted
from data_engines.tools.vertical import standing_faces
from got_train.prompts import Task

MARGIN = 8
"""Pixels kept free along the edges and between cells."""
MIN_ROW = 80
"""Average height of a row in pixels; where rows would be lower, texts are put side by side."""
THINGS = (0.55, 0.3, 0.15)
"""How often there are one, two or three things in a picture that has some."""
VERTICAL = 0.2
"""Share of Chinese and Japanese texts in columns, where there is what sets them."""
CASELESS = frozenset("cosvwxz")
"""Letters that look like their capitals: in a text of these alone nobody sees that they are small."""
FINE = 20
"""Size of fonts in pixels below which a picture is neither blurred nor compressed much."""


@dataclass(frozen=True)
class Options(EngineOptions):
    source: Path | None = option(
        "a UTF-8 text file to draw from; without it, texts of installed packages", None
    )
    language: tuple[LanguageCode, ...] = languages_option()
    matter: float | None = matter_option()
    fonts: tuple[Path, ...] = option("font files or folders of them; without it, the system's fonts", ())
    photos: tuple[Path, ...] = option("photographs or folders of them; without it, those of scikit-image", ())
    things: float = fraction(
        "fraction of the pictures with shop fronts, plates, labels, screens, books or posters that bear the "
        "texts; the others have loose texts",
        0.5,
    )
    vertical: float | None = option(
        "fraction of the Chinese and Japanese texts that stand in columns; by default "
        f"{VERTICAL}, and 0 where the extra `languages` or FriBiDi is missing",
        None,
        lowest=0,
        highest=1,
    )
    texts: Range = option("texts in a picture", Range(1, 8), lowest=1, highest=12)
    words: Range = option(
        "words in a text; a Chinese or Japanese character counts as one", Range(1, 5), lowest=1
    )
    width: Range = option("width of a picture in pixels", Range(560, 800), lowest=256, highest=4096)
    height: Range = option("height of a picture in pixels", Range(420, 600))

    def __post_init__(self) -> None:
        super().__post_init__()
        check_bounds("--height", self.height, MIN_ROW * max(3, (self.texts.high + 1) // 2), 4096)


@dataclass(frozen=True, kw_only=True)
class SceneStock(Stock[Options]):
    writers: tuple[Writer, ...]
    """One for each language; a picture has texts of one."""
    vertical: float
    photos: tuple[str, ...]


@dataclass(frozen=True)
class Spec:
    """All that is decided about one picture."""

    width: int
    height: int
    background: Background
    signs: tuple[Sign, ...]
    """Loose texts; none where there are things."""
    things: tuple[Thing, ...]
    """From left to right."""
    blur: float
    """Radius of the blur in pixels."""
    quality: int | None
    """Quality of the JPEG compression that the picture has gone through; None for no compression."""


@dataclass(frozen=True, kw_only=True)
class SceneDrawing(Drawing):
    inks: tuple[tuple[Ink, ...], ...]
    """The ink that each loose text, or each line of each thing, left on the picture."""


def load(options: Options, rng: np.random.Generator) -> SceneStock:
    photos, photo_sources, unused_photos = find_photos(options.photos)
    texts = read_languages(options.source, options.language, options.matter, rng)
    text = "".join(sorted(set().union(*(some.characters() for some in texts))))
    characters = set(text + text.upper() + text.lower())
    faces, font_files, unused_fonts = find_faces(options.fonts, characters, "the texts", options.language)
    texts, unwritten = written_texts(texts, faces)
    vertical = options.vertical
    if vertical:
        check_shaper(f"--vertical {vertical}")
    elif vertical is None:
        vertical = 0.0 if lacking() else VERTICAL
    standing = standing_faces(faces) if vertical else ()
    sources = dict.fromkeys(source for some in texts for source in some.sources)
    return SceneStock(
        sources=(*sources, *font_files, *photo_sources),
        left_out=unused_photos | unused_fonts | unwritten,
        versions=shaper_versions(characters, columns=bool(standing)),
        options=options,
        writers=tuple(Writer(some, faces, standing, options.words) for some in texts),
        vertical=vertical,
        photos=photos,
    )


def decide(rng: np.random.Generator, index: int, stock: SceneStock) -> Spec:
    options, writer = stock.options, choose_texts(rng, stock.writers)
    width, height = options.width.choose(rng), options.height.choose(rng)
    count = options.texts.choose(rng)
    background = choose_background(rng, stock.photos)
    signs: tuple[Sign, ...] = ()
    things: tuple[Thing, ...] = ()
    if rng.random() < options.things:
        things = _choose_things(rng, count, width, height, writer, stock.vertical)
        sizes = [line.font[2] for thing in things for line in thing.lines]
    else:
        cells = _choose_cells(rng, count, width, height)
        signs = tuple(choose_sign(rng, cell, level, writer, stock.vertical) for cell, level in cells)
        sizes = [sign.font[2] for sign in signs]
    fine = min(sizes) < FINE
    return Spec(
        width=width,
        height=height,
        background=background,
        signs=signs,
        things=things,
        blur=float(rng.uniform(0.3, MAX_BLUR)) if rng.random() < 0.3 and not fine else 0.0,
        quality=int(rng.integers(75 if fine else 45, 90)) if rng.random() < 0.3 else None,
    )


@one_by_one
def draw(spec: Spec) -> SceneDrawing:
    picture = make_background(spec.background, spec.width, spec.height)
    inks = (
        *((draw_sign(picture, sign),) for sign in spec.signs),
        *(draw_thing(picture, thing) for thing in spec.things),
    )
    if spec.blur:
        picture = picture.filter(ImageFilter.BoxBlur(spec.blur))
    if spec.quality is not None:
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=spec.quality)
        picture = Image.open(file).convert("RGB")
    return SceneDrawing((picture,), (Answer(Task(), "\n".join(_texts(spec))),), photograph=True, inks=inks)


def check(spec: Spec, drawing: SceneDrawing) -> Drawing:
    """The drawing with a region for each text, if every text is whole, stands out and overlaps no other."""
    for sign in spec.signs:
        check_letters(sign.text, sign.font, sign.way)
    for line in (line for thing in spec.things for line in thing.lines):
        check_letters(line.text, line.font, line.way)
    if any(CASELESS.issuperset(text) for text in _texts(spec)):
        raise Reject("letters whose case can't be seen")
    boxes = [[check_ink(drawing.pictures[0], ink) for ink in inks] for inks in drawing.inks]
    wholes = [around(some) for some in boxes]
    if any(one.meets(other) for i, one in enumerate(wholes) for other in wholes[:i]):
        raise Reject("texts overlap")
    if spec.things:
        wholes = [
            around([box for box, line in zip(some, thing.lines, strict=True) if line.block == block])
            for some, thing in zip(boxes, spec.things, strict=True)
            for block in dict.fromkeys(line.block for line in thing.lines)
        ]
    regions = tuple(Region(box, text) for box, text in zip(wholes, _texts(spec), strict=True))
    return replace(drawing, regions=regions)


def _texts(spec: Spec) -> list[str]:
    """The texts of a picture as they are answered, in the order of reading."""
    texts = [sign.text for sign in spec.signs] + [text for thing in spec.things for text in thing.texts]
    return ["\n".join(map(uncounted, text.split("\n"))) for text in texts]


def _choose_things(
    rng: np.random.Generator, count: int, width: int, height: int, writer: Writer, vertical: float
) -> tuple[Thing, ...]:
    """Things side by side, with `count` texts at most, and at least one each."""
    number = min((count + 2) // 3, 1 + int(rng.choice(len(THINGS), p=THINGS)))
    edges = np.linspace(0, width, number + 1).astype(int).tolist()
    if rng.random() >= vertical * 2:
        writer = replace(writer, standing=())
    shares = [count // number + (i < count % number) for i in range(number)]
    cells = [Box(left + MARGIN, MARGIN, right - MARGIN, height - MARGIN) for left, right in pairwise(edges)]
    return tuple(choose_thing(rng, cell, most, writer) for cell, most in zip(cells, shares, strict=True))


def _choose_cells(rng: np.random.Generator, count: int, width: int, height: int) -> list[tuple[Box, float]]:
    """A cell for each text, and its vertical place there: rows from top to bottom, some of them halved.

    The place, from 0 at the cell's top to 1 at its bottom, is the same for all cells of a row, so that of two
    texts side by side neither is above the other.
    """
    needed = max(0, count - height // MIN_ROW)
    num_halved = min(count // 2, needed + int(rng.binomial(count // 2, 0.3)))
    rows = rng.permutation([2] * num_halved + [1] * (count - 2 * num_halved))
    weights = rng.uniform(1, 1.6, len(rows))
    edges = np.concatenate([[0], np.cumsum(weights / weights.sum())]) * (height - MARGIN) + MARGIN
    cells = []
    for row, columns in enumerate(rows):
        top, bottom = int(edges[row]), int(edges[row + 1]) - MARGIN
        middle = int(width * rng.uniform(0.4, 0.6))
        sides = [(0, width)] if columns == 1 else [(0, middle), (middle, width)]
        level = float(rng.random())
        cells += [(Box(left + MARGIN, top, right - MARGIN, bottom), level) for left, right in sides]
    return cells
