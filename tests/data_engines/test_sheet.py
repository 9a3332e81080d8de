"""Sheets of rows: which rows are on them, what is drawn, and what is said of bad ones."""

import base64
import io
import re
from pathlib import Path

import pytest
from PIL import Image

from data_engines import sheet
from data_engines.cli import main
from data_engines.engine import Reject
from data_engines.kinds.lines import engine as lines
from got_train.data.readers import open_rows
from tests.conftest import write_rows
from tests.data_engines.conftest import generate, picture, row

ASKED, REGION = (255, 0, 170), (0, 160, 255)


def pixels(image: Image.Image, color: tuple[int, int, int]) -> set[tuple[int, int]]:
    return {
        (x, y) for x in range(image.width) for y in range(image.height) if image.getpixel((x, y)) == color
    }


@pytest.mark.parametrize("format, ending", [("files", ""), ("webdataset", ".png"), ("parquet", ".html")])
def test_a_set_of_any_format_becomes_a_png_and_a_page_that_stands_alone(
    format: str, ending: str, tmp_path: Path, small_lines: lines.Options, capsys: pytest.CaptureFixture[str]
) -> None:
    generate("lines", small_lines, count=6, output=tmp_path / "set", format=format)
    output = tmp_path / "new" / "sheet"
    assert main(["sheet", str(tmp_path / "set"), "--count", "3", "--output", f"{output}{ending}"]) == 0
    assert capsys.readouterr().out == f"{output}.png\n{output}.html\n"
    assert Image.open(f"{output}.png").width == sheet.PICTURE + sheet.TEXT + 3 * sheet.GAP
    html = Path(f"{output}.html").read_text()
    assert re.findall(r"(?:src|href)=.(?!data:|#)|<script", html) == []
    embedded = [base64.b64decode(png) for png in re.findall(r"data:image/png;base64,([^\"]+)\"", html)]
    assert [Image.open(io.BytesIO(png)).size for png in embedded] == [(96, 64)] * 3
    said = open_rows(str(tmp_path / "set"))
    texts = [said.record(index).turns[0].response for index in sheet.choose(6, 3, 0)]
    assert re.findall(r"<pre>([^<]*)</pre>", html)[2::3] == texts


def test_rows_are_spread_evenly_and_chosen_by_the_seed() -> None:
    assert sheet.choose(3, 10, 0) == [0, 1, 2]
    chosen = sheet.choose(1000, 10, 1)
    assert [index // 100 for index in chosen] == list(range(10))
    assert chosen == sheet.choose(1000, 10, 1) != sheet.choose(1000, 10, 2)
    assert sheet.choose(0, 5, 0) == []


def test_the_box_asked_about_and_regions_are_drawn(tmp_path: Path) -> None:
    asked = row("[100, 200, 500, 600] OCR: ", "x", picture(tmp_path))
    asked["regions"] = [{"box": [120, 10, 180, 30], "text": "x", "format": False}]
    rows = open_rows(str(write_rows(tmp_path / "rows.jsonl", [asked])))
    [plain] = sheet.read_entry(rows, 0).pictures
    inked = pixels(plain, ASKED)
    # 10-50 % of 200 pixels and 20-60 % of 100, 3 pixels outside
    assert (min(x for x, _ in inked), max(x for x, _ in inked)) == (17, 103)
    assert (min(y for _, y in inked), max(y for _, y in inked)) == (17, 63)
    assert pixels(plain, REGION) == set()
    [with_regions] = sheet.read_entry(rows, 0, regions=True).pictures
    assert {(120, 10), (180, 30)} <= pixels(with_regions, REGION)


def test_boxes_keep_their_place_on_a_picture_made_smaller(tmp_path: Path) -> None:
    name = picture(tmp_path, size=(4000, 1000))
    rows = open_rows(str(write_rows(tmp_path / "rows.jsonl", [row("[500, 500, 750, 750] OCR: ", "x", name)])))
    [shown] = sheet.read_entry(rows, 0).pictures
    assert shown.size == (1000, 250)
    inked = pixels(shown, ASKED)
    assert (min(x for x, _ in inked), max(x for x, _ in inked)) == (497, 753)


def test_a_bad_row_is_shown_with_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"no picture")
    written = [row("OCR: ", "x", "bad.png"), row("OCR: ", "x", "none.png"), {"query": "OCR: "}]
    file = write_rows(tmp_path / "rows.jsonl", written)
    entries = [sheet.read_entry(open_rows(str(file)), index) for index in range(3)]
    assert [entry.fault.split(":")[0] for entry in entries] == [
        "image unreadable",
        "image missing",
        "missing key",
    ]
    png, html = sheet.write_sheet(str(file), tmp_path / "sheet")
    assert html.read_text().count('<div class="fault">') == 3
    assert Image.open(png).height > 100


