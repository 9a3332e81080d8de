"""The check of charts: what a library drew is held against the answer, and every fault is found."""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from PIL import ImageDraw

from data_engines.engine import Reject
from data_engines.kinds.chart import echarts, matplotlib_chart
from data_engines.kinds.chart.axes import Axis, LogAxis
from data_engines.kinds.chart.check import check_chart
from data_engines.kinds.chart.data import Chart, target
from data_engines.kinds.chart.drawn import DrawnChart, Written, written_at
from data_engines.kinds.chart.look import Library, Look
from data_engines.kinds.chart.numbers import STATISTICS
from data_engines.kinds.chart.texts import Texts, set_texts


class Shown(NamedTuple):
    chart: Chart
    look: Look
    texts: Texts
    drawn: DrawnChart

    def check(self, **changes: Any) -> None:
        """As if the library had drawn something else."""
        drawn = dataclasses.replace(self.drawn, **changes)
        check_chart(self.chart, self.look, self.texts, drawn, target(self.chart))

    def written(self, text: str, change: Callable[[Written], Written]) -> tuple[Written, ...]:
        """The texts with one of them changed."""
        assert text in [some.text for some in self.drawn.texts]
        return tuple(change(some) if some.text == text else some for some in self.drawn.texts)


def show(chart: Chart, look: Look, library: Library) -> Shown:
    look = dataclasses.replace(look, style=() if library == "matplotlib" else ("white",))
    chart, texts = set_texts(chart, look)
    draw = matplotlib_chart.draw if library == "matplotlib" else echarts.draw
    return Shown(chart, look, texts, draw(chart, look, texts))


def moved(x: float = 0, y: float = 0) -> Callable[[Written], Written]:
    return lambda text: text._replace(
        boxes=tuple((a + x, b + y, c + x, d + y) for a, b, c, d in text.boxes), x=text.x + x, y=text.y + y
    )


@pytest.fixture(scope="module", params=["matplotlib", "echarts"])
def library(request: pytest.FixtureRequest) -> Library:
    return request.param


@pytest.fixture(scope="module")
def bars(columns: Chart, look: Look, library: Library) -> Shown:
    return show(columns, look, library)


@pytest.fixture(scope="module")
def lines(columns: Chart, look: Look, library: Library) -> Shown:
    """Without printed numbers, on fifths of the way between gridlines."""
    axis = Axis(0, 250, 50, parts=5)
    chart = dataclasses.replace(
        columns, form="line", labelled=False, axis=axis, values=((120, 40), (200, 50))
    )
    return show(chart, look, library)


@pytest.fixture(scope="module")
def slices(columns: Chart, look: Look, library: Library) -> Shown:
    plain = dataclasses.replace(columns, y_title=None, series=("",), suffix="%")
    chart = dataclasses.replace(plain, form="pie", categories=("A", "B", "C"), values=((500, 300, 200),))
    return show(chart, dataclasses.replace(look, numbers="outside"), library)


def test_good_pictures_pass(bars: Shown, lines: Shown, slices: Shown) -> None:
    for shown in (bars, lines, slices):
        shown.check()
    assert {"Sales", "North", "2020", "12.5", "Cost (USD)"} <= {text.text for text in bars.drawn.texts}


def test_all_forms_pass(columns: Chart, look: Look, library: Library) -> None:
    single = dataclasses.replace(columns, series=("",), values=((125, -40),), axis=Axis(-50, 150, 50))
    scatter = dataclasses.replace(
        dataclasses.replace(columns, labelled=False, categories=(), values=((50, 100), (150,))),
        x_values=((10, 20), (25,)),
        x_axis=Axis(0, 30, 10, parts=2),
    )
    charts = [
        dataclasses.replace(columns, form="bar", x_title="Cost", y_title="Year"),
        dataclasses.replace(columns, stacked=True, axis=Axis(0, 400, 100)),
        dataclasses.replace(columns, stacked=True, axis=Axis(0, 400, 100), form="bar"),
        dataclasses.replace(single, form="column"),
        dataclasses.replace(single, form="bar"),
        dataclasses.replace(columns, form="line"),
        dataclasses.replace(columns, form="area", series=("",), values=((125, 40),)),
        dataclasses.replace(scatter, form="scatter"),
        dataclasses.replace(columns, axis=Axis(30, 250, 20)),
        dataclasses.replace(columns, axis=Axis(30, 250, 20), form="bar"),
        dataclasses.replace(columns, values=((-125, -40), (-200, -55)), axis=Axis(-250, 0, 50)),
    ]
    for chart in charts:
        for legend in ("right", "top", "bottom", "inside")[: 3 if chart.form == "bar" else 4]:
            show(chart, dataclasses.replace(look, legend=legend), library).check()


