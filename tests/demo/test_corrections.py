"""The file of accepted rows: nothing of it is lost, whatever happens, and all of it trains."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from got_train import check_data
from got_train.data.record import Record
from got_train.demo import corrections as module
from got_train.demo.asking import with_task
from got_train.demo.corrections import Corrections
from got_train.inference.questions import question
from got_train.report import UserError
from tests.conftest import draw, write_rows


@pytest.fixture
def photos(tmp_path: Path) -> list[Record]:
    folder = tmp_path / "my 照片"
    folder.mkdir()
    for number in range(4):
        draw(folder / f"{number}.png", str(number), size=(64, 32))
    return [question([folder / f"{number}.png"]) for number in range(4)]


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]


def test_accepted_rows_train_and_are_continued(
    tmp_path: Path, photos: list[Record], tokenizer_dir: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out 1" / "rows.jsonl"
    with Corrections.opened(output) as found:
        found.accept(photos[0], "nought\n零 \u2028 “x”")
    with Corrections.opened(output) as found:
        assert found.answer(module.question_key(photos[0])) == "nought\n零 \u2028 “x”"
        assert found.answer(module.question_key(photos[1])) is None
        found.accept(photos[1], "one")
        found.accept(with_task(photos[1], True, [8, 8, 40, 24], (64, 32)), "in the box")
    assert rows_of(output) == [
        {"query": "<image>OCR: ", "response": "nought\n零 \u2028 “x”", "images": ["../my 照片/0.png"]},
        {"query": "<image>OCR: ", "response": "one", "images": ["../my 照片/1.png"]},
        {
            "query": "<image>[125, 250, 625, 750] OCR with format: ",
            "response": "in the box",
            "images": ["../my 照片/1.png"],
        },
    ]
    monkeypatch.chdir(tmp_path.parent)  # names of pictures begin where the file lies
    assert check_data.check_files([str(output)], [], None, None, 1024, tokenizer_dir)


def test_pages_of_a_pdf_are_pictures_too(
    tmp_path: Path, tokenizer_dir: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = [Image.new("RGB", (64, 32), "white") for _ in range(2)]
    pages[0].save(tmp_path / "a b.pdf", save_all=True, append_images=pages[1:])
    records = [question([f"{tmp_path}/a b.pdf:{page}"]) for page in (1, 2)]
    output = tmp_path / "rows.jsonl"
    with Corrections.opened(output) as found:
        found.accept(records[1], "second")
    with Corrections.opened(output) as found:
        assert [found.answer(module.question_key(record)) for record in records] == [None, "second"]
    assert rows_of(output)[0]["images"] == ["a b.pdf:2"]
    monkeypatch.chdir(tmp_path.parent)
    assert check_data.check_files([str(output)], [], None, None, 1024, tokenizer_dir)


def test_an_answer_that_is_accepted_again_takes_the_place_of_the_first(
    tmp_path: Path, photos: list[Record]
) -> None:
    output = tmp_path / "rows.jsonl"
    with Corrections.opened(output) as found:
        for record in photos[:3]:
            found.accept(record, "first")
        found.accept(with_task(photos[1], True, None, (64, 32)), "second")  # formatted: the same question
        found.accept(photos[3], "last")
        assert len(found) == 4
    assert [row["response"] for row in rows_of(output)] == ["first", "second", "first", "last"]


def test_a_row_that_does_not_train_is_not_written(tmp_path: Path, photos: list[Record]) -> None:
    output = tmp_path / "rows.jsonl"
    with Corrections.opened(output) as found:
        for text in ("", " \n", "a <image> b", "half \ud835"):
            with pytest.raises(UserError):
                found.accept(photos[0], text)
    assert not output.exists()


@pytest.mark.parametrize("torn", ['{"query": "<image>OC', '{"query": "<image>OCR: ", "response": "零'])
def test_what_a_crash_has_left_is_continued(tmp_path: Path, photos: list[Record], torn: str) -> None:
    output = tmp_path / "rows.jsonl"
    with Corrections.opened(output) as found:
        found.accept(photos[0], "whole")
    whole = output.read_bytes()
    output.write_bytes(whole + torn.encode()[:-1])
    with Corrections.opened(output) as found:
        assert found.cut_off
        assert output.read_bytes() == whole
        found.accept(photos[1], "next")
    assert [row["response"] for row in rows_of(output)] == ["whole", "next"]


def test_a_file_without_a_last_line_end_keeps_its_last_row(tmp_path: Path, photos: list[Record]) -> None:
    output = write_rows(tmp_path / "rows.jsonl", [{"query": "Who?", "response": "me"}])
    output.write_bytes(output.read_bytes().rstrip(b"\n"))
    with Corrections.opened(output) as found:
        assert not found.cut_off
        found.accept(photos[0], "next")
    assert [row["response"] for row in rows_of(output)] == ["me", "next"]


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    for content in ("my notes", "my notes\nmore\n", '{"a": 1}\n', '["query"]\n'):
        output = tmp_path / "rows.jsonl"
        output.write_text(content)
        with pytest.raises(UserError, match=r"rows\.jsonl"), Corrections.opened(output):
            pass
        assert output.read_text() == content


def test_there_is_one_writer(tmp_path: Path, photos: list[Record]) -> None:
    output = tmp_path / "rows.jsonl"
    with Corrections.opened(output) as found:
        with pytest.raises(UserError, match="is being written by process"), Corrections.opened(output):
            pass
        found.accept(photos[0], "mine")
        with open(output, "a") as other:  # which asks for no lock
            other.write("{}\n")
        with pytest.raises(UserError, match="was changed by another program"):
            found.accept(photos[1], "mine")


def test_a_full_disk_takes_no_row_and_breaks_none(
    tmp_path: Path, photos: list[Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "rows.jsonl"

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    with Corrections.opened(output) as found:
        found.accept(photos[0], "first")
        with monkeypatch.context() as patched:
            patched.setattr(module.os, "fsync", full)
            with pytest.raises(UserError, match="cannot be written: No space left on device"):
                found.accept(photos[1], "second")
        assert [row["response"] for row in rows_of(output)] == ["first"]
        found.accept(photos[1], "again")
    assert [row["response"] for row in rows_of(output)] == ["first", "again"]
