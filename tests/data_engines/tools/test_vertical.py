"""Columns: which characters stand, which lie, and that fonts know the forms of signs."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, features

from data_engines.engine import Reject
from data_engines.tools.boxes import Box
from data_engines.tools.fonts import Face, open_font, packaged_fonts
from data_engines.tools.vertical import Column, _runs, can_stand, check_columns, standing_faces, turned

pytestmark = [
    pytest.mark.skipif(not features.check("fribidi"), reason="needs libfribidi0"),
    pytest.mark.skipif(not importlib.util.find_spec("uharfbuzz"), reason="needs the extra languages"),
    pytest.mark.skipif(not importlib.util.find_spec("pylopdf_fonts_zh_cn"), reason="needs the extra engines"),
]


@pytest.fixture
def noto() -> str:
    return next(str(file) for file in packaged_fonts() if "NotoSansSC" in file.name)


def column(text: str, font: str, size: int = 40) -> np.ndarray:
    """The ink of a column as it is read."""
    return np.asarray(Column((font, 0, size)).standing(text))


def upright(text: str, font: str, size: int = 40) -> np.ndarray:
    """The ink of a text in a line."""
    picture = Image.new("L", (400, 200))
    ImageDraw.Draw(picture).text((50, 100), text, 255, open_font(font, 0, size), anchor="ls")
    return np.asarray(picture.crop(picture.getbbox()))


def test_chinese_characters_stand_upright_one_below_the_other(noto: str) -> None:
    assert np.array_equal(column("永", noto), upright("永", noto))
    assert np.array_equal(column("永永永", noto)[:40], column("永永", noto)[:40])
    assert column("永永永", noto).shape[0] - column("永永", noto).shape[0] == 40
    assert Column((noto, 0, 40)).length("永永永") == 120


def test_words_lie_on_their_right_sides(noto: str) -> None:
    assert np.array_equal(column("Word", noto), np.rot90(upright("Word", noto), -1))
    assert Column((noto, 0, 40)).length("Word") == open_font(noto, 0, 40).getlength("Word")


@pytest.mark.parametrize("cell", ["7", "12", "A"])
def test_one_or_two_digits_and_single_capitals_share_a_cell(cell: str, noto: str) -> None:
    assert column(cell, noto).shape[0] == upright(cell, noto).shape[0]
    assert column(cell, noto).shape[1] <= 40
    assert Column((noto, 0, 40)).length(f"第{cell}章") == 120


def test_spaces_belong_to_words_only_within_them() -> None:
    assert _runs("9 回 OCR tool第12章") == [
        ("9", False),
        (" ", False),
        ("回", True),
        (" ", False),
        ("OCR tool", False),
        ("第", True),
        ("12", False),
        ("章", True),
    ]


def test_signs_have_other_forms_in_columns(noto: str) -> None:
    bracket = column("「", noto)
    assert bracket.shape[1] > bracket.shape[0]  # it lies over its word, and stands before it in a line
    assert upright("「", noto).shape[0] > upright("「", noto).shape[1]
    dash = column("ー", noto)
    assert dash.shape[0] > 2 * dash.shape[1]


def test_a_column_is_drawn_where_it_was_measured(noto: str) -> None:
    how = Column((noto, 0, 40))
    left, top, right, bottom = how.ink("第12章，OCR")
    page = Image.new("RGB", (400, 200), "white")
    how.draw(ImageDraw.Draw(page), 30, 100, "第12章，OCR", (0, 0, 0))
    ink = Image.eval(page.convert("L"), lambda level: 255 - level)
    assert ink.getbbox() == (30 + left, 100 + top, 30 + right, 100 + bottom)
    assert abs(left) < 5 and abs(right - how.length("第12章，OCR")) < 5 and abs(top + bottom) < 6


def test_only_texts_that_are_mostly_chinese_or_japanese_stand() -> None:
    stand = ["永", "第12章", "ひらがな", "カタカナー", "价格 25 元起", "他说：「好。」"]
    assert [
        text for text in [*stand, "word", "12", "。", "OCR 文字", "한국어", "שלום"] if can_stand(text)
    ] == stand


def test_fonts_without_forms_for_columns_lose_the_signs(noto: str, font: Path) -> None:
    signs = frozenset("永「」。a")
    latin = Face(str(font), 0, frozenset("abc"))
    assert standing_faces([Face(noto, 0, signs), latin]) == (Face(noto, 0, signs),)
    # DejaVu has none of them: the characters are only said to be there
    assert standing_faces([Face(str(font), 0, signs)]) == (Face(str(font), 0, frozenset("永a")),)
    check_columns("永「」。", (noto, 0, 20))
    with pytest.raises(Reject, match="^sign without a form for columns$"):
        check_columns("「", (str(font), 0, 20))


def test_boxes_turn_with_their_page() -> None:
    page = Image.new("L", (60, 100))
    page.paste(255, (5, 10, 25, 40))
    seen = page.transpose(Image.Transpose.ROTATE_270)
    assert seen.size == (100, 60)
    assert tuple(turned(Box(5, 10, 25, 40), 100)) == seen.getbbox()
