"""The engine `scene`: texts on photographs are whole, in order, and can be read."""

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops

from data_engines.drawing import draw_and_check
from data_engines.engine import Drawing, Reject
from data_engines.kinds.scene import engine as scene
from data_engines.kinds.scene import fitting, signs
from data_engines.kinds.scene.engine import Options, Spec
from data_engines.kinds.scene.signs import Ink, check_ink, draw_sign
from data_engines.options import Range
from data_engines.tools import shaping
from data_engines.tools.photos import make_background
from got_train.prompts import Task

SMALL = {"width": Range(400, 480), "height": Range(320, 360)}


@pytest.fixture
def photos(tmp_path: Path) -> tuple[Path, ...]:
    """One calm and one busy photograph."""
    rng = np.random.default_rng(0)
    calm = np.linspace(40, 220, 300)[:, None, None] + np.zeros((300, 400, 3))
    busy = np.kron(rng.integers(0, 256, (40, 50, 3)), np.ones((8, 8, 1)))
    files = []
    for name, levels in (("calm.png", calm), ("busy.png", busy)):
        Image.fromarray(levels.astype(np.uint8)).save(tmp_path / name)
        files.append(tmp_path / name)
    return tuple(files)


@pytest.fixture
def options(corpus: Path, font: Path, photos: tuple[Path, ...]) -> Options:
    """Loose texts alone; those on things have tests of their own."""
    return Options(
        source=corpus, fonts=(font,), photos=photos, texts=Range(1, 6), words=Range(1, 3), things=0.0, **SMALL
    )


def specs(options: Options, count: int = 30) -> list[Spec]:
    stock = scene.load(options, np.random.default_rng(0))
    return [scene.decide(np.random.default_rng([5, i]), i, stock) for i in range(count)]


def drawn(given: list[Spec]) -> list[tuple[Spec, Drawing]]:
    """The specs that were drawn; none but the expected rejects are left out."""
    pairs = list(zip(given, draw_and_check(scene, given), strict=True))
    causes = {str(drawing) for _, drawing in pairs if isinstance(drawing, Reject)}
    assert causes <= {"text too like its background"}
    kept = [(spec, drawing) for spec, drawing in pairs if isinstance(drawing, Drawing)]
    assert len(kept) >= 0.8 * len(given)
    return kept


def test_the_answer_is_one_text_a_line_as_they_were_drawn(options: Options, corpus: Path) -> None:
    words = set(corpus.read_text().lower().split())
    for spec, drawing in drawn(specs(options)):
        texts = [sign.text for sign in spec.signs]
        assert [(answer.task, answer.text) for answer in drawing.answers] == [(Task(), "\n".join(texts))]
        assert [region.text for region in drawing.regions] == texts
        assert {word for text in texts for word in text.lower().split()} <= words


def test_texts_are_read_from_top_to_bottom_and_left_to_right(options: Options) -> None:
    side_by_side = 0
    for spec, drawing in drawn(specs(options, 40)):
        boxes = [region.box for region in drawing.regions]
        for (_, top, right, bottom), (left, next_top, _, next_bottom) in pairwise(boxes):
            beside = left >= right and next_top < bottom and top < next_bottom
            assert beside or next_top >= bottom
            side_by_side += beside
        for left, top, right, bottom in boxes:
            assert 0 <= left < right <= spec.width and 0 <= top < bottom <= spec.height
    assert side_by_side > 5


def test_boxes_are_round_what_was_drawn(options: Options) -> None:
    for spec in specs(options, 10):
        for sign in spec.signs:
            plain = replace(sign, style="plain", opacity=1.0)
            before = Image.new("RGB", (spec.width, spec.height), (128, 128, 128))
            picture = before.copy()
            box = check_ink(picture, draw_sign(picture, plain))
            changed = ImageChops.difference(before, picture).convert("L").point([0] * 30 + [255] * 226)
            assert np.abs(np.subtract(changed.getbbox(), box)).max() <= 1


def test_texts_are_large_enough_to_read(options: Options) -> None:
    sizes = [sign.font[2] for spec in specs(options, 40) for sign in spec.signs]
    assert fitting.MIN_SIZE <= min(sizes) < max(sizes) <= fitting.MAX_SIZE
    for _, drawing in drawn(specs(replace(options, words=Range(2, 2)), 15)):
        assert min(region.box[3] - region.box[1] for region in drawing.regions) >= 14


