r"""Formulas between `\( \)`, `\[ \]`, `$` and `$$`, closed and cut off."""

import pytest

from got_train.markup.delimiters import Formula, only_formula, read_formula, split_formulas
from tests.conftest import within_seconds


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        (r"\(x\) y", Formula("x", False, 5)),
        (r"\[x\] y", Formula("x", True, 5)),
        ("$$x$$ y", Formula("x", True, 5)),
        ("$x$ y", Formula("x", False, 3)),
        (r"$\$5$", Formula(r"\$5", False, 5)),
        # cut off
        ("\\(x\n\ny", Formula("x", False, 3, closed=False)),
        ("\\[x", Formula("x", True, 3, closed=False)),
    ],
)
def test_a_formula_in_running_text(text: str, formula: Formula) -> None:
    assert read_formula(text, 0) == formula


@pytest.mark.parametrize("text", ["$5 and $6", "$ x $", "$x\n$", "$$x", "$$$$", r"\( \)", "x", r"\)"])
def test_characters_that_open_no_formula(text: str) -> None:
    assert read_formula(text, 0) is None


def test_an_answer_that_is_one_formula() -> None:
    assert only_formula(" \\[\nx\n\\]\n") == "\nx\n"
    for text in (r"\(x\) y", r"\(x\) \(y\)", r"\[x \tag{1}\]", "$x$", "x"):
        assert only_formula(text) is None


@pytest.mark.parametrize("text", [r"\(" * 50_000, "\\(x\n\n" * 16_000, "$" * 100_000])
def test_loops_end_soon(text: str) -> None:
    with within_seconds(5):
        position = 0
        while 0 <= position < len(text):
            formula = read_formula(text, position)
            position = formula.end if formula else position + 1


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        (r"\[a \\[2pt] b\]", [(r"a \\[2pt] b", True)]),
        ("$$a$$", [("a", True)]),
        ("$a$$b$", [("a", True), ("b", True)]),
        (r"\[a+", [("a+", True)]),
        (r"\text{5\$ if $x$}", [(r"\text{5\$ if $x$}", True)]),
        (r"so \(a\) and \[b\].", [("so ", False), ("a", True), (" and ", False), ("b", True), (".", False)]),
    ],
)
def test_split_formulas(text: str, pieces: list[tuple[str, bool]]) -> None:
    assert split_formulas(text) == pieces
