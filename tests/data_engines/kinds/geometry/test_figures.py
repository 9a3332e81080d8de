"""Figures: constructions are where geometry says, each picture has one code, letters keep clear of lines."""

import contextlib
import math
import re

import numpy as np
import pytest

from data_engines.kinds.geometry import plane
from data_engines.kinds.geometry.curves import graph
from data_engines.kinds.geometry.lines import solid
from data_engines.kinds.geometry.sketch import Crowded, Sketch
from data_engines.kinds.geometry.tikz import Arc, Dot, Ellipse, Node, Plot, Polyline, Ticks, write
from data_engines.kinds.geometry.triangles import triangle


def test_constructions_in_a_triangle_of_sides_3_4_5() -> None:
    a, b, c = 0j, 4 + 0j, 3j
    assert plane.incircle(a, b, c) == (pytest.approx(1 + 1j), pytest.approx(1))
    assert plane.circumcircle(a, b, c) == (pytest.approx(2 + 1.5j), pytest.approx(2.5))
    assert plane.foot(a, b, c) == pytest.approx(1.44 + 1.92j)
    assert plane.angle(a, b, c) == pytest.approx(90)
    assert plane.bisector(a, b, c) == pytest.approx(12 / 7 * (1 + 1j))
    assert plane.crossing(a, 1 + 1j, b, 4 + 4j) == pytest.approx(4 + 4j)


def test_tangents_touch_at_right_angles() -> None:
    for point in plane.tangent_points(5 + 0j, 0j, 3):
        assert abs(point) == pytest.approx(3)
        assert plane.angle(point, 0j, 5 + 0j) == pytest.approx(90)


def test_a_picture_has_one_code_however_it_was_drawn() -> None:
    a, b, c = 0j, 4 + 0j, 1 + 2.5j
    one = [Polyline((a, b, c), closed=True), Polyline((a, b)), Dot(c), Node(c, "$C$", "above")]
    other = [Node(c, "$C$", "above"), Dot(c), Polyline((b, a)), Polyline((c, b, a), closed=True)]
    assert (
        write(one)
        == write(other)
        == "\n".join(
            [
                r"\begin{tikzpicture}",
                r"\draw (0,0) -- (4,0) -- (1,2.5) -- cycle;",
                r"\draw (0,0) -- (4,0);",
                r"\fill (1,2.5) circle (1.5pt);",
                r"\node[above] at (1,2.5) {$C$};",
                r"\end{tikzpicture}",
            ]
        )
    )


def test_how_each_element_is_written() -> None:
    drawn = [
        Polyline((0j, 3 + 0j, 3 + 2j, 2j), closed=True, style=("fill=gray!20", "red")),
        Polyline((1j, 3 - 0.001j), style=("dashed", "red")),
        Ellipse(1 + 1j, (0.5, 0.5)),
        Ellipse(1 + 1j, (2, 1.25)),
        Arc(0j, (1, 1), 0, 90, sector=True),
        Plot(r"\x", r"{(\x)^2}", -1, 1, tuple(complex(x, x * x) for x in np.linspace(-1, 1, 15))),
        Ticks((-1, 2), upright=False, labelled=True),
    ]
    assert write(drawn).splitlines()[1:-1] == [
        r"\draw[red, fill=gray!20] (0,0) rectangle (3,2);",
        r"\foreach \x in {-1,2} \draw (\x,0.1) -- (\x,-0.1) node[below] {$\x$};",
        r"\draw (1,1) circle (0.5);",
        r"\draw (1,1) ellipse (2 and 1.25);",
        r"\draw (0,0) -- (1,0) arc (0:90:1) -- cycle;",
        r"\draw[domain=-1:1, smooth, samples=15] plot (\x, {(\x)^2});",
        r"\draw[dashed, red] (0,1) -- (3,0);",
    ]


def test_a_figure_is_moved_as_a_whole() -> None:
    drawn = [
        Polyline((-1 - 1j, 1j)),
        Node(1j, "$A$", "above"),
        Dot(1j),
        Ellipse(0j, (1, 1)),
        Arc(0j, (1, 1), 0, 90),
    ]
    lines = write(drawn, shift=1 + 1j).splitlines()[1:-1]
    assert [re.findall(r"\((-?[\d.]+,-?[\d.]+)\)", line) for line in lines] == [
        ["1,1"],
        ["2,1"],
        ["0,0", "1,2"],
        ["1,2"],
        ["1,2"],
    ]


