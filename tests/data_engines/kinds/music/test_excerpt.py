"""Excerpts of kern scores: what an excerpt says, and where it ends."""

from data_engines.kinds.music.excerpt import cut
from data_engines.tools.scores.kern import read_score


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


def test_a_new_metre_ends_the_symbol_of_the_one_before() -> None:
    text = score("**kern", "*M4/4", "*met(c)", "=1", "1c", "=2", "*M3/4", "2.c", "=3", "*-")
    assert cut(read_score(text), 0, 1).split("\n")[1:4] == ["*M4/4", "*met(c)", "=-"]
    assert cut(read_score(text), 1, 1).split("\n")[1:3] == ["*M3/4", "=-"]


def test_repeats_are_kept_where_they_belong_to_the_excerpt() -> None:
    text = score("**kern", "=1!|:", "1c", "=2:|!|:", "1d", "=3:|!", "1e", "=4", "*-")
    read = read_score(text)
    heads_and_ends = [cut(read, first, 1).split("\n")[1:4:2] for first in range(3)]
    assert heads_and_ends == [["=!|:", "=:|!"], ["=!|:", "=:|!"], ["=-", "="]]
