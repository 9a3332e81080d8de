"""Pages, paragraphs and lines of real PDF files, with the text that the files themselves hold.

The answer follows the page: one line of text for each line on it, hyphens at line ends kept, columns read one
after the other. Ligatures are spelt out as a reader would type them. Lines that can't be answered for are cut
off, with what stands beside them: the largest part of the page between them is shown, if it is large enough.
Sample i shows page i of a shuffled list of all pages; of slices, four in a row come from a page, and they go
through the list again when it ends. No part of a page is shown twice.
"""

import math
from bisect import bisect
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from itertools import islice, pairwise, zip_longest
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from data_engines.engine import Answer, Drawing, LeftOut, PixelBox, Region, Reject, Source, Stock, one_by_one
from data_engines.kinds.pdf.layout import UNCLEAR_CELLS
from data_engines.kinds.pdf.reading import count_pages, draw_page, image_boxes, page_size, read_page
from data_engines.kinds.pdf.texts import Text, bands_of
from data_engines.options import EngineOptions, option
from data_engines.tools.boxes import Box, around
from data_engines.tools.files import files_below
from got_train.prompts import Task
from got_train.vocabulary import TILE_SIZE

Units = Literal["pages", "paragraphs", "lines", "slices", "mixed"]
PAGE_SHARE = 0.6
"""Of mixed samples; the published recipe has 1.2 million pages to 0.8 million slices."""
SLICES = ("paragraphs", "lines", "slices")
SLICES_IN_TURN = 4
"""Slices that are cut from a page one after the other, since reading it takes most of their time."""
MARGINS = (0.35, 0.15, 0.05)
"""Paper left round a slice, in line heights: the widest that takes in nothing of another line."""
EDGE = 1.0
"""Points by which a letter may reach over the edge of its page: less than can be seen."""
MIN_CONTRAST = 32
"""Difference between the lightest and the darkest level round the ink of a letter that can be seen."""
MIDDLE, MIN_ALNUM = (0.3, 0.7), 4
"""Part of a line's height that has ink in each row of pixels, if the line has so many letters or digits."""
REACH = 1.0
"""Line heights to either side of a line in which there may be no other ink."""
FOOT = 0.15
"""Line heights below its ink, but no more than the font reaches down, in which there may be none either."""
MIN_IMAGE_SHARE = 0.02
"""Share of a page from which an image may hold text that the file doesn't say."""
OTHER_INK = "ink that is no letter"
MIN_LEFT_LINES = 5
"""Lines that a picture has at least from which others were cut off."""
MIN_LEFT_SHARE = 0.2
"""Share of the lines that it keeps at least."""
MIN_BODY_PIXELS = 6.0
"""From the ascenders to the descenders of letters that can be read, at the model's resolution at most."""


@dataclass(frozen=True)
class Options(EngineOptions):
    source: Path = option("a PDF file, or a folder whose PDF files are found at any depth")
    units: Units = option(
        "what a picture shows; slices are paragraphs and lines, mixed is all three", "pages"
    )
    dpi: int = option("pixels per inch of paper", 144, lowest=36, highest=600)
    longest: int = option(
        "pixels of a page's longer side at most; larger pages get fewer dpi", 2048, lowest=64
    )


@dataclass(frozen=True, kw_only=True)
class PdfStock(Stock[Options]):
    files: tuple[str, ...]
    starts: np.ndarray
    """Number of pages before each file, and in all files."""
    order: np.ndarray
    """All pages, shuffled."""
    seed: int
    """Of the order in which the parts of a page are shown."""


@dataclass(frozen=True)
class Spec:
    """A page or slice, decided."""

    file: str
    page: int
    """From 0."""
    part: Box | None
    """What is shown; None for the whole page."""
    scale: float
    """Pixels per point."""
    paragraphs: tuple[tuple[Text, ...], ...]

    @property
    def lines(self) -> list[Text]:
        return [line for paragraph in self.paragraphs for line in paragraph]


@dataclass(frozen=True, kw_only=True)
class PdfDrawing(Drawing):
    bare: Image.Image
    """The picture in grey, without its text."""


