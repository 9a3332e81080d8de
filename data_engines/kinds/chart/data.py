"""What a chart shows: its words and numbers, chosen so that every number can be read from the picture.

A number either stands printed at its mark, or it lies on a gridline or a whole part of the way between two.
All numbers are whole: they count units of the last decimal place that is shown.
"""

import json
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from data_engines.engine import Reject
from data_engines.kinds.chart.numbers import Axis, Counts, hundred, make_axis, number, sample_counts
from data_engines.kinds.chart.words import (
    QUANTITIES,
    ChartWords,
    Family,
    Quantity,
    choose_family,
    choose_names,
    choose_publisher,
    choose_title,
)
from data_engines.options import Range

Kind = Literal["bar", "line", "pie", "scatter"]
Form = Literal["column", "bar", "line", "area", "pie", "donut", "scatter"]

FORMS: dict[Kind, tuple[Form, ...]] = {
    "bar": ("column", "column", "bar"),
    "line": ("line", "line", "line", "area"),
    "pie": ("pie", "donut"),
    "scatter": ("scatter",),
}
MIN_SLICE_SHARE = 0.035
MAX_SLICES = 9
MAX_LABELLED_LINES = 3


@dataclass(frozen=True)
class Chart:
    form: Form
    title: str | None
    source: str | None
    x_title: str | None
    y_title: str | None
    categories: tuple[str, ...]
    """Names of what is compared; empty for scatter charts."""
    series: tuple[str, ...]
    """Names in the legend; a single empty name where there is no legend."""
    values: Counts
    """(series, category), in units of the last decimal place."""
    places: int
    """Decimal places of the numbers."""
    axis: Axis
    """The axis of the values; unused in pies."""
    labelled: bool
    """Whether numbers are printed at their marks."""
    stacked: bool = False
    prefix: str = ""
    suffix: str = ""
    """The signs before and after printed numbers."""
    x_values: Counts = ()
    """The x of a scatter chart's points, (series, point), in units of 10^-`x_places`."""
    x_places: int = 0
    x_axis: Axis | None = None

    @property
    def round(self) -> bool:
        return self.form in ("pie", "donut")


def target(chart: Chart) -> str:
    """The answer: OneChart's dictionary as a line of JSON, with "None" for a text that is not there.

    `values` maps the names of categories to numbers as drawn, without units. With several series, it maps
    the names of series to such mappings (OneChart's score takes either order). A scatter chart maps x to y.
    """
    rows = []
    for position, counts in enumerate(chart.values):
        numbers = [number(count, chart.places) for count in counts]
        if chart.x_values:
            names = [str(number(count, chart.x_places)) for count in chart.x_values[position]]
        else:
            names = list(chart.categories)
        rows.append(dict(zip(names, numbers, strict=True)))
    values: dict[str, Any] = rows[0] if len(rows) == 1 else dict(zip(chart.series, rows, strict=True))
    texts = {name: getattr(chart, name) or "None" for name in ("title", "source", "x_title", "y_title")}
    return json.dumps({**texts, "values": values}, ensure_ascii=False)


def sample_chart(
    rng: np.random.Generator, words: ChartWords, kind: Kind, categories: Range, series: Range
) -> Chart:
    form = FORMS[kind][rng.integers(len(FORMS[kind]))]
    quantity = QUANTITIES[words.tongue][rng.integers(len(QUANTITIES[words.tongue]))]
    if kind == "pie":
        return _sample_pie(rng, words, form, quantity, min(categories.choose(rng), MAX_SLICES))
    num_series = 1 if form == "area" else series.choose(rng)
    if kind == "scatter":
        return _sample_scatter(rng, words, quantity, categories.choose(rng), num_series)
    family = choose_family(rng, words, categories.choose(rng), time=0.85 if kind == "line" else 0.3)
    names = choose_names(rng, words, num_series) if num_series > 1 else ("",)
    labelled = bool(rng.random() < 0.6) and not (kind == "line" and num_series > MAX_LABELLED_LINES)
    stacked = kind == "bar" and num_series > 1 and rng.random() < 0.4
    counts, places, axis = sample_counts(
        rng, quantity, (num_series, len(family.members)), family.ordered, form, labelled, stacked
    )
    quantity_title, family_title = _titles(rng, quantity, family)
    flipped = form == "bar"
    percent = labelled and quantity.unit == "%"
    return Chart(
        form=form,
        title=_choose_heading(rng, words, quantity, family),
        source=_choose_source(rng, words),
        x_title=quantity_title if flipped else family_title,
        y_title=family_title if flipped else quantity_title,
        categories=family.members,
        series=names,
        values=counts,
        places=places,
        axis=axis,
        labelled=labelled,
        stacked=stacked,
        suffix="%" if percent and rng.random() < 0.6 else "",
        prefix="$" if labelled and quantity.unit == "USD" and rng.random() < 0.5 else "",
    )


