"""Signs drawn by a pen: where its ink lies, and what differs from one time to the next."""

from dataclasses import replace

import numpy as np

from data_engines.tools.strokes import SPACING, Course, Pen, draw_signs, sign_of, stamp

STEADY = Pen(width=0.06, stray=0, rounding=0, taper=0, joining=0, pressure=0, slant=0, rise=0)
CROSS = [np.array([[0.1, -0.4], [0.9, -0.4]]), np.array([[0.5, -0.8], [0.5, 0.0]])]
CORNER = [np.array([[0.1, -0.8], [0.9, -0.8], [0.9, 0.0]])]
RNG = np.random.default_rng


def course(paths: list[np.ndarray], pen: Pen, seed: int = 1, ordered: bool = False) -> Course:
    return draw_signs([sign_of(paths, ordered=ordered)], np.array([[2.0, 0.0]]), pen, RNG(seed))


def test_points_follow_the_paths_at_small_distances() -> None:
    sign = sign_of(CROSS)
    assert sign.strokes == 2
    first = sign.points[sign.stroke == 0]
    assert np.allclose(first[[0, -1]], CROSS[0])
    assert np.hypot(*np.diff(first, axis=0).T).max() <= SPACING + 1e-6
    assert sign.along[sign.stroke == 1][[0, -1]].tolist() == [0, 1]


def test_a_steady_pen_draws_what_it_is_given() -> None:
    found = course(CROSS, STEADY)
    assert np.allclose(found.points - (2, 0), sign_of(CROSS).points, atol=1e-6)
    assert (found.ink == 1).all()
    assert np.abs(found.width / STEADY.width - 1).max() <= 0.15


def test_no_sign_is_drawn_twice_alike_but_all_stay_near_their_places() -> None:
    stray = replace(STEADY, stray=0.03)
    first, same, other = (course(CROSS, stray, seed).points for seed in (1, 1, 2))
    assert (first == same).all() and not np.allclose(first, other, atol=0.005)
    for seed in range(20):
        assert np.abs(course(CROSS, stray, seed).points - (2, 0) - sign_of(CROSS).points).max() < 0.2


def test_a_quick_hand_rounds_corners_and_keeps_ends() -> None:
    sharp, rounded = (course(CORNER, replace(STEADY, rounding=share)).points - (2, 0) for share in (0, 1))
    corner = np.array([0.9, -0.8])
    assert np.hypot(*(sharp - corner).T).min() < SPACING
    assert np.hypot(*(rounded - corner).T).min() > SPACING / 2
    assert np.allclose(sharp[[0, -1]], rounded[[0, -1]], atol=1e-6)


def test_slant_and_rise() -> None:
    leaning = course(CROSS, replace(STEADY, slant=0.2)).points - (2, 0)
    assert np.allclose(
        leaning[:, 0], sign_of(CROSS).points[:, 0] - 0.2 * sign_of(CROSS).points[:, 1], atol=1e-6
    )
    rising = course(CROSS, replace(STEADY, rise=0.1)).points - (2, 0)
    assert np.allclose(
        rising[:, 1], sign_of(CROSS).points[:, 1] - 0.1 * sign_of(CROSS).points[:, 0], atol=1e-6
    )


def test_a_wide_sign_rises_no_more_than_a_letter() -> None:
    bar = [np.array([[0.0, -0.3], [20.0, -0.3]])]
    rising = course(bar, replace(STEADY, rise=0.1)).points[:, 1]
    assert np.isclose(rising[0] - rising[-1], 0.1, atol=1e-6)


def test_strokes_are_joined_only_where_their_order_is_known() -> None:
    near = [np.array([[0.1, -0.6], [0.5, -0.6]]), np.array([[0.4, -0.4], [0.8, -0.4]])]
    joining = replace(STEADY, joining=1.0)
    points = len(sign_of(near).points)
    assert len(course(near, joining).points) == points
    linked = course(near, joining, ordered=True).points
    assert np.allclose(linked[points] - (2, 0), (0.5, -0.6)) and np.allclose(linked[-1] - (2, 0), (0.4, -0.4))


def test_the_stamped_ink_has_the_width_of_the_pen() -> None:
    points = np.stack([np.arange(10, 60, 0.5), np.full(100, 20.0)], axis=1)
    for width in (2.0, 5.0, 9.0):
        mask, (left, top) = stamp(Course(points, np.full(100, width), np.full(100, 1.0)))
        levels = np.asarray(mask, dtype=float) / 255
        across = levels[:, levels.shape[1] // 2]
        assert abs(across.sum() - width) < 0.4
        middle = (across * (np.arange(len(across)) + 0.5 + top)).sum() / across.sum()
        assert abs(middle - 20) < 0.2
        assert left < 10 - width / 2 and not levels[0].any() and not levels[:, 0].any()


def test_faint_ink_is_faint() -> None:
    point = np.array([[5.0, 5.0]])
    levels = [np.asarray(stamp(Course(point, np.array([4.0]), np.array([ink])))[0]).max() for ink in (1, 0.5)]
    assert levels == [255, 127]
