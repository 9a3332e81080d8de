"""Odd command lines: each ends with exit code 2 and one line that names what is wrong, and writes nothing.

`{...}` in the words is a path of the fixture `places`. Rows, configs and checkpoints have tests of their own.
"""

import json
import shlex
from pathlib import Path

import pytest

from got_train.cli import main
from tests.conftest import draw, write_rows


@pytest.fixture
def places(tmp_path: Path) -> dict[str, Path]:
    """Files and folders by name; `new` and `none` do not exist."""
    names = "picture rows answers questions empty utf16 adapters folder full run config new none"
    files = {name: tmp_path / name for name in names.split()}
    files["picture"] = tmp_path / "picture.png"
    files["rows"] = tmp_path / "rows.jsonl"
    files["config"] = tmp_path / "run.yaml"
    draw(files["picture"], "x")
    write_rows(files["rows"], [{"query": "<image>OCR: ", "response": "x", "images": ["picture.png"]}])
    write_rows(files["answers"], [{"response": "a", "labels": "a"}])
    write_rows(files["questions"], [{"response": "a", "labels": None}])
    files["empty"].touch()
    files["utf16"].write_text('{"response": "a", "labels": "a"}', encoding="utf-16")
    files["config"].write_text("name: a\ndata: {train: nowhere.jsonl}\n")
    for name in ("adapters", "folder", "full", "run"):
        files[name].mkdir()
    (files["adapters"] / "adapter_config.json").write_text("{}")
    (files["full"] / "mine.txt").touch()
    (files["run"] / "checkpoint-2").mkdir()
    (files["run"] / "checkpoint-2" / "trainer_state.json").write_text("{}")
    return files