def test_numbers_of_a_pie_stand_in_beside_or_in_the_legend(slices: Shown, library: Library) -> None:
    places = ("inside", "legend", *(["split"] if library == "matplotlib" else []))
    for form in ("pie", "donut"):
        for numbers in places:
            chart = dataclasses.replace(slices.chart, form=form)
            show(chart, dataclasses.replace(slices.look, numbers=numbers), library).check()


@pytest.fixture(scope="module")
def off(columns: Chart, look: Look, library: Library) -> Shown:
    """Without printed numbers, and anywhere between gridlines."""
    axis, exact = Axis(0, 250, 50, parts=10), ((122.0, 41.3), (197.9, 57.0))
    chart = dataclasses.replace(
        columns, form="line", labelled=False, axis=axis, values=((120, 40), (200, 55)), exact=exact
    )
    return show(chart, look, library)


@pytest.fixture(scope="module")
def combined(columns: Chart, look: Look, library: Library) -> Shown:
    """Two columns, and a line with the same numbers at its axis."""
    bars = dataclasses.replace(
        columns, labelled=False, axis=Axis(0, 250, 50), series=("Cost (USD)",), values=((125, 200),)
    )
    line = dataclasses.replace(bars, form="line", series=("Growth",), y_title="Growth", values=((50, 75),))
    return show(dataclasses.replace(bars, over=line), look, library)


def test_marks_off_the_gridlines_pass(off: Shown) -> None:
    off.check()
    assert '{"2020": 12.0, "2021": 4.0}' in target(off.chart)


def test_an_answer_that_is_not_what_a_reader_takes_a_mark_for_is_found(off: Shown) -> None:
    chart = dataclasses.replace(off.chart, values=((125, 40), (200, 55)))
    with pytest.raises(Reject, match="the answer differs from the data"):
        check_chart(chart, *off[1:], target(chart))


def test_places_too_near_each_other_are_found(off: Shown) -> None:
    chart = dataclasses.replace(off.chart, axis=Axis(0, 250, 50, parts=50))
    values = tuple(tuple(round(count) for count in row) for row in chart.exact)
    with pytest.raises(Reject, match="the places along an axis are too near each other"):
        off._replace(chart=dataclasses.replace(chart, values=values)).check()


def test_a_line_over_columns_passes_and_is_read_from_the_axis_at_its_right(combined: Shown) -> None:
    combined.check()
    ticks = [text for text in combined.drawn.texts if text.text == "25"]
    assert len(ticks) == 2
    [[(x, y), other]] = combined.drawn.points
    with pytest.raises(Reject, match="a mark is not where its number is"):
        combined.check(points=(((x, y - 5), other),))
    right = max(ticks, key=lambda text: text.x)
    texts = tuple(moved(y=6)(text) if text is right else text for text in combined.drawn.texts)
    with pytest.raises(Reject, match="a mark is not where its number is"):
        combined.check(texts=texts)


def test_a_line_that_is_beside_its_columns_is_found(combined: Shown) -> None:
    [[(x, y), (other, end)]] = combined.drawn.points
    with pytest.raises(Reject, match="a name is not at its mark"):
        combined.check(points=(((other, y), (x, end)),))


@pytest.fixture(scope="module")
def plain(columns: Chart) -> Chart:
    return dataclasses.replace(columns, labelled=False, series=("",), values=((125, 40),))


@pytest.mark.parametrize("powers", [False, True])
def test_logarithmic_axes_pass(columns: Chart, look: Look, powers: bool) -> None:
    axis = LogAxis(10, 1000, powers)
    for form in ("column", "bar", "line", "area"):
        numbers = {"values": ((120, 400),), "exact": ((121.0, 390.0),), "places": 0, "axis": axis}
        chart = dataclasses.replace(columns, form=form, series=("",), labelled=False, **numbers)
        shown = show(chart, look, "matplotlib")
        shown.check()
        with pytest.raises(Reject, match="a mark is not where its number is"):
            shown._replace(chart=dataclasses.replace(chart, exact=((124.0, 390.0),))).check()


