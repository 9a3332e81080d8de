"""Questions about parts of pictures, by box or by coloured frame, over sets that were drawn before.

The sets' rows say which texts stand where (`regions`). A box names the ink of one text in thousandths of the
picture. A frame is drawn round it in red, green or blue, only where it runs through no other text and in a
colour that the picture lacks; other texts may have frames of the other colours, which nobody asks about.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw

from data_engines.engine import Answer, Drawing, Region, Reject, Stock, one_by_one
from data_engines.options import EngineOptions, fraction, option
from data_engines.tools.boxes import Box
from data_engines.tools.frames import FRAME_RGB, draw_frame
from data_engines.tools.page_index import index_pages
from data_engines.tools.sets import Page, check_shown, read_page, set_sources
from got_train.prompts import COLORS, Color, Task

REACH = 4
"""Pixels from the ink of a text to the outside of its frame, at most."""
FADED = 64
"""Levels by which a frame that is in a picture already may differ from its colour."""
MIN_SIDE_PIXELS = 6
"""Of a text that can be pointed at."""


@dataclass(frozen=True)
class Options(EngineOptions):
    source: tuple[str, ...] = option(
        "sets to ask about: folders of got-data, or files whose rows have regions"
    )
    task: Literal["box", "color", "mixed"] = option("how a question points at its text", "mixed")
    frames: float = fraction("chance of a second text with a frame of another colour, and of a third", 0.3)


@dataclass(frozen=True, kw_only=True)
class SetStock(Stock[Options]):
    order: np.ndarray
    """Numbers of the rows that have regions, shuffled."""


@dataclass(frozen=True)
class Spec:
    """A question, decided."""

    page: Page
    asked: Region
    framed: tuple[Region, ...]
    """The text that is asked about comes first; none for a question by box."""
    colors: tuple[Color, ...]
    """Colours of the frames in order of preference; those that the picture shows already are skipped."""


def load(options: Options, rng: np.random.Generator) -> SetStock:
    index = index_pages(options.source, whole=False)
    index = index.keep(index.pages["num_regions"] > 0, "row without regions")
    sources, order = set_sources(options.source), rng.permutation(index.pages["row"])
    return SetStock(sources=sources, options=options, left_out=index.left_out, order=order)


def decide(rng: np.random.Generator, index: int, stock: SetStock) -> Spec:
    options = stock.options
    page = read_page(options.source, int(stock.order[index % len(stock.order)]), whole=False)
    by_color = options.task == "color" or (options.task == "mixed" and rng.random() < 0.5)
    regions = [region for region in page.regions if _can_be_asked(region)]
    if by_color:
        regions = [region for region in regions if _can_be_framed(region, page.regions)]
    if not regions:
        raise Reject("no text that stands apart")
    chosen = [regions[i] for i in rng.permutation(len(regions))]
    if not by_color:
        return Spec(page, chosen[0], (), ())
    framed = chosen[:1]
    for region in chosen[1:]:
        if len(framed) == len(COLORS) or rng.random() >= options.frames:
            break
        if not any(_box(region, REACH).meets(_box(other, REACH)) for other in framed):
            framed.append(region)
    colors = tuple(COLORS[i] for i in rng.permutation(len(COLORS)))
    return Spec(page, chosen[0], tuple(framed), colors)


@one_by_one
def draw(spec: Spec) -> Drawing:
    picture = spec.page.open()
    asked = spec.asked
    if not _box(asked).inside(Box(0, 0, *picture.size)):
        raise Reject("region outside the picture")
    if not spec.framed:
        return Drawing((picture,), (Answer(Task(format=asked.format), asked.text, box=asked.box),))
    colors = [color for color in spec.colors if not _likely(picture, color).any()]
    if not colors:
        raise Reject("picture with all colours of frames")
    canvas = ImageDraw.Draw(picture)
    for region, color in zip(spec.framed, colors, strict=False):
        if not _box(region, REACH).inside(Box(0, 0, *picture.size)):
            raise Reject("no room for a frame")
        line_height = _box(region).height / (region.text.count("\n") + 1)
        draw_frame(canvas, _box(region), color, line_height)
    return Drawing((picture,), (Answer(Task(format=asked.format, color=colors[0]), asked.text),))


def check(spec: Spec, drawing: Drawing) -> Drawing:
    """The drawing, if its text is there to be seen, and the frame of the colour asked about is round it."""
    picture, color = drawing.pictures[0], drawing.answers[0].task.color
    asked = _box(spec.asked)
    check_shown(picture.crop(asked))
    if color is not None:
        framed = Image.fromarray(_likely(picture, color)).getbbox()
        if framed is None or not (asked.inside(Box(*framed)) and Box(*framed).inside(asked.grown(REACH))):
            raise Reject("frame round another text")
    return drawing


def _likely(picture: Image.Image, color: Color) -> np.ndarray:
    """Which pixels could be those of a frame, pure or as JPEG leaves it."""
    likely = np.ones((picture.height, picture.width), dtype=bool)
    for band, level in zip(picture.split(), FRAME_RGB[color], strict=True):
        likely &= (np.asarray(band) >= 255 - FADED) if level else (np.asarray(band) <= FADED)
    return likely


def _can_be_asked(region: Region) -> bool:
    box = _box(region)
    return min(box.width, box.height) >= MIN_SIDE_PIXELS and bool(region.text.strip())


def _can_be_framed(region: Region, others: tuple[Region, ...]) -> bool:
    """Whether a frame would run through no other text; those inside or all round it are parts and wholes."""
    inner, outer = _box(region), _box(region, REACH)
    return not any(
        box != inner and box.meets(outer) and not (box.inside(inner) or outer.inside(box))
        for box in map(_box, others)
    )


def _box(region: Region, margin: float = 0) -> Box:
    """The whole pixels that a text has ink in, and some round them."""
    left, top, right, bottom = region.box
    return Box(math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom)).grown(margin)
