"""What an answer is written in, told from its text alone."""

import pytest

from got_train.markup.forms import form_of


@pytest.mark.parametrize(
    "answer",
    [
        "x _ { 1 } + y ^ 2",
        "- x ^ { 2 }\n",
        "v_{start} = v_{Anfang} + S_{圆}",
        r"\operatorname{sinh} x",
        r"5\% x^2",
        "\\frac { a } { b }\n+ c",
    ],
)
def test_formulas_without_bounds(answer: str) -> None:
    assert form_of(answer) == "formula"


@pytest.mark.parametrize(
    "answer",
    [
        "Contact: john_doe@mail.com\nPhone: 555 123\nTotal: 5% of 10",
        "- a_b % c",
        "- a_b\n- c_d",
        "first_part",
        "is it x_1 or x_2",
        "No. ____",
        "^_^",
        "表_1",
        "**a_1**",
        "# a_1",
    ],
)
def test_text_with_the_signs_of_indices_is_no_formula(answer: str) -> None:
    assert form_of(answer) == "document"


def test_text_with_boxes_is_told_from_what_is_in_it() -> None:
    assert form_of(r"<ref>\[a_1\]</ref><box>(1,2),(3,4)</box>") == "boxes"
    assert form_of("<ref>a</ref><box>(1,2),(3,") == "boxes"  # cut off
    assert form_of("<ref> is a tag of wikis") == "text"
