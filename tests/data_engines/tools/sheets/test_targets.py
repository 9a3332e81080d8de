r"""Answers drawn again."""

import shutil
import sys
from collections.abc import Sequence

import pytest
from PIL import Image, ImageChops

from data_engines.engine import Reject
from data_engines.tools.sheets.targets import draw_targets, form_of
from got_train.tex import answers

KERN = "\n".join(
    ["**kern\t**kern", "*clefF4\t*clefG2", "*M4/4\t*M4/4", "=-\t=-", "1C\t1cc", "=\t=", "*-\t*-"]
)
TABLE = r"\begin{tabular}{|l|c|} \hline 名称 & \(x_1\) \\ \hline \end{tabular}"
FIGURE = r"\begin{tikzpicture} \draw (0,0) -- (2,1); \end{tikzpicture}"
CHART = '{"title": "T", "source": "None", "values": {"A": {"x": 1, "y": 2}, "B": {"x": 3}}}'


@pytest.mark.parametrize(
    ("answer", "form"),
    [
        ("<smiles>CCO</smiles>", "molecule"),
        (KERN, "score"),
        (CHART, "chart"),
        ("{'title': 'T', 'values': {'a': 1}}", "chart"),
        (r"\frac { a } { b }", "formula"),
        ("x^2+y^2", "formula"),
        (r"\[ x_1 \]", "formula"),
        (r"\( x_1 \) and \( y \)", "document"),
        (r"\[ x \]" + "\n" + r"\[ y \]", "document"),
        (TABLE, "document"),
        (FIGURE, "document"),
        ("<table><tr><td>$\\alpha$</td></tr></table>", "document"),
        ("<otsl><fcel>a<nl></otsl>", "document"),
        ("# Heading", "document"),
        ("{curly} words", "text"),
        ("one line", "text"),
    ],
)
def test_forms_are_told_apart(answer: str, form: str) -> None:
    assert form_of(answer) == form


def is_drawn(target: object) -> bool:
    return isinstance(target, Image.Image) and ImageChops.invert(target).getbbox() is not None


def test_charts_are_tables() -> None:
    drawn, missing = draw_targets(
        [CHART, CHART.replace("3", "4"), '{"values": {"A"', '{"values": {}}', "words"]
    )
    assert missing == []
    assert is_drawn(drawn[0]) and is_drawn(drawn[1])
    assert ImageChops.difference(drawn[0], drawn[1]).getbbox()
    assert [str(fault) for fault in drawn[2:4]] == ["no dictionary of a chart"] * 2
    assert drawn[4] is None


def test_molecules_are_drawn_by_rdkit() -> None:
    pytest.importorskip("rdkit")
    drawn, _ = draw_targets(["<smiles>CCO</smiles>", "<smiles>CC(</smiles>"])
    assert is_drawn(drawn[0])
    assert str(drawn[1]) == "RDKit reads no molecule in it"


def test_scores_are_drawn_by_verovio() -> None:
    pytest.importorskip("verovio")
    drawn, _ = draw_targets([KERN, "**kern\n*clefG2\n==\n*-"])
    assert is_drawn(drawn[0])
    assert str(drawn[1]) == "Verovio makes no notes of it"


@pytest.mark.skipif(not shutil.which("xelatex"), reason="xelatex is not installed")
def test_the_rest_is_typeset_by_tex() -> None:
    texts = [
        r"\[ \frac{a}{b} \]",
        r"x \tag { 1 }",
        TABLE,
        FIGURE,
        f"\\title{{\n题目\n}}\n\n**Bold** with \\(x\\)\n\n{TABLE}\n\n\\[ y \\]",
        '<table><tr><td colspan="2">5%</td></tr><tr><td>名称</td><td>$x_1$</td></tr></table>',
        "| a | b |\n| --- | --- |\n| 1 | 2 |",
        "<otsl><fcel>a<lcel><nl><fcel>b<ecel><nl></otsl>",
        r"\frac{a}{",
    ]
    drawn, missing = draw_targets(texts)
    assert missing == []
    assert [is_drawn(target) for target in drawn] == [True] * 8 + [False]
    assert isinstance(drawn[8], Reject)
    # alone as large as they are, pages and numbered formulas on lines of one width
    page = round(answers.PAGE_WIDTH_CM / 2.54 * answers.DPI)
    assert [abs(target.width - page) < 30 for target in drawn[:8]] == [
        *(False, True, False, False, True),
        *(False, False, False),
    ]


def test_a_tool_that_is_missing_is_named_and_the_rest_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_program(bodies: Sequence[str], style: object) -> list:
        raise ValueError("xelatex is not installed")

    monkeypatch.setattr(answers, "typeset", no_program)
    monkeypatch.setitem(sys.modules, "rdkit", None)
    drawn, missing = draw_targets([r"\(x\)", "<smiles>CCO</smiles>", CHART])
    assert missing == [
        "molecules stand as text: the package rdkit is missing",
        "formulas, tables, figures and pages stand as text: xelatex is not installed",
    ]
    assert drawn[:2] == [None, None]
    assert is_drawn(drawn[2])
