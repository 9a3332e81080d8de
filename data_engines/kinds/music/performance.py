"""What stands beside the notes of a melody: the words that are sung, and how loud it is."""

import re
from collections.abc import Iterable, Sequence

import numpy as np

from data_engines.kinds.music.notation import Event
from data_engines.tools.chance import one_of
from got_train.characters import HAN

MARKS = ("pp", "p", "p", "mp", "mf", "mf", "f", "f", "ff")
"""Marks of loudness; usual ones are listed more often."""
ACCENTS = ("sf", "fp")
HAIRPINS = (("<", "["), (">", "]"))
"""Start and end of a crescendo and of a decrescendo."""

_CONSONANT = "(?:th|ch|sh|ph|ck|qu|[bcdfghjklmnpqrstvwxz])"
_CLOSING = f"(?:(?!th|ch|sh|ph|ck|qu){_CONSONANT})?"
_BREAK = re.compile(rf"(?<=[a-z])([aeiouy]{_CLOSING})(?={_CONSONANT}[aeiouy])(?!{_CONSONANT}e[sd]?\b)", re.I)
"""The end of a syllable: before a consonant that a vowel follows, except the silent e of `made`."""


def syllables_of(text: str) -> list[str]:
    """The syllables of a text, with hyphens where a word goes on; each Chinese character is one.

    English words are divided by a rule of thumb, as a reader sees the hyphens anyway.

    >>> syllables_of("The winter moon made mothers sing."), syllables_of("今天下雪。")
    (['The', 'win-', '-ter', 'moon', 'made', 'mo-', '-thers', 'sing.'], ['今', '天', '下', '雪'])
    """
    found: list[str] = []
    for word in re.findall(rf"[{HAN}]|\b[A-Za-z][A-Za-z']*[,.;!?]?", text):
        parts = _BREAK.sub(r"\1 ", word).split(" ")
        found += ["-" * (i > 0) + part + "-" * (i < len(parts) - 1) for i, part in enumerate(parts)]
    return found


def set_words(melody: Iterable[Event], syllables: Sequence[str]) -> None:
    """Gives syllables to the notes; those under a slur share one, and so do those that are tied."""
    left = iter(syllables)
    sung: list[Event] = []
    slurred = False
    for event in melody:
        if event.names and not slurred and not event.tie_ends and (syllable := next(left, "")):
            event.syllable = syllable
            sung.append(event)
        slurred = (slurred or event.slur_starts) and not event.slur_ends
    if sung:
        sung[-1].syllable = sung[-1].syllable.rstrip("-")  # the rest of the word is not there


def add_dynamics(rng: np.random.Generator, melody: Iterable[Event]) -> None:
    """Adds a mark at the first note, and marks and hairpins at some later ones."""
    notes = [event for event in melody if event.names]
    before = ""
    place = 0
    while place < len(notes):
        last = place + int(rng.integers(2, 7))
        if before and last < len(notes) and rng.random() < 0.5:
            notes[place].dynamic, notes[last].dynamic = one_of(rng, HAIRPINS)
            place = last
        else:
            marks = [mark for mark in (*MARKS, *ACCENTS * bool(before)) if mark != before]
            notes[place].dynamic = before = one_of(rng, marks)
        place += int(rng.integers(2, 12))
