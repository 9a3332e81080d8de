"""The engine `chart`: the answer is what the picture shows, and every number of it can be read there."""

import dataclasses
import json
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("faker")
pytest.importorskip("py_mini_racer")

from data_engines.drawing import draw_and_check  # noqa: E402 (below the check that packages are installed)
from data_engines.engine import Drawing, Reject  # noqa: E402
from data_engines.kinds.chart import engine  # noqa: E402
from data_engines.kinds.chart.axes import Axis, LogAxis, read_at  # noqa: E402
from data_engines.kinds.chart.data import Chart, target  # noqa: E402
from data_engines.kinds.chart.engine import KIND_CHANCES, ChartStock, Options, Spec  # noqa: E402
from data_engines.kinds.chart.numbers import STATISTICS  # noqa: E402
from data_engines.options import Range  # noqa: E402
from got_train.evaluation.charts import TOLERANCES, average_precision  # noqa: E402
from got_train.packages import package_folder  # noqa: E402
from got_train.prompts import Task  # noqa: E402

WORDS = "amber basin cedar delta ember fjord grove heron island jetty kiosk lagoon meadow north orchard"
HAN = "山水风云雷电春夏秋冬东西南北金木土日月星辰江河湖海松竹梅兰"


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("chart") / "words.txt"
    file.write_text(WORDS + "\n" + " ".join(reversed(WORDS.split())) + "\n")
    return file


@pytest.fixture(scope="module")
def stock(words: Path, sans: Path) -> ChartStock:
    return engine.load(Options(source=words, language="en", fonts=(sans,)), np.random.default_rng(0))


def draw_specs(stock: ChartStock, count: int, **options: object) -> list[Spec]:
    chosen = dataclasses.replace(stock, options=dataclasses.replace(stock.options, **options))
    return [engine.decide(np.random.default_rng([7, i]), i, chosen) for i in range(count)]


def draw(spec: Spec) -> Drawing:
    [drawing] = draw_and_check(engine, [spec])
    assert isinstance(drawing, Drawing), drawing
    return drawing


@pytest.mark.parametrize(
    ("library", "kind"), [(name, kind) for name in KIND_CHANCES for kind in KIND_CHANCES[name]]
)
def test_the_answer_holds_what_was_drawn(stock: ChartStock, kind: str, library: str) -> None:
    for spec in draw_specs(stock, 6, kinds=kind, library=library):
        chart, drawing = spec.chart, draw(spec)
        [picture], [answer] = drawing.pictures, drawing.answers
        assert (answer.task, picture.mode) == (Task(format=True), "RGB")
        assert picture.size == (spec.look.width, spec.look.height)
        parsed = json.loads(answer.text)
        assert list(parsed) == ["title", "source", "x_title", "y_title", "values"]
        assert parsed["title"] == (chart.title or "None")
        rows = list(parsed["values"].values()) if len(chart.names) > 1 else [parsed["values"]]
        numbers = [row for layer in chart.layers for row in layer.numbers]
        if kind == "box":
            assert [list(row) for row in rows] == [list(STATISTICS)] * len(chart.categories)
            numbers = [list(column) for column in zip(*numbers, strict=True)]
        assert [list(row.values()) for row in rows] == numbers
        assert "\n" not in answer.text
        score = average_precision(parsed["values"], parsed["values"], TOLERANCES["strict"])
        assert score == 1.0


def test_numbers_that_are_not_printed_are_places_along_the_axis(stock: ChartStock) -> None:
    charts = [spec.chart for spec in draw_specs(stock, 300, library="matplotlib")]
    unlabelled = [layer for chart in charts for layer in chart.layers if not layer.labelled]
    assert len(unlabelled) > 100
    for chart in unlabelled:
        places = set(chart.axis.places)
        assert all(count in places for counts in chart.values for count in counts)
        marks = chart.exact or chart.values
        tops = [sum(column) for column in zip(*marks, strict=True)] if chart.stacked else [*chain(*marks)]
        assert chart.axis.low <= min(tops) and max(tops) <= chart.axis.high


def test_marks_lie_off_the_gridlines_and_are_read_as_the_answer_says(stock: ChartStock) -> None:
    charts = [spec.chart for spec in draw_specs(stock, 300, library="matplotlib")]
    off = [layer for chart in charts for layer in chart.layers if layer.exact]
    assert len(off) > 50 and {chart.form for chart in off} >= {"column", "line", "scatter", "box", "radar"}
    for chart in off:
        for marks, counts in zip(chart.exact, chart.values, strict=True):
            assert read_at(chart.axis, np.array(marks)).tolist() == list(counts)
    # what is counted in a histogram is whole, and may lie on its place
    assert all(chart.exact != chart.values for chart in off if chart.form != "histogram")


