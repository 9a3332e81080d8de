import json
from pathlib import Path
from typing import Any

import pytest

from got_train.data.errors import ContentError, RowError
from got_train.data.packed import PackedFile
from got_train.data.readers import open_rows
from got_train.data.records import UNNAMED_KIND, Record, Turn, load_json, parse_row
from got_train.data.row_files import ListedRows
from got_train.report import UserError
from tests.conftest import write_rows

HALF = "holds half of a surrogate pair, which is no character"
PNG = PackedFile(Path("a.arrow"), 0, 9, "a.parquet:1/query")


def parse(row: Any) -> Record:
    return parse_row(row, "a.jsonl:7")


def test_the_three_rows_of_swifts_documentation() -> None:
    one = parse({"query": "<image>55555", "response": "66666", "images": ["image_path"]})
    assert one.turns == (Turn("<image>55555", "66666"),)
    assert one.images == (Path("image_path"),)
    two = parse(
        {
            "query": "<image><image>eeeee",
            "response": "fffff",
            "history": [],
            "images": ["image_path1", "image_path2"],
        }
    )
    assert two.turns == (Turn("<image><image>eeeee", "fffff"),)
    three = parse(
        {"query": "EEEEE", "response": "FFFFF", "history": [["query1", "response1"], ["query2", "response2"]]}
    )
    assert three.turns == (Turn("query1", "response1"), Turn("query2", "response2"), Turn("EEEEE", "FFFFF"))
    assert three.images == ()


def test_messages_and_the_authors_conversations_are_the_same() -> None:
    swift = {
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "<image>\nOCR: "},
            {"role": "assistant", "content": "text"},
        ],
        "images": "a.png",
    }
    authors = {
        "image": "a.png",
        "system": "be brief",
        "conversations": [{"from": "human", "value": "<image>\nOCR: "}, {"from": "gpt", "value": "text"}],
    }
    assert parse(swift) == parse(authors)
    assert parse(swift).system == "be brief"


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "q", "answer": "r"},
        {"instruction": "q", "output": "r"},
        {"question": "q", "solution": "r"},
        {"query": "q", "response": "r", "text": "ignored, an exact name wins"},
        {"query": "q", "response": ["r", "second"]},
        {"query": "q", "response": "r", "history": "[]", "id": 5},
    ],
)
def test_other_key_names_that_swift_knows(row: dict[str, Any]) -> None:
    assert parse(row).turns == (Turn("q", "r"),)


def test_alpaca_joins_instruction_and_input() -> None:
    assert parse({"instruction": "do", "input": "this", "output": "r"}).turns == (Turn("do\nthis", "r"),)


def test_rows_that_ms_swift_has_written_read_back() -> None:
    said = [{"role": "user", "content": "<image>q"}, {"role": "assistant", "content": "r"}]
    row = {
        "messages": [json.dumps(message) for message in said],
        "images": [{"bytes": None, "path": "/a.png"}],
        "objects": {},
        "tools": None,
    }
    assert parse(row).turns == (Turn("<image>q", "r"),)
    assert parse(row).images == (Path("/a.png"),)


def test_answers_without_loss_are_no_targets() -> None:
    said = [("user", "1", None), ("assistant", "a", False), ("user", "2", None), ("assistant", "b", True)]
    messages = [{"role": role, "content": content, "loss": loss} for role, content, loss in said]
    assert parse({"messages": messages}).turns == (Turn("1", "a", supervised=False), Turn("2", "b"))


def test_missing_tags_go_in_front_of_the_first_query() -> None:
    row = {"query": "b", "response": "r", "images": ["1", "2"], "history": [["a <image>", "x"]]}
    assert parse(row).turns[0].query == "<image>a <image>"


def test_crop_kind_and_their_defaults() -> None:
    plain = parse({"query": "q", "response": "r"})
    assert (plain.crop, plain.kind) == (None, "rows") == (None, UNNAMED_KIND)
    assert parse({"query": "q", "response": "r", "kind": None}).kind == "rows"
    marked = parse({"query": "q", "response": "r", "crop": True, "kind": "pdf"})
    assert (marked.crop, marked.kind) == (True, "pdf")