def load(options: Options, rng: np.random.Generator) -> PdfStock:
    found = files_below(options.source, [".pdf"])
    if not found:
        raise ValueError(f"--source {options.source} has no .pdf file in it, at any depth")
    files, num_pages = [], []
    left_out: Counter[str] = Counter()
    for file in map(str, found):
        try:
            num_pages.append(count_pages(file))
            files.append(file)
        except Reject as reject:
            left_out[str(reject)] += 1
    if not sum(num_pages):
        causes = ", ".join(f"{number} {cause}" for cause, number in left_out.items())
        raise ValueError(f"--source {options.source} has no PDF that can be read ({causes})")
    total = sum(num_pages)
    return PdfStock(
        sources=(Source(options.source, str(options.source)),),
        versions={"pypdfium2": version("pypdfium2")},
        size=total if options.units == "pages" else None,
        left_out=dict(sorted(left_out.items())),
        options=options,
        files=tuple(files),
        starts=np.cumsum([0, *num_pages]),
        order=rng.permutation(total),
        seed=int(rng.integers(2**32)),
    )


def decide(rng: np.random.Generator, index: int, stock: PdfStock) -> Spec:
    units = stock.options.units
    in_turn = SLICES_IN_TURN if units in SLICES else 1
    turn, place = divmod(index, in_turn)
    earlier_turns, turn = divmod(turn, len(stock.order))
    page = int(stock.order[turn])
    position = int(np.searchsorted(stock.starts, page, side="right")) - 1
    file, number = stock.files[position], page - int(stock.starts[position])
    paragraphs = read_page(file, number)
    sheet = Box(0, 0, *page_size(file, number))
    scale = min(stock.options.dpi / 72, stock.options.longest / max(sheet))
    lines: Sequence[Text] = [line for paragraph in paragraphs for line in paragraph]
    part = None
    # a page's second turn shows a part of it: the whole would be the same sample once more
    if units == "pages" or (units == "mixed" and not earlier_turns and rng.random() < PAGE_SHARE):
        faults = [
            line.fault or ("" if line.ink.inside(sheet.grown(EDGE)) else "text over the edge of the page")
            for line in lines
        ]
        smallest_image = MIN_IMAGE_SHARE * sheet.width * sheet.height
        images = [box for box in image_boxes(file, number) if box.width * box.height > smallest_image]
        if any(faults) or images:
            sound, part = _cut_off(paragraphs, faults, sheet, images)
            paragraphs = [list(paragraph) for paragraph in sound]
            lines = [line for paragraph in paragraphs for line in paragraph]
    else:
        parts = _order_parts(np.random.default_rng([stock.seed, page]), paragraphs, units)
        lines, part = _choose_slice(parts, earlier_turns * in_turn + place, lines, sheet)
        paragraphs = [list(lines)]
    smallest = min(line.body.height for line in lines)
    if smallest * min(scale, TILE_SIZE / (part or sheet).height) < MIN_BODY_PIXELS:
        raise LeftOut("text too small to read")
    visible = [tuple(replace(line, ink=line.ink.shared(sheet)) for line in lines) for lines in paragraphs]
    return Spec(file, number, part, scale, tuple(visible))


def _draw(spec: Spec) -> PdfDrawing:
    picture, bare = draw_page(spec.file, spec.page, spec.scale, spec.part)
    text = "\n".join(line.text for line in spec.lines)
    return PdfDrawing((picture,), (Answer(Task(), text),), _regions(spec), bare=bare)


draw = one_by_one(_draw)


def check(spec: Spec, drawing: PdfDrawing) -> Drawing:
    """The drawing of those lines that have ink at each letter of the file, and none beside them."""
    levels, bare = (
        np.asarray(picture.convert("L")).astype(np.int16) for picture in (*drawing.pictures, drawing.bare)
    )
    letters, free = np.abs(levels - bare), _is_free(spec, levels.shape)
    faults = [
        "text that can't be seen"
        if not _is_seen(line, letters, spec)
        else ("" if _is_all(line, levels, free, spec) and _is_clear(line, bare, spec) else OTHER_INK)
        for line in spec.lines
    ]
    if not any(faults):
        return drawing
    sheet = spec.part or Box(0, 0, *page_size(spec.file, spec.page))
    paragraphs, part = _cut_off(spec.paragraphs, faults, sheet)
    return _draw(replace(spec, paragraphs=paragraphs, part=part))


