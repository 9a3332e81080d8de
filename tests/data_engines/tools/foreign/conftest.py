"""Runs `got-data rows` on labels, and reads what it wrote."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data_engines.cli import main
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


def entity(text: str, box: list[int], *words: tuple[str, list[int]]) -> dict[str, Any]:
    parts = [{"text": word, "box": place} for word, place in words]
    return {"id": 0, "text": text, "box": box, "words": parts, "label": "other", "linking": []}


BOX = {"image_id": 5, "bbox": [20, 10, 100, 20]}
