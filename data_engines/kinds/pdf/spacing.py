"""Which of the spaces that pdfium finds between the letters of a line part words.

TeX and others write no spaces, so pdfium finds one wherever two letters stand apart. It does so too where the
letters of a word are spread, as in code that `listings` sets, in letterspaced headings and in justified
Chinese, and where a letter leans away from the comma after it. Gaps are in units of the font's size.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from data_engines.kinds.pdf.rules import FOUND_SPACE, Characters
from got_train.characters import FIRST_EAST_ASIAN

MIN_SPREAD, MAX_SPREAD = 0.06, 0.3
"""Usual gap between the letters of spread words; wider ones are between words of one letter."""
MIN_PAIRS = 3
"""Pairs of neighbouring letters from which the usual gap can be told."""
MIN_JUMP = 0.2
"""Between the gaps within words that are spread and the gaps between them."""
MAX_CLOSE_SPREAD = 0.12
"""Usual gap that is too narrow for one between words of one letter."""
MAX_UNEVENNESS = 0.06
"""By how much a gap in a single spread word may be wider than usual."""
MAX_LEAN = 0.18
"""Gap between a slanted letter and a mark that is no space."""
MIN_MISSED = 0.115
"""Gap between two letters that is a space, though pdfium finds none, where those of others are none."""
OPENING, CLOSING, ENDS = "([{", ")]}", ",.;:!?"


def part_words(
    characters: Characters, starts: np.ndarray, font_size: Callable[[int], float]
) -> tuple[Characters, np.ndarray]:
    """The characters with only those spaces that part words, and which are in lines where this is unclear.

    Args:
        characters: of a page, in the order of the file.
        starts: whether a line starts with a character, an array of their number.
        font_size: of the character at a position in the file, in points.
    """
    texts, unclear = list(characters.texts), np.zeros(len(characters.texts), dtype=bool)
    for some in np.split(np.arange(len(texts)), np.flatnonzero(starts)):
        line, bodies = [texts[i] for i in some], characters.bodies[some]
        if any(text[0] == FOUND_SPACE for text in line[1:]):
            size = font_size(int(characters.positions[some[0]])) or float(bodies[0, 3] - bodies[0, 1])
            gaps = (bodies[1:, 0] - bodies[:-1, 2]) / size
            false, unclear[some] = _false_spaces(line, gaps)
            for i in some[1:][false]:
                texts[i] = texts[i][-1]
            for i in some[1:][_missed_spaces(line, gaps)]:
                texts[i] = FOUND_SPACE + texts[i]
    return characters._replace(texts=texts), unclear


def _false_spaces(texts: Sequence[str], gaps: np.ndarray) -> tuple[np.ndarray, bool]:
    """Which characters of a line, from the second on, have a space before them that parts no words.

    The second value says whether this is unclear for some of them.
    """
    found = np.array([text[0] == FOUND_SPACE for text in texts[1:]])
    letters = np.array([text[-1].isalpha() for text in texts])
    chinese = np.array([text[-1] >= FIRST_EAST_ASIAN for text in texts])
    false, unclear = np.zeros(len(gaps), dtype=bool), False
    both_chinese = chinese[:-1] & chinese[1:]
    for pairs in (both_chinese, ~both_chinese):
        alike = pairs & letters[:-1] & letters[1:] & (chinese[:-1] == chinese[1:])
        usual = float(np.median(gaps[alike])) if alike.sum() >= MIN_PAIRS else 0.0
        if not (found & pairs).any():
            continue
        if MIN_SPREAD < usual < MAX_SPREAD:
            close = usual < MAX_CLOSE_SPREAD
            end = _widest_inside(gaps[pairs], usual, close or pairs is both_chinese)
            # single letters may stand as far apart; wide gaps beside numbers and dots say nothing of them
            if not close and _widest_inside(gaps[alike], usual, pairs is both_chinese) is None:
                end = None
            unclear |= end is None
            false |= found & pairs & (gaps <= (end or 0.0))
        else:
            near = found & pairs & (gaps < MAX_LEAN)
            false |= near & (_beside_marks(texts) | (_before_signs(texts) & (gaps < MIN_MISSED)))
            unclear |= bool((near & _before_signs(texts) & ~false).any())
    return false, unclear


def _missed_spaces(texts: Sequence[str], gaps: np.ndarray) -> np.ndarray:
    """Which letters of a line whose words are not spread stand apart from the one before, without a space."""
    letters = np.array([text[-1].isalpha() and text[-1] < FIRST_EAST_ASIAN for text in texts])
    pairs = letters[:-1] & letters[1:] & np.array([len(text) == 1 for text in texts[1:]])
    not_spread = pairs.sum() >= MIN_PAIRS and float(np.median(gaps[pairs])) < MIN_SPREAD
    return pairs & (gaps >= MIN_MISSED) & not_spread


def _widest_inside(gaps: np.ndarray, usual: float, may_be_alone: bool) -> float | None:
    """The widest gap within spread words; None if it can't be told from the gaps between them."""
    wider = np.sort(gaps[gaps >= usual])
    jumps = np.flatnonzero(np.diff(wider) >= MIN_JUMP)
    if len(jumps):
        return float(wider[jumps[0]])
    return float(wider[-1]) if may_be_alone and wider[-1] <= usual + MAX_UNEVENNESS else None


def _beside_marks(texts: Sequence[str]) -> list[bool]:
    """Which characters, from the second on, want no space: a comma that ends a word, but no leader dots."""
    return [
        before[-1] in OPENING
        or mark[-1] in CLOSING
        or (mark[-1] in ENDS and after[0].isspace() and before[-1] != mark[-1] != after[-1])
        for before, mark, after in zip(texts, texts[1:], [*texts[2:], " "], strict=False)
    ]


def _before_signs(texts: Sequence[str]) -> np.ndarray:
    """Which characters, from the second on, are signs such as hyphens, whose letters seldom stand apart."""
    # beside underscores, which are rules, spaces are found by other means
    return np.array(
        [
            not (after[-1].isalnum() or after[-1] in ENDS or "_" in (before[-1], after[-1]))
            for before, after in pairwise(texts)
        ]
    )
