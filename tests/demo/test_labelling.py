"""Correcting pictures: the order in which they come, what goes on after an end, and rows as input."""

import errno
import io
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

pytest.importorskip("starlette", reason="pip install 'got-train[demo]'")

from starlette.testclient import TestClient  # noqa: E402

from got_train.demo import readings
from got_train.demo.labelling import find_entries  # noqa: E402
from got_train.inference.chat import Got  # noqa: E402
from got_train.inference.questions import question  # noqa: E402
from got_train.report import UserError  # noqa: E402
from tests.conftest import HANG_SECONDS, draw, write_rows  # noqa: E402
from tests.demo.conftest import Labeller  # noqa: E402


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "my 照片"
    folder.mkdir()
    for number in range(3):
        draw(folder / f"{number}.png", str(number), size=(64 + 16 * number, 32))
    (folder / "3 empty.png").write_bytes(b"")
    (folder / "notes.txt").write_text("no picture")
    return folder


def rows_of(path: Path) -> list[tuple[str, str, str]]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]
    return [(row["query"], row["response"], row["images"][0]) for row in rows]


def post(client: TestClient, path: str, **body: Any) -> dict[str, Any]:
    answer = client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def error_of(answer: Any) -> str:
    assert answer.status_code == 400, answer.text
    return str(answer.json()["error"])


def test_without_a_model_it_starts_empty(photos: Path, tmp_path: Path, label_client: Labeller) -> None:
    output = tmp_path / "rows.jsonl"
    with label_client(photos, output) as client:
        assert client.get("/state").json()["models"] == []
        first = client.get("/next").json()
        assert (first["number"], first["names"], first["text"], first["width"]) == (0, ["0.png"], "", 64)
        assert first["counts"] == {"entries": 4, "done": 0, "read": 0, "unreadable": 0, "rows": 0}
        shown = client.get("/entries/0/0")
        assert Image.open(io.BytesIO(shown.content)).size == (64, 32)
        second = post(client, "/accept", number=0, text="nought", format=False)
        assert second["number"] == 1
        third = post(client, "/skip", number=1)
        assert third["number"] == 2
        damaged = post(client, "/accept", number=2, text="\\(x^2\\)", format=True, box=None)
        said = "image unreadable: 3 empty.png is not a readable image"
        assert (damaged["number"], damaged["fault"], "width" in damaged) == (3, said, False)
        assert error_of(client.post("/accept", json={"number": 3, "text": "x"})) == said
        assert error_of(client.get("/entries/3/0")) == said
        assert post(client, "/skip", number=3)["number"] == 1  # what was skipped comes again, last
        last = post(client, "/accept", number=1, text="one", format=False)
        assert last == {"counts": {"entries": 4, "done": 3, "read": 0, "unreadable": 1, "rows": 3}}
        assert error_of(client.post("/accept", json={"number": 1, "text": " "})).startswith("empty response")
        assert error_of(client.post("/ask", json={"number": 1})) == "there is no such model"
    assert rows_of(output) == [
        ("<image>OCR: ", "nought", "my 照片/0.png"),
        ("<image>OCR with format: ", "\\(x^2\\)", "my 照片/2.png"),
        ("<image>OCR: ", "one", "my 照片/1.png"),
    ]


def test_a_session_goes_on_where_the_last_one_ended(
    photos: Path, tmp_path: Path, label_client: Labeller
) -> None:
    output = tmp_path / "rows.jsonl"
    with label_client(photos, output) as client:
        post(client, "/accept", number=1, text="one", format=False)
    with label_client(photos, output) as client:
        first = client.get("/next").json()
        assert first["number"] == 0 and first["counts"]["done"] == 1
        before = client.get("/entries/1").json()
        assert (before["is_done"], before["text"]) == (True, "one")
        post(client, "/accept", number=1, text="uno", format=False)
        post(client, "/accept", number=0, text="zero", format=False)
    assert rows_of(output) == [
        ("<image>OCR: ", "uno", "my 照片/1.png"),
        ("<image>OCR: ", "zero", "my 照片/0.png"),
    ]


def test_a_box_is_a_row_of_its_own(photos: Path, tmp_path: Path, label_client: Labeller) -> None:
    output = tmp_path / "rows.jsonl"
    with label_client(photos, output) as client:
        after = post(client, "/accept", number=0, text="part", format=False, box=[16, 8, 32, 24])
        assert after["number"] == 0  # the whole picture is still to be written
        wrong = client.post("/accept", json={"number": 0, "text": "part", "box": [16, 8, 99, 24]})
        assert error_of(wrong) == "the box must lie inside the picture of 64 x 32 pixels"
        tiny = client.post("/accept", json={"number": 0, "text": "part", "box": [1, 1, 1.001, 1.001]})
        assert error_of(tiny).startswith("the box is too small")
    assert rows_of(output) == [("<image>[250, 250, 500, 750] OCR: ", "part", "my 照片/0.png")]


