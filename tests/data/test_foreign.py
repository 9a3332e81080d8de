"""Labels of other tools are known by their content, and refused where rows are read."""

import json
from pathlib import Path

import pytest
from PIL import Image

from got_train.data.foreign import FORMATS, recognise
from got_train.data.readers import open_rows
from got_train.report import UserError

INK = '<ink xmlns="http://www.w3.org/2003/InkML"><annotation type="truth">$x$</annotation></ink>'
TASK = {"id": 1, "annotations": [], "data": {"ocr": "/data/upload/1/a.png"}}
FOREIGN = {
    "recognition list": "img/1.jpg\tone\nimg/2.jpg\ttwo words\n",
    "detection list": '1.jpg\t[{"transcription": "a", "points": [[0, 0], [1, 0], [1, 1]]}]\n2.jpg\t[]\n',
    "picture list": '1.png, "one"\n2.png, "two"\n',
    "formula list": "18_em_0\t\\frac { a } { b }\n18_em_1\t2 p\n",
    "im2latex list": "1 60ee748793 basic\n0 66667cee5b basic\n",
    "IAM lines": "# lines\na01-000u-00 ok 154 19 408 746 1661 89 A|MOVE\n",
    "IAM words": "a01-000u-00-00 ok 154 408 768 27 51 AT A\na01-000u-00-01 err 154 -1 -1 -1 -1 NN b\n",
    "IAM form": '<?xml version="1.0"?>\n<form id="a" writer-id="0"><handwritten-part/></form>',
    "InkML": INK,
    "boxes": "377,117,463,117,465,130,378,130,Genaxis\n1,2,3,4,5,6,7,8,###\n",
    "donut": json.dumps({"file_name": "a.png", "ground_truth": '{"gt_parse": {"text_sequence": "a"}}'})
    + "\n",
    "Label Studio": json.dumps([TASK], indent=2),
    "Label Studio JSON-MIN": json.dumps(
        [{"ocr": "a.png", "annotator": 1, "annotation_id": 2, "lead_time": 3}]
    ),
    "checked list": "/home/a/1.jpg\t1\n/home/a/2.jpg\t1\n",
    "direction list": "1.jpg\t0\n2.jpg\t180\n",
    "MJSynth list": "./1/115_Lube_45484.jpg 45484\n./1/114_Spencerian_73323.jpg 73323\n",
    "bare boxes": "0 0.5 0.5 0.1 0.2\n",
    "label graph": "# IUD, a\n# Objects(1):\nO, z_1, z, 1.0, 0\n",
    "polygons": "x: [[206 251]], y: [[633 811]], ornt: [u'h'], transcriptions: [u'one']\n",
    "MATLAB": "MATLAB 5.0 MAT-file, Platform: GLNXA64\0\xff",
    "page XML": '<?xml version="1.0"?>\n<alto xmlns="http://www.loc.gov/standards/alto/ns-v4#"></alto>',
    "bare pictures": "img/1.jpg\nimg/2.jpg\n",
    "FUNSD": json.dumps({"form": [{"box": [1, 2, 3, 4], "text": "a", "words": [], "label": "header"}]}),
    "XFUND": json.dumps(
        {"lang": "zh", "documents": [{"id": "a", "document": [], "img": {"fname": "a.jpg"}}]}
    ),
    "COCO": json.dumps(
        {
            "images": [{"id": 1, "file_name": "a.jpg"}],
            "annotations": [{"image_id": 1, "bbox": [], "text": "a"}],
        }
    ),
    "COCO without texts": json.dumps({"imgs": {"1": {}}, "anns": {"1": {"bbox": [1, 2, 3, 4]}}}),
    "VOC": "<annotation><object><name>car</name><bndbox><xmin>1</xmin></bndbox></object></annotation>",
    "LabelMe": json.dumps({"version": "5.0", "shapes": [], "imagePath": "a.jpg"}),
    "VIA": json.dumps({"a.jpg12": {"filename": "a.jpg", "size": 12, "regions": []}}),
    "MMOCR": json.dumps({"metainfo": {}, "data_list": [{"img_path": "a.jpg", "instances": [{"text": "a"}]}]}),
    "MMOCR lines": json.dumps(
        {"file_name": "a.jpg", "annotations": [{"box": [1] * 8, "text": "a", "label": 1}]}
    )
    + "\n",
    "HierText": json.dumps({"info": {}, "annotations": [{"image_id": "a", "paragraphs": []}]}),
    "ReCTS": json.dumps({"chars": [], "lines": [{"transcription": "a", "points": [0, 0, 9, 0, 9, 9, 0, 9]}]}),
    "boxes by picture": json.dumps({"gt_0": [], "gt_1": [{"transcription": "a", "points": [[0, 0]]}]}),
    "texts by picture": json.dumps({"a.jpg": "one", "b.jpg": "two"}),
    "table tokens": json.dumps({"filename": "1.jpg", "html": {"cells": []}}) + "\n",
}
NATIVE = {
    "text.txt": "A line.\nAnother, with a tab:\there.\n",
    "pictures.txt": "In Figure 1.png you see\nthe text\nof a book.\n",
    "formulas.txt": "x^{2}\n\\frac{a}{b}\n",
    "formulas.lst": "x^{2}\n\\frac{a}{b}\n",
    "numbers.txt": "1 2 3 4 5\n6 7 8 9 10\n",
    "numbers.csv": "1,2,3,4,5,6,7,8,9\n1,2,3,4,5,6,7,8,9\n",
    "parsed.jsonl": '{"query": "Parse", "ground_truth": "{\\"gt_parse\\": 1}"}\n',
    "rows.jsonl": '{"query": "<image>OCR: ", "response": "a", "images": ["1.jpg"]}\n',
    "rows.json": '[{"messages": [], "image": "1.jpg"}]',
    "words.tsv": "word\tcount\na\t1\n",
    "svg.xml": "<svg/>",
    "empty.txt": "",
    "utf16.txt": "1.jpg\tone\n",
    "binary.bin": "\0\1",
}