def test_axes_start_below_at_and_above_zero_and_grow_by_powers(stock: ChartStock) -> None:
    charts = [spec.chart for spec in draw_specs(stock, 300, kinds="bar", library="matplotlib")]
    linear = [chart.axis for chart in charts if isinstance(chart.axis, Axis)]
    assert 5 < sum(isinstance(chart.axis, LogAxis) for chart in charts) < 60
    assert {np.sign(axis.low) for axis in linear} == {-1, 0, 1}
    assert 1 <= sum(axis.high == 0 for axis in linear) < 30


def test_a_line_over_columns_has_its_own_axis_with_the_same_gridlines(stock: ChartStock) -> None:
    for spec in draw_specs(stock, 20, kinds="combined", library="matplotlib"):
        columns, line = spec.chart.layers
        assert len(columns.axis.ticks) == len(line.axis.ticks)
        assert spec.chart.names[-1] == line.y_title != columns.y_title


def test_bins_follow_each_other(stock: ChartStock) -> None:
    for spec in draw_specs(stock, 20, kinds="histogram", library="matplotlib"):
        chart = spec.chart
        ends = [name.split("-") for name in chart.categories]
        assert [end for _, end in ends[:-1]] == [start for start, _ in ends[1:]]
        assert chart.x_axis and len(chart.x_axis.places) == len(ends) + 1
        assert all(count == int(count) for row in chart.exact for count in row)


def test_a_kind_that_the_library_does_not_draw_is_refused() -> None:
    with pytest.raises(ValueError, match="--kinds radar: ECharts draws none; give --library matplotlib, or"):
        Options(kinds="radar", library="echarts")


def test_percentages_of_a_pie_add_up(stock: ChartStock) -> None:
    pies = [spec.chart for spec in draw_specs(stock, 40, kinds="pie", library="matplotlib")]
    percentages = [chart for chart in pies if chart.suffix == "%"]
    assert percentages
    for chart in percentages:
        assert sum(chart.values[0]) == 100 * 10**chart.places


def test_lines_never_hide_each_others_marks(stock: ChartStock) -> None:
    for spec in draw_specs(stock, 40, kinds="line", library="matplotlib", series=Range(3, 4)):
        for column in zip(*spec.chart.values, strict=True):
            assert len(set(column)) == len(column)


def test_every_series_of_points_has_some(stock: ChartStock) -> None:
    """Two series may not have a point in one place, which left some with none at all."""
    options = {"categories": Range(2, 2), "series": Range(6, 6), "kinds": "scatter"}
    for spec in draw_specs(stock, 300, **options):
        assert all(spec.chart.x_values)


def test_options_are_kept(stock: ChartStock) -> None:
    options = {"categories": Range(4, 5), "series": Range(2, 2), "width": Range(700, 720), "kinds": "bar"}
    for spec in draw_specs(stock, 20, library="matplotlib", **options):
        assert len(spec.chart.categories) in (4, 5)
        assert len(spec.chart.series) == 2
        assert 700 <= spec.look.width <= 720


def test_titles_and_names_come_from_the_users_words(stock: ChartStock) -> None:
    known = set(WORDS.split())
    specs = draw_specs(stock, 30, kinds="bar", library="matplotlib", series=Range(2, 3))
    names = {word.lower() for spec in specs for name in spec.chart.series for word in name.split()}
    assert len(names) > 10
    assert names <= known


@pytest.mark.parametrize("library", ["matplotlib", "echarts"])
def test_a_sample_is_the_same_whatever_was_drawn_before(stock: ChartStock, library: str) -> None:
    specs = draw_specs(stock, 4, library=library)
    assert specs == draw_specs(stock, 4, library=library)
    first = [drawing.pictures[0].tobytes() for drawing in draw_and_check(engine, specs)]
    again = [drawing.pictures[0].tobytes() for drawing in draw_and_check(engine, specs[::-1])]
    assert first == again[::-1]
    assert len(set(first)) == 4


