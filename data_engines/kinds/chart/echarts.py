"""Draws charts with ECharts, which runs in V8 without a browser, and with resvg; reads back its SVG.

ECharts is the library behind Pyecharts, with which OneChart's charts were drawn too.
"""

import atexit
import io
import json
from functools import cache
from typing import Any, NamedTuple

import resvg_py
from PIL import Image, ImageFont
from py_mini_racer import MiniRacer

from data_engines.kinds.chart.data import Chart
from data_engines.kinds.chart.drawn import DrawnChart, ink_on
from data_engines.kinds.chart.look import MARKERS, Look, NamedFace
from data_engines.kinds.chart.matplotlib_chart import HOLE, valleys
from data_engines.kinds.chart.numbers import Axis, number, tick_text
from data_engines.kinds.chart.svg import SIZE, angle_of, box_of, read_svg
from data_engines.kinds.chart.texts import LEADING, SWATCH, Texts, font_of, pie_radius
from data_engines.tools.fonts import open_font
from got_train.packages import package_folder


class Theme(NamedTuple):
    """A colour of the background, and colours of ink that go with it."""

    paper: str
    ink: str
    axis_ink: str
    grid_ink: str


THEMES = {
    "white": Theme("#ffffff", "#333333", "#54555a", "#dbdee4"),
    "grey": Theme("#f4f4f4", "#333333", "#6e7079", "#c8ccd4"),
    "cream": Theme("#fef8ef", "#40352a", "#7a6a58", "#e0d4c0"),
    "blue": Theme("#e8f1f8", "#1b2b34", "#4a6478", "#c3d4e2"),
    "dark": Theme("#100c2a", "#eeeeee", "#b9b8ce", "#484753"),
}
"""`look.THEMES` has their names; the first and the last are ECharts' own."""
SYMBOLS = dict(zip(MARKERS, ("circle", "rect", "triangle", "diamond"), strict=True))
FAINT = 0.5
"""Opacity of the gridlines that have no number."""
LETTERS = "".join(map(chr, range(32, 127))) + "国"
"""Letters that ECharts measures in every chart."""

SCRIPT = """
function render(text) {
  const {width, height, option, advances} = JSON.parse(text);
  echarts.setPlatformAPI({measureText: (text, font) => {
    const widths = advances[/bold/.test(font) ? 1 : 0], size = parseFloat(font.match(/([\\d.]+)px/)[1]);
    return {width: Array.from(text).reduce((sum, letter) => sum + (widths[letter] ?? 1), 0) * size};
  }});
  for (const axis of [].concat(option.xAxis ?? [], option.yAxis ?? []).filter(axis => axis.names)) {
    axis.axisLabel.formatter = value => axis.names[Math.round((value - axis.min) / axis.interval)];
  }
  const chart = echarts.init(null, null, {renderer: "svg", ssr: true, width, height});
  chart.setOption(option);
  // each would take resvg a layer as large as the picture, and nothing is drawn beyond the plot
  chart.getZr().storage.traverse(item => item.removeClipPath());
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
"""


def draw(chart: Chart, look: Look, texts: Texts) -> DrawnChart:
    option = make_option(chart, look, texts)
    fonts = (look.font, look.title_font)
    every = {letter for text in _strings(option) for letter in text}.union(LETTERS)
    job = {
        "width": look.width,
        "height": look.height,
        "option": option,
        "advances": [_advances(font, every) for font in fonts],
    }
    svg = _engine().call("render", json.dumps(job))

    def font(bold: bool) -> ImageFont.FreeTypeFont:
        return open_font(fonts[bold].path, fonts[bold].number, SIZE)

    png = resvg_py.svg_to_bytes(
        svg_string=svg,
        skip_system_fonts=True,
        font_files=sorted({font.path for font in fonts}),
    )
    with Image.open(io.BytesIO(bytes(png))) as opened:
        picture = opened.convert("RGB")
    read = read_svg(svg, font)
    rows = [[mark for mark in read.marks if mark.series == series] for series in range(len(chart.values))]
    marks: dict[str, Any] = {
        "colors": tuple(mark.color for mark in (rows[0] if chart.round else [row[0] for row in rows]))
    }
    if chart.round:
        center = option["series"][0]["center"]
        ends = [(angle_of(mark.points[0], center), angle_of(mark.points[1], center)) for mark in rows[0]]
        marks |= {"slices": tuple(ends), "center": center}
    elif chart.form in ("column", "bar"):
        marks["bars"] = tuple(tuple(map(box_of, row)) for row in rows)
    else:
        marks["points"] = tuple(tuple(mark.points[0] for mark in row) for row in rows)
    return DrawnChart(picture, read.texts, legend=read.legend, **marks)


@cache
def _engine() -> MiniRacer:
    [script] = (package_folder("panel") / "dist" / "bundled" / "echarts").glob(
        "echarts@*/dist/echarts.min.js"
    )
    engine = MiniRacer()
    # an engine that is not closed may hang at the end of the process
    atexit.register(engine.close)
    engine.eval(script.read_text(encoding="utf-8"))
    engine.eval(SCRIPT)
    return engine


