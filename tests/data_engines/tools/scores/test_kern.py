"""Kern scores: what is read, and what is a fault."""

from collections import Counter
from fractions import Fraction

import pytest

from data_engines.tools.scores.kern import Pitch, duration, notes_and_rests, read_score


def score(*lines: str) -> str:
    """Rows whose fields stand between single spaces; chords have `+` between their notes."""
    return "\n".join(line.replace(" ", "\t").replace("+", " ") for line in lines)


def test_scores_are_cut_only_where_each_staff_has_one_voice() -> None:
    text = score(
        *("**kern", "=1", "1c", "=2", "*^", "1c 1e", "=3 =3", "1c 1e", "*v *v", "=4", "1c", "=5", "*-"),
    )
    read = read_score(text)
    assert [list(read.excerpts(first, 9)) for first in range(4)] == [[1, 3, 4], [2, 3], [], [1]]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("4c", "rhythm does not add up"),
        ("1cN", "unknown sign at a note"),
        ("1c$", "unknown sign at a note"),
        ("1ryy", "unknown sign at a note"),
        ("c", "note without a duration"),
        ("1h", "no note"),
        ("1cL", "beam over a barline"),
        ("*8va", "unknown sign of a staff"),
    ],
)
def test_a_measure_that_is_not_understood_has_a_fault_and_the_others_none(row: str, fault: str) -> None:
    text = score("**kern **kern", "=1 =1", "1c 1e", "=2 =2", f"{row} {row if row[0] == '*' else '1e'}")
    after = ["1c 1e"] if row.startswith("*") else []
    read = read_score("\n".join([text, score(*after, "=3 =3", "1c 1e", "= =", "*- *-")]))
    assert [measure.fault for measure in read.measures] == [None, fault, None, "end"]
    assert [list(read.excerpts(first, 3)) for first in range(3)] == [[1], [], [1]]


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "no Humdrum"),
        ("<mei/>", "no Humdrum"),
        (score("**text", "a", "*-"), "no **kern spine"),
        (score("**kern **kern", "1c", "*- *-"), "fields and spines differ in number"),
        (score("**kern **kern", "1c 1d", "*x *x", "*- *-"), "spines that cross or start late"),
        (score("**kern **kern", "1c 1d", "*- *", "1d", "*-"), "spines that end early"),
        (score("**kern **kern", "=1 1d", "*- *-"), "row of several kinds"),
        (score("**kern", "1c"), "no end of the spines"),
    ],
)
def test_what_is_no_score_says_why(text: str, cause: str) -> None:
    with pytest.raises(ValueError, match="^" + cause.replace("*", r"\*") + "$"):
        read_score(text)


def test_triplets_dots_and_grace_notes_add_up() -> None:
    text = score("**kern **kern", "=1 =1", "3c 2.e", "3d .", ". 8ffq", ". 4f", "3e .", "= =", "*- *-")
    rows = text.split("\n")
    assert (
        read_score(text).measures[0].fault == "rhythm does not add up"
    )  # the quarter comes before the third
    rows[3:7] = [row.replace(" ", "\t") for row in ["3d .", "3e .", ". 8ffq", ". 4f"]]
    assert read_score("\n".join(rows)).measures[0].fault is None


def test_durations() -> None:
    assert duration("3%2c") == Fraction(2, 3)
    assert duration("2..r") == Fraction(7, 8)
    assert duration("00C") == 4


def test_notes_are_counted_by_name_and_octave() -> None:
    text = score("**kern **kern", "*clefF4 *clefG2", "=- =-", "4CC+4C#+4c 4r", "[8ee-L .", "== ==")
    notes = {Pitch("c", 2): 1, Pitch("c", 3): 1, Pitch("c", 4): 1, Pitch("e", 5): 1}
    assert notes_and_rests(text) == (Counter(notes), 1)
