"""`got-train pairs`: which answers become pairs, where loops are cut, and that the rows can be trained on."""

import json
from pathlib import Path
from typing import Any

import pytest

from got_train.data.records import parse_row
from got_train.evaluation.metrics import repeats
from got_train.evaluation.pairs import with_few_repeats
from tests.conftest import write_rows
from tests.training.runs import run

LOOP = "Total: " + "0, " * 100


def predicted(response: str, labels: str, **more: Any) -> dict[str, Any]:
    row = {"query": "<image>OCR: ", "response": response, "labels": labels, "images": ["/a.png"]}
    return row | {"kind": "rows", "confidence": 0.5} | more


def test_looping_answers_become_pairs(tmp_path: Path, capsys: Any) -> None:
    rows = [
        predicted(LOOP, "Total: 0", crop=True),
        predicted("Total: 0", "Total: 0"),
        predicted(LOOP, "Total: " + "0, " * 20),  # as the document does
        predicted(LOOP, "", system="s"),
    ]
    file, output = write_rows(tmp_path / "predictions.jsonl", rows), tmp_path / "pairs.jsonl"
    assert run("pairs", file, "--output", output) == 0
    assert capsys.readouterr().out == f"2 of 4 answers end in a loop (50.0%): 2 pairs written to {output}\n"
    asked = {"query": "<image>OCR: ", "images": ["/a.png"], "kind": "rows"}
    loop = "Total: " + "0, " * 13
    pairs = [json.loads(line) for line in output.read_text().splitlines()]
    assert pairs == [
        asked | {"crop": True, "response": "Total: 0", "rejected_response": loop},
        asked | {"system": "s", "no_text": True, "response": "", "rejected_response": loop},
    ]
    assert [parse_row(pair, "x:1", compared=True).rejected for pair in pairs] == [loop, loop]
    assert run("pairs", file, "--output", output) == 2


@pytest.mark.parametrize("piece", ["0", "ab", "a longer piece, with\na line. ", "0, " * 30])
def test_a_loop_is_cut_where_it_is_one(piece: str) -> None:
    cut = with_few_repeats("Some text before " + piece * 200)
    assert repeats(cut) and not repeats(cut[:-1])
    assert with_few_repeats(cut) == cut


def test_without_a_loop_there_is_nothing_to_do(tmp_path: Path, capsys: Any) -> None:
    file = write_rows(tmp_path / "predictions.jsonl", [predicted("a", "b")])
    assert run("pairs", file, "--output", tmp_path / "pairs.jsonl") == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"got-train: error: {file}: none of 1 answer ends in a loop, there is nothing to train against"
    )
