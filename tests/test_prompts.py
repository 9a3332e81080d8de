import pytest

from got_train.prompts import Task, box_permille, canonical_query, parse_task

QUERIES = [
    (Task(), "OCR: ", " OCR: "),
    (Task(format=True), "OCR with format: ", " OCR with format: "),
    (Task(box=(1, 2, 3, 4)), "[1, 2, 3, 4] OCR: ", "[1, 2, 3, 4] OCR: "),
    (Task(box=(1, 2, 3, 4), format=True), "[1, 2, 3, 4] OCR with format: ", "[1, 2, 3, 4] OCR with format: "),
    (Task(box=(7, 8)), "[7, 8] OCR: ", "[7, 8] OCR: "),
    (Task(color="red"), "[red] OCR: ", "[red]  OCR: "),
    (Task(color="blue", format=True), "[blue] OCR with format: ", "[blue]  OCR with format: "),
    (
        Task(format=True, crop=True),
        "OCR with format upon the patch reference: ",
        " OCR with format upon the patch reference: ",
    ),
    (Task(with_boxes=True), "OCR with boxes: ", " OCR with boxes: "),
    (Task(format=True, with_boxes=True), "OCR with format and boxes: ", " OCR with format and boxes: "),
    (
        Task(format=True, pages=True),
        "OCR with format across multi pages: ",
        " OCR with format across multi pages: ",
    ),
]


@pytest.mark.parametrize(("task", "original", "transformers"), QUERIES)
def test_query_in_each_chat_template(task: Task, original: str, transformers: str) -> None:
    assert task.query("original") == task.query("swift") == original
    assert task.query("transformers") == transformers


@pytest.mark.parametrize(("task", "original", "transformers"), QUERIES)
def test_parse_task_reads_every_spelling(task: Task, original: str, transformers: str) -> None:
    for spelling in (original, transformers, original.strip(), f"\n{original}"):
        assert parse_task(spelling) == task


@pytest.mark.parametrize(
    "query",
    ["Read this.", "OCR the table: ", "[pink] OCR: ", "ocr: ", "[1] OCR: ", f"[{'9' * 5000}, 1] OCR: "],
)
def test_other_queries_stay_as_they_are(query: str) -> None:
    assert parse_task(query) is None
    assert canonical_query(query, "transformers") == query


def test_canonical_query_mends_white_space() -> None:
    assert canonical_query("\nOCR:", "original") == "OCR: "
    assert canonical_query("[red] OCR: ", "transformers") == "[red]  OCR: "


def test_box_permille_cuts_like_the_authors_demo() -> None:
    assert box_permille((1, 1, 2, 3), width=3, height=7) == (333, 142, 666, 428)