def _sample_pie(
    rng: np.random.Generator, words: ChartWords, form: Form, quantity: Quantity, count: int
) -> Chart:
    count = max(count, 2)
    family = choose_family(rng, words, count, time=0.1)
    shares = rng.dirichlet(np.full(count, 2.0)) * (1 - 1.3 * MIN_SLICE_SHARE * count) + 1.3 * MIN_SLICE_SHARE
    percent = rng.random() < 0.7
    if percent:
        places = int(rng.integers(2))
        counts = hundred(shares, places)
    else:
        places = quantity.decimals
        counts = [max(int(share), 1) for share in shares * quantity.high * 10**places]
    if rng.random() < 0.4:
        counts.sort(reverse=True)
    return Chart(
        form=form,
        title=_choose_heading(rng, words, quantity, family),
        source=_choose_source(rng, words),
        x_title=None,
        y_title=None,
        categories=family.members,
        series=("",),
        values=(tuple(counts),),
        places=places,
        axis=Axis(0, sum(counts), sum(counts)),
        labelled=True,
        suffix="%" if percent else "",
    )


def _sample_scatter(
    rng: np.random.Generator, words: ChartWords, quantity: Quantity, num_points: int, num_series: int
) -> Chart:
    """Points on the gridlines of both axes or half way between; a second point in one place is left out."""
    others = [other for other in QUANTITIES[words.tongue] if other != quantity]
    across = others[rng.integers(len(others))]
    axes, all_places = [], []
    for measure in (quantity, across):
        top = float(np.exp(rng.uniform(np.log(measure.low), np.log(measure.high))))
        places = measure.decimals + 1
        axis = make_axis(0, top * 10**places, int(rng.integers(6, 11)))
        while places and axis.step % 20 == 0:
            axis, places = Axis(0, axis.high // 10, axis.step // 10), places - 1
        axes.append(Axis(0, axis.high, axis.step, 2 if axis.step % 2 == 0 else 1))
        all_places.append(places)
    (y_axis, x_axis), (y_places, x_places) = axes, all_places
    x_cells = [x_axis.low + i * x_axis.step // x_axis.parts for i in range(_num_cells(x_axis) + 1)][1:]
    slope, scatter = rng.uniform(-0.8, 0.8), rng.uniform(0.05, 0.25)
    taken: set[tuple[int, int]] = set()
    x_values, y_values = [], []
    for _ in range(num_series):
        xs, ys = [], []
        for x in sorted(rng.choice(x_cells, size=min(num_points, len(x_cells)), replace=False)):
            share = 0.5 + slope * (x / x_axis.high - 0.5) + rng.normal(0, scatter)
            cells = _num_cells(y_axis)
            y = min(max(round(share * cells), 1), cells - 1) * y_axis.step // y_axis.parts
            if (int(x), y) not in taken:
                taken.add((int(x), y))
                xs.append(int(x))
                ys.append(y)
        if not xs:
            raise Reject("a series has no point of its own")
        x_values.append(tuple(xs))
        y_values.append(tuple(ys))
    names = choose_names(rng, words, num_series) if num_series > 1 else ("",)
    family = Family(across.name, (), ordered=False)
    return Chart(
        form="scatter",
        title=_choose_heading(rng, words, quantity, family),
        source=_choose_source(rng, words),
        x_title=_with_unit(across),
        y_title=_with_unit(quantity),
        categories=(),
        series=names,
        values=tuple(y_values),
        places=y_places,
        axis=y_axis,
        labelled=False,
        x_values=tuple(x_values),
        x_places=x_places,
        x_axis=x_axis,
    )


def _num_cells(axis: Axis) -> int:
    return (axis.high - axis.low) // axis.step * axis.parts


def _titles(rng: np.random.Generator, quantity: Quantity, family: Family) -> tuple[str | None, str | None]:
    """Titles for the axis of numbers and the axis of names: the quantity with its unit, and the family."""
    return (
        _with_unit(quantity) if rng.random() < 0.8 else None,
        family.name if rng.random() < 0.6 else None,
    )


def _with_unit(quantity: Quantity) -> str:
    return f"{quantity.name} ({quantity.unit})" if quantity.unit else quantity.name


def _choose_heading(
    rng: np.random.Generator, words: ChartWords, quantity: Quantity, family: Family
) -> str | None:
    return choose_title(rng, words, quantity, family) if rng.random() < 0.94 else None


def _choose_source(rng: np.random.Generator, words: ChartWords) -> str | None:
    return choose_publisher(rng, words) if rng.random() < 0.5 else None
