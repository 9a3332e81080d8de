from typing import Any

import pytest

from got_train.data.doubts import MAX_DOUBTS, DoubtCounts, doubts
from got_train.data.records import parse_row

TAG = "a text that looks like the tag <image>"
TASK = "a query that is nearly one of GOT's tasks, and is read as another text"


def causes(row: dict[str, Any]) -> list[str]:
    return [cause for cause, _ in doubts(row, parse_row(row, "a.jsonl:1"))]


def asking(query: str) -> dict[str, Any]:
    return {"query": query, "response": "r", "images": ["a.png"]}


@pytest.mark.parametrize(
    "tag",
    [
        "＜image＞",
        "<IMAGE>",
        "<Image>",
        "<image/>",
        "< image >",
        "[image]",
        "［image］",
        "《image》",
        "<|image|>",
        "<|image_pad|>",
        "<image_1>",
        "<image1>",
        "{image}",
        "<picture>",
        "</image>",
    ],
)
@pytest.mark.parametrize("query", ["{}OCR: ", "<image>{}\nOCR: ", "What does {} say?"])
def test_texts_that_look_like_the_tag(tag: str, query: str) -> None:
    assert causes(asking(query.replace("{}", tag))) == [TAG]


@pytest.mark.parametrize(
    "query",
    [
        "OCR：",
        "ocr:",
        "Ocr with format: ",
        "OCR",
        "OCR.",
        "ＯＣＲ: ",
        "OCR with format：",
        "OCR with box: ",
        "OCR across multi-pages: ",
        "[10，20，30，40] OCR: ",
        "[10、20、30、40] OCR: ",
        "［10,20,30,40］ OCR: ",
        "(10,20,30,40) OCR: ",
        "10, 20, 30, 40 OCR: ",
        "[0.1, 0.2, 0.3, 0.4] OCR: ",
        "[-1, 2, 3, 4] OCR: ",
        "[10 20 30 40] OCR: ",
        "OCR: [10, 20, 30, 40]",
        "[orange] OCR: ",
        "[红] OCR: ",
        "[RED] OCR with format: ",
        "red OCR: ",
        "[1, 2, 3, 4] [red] OCR: ",
    ],
)
def test_queries_that_are_nearly_tasks(query: str) -> None:
    assert causes(asking(f"<image>{query}")) == [TASK]


@pytest.mark.parametrize(
    "query",
    [
        "OCR: ",
        "<image>\nOCR:",
        "<image>[red] OCR with format: ",
        "OCR with format and boxes:",
        "[1, 2, 3, 4]  OCR:",
        "OCR this image: ",
        "What is in the image?",
        "Using LaTeX to perform OCR on the image.",
        "Compare <image> with the text.",
    ],
)
def test_other_queries_raise_no_doubts(query: str) -> None:
    assert causes(asking(query)) == []


def test_the_other_doubts() -> None:
    assert causes(asking("<image>") | {"query": " "}) == ["the query asks nothing"]
    assert causes({"query": "OCR: ", "response": "r", "img": "a.png"}) == [
        "key img is not read",
        "the query asks about an image, and the row has none",
    ]
    assert causes(asking("OCR: <image>")) == ["the image comes after the query"]
    several = {"query": "q", "response": ["r", "s"]}
    assert causes(several) == ["only the first of several answers is trained on"]
    row = {"query": "q", "response": "r", "id": 7, "label": "s", "empty": None, "regions": [1]}
    assert causes(row) == ["key label is not read"]
    said = [{"role": "user", "content": "q", "name": "Bob"}, {"role": "assistant", "content": "r"}]
    assert causes({"messages": said}) == ["key name of a message is not read"]


def test_doubts_are_counted_by_cause_with_the_first_places() -> None:
    parts = [DoubtCounts(), DoubtCounts()]
    for number in range(1200):
        parts[number % 2].add(f"a.jsonl:{number + 1}", [(TAG, "'[image]'")] if number < 1000 else [("b", "")])
    assert DoubtCounts.joined(parts).lines() == [
        f"warning: {TAG}: 1,000 rows (a.jsonl:1 '[image]', a.jsonl:3 '[image]', a.jsonl:5 '[image]', ...)",
        "warning: b: 200 rows (a.jsonl:1001, a.jsonl:1003, a.jsonl:1005, ...)",
    ]
    many = DoubtCounts()
    many.add("a.jsonl:1", [(f"key {number} is not read", "") for number in range(MAX_DOUBTS + 1)])
    assert len(many.lines()) == MAX_DOUBTS + 1
    assert many.lines()[-1] == "warning: 1 more cause of doubt"
