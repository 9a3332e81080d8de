import pytest

from got_train.evaluation.metrics import repeats, text_metrics


def test_text_metrics_by_hand() -> None:
    # "abcd" -> "abxd": 1 edit of 4; "" -> "xyz": 3 edits of 3; "same" -> "same": none
    metrics = text_metrics(["abxd", "", "same"], ["abcd", "xyz", "same"])
    assert metrics == {
        "cer": 4 / 11,
        "edit_distance": (1 / 4 + 1 + 0) / 3,
        "exact_match": 1 / 3,
        "repetition": 0.0,
    }


def test_cer_exceeds_one_where_edit_distance_cannot() -> None:
    metrics = text_metrics(["aaaaaaaa"], ["ab"])
    assert metrics["cer"] == 7 / 2
    assert metrics["edit_distance"] == 7 / 8


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0" * 40, True),
        ("0" * 39, False),
        ("Total " + "12 | " * 12, True),
        ("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20", False),
        ("ab" * 3, False),
        ("x" * 60 + " and an end", False),
    ],
)
def test_repeats(text: str, expected: bool) -> None:
    assert repeats(text) is expected


def test_repetition_counts_only_loops_that_the_reference_lacks() -> None:
    assert text_metrics(["." * 50, "." * 50], ["." * 50, "end"])["repetition"] == 0.5


def test_accents_of_either_unicode_form_are_equal() -> None:
    """As validation while training reads them: answers are NFC, labels may be anything."""
    scores = text_metrics(["Caf\u00e9 \u1ec7"], ["Cafe\u0301 e\u0323\u0302"])
    assert (scores["cer"], scores["exact_match"]) == (0, 1)
