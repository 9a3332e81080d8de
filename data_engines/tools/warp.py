"""Warped pictures: bent round an arc and seen at an angle, as signs are in the street, or any other way."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

CELL = 16
"""Pixels along the sides of the patches a picture is warped by; within one, lines stay straight."""


@dataclass(frozen=True)
class Warp:
    """Where the points of a flat picture come to lie: first on an arc, then in perspective."""

    width: int
    """Of the flat picture, in pixels."""
    height: int
    arc: float
    """Angle that the picture spans on its circle in radians: 0 is straight, above 0 the middle is highest."""
    view: tuple[float, ...]
    """Projective matrix, row by row: from pixels round the middle of the flat picture to those seen."""

    def forward(self, points: np.ndarray) -> np.ndarray:
        """Where points of the flat picture, of shape (points, 2), are seen."""
        x, y = (points - (self.width / 2, self.height / 2)).T
        if self.arc:
            radius = self.width / self.arc
            angle, reach = x / radius, radius - y
            x, y = reach * np.sin(angle), radius - reach * np.cos(angle)
        return _project(np.reshape(self.view, (3, 3)), x, y)

    def backward(self, points: np.ndarray) -> np.ndarray:
        """Which points of the flat picture are seen at `points`; the inverse of `forward`."""
        x, y = _project(np.linalg.inv(np.reshape(self.view, (3, 3))), *points.T).T
        if self.arc:
            radius = self.width / self.arc
            # with the circle's middle above the text, all signs are the other way round
            side = np.sign(radius)
            angle = np.arctan2(side * x, side * (radius - y))
            x, y = radius * angle, radius - side * np.hypot(x, radius - y)
        return np.stack([x, y], axis=1) + (self.width / 2, self.height / 2)

    def extent(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of what is seen."""
        along = np.linspace(0, 1, 25)
        low, high = np.zeros(25), np.ones(25)
        sides = [(along, low), (along, high), (low, along), (high, along)]
        outline = np.concatenate([np.stack(side, axis=1) for side in sides]) * (self.width, self.height)
        seen = self.forward(outline)
        (left, top), (right, bottom) = seen.min(axis=0), seen.max(axis=0)
        return float(left), float(top), float(right), float(bottom)

    def picture(self, flat: Image.Image) -> tuple[Image.Image, tuple[int, int]]:
        """The whole of a flat picture as it is seen, on black, and where its left upper corner lies."""
        left, top, right, bottom = self.extent()
        corner = int(np.floor(left)) - 1, int(np.floor(top)) - 1
        size = int(np.ceil(right)) + 1 - corner[0], int(np.ceil(bottom)) + 1 - corner[1]
        if not self.arc:
            moved = np.reshape(self.view, (3, 3)).copy()
            moved[:2] -= np.outer(corner, moved[2])
            back = np.linalg.inv(moved)
            back[:2] += np.outer((self.width / 2, self.height / 2), back[2])
            seen = (back / back[2, 2]).ravel()[:8].tolist()
            return flat.transform(size, Image.Transform.PERSPECTIVE, seen, Image.Resampling.BILINEAR), corner
        return warp(flat, size, lambda points: self.backward(points + corner)), corner


def warp(
    flat: Image.Image, size: tuple[int, int], backward: Callable[[np.ndarray], np.ndarray]
) -> Image.Image:
    """A picture of `size`, on black; `backward` says which points of `flat` are seen at points of it."""
    xs, ys = (np.unique([*range(0, side, CELL), side]) for side in size)
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
        flat: What is seen on the patches.
        size: Width and height in pixels.
        patches: Left, top, right and bottom of each in whole pixels, of shape (patches, 4).
        corners: Which points of `flat` are seen at its left upper, left lower, right lower and right upper
            corner, of shape (patches, 4, 2).
    """
    # patches of nothing but black would take most of the time
    left, top, right, bottom = flat.getbbox() or (0, 0, 0, 0)
    low, high = corners.min(axis=1), corners.max(axis=1)
    shown = ((high > (left - 1, top - 1)) & (low < (right + 1, bottom + 1))).all(axis=1)
    pairs = zip(patches[shown].tolist(), corners[shown].reshape(-1, 8).tolist(), strict=True)
    mesh: list[Any] = [(tuple(patch), tuple(quad)) for patch, quad in pairs]
    return flat.transform(size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)


def _project(matrix: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    seen = matrix @ np.stack([x, y, np.ones_like(x)])
    return (seen[:2] / seen[2]).T
