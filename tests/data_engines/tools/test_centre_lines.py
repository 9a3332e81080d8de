"""The paths of a pen in the ink of a picture."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from data_engines.tools.centre_lines import covers, trace


def drawn(*lines: tuple[float, ...], width: int = 7, size: int = 100) -> np.ndarray:
    picture = Image.new("L", (size, size))
    canvas = ImageDraw.Draw(picture)
    for line in lines:
        canvas.line(line, 255, width)
    return np.asarray(picture) > 127


def ends(path: np.ndarray) -> list[float]:
    return [*path[0], *path[-1]]


def test_a_line_is_one_path_to_the_right_or_down() -> None:
    (across,) = trace(drawn((10, 50, 90, 50)))
    assert np.abs(np.subtract(ends(across), (10, 50, 90, 50))).max() < 5
    assert np.abs(across[:, 1] - 50.5).max() <= 1
    (down,) = trace(drawn((30, 90, 50, 10)))
    assert np.abs(np.subtract(ends(down), (50, 10, 30, 90))).max() < 6


def test_strokes_go_on_straight_where_they_cross() -> None:
    paths = trace(drawn((10, 50, 90, 50), (50, 10, 50, 90)))
    assert len(paths) == 2
    spans = sorted(np.ptp(path, axis=0).tolist() for path in paths)
    assert np.abs(np.subtract(spans, [(0, 80), (80, 0)])).max() < 6


def test_a_stroke_that_ends_at_another_reaches_it() -> None:
    bar, stem = sorted(trace(drawn((10, 20, 90, 20), (50, 20, 50, 90))), key=lambda path: -np.ptp(path[:, 0]))
    assert np.ptp(bar[:, 0]) > 74 and np.abs(bar[:, 1] - 20.5).max() < 2
    assert abs(stem[0][1] - 20.5) < 2 and abs(stem[-1][1] - 90) < 5


def test_a_corner_is_one_path_and_a_ring_begins_at_its_upper_left() -> None:
    (corner,) = trace(drawn((20, 20, 80, 20), (80, 17, 80, 80)))
    assert np.abs(np.subtract(ends(corner), (20, 20, 80, 80))).max() < 6
    picture = Image.new("L", (100, 100))
    ImageDraw.Draw(picture).rectangle((20, 30, 80, 80), outline=255, width=6)
    (ring,) = trace(np.asarray(picture) > 127)
    assert np.abs(ring[0] - (23, 33)).max() < 4 and np.abs(ring[0] - ring[-1]).max() <= 1


@pytest.mark.parametrize(
    "lines", [[(10, 50, 90, 50)], [(10, 50, 90, 50), (50, 10, 50, 90)], [(20, 20, 21, 20)]]
)
def test_paths_cover_what_was_drawn_with_a_pen(lines: list[tuple[float, ...]]) -> None:
    ink = drawn(*lines)
    assert covers(trace(ink), ink, thickest=6)
    lost = ink | drawn((5, 5, 15, 5))
    assert not covers(trace(ink), lost, thickest=6)


def test_a_solid_sign_is_not_covered() -> None:
    picture = Image.new("L", (100, 100))
    ImageDraw.Draw(picture).ellipse((20, 20, 80, 80), 255)
    ink = np.asarray(picture) > 127
    assert not covers(trace(ink), ink, thickest=6)


def test_no_ink_has_no_paths() -> None:
    blank = np.zeros((9, 9), dtype=bool)
    assert trace(blank) == [] and covers([], blank, thickest=1)
    assert not covers([], ~blank, thickest=1)
