"""The spec of one seal."""

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
    """Size of a character in pixels."""
    is_lower: bool


@dataclass(frozen=True)
class Line:
    """A text across the seal."""

    text: str
    center: tuple[float, float]
    size: int


@dataclass(frozen=True)
class Spec:
    """All that is decided about one seal."""

    side: int
    """Side of the square picture in pixels."""
    shape: Shape
    radii: tuple[float, float]
    """Horizontal and vertical radius of the outer edge; for a square seal, half its sides."""
    border: int
    star: float
    """Radius of the star in pixels; 0 for no star."""
    font: tuple[str, int]
    """Font file, and the number of the face in it."""
    arcs: tuple[Arc, ...]
    lines: tuple[Line, ...]
    is_carved: bool
    """Whether the characters are white on a coloured square."""
    paper: tuple[int, int, int]
    ink: tuple[int, int, int]
    tilt: int
    """Degrees by which the seal is turned counterclockwise."""
    wear: float
    wear_seed: int

    @property
    def answer(self) -> str:
        upper = [arc.text for arc in self.arcs if not arc.is_lower]
        lower = [arc.text for arc in self.arcs if arc.is_lower]
        if self.shape == "square":
            return "".join(line.text for line in self.lines)
        return "\n".join([*upper, *(line.text for line in self.lines), *lower])
