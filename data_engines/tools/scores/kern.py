"""Music written as Humdrum **kern: scores are read measure by measure, and checked.

A row of a score is a moment, and a field of the row a voice; rows that begin with `*` change clefs, keys,
metres or the number of voices, rows that begin with `=` are barlines. Everything that an engraving doesn't
show is left out: measure numbers, names of instruments and keys, tempi, comments, texts and dynamics. The
signs of a note get one order, independent of the source: `([8.ff#'/L])` has slur, tie, duration, pitch,
articulation, stem, beam and the ends of tie and slur. A measure with any other sign has a fault, and is not
used in excerpts.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple, TypeVar

Value = TypeVar("Value")

_DURATION = re.compile(r"(\d+)(?:%(\d+))?(\.*)")
_PITCH = re.compile(r"([A-Ga-g])\1*")
NOTE_NAME = re.compile(r"(?P<pitch>([A-Ga-g])\2*(?:##?|--?|n)?)|r")
_BARLINE = re.compile(r"(==?)\d*[a-z]?([|!:-]*)")
_KEY_NAME = re.compile(r"\*[A-Ga-g]?[#-]?:")

SIGN_KINDS = ("*clef", "*k[", "*M", "*met(")
"""Interpretations that are drawn, in their order at the head of an excerpt."""
METRE_SYMBOLS = {"*M4/4": "*met(c)", "*M2/2": "*met(c|)"}
"""Metres that have a symbol. Older symbols are left out, so that their metres are drawn as numbers."""
_UNSEEN = ("*I", "*MM", "*>", "*staff", "*part", "*group", "*tb", "*Trd", "*ITr", "*stria", "*mI", "*cue")
_SPLIT, _JOIN, END = "*^", "*v", "*-"

_OPENING = "(["
_CLOSING = "Xq'`~^:;,tTmMwWSuv/\\LJKk]_)"
"""Signs before the duration of a note (`_OPENING`) and after its pitch (`_CLOSING`), in this order.

The inverted turn `$` is missing, because Verovio draws it like the turn `S`.
"""


class KernRow(NamedTuple):
    """A row between two barlines."""

    fields: tuple[str, ...]
    staves: tuple[int, ...]
    """For each field, the number of its staff, counted from the lowest."""


@dataclass(frozen=True)
class Measure:
    barline: str
    """The barline at its left, without a number, such as `=` or `=!|:`; `=-` where none is drawn."""
    signs: tuple[tuple[str, ...], ...]
    """For each staff the clef, key, metre and its symbol in force at the start; each may be empty."""
    rows: tuple[KernRow, ...]
    whole: bool
    """Whether it starts with one voice on each staff, as only there a score can be cut."""
    fault: str | None
    """Why the measure can't be used; None if it can."""

    @property
    def moments(self) -> int:
        return sum(not row.fields[0].startswith("*") for row in self.rows)


@dataclass(frozen=True)
class Score:
    staves: int
    measures: tuple[Measure, ...]
    """The last one has no rows and holds the closing barline."""

    def excerpts(self, first: int, longest: int) -> Iterator[int]:
        """The possible lengths, up to `longest` measures, of an excerpt that starts at measure `first`."""
        for count in range(1, min(longest, len(self.measures) - 1 - first) + 1):
            if self.measures[first + count - 1].fault or not self.measures[first].whole:
                return
            if self.measures[first + count].whole:
                yield count


class Pitch(NamedTuple):
    """A note as a reader of the engraving names it; `C4` is the middle C."""

    name: str
    octave: int


def read_score(text: str) -> Score:
    """Reads the kern spines of a score.

    Raises:
        ValueError: the text can't be read as a score; the message is a short cause.
    """
    lines = [line.rstrip("\r") for line in text.splitlines() if line and not line.startswith("!")]
    if not lines or not lines[0].startswith("**"):
        raise ValueError("no Humdrum")
    spines = lines[0].split("\t")
    staves = [spine for spine, kind in enumerate(spines) if kind == "**kern"]
    if not staves:
        raise ValueError("no **kern spine")
    rows = list(_follow_spines(lines[1:], len(spines), staves))
    return Score(len(staves), tuple(_split_measures(rows, len(staves))))


