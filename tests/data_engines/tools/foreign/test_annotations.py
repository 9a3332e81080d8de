"""Annotations in JSON become rows: FUNSD, COCO, MMOCR, donut, Label Studio and others."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.data_engines.conftest import picture
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
            "imgs": {"5": {"id": "5", "file_name": "train/a.jpg", "width": None, "height": 0}},
            "anns": {"5_1": BOX | {"utf8_string": "one"}, "5_2": BOX | {"utf8_string": "."}},
        },
    ],
)
def test_coco(content: dict[str, Any], convert: Convert) -> None:
    pictures("coco/train2014/a.jpg")
    rows, printed = convert(write("coco/annotations/cocotext.json", json.dumps(content)))
    assert answers(rows) == [("<image>[100, 100, 600, 300] OCR: ", "one", "../coco/train2014/a.jpg")]
    assert printed[2:] == ["  left out: 1 (box marked as unreadable (###), difficult, or not yet read)"]


@pytest.mark.parametrize(
    "content",
    [
        {
            "metainfo": {"dataset_type": "TextDetDataset"},
            "data_list": [
                {
                    "img_path": "img/a.jpg",
                    "height": 100,
                    "width": 200,
                    "instances": [
                        {"polygon": [20, 10, 120, 10, 120, 30, 20, 30], "text": "one", "ignore": False},
                        {"bbox": [20, 50, 120, 60], "bbox_label": 0, "text": "no", "ignore": True},
                    ],
                }
            ],
        },
        {
            "file_name": "img/a.jpg",
            "height": 100,
            "width": 200,
            "annotations": [
                {"box": [20, 10, 120, 10, 120, 30, 20, 30], "text": "one", "label": 2},
                {"box": [20, 50, 120, 50, 120, 60, 20, 60], "text": "", "label": 2},
            ],
        },
        {
            "info": {"version": "1"},
            "annotations": [
                {
                    "image_id": "a",
                    "image_width": 200,
                    "image_height": 100,
                    "paragraphs": [
                        {
                            "lines": [
                                {
                                    "vertices": [[20, 10], [120, 10], [120, 30], [20, 30]],
                                    "text": text,
                                    "legible": bool(text),
                                    "words": [],
                                }
                                for text in ("one", "")
                            ]
                        }
                    ],
                }
            ],
        },
    ],
)
def test_mmocr_wildreceipt_and_hiertext(content: dict[str, Any], convert: Convert) -> None:
    pictures("set/img/a.jpg")
    rows, printed = convert(write("set/train.jsonl", json.dumps(content)))
    assert answers(rows) == [("<image>[100, 100, 600, 300] OCR: ", "one", "../set/img/a.jpg")]
    assert printed[2:] == ["  left out: 1 (box marked as unreadable (###), difficult, or not yet read)"]


def test_mmocrs_recognition(convert: Convert) -> None:
    pictures("a.jpg", "b.jpg")
    listed = [{"img_path": f"{name}.jpg", "instances": [{"text": name}]} for name in "ab"]
    rows, _ = convert(write("train.json", json.dumps({"metainfo": {}, "data_list": listed})))
    assert [row["response"] for row in rows] == ["a", "b"]


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
            '{"images": [{"id": 1, "file_name": "1.png"}, {"id": "1", "file_name": "2.png"}],'
            ' "annotations": [{"image_id": 1, "bbox": [1, 2, 3, 4], "text": "a"}]}',
            "a.json: picture 2: not as COCO writes it (the id 1 of a picture before it)",
        ),
        (
            "a.json",
            '{"images": [{"id": 1, "file_name": "1.png", "width": "wide", "height": 1}],'
            ' "annotations": [{"image_id": 1, "bbox": [1, 2, 3, 4], "text": "a"}]}',
            "a.json: picture 1: not as COCO writes it (could not convert string to float: 'wide')",
        ),
        (
            "a.json",
            '{"data_list": [{"img_path": "1.png", "instances": [{"bbox": [1, 1, 9, 9], "text": null}]}]}',
            "a.json: picture 1: not as MMOCR writes it (a text is not text, but None)",
        ),
        (
            "a.json",
            '{"data_list": [{"img_path": 2, "instances": [{"text": "a"}]}]}',
            "a.json makes no row (1 x picture or text missing, broken or contradicted; a.json: picture 1: ",
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
    pictures(*(f"donut/{number}.png" for number in range(1, 7)))
    truths = [
        {"gt_parse": {"text_sequence": "one two"}},
        {"gt_parse": {"menu": [{"nm": "é"}]}, "meta": 1},
        {"gt_parses": [{"question": "Who?", "answer": "I"}, {"question": "Who?", "answer": ["me", "us"]}]},
        {"gt_parses": [{"question": "Who?", "answer": ["he", "him"]}]},
        {"gt_parses": [{"a": 1}, {"a": 2}]},
        {"gt_parse": "three"},
    ]
    lines = [
        json.dumps({"file_name": f"{number}.png", "ground_truth": json.dumps(truth)})
        for number, truth in enumerate(truths, 1)
    ]
    source = write("donut/metadata.jsonl", "\n".join(lines))
    rows, printed = convert(source)
    assert printed[2:] == ["  left out: 4 (further answer to the same question)"]
    assert [(row["query"], row["response"]) for row in rows] == [
        (READING, "one two"),
        (FORMULA, '{"menu": [{"nm": "é"}]}'),
        ("<image>Who?", "I"),
        ("<image>Who?", "he"),
        (FORMULA, '{"a": 1}'),
        (READING, "three"),
    ]
    rows, _ = convert(source, "--query", "Parse.")
    parse, who = "<image>Parse.", "<image>Who?"
    assert [row["query"] for row in rows] == [parse, parse, who, who, parse, parse]


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


def test_label_studios_picture_has_the_proportions_of_the_one_that_was_labelled(
    capsys: pytest.CaptureFixture[str],
) -> None:
    picture(Path(), "a.png", (100, 200))
    task = {
        "data": {"ocr": "a.png"},
        "annotations": [{"result": region("a", ["one"], x=10, y=10, width=30, height=20)}],
    }
    assert "a.png is 100 x 200 pixels, and its boxes are of a picture of 200 x 100" in refusal(
        capsys, write("export.json", json.dumps([task])), "--output", "rows.jsonl"
    )


def test_boxes_of_a_picture_of_other_proportions(capsys: pytest.CaptureFixture[str]) -> None:
    pictures("1.jpg")
    image = {"id": 5, "file_name": "1.jpg", "width": 100, "height": 200}
    content = {"images": [image], "annotations": [BOX | {"text": "one"}]}
    assert (
        "x.json: picture 1: 1.jpg is 200 x 100 pixels, and its boxes are of a picture of 100 x 200"
    ) in refusal(capsys, write("x.json", json.dumps(content)), "--output", "rows.jsonl")
