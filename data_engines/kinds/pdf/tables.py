"""Which texts of a page are cells of a table: by the order of the file, by rules, and by how they stand."""

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate, groupby, pairwise
from operator import itemgetter

from data_engines.kinds.pdf.texts import (
    MAX_LINE_GAP,
    MAX_OVERLAP,
    RULE_THICKNESS,
    Text,
    bands_of,
    extent,
    lines_of,
)
from data_engines.tools.boxes import Box, around

MAX_STEP = 0.12
"""Between the feet of texts on one line, in heights of the lower."""


def ruled_rows(rules: Sequence[Box]) -> list[Box]:
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


def row_around(band: Sequence[Text], rows: Sequence[Box]) -> Box | None:
    bodies = [piece.body for piece in band]
    return next((row for row in rows if all(row.top < body.middle < row.bottom for body in bodies)), None)


def is_table(before: Sequence[Text], after: Sequence[Text], places: Mapping[int, int]) -> bool:
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
    return changes > min(len(bands_of(before)), len(bands_of(after)))


def _rows_in_file(pieces: Sequence[Text], places: Mapping[int, int]) -> list[list[Text]]:
    """Parts of pieces from top to bottom, each of which the file has before all that is below."""
    bands = bands_of(pieces)
    in_file = [sorted(places[id(piece)] for piece in band) for band in bands]
    lasts = accumulate((numbers[-1] for numbers in in_file), max)
    firsts = [*accumulate((numbers[0] for numbers in reversed(in_file)), min)][::-1]
    rows: list[list[Text]] = []
    reach = math.inf
    for band, last, first in zip(bands, [math.inf, *lasts], firsts, strict=False):
        top = extent(band).top + MAX_OVERLAP * band[0].body.height
        if not rows or (last < first and reach < top):
            rows.append([])
        rows[-1] += band
        reach = extent(rows[-1]).bottom
    return rows


def _are_aligned(some: Sequence[Text], others: Sequence[Text]) -> bool:
    """Whether two cells of a row begin, end, or have their middles at one height."""
    (first, *_), (second, *_) = cells = sorted([bands_of(some), bands_of(others)], key=len)
    heads = _are_level(first[0], second[0])
    feet = _are_level(*(cell[-1][0] for cell in cells))
    one, other = extent(some), extent(others)
    return heads or feet or abs(one.middle - other.middle) <= MAX_STEP * min(first[0].body.height, one.height)


def _are_level(some: Text, other: Text) -> bool:
    lower = min(some.body.height, other.body.height)
    return abs(some.body.bottom - other.body.bottom) <= MAX_STEP * lower


def are_in_turn(cells: Sequence[Sequence[Text]], places: Mapping[int, int]) -> bool:
    """Whether the file has each cell as a whole, but for bullets and numbers, which some write apart."""
    wide = [[piece for piece in cell if piece.body.width > piece.body.height] or cell for cell in cells]
    in_file = sorted(sorted(places[id(piece)] for piece in cell) for cell in wide)
    return all(before[-1] < after[0] for before, after in pairwise(in_file))


def are_tables(bands: Sequence[Sequence[Text]], places: Mapping[int, int], gutter: float) -> bool:
    """Whether the file has several tables beside each other: one after the other, each row by row.

    Args:
        bands: some in succession.
        places: of the pieces in the file.
        gutter: between cells, at least, in points.
    """
    numbered = [(places[id(piece)], number, piece) for number, band in enumerate(bands) for piece in band]
    in_file = [
        (number, [piece for *_, piece in pieces])
        for number, pieces in groupby(sorted(numbered, key=itemgetter(0)), key=itemgetter(1))
    ]
    whole = [*range(len(bands))]
    turns = [in_file[i : i + len(whole)] for i in range(0, len(in_file), len(whole))]
    # columns of one cell a row are those of a single table, which many files have so
    return len(turns) > 1 and all(
        [number for number, _ in turn] == whole
        and any(
            any(after.body.left - before.body.right >= gutter for before, after in pairwise(row))
            for _, row in turn
        )
        for turn in turns
    )


def join_level(cells: Sequence[Sequence[Text]], places: Mapping[int, int]) -> list[list[Text]]:
    """The cells; neighbours whose lines are level and to and fro in the file, as a table's, are one."""
    joined = [list(cells[0])]
    for cell in cells[1:]:
        fewer, more = sorted((lines_of(joined[-1]), lines_of(cell)), key=len)
        level = all(any(_are_level(one[0], other[0]) for other in more) for one in fewer)
        if len(fewer) > 1 and level and not are_in_turn([joined[-1], cell], places):
            joined[-1] += cell
        else:
            joined.append(list(cell))
    return joined


def is_parted(lines: Sequence[Text], rules: Sequence[Box]) -> bool:
    """Whether a rule runs between two lines of a cell, from side to side."""
    return any(
        above.ink.bottom - 1 <= rule.top < rule.bottom <= below.ink.top + 1
        and rule.left <= min(above.ink.left, below.ink.left)
        and rule.right >= max(above.ink.right, below.ink.right)
        for above, below in pairwise(lines)
        for rule in rules
    )


def is_partly_parted(upper: Sequence[Text], lower: Sequence[Text], rules: Sequence[Box]) -> bool:
    """Whether rules part some cells of two rows, but not all that stand close to each other."""
    below = [
        (one, other)
        for one in upper
        for other in lower
        if min(one.ink.right, other.ink.right) > max(one.ink.left, other.ink.left)
    ]
    parted = [is_parted(pair, rules) for pair in below]
    close = [other.body.top - one.body.bottom <= MAX_LINE_GAP * one.body.height for one, other in below]
    return any(parted) and any(near and not apart for near, apart in zip(close, parted, strict=True))


def goes_on(line: Text, cells: Sequence[Sequence[Text]], rules: Sequence[Box]) -> bool:
    """Whether a line over a row begins one of its cells, beside the first, that is higher than the others."""
    return any(
        abs(cell[0].body.height - line.body.height) <= MAX_STEP * line.body.height
        and cell[0].body.top - line.body.bottom <= MAX_LINE_GAP * line.body.height
        and extent(cell).left - line.body.height <= line.body.left
        and line.body.right <= extent(cell).right + line.body.height
        and not is_parted([line, cell[0]], rules)
        for cell in cells[1:]
    )
