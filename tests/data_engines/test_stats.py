"""Counting what is in a set."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from transformers import PreTrainedTokenizerFast

from data_engines import stats
from data_engines.cli import main
from data_engines.kinds.lines import engine as lines
from got_train.config import SampleConfig
from got_train.data.encode import encode
from got_train.data.readers import open_rows
from got_train.data.tiles import grid_of_tiles, num_tiles
from got_train.model.tokenizer import load_tokenizer
from tests.conftest import write_rows
from tests.data_engines.conftest import generate, picture, row


@pytest.fixture(scope="module")
def qwen() -> PreTrainedTokenizerFast:
    return load_tokenizer("qwen")


@pytest.fixture(autouse=True)
def loaded_once(qwen: PreTrainedTokenizerFast, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(stats, "load_tokenizer", lambda source: qwen)
    yield


def tables(found: stats.Survey, limits: dict[str, int]) -> dict[str, list[str]]:
    """The lines of each table, by its title's first word or two."""
    sections = stats.describe(found, limits).split("\n\n")
    return {section.split("\n")[0]: section.split("\n")[1:] for section in sections}


@pytest.mark.parametrize("format", ["files", "webdataset", "parquet"])
def test_a_set_of_any_format_is_counted(
    format: str, tmp_path: Path, small_lines: lines.Options, capsys: pytest.CaptureFixture[str]
) -> None:
    generate("lines", small_lines, count=7, output=tmp_path / "set", format=format)
    before = sorted(tmp_path.rglob("*"))
    assert main(["stats", str(tmp_path / "set")]) == 0
    out = capsys.readouterr().out
    assert "lines  plain     7  100.0 %" in out
    assert "lines      7       7  96 / 96 / 96  64 / 64 / 64  0.01 / 0.01 / 0.01" in out
    assert out.endswith("faults\nnone\n")
    assert sorted(tmp_path.rglob("*")) == before


def test_lengths_are_those_of_training(tmp_path: Path, qwen: PreTrainedTokenizerFast) -> None:
    wide = picture(tmp_path, "wide.png", (3000, 1000))
    written = [
        row("OCR: ", "alpha beta", picture(tmp_path, "a.png")),
        row("OCR upon the patch reference: ", "中文\n文本", wide, crop=True),
        row("OCR across multi pages: ", "x", wide, "a.png"),
        {"query": "no picture", "response": "yes", "history": [["one", "two"]]},
    ]
    file = str(write_rows(tmp_path / "rows.jsonl", written))
    found = stats.survey(file)
    rows = open_rows(file)
    for index, (counted, tiles) in enumerate(
        zip(
            found.rows, [[1], [num_tiles(grid_of_tiles(3000, 1000, 1024, True, 12))], [1, 1], []], strict=True
        )
    ):
        ids, labels = encode(rows.record(index), tiles, qwen, SampleConfig(), 256)
        assert stats.sample_tokens(counted, found.pictures) == len(ids)
        assert counted.answer_tokens == (labels != -100).sum() - len(rows.record(index).turns)
    assert num_tiles(grid_of_tiles(3000, 1000, 1024, True, 12)) == 4


def test_tasks_are_counted_by_kind(tmp_path: Path) -> None:
    name = picture(tmp_path, "a.png")
    queries = [
        "OCR: ",
        "OCR with format: ",
        "[1, 2, 3, 4] OCR: ",
        "[red] OCR with format: ",
        "OCR upon the patch reference: ",
        "OCR with format across multi pages: ",
        "Read it.",
    ]
    written = [row(query, "x", name, kind="all") for query in queries] + [row("OCR: ", "x", name, kind="b")]
    lines = tables(stats.survey(str(write_rows(tmp_path / "rows.jsonl", written))), {})["rows"]
    assert [" ".join(line.split()[:-3]) for line in lines[1:-1]] == [
        "all box",
        "all color format",
        "all crop",
        "all format",
        "all other question",
        "all pages format",
        "all plain",
        "b plain",
    ]
    assert lines[-1].split() == ["all", "8"]


def test_rows_beyond_the_limit_are_counted(tmp_path: Path) -> None:
    name = picture(tmp_path, "a.png")
    written = [row("OCR: ", "word " * length, name) for length in (10, 300)]
    found = stats.survey(str(write_rows(tmp_path / "rows.jsonl", written)))
    assert tables(found, {"mine": 400, "wide": 4096})["samples too long to train on"] == [
        "configuration  sample.max_length  rows  share",
        "mine                         400     1  50.0 %",
        "wide                       4,096     0  0.0 %",
    ]


def test_limits_are_read_from_the_stages_configurations() -> None:
    configs = sorted(stats.CONFIGS.glob("stage*.yaml"))
    assert stats.read_limits(configs) == {
        "stage1_encoder": 4096,
        "stage2_joint": 6000,
        "stage3_posttrain": 8192,
    }


