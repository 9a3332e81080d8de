r"""How tables look in journals, in Word, in Excel and on web pages, and grids in such a look.

A look changes what is drawn and never what is answered: colours are not answered, and cells of several lines
and turned headers are answered as the text that they show. `dressed` changes the grid; the rest is set
outside of it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from data_engines.tools.corpora import HAN_WORD
from data_engines.tools.tables.choices import Layout, RuledRows, choose_layout
from data_engines.tools.tables.columns import Pen
from data_engines.tools.tables.grid import Cell, Face, Grid, Rules, text_cell, text_width

Style = Literal["journal", "word", "excel", "web"]

STYLES: tuple[Style, ...] = ("journal",) * 9 + ("word",) * 4 + ("excel",) * 3 + ("web",) * 4
"""A style is listed as often as it is drawn, relative to the others."""
LATIN_FAMILIES: dict[Style, tuple[str, ...]] = {
    "journal": ("lmr", "lmr", "ptm", "ptm", "ppl", "pnc", "pbk", "lmss", "phv", "lmtt"),
    "word": ("ptm", "ptm", "phv", "phv", "lmss", "ppl"),
    "excel": ("phv", "phv", "lmss"),
    "web": ("phv", "phv", "lmss", "ptm", "lmtt"),
}
"""Latin Modern, Times, Palatino, Schoolbook, Bookman, Latin Modern Sans, Helvetica and a typewriter face."""
CHINESE_FAMILIES: dict[Style, tuple[str, ...]] = {
    "journal": (r"\rmfamily", r"\sffamily"),
    "word": (r"\rmfamily", r"\rmfamily", r"\sffamily"),
    "excel": (r"\rmfamily", r"\sffamily", r"\sffamily"),
    "web": (r"\sffamily",),
}
STRETCHES: dict[Style, tuple[float, ...]] = {
    "journal": (1.0, 1.0, 1.1, 1.2, 1.3, 1.5),
    "word": (1.0, 1.1, 1.3, 1.5),
    "excel": (1.0, 1.0, 1.1, 1.2),
    "web": (1.3, 1.5, 1.7, 2.0),
}
"""Heights of rows, as multiples of LaTeX's usual height."""
PADDINGS_PT: dict[Style, tuple[float, ...]] = {
    "journal": (4.0, 6.0, 6.0, 8.0),
    "word": (5.4, 5.4, 7.0),
    "excel": (2.5, 3.5, 5.0),
    "web": (6.0, 8.0, 10.0),
}
"""White space on both sides of each column, in points."""

BLACK, WHITE = "000000", "FFFFFF"
RULE_COLORS: dict[Style, tuple[str, ...]] = {
    "journal": (BLACK,),
    "word": (BLACK, BLACK, BLACK, "7F7F7F", "A6A6A6", "8EAADB"),
    "excel": ("D4D4D4", "D4D4D4", "BFBFBF", BLACK),
    "web": ("DDDDDD", "DEE2E6", "CCCCCC", "A2A9B1", "333333"),
}
HEAD_FILLS: dict[Style, tuple[str, ...]] = {
    "journal": ("", "", "", "", "", "", "", "E6E6E6"),
    "word": ("", "", "D9D9D9", "F2F2F2", "BFBFBF", "D9E2F3", "E2EFD9", "FBE4D5", "4472C4", "44546A"),
    "excel": ("", "D9D9D9", "DDEBF7", "FFF2CC", "FFFF00", "4472C4", "5B9BD5", "70AD47", "ED7D31", "1F4E78"),
    "web": ("", "", "F2F2F2", "F8F9FA", "EAECF0", "E9ECEF", "212529", "04AA6D", "0D6EFD", "2C3E50"),
}
"""Colours behind the header; the empty one is none."""
BAND_FILLS: dict[Style, tuple[str, ...]] = {
    "journal": ("F0F0F0",),
    "word": ("F2F2F2", "D9E2F3", "EDEDED", "E2EFD9"),
    "excel": ("DDEBF7", "E2EFD9", "F2F2F2", "FCE4D6"),
    "web": ("F2F2F2", "F9F9F9", "E9ECEF", "F6F8FA"),
}
BAND_SHARES: dict[Style, float] = {"journal": 0.04, "word": 0.25, "excel": 0.25, "web": 0.4}
"""Shares of tables with every second row in another colour."""
LEVELS: dict[Style, tuple[Literal["p", "m", "b"], ...]] = {
    "journal": ("p", "p", "m"),
    "word": ("p", "m"),
    "excel": ("p", "m", "b", "b"),
    "web": ("p", "m"),
}
"""How cells stand beside those of several lines: LaTeX's letters for such columns."""
RULED_ROWS: dict[Style, tuple[RuledRows, ...]] = {
    "word": ("all", "all", "all", "all", "all", "groups"),
    "excel": ("all", "all", "all", "all", "all", "none"),
    "web": ("all", "all", "all", "head", "none"),
}
UPRIGHT_SHARES: dict[Style, float] = {"word": 0.8, "excel": 1.0, "web": 0.4}
"""Shares of tables with upright rules, of those with rules between all rows."""
TEXT_COLORS: dict[Style, tuple[str, ...]] = {
    "journal": (BLACK,),
    "word": (BLACK,),
    "excel": (BLACK,),
    "web": (BLACK, "212529", "333333"),
}
DARK = 150
"""Level of grey, from 0 to 255, below which a fill has white text."""

