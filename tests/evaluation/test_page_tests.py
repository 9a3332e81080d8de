"""Files of tests and the answers that they are run over."""

import json
from pathlib import Path
from typing import Any

import pytest

for package in ("nltk", "jieba", "apted", "rdkit", "fuzzysearch"):
    pytest.importorskip(package, reason="needs the extra eval")

from got_train.evaluation.evaluate import evaluate, score_text, write_scores  # noqa: E402
from got_train.evaluation.page_tests import read_page_tests  # noqa: E402
from got_train.evaluation.worst import write_page  # noqa: E402
from got_train.report import UserError  # noqa: E402
from tests.conftest import write_rows  # noqa: E402

PRESENT = {"page": 1, "type": "present", "max_diffs": 0}
TESTS = [
    {"pdf": "shards/0.png", "id": "0_1", **PRESENT, "text": "first lamp"},
    {"pdf": "shards/0.png", "id": "0_2", "page": 1, "type": "absent", "text": "Page 7"},
    {"pdf": "shards/1.png", "id": "1_1", **PRESENT, "text": "second lamp"},
    {"pdf": "a.pdf", "page": 2, "id": "a_1", "type": "order", "before": "one", "after": "two"},
    {"pdf": "shards/9.png", "id": "9_1", **PRESENT, "text": "nobody answers"},
]
"""In the keys of olmOCR-bench: nothing else may stand in them."""


def answer(text: str, *images: str, query: str = "OCR with format: ") -> dict[str, Any]:
    return {"response": text, "labels": "label", "kind": "page", "query": query, "images": images}


def run(folder: Path, *rows: dict[str, Any], tests: list[Any] = TESTS) -> tuple[Any, Path]:
    file = write_rows(folder / "tests.jsonl", tests)
    return evaluate(write_rows(folder / "answers.jsonl", list(rows)), tests=file), file


def shares(evaluation: Any) -> dict[str, tuple[float, int]]:
    [group] = evaluation.groups
    return {
        name: (score.value, score.rows) for name, score in group.scores.items() if name.startswith("passed")
    }


def test_answers_are_scored_by_the_tests_of_their_pages(tmp_path: Path) -> None:
    evaluation, _ = run(
        tmp_path,
        answer("The first lamp. Page 7", f"{tmp_path}/shards/0.png"),
        answer("The second lamp", f"{tmp_path}/shards/1.png"),
        answer("one, two", f"{tmp_path}/a.pdf:2"),
        answer("of another page", f"{tmp_path}/a.pdf:1"),
        answer("a region", f"{tmp_path}/shards/1.png", query="[1, 2, 3, 4] OCR: "),
        answer("pages", f"{tmp_path}/shards/0.png", f"{tmp_path}/shards/1.png"),
    )
    assert shares(evaluation) == {
        "passed": (0.75, 3),
        "passed_present": (1, 2),
        "passed_absent": (0, 1),
        "passed_order": (1, 1),
    }
    assert evaluation.notes == ["1 test of 1 page not run: no row answers for shards/9.png"]
    assert [row.failed for row in evaluation.rows] == [["0_2"], [], [], [], [], []]
    # three pages: of the first one of two tests passes
    score = evaluation.groups[0].scores["passed"]
    assert (score.low, score.high) == (0.5, 1)
    assert "passed          0.7500 [0.5000, 1.0000] of 3\n" in score_text(evaluation)
    write_page(evaluation, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "passed_absent" in page and "failed 0_2" in page
    write_scores(evaluation, tmp_path / "scores.json")
    assert json.loads((tmp_path / "scores.json").read_text())["failed_tests"] == ["0_2"]


def test_the_set_beside_the_tests_is_meant_where_names_are_alike(tmp_path: Path) -> None:
    rows = [answer("first lamp", f"{folder}/shards/0.png") for folder in ("/elsewhere/a", tmp_path)]
    evaluation, _ = run(tmp_path, *rows)
    assert [list(row.parts)[-1] for row in evaluation.rows] == ["repetition", "passed_absent"]
    # rows of a set that has been moved, or was read on another machine
    evaluation, _ = run(tmp_path, rows[0])
    assert shares(evaluation)["passed"] == (1, 1)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (["/a/0.png"], "no row answers for a page that {file} has tests of, such as shards/0.png"),
        (
            ["/a/shards/0.png", "/b/shards/0.png"],
            "{file} does not say whether it has tests of the pictures in /a or in /b: keep the rows of one "
            "of them",
        ),
    ],
)
def test_tests_of_other_pictures_are_refused(tmp_path: Path, images: list[str], message: str) -> None:
    with pytest.raises(UserError) as caught:
        run(tmp_path, *(answer("first lamp", image) for image in images))
    assert str(caught.value) == message.format(file=tmp_path / "tests.jsonl")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "file of tests {file} has no test"),
        (["{"], "{file}:1: not JSON: "),
        ([TESTS[0], {"pdf": "a", "page": 1, "type": "seen"}], "{file}:2: type seen is not known: present, "),
    ],
)
def test_what_is_no_file_of_tests_is_named(tmp_path: Path, lines: list[Any], message: str) -> None:
    file = write_rows(tmp_path / "tests.jsonl", lines)
    with pytest.raises(UserError) as caught:
        read_page_tests(file)
    assert str(caught.value).startswith(message.format(file=file))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"file of tests .*/tests.jsonl can't be read: No such file"):
        read_page_tests(tmp_path / "tests.jsonl")
