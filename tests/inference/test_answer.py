"""Probabilities of answers and of their lines."""

import math

import pytest

from got_train.inference.answer import Answer, Token


def answer_of(*pieces: str) -> Answer:
    """An answer whose tokens have the probabilities 1/2, 1/3, 1/5, ..."""
    primes = (2, 3, 5, 7, 11, 13, 17)
    tokens = (Token(piece, -math.log(prime)) for piece, prime in zip(pieces, primes, strict=False))
    return Answer("".join(pieces), tuple(tokens))


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (["a", "b", ""], [30]),
        ([""], [2]),
        (["a", "\n", "b", ""], [6, 35]),
        (["a.\n", "b", ""], [2, 15]),
        (["a", "\nb", ""], [6, 15]),
        (["a\n\n", "b"], [2, 2, 3]),
        (["a", "\n", "\n", "b"], [6, 5, 7]),
        (["a", "\n", ""], [6, 5]),
        (["a\n\n\n", ""], [2, 2, 2, 3]),
    ],
)
def test_a_token_counts_for_the_lines_that_it_has_a_part_of(pieces: list[str], expected: list[int]) -> None:
    answer = answer_of(*pieces)
    assert [1 / confidence for confidence in answer.line_confidences] == pytest.approx(expected)
    assert len(expected) == len(answer.text.split("\n"))
    assert 1 / answer.confidence == pytest.approx(math.prod((2, 3, 5, 7, 11)[: len(pieces)]))


def test_tokens_that_were_not_asked_for_have_no_probability() -> None:
    with pytest.raises(AssertionError, match="not asked for"):
        _ = Answer("a").confidence
