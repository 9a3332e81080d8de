import json
from pathlib import Path
from typing import Any

import pytest

from got_train.data.errors import ContentError, RowError
from got_train.data.json_values import load_json
from got_train.data.packed import PackedFile
from got_train.data.readers import open_rows
from got_train.data.record import UNNAMED_KIND, Record, Turn
from got_train.data.records import HOW_TO_ASK, parse_row
from got_train.data.row_files import ListedRows
from got_train.report import UserError
from tests.conftest import write_rows
from tests.data.packing import png, write_tar

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
        {"query": "q", "response": "r", "text": "r", "input": ""},
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


SAID = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "r"}]


def blocks(*content: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": list(content)}, SAID[1]]


IMAGE = {"type": "image"}
TEXT = {"type": "text", "text": "OCR: "}


@pytest.mark.parametrize(
    "row",
    [
        {"messages": blocks(IMAGE, TEXT), "images": ["a.png"]},
        {"messages": blocks({"type": "image", "image": "a.png"}, TEXT)},
        {"messages": blocks({"type": "image", "path": "a.png", "text": None}, TEXT | {"image": None})},
        {"messages": blocks({"type": "image", "image": "a.png"}, TEXT), "images": [{"path": "a.png"}]},
        {"messages": blocks({"type": "image_url", "image_url": {"url": "a.png"}}, TEXT)},
        {"messages": blocks({"type": "image_url", "image_url": "a.png"}, TEXT)},
        {"messages": blocks({"image": "a.png"}, {"text": "OCR: "})},
        {"messages": [json.dumps(message) for message in blocks(IMAGE, TEXT)], "images": ["a.png"]},
        {"messages": [{"role": "user", "content": "OCR: ", "images": ["a.png"]}, SAID[1]]},
        {"conversation": [{"human": "<image>OCR: ", "assistant": "r"}], "images": "a.png"},
        {"messages": [{"user": "<image>OCR: ", "bot": "r", "loss": True}], "images": "a.png"},
        {"messages": blocks(IMAGE, TEXT)[:1], "response": "r", "images": ["a.png"]},
    ],
)
def test_messages_as_others_write_them(row: dict[str, Any]) -> None:
    made = parse(row)
    assert made.turns == (Turn("<image>OCR: ", "r"),)
    assert made.images == (Path("a.png"),)


def test_images_in_blocks_stand_in_the_order_of_the_messages() -> None:
    first = [{"image": "1.png"}, {"text": " and "}, {"image": "2.png"}]
    said = [{"role": "user", "content": first}, SAID[1], *blocks({"image": "3.png"}, TEXT)]
    made = parse({"messages": said})
    assert [turn.query for turn in made.turns] == ["<image> and <image>", "<image>OCR: "]
    assert made.images == (Path("1.png"), Path("2.png"), Path("3.png"))


@pytest.mark.parametrize("flag", [{"loss": False}, {"train": False}, {"loss_scale": 0.0}, {"weight": 0}])
def test_other_programs_flags_of_answers_that_are_not_trained_on(flag: dict[str, Any]) -> None:
    made = parse({"messages": [SAID[0], SAID[1] | flag, *SAID]})
    assert [turn.supervised for turn in made.turns] == [False, True]
    pair = {"human": "q", "assistant": "r"}
    assert [turn.supervised for turn in parse({"messages": [pair | flag, pair]}).turns] == [False, True]


@pytest.mark.parametrize(
    "row",
    [
        {"messages": SAID, "query": "q", "response": "r", "answer": ["r", "s"]},
        {"query": "q", "prompt": "q", "response": "r", "text": "r", "output": ""},
        {"query": "q", "response": "r", "loss": True, "loss_scale": 1.0, "weight": 1, "label": "abc"},
        {"messages": [{"role": "system", "content": "s"}, *SAID], "system": "s", "history": []},
    ],
)
def test_keys_that_say_the_same_are_no_fault(row: dict[str, Any]) -> None:
    assert parse(row).turns == (Turn("q", "r"),)


ROW = {"query": "q", "response": "r"}
KEEP = "and differ: keep one of them, or rename the others with data.columns"


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"messages": SAID, "response": "new"}, "ambiguous keys: response and messages differ ('new', 'r')"),
        ({"messages": SAID, "query": "new"}, "ambiguous keys: query and messages differ ('new', 'q')"),
        ({"messages": SAID, "text": "new"}, "ambiguous keys: response and messages differ ('new', 'r')"),
        ({"messages": SAID, "history": [["q", "r"]]}, "ambiguous keys: history and messages are both given"),
        (
            {"messages": [{"role": "system", "content": "s"}, *SAID], "system": "t"},
            "ambiguous keys: system and messages differ ('t', 's')",
        ),
        (ROW | {"prompt": "p"}, f"ambiguous keys: query and prompt both mean query, {KEEP}"),
        (ROW | {"answer": "p"}, f"ambiguous keys: response and answer both mean response, {KEEP}"),
        (ROW | {"images": ["a"], "image": "b"}, f"ambiguous keys: images and image both mean images, {KEEP}"),
        (
            {"messages": blocks({"image": "a.png"}, TEXT), "images": ["b.png"]},
            "ambiguous keys: images and messages name different images",
        ),
        ({"query": "q", "response": " \n"}, "empty response: there is nothing to learn"),
        (
            ROW | {"rejected_response": "s"},
            "unsupported key: rejected_response is not read: only train.preference_beta compares answers",
        ),
        ({"prompt": "q", "chosen": "r"}, "unsupported key: chosen is not read: of two answers to compare,"),
        (ROW | {"label": False}, "unsupported key: label False (KTO's) is not read"),
        (ROW | {"label": 1}, "unsupported key: label 1 (KTO's) is not read"),
        (ROW | {"loss": False}, "unsupported key: loss False of a row is not read"),
        (ROW | {"loss_scale": 0}, "unsupported key: loss_scale 0 of a row is not read"),
        (ROW | {"weight": 0.5}, "unsupported key: weight 0.5 of a row is not read"),
        (ROW | {"train": "false"}, "unsupported key: train 'false' of a row is not read"),
        (ROW | {"kind": ["a"]}, "wrong type: kind must be text, not list"),
        (
            {"messages": [SAID[0], SAID[1] | {"loss": "false"}]},
            "wrong type: loss of a message must be true or",
        ),
        (
            {"messages": [SAID[0], SAID[1] | {"loss": 0}]},
            "wrong type: loss of a message must be true or false",
        ),
        (
            {"messages": [SAID[0], SAID[1] | {"loss_scale": 2.0}]},
            "wrong type: loss_scale of a message must be 1 (trained on) or 0 (not), not 2.0",
        ),
        (
            {"messages": [SAID[0], SAID[1] | {"loss": True, "weight": 0}]},
            "ambiguous keys: loss and weight of a message disagree",
        ),
        (
            {"messages": [SAID[0] | {"loss": True}, SAID[1]]},
            "unsupported key: loss of a user message cannot be True: only answers are trained on",
        ),
        (
            {"messages": [SAID[0], SAID[1] | {"tool_calls": [1]}]},
            "unsupported key: tool_calls of a message is not read",
        ),
        (
            {"messages": [{"role": "developer", "content": "s"}, *SAID]},
            "wrong message: role 'developer' is not read: system, user, human, assistant, gpt, bot are; its",
        ),
        ({"messages": [{"content": "q"}]}, "wrong message: a message has no role"),
        (
            {"messages": [{"role": "user", "from": "gpt"}]},
            "ambiguous keys: role and from of a message differ",
        ),
        (
            {"messages": [SAID[0], {"role": "assistant", "content": None}]},
            "wrong message: the assistant message has no content, or null",
        ),
        (
            {"messages": blocks()},
            "wrong message: content of the user message is text or blocks, not an empty",
        ),
        ({"messages": blocks("q")}, "wrong message: a block of content is an object with a type, not 'q'"),
        (
            {"messages": blocks({"type": "video", "video": "a.mp4"})},
            "wrong message: a block {'type': 'video', 'video': 'a.mp4'} is not read: those of type",
        ),
        (
            {"messages": blocks({"type": "image", "source": {"data": "AA=="}})},
            "wrong message: a block of type image names its image by image, image_url, path, url, not by s",
        ),
        (
            {"messages": blocks(IMAGE, {"image": "a.png"})},
            "wrong message: some blocks name their image, and some",
        ),
        ({"messages": blocks({"image": ""})}, "wrong type: images must be a path or a list of paths"),
        (
            {"messages": [{"human": "q"}]},
            "wrong roles: messages must alternate user and assistant, these are: u",
        ),
        (ROW | {"query": "<img>a.png</img>"}, "reserved token: <img> cannot stand in a text: <image> marks"),
        (ROW | {"query": "<image>q", "img": "a.png"}, "0 images (keys: query, response, img)"),
    ],
)
def test_nothing_of_a_row_is_left_out_in_silence(row: dict[str, Any], fault: str) -> None:
    with pytest.raises(RowError) as caught:
        parse(row)
    assert fault in str(caught.value)


