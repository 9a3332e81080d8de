"""Figures of pages: that they are as large as they say and name all their texts."""

import re

import numpy as np

from data_engines.kinds.page.figures import LABEL_SIZE, choose_figure, text_points
from data_engines.kinds.page.listings import MAX_LINES, _functions

CODE = '''
class Sum:
    def add(self, x):
        """Not code."""
        if x:
            return 1

        return 2

    def short(self):
        return 1


x = 3
'''


def test_figures_stay_in_their_room_and_name_their_texts() -> None:
    drawn = [
        choose_figure(np.random.default_rng(seed), lambda: "Ships & lamps", ("photo.png",), room)
        for seed in range(40)
        for room in (150.0, 240.0, 430.0)
    ]
    assert {bool(figure.photo) for figure in drawn} == {True, False}
    for figure, room in zip(drawn, [150.0, 240.0, 430.0] * 40, strict=True):
        assert 0 < figure.width <= room
        texts = re.findall(r"\\makebox\(0,0\)\[\w*\]\{(.*?)\}\}", figure.latex)
        assert sorted(text.replace(r"\&", "&") for text in texts) == sorted(figure.texts)
        assert not (figure.photo and texts)
        for x, y in re.findall(r"[({](-?[\d.]+),(-?[\d.]+)\)", figure.latex.split("}", 1)[-1]):
            assert -1 <= float(x) <= figure.width + 1 and -1 <= float(y) <= figure.height + 1


def test_widths_of_labels_are_estimated() -> None:
    assert text_points("灯塔") > text_points("ab")
    assert text_points("灯塔") >= 2 * LABEL_SIZE


def test_listings_are_functions_without_docstrings() -> None:
    assert list(_functions(CODE)) == [
        ("def add(self, x):", "    if x:", "        return 1", "", "    return 2")
    ]
    long = "def f(x):\n" + "    x += 1\n" * 30
    [cut] = _functions(long)
    assert len(cut) == MAX_LINES
    assert list(_functions("def f(x):\n" + "    é = 1\n" * 5)) == []
