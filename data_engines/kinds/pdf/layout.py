"""From pieces of text on a page to its lines and paragraphs in reading order; geometry only.

A page is cut into bands of pieces that stand beside each other. Successive bands that leave the same gutter
free, with a column of text on either side, are read column by column; all others from left to right, but
where lines stand beside each other at different heights, as in the rows of a table, or where texts of several
lines follow each other in the file, as headings beside their paragraphs do, cell by cell.
"""

import math
import re
from bisect import bisect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, combinations, pairwise
from statistics import median

import numpy as np

from data_engines.tools.boxes import Box, around
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
RULE_THICKNESS = 2.0
"""Points, at most."""
MIN_SHARED_HEIGHT = 0.25
"""Share of the lower of two texts from which they stand beside each other."""
MIN_SPACE = 0.15
"""Between texts with white space between them, in heights of the lower; what is closer belongs together."""
MAX_OVERLAP = 0.2
"""Share of the lower of two lines by which the other's ink may reach into it, as descenders do; and share of
its height by which a text may reach over the one that follows on its line."""
MAX_STEP = 0.12
"""Between the feet of texts on one line, in heights of the lower."""

MIN_CELL_WIDTH = 2.5
"""In line heights: what is narrower, such as a bullet or a number, belongs to the line beside it."""
MIN_CELL_FILL = 0.7
"""Share of its cell that a line covers after which another follows."""
MAX_LINE_GAP = 0.8
"""Between the lines of a cell, in line heights."""

OVERPRINT = "overlapping text"
UNCLEAR_CELLS = "cells that can't be told apart"
READINGS = "text with its readings over it"
UNCLEAR_WORDS = "words that can't be told apart"
BULLETS = ("•", "◦", "▪", "–")

_LEADERS = re.compile(r"\s*(?:[.·․‥…]\s*){5,}")
"""Dots that lead from a heading to its page: their number can't be counted."""
_BLANKS = re.compile(r"_{5,}")
"""Lines to write on, of underscores that can't be counted either."""
_SPELT = re.compile(rf"(?<!\S)(?:(?:[^\W\d_] ){{3,}}[^\W\d_]|(?:[{HAN}] ){{2,}}[{HAN}])(?!\S)")
"""Single letters: words that are spread, or not."""

Stretch = tuple[float, float]
"""From left to right."""


@dataclass(frozen=True)
class Text:
    """A piece of text on one baseline: as the file has it, or a whole line of a column."""

    text: str
    body: Box
    """From the ascenders to the descenders of its font, whether its letters have any or not."""
    ink: Box
    letters: tuple[Box, ...]
    """The ink of each character from left to right, as high as that of its whole piece in the file."""
    fault: str | None = None
    """Why it can't be trusted to say what the page shows."""


def paragraphs(pieces: Sequence[Text], rules: Sequence[Box] = ()) -> list[list[Text]]:
    """The page's lines, by paragraphs, in reading order.

    Args:
        pieces: in the order of the file.
        rules: level lines that are drawn on the page.
    """
    groups = _mark_readings(_mark_overprints(_read(pieces, _ruled_rows(rules), rules)))
    return [paragraph for lines in groups if lines for paragraph in _split_paragraphs(lines)]


def _ruled_rows(rules: Sequence[Box]) -> list[Box]:
    """The rows of tables whose cells have a rule each: what lies between rules that begin and end alike."""
    groups: list[list[Box]] = []
    for rule in sorted(rules, key=lambda rule: rule.top):
        if groups and rule.top - groups[-1][0].top < RULE_THICKNESS:
            groups[-1].append(rule)
        else:
            groups.append([rule])
    # the rest are marks with nothing between them, such as those for cutting the paper
    groups = [group for group in groups if sum(rule.width for rule in group) > 0.9 * around(group).width]
    rows = []
    for above, below in pairwise(groups):
        upper, lower = around(above), around(below)
        alike = max(abs(upper.left - lower.left), abs(upper.right - lower.right)) < RULE_THICKNESS
        # single rules may be those of a box round text, or part many rows from a heading
        if alike and max(len(above), len(below)) > 1:
            rows.append(Box(upper.left, upper.bottom, upper.right, lower.top))
    return rows


