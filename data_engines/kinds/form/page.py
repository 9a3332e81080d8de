"""Pages of paper on which lines, blocks and frames are set one below the other."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from data_engines.engine import Rgb
from data_engines.kinds.form.faces import Family
from data_engines.kinds.form.lettering import Lettering
from data_engines.kinds.form.sheet import Bar, Line, Mark, Piece, Printed, Sheet
from data_engines.tools.boxes import Box

Side = Literal["left", "centre", "right"]
WIDTH = (820, 1020)
"""Pixels across a page."""
SIZE = (16, 21)
"""Size of the body's font in pixels."""


@dataclass
class Page:
    """A page on which something is set at `y`, the lower edge of what stands there already."""

    family: Family
    width: int
    margin: int
    size: int
    pitch: int
    """Pixels from one baseline to the next."""
    y: int = 0
    lines: list[Line] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)

    @property
    def right(self) -> int:
        return self.width - self.margin

    @property
    def room(self) -> int:
        return self.width - 2 * self.margin

    def lettering(self, share: float = 1, *, bold: bool = False) -> Lettering:
        return self.family.lettering(round(share * self.size), bold=bold)

    def gap(self, share: float) -> None:
        self.y += round(share * self.pitch)

    def advance(self, share: float = 1) -> int:
        """The baseline of the next line."""
        self.gap(share)
        return self.y

    def put(self, *pieces: Piece) -> None:
        self.lines.append(Line(pieces))

    def text(self, text: str, side: Side = "left", share: float = 1, *, bold: bool = False) -> None:
        """A text across the page, in as many lines as it takes."""
        lettering = self.lettering(share, bold=bold)
        for part in lettering.wrapped(text, self.room):
            edge = {"left": self.margin, "centre": self.width // 2, "right": self.right}[side]
            self.put(printed(part, lettering, edge, self.advance(max(1, share)), side))

    def block(self, texts: Sequence[str], left: int, right: int, *, bold_first: bool = True) -> None:
        """Texts one below the other between two edges."""
        for number, text in enumerate(texts):
            lettering = self.lettering(bold=bold_first and not number)
            for part in lettering.wrapped(text, right - left):
                self.put(printed(part, lettering, left, self.advance()))

    def rule(self, thickness: int = 1, color: Rgb | None = None) -> None:
        self.marks.append(Bar(Box(self.margin, self.y, self.right, self.y + thickness), color))
        self.y += thickness

    def sheet(self) -> Sheet:
        return Sheet(self.width, self.y + self.margin // 2, tuple(self.lines), tuple(self.marks))


def choose_page(rng: np.random.Generator, family: Family) -> Page:
    width, size = (int(rng.integers(low, high, endpoint=True)) for low, high in (WIDTH, SIZE))
    margin, pitch = round(width * rng.uniform(0.05, 0.09)), round(size * rng.uniform(1.35, 1.7))
    return Page(family, width, margin, size, pitch, y=margin)


def printed(
    text: str, lettering: Lettering, edge: int, baseline: int, side: Side = "left", ink: Rgb | None = None
) -> Printed:
    """A text that begins, ends or has its middle at an edge."""
    share = {"left": 0, "centre": 0.5, "right": 1}[side]
    return Printed(text, lettering, edge - round(share * lettering.length(text)), baseline, ink)
