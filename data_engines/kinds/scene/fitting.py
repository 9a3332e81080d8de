"""Loose texts: one chosen, bent and turned, as large as its cell of the picture allows."""

import colorsys
import math
import string
from dataclasses import dataclass, replace

import numpy as np

from data_engines.engine import Reject
from data_engines.kinds.scene.drafts import OUTER_MARKS, Writer
from data_engines.kinds.scene.lettering import Way, measure
from data_engines.kinds.scene.signs import PADDING, Sign, SignStyle, Tint, to_rgb
from data_engines.tools.boxes import Box
from data_engines.tools.corpora import word_spans
from data_engines.tools.fonts import Face, choose_face
from data_engines.tools.shaping import check_shapable, direction_of
from data_engines.tools.vertical import can_stand
from data_engines.tools.warp import Warp

MIN_SIZE = 28
"""Size of fonts in pixels; perspective may reduce it by a fifth."""
MAX_SIZE = 130
TRIAL_SIZE = 64
"""Font size in pixels at which a text is measured before its size is known."""

STYLES: tuple[SignStyle, ...] = ("plain", "outline", "shadow", "plate")


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


def choose_sign(rng: np.random.Generator, cell: Box, level: float, writer: Writer, vertical: float) -> Sign:
    """A loose text in a cell, as far down in it as `level` says; in a column with the chance `vertical`."""
    text = _choose_cased(rng, writer)
    stands = bool(writer.standing) and can_stand(text) and rng.random() < vertical
    way: Way = "column" if stands else direction_of(text)
    face = choose_face(rng, writer.standing if stands else writer.faces, text)
    text, size, warp = _fit(rng, text, face, way, cell)
    extent = Box(*warp.extent())
    x = cell.left - extent.left + rng.random() * (cell.width - extent.width)
    y = cell.top - extent.top + level * (cell.height - extent.height)
    plate = colorsys.hls_to_rgb(rng.random(), rng.choice([0.1, 0.3, 0.5, 0.8, 0.95]), rng.uniform(0, 0.9))
    return Sign(
        text=text,
        font=(face.path, face.number, size),
        way=way,
        warp=warp.moved(x, y),
        style=STYLES[rng.choice(len(STYLES), p=[0.35, 0.2, 0.2, 0.25])],
        ink=Tint(float(rng.random()), float(rng.choice([0, rng.uniform(0.3, 1)])), float(rng.random())),
        opacity=float(rng.uniform(0.85, 1)),
        plate=to_rgb(plate),
    )


def _choose_cased(rng: np.random.Generator, writer: Writer) -> str:
    """A text like those of signs: often in capitals, and without punctuation at its ends."""
    for _ in range(10):
        text = writer.choose(rng)
        if text:
            break
    else:
        raise Reject("text of punctuation alone")
    case = rng.random()
    return check_shapable(text.upper() if case < 0.3 else string.capwords(text) if case < 0.5 else text)


def _fit(rng: np.random.Generator, text: str, face: Face, way: Way, room: Box) -> tuple[str, int, Warp]:
    """The words of the text that fit a room at a legible size, that size, and a warp centred at 0, 0."""
    fill, shape = rng.uniform(0.5, 1), _choose_shape(rng)
    while True:
        # a long text can be turned less far than a short one in the same cell
        for calm in (1, 0.3, 0):
            largest = TRIAL_SIZE * _scale(_warp(text, face, way, TRIAL_SIZE, shape.calmed(calm)), room)
            size = min(MAX_SIZE, max(MIN_SIZE, int(fill * largest)))
            warp = _warp(text, face, way, size, shape.calmed(calm))
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


def _warp(text: str, face: Face, way: Way, size: int, shape: Shape) -> Warp:
    """The warp of a text in a font, with its middle at 0, 0."""
    left, top, right, bottom = measure(text, (face.path, face.number, size), way)
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
