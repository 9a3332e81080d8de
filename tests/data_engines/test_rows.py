"""`got-data rows`: labels of other tools become rows that training reads, or are refused in one line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data_engines.cli import main
from data_engines.kinds.table.csv_files import find_csv_files
from data_engines.tools.foreign.readers import READERS
from data_engines.tools.formulas.sources import read_formulas
from got_train.data.foreign import FORMATS
from got_train.data.readers import open_rows
from tests.data_engines.conftest import picture

READING, FORMULA = "<image>OCR: ", "<image>OCR with format: "
Convert = Callable[..., tuple[list[dict[str, Any]], list[str]]]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def convert(capsys: pytest.CaptureFixture[str]) -> Convert:
    def convert(source: str, *flags: str) -> tuple[list[dict[str, Any]], list[str]]:
        """The rows that a command writes, and the lines that it prints."""
        assert main(["rows", source, "--output", "out/rows.jsonl", "--overwrite", *flags]) == 0
        rows = open_rows("out/rows.jsonl")
        assert len(rows.records()) == len(rows)  # as training reads them, with all pictures found
        return [rows.row(index) for index in range(len(rows))], capsys.readouterr().out.splitlines()

    return convert


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["rows", *words]) == 2
    assert list(Path().rglob("*.partial")) == []
    return capsys.readouterr().err.removeprefix("got-data rows: ").removesuffix("\n")


def write(name: str, text: str, encoding: str = "utf-8") -> str:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding=encoding)
    return name


def pictures(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        picture(Path(), name)  # 200 x 100


def answers(rows: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(row["query"], row["response"], row["images"][0]) for row in rows]


def test_every_format_that_makes_rows_has_a_reader() -> None:
    assert set(READERS) == {name for name, kind in FORMATS.items() if kind.scope != "unread"}


def test_a_recognition_list(convert: Convert) -> None:
    pictures("set/crops/1.jpg", "set/crops/2.jpg")
    lines = ["crops/1.jpg\tone  “two”", "crops/2.jpg\t", "crops/2.jpg\t###", ""]
    lines.append('["crops/1.jpg", "crops/2.jpg"]\tboth')
    rows, printed = convert(write("set/rec_gt.txt", "\r\n".join(lines)))
    assert answers(rows) == [
        (READING, "one “two”", "../set/crops/1.jpg"),
        (READING, "both", "../set/crops/1.jpg"),
        (READING, "both", "../set/crops/2.jpg"),
    ]
    assert printed == [
        "set/rec_gt.txt was read as PaddleOCR's recognition list (picture, tab, text)",
        "out/rows.jsonl: 3 rows; train on them with data.train=out/rows.jsonl",
        "  left out: 2 (empty transcription)",
    ]


def test_missing_and_broken_pictures_are_named_and_the_exit_code_tells(
    capsys: pytest.CaptureFixture[str],
) -> None:
    pictures("1.jpg")
    write("2.jpg", "no picture")
    box = '\t[{"transcription": "a", "points": [[0, 0], [9, 0], [9, 9], [0, 9]]}]\n'
    source = write("Label.txt", f"1.jpg{box}2.jpg{box}3.jpg{box}")
    assert main(["rows", source, "--output", "rows.jsonl"]) == 1
    printed = capsys.readouterr()
    assert printed.out.splitlines()[1] == "rows.jsonl: 1 row; train on them with data.train=rows.jsonl"
    assert printed.err == (
        "got-data rows: Label.txt:2: 2.jpg is not a readable image\n"
        "got-data rows: Label.txt:3: no picture 3.jpg (looked in ., .)\n"
        "got-data rows: left out: 2 (picture missing or broken)\n"
    )
    assert len(open_rows("rows.jsonl")) == 1


def test_boxes_are_asked_about_and_never_joined_to_a_text(convert: Convert) -> None:
    pictures("page/1.jpg")
    boxes = [
        {"transcription": "below", "points": [[20, 60], [120, 62], [120, 80], [20, 78]], "difficult": False},
        {"transcription": "above", "points": [[20, 10], [120, 10], [120, 30], [20, 30]], "difficult": False},
        {"transcription": "###", "points": [[150, 10], [190, 10], [190, 30], [150, 30]]},
        {"transcription": "hard", "points": [[150, 50], [250, 50], [250, 70], [150, 70]], "difficult": True},
        {"transcription": "待识别", "points": [[150, 80], [190, 80], [190, 90], [150, 90]]},
        {"transcription": "far", "points": [[500, 80], [600, 80], [600, 90], [500, 90]]},
    ]
    # PPOCRLabel's names begin with the folder that its labels lie in
    labels = json.dumps(boxes, ensure_ascii=False)
    rows, _ = convert(write("page/space.txt", f"page/1.jpg {labels}\n"))
    assert [row["response"] for row in rows] == ["below", "above"]
    rows, printed = convert(write("page/Label.txt", f"page/1.jpg\t{labels}\n"))
    assert answers(rows) == [
        ("<image>[100, 600, 600, 800] OCR: ", "below", "../page/1.jpg"),
        ("<image>[100, 100, 600, 300] OCR: ", "above", "../page/1.jpg"),
    ]
    assert [(region["box"], region["text"]) for region in rows[0]["regions"]] == [
        ([20, 60, 120, 80], "below"),
        ([20, 10, 120, 30], "above"),
        ([150, 10, 190, 30], ""),
        ([150, 50, 200, 70], ""),
        ([150, 80, 190, 90], ""),
    ]
    assert "regions" not in rows[1]
    assert printed[2:] == [
        "  left out: 3 (box marked as unreadable (###), difficult, or not yet read)",
        "  left out: 1 (box outside the picture)",
    ]


def test_questions_about_boxes_are_drawn_over_such_rows(convert: Convert, corpus: Path, font: Path) -> None:
    words = "lines --count 3 --output drawn --workers 1 --lines 3 --task plain --frames 0"
    assert main([*words.split(), "--source", str(corpus), "--fonts", str(font)]) == 0
    drawn = open_rows("drawn")
    lines = [
        f"{Path(str(record.images[0])).relative_to('drawn')}\t"
        + json.dumps(
            [
                {"transcription": "###" if number == 2 else region["text"], "points": corners(region["box"])}
                for number, region in enumerate(drawn.row(index)["regions"])
            ]
        )
        for index, record in enumerate(drawn.records())
    ]
    convert(write("drawn/Label.txt", "\n".join(lines)))
    assert (
        main("fine-grained --source out/rows.jsonl --count 6 --output asked --workers 1 --seed 1".split())
        == 0
    )
    asked = [record.turns[0] for record in open_rows("asked").records()]
    allowed = {region["text"] for index in range(3) for region in drawn.row(index)["regions"][:2]}
    assert asked and {turn.response for turn in asked} <= allowed


def corners(box: list[float]) -> list[list[float]]:
    left, top, right, bottom = box
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def test_icdars_lists_and_boxes(convert: Convert) -> None:
    pictures("words/1.png", "words/2.png", "pages/img_1.jpg", "pages/img_2.jpg")
    rows, _ = convert(write("words/gt.txt", '1.png, "a, b"\n2.png, "say \\"c\\""\n', "utf-8-sig"))
    assert [row["response"] for row in rows] == ["a, b", 'say "c"']
    write(
        "pages/gt/gt_img_1.txt",
        "20,10,120,10,120,30,20,30,one, two\n50,50,60,50,60,60,50,60,###",
        "utf-8-sig",
    )
    write("pages/gt/gt_img_2.txt", '20 10 120 30 "three"\n')
    pictures("pages/img_3.jpg")
    write(
        "pages/gt/gt_img_3.txt", "20,10,120,10,120,30,20,30,Latin,four\n20,10,120,10,120,30,20,30,None,###\n"
    )
    rows, printed = convert("pages")
    assert answers(rows) == [
        ("<image>[100, 100, 600, 300] OCR: ", "one, two", "../pages/img_1.jpg"),
        ("<image>[100, 100, 600, 300] OCR: ", "three", "../pages/img_2.jpg"),
        ("<image>[100, 100, 600, 300] OCR: ", "four", "../pages/img_3.jpg"),
    ]


def test_boxes_of_numbers_beside_others_are_no_text(convert: Convert) -> None:
    pictures("pages/img_1.jpg", "pages/img_2.jpg", "pages/img_3.jpg")
    write("pages/gt_img_1.txt", "20,10,120,10,120,30,20,30,one\n")
    write("pages/gt_img_2.txt", "20,10,120,10,120,30,20,30,1999\n")
    write("pages/gt_img_3.txt", "")
    rows, printed = convert("pages")
    assert [row["response"] for row in rows] == ["one", "1999"]
    assert printed[2:] == ["  left out: 1 (empty transcription)"]


def test_iam(convert: Convert) -> None:
    pictures("iam/lines/a/a01-000u-00.png", "iam/lines/a/a01-000u-01.png", "iam/words/a01-000u-00-00.png")
    lines = '#--- lines ---#\na01-000u-00 ok 154 19 408 746 1661 89 A|MOVE|,|"|to\n'
    lines += "a01-000u-01 err 154 19 408 746 1661 89 stop|\"|isn't|it|?\n"
    rows, _ = convert(write("iam/lines.txt", lines))
    assert answers(rows) == [
        (READING, 'A MOVE, "to', "../iam/lines/a/a01-000u-00.png"),
        (READING, "stop\" isn't it?", "../iam/lines/a/a01-000u-01.png"),
    ]
    words = "#--- words ---#\na01-000u-00-00 ok 154 408 768 27 51 AT A\na01-000u-00-01 err 1 2 3 4 5 NN B\n"
    rows, printed = convert(write("iam/words.txt", words))
    assert answers(rows) == [(READING, "A", "../iam/words/a01-000u-00-00.png")]
    assert printed[-1] == "  left out: 1 (word that IAM marks as badly cut out (err))"


IAM_FORM = (
    '<?xml version="1.0" encoding="ISO-8859-1"?><form id="f" writer-id="0"><handwritten-part>'
    '<line id="f-00" text="a &amp;quot;caf\xe9&amp;quot;">'
    '<word text="a"><cmp x="20" y="10" width="30" height="10"/></word>'
    '<word text="b"><cmp x="60" y="12" width="60" height="18"/></word></line></handwritten-part></form>'
)


def test_iams_forms_in_xml(convert: Convert) -> None:
    pictures("forms/f.png")
    form = write("forms/f.xml", IAM_FORM, "latin-1")
    rows, _ = convert(form)
    assert answers(rows) == [("<image>[100, 100, 600, 300] OCR: ", 'a "café"', "../forms/f.png")]
    pictures("lines/f-00.png")
    rows, _ = convert(form, "--image-root", "lines")
    assert answers(rows) == [(READING, 'a "café"', "../lines/f-00.png")]


def test_formulas_are_spelt_as_the_recipe_spells_them(convert: Convert) -> None:
    pictures(
        "crohme/img/18_em_0.bmp", "crohme/img/18_em_1.bmp", "crohme/img/18_em_2.bmp", "crohme/in/18_em_3.png"
    )
    lines = ["img/18_em_0.inkml\t\\frac { a } { b }", "18_em_1\t2 p", "18_em_2\t\\sqrt { x"]
    rows, printed = convert(write("crohme/caption.txt", "\n".join(lines)))
    assert answers(rows) == [
        (FORMULA, r"\[\frac{a}{b}\]", "../crohme/img/18_em_0.bmp"),
        (FORMULA, r"\[2p\]", "../crohme/img/18_em_1.bmp"),
    ]
    assert printed[-1] == "  left out: 1 (formula: unbalanced braces)"
    ink = '<ink xmlns="http://www.w3.org/2003/InkML"><annotation type="truth">$a &lt; b$</annotation></ink>'
    write("crohme/in/18_em_3.inkml", ink)
    rows, _ = convert("crohme/in")
    assert answers(rows) == [(FORMULA, r"\[a<b\]", "../crohme/in/18_em_3.png")]


@pytest.mark.parametrize("line", ["1 b basic", "b.png 1"])
def test_im2latex(line: str, convert: Convert) -> None:
    pictures("im2latex/formula_images/b.png")
    write("im2latex/im2latex_formulas.lst", "x\n\\frac {a} {b}\n")
    rows, _ = convert(write("im2latex/im2latex_train.lst", f"{line}\n"))
    assert answers(rows) == [(FORMULA, r"\[\frac{a}{b}\]", "../im2latex/formula_images/b.png")]


def test_mjsynth(convert: Convert) -> None:
    pictures("90k/1/115_Lube_45484.jpg", "90k/2/1_well_read_7.jpg")
    lines = "./1/115_Lube_45484.jpg 45484\n./2/1_well_read_7.jpg 7\n"
    rows, _ = convert(write("90k/annotation_train.txt", lines))
    assert [row["response"] for row in rows] == ["Lube", "read"]


def test_pix2texs_pictures_have_the_numbers_of_their_lines(
    convert: Convert, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write("formulae/math.txt", "x\n\\frac {a} {b}\n\ny ^ { 2 }\n")
    pictures("formulae/train/0000001.png", "formulae/train/0000003.png")
    rows, _ = convert("formulae")
    assert answers(rows) == [
        (FORMULA, r"\[\frac{a}{b}\]", "../formulae/train/0000001.png"),
        (FORMULA, r"\[y^{2}\]", "../formulae/train/0000003.png"),
    ]
    pictures("formulae/val/0000000.png")
    assert refusal(capsys, source, "--output", "rows.jsonl") == (
        "formulae/math.txt has pictures in formulae/train, formulae/val; name one with --image-root"
    )
    rows, _ = convert(source, "--image-root", "formulae/val")
    assert answers(rows) == [(FORMULA, r"\[x\]", "../formulae/val/0000000.png")]
    pictures("formulae/val/9.png")
    assert refusal(capsys, source, "--output", "rows.jsonl", "--image-root", "formulae/val") == (
        "formulae/val/9.png: no formula 9 in formulae/math.txt, which has 5 lines"
    )
    # it is a list of formulas to draw, and no text
    assert len(read_formulas(Path(source)).found) == 3
    assert main(["lines", "--count", "1", "--output", "drawn", "--source", source]) == 2
    assert "looks like pix2tex's list of formulas" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("names", "texts"),
    [
        (["one_0", "two three_1", "4_2"], ["4", "one", "two three"]),
        (["0_one", "1_two three", "2_4"], ["one", "two three", "4"]),
        (["0_12", "1_7"], ["12", "7"]),
        (["word_7", "other_4"], ["other", "word"]),
    ],
)
def test_texts_that_are_names_of_pictures(names: list[str], texts: list[str], convert: Convert) -> None:
    pictures(*(f"out/{name}.jpg" for name in names))
    rows, printed = convert("out")
    assert [row["response"] for row in rows] == texts
    assert "TextRecognitionDataGenerator" in printed[0]


@pytest.mark.parametrize(
    "names",
    [
        ["page_0", "page_1"],
        ["IMG_12", "IMG_13", "DSC_7", "DSC_9"],
        ["IMG_20230101_120000", "IMG_20230102_093000"],
        ["one_0", "two_1", "three"],
    ],
)
def test_names_of_pages_and_photographs_are_no_texts(
    names: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    pictures(*(f"out/{name}.jpg" for name in names))
    assert "is none of the labels that are read" in refusal(capsys, "out", "--output", "rows.jsonl")


def entity(text: str, box: list[int], *words: tuple[str, list[int]]) -> dict[str, Any]:
    parts = [{"text": word, "box": place} for word, place in words]
    return {"id": 0, "text": text, "box": box, "words": parts, "label": "other", "linking": []}


def test_funsd(convert: Convert, capsys: pytest.CaptureFixture[str]) -> None:
    pictures("training_data/images/1.png")
    words = ("one", [20, 10, 60, 20]), ("two", [70, 10, 120, 20]), ("below", [20, 25, 60, 30])
    form = [entity("one two below", [20, 10, 120, 30], *words), entity("", [0, 50, 20, 60])]
    source = write("training_data/annotations/1.json", json.dumps({"form": form}))
    for given in (source, "training_data", "training_data/annotations"):
        rows, printed = convert(given)
        assert answers(rows) == [
            ("<image>[100, 100, 600, 300] OCR: ", "one two\nbelow", "../training_data/images/1.png")
        ]
        assert printed[2:] == ["  left out: 1 (box marked as unreadable (###), difficult, or not yet read)"]
    write(source, json.dumps({"form": [{"box": [1, 2, 3], "text": "a"}]}))
    assert refusal(capsys, source, "--output", "rows.jsonl") == (
        f"{source}: not as FUNSD writes it (not enough values to unpack (expected 4, got 3))"
    )


def test_xfund(convert: Convert) -> None:
    pictures("zh/zh_val_0.jpg")
    words = ("邮", [20, 10, 60, 30]), ("箱", [60, 10, 120, 30])
    page = {"img": {"fname": "zh_val_0.jpg"}, "document": [entity("邮箱", [20, 10, 120, 30], *words)]}
    rows, _ = convert(write("zh/zh.val.json", json.dumps({"lang": "zh", "documents": [page]})))
    assert [(row["query"], row["response"]) for row in rows] == [
        ("<image>[100, 100, 600, 300] OCR: ", "邮箱")
    ]


BOX = {"image_id": 5, "bbox": [20, 10, 100, 20]}


@pytest.mark.parametrize(
    "content",
    [
        {
            "images": [{"id": 5, "file_name": "a.jpg"}],
            "annotations": [BOX | {"text": "one"}, BOX | {"text": ""}],
        },
        {
            "images": [{"id": 5, "file_name": "a.jpg", "width": 200, "height": 100}],
            "annotations": [BOX | {"attributes": {"text": "one"}}, BOX | {"text": None}],
        },
        {
            "imgs": {"5": {"id": 5, "file_name": "a.jpg", "width": 200, "height": 100, "set": "train"}},
            "anns": {
                "1": BOX | {"utf8_string": "one", "legibility": "legible", "language": "english"},
                "2": BOX | {"utf8_string": "two", "legibility": "illegible"},
            },
            "imgToAnns": {"5": [1, 2]},
        },
        {
            "imgs": {"5": {"id": "5", "file_name": "a.jpg"}},
            "anns": {"5_1": BOX | {"utf8_string": "one"}, "5_2": BOX | {"utf8_string": "."}},
        },
    ],
)
def test_coco(content: dict[str, Any], convert: Convert) -> None:
    pictures("coco/train2014/a.jpg")
    rows, printed = convert(write("coco/annotations/cocotext.json", json.dumps(content)))
    assert answers(rows) == [("<image>[100, 100, 600, 300] OCR: ", "one", "../coco/train2014/a.jpg")]
    assert printed[2:] == ["  left out: 1 (box marked as unreadable (###), difficult, or not yet read)"]


def test_rects(convert: Convert) -> None:
    pictures("img/a.jpg")
    line = {"transcription": "one", "points": [20, 10, 120, 10, 120, 30, 20, 30], "ignore": 0}
    write("gt/a.json", json.dumps({"chars": [], "lines": [line, line | {"ignore": 1}]}))
    rows, printed = convert("gt", "--image-root", "img")
    assert answers(rows) == [("<image>[100, 100, 600, 300] OCR: ", "one", "../img/a.jpg")]
    assert printed[2:] == ["  left out: 1 (box marked as unreadable (###), difficult, or not yet read)"]


def test_json_by_the_names_of_pictures(convert: Convert) -> None:
    pictures("gt_0.jpg", "gt_1.jpg")
    box = {
        "transcription": "one",
        "points": [[20, 10], [120, 10], [120, 30], [20, 30]],
        "illegibility": False,
    }
    source = write("train.json", json.dumps({"gt_0": [box, box | {"illegibility": True}], "gt_1": []}))
    rows, _ = convert(source)
    assert answers(rows) == [("<image>[100, 100, 600, 300] OCR: ", "one", "../gt_0.jpg")]
    rows, _ = convert(write("labels.json", json.dumps({"gt_0.jpg": "zero", "gt_1.jpg": "one"})))
    assert [row["response"] for row in rows] == ["zero", "one"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "a.json",
            '{"images": [{"id": 1, "file_name": "1.png"}],'
            ' "annotations": [{"image_id": 2, "bbox": [1, 2, 3, 4], "text": "a"}]}',
            "a.json: annotations name image_id 2, which no picture has",
        ),
        (
            "a.json",
            '{"images": [{"id": 1}], "annotations": [{"image_id": 1, "bbox": [1, 2, 3, 4], "text": "a"}]}',
            "a.json: picture 1: not as COCO writes it (no key 'file_name')",
        ),
        (
            "a.json",
            '{"images": [], "annotations": [{"image_id": 1, "bbox": null, "text": "a"}]}',
            "a.json: annotation 1: not as COCO writes it (cannot unpack non-iterable NoneType object)",
        ),
        (
            "a.json",
            '{"documents": [{"document": [], "img": {}}]}',
            "a.json:1: not as XFUND writes it (no key 'fname')",
        ),
        (
            "gt.mat",
            "MATLAB 5.0 MAT-file\0\0",
            "gt.mat looks like a file of MATLAB, as SynthText's gt.mat, which is not read",
        ),
    ],
)
def test_broken_json_is_one_line(
    name: str, text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures("1.png")
    assert refusal(capsys, write(name, text), "--output", "rows.jsonl").startswith(message)


def test_donut(convert: Convert) -> None:
    pictures("donut/1.png")
    truths = [
        {"gt_parse": {"text_sequence": "one two"}},
        {"gt_parse": {"menu": [{"nm": "é"}]}, "meta": 1},
        {"gt_parses": [{"question": "Who?", "answer": "I"}, {"question": "Who?", "answer": "me"}]},
    ]
    lines = [json.dumps({"file_name": "1.png", "ground_truth": json.dumps(truth)}) for truth in truths]
    source = write("donut/metadata.jsonl", "\n".join(lines))
    rows, _ = convert(source)
    assert [(row["query"], row["response"]) for row in rows] == [
        (READING, "one two"),
        (FORMULA, '{"menu": [{"nm": "é"}]}'),
        ("<image>Who?", "I"),
    ]
    rows, _ = convert(source, "--query", "Parse.")
    assert [row["query"] for row in rows] == ["<image>Parse.", "<image>Parse.", "<image>Who?"]


def region(name: str, text: list[str], **place: float) -> list[dict[str, Any]]:
    """The results of one box of Label Studio's OCR template."""
    shared = {"id": name, "original_width": 200, "original_height": 100, "image_rotation": 0}
    return [
        shared | {"type": "rectangle", "value": place},
        shared | {"type": "labels", "value": place | {"labels": ["Text"]}},
        shared | {"type": "textarea", "value": place | {"text": text}},
    ]