@pytest.mark.parametrize(
    ("row", "cause", "detail"),
    [
        ([1], "not an object", "this is list"),
        ({"response": "r"}, "missing key", "no query (keys: response)"),
        ({"query": "q"}, "missing key", "no response"),
        ({"query": "q", "response": ""}, "empty response", "nothing to learn"),
        ({"query": 5, "response": "r"}, "wrong type", "query must be text, not int"),
        ({"query": "q", "response": {"a": 1}}, "wrong type", "response must be text, not dict"),
        ({"query": "q", "response": "r", "images": 5}, "wrong type", "images must be a path"),
        ({"query": "q", "response": "r", "images": [""]}, "wrong type", "images must be a path"),
        ({"query": "<image>q", "response": "r"}, "tag mismatch", "1 <image> tag for 0 images"),
        ({"query": "q", "response": "<image>"}, "tag mismatch", "cannot stand in a response"),
        ({"query": "q", "response": "r <imgpad>"}, "reserved token", "<imgpad> cannot stand in a text"),
        ({"query": "q", "response": "r", "history": [["a"]]}, "wrong type", "[query, response] pairs"),
        ({"query": "q", "response": "r", "history": 5}, "wrong type", "history is not a list: 5"),
        ({"query": "q", "response": "r", "history": True}, "wrong type", "history is not a list: True"),
        ({"query": "q", "response": "r", "history": "5"}, "wrong type", "history is not a list: '5'"),
        ({"query": "q", "response": "r", "history": "{[]: 1}"}, "wrong type", "history is not a list: '{[]"),
        ({"query": PNG, "response": "r"}, "wrong type", "query must be text, not bytes"),
        ({"query": "q \ud835", "response": "r"}, "wrong type", f"query {HALF}"),
        ({"query": "q", "response": "\udd38"}, "wrong type", f"response {HALF}"),
        ({"query": "q", "response": "r", "history": [["q", "\ud835"]]}, "wrong type", f"response {HALF}"),
        ({"query": "q", "response": "r", "system": "\ud835"}, "wrong type", f"system {HALF}"),
        ({"query": "q", "response": "r", "kind": "\ud835"}, "wrong type", f"kind {HALF}"),
        ({"query": "q", "response": "r", "crop": "yes"}, "wrong type", "crop must be true or false"),
        ({"query": "q", "answer": "r", "text": "s"}, "ambiguous keys", "answer and text both mean response"),
        ({"messages": []}, "wrong type", "messages must be a list"),
        ({"messages": [{"role": "user", "content": "q"}]}, "wrong roles", "must alternate"),
        ({"messages": [{"role": "tool", "content": "q"}]}, "wrong message", "needs role"),
        (
            {"query": "q", "response": "r", "objects": {"bbox": [[1, 2, 3, 4]]}},
            "unsupported key",
            "objects is not read: boxes stand in the query, in thousandths: [x1, y1, x2, y2] OCR: ",
        ),
        (
            {"messages": ['{"role": "user", "content": "\ud835"}', '{"role": "bot", "content": "r"}']},
            "wrong type",
            "query holds half of a surrogate pair, which is no character",
        ),
        ({"query": "q", "response": "r", "videos": ["a.mp4"]}, "unsupported key", "videos is not read: GOT"),
        (
            {"messages": [{"role": "user", "content": "q"}, {"role": "bot", "content": "r", "loss": 0}]},
            "empty response",
            "nothing is learnt from a last answer whose loss is false",
        ),
    ],
)
def test_bad_rows_name_line_and_cause(row: Any, cause: str, detail: str) -> None:
    with pytest.raises(RowError) as caught:
        parse(row)
    assert caught.value.cause == cause
    assert str(caught.value).startswith(f"a.jsonl:7: {cause}: ")
    assert detail in str(caught.value)


def test_lines_that_are_not_json() -> None:
    for text in (b'{"query": ', b"\xff\xfe{}"):
        with pytest.raises(ContentError) as caught:
            load_json(text)
        assert caught.value.cause == "not JSON"


@pytest.mark.parametrize("text", [b"[" * 100_000, b'{"query": ' + b"5" * 5000 + b"}"])
def test_json_beyond_the_limits_of_python_is_a_bad_row(text: bytes, tmp_path: Path) -> None:
    for name in ("a.jsonl", "a.json"):
        (tmp_path / name).write_bytes(text)
    with pytest.raises(RowError, match="a.jsonl:1: not JSON: "):
        open_rows(str(tmp_path / "a.jsonl")).record(0)
    with pytest.raises(UserError, match="a.json is not JSON: "):
        ListedRows(tmp_path / "a.json")


def test_pairs_of_surrogates_are_characters() -> None:
    row = load_json(b'{"query": "q", "response": "\\ud835\\udd38"}')
    assert parse(row).turns[0].response == "\U0001d538"


def test_inference_can_do_without_responses() -> None:
    assert parse_row({"query": "q"}, "x", answered=False).turns == (Turn("q", ""),)
    said = [{"role": "user", "content": "q"}]
    assert parse_row({"messages": said}, "x", answered=False).turns == (Turn("q", ""),)


def test_row_errors_survive_a_process_boundary() -> None:
    import pickle

    error = pickle.loads(pickle.dumps(RowError("a:1", "cause", "detail")))
    assert (str(error), error.cause) == ("a:1: cause: detail", "cause")


def test_row_errors_can_be_printed_whatever_a_file_is_called() -> None:
    error = RowError("a.tar:\udce4", "image missing", "\ud835.png")
    assert str(error) == "a.tar:\\udce4: image missing: \\ud835.png"
    assert (error.location, error.detail) == ("a.tar:\\udce4", "\\ud835.png")


def test_rows_written_with_escapes_read_back(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "a.jsonl", [{"query": "é中\n", "response": "\\frac{1}{2}"}])
    assert parse(load_json(path.read_bytes())).turns == (Turn("é中\n", "\\frac{1}{2}"),)
    assert json.loads(path.read_text())["query"] == "é中\n"