WIDE, VERY_WIDE = 14.0, 30.0
"""Widths in digits from which a column of texts may be wrapped, and is nearly always."""
WRAP_SHARE, BREAK_SHARE, TURN_SHARE = 0.3, 0.35, 0.12
"""Shares of wide columns that are wrapped, wide headers in two lines, and tables with turned headers."""
TURNED_WIDTH = 2.0
"""Width of a turned text in digits."""
MAX_TURNED, MAX_STACKED = 24.0, 12.0
"""Longest headers that are turned, and whose Chinese characters stand below each other, in digits."""
EM_PER_DIGIT = 0.56
LINE_END = r" \\ "


@dataclass(frozen=True)
class Look:
    """How a table looks, besides its rules."""

    rule_color: str = BLACK
    rule_pt: float = 0.4
    text_color: str = BLACK
    head_fill: str = ""
    band_fill: str = ""
    wraps: tuple[float, ...] = ()
    """Width of each column in digits, 0 for one that is as wide as its contents."""
    level: Literal["p", "m", "b"] = "p"
    """How cells stand beside those of several lines: LaTeX's letter for such columns."""
    broken: frozenset[int] = frozenset()
    """The columns whose header has two lines."""
    turned: frozenset[int] = frozenset()
    """The columns whose header is turned, or whose characters stand below each other."""
    angle: Literal[90, -90] = 90
    """Of turned headers in degrees; below zero is clockwise."""

    def commands(self) -> str:
        r"""The LaTeX before the table; colortbl keeps the colour of rules for all tables that follow."""
        return (
            rf"\arrayrulecolor[HTML]{{{self.rule_color}}}\setlength{{\arrayrulewidth}}{{{self.rule_pt}pt}}"
            rf"\color[HTML]{{{self.text_color}}}"
        )


def choose_style_layout(pen: Pen, style: Style, rules: Rules | None) -> Layout:
    """The rules of a table: those that a style has, or of a given kind only.

    Args:
        pen: chance.
        style: the style; only journals have booktabs' rules.
        rules: the kind of rules, None for any that the style has.
    """
    if style == "journal":
        kinds: tuple[Rules, ...] = ("booktabs", "booktabs", "ruled", "double")
        few: tuple[RuledRows, ...] = ("head", "none")
        kind = pen.choose(kinds) if rules is None else rules
        if rules is None and pen.chance(0.15):
            return Layout("ruled", pen.choose(few), False)
        if kind == "double":
            return Layout("double", "groups", False)
        return choose_layout(pen, kind)
    numbers_right = pen.chance(0.9) if style == "excel" else pen.chance(0.3)
    rows = pen.choose(RULED_ROWS[style])
    upright = rows == "all" and pen.chance(UPRIGHT_SHARES[style])
    return Layout("ruled", "all" if rules and rows == "none" else rows, upright, numbers_right)


