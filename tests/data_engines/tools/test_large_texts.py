"""Large text files, read in pieces, and what is kept of them."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from data_engines.kinds.lines import engine as lines
from data_engines.tools import kept, large_texts
from data_engines.tools.corpora import PATTERNS, read_lines
from data_engines.tools.languages import DEVANAGARI
from data_engines.tools.large_texts import FileTexts
from data_engines.tools.texts import read_texts
from tests.data_engines.conftest import files_of, generate

TEXT = "\ufeffone two\r\n\r\n  \u200b\nthree\x0bfour\u2028中文 字\n\x07e\u0301 five\nहिन्दी\n" * 50 + "last"


@pytest.fixture(autouse=True)
def small_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(kept, "MIN_LENGTH", 1)
    monkeypatch.setattr(large_texts, "PIECE_BYTES", 32)
    monkeypatch.setattr(large_texts, "MAX_WHOLE_BYTES", 10)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    file = tmp_path / "large.txt"
    file.write_text(TEXT, encoding="utf-8", newline="")
    return file


def test_pieces_give_the_lines_that_the_whole_gives(large: Path) -> None:
    whole = read_lines(large)
    texts = FileTexts(large)
    assert len(texts) == len(whole) == 301
    assert [texts[place] for place in range(len(texts))] == whole == list(texts)
    assert texts.characters() == set("".join(whole))
    copy = pickle.loads(pickle.dumps(texts))
    assert [copy[0], copy[300]] == ["one two", "last"]
    with pytest.raises(IndexError):
        texts[301]


def test_lines_are_chosen_by_language_and_script(large: Path) -> None:
    assert set(FileTexts(large, PATTERNS["zh"])) == {"中文 字"}
    assert set(FileTexts(large, PATTERNS["en"])) == {"one two", "three", "four", "é five", "हिन्दी", "last"}
    assert len(FileTexts(large).matching(DEVANAGARI.pattern)) == 50
    with pytest.raises(
        ValueError, match=r"has no line with Chinese characters, which --language zh asks for"
    ):
        large.write_text("only English here, on one line")
        read_texts(large, "zh", None, np.random.default_rng(0))


@pytest.mark.parametrize("matter", [None, 0.5])
def test_a_large_source_gives_the_bytes_that_a_small_one_gives(
    large: Path, font: Path, tmp_path: Path, matter: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = lines.Options(source=large, fonts=(font,), language=("en",), matter=matter)
    generate("lines", options, output=tmp_path / "pieces", count=5, seed=2)
    monkeypatch.setattr(large_texts, "MAX_WHOLE_BYTES", 1 << 20)
    generate("lines", options, output=tmp_path / "whole", count=5, seed=2)
    assert files_of(tmp_path / "pieces") == files_of(tmp_path / "whole")


def test_a_file_is_gone_through_once_until_it_changes(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    index = FileTexts._index
    monkeypatch.setattr(FileTexts, "_index", lambda texts: read.append(texts.pattern) or index(texts))
    assert len(FileTexts(large)) == len(FileTexts(large)) == 301
    assert read == [""]
    assert len(FileTexts(large, PATTERNS["zh"])) == 50
    # as long as before, and another content
    large.write_text(TEXT.replace("last", "    "), encoding="utf-8", newline="")
    assert len(FileTexts(large)) == 300
    assert read == ["", PATTERNS["zh"], ""]
    for file in (large.parent / "cache").rglob("*.npz"):
        file.write_bytes(file.read_bytes()[:200])
    assert len(FileTexts(large)) == 300


def test_what_is_no_text_is_one_line(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    large.write_bytes(b"fine\n" * 20 + "é\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"large.txt is not UTF-8 \(byte 100\), it looks like WINDOWS-1252"):
        FileTexts(large)
    monkeypatch.setattr(large_texts, "MAX_LINE_CHARACTERS", 10)
    large.write_text("short\n" * 9 + "a very long line\n")
    with pytest.raises(ValueError, match=r"has a line of more than 10 characters; give a file with a text"):
        FileTexts(large)
