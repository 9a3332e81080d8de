"""Exercises: numbers are those of the figure, marks are whole, and every one of them is drawn."""

import re
import shutil

import numpy as np
import pytest

from data_engines.drawing import draw_and_check, make_rng
from data_engines.engine import Drawing
from data_engines.kinds.geometry import engine as geometry
from data_engines.kinds.geometry.engine import Spec
from data_engines.kinds.geometry.exercises import EXERCISES, RIGHT_TRIANGLES, exercise
from data_engines.kinds.geometry.sketch import Crowded, Sketch
from data_engines.kinds.geometry.tikz import Arc, Node, Polyline, write

needs_tex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")


def placed(name: str, seed: int) -> Sketch | None:
    """The exercise called `name`, with its letters; None where they have no room."""
    sketch = Sketch(make_rng(1, name, seed), colored=seed % 3 == 0)
    try:
        {each.__name__: each for each in EXERCISES}[name](sketch)
        sketch.place_letters()
    except Crowded:
        return None
    return sketch


NAMES = list(dict.fromkeys(each.__name__ for each in EXERCISES))


@pytest.mark.parametrize("name", NAMES)
def test_most_of_each_exercise_has_room_and_fits_an_answer(name: str) -> None:
    codes = [write(sketch.elements) for seed in range(20) if (sketch := placed(name, seed))]
    assert len(codes) >= 12
    assert max(map(len, codes)) <= geometry.MAX_CODE_CHARACTERS
    assert len(set(codes)) == len(codes)


@needs_tex
def test_every_exercise_is_drawn_and_checked() -> None:
    specs = []
    for sketch in filter(None, (placed(name, seed) for name in NAMES for seed in (3, 4))):
        low, high = sketch.corners()
        size = high.real - low.real, high.imag - low.imag
        specs.append(Spec(write(sketch.elements), size, line_width=0.5, typeface="normal", dpi=100))
    for spec, drawing in zip(specs, draw_and_check(geometry, specs), strict=True):
        assert isinstance(drawing, Drawing), (drawing, spec.code)


def test_right_triangles_have_the_whole_numbers_of_a_triple() -> None:
    seen = 0
    for seed in range(30):
        if sketch := placed("_right_triangle", seed):
            written = [each.text.strip("$") for each in sketch.elements if isinstance(each, Node)]
            numbers = sorted(int(text) for text in written if text.isdigit())
            assert any(set(numbers) <= set(sides) for sides in RIGHT_TRIANGLES), numbers
            seen += len(numbers) >= 2
    assert seen >= 15


def test_equal_sides_have_as_many_strokes_and_angles_as_many_arcs_as_asked_for() -> None:
    sketch = Sketch(np.random.default_rng(0))
    sketch.equal((0j, 2 + 0j), (0j, 2j), strokes=3)
    strokes = [each for each in sketch.elements if isinstance(each, Polyline)]
    middles = [sum(stroke.points) / 2 for stroke in strokes]
    assert middles == pytest.approx([0.91, 1, 1.09, 0.91j, 1j, 1.09j])
    sketch.angle(0j, 2 + 0j, 2j, arcs=2)
    radii = [each.radii[0] for each in sketch.elements if isinstance(each, Arc)]
    assert radii == pytest.approx([0.41, 0.33])
    sketch.parallel((0j, 2 + 0j), heads=2)
    heads = [each.points[1] for each in sketch.elements if isinstance(each, Polyline)][len(strokes) :]
    assert heads == pytest.approx([1.09, 1.0])


@pytest.mark.parametrize(
    ("size", "text"), [(3.0, "3"), (3.14, "3.1"), (19.96, "20"), (20.0, "20"), (130.4, "130")]
)
def test_lengths_are_those_of_the_figure(size: float, text: str) -> None:
    sketch = Sketch(np.random.default_rng(0))
    sketch.units_per_cm = 2
    assert sketch.measure(0j, complex(size / 2)) == text


def test_an_expression_is_the_asked_angle_for_a_whole_x() -> None:
    found = 0
    for seed in range(60):
        code = write(sketch.elements) if (sketch := placed("_transversal", seed)) else ""
        given, asked = re.search(r"\$(\d+)\^", code), re.search(r"\$\((\d)x([+-]\d+)?\)\^", code)
        if given and asked:
            factor, rest, size = int(asked[1]), int(asked[2] or 0), int(given[1])
            assert any((angle - rest) % factor == 0 and angle > rest for angle in (size, 180 - size)), code
            found += 1
    assert found >= 10


def test_the_same_chance_draws_the_same_exercise() -> None:
    def draw(seed: int) -> str:
        sketch = Sketch(np.random.default_rng(seed), colored=True)
        exercise(sketch)
        return write(sketch.elements)

    assert [draw(seed) for seed in range(20)] == [draw(seed) for seed in reversed(range(20))][::-1]
