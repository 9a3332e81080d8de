"""`got-data rows`: labels of other tools become rows that training reads, or are refused in one line."""

import json
import shutil
from pathlib import Path

import pytest

from data_engines.cli import main
from data_engines.tools.foreign.readers import READERS
from got_train.data.foreign import FORMATS
from got_train.data.readers import open_rows
from tests.data_engines.tools.foreign.conftest import (
    FORMULA,
    READING,
    Convert,
    answers,
    pictures,
    refusal,
    write,
)


def test_every_format_that_makes_rows_has_a_reader() -> None:
    assert set(READERS) == {name for name, kind in FORMATS.items() if kind.scope != "unread"}


def test_a_recognition_list(convert: Convert) -> None:
    pictures(*(f"set/crops/{number}.jpg" for number in range(1, 5)))
    lines = ["crops/1.jpg\tone  “two”", "crops/2.jpg\t", "crops/2.jpg\t###", ""]
    lines += ['["crops/3.jpg", "crops/4.jpg"]\tboth', "crops/3.jpg\tboth"]
    rows, printed = convert(write("set/rec_gt.txt", "\r\n".join(lines)))
    assert answers(rows) == [
        (READING, "one “two”", "../set/crops/1.jpg"),
        (READING, "both", "../set/crops/3.jpg"),
        (READING, "both", "../set/crops/4.jpg"),
    ]
    assert printed == [
        "set/rec_gt.txt was read as PaddleOCR's recognition list (picture, tab, text)",
        "out/rows.jsonl: 3 rows; train on them with data.train=out/rows.jsonl",
        "  left out: 2 (empty transcription)",
        "  left out: 1 (the same once more)",
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
        f"got-data rows: Label.txt:3: no picture 3.jpg (looked in ., {Path().resolve().parent})\n"
        "got-data rows: left out: 2 (picture or text missing, broken or contradicted)\n"
    )
    assert len(open_rows("rows.jsonl")) == 1


def test_boxes_are_asked_about_and_never_joined_to_a_text(convert: Convert) -> None:
    pictures("page/1.jpg")
    boxes = [
        {"transcription": "below", "points": [[20, 60], [120, 62], [120, 80], [20, 78]], "difficult": False},
        {"transcription": "above", "points": [[20, 10], [120, 10], [120, 30], [20, 30]], "difficult": False},
        {"transcription": "###", "points": [[150, 10], [190, 10], [190, 30], [150, 30]]},
        {"transcription": "hard", "points": [[150, 50], [205, 50], [205, 70], [150, 70]], "difficult": True},
        {"transcription": "待识别", "points": [[150, 80], [190, 80], [190, 90], [150, 90]]},
        {"transcription": "far", "points": [[500, 80], [600, 80], [600, 90], [500, 90]]},
        {"transcription": "long", "points": [[10, 5], [900, 5], [900, 30], [10, 30]]},
        {"transcription": "point", "points": [[10, 5], [10, 5], [10, 5], [10, 5]]},
        {"transcription": "thin", "points": [[10, 5], [10.1, 5], [10.1, 50], [10, 50]]},
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
        "  left out: 2 (box outside the picture, or of a larger one)",
        "  left out: 2 (box without area, or smaller than a pixel)",
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
    assert printed[2] == "  left out: 1 (formula: unbalanced braces)"
    ink = '<ink xmlns="http://www.w3.org/2003/InkML"><annotation type="truth">$a &lt; b$</annotation></ink>'
    write("crohme/in/18_em_3.inkml", ink)
    rows, _ = convert("crohme/in")
    assert answers(rows) == [(FORMULA, r"\[a<b\]", "../crohme/in/18_em_3.png")]
    pictures("mathwriting/a.png")
    ink = '<annotation type="label">x^2</annotation><annotation type="normalizedLabel">x^{2}</annotation>'
    rows, _ = convert(write("mathwriting/a.inkml", f"<ink>{ink}</ink>"))
    assert answers(rows) == [(FORMULA, r"\[x^{2}\]", "../mathwriting/a.png")]


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
def test_commands_that_tex_does_not_know_are_said(convert: Convert, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures("1.png", "2.png", "3.png")
    source = write("labels.txt", "1.png\t\\unknownx a\n2.png\t\\unknownx \\frac{a}{b}\n3.png\t\\alsoo\n")
    rows, printed = convert(source)
    assert rows[0]["response"] == r"\[\unknownx a\]"
    assert printed[2:] == [
        "  warning: TeX does not know these commands of answers (how many): unknownx (2), alsoo (1)"
    ]
    monkeypatch.setenv("PATH", "")
    assert convert(source)[1][2].startswith(
        "  warning: whether TeX knows the commands of the formulas was not seen (pdflatex is not installed: "
    )


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


def test_the_text_of_a_box_may_be_a_number_with_commas(convert: Convert) -> None:
    pictures("img_1.jpg")
    write("gt_img_1.txt", "20,10,120,10,120,30,20,30,10,000,000\n20,50,120,50,120,60,20,60,won\n")
    rows, _ = convert("gt_img_1.txt")
    assert [row["response"] for row in rows] == ["10,000,000", "won"]


def test_rctws_boxes_say_whether_they_are_difficult(convert: Convert) -> None:
    pictures("image_0.jpg")
    write("image_0.txt", '20,10,120,10,120,30,20,30,0,"one, 2"\n20,50,120,50,120,60,20,60,1,"two"\n')
    rows, _ = convert("image_0.txt")
    assert [row["response"] for row in rows] == ["one, 2"]


def test_answers_that_contradict_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    pictures("1.png")
    write("a.txt", "1.png\tone\n1.png\ttwo\n1.png\tone\n")
    assert main(["rows", "a.txt", "--output", "rows.jsonl"]) == 1
    printed = capsys.readouterr()
    assert printed.out.splitlines()[2:] == ["  left out: 1 (the same once more)"]
    assert printed.err.splitlines()[0] == (
        "got-data rows: a.txt:2: 1.png already has another answer to '<image>OCR: '"
    )


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
            "a.txt makes no row (1 x picture or text missing, broken or contradicted; a.txt:1: no picture ",
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
            "a.txt is none of the labels that are read (got-data rows --help lists them)",
        ),
        ("a.txt", "0 0.5 0.5 0.1 0.1\n", "a.txt looks like boxes without texts, as YOLO's"),
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


def test_nothing_is_written_over(capsys: pytest.CaptureFixture[str]) -> None:
    pictures("1.png")
    source = write("a.txt", "1.png\tone\n")
    assert refusal(capsys, source, "--output", "a.txt").startswith("--output a.txt: rows are a .jsonl file")
    write("rows.jsonl", "mine")
    assert refusal(capsys, source, "--output", "rows.jsonl") == (
        "rows.jsonl exists: choose another output, or give --overwrite"
    )
    assert Path("rows.jsonl").read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.jsonl", '{"image": "1.png", "text": "one"}\n'),
        ("a.json", '[{"image": "1.png", "text": "one"}]'),
        ("a.csv", "image,text,split\n1.png,one,train\n"),
    ],
)
def test_rows_need_no_converting(name: str, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    pictures("1.png")
    assert refusal(capsys, write(name, text), "--output", "rows.jsonl") == (
        f"{name} is none of the labels that are read (got-data rows --help lists them); rows need no "
        f"converting: data.train={name} reads them, data.query='OCR: ' asks it of all, "
        "data.columns='{picture: images}' renames keys"
    )