def expected(expression: str, x: float) -> float:
    r"""What TikZ makes of an expression in \x."""
    code = expression.strip("{}").replace(r"\x r", "x").replace(r"\x", "x").replace("^", "**")
    return float(eval(code.replace("ln(", "log("), {**vars(math), "x": x}))


def test_plots_are_what_their_code_says() -> None:
    plots = []
    for seed in range(120):
        sketch = Sketch(np.random.default_rng(seed))
        try:
            graph(sketch)
        except Crowded:
            continue
        plots += [element for element in sketch.elements if isinstance(element, Plot)]
    assert len(plots) > 50
    for plot in plots:
        for x, point in zip(np.linspace(plot.low, plot.high, len(plot.points)), plot.points, strict=True):
            assert expected(plot.x, x) == pytest.approx(point.real, abs=0.01), plot
            assert expected(plot.y, x) == pytest.approx(point.imag, abs=0.01), plot


def test_letters_stand_outside_and_touch_no_line() -> None:
    sketch = Sketch(np.random.default_rng(0))
    corners = 0j, 4 + 0j, 2 + 3j
    sketch.polygon(*corners)
    sketch.name(*corners)
    sketch.place_letters()
    placed = [element for element in sketch.elements if isinstance(element, Node)]
    assert [node.point for node in placed] == list(corners)
    assert [node.anchor for node in placed] == ["below left", "below right", "above"]


def test_centres_have_their_own_letters() -> None:
    sketch = Sketch(np.random.default_rng(0))
    for center, letter in ((0j, "O"), (3 + 0j, "I"), (6 + 0j, "A"), (9 + 0j, "A")):
        sketch.dot(center)
        sketch.name(center, letter=letter)
    sketch.place_letters()
    names = [each.text for each in sketch.elements if isinstance(each, Node)]
    assert names[:3] == ["$O$", "$I$", "$A$"]
    assert names[3] not in names[:3]


def test_the_top_of_a_solid_has_the_letters_of_its_base() -> None:
    for seed in range(100):
        sketch = Sketch(np.random.default_rng(seed))
        solid(sketch)
        with contextlib.suppress(Crowded):
            sketch.place_letters()
        texts = [each.text.strip("$") for each in sketch.elements if isinstance(each, Node)]
        assert {text[0] for text in texts if text.endswith("_1")} <= set(texts)


def test_a_letter_without_a_free_place_is_an_error() -> None:
    sketch = Sketch(np.random.default_rng(0))
    for step in range(20):
        sketch.line(complex(-1, step / 10 - 1), complex(1, step / 10 - 1))
    sketch.write(0j, "$a$")  # may be left out
    sketch.place_letters()
    assert not any(isinstance(element, Node) for element in sketch.elements)
    sketch.name(0j)
    with pytest.raises(Crowded):
        sketch.place_letters()


def test_numbers_under_a_curve_are_left_out() -> None:
    seen = set()
    for seed in range(200):
        sketch = Sketch(np.random.default_rng(seed))
        try:
            graph(sketch)
        except Crowded:
            continue
        curves = [each.outline() for each in sketch.elements if isinstance(each, Plot | Ellipse)]
        for ticks in sketch.elements:
            if isinstance(ticks, Ticks) and curves:
                seen.add(ticks.labelled)
                for low, high in ticks.label_boxes():
                    points = np.concatenate(curves)
                    inside = (points.real > low.real) & (points.real < high.real)
                    assert not np.any(inside & (points.imag > low.imag) & (points.imag < high.imag))
    assert seen == {True, False}


def test_the_same_chance_draws_the_same_figure() -> None:
    def draw(seed: int) -> str:
        sketch = Sketch(np.random.default_rng(seed), colored=True)
        triangle(sketch)
        return write(sketch.elements)

    assert [draw(seed) for seed in range(20)] == [draw(seed) for seed in reversed(range(20))][::-1]