def test_bins_pass_and_are_measured_below_too(plain: Chart, look: Look) -> None:
    bins = Axis(0, 20, 20, parts=2)
    chart = dataclasses.replace(plain, form="histogram", categories=("0-10", "10-20"), x_axis=bins)
    shown = show(chart, look, "matplotlib")
    shown.check()
    [[first, second]] = shown.drawn.bars
    with pytest.raises(Reject, match="a mark is not where its number is"):
        shown.check(bars=((first._replace(right=first.right - 3), second),))


def test_boxes_pass_and_each_of_their_lines_is_measured(plain: Chart, look: Look) -> None:
    rows = ((20, 30), (50, 40), (80, 60), (90, 75), (120, 140))
    shown = show(dataclasses.replace(plain, form="box", series=STATISTICS, values=rows), look, "matplotlib")
    shown.check()
    for place in range(5):
        points = [list(row) for row in shown.drawn.points]
        x, y = points[place][1]
        points[place][1] = (x, y + 3)
        with pytest.raises(Reject, match="a mark is not where its number is"):
            shown.check(points=tuple(map(tuple, points)))


@pytest.fixture(scope="module")
def radar(columns: Chart, look: Look) -> Shown:
    spokes = {"categories": ("A", "B", "C", "D"), "values": ((120, 40, 90, 150), (200, 55, 100, 35))}
    plain = {"form": "radar", "labelled": False, "y_title": None, "exact": ()}
    axis = Axis(0, 250, 50, parts=10)
    return show(dataclasses.replace(columns, axis=axis, **spokes, **plain), look, "matplotlib")


def test_radar_charts_pass_and_distances_are_measured(radar: Shown) -> None:
    radar.check()
    ((x, y), *others), *rows = radar.drawn.points
    with pytest.raises(Reject, match="a mark is not where its number is"):
        radar.check(points=(((x, y - 4), *others), *rows))


def test_points_between_spokes_are_found(radar: Shown) -> None:
    ((x, y), *others), *rows = radar.drawn.points
    with pytest.raises(Reject, match="a mark is not where its number is"):
        radar.check(points=(((x + 3, y), *others), *rows))


def test_names_of_spokes_that_are_swapped_are_found(radar: Shown) -> None:
    swap = {"A": "B", "B": "A"}
    texts = tuple(text._replace(text=swap.get(text.text, text.text)) for text in radar.drawn.texts)
    with pytest.raises(Reject, match="a name is not at its mark"):
        radar.check(texts=texts)


def test_a_text_that_is_cut_short_is_found(bars: Shown) -> None:
    with pytest.raises(Reject, match="a text is missing"):
        bars.check(texts=bars.written("Cost (USD)", lambda text: text._replace(text="Cost (…")))


def test_a_missing_entry_of_the_legend_is_found(bars: Shown) -> None:
    with pytest.raises(Reject, match="a text is missing"):
        bars.check(texts=tuple(text for text in bars.drawn.texts if text.text != "South"))


@pytest.mark.parametrize("x", [-1000, 1000])
def test_a_text_over_the_edge_is_found(bars: Shown, x: int) -> None:
    with pytest.raises(Reject, match="a text is cut off"):
        bars.check(texts=bars.written("North", moved(x)))


def test_texts_over_each_other_are_found(bars: Shown) -> None:
    [place] = [text.boxes for text in bars.drawn.texts if text.text == "South"]
    with pytest.raises(Reject, match="two texts overlap"):
        bars.check(texts=bars.written("North", lambda text: text._replace(boxes=place)))


def test_a_text_in_the_colour_of_its_paper_is_found(bars: Shown) -> None:
    [box] = [text.boxes[0] for text in bars.drawn.texts if text.text == "North"]
    picture = bars.drawn.picture.copy()
    ImageDraw.Draw(picture).rectangle((box[0] - 2, box[1] - 2, box[2] + 2, box[3] + 2), fill="white")
    with pytest.raises(Reject, match="a text is hardly seen"):
        bars.check(picture=picture)


def test_a_bar_of_another_length_is_found(bars: Shown) -> None:
    (bar, *others), *rows = bars.drawn.bars
    with pytest.raises(Reject, match="a mark is not where its number is"):
        bars.check(bars=((bar._replace(top=bar.top - 5), *others), *rows))