def notes_and_rests(text: str) -> tuple[Counter[Pitch], int]:
    """How often each note occurs in a score, and the number of its rests."""
    lines = [line for line in text.splitlines() if not line.startswith(("*", "=", "!"))]
    tokens = [token for line in lines for token in line.split() if token != "."]
    notes = [pitch for token in tokens for pitch in pitches(token)]
    return Counter(notes), len(tokens) - len(notes)


def pitches(field: str) -> list[Pitch]:
    """The notes of a note or chord; none for a rest.

    >>> pitches("8cL 8ee-J"), pitches("4BB/"), pitches("4r")
    ([Pitch(name='c', octave=4), Pitch(name='e', octave=5)], [Pitch(name='b', octave=2)], [])
    """
    names = [match[0] for token in field.split() if (match := _PITCH.search(token))]
    octaves = [3 + len(name) if name.islower() else 4 - len(name) for name in names]
    return [Pitch(name[0].lower(), octave) for name, octave in zip(names, octaves, strict=True)]


@lru_cache(maxsize=10_000)
def duration(token: str) -> Fraction:
    """The duration of a note or rest in whole notes; 0 for a grace note.

    >>> duration("4.c"), duration("12r"), duration("0d"), duration("8eeq")
    (Fraction(3, 8), Fraction(1, 12), Fraction(2, 1), Fraction(0, 1))
    """
    match = _DURATION.search(token)
    if match is None:
        raise ValueError("note without a duration")
    if "q" in token:
        return Fraction(0)
    digits, above, dots = match.groups()
    # 0 is a double whole note, 00 is twice as long
    plain = Fraction(2 ** len(digits)) if not int(digits) else Fraction(int(above or 1), int(digits))
    return plain * (2 - Fraction(1, 2 ** len(dots)))


def _follow_spines(lines: Iterable[str], num_spines: int, kept: Sequence[int]) -> Iterator[KernRow]:
    """The kept fields of each line with their staves; lines that concern only other spines are left out."""
    owners = list(range(num_spines))
    for line in lines:
        fields = line.split("\t")
        if len(fields) != len(owners):
            raise ValueError("fields and spines differ in number")
        chosen = [i for i, owner in enumerate(owners) if owner in kept]
        row = KernRow(tuple(fields[i] for i in chosen), tuple(kept.index(owners[i]) for i in chosen))
        if len({field[:1] if field[:1] in ("*", "=") else "" for field in fields}) > 1:
            raise ValueError("row of several kinds")
        if set(row.fields) - {"*", "."}:
            yield row
        if line.startswith("*"):
            if any(field in ("*x", "*+") or field.startswith("**") for field in fields):
                raise ValueError("spines that cross or start late")
            owners = _follow_fields(fields, owners, owners)
            if owners and END in fields:
                raise ValueError("spines that end early")
    if owners:
        raise ValueError("no end of the spines")


def _follow_fields(fields: Sequence[str], owners: Sequence[int], values: Sequence[Value]) -> list[Value]:
    """For each field of the next row the value of the field from which it comes.

    Fields split, end, or join their neighbours of the same owner, which is a spine or a staff.
    """
    following: list[Value] = []
    joined: int | None = None
    for field, owner, value in zip(fields, owners, values, strict=True):
        if field != _JOIN or joined != owner:
            following += [value] * {_SPLIT: 2, END: 0}.get(field, 1)
        joined = owner if field == _JOIN else None
    return following


