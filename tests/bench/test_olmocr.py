"""olmOCR-bench: what each type of test passes, and what is read and written.

The results of `passes` are those of `olmocr/bench/tests.py` (commit f7cfe4c) for the same tests and pages.
"""

from pathlib import Path
from typing import Any

import pytest

from got_train.bench.benchmark import Asking
from got_train.bench.olmocr import OlmOcr
from got_train.bench.olmocr_tests import has_formula, normalized, passes
from got_train.report import UserError
from tests.bench import folders

pytest.importorskip("fuzzysearch", reason="needs the extra bench")

PAGE = """# A **bold** title

First we say hello — then “goodbye”. Downloaded from example.org

Second comes the café, cafe\u0301 and 5 µm of it.

| Year | 2001 | 2002 |
|---|---|---|
| Cost | 12.5 | 13.0 |
| Gain | 1.5 | -2 |

<table><thead><tr><td colspan="2">Words</td><td>Docs</td></tr></thead>
<tr><td rowspan="2">Web</td><td>3.32T</td><td>95</td></tr>
<tr><td>11.8B</td><td>7</td></tr></table>

So \\( x^{2} \\leq 1 \\) and $$\\int_0^1 f(x)\\,dx$$. A note<sup>1</sup> is here.
"""

CASES: list[tuple[dict[str, Any], bool]] = [
    ({"type": "present", "text": "A bold title"}, True),
    ({"type": "present", "text": 'hello - then "goodbye"'}, True),
    ({"type": "present", "text": "HELLO"}, False),
    ({"type": "present", "text": "HELLO", "case_sensitive": False}, True),
    ({"type": "present", "text": "First we sax hello", "max_diffs": 1}, True),
    ({"type": "present", "text": "First we sax hello"}, False),
    ({"type": "present", "text": "hello", "first_n": 10}, False),
    ({"type": "present", "text": "is here", "last_n": 20}, True),
    ({"type": "present", "text": "café, café and 5 μm"}, True),
    ({"type": "absent", "text": "Downloaded from example.org"}, False),
    ({"type": "absent", "text": "Downloaded from http"}, True),
    ({"type": "order", "before": "First we say", "after": "Second comes"}, True),
    ({"type": "order", "before": "Second comes", "after": "First we say"}, False),
    ({"type": "order", "before": "Frist we say hello", "after": "Second cames the", "max_diffs": 2}, True),
    ({"type": "order", "before": "hello", "after": "nowhere at all"}, False),
    ({"type": "table", "cell": "12.5", "left": "Cost"}, True),
    ({"type": "table", "cell": "12.5", "right": "13.0", "down": "1.5"}, True),
    ({"type": "table", "cell": "12.5", "up": "2002"}, False),
    ({"type": "table", "cell": "-2", "top_heading": "2002", "left_heading": "Gain"}, True),
    ({"type": "table", "cell": "12.5", "left": "Cost", "ignore_markdown_tables": True}, False),
    ({"type": "table", "cell": "3.32T", "top_heading": "Words", "left": "Web"}, True),
    ({"type": "table", "cell": "7", "left_heading": "Web", "top_heading": "Docs"}, True),
    ({"type": "table", "cell": "7", "up": "11.8B"}, False),
    ({"type": "table", "cell": "Web", "right": "11.8B"}, True),
    ({"type": "table", "cell": "Words", "down": "3.32T"}, True),
    ({"type": "baseline"}, True),
    ({"type": "baseline", "max_length": 10}, False),
    ({"type": "format", "text": "A bold title", "format": "heading"}, True),
    ({"type": "format", "text": "bold", "format": "bold"}, True),
    ({"type": "format", "text": "hello", "format": "italic"}, False),
    ({"type": "footnote", "marker": "1", "appears_before_marker": "A note"}, True),
    ({"type": "footnote", "marker": "1", "appears_after_marker": "Nothing of it"}, False),
    ({"type": "footnote", "marker": "2"}, False),
]


@pytest.mark.parametrize(("test", "expected"), CASES, ids=str)
def test_a_page_passes_as_with_the_official_code(test: dict[str, Any], expected: bool) -> None:
    assert passes(test, PAGE) is expected


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("", False),
        (" - ", False),
        ("Text " + "ab" * 31, False),
        ("Text " + "ab" * 30, True),
        ("Text " + "abcdef" * 40, True),
        ("Text 漢字", False),
        ("Text \U0001f600", False),
        ("Texte français", True),
    ],
)
def test_a_page_is_healthy(page: str, expected: bool) -> None:
    assert passes({"type": "baseline"}, page) is expected


def test_tables_without_cells_or_closed_rows_are_no_error() -> None:
    test = {"type": "table", "cell": "a", "left": "b"}
    for page in ("<table><tr></tr></table>", "<table>", "|\n|", "|a|\n\n|b|", "<table><tr><td rowspan=3>a"):
        assert passes(test, page) is False


@pytest.mark.parametrize(
    ("formula", "page", "expected"),
    [
        (r"x^2 \le 1", r"\(x^{2}\leq 1\)", True),
        (r"f(x) dx", r"\[ \int_0^1 f(x)\,dx \]", True),
        (r"\frac{a}{b}", r"$\frac ab$", True),
        (r"\left( a \right)", r"$(a)$", True),
        (r"\operatorname{Ann}_{R}", r"$\text{Ann}_R$", True),
        (r"\mathcal{I}_{i}", r"$I_i$", True),
        (r"x^2", r"\( x^3 \)", False),
        (r"a b", r"\( b a \)", False),
        (r"x", "x without delimiters", False),
        (r"{x", r"\( {x \)", True),
    ],
)
def test_formulas_are_found_in_one_spelling(formula: str, page: str, expected: bool) -> None:
    assert has_formula({"math": formula}, page) is expected