def _advances(font: NamedFace, letters: set[str]) -> dict[str, float]:
    """Widths of letters, as multiples of the font's size."""
    face = open_font(font.path, font.number, SIZE)
    # ECharts takes the width of the last of `LETTERS` as the height of a line
    return {letter: face.getlength(letter) / SIZE for letter in sorted(letters)} | {LETTERS[-1]: 1}


def _strings(option: Any) -> list[str]:
    if isinstance(option, dict):
        return [text for value in option.values() for text in _strings(value)]
    if isinstance(option, list | tuple):
        return [text for value in option for text in _strings(value)]
    return [option] if isinstance(option, str) else []


def make_option(chart: Chart, look: Look, texts: Texts) -> dict[str, Any]:
    """The option of ECharts that draws the chart: https://echarts.apache.org/en/option.html."""
    theme, pad = THEMES[look.style[0]], round(0.8 * look.size)
    line = LEADING * look.size
    place: dict[str, float] = {"left": pad, "right": pad, "top": pad, "bottom": pad}
    titles = []
    if texts.title:
        titles.append(_title(texts.title, look, look.heading, "top", pad, theme))
        place["top"] += LEADING * look.title_size * len(texts.title.split("\n")) + pad
    if texts.source:
        titles.append(_title(texts.source, look, look.source_side, "bottom", pad, theme))
        place["bottom"] += line * len(texts.source.split("\n")) + pad
    option: dict[str, Any] = {
        "animation": False,
        "backgroundColor": theme.paper,
        "color": look.colors,
        "textStyle": {"fontFamily": look.font.family, "fontSize": look.size, "color": theme.ink},
        "title": titles,
    }
    if texts.legend:
        option["legend"] = _legend(look, texts, place, theme)
        if look.legend in ("top", "bottom"):
            place[look.legend] += line * texts.rows + pad
        if look.legend == "right":
            place["right"] += max(map(font_of(look).getlength, texts.legend)) + SWATCH * look.size
    if chart.round:
        return option | {"series": [_pie(chart, look, texts, place, theme)]}
    numbers = _value_axis(chart.axis, chart.places, look, theme)
    names = (
        _value_axis(chart.x_axis, chart.x_places, look, theme)
        if chart.x_axis
        else _category_axis(chart, look, texts, theme)
    )
    x_axis, y_axis = (numbers, names) if chart.form == "bar" else (names, numbers)
    if chart.x_title:
        x_axis |= {"name": chart.x_title, "nameLocation": "middle"}
    if chart.y_title:
        end = look.axis_titles == "end" and chart.form != "bar"
        y_axis |= {"name": chart.y_title, "nameLocation": "end" if end else "middle"}
        y_axis["nameTextStyle"] |= {"align": "left"} if end else {}
    return option | {
        "grid": {
            **place,
            "outerBoundsMode": "same",
            "show": look.frame == "box",
            "borderColor": theme.axis_ink,
        },
        "xAxis": x_axis,
        "yAxis": y_axis,
        "series": [_series(chart, look, texts, series, theme) for series in range(len(chart.series))],
    }


def _title(text: str, look: Look, side: str, end: str, pad: int, theme: Theme) -> dict[str, Any]:
    font, size = (look.title_font, look.title_size) if end == "top" else (look.font, look.size)
    bold = font.weight == 700 and end == "top"
    place = {"left": "center"} if side == "center" else {side: pad}
    return {
        "text": text,
        **place,
        end: pad,
        "padding": 0,
        "itemGap": 0,
        "textAlign": "auto",
        "textStyle": {
            "fontFamily": font.family,
            "fontSize": size,
            "fontWeight": "bold" if bold else "normal",
            "lineHeight": round(LEADING * size),
            "color": theme.ink,
        },
    }


def _legend(look: Look, texts: Texts, place: dict[str, float], theme: Theme) -> dict[str, Any]:
    spots: dict[str, dict[str, Any]] = {
        "top": {"left": "center", "top": place["top"]},
        "bottom": {"left": "center", "bottom": place["bottom"]},
        "right": {"right": place["right"], "top": "middle", "orient": "vertical"},
        "inside": {"right": place["right"] + look.size, "top": place["top"] + look.size},
    }
    return {
        **spots[look.legend],
        "data": [{"name": name} for name in texts.legend],
        "padding": round(0.3 * look.size),
        "backgroundColor": theme.paper,
        "itemWidth": round(1.8 * look.size),
        "itemHeight": look.size,
        "itemGap": round(0.8 * look.size if look.legend in ("top", "bottom", "inside") else 0.4 * look.size),
        "textStyle": {"fontSize": look.size, "color": theme.ink},
    }


def _axis_style(look: Look, theme: Theme) -> dict[str, Any]:
    line = round(LEADING * look.size)
    return {
        "axisLabel": {"fontSize": look.size, "lineHeight": line, "color": theme.axis_ink},
        "nameTextStyle": {"fontSize": look.size, "lineHeight": line, "color": theme.ink},
        "nameGap": round(0.4 * look.size),
        "axisTick": {"lineStyle": {"color": theme.axis_ink}},
    }


