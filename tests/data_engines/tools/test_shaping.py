"""Lines that need shaping: their direction, their ink and their glyphs."""

from pathlib import Path

import pytest
from PIL import features

from data_engines.engine import Reject
from data_engines.tools.fonts import script_fonts
from data_engines.tools.shaping import check_glyphs, direction_of, setting

pytestmark = [
    pytest.mark.skipif(not features.check("fribidi"), reason="needs libfribidi0"),
]
uharfbuzz = pytest.importorskip("uharfbuzz", reason="needs the extra languages")


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        ("plain", None),
        ("字", None),
        ("हिन्दी", "ltr"),
        ("שלום", "rtl"),
        ("Hello שלום", "ltr"),
        ("של Hello", "rtl"),
        ("OCR שלום", "rtl"),
        ("٢٧ ...", "rtl"),
    ],
)
def test_the_direction_is_that_of_the_first_letter_or_of_most(text: str, direction: str | None) -> None:
    assert direction_of(text) == direction


def test_joined_letters_are_narrower_and_run_to_the_left(font: Path) -> None:
    shaped, basic = setting((str(font), 0, 40), "rtl"), setting((str(font), 0, 40), None)
    assert shaped.length("بيت") < basic.length("بيت")
    # alef, a bare stroke, comes first: it stands at the right edge in the one, at the left in the other
    left, _, right, _ = shaped.ink("ابب")
    assert (left, right) != basic.ink("ابب")[::2]
    assert shaped.ink("abc") == basic.ink("abc")


def test_glyphs_that_lack_and_marks_without_letters_are_found(font: Path) -> None:
    check_glyphs("سلام שָׁלוֹם abc", (str(font), 0, 20))
    with pytest.raises(Reject, match="^character without a glyph after shaping$"):
        check_glyphs("abc हिन्दी", (str(font), 0, 20))
    pytest.importorskip("pylopdf_fonts_hi", reason="needs the extra languages")
    [devanagari, *_] = map(str, script_fonts(["hi"]))
    check_glyphs("abc हिन्दी क्षेत्र \u25cc", (devanagari, 0, 20))
    with pytest.raises(Reject, match="^mark without a letter to stand on$"):
        check_glyphs("abc ि", (devanagari, 0, 20))
