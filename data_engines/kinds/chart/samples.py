"""Random charts: words and numbers that belong together."""

from dataclasses import replace
from typing import Any

import numpy as np

from data_engines.engine import Reject
from data_engines.kinds.chart.axes import TENTHS, AnyAxis, Axis, make_axis, moved_off, number
from data_engines.kinds.chart.data import FORMS, Chart, Form, Kind
from data_engines.kinds.chart.numbers import (
    STATISTICS,
    Numbers,
    choose_top,
    hundred,
    readable_axis,
    rows_of,
    sample_bins,
    sample_boxes,
    sample_counts,
    sample_log_axis,
    sample_log_counts,
    shortened,
)
from data_engines.kinds.chart.words import (
    COUNTED,
    QUANTITIES,
    ChartWords,
    Family,
    Quantity,
    choose_family,
    choose_names,
    choose_title,
)
from data_engines.options import Range
from data_engines.tools.chance import one_of

MIN_SLICE_SHARE = 0.035
MAX_SLICES = 9
MAX_LABELLED_LINES = 3
MAX_COMBINED_BARS = 2
MIN_SPOKES = 4
MAX_SPOKES = 9
MIN_BINS = 8
MARKER_REACH = 3
"""Places along an axis from which points that may lie anywhere do not hide one another."""
LOG_SHARE = 0.12
"""Share of logarithmic axes, of quantities that may reach over several powers of ten."""
MIN_LOG_TOP = 300
"""Quantities whose largest number is smaller are not drawn on logarithmic axes."""


def sample_chart(
    rng: np.random.Generator,
    words: ChartWords,
    kind: Kind,
    categories: Range,
    series: Range,
    may_be_log: bool = True,
) -> Chart:
    form = one_of(rng, FORMS[kind])
    quantity = one_of(rng, QUANTITIES[words.tongue])
    count = categories.choose(rng)
    num_series = 1 if kind in ("pie", "histogram", "box") or form == "area" else series.choose(rng)
    log = may_be_log and _is_wide(quantity) and rng.random() < LOG_SHARE
    fields: dict[str, Any] = {}
    names = choose_names(rng, words, num_series) if num_series > 1 else ("",)
    if kind == "scatter":
        family, fields = _sample_points(rng, words, quantity, num_series, count, log)
    elif kind == "pie":
        family = choose_family(rng, words, min(count, MAX_SLICES), time=0.1)
        fields = _sample_slices(rng, quantity, family)
    elif kind == "histogram":
        family, fields = _sample_histogram(rng, words, quantity, max(count, MIN_BINS))
    elif kind == "box":
        family = choose_family(rng, words, count, time=0.2)
        fields = _sample_box_plot(rng, quantity, family)
        names = STATISTICS
    elif kind == "radar":
        family = choose_family(rng, words, min(max(count, MIN_SPOKES), MAX_SPOKES), time=0.05)
        fields = _sample_radar(rng, quantity, family, num_series)
    elif kind == "combined":
        family = choose_family(rng, words, count, time=0.85)
        names = names[:MAX_COMBINED_BARS]
        fields = _sample_combined(rng, words, quantity, family, names)
    else:
        family = choose_family(rng, words, count, time=0.85 if kind == "line" else 0.3)
        fields = _sample_bars(rng, quantity, family, form, num_series, log)
    subject = COUNTED[words.tongue] if kind == "histogram" else quantity
    made = {
        "form": form,
        "title": choose_title(rng, words, subject, family) if rng.random() < 0.94 else None,
        "source": one_of(rng, words.publishers) if rng.random() < 0.5 else None,
        "categories": family.members,
        "series": names,
    }
    return Chart(**{**made, **fields})


def _is_wide(quantity: Quantity) -> bool:
    return quantity.high >= MIN_LOG_TOP and quantity.decimals == 0


def _drawn(numbers: Numbers) -> dict[str, Any]:
    """The numbers as fields of `Chart`."""
    return numbers._asdict()


def _sample_bars(
    rng: np.random.Generator, quantity: Quantity, family: Family, form: Form, num_series: int, log: bool
) -> dict[str, Any]:
    """The numbers, axis and axis titles of bars and lines, as fields of `Chart`."""
    is_line = form in ("line", "area")
    labelled = bool(rng.random() < 0.6) and not (is_line and num_series > MAX_LABELLED_LINES)
    stacked = not is_line and num_series > 1 and not log and bool(rng.random() < 0.4)
    shape = (num_series, len(family.members))
    if log:
        numbers = sample_log_counts(rng, shape, family.ordered, form, labelled)
    else:
        numbers = sample_counts(rng, quantity, shape, family.ordered, form, labelled, stacked)
    titles = (
        family.name if rng.random() < 0.6 else None,
        _with_unit(quantity) if rng.random() < 0.8 else None,
    )
    x_title, y_title = titles[::-1] if form == "bar" else titles
    return {
        **_drawn(numbers),
        "x_title": x_title,
        "y_title": y_title,
        "labelled": labelled,
        "stacked": stacked,
        "suffix": "%" if labelled and quantity.unit == "%" and rng.random() < 0.6 else "",
        "prefix": "$" if labelled and quantity.unit == "USD" and rng.random() < 0.5 else "",
    }


