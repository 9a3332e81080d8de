"""Texts of a corpus file: its lines, and runs of words in them."""

import re
import unicodedata
from pathlib import Path

_WORD = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]|[^\s\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]+")
"""A Chinese or Japanese character, each a word of its own, or whatever else stands between spaces."""


def read_lines(path: Path) -> list[str]:
    """The lines of a UTF-8 file that hold text, with any white space in them as single spaces."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"--source {path} is not UTF-8 (byte {error.start}); convert it first") from error
    except OSError as error:
        raise ValueError(f"--source {path} can't be read: {error.strerror}") from error
    lines = [" ".join(line.split()) for line in text.splitlines()]
    lines = [line for line in lines if line]
    if not lines:
        raise ValueError(f"--source {path} holds no text; give a file with a text on each line")
    return lines


def word_spans(text: str) -> list[tuple[int, int]]:
    """Where the words of a line start and end; lines may break between any two of them.

    >>> word_spans("two 字")
    [(0, 3), (4, 5)]
    """
    return [match.span() for match in _WORD.finditer(text)]


def complex_character(text: str) -> str | None:
    """The first character that can't be drawn one after the other from left to right, if any.

    Combining marks and scripts written from right to left need a shaping engine.
    """
    for character in text:
        if unicodedata.category(character) in ("Mn", "Mc", "Me"):
            return character
        if unicodedata.bidirectional(character) in ("R", "AL", "AN"):
            return character
    return None