def _read(pieces: Sequence[Text], rows: Sequence[Box], rules: Sequence[Box]) -> list[list[Text]]:
    """Lines in reading order, in groups that no paragraph reaches beyond."""
    if not pieces:
        return []
    page = _extent(pieces)
    height = median(piece.body.height for piece in pieces)
    bands = _bands(pieces)
    places = {id(piece): place for place, piece in enumerate(pieces)}
    free = [_free(band, page, MIN_GUTTER_WIDTH * height) for band in bands]
    # a running head or foot is in two parts too, but not part of the columns
    for outer, inner in ((0, 1), (-1, -2)):
        if len(bands) > 1 and _distance(bands[outer], bands[inner]) > MIN_HEAD_DISTANCE * height:
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
        end, unclear = _end_of_cells(bands, start, places, height)
        apart = end > start + 1
        row, ruled_row = sum(bands[start:end], []), _row_around(bands[start], rows)
        start = end
        while start < len(bands) and (
            _beside(row, bands[start], height) or (ruled_row and _row_around(bands[start], rows) == ruled_row)
        ):
            row = row + bands[start]
            start += 1
        cells = _cells(row, height, places, ruled=ruled_row is not None, apart=apart)
        # a rule between the lines of a cell parts it from another, which merged cells beside them may hide
        if unclear or (len(cells) > 1 and any(_is_parted(lines, rules) for lines in cells)):
            cells = [[replace(line, fault=line.fault or UNCLEAR_CELLS) for line in lines] for lines in cells]
        if len(cells) > 1 and groups[-1] and _goes_on(groups[-1][-1], cells, rules):
            groups[-1] = [replace(line, fault=line.fault or UNCLEAR_CELLS) for line in groups[-1]]
            cells = [[replace(line, fault=line.fault or UNCLEAR_CELLS) for line in lines] for lines in cells]
        if len(cells) > 1:
            groups += [*cells, []]
        else:
            groups[-1] += cells[0]
    return groups


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
        in_turn = _in_turn(longer, places)
        # a bullet belongs to its line; what else is narrow may stand beside a cell of several lines
        several = [cell for cell in longer[1:] if len(_bands(cell)) > 1]
        wide = all(_extent(cell).width >= MIN_CELL_WIDTH * height for cell in [longer[0], *several])
        close = _distance(row, bands[end]) <= MAX_LINE_GAP * height
        full = any(
            len(more) > len(cell) and _extent(_bands(cell)[-1]).width >= MIN_CELL_FILL * _extent(more).width
            for cell, more in zip(cells, longer, strict=True)
        )
        grown = sum(len(more) > len(cell) for cell, more in zip(cells, longer, strict=True))
        if not (in_turn and wide and close and full):
            unclear = wide and close and full and end == start + 1 and grown < len(cells)
            break
        row, cells, end = [*row, *bands[end]], longer, end + 1
    return end, unclear


def _is_parted(lines: Sequence[Text], rules: Sequence[Box]) -> bool:
    """Whether a rule runs between two lines of a cell, from side to side."""
    return any(
        above.ink.bottom - 1 <= rule.top < rule.bottom <= below.ink.top + 1
        and rule.left <= min(above.ink.left, below.ink.left)
        and rule.right >= max(above.ink.right, below.ink.right)
        for above, below in pairwise(lines)
        for rule in rules
    )


def _goes_on(line: Text, cells: Sequence[Sequence[Text]], rules: Sequence[Box]) -> bool:
    """Whether a line over a row begins one of its cells, beside the first, that is higher than the others."""
    return any(
        cell[0].body.top - line.body.bottom <= MAX_LINE_GAP * line.body.height
        and _extent(cell).left - line.body.height <= line.body.left
        and line.body.right <= _extent(cell).right + line.body.height
        and not _is_parted([line, cell[0]], rules)
        for cell in cells[1:]
    )


