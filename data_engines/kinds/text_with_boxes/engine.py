"""Pictures of sets that were drawn before, answered by all their texts and where each of them stands.

The sets' rows say which texts stand where (`regions`), and their own answers in which order they are read. Of
texts that hold others, as a paragraph holds lines, the parts are taken. Pictures with a text that has no box
are left out: to answer without it would teach to pass over texts.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data_engines.engine import Answer, Drawing, LeftOut, Region, Reject, Stock, one_by_one
from data_engines.options import EngineOptions, option
from data_engines.tools.boxes import Box
from data_engines.tools.page_index import index_pages
from data_engines.tools.sets import Page, check_shown, read_page, set_sources
from got_train.prompts import Task


@dataclass(frozen=True)
class Options(EngineOptions):
    source: tuple[str, ...] = option(
        "sets to ask about: folders of got-data, or files whose rows have regions"
    )


@dataclass(frozen=True, kw_only=True)
class SetStock(Stock[Options]):
    order: np.ndarray
    """Numbers of the rows that have regions, shuffled."""


@dataclass(frozen=True)
class Spec:
    """A picture and its texts, decided."""

    page: Page
    regions: tuple[Region, ...]
    """In the order of reading."""


def load(options: Options, rng: np.random.Generator) -> SetStock:
    index = index_pages(options.source, whole=False)
    index = index.keep(index.pages["num_regions"] > 0, "row without regions")
    order = rng.permutation(index.pages["row"])
    sources = set_sources(options.source)
    return SetStock(sources=sources, options=options, left_out=index.left_out, order=order)


def decide(rng: np.random.Generator, index: int, stock: SetStock) -> Spec:
    page = read_page(stock.options.source, int(stock.order[index % len(stock.order)]), whole=False)
    if not all(region.text.strip() for region in page.regions):
        raise LeftOut("text that nobody has read")
    parts = _parts(page.regions)
    if len({region.format for region in parts}) > 1:
        raise LeftOut("plain texts beside formatted ones")
    return Spec(page, tuple(in_reading_order(page, parts)))


@one_by_one
def draw(spec: Spec) -> Drawing:
    task = Task(format=spec.regions[0].format, with_boxes=True)
    return Drawing((spec.page.open(),), (Answer(task, ""),), spec.regions)


def check(spec: Spec, drawing: Drawing) -> Drawing:
    """The drawing, if each box lies in the picture and shows something."""
    [picture] = drawing.pictures
    for region in drawing.regions:
        box = Box(*region.box)
        if not box.inside(Box(0, 0, *picture.size)):
            raise Reject("region outside the picture")
        check_shown(picture.crop(box))
    return drawing


def in_reading_order(page: Page, regions: Sequence[Region]) -> list[Region]:
    """The texts of a page as its own answer has them, or if it has none of the whole, from top to bottom.

    Raises:
        LeftOut: the answer is not made of these texts.
    """
    if not page.whole:
        return _from_top_to_bottom(regions)
    if page.format and not regions[0].format:
        return list(regions)  # cells of a table, row by row; its answer has them between commands
    return _as_answered(page.text, regions)


def _parts(regions: Sequence[Region]) -> list[Region]:
    """The texts that hold no others."""

    def holds(outer: Region, inner: Region) -> bool:
        shorter = len(inner.text) < len(outer.text) and inner.text in outer.text
        return shorter and Box(*inner.box).inside(Box(*outer.box))

    return [region for region in regions if not any(holds(region, other) for other in regions)]


def _as_answered(answer: str, regions: Sequence[Region]) -> list[Region]:
    """The texts in the order in which an answer has them, each on lines of its own; equal ones as given."""
    waiting: dict[str, list[Region]] = defaultdict(list)
    for region in sorted(regions, key=lambda region: -len(region.text)):
        waiting[region.text.partition("\n")[0]].append(region)
    ordered: list[Region] = []
    rest = answer.strip("\n")
    while rest:
        begun = waiting[rest.partition("\n")[0]]
        found = next((region for region in begun if f"{rest}\n".startswith(f"{region.text}\n")), None)
        if found is None:
            raise LeftOut("text without a box")
        begun.remove(found)
        ordered.append(found)
        rest = rest[len(found.text) :].lstrip("\n")
    if len(ordered) < len(regions):
        raise LeftOut("box without a text in the answer")
    return ordered


def _from_top_to_bottom(regions: Sequence[Region]) -> list[Region]:
    """The texts line by line: what begins above the middle of a line's first text is on its line."""
    lines: list[list[Region]] = []
    for region in sorted(regions, key=lambda region: Box(*region.box).middle):
        if lines and region.box[1] < Box(*lines[-1][0].box).middle:
            lines[-1].append(region)
        else:
            lines.append([region])
    return [region for line in lines for region in sorted(line, key=lambda region: region.box[0])]