def test_label_studio(convert: Convert) -> None:
    pictures("export/pics/page.png")
    result = [
        *region("a", ["one"], x=10, y=10, width=30, height=20, rotation=0),
        *region("b", ["two", "lines"], x=50, y=50, width=10, height=10, rotation=90),
        {"id": "c", "type": "textarea", "value": {"text": ["all of it"]}},
    ]
    tasks = [
        {"data": {"ocr": "/data/upload/1/0a1b2c3d-page.png"}, "annotations": [{"result": result}]},
        {
            "data": {"ocr": "/data/upload/1/0a1b2c3d-page.png"},
            "annotations": [{"result": result, "was_cancelled": True}],
        },
    ]
    rows, printed = convert(write("export/export.json", json.dumps(tasks, indent=1)))
    assert answers(rows) == [
        (READING, "all of it", "../export/pics/page.png"),
        ("<image>[100, 100, 400, 300] OCR: ", "one", "../export/pics/page.png"),
        # turned about its upper left corner: 20 x 10 pixels become 10 x 20
        ("<image>[450, 500, 500, 700] OCR: ", "two\nlines", "../export/pics/page.png"),
    ]
    assert printed[-1] == "  left out: 1 (task without labels, or skipped)"


def test_label_studios_json_min(convert: Convert, capsys: pytest.CaptureFixture[str]) -> None:
    pictures("export/page.png")
    places = [{"x": 10, "y": 10, "width": 30, "height": 20}, {"x": 10, "y": 50, "width": 30, "height": 20}]
    task = {"ocr": "/data/local-files/?d=export/page.png", "annotation_id": 1, "annotator": 1, "bbox": places}
    rows, _ = convert(write("export/min.json", json.dumps([task | {"transcription": ["one", "two"]}])))
    assert [(row["query"], row["response"]) for row in rows] == [
        ("<image>[100, 100, 400, 300] OCR: ", "one"),
        ("<image>[100, 500, 400, 700] OCR: ", "two"),
    ]
    write("export/min.json", json.dumps([task | {"transcription": "one"}]))
    assert refusal(capsys, "export/min.json", "--output", "rows.jsonl") == (
        "export/min.json:1: not as Label Studio's OCR template labels (1 texts for 2 boxes, and JSON-MIN "
        "does not say which belong together: export as JSON)"
    )