COMMANDS = [
    # Words
    ("no command", "", "the following arguments are required: COMMAND"),
    ("a misspelt command", "inferr", "invalid choice: 'inferr'"),
    ("no model", "infer --image {picture}", "the following arguments are required: model"),
    ("a misspelt option", "eval {answers} --reprot {new}", "unrecognized arguments: --reprot"),
    ("a misspelt option of train", "train {config} --dryrun", "did you mean --dry-run?"),
    ("an option of another program", "train {config} --lr 1e-4", "write settings as lr=1e-4"),
    ("an option without its value", "eval {answers} --output", "argument --output: expected one argument"),
    ("an option that is not there", "merge {adapters} --model x", "unrecognized arguments: --model x"),
    (
        "a variable that is not set",
        "infer ./m --image {picture} --box ''",
        "argument box: it is an empty text",
    ),
    ("an image that is not set", "infer ./m --image ''", "argument image: it is an empty text"),
    (
        "a query that is not set",
        "infer ./m --image {picture} --query ''",
        "argument query: it is an empty text",
    ),
    ("a model that is not set", "infer '' --image {picture}", "argument model: it is an empty text"),
    (
        "a word for a number",
        "infer m --image a --batch-size all",
        "argument --batch-size: invalid positive valu",
    ),
    (
        "a fraction",
        "infer m --image a --batch-size 2.5",
        "argument --batch-size: invalid positive value: '2.5'",
    ),
    ("a number below 1", "infer m --image a --max-new-tokens -5", "--max-new-tokens: -5 must be 1 or more"),
    ("a choice in capitals", "infer m --image a --color Red", "argument --color: invalid choice: 'Red'"),
    ("a suite that is not there", "eval {answers} --suite ocr", "argument --suite: invalid choice: 'ocr'"),
    ("two that exclude each other", "infer m --image a --data b", "not allowed with argument"),
    ("going on, and anew", "infer m --data a --output b --resume --overwrite", "not allowed with argument"),
    ("a layout that is not there", "convert a b --to hf", "argument --to: invalid choice: 'hf'"),
    ("no layout", "convert a b", "the following arguments are required: --to"),
    # What is read
    ("an image from a pipe", "infer ./m --image -", "no image at -"),
    ("an empty folder of images", "infer ./m --image {folder}", "no image at"),
    ("a text for an image", "infer ./m --image {rows}", "checkpoint ./m does not exist"),
    ("rows from a pipe", "infer ./m --data - --output {new}", "data file - does not exist"),
    ("a box of three numbers", "infer ./m --image {picture} --box 1,2,3", "box '1,2,3' is not x1,y1,x2,y2"),
    ("a box that is turned", "infer ./m --image {picture} --box 9,9,1,1", "box 9,9,1,1 must be x1,y1,x2,y2"),
    (
        "pages in tiles",
        "infer ./m --pages {picture} {picture} --crop",
        "the pages of a document are read whole",
    ),
    (
        "a token of the template",
        "infer ./m --image {picture} --query '<image>'",
        "<image> cannot stand in a que",
    ),
    (
        "a model that is a file",
        "infer {picture} --image {picture}",
        "is a file: name the folder that it is in",
    ),
    ("answers from a pipe", "eval -", "predictions file - does not exist"),
    ("answers that are a folder", "eval {folder}", "folder does not exist"),
    ("no answers", "eval {empty}", "empty has no rows"),
    ("answers without references", "eval {questions}", "questions:1: no labels text; rows need response and"),
    ("answers in UTF-16", "eval {utf16}", "utf16 is not UTF-8"),
    ("a picture for answers", "eval {picture}", "picture.png"),
    ("rows for a config", "train {rows}", "rows.jsonl: images is not a config key"),
    ("a folder for a config", "train {folder}", "folder does not exist; `got-train configs DIR` copies"),
    ("rows that are missing", "train {config}", "data file nowhere.jsonl does not exist"),
    ("rows of a config that are missing", "check-data {config}", "data file nowhere.jsonl does not exist"),
    ("a setting beside rows", "check-data {rows} data.query=x", "data file data.query=x does not exist"),
    ("an option beside a config", "check-data {config} --query x", "--query cannot be used with a config"),
    ("columns without =", "check-data {rows} --columns text", "--columns text: write THEIRS=OURS"),
    ("a file for a folder", "check-data {rows} --image-root {picture}", "picture.png is not a folder"),
    (
        "DeepSpeed's file is missing",
        "train {config} data.train={rows} train.deepspeed=a.json",
        "a.json does not e",
    ),
    (
        "nothing to resume",
        "train {config} data.train={rows} resume={none}",
        "none does not exist: give auto, a run folder, or its checkpoint-N",
    ),
    ("resume=last", "train {config} data.train={rows} resume=last", "last does not exist: give auto"),
    (
        "a run that kept no rows",
        "train {config} data.train={rows} data.val_run={none}",
        "none does not exist",
    ),
    ("a model that is not there", "merge {none}", "none does not exist"),
    ("adapters to convert", "convert {adapters} {new} --to original", "holds adapters: merge first"),
    ("no model to convert", "convert {folder} {new} --to original", "folder holds no checkpoint"),
    ("swift's command", "swift rlhf", "rlhf"),
    # What is written
    ("the file that is read", "eval {answers} --output {answers} --overwrite", "answers is also an input"),
    (
        "the rows that are read",
        "infer ./m --data {rows} --output {rows} --overwrite",
        "rows.jsonl is also an in",
    ),
    (
        "a file that exists",
        "eval {answers} --report {rows}",
        "rows.jsonl exists: choose another output, or give",
    ),
    ("a folder for a file", "eval {answers} --output {folder}", "folder cannot be written: it is a folder"),
    (
        "a file for a folder",
        "eval {answers} --output {rows}/new/a.json",
        "a.json cannot be written: {rows} is a file, and not a folder: move it away, or choose another out",
    ),
    (
        "two outputs in one file",
        "eval {answers} --output {new} --report {new}",
        "new is named for two outputs",
    ),
    ("a folder that has files", "merge {adapters} --output {full}", "full exists: remove it or name another"),
    (
        "a file for a merged folder",
        "merge {adapters} --output {rows}",
        "rows.jsonl exists: remove it or name an",
    ),
    (
        "the folder that is read",
        "convert {adapters} {adapters} --to original",
        "adapters exists: remove it or nam",
    ),
    ("configs into a file", "configs {rows}", "rows.jsonl is a file: name a folder for the configs"),
    (
        "the quickstart over files",
        "quickstart --output {full}",
        "full exists: remove it or name another folder",
    ),
]


@pytest.mark.parametrize(
    ("words", "message"), [case[1:] for case in COMMANDS], ids=[case[0] for case in COMMANDS]
)
def test_a_command(
    words: str, message: str, places: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.stat().st_mtime_ns for path in places["rows"].parent.rglob("*")}
    with pytest.raises(SystemExit) as ended:
        main([word.format(**places) for word in shlex.split(words)])
    assert ended.value.code == 2
    lines = capsys.readouterr().err.splitlines()
    assert any(line.startswith("got-train") and " error: " in line for line in lines)
    assert message.format(**places) in "\n".join(lines)
    assert {path: path.stat().st_mtime_ns for path in places["rows"].parent.rglob("*")} == before


def test_a_folder_is_made_for_an_output(places: dict[str, Path]) -> None:
    output = places["new"] / "deep" / "scores.json"
    with pytest.raises(SystemExit) as ended:
        main(["eval", str(places["answers"]), "--output", str(output)])
    assert ended.value.code == 0
    assert json.loads(output.read_text())["groups"][0]["rows"] == 1
