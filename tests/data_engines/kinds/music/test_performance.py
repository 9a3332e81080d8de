"""Words and dynamics: who sings what on which note, and marks and hairpins that are whole."""

import re

import numpy as np

from data_engines.kinds.music.composer import compose
from data_engines.kinds.music.notation import Event
from data_engines.kinds.music.performance import add_dynamics, set_words, syllables_of
from data_engines.options import Range
from data_engines.tools.scores.annotations import notes_alone
from data_engines.tools.scores.kern import read_score

WORDS = syllables_of("The winter moon was over the water and nobody sang. " * 8)


def melody(signs: str) -> list[Event]:
    """Quarters: `n` is a note, `r` a rest; at `(` and `)` a slur starts and ends, at `]` a tie ends."""
    return [
        Event(
            "4",
            () if sign == "r" else ("g",),
            slur_starts=sign == "(",
            slur_ends=sign == ")",
            tie_ends=sign == "]",
        )
        for sign in signs
    ]


def test_words_are_divided_where_a_consonant_begins_a_syllable() -> None:
    assert syllables_of("Nothing is better, Tom's mother made 12 apples in the 1930s.") == [
        *("No-", "-thing", "is", "bet-", "-ter,", "Tom's", "mo-", "-ther", "made", "apples", "in", "the")
    ]
    assert syllables_of("我们看 TV。") == ["我", "们", "看", "TV"]


def test_notes_under_a_slur_or_a_tie_share_a_syllable_and_rests_have_none() -> None:
    notes = melody("nr(n)n]n")
    set_words(notes, ["a-", "-way", "he", "ran", "home"])
    assert [note.syllable for note in notes] == ["a-", "", "-way", "", "", "he", "", "ran"]


def test_a_word_that_does_not_end_has_no_hyphen() -> None:
    notes = melody("nn")
    set_words(notes, ["the", "win-", "-ter"])
    assert [note.syllable for note in notes] == ["the", "win"]


def test_each_hairpin_has_an_end_and_the_first_note_a_mark() -> None:
    for seed in range(60):
        notes = melody("nnrnnnnnrnnnnnnnnn")
        add_dynamics(np.random.default_rng(seed), notes)
        found = " ".join(note.dynamic for note in notes if note.dynamic)
        assert re.fullmatch(r"(pp|p|mp|mf|f|ff)( (pp|p|mp|mf|f|ff|sf|fp|< \[|> \]))*", found)
        assert not any(note.dynamic for note in notes if not note.names)


def test_a_song_is_a_score_with_its_words_and_dynamics_beside_the_last_staff() -> None:
    for seed in range(40):
        piece = compose(np.random.default_rng(seed), 3, Range(1, 2), WORDS, dynamics=True)
        lines = [line.split("\t") for line in piece.splitlines()]
        assert lines[0][-2:] == ["**text", "**dynam"]
        assert [measure.fault for measure in read_score(piece).measures] == [None] * 3 + ["end"]
        assert [measure.fault for measure in read_score(notes_alone(piece)).measures] == [None] * 3 + ["end"]
        sung = [line[-2] for line in lines if line[-2][0] not in "*=."]
        placed = [
            word.rstrip("-") if i == len(sung) - 1 else word for i, word in enumerate(WORDS[: len(sung)])
        ]
        assert sung == placed


def test_without_words_and_dynamics_a_piece_has_notes_alone() -> None:
    plain = compose(np.random.default_rng(5), 3, Range(2, 2))
    assert notes_alone(plain) == plain
    loud = compose(np.random.default_rng(5), 3, Range(2, 2), dynamics=True)
    assert notes_alone(loud) == plain
