"""Draws charts with ECharts, which runs in V8 without a browser, and with resvg; reads back what it drew.

ECharts is the library behind Pyecharts, with which OneChart's charts were drawn too.
"""

import atexit
import io
import json
import math
from functools import cache
from typing import Any, NamedTuple

import resvg_py
from PIL import Image
from py_mini_racer import MiniRacer

from data_engines.kinds.chart.axes import AnyAxis, Axis, number, tick_text
from data_engines.kinds.chart.data import Chart
from data_engines.kinds.chart.drawn import DrawnChart, Written, ink_on, written_at
from data_engines.kinds.chart.look import FAINT, HOLE, MARKER_SIZES, MARKERS, Look
from data_engines.kinds.chart.texts import LEADING, SWATCH, Texts, font_of, pie_radius, valleys
from data_engines.tools.boxes import Box
from data_engines.tools.fonts import Typeface, open_font
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
LETTERS = "".join(map(chr, range(32, 127))) + "国"
"""Letters that ECharts measures in every chart."""
SIZE = 100
"""Size in pixels at which texts are measured: FreeType hints smaller fonts, and resvg does not."""
ANCHORS = {"left": "ls", "center": "ms", "right": "rs"}
"""Pillow's anchors on the baseline, by ECharts' alignments."""

SCRIPT = """
function render(text) {
  const {width, height, option, advances} = JSON.parse(text);
  const typeset = font => ({bold: /bold/.test(font) ? 1 : 0, size: parseFloat(font.match(/([\\d.]+)px/)[1])});
  echarts.setPlatformAPI({measureText: (text, font) => {
    const {bold, size} = typeset(font);
    return {width: Array.from(text).reduce((sum, letter) => sum + (advances[bold][letter] ?? 1), 0) * size};
  }});
  for (const axis of [].concat(option.xAxis ?? [], option.yAxis ?? []).filter(axis => axis.names)) {
    axis.axisLabel.formatter = value => axis.names[Math.round((value - axis.min) / axis.interval)];
  }
  const chart = echarts.init(null, null, {renderer: "svg", ssr: true, width, height});
  chart.setOption(option);
  const storage = chart.getZr().storage;
  // each would take resvg a layer as large as the picture, and nothing is drawn beyond the plot
  storage.traverse(item => item.removeClipPath());
  const svg = chart.renderToSVGString(), items = storage.getDisplayList();
  const texts = [], legend = [], marks = option.series.map(() => []);
  items.forEach(({type, style, shape, transform}, place) => {
    const [a, b, c, d, e, f] = transform ?? [1, 0, 0, 1, 0, 0];
    const {ssrType, seriesIndex, dataIndex} = echarts.helper.getECData(items[place]);
    if (type === "tspan") {
      const {text, font, textAlign, x = 0, y = 0} = style;
      const turn = Math.round(Math.atan2(b, a) * 180 / Math.PI);
      texts.push({text, textAlign, turn, x: a * x + c * y + e, y: b * x + d * y + f, ...typeset(font)});
    } else if (ssrType === "chart") {
      marks[seriesIndex][dataIndex] = {...shape, color: style.fill, point: [e, f]};
    } else if (ssrType === "legend" && type === "rect") {
      // an entry ends in a transparent area, which follows its mark and its text
      legend.push([items[place - 1].style.text, items[place - 2].style.fill]);
    }
  });
  chart.dispose();
  return {svg, texts, legend, marks};
}
"""


def draw(chart: Chart, look: Look, texts: Texts) -> DrawnChart:
    option = make_option(chart, look, texts)
    fonts = (look.font, look.title_font)
    letters = LETTERS + json.dumps(option, ensure_ascii=False)
    advances = [_advances(font, letters) for font in fonts]
    job = {"width": look.width, "height": look.height, "option": option, "advances": advances}
    done: Any = _engine().call("render", json.dumps(job))
    files = sorted({font.path for font in fonts})
    png = resvg_py.svg_to_bytes(svg_string=done["svg"], skip_system_fonts=True, font_files=files)
    with Image.open(io.BytesIO(bytes(png))) as opened:
        picture = opened.convert("RGB")
    rows = done["marks"]
    marks: dict[str, Any] = {}
    if chart.round:
        ends = [(mark["startAngle"], mark["endAngle"]) for mark in rows[0]]
        # clockwise from the top, while ECharts counts from the right
        marks["slices"] = tuple(tuple((math.degrees(end) + 90) % 360 for end in pair) for pair in ends)
        marks["center"] = (rows[0][0]["cx"], rows[0][0]["cy"])
    else:
        num_bars = len(chart.series) if chart.has_bars else 0
        marks["bars"] = tuple(tuple(map(_box, row)) for row in rows[:num_bars])
        marks["points"] = tuple(tuple(tuple(mark["point"]) for mark in row) for row in rows[num_bars:])
    return DrawnChart(
        picture,
        tuple(_written(text, fonts[text["bold"]]) for text in done["texts"]),
        tuple(mark["color"] for mark in (rows[0] if chart.round else [row[0] for row in rows])),
        tuple(map(tuple, done["legend"])),
        **marks,
    )


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


