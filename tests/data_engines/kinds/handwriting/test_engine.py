"""The engine `handwriting`: pages of lines in a hand, or of lines cut from pictures."""

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_engines.drawing import draw_and_check
from data_engines.engine import Drawing, Reject
from data_engines.kinds.handwriting import engine as handwriting
from data_engines.kinds.handwriting.crossings import Crossing
from data_engines.kinds.handwriting.engine import CrossedOut, Options, PictureWriting, Spec, WrittenLine
from data_engines.kinds.handwriting.hands import FontWriting
from data_engines.options import Range
from got_train.prompts import Task

PROSE = """The quick brown fox jumps over the lazy dog, and then it rests for a while (in the shade).
Sphinx of black quartz, judge my vow; but judge it well, or do not judge it at all.
Pack my box with five dozen liquor jugs!
"""


@pytest.fixture
def options(tmp_path: Path, font: Path) -> Options:
    (tmp_path / "prose.txt").write_text(PROSE)
    return Options(
        source=tmp_path / "prose.txt", fonts=(font,), width=Range(600, 700), text_height=Range(30, 36)
    )


@pytest.fixture
def pictured(tmp_path: Path, options: Options) -> Options:
    """Lines of the other sort of page, cut out as they would be from a scan."""
    page = drawn(specs(options, 1))[0][1]
    rows = []
    for i, region in enumerate(page.regions):
        left, top, right, bottom = (int(side) for side in region.box)
        levels = np.asarray(page.pictures[0].crop((left - 9, top - 6, right + 9, bottom + 6)).convert("L"))
        Image.fromarray((levels * np.linspace(0.7, 1, levels.shape[1])).astype(np.uint8)).save(
            tmp_path / f"{i}.png"
        )
        rows.append(f"{i}.png\t{region.text}\n")
    (tmp_path / "lines.tsv").write_text("".join(rows))
    return Options(line_images=tmp_path / "lines.tsv", width=Range(600, 700), text_height=Range(30, 36))


def specs(options: Options, count: int = 12) -> list[Spec]:
    stock = handwriting.load(options, np.random.default_rng(0))
    return [handwriting.decide(np.random.default_rng([5, i]), i, stock) for i in range(count)]


def drawn(given: list[Spec]) -> list[tuple[Spec, Drawing]]:
    pairs = list(zip(given, draw_and_check(handwriting, given), strict=True))
    causes = {str(drawing) for _, drawing in pairs if isinstance(drawing, Reject)}
    assert causes <= {"lines touch", "line leaves the page"}
    kept = [(spec, drawing) for spec, drawing in pairs if isinstance(drawing, Drawing)]
    assert len(kept) >= 0.8 * len(given)
    return kept


@pytest.mark.parametrize("sort", ["options", "pictured"])
def test_the_answer_is_the_lines_from_top_to_bottom(sort: str, request: pytest.FixtureRequest) -> None:
    for spec, drawing in drawn(specs(request.getfixturevalue(sort))):
        texts = [line.text for line in spec.lines]
        assert 6 <= len(texts) <= 8
        assert [(answer.task, answer.text) for answer in drawing.answers] == [(Task(), "\n".join(texts))]
        assert [region.text for region in drawing.regions] == texts
        assert all(above.box[1] < below.box[1] for above, below in pairwise(drawing.regions))


def test_lines_are_runs_of_words_of_the_source(options: Options) -> None:
    lines = {line.text for spec in specs(options) for line in spec.lines}
    assert len(lines) > 30
    for line in lines:
        assert line in PROSE and line[0] not in " ,.;)"
        assert re.search(rf"(?<!\w){re.escape(line)}(?!\w)", PROSE)  # words are whole


def unmarked(spec: Spec) -> Spec:
    """The page without rules and without words that are crossed out."""
    lines = tuple(replace(line, crossed_out=None) for line in spec.lines)
    return replace(spec, ruling="blank", lines=lines)


