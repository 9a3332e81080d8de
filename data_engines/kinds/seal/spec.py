"""One seal as it is decided."""

from dataclasses import dataclass
from typing import Literal

from data_engines.kinds.seal.ring import Ring

Shape = Literal["round", "oval", "square"]


@dataclass(frozen=True)
class Arc:
    """A text along the ring."""

    text: str
    ring: Ring
    angles: tuple[float, ...]
    size: int
    """Of a character in pixels."""
    is_lower: bool


@dataclass(frozen=True)
class Line:
    """A text across the seal."""

    text: str
    center: tuple[float, float]
    size: int


@dataclass(frozen=True)
class Spec:
    """One seal, decided."""

    side: int
    """Of the square picture, in pixels."""
    shape: Shape
    radii: tuple[float, float]
    """Of the outer edge, across and down; half the sides of a square."""
    border: int
    star: float
    """Its radius in pixels; 0 for none."""
    font: tuple[str, int]
    """File, and the number of the face in it."""
    arcs: tuple[Arc, ...]
    lines: tuple[Line, ...]
    is_carved: bool
    """Whether the characters are white on a coloured square."""
    paper: tuple[int, int, int]
    ink: tuple[int, int, int]
    tilt: int
    """Degrees, against the clock."""
    wear: float
    wear_seed: int

    @property
    def answer(self) -> str:
        upper = [arc.text for arc in self.arcs if not arc.is_lower]
        lower = [arc.text for arc in self.arcs if arc.is_lower]
        if self.shape == "square":
            return "".join(line.text for line in self.lines)
        return "\n".join([*upper, *(line.text for line in self.lines), *lower])
