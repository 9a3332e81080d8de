import json
from pathlib import Path
from typing import Any

import pytest

from got_train.evaluation.predictions import Prediction, read_predictions
from got_train.report import UserError
from got_train.vocabulary import IMAGE_END, IMAGE_PAD, IMAGE_START
from tests.conftest import write_rows

OURS = {
    "response": "a",
    "labels": "b",
    "messages": [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "<image>OCR: "},
        {"role": "assistant", "content": "a"},
    ],
    "images": ["/data/1.png"],
    "kind": "lines",
}
SWIFT = {
    "response": "a",
    "labels": "b",
    "logprobs": None,
    "messages": [{"role": "user", "content": "<image>OCR: "}, {"role": "assistant", "content": "a"}],
    "images": [{"bytes": None, "path": "/data/1.png"}],
}
SWIFT_2 = {"system": None, "query": "OCR: ", "response": "a", "label": "b", "history": [], "images": []}
AUTHORS = {
    "image": "en_1.png",
    "question": f"{IMAGE_START}{IMAGE_PAD * 256}{IMAGE_END}\nOCR with format: ",
    "label": "b",
    "answer": "a",
}


@pytest.mark.parametrize(
    ("row", "query", "images", "kind"),
    [
        (OURS, "OCR:", ("/data/1.png",), "lines"),
        (SWIFT, "OCR:", ("/data/1.png",), "rows"),
        (SWIFT_2, "OCR:", (), "rows"),
        (AUTHORS, "OCR with format:", ("en_1.png",), "rows"),
    ],
    ids=["got-train", "ms-swift", "ms-swift 2", "GOT and Fox"],
)
def test_rows_of_every_program(
    row: dict[str, Any], query: str, images: tuple[str, ...], kind: str, tmp_path: Path
) -> None:
    path = write_rows(tmp_path / "p.jsonl", [row])
    expected = Prediction("a", "b", query, images, kind, f"{path}:1")
    assert read_predictions(path) == [expected]


def test_json_list_and_jsonl_are_read_alike(tmp_path: Path) -> None:
    lines = write_rows(tmp_path / "p.jsonl", [OURS, AUTHORS])
    whole = tmp_path / "p.json"
    whole.write_text(json.dumps([OURS, AUTHORS], indent=1))
    assert [row.location for row in read_predictions(whole)] == [f"{whole}:1", f"{whole}:2"]
    assert [row.images for row in read_predictions(whole)] == [row.images for row in read_predictions(lines)]


def test_line_separators_inside_of_texts_do_not_cut_rows(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "p.jsonl", [{"response": "a\u2028b\x85c", "labels": "b"}])
    assert read_predictions(path)[0].answer == "a\u2028b\x85c"


def test_halves_of_surrogate_pairs_are_marked(tmp_path: Path) -> None:
    row = json.dumps({"response": "a\ud800", "labels": "\udc00😀"})
    path = write_rows(tmp_path / "p.jsonl", [row])
    assert [(row.answer, row.reference) for row in read_predictions(path)] == [("a\ufffd", "\ufffd😀")]


def test_empty_answers_are_answers(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "p.jsonl", [{"response": "", "labels": "b"}])
    assert read_predictions(path)[0].answer == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "p.jsonl:1: not JSON"),
        ("[{]", "p.jsonl: not JSON"),
        (f'{{"response": "a", "labels": "a"}}\n{"1" * 5000}', "p.jsonl:2: not JSON: Exceeds the limit"),
        ('{"a":' * 50_000, "p.jsonl:1: not JSON: maximum recursion depth exceeded"),
        ("[" * 50_000, "p.jsonl: not JSON: maximum recursion depth exceeded"),
        ("[1]", "p.jsonl:1: a row is an object, this is int"),
        ('{"response": "a"}', "p.jsonl:1: no labels text"),
        ('{"response": "a", "labels": null}', "p.jsonl:1: no labels text"),
        ('{"labels": "a"}', "p.jsonl:1: no response text"),
        (
            '{"image": "a.png", "conversations": []}',
            "p.jsonl:1: a question without an answer; first run got-train infer",
        ),
        ('{"labels": "a", "labels": "b", "response": "a"}', "p.jsonl:1: ambiguous keys: labels stands twice"),
        ("", "has no rows"),
    ],
)
def test_bad_files_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        read_predictions(path)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"label": "zzz"}, "labels and label mean the same, and differ"),
        ({"label": True}, "labels and label mean the same, and differ"),
        ({"answer": ""}, "response and answer mean the same, and differ"),
        ({"query": "OCR: ", "question": "OCR with format: "}, "query and question mean the same, and differ"),
        ({"query": "OCR with format: "}, "query and messages ask different things"),
        ({"image": "/data/2.png"}, "images and image mean the same, and differ"),
        ({"response": "c"}, "messages end with another answer than response and labels"),
    ],
)
def test_keys_that_differ_are_refused(more: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "p.jsonl", [OURS | more])
    with pytest.raises(UserError) as caught:
        read_predictions(path)
    assert str(caught.value) == f"{path}:1: {message}: keep one of them, and remove the other"


def test_keys_may_say_the_same(tmp_path: Path) -> None:
    more = {"label": "b", "answer": "a", "query": "OCR:", "question": None, "image": {"path": "/data/1.png"}}
    path = write_rows(tmp_path / "p.jsonl", [OURS | more, OURS])
    first, second = read_predictions(path)
    assert first.query == second.query and first.images == second.images
    # the last answer of a validation row may be the label
    (row,) = read_predictions(write_rows(tmp_path / "p.jsonl", [OURS | {"response": "c", "labels": "a"}]))
    assert (row.answer, row.reference) == ("c", "a")


def test_all_bad_rows_are_named(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "p.jsonl", [OURS, *[{"labels": "b"}] * 22])
    with pytest.raises(UserError) as caught:
        read_predictions(path)
    lines = str(caught.value).split("\n")
    assert lines[0].startswith(f"{path}:2: no response text")
    assert (len(lines), lines[-1]) == (21, "and 2 more rows")


def test_other_encodings_are_refused_with_what_mends_them(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"response": "a", "labels": "a"}', encoding="utf-16")
    with pytest.raises(
        UserError, match=r"^predictions file .*p.jsonl is not UTF-8 .* iconv -f UTF-16 -t UTF-8 "
    ):
        read_predictions(path)
