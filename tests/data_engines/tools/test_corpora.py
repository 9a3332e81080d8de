"""Lines and words of a corpus."""

import os
from pathlib import Path

import numpy as np
import pytest

from data_engines.options import Range
from data_engines.tools.corpora import (
    Language,
    choose_words,
    complex_character,
    read_corpus,
    read_lines,
    word_spans,
)


def test_lines_are_whole_and_without_stray_white_space(tmp_path: Path) -> None:
    file = tmp_path / "corpus.txt"
    file.write_bytes("\ufeffone  two\t3\r\n\n  \n 四 五\n".encode())
    assert read_lines(file) == ["one two 3", "四 五"]


def test_what_cannot_be_seen_is_left_out_and_the_rest_is_as_typed(tmp_path: Path) -> None:
    file = tmp_path / "corpus.txt"
    lines = [
        "zero\u200bwidth, word\u2060joiner, in\u2063visible, mark\u200e",
        "com\u00adpu\u00adter, inside\ufeff, nul\0, bell\a",
        "the \ufb01nal \ufb02ow of \ufb03ces",
        "re\u0301sume\u0301",
        "\u200b\u00ad",
    ]
    file.write_text("\n".join(lines), encoding="utf-8")
    assert read_lines(file) == [
        "zerowidth, wordjoiner, invisible, mark",
        "computer, inside, nul, bell",
        "the final flow of ffices",
        "r\u00e9sum\u00e9",
    ]


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        ("en", ("one", "deux")),
        ("zh", ("四 five", "六")),
        ("mixed", ("one", "四 five", "deux", "六")),
        (None, ("one", "四 five", "deux", "六")),
    ],
)
def test_the_language_chooses_lines_of_a_source(
    language: Language | None, lines: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "corpus.txt").write_text("one\n四 five\ndeux\n六\n", encoding="utf-8")
    assert read_corpus(tmp_path / "corpus.txt", language, np.random.default_rng(0)).lines == lines


@pytest.mark.parametrize(("text", "language", "which"), [("one", "zh", "with"), ("六", "en", "without")])
def test_a_source_without_the_language_is_refused(
    text: str, language: Language, which: str, tmp_path: Path
) -> None:
    file = tmp_path / "corpus.txt"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError) as error:
        read_corpus(file, language, np.random.default_rng(0))
    assert str(error.value) == (
        f"--source {file} has no line {which} Chinese characters, which --language {language} asks for"
    )


def test_words_are_what_spaces_part_and_single_chinese_characters() -> None:
    text = "GOT 模型, v2.0"
    assert [text[start:end] for start, end in word_spans(text)] == ["GOT", "模", "型,", "v2.0"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("他说：“好！”再见。", ["他", "说：", "“好！”", "再", "见。"]),
        ("《书》（新版），5元", ["《书》", "（新", "版），", "5", "元"]),
        ("价格 ，上涨5%。", ["价", "格 ，", "上", "涨", "5%。"]),
        ("用(如)法,see", ["用", "(如)", "法,see"]),
        ("don’t say “so” (yet) .", ["don’t", "say", "“so”", "(yet)", "."]),
    ],
)
def test_words_neither_begin_with_closing_nor_end_with_opening_punctuation(
    text: str, words: list[str]
) -> None:
    assert [text[start:end] for start, end in word_spans(text)] == words


@pytest.mark.parametrize(
    ("text", "found"), [("naïve 字 ½", None), ("e\u0301", "\u0301"), ("a שלום", "ש"), ("नी", "ी")]
)
def test_what_needs_a_shaping_engine_is_found(text: str, found: str | None) -> None:
    assert complex_character(text) == found


def test_without_a_source_packages_bring_texts_of_both_languages() -> None:
    english = read_corpus(None, "en", np.random.default_rng(0))
    assert len(english.lines) > 5000
    assert "Node disjoint paths are paths that only share their first and last nodes." in " ".join(
        english.lines
    )
    assert not any(mark in line for line in english.lines for mark in ("`", ">>>", "_", "::", "--", ":func:"))
    chinese = read_corpus(None, "zh", np.random.default_rng(0))
    assert len(chinese.lines) == 8000
    assert all(line[-1] in "。！？" for line in chinese.lines)
    assert len(set("".join(chinese.lines))) > 5000
    mixed = read_corpus(None, "mixed", np.random.default_rng(0))
    assert mixed.lines == english.lines + chinese.lines
    assert [source.licence for source in mixed.sources] == ["BSD-3-Clause"] * 3 + ["MIT"]
    assert [source.path for source in mixed.sources] == [None] * 4


def test_words_are_drawn_from_within_a_line() -> None:
    rng = np.random.default_rng(0)
    drawn = {choose_words(rng, ["one two three", "四五"], Range(2, 2)) for _ in range(50)}
    assert drawn == {"one two", "two three", "四五"}
    assert choose_words(rng, ["short"], Range(3, 9)) == "short"


def test_a_source_is_no_pipe_and_has_no_endless_line(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "zero.txt").symlink_to("/dev/zero")
    for name in ("pipe.txt", "zero.txt"):
        with pytest.raises(ValueError, match=rf"{name} can't be read: it is no file, but a pipe or a device"):
            read_corpus(tmp_path / name, None, np.random.default_rng(0))
    (tmp_path / "long.txt").write_text("x" * 10**7)
    with pytest.raises(ValueError, match=r"long.txt has a line of 10,000,000 characters, at most 1,048,576"):
        read_corpus(tmp_path / "long.txt", None, np.random.default_rng(0))
