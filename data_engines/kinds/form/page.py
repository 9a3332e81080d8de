"""Pages of paper on which lines, blocks and frames are set one below the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from data_engines.engine import Rgb
from data_engines.kinds.form.faces import Family
from data_engines.kinds.form.lettering import Lettering
from data_engines.kinds.form.sheet import Bar, Draft, Printed
from data_engines.tools.boxes import Box

Side = Literal["left", "centre", "right"]
WIDTH = (820, 1020)
"""Pixels across a page."""
SIZE = (16, 21)
"""Size of the body's font in pixels."""


@dataclass(kw_only=True)
class Page(Draft):
    """A page in one family of fonts."""

    family: Family
    size: int
    """Of the body's font."""

    def lettering(self, share: float = 1, *, bold: bool = False) -> Lettering:
        return self.family.lettering(round(share * self.size), bold=bold)

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


def choose_page(rng: np.random.Generator, family: Family) -> Page:
    width, size = (int(rng.integers(low, high, endpoint=True)) for low, high in (WIDTH, SIZE))
    margin, pitch = round(width * rng.uniform(0.05, 0.09)), round(size * rng.uniform(1.35, 1.7))
    return Page(width=width, margin=margin, pitch=pitch, y=margin, family=family, size=size)


def printed(
    text: str, lettering: Lettering, edge: int, baseline: int, side: Side = "left", ink: Rgb | None = None
) -> Printed:
    """A text that begins, ends or has its middle at an edge."""
    share = {"left": 0, "centre": 0.5, "right": 1}[side]
    return Printed(text, lettering, edge - round(share * lettering.length(text)), baseline, ink)
