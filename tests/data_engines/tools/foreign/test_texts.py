"""What is no text is neither learnt nor drawn as one."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from data_engines.cli import main
from data_engines.kinds.table.csv_files import find_csv_files
from data_engines.tools.formulas.sources import read_formulas
from tests.data_engines.tools.foreign.conftest import (
    Convert,
    pictures,
    refusal,
    write,
)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.json", '{"1.png": "a", "1.png": "b"}', "a.json: no JSON (1.png stands twice in an object"),
        ("a.txt", "1.png\t2.png\n", "a.txt:1: pictures beside pictures; give pictures and texts"),
        ("a.txt", "1.png masks/1.png\n", "a.txt:1: pictures beside pictures; give pictures and texts"),
        ("a.txt", "1.png\t{\\rtf1 a}\n", "a.txt:1 holds RTF, and not the text of a picture"),
        ("a.txt", "1.png\t<html><b>a</b></html>\n", "a.txt:1 holds HTML, and not the text of a picture"),
    ],
)
def test_what_is_no_text(name: str, text: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    pictures("1.png")
    assert refusal(capsys, write(name, text), "--output", "rows.jsonl").startswith(message)


OBJECTS = [
    '[{"transcription": "a", "points": [[1, 2]]}]',
    "[{'transcription': 'a', 'points': [[10, 5], [60, 5], [60, 30], [10, 30]]}]",
    '{"transcription": "a", "points": [[10, 5], [60, 5], [60, 30], [10, 30]]}',
    '[{"text": "\\u4e2d", "box": [10, 5, 60, 30]}]',
    "[{bad",
    '[["a", 0.9]]',
    "[[[10, 5], [60, 5]], ('a', 0.9)]",
    '["a", "b"]',
    "{text: 'a'}",
    "('a', 0.99)",
]


@pytest.mark.parametrize("text", OBJECTS)
@pytest.mark.parametrize("line", ["1.png\t{}\n", '1.png "{}"\n', "1.png {}\n"])
@pytest.mark.parametrize("before", [0, 3])
def test_objects_are_no_texts(text: str, line: str, before: int, capsys: pytest.CaptureFixture[str]) -> None:
    pictures("1.png")
    source = write("a.txt", before * line.format("one") + line.format(text))
    error = refusal(capsys, source, "--output", "rows.jsonl")
    if before:
        assert error.startswith(f"a.txt:{before + 1} holds ")
        assert error.endswith(", and not the text of a picture")
    else:
        assert error.startswith(("a.txt:1: ", "a.txt:1 holds "))


@pytest.mark.parametrize("text", OBJECTS)
def test_objects_are_no_texts_in_other_files(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    pictures("1.png")
    for name, content in (("a.json", json.dumps({"1.png": text})), ("1.txt", text)):
        error = refusal(capsys, write(name, content), "--output", "rows.jsonl")
        assert "and not the text of a picture" in error or "none of the labels" in error


@pytest.mark.parametrize(
    "text", ["[1] see", "[1, 2, 3, 4] show", "[a]", "{a}", "[(1) one]", "(a) {b}", r"\[{x}\]", "[ { x } ]"]
)
def test_brackets_may_stand_in_texts(text: str, convert: Convert) -> None:
    pictures("1.png", "2.png")
    rows, _ = convert(write("a.txt", f"1.png\t{text}\n2.png\tx\n"))
    assert len(rows) == 2


DETECTED = '1.png\t[{"transcription": "a", "points": [[0, 0], [9, 0], [9, 9], [0, 9]]}]\n'


HINT = (
    "x.txt looks like PPOCRLabel's detection labels (picture, tab, JSON list of boxes): "
    "got-data rows x.txt --output rows.jsonl makes rows of it"
)


@pytest.mark.parametrize(
    "words",
    [
        "lines --source",
        "scene --source",
        "seal --source",
        "handwriting --source",
        "handwriting --line-images",
    ],
)
def test_labels_are_not_drawn_as_text(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    source = write("x.txt", DETECTED)
    kind, flag = words.split()
    assert main([kind, "--count", "1", "--output", "out", flag, source, "--workers", "1"]) == 2
    assert capsys.readouterr().err == f"got-data {kind}: {flag} {HINT}\n"


def test_objects_are_no_texts_of_line_images(capsys: pytest.CaptureFixture[str]) -> None:
    pictures("1.png", "2.png")
    source = write("lines.txt", "1.png\tone\n2.png\t[{bad\n")
    assert (
        main(["handwriting", "--count", "1", "--output", "out", "--line-images", source, "--workers", "1"])
        == 2
    )
    assert capsys.readouterr().err == (
        "got-data handwriting: --line-images lines.txt:2 holds a list or an object, and not the text of a "
        "picture\n"
    )


@pytest.mark.parametrize("read", [read_formulas, find_csv_files])
def test_labels_are_not_drawn_as_formulas_or_tables(read: Callable[[Path], object]) -> None:
    with pytest.raises(ValueError) as error:
        read(Path(write("x.txt", DETECTED)))
    assert str(error.value) == f"--source {HINT}"


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("caption.txt", "18_em_0\t\\frac { a } { b }\n", "a list of formulas"),
        ("caption.tsv", "1.png\t\\frac { a } { b }\n", "a list of formulas"),
        (
            "rows.jsonl",
            '{"file_name": "1.png", "ground_truth": {"gt_parse": {}}}\n',
            "donut's metadata.jsonl",
        ),
        ("train.lst", "1 b basic\n", "im2latex's list"),
        ("1.inkml", "<ink><trace>1 2</trace></ink>", "CROHME's InkML"),
    ],
)
def test_lists_of_pictures_are_no_formulas(name: str, text: str, kind: str) -> None:
    with pytest.raises(ValueError, match=f"^--source {name} looks like {kind}.*: got-data rows {name} "):
        read_formulas(Path(write(name, text)))


def test_formulas_by_the_names_of_pictures_are_formulas() -> None:
    source = write("x.json", json.dumps({"1.png": "\\frac{a}{b}", "2.png": "x^2"}))
    assert [formula.latex for formula in read_formulas(Path(source)).found] == [r"\frac{a}{b}", "x^{2}"]


def test_im2latexs_formulas_are_formulas() -> None:
    source = write("im2latex_formulas.lst", "\\frac {a} {b}\nx ^ { 2 }\n")
    assert [formula.latex for formula in read_formulas(Path(source)).found] == [r"\frac{a}{b}", "x^{2}"]


def test_a_table_with_pictures_is_a_list_of_formulas() -> None:
    found = read_formulas(Path(write("x.tsv", "image\tlatex\n1.png\t\\frac { a } { b }\n"))).found
    assert [formula.latex for formula in found] == [r"\frac{a}{b}"]


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ('{"query": "OCR: ", "response": "a"}\n', "JSON"),
        ('[\n {"text": "a"}\n]', "JSON"),
        ('["one", "two"]', "JSON"),
        ('<?xml version="1.0"?>\n<text>a</text>', "XML"),
        ("<!DOCTYPE html>\n<p>a</p>", "HTML"),
        ("% mine\n\\documentclass{article}\n", "a LaTeX document"),
        ("%PDF-1.7\n%\x80\xff", "PDF"),
    ],
)
def test_other_files_are_no_text(text: str, markup: str, capsys: pytest.CaptureFixture[str]) -> None:
    source = write("texts", text)
    assert main(["lines", "--count", "1", "--output", "out", "--source", source]) == 2
    assert capsys.readouterr().err == (
        f"got-data lines: --source texts holds {markup}; give a file with a text on each line\n"
    )
