"""OTSL, a table as a sequence of cells with words for what spans them.

Source: Lysak et al., Optimized Table Tokenization for Table Structure Recognition, arXiv 2305.03393, with the
words that docling and its models write: `<fcel>` before the text of a cell and `<ecel>` for an empty one,
`<lcel>` where the cell on the left goes on, `<ucel>` where the one above does, `<xcel>` where both do, and
`<nl>` behind each row. Headings may have words of their own, `<ched>`, `<rhed>` and `<srow>`.
"""

import re

from got_train.markup.tabular import MAX_SPAN, Cell, Table

_WORD = re.compile(r"<(fcel|ecel|ched|rhed|srow|lcel|ucel|xcel|nl)>")
_AROUND = re.compile(r"</?otsl>|<loc_\d+>")
"""What bounds a table, and where docling's models say that it stands."""
_HEADINGS = ("ched", "rhed")


def read_otsl(source: str) -> Table:
    """A table; a word for a span that has nothing to go on from is an empty cell.

    >>> table = read_otsl("<otsl><fcel>a<lcel><nl><fcel>b<ecel><nl></otsl>")
    >>> [[(cell.text, cell.columns) for cell in row] for row in table.rows]
    [[('a', 2)], [('b', 1), ('', 1)]]
    """
    _, *pieces = _WORD.split(_AROUND.sub("", source))
    places: list[list[tuple[str, str]]] = [[]]
    """The word and the text of each place, row by row."""
    for word, text in zip(pieces[::2], pieces[1::2], strict=True):
        if word == "nl":
            places.append([])
        else:
            places[-1].append((word, " ".join(text.split())))
    if not places[-1]:
        places.pop()
    covered: set[tuple[int, int]] = set()
    rows = []
    for number, row in enumerate(places):
        cells = []
        for column, (word, text) in enumerate(row):
            if (number, column) in covered:
                continue
            width, height = 1, 1
            while width < MAX_SPAN and _word_at(places, number, column + width) == "lcel":
                width += 1
            while height < MAX_SPAN and _word_at(places, number + height, column) == "ucel":
                height += 1
            covered |= {(number + i, column + k) for i in range(height) for k in range(width)}
            cells.append(Cell(text, column, height, width, is_heading=word in _HEADINGS))
        rows.append(tuple(cells))
    return Table(tuple(rows))


def _word_at(places: list[list[tuple[str, str]]], number: int, column: int) -> str:
    return places[number][column][0] if number < len(places) and column < len(places[number]) else ""


def otsl_of(table: Table) -> str:
    """A table as OTSL in one line."""
    words: dict[tuple[int, int], str] = {}
    for number, row in enumerate(table.rows):
        for cell in row:
            for below in range(cell.rows):
                for beside in range(cell.columns):
                    words[number + below, cell.column + beside] = _word(cell, below, beside)
    width = 1 + max((column for _, column in words), default=-1)
    lines = (
        "".join(words.get((number, column), "<ecel>") for column in range(width))
        for number in range(len(table.rows))
    )
    return f"<otsl>{''.join(f'{line}<nl>' for line in lines)}</otsl>"


def _word(cell: Cell, below: int, beside: int) -> str:
    if below or beside:
        return "<xcel>" if below and beside else "<ucel>" if below else "<lcel>"
    return f"<fcel>{cell.text}" if cell.text else "<ecel>"