def test_a_word_that_is_crossed_out_stands_beside_its_line_and_is_not_answered(options: Options) -> None:
    spec = next(spec for spec in map(unmarked, specs(options)) if len(spec.lines[2].text) < 30)
    word = CrossedOut("jumps", Crossing("lines", 2, 3.0, seed=1))
    lines = tuple(replace(line, crossed_out=word if i == 2 else None) for i, line in enumerate(spec.lines))
    (_, without), (_, crossed) = drawn([spec, replace(spec, lines=lines, width=spec.width + 300)])
    assert crossed.answers == without.answers and crossed.regions == without.regions
    right = spec.width - 1
    left, top, end, bottom = without.regions[2].box
    marked = np.asarray(crossed.pictures[0])[round(top) : round(bottom), round(end) + 4 :] != spec.paper
    assert marked.any(axis=(0, 2)).sum() > 60 and left < right
    # where there is no room, no word is crossed out
    (narrow,) = draw_and_check(handwriting, [replace(spec, lines=lines, width=int(end) + 30)])
    assert isinstance(narrow, Reject) or narrow.answers == without.answers


def test_a_pencil_is_grey_and_misses_the_hollows_of_the_paper(options: Options) -> None:
    pages = [(spec, drawing) for spec, drawing in drawn(specs(options, 40)) if spec.grain]
    assert 1 <= len(pages) < 20
    for spec, drawing in pages:
        assert max(spec.lines[0].ink) - min(spec.lines[0].ink) < 8
        (inked,) = draw_and_check(handwriting, [replace(spec, grain=0.0)])
        assert isinstance(inked, Drawing) and inked.answers == drawing.answers
        pencil, pen = (np.asarray(one.pictures[0]).astype(float).mean() for one in (drawing, inked))
        assert pen < pencil


def test_prose_goes_on_in_the_next_line() -> None:
    stock = handwriting.load(Options(language="en", matter=0.0), np.random.default_rng(0))
    pages = [handwriting.decide(np.random.default_rng(i), i, stock) for i in range(20)]
    full = 0
    for page in pages:
        known = " ".join(line.text for line in page.lines)
        full += sum(text in known for text in stock.writable[0].texts.lines if len(text) > 60) > 0
    assert full >= 3


@pytest.mark.parametrize("sort", ["options", "pictured"])
def test_boxes_hold_all_ink_and_nothing_else(sort: str, request: pytest.FixtureRequest) -> None:
    for spec, drawing in drawn([unmarked(spec) for spec in specs(request.getfixturevalue(sort))]):
        inked = (np.asarray(drawing.pictures[0]) != np.array(spec.paper)).any(axis=-1)
        for region in drawing.regions:
            left, top, right, bottom = region.box
            part = inked[top:bottom, left:right]
            assert part[0].any() and part[-1].any() and part[:, 0].any() and part[:, -1].any()
        for region in drawing.regions:
            left, top, right, bottom = region.box
            inked[top:bottom, left:right] = False
        assert not inked.any()


def test_writing_stays_off_the_edges(options: Options) -> None:
    for spec, drawing in drawn(specs(options)):
        assert drawing.pictures[0].size == (spec.width, spec.height)
        for region in drawing.regions:
            left, top, right, bottom = region.box
            assert 5 < left and right < spec.width - 1 and 5 < top and bottom < spec.height - 1


def test_sample_and_render_depend_on_the_index_alone(options: Options) -> None:
    first, second = specs(options, 6), specs(options, 6)
    assert first == second
    forwards, backwards = draw_and_check(handwriting, first), draw_and_check(handwriting, second[::-1])[::-1]
    assert [str(one) if isinstance(one, Reject) else one for one in forwards] == [
        str(other) if isinstance(other, Reject) else other for other in backwards
    ]
    assert len({drawing.pictures[0].tobytes() for drawing in forwards if isinstance(drawing, Drawing)}) >= 5


def moved(spec: Spec, position: int, x: int, y: int) -> Spec:
    lines = list(spec.lines)
    lines[position] = replace(lines[position], x=lines[position].x + x, baseline=lines[position].baseline + y)
    return replace(spec, lines=tuple(lines))


@pytest.mark.parametrize(("position", "x", "y"), [(0, -300, 0), (0, 500, 0), (0, 0, -110), (-1, 0, 90)])
def test_ink_that_is_lost_is_a_reject(position: int, x: int, y: int, options: Options) -> None:
    spec = drawn(specs(options, 3))[0][0]
    assert str(draw_and_check(handwriting, [moved(spec, position, x, y)])[0]) == "line leaves the page"


