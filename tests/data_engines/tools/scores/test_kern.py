"""Kern scores: what is read, what is a fault, and what an excerpt says."""

from collections import Counter
from fractions import Fraction

import pytest

from data_engines.kinds.music.excerpt import cut
from data_engines.tools.scores.kern import Pitch, duration, notes_and_rests, read_score


def score(*lines: str) -> str:
    """Rows whose fields stand between single spaces; chords have `+` between their notes."""
    return "\n".join(line.replace(" ", "\t").replace("+", " ") for line in lines)


PIANO = score(
    "!!!COM:_Somebody",
    "**kern **dynam **kern",
    "*staff2 * *staff1",
    '*I"Piano * *',
    "*clefF4 * *clefG2",
    "*k[f#] * *k[f#]",
    "*G: * *G:",
    "*M2/4 * *M2/4",
    "*MM120 * *",
    "=1- =1- =1-",
    "4G p ([4gg",
    "4D\\+4F# . 4gg)]",
    "=2 =2 =2",
    "* * *^",
    "2G f 8b/L [2d\\",
    ". . 8a/J .",
    "! !_loud ! !",
    ". . 4g/ .",
    "* * *v *v",
    "=3 =3 =3",
    "*clefC4 * *",
    "8L'AA p 2d]",
    "8JBB . .",
    "4r . .",
    "=4:|! =4:|! =4:|!",
    "2GG . 2ddX;",
    "== == ==",
    "*- *- *-",
)


def test_an_excerpt_says_what_is_seen_of_its_measures_and_no_more() -> None:
    assert cut(read_score(PIANO), 0, 4) == score(
        "**kern **kern",
        "*clefF4 *clefG2",
        "*k[f#] *k[f#]",
        "*M2/4 *M2/4",
        "=- =-",
        "4G ([4gg",
        "4D\\+4F# 4gg])",
        "= =",
        "* *^",
        "2G 8b/L [2d\\",
        ". 8a/J .",
        ". 4g/ .",
        "* *v *v",
        "= =",
        "*clefC4 *",
        "8AA'L 2d]",
        "8BBJ .",
        "4r .",
        "=:|! =:|!",
        "2GG 2ddX;",
        "== ==",
        "*- *-",
    )


def test_an_excerpt_states_the_signs_in_force_and_cuts_open_ties() -> None:
    read = read_score(PIANO)
    assert cut(read, 2, 1) == score(
        "**kern **kern",
        "*clefC4 *clefG2",
        "*k[f#] *k[f#]",
        "*M2/4 *M2/4",
        "=- =-",
        "8AA'L 2d",
        "8BBJ .",
        "4r .",
        "=:|! =:|!",
        "*- *-",
    )
    assert cut(read, 1, 1).splitlines()[6:8] == ["2G\t8b/L\t2d\\", ".\t8a/J\t."]


def test_a_tie_through_a_measure_keeps_the_ends_that_are_there() -> None:
    tied = score("**kern", "=1", "1[c", "=2", "1c_", "=3", "1c_", "=4", "1c]", "=5", "*-")
    read = read_score(tied)
    assert [row for row in cut(read, 1, 2).split("\n") if "c" in row] == ["[1c", "1c]"]
    assert [row for row in cut(read, 0, 4).split("\n") if "c" in row] == ["[1c", "1c_", "1c_", "1c]"]
    assert [row for row in cut(read, 1, 1).split("\n") if "c" in row] == ["1c"]


def test_slurs_lose_ends_without_another() -> None:
    slurred = score("**kern", "=1", "1(c", "=2", "2d)", "2(e", "=3", "1f)", "=4", "*-")
    read = read_score(slurred)
    assert cut(read, 1, 1).split("\n")[2:4] == ["2d", "2e"]
    assert cut(read, 1, 2).split("\n")[2:6] == ["2d", "(2e", "=", "1f)"]


def test_what_is_cut_is_a_score_that_cuts_to_itself() -> None:
    read = read_score(PIANO)
    for first, count in [(0, 4), (0, 1), (1, 2), (2, 2)]:
        excerpt = cut(read, first, count)
        again = read_score(excerpt)
        assert [measure.fault for measure in again.measures] == [None] * count + ["end"]
        assert cut(again, 0, count) == excerpt


def test_only_chords_keep_the_sign_of_an_arpeggio() -> None:
    read = read_score(score("**kern", "=1", "2c:", "2c:+2e:", "=2", "*-"))
    assert cut(read, 0, 1).split("\n")[2:4] == ["2c", "2c: 2e:"]


def test_scores_are_cut_only_where_each_staff_has_one_voice() -> None:
    text = score(
        *("**kern", "=1", "1c", "=2", "*^", "1c 1e", "=3 =3", "1c 1e", "*v *v", "=4", "1c", "=5", "*-"),
    )
    read = read_score(text)
    assert [list(read.excerpts(first, 9)) for first in range(4)] == [[1, 3, 4], [2, 3], [], [1]]


def test_a_new_metre_ends_the_symbol_of_the_one_before() -> None:
    text = score("**kern", "*M4/4", "*met(c)", "=1", "1c", "=2", "*M3/4", "2.c", "=3", "*-")
    assert cut(read_score(text), 0, 1).split("\n")[1:4] == ["*M4/4", "*met(c)", "=-"]
    assert cut(read_score(text), 1, 1).split("\n")[1:3] == ["*M3/4", "=-"]


def test_repeats_are_kept_where_they_belong_to_the_excerpt() -> None:
    text = score("**kern", "=1!|:", "1c", "=2:|!|:", "1d", "=3:|!", "1e", "=4", "*-")
    read = read_score(text)
    heads_and_ends = [cut(read, first, 1).split("\n")[1:4:2] for first in range(3)]
    assert heads_and_ends == [["=!|:", "=:|!"], ["=!|:", "=:|!"], ["=-", "="]]


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