def _sample_combined(
    rng: np.random.Generator,
    words: ChartWords,
    quantity: Quantity,
    family: Family,
    names: tuple[str, ...],
) -> dict[str, Any]:
    """Columns and a line over them, as fields of `Chart`. The line is called what its axis is."""
    across = one_of(rng, [other for other in QUANTITIES[words.tongue] if other != quantity])
    columns, line = (
        sample_counts(
            rng,
            some._replace(signed=False),
            (count, len(family.members)),
            family.ordered,
            form,
            labelled=False,
            stacked=False,
        )
        for some, count, form in ((quantity, len(names), "column"), (across, 1, "line"))
    )
    title = _with_unit(quantity)
    over = Chart(
        form="line",
        title=None,
        source=None,
        categories=family.members,
        series=(_with_unit(across),),
        labelled=False,
        y_title=_with_unit(across),
        **_drawn(line),
    )
    num_steps = max(len(columns.axis.ticks), len(line.axis.ticks)) - 1
    return {
        **_drawn(columns),
        "axis": _with_steps(columns.axis, num_steps),
        "series": names if len(names) > 1 else (title,),
        "x_title": family.name if rng.random() < 0.5 else None,
        "y_title": title,
        "labelled": False,
        # the gridlines of one axis are those of the other
        "over": replace(over, axis=_with_steps(line.axis, num_steps)),
    }


def _with_steps(axis: AnyAxis, num_steps: int) -> Axis:
    assert isinstance(axis, Axis), "a logarithmic axis has other steps"
    return Axis(axis.low, axis.low + num_steps * axis.step, axis.step, axis.parts)


def _sample_slices(rng: np.random.Generator, quantity: Quantity, family: Family) -> dict[str, Any]:
    """The numbers of a pie, as fields of `Chart`."""
    num_slices = len(family.members)
    least = 1.3 * MIN_SLICE_SHARE
    shares = rng.dirichlet(np.full(num_slices, 2.0)) * (1 - least * num_slices) + least
    is_percent = rng.random() < 0.7
    places = int(rng.integers(2)) if is_percent else quantity.decimals
    if is_percent:
        counts = hundred(shares, places)
    else:
        counts = [max(int(share), 1) for share in shares * quantity.high * 10**places]
    if rng.random() < 0.4:
        counts.sort(reverse=True)
    return {
        "values": (tuple(counts),),
        "places": places,
        "axis": Axis(0, sum(counts), sum(counts)),
        "labelled": True,
        "suffix": "%" if is_percent else "",
    }


def _sample_histogram(
    rng: np.random.Generator, words: ChartWords, quantity: Quantity, num_bins: int
) -> tuple[Family, dict[str, Any]]:
    """What is counted, and how often it lies in each bin, as fields of `Chart`."""
    top, places = choose_top(rng, quantity), quantity.decimals + 1
    low = 0.0 if rng.random() < 0.6 else rng.uniform(0.1, 0.6) * top
    edges = make_axis(low * 10**places, top * 10**places, num_bins)
    # gridlines at each edge of a bin, or at each second one
    if len(edges.ticks) % 2 and rng.random() < 0.5:
        edges = Axis(edges.low, edges.high, 2 * edges.step, parts=2)
    bins = shortened(np.array([edges.places]), places, edges)
    assert isinstance(bins.axis, Axis)
    ends = [str(number(count, bins.places)) for count in bins.axis.places]
    names = tuple(f"{start}-{end}" for start, end in zip(ends, ends[1:], strict=False))
    counted = COUNTED[words.tongue]
    labelled = bool(rng.random() < 0.4)
    shares = sample_bins(rng, len(names))
    most = choose_top(rng, counted)
    if labelled:
        values = np.maximum(np.rint([shares * most]).astype(int), 1)
        axis = make_axis(0, 1.09 * values.max(), int(rng.integers(4, 8)))
        numbers = Numbers(rows_of(values), 0, axis)
    else:
        axis, _ = readable_axis(rng, 0, most, int(rng.integers(4, 8)), 0)
        # no fraction of a thing is counted
        parts = next(parts for parts in (axis.parts, 5, 2, 1) if axis.step % (parts * 100) == 0)
        axis = Axis(0, axis.high, axis.step, parts)
        values = np.maximum(np.rint([shares * most * 100 / axis.part]).astype(int), 1) * axis.part
        moved = np.trunc((moved_off(rng, axis, values) - values) / 100) * 100
        numbers = shortened(values, 2, axis, values + moved if parts == TENTHS else None)
    return Family(quantity.name, (), ordered=False), {
        **_drawn(numbers),
        "categories": names,
        "x_title": _with_unit(quantity),
        "y_title": counted.name if rng.random() < 0.8 else None,
        "labelled": labelled,
        "x_axis": bins.axis,
        "x_places": bins.places,
    }


