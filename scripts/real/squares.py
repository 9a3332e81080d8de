"""Lines of real print on squares for small models, like the pictures of `got-data lines --layout rows`.

A model that reads squares of 128 x 128 pixels cannot read a line of 600 x 24: squeezed into the square its
letters are 2 pixels wide. So a line is cut between words into pieces, and two to four pieces stand below each
other, each near the start of a row. Only paper is added: the pixels of a piece are those of the line.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from PIL import Image

from data_engines.engine import Reject
from data_engines.tools.boxes import Box, around

SIDE = 128
"""Pixels of a square's side."""
MOST_ROWS = 4
ROOM = 4
"""Pixels kept free round a piece, as in the training pictures."""
WIDEST = 118
"""Pixels of the width of a piece, at most."""
HIGHEST = SIDE // MOST_ROWS - 2 * ROOM
"""Pixels of the height of a piece, at most."""
SMALLEST, LARGEST = 12, 24
"""Sizes of the font in pixels."""
FRINGE = 2
"""Pixels by which the ink of a word may reach over its box."""
CLEAR_GAP = 1.5
"""Times the widest gap within words that the narrowest gap between words is wide, at least."""
HANGING, HANGING_SHARE, STANDING_SHARE = frozenset("gjpqyQ()[]{}|"), 0.93, 0.72
"""Signs that hang below the line; the height of a line's ink with any of them, and without, in font sizes."""

Word = tuple[Box, str]
"""A word, or a piece of a line, and its box in pixels."""
Print = Callable[[int], tuple[Image.Image, list[Word]]]
"""Shows a line, and its words from left to right, at a size of its font in pixels."""
Square = tuple[Image.Image, tuple[Word, ...]]


