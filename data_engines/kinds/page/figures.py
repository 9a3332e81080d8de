r"""Figures of document pages: photographs, small charts, diagrams and drawings of geometry.

All but photographs are LaTeX pictures, whose texts are set in the fonts of the page: so the text of the PDF
file says what is printed in them. A photograph is an empty box, on which the engine pastes the picture.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi, sin

import numpy as np

from data_engines.tools.chance import one_of
from data_engines.tools.corpora import HAN_CHARACTER
from data_engines.tools.photos import Background, choose_background
from got_train.tex.escaping import escape_latex

Place = tuple[float, float]

LABEL_SIZE = 8
"""Size of the letters in figures, in points; a Chinese one is as wide, a Latin one about half as wide."""
LABEL_ROOM = 27.0
"""Width of a number of four digits and what parts it from the next one, in points."""
COLORS = ("blue!60!black", "red!70!black", "teal", "orange!90!black", "gray", "violet")


@dataclass(frozen=True)
class Figure:
    """A drawing of `width` times `height` points."""

    width: float
    height: float
    latex: str = ""
    """Empty for a photograph."""
    texts: tuple[str, ...] = ()
    """What is printed in it, from top to bottom."""
    photo: Background | None = None


def choose_figure(
    rng: np.random.Generator, choose_phrase: Callable[[], str], photos: tuple[str, ...], room: float
) -> Figure:
    """A figure that is at most `room` points wide, with phrases of its page."""
    width = float(room * rng.uniform(0.6, 1.0)) if room < 300 else float(rng.uniform(200, 0.8 * room))
    height = float(width * rng.uniform(0.45, 0.75))
    if rng.random() < 0.35:
        return Figure(width, height, photo=choose_background(rng, photos))
    canvas = _Canvas(rng, choose_phrase, width, height)
    one_of(rng, (_draw_bars, _draw_curves, _draw_boxes, _draw_shapes))(canvas)
    return canvas.figure()


class _Canvas:
    """Collects the commands of a LaTeX picture, with its lower left corner at (0, 0), and its texts."""

    def __init__(
        self, rng: np.random.Generator, choose_phrase: Callable[[], str], width: float, height: float
    ) -> None:
        self.rng, self.choose_phrase = rng, choose_phrase
        self.width, self.height = width, height
        self.commands: list[str] = []
        self.texts: list[tuple[float, float, str]] = []

    def figure(self) -> Figure:
        texts = tuple(text for _, _, text in sorted(self.texts))
        size = f"({self.width:.1f},{self.height:.1f})"
        latex = rf"\begin{{picture}}{size}{''.join(self.commands)}\end{{picture}}"
        return Figure(self.width, self.height, latex, texts)

    def text(self, x: float, y: float, text: str, side: str = "") -> None:
        """A text at a place, which is its middle, or the middle of its `side`, such as `t` or `r`."""
        self.commands.append(rf"\put({x:.1f},{y:.1f}){{\makebox(0,0)[{side}]{{{escape_latex(text)}}}}}")
        self.texts.append((round(-y / LABEL_SIZE), x, text))

    def label(self, room: float) -> str:
        """A phrase that is at most `room` points wide; a letter if none is found."""
        for _ in range(5):
            words = self.choose_phrase().split()
            for number in range(len(words), 0, -1):
                text = " ".join(words[:number])
                if text_points(text) <= room:
                    return text
        return "ABCDEFGH"[self.rng.integers(8)]

    def color(self, name: str) -> None:
        self.commands.append(rf"\color{{{name}}}")

    def line(self, *places: Place) -> None:
        self.commands.append(r"\polyline" + "".join(map(_place, places)))

    def filled(self, *places: Place) -> None:
        self.commands.append(r"\polygon*" + "".join(map(_place, places)))

    def disc(self, place: Place, diameter: float) -> None:
        self.commands.append(rf"\put{_place(place)}{{\circle*{{{diameter:.1f}}}}}")

    def circle(self, place: Place, diameter: float) -> None:
        self.commands.append(rf"\put{_place(place)}{{\circle{{{diameter:.1f}}}}}")

    def arrow(self, start: Place, end: Place) -> None:
        """An arrow to the right or downwards."""
        along = (1, 0) if end[1] == start[1] else (0, -1)
        length = abs(end[0] - start[0]) + abs(end[1] - start[1])
        self.commands.append(rf"\put{_place(start)}{{\vector({along[0]},{along[1]}){{{length:.1f}}}}}")


def text_points(text: str) -> float:
    """About the width of a text in a figure, in points."""
    return LABEL_SIZE * (0.55 * len(text) + 0.5 * len(HAN_CHARACTER.findall(text)))


def _place(place: Place) -> str:
    return f"({place[0]:.1f},{place[1]:.1f})"


def _axes(canvas: _Canvas, ticks: int) -> tuple[float, float, float]:
    """Draws two axes with numbers beside the vertical one.

    Returns:
        x of the vertical axis, y of the horizontal one, and the height of the highest tick above it.
    """
    left, bottom = 26.0, 22.0
    top = canvas.height - 16
    ticks = max(1, min(ticks, int((top - bottom) / (1.5 * LABEL_SIZE))))
    unit = float(one_of(canvas.rng, (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 25, 50, 100)))
    canvas.text(left, canvas.height - 5, canvas.label(canvas.width - left), "l")
    canvas.line((left, top), (left, bottom), (canvas.width, bottom))
    for tick in range(ticks + 1):
        y = bottom + (top - bottom) * tick / ticks
        canvas.line((left - 3, y), (left, y))
        canvas.text(left - 5, y, f"{tick * unit:.4g}", "r")
    return left, bottom, top - bottom


def _draw_bars(canvas: _Canvas) -> None:
    rng = canvas.rng
    left, bottom, height = _axes(canvas, int(rng.integers(2, 6)))
    number = min(int(rng.integers(3, 7)), int((canvas.width - left) / LABEL_ROOM))
    step = (canvas.width - left) / number
    color = one_of(rng, COLORS)
    first_year = int(rng.integers(1980, 2020)) if rng.random() < 0.4 else 0
    for bar in range(number):
        x, share = left + step * (bar + 0.5), float(rng.uniform(0.05, 1))
        half = 0.3 * step
        label = str(first_year + bar) if first_year else canvas.label(step - 4)
        canvas.text(x, bottom - 4, label, "t")
        canvas.color(color)
        y = bottom + share * height
        canvas.filled((x - half, bottom), (x + half, bottom), (x + half, y), (x - half, y))
        canvas.color("black")


def _draw_curves(canvas: _Canvas) -> None:
    rng = canvas.rng
    left, bottom, height = _axes(canvas, int(rng.integers(2, 6)))
    number, series = int(rng.integers(4, 9)), int(rng.integers(1, 4))
    number = min(number, int((canvas.width - left) / LABEL_ROOM))
    xs = np.linspace(left + 6, canvas.width - 8, number)
    unit = int(one_of(rng, (1, 2, 5, 10, 100)))
    for position, x in enumerate(xs.tolist()):
        canvas.text(x, bottom - 4, str(position * unit), "t")
    colors = [COLORS[i] for i in rng.permutation(len(COLORS))[:series]]
    room = (canvas.width - left) / series
    for place, color in enumerate(colors):
        shares = rng.uniform(0.2, 0.7) + rng.normal(0, 0.12, number).cumsum()
        ys = bottom + np.clip(height * shares, 2, height - 12)  # below the legend
        x = left + 8 + room * place
        canvas.color(color)
        points = list(zip(xs.tolist(), ys.tolist(), strict=True))
        canvas.line(*points)
        for point in points:
            canvas.disc(point, 3)
        y = bottom + height - 2
        canvas.line((x, y), (x + 10, y))
        canvas.color("black")
        canvas.text(x + 13, y, canvas.label(room - 26), "l")


def _draw_boxes(canvas: _Canvas) -> None:
    """Steps in boxes with arrows from each to the next: side by side where there is room, or else stacked."""
    rng = canvas.rng
    number = int(rng.integers(2, 5))
    across = canvas.width / number >= 80
    gap, high = 18.0, 24.0
    width = (canvas.width - gap * (number - 1)) / number - 1 if across else 0.7 * canvas.width
    canvas.height = high + 1 if across else number * (high + gap) - gap + 1
    for box in range(number):
        x = (width + gap) * box + 0.5 if across else 0.15 * canvas.width
        y = 0.5 if across else canvas.height - 0.5 - high - (high + gap) * box
        corners = [(x, y), (x + width, y), (x + width, y + high), (x, y + high)]
        canvas.line(*corners, corners[0])
        canvas.text(x + width / 2, y + high / 2, canvas.label(width - 8))
        if box + 1 < number:
            start = (x + width, y + high / 2) if across else (x + width / 2, y)
            canvas.arrow(start, (start[0] + gap, start[1]) if across else (start[0], start[1] - gap))


def _draw_shapes(canvas: _Canvas) -> None:
    """A triangle with its corners on a circle, or a polygon with a diagonal; corners have letters."""
    rng = canvas.rng
    canvas.width = canvas.height = min(canvas.width, 140.0)
    middle, radius = canvas.width / 2, canvas.width / 2 - 14
    number = int(rng.integers(3, 6))
    angles = 2 * pi * (np.arange(number) + rng.uniform(-0.25, 0.25, number)) / number + rng.uniform(0, pi)
    corners = [(middle + radius * cos(angle), middle + radius * sin(angle)) for angle in angles.tolist()]
    if rng.random() < 0.5:
        canvas.circle((middle, middle), 2 * radius)
        canvas.disc((middle, middle), 3)
        canvas.text(middle + 3, middle - 3, "O", "lt")
    elif number > 3:
        canvas.line(corners[0], corners[2])
    canvas.line(*corners, corners[0])
    first = int(rng.integers(0, 20))
    for position, angle in enumerate(angles.tolist()):
        place = [middle + (radius + 8) * turned(angle) for turned in (cos, sin)]
        canvas.text(place[0], place[1], chr(ord("A") + first + position))