def test_answers_are_written_as_onechart_does(columns: Chart) -> None:
    head = '{"title": "Sales", "source": "Acme Ltd", "x_title": "None", "y_title": "Cost (USD)", "values": '
    nested = '{"North": {"2020": 12.5, "2021": 4.0}, "South": {"2020": 20.0, "2021": 5.5}}}'
    assert target(columns) == head + nested
    single = dataclasses.replace(columns, series=("",), values=((125, 40),), places=0, title="销量")
    assert target(single) == head.replace("Sales", "销量") + '{"2020": 125, "2021": 40}}'
    points = dataclasses.replace(single, title="Sales", form="scatter", x_values=((15, 30),), x_places=1)
    assert target(points) == head + '{"1.5": 125, "3.0": 40}}'
    line = dataclasses.replace(single, series=("Growth (%)",), values=((3, 5),))
    combined = dataclasses.replace(single, title="Sales", series=("Cost",), over=line)
    growth = '"Growth (%)": {"2020": 3, "2021": 5}}}'
    assert target(combined) == head + '{"Cost": {"2020": 125, "2021": 40}, ' + growth
    rows = ((1, 2), (3, 4), (5, 6), (7, 8), (9, 11))
    boxes = dataclasses.replace(single, title="Sales", form="box", series=STATISTICS, values=rows)
    first = '{"2020": {"min": 1, "q1": 3, "median": 5, "q3": 7, "max": 9}, '
    assert target(boxes) == head + first + '"2021": {"min": 2, "q1": 4, "median": 6, "q3": 8, "max": 11}}}'


@pytest.mark.parametrize("library", ["matplotlib", "echarts"])
def test_chinese_is_drawn_in_a_chinese_font(library: str, tmp_path: Path, sans: Path) -> None:
    pytest.importorskip("pylopdf_fonts_zh_cn")
    source = tmp_path / "words.txt"
    source.write_text(HAN + "\n", encoding="utf-8")
    noto = package_folder("pylopdf_fonts_zh_cn") / "NotoSansSC-Regular.otf"
    options = Options(source=source, language="zh", library=library, fonts=(sans, noto))
    stock = engine.load(options, np.random.default_rng(0))
    for spec in [engine.decide(np.random.default_rng([7, i]), i, stock) for i in range(3)]:
        assert spec.look.font.path == str(noto)
        assert json.loads(draw(spec).answers[0].text)["values"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"categories": Range(1, 3)}, "--categories 1-3: give LOW-HIGH, both from 2 to 20"),
        ({"series": Range(3, 2)}, "--series 3-2"),
        ({"width": Range(100, 800)}, "--width 100-800"),
        ({"height": Range(300, 9000)}, "--height 300-9000"),
    ],
)
def test_options_that_cannot_be_are_refused(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Options(**options)


@pytest.mark.parametrize(
    ("content", "message"), [(b"\xff\xfe\x00", "is not UTF-8"), (b" \n\n", "holds no text")]
)
def test_a_bad_source_is_one_clear_line(tmp_path: Path, content: bytes, message: str) -> None:
    source = tmp_path / "words.txt"
    source.write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        engine.load(Options(source=source, language="en"), np.random.default_rng(0))
    assert "\n" not in str(error.value)


def test_charts_have_the_languages_of_the_source(words: Path, tmp_path: Path, sans: Path) -> None:
    stock = engine.load(Options(source=words, fonts=(sans,)), np.random.default_rng(0))
    assert [some.tongue for some in stock.words] == ["en"]
    both = tmp_path / "both.txt"
    both.write_text(words.read_text() + "\n收入和支出的比较\n", encoding="utf-8")
    stock = engine.load(Options(source=both, fonts=(sans,)), np.random.default_rng(0))
    assert [(some.tongue, "收" in "".join(some.lines)) for some in stock.words] == [
        ("en", False),
        ("zh", True),
    ]


def test_fonts_that_are_not_there_are_one_clear_line(words: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not exist"):
        engine.load(
            Options(source=words, language="en", fonts=(tmp_path / "no.ttf",)), np.random.default_rng(0)
        )


def test_fonts_unfit_for_charts_are_one_clear_line(words: Path, sans: Path) -> None:
    slanted = sans.with_name("DejaVuSans-Oblique.ttf")
    with pytest.raises(ValueError, match="--fonts: none of the 1 font files is upright"):
        engine.load(Options(source=words, language="en", fonts=(slanted,)), np.random.default_rng(0))


def test_a_source_without_words_for_names_gives_no_charts(tmp_path: Path, sans: Path) -> None:
    source = tmp_path / "words.txt"
    source.write_text("a b c d\n")
    options = Options(source=source, language="en", library="matplotlib", kinds="bar", fonts=(sans,))
    stock = engine.load(options, np.random.default_rng(0))
    with pytest.raises(Reject, match="no words for a name in the corpus|too few different names"):
        for i in range(10):
            engine.decide(np.random.default_rng([7, i]), i, stock)
