"""The tests of pages: what each type passes, and what share of them an answer passes.

The results of `passes` are those of `olmocr/bench/tests.py` (commit f7cfe4c) for the same tests and pages.
"""

from typing import Any

import pytest

from got_train.page_tests.formulas import has_formula
from got_train.page_tests.runner import passes, results, share_passed
from got_train.page_tests.texts import normalized

pytest.importorskip("fuzzysearch", reason="needs the extra eval")

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


TESTS = [
    {"type": "present", "text": "We say hello"},
    {"type": "absent", "text": "Page 7"},
    {"type": "order", "before": "We say", "after": "and goodbye"},
    {"type": "table", "cell": "12", "left": "a"},
]
TABLE = r"\begin{tabular}{ll} a & 12 \\ \end{tabular}"


@pytest.mark.parametrize(
    ("answer", "passed"),
    [
        (f"We say hello\n\nand goodbye\n\n{TABLE}", [True, True, True, True]),
        ("and goodbye. We say hello. Page 7", [True, False, False, False]),
        ("", [False, True, False, False]),
        ("hello", [False, True, False, False]),
    ],
)
def test_the_share_of_passed_tests_is_a_reward(answer: str, passed: list[bool]) -> None:
    assert results(answer, TESTS) == passed
    assert share_passed(answer, TESTS) == sum(passed) / 4


def test_an_answer_that_is_shorter_than_a_text_does_not_hold_it() -> None:
    """rapidfuzz looks for the shorter in the longer: the benchmark lets `hello` pass for `We say hello`."""
    assert passes(TESTS[0], "hello") and results("hello", TESTS[:1]) == [False]


def test_there_is_no_reward_without_tests() -> None:
    with pytest.raises(ValueError, match="a reward needs one at least"):
        share_passed("answer", [])
