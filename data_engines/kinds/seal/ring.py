"""Text along an ellipse: where its characters stand, and the ring unrolled into a straight strip.

Angles are of the ellipse's parameter, clockwise from the top: the point at angle t is
(a sin t, -b cos t) from the centre. A character of the upper text stands with its head outwards, one of the
lower text with its head inwards, so that both read from left to right.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

STEPS = 3600
"""Steps in which an ellipse is measured: at a radius of 1,000 pixels one is under two pixels."""


@dataclass(frozen=True)
class Ring:
    """An ellipse on which the middles of characters stand."""

    center: tuple[float, float]
    """In pixels of the picture."""
    radii: tuple[float, float]
    """Across and down."""

    def points(self, angles: np.ndarray) -> np.ndarray:
        """Float, `(angles, 2)`: x and y of points on the ellipse."""
        across, down = self.radii
        return np.stack([across * np.sin(angles), -down * np.cos(angles)], axis=1) + self.center

    def outward(self, angles: np.ndarray) -> np.ndarray:
        """Float, `(angles, 2)`: unit vectors that point out of the ellipse."""
        across, down = self.radii
        normals = np.stack([down * np.sin(angles), -across * np.cos(angles)], axis=1)
        return normals / np.linalg.norm(normals, axis=1, keepdims=True)

    def spread(self, count: int, pitch: float, is_lower: bool = False) -> np.ndarray:
        """The angles of characters in reading order, `pitch` pixels apart along the ellipse.

        They stand evenly on both sides of the top, or of the bottom.

        Raises:
            ValueError: if they do not fit on the ellipse.
        """
        angles = np.linspace(-np.pi, np.pi, STEPS + 1)
        steps = np.linalg.norm(np.diff(self.points(angles), axis=0), axis=1)
        along = np.concatenate([[0.0], np.cumsum(steps)])
        if count * pitch > along[-1]:
            raise ValueError("more characters than fit on the ring")
        places = (np.arange(count) - (count - 1) / 2) * pitch
        # measured clockwise from the bottom, where a text from left to right runs against the clock
        places = -places % along[-1] if is_lower else along[-1] / 2 + places
        return np.interp(places, along, angles)


def unroll(picture: Image.Image, ring: Ring, angles: np.ndarray, side: int, is_lower: bool) -> np.ndarray:
    """The characters at some angles, set upright by reading the pixels off the picture.

    Args:
        picture: grey.
        ring: where they stand.
        angles: of each.
        side: of the square that is read round each of them, in pixels.
        is_lower: whether their heads point inwards.

    Returns:
        Float, `(angles, side, side)`.
    """
    pixels = np.asarray(picture, dtype=np.float32)
    up = ring.outward(angles) * (-1 if is_lower else 1)
    right = np.stack([-up[:, 1], up[:, 0]], axis=1)
    offsets = np.arange(side) - (side - 1) / 2
    points = (
        ring.points(angles)[:, None, None, :]
        + right[:, None, None, :] * offsets[None, None, :, None]
        - up[:, None, None, :] * offsets[None, :, None, None]
    )
    return _sample(pixels, points)


def _sample(pixels: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Values between pixels, `(..., 2)` of x and y to `(...)`; beyond the edge the nearest pixel counts."""
    height, width = pixels.shape
    x, y = np.clip(points[..., 0], 0, width - 1), np.clip(points[..., 1], 0, height - 1)
    left, top = np.minimum(x.astype(int), width - 2), np.minimum(y.astype(int), height - 2)
    x, y = x - left, y - top
    above = pixels[top, left] * (1 - x) + pixels[top, left + 1] * x
    below = pixels[top + 1, left] * (1 - x) + pixels[top + 1, left + 1] * x
    result: np.ndarray = above * (1 - y) + below * y
    return result
