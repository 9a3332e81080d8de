"""Numbers of charts and the axes that they are read from."""

import numpy as np
import pytest

pytest.importorskip("faker")

from data_engines.engine import Reject  # noqa: E402
from data_engines.kinds.chart.axes import (  # noqa: E402 (below the check that it is installed)
    Axis,
    LogAxis,
    make_axis,
    moved_off,
    number,
    read_at,
    tick_text,
    written,
)
from data_engines.kinds.chart.numbers import hundred, sample_boxes, sample_counts  # noqa: E402
from data_engines.kinds.chart.words import Quantity  # noqa: E402


@pytest.mark.parametrize(
    ("low", "high", "steps", "axis"),
    [
        (0, 93, 5, Axis(0, 100, 20)),
        (0, 93, 10, Axis(0, 100, 10)),
        (-37, 93, 7, Axis(-40, 100, 20)),
        (0, 7, 8, Axis(0, 7, 1)),
        (412, 498, 6, Axis(400, 500, 20)),
    ],
)
def test_axes_have_round_steps_that_cover_the_numbers(low: int, high: int, steps: int, axis: Axis) -> None:
    assert make_axis(low, high, steps) == axis


def test_parts_of_steps_are_marked_where_they_are_too_fine_to_be_told_at_sight() -> None:
    assert list(Axis(0, 20, 10, parts=2).marks) == [0, 10, 20]
    assert list(Axis(0, 20, 10, parts=5).marks) == [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20]


def test_numbers_are_exact() -> None:
    assert [number(3, 0), number(3, 1), number(-125, 2)] == [3, 0.3, -1.25]
    assert [written(1234567, 2), written(-5, 1), written(0, 0)] == ["12,345.67", "-0.5", "0"]


def test_ticks_have_as_many_places_as_their_step_needs() -> None:
    assert [tick_text(count, 1, Axis(0, 100, 50)) for count in (0, 50, 100)] == ["0", "5", "10"]
    assert [tick_text(count, 1, Axis(0, 10, 5)) for count in (0, 5, 10)] == ["0.0", "0.5", "1.0"]


def test_percentages_add_up_exactly() -> None:
    assert hundred(np.array([1.0, 1.0, 1.0]), 1) == [334, 333, 333]
    rng = np.random.default_rng(0)
    for places in (0, 1):
        for _ in range(50):
            assert sum(hundred(rng.dirichlet(np.ones(7)), places)) == 100 * 10**places


def test_no_number_lies_beyond_its_axis() -> None:
    """The parts of a stacked bar are rounded one by one, and may add up to more than what was to be drawn."""
    quantity = Quantity("Exports", "billion USD", 4, 20, 1)
    rng = np.random.default_rng(0)
    for _ in range(300):
        for labelled in (True, False):
            made = sample_counts(rng, quantity, (4, 5), False, "column", labelled=labelled, stacked=True)
            assert max(map(sum, zip(*(made.exact or made.values), strict=True))) <= made.axis.high


def test_a_tenth_of_the_space_between_gridlines_is_read() -> None:
    axis = Axis(100, 300, 50, parts=10)
    assert (axis.part, list(axis.marks)) == (5, [100, 150, 200, 250, 300])
    assert read_at(axis, np.array([[101, 103], [247.4, 300]])).tolist() == [[100, 105], [245, 300]]


def test_a_logarithmic_axis_is_read_ever_more_coarsely_within_a_decade() -> None:
    axis = LogAxis(10, 1000)
    assert list(axis.ticks) == [10, 100, 1000]
    assert list(axis.marks) == [*range(10, 100, 10), *range(100, 1001, 100)]
    numbers = np.array([11.5, 13.1, 26, 64, 66, 860, 990])
    assert read_at(axis, numbers).tolist() == [12, 14, 25, 60, 70, 900, 1000]
    assert [tick_text(count, 0, axis) for count in axis.ticks] == ["10", "100", "1,000"]


@pytest.mark.parametrize("axis", [Axis(-20, 60, 20, parts=10), LogAxis(10, 10_000)])
def test_marks_that_are_moved_off_are_still_read_the_same(axis: Axis | LogAxis) -> None:
    rng, places = np.random.default_rng(0), np.array(axis.places)
    for _ in range(50):
        moved = moved_off(rng, axis, places)
        assert read_at(axis, moved).tolist() == places.tolist()
        assert axis.low <= moved.min() and moved.max() <= axis.high
        distances = np.abs(np.diff(axis.positions(moved)))
        assert distances.min() > 0.05 * axis.gap
        assert (moved[1:-1] != places[1:-1]).mean() > 0.9


def test_the_lines_of_a_box_stand_in_order_and_apart() -> None:
    quantity, rng, made = Quantity("Exports", "billion USD", 4, 700, 1), np.random.default_rng(0), 0
    for _ in range(100):
        try:
            numbers = sample_boxes(rng, quantity, 10)
        except Reject:
            continue
        made += 1
        marks = np.array(numbers.exact or numbers.values)
        assert np.diff(numbers.values, axis=0).min() >= numbers.axis.gap
        assert numbers.axis.low < marks.min() and marks.max() < numbers.axis.high
    assert made > 80
