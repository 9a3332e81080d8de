"""Texts to draw: lines of a corpus file or of installed packages, and runs of words in the lines."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from data_engines.engine import Reject, Source
from data_engines.kind import CHINESE, ENGLISH
from data_engines.options import Range
from data_engines.tools.chance import one_of
from data_engines.tools.packages import package_code, packaged, packaged_files
from data_engines.tools.typed import as_typed
from got_train.characters import EAST_ASIAN, HAN
from got_train.data.file_heads import markup_of
from got_train.data.foreign import refuse_foreign
from got_train.data.utf8 import read_utf8

Language = Literal["en", "zh", "mixed"]

LANGUAGES: dict[Language | None, str] = {
    "en": "without Chinese characters",
    "zh": "with Chinese characters",
}
"""What lines of a language are known by."""
PATTERNS: dict[Language | None, str] = {"en": rf"\A[^{HAN}]*\Z", "zh": f"[{HAN}]"}
"""What is found in such lines."""
RARE = 0.1
"""Share of the lines up to which a second language is left out, unless it is asked for."""
ZH_SENTENCES = 8000
"""Number of Chinese sentences: about the number of English paragraphs that packages hold."""
WORDS_IN_CLAUSE = Range(2, 7)
CLAUSES_IN_SENTENCE = Range(1, 4)
HAN_CHARACTER = re.compile(f"[{HAN}]")
HAN_WORD = re.compile(rf"[{HAN}]{{1,4}}")

_THAI = r"[\u0e40-\u0e44]?[\u0e01-\u0e2e][\u0e2f-\u0e3a\u0e45-\u0e4e]*"
"""A Thai consonant with the vowels and marks round it: Thai has no spaces between words."""
_TIBETAN = r"[\u0f00-\u0f0a\u0f15-\u0fff]+[\u0f0b-\u0f14]*"
"""A Tibetan syllable with the point or stroke behind it."""
_WORD = re.compile(
    rf"[{EAST_ASIAN}]|{_THAI}|{_TIBETAN}|[^\s{EAST_ASIAN}\u0e01-\u0e2e\u0e40-\u0e44\u0f00-\u0fff]+|\S"
)
"""A word: a Chinese or Japanese character, a Thai or Tibetan syllable, or other characters between spaces."""
CLOSING = "，。、；：？！）》〉」』】〕〗］｝％～"
"""Chinese and Japanese signs that no line begins with, even after a space."""
NO_START = CLOSING + "”’…,.:;?!)]}%"
"""Signs that no line begins with where they follow a character without a space."""
NO_END = "（《〈「『【〔〖［｛“‘([{"
"""Signs that no line ends with where a character follows without a space."""
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
"""Control characters, except white space."""
_DOCSTRING = re.compile(r'^\s*[rR]?"""(.*?)"""', re.DOTALL | re.MULTILINE)
_ROLE = re.compile(r":[\w:]+:(?=`)")
"""The role of a name in a docstring, as in :func:`sum`."""
_NO_PROSE = re.compile(r"[^\w\s,;:'().?!-]|_|--|::")
"""Signs of code, markup or formulas."""
MIN_PROSE_CHARACTERS = 40
MAX_LINE_CHARACTERS = 1 << 20
"""Longest line of a source: each drawing looks through a whole line."""


@dataclass(frozen=True)
class Corpus:
    """Texts without line breaks and double spaces; no text is empty."""

    lines: tuple[str, ...]
    sources: tuple[Source, ...]


def read_corpus(source: Path | None, language: Language | None, rng: np.random.Generator) -> Corpus:
    """The lines of the UTF-8 file `source`; without one, texts in `language` that names are made of.

    Of a source, "zh" are the lines with Chinese characters and "en" the others; None and "mixed" are all.

    English consists of whole sentences of docstrings. Chinese consists of words of a dictionary, chosen by
    their frequency and set in clauses: all common characters occur in their usual words, without a meaning.
    """
    if source is not None:
        lines = _in_language(read_lines(source), language, source)
        return Corpus(tuple(lines), (Source(source, str(source)),))
    lines = []
    sources: list[Source] = []
    if language != "zh":
        for package in ENGLISH.packages:
            lines += docstring_prose(package)
        sources += packaged(ENGLISH)
    if language != "en":
        shape = ZH_SENTENCES, WORDS_IN_CLAUSE.high * CLAUSES_IN_SENTENCE.high
        lines += [_sentence(words, rng) for words in dictionary_words(rng, shape)]
        sources += packaged(CHINESE)
    return Corpus(tuple(lines), tuple(sources))


def read_lines(path: Path) -> list[str]:
    """The lines of a UTF-8 file that hold text, as a reader would type them from a picture."""
    check_plain(path)
    lines = [as_typed(CONTROL.sub("", line)) for line in read_text(path).splitlines()]
    lines = [line for line in lines if line]
    longest = max(map(len, lines), default=0)
    if longest > MAX_LINE_CHARACTERS:
        raise ValueError(
            f"--source {path} has a line of {longest:,} characters, at most {MAX_LINE_CHARACTERS:,} are "
            "drawn from; give a file with a text on each line"
        )
    if not lines:
        raise no_text(path)
    return lines


def no_text(source: Path) -> ValueError:
    """The error about a source without any text."""
    return ValueError(f"--source {source} holds no text; give a file with a text on each line")


def _in_language(lines: list[str], language: Language | None, source: Path) -> list[str]:
    chosen = [line for line in lines if language not in LANGUAGES or language == language_of(line)]
    if not chosen:
        raise no_line(source, language)
    return chosen


def no_line(source: Path, language: Language | None) -> ValueError:
    """The error about a source without a line in a language."""
    lacking = f"line {LANGUAGES[language]}, which --language {language} asks for"
    return ValueError(f"--source {source} has no {lacking}")


def language_of(text: str) -> Literal["en", "zh"]:
    """Chinese, if a character of it is, or else counted as English."""
    return "zh" if HAN_CHARACTER.search(text) else "en"


def find_language(lines: Sequence[str]) -> Language:
    """The language of all lines but a few, which would be drawn again and again, or mixed."""
    return language_by_share(sum(language_of(line) == "zh" for line in lines) / len(lines))


def language_by_share(chinese: float) -> Language:
    """The language of texts of which a share, from 0 to 1, has Chinese characters."""
    return "zh" if chinese >= 1 - RARE else "en" if chinese <= RARE else "mixed"


def in_other_languages(lines: Iterable[str], language: Language) -> dict[str, int]:
    """How many lines are not in a language, by cause."""
    number = sum(language not in ("mixed", language_of(line)) for line in lines)
    return {f"line not in the language {language}": number} if number else {}


def check_plain(path: Path, but: Collection[str] = ()) -> None:
    """Raises a ValueError for labels of pictures, JSON and XML, which would be drawn as text.

    Args:
        path: a file.
        but: formats of labels that are texts, too.
    """
    refuse_foreign(path, f"--source {path}", but)
    if path.is_file() and (markup := markup_of(path)):
        raise ValueError(f"--source {path} holds {markup}; give a file with a text on each line")


def read_text(path: Path) -> str:
    """The text of a source.

    Raises:
        ValueError: the source can't be read, or is not UTF-8.
    """
    return read_utf8(path, f"--source {path}")


def docstring_prose(package: str) -> Iterator[str]:
    """The different paragraphs of whole sentences in the docstrings of a package."""
    seen = set()
    for code in package_code(package):
        for docstring in _DOCSTRING.findall(code):
            for paragraph in re.split(r"\n\s*\n", docstring):
                text = " ".join(_ROLE.sub("", paragraph).replace("`", "").split())
                if text not in seen and _is_prose(text):
                    seen.add(text)
                    yield text


def choose_words(rng: np.random.Generator, lines: Sequence[str], words: Range) -> str:
    """A run of `words` words from a random line, or the whole line if it is shorter."""
    return run_of_words(rng, one_of(rng, lines), words)


def run_of_words(rng: np.random.Generator, text: str, words: Range) -> str:
    """A run of `words` words from a text, or the whole text if it is shorter."""
    spans = word_spans(text)
    length = min(words.choose(rng), len(spans))
    first = rng.integers(len(spans) - length + 1)
    return text[spans[first][0] : spans[first + length - 1][1]]


def check_text(text: str) -> str:
    """The text, if it needs no shaping engine; otherwise raises a Reject."""
    character = complex_character(text)
    if character:
        raise Reject(f"U+{ord(character):04X} needs a shaping engine")
    return text


def word_spans(text: str) -> list[tuple[int, int]]:
    """The start and end of each word in a line; the line may be broken between any two words.

    No word begins with closing punctuation that belongs to the one before it, or ends with opening
    punctuation of the next: Chinese and Japanese, which have no spaces, are not broken there.

    >>> word_spans("two 字，《书》")
    [(0, 3), (4, 6), (6, 9)]
    """
    spans: list[tuple[int, int]] = []
    for start, end in (match.span() for match in _WORD.finditer(text)):
        before = spans[-1][1] if spans else -1
        adjacent = start == before and (text[start] in NO_START or text[start - 1] in NO_END)
        if adjacent or (spans and text[start] in CLOSING):
            spans[-1] = spans[-1][0], end
        else:
            spans.append((start, end))
    return spans


def complex_character(text: str) -> str | None:
    """The first character that needs a shaping engine, if there is one.

    Combining marks and scripts written from right to left can't be drawn one after the other from the left.
    """
    for character in text:
        marks = unicodedata.category(character) in ("Mn", "Mc", "Me")
        if marks or unicodedata.bidirectional(character) in ("R", "AL", "AN"):
            return character
    return None


def _is_prose(text: str) -> bool:
    whole = len(text) >= MIN_PROSE_CHARACTERS and text[0].isupper() and text[-1] in ".?!"
    return whole and not _NO_PROSE.search(text)


def dictionary_words(
    rng: np.random.Generator, shape: tuple[int, int], but: Collection[str] = ()
) -> list[list[str]]:
    """Rows of words of a Chinese dictionary, whose lines are a word, its count, and more.

    Args:
        rng: chooses.
        shape: rows, and words in a row.
        but: characters; words of these alone are left out.
    """
    (dictionary,) = packaged_files("jieba", CHINESE.what, "draw English alone with --language en")
    counts: dict[str, int] = {}
    for line in dictionary.read_text(encoding="utf-8").splitlines():
        word, count, *_ = line.split()
        if HAN_WORD.fullmatch(word) and not set(word).issubset(but):
            counts[word] = int(count)
    words = list(counts)
    # with the root of the counts, rarer words and their characters occur often enough to be learnt
    chances = np.sqrt(np.array(list(counts.values()), dtype=float))
    drawn = rng.choice(len(words), size=shape, p=chances / chances.sum())
    return [[words[i] for i in row] for row in drawn]


def _sentence(words: Sequence[str], rng: np.random.Generator) -> str:
    clauses, start = [], 0
    for _ in range(CLAUSES_IN_SENTENCE.choose(rng)):
        end = start + WORDS_IN_CLAUSE.choose(rng)
        clauses.append("".join(words[start:end]))
        start = end
    return "，".join(clauses) + "。。。。！？"[rng.integers(6)]
