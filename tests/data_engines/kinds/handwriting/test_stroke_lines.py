"""Lines written stroke by stroke: along the middle of glyphs, or along medians."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data_engines.drawing import draw_and_check
from data_engines.engine import Drawing, Reject
from data_engines.kinds.handwriting import engine as handwriting
from data_engines.kinds.handwriting.engine import Options, Spec
from data_engines.kinds.handwriting.hands import FontWriting, StrokeWriting
from data_engines.kinds.handwriting.stroke_lines import (
    StrokeFont,
    StrokeHand,
    character_of,
    check_medians,
    fit_strokes,
    write_strokes,
)
from data_engines.options import Range
from data_engines.tools.corpora import HAN_CHARACTER
from data_engines.tools.packages import packaged_files
from data_engines.tools.strokes import Pen

STEADY = StrokeHand(
    Pen(width=0.06, stray=0, rounding=0, taper=0, joining=0, pressure=0, slant=0, rise=0),
    spacing=1,
    unevenness=0,
    slope=0,
    wander=0,
)
TEXTS = """我们说这个问题很复杂，需要2026年再讨论。
The quick brown fox jumps over the lazy dog, and then it rests.
今天下午三点半在图书馆门口见面，请不要迟到。
"""


@pytest.fixture(scope="module")
def font() -> StrokeFont:
    (file,) = packaged_files("pylopdf-fonts-zh-cn", handwriting.STROKE_FONT, "")
    return StrokeFont(str(file), 0, None)


@pytest.fixture
def medians(tmp_path: Path) -> Path:
    """Of one character: a bar and a stem, as 十 has them."""
    folder = tmp_path / "medians"
    folder.mkdir()
    strokes = [[[100, 400], [900, 400]], [[500, 800], [500, -100]]]
    (folder / "十.json").write_text(json.dumps({"strokes": [], "medians": strokes}), encoding="utf-8")
    return folder


@pytest.fixture
def options(tmp_path: Path) -> Options:
    (tmp_path / "texts.txt").write_text(TEXTS, encoding="utf-8")
    return Options(source=tmp_path / "texts.txt", width=Range(600, 700), text_height=Range(30, 36))


def specs(options: Options, count: int = 12) -> list[Spec]:
    stock = handwriting.load(options, np.random.default_rng(0))
    return [handwriting.decide(np.random.default_rng([5, i]), i, stock) for i in range(count)]


def test_a_character_has_its_strokes(font: StrokeFont) -> None:
    counts = {character: character_of(font, character) for character in "一十三人1."}
    assert {character: found and found.sign.strokes for character, found in counts.items()} == {
        "一": 1, "十": 2, "三": 3, "人": 2, "1": 2, ".": 1
    }  # fmt: skip


def test_all_common_characters_are_drawn_and_solid_signs_are_not(font: StrokeFont) -> None:
    common = "的一是不了人我在有他这为之大来以个中上们到说国和地也子时道出而要于就下得可你年生告衡呢"
    signs = "，。？！、：；（）《》“”0123456789abcxyzABCXYZ%&@"
    assert all(character_of(font, character) for character in common + signs)
    assert all(character_of(font, solid) is None for solid in "●■•")


def test_a_steady_hand_writes_where_the_font_does(font: StrokeFont) -> None:
    stroke = write_strokes("十十", font, 50, STEADY, seed=1)
    box = stroke.mask.getbbox()
    assert box is not None
    left, top, right, bottom = np.subtract(box, (stroke.x, stroke.baseline) * 2)
    # the ink of a glyph lies from 4 to 96 hundredths of the em, and from 84 above the baseline to 8 below
    assert 0 <= left <= 5 and 92 <= right <= 103
    assert -45 <= top <= -38 and 2 <= bottom <= 7


def test_medians_take_the_place_of_the_glyph(font: StrokeFont, medians: Path) -> None:
    with_medians = replace(font, medians=str(medians))
    found, glyph = character_of(with_medians, "十"), character_of(with_medians, "一")
    assert found and found.sign.ordered and found.sign.strokes == 2
    first = found.sign.points[found.sign.stroke == 0]
    assert np.allclose(first[[0, -1]], [(100 / 1024, -400 / 1024), (900 / 1024, -400 / 1024)])
    assert glyph and not glyph.sign.ordered


def test_what_fits_is_written_on_the_room_there_is(font: StrokeFont) -> None:
    line = fit_strokes(TEXTS.splitlines()[0], font, 40, STEADY, room=400)
    assert TEXTS.startswith(line) and 8 <= len(line) <= 10
    box = write_strokes(line, font, 40, STEADY, seed=1).mask.getbbox()
    assert box is not None and 300 < box[2] - box[0] < 420
    assert fit_strokes("好●好", font, 40, STEADY, room=400) == "好"


def test_a_seed_is_a_line(font: StrokeFont) -> None:
    loose = replace(STEADY, pen=replace(STEADY.pen, stray=0.02), wander=0.05)
    one, same, other = (write_strokes("同一行字", font, 40, loose, seed) for seed in (5, 5, 6))
    assert one == same and one.mask != other.mask
    with pytest.raises(Reject, match="^line without ink$"):
        write_strokes(" ", font, 40, STEADY, seed=1)


def test_each_page_is_in_the_writing_of_its_texts(options: Options) -> None:
    pages = specs(options, 30)
    chinese = letters = 0
    for spec in pages:
        (kind,) = {type(line.writing) for line in spec.lines}
        han = any(HAN_CHARACTER.search(line.text) for line in spec.lines)
        assert kind is StrokeWriting or not han
        chinese += han
        letters += kind is FontWriting
    assert 0 < chinese < len(pages) - letters < len(pages)
    drawn = [one for one in draw_and_check(handwriting, pages) if isinstance(one, Drawing)]
    assert len(drawn) >= 10
    for line in (line for spec in pages for line in spec.lines):
        assert line.text in TEXTS


def test_pages_with_strokes_are_written_with_them_mostly(options: Options, medians: Path) -> None:
    fonts = [
        line.writing.font.medians
        for spec in specs(replace(options, strokes=medians), 30)
        for line in spec.lines[:1]
        if isinstance(line.writing, StrokeWriting) and HAN_CHARACTER.search(line.text)
    ]
    assert set(fonts) == {None, str(medians)} and fonts.count(str(medians)) > len(fonts) / 2


def test_folders_without_strokes_are_named(tmp_path: Path, medians: Path) -> None:
    check_medians(medians)
    with pytest.raises(
        ValueError, match=r"^--strokes .* has no file like 永\.json; give the folder of npm's"
    ):
        check_medians(tmp_path)
    for text in ("{}", '{"medians": [[1]]}', '{"medians": "x"}', "[]"):
        (tmp_path / "永.json").write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match=r"^--strokes .*永\.json: not as hanzi-writer-data \("):
            check_medians(tmp_path)