def choose_look(pen: Pen, style: Style, grid: Grid) -> Look:
    """The look of a grid in a style; booktabs' tables have no fills: their rules would leave gaps in them."""
    all_ruled = all(grid.lines)
    merged = any(cell.rows > 1 for row in grid.rows[grid.num_heads :] for cell in row)
    filled = grid.rules == "ruled"
    wraps = _choose_wraps(pen, grid)
    turned = _choose_turned(pen, grid, wraps)
    return Look(
        rule_color=pen.choose(RULE_COLORS[style]),
        rule_pt=pen.choose((0.4, 0.5)) if style != "word" else pen.choose((0.5, 0.5, 0.75, 1.0)),
        text_color=pen.choose(TEXT_COLORS[style]),
        head_fill=pen.choose(HEAD_FILLS[style]) if filled else "",
        band_fill=pen.choose(BAND_FILLS[style])
        if filled and not merged and pen.chance(BAND_SHARES[style])
        else "",
        wraps=wraps,
        # where rules do not part the rows, only a common first line shows which lines are of one row
        level=pen.choose(LEVELS[style]) if all_ruled else "p",
        broken=_choose_broken(pen, grid, wraps) - turned,
        turned=turned,
        angle=90 if pen.chance(0.85) else -90,
    )


def dressed(grid: Grid, look: Look) -> Grid:
    """The grid as it is drawn in a look."""
    specifications = tuple(
        _wrapped_column(alignment, width, look.level) if width else alignment
        for alignment, width in zip(grid.alignments, look.wraps, strict=True)
    )
    rows: list[list[Cell]] = []
    for number, row in enumerate(grid.rows):
        is_head = number < grid.num_heads
        fill = look.head_fill if is_head else look.band_fill * ((number - grid.num_heads) % 2)
        cells = []
        column = 0
        for cell in row:
            drawn = _dressed_head(cell, column, grid, look) if is_head else cell
            if cell.columns == 1 and look.wraps[column]:
                drawn = replace(drawn, width=min(look.wraps[column], text_width(cell.shows)))
            cells.append(replace(drawn, fill=fill))
            column += cell.columns
        rows.append(cells)
    for number, cells in enumerate(rows):
        _span_upwards(rows, number, cells)
    return replace(grid, alignments=specifications, rows=tuple(map(tuple, rows)))


def _span_upwards(rows: list[list[Cell]], number: int, cells: list[Cell]) -> None:
    """Moves what spans rows with fills into the last of them: the fills of the others would cover it."""
    starts = [sum(cell.columns for cell in cells[:place]) for place in range(len(cells))]
    for place, cell in enumerate(cells):
        if cell.rows > 1 and cell.fill:
            below = rows[number + cell.rows - 1]
            spot = next(i for i in range(len(below)) if sum(c.columns for c in below[:i]) == starts[place])
            below[spot] = replace(cell, rows=-cell.rows)
            cells[place] = Cell(columns=cell.columns, alignment=cell.alignment, fill=cell.fill)


def _wrapped_column(alignment: str, width: float, level: str) -> str:
    side = {"l": r"\raggedright", "c": r"\centering", "r": r"\raggedleft"}[alignment]
    # a hyphen that TeX sets would be a character that the answer has not
    return rf">{{{side}\arraybackslash\hyphenpenalty10000 }}{level}{{{width * EM_PER_DIGIT:.2f}em}}"


def _dressed_head(cell: Cell, column: int, grid: Grid, look: Look) -> Cell:
    drawn = cell
    if cell.latex and cell.columns == 1 and column in look.turned | look.broken:
        face: Face = "textbf" if cell.latex.startswith(r"\textbf{") else ""
        if column in look.broken:
            parts = _halves(cell.shows)
            # in a box of its own, as a table within a cell would end the fill behind it
            lines = LINE_END.join(text_cell(part, face).latex for part in parts)
            latex = rf"\hbox{{\makecell[{grid.alignments[column]}]{{{lines}}}}}"
            drawn = replace(cell, latex=latex, width=max(map(text_width, parts)))
        elif _is_han(cell.shows) and text_width(cell.shows) <= MAX_STACKED:
            latex = rf"\hbox{{\makecell{{{LINE_END.join(cell.shows)}}}}}"
            drawn = replace(cell, latex=latex, width=TURNED_WIDTH)
        else:
            latex = rf"\rotatebox{{{look.angle}}}{{\hspace{{3pt}}{cell.latex}\hspace{{3pt}}}}"
            drawn = replace(cell, latex=latex, width=TURNED_WIDTH)
    if drawn.latex and look.head_fill and _is_dark(look.head_fill):
        drawn = replace(drawn, latex=rf"\color[HTML]{{{WHITE}}}{drawn.latex}")
    return drawn


