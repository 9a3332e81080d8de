"""Lines and words of a corpus."""

from pathlib import Path

import pytest

from data_engines.tools.corpora import complex_character, read_lines, word_spans


def test_lines_are_whole_and_without_stray_white_space(tmp_path: Path) -> None:
    file = tmp_path / "corpus.txt"
    file.write_bytes("\ufeffone  two\t3\r\n\n  \n 四 五\n".encode())
    assert read_lines(file) == ["one two 3", "四 五"]


def test_words_are_what_spaces_part_and_single_chinese_characters() -> None:
    text = "GOT 模型, v2.0"
    assert [text[start:end] for start, end in word_spans(text)] == ["GOT", "模", "型", ",", "v2.0"]


@pytest.mark.parametrize(
    ("text", "found"), [("naïve 字 ½", None), ("e\u0301", "\u0301"), ("a שלום", "ש"), ("नी", "ी")]
)
def test_what_needs_a_shaping_engine_is_found(text: str, found: str | None) -> None:
    assert complex_character(text) == found
