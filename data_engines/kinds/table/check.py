"""What a drawn table shows, by its page, its pixels and the reader of answers."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from data_engines.engine import Region, Reject
from data_engines.tools.tables.grid import legible
from got_train.markup.tables import find_tables
from got_train.markup.tabular import Table
from got_train.tex.latex import Sheet, sheet_characters

MIN_CONTRAST = 40
"""Levels of grey, of 255, between a text and what is behind it, below which it can't be seen."""
MIN_GAP_PIXELS = -1.0
"""Distance of two cells' texts, below which they run into each other."""


def check_answer(answer: str, table: Table) -> None:
    """Raises a Reject if the reader of answers reads another table in one that is not LaTeX."""
    if list(map(_structure, find_tables(answer))) != [_structure(table)]:
        raise Reject("answer that is read otherwise than the table")


def _structure(table: Table) -> list[list[tuple[str, int, int, int]]]:
    return [[(cell.text, cell.column, cell.rows, cell.columns) for cell in row] for row in table.rows]


def find_cells(cells: Sequence[str], sheet: Sheet, scale: float) -> tuple[Region, ...]:
    """The regions of the cells with text; the picture has `scale` pixels per point.

    Raises:
        Reject: the text of the page is not that of all cells together.
    """
    on_page = [(sign, box) for text, box in sheet_characters(sheet) for sign in legible(text)]
    regions = []
    position = 0
    for cell in cells:
        expected = legible(cell)
        found = on_page[position : position + len(expected)]
        if "".join(sign for sign, _ in found) != expected:
            raise Reject("text other than in the cells")
        position += len(expected)
        if found:
            lefts, tops, rights, bottoms = np.array([box for _, box in found]).T * scale
            regions.append(Region((lefts.min(), tops.min(), rights.max(), bottoms.max()), cell))
    if position < len(on_page):
        raise Reject("text other than in the cells")
    return tuple(regions)


def check_seen(regions: Sequence[Region], picture: Image.Image) -> None:
    """Raises a Reject if a text has the colour of what is behind it, or runs into that of another cell."""
    if not regions:
        return
    levels = np.asarray(picture.convert("L"))
    boxes = np.array([region.box for region in regions])
    lefts, tops = np.floor(boxes[:, :2]).astype(int).T
    rights, bottoms = np.ceil(boxes[:, 2:]).astype(int).T
    for left, top, right, bottom in zip(lefts, tops, rights, bottoms, strict=True):
        # with a pixel around it: a thin dash may fill its box
        ink = levels[max(top - 1, 0) : bottom + 1, max(left - 1, 0) : right + 1]
        if int(ink.max()) - int(ink.min()) < MIN_CONTRAST:
            raise Reject("text that can't be seen")
    starts = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    ends = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    gaps = (starts - ends).max(axis=2)
    np.fill_diagonal(gaps, 0)
    if gaps.min() < MIN_GAP_PIXELS:
        raise Reject("texts of cells that run into each other")
