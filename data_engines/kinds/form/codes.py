"""Bars and squares that look like bar codes and hold nothing."""

import numpy as np

from data_engines.kinds.form.sheet import Bar
from data_engines.tools.boxes import Box

MODULES = (21, 25, 29)


def choose_bar_code(rng: np.random.Generator, width: int, height: int) -> list[Bar]:
    """Upright bars of one to four modules, from edge to edge of `width` pixels."""
    module = max(1, width // 110)
    bars, x = [], 0
    while x < width - 4 * module:
        wide, gap = (module * int(number) for number in rng.integers(1, 5, 2))
        bars.append(Bar(Box(x, 0, x + wide, height)))
        x += wide + gap
    return bars


def choose_square_code(rng: np.random.Generator, side: int) -> list[Bar]:
    """A square of random modules with the three finders that readers look for."""
    count = int(rng.choice(MODULES))
    module = max(2, side // count)
    dark = rng.random((count, count)) < 0.5
    finder = np.pad(np.pad(np.pad(np.ones((3, 3), bool), 1), 1, constant_values=True), ((0, 1), (0, 1)))
    dark[:8, :8], dark[:8, -8:], dark[-8:, :8] = finder, finder[:, ::-1], finder[::-1]
    rows, columns = np.nonzero(dark)
    corners = zip((columns * module).tolist(), (rows * module).tolist(), strict=True)
    return [Bar(Box(x, y, x + module, y + module)) for x, y in corners]