def _sample_box_plot(rng: np.random.Generator, quantity: Quantity, family: Family) -> dict[str, Any]:
    return {
        **_drawn(sample_boxes(rng, quantity, len(family.members))),
        "x_title": family.name if rng.random() < 0.5 else None,
        "y_title": _with_unit(quantity) if rng.random() < 0.8 else None,
        "labelled": False,
    }


def _sample_radar(
    rng: np.random.Generator, quantity: Quantity, family: Family, num_series: int
) -> dict[str, Any]:
    """The numbers of a radar chart, whose spokes have one axis, as fields of `Chart`."""
    top, places = choose_top(rng, quantity), quantity.decimals + 2
    axis, is_off = readable_axis(rng, 0, top, int(rng.integers(4, 6)), quantity.decimals)
    shares = rng.uniform(0.25, 0.95, (num_series, len(family.members)))
    values = np.rint(shares * axis.high / axis.part).astype(int) * axis.part
    numbers = shortened(values, places, axis, moved_off(rng, axis, values) if is_off else None)
    return {**_drawn(numbers), "labelled": False}


def _sample_points(
    rng: np.random.Generator,
    words: ChartWords,
    quantity: Quantity,
    num_series: int,
    num_points: int,
    log: bool,
) -> tuple[Family, dict[str, Any]]:
    """What runs along the x axis, and the points of a scatter chart, as fields of `Chart`.

    A second point that would be read in the same place, or would hide the first, is left out.
    """
    across = one_of(rng, [other for other in QUANTITIES[words.tongue] if other != quantity])
    y_axis, y_places, y_off = _sample_axis(rng, quantity, log)
    x_axis, x_places, x_off = _sample_axis(rng, across, log and _is_wide(across))
    slope, scatter = rng.uniform(-0.8, 0.8), rng.uniform(0.05, 0.25)
    columns, rows = np.array(x_axis.places), np.array(y_axis.places)
    x_reach, y_reach = (MARKER_REACH if is_off else 1 for is_off in (x_off, y_off))
    owners: dict[tuple[int, int], int] = {}
    for series in range(num_series):
        for x in sorted(rng.choice(len(columns) - 1, size=min(num_points, len(columns) - 1), replace=False)):
            share = 0.5 + slope * ((x + 1) / len(columns) - 0.5) + rng.normal(0, scatter)
            y = min(max(round(share * len(rows)), 1), len(rows) - 2)
            if all(abs(x - a) >= x_reach or abs(y - b) >= y_reach for a, b in owners):
                owners[int(x), y] = series
    points = [
        [(int(columns[x + 1]), int(rows[y])) for (x, y), owner in owners.items() if owner == series]
        for series in range(num_series)
    ]
    if not all(points):
        raise Reject("a series has no point of its own")
    values, x_values = (tuple(tuple(point[end] for point in row) for row in points) for end in (1, 0))
    return Family(across.name, (), ordered=False), {
        "x_title": _with_unit(across),
        "y_title": _with_unit(quantity),
        "values": values,
        "places": y_places,
        "axis": y_axis,
        "exact": _all_moved_off(rng, y_axis, values) if y_off else (),
        "labelled": False,
        "x_values": x_values,
        "x_places": x_places,
        "x_axis": x_axis,
        "x_exact": _all_moved_off(rng, x_axis, x_values) if x_off else (),
    }


def _all_moved_off(
    rng: np.random.Generator, axis: AnyAxis, rows: tuple[tuple[int, ...], ...]
) -> tuple[tuple[float, ...], ...]:
    """`moved_off`, for rows of different lengths."""
    return tuple(tuple(moved_off(rng, axis, np.array(row)).tolist()) for row in rows)


def _sample_axis(rng: np.random.Generator, quantity: Quantity, log: bool) -> tuple[AnyAxis, int, bool]:
    """An axis for points, its decimal places, and whether points may lie anywhere along it.

    Points that don't lie anywhere lie on gridlines and half way between.
    """
    if log:
        return sample_log_axis(rng), 0, True
    top, chance = choose_top(rng, quantity), rng.random()
    low = 0.0
    if chance < 0.3:
        low = top * rng.uniform(0.3, 0.8)
    elif quantity.signed and chance < 0.7:
        low = -top * rng.uniform(0.3, 1)
    axis, is_off = readable_axis(rng, low, top, int(rng.integers(6, 11)), quantity.decimals)
    if not is_off:
        axis = Axis(axis.low, axis.high, axis.step, parts=2 if axis.step % 2 == 0 else 1)
    short = shortened(np.array([[0]]), quantity.decimals + 2, axis)
    return short.axis, short.places, is_off


def _with_unit(quantity: Quantity) -> str:
    return f"{quantity.name} ({quantity.unit})" if quantity.unit else quantity.name
