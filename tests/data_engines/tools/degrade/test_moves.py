"""Where points, boxes and pixels go when a sheet is turned, tilted, curled and folded."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from data_engines.engine import PixelBox
from data_engines.tools.degrade.fields import paper_color
from data_engines.tools.degrade.moves import (
    Turn,
    View,
    choose_photograph,
    choose_screen,
    choose_turn,
    move_box,
)

SIZE = (300, 220)
MARKS: dict[tuple[int, int, int], PixelBox] = {
    (255, 0, 0): (0, 0, 140, 30),
    (0, 160, 0): (60, 90, 90, 170),
    (0, 0, 255): (260, 190, 300, 220),
}
CHOICES = {"turn": choose_turn, "photograph": choose_photograph, "screen": choose_screen}


def choose(name: str, seed: int, size: tuple[int, int] = SIZE) -> Turn | View:
    move: Turn | View = CHOICES[name](np.random.default_rng(seed), size, 1.0)  # type: ignore[operator]
    return move


@pytest.mark.parametrize("name", CHOICES)
def test_boxes_hold_what_they_held_and_no_more(name: str) -> None:
    flat = Image.new("RGB", SIZE, "white")
    for color, (left, top, right, bottom) in MARKS.items():
        ImageDraw.Draw(flat).rectangle((left, top, right - 1, bottom - 1), color)
    for seed in range(8):
        move = choose(name, seed)
        seen = np.asarray(move.picture(flat).convert("RGB").convert("HSV"), dtype=int)
        for color, box in MARKS.items():
            hue = Image.new("RGB", (1, 1), color).convert("HSV").getpixel((0, 0))[0]  # type: ignore[index]
            alike = (abs(seen[..., 0] - hue) < 12) & (seen[..., 1] > 170) & (seen[..., 2] > 90)
            rows, columns = np.nonzero(alike)
            found = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
            assert np.abs(np.subtract(found, move_box(move, box))).max() <= 2, (seed, color)


@pytest.mark.parametrize("name", CHOICES)
def test_the_whole_sheet_is_on_the_canvas(name: str) -> None:
    for seed in range(20):
        move = choose(name, seed)
        width, height = move.new if isinstance(move, Turn) else move.size
        left, top, right, bottom = move_box(move, (0, 0, *SIZE))
        assert min(left, top) >= 0 and right <= width and bottom <= height


def test_what_is_seen_at_a_point_is_the_inverse_of_where_points_are_seen() -> None:
    points = np.random.default_rng(0).uniform(0, SIZE, (100, 2))
    bent = 0
    for seed in range(12):
        view = choose_photograph(np.random.default_rng(seed), SIZE, 1.0)
        assert np.abs(view.backward(view.points(points)) - points).max() < 0.05
        bent += bool(np.abs(view.relief.shifts(points)).max() > 1)
    assert 4 < bent < 12  # others lie flat


def test_a_turn_keeps_all_ink_at_the_borders() -> None:
    # marks in the very corners: all of them must still be there, on paper all round
    picture = Image.new("L", (160, 120), "white")
    for x in (0, 130):
        for y in (0, 100):
            ImageDraw.Draw(picture).rectangle((x, y, x + 29, y + 19), "black")
    for seed in range(40):
        turned = choose("turn", seed, picture.size).picture(picture)
        missing_light = 255 * turned.width * turned.height - int(np.asarray(turned).sum())
        # half a pixel of the marks' outer edge, where it blends with nothing, may be gained or lost
        assert abs(missing_light / 255 - 4 * 30 * 20) < 0.5 * 4 * 2 * (30 + 20)


def test_the_paper_goes_on_where_a_turn_uncovers_it() -> None:
    plain = Image.new("RGB", SIZE, (180, 200, 190))
    turned = choose("turn", 0).picture(plain)
    assert paper_color(plain) == (180, 200, 190) and turned.size > SIZE
    assert turned.getcolors() == [(turned.width * turned.height, (180, 200, 190))]


def test_a_screen_is_flat_and_has_a_dark_frame() -> None:
    view = choose("screen", 3)
    seen = view.picture(Image.new("L", SIZE, 255))
    assert seen.getpixel((0, 0)) == (24, 24, 26)
    assert seen.getpixel((seen.width // 2, seen.height // 2)) == (255, 255, 255)


def test_folds_and_curls_are_seen_by_their_shading() -> None:
    shadings = [
        choose_photograph(np.random.default_rng(seed), SIZE, 1.0).relief.shading() for seed in range(12)
    ]
    darkest = [shading.getextrema()[0] for shading in shadings]
    assert all(shading.getextrema()[1] > 245 for shading in shadings)
    assert sum(level == 255 for level in darkest) > 0  # a flat one
    assert 120 < min(darkest) < 220
