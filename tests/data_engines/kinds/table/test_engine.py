"""The engine `table`: every cell of the answer is read back from the page that TeX set."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data_engines.drawing import draw_and_check, make_rng
from data_engines.engine import Answer, Drawing, Reject
from data_engines.kinds.table import engine as table
from data_engines.kinds.table.engine import Options, Spec, TableStock
from data_engines.options import Range
from data_engines.tools.typesetting import TypesetDrawing
from got_train.evaluation.teds import teds
from got_train.markup.tables import find_tables
from got_train.markup.written_tables import WRITERS, Notation
from got_train.prompts import Task

needs_tex = pytest.mark.skipif(shutil.which("xelatex") is None, reason="needs pdflatex and xelatex")

ENGLISH = (
    "several words out of some corpus, enough for the names in tables",
    "Another line with other words",
)
CHINESE = ("今天天气很好我们一起去公园散步", "这里有许多不同的汉字可以使用")
CSV = b'name,value (%),note\nA_1,12.5,\xc3\xa9t\xc3\xa9\nB&C,-3,[none]\n$D,1e5,"it\'s -- so"\n'
TEX = r"""
\documentclass{article} \newcommand{\best}[1]{\textbf{#1}}
\begin{document}
\begin{table} \caption{Results} \label{a}
\begin{tabular}{l|c} \hline a & \best{1} \\ b & 2 \\ \hline \end{tabular}
\end{table}
\begin{tabular}{c} \includegraphics{x.png} \\ \end{tabular}
\end{document}
"""


def make_stock(*corpora: tuple[str, ...], **options: object) -> TableStock:
    corpora = corpora or (ENGLISH, CHINESE)
    tongues = tuple("zh" if corpus == CHINESE else "en" for corpus in corpora)
    return TableStock(sources=(), options=Options(**options), corpora=corpora, tongues=tongues)


def draw_specs(stock: TableStock, indexes: range) -> list[Spec]:
    return [table.decide(make_rng(0, "table", i), i, stock) for i in indexes]


CODE = "\\begin{tabular}{lr}\n\\hline\nA & 50\\% \\\\\n\\hline\n\\end{tabular}"
SMALL = Spec(
    code=CODE,
    drawn=CODE,
    notation=None,
    cells=("A", "50%"),
    chinese=False,
    family="ptm",
    size=10,
    stretch=1.0,
    padding_pt=6.0,
    dpi=144,
)


@needs_tex
def test_tables_made_by_chance_show_all_their_cells() -> None:
    specs = draw_specs(make_stock(), range(24))
    assert {spec.chinese for spec in specs} == {True, False}
    for spec, drawing in zip(specs, draw_and_check(table, specs), strict=True):
        assert isinstance(drawing, Drawing), drawing
        assert [(answer.task, answer.text) for answer in drawing.answers] == [(Task(format=True), spec.code)]
        assert spec.cells is not None
        assert [region.text for region in drawing.regions] == [cell for cell in spec.cells if cell]
        levels = np.asarray(drawing.pictures[0].convert("L"))
        assert levels[[0, -1]].min() == levels[:, [0, -1]].min() == 255, "ink at the edge"
        for region in drawing.regions:
            left, top, right, bottom = (round(value) for value in region.box)
            assert levels[max(0, top - 1) : bottom + 1, max(0, left - 1) : right + 1].min() < 200


@needs_tex
def test_what_the_page_does_not_say_is_rejected() -> None:
    drawings = draw_and_check(
        table,
        [
            replace(SMALL, cells=("A", "51%")),
            replace(SMALL, cells=("A",)),
            replace(SMALL, cells=("A", "50%", "B")),
            replace(SMALL, drawn=CODE.replace("A", "A" * 200), cells=("A" * 200, "50%")),
            replace(SMALL, drawn=CODE.replace("A", r"\unknown")),
            replace(SMALL, drawn=CODE.replace("A", r"\color[HTML]{F0F0F0}A")),
            replace(SMALL, drawn=CODE.replace("{lr}", "{@{}p{1em}@{}r@{}}"), cells=("A", "50%")),
            replace(
                SMALL,
                drawn=CODE.replace("{lr}", "{@{}p{1em}@{}l@{}}").replace("A", "Overlong"),
                cells=("Overlong", "50%"),
            ),
            SMALL,
        ],
    )
    assert isinstance(drawings.pop(6), Drawing)
    assert [str(drawing) for drawing in drawings[:7]] == [
        "text other than in the cells",
        "text other than in the cells",
        "text other than in the cells",
        "larger than can be read",
        "LaTeX error: Undefined control sequence",
        "text that can't be seen",
        "texts of cells that run into each other",
    ]
    assert isinstance(drawings[7], Drawing)


@needs_tex
@pytest.mark.parametrize(
    ("notation", "answer"),
    [
        ("html", "<table><tr><td>A</td><td>50%</td></tr></table>"),
        ("markdown", "| A | 50% |\n| --- | --- |"),
        ("otsl", "<otsl><fcel>A<fcel>50%<nl></otsl>"),
    ],
)
def test_an_answer_in_another_notation_is_read_back(notation: Notation, answer: str) -> None:
    spec = replace(SMALL, notation=notation)
    [drawing] = table.draw([spec])
    assert isinstance(drawing, TypesetDrawing)
    assert drawing.answers == (Answer(Task(format=True), answer),)
    assert isinstance(table.check(spec, drawing), Drawing)
    wrong = replace(drawing, answers=(Answer(Task(format=True), answer.replace("A", "B")),))
    with pytest.raises(Reject, match="^answer that is read otherwise than the table$"):
        table.check(spec, wrong)


def test_tables_say_the_same_in_every_notation() -> None:
    """The texts of cells are those that are shown, whatever the notation, and TEDS finds no difference."""
    seen = set()
    for spec in draw_specs(make_stock(), range(60)):
        [read] = find_tables(spec.code)
        assert spec.cells is not None
        texts = {cell.text for row in read.rows for cell in row if "$" not in cell.text}
        assert texts <= {" ".join(cell.split()) for cell in spec.cells}
        for notation, write in WRITERS.items():
            [again] = find_tables(write(read))
            assert teds(again, read) == 1.0
            seen.add((notation, write(read)[0]))
    assert seen == {("html", "<"), ("otsl", "<"), ("markdown", "<"), ("markdown", "|")}


@needs_tex
def test_commands_are_no_text_of_other_notations(tmp_path: Path) -> None:
    (tmp_path / "paper.tex").write_text(TEX.replace("b & 2", r"\dag & $\dag$"))
    with pytest.raises(ValueError, match="1 table: a cell with a command that only LaTeX can answer"):
        table.load(Options(source=tmp_path, answer="html"), np.random.default_rng(0))
    (tmp_path / "paper.tex").write_text(TEX.replace("b & 2", r"b & $\dag$"))
    stock = table.load(Options(source=tmp_path, answer="html"), np.random.default_rng(0))
    [drawing] = draw_and_check(table, draw_specs(stock, range(1)))
    assert isinstance(drawing, Drawing), drawing
    assert drawing.answers[0].text == (
        r"<table><tr><td>a</td><td>1</td></tr><tr><td>b</td><td>$\dag$</td></tr></table>"
    )


@needs_tex
def test_values_of_csv_files_are_drawn_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(CSV)
    (tmp_path / "b.csv").write_bytes(bytes(range(256)))
    stock = table.load(
        Options(source=tmp_path, rows=Range(1, 3), columns=Range(2, 3)), np.random.default_rng(0)
    )
    assert stock.left_out == {"file that is not text": 1}
    specs = draw_specs(stock, range(12))
    values = set(CSV.decode().replace("\n", ",").replace('"', "").split(","))
    assert {cell for spec in specs for cell in spec.cells or ()} <= values
    for drawing in draw_and_check(table, specs):
        assert isinstance(drawing, Drawing), drawing


@needs_tex
def test_a_folder_with_values_does_not_hide_its_tex_sources(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(CSV)
    unknown = r"\begin{tabular}{cc} \nosuch & 1 \\ 2 & 3 \end{tabular}"
    (tmp_path / "paper.tex").write_text(TEX.replace(r"\begin{document}", r"\begin{document}" + unknown))
    stock = table.load(Options(source=tmp_path), np.random.default_rng(0))
    assert stock.left_out == {"table: a picture": 1, "table: a name that TeX doesn't know": 1}
    specs = draw_specs(stock, range(4))
    assert [spec.cells is None for spec in specs] == [True, False, True, False]
    assert all(isinstance(drawing, Drawing) for drawing in draw_and_check(table, specs))
    (tmp_path / "a.csv").unlink()
    (tmp_path / "b.csv").write_bytes(bytes(range(256)))
    stock = table.load(Options(source=tmp_path), np.random.default_rng(0))
    assert [spec.cells for spec in draw_specs(stock, range(4))] == [None] * 4


@needs_tex
def test_tables_of_tex_sources(tmp_path: Path) -> None:
    (tmp_path / "paper.tex").write_text(TEX)
    stock = table.load(Options(source=tmp_path), np.random.default_rng(0))
    assert stock.left_out == {"table: a picture": 1}
    [spec] = draw_specs(stock, range(1))
    assert not spec.chinese
    assert spec.code.splitlines() == [
        r"\begin{tabular}{l|c}",
        r"\hline",
        r"a & \textbf{1} \\",
        r"b & 2 \\",
        r"\hline",
        r"\end{tabular}",
    ]
    [drawing] = draw_and_check(table, [spec])
    assert isinstance(drawing, Drawing), drawing
    assert drawing.regions == ()


@needs_tex
def test_a_picture_does_not_depend_on_those_drawn_with_it() -> None:
    specs = draw_specs(make_stock(ENGLISH), range(4))
    together, [alone] = draw_and_check(table, specs[::-1]), draw_and_check(table, specs[:1])
    assert isinstance(alone, Drawing)
    assert isinstance(together[-1], Drawing)
    assert together[-1].pictures[0].tobytes() == alone.pictures[0].tobytes()


def test_samples_depend_on_their_index_only() -> None:
    stock = make_stock()
    forwards = draw_specs(stock, range(20))
    assert forwards == [draw_specs(stock, range(i, i + 1))[0] for i in reversed(range(20))][::-1]
    assert len(set(forwards)) == 20


def test_only_what_was_asked_for_is_drawn() -> None:
    stock = make_stock(ENGLISH, language="en", rules="ruled", dpi=Range(100, 100), columns=Range(3, 3))
    for spec in draw_specs(stock, range(20)):
        assert r"\hline" in spec.code and "rule" not in spec.code
        assert spec.dpi == 100
        assert len(spec.code.splitlines()[0].split("{")[2].strip("|}").replace("|", "")) == 3
    booktabs = draw_specs(make_stock(rules="booktabs"), range(20))
    assert not any(r"\hline" in spec.code or "|" in spec.code.splitlines()[0] for spec in booktabs)


def test_columns_too_wide_are_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a,text,b\n1," + "long " * 20 + ",2\n")
    stock = TableStock(sources=(), options=Options(columns=Range(3, 3)), files=(str(file),))
    assert {spec.cells for spec in draw_specs(stock, range(5))} == {("a", "b", "1", "2")}
    file = tmp_path / "b.csv"
    file.write_text("a,text\n1," + "long " * 20 + "\n")
    with pytest.raises(Reject, match="^columns too wide to be read$"):
        draw_specs(replace(stock, files=(str(file),)), range(1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rows": Range(0, 3)}, "--rows 0-3: give LOW-HIGH, both from 1 to 40, LOW not above HIGH"),
        ({"columns": Range(2, 20)}, "--columns 2-20: give LOW-HIGH, both from 2 to 12, LOW not above HIGH"),
        ({"source": Path("nowhere")}, "--source nowhere does not exist; give a .csv, .tsv or .tex file"),
    ],
)
def test_bad_options_are_named(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match="^" + message):
        Options(**options)


def test_a_source_has_its_own_language(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="^--language zh: tables of a --source are in its own; leave one"):
        Options(source=tmp_path, language="zh")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "a.csv",
            b"one\ntwo\n",
            r"has no table of values that can be read \(1 file without records of values\)",
        ),
        ("a.tex", b"no table", r"has no table that can be used \(no tabular in it\)"),
        (
            "a.tex",
            rb"\begin{tabular} a \end{tabular}",
            r"has no table that can be used \(1 table: no columns\)",
        ),
        ("a.txt", b"text", r"has no \.csv, \.tsv or \.tex file in it, at any depth"),
    ],
)
def test_bad_sources_end_in_one_line(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"^--source .* {message}$"):
        table.load(Options(source=tmp_path), np.random.default_rng(0))
