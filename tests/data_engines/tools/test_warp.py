"""Warped pictures: where points go, where they come from, and that pixels agree with both."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from data_engines.tools.warp import Warp

VIEWS = {
    "as it is": (1, 0, 0, 0, 1, 0, 0, 0, 1),
    "moved": (1, 0, 40.5, 0, 1, -7, 0, 0, 1),
    "turned and tilted": (0.9, -0.2, 300, 0.25, 1.1, 200, 0.0008, -0.001, 1),
}


@pytest.mark.parametrize("arc", [0.0, 0.8, -0.8, 1.5])
@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_there_and_back(view: tuple[float, ...], arc: float) -> None:
    warp = Warp(200, 60, arc, view)
    points = np.random.default_rng(0).uniform((0, 0), (200, 60), (50, 2))
    assert np.allclose(warp.backward(warp.forward(points)), points)


def test_an_arc_lifts_or_lowers_the_middle() -> None:
    ends_and_middle = np.array([[0, 30], [100, 30], [200, 30]])
    up = Warp(200, 60, 1.0, VIEWS["as it is"]).forward(ends_and_middle)
    down = Warp(200, 60, -1.0, VIEWS["as it is"]).forward(ends_and_middle)
    assert np.allclose(up[1], (0, 0)) and np.allclose(down[1], (0, 0))
    # a circle of radius 200, half a radian to either side
    assert np.allclose(up[2], (200 * np.sin(0.5), 200 * (1 - np.cos(0.5))))
    assert np.allclose(down[2], up[2] * (1, -1)) and np.allclose(up[0], up[2] * (-1, 1))


@pytest.mark.parametrize("arc", [0.0, 0.7, -0.7])
@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_pixels_go_where_points_do(view: tuple[float, ...], arc: float) -> None:
    warp = Warp(240, 80, arc, view)
    dots = [(30, 20), (120, 40), (210, 64), (60, 60)]
    for x, y in dots:
        flat = Image.new("L", (240, 80))
        ImageDraw.Draw(flat).rectangle((x - 3, y - 3, x + 2, y + 2), fill=255)
        seen, corner = warp.picture(flat)
        weights = np.asarray(seen, dtype=float)
        rows, columns = np.mgrid[: seen.height, : seen.width] + 0.5
        middle = np.array([(weights * columns).sum(), (weights * rows).sum()]) / weights.sum() + corner
        assert np.abs(middle - warp.forward(np.array([[x, y]]))[0]).max() < 0.6


@pytest.mark.parametrize("arc", [0.0, 1.2, -1.2])
def test_all_of_a_picture_is_seen(arc: float) -> None:
    warp = Warp(150, 50, arc, VIEWS["turned and tilted"])
    seen, corner = warp.picture(Image.new("L", (150, 50), 255))
    levels = np.asarray(seen)
    assert not levels[[0, -1]].any() and not levels[:, [0, -1]].any()
    # as much of it as the outline encloses, by the shoelace formula
    along = np.linspace(0, 1, 200)
    zero, one = np.zeros(200), np.ones(200)
    sides = [(along, zero), (one, along), (1 - along, one), (zero, 1 - along)]
    outline = warp.forward(np.concatenate([np.stack(side, axis=1) for side in sides]) * (150, 50))
    x, y = outline.T
    area = abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2
    assert abs(levels.sum() / 255 - area) < 0.02 * area
    left, top, right, bottom = warp.extent()
    assert corner == (int(np.floor(left)) - 1, int(np.floor(top)) - 1)
    assert seen.width >= right - corner[0] and seen.height >= bottom - corner[1]


@pytest.mark.parametrize("dip", [0.0, 0.4, -0.4])
def test_a_cylinder_narrows_towards_its_sides(dip: float) -> None:
    flat = Warp(200, 100, 0.0, (1, 0, 0, 0, 1, 0, 0, 0, 1))
    bent = Warp(200, 100, 0.0, flat.view, curve=2.0, dip=dip)
    points = np.array([[0, 0], [10, 0], [100, 0], [110, 0], [200, 0], [30, 70]], dtype=float)
    seen = bent.forward(points)
    # by trigonometry: a radius of 100, and one radian to each side
    assert np.allclose(seen[[0, 4], 0], [-100 * np.sin(1), 100 * np.sin(1)])
    assert seen[1, 0] - seen[0, 0] < 0.6 * (seen[3, 0] - seen[2, 0])
    assert np.allclose(seen[2], [0, -50]) and np.allclose(seen[0, 1], -50 - 100 * dip * (1 - np.cos(1)))
    assert np.allclose(bent.backward(seen), points)
    picture, (left, top) = bent.picture(Image.new("L", (200, 100), 255))
    extent = bent.extent()
    assert (left, top) == (int(np.floor(extent[0])) - 1, int(np.floor(extent[1])) - 1)
    assert abs(np.asarray(picture).sum() / 255 - 200 * np.sin(1) * 100) < 250


def test_a_moved_warp_shows_the_same_picture_elsewhere() -> None:
    warp = Warp(150, 50, 0.7, VIEWS["turned and tilted"])
    flat = Image.new("L", (150, 50), 255)
    (seen, corner), (other, moved) = warp.picture(flat), warp.moved(30, -7).picture(flat)
    assert moved == (corner[0] + 30, corner[1] - 7)
    assert np.abs(np.asarray(seen, dtype=int) - np.asarray(other)).max() <= 1
