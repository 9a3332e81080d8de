"""Room between the symbols of a drawn molecule, and between its parts."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from data_engines.kinds.molecule.parts import read_parts
from data_engines.tools.boxes import Box, around

MIN_GAP = 1.0
"""Pixels between symbols, and between a symbol and a bond that doesn't end there."""


def spread_parts(points: np.ndarray, parts: Sequence[Sequence[int]], gap: float) -> None:
    """Moves parts of a molecule to the right, one beyond the other, where any two come closer than `gap`.

    Args:
        points: coordinates of the atoms, (atoms, 3), which are changed.
        parts: numbers of the atoms of each part.
        gap: distance that the atoms of two parts should have from one another.
    """
    ordered = sorted((list(part) for part in parts), key=lambda part: float(points[part, 0].mean()))
    for place, part in enumerate(ordered[1:], start=1):
        earlier = [atom for before in ordered[:place] for atom in before]
        apart = np.linalg.norm(points[part][:, None] - points[earlier][None], axis=-1)
        if apart.min() < gap:
            points[part, 0] += points[earlier, 0].max() + gap - points[part, 0].min()


def labels_touch(svg: str) -> bool:
    """Whether the symbols of two atoms, or a symbol and a bond of other atoms, touch in RDKit's drawing."""
    symbols: dict[int, list[Box]] = {}
    lines: list[tuple[set[int], np.ndarray]] = []
    for part in read_parts(svg):
        if len(part.atoms) == 1:
            symbols.setdefault(part.atoms[0], []).append(box_around(np.concatenate(part.contours)))
        else:
            lines += [(set(part.atoms), contour) for contour in part.contours]
    return they_touch(symbols, lines)


def box_around(points: np.ndarray) -> Box:
    """The box around points, (points, 2)."""
    return Box(*points.min(axis=0).tolist(), *points.max(axis=0).tolist())


def they_touch(symbols: Mapping[int, Sequence[Box]], lines: Sequence[tuple[set[int], np.ndarray]]) -> bool:
    """Whether the symbols of two atoms, or a symbol and a line of other atoms, touch.

    Args:
        symbols: the letters of each atom's symbol.
        lines: the atoms of each line, and its points, (points, 2).
    """
    boxes = {atom: [letter.grown(MIN_GAP / 2) for letter in letters] for atom, letters in symbols.items()}
    for one, other in combinations(boxes.values(), 2):
        if around(one).meets(around(other)) and any(a.meets(b) for a in one for b in other):
            return True
    return any(
        _passes(line, letter)
        for atoms, line in lines
        for atom, letters in boxes.items()
        if atom not in atoms
        for letter in letters
        if letter.meets(box_around(line).grown(MIN_GAP))
    )


def _passes(line: np.ndarray, box: Box) -> bool:
    """Whether a line through points, (points, 2), passes through a box, looked at in steps of a pixel."""
    for start, end in zip(line, line[1:], strict=False):
        steps = np.linspace(start, end, int(np.abs(end - start).max()) + 2)
        inside = (steps > (box.left, box.top)) & (steps < (box.right, box.bottom))
        if inside.all(axis=1).any():
            return True
    return False
