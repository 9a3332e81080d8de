"""Curves: where points stand, and what those are told who do not see them."""

import math
import re

import pytest

from got_train.pages.curves import HEIGHT, MAX_POINTS, MAX_ROWS, ROWS, WIDTH, Line, curve_html, number

NAN = math.nan


def points(page: str) -> list[list[tuple[float, float]]]:
    """The points of each line of the drawing, which comes before the legend."""
    drawn = re.findall(r'points="([^"]*)"', page.partition("</svg>")[0])
    return [[(float(x), float(y)) for x, y in (pair.split(",") for pair in line.split())] for line in drawn]


def test_a_line_goes_from_left_to_right_and_up_with_its_values() -> None:
    [[start, middle, end]] = points(curve_html("CER", [Line("a", [(0, 0.0), (50, 5.0), (100, 10.0)])]))
    assert start[0] < middle[0] < end[0] <= WIDTH
    assert HEIGHT >= start[1] > middle[1] > end[1] >= 0
    assert middle == (pytest.approx((start[0] + end[0]) / 2), pytest.approx((start[1] + end[1]) / 2))


def test_losses_that_differ_much_have_a_logarithmic_scale() -> None:
    losses = [(0, 100.0), (1, 1.0), (2, 0.01)]
    page = curve_html("Loss", [Line("a", losses)], may_be_log=True)
    [[start, middle, end]] = points(page)
    assert middle[1] == pytest.approx((start[1] + end[1]) / 2)
    assert "logarithmic scale" in page and ">0.01</text>" in page
    for others in ([(0, 3.0), (1, 2.0)], [*losses, (3, 0.0)]):
        assert "logarithmic" not in curve_html("Loss", [Line("a", others)], may_be_log=True)
    assert "logarithmic" not in curve_html("Loss", [Line("a", losses)])


def test_the_text_for_those_who_do_not_see_it_and_the_table_have_the_figures() -> None:
    page = curve_html("Loss", [Line("A", [(1, 3.0), (2, 0.5), (1000, 0.75)])])
    words = "Loss. A: 3 at step 1, 0.75 at step 1,000, lowest 0.5 at step 2, highest 3 at step 1"
    assert f'role="img" aria-label="{words}"' in page
    rows = re.findall(r'<tr><th scope="row">([^<]*)</th><td>([^<]*)</td>', page)
    assert rows == [("1", "3"), ("2", "0.5"), ("1,000", "0.75")]


def test_a_line_is_broken_where_it_is_not_finite_and_that_is_said() -> None:
    given = [(0, 1.0), (1, 2.0), (2, NAN), (3, math.inf), (4, 1.0), (5, 3.0), (6, -(10.0**200))]
    page = curve_html("Loss", [Line("A", given)])
    assert [len(line) for line in points(page)] == [2, 2]
    assert '<p class="fault">A: 3 not finite, the first at step 2</p>' in page
    assert "nan" not in page.partition("<details>")[0]


@pytest.mark.parametrize(
    "values",
    [[NAN], [0.0], [5e-324], [1e100], [-1e100], [1e-300, 1e-299], [-3.0, -3.0], [7.0] * 3, [1e99, 1e100]],
)
def test_odd_values_have_a_curve(values: list[float]) -> None:
    for may_be_log in (False, True):
        page = curve_html("Loss", [Line("A", list(enumerate(values)))], may_be_log)
        drawn = [place for line in points(page) for place in line]
        assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in drawn)
        finite = [value for value in values if math.isfinite(value)]
        assert len(drawn) == len(finite) or len(finite) == 1 and page.count("<circle") == 1


def test_of_many_points_the_lowest_and_the_highest_are_kept() -> None:
    values = [1.0] * 100_000
    values[54_321], values[77_777] = 9.0, 0.0
    page = curve_html("Loss", [Line("A", list(enumerate(values)))])
    [line] = points(page)
    assert len(line) <= 2 * MAX_POINTS
    heights = [y for _, y in line]
    assert heights.count(min(heights)) == heights.count(max(heights)) == 1
    assert page.count('<th scope="row">') == MAX_ROWS


def test_lines_are_told_apart_without_colours() -> None:
    lines = [
        Line(f"{letter}", [(0, 1.0), (1, 1.0)], place, letter=letter) for place, letter in enumerate("ABC")
    ]
    page = curve_html("Loss", [*lines, Line("held out", [(0, 2.0), (1, 2.0)], dashed=True)])
    ends = re.findall(r'<text class="letter c\d" x="[\d.]+" y="([\d.]+)">(\w)</text>', page)
    assert [letter for _, letter in ends] == ["A", "B", "C"]
    heights = [float(y) for y, _ in ends]
    assert all(below - above >= 12 for above, below in zip(heights, heights[1:], strict=False))
    assert page.count('class="c0 dashed" points') == 2 and page.count("<circle") == 3  # with the legend


def test_intervals_are_bars_within_the_frame_and_other_places_have_their_name() -> None:
    line = Line("A", [(10, 1.0), (20, 0.5)], intervals=[(10, 0.5, 9.0), (20, 0.25, 0.75)])
    page = curve_html("CER", [line], over=ROWS)
    tops = [(float(x) + 4, float(y)) for x, y in re.findall(r'd="M([\d.]+) ([\d.]+)h8', page)]
    assert [x for x, _ in tops] == [pytest.approx(x) for x, _ in points(page)[0]]
    highest = [float(y) for y in re.findall(r"V([\d.]+)m", page)]
    assert all(0 <= top < low <= HEIGHT for top, (_, low) in zip(highest, tops, strict=True))
    assert (
        ">training rows</text>" in page and "A: 1 at 10 rows, 0.5 at 20 rows, lowest 0.5 at 20 rows" in page
    )
    assert '<th scope="col">training rows</th>' in page


def test_numbers_are_short() -> None:
    assert [number(value) for value in (0, 12.345, 99999.0, 1e12, 1e-7)] == [
        "0",
        "12.3",
        "99,999",
        "1e+12",
        "1e-07",
    ]
