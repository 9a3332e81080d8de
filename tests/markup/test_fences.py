"""Fences round answers, whole and cut off."""

import pytest

from got_train.markup.fences import unfenced
from tests.conftest import within_seconds


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("```latex\nx\n```", "x\n"),
        ("\n  ~~~\nx\n~~~ \n", "x\n"),
        ("```json\r\n{}\r\n```", "{}\r\n"),
        ("````md\na ``` b\n````", "a ``` b\n"),
        ("```x```", "x"),
        ("```c++\nx", "x"),
        ("a\n```\nx\n```", "a\n```\nx\n```"),
        ("```\nx\n```\ny", "```\nx\n```\ny"),
        ("``x''", "``x''"),
        ("", ""),
    ],
)
def test_only_fences_round_everything_are_taken_off(text: str, inside: str) -> None:
    assert unfenced(text) == inside


def test_a_loop_of_fences_is_left_in_time() -> None:
    with within_seconds(2):
        assert unfenced("```\n" * 30_000 + "x") == "```\n" * 30_000 + "x"