def test_dollars_may_be_left_out() -> None:
    test = {"math": "x", "ignore_dollar_delimited": True}
    assert not has_formula(test, "$x$") and has_formula(test, r"\(x\)")


def test_marks_of_typeface_do_not_count() -> None:
    assert normalized("__a__ *b* <b>c</b> **d**<br/>‘e’") == "a b c d 'e'"


FILES = {
    "multi_column.jsonl": [
        {"pdf": "multi_column/a.pdf", "page": 1, "id": "a1", "type": "present", "text": "hello"},
        {"pdf": "multi_column/a.pdf", "page": 2, "id": "a2", "type": "absent", "text": "footer"},
    ],
    "table_tests.jsonl": [
        {"pdf": "tables/b.pdf", "page": 1, "id": "b1", "type": "table", "cell": "1", "left": "a"},
        {"pdf": "tables/b.pdf", "page": 1, "id": "b2", "type": "table", "cell": "1", "left": "c"},
        {"pdf": "tables/b.pdf", "page": 1, "id": "b3", "type": "baseline", "max_length": 0},
    ],
}
ANSWERS = ["We say hello.", "A footer.", r"\begin{tabular}{ll} a & 1 \\ \end{tabular}", "Second page"]
"""Of the pages of a.pdf, then of b.pdf."""


def test_the_score_is_the_mean_of_the_files_shares(tmp_path: Path) -> None:
    bench = OlmOcr(folders.olmocr(tmp_path / "bench_data", FILES).parent, Asking())
    assert [record.turns[0].query for record in bench.records] == ["<image>OCR with format: "] * 4
    groups = bench.score(ANSWERS)
    values = {group: scores["passed"].value for group, scores in groups.items()}
    assert values == {
        "overall": pytest.approx((0.5 + 1 / 3 + 1) / 3),
        "multi_column.jsonl": 0.5,
        "table_tests.jsonl": pytest.approx(1 / 3),
        "baseline": 1.0,  # of a.pdf: the other has its own
        "type absent": 0.0,
        "type baseline": 0.5,
        "type present": 1.0,
        "type table": 0.5,
    }
    assert groups["overall"]["passed"].rows == 6
    assert "lacks arxiv_math.jsonl, headers_footers.jsonl" in bench.notes[0]  # there are no formulas


def test_pages_are_written_by_the_names_that_the_official_scorer_looks_for(tmp_path: Path) -> None:
    bench = OlmOcr(folders.olmocr(tmp_path / "bench_data", FILES), Asking())
    line = bench.write(ANSWERS, tmp_path / "out")
    names = sorted(
        str(path.relative_to(tmp_path / "out" / "markdown")) for path in tmp_path.glob("out/**/*.md")
    )
    assert names == [
        "multi_column/a_pg1_repeat1.md",
        "multi_column/a_pg2_repeat1.md",
        "tables/b_pg1_repeat1.md",
        "tables/b_pg2_repeat1.md",
    ]
    table = (tmp_path / "out" / "markdown" / "tables" / "b_pg1_repeat1.md").read_text()
    assert table == "<table><tr><td>a</td><td>1</td></tr></table>"
    assert f"olmocr.bench.benchmark --dir {tmp_path / 'bench_data'} --candidate got-train" in line


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ({"pdf": "a.pdf", "page": 1, "type": "presence", "text": "a"}, "type presence is not known"),
        (
            {"pdf": "a.pdf", "page": 1, "type": "order", "before": "a"},
            "a test of type order needs the text after",
        ),
        ({"pdf": "../a.pdf", "page": 1, "type": "baseline"}, "pdf ../a.pdf leads out of the folder pdfs"),
        ({"pdf": "a.pdf", "type": "baseline"}, "a test has a pdf, a page and a type"),
        ({"pdf": "a.pdf", "page": 3, "type": "baseline"}, "a.pdf has no page 3"),
        (
            {"pdf": "a.pdf", "page": 1, "type": "baseline", "max_length": "1"},
            "max_length 1 is not a whole number",
        ),
        ({"pdf": "a.pdf", "page": 1, "type": "table", "cell": "a", "up": 2}, "up 2 is not a text"),
        (
            {"pdf": "a.pdf", "page": 1, "type": "format", "text": "a", "format": "loud"},
            "format loud is none of heading, bold, italic",
        ),
    ],
)
def test_what_is_no_test_is_named(test: dict[str, Any], message: str, tmp_path: Path) -> None:
    folder = folders.olmocr(tmp_path, {"x.jsonl": [test]})
    with pytest.raises(UserError) as caught:
        OlmOcr(folder, Asking())
    assert message in str(caught.value)


def test_a_missing_page_is_named_with_its_source(tmp_path: Path) -> None:
    folder = folders.olmocr(tmp_path, FILES)
    (folder / "pdfs" / "tables" / "b.pdf").unlink()
    with pytest.raises(UserError) as caught:
        OlmOcr(folder, Asking())
    assert str(caught.value) == (
        f"{folder}/pdfs/tables/b.pdf is missing: the benchmark is published at "
        "https://huggingface.co/datasets/allenai/olmOCR-bench (folder bench_data)"
    )