def _split_measures(rows: Sequence[KernRow], num_staves: int) -> Iterator[Measure]:
    signs = [dict.fromkeys(SIGN_KINDS, "") for _ in range(num_staves)]
    barline, start = "=-", signs
    inside: list[KernRow] = []
    whole, begun, fault = True, False, None
    for row in rows:
        if row.fields[0].startswith("="):
            if begun:
                yield _make_measure(barline, start, inside, whole, fault)
                inside, fault = [], None
            style = _BARLINE.fullmatch(row.fields[0])
            barline, begun = (style[1] + style[2] if style else "="), False
            fault = None if style else "unknown barline"
            whole = len(set(row.staves)) == len(row.staves) == num_staves
            continue
        if row.fields[0].startswith("*"):
            kept = tuple(_seen_sign(field) for field in row.fields)
            fault = fault or ("unknown sign of a staff" if "?" in kept else None)
            for field, staff in zip(kept, row.staves, strict=True):
                for kind in SIGN_KINDS:
                    if field.startswith(kind):
                        # a new metre removes the symbol of the metre before it
                        cleared = {"*met(": ""} if kind == "*M" else {}
                        signs[staff] = {**signs[staff], **cleared, kind: field}
            if set(kept) - {"*", END}:
                inside.append(KernRow(kept, row.staves))
        else:
            if not begun:
                begun, start = True, list(signs)
            inside.append(row)
    if begun:
        yield _make_measure(barline, start, inside, whole, fault)
        barline = "="
    yield Measure(barline, (), (), whole=True, fault="end")


def _seen_sign(field: str) -> str:
    """An interpretation as it is kept: `*` if it isn't drawn, `?` if it is unknown whether it is drawn."""
    if field in (_SPLIT, _JOIN, END):
        return field
    if field.startswith("*met(") and field not in METRE_SYMBOLS.values():
        return "*"
    if field == "*" or field.startswith(_UNSEEN) or _KEY_NAME.match(field):
        return "*"
    return field if field.startswith(SIGN_KINDS) else "?"


def _make_measure(
    barline: str, signs: Sequence[dict[str, str]], rows: Sequence[KernRow], whole: bool, fault: str | None
) -> Measure:
    """The measure with the signs of its notes in order, or with the fault for which it can't be used."""
    spelt = list(rows)
    try:
        spelt = [KernRow(tuple(map(_spell, row.fields)), row.staves) for row in rows]
        _check_rhythm(spelt)
    except ValueError as error:
        fault = fault or str(error)
    in_force = tuple(tuple(staff[kind] for kind in SIGN_KINDS) for staff in signs)
    return Measure(barline, in_force, tuple(spelt), whole, fault)


@lru_cache(maxsize=10_000)
def _spell(field: str) -> str:
    """A note, rest or chord with its signs in order."""
    if field.startswith("*") or field == ".":
        return field
    if " " not in field:
        field = field.replace(":", "")  # `:` is an arpeggio, which is drawn at chords only
    return " ".join(spell_note(token) for token in field.split(" "))


def spell_note(token: str) -> str:
    length, name = _DURATION.search(token), NOTE_NAME.search(token)
    if length is None or name is None:
        raise ValueError("note without a duration" if length is None else "no note")
    signs = token.replace(length[0], "", 1).replace(name[0], "", 1)
    unknown = set(signs) - set(_OPENING + _CLOSING)
    if unknown or (name["pitch"] is None and set(signs) - set("();LJKk")):
        raise ValueError("unknown sign at a note")
    before = "".join(sign * signs.count(sign) for sign in _OPENING)
    return before + length[0] + name[0] + "".join(sign * signs.count(sign) for sign in _CLOSING)


def _check_rhythm(rows: Sequence[KernRow]) -> None:
    """Raises a ValueError unless all voices are filled from first row to last, and beams are complete."""
    left = [Fraction(0)] * len(rows[0].fields)
    beams: Counter[int] = Counter()
    for row in rows:
        if row.fields[0].startswith("*"):
            left = _follow_fields(row.fields, row.staves, left)
            continue
        sounding = [field != "." for field in row.fields]
        for field, staff in zip(row.fields, row.staves, strict=True):
            beams[staff] += field.count("L") - field.count("J")
        if any("q" in field for field in row.fields):
            if not all("q" in field or field == "." for field in row.fields):
                raise ValueError("rhythm does not add up")
            continue
        if sounding != [rest == 0 for rest in left]:
            raise ValueError("rhythm does not add up")
        lengths = [duration(field) if field != "." else Fraction(0) for field in row.fields]
        left = [rest + length for rest, length in zip(left, lengths, strict=True)]
        step = min(left)
        left = [rest - step for rest in left]
    if any(left):
        raise ValueError("rhythm does not add up")
    if any(beams.values()):
        raise ValueError("beam over a barline")
