"""Music made up by simple rules and chance: a few measures for one or two hands, as **kern.

A melody walks through the chords of a progression, in the few rhythms of its piece; the other hand
accompanies in one of several manners. The music need not please: it has to show each sign next to its usual
neighbours.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from data_engines.kinds.music.notation import (
    SPINES,
    Event,
    Voice,
    key_signature,
    make_event,
    measure_rows,
    pitch_name,
    stem_and_beam,
)
from data_engines.kinds.music.performance import add_dynamics, set_words
from data_engines.options import Range
from data_engines.tools.chance import one_of
from data_engines.tools.scores.kern import METRE_SYMBOLS, duration

MIDDLE_LINES = {"*clefG2": 6, "*clefF4": -6, "*clefC3": 0, "*clefGv2": -1, "*clefC4": -2}
"""The step of the staff's middle line in each clef; steps are counted from the middle C."""
LEDGERS = 7
"""Largest distance of a melody from the middle line, in steps."""
CHORDS = (0, 0, 3, 4, 4, 5, 1, 2)
"""Degrees of the chords of measures; usual degrees are listed more often."""


class Metre(NamedTuple):
    sign: str
    beat: str
    """Duration of a beat, as kern writes it."""
    beats: int
    whole: str
    """Duration of the note that fills a measure; empty if there is none."""
    share: float
    """Probability among the metres."""


METRES = (
    Metre("*M4/4", "4", 4, "1", 0.28),
    Metre("*M3/4", "4", 3, "2.", 0.2),
    Metre("*M2/4", "4", 2, "2", 0.12),
    Metre("*M2/2", "4", 4, "1", 0.08),
    Metre("*M5/4", "4", 5, "", 0.03),
    Metre("*M3/8", "4.", 1, "4.", 0.06),
    Metre("*M6/8", "4.", 2, "2.", 0.14),
    Metre("*M9/8", "4.", 3, "", 0.05),
    Metre("*M12/8", "4.", 4, "1.", 0.04),
)
CELLS = {
    "4": (
        *("4", "8 8", "8. 16", "16 16 16 16", "8 16 16", "16 16 8", "12 12 12", "16 8."),
        *("4r", "8r 8", "8 8r", "8r 16 16", "32 32 32 32 8"),
    ),
    "4.": (
        *("4.", "8 8 8", "4 8", "8 4", "8. 16 8", "16 16 16 16 16 16", "8 16 16 8"),
        *("4.r", "8r 8 8", "8 8r 8", "4 8r"),
    ),
}
"""Rhythms of one beat, by its length."""
SUNG_CELLS = {"4": ("4", "4", "8 8"), "4.": ("4.", "4 8", "4 8", "8 8 8")}
"""Rhythms of one beat that leave room for a syllable below each note."""
LONG_CELLS = {"4": ("2", "4. 8", "8 4 8", "4.r 8", "6 6 6"), "4.": ("2.", "4. 4.r")}
"""Rhythms of two beats, by the length of one."""
ACCOMPANIMENTS = ("blocks", "long", "broken", "waltz", "octaves", "melody", "melody")


@dataclass(frozen=True)
class Manner:
    """The properties of a piece; numbers between 0 and 1 are probabilities."""

    metre: Metre
    fifths: int
    """Number of sharps in the key; below 0, number of flats."""
    clefs: tuple[str, ...]
    """Clefs from the lowest staff up."""
    cells: tuple[str, ...]
    accompaniment: str
    mark: str
    chromatic: float
    thick: float
    slurred: float
    marked: float
    grace: float
    tied: float
    second_voice: float