def _cut_off(
    paragraphs: Sequence[Sequence[Text]], faults: Sequence[str], sheet: Box, images: Sequence[Box] = ()
) -> tuple[tuple[tuple[Text, ...], ...], Box]:
    """The most lines that stand together without any that has a fault, and the part of the sheet they are on.

    Raises:
        LeftOut: too few lines are left.
    """
    lines = [line for paragraph in paragraphs for line in paragraph]
    bad = [around([line.body, line.ink]) for line, fault in zip(lines, faults, strict=True) if fault]
    bad += images
    sound = [line for line, fault in zip(lines, faults, strict=True) if not fault]
    # what reaches beside a line that goes, goes with it: the page is cut across
    gone: list[Box] = []
    while bad:
        gone += bad
        top_to_bottom = sorted(box[1::2] for box in gone)
        bad = [
            line.ink
            for line in sound
            if any(line.ink.top < bottom and top < line.ink.bottom for top, bottom in top_to_bottom)
        ]
        sound = [line for line in sound if line.ink not in bad]
    edges = sorted(box.middle for box in gone)
    between = [bisect(edges, line.ink.middle) for line in sound]
    kept_between, number = Counter(between).most_common(1)[0] if between else (0, 0)
    if number < max(MIN_LEFT_LINES, MIN_LEFT_SHARE * len(lines)):
        raise LeftOut(next((fault for fault in faults if fault), "images all over the page"))
    kept = [line for line, place in zip(sound, between, strict=True) if place == kept_between]
    extent = around([line.ink for line in kept])
    above = [box.bottom for box in gone if box.middle < extent.middle]
    below = [box.top for box in gone if box.middle > extent.middle]
    torn = _torn_cells(kept, above=bool(above), below=bool(below))
    if torn:
        torn_too = [
            UNCLEAR_CELLS if line in torn else fault for line, fault in zip(lines, faults, strict=True)
        ]
        return _cut_off(paragraphs, torn_too, sheet, images)
    part = Box(
        sheet.left,
        (max(above) + extent.top) / 2 if above else sheet.top,
        sheet.right,
        (min(below) + extent.bottom) / 2 if below else sheet.bottom,
    )
    left = (tuple(line for line in paragraph if line in kept) for paragraph in paragraphs)
    return tuple(paragraph for paragraph in left if paragraph), part


def _torn_cells(kept: Sequence[Text], above: bool, below: bool) -> list[Text]:
    """Lines at an edge that was cut which were read cell by cell, and now look like a row to read across."""
    bands = bands_of(kept)
    torn: list[Text] = []
    for cut, (outer, *inner) in ((above, bands[:2]), (below, bands[:-3:-1])):
        in_row = sorted(outer, key=lambda line: line.ink.left)
        one_each = all(before.ink.right <= after.ink.left for before, after in pairwise(in_row))
        if cut and len(outer) > 1 and one_each and not (inner and len(inner[0]) > 1):
            torn += outer
    return torn


def _is_seen(line: Text, ink: np.ndarray, spec: Spec) -> bool:
    """Whether each letter is seen from its left to its right: what is covered is still in the file's text.

    Args:
        line: of the picture.
        ink: levels by which the picture differs from the same without its text.
        spec: of the picture.
    """
    if not line.letters:
        return False
    start, top, end, bottom = in_pixels(line.ink, spec)
    height = bottom - top
    middle = slice(int(top + height * MIDDLE[0]) + 1, int(top + height * MIDDLE[1]))
    rows = ink[middle, max(0, int(start)) : math.ceil(end)].max(axis=1, initial=0)
    # a stripe over the line hides no letter as a whole
    if sum(map(str.isalnum, line.text)) >= MIN_ALNUM and (rows < MIN_CONTRAST).any():
        return False
    letters = np.array([in_pixels(letter, spec)[::2] for letter in line.letters])
    # a pixel more on every side, as a dash fills the box of its ink; a column more, where the last may end
    columns = np.pad(ink[max(0, math.floor(top) - 1) : math.ceil(bottom) + 1].max(axis=0), (0, 1))
    left, right = letters.T
    middles = (left + right) / 2
    for starts, ends in ((left, middles), (middles, right)):
        sides = (np.floor(starts) - 1, np.ceil(ends) + 1)
        bounds = np.stack(sides, axis=1).astype(int).clip(0, ink.shape[1]).ravel()
        if (np.maximum.reduceat(columns, bounds)[::2] < MIN_CONTRAST).any():
            return False
    return True


def _is_free(spec: Spec, shape: tuple[int, ...]) -> np.ndarray:
    """The pixels of a picture, `shape` high and wide, that belong to no letter."""
    free = np.ones(shape, dtype=bool)
    for line in spec.lines:
        for letter in line.letters:
            # ink may be seen a pixel beyond its box
            left, top, right, bottom = in_pixels(letter, spec)
            rows = slice(max(0, math.floor(top) - 1), max(0, math.ceil(bottom) + 1))
            free[rows, max(0, math.floor(left) - 1) : max(0, math.ceil(right) + 1)] = False
    return free


