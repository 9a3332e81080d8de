"""Notes as **kern writes them: pitches in a key, stems and beams, and the rows of a measure."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate

from data_engines.tools.scores.kern import duration

LETTERS = "cdefgab"
SHARPS = "fcgdaeb"
"""The order in which keys add sharps; flats are added in the reverse order."""


@dataclass
class Event:
    """A note or chord, or a rest if it has no names."""

    length: str
    """Duration as kern writes it."""
    names: tuple[str, ...] = ()
    """Names of pitches, from the lowest up."""
    height: float = 0.0
    """Middle of the note or chord, in steps above the middle C."""
    grace: str = ""
    """The grace note before the event, if there is one."""
    slur_starts: bool = False
    slur_ends: bool = False
    tie_starts: bool = False
    tie_ends: bool = False
    mark: str = ""
    stem: str = ""
    beam: str = ""

    def token(self) -> str:
        if not self.names:
            return self.length + "r"
        tie = "_" if self.tie_starts and self.tie_ends else "]" if self.tie_ends else ""
        opening = "[" if self.tie_starts and not self.tie_ends else ""
        notes = [f"{opening}{self.length}{name}" for name in self.names]
        stem = "" if set(self.length) <= set("01.") else self.stem
        notes = [f"{note}{self.mark * (i == 0)}{stem}" for i, note in enumerate(notes)]
        notes[-1] += self.beam
        notes = [note + tie for note in notes]
        notes[0] = "(" * self.slur_starts + notes[0]
        notes[-1] += ")" * self.slur_ends
        return " ".join(notes)


Voice = list[Event]


def pitch_name(step: int, fifths: int, alteration: int = 0) -> str:
    """The pitch of a step in a key, raised or lowered; `n` is written where it cancels the key's sign.

    >>> pitch_name(0, 0), pitch_name(-1, 0), pitch_name(10, 1), pitch_name(3, 1, -1), pitch_name(-8, -2)
    ('c', 'B', 'ff#', 'fn', 'BB-')
    """
    letter, octave = LETTERS[step % 7], step // 7
    in_key = _key_alteration(letter, fifths)
    altered = min(max(in_key + alteration, -1), 1)
    sign = {1: "#", -1: "-", 0: "n" if in_key else ""}[altered]
    return (letter * (octave + 1) if octave >= 0 else letter.upper() * -octave) + sign


def key_signature(fifths: int) -> str:
    """
    >>> key_signature(2), key_signature(-3), key_signature(0)
    ('*k[f#c#]', '*k[b-e-a-]', '*k[]')
    """
    letters = SHARPS[:fifths] if fifths >= 0 else SHARPS[fifths:][::-1]
    return "*k[" + "".join(letter + ("#" if fifths > 0 else "-") for letter in letters) + "]"


def stem_and_beam(group: Sequence[Event], middle: float, stem: str = "") -> None:
    """Gives the notes of a beat their stems, and joins neighbours shorter than a quarter with beams."""
    run: list[Event] = []
    for event in [*group, Event("4")]:
        if event.names and _flags(event):
            run.append(event)
            continue
        _set_stems(run, middle, stem)
        _set_beams(run)
        run = []
        _set_stems([event], middle, stem)


def measure_rows(staves: Sequence[Sequence[Voice]]) -> list[list[str]]:
    """The rows of a measure: one for each moment, and one before it for grace notes, if there are any."""
    voices = [voice for staff in staves for voice in staff]
    onsets = [[Fraction(0), *accumulate(duration(event.length) for event in voice)] for voice in voices]
    starting = [dict(zip(starts, voice, strict=False)) for starts, voice in zip(onsets, voices, strict=True)]
    rows: list[list[str]] = []
    if len(voices) > len(staves):
        rows.append(["*^" if len(staff) > 1 else "*" for staff in staves])
    for moment in sorted({onset for starts in starting for onset in starts}):
        events = [starts.get(moment) for starts in starting]
        graces = [event.grace if event and event.grace else "." for event in events]
        if set(graces) != {"."}:
            rows.append(graces)
        rows.append([event.token() if event else "." for event in events])
    if len(voices) > len(staves):
        rows.append(
            [field for staff in staves for field in (["*v"] * len(staff) if len(staff) > 1 else ["*"])]
        )
    return rows


def _key_alteration(letter: str, fifths: int) -> int:
    if fifths >= 0:
        return int(letter in SHARPS[:fifths])
    return -int(letter in SHARPS[fifths:])


def _set_stems(run: Sequence[Event], middle: float, stem: str) -> None:
    low = sum(event.height for event in run) < middle * len(run)
    for event in run:
        event.stem = stem or ("/" if low else "\\")


def _set_beams(run: Sequence[Event]) -> None:
    if len(run) < 2:
        return
    levels = [0, *(_flags(event) for event in run), 0]
    for i, event in enumerate(run, start=1):
        before, here, after = levels[i - 1 : i + 2]
        starts, ends = max(here - before, 0), max(here - after, 0)
        # a beam that no neighbour shares is a hook, towards the note before if there is one
        hooks = min(starts, ends)
        hook = ("k" if i > 1 else "K") * hooks
        event.beam = "L" * (starts - hooks) + "J" * (ends - hooks) + hook


def _flags(event: Event) -> int:
    """
    >>> [_flags(Event(length)) for length in ("4.", "8", "12", "16", "24", "32")]
    [0, 1, 1, 2, 2, 3]
    """
    number = int(event.length.rstrip("."))
    return max(0, number.bit_length() - 3)
