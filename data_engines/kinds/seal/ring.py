"""Text along an ellipse: where its characters stand, and the ring unrolled into a straight strip.

Angles are the ellipse's parameter, clockwise from the top: the point at angle t is (a sin t, -b cos t) from
the centre. Characters of the upper text have their heads outwards, characters of the lower text inwards, so
that both texts read from left to right.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

STEPS = 3600
"""Steps in which an ellipse is measured: at a radius of 1,000 pixels, a step is under two pixels."""


@dataclass(frozen=True)
class Ring:
    """An ellipse through the middles of characters."""

    center: tuple[float, float]
    """Centre of the ellipse in pixels of the picture."""
    radii: tuple[float, float]
    """Horizontal and vertical radius in pixels."""

    def points(self, angles: np.ndarray) -> np.ndarray:
        """The x and y of points on the ellipse; float, `(angles, 2)`."""
        across, down = self.radii
        return np.stack([across * np.sin(angles), -down * np.cos(angles)], axis=1) + self.center

    def up(self, angles: np.ndarray, is_lower: bool) -> np.ndarray:
        """Unit vectors towards the heads of characters; float, `(angles, 2)`."""
        across, down = self.radii
        normals = np.stack([down * np.sin(angles), -across * np.cos(angles)], axis=1)
        return normals / np.linalg.norm(normals, axis=1, keepdims=True) * (-1 if is_lower else 1)

    def spread(self, count: int, pitch: float, is_lower: bool = False) -> np.ndarray:
        """The angles of characters in reading order, `pitch` pixels apart along the ellipse.

        They are centred at the top, or at the bottom if `is_lower`.

        Raises:
            ValueError: the characters do not fit on the ellipse.
        """
        angles = np.linspace(-np.pi, np.pi, STEPS + 1)
        steps = np.linalg.norm(np.diff(self.points(angles), axis=0), axis=1)
        along = np.concatenate([[0.0], np.cumsum(steps)])
        if count * pitch > along[-1]:
            raise ValueError("more characters than fit on the ring")
        places = (np.arange(count) - (count - 1) / 2) * pitch
        # lengths count clockwise from the bottom, but the lower text runs counterclockwise
        places = -places % along[-1] if is_lower else along[-1] / 2 + places
        return np.interp(places, along, angles)


def unroll(picture: Image.Image, ring: Ring, angles: np.ndarray, side: int, is_lower: bool) -> np.ndarray:
    """The characters at `angles`, turned upright by reading pixels of the picture along the ring.

    Args:
        picture: a grey picture.
        ring: the ellipse of the characters.
        angles: the angle of each character.
        side: side in pixels of the square that is read around each character.
        is_lower: whether the heads of the characters point inwards.

    Returns:
        Float, `(angles, side, side)`.
    """
    picture, squares = picture.convert("F"), []
    for (x, y), (up_x, up_y) in zip(ring.points(angles), ring.up(angles, is_lower), strict=True):
        # three numbers each for the x and the y in the picture of a point of the square
        left, top = x + 0.5 + (up_x + up_y) * side / 2, y + 0.5 + (up_y - up_x) * side / 2
        turn = (-up_y, -up_x, left, up_x, -up_y, top)
        square = picture.transform((side, side), Image.Transform.AFFINE, turn, Image.Resampling.BILINEAR)
        squares.append(np.asarray(square, dtype=float))
    return np.stack(squares)
