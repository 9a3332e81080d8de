"""From pieces of text on a page to its lines and paragraphs in reading order; geometry only.

A page is cut into bands of pieces that stand beside each other. Successive bands that leave the same gutter
free, with a column of text on either side, are read column by column; all others from left to right, but
where lines stand beside each other at different heights, as in the rows of a table, or where texts of several
lines follow each other in the file, as headings beside their paragraphs do, cell by cell.
"""

import re
from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations, pairwise
from statistics import median

import numpy as np

from data_engines.kinds.pdf.tables import (
    are_in_turn,
    are_tables,
    goes_on,
    is_parted,
    is_partly_parted,
    is_table,
    join_level,
    row_around,
    ruled_rows,
)
from data_engines.kinds.pdf.texts import (
    MAX_LINE_GAP,
    MAX_OVERLAP,
    Text,
    bands_of,
    distance,
    extent,
    lines_of,
)
from data_engines.tools.boxes import Box, around
from data_engines.tools.typed import uncounted
from got_train.characters import FIRST_EAST_ASIAN, HAN

MIN_COLUMN_LINES = 3
MIN_COLUMN_WIDTH = 10
"""In line heights: narrower ones are columns of a table."""
MIN_GUTTER_WIDTH = 0.6
"""In line heights."""
MIN_HEAD_DISTANCE = 1.0
"""Between a running head or foot and the rest, in line heights."""
MIN_COLUMN_FILL = 0.5
"""Share of its column that a line of running text covers on average."""
MIN_SHARED_HEIGHT = 0.25
"""Share of the lower of two texts from which they stand beside each other."""
MIN_SPACE = 0.15
"""Between texts with white space between them, in heights of the lower; what is closer belongs together."""
MAX_COVERED = 0.5
"""Share of a letter's width over which the small print after it may stand."""

MIN_CELL_WIDTH = 2.5
"""In line heights: what is narrower, such as a bullet or a number, belongs to the line beside it."""
MIN_ALIKE = 0.8
"""Height of a line by that of the one before, between lines of a paragraph or cell."""
MIN_CELL_FILL = 0.7
"""Share of its cell that a line covers after which another follows."""

OVERPRINT = "overlapping text"
UNCLEAR_CELLS = "cells that can't be told apart"
READINGS = "text with its readings over it"
UNCLEAR_WORDS = "words that can't be told apart"
BULLETS = ("•", "◦", "▪", "–")

_SPELT = re.compile(rf"(?<!\S)(?:(?:[^\W\d_] ){{3,}}[^\W\d_]|(?:[{HAN}] ){{2,}}[{HAN}])(?!\S)")
"""Single letters: words that are spread, or not."""

Stretch = tuple[float, float]
"""From left to right."""


def paragraphs(pieces: Sequence[Text], rules: Sequence[Box] = ()) -> list[list[Text]]:
    """The page's lines, by paragraphs, in reading order.

    Args:
        pieces: in the order of the file.
        rules: level lines that are drawn on the page.
    """
    groups = _mark_readings(_mark_overprints(_read(pieces, ruled_rows(rules), rules)))
    return [paragraph for lines in groups if lines for paragraph in _split_paragraphs(lines)]