def _value_axis(axis: Axis, places: int, look: Look, theme: Theme) -> dict[str, Any]:
    line = {"color": theme.grid_ink, "type": "dashed" if look.grid == "dashed" else "solid"}
    between = axis.parts > 2
    return {
        **_axis_style(look, theme),
        "type": "value",
        "min": number(axis.low, places),
        "max": number(axis.high, places),
        "interval": number(axis.step, places),
        "names": [tick_text(count, places, axis) for count in axis.ticks],
        "axisLine": {"show": look.frame == "box", "onZero": False, "lineStyle": {"color": theme.axis_ink}},
        "splitLine": {"show": look.grid != "none", "lineStyle": line},
        "minorTick": {"show": between, "splitNumber": axis.parts},
        "minorSplitLine": {"show": between and look.grid != "none", "lineStyle": line | {"opacity": FAINT}},
    }


def _category_axis(chart: Chart, look: Look, texts: Texts, theme: Theme) -> dict[str, Any]:
    style = _axis_style(look, theme)
    style["axisLabel"] |= {"interval": 0, "rotate": texts.tilt, "hideOverlap": False}
    return {
        **style,
        "type": "category",
        "data": texts.categories,
        "inverse": chart.form == "bar",
        # the line stands at zero even where some numbers are negative; the names stay at the edge
        "axisLine": {"onZero": True, "lineStyle": {"color": theme.axis_ink}},
    }


def _series(chart: Chart, look: Look, texts: Texts, series: int, theme: Theme) -> dict[str, Any]:
    flat = chart.form == "bar"
    values: list[Any] = [number(count, chart.places) for count in chart.values[series]]
    below = [value < 0 for value in values] if chart.form in ("column", "bar") else valleys(chart, values)
    ends = {(True, False): "right", (True, True): "left", (False, False): "top", (False, True): "bottom"}
    data = values
    if chart.labelled:
        color = ink_on(look.colors[series]) if chart.stacked else theme.ink
        style = {"show": True, "color": color, "fontSize": look.size}
        places = ["inside" if chart.stacked else ends[flat, under] for under in below]
        labels = zip(values, texts.values[series], places, strict=True)
        data = [
            {"value": value, "label": style | {"formatter": text, "position": place}}
            for value, text, place in labels
        ]
    if chart.x_values:
        data = list(zip([number(x, chart.x_places) for x in chart.x_values[series]], values, strict=True))
    made: dict[str, Any] = {"name": chart.series[series], "data": data}
    if chart.form in ("column", "bar"):
        edge = {"itemStyle": {"borderColor": theme.ink, "borderWidth": 1}} if look.edge else {}
        gaps = {"barGap": "0%", "barCategoryGap": f"{100 * (1 - look.fill):.0f}%"}
        return {**made, "type": "bar", "stack": "all" if chart.stacked else None, **gaps, **edge}
    size = look.size * (0.8 if chart.form == "scatter" else 0.55)
    shape = MARKERS[(MARKERS.index(look.marker) + series) % len(MARKERS)]
    made |= {"symbol": SYMBOLS[shape], "symbolSize": round(size)}
    if chart.form == "scatter":
        return {**made, "type": "scatter", "itemStyle": {"opacity": 1}}
    area = {"areaStyle": {"opacity": 0.35, "origin": "start"}} if chart.form == "area" else {}
    return {
        **made,
        "type": "line",
        "showAllSymbol": True,
        "lineStyle": {"width": round(look.stroke * look.size / 10, 1)},
        **area,
    }


def _pie(chart: Chart, look: Look, texts: Texts, place: dict[str, float], theme: Theme) -> dict[str, Any]:
    names = texts.legend or chart.categories
    left, top = place["left"], place["top"]
    width, height = look.width - left - place["right"], look.height - top - place["bottom"]
    radius = round(pie_radius(chart, look, width, height))
    numbers = texts.values[0] if texts.values else [""] * len(names)
    if look.numbers == "outside":
        numbers = [f"{name}\n{text}" for name, text in zip(names, numbers, strict=True)]
    label = {"show": bool(texts.values), "position": look.numbers, "fontSize": look.size, "overflow": "none"}
    return {
        "type": "pie",
        "center": [round(left + width / 2), round(top + height / 2)],
        "radius": [round(radius * HOLE) if chart.form == "donut" else 0, radius],
        "startAngle": 90 - look.start,
        "avoidLabelOverlap": False,
        "data": [
            {
                "name": name,
                "value": number(count, chart.places),
                "label": {
                    **label,
                    "color": ink_on(color) if look.numbers == "inside" else theme.ink,
                    "formatter": text,
                },
            }
            for name, count, color, text in zip(names, chart.values[0], look.colors, numbers, strict=False)
        ],
        "labelLine": {"show": look.numbers == "outside", "length": look.size, "length2": 0.6 * look.size},
        "itemStyle": {"borderColor": theme.ink if look.edge else theme.paper, "borderWidth": 1},
    }
