"""Prose of packages: whole sentences, in as many characters as a reader needs."""

import re
from pathlib import Path

import numpy as np
import pytest

from data_engines.tools import prose
from data_engines.tools.corpora import CLOSING, read_corpus
from data_engines.tools.prose import read_prose, tatoeba_sentences
from got_train.characters import HAN

CHARACTERS = 5500
"""Chinese characters of all lines together, at least."""


def test_prose_is_sentences_docstrings_and_lists_of_words() -> None:
    english, chinese = tatoeba_sentences()
    assert "He pressed the button and waited." in english
    assert "沒有雪的冬天不是冬天。" in chinese
    assert all(re.search("[.?!][\"”'’]?$", line) for line in english)
    assert all(re.search("[。？！…][”’」』]?$", line) and line[0] not in CLOSING for line in chinese)
    assert len(english) > 50_000 and len(chinese) > 45_000
    assert not any(re.search(f"[{HAN}]", line) for line in english)
    mixed = read_prose("mixed", np.random.default_rng(0))
    docstrings = read_corpus(None, "en", np.random.default_rng(0)).lines * prose.DOCSTRING_SENTENCES
    assert mixed.lines[: len(docstrings) + len(english)] == docstrings + english
    lists = mixed.lines[len(docstrings) + len(english) + len(chinese) :]
    assert len(lists) == prose.WORD_LISTS
    assert all(re.fullmatch(f"[{HAN}]+([、，][{HAN}]+)*。", line) for line in lists)
    assert len(set(re.findall(f"[{HAN}]", "".join(mixed.lines)))) > CHARACTERS
    assert [source.licence for source in mixed.sources] == ["BSD-3-Clause"] * 3 + ["CC-BY-2.0-FR", "MIT"]


def test_a_file_of_another_form_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tatoeba.tsv").write_text("1\tcmn\t我該去睡覺了。\n" * 3, encoding="utf-8")
    monkeypatch.setattr(prose, "packaged_files", lambda *_: [tmp_path / "tatoeba.tsv"])
    tatoeba_sentences.cache_clear()
    try:
        with pytest.raises(ValueError, match="holds 0 English and 0 Chinese sentences where 10,000"):
            tatoeba_sentences()
    finally:
        tatoeba_sentences.cache_clear()