def _row_around(band: Sequence[Text], rows: Sequence[Box]) -> Box | None:
    bodies = [piece.body for piece in band]
    return next((row for row in rows if all(row.top < body.middle < row.bottom for body in bodies)), None)


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


def _bands(pieces: Sequence[Text]) -> list[list[Text]]:
    """Groups of pieces whose middle halves overlap in height, directly or through others; top to bottom."""
    bands: list[list[Text]] = []
    reach = float("-inf")
    for piece in sorted(pieces, key=lambda piece: piece.body.top + piece.body.height / 4):
        if piece.body.top + piece.body.height / 4 >= reach:
            bands.append([])
        bands[-1].append(piece)
        reach = max(reach, piece.body.bottom - piece.body.height / 4)
    return bands


def _extent(pieces: Iterable[Text]) -> Box:
    return around([piece.body for piece in pieces])


def _distance(some: Sequence[Text], others: Sequence[Text]) -> float:
    """Height of the paper between two bands."""
    upper, lower = sorted(_extent(band)[1::2] for band in (some, others))
    return lower[0] - upper[1]


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
        if _is_column(before, height) and _is_column(after, height) and not _is_table(before, after, places):
            columns[-1:] = [before, after]
    return columns


def _is_column(pieces: Sequence[Text], height: float) -> bool:
    if len(pieces) < MIN_COLUMN_LINES:
        return False
    width = _extent(pieces).width
    if width < MIN_COLUMN_WIDTH * height:
        return False
    bands = _bands(pieces)
    covered = sum(_extent(band).width for band in bands) / len(bands)
    return len(bands) >= MIN_COLUMN_LINES and covered >= MIN_COLUMN_FILL * width


def _is_table(before: Sequence[Text], after: Sequence[Text], places: Mapping[int, int]) -> bool:
    """Whether the file has two columns row by row, as those of a table.

    Some files have columns of running text so as well: the rows of a table stand level.
    """
    left = {id(piece) for piece in before}
    rows = [
        ([piece for piece in row if id(piece) in left], [piece for piece in row if id(piece) not in left])
        for row in _rows_in_file([*before, *after], places)
    ]
    aligned = [_are_aligned(*row) for row in rows if all(row)]
    if len(aligned) > 1:
        return 2 * sum(aligned) > len(aligned)
    sides = [key in left for key in sorted(map(id, [*before, *after]), key=places.__getitem__)]
    changes = sum(a != b for a, b in pairwise(sides))
    return changes > min(len(_bands(before)), len(_bands(after)))


def _rows_in_file(pieces: Sequence[Text], places: Mapping[int, int]) -> list[list[Text]]:
    """Parts of pieces from top to bottom, each of which the file has before all that is below."""
    bands = _bands(pieces)
    in_file = [sorted(places[id(piece)] for piece in band) for band in bands]
    lasts = accumulate((numbers[-1] for numbers in in_file), max)
    firsts = [*accumulate((numbers[0] for numbers in reversed(in_file)), min)][::-1]
    rows: list[list[Text]] = []
    reach = math.inf
    for band, last, first in zip(bands, [math.inf, *lasts], firsts, strict=False):
        top = _extent(band).top + MAX_OVERLAP * band[0].body.height
        if not rows or (last < first and reach < top):
            rows.append([])
        rows[-1] += band
        reach = _extent(rows[-1]).bottom
    return rows


def _are_aligned(some: Sequence[Text], others: Sequence[Text]) -> bool:
    """Whether two cells of a row begin, end, or have their middles at one height."""
    (first, *_), (second, *_) = cells = sorted([_bands(some), _bands(others)], key=len)
    heads = _are_level(first[0], second[0])
    feet = _are_level(*(cell[-1][0] for cell in cells))
    one, other = _extent(some), _extent(others)
    return heads or feet or abs(one.middle - other.middle) <= MAX_STEP * min(first[0].body.height, one.height)


def _are_level(some: Text, other: Text) -> bool:
    lower = min(some.body.height, other.body.height)
    return abs(some.body.bottom - other.body.bottom) <= MAX_STEP * lower