def _read(pieces: Sequence[Text], rows: Sequence[Box], rules: Sequence[Box]) -> list[list[Text]]:
    """Lines in reading order, in groups that no paragraph reaches beyond."""
    if not pieces:
        return []
    page = extent(pieces)
    height = median(piece.body.height for piece in pieces)
    bands = bands_of(pieces)
    places = {id(piece): place for place, piece in enumerate(pieces)}
    doubtful = _doubtful_rows(bands, rules, places, height)
    free = [_free(band, page, MIN_GUTTER_WIDTH * height) for band in bands]
    # a running head or foot is in two parts too, but not part of the columns
    for outer, inner in ((0, 1), (-1, -2)):
        if len(bands) > 1 and distance(bands[outer], bands[inner]) > MIN_HEAD_DISTANCE * height:
            free[outer] = []
    groups: list[list[Text]] = [[]]
    start = 0
    while start < len(bands):
        end, gutters = _extend(free, start, page, MIN_GUTTER_WIDTH * height)
        columns = _columns(sum(bands[start:end], []), places, gutters, height)
        if len(columns) > 1:
            for column in columns:
                groups += _read(column, rows, rules)
            groups.append([])
            start = end
            continue
        first, (end, unclear) = start, _end_of_cells(bands, start, places, height)
        apart = end > start + 1
        row, ruled_row = sum(bands[start:end], []), row_around(bands[start], rows)
        start = end
        while start < len(bands) and (
            _beside(row, bands[start], height) or (ruled_row and row_around(bands[start], rows) == ruled_row)
        ):
            row = row + bands[start]
            start += 1
        cells = _cells(row, height, places, ruled=ruled_row is not None, apart=apart)
        # a rule between the lines of a cell parts it from another, which merged cells beside them may hide
        unclear |= len(cells) == 1 and not doubtful.isdisjoint(range(first, start))
        if unclear or (len(cells) > 1 and any(is_parted(lines, rules) for lines in cells)):
            cells = [[replace(line, fault=line.fault or UNCLEAR_CELLS) for line in lines] for lines in cells]
        if len(cells) > 1 and groups[-1] and goes_on(groups[-1][-1], cells, rules):
            groups[-1] = [replace(line, fault=line.fault or UNCLEAR_CELLS) for line in groups[-1]]
            cells = [[replace(line, fault=line.fault or UNCLEAR_CELLS) for line in lines] for lines in cells]
        if len(cells) > 1:
            groups += [*cells, []]
        else:
            groups[-1] += cells[0]
    return groups


def _doubtful_rows(
    bands: Sequence[Sequence[Text]], rules: Sequence[Box], places: Mapping[int, int], height: float
) -> set[int]:
    """Which bands are no rows to read across, though their lines may be level.

    Cells that go on below, where others end, are merged ones; and several tables may stand beside each other.
    """
    cells = [[_join(cell) for cell in _cut(band, height)] for band in bands]
    merged = (i for i in range(len(bands) - 1) if is_partly_parted(cells[i], cells[i + 1], rules))
    tables = (
        i for i in range(len(bands) - 1) if are_tables(bands[i : i + 2], places, MIN_GUTTER_WIDTH * height)
    )
    return {i + k for i in merged for k in (0, 1)} | {i + k for i in tables for k in (0, 1)}


def _end_of_cells(
    bands: Sequence[Sequence[Text]], start: int, places: Mapping[int, int], height: float
) -> tuple[int, bool]:
    """Where those bands end that hold texts of several lines beside each other, each whole in the file.

    The second value says that only one of the texts goes on below, though the file tells them not apart.
    """
    row, end, unclear = list(bands[start]), start + 1, False
    cells = _cut(row, height)
    while end < len(bands):
        longer = _cut([*row, *bands[end]], height)
        if len(longer) != len(cells) or len(cells) < 2:
            break
        whole = are_in_turn(longer, places)
        # a bullet belongs to its line; what else is narrow may stand beside a cell of several lines
        several = [cell for cell in longer[1:] if len(bands_of(cell)) > 1]
        wide = all(extent(cell).width >= MIN_CELL_WIDTH * height for cell in [longer[0], *several])
        close = distance(row, bands[end]) <= MAX_LINE_GAP * height
        full = any(
            len(more) > len(cell) and extent(bands_of(cell)[-1]).width >= MIN_CELL_FILL * extent(more).width
            for cell, more in zip(cells, longer, strict=True)
        )
        grown = sum(len(more) > len(cell) for cell, more in zip(cells, longer, strict=True))
        # what is set in another size, as the text under a running head is, goes on with nothing
        alike = all(
            MIN_ALIKE < line.body.height / more[0].body.height < 1 / MIN_ALIKE
            for cell, more in zip(cells, longer, strict=True)
            for line in more[len(cell) :]
        )
        if not (whole and wide and close and full and alike):
            unclear = wide and close and full and alike and end == start + 1 and grown < len(cells)
            break
        row, cells, end = [*row, *bands[end]], longer, end + 1
    return end, unclear