def test_lines_on_top_of_each_other_are_a_reject(options: Options) -> None:
    spec = drawn(specs(options, 3))[0][0]
    pitch = spec.lines[1].baseline - spec.lines[0].baseline
    assert str(draw_and_check(handwriting, [moved(spec, 1, 0, -pitch)])[0]) == "lines touch"


def test_pages_are_ruled_in_every_way(options: Options) -> None:
    drawings = drawn([replace(spec, lines=spec.lines[:1]) for spec in specs(options, 40)])
    assert {spec.ruling for spec, _ in drawings} == {"blank", "ruled", "margin", "squared"}
    for spec, drawing in drawings:
        row = np.asarray(drawing.pictures[0])[spec.rules[-2 if spec.rules[-1] >= spec.height else -1]]
        ruled = (row == np.array(spec.rule)).all(axis=-1).mean()
        assert ruled > 0.5 if spec.ruling != "blank" else ruled == 0


def test_only_texts_that_a_font_can_write_are_written(tmp_path: Path, font: Path, options: Options) -> None:
    (tmp_path / "mixed.txt").write_text(PROSE + "中文\nשלום\nЖук\n", encoding="utf-8")
    both = replace(options, source=tmp_path / "mixed.txt", fonts=(font, font.with_name("cmr10.ttf")))
    stock = handwriting.load(both, np.random.default_rng(0))
    (writable,) = stock.writable
    assert writable.texts.lines == (*PROSE.splitlines(), "Жук") and not writable.by_strokes
    assert stock.left_out == {"text that no font can write": 2}
    for spec in specs(both, 20):
        for line in spec.lines:
            assert isinstance(line.writing, FontWriting)
            assert line.text != "Жук" or line.writing.font[0] == str(font)


def test_pictures_of_lines_come_at_like_heights(pictured: Options) -> None:
    for spec in specs(pictured):
        assert len({line.text for line in spec.lines}) > 1
        for line in spec.lines:
            assert isinstance(line.writing, PictureWriting)
            assert line.writing.height <= 1.5 * 36 + 1 and line.x + line.writing.width <= 0.97 * spec.width


def test_a_picture_without_ink_is_a_reject(tmp_path: Path, pictured: Options) -> None:
    Image.new("L", (300, 50), 200).save(tmp_path / "blank.png")
    spec = specs(pictured, 1)[0]
    blank = WrittenLine("nothing", 40, 60, (0, 0, 0), PictureWriting(str(tmp_path / "blank.png"), 300, 50))
    assert str(draw_and_check(handwriting, [replace(spec, lines=(blank,))])[0]) == "line without ink"


def test_bad_options_and_sources_are_named(tmp_path: Path, options: Options) -> None:
    with pytest.raises(
        ValueError, match="^--line-images brings its own texts and writing; leave out --source"
    ):
        replace(options, line_images=tmp_path)
    with pytest.raises(ValueError, match="leave out --source, --fonts, --strokes, --language and --matter$"):
        Options(line_images=tmp_path, language="en")
    with pytest.raises(ValueError, match="^--strokes are for pages without --fonts; leave out one of them$"):
        replace(options, strokes=tmp_path)
    with pytest.raises(ValueError, match="^--width 200-700: give LOW-HIGH, both from 288 to 4096"):
        replace(options, width=Range(200, 700))
    (tmp_path / "zh.txt").write_text("中文\n", encoding="utf-8")
    with pytest.raises(ValueError, match="^--fonts: none of the font files can write a line of the texts"):
        handwriting.load(replace(options, source=tmp_path / "zh.txt"), np.random.default_rng(0))


def test_a_word_wider_than_the_page_is_a_reject(tmp_path: Path, options: Options) -> None:
    (tmp_path / "wide.txt").write_text("unbreakable" * 9 + "\n")
    with pytest.raises(Reject, match="^no text found that fits font and line$"):
        specs(replace(options, source=tmp_path / "wide.txt"), 1)