def test_a_key_that_is_given_twice_is_a_fault() -> None:
    with pytest.raises(ContentError, match="response stands twice in an object: keep one of them"):
        load_json(b'{"query": "q", "response": "a", "response": "b"}')


@pytest.mark.parametrize(
    ("row", "cause", "detail"),
    [
        ([1], "not an object", "this is list"),
        ({"response": "r"}, "missing key", f"no query (keys: response): {HOW_TO_ASK}"),
        ({"query": "q"}, "missing key", "no response"),
        ({"query": "q", "response": ""}, "empty response", "nothing to learn"),
        ({"query": "q", "response": "", "no_text": False}, "empty response", '"no_text": true says that'),
        ({"query": "q", "response": "", "no_text": "yes"}, "wrong type", "no_text must be true or false"),
        ({"query": "q", "response": "r", "no_text": True}, "ambiguous keys", "and the answer is 'r'"),
        ({"query": "q", "history": [["q", ""]], "no_text": True}, "empty response", "nothing to learn"),
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
        ({"messages": []}, "missing key", "no query (keys: messages)"),
        ({"messages": [{"role": "user", "content": "q"}]}, "wrong roles", "must alternate"),
        ({"messages": [{"role": "tool", "content": "q"}]}, "wrong message", "'tool' is not read"),
        (
            {"messages": ['{"role": "user", "content": "\ud835"}', '{"role": "bot", "content": "r"}']},
            "wrong type",
            "query holds half of a surrogate pair, which is no character",
        ),
        ({"query": "q", "response": "r", "videos": ["a.mp4"]}, "unsupported key", "videos is not read: GOT"),
        (
            {"messages": [{"role": "user", "content": "q"}, {"role": "bot", "content": "r", "loss": False}]},
            "empty response",
            "the last answer is not to be trained on",
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


@pytest.mark.parametrize("text", [b'{"a":' * 100_000, b'{"query": ' + b"5" * 5000 + b"}"])
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


def test_images_in_blocks_are_found_in_tars_and_from_other_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {"messages": blocks({"type": "image", "image": "a.png"}, TEXT)}
    tar = write_tar(tmp_path / "a.tar", {"0.json": row, "a.png": png(7)})
    (tmp_path / "a.png").write_bytes(png(7))
    lines = write_rows(tmp_path / "a.jsonl", [row])
    for file, image in ((tar, "a.tar:a.png"), (lines, "a.png")):
        rows = open_rows(str(file))
        assert [str(image) for image in rows.record(0).images] == [str(tmp_path / image)]
        portable = write_rows(tmp_path / "elsewhere.jsonl", [rows.portable_row(0)])
        monkeypatch.chdir("/")
        assert open_rows(str(portable)).record(0).turns == rows.record(0).turns


@pytest.mark.parametrize(
    "row",
    [
        {"query": "q", "response": ""},
        {"query": "q", "response": " \n"},
        {"query": "q", "response": None},
        {"query": "q"},
        {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": ""}]},
        {"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": ""}]},
    ],
)
def test_a_row_that_says_so_is_answered_by_nothing(row: dict[str, Any]) -> None:
    record = parse_row(row | {"images": ["a.png"], "no_text": True}, "r.jsonl:1")
    assert record.turns == (Turn("<image>q", ""),)
    assert record.no_text
