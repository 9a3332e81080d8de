"""Folders of pictures and texts, and pictures that lie beside the folder of their labels."""

import json
import os
from pathlib import Path

import pytest

from data_engines.cli import main
from data_engines.tools.formulas.sources import read_formulas
from tests.data_engines.tools.foreign.conftest import (
    BOX,
    FORMULA,
    READING,
    Convert,
    answers,
    entity,
    pictures,
    refusal,
    write,
)


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


@pytest.mark.parametrize(
    "line",
    [
        "1,1,9,1,9,5,9,9,1,9,one",
        "1,1,9,1,9,5,9,9,1,9,1,8,####one",
        "1,1,5,1,9,1,9,5,9,9,5,9,1,9",
        "1,1,5,1,-9,1,9,5,9,9,5,9,one",
        "1,1,9,1,9,9,1,9",
    ],
)
def test_polygons_are_no_texts(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    pictures("set/1.jpg", "set/2.jpg")
    write("set/2.txt", "5,5,15,5,15,9,5,9,four\n")
    for lines in (line, f"1,1,9,1,9,9,1,9,two\n1,1,9,1,9,9,1,9,three\n{line}"):
        write("set/1.txt", lines)
        assert refusal(capsys, "set", "--output", "rows.jsonl").startswith("set/1.txt")


def test_json_beside_pictures_is_no_text(capsys: pytest.CaptureFixture[str]) -> None:
    pictures("pages/1.png")
    write("pages/1.txt", '[{"text": "one"}]')
    assert refusal(capsys, "pages", "--output", "rows.jsonl") == (
        "pages/1.txt holds JSON, and not the text of a picture"
    )


@pytest.mark.parametrize(
    "text",
    [
        "20,10,120,10,120,30,20,30,ONE\n20,10,120,bad\n",
        "20\t10\t120\t10\t120\t30\t20\t30\tONE\n",
        "20 10 120 30 ONE\n",
        "imagesource:GoogleEarth\n2753 2408 2861 2385 2888 2468 2805 2502 plane 0\n",
        "Car 0.00 0 -1.57 599.41 156.40 629.75 189.25 2.85 2.63\n",
        "a 10 20 30 40 0\nb 30 20 40 40 0\n",
        "The\t10\t20\t30\t40\tTimes\n",
    ],
)
def test_lines_of_numbers_are_no_texts_beside_pictures(
    text: str, convert: Convert, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures("pages/1.png", "pages/2.png")
    write("pages/1.txt", text)
    write("pages/2.txt", "")
    assert refusal(capsys, "pages", "--output", "rows.jsonl").startswith(
        "pages/1.txt: half of the lines of these files have four numbers in a row, as boxes have"
    )
    # a page may have such lines, and a number of a card is one
    write("pages/1.txt", f"{text}One\nline\nand\nanother.")
    write("pages/2.txt", "4532 1234 5678 9010")
    assert len(convert("pages")[0]) == 2


def test_an_export_without_texts_in_a_folder_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    pictures("train/a.jpg")
    content = {"images": [{"id": 0, "file_name": "a.jpg"}], "annotations": [BOX]}
    source = write("train/_annotations.coco.json", json.dumps(content))
    assert refusal(capsys, "train", "--output", "rows.jsonl").startswith(
        f"{source} looks like COCO's annotations, none of which has a text"
    )


def test_texts_beside_pictures(convert: Convert) -> None:
    pictures("pages/1.png", "pages/2.png", "pages/3.jpg", "val/1.png")
    write("val/1.txt", "of another folder")
    write("pages/1.txt", "One  line.\r\n\r\nAnother.\r\n")
    write("pages/2.gt.txt", "Tesseract's name\n")
    pictures("pages/4.nrm.png")
    write("pages/4.gt.txt", "kraken's name\n")
    write("pages/3.txt", " \n")
    rows, printed = convert("pages")
    assert answers(rows) == [
        (READING, "One line.\nAnother.", "../pages/1.png"),
        (READING, "Tesseract's name", "../pages/2.png"),
        (READING, "kraken's name", "../pages/4.nrm.png"),
    ]
    assert printed[2:] == ["  left out: 1 (empty transcription)"]


def test_pictures_and_texts_without_each_other_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    pictures("f/a.png", "f/b.png", "f/c.jpg", "f/c.png", "f/d.png", "f/in/e.png", "f/in/f.png")
    for name in ("a", "c", "e", "in/f", "g"):
        write(f"f/{name}.txt", f"text {name}")
    write("f/a.gt.txt", "another text")
    assert main(["rows", "f", "--output", "rows.jsonl"]) == 1
    assert [row["response"] for row in map(json.loads, Path("rows.jsonl").read_text().splitlines())] == [
        "another text",
        "text e",
        "text in/f",
    ]
    assert capsys.readouterr().err.splitlines() == [
        f"got-data rows: {line}"
        for line in (
            "f/c.txt: 2 pictures are called c: f/c.jpg, f/c.png",
            "f/g.txt: no picture g (looked in f, .)",
            "f/b.png: no text of this name",
            "f/d.png: no text of this name",
            "f/a.txt: f/a.png already has another answer to '<image>OCR: '",
            "left out: 5 (picture or text missing, broken or contradicted)",
        )
    ]


@pytest.mark.parametrize(
    "layout",
    [
        ("coco/annotations/train.json", "train.jpg", "coco/train/train.jpg", "coco/val/train.jpg"),
        ("coco/annotations/instances_train2017.json", "1.jpg", "coco/train2017/1.jpg", "coco/val2017/1.jpg"),
        ("coco/annotations/x.json", "train/1.jpg", "coco/images/train/1.jpg", "coco/images/val/1.jpg"),
        ("coco/Annotations/train/x.json", "1.jpg", "coco/images/train/1.jpg", "coco/images/val/1.jpg"),
        ("coco/x.json", "/home/me/coco/train/1.jpg", "coco/images/train/1.jpg", "coco/images/val/1.jpg"),
    ],
)
def test_pictures_beside_the_folder_of_labels(layout: tuple[str, ...], convert: Convert) -> None:
    source, name, picture, other = layout
    pictures(picture, other)
    content = {
        "images": [{"id": 5, "file_name": name}],
        "annotations": [BOX | {"text": "one"}],
    }
    rows, _ = convert(write(source, json.dumps(content)))
    assert rows[0]["images"] == [f"../{picture}"]


def test_labels_beside_the_working_folder(convert: Convert, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures("set/images/1.jpg")
    write("set/annotations/1.json", json.dumps({"form": [entity("one", [20, 10, 120, 30])]}))
    monkeypatch.chdir("set/annotations")
    for given in ("1.json", "."):
        assert convert(given)[0][0]["images"] == ["../../images/1.jpg"]


def test_a_folder_with_several_lists_asks_for_one(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("Label.txt", "rec_gt.txt"):
        write(f"set/{name}", "1.png\tone\n")
    assert refusal(capsys, "set", "--output", "rows.jsonl") == (
        "set has several lists of labels; give one: set/Label.txt, set/rec_gt.txt"
    )


def test_pictures_of_one_name_are_not_confused(convert: Convert, capsys: pytest.CaptureFixture[str]) -> None:
    pictures("iam/train/18_em_0.png", "iam/test/18_em_0.png")
    source = write("iam/list.txt", "18_em_0\tx ^ { 2 }\n")
    assert "2 pictures are called 18_em_0: iam/test/18_em_0.png, iam/train/18_em_0.png" in refusal(
        capsys, source, "--output", "rows.jsonl"
    )
    rows, _ = convert(source, "--image-root", "iam/test")
    assert rows[0]["images"] == ["../iam/test/18_em_0.png"]
    # a path of a folder that is not there is not looked for elsewhere
    source = write("iam/test/list.txt", "train/18_em_0.png\tone\n")
    assert "no picture train/18_em_0.png" in refusal(
        capsys, source, "--output", "rows.jsonl", "--image-root", "iam/test"
    )


@pytest.mark.parametrize("encoding", ["nope-8", "hex", "gbk", "idna", "undefined"])
def test_xml_in_an_encoding_that_is_not_read(encoding: str, capsys: pytest.CaptureFixture[str]) -> None:
    pictures("f/a.png")
    root = '<ink xmlns="http://www.w3.org/2003/InkML"><annotation type="truth">$x$</annotation></ink>'
    file = write("f/a.inkml", f'<?xml version="1.0" encoding="{encoding}"?>{root}')
    line = refusal(capsys, "f", "--output", "rows.jsonl")
    assert line.startswith(f"{file} is in an encoding that is not read (") and "save it in UTF-8" in line


def test_large_xml_and_entities_of_other_files(capsys: pytest.CaptureFixture[str]) -> None:
    pictures("f/a.png")
    start = '<ink xmlns="http://www.w3.org/2003/InkML">'
    write("f/a.inkml", start + "<t/>" * (1 << 22) + "</ink>")
    assert refusal(capsys, "f", "--output", "rows.jsonl").endswith("at most 16,777,216 are read of XML")
    said = '<annotation type="truth">&a;</annotation></ink>'
    write("f/a.inkml", f'<!DOCTYPE ink [<!ENTITY a SYSTEM "file:///etc/passwd">]>{start}{said}')
    assert "undefined entity &a;" in refusal(capsys, "f", "--output", "rows.jsonl")


def test_labels_that_are_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo("labels.txt")
    line = refusal(capsys, "labels.txt", "--output", "rows.jsonl")
    assert line.startswith("labels.txt is none of the labels that are read")
