"""Warped pictures: bent around an arc and seen at an angle, like signs in a street, or warped freely."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PIL import Image

CELL = 16
"""Side in pixels of the patches in which a picture is warped; within a patch, lines stay straight."""


@dataclass(frozen=True)
class Warp:
    """A map of the points of a flat picture: first onto an arc or a cylinder, then into perspective."""

    width: int
    """Width of the flat picture in pixels."""
    height: int
    arc: float
    """Angle in radians that the picture spans on its circle: 0 is straight, above 0 the middle is highest."""
    view: tuple[float, ...]
    """Projective matrix, row by row, from pixels around the middle of the flat picture to the result."""
    curve: float = 0.0
    """Angle in radians, below pi, that the picture spans on an upright cylinder without an arc; 0 is flat."""
    dip: float = 0.0
    """How far one looks down on the cylinder: the sine of the angle; below 0 it is seen from below."""

    def forward(self, points: np.ndarray) -> np.ndarray:
        """The places in the result of points of the flat picture; both of shape (points, 2)."""
        x, y = (points - (self.width / 2, self.height / 2)).T
        if self.arc:
            radius = self.width / self.arc
            angle, reach = x / radius, radius - y
            x, y = reach * np.sin(angle), radius - reach * np.cos(angle)
        elif self.curve:
            radius = self.width / self.curve
            x, y = radius * np.sin(x / radius), y - radius * self.dip * (1 - np.cos(x / radius))
        return project(np.reshape(self.view, (3, 3)), x, y)

    def backward(self, points: np.ndarray) -> np.ndarray:
        """The points of the flat picture that are seen at `points`: the inverse of `forward`."""
        x, y = project(np.linalg.inv(np.reshape(self.view, (3, 3))), *points.T).T
        if self.arc:
            radius = self.width / self.arc
            # if the circle's middle is above the text, all signs are reversed
            side = np.sign(radius)
            angle = np.arctan2(side * x, side * (radius - y))
            x, y = radius * angle, radius - side * np.hypot(x, radius - y)
        elif self.curve:
            radius = self.width / self.curve
            # what is beyond the cylinder's sides is seen nowhere: it comes to lie beyond the picture
            beyond = np.sign(x) * np.maximum(np.abs(x) - radius, 0) * 4
            angle = np.arcsin(np.clip(x / radius, -1, 1))
            x, y = radius * angle + beyond, y + radius * self.dip * (1 - np.cos(angle))
        return np.stack([x, y], axis=1) + (self.width / 2, self.height / 2)

    def extent(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the result."""
        return self.outline((0, 0, self.width, self.height))

    def outline(self, box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of a rectangle of the flat picture in the result."""
        along = np.linspace(0, 1, 25)
        low, high = np.zeros(25), np.ones(25)
        sides = [(along, low), (along, high), (low, along), (high, along)]
        outline = np.concatenate([np.stack(side, axis=1) for side in sides])
        seen = self.forward(outline * np.subtract(box[2:], box[:2]) + box[:2])
        (left, top), (right, bottom) = seen.min(axis=0), seen.max(axis=0)
        return float(left), float(top), float(right), float(bottom)

    def moved(self, x: float, y: float) -> "Warp":
        """The same warp with its result `x` pixels further right and `y` further down."""
        view = np.array([[1, 0, x], [0, 1, y], [0, 0, 1]]) @ np.reshape(self.view, (3, 3))
        return replace(self, view=tuple(view.ravel().tolist()))

    def picture(self, flat: Image.Image) -> tuple[Image.Image, tuple[int, int]]:
        """The warped picture on black, and the place of its upper left corner."""
        left, top, right, bottom = self.extent()
        corner = int(np.floor(left)) - 1, int(np.floor(top)) - 1
        size = int(np.ceil(right)) + 1 - corner[0], int(np.ceil(bottom)) + 1 - corner[1]
        if not self.arc and not self.curve:
            moved = np.reshape(self.view, (3, 3)).copy()
            moved[:2] -= np.outer(corner, moved[2])
            back = np.linalg.inv(moved)
            back[:2] += np.outer((self.width / 2, self.height / 2), back[2])
            seen = (back / back[2, 2]).ravel()[:8].tolist()
            return flat.transform(size, Image.Transform.PERSPECTIVE, seen, Image.Resampling.BILINEAR), corner
        return warp(flat, size, lambda points: self.backward(points + corner)), corner


def warp(
    flat: Image.Image, size: tuple[int, int], backward: Callable[[np.ndarray], np.ndarray], cell: int = CELL
) -> Image.Image:
    """A picture of `size` on black; `backward` maps its points to the points of `flat` seen there.

    What is bent little may have larger patches, of `cell` pixels, which are faster.
    """
    xs, ys = (np.unique([*range(0, side, cell), side]) for side in size)
    knots = np.stack(np.meshgrid(xs, ys), axis=-1)
    sources = backward(knots.reshape(-1, 2)).reshape(*knots.shape)
    patches = np.concatenate([knots[:-1, :-1], knots[1:, 1:]], axis=-1).reshape(-1, 4)
    corners = [sources[:-1, :-1], sources[1:, :-1], sources[1:, 1:], sources[:-1, 1:]]
    return warp_patches(flat, size, patches, np.stack(corners, axis=2).reshape(-1, 4, 2))


def warp_patches(
    flat: Image.Image, size: tuple[int, int], patches: np.ndarray, corners: np.ndarray
) -> Image.Image:
    """A picture of `size`, on black, put together from patches of `flat`.

    Args:
        flat: The picture from which the patches are taken.
        size: Width and height in pixels.
        patches: Left, top, right and bottom of each patch in whole pixels, of shape (patches, 4).
        corners: For each patch, the points of `flat` seen at its upper left, lower left, lower right and
            upper right corner, of shape (patches, 4, 2).
    """
    # patches that are all black are skipped, as they would take most of the time
    left, top, right, bottom = flat.getbbox() or (0, 0, 0, 0)
    low, high = corners.min(axis=1), corners.max(axis=1)
    shown = ((high > (left - 1, top - 1)) & (low < (right + 1, bottom + 1))).all(axis=1)
    pairs = zip(patches[shown].tolist(), corners[shown].reshape(-1, 8).tolist(), strict=True)
    mesh: list[Any] = [(tuple(patch), tuple(quad)) for patch, quad in pairs]
    return flat.transform(size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)


def project(matrix: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The places, of shape (points, 2), to which a projective matrix of shape (3, 3) takes points."""
    seen = matrix @ np.stack([x, y, np.ones_like(x)])
    return (seen[:2] / seen[2]).T
