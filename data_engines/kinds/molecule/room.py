"""Room between the symbols of a drawn molecule, and between its parts."""

import re
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from data_engines.tools.boxes import Box, around

MIN_GAP = 1.0
"""Pixels between symbols, and between a symbol and a bond that doesn't end there."""
_PATH = re.compile(r"<path class='(?P<of>[^']*)' d='(?P<way>[^']*)'")
_POINT = re.compile(r"(-?[\d.]+),(-?[\d.]+)")
_BOND, _ATOM = re.compile(r"bond-\d+"), re.compile(r"atom-(\d+)")


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
    for path in _PATH.finditer(svg):
        points = np.array(_POINT.findall(path["way"]), dtype=float)
        atoms = [int(number) for number in _ATOM.findall(path["of"])]
        if len(points) and _BOND.search(path["of"]):
            lines.append((set(atoms), points))
        elif len(points):
            (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
            symbols.setdefault(atoms[0], []).append(Box(left, top, right, bottom))
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
    )


def _passes(line: np.ndarray, box: Box) -> bool:
    """Whether a line through points, (points, 2), passes through a box, looked at in steps of a pixel."""
    for start, end in zip(line, line[1:], strict=False):
        steps = np.linspace(start, end, int(np.abs(end - start).max()) + 2)
        inside = (steps > (box.left, box.top)) & (steps < (box.right, box.bottom))
        if inside.all(axis=1).any():
            return True
    return False
