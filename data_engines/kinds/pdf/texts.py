"""Pieces of text on a page, and the bands that they stand in; geometry only."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from data_engines.tools.boxes import Box, around

RULE_THICKNESS = 2.0
"""Points, at most."""
MAX_OVERLAP = 0.2
"""Share of the lower of two lines by which the other's ink may reach into it, as descenders do; and share of
its height by which a text may reach over the one that follows on its line."""
MAX_LINE_GAP = 0.8
"""Between the lines of a cell, in line heights."""


@dataclass(frozen=True)
class Text:
    """A piece of text on one baseline: as the file has it, or a whole line of a column."""

    text: str
    body: Box
    """From the ascenders to the descenders of its font, whether its letters have any or not."""
    ink: Box
    letters: tuple[Box, ...]
    """The ink of each character from left to right, as high as that of its whole piece in the file."""
    fault: str | None = None
    """Why it can't be trusted to say what the page shows."""


def bands_of(pieces: Sequence[Text]) -> list[list[Text]]:
    """Groups of pieces whose middle halves overlap in height, directly or through others; top to bottom."""
    bands: list[list[Text]] = []
    reach = float("-inf")
    for piece in sorted(pieces, key=lambda piece: piece.body.top + piece.body.height / 4):
        if piece.body.top + piece.body.height / 4 >= reach:
            bands.append([])
        bands[-1].append(piece)
        reach = max(reach, piece.body.bottom - piece.body.height / 4)
    return bands


def extent(pieces: Iterable[Text]) -> Box:
    return around([piece.body for piece in pieces])


def distance(some: Sequence[Text], others: Sequence[Text]) -> float:
    """Height of the paper between two bands."""
    upper, lower = sorted(extent(band)[1::2] for band in (some, others))
    return lower[0] - upper[1]


def lines_of(band: Sequence[Text]) -> list[list[Text]]:
    """The pieces of a band by lines, from top to bottom; raised or lowered small print joins its line."""
    lines: list[list[Text]] = []
    for piece in sorted(band, key=lambda piece: -piece.body.height):
        for line in lines:
            if line[0].body.top < piece.body.middle < line[0].body.bottom:
                line.append(piece)
                break
        else:
            lines.append([piece])
    return sorted(lines, key=lambda line: line[0].body.middle)
