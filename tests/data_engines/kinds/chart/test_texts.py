"""Texts of charts: broken into lines, turned, or refused."""

import dataclasses

import pytest

from data_engines.engine import Reject
from data_engines.kinds.chart.axes import Axis
from data_engines.kinds.chart.data import Chart
from data_engines.kinds.chart.look import Look
from data_engines.kinds.chart.texts import set_texts


def test_a_legend_inside_of_the_plot_has_room_above_the_bars(columns: Chart, look: Look) -> None:
    full = dataclasses.replace(columns, values=((125, 40), (250, 55)))
    chart, _ = set_texts(full, dataclasses.replace(look, legend="inside"))
    assert chart.axis == Axis(0, 300, 50)
    assert set_texts(full, look)[0] == full


def test_names_too_wide_are_broken_or_turned(columns: Chart, look: Look) -> None:
    names = [f"Name {number}" for number in range(10)]
    chart = dataclasses.replace(columns, labelled=False, series=("",), values=(tuple(range(1, 11)),))
    _, texts = set_texts(dataclasses.replace(chart, categories=tuple(names)), look)
    assert (texts.tilt, texts.categories[0]) == (0, "Name 0")
    longer = tuple(f"{name} of people" for name in names)
    _, texts = set_texts(dataclasses.replace(chart, categories=longer), look)
    assert (texts.tilt, texts.categories[0]) == (0, "Name 0\nof\npeople")
    unbroken = tuple(f"Unbreakable{number}" for number in range(10))
    _, texts = set_texts(dataclasses.replace(chart, categories=unbroken), look)
    assert (texts.tilt, texts.categories) == (45, unbroken)


def test_names_too_long_are_no_chart(columns: Chart, look: Look) -> None:
    long = dataclasses.replace(columns, categories=("N" * 150, "M" * 150))
    with pytest.raises(Reject, match="do not fit"):
        set_texts(long, look)