def _is_all(line: Text, levels: np.ndarray, free: np.ndarray, spec: Spec) -> bool:
    """Whether nothing is drawn between the letters of a line, and close to its ends, but what runs through.

    Such ink may be a letter that the file's text lacks: a rule for an underscore, a stroke through words or
    under them, a fraction. What has the same levels from the top of the line to its foot, such as paper, a
    frame or a rule between cells, is none.
    """
    reach = REACH * line.body.height
    foot = min(line.ink.bottom + FOOT * line.body.height, max(line.body.bottom, line.ink.bottom))
    around_line = Box(line.ink.left - reach, line.ink.top, line.ink.right + reach, foot)
    left, top, right, bottom = (max(0, int(side)) for side in in_pixels(around_line, spec))
    part = slice(top, bottom + 1), slice(left, right + 1)
    # 0 to 255; a column without free pixels has a difference of -255
    lightest = np.where(free[part], levels[part], 0).max(axis=0, initial=0).astype(int)
    darkest = np.where(free[part], levels[part], 255).min(axis=0, initial=255)
    return bool((lightest - darkest).max(initial=0) < MIN_CONTRAST)


def _is_clear(line: Text, bare: np.ndarray, spec: Spec) -> bool:
    """Whether nothing that begins or ends in the middle of a line is drawn under or over its letters."""
    left, top, right, bottom = in_pixels(line.ink, spec)
    rows = slice(int(top + (bottom - top) * MIDDLE[0]) + 1, int(top + (bottom - top) * MIDDLE[1]))
    part = bare[rows, max(0, int(left)) : math.ceil(right)]
    return not part.size or bool(np.ptp(part, axis=0).max() < MIN_CONTRAST)


def in_pixels(box: Box, spec: Spec) -> PixelBox:
    """A box on the page as it lies in the picture."""
    # pdfium cuts between pixels
    x, y = (math.ceil(side * spec.scale) for side in spec.part[:2]) if spec.part else (0, 0)
    left, top, right, bottom = (side * spec.scale for side in box)
    return left - x, top - y, right - x, bottom - y


def _regions(spec: Spec) -> tuple[Region, ...]:
    """Every line, and every paragraph of several lines that no other text reaches into."""
    regions = [Region(in_pixels(line.ink, spec), line.text) for line in spec.lines]
    for lines in spec.paragraphs:
        box = around([line.ink for line in lines])
        if len(lines) > 1 and sum(line.ink.meets(box) for line in spec.lines) == len(lines):
            regions.append(Region(in_pixels(box, spec), "\n".join(line.text for line in lines)))
    return tuple(regions)


def _order_parts(
    rng: np.random.Generator, paragraphs: Sequence[Sequence[Text]], units: Units
) -> list[Sequence[Text]]:
    """The paragraphs or lines of a page as they are shown, one after the other; both take turns."""
    singles = [[line] for paragraph in paragraphs for line in paragraph]
    # single lines are headings and page numbers, mostly
    longer = [paragraph for paragraph in paragraphs if len(paragraph) > 1]
    lines, blocks = ([some[i] for i in rng.permutation(len(some))] for some in (singles, longer))
    if units == "lines":
        return lines
    if units == "paragraphs":
        return blocks or lines
    pairs = zip_longest(lines, blocks) if rng.random() < 0.5 else zip_longest(blocks, lines)
    return [part for pair in pairs for part in pair if part]


def _choose_slice(
    parts: Sequence[Sequence[Text]], number: int, all_lines: Sequence[Text], sheet: Box
) -> tuple[Sequence[Text], Box]:
    """The part `number`, from 0, of those that can be cut out without parts of others, and where to cut."""
    sound = [lines for lines in parts if not any(line.fault for line in lines)]
    if not sound:
        _check_faults(all_lines)
    cuts = ((lines, cut) for lines in sound if (cut := _find_cut(lines, all_lines, sheet)))
    for chosen in islice(cuts, number, None):
        return chosen
    raise LeftOut("no other text that stands apart")


def _find_cut(lines: Sequence[Text], all_lines: Sequence[Text], sheet: Box) -> Box | None:
    others = [line.ink for line in all_lines if line not in lines]
    for margin in MARGINS:
        part = around([line.ink for line in lines]).grown(margin * lines[0].body.height)
        if part.inside(sheet) and not any(part.meets(other) for other in others):
            return part
    return None


def _check_faults(lines: Sequence[Text]) -> None:
    for line in lines:
        if line.fault:
            raise LeftOut(line.fault)
