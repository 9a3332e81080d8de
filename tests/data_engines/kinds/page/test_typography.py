"""Fonts of pages: what each of them draws is what the answer says."""

import re
import unicodedata
from collections import defaultdict
from pathlib import Path

import pytest
from fontTools.pens.recordingPen import RecordingPen
from fontTools.ttLib import TTFont

from data_engines.kinds.page.typography import CHINESE, DRAWN_AS_OTHERS, font_files
from got_train.characters import HAN

FILES = sorted({name for family in CHINESE for name in family.files()})


@pytest.mark.parametrize("name", FILES)
def test_no_other_character_is_drawn_as_another(name: str) -> None:
    if name not in font_files():
        pytest.skip(f"{name} is not installed")
    assert _drawn_as_others(font_files()[name]) == set(DRAWN_AS_OTHERS.get(name, ""))


def test_a_family_leaves_out_what_any_of_its_files_draws_as_another() -> None:
    [song] = [family for family in CHINESE if family.name == "song"]
    assert {"餘", "￥"} <= song.drawn_as_others()
    assert not {"余", "元"} & song.drawn_as_others()


def _drawn_as_others(file: Path) -> set[str]:
    """The Han and signs of money with one outline, but for the only one of GB 2312, which the font is for."""
    alike = defaultdict(set)
    with TTFont(file, lazy=True) as font:
        glyphs = font.getGlyphSet()
        for code, glyph in font.getBestCmap().items():
            character = chr(code)
            if re.match(f"[{HAN}]", character) or unicodedata.category(character) == "Sc":
                pen = RecordingPen()
                glyphs[glyph].draw(pen)
                alike[str(pen.value), glyphs[glyph].width].add(character)
    found: set[str] = set()
    for group in alike.values():
        if len({unicodedata.normalize("NFKC", one) for one in group}) > 1:
            usual = {one for one in group if one.encode("gb2312", errors="ignore")}
            found |= group - usual if len(usual) == 1 else group
    return found
