"""Pages of sets that were drawn before, stitched side by side or one below the other.

The picture is larger than one tile of the encoder, so training cuts it into several, and the answer is the
text of the whole. Pages keep their proportions: the larger ones are scaled down to the height (or width) of
the smallest; those that would become too small to read are not joined.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image, ImageOps

from data_engines.engine import Answer, Drawing, Reject, Stock, one_by_one
from data_engines.options import EngineOptions, Range, option
from data_engines.tools.page_index import PageIndex, index_pages
from data_engines.tools.sets import Page, check_shown, join_texts, set_sources
from got_train.prompts import Task
from got_train.vocabulary import TILE_SIZE

MIN_FACTOR = 0.6
"""By which a page may be scaled down beside a smaller one, and its text still be read."""


@dataclass(frozen=True)
class Options(EngineOptions):
    source: tuple[str, ...] = option("sets to stitch: folders of got-data, or files of rows")
    pages: Range = option("pages in a picture", Range(2, 3), lowest=2)
    direction: Literal["horizontal", "vertical", "mixed"] = option("which way they are joined", "mixed")
    longest: int = option("pixels of the picture's longer side at most", 4096, lowest=TILE_SIZE + 1)


@dataclass(frozen=True, kw_only=True)
class PageStock(Stock[Options]):
    index: PageIndex


@dataclass(frozen=True)
class Spec:
    pages: tuple[Page, ...]
    direction: Literal["horizontal", "vertical"]
    longest: int


def load(options: Options, rng: np.random.Generator) -> PageStock:
    index = index_pages(options.source, options.pages.high).keep_companions(options.pages.low)
    sources = set_sources(options.source)
    return PageStock(sources=sources, options=options, left_out=index.left_out, index=index)


def decide(rng: np.random.Generator, index: int, stock: PageStock) -> Spec:
    options = stock.options
    direction = options.direction
    if direction == "mixed":
        direction = "horizontal" if rng.random() < 0.5 else "vertical"
    axis = 1 if direction == "horizontal" else 0

    def fit(pages: Sequence[Page]) -> bool:
        sizes = [page.size() for page in pages]
        across, along = [size[axis] for size in sizes], [size[1 - axis] for size in sizes]
        if min(across) < MIN_FACTOR * max(across):
            return False
        whole = sum(length * min(across) / side for length, side in zip(along, across, strict=True))
        return len(pages) == 1 or max(whole, min(across)) > TILE_SIZE + len(pages)

    return Spec(stock.index.choose(rng, options.pages, fit), direction, options.longest)


@one_by_one
def draw(spec: Spec) -> Drawing:
    picture = _stitch([page.open() for page in spec.pages], spec.direction)
    if max(picture.size) > spec.longest:
        picture.thumbnail((spec.longest, spec.longest), Image.Resampling.LANCZOS)
    task = Task(format=spec.pages[0].format, crop=True)
    return Drawing((picture,), (Answer(task, join_texts(spec.pages)),))


def check(spec: Spec, drawing: Drawing) -> Drawing:
    """The drawing, if it is larger than a tile and not blank; its pages were checked when they were drawn."""
    (picture,) = drawing.pictures
    if max(picture.size) <= TILE_SIZE:
        raise Reject("pages that fit one tile")
    check_shown(picture)
    return drawing


def _stitch(pictures: Sequence[Image.Image], direction: Literal["horizontal", "vertical"]) -> Image.Image:
    # the side that the pictures share counts likewise in Pillow's sizes and in the axes of arrays
    axis = 1 if direction == "horizontal" else 0
    shared = min(picture.size[axis] for picture in pictures)
    scaled = [
        np.asarray(ImageOps.scale(picture, shared / picture.size[axis], Image.Resampling.LANCZOS))
        for picture in pictures
    ]
    return Image.fromarray(np.concatenate(scaled, axis))