def test_json_beside_pictures_is_no_text(capsys: pytest.CaptureFixture[str]) -> None:
    pictures("pages/1.png")
    write("pages/1.txt", '[{"text": "one"}]')
    assert refusal(capsys, "pages", "--output", "rows.jsonl") == (
        "pages/1.txt holds JSON, and not the text of a picture"
    )


def test_texts_beside_pictures(convert: Convert) -> None:
    pictures("pages/1.png", "pages/2.png", "pages/3.jpg")
    write("pages/1.txt", "One  line.\r\n\r\nAnother.\r\n")
    write("pages/2.gt.txt", "Tesseract's name\n")
    write("pages/3.txt", " \n")
    write("pages/notes.txt", "no picture")
    rows, printed = convert("pages")
    assert answers(rows) == [
        (READING, "One line.\nAnother.", "../pages/1.png"),
        (READING, "Tesseract's name", "../pages/2.png"),
    ]
    assert printed[2:] == ["  left out: 1 (empty transcription)"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "a.txt",
            "1.png\tone\n1.png\ttwo\t0.9\n1.png\tb\n",
            "a.txt:2: 3 columns; give picture and text, with one tab",
        ),
        ("a.txt", "1.png\tone\n1.png\tb\nno picture here\n", "a.txt:3: no tab; give picture, tab and text"),
        (
            "a.txt",
            "1.png one\n1.png two\nthree\n",
            "a.txt:3: does not begin with a picture; give picture, space and text",
        ),
        (
            "a.txt",
            '1.png\t[{"transcription": "a", "points": []}]\n',
            'a.txt:1: a box is {"transcription": text, ',
        ),
        (
            "a.txt",
            '1.png\t[{"transcription": "a", \n',
            "a.txt:1: no JSON after the tab (Expecting property name",
        ),
        (
            "a.txt",
            "2.png\tone\n",
            "a.txt makes no row (1 x picture missing or broken; a.txt:1: no picture 2.png (looked in ., .);",
        ),
        ("a.txt", "1.png\t\n1.png\t###\n", "a.txt makes no row (2 x empty transcription)"),
        (
            "a.lst",
            "0 1 basic\n",
            "a.lst needs one file of formulas beside it, *formulas*.lst; there is: none",
        ),
        (
            "a.xml",
            "<form writer-id='1'><handwritten-part>",
            "a.xml is no whole XML: no element found: line 1, column 38",
        ),
        (
            "a.txt",
            "Some text.\n",
            "a.txt is none of the labels that are read: got-data rows --help lists them, ",
        ),
        ("a.txt", "0 0.5 0.5 0.1 0.1\n", "a.txt looks like a list of boxes without texts, as YOLO's"),
        ("none.txt", "", "b.txt does not exist; give a file or folder of labels"),
    ],
)
def test_what_makes_no_rows_is_one_line(
    name: str, text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures("1.png")
    write(name, text)
    error = refusal(capsys, "b.txt" if name == "none.txt" else name, "--output", "rows.jsonl")
    assert error.startswith(message) and "\n" not in error
    assert not Path("rows.jsonl").exists()


def test_other_encodings_are_refused_with_what_mends_them(capsys: pytest.CaptureFixture[str]) -> None:
    pictures("1.png")
    source = write("set/my labels.txt", "1.png\t中文字符\n", "gbk")
    for given in (source, "set"):
        assert refusal(capsys, given, "--output", "rows.jsonl") == (
            "set/my labels.txt is not UTF-8 (byte 6), it looks like GB18030; "
            "iconv -f GB18030 -t UTF-8 'set/my labels.txt' > 'set/my labels.utf8.txt' mends it"
        )


def test_a_folder_with_several_lists_asks_for_one(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("Label.txt", "rec_gt.txt"):
        write(f"set/{name}", "1.png\tone\n")
    assert refusal(capsys, "set", "--output", "rows.jsonl") == (
        "set has several lists of labels; give one: set/Label.txt, set/rec_gt.txt"
    )


def test_pictures_of_one_name_are_not_confused(convert: Convert, capsys: pytest.CaptureFixture[str]) -> None:
    pictures("iam/train/18_em_0.png", "iam/test/18_em_0.png")
    source = write("iam/list.txt", "18_em_0\tx ^ { 2 }\n")
    assert "2 pictures below iam are called 18_em_0" in refusal(capsys, source, "--output", "rows.jsonl")
    rows, _ = convert(source, "--image-root", "iam/test")
    assert rows[0]["images"] == ["../iam/test/18_em_0.png"]
    # a path of a folder that is not there is not looked for elsewhere
    source = write("iam/test/list.txt", "train/18_em_0.png\tone\n")
    assert "no picture train/18_em_0.png" in refusal(
        capsys, source, "--output", "rows.jsonl", "--image-root", "iam/test"
    )


def test_nothing_is_written_over(capsys: pytest.CaptureFixture[str]) -> None:
    pictures("1.png")
    source = write("a.txt", "1.png\tone\n")
    assert refusal(capsys, source, "--output", "a.txt").startswith("--output a.txt: rows are a .jsonl file")
    write("rows.jsonl", "mine")
    assert refusal(capsys, source, "--output", "rows.jsonl") == (
        "rows.jsonl exists: choose another output, or give --overwrite"
    )
    assert Path("rows.jsonl").read_text() == "mine"


DETECTED = '1.png\t[{"transcription": "a", "points": [[0, 0], [9, 0], [9, 9], [0, 9]]}]\n'
HINT = (
    "x.txt looks like PPOCRLabel's detection labels (picture, tab, JSON list of boxes): "
    "got-data rows x.txt --output rows.jsonl makes rows of it"
)


@pytest.mark.parametrize(
    "words",
    [
        "lines --source",
        "scene --source",
        "seal --source",
        "handwriting --source",
        "handwriting --line-images",
    ],
)
def test_labels_are_not_drawn_as_text(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    source = write("x.txt", DETECTED)
    kind, flag = words.split()
    assert main([kind, "--count", "1", "--output", "out", flag, source, "--workers", "1"]) == 2
    assert capsys.readouterr().err == f"got-data {kind}: {flag} {HINT}\n"


@pytest.mark.parametrize("read", [read_formulas, find_csv_files])
def test_labels_are_not_drawn_as_formulas_or_tables(read: Callable[[Path], object]) -> None:
    with pytest.raises(ValueError) as error:
        read(Path(write("x.txt", DETECTED)))
    assert str(error.value) == f"--source {HINT}"


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("caption.txt", "18_em_0\t\\frac { a } { b }\n", "a list of formulas"),
        ("caption.tsv", "1.png\t\\frac { a } { b }\n", "a list of formulas"),
        (
            "rows.jsonl",
            '{"file_name": "1.png", "ground_truth": {"gt_parse": {}}}\n',
            "donut's metadata.jsonl",
        ),
        ("train.lst", "1 b basic\n", "im2latex's list"),
        ("1.inkml", "<ink><trace>1 2</trace></ink>", "CROHME's InkML"),
    ],
)
def test_lists_of_pictures_are_no_formulas(name: str, text: str, kind: str) -> None:
    with pytest.raises(ValueError, match=f"^--source {name} looks like {kind}.*: got-data rows {name} "):
        read_formulas(Path(write(name, text)))


def test_formulas_by_the_names_of_pictures_are_formulas() -> None:
    source = write("x.json", json.dumps({"1.png": "\\frac{a}{b}", "2.png": "x^2"}))
    assert [formula.latex for formula in read_formulas(Path(source)).found] == [r"\frac{a}{b}", "x^{2}"]


def test_im2latexs_formulas_are_formulas() -> None:
    source = write("im2latex_formulas.lst", "\\frac {a} {b}\nx ^ { 2 }\n")
    assert [formula.latex for formula in read_formulas(Path(source)).found] == [r"\frac{a}{b}", "x^{2}"]


def test_a_table_with_pictures_is_a_list_of_formulas() -> None:
    found = read_formulas(Path(write("x.tsv", "image\tlatex\n1.png\t\\frac { a } { b }\n"))).found
    assert [formula.latex for formula in found] == [r"\frac{a}{b}"]


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ('{"query": "OCR: ", "response": "a"}\n', "JSON"),
        ('[\n {"text": "a"}\n]', "JSON"),
        ('["one", "two"]', "JSON"),
        ('<?xml version="1.0"?>\n<text>a</text>', "XML"),
        ("<!DOCTYPE html>\n<p>a</p>", "HTML"),
        ("% mine\n\\documentclass{article}\n", "a LaTeX document"),
        ("%PDF-1.7\n%\x80\xff", "PDF"),
    ],
)
def test_other_files_are_no_text(text: str, markup: str, capsys: pytest.CaptureFixture[str]) -> None:
    source = write("texts", text)
    assert main(["lines", "--count", "1", "--output", "out", "--source", source]) == 2
    assert capsys.readouterr().err == (
        f"got-data lines: --source texts holds {markup}; give a file with a text on each line\n"
    )
