"""Rows go to Label Studio as tasks, and come back as they were."""

import json
from pathlib import Path
from typing import Any

import pytest

from data_engines.cli import main
from tests.conftest import draw, write_rows


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "图片 1").mkdir()
    draw(tmp_path / "图片 1" / "a b.png", "1", size=(200, 100))
    draw(tmp_path / "c.png", "2", size=(200, 100))
    return tmp_path


ROWS: list[Any] = [
    {"query": "<image>OCR: ", "response": "all\nof it", "images": ["图片 1/a b.png"], "confidence": 0.5},
    {"query": "<image>[100, 200, 400, 300] OCR: ", "response": "one", "images": ["图片 1/a b.png"]},
    {"query": "<image>OCR: ", "response": "two", "images": ["c.png"], "confidence": 0.25},
]


def test_tasks_come_back_as_the_same_rows() -> None:
    write_rows(Path("rows.jsonl"), [*ROWS, {"query": "Who?", "response": "no picture"}])
    assert main(["tasks", "rows.jsonl", "--output", "tasks.json"]) == 0
    tasks = json.loads(Path("tasks.json").read_text())
    assert [task["predictions"][0]["score"] for task in tasks] == [0.5, 0.25]
    assert tasks[0]["data"] == {"ocr": "/data/local-files/?d=%E5%9B%BE%E7%89%87%201/a%20b.png"}
    # what Label Studio makes of predictions that an annotator accepts
    exported = [{"data": task["data"], "annotations": task["predictions"]} for task in tasks]
    Path("export.json").write_text(json.dumps(exported))
    assert main(["rows", "export.json", "--output", "back.jsonl"]) == 0
    back = [json.loads(line) for line in Path("back.jsonl").read_text().splitlines()]
    keys = ("query", "response", "images")
    assert [[row[key] for key in keys] for row in back] == [[row[key] for key in keys] for row in ROWS]


def test_a_box_is_in_hundredths() -> None:
    write_rows(Path("rows.jsonl"), ROWS[1:2])
    assert main(["tasks", "rows.jsonl", "--output", "tasks.json"]) == 0
    result = json.loads(Path("tasks.json").read_text())[0]["predictions"][0]["result"]
    place = {"x": 10.0, "y": 20.0, "width": 30.0, "height": 10.0, "rotation": 0}
    assert [part["value"] for part in result] == [
        place,
        place | {"labels": ["Text"]},
        place | {"text": ["one"]},
    ]
    assert {part["id"] for part in result} == {"got0"}


def test_what_would_come_back_as_something_else_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    others = [("<image>[150, 150] OCR: ", "point"), ("<image>[red] OCR: ", "red"), ("<image>OCR: ", "again")]
    more = [{"query": query, "response": answer, "images": ["c.png"]} for query, answer in others]
    write_rows(Path("rows.jsonl"), [ROWS[2], *more])
    assert main(["tasks", "rows.jsonl", "--output", "tasks.json"]) == 0
    said = capsys.readouterr().out
    assert "left out: 2 (about a point or a colour, for which there is no rectangle)" in said
    assert "left out: 1 (a second text of its whole picture)" in said
    [task] = json.loads(Path("tasks.json").read_text())
    assert [part["value"] for part in task["predictions"][0]["result"]] == [{"text": ["two"]}]


def test_what_cannot_be_tasks(capsys: pytest.CaptureFixture[str]) -> None:
    write_rows(Path("rows.jsonl"), ROWS[2:])
    assert main(["tasks", "rows.jsonl", "--output", "图片 1/tasks.json"]) == 2
    assert capsys.readouterr().err == (
        "got-data tasks: rows.jsonl:1: c.png lies outside 图片 1, which Label Studio serves: "
        "name another --root\n"
    )
    assert main(["tasks", "rows.jsonl", "--output", "rows.jsonl"]) == 2
    assert "is also an input" in capsys.readouterr().err
    write_rows(Path("text.jsonl"), [{"query": "Who?", "response": "no picture"}])
    assert main(["tasks", "text.jsonl", "--output", "tasks.json"]) == 2
    assert not Path("tasks.json").exists()