def squares_of(show: Print, rng: np.random.Generator) -> list[Square]:
    """The squares of a line, at a random size, or at the largest smaller one at which all words fit.

    Raises:
        Reject: the line cannot be shown so; its text says why.
    """
    size = int(rng.integers(SMALLEST, LARGEST + 1))
    while True:
        line, words = show(size)
        paper, inks = ink_of_words(line.convert("RGB"), words)
        if all(box.width <= WIDEST for box, _ in inks) and around([box for box, _ in inks]).height <= HIGHEST:
            break
        if size == SMALLEST:
            raise Reject(f"a word wider than {WIDEST} pixels at the smallest size")
        size = max(SMALLEST, size * 4 // 5)
    pieces = pieces_of(inks)
    if any(not any(map(str.isalnum, text)) for _, text in pieces):
        raise Reject("a piece without letters and digits, such as leaders")
    num_squares = -(-len(pieces) // MOST_ROWS)
    shares = np.array_split(np.arange(len(pieces)), num_squares)
    return [_place(line.convert("RGB"), [pieces[i] for i in some], paper, rng) for some in shares]


def ink_of_words(line: Image.Image, words: Sequence[Word]) -> tuple[tuple[int, ...], list[Word]]:
    """The colour of the paper, and the words with boxes that are filled by their ink.

    Raises:
        Reject: words touch, or there is ink beside their boxes.
    """
    pixels = np.asarray(line)  # (height, width, 3)
    colors, counts = np.unique(pixels.reshape(-1, 3), axis=0, return_counts=True)
    paper = colors[counts.argmax()]
    ink = (pixels != paper).any(axis=2)
    columns = ink.any(axis=0)
    cuts = [0]
    for (before, _), (after, _) in pairwise(words):
        start = max(int(before.right) - FRINGE, 0)
        free = start + np.flatnonzero(~columns[start : int(after.left) + FRINGE])
        if not len(free):
            raise Reject("words that touch")
        cuts.append(int(free[abs(free - (before.right + after.left) / 2).argmin()]))
    found = []
    for (box, text), (start, end) in zip(words, pairwise([*cuts, line.width]), strict=True):
        rows, across = (np.flatnonzero(ink[:, start:end].any(axis=axis)) for axis in (1, 0))
        if not len(rows):
            raise Reject("a word without ink")
        filled = Box(start + int(across[0]), int(rows[0]), start + int(across[-1]) + 1, int(rows[-1]) + 1)
        if not filled.inside(box.grown(FRINGE)):
            raise Reject("ink beside the words")
        found.append((filled, text))
    return tuple(paper.tolist()), found


def pieces_of(words: Sequence[Word]) -> list[Word]:
    """Runs of words that are no wider than a piece may be; at least two.

    Raises:
        Reject: there is only one word.
    """
    if len(words) < 2:
        raise Reject("only one word")
    runs: list[list[Word]] = []
    for word in words:
        if runs and word[0].right - runs[-1][0][0].left <= WIDEST:
            runs[-1].append(word)
        else:
            runs.append([word])
    if len(runs) == 1:
        half = -(-len(words) // 2)
        runs = [list(words[:half]), list(words[half:])]
    return [(around([box for box, _ in run]), " ".join(text for _, text in run)) for run in runs]


def _place(
    line: Image.Image, pieces: Sequence[Word], paper: tuple[int, ...], rng: np.random.Generator
) -> Square:
    """Pieces on a square of the line's paper; a random pixel or so to the right and down, as in training."""
    square = Image.new("RGB", (SIDE, SIDE), paper)
    placed = []
    for row, (box, text) in enumerate(pieces):
        free_across = SIDE - 2 * ROOM - int(box.width)
        free_down = HIGHEST - int(box.height)
        x = ROOM + int(rng.integers(min(free_across, ROOM) + 1))
        y = row * SIDE // MOST_ROWS + ROOM + int(rng.integers(min(free_down, ROOM // 2) + 1))
        square.paste(line.crop(tuple(map(int, box))), (x, y))
        placed.append((Box(x, y, x + box.width, y + box.height), text))
    return square, tuple(placed)


def scanned_print(line: Image.Image, ink: np.ndarray, text: str) -> Print:
    """Shows a line of a scan at a size of its font, which is reckoned from the height of its ink.

    Args:
        line: a grey picture.
        ink: its pixels that are ink, `(height, width)`.
        text: of the line.

    Raises:
        Reject: the gaps between its words are not clearly wider than those between letters.
    """
    words = words_by_gaps(ink, text)
    height = around([box for box, _ in words]).height
    share = HANGING_SHARE if HANGING & set(text) else STANDING_SHARE

    def show(size: int) -> tuple[Image.Image, list[Word]]:
        scale = size * share / height
        # a white margin: what is enlarged or reduced has a fringe
        small = line.resize((round(line.width * scale), round(line.height * scale)), Image.Resampling.BICUBIC)
        return small, [(Box(*(side * scale for side in box)), word) for box, word in words]

    return show


def words_by_gaps(ink: np.ndarray, text: str) -> list[Word]:
    """The words of a line, parted at the widest gaps in its ink.

    Raises:
        Reject: these gaps are not clearly wider than all others, or there are too few.
    """
    words = text.split()
    columns = np.flatnonzero(ink.any(axis=0))
    widths = np.diff(columns) - 1
    in_order = np.argsort(widths, kind="stable")
    letters, gaps = in_order[: len(widths) - len(words) + 1], in_order[len(widths) - len(words) + 1 :]
    if len(words) > len(columns) or widths[gaps].min(initial=np.iinfo(int).max) < max(
        CLEAR_GAP * widths[letters].max(initial=0), 1
    ):
        raise Reject("words that do not stand clearly apart")
    edges = np.sort(gaps)
    starts, ends = [columns[0], *columns[edges + 1]], [*columns[edges], columns[-1]]
    rows = np.flatnonzero(ink.any(axis=1))
    return [
        (Box(int(start), int(rows[0]), int(end) + 1, int(rows[-1]) + 1), word)
        for start, end, word in zip(starts, ends, words, strict=True)
    ]
