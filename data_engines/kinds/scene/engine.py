"""Texts in the wild: placed on photographs, bent, at an angle, in colours that stand out where they are.

A picture is divided into rows of one or two cells, and each text stands in a cell of its own, so the reading
order, from top to bottom and from left to right, is beyond doubt. Each text is a line of the answer and a
region.
"""

import colorsys
import io
import math
import string
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from data_engines.engine import Answer, Drawing, Region, Reject, Stock, one_by_one
from data_engines.kinds.scene.signs import PADDING, Ink, Sign, SignStyle, Tint, check_ink, draw_sign, to_rgb
from data_engines.options import EngineOptions, Range, check_bounds, option
from data_engines.tools.boxes import Box
from data_engines.tools.corpora import Language, check_text, word_spans
from data_engines.tools.fonts import (
    Face,
    choose_face,
    find_faces,
    open_font,
)
from data_engines.tools.photos import Background, choose_background, find_photos, make_background
from data_engines.tools.texts import Texts, matter_option, read_texts
from data_engines.tools.typed import uncounted
from data_engines.tools.warp import Warp
from got_train.prompts import Task

MARGIN = 8
"""Pixels kept free along the edges and between cells."""
MIN_ROW = 80
"""Average height of a row in pixels; where rows would be lower, texts are put side by side."""
MIN_SIZE = 28
"""Size of fonts in pixels; perspective may reduce it by a fifth."""
MAX_SIZE = 130
TRIAL_SIZE = 64
"""Font size in pixels at which a text is measured before its size is known."""
OUTER_MARKS = " ,.;:!?-'()，。！？、"
"""Characters stripped from the ends of a text, as it is a piece of a sentence."""

STYLES: tuple[SignStyle, ...] = ("plain", "outline", "shadow", "plate")


@dataclass(frozen=True)
class Options(EngineOptions):
    source: Path | None = option(
        "a UTF-8 text file to draw from; without it, texts of installed packages", None
    )
    language: Language | None = option("language of the texts, by default all that there is", None)
    matter: float | None = matter_option()
    fonts: tuple[Path, ...] = option("font files or folders of them; without it, the system's fonts", ())
    photos: tuple[Path, ...] = option("photographs or folders of them; without it, those of scikit-image", ())
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
    texts: Texts
    faces: tuple[Face, ...]
    photos: tuple[str, ...]


@dataclass(frozen=True)
class Shape:
    """How a text is bent, and from where it is seen; independent of its size."""

    bend: float
    """Height of the text divided by the radius of its arc; 0 is straight, below 0 the middle hangs down."""
    turn: float
    """Rotation in radians, clockwise."""
    tilt: tuple[float, float]
    """Share by which the right half is further away than the left, and the lower than the upper."""
    slant: float
    """Slant: pixels to the left per pixel up."""
    squeeze: float
    """Height of the text divided by its height in the font."""

    def calmed(self, share: float) -> "Shape":
        """The shape with `share` of its bend, turn and so on, which takes less room."""
        tilt = share * self.tilt[0], share * self.tilt[1]
        return replace(self, bend=share * self.bend, turn=share * self.turn, tilt=tilt)


@dataclass(frozen=True)
class Spec:
    """All that is decided about one picture."""

    width: int
    height: int
    background: Background
    signs: tuple[Sign, ...]
    blur: float
    """Radius of the blur in pixels."""
    quality: int | None
    """Quality of the JPEG compression that the picture has gone through; None for no compression."""


@dataclass(frozen=True, kw_only=True)
class SceneDrawing(Drawing):
    inks: tuple[Ink, ...]
    """The ink that each text left on the picture."""


def load(options: Options, rng: np.random.Generator) -> SceneStock:
    photos, photo_sources, unused_photos = find_photos(options.photos)
    texts = read_texts(options.source, options.language, options.matter, rng)
    text = "".join(sorted(texts.characters()))
    characters = set(text + text.upper() + text.lower())
    faces, font_files, unused_fonts = find_faces(options.fonts, characters, "the texts")
    return SceneStock(
        sources=(*texts.sources, *font_files, *photo_sources),
        left_out=unused_photos | unused_fonts,
        options=options,
        texts=texts,
        faces=faces,
        photos=photos,
    )


def decide(rng: np.random.Generator, index: int, stock: SceneStock) -> Spec:
    options = stock.options
    width, height = options.width.choose(rng), options.height.choose(rng)
    cells = _choose_cells(rng, options.texts.choose(rng), width, height)
    return Spec(
        width=width,
        height=height,
        background=choose_background(rng, stock.photos),
        signs=tuple(_choose_sign(rng, cell, level, stock) for cell, level in cells),
        blur=float(rng.uniform(0.3, 0.8)) if rng.random() < 0.3 else 0.0,
        quality=int(rng.integers(45, 90)) if rng.random() < 0.3 else None,
    )


@one_by_one
def draw(spec: Spec) -> SceneDrawing:
    picture = make_background(spec.background, spec.width, spec.height)
    inks = tuple(draw_sign(picture, sign) for sign in spec.signs)
    if spec.blur:
        picture = picture.filter(ImageFilter.BoxBlur(spec.blur))
    if spec.quality is not None:
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=spec.quality)
        picture = Image.open(file).convert("RGB")
    answer = Answer(Task(), "\n".join(uncounted(sign.text) for sign in spec.signs))
    return SceneDrawing((picture,), (answer,), photograph=True, inks=inks)