def test_repeats_are_told_by_content(tmp_path: Path) -> None:
    white, same, black = (
        picture(tmp_path, name, color=color)
        for name, color in (("a.png", "white"), ("b.png", "white"), ("c.png", "black"))
    )
    written = [
        row("OCR: ", "x", white),
        row("OCR: ", "x", same),
        row("OCR: ", "x", black),
        row("[1, 2, 3, 4] OCR: ", "x", white),
        row("OCR: ", "y", white),
    ]
    lines = tables(stats.survey(str(write_rows(tmp_path / "rows.jsonl", written))), {})["repeats"]
    assert lines[1].split() == ["rows", "5", "3", "3", "1"]


def test_characters_are_counted_by_script(tmp_path: Path) -> None:
    written = [row("OCR: ", text, picture(tmp_path, "a.png")) for text in ("Aé a\n中中文", "α7 +。")]
    found = stats.survey(str(write_rows(tmp_path / "rows.jsonl", written)))
    lines = tables(found, {})["characters of answers"]
    assert [line.split() for line in lines[1:]] == [
        ["Latin", "3", "3", "30.0", "%", "A", "é", "a"],
        ["Han", "2", "3", "30.0", "%", "中", "文"],
        ["Greek", "1", "1", "10.0", "%", "α"],
        ["digits", "1", "1", "10.0", "%", "7"],
        ["other", "2", "2", "20.0", "%", "+", "。"],
    ]


def test_digits_and_signs_stand_beside_those_of_documents(tmp_path: Path) -> None:
    written = [
        row("OCR: ", text, picture(tmp_path, "a.png")) for text in ("ab $5\n3/4 x#", "共5元，《中文》。")
    ]
    found = stats.survey(str(write_rows(tmp_path / "rows.jsonl", written)))
    head, *lines = tables(found, {})["digits and signs in 1,000 characters, beside real documents"]
    assert head.split() == ["sign", "English", "documents", "Chinese", "documents"]
    shown = {line.rsplit(maxsplit=4)[0].strip(): line.split()[-4:] for line in lines}
    assert shown["digits"] == ["333.3", "72.8", "111.1", "29.5"]
    assert shown["$"] == ["111.1", "0.5", "0.0", "0.7"]
    assert shown["/"] == ["111.1", "6.7", "0.0", "4.5"]
    assert shown["《 》"] == ["0.0", "0.0", "222.2", "0.2"]


def test_faults_are_counted_with_the_first_place(tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"no picture")
    whole = (tmp_path / picture(tmp_path, "whole.png", (400, 400))).read_bytes()
    (tmp_path / "half.png").write_bytes(whole[: len(whole) // 2])
    written = [
        row("OCR: ", "x", "bad.png"),
        row("OCR: ", "x", "half.png"),
        row("OCR: ", "x", "none.png"),
        row("OCR: ", "", "bad.png"),
        "no JSON",
    ]
    file = write_rows(tmp_path / "rows.jsonl", written)
    found = stats.survey(str(file))
    assert len(found.rows) == 2
    assert {fault: len(places) for fault, places in found.faults.items()} == {
        ("row", "image missing"): 1,
        ("row", "empty response"): 1,
        ("row", "not JSON"): 1,
        ("picture", "image unreadable"): 1,
        ("picture", "image truncated"): 1,
    }
    assert found.faults["picture", "image unreadable"] == [str(tmp_path / "bad.png")]
    assert f"{file}:3" in stats.describe(found, {})


def test_pictures_bounds_how_many_are_opened(tmp_path: Path) -> None:
    names = [picture(tmp_path, f"{number}.png", (10 + number, 10)) for number in range(9)]
    written = [row("OCR: ", "x", name, crop=True) for name in names] * 2
    found = stats.survey(str(write_rows(tmp_path / "rows.jsonl", written)), max_pictures=3)
    assert [number for number, opened in enumerate(found.pictures) if opened] == [0, 3, 6]
    lengths = tables(found, {})["tokens of samples, with those of their pictures"]
    assert lengths[1].split()[:2] == ["rows", "6"]
    unopened = stats.survey(str(tmp_path / "rows.jsonl"), max_pictures=0)
    said = tables(unopened, {"mine": 400})
    assert said["tokens of samples, with those of their pictures"] == ["none is known: open the pictures"]
    assert said["pictures: smallest, median and largest"] == ["none opened"]
    assert said["repeats"][1].split() == ["rows", "18", "17", "17", "0"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["none"], "data file none does not exist"),
        (["rows.jsonl", "--pictures", "-1"], "--pictures -1: give a whole number of at least 0"),
        (
            ["rows.jsonl", "--config", "none.yaml"],
            "config file none.yaml does not exist; `got-train configs DIR` copies the packaged ones",
        ),
    ],
)
def test_bad_words_are_one_line(
    words: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    write_rows(Path("rows.jsonl"), [row("OCR: ", "x")])
    assert main(["stats", *words]) == 2
    assert capsys.readouterr().err == f"got-data stats: {message}\n"
