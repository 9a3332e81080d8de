"""Music made up by simple rules and chance: a few measures for one or two hands, as **kern.

A melody walks through the chords of a progression, in the few rhythms of its piece; the other hand
accompanies in one of several manners. The music need not please: it has to show each sign next to its usual
neighbours.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from data_engines.kinds.music.notation import (
    Event,
    Voice,
    key_signature,
    measure_rows,
    pitch_name,
    stem_and_beam,
)
from data_engines.options import Range
from data_engines.tools.scores.kern import METRE_SYMBOLS, duration

MIDDLE_LINES = {"*clefG2": 6, "*clefF4": -6, "*clefC3": 0, "*clefGv2": -1, "*clefC4": -2}
"""The step of the staff's middle line in each clef; steps are counted from the middle C."""
LEDGERS = 7
"""Largest distance of a melody from the middle line, in steps."""
CHORDS = (0, 0, 3, 4, 4, 5, 1, 2)
"""Degrees of the chords of measures; usual degrees are listed more often."""

QUARTER, DOTTED = Fraction(1, 4), Fraction(3, 8)
METRES: dict[str, tuple[Fraction, int]] = {
    "*M4/4": (QUARTER, 4),
    "*M3/4": (QUARTER, 3),
    "*M2/4": (QUARTER, 2),
    "*M2/2": (QUARTER, 4),
    "*M5/4": (QUARTER, 5),
    "*M3/8": (DOTTED, 1),
    "*M6/8": (DOTTED, 2),
    "*M9/8": (DOTTED, 3),
    "*M12/8": (DOTTED, 4),
}
"""For each metre, the length and the number of its beats."""

CELLS = {
    QUARTER: (
        *("4", "8 8", "8. 16", "16 16 16 16", "8 16 16", "16 16 8", "12 12 12", "16 8."),
        *("4r", "8r 8", "8 8r", "8r 16 16", "32 32 32 32 8"),
    ),
    DOTTED: (
        *("4.", "8 8 8", "4 8", "8 4", "8. 16 8", "16 16 16 16 16 16", "8 16 16 8"),
        *("4.r", "8r 8 8", "8 8r 8", "4 8r"),
    ),
}
"""Rhythms of one beat, by its length."""
LONG_CELLS = {QUARTER: ("2", "4. 8", "8 4 8", "4.r 8", "6 6 6"), DOTTED: ("2.", "4. 4.r")}
"""Rhythms of two beats, by the length of one."""

WHOLE_MEASURES = {
    Fraction(1): "1",
    Fraction(3, 4): "2.",
    Fraction(1, 2): "2",
    Fraction(3, 8): "4.",
    Fraction(3, 2): "1.",
}
"""The notes that fill a measure, by its length."""
ACCOMPANIMENTS = ("blocks", "long", "broken", "waltz", "octaves", "melody", "melody")


@dataclass(frozen=True)
class Manner:
    """The properties of a piece; numbers between 0 and 1 are probabilities."""

    metre: str
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

    @property
    def beat(self) -> Fraction:
        return METRES[self.metre][0]

    @property
    def beats(self) -> int:
        return METRES[self.metre][1]


def compose(rng: np.random.Generator, measures: int, staves: Range) -> str:
    """A piece of `measures` measures, on one staff or two, as `staves` allows."""
    manner = _choose_manner(rng, staves)
    degrees = [0, *(CHORDS[rng.integers(len(CHORDS))] for _ in range(measures - 2)), 0][:measures]
    parts = [_accompany(rng, manner, manner.clefs[0], degrees)] if len(manner.clefs) == 2 else []
    parts.append(_sing(rng, manner, manner.clefs[-1], degrees, manner.cells))
    num_staves = len(parts)
    repeated = rng.random() < 0.08
    lines = [
        ["**kern"] * num_staves,
        list(manner.clefs),
        [key_signature(manner.fifths)] * num_staves,
        [manner.metre] * num_staves,
    ]
    if manner.metre in METRE_SYMBOLS and rng.random() < 0.5:
        lines.append([METRE_SYMBOLS[manner.metre]] * num_staves)
    lines.append(["=!|:" if repeated else "=-"] * num_staves)
    for number in range(measures):
        lines += [*measure_rows([part[number] for part in parts]), ["="] * num_staves]
    lines[-1] = ["=:|!" if repeated else "==" if rng.random() < 0.4 else "="] * num_staves
    return "\n".join("\t".join(line) for line in [*lines, ["*-"] * num_staves])


