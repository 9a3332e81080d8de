"""Matplotlib and ECharts: every style, no influence from outside, and an end of the process."""

import dataclasses
import subprocess
import sys
from types import ModuleType

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex

from data_engines.kinds.chart import echarts, matplotlib_chart
from data_engines.kinds.chart.check import check_chart
from data_engines.kinds.chart.data import Chart, target
from data_engines.kinds.chart.look import PALETTES, SHEETS, THEMES, Look
from data_engines.kinds.chart.texts import set_texts
from tests.conftest import HANG_SECONDS


@pytest.mark.parametrize("style", sorted(set(SHEETS)), ids="+".join)
def test_every_style_sheet_draws_a_chart_that_can_be_read(
    columns: Chart, look: Look, style: tuple[str, ...]
) -> None:
    look = dataclasses.replace(look, style=style)
    chart, texts = set_texts(columns, look)
    check_chart(chart, look, texts, matplotlib_chart.draw(chart, look, texts), target(chart))


@pytest.mark.parametrize("theme", echarts.THEMES)
def test_every_theme_draws_a_chart_that_can_be_read(columns: Chart, look: Look, theme: str) -> None:
    assert theme in THEMES
    look = dataclasses.replace(look, style=(theme,))
    chart, texts = set_texts(columns, look)
    check_chart(chart, look, texts, echarts.draw(chart, look, texts), target(chart))


def test_style_sheets_differ(columns: Chart, look: Look) -> None:
    pictures = set()
    for style in (("ggplot",), ("bmh",), ("dark_background",), ()):
        chart, texts = set_texts(columns, look)
        drawn = matplotlib_chart.draw(chart, dataclasses.replace(look, style=style), texts)
        pictures.add(drawn.picture.tobytes())
    assert len(pictures) == 4


def test_the_users_settings_of_matplotlib_change_nothing(columns: Chart, look: Look) -> None:
    chart, texts = set_texts(columns, look)
    first = matplotlib_chart.draw(chart, look, texts).picture.tobytes()
    with matplotlib.rc_context({"axes.facecolor": "red", "font.size": 30, "text.usetex": True}):
        assert matplotlib_chart.draw(chart, look, texts).picture.tobytes() == first
        assert matplotlib.rcParams["font.size"] == 30


def test_a_pie_has_a_colour_for_each_slice() -> None:
    assert all(len(set(palette)) == len(palette) >= 9 for palette in PALETTES)


def test_a_process_that_drew_with_echarts_comes_to_its_end() -> None:
    """V8 left to itself hung in half of all cases."""
    script = "from data_engines.kinds.chart.echarts import _engine; print(_engine().eval('echarts.version'))"
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, timeout=HANG_SECONDS, check=True
        )
        assert done.stdout[0] in "56789"


@pytest.mark.parametrize("library", [matplotlib_chart, echarts])
def test_texts_and_marks_are_where_they_are_read(columns: Chart, look: Look, library: ModuleType) -> None:
    look = dataclasses.replace(look, style=() if library is matplotlib_chart else ("white",))
    chart, texts = set_texts(columns, look)
    drawn = library.draw(chart, look, texts)
    for text in drawn.texts:
        if text.text in ("Sales", "Cost (USD)", "Source: Acme Ltd"):
            left, top, right, bottom = (round(edge) for edge in text.boxes[0])
            around = drawn.picture.crop((left - 5, top - 5, right + 5, bottom + 5)).convert("L")
            ink = around.point(lambda level: 255 * (level < 160)).getbbox()
            assert ink is not None and min(ink[:2]) >= 4
            assert ink[2] <= right - left + 6 and ink[3] <= bottom - top + 6
            assert ink[2] - ink[0] > 0.5 * (right - left) and ink[3] - ink[1] > 0.5 * (bottom - top)
    for row, color in zip(drawn.bars, drawn.colors, strict=True):
        for bar in row:
            for x in (bar.left + 2, bar.right - 2):
                assert to_hex(np.array(drawn.picture.getpixel((int(x), int(bar.bottom) - 4))) / 255) == color


@pytest.mark.parametrize("library", [matplotlib_chart, echarts])
def test_slices_count_clockwise_from_the_top(columns: Chart, look: Look, library: ModuleType) -> None:
    pie = dataclasses.replace(columns, y_title=None, series=("",), suffix="%", form="pie")
    look = dataclasses.replace(look, style=() if library is matplotlib_chart else ("white",), start=0)
    chart, texts = set_texts(dataclasses.replace(pie, values=((250, 750),)), look)
    drawn = library.draw(chart, look, texts)
    assert np.allclose(np.array(drawn.slices) % 360, [[0, 90], [90, 0]], atol=0.01)
    x, y = drawn.center
    for (across, down), color in zip([(1, -1), (-1, 1)], drawn.colors, strict=True):
        pixel = drawn.picture.getpixel((round(x + 40 * across), round(y + 40 * down)))
        assert to_hex(np.array(pixel) / 255) == color