def compose(
    rng: np.random.Generator,
    measures: int,
    staves: Range,
    syllables: Sequence[str] = (),
    dynamics: bool = False,
) -> str:
    """A piece of `measures` measures, on one staff or two, as `staves` allows.

    With `syllables` its melody is a song; `dynamics` adds marks such as `p` and hairpins.
    """
    manner = _choose_manner(rng, staves)
    if syllables:
        manner = _for_a_voice(manner)
    degrees = [0, *(one_of(rng, CHORDS) for _ in range(measures - 2)), 0][:measures]
    parts = [_accompany(rng, manner, manner.clefs[0], degrees)] if len(manner.clefs) == 2 else []
    parts.append(_sing(rng, manner, manner.clefs[-1], degrees, manner.cells))
    repeated = rng.random() < 0.08
    signs = [key_signature(manner.fifths), manner.metre.sign]
    if manner.metre.sign in METRE_SYMBOLS and rng.random() < 0.5:
        signs.append(METRE_SYMBOLS[manner.metre.sign])
    last = "=:|!" if repeated else "==" if rng.random() < 0.4 else "="
    melody = [event for voices in parts[-1] for event in voices[0]]
    set_words(melody, syllables)
    if dynamics:
        add_dynamics(rng, melody)
    wanted = {"**text": bool(syllables), "**dynam": dynamics}
    spines = [spine for spine in SPINES if wanted[spine]]
    num_staves, num_spines = len(parts), len(parts) + len(spines)
    lines = [["**kern"] * num_staves + spines, [*manner.clefs, *["*"] * len(spines)]]
    lines += [[sign] * num_staves + ["*"] * len(spines) for sign in signs]
    lines.append(["=!|:" if repeated else "=-"] * num_spines)
    for number in range(measures):
        lines += [*measure_rows([part[number] for part in parts], spines), ["="] * num_spines]
    lines[-1:] = [[last] * num_spines, ["*-"] * num_spines]
    return "\n".join(map("\t".join, lines))


def _choose_manner(rng: np.random.Generator, staves: Range) -> Manner:
    metre = METRES[rng.choice(len(METRES), p=[metre.share for metre in METRES])]
    cells = CELLS[metre.beat]
    clef = ("*clefG2", "*clefG2", "*clefG2", "*clefF4", "*clefC3", "*clefGv2", "*clefC4")[rng.integers(7)]
    hands = (("*clefF4", "*clefG2"), ("*clefF4", "*clefG2"), ("*clefG2", "*clefG2"), ("*clefF4", "*clefF4"))

    two = staves.high > 1 and (staves.low > 1 or rng.random() < 0.7)

    def often(limit: float, chance: float = 0.5) -> float:
        return float(rng.uniform(0, limit)) if rng.random() < chance else 0.0

    return Manner(
        metre=metre,
        fifths=int(np.clip(round(rng.normal(0, 2.5)), -6, 6)),
        clefs=hands[rng.choice(4, p=[0.45, 0.4, 0.1, 0.05])] if two else (clef,),
        cells=tuple(cells[i] for i in rng.permutation(len(cells))[: rng.integers(3, 6)]),
        accompaniment=one_of(rng, ACCOMPANIMENTS),
        mark="'^~;t:"[rng.choice(6, p=[0.4, 0.2, 0.2, 0.08, 0.08, 0.04])],
        chromatic=often(0.15),
        thick=often(0.5),
        slurred=often(1.0),
        marked=often(0.35),
        grace=often(0.12, 0.2),
        tied=often(0.6),
        second_voice=often(0.7, 0.25),
    )


def _for_a_voice(manner: Manner) -> Manner:
    """A manner in which single notes leave room for words."""
    return replace(
        manner,
        cells=SUNG_CELLS[manner.metre.beat],
        thick=0.0,
        grace=0.0,
        second_voice=0.0,
        slurred=min(manner.slurred, 0.4),
    )


def _sing(
    rng: np.random.Generator, manner: Manner, clef: str, degrees: Sequence[int], cells: tuple[str, ...]
) -> list[list[Voice]]:
    """The voices of each measure: a melody, sometimes with a second voice below it."""
    middle = MIDDLE_LINES[clef]
    step = middle + int(rng.integers(-3, 4))
    part: list[list[Voice]] = []
    for degree in degrees:
        voice, step = _walk(rng, manner, middle, degree, step, cells)
        _embellish(rng, manner, voice)
        before = part[-1][0][-1] if part else None
        if before and before.names and before.names == voice[0].names and rng.random() < manner.tied:
            before.tie_starts = voice[0].tie_ends = True
        below = min((event.height for event in voice if event.names), default=middle) - 2
        if rng.random() < manner.second_voice and below > middle - LEDGERS:
            part.append(_add_voice(manner, voice, degree, int(below)))
        else:
            part.append([voice])
    return part