def _choose_wraps(pen: Pen, grid: Grid) -> tuple[float, ...]:
    wraps = []
    for texts in _columns(grid):
        if texts is None or max(map(text_width, texts)) <= WIDE:
            wraps.append(0.0)
            continue
        widest = max(map(text_width, texts))
        if not pen.chance(0.9 if widest > VERY_WIDE else WRAP_SHARE):
            wraps.append(0.0)
            continue
        wraps.append(max(widest * float(pen.rng.uniform(0.3, 0.6)), *map(_longest_word, texts), 8.0))
    return tuple(wraps)


def _choose_turned(pen: Pen, grid: Grid, wraps: Sequence[float]) -> frozenset[int]:
    """All columns after the first whose headers are wider than they need be, or none."""
    columns = _columns(grid)
    if grid.num_heads > 1 or not pen.chance(TURN_SHARE):
        return frozenset()
    return frozenset(
        number
        for number, texts in enumerate(columns)
        if number
        and texts
        and not wraps[number]
        and TURNED_WIDTH + 2 < text_width(texts[0]) <= MAX_TURNED
        and text_width(texts[0]) > max(map(text_width, texts[1:]))
    )


def _choose_broken(pen: Pen, grid: Grid, wraps: Sequence[float]) -> frozenset[int]:
    """Some of the columns that are only as wide as they are for their header."""
    broken = set()
    for number, texts in enumerate(_columns(grid)):
        if not texts or wraps[number] or len(_halves(texts[0])) < 2:
            continue
        if text_width(texts[0]) > 1.3 * max(map(text_width, texts[1:])) and pen.chance(BREAK_SHARE):
            broken.add(number)
    return frozenset(broken)


def _columns(grid: Grid) -> list[tuple[str, ...] | None]:
    """The texts of each column, its header first; None for one with formulas, or cells that span rows."""
    columns: list[list[Cell]] = [[] for _ in grid.alignments]
    for number, row in enumerate(grid.rows):
        column = 0
        for cell in row:
            if cell.columns == 1 and number >= grid.num_heads - 1:
                columns[column].append(cell)
            column += cell.columns
    spanned = {
        sum(other.columns for other in row[:place])
        for row in grid.rows
        for place, cell in enumerate(row)
        if cell.rows > 1
    }
    return [
        None
        if column in spanned or any("$" in cell.latex.replace(r"\$", "") for cell in cells)
        else tuple(cell.shows for cell in cells)
        for column, cells in enumerate(columns)
    ]


def _longest_word(text: str) -> float:
    """Room for the longest word of a text, whose capitals may be wide."""
    words = re.split(r"\s+", text) if not HAN_WORD.search(text) else re.findall(r"[!-~]+|\S", text)
    return max((1.15 * len(word) + 0.35 * sum(map(str.isupper, word)) for word in words), default=0.0) + 1.0


def _halves(text: str) -> list[str]:
    """A header in two lines about as long as each other, if it can be broken.

    >>> _halves("Date of birth"), _halves("营业收入"), _halves("Price")
    (['Date of', 'birth'], ['营业', '收入'], ['Price'])
    """
    words = text.split(" ")
    if len(words) > 1:
        ways = [(" ".join(words[:i]), " ".join(words[i:])) for i in range(1, len(words))]
        return list(min(ways, key=lambda way: max(map(text_width, way))))
    half = (len(text) + 1) // 2
    return [text[:half], text[half:]] if len(text) >= 4 and _is_han(text) else [text]


def _is_han(text: str) -> bool:
    return all(HAN_WORD.fullmatch(sign) for sign in text)


def _is_dark(color: str) -> bool:
    red, green, blue = (int(color[i : i + 2], 16) for i in (0, 2, 4))
    return 0.299 * red + 0.587 * green + 0.114 * blue < DARK
