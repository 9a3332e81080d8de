"""Centre lines: the paths of a pen that would draw the ink of a picture.

The ink is thinned to lines one pixel wide (Zhang and Suen, 1984). Where lines meet, the straightest pairs go
on as one path, as strokes of a pen cross each other.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from scipy.ndimage import distance_transform_cdt, distance_transform_edt
from skimage.morphology import skeletonize

STRAIGHT = -0.75
"""Cosine of the angle between two lines at a crossing up to which they are one stroke: 180 to 139 degrees."""
SPUR = 1.15
"""Length of a line with a free end, in half widths of the ink, up to which it only reaches into a corner."""
CONTRACTED = 2.0
"""Length of a line between crossings, in half widths of the ink, up to which they are one crossing."""
LENGTHENED = 5.0
"""Half widths of the ink on which its end is looked for beyond the end of a path."""

CORNER = 2.2
"""Half widths of the thickest line on which the ink of a sharp corner may lie beyond its path."""
STEPS = ((-1, 0), (0, -1), (0, 1), (1, 0), (-1, -1), (-1, 1), (1, -1), (1, 1))
"""To the neighbours of a pixel: those beside it, and then those at its corners."""

Pixel = tuple[int, int]
"""Row and column."""
End = tuple[int, int]
"""A branch, and 0 for its first point or -1 for its last."""


@dataclass(frozen=True)
class _Branch:
    """A row of neighbouring pixels, and the number of the crossing at each end; None for a free end."""

    pixels: list[Pixel]
    crossings: tuple[int | None, int | None]


def trace(ink: np.ndarray) -> list[np.ndarray]:
    """The paths of a pen in ink, each of shape (points, 2): x to the right and y down, in pixels.

    Args:
        ink: True where there is ink, of shape (height, width).
    """
    ink = np.pad(ink, 1)
    thin = skeletonize(ink)
    if not thin.any():
        return []
    depth = distance_transform_edt(ink)
    half = float(np.median(depth[thin]))
    branches, places = _branches(thin)
    kept = [branch for branch in branches if not _is_spur(branch, depth)]
    branches = _contract(kept, CONTRACTED * half)
    paths = [_lengthened(path, ink, half) for path in _paths(branches, places, round(half))]
    # the middle of a pixel is half a pixel from its edges, and the margin is taken off again
    return [_from_upper_left(np.array(path, dtype=float)[:, ::-1] - 0.5) for path in paths]


def _branches(thin: np.ndarray) -> tuple[list[_Branch], list[Pixel]]:
    """The branches of a skeleton, and a pixel of each crossing."""
    pixels: list[Pixel] = [(row, column) for row, column in np.argwhere(thin).tolist()]
    beside = _neighbours(thin)
    crossing: dict[int, int] = {}
    places: list[Pixel] = []
    for number, others in enumerate(beside):
        if len(others) > 2 and number not in crossing:
            stack = [number]
            while stack:
                crossing[one := stack.pop()] = len(places)
                stack += [other for other in beside[one] if len(beside[other]) > 2 and other not in crossing]
            places.append(pixels[number])
    branches: list[_Branch] = []
    left = set(range(len(pixels))) - set(crossing)

    def follow_all(starts: Iterable[int]) -> None:
        for start in starts:
            if start in left:
                row, crossings = _follow(start, beside, left, crossing)
                branches.append(_Branch([pixels[number] for number in row], crossings))

    # from crossings and free ends first: what is then left are rings, which begin at their upper left
    ends = {one for one in left if len(beside[one]) < 2}
    ends.update(other for one in crossing for other in beside[one])
    follow_all(sorted(ends & left))
    follow_all(sorted(left, key=lambda number: (sum(pixels[number]), number)))
    return branches, places


def _neighbours(thin: np.ndarray) -> list[list[int]]:
    """The neighbours of each pixel of a skeleton, all by their numbers in rows from the top."""
    rows, columns = np.nonzero(thin)
    number = np.full(thin.shape, -1)
    number[rows, columns] = np.arange(len(rows))
    down, right = np.array(STEPS).T
    found = number[rows[:, None] + down, columns[:, None] + right]
    # a step round the corner is shorter than the two along its sides, where those are there
    above, before, after, below = found[:, :4].T >= 0
    sides = np.stack([above | before, above | after, below | before, below | after], axis=1)
    found[:, 4:][sides] = -1
    return [[one for one in row if one >= 0] for row in found.tolist()]


def _follow(
    start: int, beside: list[list[int]], left: set[int], crossing: dict[int, int]
) -> tuple[list[int], tuple[int | None, int | None]]:
    """The pixels of the branch from one on, which are taken out of `left`, and the crossings at its ends."""
    met = [crossing[one] for one in beside[start] if one in crossing]
    row, going_on = [], True
    while going_on:
        row.append(start)
        left.remove(start)
        going_on = False
        for one in beside[start]:
            if one in left:
                start, going_on = one, True
                break
    if len(row) == 1:
        return row, (met[0] if met else None, met[1] if len(met) > 1 else None)
    last = [crossing[one] for one in beside[row[-1]] if one in crossing]
    if not met and not last and row[0] in beside[row[-1]]:
        row.append(row[0])
    return row, (met[0] if met else None, last[0] if last else None)


def _is_spur(branch: _Branch, depth: np.ndarray) -> bool:
    """Whether a branch only reaches from the middle of a stroke to a corner of its end."""
    first, last = branch.crossings
    if (first is None) == (last is None):
        return False
    return len(branch.pixels) <= SPUR * depth[branch.pixels[0 if last is None else -1]]


def _contract(branches: list[_Branch], longest: float) -> list[_Branch]:
    """The branches without those that only part a crossing of thick strokes into two."""
    same: dict[int, int] = {}

    def root(crossing: int | None) -> int | None:
        while crossing in same:
            crossing = same[crossing]
        return crossing

    kept = []
    for branch in branches:
        first, last = map(root, branch.crossings)
        if first is not None and last is not None and first != last and len(branch.pixels) <= longest:
            same[last] = first
        else:
            kept.append(branch)
    return [replace(one, crossings=(root(one.crossings[0]), root(one.crossings[1]))) for one in kept]


def _paths(branches: list[_Branch], places: list[Pixel], half: int) -> Iterable[list[Pixel]]:
    """The branches joined at crossings, where one goes on most straightly in another."""
    meeting: defaultdict[int, list[End]] = defaultdict(list)
    for number, branch in enumerate(branches):
        for end, crossing in zip((0, -1), branch.crossings, strict=True):
            if crossing is not None:
                meeting[crossing].append((number, end))
    joined: dict[End, End] = {}
    for ends in meeting.values():
        if len(ends) == 2:
            pairs = [(-1.0, ends[0], ends[1])]
        else:
            ways = {end: _way(branches[end[0]].pixels, end[1], half) for end in ends}
            pairs = sorted(
                (float(ways[one] @ ways[other]), one, other) for one, other in combinations(ends, 2)
            )
        for bend, one, other in pairs:
            if bend < STRAIGHT and one not in joined and other not in joined and one[0] != other[0]:
                joined[one], joined[other] = other, one
    parts = [_part(branch, number, joined, places, half) for number, branch in enumerate(branches)]
    left = set(range(len(branches)))
    free = [(number, end) for number in left for end in (0, -1) if (number, end) not in joined]
    for number, end in [*free, *((number, 0) for number in range(len(branches)))]:
        path: list[Pixel] = []
        following: End | None = (number, end)
        while following and following[0] in left:
            number, end = following
            left.remove(number)
            path += parts[number] if end == 0 else parts[number][::-1]
            following = joined.get((number, -1 - end))
        if path:
            yield path


def _way(pixels: list[Pixel], end: int, half: int) -> np.ndarray:
    """The direction, of length 1, from an end of a branch into it, but for what bends at the crossing."""
    row = pixels if end == 0 else pixels[::-1]
    near, far = row[min(half, len(row) - 1) // 2], row[min(max(3, 3 * half), len(row) - 1)]
    step = np.subtract(far, near).astype(float)
    return step / (np.hypot(*step) or 1)


def _part(
    branch: _Branch, number: int, joined: dict[End, End], places: list[Pixel], half: int
) -> list[Pixel]:
    """The points of a branch: up to its crossing if it ends there, less if it goes on, as it bends there."""
    row = branch.pixels
    cut = min(half, (len(row) - 1) // 2)
    first, last = branch.crossings
    head, tail = (number, 0) in joined, (number, -1) in joined
    part = row[cut if head else 0 : len(row) - (cut if tail else 0)]
    before = [places[first]] if first is not None and not head else []
    after = [places[last]] if last is not None and not tail else []
    return before + part + after


def _lengthened(path: list[Pixel], ink: np.ndarray, half: float) -> list[tuple[float, float]]:
    """The path, on to half a width from the ends of the ink: thinning takes off more."""
    points: list[tuple[float, float]] = [(float(row), float(column)) for row, column in path]
    for _ in range(2):
        (row, column), inner = points[0], points[min(max(2, round(3 * half)), len(points) - 1)]
        down, across = row - inner[0], column - inner[1]
        span = math.hypot(down, across) or math.inf
        down, across = down / span, across / span
        steps = 0
        while steps < LENGTHENED * half:
            if not ink[round(row + (steps + 1) * down), round(column + (steps + 1) * across)]:
                break
            steps += 1
        if span < math.inf and steps > half:
            points.insert(0, (row + (steps - half) * down, column + (steps - half) * across))
        points.reverse()
    return points


def _from_upper_left(path: np.ndarray) -> np.ndarray:
    """The path in the direction in which most people would draw it: to the right or down."""
    across, down = path[-1] - path[0]
    return path[::-1] if across + 0.8 * down < 0 else path


def covers(paths: Sequence[np.ndarray], ink: np.ndarray, thickest: float) -> bool:
    """Whether a pen on these paths draws the sign: none of it is left out, and none is a solid area.

    Args:
        paths: those of `trace`.
        ink: True where there is ink, of shape (height, width).
        thickest: half of the width in pixels up to which a line is one.
    """
    if not paths:
        return not ink.any()
    points = np.concatenate([_between(path) for path in paths]).astype(int)
    away = np.ones_like(ink)
    away[points[:, 1], points[:, 0]] = False
    thin = not _is_deeper(np.pad(ink, 1), np.pad(ink, 1), thickest)
    return thin and not _is_deeper(away, ink, CORNER * thickest)


def _is_deeper(area: np.ndarray, part: np.ndarray, limit: float) -> bool:
    """Whether a pixel of a part of an area is further than `limit` from what is not in the area."""
    # along rows and columns no way is shorter than the straight one, and it is found in a tenth of the time
    if distance_transform_cdt(area, "taxicab")[part].max(initial=0) <= limit:
        return False
    return bool(distance_transform_edt(area)[part].max(initial=0) > limit)


def _between(path: np.ndarray) -> np.ndarray:
    """The points of a path, with points between those that are more than a pixel from each other."""
    steps = np.abs(np.diff(path, axis=0)).max(axis=1, initial=0).astype(int) + 1
    at = np.concatenate([[0], np.cumsum(steps)])[: len(path)]
    return np.stack([np.interp(np.arange(at[-1] + 1), at, path[:, axis]) for axis in (0, 1)], axis=1)
