"""Notes as **kern writes them: pitches in a key, stems and beams, and the rows of a measure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, groupby, zip_longest

from data_engines.tools.scores.kern import duration, spell_note

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
    syllable: str = ""
    """What is sung on it, as **text writes it."""
    dynamic: str = ""
    """The mark or the end of a hairpin that stands at it, as **dynam writes it."""

    def token(self) -> str:
        if not self.names:
            return self.length + "r"
        tie = ("", "[", "]", "_")[self.tie_starts + 2 * self.tie_ends]
        stem = "" if set(self.length) <= set("01.") else self.stem
        notes = [self.length + name + stem + tie for name in self.names]
        notes[0] += self.mark + "(" * self.slur_starts
        notes[-1] += self.beam + ")" * self.slur_ends
        return " ".join(map(spell_note, notes))


Voice = list[Event]

SPINES: dict[str, Callable[[Event], str]] = {
    "**text": lambda event: event.syllable,
    "**dynam": lambda event: event.dynamic,
}
"""The spines that may stand beside the notes, in this order, and what each says of a note."""


def make_event(length: str, steps: Sequence[int], fifths: int, alterations: Sequence[int] = ()) -> Event:
    """The note or chord of some steps in a key, each raised or lowered if there are `alterations`."""
    altered = zip_longest(steps, alterations, fillvalue=0)
    names = tuple(pitch_name(step, fifths, alteration) for step, alteration in altered)
    return Event(length, names, sum(steps) / len(steps))


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


def stem_and_beam(group: Sequence[Event], middle: float) -> None:
    """Gives the notes of a beat their stems, and joins neighbours shorter than a quarter with beams."""
    for beamed, events in groupby(group, lambda event: bool(event.names) and _flags(event) > 0):
        for run in [list(events)] if beamed else [[event] for event in events]:
            _set_stems(run, middle)
            _set_beams(run)


def measure_rows(staves: Sequence[Sequence[Voice]], spines: Sequence[str] = ()) -> list[list[str]]:
    """The rows of a measure: one for each moment, and one before it for grace notes, if there are any.

    `spines` are those of `SPINES` that follow the notes; they belong to the first voice of the last staff.
    """
    voices = [voice for staff in staves for voice in staff]
    onsets = [[Fraction(0), *accumulate(duration(event.length) for event in voice)] for voice in voices]
    starting = [dict(zip(starts, voice, strict=False)) for starts, voice in zip(onsets, voices, strict=True)]
    lead, nothing = starting[-len(staves[-1])], ["."] * len(spines)
    rows: list[list[str]] = []
    for moment in sorted({onset for starts in starting for onset in starts}):
        events = [starts.get(moment) for starts in starting]
        graces = [event.grace if event and event.grace else "." for event in events]
        if set(graces) != {"."}:
            rows.append([*graces, *nothing])
        first = lead.get(moment)
        beside = [SPINES[spine](first) or "." for spine in spines] if first else nothing
        rows.append([*(event.token() if event else "." for event in events), *beside])
    if len(voices) == len(staves):
        return rows
    splits = ["*^" if len(staff) > 1 else "*" for staff in staves]
    joins = ["*v" if len(staff) > 1 else "*" for staff in staves for _ in staff]
    others = ["*"] * len(spines)
    return [[*splits, *others], *rows, [*joins, *others]]


def _key_alteration(letter: str, fifths: int) -> int:
    if fifths >= 0:
        return int(letter in SHARPS[:fifths])
    return -int(letter in SHARPS[fifths:])


def _set_stems(run: Sequence[Event], middle: float) -> None:
    low = sum(event.height for event in run) < middle * len(run)
    for event in run:
        event.stem = "/" if low else "\\"


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