def _walk(
    rng: np.random.Generator, manner: Manner, middle: int, degree: int, step: int, cells: tuple[str, ...]
) -> tuple[Voice, int]:
    """A measure of melody that starts from `step`, and the step at which it ends."""
    metre, beats = manner.metre, manner.metre.beats
    if metre.whole and rng.random() < 0.05:
        return [Event(metre.whole)], step
    voice: Voice = []
    while beats:
        chosen = LONG_CELLS[metre.beat] if beats >= 2 and rng.random() < 0.3 else cells
        cell = one_of(rng, chosen)
        group: Voice = []
        for position, length in enumerate(cell.split()):
            if length.endswith("r"):
                group.append(Event(length[:-1]))
                continue
            step += int(rng.choice([-2, -1, -1, 0, 1, 1, 2, 4]))
            step = min(max(step, middle - LEDGERS), middle + LEDGERS)
            # strong beats take a note of the chord, whose notes are two steps apart
            if position == 0 and (step - degree) % 7 not in (0, 2, 4):
                step += 1 if step < middle else -1
            group.append(_note(rng, manner, length, _thicken(rng, manner, step)))
        stem_and_beam(group, middle)
        voice += group
        beats -= round(sum(duration(event.length) for event in group) / duration(metre.beat))
    return voice, step


def _thicken(rng: np.random.Generator, manner: Manner, step: int) -> tuple[int, ...]:
    """The steps of a single note, or of a chord with `step` on top."""
    if rng.random() >= manner.thick:
        return (step,)
    below = ((2,), (2,), (5,), (7,), (4, 2), (5, 2), (7, 2))[rng.integers(7)]
    return (*(step - down for down in below), step)


def _note(rng: np.random.Generator, manner: Manner, length: str, steps: Sequence[int]) -> Event:
    changes = [0 if rng.random() >= manner.chromatic else (1, -1)[rng.integers(2)] for _ in steps]
    return make_event(length, steps, manner.fifths, changes)


def _embellish(rng: np.random.Generator, manner: Manner, voice: Voice) -> None:
    """Adds slurs, marks and grace notes."""
    notes = [event for event in voice if event.names]
    for event in notes:
        if rng.random() < manner.marked:
            event.mark = manner.mark if manner.mark != ":" or len(event.names) > 1 else ""
        if rng.random() < manner.grace:
            event.grace = f"{8 * rng.integers(1, 3)}{pitch_name(int(event.height) + 1, manner.fifths)}q/"
    if len(notes) > 1 and rng.random() < manner.slurred:
        first = int(rng.integers(len(notes) - 1))
        last = int(rng.integers(first + 1, len(notes)))
        notes[first].slur_starts = notes[last].slur_ends = True


def _add_voice(manner: Manner, upper: Voice, degree: int, highest: int) -> list[Voice]:
    """The upper voice, and a slow voice below it."""
    step = next(step for step in range(highest, highest - 7, -1) if (step - degree) % 7 in (0, 2, 4))
    lower = [make_event(manner.metre.beat, (step,), manner.fifths) for _ in range(manner.metre.beats)]
    for voice, stem in ((upper, "/"), (lower, "\\")):
        for event in voice:
            event.stem = stem
    return [upper, lower]


def _accompany(
    rng: np.random.Generator, manner: Manner, clef: str, degrees: Sequence[int]
) -> list[list[Voice]]:
    """The voices of the lower hand, for each measure."""
    if manner.accompaniment == "melody":
        return _sing(rng, replace(manner, second_voice=0.0, grace=0.0), clef, degrees, manner.cells[:2])
    return [[_figure(manner, MIDDLE_LINES[clef], degree)] for degree in degrees]


def _figure(manner: Manner, middle: int, degree: int) -> Voice:
    """A measure of accompaniment on the chord of a degree."""
    low = middle - 5
    root = low + (degree - low) % 7
    metre = manner.metre
    chord: tuple[int, ...] = (root, root + 2, root + 4)
    groups: list[list[tuple[str, tuple[int, ...]]]]
    match manner.accompaniment:
        case "long" if metre.whole:
            groups = [[(metre.whole, chord)]]
        case "broken":
            groups = [[("8", (step,)) for step in (chord[::2] if metre.beat == "4" else chord)]] * metre.beats
        case "waltz":
            groups = [[(metre.beat, chord[:1])], *[[(metre.beat, chord[1:])]] * (metre.beats - 1)]
        case "octaves":
            groups = [[(metre.beat, (root - 7, root))]] * metre.beats
        case _:
            groups = [[(metre.beat, chord)]] * metre.beats
    voice: Voice = []
    for group in groups:
        events = [make_event(length, steps, manner.fifths) for length, steps in group]
        stem_and_beam(events, middle)
        voice += events
    return voice
