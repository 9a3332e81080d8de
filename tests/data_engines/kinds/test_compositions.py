"""The engines that compose samples out of sets drawn before: fine-grained, multi-crop and multi-page."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from data_engines.drawing import draw_and_check
from data_engines.engine import Drawing, LeftOut, Reject
from data_engines.kinds.fine_grained import engine as fine_grained
from data_engines.kinds.lines import engine as lines
from data_engines.kinds.multi_crop import engine as multi_crop
from data_engines.kinds.multi_page import engine as multi_page
from data_engines.kinds.text_with_boxes import engine as text_with_boxes
from data_engines.options import Range
from data_engines.tools.frames import FRAME_RGB
from data_engines.tools.sets import count_tokens, open_sets, read_page
from got_train.markup.boxes import read_boxed
from got_train.prompts import Task, box_permille
from tests.data_engines.conftest import generate

WHITE = (255, 255, 255)


@pytest.fixture(autouse=True)
def forget_sets() -> None:
    open_sets.cache_clear()


@pytest.fixture
def text_set(tmp_path: Path, corpus: Path, font: Path) -> str:
    """A set of `lines` whose texts are its regions."""
    options = lines.Options(
        source=corpus,
        fonts=(font,),
        units="lines",
        lines=Range(3, 5),
        width=320,
        height=320,
        paper=Range(255, 255),
        ink=Range(0, 0),
    )
    generate("lines", options, count=12, output=tmp_path / "texts", seed=1)
    return str(tmp_path / "texts")


def write_set(folder: Path, rows: list[dict[str, Any]], size: tuple[int, int] = (600, 800)) -> str:
    """A set of rows whose pictures are grey levels, one a row, with lines near the upper corner."""
    folder.mkdir()
    for number, row in enumerate(rows):
        row["images"] = [f"{number}.png"]
        picture = Image.new("RGB", size, (number, number, number))
        for y in range(24, 62, 8):
            ImageDraw.Draw(picture).line((24, y, 196, y), fill=(200, 200, 200))
        picture.save(folder / f"{number}.png")
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(folder / "rows.jsonl")


def draw_all(engine: Any, options: Any, count: int) -> list[tuple[Any, Drawing]]:
    stock = engine.load(options, np.random.default_rng(0))
    specs = [engine.decide(np.random.default_rng([5, index]), index, stock) for index in range(count)]
    drawings = draw_and_check(engine, specs)
    assert all(isinstance(drawing, Drawing) for drawing in drawings), drawings
    return list(zip(specs, drawings, strict=True))


def test_a_box_is_the_ink_of_the_text_that_answers(text_set: str) -> None:
    drawn = draw_all(fine_grained, fine_grained.Options((text_set,), task="box"), 12)
    for spec, drawing in drawn:
        [answer] = drawing.answers
        assert (answer.task, answer.text, answer.box) == (Task(), spec.asked.text, spec.asked.box)
        left, top, right, bottom = (int(value) for value in answer.box)
        dark = np.asarray(drawing.pictures[0].convert("L"))[top:bottom, left:right] < 255
        assert dark[0].any() and dark[-1].any() and dark[:, 0].any() and dark[:, -1].any()
    assert len({drawing.answers[0].text for _, drawing in drawn}) > 3


def test_the_frame_of_the_asked_colour_is_round_the_answer_and_crosses_no_text(text_set: str) -> None:
    drawn = draw_all(fine_grained, fine_grained.Options((text_set,), task="color", frames=1.0), 12)
    for spec, drawing in drawn:
        [picture], [answer] = drawing.pictures, drawing.answers
        pixels = np.asarray(picture)
        rows, columns = np.nonzero((pixels == np.array(FRAME_RGB[answer.task.color])).all(axis=-1))
        left, top, right, bottom = spec.asked.box
        assert columns.min() < left and right <= columns.max() and rows.min() < top and bottom <= rows.max()
        assert max(left - columns.min(), columns.max() - right, top - rows.min(), rows.max() - bottom) <= 4
        colors = spec.colors
        assert answer.task.color == colors[0] and len(set(colors)) == len(colors)
        # without its frames the picture is what it was
        framed = np.zeros(pixels.shape[:2], dtype=bool)
        for color in colors:
            framed |= (pixels == np.array(FRAME_RGB[color])).all(axis=-1)
        before = np.asarray(spec.page.open())
        assert (before[framed] == WHITE).all()
        assert (before[~framed] == pixels[~framed]).all()
    assert {len(spec.framed) for spec, _ in drawn} == {3}


def test_a_frame_has_a_colour_that_the_picture_lacks(tmp_path: Path) -> None:
    row = {"query": "OCR: ", "response": "x", "regions": [{"box": [20, 20, 200, 40], "text": "x"}]}
    name = write_set(tmp_path / "framed", [row])
    page = read_page((name,), 0)
    picture = page.open()
    canvas = ImageDraw.Draw(picture)
    canvas.rectangle((300, 300, 400, 320), outline=FRAME_RGB["red"])
    canvas.rectangle((300, 400, 400, 420), outline=(40, 200, 60))  # green as JPEG leaves it
    picture.save(Path(name).parent / "0.png")
    drawn = draw_all(fine_grained, fine_grained.Options((name,), task="color"), 5)
    assert {drawing.answers[0].task.color for _, drawing in drawn} == {"blue"}

    canvas.point((0, 0), fill=FRAME_RGB["blue"])
    picture.save(Path(name).parent / "0.png")
    [reject] = draw_and_check(fine_grained, [drawn[0][0]])
    assert str(reject) == "picture with all colours of frames"


def test_a_frame_through_another_text_is_not_drawn(tmp_path: Path) -> None:
    regions = [
        {"box": [20, 20, 200, 40], "text": "one"},
        {"box": [20, 42, 200, 62], "text": "two"},  # two pixels below the first
        {"box": [20, 20, 200, 62], "text": "one\ntwo", "format": True},
    ]
    name = write_set(tmp_path / "tight", [{"query": "OCR: ", "response": "one\ntwo", "regions": regions}])
    drawn = draw_all(fine_grained, fine_grained.Options((name,), task="color"), 5)
    # the paragraph can be framed, its lines can't
    assert {drawing.answers[0].text for _, drawing in drawn} == {"one\ntwo"}
    assert {drawing.answers[0].task.format for _, drawing in drawn} == {True}
    boxed = draw_all(fine_grained, fine_grained.Options((name,), task="box"), 30)
    assert {drawing.answers[0].text for _, drawing in boxed} == {"one", "two", "one\ntwo"}


def test_a_frame_takes_whole_pixels(tmp_path: Path) -> None:
    # ink in pixels 20 to 40: the frame takes 41 to 44, one more than 4 beyond 40.1
    regions = [
        {"box": [20.2, 20.2, 40.1, 40.1], "text": "one"},
        {"box": [44.2, 20.2, 80.0, 40.1], "text": "two"},
    ]
    name = write_set(tmp_path / "close", [{"query": "OCR: ", "response": "one two", "regions": regions}])
    stock = fine_grained.load(fine_grained.Options((name,), task="color"), np.random.default_rng(0))
    with pytest.raises(Reject, match="^no text that stands apart$"):
        fine_grained.decide(np.random.default_rng(0), 0, stock)


@pytest.mark.parametrize(
    ("row", "cause"),
    [
        ({"query": "OCR: "}, "row without regions"),
        ({"query": "What is this?"}, "row that is not a plain question about one picture"),
        ({"query": "[red] OCR: "}, "row about a part of a picture, or more than one"),
    ],
)
def test_rows_that_cannot_be_asked_about_are_left_out(tmp_path: Path, row: dict, cause: str) -> None:
    region = {"box": [20, 20, 200, 62], "text": "x"}
    good = write_set(tmp_path / "good", [{"query": "OCR: ", "response": "x", "regions": [region]}])
    bad = write_set(tmp_path / "bad", [{"response": "x", **row}] * 9)
    drawn = generate("fine-grained", fine_grained.Options((bad, good)), count=9, output=tmp_path / "out")
    assert (drawn["rows"], drawn["rejects"], drawn["left_out"]) == (9, {}, {cause: 9})
    with pytest.raises(ValueError, match=rf"^--source {bad} has no rows to draw from \(9 x {cause}\)$"):
        fine_grained.load(fine_grained.Options((bad,)), np.random.default_rng(0))


def test_a_row_whose_regions_are_too_small_is_a_reject(tmp_path: Path) -> None:
    row = {"query": "OCR: ", "response": "x", "regions": [{"box": [0, 0, 3, 3], "text": "x"}]}
    name = write_set(tmp_path / "set", [row])
    stock = fine_grained.load(fine_grained.Options((name,)), np.random.default_rng(0))
    with pytest.raises(Reject, match="^no text that stands apart$"):
        fine_grained.decide(np.random.default_rng(0), 0, stock)


def test_a_region_outside_its_picture_is_a_reject(tmp_path: Path) -> None:
    row = {"query": "OCR: ", "response": "x", "regions": [{"box": [590, 0, 640, 30], "text": "x"}]}
    name = write_set(tmp_path / "set", [row])
    for task in ("box", "color"):
        stock = fine_grained.load(fine_grained.Options((name,), task=task), np.random.default_rng(0))
        [reject] = draw_and_check(fine_grained, [fine_grained.decide(np.random.default_rng(0), 0, stock)])
        assert str(reject) == "region outside the picture"


def test_boxes_reach_the_query_in_thousandths(tmp_path: Path, text_set: str) -> None:
    options = fine_grained.Options((text_set,), task="box")
    generate("fine-grained", options, count=4, output=tmp_path / "out", seed=1)
    for line in (tmp_path / "out/data.jsonl").read_text().splitlines():
        row = json.loads(line)
        assert row["kind"] == "fine-grained"
        found = [
            region
            for index in range(12)
            for region in read_page((text_set,), index).regions
            if f"<image>{list(box_permille(region.box, 320, 320))} OCR: " == row["query"]
        ]
        assert row["response"] in {region.text for region in found}


def test_pages_are_stitched_whole_in_the_order_of_the_answer(tmp_path: Path) -> None:
    rows = [{"query": "OCR: ", "response": f"page {number}"} for number in range(6)]
    name = write_set(tmp_path / "pages", rows)
    drawn = draw_all(multi_crop, multi_crop.Options((name,), pages=Range(2, 3)), 12)
    for spec, drawing in drawn:
        [picture], [answer] = drawing.pictures, drawing.answers
        count = len(spec.pages)
        assert picture.size == ((600 * count, 800) if spec.direction == "horizontal" else (600, 800 * count))
        assert answer.task.query() == "OCR upon the patch reference: "
        step = (600, 0) if spec.direction == "horizontal" else (0, 800)
        levels = [picture.getpixel((step[0] * i + 300, step[1] * i + 400))[0] for i in range(count)]
        assert answer.text == "\n".join(f"page {level}" for level in levels)
    assert {spec.direction for spec, _ in drawn} == {"horizontal", "vertical"}


def test_larger_pages_are_scaled_down_to_the_smallest(tmp_path: Path) -> None:
    small = write_set(tmp_path / "small", [{"query": "OCR with format: ", "response": "a"}], (500, 400))
    large = write_set(tmp_path / "large", [{"query": "OCR with format: ", "response": "b"}], (1200, 640))
    options = multi_crop.Options((small, large), pages=Range(2, 2), direction="horizontal")
    [(_, drawing)] = draw_all(multi_crop, options, 1)
    assert drawing.pictures[0].size == (500 + 750, 400)
    assert drawing.answers[0].task.query() == "OCR with format upon the patch reference: "
    assert drawing.answers[0].text in ("a\n\nb", "b\n\na")


def test_only_pages_of_like_size_are_stitched_to_more_than_a_tile(tmp_path: Path) -> None:
    def pages(name: str, size: tuple[int, int]) -> str:
        return write_set(tmp_path / name, [{"query": "OCR: ", "response": name} for _ in range(4)], size)

    wide, large, small = pages("wide", (1500, 590)), pages("large", (1000, 1000)), pages("small", (300, 300))
    # beside a wide page a large one would be shrunk beyond reading; two small ones fit into a tile
    options = multi_crop.Options((wide, large, small), pages=Range(2, 2), direction="horizontal")
    stock = multi_crop.load(options, np.random.default_rng(0))
    specs = [multi_crop.decide(np.random.default_rng([7, index]), index, stock) for index in range(60)]
    joined = {"+".join(sorted(page.text for page in spec.pages)) for spec in specs}
    assert joined == {"wide+wide", "large+large"}
    assert {type(drawing) for drawing in draw_and_check(multi_crop, specs)} == {Drawing}


def test_pages_that_never_go_together_are_a_reject(tmp_path: Path) -> None:
    rows = [{"query": "OCR: ", "response": f"page {number}"} for number in range(3)]
    name = write_set(tmp_path / "pages", rows, (300, 300))
    stock = multi_crop.load(multi_crop.Options((name,), pages=Range(2, 2)), np.random.default_rng(0))
    with pytest.raises(Reject, match="^too few pages that go together$"):
        multi_crop.decide(np.random.default_rng(0), 0, stock)


def test_stitched_rows_are_cut_into_tiles_by_training(tmp_path: Path) -> None:
    rows = [{"query": "OCR: ", "response": f"page {number}"} for number in range(3)]
    name = write_set(tmp_path / "pages", rows)
    generate("multi-crop", multi_crop.Options((name,), pages=Range(2, 2)), count=1, output=tmp_path / "out")
    [row] = [json.loads(line) for line in (tmp_path / "out/data.jsonl").read_text().splitlines()]
    assert row["crop"] is True


def test_pages_in_a_row_are_pictures_of_their_own(tmp_path: Path) -> None:
    rows = [{"query": "OCR with format: ", "response": f"page {number}"} for number in range(9)]
    name = write_set(tmp_path / "pages", rows)
    generate("multi-page", multi_page.Options((name,)), count=6, output=tmp_path / "out")
    counts = set()
    for line in (tmp_path / "out/data.jsonl").read_text().splitlines():
        row = json.loads(line)
        pictures = [Image.open(tmp_path / "out" / image) for image in row["images"]]
        assert row["query"] == "<image>" * len(pictures) + "OCR with format across multi pages: "
        assert row["response"] == "\n\n".join(f"page {picture.getpixel((0, 0))}" for picture in pictures)
        counts.add(len(pictures))
    assert min(counts) >= 2 and max(counts) <= 8 and len(counts) > 2


def test_long_pages_and_long_samples_stay_out(tmp_path: Path) -> None:
    assert count_tokens("page 1") == 3
    long = {"query": "OCR: ", "response": "word " * 700}
    rows = [{"query": "OCR: ", "response": f"page {number}"} for number in range(4)]
    name = write_set(tmp_path / "pages", [*rows, long])
    for _, drawing in draw_all(multi_page, multi_page.Options((name,), pages=Range(2, 3)), 10):
        assert "word" not in drawing.answers[0].text
    # two pages with their pictures take 2 * 256 + 64 tokens and those of the text
    for total, fits in ((590, True), (580, False)):
        options = multi_page.Options((name,), pages=Range(2, 2), total_tokens=total)
        stock = multi_page.load(options, np.random.default_rng(0))
        if fits:
            assert len(multi_page.decide(np.random.default_rng(0), 0, stock).pages) == 2
        else:
            with pytest.raises(Reject, match="^too few pages that go together$"):
                multi_page.decide(np.random.default_rng(0), 0, stock)


def test_few_pages_that_fit_are_found_among_many(tmp_path: Path) -> None:
    long = [{"query": "OCR: ", "response": "word " * 2000} for _ in range(60)]
    short = [{"query": f"OCR{' with format' * (n % 2)}: ", "response": f"page {n}"} for n in range(12)]
    other = [{"query": "What is this?", "response": "a page"}]
    name = write_set(tmp_path / "pages", [*long, *short, *other], (64, 64))
    manifest = generate("multi-page", multi_page.Options((name,)), count=20, output=tmp_path / "out")
    assert (manifest["rows"], manifest["rejects"]) == (20, {})
    assert manifest["left_out"] == {
        "row that is not a plain question about one picture": 1,
        "page too long": 60,
    }


def test_a_sample_has_as_many_pages_as_its_tokens_allow(tmp_path: Path) -> None:
    rows = [{"query": "OCR: ", "response": "word " * 100} for _ in range(9)]
    name = write_set(tmp_path / "pages", rows)
    options = multi_page.Options((name,), pages=Range(2, 8), total_tokens=64 + 3 * 360)
    counts = {len(spec.pages) for spec, _ in draw_all(multi_page, options, 20)}
    assert counts == {2, 3}


def test_plain_and_marked_up_pages_are_not_joined(tmp_path: Path) -> None:
    rows = [{"query": f"OCR{' with format' * (i % 2)}: ", "response": "ab"[i % 2]} for i in range(8)]
    name = write_set(tmp_path / "pages", rows)
    for _, drawing in draw_all(multi_page, multi_page.Options((name,), pages=Range(2, 4)), 10):
        [answer] = drawing.answers
        assert set(answer.text) - {"\n"} == ({"b"} if answer.task.format else {"a"})


def test_sets_that_are_too_small_or_not_there_are_one_line(tmp_path: Path) -> None:
    name = write_set(tmp_path / "pages", [{"query": "OCR: ", "response": "alone"}])
    for engine, most in ((multi_crop, 3), (multi_page, 8)):
        with pytest.raises(ValueError, match=f"^--source {name}: 1 rows are too few for a sample of {most}$"):
            engine.load(engine.Options((name,)), np.random.default_rng(0))
        with pytest.raises(ValueError, match="^data file nowhere does not exist$"):
            engine.load(engine.Options(("nowhere",)), np.random.default_rng(0))
    empty = write_set(tmp_path / "empty", [])
    with pytest.raises(ValueError, match=f"^--source {empty}: 0 rows are too few for a sample of 1$"):
        fine_grained.load(fine_grained.Options((empty,)), np.random.default_rng(0))


def test_too_few_pages_that_fit_are_a_reject_and_not_a_hang(tmp_path: Path) -> None:
    rows = [{"query": "OCR: ", "response": "short"}, {"query": "OCR: ", "response": "long " * 700}]
    name = write_set(tmp_path / "pages", rows)
    stock = multi_page.load(multi_page.Options((name,), pages=Range(2, 2)), np.random.default_rng(0))
    with pytest.raises(Reject, match="^too few pages that go together$"):
        multi_page.decide(np.random.default_rng(0), 0, stock)


def test_a_picture_that_is_gone_is_a_reject(tmp_path: Path) -> None:
    rows = [{"query": "OCR: ", "response": f"page {number}"} for number in range(3)]
    name = write_set(tmp_path / "pages", rows)
    stock = multi_crop.load(multi_crop.Options((name,), pages=Range(3, 3)), np.random.default_rng(0))
    spec = multi_crop.decide(np.random.default_rng(0), 0, stock)
    (tmp_path / "pages/1.png").write_bytes(b"no picture")
    [reject] = draw_and_check(multi_crop, [spec])
    assert str(reject) == "image unreadable"


def test_the_sets_of_a_mix_are_named_one_by_one(tmp_path: Path, text_set: str) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"sets": ["texts"]}))
    options = fine_grained.Options((str(tmp_path),))
    manifest = generate("fine-grained", options, count=2, output=tmp_path / "out")
    assert [source["name"] for source in manifest["sources"]] == [text_set]


def test_the_manifest_names_the_sets_with_their_licences(tmp_path: Path, text_set: str) -> None:
    manifest = generate("fine-grained", fine_grained.Options((text_set,)), count=2, output=tmp_path / "out")
    [source] = manifest["sources"]
    assert (source["name"], source["licence"]) == (text_set, "its owner's terms")
    assert len(source["sha256"]) == 64


def test_pages_and_regions_that_show_nothing_are_rejects(tmp_path: Path) -> None:
    region = {"box": [300, 300, 400, 320], "text": "x"}
    rows = [{"query": "OCR: ", "response": "x", "regions": [region]} for _ in range(2)]
    name = write_set(tmp_path / "blank", rows)
    for task in ("box", "color"):
        stock = fine_grained.load(fine_grained.Options((name,), task=task), np.random.default_rng(0))
        [reject] = draw_and_check(fine_grained, [fine_grained.decide(np.random.default_rng(0), 0, stock)])
        assert str(reject) == "picture that shows nothing"
    for number in range(2):
        Image.new("RGB", (600, 800), "white").save(tmp_path / f"blank/{number}.png")
    for engine in (multi_crop, multi_page):
        stock = engine.load(engine.Options((name,), pages=Range(2, 2)), np.random.default_rng(0))
        [reject] = draw_and_check(engine, [engine.decide(np.random.default_rng(0), 0, stock)])
        assert str(reject) == "picture that shows nothing"


def test_a_frame_round_another_text_is_a_reject(text_set: str) -> None:
    [(spec, drawing)] = draw_all(fine_grained, fine_grained.Options((text_set,), task="color"), 1)
    other = next(region for region in spec.page.regions if region != spec.asked)
    with pytest.raises(Reject, match="^frame round another text$"):
        fine_grained.check(replace(spec, asked=other), drawing)


def test_text_with_boxes_says_every_text_where_its_ink_is(text_set: str, tmp_path: Path) -> None:
    options = text_with_boxes.Options((text_set,))
    generate("text-with-boxes", options, count=8, output=tmp_path / "boxes")
    drawn = open_sets((str(tmp_path / "boxes"),))
    texts = {open_sets((text_set,)).row(row)["response"] for row in range(12)}
    for number in range(8):
        row, picture = drawn.row(number), read_page_picture(drawn, number)
        assert (row["query"], row["kind"]) == ("<image>OCR with boxes: ", "text-with-boxes")
        read = read_boxed(row["response"])
        assert read.text in texts and read.num_broken == 0
        assert [one.text for one in read.found] == [region["text"] for region in row["regions"]]
        dark = np.asarray(picture.convert("L")) < 255
        for one, region in zip(read.found, row["regions"], strict=True):
            assert one.box == box_permille(region["box"], *picture.size)
            left, top, right, bottom = map(int, region["box"])
            ink = dark[top:bottom, left:right]
            assert ink[0].any() and ink[-1].any() and ink[:, 0].any() and ink[:, -1].any()
            dark[top:bottom, left:right] = False
        assert not dark.any()  # and nowhere else


def test_boxes_move_along_with_a_degraded_picture(text_set: str, tmp_path: Path) -> None:
    options = text_with_boxes.Options((text_set,))
    generate("text-with-boxes", options, count=8, output=tmp_path / "boxes", degrade=1.0)
    drawn = open_sets((str(tmp_path / "boxes"),))
    rows = [drawn.row(number) for number in range(len(drawn))]
    sizes = [Image.open(tmp_path / "boxes" / row["images"][0]).size for row in rows]
    assert any(size != (320, 320) for size in sizes)  # it was turned
    for row, size in zip(rows, sizes, strict=True):
        boxes = np.array([one.box for one in read_boxed(row["response"]).found])
        expected = np.array([box_permille(region["box"], *size) for region in row["regions"]])
        assert np.abs(boxes - expected).max() <= 1  # regions are rounded to a tenth of a pixel


def read_page_picture(rows: Any, number: int) -> Image.Image:
    return Image.open(rows.record(number).images[0])


def regions_of(*texts: str, top: int = 0) -> list[dict[str, Any]]:
    """Texts below each other, 10 pixels high."""
    places = range(top, top + 10 * len(texts), 10)
    return [{"box": [0, y, 50, y + 10], "text": text} for y, text in zip(places, texts, strict=True)]


def decided(folder: Path, row: dict[str, Any]) -> list[str]:
    """The texts of a row in the order of reading."""
    options = text_with_boxes.Options((write_set(folder, [row]),))
    stock = text_with_boxes.load(options, np.random.default_rng(0))
    spec = text_with_boxes.decide(np.random.default_rng(0), 0, stock)
    return [region.text for region in spec.regions]


def test_texts_come_in_the_order_of_the_set_s_answer(tmp_path: Path) -> None:
    row = {"query": "OCR: ", "response": "b\na\n\na c\nd\na", "regions": regions_of("a", "a c\nd", "b", "a")}
    assert decided(tmp_path / "a", row) == ["b", "a", "a c\nd", "a"]
    # a paragraph holds its lines
    whole = {"box": [0, 0, 50, 20], "text": "x\ny"}
    row = {"query": "OCR: ", "response": "x\ny", "regions": [whole, *regions_of("x", "y")]}
    assert decided(tmp_path / "b", row) == ["x", "y"]
    # cells stand in LaTeX between commands, row by row
    table = {"query": "OCR with format: ", "response": r"\begin{tabular}{cc}2 & 1\end{tabular}"}
    assert decided(tmp_path / "c", table | {"regions": regions_of("2", "1")}) == ["2", "1"]


def test_texts_of_labels_come_from_top_to_bottom_and_left_to_right(tmp_path: Path) -> None:
    regions = [
        {"box": [100, 12, 150, 22], "text": "second"},
        {"box": [0, 40, 50, 50], "text": "third"},
        {"box": [0, 10, 50, 24], "text": "first"},
    ]
    row = {"query": "[0, 0, 500, 500] OCR: ", "response": "x", "regions": regions}
    assert decided(tmp_path / "a", row) == ["first", "second", "third"]


@pytest.mark.parametrize(
    ("response", "regions", "cause"),
    [
        ("a\nb", regions_of("a"), "text without a box"),
        ("ab", regions_of("a"), "text without a box"),
        ("a", regions_of("a", "b"), "box without a text in the answer"),
        ("a", regions_of("a", ""), "text that nobody has read"),
        (
            "a\nb",
            [{**regions_of("a")[0], "format": True}, *regions_of("b")],
            "plain texts beside formatted ones",
        ),
    ],
)
def test_pictures_whose_texts_and_boxes_differ_are_left_out(
    tmp_path: Path, response: str, regions: list[dict[str, Any]], cause: str
) -> None:
    with pytest.raises(LeftOut, match=cause):
        decided(tmp_path / "a", {"query": "OCR: ", "response": response, "regions": regions})


def test_a_box_that_shows_nothing_is_rejected(tmp_path: Path) -> None:
    row = {
        "query": "OCR: ",
        "response": "a\nb",
        "regions": [*regions_of("a", top=24), *regions_of("b", top=500)],
    }
    name = write_set(tmp_path / "a", [row])
    options = text_with_boxes.Options((name,))
    stock = text_with_boxes.load(options, np.random.default_rng(0))
    spec = text_with_boxes.decide(np.random.default_rng(0), 0, stock)
    [reject] = draw_and_check(text_with_boxes, [spec])
    assert str(reject) == "picture that shows nothing"


def test_rows_of_text_with_boxes_are_no_pages(tmp_path: Path) -> None:
    answer = "<ref>a</ref><box>(0,0),(10,10)</box>"
    name = write_set(
        tmp_path / "a", [{"query": "OCR with boxes: ", "response": answer, "regions": regions_of("a")}]
    )
    with pytest.raises(Reject, match="row about a part of a picture, or more than one"):
        read_page((name,), 0)
