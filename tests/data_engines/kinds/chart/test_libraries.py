"""Matplotlib and ECharts: every style, no influence from outside, and an end of the process."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import matplotlib
import pytest

from data_engines.kinds.chart import echarts, matplotlib_chart
from data_engines.kinds.chart.check import check_chart
from data_engines.kinds.chart.data import Chart, target
from data_engines.kinds.chart.look import PALETTES, SHEETS, THEMES, Look
from data_engines.kinds.chart.svg import angle_of, read_svg
from data_engines.kinds.chart.texts import set_texts
from data_engines.tools.fonts import open_font
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


def test_texts_and_marks_of_an_svg_are_read(sans: Path) -> None:
    svg = """<svg xmlns="http://www.w3.org/2000/svg">
    <text dominant-baseline="central" text-anchor="end" style="font-size:20px" y="-6"
      transform="matrix(0,-1,1,0,50,70)">Cost</text>
    <g><path d="M10 20l30 0l0 -15l-30 0Z" fill="#5070dd" ecmeta_ssr_type="chart" ecmeta_series_index="1"
      ecmeta_data_index="0"/></g>
    <path d="M0 -1L1 0L0 1Z" transform="matrix(5,0,0,5,270,383.5)" fill="#fff" stroke="#b6d634"
      ecmeta_ssr_type="chart" ecmeta_series_index="0" ecmeta_data_index="1"/>
    </svg>"""
    read = read_svg(svg, lambda bold: open_font(str(sans), 0, 100))
    [text] = read.texts
    left, top, right, bottom = text.boxes[0]
    assert (text.text, text.x, text.y) == ("Cost", 44, 70)
    # turned to the left, so that it ends at the top and is read upwards
    assert 30 < left < 44 < right < 58 and 69 < top < bottom < 120
    point, bar = read.marks
    assert (point.series, point.position, point.points, point.color) == (0, 1, ((270, 383.5),), "#b6d634")
    assert (bar.points, bar.color) == (((10, 20), (40, 20), (40, 5), (10, 5)), "#5070dd")


def test_angles_count_clockwise_from_the_top() -> None:
    assert [angle_of(point, (0, 0)) for point in ((0, -1), (1, 0), (0, 1), (-1, 0))] == [0, 90, 180, 270]
