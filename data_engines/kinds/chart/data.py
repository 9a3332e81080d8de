"""What a chart shows: its words and numbers, chosen so that every number can be read from the picture.

A number either stands printed at its mark, or it lies on a gridline or a whole part of the way between two.
All numbers are whole: they count units of the last decimal place that is shown.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from data_engines.engine import Reject
from data_engines.kinds.chart.numbers import (
    Axis,
    Counts,
    hundred,
    make_axis,
    number,
    sample_counts,
    spare_places,
)
from data_engines.kinds.chart.words import (
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
    x_title: str | None = None
    y_title: str | None = None
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

    @property
    def numbers(self) -> list[list[int | float]]:
        """`values` as numbers."""
        return [[number(count, self.places) for count in row] for row in self.values]

    @property
    def x_numbers(self) -> list[list[int | float]]:
        """`x_values` as numbers."""
        return [[number(count, self.x_places) for count in row] for row in self.x_values]


def target(chart: Chart) -> str:
    """The answer: OneChart's dictionary as a line of JSON, with "None" for a text that is not there.

    `values` maps the names of categories to numbers as drawn, without units. With several series, it maps
    the names of series to such mappings (OneChart's score takes either order). A scatter chart maps x to y.
    """
    names: Sequence[Sequence[Any]] = [chart.categories] * len(chart.series)
    if chart.x_values:
        names = [list(map(str, row)) for row in chart.x_numbers]
    rows = [dict(zip(*row, strict=True)) for row in zip(names, chart.numbers, strict=True)]
    values: dict[str, Any] = rows[0] if len(rows) == 1 else dict(zip(chart.series, rows, strict=True))
    texts = {name: getattr(chart, name) or "None" for name in ("title", "source", "x_title", "y_title")}
    return json.dumps({**texts, "values": values}, ensure_ascii=False)


def sample_chart(
    rng: np.random.Generator, words: ChartWords, kind: Kind, categories: Range, series: Range
) -> Chart:
    form = one_of(rng, FORMS[kind])
    quantity = one_of(rng, QUANTITIES[words.tongue])
    num_series = 1 if kind == "pie" or form == "area" else series.choose(rng)
    count = categories.choose(rng)
    if kind == "scatter":
        family, shown = _sample_points(rng, words, quantity, num_series, count)
    elif kind == "pie":
        family = choose_family(rng, words, min(count, MAX_SLICES), time=0.1)
        shown = _sample_slices(rng, quantity, family)
    else:
        family = choose_family(rng, words, count, time=0.85 if kind == "line" else 0.3)
        shown = _sample_bars(rng, quantity, family, form, num_series)
    return Chart(
        form=form,
        title=choose_title(rng, words, quantity, family) if rng.random() < 0.94 else None,
        source=one_of(rng, words.publishers) if rng.random() < 0.5 else None,
        categories=family.members,
        series=choose_names(rng, words, num_series) if num_series > 1 else ("",),
        **shown,
    )


def _sample_bars(
    rng: np.random.Generator, quantity: Quantity, family: Family, form: Form, num_series: int
) -> dict[str, Any]:
    """The numbers, axis and axis titles of bars and lines, as fields of `Chart`."""
    is_line = form in ("line", "area")
    labelled = bool(rng.random() < 0.6) and not (is_line and num_series > MAX_LABELLED_LINES)
    stacked = not is_line and num_series > 1 and rng.random() < 0.4
    counts, places, axis = sample_counts(
        rng, quantity, (num_series, len(family.members)), family.ordered, form, labelled, stacked
    )
    titles = (
        family.name if rng.random() < 0.6 else None,
        _with_unit(quantity) if rng.random() < 0.8 else None,
    )
    x_title, y_title = titles[::-1] if form == "bar" else titles
    return {
        "x_title": x_title,
        "y_title": y_title,
        "values": counts,
        "places": places,
        "axis": axis,
        "labelled": labelled,
        "stacked": stacked,
        "suffix": "%" if labelled and quantity.unit == "%" and rng.random() < 0.6 else "",
        "prefix": "$" if labelled and quantity.unit == "USD" and rng.random() < 0.5 else "",
    }


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


def _sample_points(
    rng: np.random.Generator, words: ChartWords, quantity: Quantity, num_series: int, num_points: int
) -> tuple[Family, dict[str, Any]]:
    """What runs along the x axis, and the points of a scatter chart, as fields of `Chart`.

    They lie on the gridlines of both axes or half way between; a second point in one place is left out.
    """
    across = one_of(rng, [other for other in QUANTITIES[words.tongue] if other != quantity])
    (y_axis, y_places), (x_axis, x_places) = (_sample_axis(rng, some) for some in (quantity, across))
    slope, scatter = rng.uniform(-0.8, 0.8), rng.uniform(0.05, 0.25)
    places = range(x_axis.part, x_axis.high + 1, x_axis.part)
    owners: dict[tuple[int, int], int] = {}
    for series in range(num_series):
        for x in sorted(rng.choice(places, size=min(num_points, len(places)), replace=False).tolist()):
            share = 0.5 + slope * (x / x_axis.high - 0.5) + rng.normal(0, scatter)
            y = round(share * y_axis.high / y_axis.part) * y_axis.part
            y = min(max(y, y_axis.part), y_axis.high - y_axis.part)
            owners.setdefault((x, y), series)
    rows = [[point for point, owner in owners.items() if owner == series] for series in range(num_series)]
    if not all(rows):
        raise Reject("a series has no point of its own")
    return Family(across.name, (), ordered=False), {
        "x_title": _with_unit(across),
        "y_title": _with_unit(quantity),
        "values": tuple(tuple(y for _, y in row) for row in rows),
        "places": y_places,
        "axis": y_axis,
        "labelled": False,
        "x_values": tuple(tuple(x for x, _ in row) for row in rows),
        "x_places": x_places,
        "x_axis": x_axis,
    }


def _sample_axis(rng: np.random.Generator, quantity: Quantity) -> tuple[Axis, int]:
    """An axis from 0 for points on its gridlines or half way between, and its decimal places."""
    top = float(np.exp(rng.uniform(np.log(quantity.low), np.log(quantity.high))))
    places = quantity.decimals + 1
    axis = make_axis(0, top * 10**places, int(rng.integers(6, 11)))
    parts = 2 if axis.step % 2 == 0 else 1
    spare = spare_places(places, axis.step // parts)
    return Axis(0, axis.high // 10**spare, axis.step // 10**spare, parts), places - spare


def _with_unit(quantity: Quantity) -> str:
    return f"{quantity.name} ({quantity.unit})" if quantity.unit else quantity.name