def _extend(
    free: Sequence[Sequence[Stretch]], start: int, page: Box, min_width: float
) -> tuple[int, list[Stretch]]:
    """The end of the longest run of bands from `start` that leave common stretches free, and these."""
    end, gutters = start, [(page.left, page.right)]
    while end < len(free) and (common := _common(gutters, free[end], min_width)):
        # once there is a gutter between texts, a run doesn't go on for the sake of a margin
        inner = [(left, right) for left, right in common if left > page.left and right < page.right]
        end, gutters = end + 1, inner or common
    return end, [(left, right) for left, right in gutters if left > page.left and right < page.right]


def _free(band: Sequence[Text], page: Box, min_width: float) -> list[Stretch]:
    """The stretches between left and right that a band leaves free, margins included."""
    free = []
    reach = page.left
    for piece in sorted(band, key=lambda piece: piece.body.left):
        free.append((reach, piece.body.left))
        reach = max(reach, piece.body.right)
    return [(left, right) for left, right in [*free, (reach, page.right)] if right - left >= min_width]


def _common(some: Sequence[Stretch], others: Sequence[Stretch], min_width: float) -> list[Stretch]:
    """What two lists of stretches share."""
    shared = [(max(a, c), min(b, d)) for a, b in some for c, d in others]
    return [(left, right) for left, right in shared if right - left >= min_width]


def _columns(
    run: Sequence[Text], places: Mapping[int, int], gutters: Sequence[Stretch], height: float
) -> list[list[Text]]:
    """Cuts a run of bands along those gutters that have a column of text on either side."""
    columns = [list(run)]
    for left, right in gutters:
        middle = (left + right) / 2
        before = [piece for piece in columns[-1] if piece.body.right <= middle]
        after = [piece for piece in columns[-1] if piece.body.right > middle]
        if _is_column(before, height) and _is_column(after, height) and not is_table(before, after, places):
            columns[-1:] = [before, after]
    return columns


def _is_column(pieces: Sequence[Text], height: float) -> bool:
    if len(pieces) < MIN_COLUMN_LINES:
        return False
    width = extent(pieces).width
    if width < MIN_COLUMN_WIDTH * height:
        return False
    bands = bands_of(pieces)
    covered = sum(extent(band).width for band in bands) / len(bands)
    return len(bands) >= MIN_COLUMN_LINES and covered >= MIN_COLUMN_FILL * width


def _beside(some: Sequence[Text], others: Sequence[Text], height: float) -> bool:
    """Whether any two texts stand beside each other, with a gutter between them."""
    return any(
        max(a.left, b.left) - min(a.right, b.right) >= MIN_GUTTER_WIDTH * height
        and min(a.bottom, b.bottom) - max(a.top, b.top) > MIN_SHARED_HEIGHT * min(a.height, b.height)
        for a in (text.body for text in some)
        for b in (text.body for text in others)
    )


def _cells(
    row: Sequence[Text], height: float, places: Mapping[int, int], ruled: bool, apart: bool = False
) -> list[list[Text]]:
    """The lines of a row: together, or by cells where these are centred or set lower than others.

    That is so where lines at different heights stand beside each other. In a row that is `ruled` off it is so
    where the file has each cell as a whole, or where only one line goes through several cells: it stands in
    the middle of higher ones. Or all cells are `apart`.
    """
    lines, cells = lines_of(row), _cut(row, height)
    tangled = any(_beside(some, others, height) for some, others in combinations(lines, 2))
    through = sum(len(_cut(line, height)) > 1 for line in lines) == 1 or are_in_turn(cells, places)
    if tangled or apart or (ruled and len(lines) > 1 and through):
        cells = join_level(cells, places)
        if len(cells) > 1:
            return [lines for cell in cells for lines in _cells(cell, height, places, ruled=False)]
    if tangled:
        return [[replace(_join(line), fault=UNCLEAR_CELLS) for line in lines]]
    return [[_join(line) for line in lines]]


def _cut(pieces: Sequence[Text], height: float) -> list[list[Text]]:
    """Pieces by the stretches that a gutter parts, from left to right."""
    gutters = _free(pieces, extent(pieces), MIN_GUTTER_WIDTH * height)
    cells: list[list[Text]] = [[] for _ in range(len(gutters) + 1)]
    for piece in pieces:
        cells[bisect([left for left, _ in gutters], piece.body.left)].append(piece)
    return cells