def _in_turn(cells: Sequence[Sequence[Text]], places: Mapping[int, int]) -> bool:
    """Whether the file has each cell as a whole, but for bullets and numbers, which some write apart."""
    wide = [[piece for piece in cell if piece.body.width > piece.body.height] or cell for cell in cells]
    in_file = sorted(sorted(places[id(piece)] for piece in cell) for cell in wide)
    return all(before[-1] < after[0] for before, after in pairwise(in_file))


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
    lines, cells = _lines(row), _cut(row, height)
    tangled = any(_beside(some, others, height) for some, others in combinations(lines, 2))
    through = sum(len(_cut(line, height)) > 1 for line in lines) == 1 or _in_turn(cells, places)
    cells = (
        _join_level(cells, places) if tangled or apart or (ruled and len(lines) > 1 and through) else [row]
    )
    if len(cells) > 1:
        return [lines for cell in cells for lines in _cells(cell, height, places, ruled=False)]
    if tangled:
        return [[replace(_join(line), fault=UNCLEAR_CELLS) for line in lines]]
    return [[_join(line) for line in lines]]


def _join_level(cells: Sequence[Sequence[Text]], places: Mapping[int, int]) -> list[list[Text]]:
    """The cells; neighbours whose lines are level and to and fro in the file, as a table's, are one."""
    joined = [list(cells[0])]
    for cell in cells[1:]:
        fewer, more = sorted((_lines(joined[-1]), _lines(cell)), key=len)
        level = all(any(_are_level(one[0], other[0]) for other in more) for one in fewer)
        if len(fewer) > 1 and level and not _in_turn([joined[-1], cell], places):
            joined[-1] += cell
        else:
            joined.append(list(cell))
    return joined


def _cut(pieces: Sequence[Text], height: float) -> list[list[Text]]:
    """Pieces by the stretches that a gutter parts, from left to right."""
    gutters = _free(pieces, _extent(pieces), MIN_GUTTER_WIDTH * height)
    cells: list[list[Text]] = [[] for _ in range(len(gutters) + 1)]
    for piece in pieces:
        cells[bisect([left for left, _ in gutters], piece.body.left)].append(piece)
    return cells


def _lines(band: Sequence[Text]) -> list[list[Text]]:
    """The pieces of a band by lines, from top to bottom; raised or lowered small print joins its line."""
    lines: list[list[Text]] = []
    for piece in sorted(band, key=lambda piece: -piece.body.height):
        for line in lines:
            if line[0].body.top < piece.body.middle < line[0].body.bottom:
                line.append(piece)
                break
        else:
            lines.append([piece])
    return sorted(lines, key=lambda line: line[0].body.middle)


def _join(pieces: Sequence[Text]) -> Text:
    pieces = sorted(pieces, key=lambda piece: piece.body.left)
    text, fault = pieces[0].text, next((piece.fault for piece in pieces if piece.fault), None)
    for before, after in pairwise(pieces):
        gap, height = after.body.left - before.body.right, min(before.body.height, after.body.height)
        text += (" " if gap > MIN_SPACE * height else "") + after.text
        # small print may reach under the letter before it, but not over other small print
        alike = height > 0.9 * max(before.body.height, after.body.height)
        if gap < -(MAX_OVERLAP if alike else 1) * height:
            fault = fault or OVERPRINT
    if _SPELT.search(text):
        fault = fault or UNCLEAR_WORDS
    if not text.strip("_ "):
        fault = fault or "lines to write on"
    whole = _extent(pieces)
    # raised, lowered and small print doesn't move the line it stands in
    main = max(pieces, key=lambda piece: piece.body.width).body
    return Text(
        _BLANKS.sub("___", _LEADERS.sub(" ... ", text)).strip(),
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
        resized = not 0.8 < after.body.height / height < 1.25
        beside = after.body.left > before.body.right or after.body.right < before.body.left
        if steps[position] > usual or indented or resized or beside or after.text.startswith(BULLETS):
            split.append([])
        split[-1].append(after)
    return split