def test_answers_drawn_again_stand_at_the_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def draw(answers: list[str]) -> tuple[list, list[str]]:
        assert answers == ["good", "bad"]
        return [Image.new("RGB", (50, 40), "#00ff00"), Reject("not to be read")], ["scores stand as text"]

    monkeypatch.setattr(sheet, "draw_targets", draw)
    name = picture(tmp_path)
    written = [
        row("OCR: ", "plain", name),
        *(row("OCR with format: ", text, name) for text in ("good", "bad")),
    ]
    png, html = sheet.write_sheet(str(write_rows(tmp_path / "rows.jsonl", written)), tmp_path / "sheet")
    drawn = Image.open(png)
    assert drawn.width == sheet.PICTURE + sheet.TEXT + sheet.TARGET + 4 * sheet.GAP
    right = drawn.crop((drawn.width - sheet.TARGET - sheet.GAP, 0, drawn.width, drawn.height))
    assert len(pixels(right, (0, 255, 0))) == 50 * 40
    page = html.read_text()
    assert page.count("not to be read") == page.count("scores stand as text") == 1
    assert page.count("<img") == 4


def test_texts_of_rows_are_shown_not_obeyed(tmp_path: Path) -> None:
    script = "</pre></style><script>document.title='run'</script>"
    written = [row(script, script, picture(tmp_path)), {"query": script}]
    png, html = sheet.write_sheet(str(write_rows(tmp_path / "rows.jsonl", written)), tmp_path / "sheet")
    page = html.read_text()
    assert "<script" not in page and page.count("</style>") == 1
    assert page.count("&lt;script&gt;") == 2


def test_a_sheet_lies_beside_its_set_and_is_named_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two"):
        Path(name).mkdir()
        write_rows(Path(name, "rows.v1.jsonl"), [row("OCR: ", name, picture(Path(name)))])
    for name in ("one/rows.v1.jsonl", "two/rows.v1.jsonl", "two/*.jsonl"):
        assert main(["sheet", name]) == 0
        capsys.readouterr()
        assert main(["sheet", name]) == 2
        assert capsys.readouterr().err.endswith(" exists: choose another output, or give --overwrite\n")
        assert main(["sheet", name, "--overwrite"]) == 0
    assert sorted(str(file) for file in Path().rglob("*.html")) == [
        "one/rows.v1-sheet.html",
        "two-jsonl-sheet.html",
        "two/rows.v1-sheet.html",
    ]
    assert sheet.default_output("one/") == sheet.default_output("one") == Path("one-sheet")
    monkeypatch.chdir("one")
    assert sheet.default_output(".") == tmp_path / "one-sheet"


@pytest.mark.parametrize("ending", ["png", "html"])
def test_a_file_is_not_written_over(ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = write_rows(tmp_path / "rows.jsonl", [row("OCR: ", "x", picture(tmp_path))])
    mine = tmp_path / f"mine.{ending}"
    mine.write_bytes(b"<html>" if ending == "html" else (tmp_path / "a.png").read_bytes())
    before = mine.read_bytes()
    assert main(["sheet", str(rows), "--output", str(tmp_path / "mine")]) == 2
    assert capsys.readouterr().err == (
        f"got-data sheet: {mine} exists: choose another output, or give --overwrite\n"
    )
    assert mine.read_bytes() == before
    assert [file.name for file in tmp_path.glob("mine.*")] == [mine.name]


def test_long_answers_are_cut_in_the_png_only(tmp_path: Path) -> None:
    written = [row("OCR: ", "\n".join(map(str, range(500))), picture(tmp_path))]
    png, html = sheet.write_sheet(str(write_rows(tmp_path / "rows.jsonl", written)), tmp_path / "sheet")
    assert Image.open(png).height < 2 * sheet.MAX_HEIGHT
    assert "498\n499</pre>" in html.read_text()


def test_a_long_conversation_keeps_a_line_of_every_answer(tmp_path: Path) -> None:
    turns = [["a long question " * 40, f"answer {number}"] for number in range(20)]
    written = [row("OCR: ", "the last", picture(tmp_path), history=turns)]
    entry = sheet.read_entry(open_rows(str(write_rows(tmp_path / "rows.jsonl", written))), 0)
    assert [turn.response for turn in entry.turns] == [*(answer for _, answer in turns), "the last"]
    assert sheet._draw_entry(entry, 1200).height > 20 * 5 * sheet.line_height(sheet.FONT_SIZE)


def test_several_pictures_share_the_column(tmp_path: Path) -> None:
    names = [picture(tmp_path, f"{number}.png", (700, 900)) for number in range(5)]
    written = [row("OCR across multi pages: ", "x", *names)]
    entry = sheet.read_entry(open_rows(str(write_rows(tmp_path / "rows.jsonl", written))), 0)
    assert len(entry.pictures) == 5
    arranged = sheet._arrange(entry.pictures)
    assert arranged.width == sheet.PICTURE
    assert arranged.height <= sheet.MAX_HEIGHT


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["none"], "data file none does not exist"),
        (["rows.jsonl", "--count", "0"], "--count 0: give 1 to 100; another --seed shows others"),
        (["rows.jsonl", "--count", "101"], "--count 101: give 1 to 100; another --seed shows others"),
        (["rows.jsonl", "--seed", "-1"], "--seed -1: give a whole number of at least 0"),
    ],
)
def test_bad_words_are_one_line(
    words: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    write_rows(Path("rows.jsonl"), [row("OCR: ", "x", picture(tmp_path))])
    assert main(["sheet", *words]) == 2
    assert capsys.readouterr().err == f"got-data sheet: {message}\n"
