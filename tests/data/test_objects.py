"""ms-swift's `objects` in the places of their tags."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from got_train.data.encode import check_boxes
from got_train.data.errors import RowError
from got_train.data.record import Turn
from got_train.data.records import parse_row
from got_train.inference.questions import question
from got_train.inference.regions import region_values


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    Image.new("RGB", (200, 50)).save(path)
    return path


def turns(picture: Path, query: str, response: str, objects: Any, **more: Any) -> tuple[Turn, ...]:
    row = {"query": query, "response": response, "images": [str(picture)], "objects": objects, **more}
    return parse_row(row, "a.jsonl:1").turns


def test_text_with_boxes_of_swift_is_ours(picture: Path) -> None:
    objects = {"ref": ["Total", "12.50"], "bbox": [[0, 5, 50, 10], [100, 5, 200, 50]], "bbox_type": "real"}
    expected = (
        "<ref>Total</ref><box>(0,100),(250,200)</box>\n<ref>12.50</ref><box>(500,100),(1000,1000)</box>"
    )
    for given in (objects, json.dumps(objects), {**objects, "bbox_type": None, "image_id": None}):
        [turn] = turns(picture, "<image>OCR with boxes: ", "<ref-object><bbox>\n<ref-object><bbox>", given)
        assert turn == Turn("<image>OCR with boxes: ", expected)


def test_parts_of_the_picture_need_no_picture() -> None:
    objects = {"ref": ["a"], "bbox": [[0.5, 0.25, 1, 1.0]], "bbox_type": "norm1"}
    row = {"query": "q", "response": "<ref-object><bbox>", "images": ["gone.png"], "objects": objects}
    assert parse_row(row, "a.jsonl:1").turns[0].response == "<ref>a</ref><box>(500,250),(1000,1000)</box>"


def test_a_box_of_a_question_is_written_as_in_GOT_s_prompts(picture: Path) -> None:  # noqa: N802
    assert turns(picture, "<image><bbox> OCR: ", "12", {"bbox": [[0, 5, 50, 10]]}) == (
        Turn("<image>[0, 100, 250, 200] OCR: ", "12"),
    )


def test_objects_are_taken_in_the_order_of_the_conversation(picture: Path) -> None:
    messages = [
        {"role": "user", "content": "<image>What is at <bbox>?"},
        {"role": "assistant", "content": "<ref-object>"},
        {"role": "user", "content": "And where is <ref-object>?"},
        {"role": "assistant", "content": "<bbox>"},
    ]
    objects = {"ref": ["one", "two"], "bbox": [[0, 0, 20, 5], [20, 5, 40, 10]]}
    row = {"messages": messages, "images": [str(picture)], "objects": objects}
    assert parse_row(row, "a.jsonl:1").turns == (
        Turn("<image>What is at [0, 0, 100, 100]?", "<ref>one</ref>"),
        Turn("And where is <ref>two</ref>?", "<box>(100,100),(200,200)</box>"),
    )


def test_each_box_lies_in_its_picture(picture: Path, tmp_path: Path) -> None:
    Image.new("RGB", (100, 100)).save(tmp_path / "b.png")
    row = {
        "query": "q",
        "response": "<bbox> <bbox>",
        "images": [str(picture), str(tmp_path / "b.png")],
        "objects": {"bbox": [[10, 5, 20, 10], [10, 5, 20, 10]], "image_id": [1, 0]},
    }
    answer = parse_row(row, "a.jsonl:1").turns[0].response
    assert answer == "<box>(100,50),(200,100)</box> <box>(50,100),(100,200)</box>"


def test_pixels_are_those_of_the_upright_picture_in_and_out(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter: 200 x 50 as stored, 50 x 200 as seen
    Image.new("RGB", (200, 50)).save(tmp_path / "turned.jpg", exif=exif)
    objects = {"ref": ["a"], "bbox": [[5, 20, 25, 100]]}
    [turn] = turns(tmp_path / "turned.jpg", "OCR with boxes: ", "<ref-object><bbox>", objects)
    assert turn.response == "<ref>a</ref><box>(100,100),(500,500)</box>"
    asked = question([tmp_path / "turned.jpg"], with_boxes=True)
    assert region_values(asked, turn.response, 10**6) == {
        "regions": [{"box": (5.0, 20.0, 25.0, 100.0), "text": "a", "format": False}]
    }


@pytest.mark.parametrize(
    ("response", "detail"),
    [
        (
            "<ref>12</ref><box>(192,96),(1688,168)</box>\n34",
            "1 piece of the answer can't be read as <ref>text",
        ),
        (
            "12\n<ref>3",
            "2 pieces of the answer can't be read as <ref>text</ref><box>(x1,y1),(x2,y2)</box>, in th",
        ),
    ],
)
def test_answers_that_are_no_text_with_boxes_are_bad_rows(picture: Path, response: str, detail: str) -> None:
    row = {"query": "OCR with boxes: ", "response": response, "images": [str(picture)]}
    with pytest.raises(RowError) as caught:
        check_boxes(parse_row(row, "a.jsonl:1"))
    assert caught.value.cause == "wrong box" and caught.value.detail.startswith(detail)
    check_boxes(parse_row(row | {"query": "OCR: "}, "a.jsonl:1"))
    check_boxes(parse_row(row | {"response": "<ref>1</ref><box>(0,0),(1000,9)</box>"}, "a.jsonl:1"))


@pytest.mark.parametrize(
    ("response", "objects", "cause", "detail"),
    [
        ("r", {"bbox": [[1, 2, 3, 4]]}, "tag mismatch", "0 <bbox> tags for 1 object of bbox"),
        ("<ref-object>", {"bbox": []}, "tag mismatch", "1 <ref-object> tag for 0 objects of ref"),
        ("<bbox>", [1], "wrong type", "objects is {...} with ref and bbox, not list"),
        ("<bbox>", "[", "not JSON", ""),
        ("<bbox>", {"bbox": 5}, "wrong type", "bbox of objects is a list, not int"),
        ("<bbox>", {"bbox": [[1, 2, 3]]}, "wrong type", "bbox holds [x1, y1, x2, y2], not [1, 2, 3]"),
        ("<bbox>", {"bbox": [[1, 2, 3, True]]}, "wrong type", "bbox holds [x1, y1, x2, y2]"),
        ("<bbox>", {"bbox": [[1, 2, 3, float("inf")]]}, "wrong type", "bbox holds [x1, y1, x2, y2]"),
        ("<bbox>", {"bbox": [[1, 2, 3, 4]], "bbox_type": "norm_1000"}, "wrong type", "real and norm1 are"),
        ("<bbox>", {"bbox": [[1, 2, 300, 4]]}, "wrong box", "lies outside"),
        ("<bbox>", {"bbox": [[1, 2, 1, 4]]}, "wrong box", "no area"),
        ("<bbox>", {"bbox": [[1, 2]]}, "wrong box", "a point cannot stand in an answer"),
        (
            "<bbox>",
            {"bbox": [[1, 2, 3, 4]], "image_id": [1]},
            "wrong box",
            "picture 1, from 0, and the row has 1",
        ),
        ("<ref-object>", {"ref": ["</ref>"]}, "wrong box", "has one of <ref>"),
        ("<ref-object>", {"ref": ["<|im_end|>"]}, "reserved token", "cannot stand in a text"),
        ("<bbox>", {"bbox": [[1, 2, 3, 4]], "masks": 1}, "unsupported key", "masks of objects is not read"),
    ],
)
def test_objects_that_cannot_be_read(
    picture: Path, response: str, objects: Any, cause: str, detail: str
) -> None:
    with pytest.raises(RowError) as caught:
        turns(picture, "OCR with boxes: ", response, objects)
    assert caught.value.cause == cause and detail in caught.value.detail
