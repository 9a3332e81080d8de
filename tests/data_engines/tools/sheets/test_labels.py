"""Small print."""

import pytest
from PIL import Image, ImageChops

from data_engines.tools.sheets.labels import cut, draw_lines, draw_table, text_width, wrap


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("one two three", ["one two", "three"]),
        ("unbreakable", ["unbreak", "able"]),
        ("中文字，完", ["中文字，", "完"]),
        ("中文字符，完", ["中文字", "符，完"]),
        ("a\n\nb", ["a", "", "b"]),
        ("", [""]),
    ],
)
def test_lines_break_at_spaces_beside_chinese_or_anywhere(text: str, lines: list[str]) -> None:
    width = 4 * text_width("中", 20)
    wrapped = wrap(text, 20, width)
    assert wrapped == lines
    assert all(text_width(line, 20) <= width for line in wrapped)


def test_every_width_makes_lines() -> None:
    assert wrap("ab", 20, 1) == ["a", "b"]


def test_more_lines_than_wanted_end_in_an_ellipsis() -> None:
    assert cut(["a", "b"], 2) == ["a", "b"]
    assert cut(["a", "b", "c"], 2) == ["a", "b …"]


def drawn(text: str) -> Image.Image:
    return draw_lines([text], 30, 60, "black")


def test_chinese_and_rare_signs_have_glyphs_of_their_own() -> None:
    shown = [drawn(character) for character in "中文α→⊕"]
    blanks = [drawn("\U000f0000"), drawn("")]
    for number, picture in enumerate(shown):
        for other in [*shown[:number], *blanks]:
            assert ImageChops.difference(picture, other).getbbox()


def test_a_table_is_as_large_as_its_cells() -> None:
    narrow = draw_table([["a", "b"], ["c", "d"]], 20)
    wide = draw_table([["a" * 20, "b"], ["c", "d"]], 20)
    wrapped = draw_table([["a b " * 40, "b"], ["c", "d"]], 20, max_width=200)
    assert narrow.width < wide.width and narrow.height == wide.height
    assert wrapped.width < 300 and wrapped.height > narrow.height
