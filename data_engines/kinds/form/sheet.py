"""Sheets and what stands on them: lines of texts, blanks and tick boxes, and marks that are not answered."""

from dataclasses import dataclass, field
from typing import Literal

from PIL import ImageDraw

from data_engines.engine import Rgb
from data_engines.kinds.form.lettering import Lettering
from data_engines.tools.boxes import Box, around
from data_engines.tools.typed import as_typed

Sign = Literal["☐", "☑", "☒"]


@dataclass(frozen=True)
class Printed:
    """A text on a straight line."""

    text: str
    lettering: Lettering
    x: int
    baseline: int
    ink: Rgb | None = None
    """None for the ink of the sheet."""

    @property
    def box(self) -> Box:
        left, top, right, bottom = self.lettering.ink(self.text)
        return Box(self.x + left, self.baseline + top, self.x + right, self.baseline + bottom)

    def draw(self, canvas: ImageDraw.ImageDraw, ink: Rgb) -> None:
        self.lettering.draw(canvas, self.x, self.baseline, self.text, self.ink or ink)


@dataclass(frozen=True)
class Blank:
    """A line to write on: of ink, or of dots."""

    place: Box
    """From which dots may leave a rest at the right."""
    is_dotted: bool = False

    @property
    def box(self) -> Box:
        return around([bar.box for bar in self.bars()])

    @property
    def text(self) -> str:
        return "..." if self.is_dotted else "___"

    def draw(self, canvas: ImageDraw.ImageDraw, ink: Rgb) -> None:
        for bar in self.bars():
            bar.draw(canvas, ink)

    def bars(self) -> list["Bar"]:
        """The line, or its dots."""
        left, top, right, bottom = map(int, self.place)
        side = bottom - top
        ends = range(left + side, right + 1, 4 * side)
        return [Bar(Box(x - side, top, x, bottom)) for x in ends] if self.is_dotted else [Bar(self.place)]


@dataclass(frozen=True)
class TickBox:
    """A box to tick: empty, ticked, or crossed."""

    box: Box
    text: Sign
    pen: Rgb | None = None
    """Colour of the tick; None for the ink of the sheet."""

    def draw(self, canvas: ImageDraw.ImageDraw, ink: Rgb) -> None:
        left, top, right, bottom = self.box
        side = right - left
        thickness = max(1, round(side * 0.08))
        canvas.rectangle((left, top, right - 1, bottom - 1), outline=ink, width=thickness)
        strokes = {
            "☐": (),
            "☑": (((0.2, 0.5), (0.42, 0.75), (0.82, 0.22)),),
            "☒": (((0.22, 0.22), (0.78, 0.78)), ((0.78, 0.22), (0.22, 0.78))),
        }[self.text]
        for stroke in strokes:
            points = [(left + side * x, top + side * y) for x, y in stroke]
            canvas.line(points, fill=self.pen or ink, width=max(2, round(side * 0.12)), joint="curve")


Piece = Printed | Blank | TickBox


@dataclass(frozen=True)
class Line:
    """What is read as one line, from left to right."""

    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        return as_typed(" ".join(piece.text for piece in self.pieces))

    @property
    def box(self) -> Box:
        return around([piece.box for piece in self.pieces])


@dataclass(frozen=True)
class Bar:
    """A rectangle of ink or of a light shade: a part of a rule, a frame or a bar code."""

    box: Box
    color: Rgb | None = None
    """None for the ink of the sheet; texts may stand on other colours only."""

    def draw(self, canvas: ImageDraw.ImageDraw, ink: Rgb) -> None:
        left, top, right, bottom = self.box
        canvas.rectangle((left, top, right - 1, bottom - 1), fill=self.color or ink)


Mark = Bar | Printed
"""What is not answered: bars, and rules made of signs such as `*****`."""


@dataclass(frozen=True)
class Sheet:
    """A sheet with its lines in the order of reading, in pixels."""

    width: int
    height: int
    lines: tuple[Line, ...]
    marks: tuple[Mark, ...]


@dataclass(kw_only=True)
class Draft:
    """A sheet that is being set from top to bottom."""

    width: int
    margin: int
    """Pixels without texts at either side."""
    pitch: int
    """Pixels from one baseline to the next."""
    y: int = 0
    """Lower edge of what stands there already."""
    lines: list[Line] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)

    @property
    def right(self) -> int:
        return self.width - self.margin

    @property
    def room(self) -> int:
        return self.width - 2 * self.margin

    def gap(self, share: float) -> None:
        """White space, as a share of a line."""
        self.y += round(share * self.pitch)

    def advance(self, share: float = 1) -> int:
        """The baseline of the next line, which is `share` times as high as others."""
        self.gap(share)
        return self.y

    def put(self, *pieces: Piece) -> None:
        """A line of these pieces."""
        self.lines.append(Line(pieces))

    def sheet(self, foot: int = 0) -> Sheet:
        """All that was set, with `foot` pixels of paper below."""
        return Sheet(self.width, self.y + foot, tuple(self.lines), tuple(self.marks))


def frame(box: Box, thickness: int) -> list[Bar]:
    """The four sides of a box."""
    left, top, right, bottom = box
    return [
        Bar(Box(left, top, right, top + thickness)),
        Bar(Box(left, bottom - thickness, right, bottom)),
        Bar(Box(left, top, left + thickness, bottom)),
        Bar(Box(right - thickness, top, right, bottom)),
    ]
