"""What a chart shows: its words and numbers, and the answer that says them.

A number either stands printed at its mark, or is read from the axis: it lies on a gridline, a whole part of
the way between two, or anywhere, and then the answer has the nearest place that a reader can tell. The
numbers of an answer are whole: they count units of the last decimal place that is shown.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Optional

from data_engines.kinds.chart.axes import AnyAxis, Counts, number
from data_engines.kinds.chart.numbers import Exact

Kind = Literal["bar", "line", "pie", "scatter", "combined", "histogram", "box", "radar"]
Form = Literal["column", "bar", "line", "area", "pie", "donut", "scatter", "histogram", "box", "radar"]

FORMS: dict[Kind, tuple[Form, ...]] = {
    "bar": ("column", "column", "bar"),
    "line": ("line", "line", "line", "area"),
    "pie": ("pie", "donut"),
    "scatter": ("scatter",),
    "combined": ("column",),
    "histogram": ("histogram",),
    "box": ("box",),
    "radar": ("radar",),
}


@dataclass(frozen=True)
class Chart:
    form: Form
    title: str | None
    source: str | None
    categories: tuple[str, ...]
    """Names of what is compared: bins, for histograms; empty for scatter charts."""
    series: tuple[str, ...]
    """Names in the legend, or of the statistics of boxes; a single empty name where there is no legend."""
    values: Counts
    """(series, category), in units of the last decimal place."""
    places: int
    """Decimal places of the numbers."""
    axis: AnyAxis
    """The axis of the values; unused in pies."""
    labelled: bool
    """Whether numbers are printed at their marks."""
    exact: Exact = ()
    """Where the marks are drawn, if not at `values`: (series, category), in the same units."""
    x_title: str | None = None
    y_title: str | None = None
    stacked: bool = False
    prefix: str = ""
    suffix: str = ""
    """The signs before and after printed numbers."""
    x_values: Counts = ()
    """The x of a scatter chart's points, (series, point), in units of 10^-`x_places`."""
    x_exact: Exact = ()
    x_places: int = 0
    x_axis: AnyAxis | None = None
    """For scatter charts, and for histograms, whose bins begin and end at its places."""
    over: Optional["Chart"] = None
    """A line over columns, with the same categories and an axis of its own at the right."""

    @property
    def round(self) -> bool:
        return self.form in ("pie", "donut")

    @property
    def has_bars(self) -> bool:
        return self.form in ("column", "bar", "histogram")

    @property
    def layers(self) -> "tuple[Chart, ...]":
        """The chart, and the line over it."""
        return (self, self.over) if self.over else (self,)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the series of all layers."""
        return tuple(name for layer in self.layers for name in layer.series)

    @property
    def has_legend(self) -> bool:
        """Whether a legend tells series from each other."""
        return len(self.names) > 1 and self.form != "box"

    @property
    def numbers(self) -> list[list[int | float]]:
        """`values` as numbers."""
        return _numbers(self.values, self.places)

    @property
    def drawn(self) -> list[list[int | float]]:
        """The numbers at which the marks are drawn."""
        return _numbers(self.exact or self.values, self.places)

    @property
    def x_numbers(self) -> list[list[int | float]]:
        """`x_values` as numbers."""
        return _numbers(self.x_values, self.x_places)

    @property
    def x_drawn(self) -> list[list[int | float]]:
        return _numbers(self.x_exact or self.x_values, self.x_places)


def _numbers(counts: Exact, places: int) -> list[list[int | float]]:
    return [[number(count, places) for count in row] for row in counts]


def target(chart: Chart) -> str:
    """The answer: OneChart's dictionary as a line of JSON, with "None" for a text that is not there.

    `values` maps the names of categories to numbers as drawn, without units. With several series, it maps
    the names of series to such mappings (OneChart's score takes either order). A scatter chart maps x to y,
    a histogram "low-high" of each bin to its number, a box plot the name of each box to its five statistics.
    """
    values: dict[str, Any] = {}
    for layer in chart.layers:
        names: Sequence[Sequence[Any]] = [chart.categories] * len(layer.series)
        if layer.x_values:
            names = [list(map(str, row)) for row in layer.x_numbers]
        rows = [dict(zip(*row, strict=True)) for row in zip(names, layer.numbers, strict=True)]
        values |= zip(layer.series, rows, strict=True)
    if chart.form == "box":
        values = {name: {key: row[name] for key, row in values.items()} for name in chart.categories}
    elif len(chart.names) == 1:
        [values] = values.values()
    texts = {name: getattr(chart, name) or "None" for name in ("title", "source", "x_title", "y_title")}
    return json.dumps({**texts, "values": values}, ensure_ascii=False)