def test_a_bar_that_does_not_start_at_zero_is_found(bars: Shown) -> None:
    (bar, *others), *rows = bars.drawn.bars
    with pytest.raises(Reject, match="a mark is not where its number is"):
        bars.check(bars=((bar._replace(bottom=bar.bottom - 5), *others), *rows))


def test_a_point_that_is_off_is_found(lines: Shown) -> None:
    ((x, y), *others), *rows = lines.drawn.points
    with pytest.raises(Reject, match="a mark is not where its number is"):
        lines.check(points=(((x, y + 3), *others), *rows))


def test_a_point_that_is_not_there_is_found(lines: Shown) -> None:
    (_, *others), *rows = lines.drawn.points
    with pytest.raises(Reject, match="a mark is not where its number is"):
        lines.check(points=(tuple(others), *rows))


def test_a_number_of_an_axis_in_another_place_is_found(lines: Shown) -> None:
    with pytest.raises(Reject, match="a mark is not where its number is"):
        lines.check(texts=lines.written("15", moved(y=6)))


def test_names_that_are_swapped_are_found(lines: Shown) -> None:
    swap = {"2020": "2021", "2021": "2020"}
    texts = tuple(text._replace(text=swap.get(text.text, text.text)) for text in lines.drawn.texts)
    with pytest.raises(Reject, match="a name is not at its mark"):
        lines.check(texts=texts)


def test_numbers_that_are_swapped_are_found(bars: Shown) -> None:
    swap = {"12.5": "20.0", "20.0": "12.5"}
    texts = tuple(text._replace(text=swap.get(text.text, text.text)) for text in bars.drawn.texts)
    with pytest.raises(Reject, match="a number is not at its mark"):
        bars.check(texts=texts)


def test_a_slice_of_another_size_is_found(slices: Shown) -> None:
    (start, end), *others = slices.drawn.slices
    with pytest.raises(Reject, match="a mark is not where its number is"):
        slices.check(slices=((start, end + 2), *others))


def test_a_name_beside_another_slice_is_found(slices: Shown) -> None:
    x, y = slices.drawn.center
    turned = tuple(
        text._replace(boxes=tuple((2 * x - c, 2 * y - d, 2 * x - a, 2 * y - b) for a, b, c, d in text.boxes))
        for text in slices.drawn.texts
        if text.text not in ("Sales", "Source: Acme Ltd")
    )
    others = tuple(text for text in slices.drawn.texts if text.text in ("Sales", "Source: Acme Ltd"))
    with pytest.raises(Reject, match="a text is not at its slice|a text is hardly seen"):
        slices.check(texts=turned + others)


def test_colours_that_are_alike_are_found(lines: Shown) -> None:
    with pytest.raises(Reject, match="two colours are alike"):
        lines.check(colors=("#1f77b4", "#1f78b5"))


def test_a_legend_in_other_colours_is_found(bars: Shown) -> None:
    (first, one), (second, other) = bars.drawn.legend
    with pytest.raises(Reject, match="the legend differs from the marks"):
        bars.check(legend=((first, other), (second, one)))


def test_an_answer_with_another_number_is_found(bars: Shown) -> None:
    with pytest.raises(Reject, match="the answer differs from the data"):
        check_chart(*bars, target(bars.chart).replace("12.5", "12.6"))


def test_two_categories_of_one_name_are_found(bars: Shown) -> None:
    twins = dataclasses.replace(bars.chart, categories=("2020", "2020"))
    with pytest.raises(Reject, match="the answer differs from the data"):
        check_chart(twins, *bars[1:], target(twins))


def test_a_number_that_is_not_printed_is_found(bars: Shown) -> None:
    values = (("12.5", "4.0"), ("20.0", "5.6"))
    with pytest.raises(Reject, match="a text is missing"):
        bars._replace(texts=dataclasses.replace(bars.texts, values=values)).check()


def test_slanted_texts_cover_less_than_the_box_around_them() -> None:
    """So that names below a plot may stand close to each other."""
    first = written_at("a long name", (-100, -5, 0, 5), 100, 100, -45)
    second = written_at("another name", (-100, -5, 0, 5), 130, 100, -45)
    assert not any(
        a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3] for a in first.boxes for b in second.boxes
    )