def test_sample_and_render_depend_on_the_index_alone(options: Options) -> None:
    first, second = specs(options, 8), specs(options, 8)
    assert first == second
    forwards, backwards = draw_and_check(scene, first), draw_and_check(scene, second[::-1])[::-1]
    for one, other in zip(forwards, backwards, strict=True):
        if isinstance(one, Reject):
            assert str(one) == str(other)
        else:
            assert one == other


def test_a_text_like_its_background_is_rejected(options: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = next(spec for spec in specs(options) if len(spec.signs) == 1)
    assert isinstance(draw_and_check(scene, [spec])[0], Drawing)
    monkeypatch.setattr(signs, "_bold", lambda sign: sign)
    faint = replace(spec, signs=(replace(spec.signs[0], opacity=0.1, style="plain"),))
    assert str(draw_and_check(scene, [faint])[0]) == "text too like its background"


@pytest.mark.parametrize("style", fitting.STYLES)
def test_a_text_that_could_not_be_read_is_painted_boldly(options: Options, style: signs.SignStyle) -> None:
    spec = next(spec for spec in specs(options) if len(spec.signs) == 1)
    faint = replace(spec, signs=(replace(spec.signs[0], opacity=0.1, style=style),), blur=signs.MAX_BLUR)
    assert isinstance(draw_and_check(scene, [faint])[0], Drawing)


def test_a_text_that_can_be_read_is_painted_as_it_was_chosen(
    options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signs, "_bold", lambda sign: pytest.fail("painted boldly"))
    spec = next(spec for spec in specs(options) if len(spec.signs) == 1)
    sign = replace(spec.signs[0], style="plate", opacity=1.0)
    assert isinstance(draw_and_check(scene, [replace(spec, signs=(sign,))])[0], Drawing)


def test_a_letter_on_a_dark_spot_is_enough_for_a_reject(options: Options) -> None:
    spec = next(spec for spec in specs(options) if len(spec.signs) == 1 and len(spec.signs[0].text) > 4)
    sign = replace(spec.signs[0], style="plain", opacity=1.0)
    picture = Image.new("RGB", (spec.width, spec.height), "white")
    ink = draw_sign(picture, sign)
    left, top, right, bottom = check_ink(picture, ink)
    picture.paste("black", (left - 3, top - 3, left + (bottom - top), bottom + 3))
    picture.paste("black", (ink.left, ink.top), ink.mask)
    with pytest.raises(Reject, match="^text too like its background$"):
        check_ink(picture, ink)


@pytest.mark.parametrize(
    ("text", "seen"), [("c", False), ("so", False), ("C", True), ("Co", True), ("a", True)]
)
def test_letters_whose_case_nobody_sees_are_rejected(text: str, seen: bool, options: Options) -> None:
    spec = next(spec for spec in specs(options) if len(spec.signs) == 1 and len(spec.signs[0].text) > 4)
    sign = replace(spec.signs[0], text=text, style="plate", opacity=1.0)
    [drawing] = draw_and_check(scene, [replace(spec, signs=(sign,))])
    assert isinstance(drawing, Drawing) if seen else str(drawing) == "letters whose case can't be seen"


@pytest.mark.parametrize("shift", [(-400, 0), (0, 300), (5000, 5000)])
def test_a_text_over_the_edge_is_rejected(shift: tuple[int, int], options: Options) -> None:
    spec = next(spec for spec in specs(options) if len(spec.signs) == 1)
    sign = replace(spec.signs[0], warp=spec.signs[0].warp.moved(*shift))
    assert str(draw_and_check(scene, [replace(spec, signs=(sign,))])[0]) == "text beyond the picture's edge"


def test_a_mask_that_was_cut_itself_is_rejected() -> None:
    mask = Image.new("L", (40, 20))
    mask.paste(255, (10, 5, 40, 15))
    with pytest.raises(Reject, match="^text cut off$"):
        check_ink(Image.new("RGB", (100, 100)), Ink(mask, 10, 10))
    with pytest.raises(Reject, match="^text without ink$"):
        check_ink(Image.new("RGB", (100, 100)), Ink(Image.new("L", (40, 20)), 10, 10))


def test_texts_on_top_of_each_other_are_rejected(options: Options) -> None:
    spec = next(spec for spec in specs(options) if len(spec.signs) == 1)
    sign = replace(spec.signs[0], style="plate", opacity=1.0)
    moved = replace(sign, warp=sign.warp.moved(3, 3))
    cause = str(draw_and_check(scene, [replace(spec, signs=(sign, moved))])[0])
    assert cause in ("texts overlap", "text too like its background")


def test_ink_keeps_its_distance_from_what_it_stands_on() -> None:
    for ground in (0, 100, 127, 128, 200, 255):
        for depth in (0, 0.5, 1):
            luma = signs._ink_luma(ground, depth)
            assert 0 <= luma <= 255 and abs(luma - ground) >= 120
            red, green, blue = signs._color_of_luma(signs.Tint(0.6, 0.8, depth), luma)
            assert abs(0.299 * red + 0.587 * green + 0.114 * blue - luma) < 8


def test_backgrounds_are_the_photographs(options: Options, photos: tuple[Path, ...]) -> None:
    used = {spec.background.photo for spec in specs(options, 60)}
    assert used == {None, *map(str, photos)}
    spec = specs(options, 1)[0]
    bare = draw_and_check(scene, [replace(spec, signs=(), blur=0.0, quality=None)])[0]
    assert isinstance(bare, Drawing)
    assert bare.pictures[0] == make_background(spec.background, spec.width, spec.height)


def test_long_texts_lose_words_until_they_fit(tmp_path: Path, options: Options) -> None:
    source = tmp_path / "long.txt"
    source.write_text("several words that go on for much longer than a picture is wide, and then further\n")
    long = replace(options, source=source, words=Range(16, 16), texts=Range(1, 1))
    for spec in specs(long, 10):
        assert 1 < len(spec.signs[0].text.split()) < 16
        assert "several words that go on for much longer than".startswith(spec.signs[0].text.lower()[:44])


def test_a_source_of_capitals_can_be_written_small(tmp_path: Path, options: Options) -> None:
    (tmp_path / "capitals.txt").write_text("ALPHA BETA\n")
    texts = {
        sign.text
        for spec in specs(replace(options, source=tmp_path / "capitals.txt", words=Range(2, 2)))
        for sign in spec.signs
    }
    assert {"ALPHA BETA", "Alpha Beta"} <= texts


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("a\U000130b8", "no font has U+130B8"),
        ("שלום", "U+05E9 needs a shaping engine"),
        ("...", "text of punctuation alone"),
        ("unbreakable" * 9, "text does not fit the picture"),
    ],
)
def test_a_text_that_cannot_be_drawn_is_rejected(
    text: str, cause: str, tmp_path: Path, options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shaping, "lacking", lambda: "a reason")
    (tmp_path / "one.txt").write_text(text + "\n")
    stock = scene.load(replace(options, source=tmp_path / "one.txt"), np.random.default_rng(0))
    with pytest.raises(Reject, match=re.escape(cause)):
        scene.decide(np.random.default_rng(0), 0, stock)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"texts": Range(0, 3)}, "--texts 0-3: give LOW-HIGH, both from 1 to 12"),
        ({"texts": Range(9, 12)}, "--height 320-360: give LOW-HIGH, both from 480 to 4096"),
        ({"width": Range(100, 200)}, "--width 100-200: give LOW-HIGH, both from 256 to 4096"),
    ],
)
def test_options_that_leave_no_room_are_refused(changes: dict[str, Range], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        Options(**(SMALL | changes))


def test_bad_sources_are_named(options: Options, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="^--photos .*missing does not exist"):
        scene.load(replace(options, photos=(tmp_path / "missing",)), np.random.default_rng(0))
    (tmp_path / "zh.txt").write_text("中文\n", encoding="utf-8")
    with pytest.raises(ValueError, match="^--fonts: none of the 1 font files has a character"):
        scene.load(replace(options, source=tmp_path / "zh.txt"), np.random.default_rng(0))
