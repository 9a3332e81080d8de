"""The engine `form`: what papers say, that it can be seen, and what the check finds."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw

from data_engines.drawing import draw_and_check
from data_engines.engine import Drawing, Reject
from data_engines.kinds.fine_grained import engine as fine_grained
from data_engines.kinds.form import engine as form
from data_engines.kinds.form import faces
from data_engines.kinds.form.engine import FormDrawing, Options, Spec
from data_engines.kinds.form.lettering import Lettering
from data_engines.kinds.form.printing import Print
from data_engines.kinds.form.sheet import Bar, Blank, Line, Printed, Sheet, Sign, TickBox
from data_engines.kinds.multi_crop import engine as multi_crop
from data_engines.kinds.text_with_boxes import engine as text_with_boxes
from data_engines.options import Range
from data_engines.tools.boxes import Box
from data_engines.tools.fonts import packaged_fonts
from data_engines.tools.sets import open_sets
from got_train.data.readers import open_rows
from got_train.packages import noto_fonts
from tests.data_engines.conftest import generate

PLAIN = Print("page", (255, 255, 255), (0, 0, 0), (1.0, 1.0), 0.0, (), 0)
MONEY = r"-?(?:[$£€¥￥])?([\d,]+\.\d\d)元?"
ROW = rf"^(?:.* )?([\d.]+)(?:kg|lb|斤)?(?: x | @ |\*| ){MONEY} {MONEY}(?: T| A|\*)?$"
"""A quantity, a price and an amount."""


@pytest.fixture(scope="module")
def fonts() -> tuple[Path, ...]:
    latin = [file for file in packaged_fonts() if file.name in ("DejaVuSans.ttf", "DejaVuSansMono.ttf")]
    return (*latin, noto_fonts()[0])


@pytest.fixture(scope="module")
def english(fonts: tuple[Path, ...]) -> list[Spec]:
    return specs(Options(fonts=fonts, language="en"), 50)


@pytest.fixture(scope="module")
def chinese(fonts: tuple[Path, ...]) -> list[Spec]:
    return specs(Options(fonts=fonts, language="zh"), 30)


def specs(options: Options, count: int) -> list[Spec]:
    stock = form.load(options, np.random.default_rng(0))
    return [form.decide(np.random.default_rng([5, i]), i, stock) for i in range(count)]


def drawn(given: Sequence[Spec]) -> list[tuple[Spec, Drawing]]:
    """The specs that were drawn; no more than a few are rejected, and for what happens."""
    pairs = list(zip(given, draw_and_check(form, given), strict=True))
    causes = {str(drawing) for _, drawing in pairs if isinstance(drawing, Reject)}
    assert causes <= {"texts overlap", "text on a rule", "text beyond the paper's edge"}
    kept = [(spec, drawing) for spec, drawing in pairs if isinstance(drawing, Drawing)]
    assert len(kept) >= 0.9 * len(given)
    return kept


def cents(text: str) -> int:
    return int(text.replace(",", "").replace(".", ""))


def test_each_line_is_a_region_and_a_line_of_the_answer(english: list[Spec], chinese: list[Spec]) -> None:
    for _, drawing in drawn([*english[:12], *chinese[:8]]):
        [answer] = drawing.answers
        assert answer.text.split("\n") == [region.text for region in drawing.regions]
        assert all(text == " ".join(text.split()) for text in answer.text.split("\n"))
        width, height = drawing.pictures[0].size
        for left, top, right, bottom in (region.box for region in drawing.regions):
            assert 0 <= left < right <= width and 0 <= top < bottom <= height


def test_boxes_are_the_ink_of_their_lines(english: list[Spec]) -> None:
    pages = [spec for spec in english if spec.how.printer == "page" and not spec.how.fade]
    for spec in pages[:10]:
        bare = replace(spec, sheet=replace(spec.sheet, marks=()))
        [drawing] = form.draw([bare])
        assert isinstance(drawing, Drawing)
        ink = (np.asarray(drawing.pictures[0]) != spec.how.paper).any(axis=2)
        for left, top, right, bottom in (map(int, region.box) for region in drawing.regions):
            part = ink[top:bottom, left:right]
            assert part[0].any() and part[-1].any() and part[:, 0].any() and part[:, -1].any()
            ink[top:bottom, left:right] = False
        assert not ink.any()


def test_printed_rows_multiply_and_add_up(english: list[Spec], chinese: list[Spec]) -> None:
    rows = changes = 0
    for spec in [*english, *chinese]:
        text = "\n".join(line.text for line in spec.sheet.lines)
        found = re.findall(ROW, text, re.MULTILINE)
        for quantity, price, amount in found:
            assert abs(float(quantity) * cents(price) - cents(amount)) <= 0.501
        rows += len(found)
        if paid := re.search(rf"{MONEY}\n(?:CHANGE|Change|Change Due|找零|找赎)[:：]? {MONEY}", text):
            before = text[: paid.start()].rpartition("\n")[0]
            total = [cents(sum_) for sum_ in re.findall(rf"{MONEY}$", before, re.MULTILINE)]
            assert cents(paid[1]) - cents(paid[2]) in total
            changes += 1
    assert rows > 100 and changes > 5


def test_styles_and_languages_are_those_asked_for(fonts: tuple[Path, ...]) -> None:
    receipts = specs(Options(fonts=fonts, language="en", style=("receipt",)), 8)
    assert {spec.how.printer for spec in receipts} <= {"page", "thermal", "pins"}
    assert max(spec.sheet.width for spec in receipts) < 720
    forms = specs(Options(fonts=fonts, language="zh", style=("form",)), 20)
    texts = ["\n".join(line.text for line in spec.sheet.lines) for spec in forms]
    assert all(re.search("[一-鿿]", text) for text in texts)
    assert all(any(sign in "".join(texts) for sign in choice) for choice in ("☐", "☑", "☒", "___", "..."))
    invoices = specs(Options(fonts=fonts, language="zh", style=("invoice",), items=Range(3, 3)), 4)
    assert all("\n".join(line.text for line in spec.sheet.lines).count("*") == 6 for spec in invoices)


def test_what_is_written_takes_the_place_of_the_blank(fonts: tuple[Path, ...]) -> None:
    font = (str(fonts[0]), 0, 20)
    lettering = Lettering(font, font)
    name, blank = Printed("Name:", lettering, 10, 30), Blank(Box(80, 32, 200, 33))
    assert Line((name, blank)).text == "Name: ___"
    assert Line((name, replace(blank, is_dotted=True))).text == "Name: ..."
    assert Line((name, Printed("Ada", lettering, 84, 30))).text == "Name: Ada"
    ticked = TickBox(Box(210, 14, 227, 31), "☑")
    assert Line((ticked, replace(name, x=235))).text == "☑ Name:"
    sheet = Sheet(300, 50, (Line((name, blank, ticked)),), ())
    assert isinstance(draw_and_check(form, [Spec(sheet, PLAIN)])[0], Drawing)


def test_forms_are_filled_in_by_hand_unless_fonts_are_given(
    fonts: tuple[Path, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = [spec for spec, _ in drawn(specs(Options(fonts=fonts, language="en", style=("form",)), 30))]
    monkeypatch.setattr(faces, "find_font_files", lambda given: list(fonts))
    by_hand = [spec for spec, _ in drawn(specs(Options(language="en", style=("form",)), 30))]
    used, others = (
        {
            Path(piece.lettering.font[0])
            for spec in some
            for line in spec.sheet.lines
            for piece in line.pieces
            if isinstance(piece, Printed)
        }
        for some in (printed, by_hand)
    )
    assert used <= {*fonts}
    assert len(others - {*fonts}) >= 4


def test_ticked_crossed_and_empty_boxes_look_different() -> None:
    pictures = set()
    for sign in get_args(Sign):
        canvas = Image.new("RGB", (30, 30), "white")
        TickBox(Box(5, 5, 25, 25), sign).draw(ImageDraw.Draw(canvas), (0, 0, 0))
        inner = np.asarray(canvas)[8:22, 8:22] < 128
        assert inner.any() == (sign != "☐")
        pictures.add(canvas.tobytes())
    assert len(pictures) == 3


def test_a_drawing_does_not_depend_on_its_neighbours(english: list[Spec]) -> None:
    forwards, backwards = draw_and_check(form, english[:6]), draw_and_check(form, english[5::-1])[::-1]
    for one, other in zip(forwards, backwards, strict=True):
        assert isinstance(one, Drawing) and isinstance(other, Drawing)
        assert (one.answers, one.regions) == (other.answers, other.regions)
        assert one.pictures[0].tobytes() == other.pictures[0].tobytes()


@pytest.fixture
def small(fonts: tuple[Path, ...]) -> Spec:
    font = (str(fonts[0]), 0, 20)
    lines = tuple(
        Line((Printed(text, Lettering(font, font), 10, baseline),))
        for text, baseline in (("Total 5.00", 30), ("Change 1.25", 70))
    )
    return Spec(Sheet(200, 90, lines, ()), PLAIN)


def cause(spec: Spec, drawing: Drawing | None = None) -> str:
    made = drawing or next(form.draw([spec]))
    assert isinstance(made, FormDrawing)
    with pytest.raises(Reject) as found:
        form.check(spec, made)
    return str(found.value)


def damaged(spec: Spec, box: Box, color: str) -> Drawing:
    drawing = next(form.draw([spec]))
    assert isinstance(drawing, FormDrawing)
    form.check(spec, drawing)
    ImageDraw.Draw(drawing.pictures[0]).rectangle(tuple(box), fill=color)
    return drawing


def test_a_letter_that_is_lost_is_found(small: Spec) -> None:
    *_, last = small.sheet.lines[0].pieces[0].lettering.letters("Total 5.00")  # type: ignore[union-attr]
    whole = Box(10 + last.left, 0, 10 + last.right, 45)
    assert cause(small, damaged(small, whole, "white")) == "letter that is not seen"


def test_ink_beside_the_texts_is_found(small: Spec) -> None:
    assert cause(small, damaged(small, Box(150, 50, 153, 53), "black")) == "ink beside the texts"


def test_faded_ink_is_found(small: Spec) -> None:
    pale = replace(small, how=replace(PLAIN, fade=0.999, ink=(170, 170, 170)))
    assert cause(pale) == "letter that is not seen"


def test_texts_on_each_other_on_rules_and_over_the_edge_are_found(small: Spec) -> None:
    sheet = small.sheet
    [first], [second] = (line.pieces for line in sheet.lines)
    assert isinstance(first, Printed)
    for changed, message in (
        (replace(sheet, lines=(*sheet.lines, Line((replace(first, baseline=36),)))), "texts overlap"),
        (replace(sheet, marks=(Bar(Box(5, 24, 190, 25)),)), "text on a rule"),
        (replace(sheet, height=60), "text beyond the paper's edge"),
        (replace(sheet, marks=(Bar(Box(5, 80, 190, 95)),)), "text beyond the paper's edge"),
    ):
        assert cause(Spec(changed, PLAIN)) == message
    shade = replace(sheet, marks=(Bar(Box(5, 10, 190, 36), (220, 230, 240)),))
    assert isinstance(draw_and_check(form, [Spec(shade, PLAIN)])[0], Drawing)


def test_a_character_without_a_glyph_is_found(small: Spec) -> None:
    [piece] = small.sheet.lines[0].pieces
    assert isinstance(piece, Printed)
    lines = (Line((replace(piece, text="合计 5.00"),)),)
    assert cause(Spec(replace(small.sheet, lines=lines), PLAIN)) == "character without a glyph"


def test_fonts_without_chinese_are_refused(fonts: tuple[Path, ...]) -> None:
    message = "^--fonts: none of the 2 font files has all characters of Chinese papers; give others, or the "
    with pytest.raises(ValueError, match=message):
        form.load(Options(fonts=fonts[:2]), np.random.default_rng(0))


def test_fonts_with_raised_full_stops_are_left_out(fonts: tuple[Path, ...], tmp_path: Path) -> None:
    with TTFont(fonts[0]) as font:
        font["glyf"]["period"].coordinates.translate((0, 300))
        font.save(tmp_path / "raised.ttf")
    with pytest.raises(ValueError, match="none of the 1 font files has all characters of English papers"):
        form.load(Options(fonts=(tmp_path / "raised.ttf",), language="en"), np.random.default_rng(0))


def test_sets_of_it_are_composed(fonts: tuple[Path, ...], tmp_path: Path) -> None:
    open_sets.cache_clear()
    source = str(tmp_path / "forms")
    generate("form", Options(fonts=fonts, language="en"), count=12, output=source, seed=3)
    asked = fine_grained.Options((source,), task="box")
    boxed = text_with_boxes.Options((source,))
    stitched = multi_crop.Options((source,), pages=Range(2, 2))
    for kind, options in (("fine-grained", asked), ("text-with-boxes", boxed), ("multi-crop", stitched)):
        manifest = generate(kind, options, count=4, output=tmp_path / kind, seed=3)
        assert manifest is not None and manifest["rows"] >= 3
    row = open_rows(str(tmp_path / "text-with-boxes")).row(0)
    assert row["query"] == "<image>OCR with boxes: "
    open_sets.cache_clear()
