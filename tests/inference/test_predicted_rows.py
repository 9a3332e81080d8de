"""Rows of predictions: what stands in them of pictures without text."""

import json
from pathlib import Path

import pytest

from got_train.data.records import parse_row
from got_train.evaluation.predictions import read_predictions
from got_train.inference.answer import Answer
from got_train.inference.predict import prediction_row


@pytest.mark.parametrize(("answer", "marked"), [("", True), ("made up", False)])
def test_the_reference_of_a_picture_without_text_is_empty(answer: str, marked: bool, tmp_path: Path) -> None:
    question = {"query": "<image>OCR: ", "response": "", "images": ["a.png"], "no_text": True}
    row = prediction_row(parse_row(question, "x:1"), Answer(answer))
    assert (row["response"], row["labels"], row.get("no_text", False)) == (answer, "", marked)
    (tmp_path / "p.jsonl").write_text(json.dumps(row))
    (read,) = read_predictions(tmp_path / "p.jsonl")
    assert (read.answer, read.reference) == (answer, "")
    again = parse_row(row, "p.jsonl:1")  # corrected or not, it can be trained on
    assert (again.turns[-1].response, again.no_text) == (answer, marked)


def test_a_question_without_an_answer_has_no_reference() -> None:
    record = parse_row({"query": "<image>OCR: ", "images": ["a.png"]}, "x:1", answered=False)
    assert prediction_row(record, Answer("a"))["labels"] is None
