"""Excerpts of kern scores: whole measures as scores of their own."""

from collections.abc import Sequence

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
    grid = [[field.split(" ") for field in row.fields] for row in rows]
    ties: dict[tuple[int, str], tuple[list[str], int]] = {}
    slurs: dict[int, list[tuple[list[str], int]]] = {}
    for chords, row in zip(grid, rows, strict=True):
        for chord, staff in zip(chords, row.staves, strict=True):
            for position, token in enumerate(chord):
                name = NOTE_NAME.search(token)
                if token.startswith(("*", "=")) or name is None:
                    continue
                open_slurs = slurs.setdefault(staff, [])
                for _ in range(token.count(")")):
                    if open_slurs:
                        open_slurs.pop()
                    else:
                        chord[position] = chord[position].replace(")", "", 1)
                open_slurs += [(chord, position)] * token.count("(")
                _follow_tie(ties, (staff, name[0]), chord, position)
    for chord, position in ties.values():
        chord[position] = spell_note(chord[position].replace("[", "").replace("_", "]"))
    for chord, position in (end for ends in slurs.values() for end in ends):
        chord[position] = chord[position].replace("(", "", 1)
    return [tuple(" ".join(chord) for chord in chords) for chords in grid]


def _follow_tie(
    ties: dict[tuple[int, str], tuple[list[str], int]], key: tuple[int, str], chord: list[str], position: int
) -> None:
    """Notes in `ties` where a tie begins, and removes the end of a tie that has no beginning."""
    token = chord[position]
    if "]" in token or "_" in token:
        if ties.pop(key, None) is None:
            token = chord[position] = spell_note(token.replace("]", "").replace("_", "["))
    if "[" in token or "_" in token:
        ties[key] = chord, position
