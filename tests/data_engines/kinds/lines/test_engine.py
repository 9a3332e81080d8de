"""The engine `lines`: what is drawn, where, and what is asked about it."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from PIL import Image

from data_engines.drawing import draw_and_check
from data_engines.engine import Drawing, Region, Reject, attempt
from data_engines.kinds.lines import engine as lines
from data_engines.kinds.lines.engine import Options, Spec
from data_engines.options import Range
from data_engines.tools import shaping
from data_engines.tools.frames import BOLD_FRAME_SIZE, FRAME_GAP, FRAME_RGB
from data_engines.tools.parts import Part, is_left_out
from got_train.packages import matplotlib_fonts
from got_train.prompts import Task


def specs(options: Options, count: int = 30) -> list[Spec]:
    stock = lines.load(options, np.random.default_rng(0))
    return [lines.decide(np.random.default_rng([5, i]), i, stock) for i in range(count)]


def draw(spec: Spec) -> Drawing:
    [drawing] = draw_and_check(lines, [spec])
    assert isinstance(drawing, Drawing)
    return drawing


def unlike_paper(spec: Spec, picture: Image.Image) -> np.ndarray:
    return (np.asarray(picture) != np.array(spec.paper)).any(axis=-1)


def extent(marked: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(marked.any(axis=1)), np.flatnonzero(marked.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def test_boxes_are_exactly_the_ink_of_their_texts(corpus: Path, font: Path) -> None:
    options = Options(source=corpus, fonts=(font,), units="lines", lines=Range(2, 4), width=160, height=160)
    for spec in specs(options):
        ink = unlike_paper(spec, draw(spec).pictures[0])
        for block in spec.blocks:
            left, top, right, bottom = block.box
            found = extent(ink[top:bottom, left:right])
            assert found == (0, 0, right - left, bottom - top)
            ink[top:bottom, left:right] = False
        assert not ink.any()  # nothing is drawn outside the boxes, nor over the picture's edge


def test_texts_never_overlap_or_touch_the_edge(corpus: Path, font: Path) -> None:
    options = Options(
        source=corpus,
        fonts=(font,),
        lines=Range(3, 3),
        text_height=Range(8, 24),
        width=96,
        height=96,
        frames=1.0,
    )
    for spec in specs(options):
        boxes = [block.box for block in spec.blocks]
        for (_, _, _, bottom), (_, top, _, _) in zip(boxes, boxes[1:], strict=False):
            assert top - bottom >= 2 * lines.ROOM
        for left, top, right, bottom in boxes:
            assert min(left, top, spec.width - right, spec.height - bottom) >= lines.ROOM


def test_the_plain_answer_is_all_texts_from_top_to_bottom(corpus: Path, font: Path) -> None:
    for spec in specs(Options(source=corpus, fonts=(font,), units="lines")):
        [answer] = draw(spec).answers
        assert answer.task == Task()
        assert answer.text == "\n".join(line.text for block in spec.blocks for line in block.lines)
        assert [block.box[1] for block in spec.blocks] == sorted(block.box[1] for block in spec.blocks)


def test_every_text_is_a_region(corpus: Path, font: Path) -> None:
    for spec in specs(Options(source=corpus, fonts=(font,), units="lines")):
        assert draw(spec).regions == tuple(Region(block.box, block.text) for block in spec.blocks)


def test_whole_lines_are_drawn_evenly_and_unchanged(corpus: Path, font: Path) -> None:
    texts = [
        block.text
        for spec in specs(Options(source=corpus, fonts=(font,), units="lines"), 400)
        for block in spec.blocks
    ]
    entries = [line for line in corpus.read_text().splitlines() if line]
    assert set(texts) == set(entries)
    shares = [texts.count(entry) / len(texts) for entry in entries]
    assert min(shares) > 0.6 / len(entries)
    assert max(shares) < 1.5 / len(entries)


def test_runs_of_words_are_pieces_of_a_line(tmp_path: Path, font: Path) -> None:
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("one two three four five six\n")
    options = Options(source=corpus, fonts=(font,), words=Range(2, 3), lines=Range(1, 1))
    texts = {spec.blocks[0].text for spec in specs(options, 200)}
    words = "one two three four five six".split()
    assert texts == {" ".join(words[start : start + n]) for n in (2, 3) for start in range(7 - n)}


def test_a_long_text_is_wrapped_between_words_and_keeps_its_line_breaks(tmp_path: Path, font: Path) -> None:
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("a text of several words that is wider than the picture is\n")
    options = Options(source=corpus, fonts=(font,), units="lines", lines=Range(1, 1), width=200, height=200)
    for spec in specs(options, 10):
        [answer] = draw(spec).answers
        assert answer.text.count("\n") >= 1
        assert answer.text.replace("\n", " ") == "a text of several words that is wider than the picture is"


def test_no_line_begins_with_closing_or_ends_with_opening_punctuation() -> None:
    # narrow pictures, so that most texts are wrapped
    options = Options(language="zh", matter=0.5, words=Range(8, 30), width=160, height=320, lines=Range(1, 2))
    stock = lines.load(options, np.random.default_rng(0))
    drawn = [
        line
        for i in range(400)
        if isinstance(spec := attempt(lines.decide, np.random.default_rng([5, i]), i, stock), Spec)
        for block in spec.blocks
        for line in block.text.split("\n")
    ]
    assert len(drawn) > 1000
    assert [line for line in drawn if line[0] in "，。、；：？！）》〉」』】”’…"] == []
    assert [line for line in drawn if line[-1] in "（《〈「『【“‘"] == []


def test_leaders_are_drawn_dot_by_dot_and_answered_by_three(tmp_path: Path, font: Path) -> None:
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("Results ............ 12\n")
    options = Options(source=corpus, fonts=(font,), units="lines", lines=Range(1, 1))
    for spec in specs(options, 5):
        [line] = spec.blocks[0].lines
        assert line.text == "Results ............ 12"
        drawing = draw(spec)
        assert [answer.text for answer in drawing.answers] == ["Results ... 12"]
        assert [region.text for region in drawing.regions] == ["Results ... 12"]


def test_the_box_task_asks_for_the_text_in_the_box(corpus: Path, font: Path) -> None:
    options = Options(source=corpus, fonts=(font,), units="lines", lines=Range(3, 3), task="box", questions=2)
    for spec in specs(options):
        answers = draw(spec).answers
        assert len(answers) == 2
        for answer, position in zip(answers, spec.asked, strict=True):
            block = spec.blocks[position]
            assert (answer.task, answer.text, answer.box) == (Task(), block.text, block.box)


def test_the_frame_of_the_asked_colour_is_round_the_answer_alone(corpus: Path, font: Path) -> None:
    options = Options(
        source=corpus, fonts=(font,), units="lines", lines=Range(2, 4), task="color", height=256
    )
    for spec in specs(options):
        drawing = draw(spec)
        [picture], [answer] = drawing.pictures, drawing.answers
        color = re.fullmatch(r"\[(red|green|blue)\] OCR: ", answer.task.query())[1]
        block = spec.blocks[spec.asked[0]]
        assert answer.text == block.text
        frame = extent((np.asarray(picture) == np.array(FRAME_RGB[color])).all(axis=-1))
        thickness = 2 if spec.font[2] >= BOLD_FRAME_SIZE else 1
        reach = FRAME_GAP + thickness
        left, top, right, bottom = block.box
        assert frame == (left - reach, top - reach, right + reach, bottom + reach)
        frames = [other.frame for other in spec.blocks if other.frame]
        assert len(frames) == len(set(frames))


def test_other_lines_are_framed_only_as_often_as_asked(corpus: Path, font: Path) -> None:
    for share, expected in ((0.0, {1}), (1.0, {3})):
        options = Options(
            source=corpus, fonts=(font,), units="lines", lines=Range(3, 3), task="color", frames=share
        )
        assert {sum(block.frame is not None for block in spec.blocks) for spec in specs(options)} == expected


def test_texts_can_stand_in_rows_as_in_a_form(corpus: Path, font: Path) -> None:
    options = Options(
        source=corpus, fonts=(font,), units="lines", layout="rows", lines=Range(1, 3), width=600, height=240
    )
    for spec in specs(options, 60):
        for row, block in enumerate(spec.blocks):
            left, top, right, bottom = block.box
            assert lines.ROOM <= left <= 2 * lines.ROOM and right <= 600 - lines.ROOM
            assert 80 * row + lines.ROOM <= top <= 80 * row + lines.ROOM + lines.ROOM // 2
            assert bottom <= 80 * (row + 1) - lines.ROOM


def test_frames_may_mean_nothing(corpus: Path, font: Path) -> None:
    options = Options(source=corpus, fonts=(font,), units="lines", lines=Range(2, 2), frames=0.5)
    drawn = specs(options, 100)
    framed = [block for spec in drawn for block in spec.blocks if block.frame]
    assert 70 < len(framed) < 130
    assert {answer.task for spec in drawn for answer in draw(spec).answers} == {Task()}


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("a\U000130b8", "no font has U+130B8"),
        ("שלום", "U+05E9 needs a shaping engine"),
        ("q\u0301", "U+0301 needs a shaping engine"),
        ("unbreakable" * 9, "text does not fit the picture"),
    ],
)
def test_a_text_that_cannot_be_drawn_is_rejected(
    text: str, cause: str, tmp_path: Path, font: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shaping, "lacking", lambda: "a reason")
    corpus = tmp_path / "corpus.txt"
    corpus.write_text(text + "\n")
    stock = lines.load(Options(source=corpus, fonts=(font,), units="lines"), np.random.default_rng(0))
    with pytest.raises(Reject, match=re.escape(cause)):
        lines.decide(np.random.default_rng(0), 0, stock)


def test_only_a_font_with_every_character_is_used(tmp_path: Path, font: Path) -> None:
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("Ж\n")  # Cyrillic: in DejaVu, not in Computer Modern
    options = Options(source=corpus, fonts=(font.with_name("cmr10.ttf"), font), units="lines")
    assert {spec.font[0] for spec in specs(options, 10)} == {str(font)}


def test_paper_and_ink_keep_to_their_levels(corpus: Path, font: Path) -> None:
    options = Options(source=corpus, fonts=(font,), paper=Range(250, 255), ink=Range(0, 5))
    for spec in specs(options):
        assert all(250 <= level <= 255 for level in spec.paper)
        assert all(0 <= level <= 5 for level in spec.ink)


def test_ink_beside_the_texts_and_texts_without_all_of_theirs_are_rejects(corpus: Path, font: Path) -> None:
    spec = specs(Options(source=corpus, fonts=(font,), units="lines", lines=Range(2, 2)), 1)[0]
    first, second = spec.blocks
    unplaced = replace(spec, blocks=(first,))
    with pytest.raises(Reject, match="^ink beside the texts$"):
        lines.check(unplaced, draw(spec))
    with pytest.raises(Reject, match="^text without all of its ink$"):
        lines.check(spec, draw(unplaced))


@pytest.fixture
def arabic(tmp_path: Path) -> Path:
    pytest.importorskip("uharfbuzz", reason="needs the extra languages")
    file = tmp_path / "arabic.txt"
    file.write_text("السلام عليكم ورحمة الله وبركاته يا أهل الخير والعلم\n", encoding="utf-8")
    return file


@pytest.mark.parametrize("layout", ["free", "rows"])
def test_texts_from_right_to_left_end_at_the_right_and_are_answered_in_reading_order(
    layout: str, arabic: Path, font: Path
) -> None:
    options = Options(
        source=arabic,
        fonts=(font,),
        units="lines" if layout == "free" else "words",
        words=Range(1, 2),
        lines=Range(1, 1),
        layout=layout,
        text_height=Range(16, 20),
        width=240,
        height=240,
    )
    for spec in specs(options, 10):
        [block] = spec.blocks
        ink = unlike_paper(spec, draw(spec).pictures[0])
        left, top, right, bottom = map(int, block.box)
        assert block.direction == "rtl" and extent(ink) == (left, top, right, bottom)
        assert block.text.replace("\n", " ") in arabic.read_text()
        if layout == "rows":
            assert spec.width - right <= 2 * lines.ROOM
            continue
        assert len(block.lines) >= 2
        how = lines.setting(spec.font, "rtl")
        assert len({line.x + how.ink(line.text)[2] for line in block.lines}) == 1  # flush at the right


def test_pictures_have_one_of_several_languages(arabic: Path, font: Path) -> None:
    with arabic.open("a", encoding="utf-8") as file:
        file.write("Здравствуйте всем\nΚαλημέρα σας\n")
    options = Options(source=arabic, fonts=(font,), language=("ar", "ru", "el"), words=Range(1, 2))
    answers = [draw(spec).answers[0].text for spec in specs(options, 60)]
    found = [[bool(re.search(letters, text)) for letters in ("[ء-ي]", "[а-я]", "[α-ω]")] for text in answers]
    assert all(map(sum, found)) and {sum(which) for which in found} == {1}
    assert all(any(column) for column in zip(*found, strict=True))


def test_a_mark_without_a_letter_is_rejected(tmp_path: Path) -> None:
    pytest.importorskip("pylopdf_fonts_hi", reason="needs the extra languages")
    file = tmp_path / "marks.txt"
    file.write_text("ि क\n", encoding="utf-8")
    options = Options(source=file, language=("hi",), units="lines", lines=Range(1, 1))
    [spec] = specs(options, 1)
    [rejected] = draw_and_check(lines, [spec])
    assert isinstance(rejected, Reject) and str(rejected) == "mark without a letter to stand on"


@pytest.mark.parametrize("layout", ["free", "rows"])
def test_columns_stand_from_right_to_left_in_the_order_of_the_answer(layout: str, tmp_path: Path) -> None:
    pytest.importorskip("pylopdf_fonts_zh_cn", reason="needs the extra engines")
    if shaping.lacking():
        pytest.skip("needs libfribidi0 and the extra languages")
    file = tmp_path / "poem.txt"
    file.write_text("春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。\n", encoding="utf-8")
    options = Options(
        source=file,
        vertical=1.0,
        layout=layout,
        words=Range(4, 14) if layout == "free" else Range(3, 6),
        lines=Range(2, 2),
        text_height=Range(16, 20),
        width=240,
        height=200,
    )
    for spec in specs(options, 8):
        drawing = draw(spec)
        assert spec.vertical and drawing.pictures[0].size == (240, 200)
        first, second = (region.box for region in drawing.regions)
        assert second[2] <= first[0]
        ink = unlike_paper(spec, drawing.pictures[0])
        for block in spec.blocks:
            left, top, right, bottom = map(int, block.box)
            assert extent(ink[top:bottom, left:right]) == (0, 0, right - left, bottom - top)
            assert block.text.replace("\n", "") in file.read_text(encoding="utf-8")
            # its columns, beside each other, are as many as the lines of its answer
            assert (right - left) < 1.6 * spec.font[2] * len(block.lines)


def test_without_columns_no_chance_is_spent_on_them(corpus: Path, font: Path) -> None:
    plain = specs(Options(source=corpus, fonts=(font,)), 5)
    if not shaping.lacking():
        assert specs(Options(source=corpus, fonts=(font,), vertical=1.0), 5) == plain
    assert not any(spec.vertical for spec in plain)


def parted(tmp_path: Path, part: Part, **options: Any) -> list[Spec]:
    """Pictures of a part, drawn of 2,000 words in four fonts of two families."""
    source = tmp_path / "words.txt"
    source.write_text("".join(f"word{i} word{i + 1} word{i + 2}\n" for i in range(0, 2000, 3)))
    names = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSerif", "DejaVuSerif-Bold")
    fonts = tuple(matplotlib_fonts() / f"{name}.ttf" for name in names)
    return specs(Options(source=source, fonts=fonts, part=part, lines=Range(1, 2), **options), count=60)


def test_parts_share_neither_words_nor_fonts(tmp_path: Path) -> None:
    found = {part: parted(tmp_path, part) for part in get_args(Part)}
    texts = {part: [block.text for spec in some for block in spec.blocks] for part, some in found.items()}
    words = {part: {word for text in some for word in text.split()} for part, some in texts.items()}
    assert not any(map(is_left_out, words["training"])) and any(map(is_left_out, words["all"]))
    assert all(map(is_left_out, words["new-words"] | words["new-fonts"]))
    assert any(len(text.split()) > 1 for text in texts["new-words"])
    fonts = {
        part: {Path(spec.font[0]).stem.partition("-")[0] for spec in some} for part, some in found.items()
    }
    assert fonts["training"] == fonts["new-words"] and len(fonts["new-fonts"]) == 1
    assert fonts["training"] | fonts["new-fonts"] == fonts["all"] == {"DejaVuSans", "DejaVuSerif"}
    assert not fonts["training"] & fonts["new-fonts"]


def test_made_up_matter_of_training_has_no_new_words_and_theirs_has_none(tmp_path: Path) -> None:
    drawn = parted(tmp_path, "training", matter=1.0, width=900, height=300, words=Range(4, 8))
    said = [word for spec in drawn for block in spec.blocks for word in block.text.split()]
    assert len(said) > 100 and not any(map(is_left_out, said))
    with pytest.raises(ValueError, match=r"--part new-words --matter 0.5: made-up matter shows words of"):
        Options(part="new-words", matter=0.5)


def test_new_words_of_a_text_without_any_are_refused(tmp_path: Path, font: Path) -> None:
    source = tmp_path / "short.txt"
    source.write_text("a of to\n")
    with pytest.raises(ValueError, match="--part new-words: the texts have none of the words that training"):
        specs(Options(source=source, fonts=(font,), part="new-words"))
