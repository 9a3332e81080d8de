"""Music made up: every piece is a score without faults, with much of what music has."""

import re

import numpy as np
import pytest

from data_engines.kinds.music.composer import compose
from data_engines.kinds.music.excerpt import cut
from data_engines.kinds.music.notation import Event, key_signature, pitch_name, stem_and_beam
from data_engines.options import Range
from data_engines.tools.scores.kern import duration, read_score

PIECES = [compose(np.random.default_rng(seed), 1 + seed % 5, Range(1, 2)) for seed in range(200)]


def test_every_piece_is_a_score_that_is_cut_to_itself() -> None:
    for seed, piece in enumerate(PIECES):
        read = read_score(piece)
        measures = 1 + seed % 5
        assert [measure.fault for measure in read.measures] == [None] * measures + ["end"]
        assert cut(read, 0, measures) == piece


def test_every_measure_is_as_long_as_its_metre_says() -> None:
    for piece in PIECES:
        beats, unit = map(int, re.search(r"\*M(\d+)/(\d+)", piece).groups())  # type: ignore[union-attr]
        for measure in read_score(piece).measures[:-1]:
            lowest = [row.fields[0] for row in measure.rows]
            assert (
                sum(duration(field) for field in lowest if field[0] not in "*.")
                == duration(str(unit)) * beats
            )


def test_the_pieces_together_have_the_signs_of_music() -> None:
    music = "\n".join(PIECES)
    for sign in "#-n.'^~;t:q([])LJKk/\\r":
        assert sign in music
    for sign in [
        "*^",
        "*v\t*v",
        "*met(c)",
        "*met(c|)",
        "*clefC3",
        "*clefGv2",
        "*M12/8",
        "=!|:",
        "=:|!",
        "==",
    ]:
        assert sign in music
    assert len(set(re.findall(r"\*k\[.*?\]", music))) >= 9


def test_staves_are_as_many_as_asked_for() -> None:
    for staves in (1, 2):
        for seed in range(10):
            piece = compose(np.random.default_rng(seed), 2, Range(staves, staves))
            assert piece.split("\n")[0].count("**kern") == staves


def test_a_piece_depends_on_its_chance_only() -> None:
    assert PIECES[7] == compose(np.random.default_rng(7), 3, Range(1, 2))
    assert len(set(PIECES)) == len(PIECES)


@pytest.mark.parametrize(
    ("lengths", "beams"),
    [
        ("8 8", "L J"),
        ("8. 16", "L Jk"),
        ("16 8.", "LK J"),
        ("16 16 8", "LL J J"),
        ("8 16 16", "L L JJ"),
        ("12 12 12", "L  J"),
        ("16 16 16 16", "LL   JJ"),
        ("8. 16 8", "L k J"),
        ("4 8", " "),
    ],
)
def test_beams_join_the_notes_of_a_beat(lengths: str, beams: str) -> None:
    group = [Event(length, ("c",)) for length in lengths.split(" ")]
    stem_and_beam(group, middle=6)
    assert " ".join(event.beam for event in group) == beams
    assert {event.stem for event in group} == {"/"}


def test_pitches_and_keys_are_spelt_as_kern_does() -> None:
    assert [pitch_name(step, 0) for step in (0, 7, 14, -1, -7, -8)] == ["c", "cc", "ccc", "B", "C", "BB"]
    assert [pitch_name(3, 1, change) for change in (-1, 0, 1)] == ["fn", "f#", "f#"]
    assert [key_signature(fifths) for fifths in (-2, 0, 3)] == ["*k[b-e-]", "*k[]", "*k[f#c#g#]"]
