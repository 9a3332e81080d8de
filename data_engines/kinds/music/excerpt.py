"""Excerpts of kern scores: whole measures as scores of their own.

Verovio's filter `myank` is not used: it keeps the ends of ties and slurs whose other end is cut off and loses
the repeat sign at the end; and where a clef, key or metre changes at the first barline, it gives the old sign
and then the new one.
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import chain

from data_engines.tools.scores.kern import END, NOTE_NAME, SIGN_KINDS, KernRow, Score, spell_note


def cut(score: Score, first: int, count: int) -> str:
    """The `count` measures from measure `first` on, as a score of their own."""
    measures = score.measures[first : first + count]
    head = [row for row in zip(*measures[0].signs, strict=True) if any(row)]
    lines = [("**kern",) * score.staves, *(tuple(sign or "*" for sign in row) for row in head)]
    rows: list[KernRow] = [
        KernRow((_opening(measures[0].barline),) * score.staves, tuple(range(score.staves)))
    ]
    for position, measure in enumerate(measures):
        if position:
            rows.append(KernRow((measure.barline,) * len(measure.rows[0].fields), measure.rows[0].staves))
        rows += measure.rows if position else _without_signs(measure.rows)
    while any(field.startswith(SIGN_KINDS) for field in rows[-1].fields):
        rows.pop()  # signs at the end announce a change in the next measure, which is cut off
    closing = _closing(score.measures[first + count].barline)
    lines += _close_ties_and_slurs(rows)
    lines += [(closing,) * score.staves, (END,) * score.staves]
    return "\n".join("\t".join(line) for line in lines)


def _opening(barline: str) -> str:
    """The barline with which an excerpt begins: none, or the start of a repetition."""
    return "=!|:" if barline.endswith("|:") else "=-"


def _closing(barline: str) -> str:
    """The barline with which an excerpt ends, without the start of the next repetition."""
    if barline.endswith("|:"):
        return "=:|!" if ":|" in barline else "="
    return barline


def _without_signs(rows: Sequence[KernRow]) -> list[KernRow]:
    """The rows without the signs before the first note, which the head of the excerpt already has."""
    first = next(position for position, row in enumerate(rows) if not row.fields[0].startswith("*"))
    kept = [row for row in rows[:first] if not any(field.startswith(SIGN_KINDS) for field in row.fields)]
    return [*kept, *rows[first:]]


def _close_ties_and_slurs(rows: Sequence[KernRow]) -> list[tuple[str, ...]]:
    """The fields of each row, without ends of ties and slurs whose other end was cut off."""
    staves = [staff for row in rows for field, staff in zip(*row, strict=True) for _ in field.split(" ")]
    notes = [note for row in rows for field in row.fields for note in field.split(" ")]
    ties: dict[tuple[int, str], int] = {}
    slurs: defaultdict[int, list[int]] = defaultdict(list)
    for i, (note, staff) in enumerate(zip(notes.copy(), staves, strict=True)):
        name = NOTE_NAME.search(note)
        if note.startswith(("*", "=")) or name is None:
            continue
        for _ in range(note.count(")")):
            if slurs[staff]:
                slurs[staff].pop()
            else:
                notes[i] = notes[i].replace(")", "", 1)
        slurs[staff] += [i] * note.count("(")
        if ("]" in note or "_" in note) and ties.pop((staff, name[0]), None) is None:
            notes[i] = spell_note(notes[i].replace("]", "").replace("_", "["))
        if "[" in notes[i] or "_" in notes[i]:
            ties[staff, name[0]] = i
    for i in ties.values():
        notes[i] = spell_note(notes[i].replace("[", "").replace("_", "]"))
    for i in chain(*slurs.values()):
        notes[i] = notes[i].replace("(", "", 1)
    closed = iter(notes)
    return [tuple(" ".join(next(closed) for _ in field.split(" ")) for field in row.fields) for row in rows]