def _advances(font: Typeface, letters: str) -> dict[str, float]:
    """Widths of letters, as multiples of the font's size."""
    face = open_font(font.path, font.number, SIZE)
    # ECharts takes the width of the last of `LETTERS` as the height of a line
    return {letter: face.getlength(letter) / SIZE for letter in sorted(set(letters))} | {LETTERS[-1]: 1}


def _box(bar: dict[str, float]) -> Box:
    """Bars of negative numbers have a height or width below 0."""
    ends = (bar["x"], bar["x"] + bar["width"]), (bar["y"], bar["y"] + bar["height"])
    (left, right), (top, bottom) = map(sorted, ends)
    return Box(left, top, right, bottom)


def _written(text: dict[str, Any], font: Typeface) -> Written:
    """ECharts sets all texts by their middles, half way between ascent and descent."""
    face, scale = open_font(font.path, font.number, SIZE), text["size"] / SIZE
    ascent, descent = face.getmetrics()
    left, top, right, bottom = (
        end * scale for end in face.getbbox(text["text"], anchor=ANCHORS[text["textAlign"]])
    )
    down = (ascent - descent) / 2 * scale
    box = (left, top + down, right, bottom + down)
    return written_at(text["text"], box, text["x"], text["y"], text["turn"])


def make_option(chart: Chart, look: Look, texts: Texts) -> dict[str, Any]:
    """The option of ECharts that draws the chart: https://echarts.apache.org/en/option.html."""
    theme, pad, line = THEMES[look.style[0]], round(0.8 * look.size), LEADING * look.size
    place: dict[str, float] = {"left": pad, "right": pad, "top": pad, "bottom": pad}
    titles = []
    for end, text, side, font, size in (
        ("top", texts.title, look.heading, look.title_font, look.title_size),
        ("bottom", texts.source, look.source_side, look.font, look.size),
    ):
        if text:
            spot = {end: pad, "left": "center"} if side == "center" else {end: pad, side: pad}
            titles.append(_title(text, font, size, theme) | spot)
            place[end] += LEADING * size * len(text.split("\n")) + pad
    option: dict[str, Any] = {
        "animation": False,
        "backgroundColor": theme.paper,
        "color": look.colors,
        "textStyle": {"fontFamily": look.font.family, "color": theme.ink},
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
    names = _category_axis(chart, look, texts, theme)
    if chart.x_axis:
        names = _value_axis(chart.x_axis, chart.x_places, look, theme)
    x_axis, y_axis = (numbers, names) if chart.form == "bar" else (names, numbers)
    at_end = look.axis_titles == "end" and chart.form != "bar" and not chart.over
    x_axis |= {"name": chart.x_title, "nameLocation": "middle"}
    y_axis |= {"name": chart.y_title, "nameLocation": "end" if at_end else "middle"}
    y_axis["nameTextStyle"] |= {"align": "left"} if at_end else {}
    series = [_series(chart, look, texts, series, theme) for series in range(len(chart.series))]
    y_axes = [y_axis]
    if chart.over:
        second = _value_axis(chart.over.axis, chart.over.places, look, theme)
        second |= {"name": chart.over.y_title, "nameLocation": "middle"}
        # the gridlines are those of the first
        second["splitLine"] = second["minorSplitLine"] = {"show": False}
        y_axes.append(second)
        over = _series(chart.over, look, texts, 0, theme, first=len(chart.series))
        series.append(over | {"yAxisIndex": 1})
    # resvg draws a transparent ground too, which takes it a seventh of the time of a chart
    box = {"show": look.frame == "box", "borderColor": theme.axis_ink, "backgroundColor": "none"}
    return option | {
        "grid": {**place, **box, "outerBoundsMode": "same"},
        "xAxis": x_axis,
        "yAxis": y_axes,
        "series": series,
    }


def _title(text: str, font: Typeface, size: int, theme: Theme) -> dict[str, Any]:
    return {
        "text": text,
        "padding": 0,
        "itemGap": 0,
        "textAlign": "auto",
        "textStyle": {
            "fontSize": size,
            "fontWeight": "bold" if font.weight == 700 else "normal",
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
        "itemGap": round((0.4 if look.legend == "right" else 0.8) * look.size),
        "textStyle": {"fontSize": look.size, "color": theme.ink},
    }


def _axis_style(look: Look, theme: Theme) -> dict[str, Any]:
    text = {"fontSize": look.size, "lineHeight": round(LEADING * look.size)}
    return {
        "axisLabel": {**text, "color": theme.axis_ink},
        "nameTextStyle": {**text, "color": theme.ink},
        "nameGap": round(0.4 * look.size),
        "axisTick": {"lineStyle": {"color": theme.axis_ink}},
    }


def _value_axis(axis: AnyAxis, places: int, look: Look, theme: Theme) -> dict[str, Any]:
    assert isinstance(axis, Axis), "Matplotlib draws logarithmic axes"
    line = {"color": theme.grid_ink, "type": look.grid}
    between = axis.marks != axis.ticks
    return {
        **_axis_style(look, theme),
        "type": "value",
        "min": number(axis.low, places),
        "max": number(axis.high, places),
        # where bars begin
        "startValue": max(number(axis.low, places), 0),
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


def _series(
    chart: Chart, look: Look, texts: Texts, series: int, theme: Theme, first: int = 0
) -> dict[str, Any]:
    """A series, in front of which there are `first` others of the layer below."""
    values = chart.drawn[series]
    made: dict[str, Any] = {"name": chart.series[series], "data": values}
    is_bar = chart.has_bars
    if chart.labelled:
        color = ink_on(look.colors[series]) if chart.stacked else theme.ink
        style = {"show": True, "color": color, "fontSize": look.size}
        places = ["bottom" if below else "top" for below in valleys(chart)]
        if is_bar:
            places = ["inside" if chart.stacked else "outside"] * len(values)
        made["data"] = [
            {"value": value, "label": style | {"formatter": text, "position": place}}
            for value, text, place in zip(values, texts.values[series], places, strict=True)
        ]
    if is_bar:
        return made | {
            "type": "bar",
            "stack": "all" if chart.stacked else None,
            "barGap": "0%",
            "barCategoryGap": f"{100 * (1 - look.fill):.0f}%",
            "itemStyle": {"borderColor": theme.ink, "borderWidth": int(look.edge)},
        }
    made["symbol"] = SYMBOLS[look.marker_of(first + series)]
    made["symbolSize"] = round(look.size * MARKER_SIZES[chart.form])
    if chart.form == "scatter":
        points = list(zip(chart.x_drawn[series], values, strict=True))
        return made | {"type": "scatter", "data": points, "itemStyle": {"opacity": 1}}
    return made | {
        "type": "line",
        "showAllSymbol": True,
        "lineStyle": {"width": round(look.stroke * look.size / 10, 1)},
        "areaStyle": {"opacity": 0.35, "origin": "start"} if chart.form == "area" else None,
    }


def _pie(chart: Chart, look: Look, texts: Texts, place: dict[str, float], theme: Theme) -> dict[str, Any]:
    width, height = look.width - place["left"] - place["right"], look.height - place["top"] - place["bottom"]
    radius = round(pie_radius(chart, look, width, height))
    names = texts.legend or chart.categories
    numbers = texts.values[0] if texts.values else names
    if look.numbers == "outside":
        numbers = tuple(f"{name}\n{text}" for name, text in zip(names, numbers, strict=True))
    label = {"show": bool(texts.values), "position": look.numbers, "fontSize": look.size, "overflow": "none"}
    return {
        "type": "pie",
        "center": [round(place["left"] + width / 2), round(place["top"] + height / 2)],
        "radius": [round(radius * HOLE) if chart.form == "donut" else 0, radius],
        "startAngle": 90 - look.start,
        "avoidLabelOverlap": False,
        "data": [
            {
                "name": name,
                "value": value,
                "label": {
                    **label,
                    "color": ink_on(color) if look.numbers == "inside" else theme.ink,
                    "formatter": text,
                },
            }
            for name, value, color, text in zip(names, chart.numbers[0], look.colors, numbers, strict=False)
        ],
        "labelLine": {"show": look.numbers == "outside", "length": look.size, "length2": 0.6 * look.size},
        "itemStyle": {"borderColor": theme.ink if look.edge else theme.paper, "borderWidth": 1},
    }
