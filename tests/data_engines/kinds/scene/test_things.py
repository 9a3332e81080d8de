"""Things that bear texts: nothing of a text is lost or hidden, and regions are where the ink is."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_engines.drawing import draw_and_check
from data_engines.engine import Drawing, Reject
from data_engines.kinds.scene import engine as scene
from data_engines.kinds.scene import things
from data_engines.kinds.scene.designs import DESIGNS
from data_engines.kinds.scene.engine import Options, Spec
from data_engines.kinds.scene.surface import light_on
from data_engines.kinds.scene.things import Inscription, Thing, draw_thing
from data_engines.options import Range
from data_engines.tools import shaping
from data_engines.tools.boxes import Box
from data_engines.tools.shaping import lacking
from data_engines.tools.warp import Warp

shapes = pytest.mark.skipif(lacking() is not None, reason="needs libfribidi0 and the extra languages")


@pytest.fixture
def options(corpus: Path, font: Path, tmp_path: Path) -> Options:
    levels = np.linspace(90, 220, 300)[:, None, None] + np.zeros((300, 400, 3))
    Image.fromarray(levels.astype(np.uint8)).save(tmp_path / "calm.png")
    photos = (tmp_path / "calm.png",)
    return Options(
        source=corpus, fonts=(font,), photos=photos, texts=Range(1, 8), words=Range(1, 3), things=1.0
    )


def specs(options: Options, count: int) -> list[Spec]:
    stock = scene.load(options, np.random.default_rng(0))
    return [scene.decide(np.random.default_rng([7, i]), i, stock) for i in range(count)]


def test_every_design_is_drawn_and_answered_text_by_text(options: Options, corpus: Path) -> None:
    words, seen = set(corpus.read_text().lower().split()), set()
    given = specs(options, 40)
    made = list(zip(given, draw_and_check(scene, given), strict=True))
    kept = [(spec, drawing) for spec, drawing in made if isinstance(drawing, Drawing)]
    assert len(kept) >= 36
    for spec, drawing in kept:
        seen |= {thing.name for thing in spec.things}
        texts = [text for thing in spec.things for text in thing.texts]
        assert 1 <= len(texts) <= 8
        assert drawing.answers[0].text == "\n".join(texts)
        assert [region.text for region in drawing.regions] == texts
        assert {word for text in texts for word in text.lower().split()} <= words
        for left, top, right, bottom in (region.box for region in drawing.regions):
            assert 0 <= left < right <= spec.width and 0 <= top < bottom <= spec.height
    assert seen == set(DESIGNS)


def test_things_stand_side_by_side_and_do_not_touch(options: Options) -> None:
    several = 0
    for spec in specs(options, 40):
        extents = [Box(*thing.warp.extent()) for thing in spec.things]
        several += len(extents) > 1
        assert all(one.right < other.left for one, other in zip(extents, extents[1:], strict=False))
        for box in extents:
            assert min(box.left, box.top) >= 0 and box.right <= spec.width and box.bottom <= spec.height
    assert several > 5


def thing_of(font: Path, warp: Warp, *lines: tuple[str, float, float]) -> Thing:
    """A white thing with lines of black ink whose left and top are given."""
    face = str(font), 0, 24
    made = []
    for number, (text, left, top) in enumerate(lines):
        across, above, right, bottom = things.ink_of(text, face, None)
        box = Box(left, top, left + right - across, top + bottom - above)
        made.append(Inscription(text, face, None, box, (0, 0, 0), -number))
    return Thing("plate", warp, (255, 255, 255), 4.0, 0.0, (), tuple(made))


@pytest.mark.parametrize("curve", [0.0, 1.2])
def test_the_ink_of_each_line_is_its_own(curve: float, font: Path) -> None:
    warp = Warp(240, 120, 0.0, (0.97, -0.1, 160, 0.1, 0.97, 120, 0.0003, 0, 1), curve, 0.2)
    thing = thing_of(font, warp, ("first line", 20, 15), ("second", 20, 60))
    picture = Image.new("RGB", (320, 240), (90, 120, 90))
    inks = draw_thing(picture, thing)
    dark = np.zeros((240, 320), dtype=bool)
    for ink in inks:
        marked = np.asarray(ink.mask) > 200
        dark[ink.top : ink.top + ink.mask.height, ink.left : ink.left + ink.mask.width] |= marked
        box = scene.check_ink(picture, ink)
        assert box.inside(Box(*warp.outline(thing.lines[inks.index(ink)].box)).grown(2))
    levels = np.asarray(picture.convert("L"))
    assert dark.sum() > 300 and levels[dark].max() < 70
    # whatever is black on the face is ink of one of the lines
    face = np.asarray(warp.picture(Image.new("L", (240, 120), 255))[0]) == 255
    left, top = warp.picture(Image.new("L", (240, 120), 255))[1]
    inner = levels[top : top + face.shape[0], left : left + face.shape[1]]
    assert (inner[face & ~dark[top : top + face.shape[0], left : left + face.shape[1]]] > 40).mean() > 0.99


def test_lines_over_each_other_or_over_the_edge_are_rejected(font: Path) -> None:
    warp = Warp(240, 120, 0.0, (1, 0, 160, 0, 1, 120, 0, 0, 1))
    picture = Image.new("RGB", (320, 240))
    with pytest.raises(Reject, match="^texts overlap$"):
        draw_thing(picture, thing_of(font, warp, ("first", 20, 15), ("second", 40, 20)))
    with pytest.raises(Reject, match="^text cut off$"):
        draw_thing(picture, thing_of(font, warp, ("first", 200, 15)))
    thing = thing_of(font, warp, ("first", 20, 15))
    short = replace(thing.lines[0], box=thing.lines[0].box._replace(right=50))
    with pytest.raises(Reject, match="^text without all of its ink$"):
        draw_thing(picture, replace(thing, lines=(short,)))


def test_a_text_that_does_not_stand_out_on_its_thing_is_rejected(options: Options) -> None:
    spec = next(spec for spec in specs(options, 20) if spec.things[0].name == "plate")
    thing = spec.things[0]
    faint = replace(thing, lines=tuple(replace(line, color=thing.color) for line in thing.lines))
    assert str(draw_and_check(scene, [replace(spec, things=(faint,))])[0]) == "text too like its background"


def test_things_take_the_light_of_the_photograph() -> None:
    picture = Image.new("RGB", (60, 60), (200, 200, 200))
    picture.paste((50, 50, 50), (0, 0, 30, 60))
    light = light_on(picture, (0, 0, 60, 60), 0.4)
    assert light.getpixel((55, 30)) == 255 and light.getpixel((5, 30)) == round(255 * (1 - 0.4 * 0.75))
    dark = light_on(Image.new("RGB", (60, 60), (15, 15, 15)), (0, 0, 60, 60), 0.4, exposed=True)
    assert dark.getextrema() == (round(255 * 0.64), round(255 * 0.64))
    assert light_on(picture, (0, 0, 60, 60), 0.0).getextrema() == (255, 255)


@shapes
def test_scripts_that_need_shaping_are_drawn_and_answered_in_reading_order(
    options: Options, tmp_path: Path
) -> None:
    (tmp_path / "ar.txt").write_text("السلام عليكم ورحمة الله\nيا أهل الخير والعلم\n", encoding="utf-8")
    arabic = replace(options, source=tmp_path / "ar.txt", language=("ar",), things=0.5, texts=Range(1, 3))
    given = specs(arabic, 12)
    kept = [
        (spec, drawing)
        for spec, drawing in zip(given, draw_and_check(scene, given), strict=True)
        if isinstance(drawing, Drawing)
    ]
    assert len(kept) >= 10 and {bool(spec.things) for spec, _ in kept} == {False, True}
    for spec, drawing in kept:
        ways = {sign.way for sign in spec.signs} | {line.way for one in spec.things for line in one.lines}
        assert ways == {"rtl"}
        words = (tmp_path / "ar.txt").read_text(encoding="utf-8").split()
        assert set(drawing.answers[0].text.split()) <= set(words)


@shapes
@pytest.mark.skipif(not importlib.util.find_spec("pylopdf_fonts_zh_cn"), reason="needs the extra engines")
def test_chinese_stands_in_columns_from_right_to_left(options: Options, tmp_path: Path) -> None:
    (tmp_path / "zh.txt").write_text("春眠不觉晓，处处闻啼鸟。\n", encoding="utf-8")
    chinese = replace(
        options,
        source=tmp_path / "zh.txt",
        fonts=(),
        vertical=1.0,
        words=Range(3, 9),
        texts=Range(2, 4),
        things=0.6,
    )
    columns = 0
    for spec, drawing in zip(given := specs(chinese, 16), draw_and_check(scene, given), strict=True):
        if isinstance(drawing, Reject):
            continue
        assert all(sign.way == "column" for sign in spec.signs)
        for sign, region in zip(spec.signs, drawing.regions, strict=False):
            width, height = region.box[2] - region.box[0], region.box[3] - region.box[1]
            assert height > width or len(sign.text) < 3
        for thing in spec.things:
            for one, other in zip(thing.lines, thing.lines[1:], strict=False):
                if one.way == other.way == "column" and one.block == other.block:
                    assert other.box.right < one.box.left and abs(other.box.top - one.box.top) < 5
                    columns += 1
    assert columns > 0


def test_columns_that_are_asked_for_need_a_shaping_engine(
    options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shaping, "lacking", lambda: "a reason")
    monkeypatch.setattr(scene, "lacking", lambda: "a reason")
    with pytest.raises(ValueError, match=r"^--vertical 0\.5 needs a shaping engine: a reason$"):
        specs(replace(options, vertical=0.5), 1)
    assert scene.load(options, np.random.default_rng(0)).vertical == 0