def _choose_manner(rng: np.random.Generator, staves: Range) -> Manner:
    metres = list(METRES)
    metre = metres[rng.choice(len(metres), p=[0.28, 0.2, 0.12, 0.08, 0.03, 0.06, 0.14, 0.05, 0.04])]
    cells = CELLS[METRES[metre][0]]
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
        accompaniment=ACCOMPANIMENTS[rng.integers(len(ACCOMPANIMENTS))],
        mark="'^~;t:"[rng.choice(6, p=[0.4, 0.2, 0.2, 0.08, 0.08, 0.04])],
        chromatic=often(0.15),
        thick=often(0.5),
        slurred=often(1.0),
        marked=often(0.35),
        grace=often(0.12, 0.2),
        tied=often(0.6),
        second_voice=often(0.7, 0.25),
    )


def _sing(
    rng: np.random.Generator, manner: Manner, clef: str, degrees: Sequence[int], cells: Sequence[str]
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
    rng: np.random.Generator, manner: Manner, middle: int, degree: int, step: int, cells: Sequence[str]
) -> tuple[Voice, int]:
    """A measure of melody that starts from `step`, and the step at which it ends."""
    whole = WHOLE_MEASURES.get(manner.beat * manner.beats)
    if whole and rng.random() < 0.05:
        return [Event(whole)], step
    voice: Voice = []
    beats = manner.beats
    while beats:
        chosen = list(cells)
        if beats >= 2 and rng.random() < 0.3:
            chosen = list(LONG_CELLS[manner.beat])
        cell = chosen[rng.integers(len(chosen))]
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
        beats -= round(sum(duration(event.length) for event in group) / manner.beat)
    return voice, step


def _thicken(rng: np.random.Generator, manner: Manner, step: int) -> tuple[int, ...]:
    """The steps of a single note, or of a chord with `step` on top."""
    if rng.random() >= manner.thick:
        return (step,)
    below = ((2,), (2,), (5,), (7,), (4, 2), (5, 2), (7, 2))[rng.integers(7)]
    return (*(step - down for down in below), step)


def _note(rng: np.random.Generator, manner: Manner, length: str, steps: Sequence[int]) -> Event:
    names = tuple(pitch_name(step, manner.fifths, _alteration(rng, manner)) for step in steps)
    return Event(length, names, sum(steps) / len(steps))


def _alteration(rng: np.random.Generator, manner: Manner) -> int:
    return 0 if rng.random() >= manner.chromatic else (1, -1)[rng.integers(2)]


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
    for event in upper:
        event.stem = "/"
    length = "4" if manner.beat == QUARTER else "4."
    lower = [Event(length, (pitch_name(step, manner.fifths),), step, stem="\\") for _ in range(manner.beats)]
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
    beat, whole = ("4" if manner.beat == QUARTER else "4."), WHOLE_MEASURES.get(manner.beat * manner.beats)
    chord = (root, root + 2, root + 4)

    def event(length: str, *steps: int) -> Event:
        return Event(
            length, tuple(pitch_name(step, manner.fifths) for step in steps), sum(steps) / len(steps)
        )

    if manner.accompaniment == "long" and whole:
        groups = [[event(whole, *chord)]]
    elif manner.accompaniment == "broken":
        order = (root, root + 4) if manner.beat == QUARTER else chord
        groups = [[event("8", step) for step in order] for _ in range(manner.beats)]
    elif manner.accompaniment == "waltz":
        groups = [[event(beat, root)], *([event(beat, root + 2, root + 4)] for _ in range(manner.beats - 1))]
    elif manner.accompaniment == "octaves":
        groups = [[event(beat, root - 7, root)] for _ in range(manner.beats)]
    else:
        groups = [[event(beat, *chord)] for _ in range(manner.beats)]
    for group in groups:
        stem_and_beam(group, middle)
    return [event for group in groups for event in group]
