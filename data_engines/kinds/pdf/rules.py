"""Level rules among the letters of a page: underscores, as TeX draws them, and strokes through words."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from data_engines.kinds.pdf.layout import MIN_SPACE
from data_engines.tools.boxes import Box

MIN_WIDTH, MAX_WIDTH = 0.2, 0.8
"""Of an underscore, in heights of the letters beside it; TeX's are 0.3 em wide."""
MAX_THICKNESS = 0.15
MAX_DISTANCE = 0.3
"""Between an underscore and the letter before or after it."""
MAX_RISE, MAX_DEPTH = 0.15, 0.25
"""Of its upper edge over the baseline, and of its lower edge below it; TeX's stand on the baseline."""
MAX_SHARED = 0.1
"""Width that a letter above may share with it: a rule under letters underlines them."""

FOUND_SPACE = "\t"
"""Stands for a space that the file has not, and that was found where letters stand apart."""


class Characters(NamedTuple):
    """What is not white space on a page, in the order of the file."""

    positions: np.ndarray
    """In the file."""
    texts: list[str]
    """Each with the white space before it."""
    bodies: np.ndarray  # (characters, 4), as `Box`
    inks: np.ndarray  # (characters, 4), as `Box`


def with_underscores(
    characters: Characters, rules: Sequence[Box], baseline: Callable[[int], float]
) -> Characters:
    """The characters with an underscore for each rule that can be nothing else, in their places.

    Args:
        characters: of a page, in the order of the file.
        rules: level lines on the page; what else they are is left to others.
        baseline: for the position of a character in the file, how far its baseline is below the page's top.
    """
    from_left = sorted(rules, key=lambda rule: rule.left)
    # of several before a word, only the last one stands beside a letter: those are found on the way back, on
    # which an underscore that is there already keeps its rule from making another
    for rule in [*from_left, *reversed(from_left)]:
        characters = _insert(characters, rule, baseline) or characters
    return characters


def struck_out(characters: Characters, rules: Sequence[Box]) -> np.ndarray:
    """Which characters a rule runs through, an array of their number."""
    left, top, right, bottom = characters.inks.T
    struck = np.zeros(len(left), dtype=bool)
    for rule in rules:
        inside = (top + rule.height < rule.top) & (rule.bottom < bottom - rule.height)
        struck |= inside & (
            np.minimum(right, rule.right) - np.maximum(left, rule.left) > 0.5 * (right - left)
        )
    return struck


def _insert(characters: Characters, rule: Box, baseline: Callable[[int], float]) -> Characters | None:
    """The characters with one more, unless the rule may be something else."""
    positions, texts, bodies, inks = characters
    left, top, right, bottom = bodies.T
    heights = bottom - top
    level = (top < rule.bottom) & (rule.top < bottom + MAX_DEPTH * heights)
    alike = (rule.width >= MIN_WIDTH * heights) & (rule.width <= MAX_WIDTH * heights)
    beside = level & alike & (rule.height <= MAX_THICKNESS * heights)
    shared = np.minimum(right, rule.right) - np.maximum(left, rule.left)
    if (level & (shared > MAX_SHARED * heights)).any():
        return None
    before, after = _nearest(beside, rule.left - right, heights), _nearest(beside, left - rule.right, heights)
    neighbours = [place for place in (before, after) if place is not None]
    for place in neighbours:
        base, height = baseline(int(positions[place])), heights[place]
        if not base - MAX_RISE * height <= rule.top <= rule.bottom <= base + MAX_DEPTH * height:
            return None
    if not neighbours:
        return None
    texts = list(texts)
    if before is not None:
        place, space = before + 1, _space(rule.left - right[before], heights[before])
    else:
        # it takes the white space, or the new line, before the letter that follows
        place, space = neighbours[0], texts[neighbours[0]][:-1]
        texts[place] = texts[place][-1]
    if after == place:
        texts[place] = _space(left[place] - rule.right, heights[place]) + texts[place][-1]
    body = [rule.left, top[neighbours[0]], rule.right, bottom[neighbours[0]]]
    texts.insert(place, space + "_")
    return Characters(
        np.insert(positions, place, positions[neighbours[0]]),
        texts,
        np.insert(bodies, place, body, axis=0),
        np.insert(inks, place, list(rule), axis=0),
    )


def _nearest(beside: np.ndarray, distances: np.ndarray, heights: np.ndarray) -> int | None:
    """The character next to a rule on one side, if it is near enough."""
    near = beside & (distances > -MAX_SHARED * heights) & (distances <= MAX_DISTANCE * heights)
    return int(np.where(near, distances, np.inf).argmin()) if near.any() else None


def _space(distance: float, height: float) -> str:
    return FOUND_SPACE if distance > MIN_SPACE * height else ""
