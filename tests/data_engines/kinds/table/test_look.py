"""How tables look: what it changes in the LaTeX that is drawn, and that the page still shows every cell."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from data_engines.drawing import draw_and_check
from data_engines.engine import Drawing, Reject
from data_engines.kinds.table import engine as table
from data_engines.kinds.table.engine import Spec
from data_engines.kinds.table.look import STYLES, Look, choose_look, choose_style_layout, dressed
from data_engines.tools.tables.choices import choose_grid
from data_engines.tools.tables.columns import Pen
from data_engines.tools.tables.grid import Cell, Grid, text_cell, width_of, write_tabular

needs_tex = pytest.mark.skipif(shutil.which("xelatex") is None, reason="needs pdflatex and xelatex")

WORDS = ("several words out of some corpus, enough for the names in tables", "Another line with other words")
LONG = "a text of several lines that wraps"
FLAT = Grid(
    "llr",
    (
        (text_cell("Item"), text_cell("Notes", "textbf"), text_cell("Unit price")),
        (text_cell("A"), text_cell(LONG), text_cell("1.50")),
        (text_cell("B"), text_cell("short"), text_cell("20")),
    ),
    (((0, 2),),) * 4,
    "ruled",
    upright=True,
)
SPANNED = Grid(
    "lcc",
    (
        (Cell(r"\textbf{Name}", "Name", rows=2), Cell("Size", "Size", columns=2)),
        (Cell(), text_cell("mm"), text_cell("cm")),
        (text_cell("A"), text_cell("1"), text_cell("2")),
    ),
    (((0, 2),), ((1, 2),), ((0, 2),), ((0, 2),)),
    "ruled",
    upright=False,
    num_heads=2,
)


def make_spec(grid: Grid, look: Look) -> Spec:
    drawn = dressed(grid, look)
    return Spec(
        code=write_tabular(grid),
        drawn=f"{look.commands()}%\n{write_tabular(drawn)}",
        notation=None,
        cells=tuple(cell.shows for row in drawn.rows for cell in row),
        chinese=False,
        family="phv",
        size=10,
        stretch=1.2,
        padding_pt=5.0,
        dpi=144,
    )


def test_wrapped_broken_and_turned_cells() -> None:
    drawn = dressed(FLAT, Look(wraps=(0, 10, 0), level="m", broken=frozenset({2}), turned=frozenset({0})))
    assert write_tabular(drawn).splitlines() == [
        r"\begin{tabular}{|l|>{\raggedright\arraybackslash\hyphenpenalty10000 }m{5.60em}|r|}",
        r"\hline",
        r"\rotatebox{90}{\hspace{3pt}Item\hspace{3pt}} & \textbf{Notes} "
        r"& \hbox{\makecell[r]{Unit \\ price}} \\",
        r"\hline",
        rf"A & {LONG} & 1.50 \\",
        r"\hline",
        r"B & short & 20 \\",
        r"\hline",
        r"\end{tabular}",
    ]
    assert width_of(drawn) == 2 + 10 + 5 + 3 * 2.5


def test_fills_stand_behind_what_spans_rows() -> None:
    drawn = dressed(SPANNED, Look(head_fill="4472C4", band_fill="EEEEEE", wraps=(0, 0, 0)))
    blue, white = r"\cellcolor[HTML]{4472C4}", r"\color[HTML]{FFFFFF}"
    assert write_tabular(drawn).splitlines() == [
        r"\begin{tabular}{lcc}",
        r"\hline",
        rf"{blue} & \multicolumn{{2}}{{c}}{{{blue}{white}Size}} \\",
        r"\hhline{~--}",
        rf"{blue}\multirow{{-2}}{{*}}{{{white}\textbf{{Name}}}} & {blue}{white}mm & {blue}{white}cm \\",
        r"\hline",
        r"A & 1 & 2 \\",
        r"\hline",
        r"\end{tabular}",
    ]


def test_chinese_characters_of_a_header_stand_below_each_other() -> None:
    rows = ((text_cell("名称"), text_cell("总金额")), (text_cell("A"), text_cell("1")))
    grid = Grid("lr", rows, ((), (), ()), "ruled", upright=False)
    drawn = dressed(grid, Look(wraps=(0, 0), turned=frozenset({1})))
    assert drawn.rows[0][1].latex == r"\hbox{\makecell{总 \\ 金 \\ 额}}"


@needs_tex
def test_every_cell_of_a_look_is_read_back_from_the_page() -> None:
    look = Look(wraps=(0, 10, 0), level="m", head_fill="212529", broken=frozenset({2}), turned=frozenset({0}))
    flat, spanned = draw_and_check(
        table, [make_spec(FLAT, look), make_spec(SPANNED, Look(head_fill="4472C4", wraps=(0, 0, 0)))]
    )
    assert isinstance(flat, Drawing), flat
    assert isinstance(spanned, Drawing), spanned
    assert flat.answers[0].text == write_tabular(FLAT)
    sizes = {}
    for region in flat.regions:
        left, top, right, bottom = region.box
        sizes[region.text] = right - left, bottom - top
    assert list(sizes) == ["Item", "Notes", "Unit price", "A", LONG, "1.50", "B", "short", "20"]
    assert sizes["Item"][1] > 2 * sizes["Item"][0], "not turned"
    assert sizes[LONG][1] > 2 * sizes["short"][1], "not wrapped"
    assert sizes["Unit price"][1] > 1.5 * sizes["A"][1], "not broken"
    assert [region.text for region in spanned.regions] == ["Size", "Name", "mm", "cm", "A", "1", "2"]


@needs_tex
@pytest.mark.parametrize("look", [Look(broken=frozenset({2})), Look(turned=frozenset({2})), Look()])
def test_a_fill_reaches_the_edges_of_every_header(look: Look) -> None:
    rows = ((*FLAT.rows[0][:2], text_cell("单价总额")), (*FLAT.rows[1][:2], text_cell("1234567.50")))
    grid = replace(FLAT, rows=rows, lines=((),) * 3, upright=False)
    spec = make_spec(grid, replace(look, head_fill="E2EFD9", wraps=(0, 0, 0)))
    [drawing] = draw_and_check(table, [replace(spec, chinese=True, family=r"\sffamily")])
    assert isinstance(drawing, Drawing), drawing
    pixels = np.asarray(drawing.pictures[0])
    filled = (pixels == (0xE2, 0xEF, 0xD9)).all(axis=2).any(axis=0)
    margin = 17  # of 8 points at 144 to the inch
    assert filled[margin:-margin].all()


@needs_tex
def test_text_behind_a_fill_is_rejected() -> None:
    spec = make_spec(SPANNED, Look(wraps=(0, 0, 0)))
    fill = r"\cellcolor[HTML]{4472C4}"
    hidden = spec.drawn.replace(r"\multirow{2}{*}{\textbf{Name}}", rf"{fill}\multirow{{3}}{{*}}{{Name}}")
    hidden = hidden.replace("\n& mm", f"\n{fill} & mm").replace("\nA &", f"\n{fill}A &")
    [drawing] = draw_and_check(table, [Spec(**(vars(spec) | {"drawn": hidden}))])
    assert isinstance(drawing, Reject)
    assert str(drawing) == "text that can't be seen"


@pytest.mark.parametrize("style", dict.fromkeys(STYLES))
def test_what_belongs_to_a_look(style) -> None:
    looks = set()
    for seed in range(60):
        pen = Pen(np.random.default_rng(seed), (WORDS,), ("en",))
        layout = choose_style_layout(pen, style, None)
        grid = choose_grid(pen, 4, 5, layout)
        look = choose_look(pen, style, grid)
        assert len(look.wraps) == len(grid.alignments)
        assert not (look.head_fill or look.band_fill) or grid.rules == "ruled"
        looks |= {f"rules {layout.rules}", f"rows {layout.rows}"}
        looks |= {name for name in ("head_fill", "band_fill", "turned", "broken") if getattr(look, name)}
        looks |= {"wraps"} if any(look.wraps) else set()
    common = {"head_fill", "band_fill", "turned", "broken", "wraps", "rows all"}
    assert (
        looks
        == common
        | {
            "journal": {
                "rules booktabs",
                "rules ruled",
                "rules double",
                "rows groups",
                "rows head",
                "rows none",
            },
            "word": {"rules ruled", "rows groups"},
            "excel": {"rules ruled", "rows none"},
            "web": {"rules ruled", "rows head", "rows none"},
        }[style]
    )


def test_rules_that_are_asked_for() -> None:
    for seed in range(40):
        pen = Pen(np.random.default_rng(seed), (WORDS,))
        assert choose_style_layout(pen, "journal", "booktabs").rules == "booktabs"
        for style in dict.fromkeys(STYLES):
            layout = choose_style_layout(pen, style, "ruled")
            assert (layout.rules, layout.rows == "none") == ("ruled", False)