def test_a_picture_without_text_is_a_row_that_says_so(
    photos: Path, tmp_path: Path, label_client: Labeller
) -> None:
    output = tmp_path / "rows.jsonl"
    with label_client(photos, output) as client:
        assert error_of(client.post("/accept", json={"number": 0, "text": ""})).startswith("empty response")
        boxed = client.post("/accept", json={"number": 0, "no_text": True, "box": [16, 8, 32, 24]})
        said = "that there is no text is said of whole pictures: leave out the box"
        assert error_of(boxed) == said
        after = post(client, "/accept", number=0, no_text=True, format=False)
        assert (after["number"], after["counts"]["done"]) == (1, 1)
        before = client.get("/entries/0").json()
        assert (before["is_done"], before["text"]) == (True, "")
        post(client, "/accept", number=1, text="one", format=False)
        post(client, "/accept", number=1, text="made up", no_text=True, format=False)
    row = {"query": "<image>OCR: ", "response": "", "no_text": True}
    assert [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()] == [
        {**row, "images": ["my 照片/0.png"]},
        {**row, "images": ["my 照片/1.png"]},
    ]
    with label_client(photos, output) as client:  # what was said stays said, and can be taken back
        assert client.get("/next").json()["number"] == 2
        post(client, "/accept", number=0, text="nought", format=False)
    assert rows_of(output)[0] == ("<image>OCR: ", "nought", "my 照片/0.png")


def wait_until_read(client: TestClient, number: int) -> None:
    for _ in range(HANG_SECONDS):
        if client.get("/next").json()["counts"]["read"] == number:
            return
        time.sleep(1)
    raise AssertionError("not all was read")


def test_what_the_model_doubts_most_comes_first(
    photos: Path, tmp_path: Path, label_client: Labeller, got: Got
) -> None:
    output = tmp_path / "rows.jsonl"
    with label_client(photos, output, with_model=True) as client:
        wait_until_read(client, 4)
        entries = [client.get(f"/entries/{number}").json() for number in range(4)]
        whole = [question([photos / f"{number}.png"]) for number in range(3)]
        assert [entry["text"] for entry in entries[:3]] == list(got.read(whole, 24))
        assert entries[3]["fault"] == "image unreadable: 3 empty.png is not a readable image"
        assert entries[3]["text"] == ""
        sure = [entry["confidence"] for entry in entries[:3]]
        assert client.get("/next").json()["number"] == sure.index(min(sure))
        lines = client.post("/ask", json={"number": 1, "box": [1, 1, 40, 30]}).text.splitlines()
        boxed = question([photos / "1.png"], box="1,1,40,30")
        assert json.loads(lines[-1])["text"] == next(iter(got.read([boxed], 24)))
    # the next session asks nothing again, whatever the last line of the file is
    kept = output.with_suffix(".readings.jsonl")
    assert len(kept.read_text().splitlines()) == 3
    with open(kept, "a") as file:
        file.write('{"query": "<ima')
    with label_client(photos, output, with_model=True) as client:
        assert client.get("/next").json()["counts"]["read"] >= 3
        assert [client.get(f"/entries/{number}").json()["text"] for number in range(3)] == [
            entry["text"] for entry in entries[:3]
        ]


def test_readings_that_cannot_be_kept_are_shown_all_the_same(
    photos: Path, tmp_path: Path, label_client: Labeller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(readings, "open", full, raising=False)
    with label_client(photos, tmp_path / "rows.jsonl", with_model=True) as client:
        wait_until_read(client, 4)
        shown = [client.get(f"/entries/{number}").json() for number in range(3)]
        assert all(entry["confidence"] is not None for entry in shown)
        assert all("cannot be written: No space left on device" in entry["fault"] for entry in shown)


def test_a_confidence_that_is_no_probability_is_none(photos: Path, tmp_path: Path) -> None:
    row = {"query": "<image>OCR: ", "response": "a", "images": ["my 照片/0.png"]}
    rows = [row | {"confidence": value} for value in (10**400, float("nan"), True, "0.5", 0.5)]
    found = find_entries([str(write_rows(tmp_path / "read.jsonl", rows))], "ocr")
    assert [entry.confidence for entry in found] == [None, None, None, None, 0.5]


def test_rows_are_corrected_too(photos: Path, tmp_path: Path, label_client: Labeller) -> None:
    rows = [
        {"query": "<image>OCR: ", "response": "sure", "images": ["my 照片/0.png"], "confidence": 0.9},
        {
            "query": "<image>What is it?",
            "response": "doubtful",
            "images": ["my 照片/1.png"],
            "confidence": 0.1,
        },
        {"query": "<image>[0, 0, 500, 500] OCR: ", "response": "box", "images": ["my 照片/1.png"]},
    ]
    source, output = write_rows(tmp_path / "read.jsonl", rows), tmp_path / "rows.jsonl"
    with label_client(source, output) as client:
        first = client.get("/next").json()
        assert (first["number"], first["text"], first["format"]) == (1, "doubtful", None)
        boxed = client.post("/accept", json={"number": 1, "text": "x", "box": [1, 1, 9, 9]})
        assert error_of(boxed) == "this picture has a question of its own: leave out the box"
        second = post(client, "/accept", number=1, text="a picture", format=False)
        assert (second["number"], second["text"]) == (0, "sure")
        third = post(client, "/accept", number=0, text="sure", format=False)
        assert (third["number"], third["query"]) == (2, "[0, 0, 500, 500] OCR: ")
        last = post(client, "/accept", number=2, text="box", format=False)
        assert last == {"counts": {"entries": 3, "done": 3, "read": 3, "unreadable": 0, "rows": 3}}
    assert [row[:2] for row in rows_of(output)] == [
        ("<image>What is it?", "a picture"),
        ("<image>OCR: ", "sure"),
        ("<image>[0, 0, 500, 500] OCR: ", "box"),
    ]


def test_rows_without_pictures_cannot_be_corrected(tmp_path: Path) -> None:
    source = write_rows(tmp_path / "text.jsonl", [{"query": "Who?", "response": "me"}])
    with pytest.raises(UserError, match=r"text\.jsonl:1 has no picture"):
        find_entries([str(source)], "ocr")