def write(folder: Path, kind: str) -> Path:
    file = folder / {"im2latex list": "train.lst", "checked list": "fileState.txt"}.get(kind, "labels.txt")
    file.write_text(FOREIGN[kind], encoding="utf-8-sig" if kind == "boxes" else "utf-8")
    return file


def test_every_kind_is_described_and_tested() -> None:
    assert sorted([*FOREIGN, "text folder", "text as name", "LMDB", "pix2tex"]) == sorted(FORMATS)


@pytest.mark.parametrize("kind", FOREIGN)
def test_labels_are_known_by_their_content(kind: str, tmp_path: Path) -> None:
    file = write(tmp_path, kind)
    assert recognise(file) == kind
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert recognise(file) == kind


@pytest.mark.parametrize("name", NATIVE)
def test_rows_and_texts_are_no_foreign_labels(name: str, tmp_path: Path) -> None:
    encoding = "utf-16" if name == "utf16.txt" else "utf-8"
    (tmp_path / name).write_text(NATIVE[name], encoding=encoding)
    assert recognise(tmp_path / name) is None


def test_an_export_that_is_longer_than_its_head_is_known(tmp_path: Path) -> None:
    file = tmp_path / "export.json"
    file.write_text(json.dumps([TASK | {"annotations": [{"result": ["x" * 100_000]}]}]))
    assert recognise(file) == "Label Studio"


def test_names_without_an_ending_are_known_by_the_pictures(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("a01-000u-00\tA MOVE to\n")
    assert recognise(tmp_path / "list.txt") is None
    (tmp_path / "lines").mkdir()
    Image.new("L", (9, 9)).save(tmp_path / "lines" / "a01-000u-00.png")
    assert recognise(tmp_path / "list.txt") == "recognition list"


@pytest.mark.parametrize("kind", FOREIGN)
def test_labels_named_as_rows_are_refused_with_what_to_do(kind: str, tmp_path: Path) -> None:
    file = write(tmp_path, kind)
    if FOREIGN[kind][0] in "[{":
        file = file.rename(tmp_path / ("rows.json" if FOREIGN[kind][0] == "[" else "rows.jsonl"))
    with pytest.raises(UserError) as error:
        open_rows(str(file))
    command = f": got-data rows {file} --output rows.jsonl makes rows of it"
    hint = "" if FORMATS[kind].scope == "unread" else command
    assert str(error.value) == f"data file {file} looks like {FORMATS[kind].what}{hint}"


def test_folders_of_labels_are_refused_with_what_to_do(tmp_path: Path) -> None:
    Image.new("L", (9, 9)).save(tmp_path / "1.png")
    with pytest.raises(UserError, match="has neither manifest.json"):
        open_rows(str(tmp_path))
    (tmp_path / "1.txt").write_text("one")
    with pytest.raises(
        UserError, match="looks like a folder of pictures with texts of the same name.*got-data rows"
    ):
        open_rows(str(tmp_path))
    file = write(tmp_path, "recognition list")
    with pytest.raises(
        UserError, match=f"data folder {tmp_path}: {file} looks like PaddleOCR's .*got-data rows {file} "
    ):
        open_rows(str(tmp_path))