def check(spec: Spec, drawing: SceneDrawing) -> Drawing:
    """The drawing with a region for each text, if every text is whole, stands out and overlaps no other."""
    boxes = [check_ink(drawing.pictures[0], ink) for ink in drawing.inks]
    if any(one.meets(other) for i, one in enumerate(boxes) for other in boxes[:i]):
        raise Reject("texts overlap")
    regions = tuple(Region(box, uncounted(sign.text)) for box, sign in zip(boxes, spec.signs, strict=True))
    return replace(drawing, regions=regions)


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


def _choose_sign(rng: np.random.Generator, cell: Box, level: float, stock: SceneStock) -> Sign:
    text = _choose_cased(rng, stock)
    face = choose_face(rng, stock.faces, text)
    text, size, warp = _fit(rng, text, face, cell)
    extent = Box(*warp.extent())
    x = cell.left - extent.left + rng.random() * (cell.width - extent.width)
    y = cell.top - extent.top + level * (cell.height - extent.height)
    plate = colorsys.hls_to_rgb(rng.random(), rng.choice([0.1, 0.3, 0.5, 0.8, 0.95]), rng.uniform(0, 0.9))
    return Sign(
        text=text,
        font=(face.path, face.number, size),
        warp=_shift(warp, x, y),
        style=STYLES[rng.choice(len(STYLES), p=[0.35, 0.2, 0.2, 0.25])],
        ink=Tint(float(rng.random()), float(rng.choice([0, rng.uniform(0.3, 1)])), float(rng.random())),
        opacity=float(rng.uniform(0.85, 1)),
        plate=to_rgb(plate),
    )


def _choose_cased(rng: np.random.Generator, stock: SceneStock) -> str:
    """A text like those of signs: often in capitals, and without punctuation at its ends."""
    for _ in range(10):
        text = check_text(stock.texts.choose_run(rng, stock.options.words)).strip(OUTER_MARKS)
        if text:
            break
    else:
        raise Reject("text of punctuation alone")
    case = rng.random()
    return text.upper() if case < 0.3 else string.capwords(text) if case < 0.5 else text


def _fit(rng: np.random.Generator, text: str, face: Face, room: Box) -> tuple[str, int, Warp]:
    """The words of the text that fit a room at a legible size, that size, and a warp centred at 0, 0."""
    fill, shape = rng.uniform(0.5, 1), _choose_shape(rng)
    while True:
        # a long text can be turned less far than a short one in the same cell
        for calm in (1, 0.3, 0):
            largest = TRIAL_SIZE * _scale(_warp(text, face, TRIAL_SIZE, shape.calmed(calm)), room)
            size = min(MAX_SIZE, max(MIN_SIZE, int(fill * largest)))
            warp = _warp(text, face, size, shape.calmed(calm))
            if _scale(warp, room) >= 1:
                return text, size, warp
        spans = word_spans(text)
        if len(spans) == 1:
            raise Reject("text does not fit the picture")
        text = text[: spans[-2][1]].rstrip(OUTER_MARKS)


def _choose_shape(rng: np.random.Generator) -> Shape:
    turn = rng.normal(0, 4) * (3 if rng.random() < 0.2 else 1)
    return Shape(
        bend=float(rng.normal(0, 0.25)) if rng.random() < 0.5 else 0.0,
        turn=math.radians(np.clip(turn, -20, 20)),
        tilt=(float(rng.uniform(-0.2, 0.2)), float(rng.uniform(-0.12, 0.12))),
        slant=float(rng.uniform(-0.15, 0.15)),
        squeeze=float(rng.uniform(0.85, 1.1)),
    )


def _warp(text: str, face: Face, size: int, shape: Shape) -> Warp:
    """The warp of a text in a font, with its middle at 0, 0."""
    left, top, right, bottom = open_font(face.path, face.number, size).getbbox(text, anchor="ls")
    pad = 2 * math.ceil(PADDING * size)
    width, height = math.ceil(right - left) + pad, math.ceil(bottom - top) + pad
    cos, sin = math.cos(shape.turn), math.sin(shape.turn)
    turned = np.array([[cos, -sin], [sin, cos]]) @ [[1, shape.slant], [0, shape.squeeze]]
    view = (*turned[0], 0, *turned[1], 0, shape.tilt[0] / width, shape.tilt[1] / height, 1)
    # a tighter arc would squeeze the feet of the letters together
    tightest = min(0.4 * width / height, 1.5)
    arc = max(-tightest, min(tightest, shape.bend * width / height))
    return Warp(width, height, arc, tuple(map(float, view)))


def _scale(warp: Warp, room: Box) -> float:
    """The factor by which the warp could be enlarged and still fit the room."""
    extent = Box(*warp.extent())
    return min(room.width / extent.width, room.height / extent.height)


def _shift(warp: Warp, x: float, y: float) -> Warp:
    view = np.array([[1, 0, x], [0, 1, y], [0, 0, 1]]) @ np.reshape(warp.view, (3, 3))
    return replace(warp, view=tuple(view.ravel().tolist()))
