r"""Where environments and arguments end."""

import pytest

from got_train.markup.nesting import environment_end, read_argument

TABULAR = r"\begin{tabular}{l} a & \begin{tabular}{c} b \end{tabular} \\ \end{tabular}"
SIZE = len(TABULAR)


@pytest.mark.parametrize("names", ["[^{}]*", "tabular"])
def test_an_environment_ends_where_its_own_end_is(names: str) -> None:
    assert environment_end(TABULAR + " more", 0, names) == (SIZE - len(r"\end{tabular}"), SIZE)
    cut_off = r"\begin{tabular} a"
    assert environment_end(cut_off, 0, names) == (len(cut_off), len(cut_off))


def test_only_environments_that_count_are_counted() -> None:
    text = r"\begin{tabular}\begin{center}\end{tabular}"
    assert environment_end(text, 0, "tabular")[1] == environment_end(text, 0)[1] == len(text)
    assert environment_end(text, 0, "tabular")[0] < len(text) == environment_end(text, 0)[0]


@pytest.mark.parametrize(
    ("text", "argument", "end"),
    [("{a{b}}c", "a{b}", 6), (" x y", "x", 2), ("{a", "a", 2), (r"{\}}", r"\}", 4), (" ", "", 1)],
)
def test_arguments_end_at_the_latest_with_the_text(text: str, argument: str, end: int) -> None:
    assert read_argument(text, 0) == (argument, end)