def _join(pieces: Sequence[Text]) -> Text:
    pieces = sorted(pieces, key=lambda piece: piece.body.left)
    text, fault = pieces[0].text, next((piece.fault for piece in pieces if piece.fault), None)
    for before, after in pairwise(pieces):
        gap, height = after.body.left - before.body.right, min(before.body.height, after.body.height)
        text += (" " if gap > MIN_SPACE * height else "") + after.text
        # small print may reach under the letter before it, but not over other small print
        alike = height > 0.9 * max(before.body.height, after.body.height)
        last = before.letters[-1] if before.letters else before.ink
        covered = min(last.right, after.ink.right) - max(last.left, after.ink.left)
        if gap < -(MAX_OVERLAP if alike else 1) * height or covered > MAX_COVERED * last.width:
            fault = fault or OVERPRINT
    if _SPELT.search(text):
        fault = fault or UNCLEAR_WORDS
    if not text.strip("_ "):
        fault = fault or "lines to write on"
    whole = extent(pieces)
    # raised, lowered and small print doesn't move the line it stands in
    main = max(pieces, key=lambda piece: piece.body.width).body
    return Text(
        uncounted(text),
        body=Box(whole.left, main.top, whole.right, main.bottom),
        ink=around([piece.ink for piece in pieces]),
        letters=tuple(letter for piece in pieces for letter in piece.letters),
        fault=fault,
    )


def _mark_overprints(groups: Sequence[Sequence[Text]]) -> list[list[Text]]:
    """Finds fault with lines whose ink runs into that of others: cells too narrow for their text."""
    inks = np.array([line.ink for lines in groups for line in lines]).reshape(-1, 4)
    heights = inks[:, 3] - inks[:, 1]
    lower = np.minimum.outer(heights, heights)
    shared = np.minimum(inks[:, None, 2:], inks[:, 2:]) - np.maximum(inks[:, None, :2], inks[:, :2])
    overprints = (shared[..., 0] > lower) & (shared[..., 1] > MAX_OVERLAP * lower)
    np.fill_diagonal(overprints, False)
    marks = iter(overprints.any(axis=0))
    return [
        [replace(line, fault=line.fault or OVERPRINT) if next(marks) else line for line in lines]
        for lines in groups
    ]


def _mark_readings(groups: Sequence[Sequence[Text]]) -> list[list[Text]]:
    """Finds fault with small print that says how the Chinese or Japanese line under it is read."""
    lines = [line for group in groups for line in group]
    parts = {
        id(part)
        for base in lines
        if any(character >= FIRST_EAST_ASIAN for character in base.text)
        for small in lines
        if _is_reading(small.body, base.body)
        for part in (small, base)
    }
    return [
        [replace(line, fault=line.fault or READINGS) if id(line) in parts else line for line in group]
        for group in groups
    ]


def _is_reading(small: Box, base: Box) -> bool:
    inside = base.left - small.height < small.left and small.right < base.right + small.height
    distance = base.top - small.bottom
    return inside and small.height < 0.6 * base.height and abs(distance) < MIN_SPACE * base.height


def _split_paragraphs(lines: Sequence[Text]) -> list[list[Text]]:
    """Splits where lines stand further apart than their neighbours, are indented, or change in size."""
    steps = [after.body.bottom - before.body.bottom for before, after in pairwise(lines)]
    split = [[lines[0]]]
    for position, (before, after) in enumerate(pairwise(lines)):
        height = before.body.height
        usual = min(2 * height, 1.25 * min(steps[max(position - 1, 0) : position + 2]))
        indented = after.body.left - before.body.left > 0.8 * height
        resized = not MIN_ALIKE < after.body.height / height < 1 / MIN_ALIKE
        beside = after.body.left > before.body.right or after.body.right < before.body.left
        if steps[position] > usual or indented or resized or beside or after.text.startswith(BULLETS):
            split.append([])
        split[-1].append(after)
    return split
