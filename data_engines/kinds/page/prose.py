"""The running text of document pages: sentences with formulas, citations, marks and words in other styles."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np

from data_engines.kinds.page.document import Style, Text, footnote_mark, inline_formula, join_pieces, text_run
from data_engines.options import Range
from data_engines.tools.chance import one_of
from data_engines.tools.corpora import Language, choose_words, run_of_words, word_spans
from data_engines.tools.formulas.grammar import choose_inline
from got_train.characters import HAN
from got_train.tex.source import plain_formula

PageLanguage = Literal["en", "zh"]
Thing = TypeVar("Thing")

MAX_TEXT_CHARACTERS, LONG_LINE_WORDS = 600, Range(60, 100)
"""Length of a paragraph, and the number of words that are taken from a longer line."""
BEGINNINGS = {"en": 3, "zh": 1}
"""Lines of which the longest is where the text of a section begins: in English as a rule a paragraph."""
LONGEST_WORD = 0.75
"""Length of what TeX may be unable to break, such as an address, as a share of the letters in a line."""
LINE_TRIES = 6
"""Lines of which the first without such a word is taken."""
PHRASE_TRIES = 4
"""Lines in which words for a phrase are looked for."""
POINT_WORDS = {"en": Range(3, 14), "zh": Range(5, 24)}
"""Words beside a bullet of a slide; a Chinese character counts as one."""
NEAR_LINES = 8
"""Lines of a section whose words are in its heading, its captions and its figures."""

_LATIN_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_PHRASE = {
    "en": re.compile(rf"{_LATIN_WORD.pattern}(?: {_LATIN_WORD.pattern}){{0,3}}"),
    "zh": re.compile(rf"[{HAN}]{{2,6}}"),
}
"""Texts that may be set in bold or italics."""
_GAP = {"en": re.compile(r"(?<=[a-z])(?= [a-z])"), "zh": re.compile(rf"(?<=[{HAN}])(?=[，。；！？])")}
"""Places where a formula or a citation may be inserted: between words, in Chinese at the end of a clause."""
_SENTENCE_END = {
    "en": re.compile(r"(?<=[a-z][.!?])(?= [A-Z]|$)"),
    "zh": re.compile(rf"(?<=[。！？])(?=[{HAN}]|$)"),
}
"""Places where the mark of a footnote may stand."""

_FIRST_SENTENCE = re.compile(r"(.*?[^.。])[.。]?(?<=[.?!。？！])(?=\s+[A-Z\"“]|$|[" + HAN + "])")
"""A sentence, and in a group what is left of it without a full stop."""
_TWO_HAN = re.compile(rf"[{HAN}]{{2}}")

_GIVEN = (
    "Anna Boris Carla David Elena Felix Grace Henry Irene Jonas Karin Louis Maria Nadia Oscar Paula".split()
)
_FAMILY = (
    "Adams Becker Costa Dubois Evans Fischer Garcia Hansen Ito Jones Keller Lopez Meyer Novak Olsen".split()
)
_FAMILY_ZH, _GIVEN_ZH = "王李张刘陈杨赵黄周吴徐孙", "伟芳娜敏静强磊洋勇艳杰娟涛明超霞平刚"


@dataclass(frozen=True)
class Material:
    """The texts and formulas that blocks are made of."""

    lines: Mapping[PageLanguage, tuple[str, ...]]
    """Lines that the fonts can print, in the order of their sources."""
    sentences: Mapping[PageLanguage, tuple[str, ...]]
    """Sentences with numbers, prices, dates and names, which the fonts can print."""
    matter: float
    """Share of such sentences."""
    inline: tuple[str, ...]
    displayed: tuple[str, ...]
    """Formulas for displays, as LaTeX."""
    listings: tuple[tuple[str, ...], ...]
    """Pieces of code as their lines."""
    photos: tuple[str, ...]
    """Paths of photographs."""
    made_up: float
    """Share of the formulas that are made up instead of chosen from these."""


class Prose:
    """Writes the texts of a page, those of a section in the order in which its source has them."""

    def __init__(
        self,
        rng: np.random.Generator,
        material: Material,
        language: Language,
        letters: float,
        formula_share: float,
        cites: bool,
        links: bool,
    ) -> None:
        self.rng = rng
        self.material = material
        self.formula_share = formula_share
        self.too_long = re.compile(rf"[^\s{HAN}]{{{max(int(LONGEST_WORD * letters), 10)},}}")
        self.has_terms = language == "mixed" and rng.random() < 0.5
        self.cites, self.links = cites, links
        self.places: dict[PageLanguage, int] = {}
        """The number of the next line in each language."""

    def turn_over(self) -> None:
        """Other texts follow."""
        self.places.clear()

    def place(self, language: PageLanguage) -> int:
        lines = self.material.lines[language]
        if language not in self.places:
            found = [int(self.rng.integers(len(lines))) for _ in range(BEGINNINGS[language])]
            self.places[language] = max(found, key=lambda number: len(lines[number]))
        return self.places[language]

    def inline(self) -> Text:
        if self.invents():
            return inline_formula(plain_formula(choose_inline(self.rng)))
        return inline_formula(self.choose(self.material.inline))

    def invents(self) -> bool:
        return self.rng.random() < self.material.made_up

    def text(self, language: PageLanguage, sentences: Range, mark: str = "") -> Text:
        """Some sentences, with formulas, bold words and, in Chinese, English terms.

        The mark of a footnote stands behind one of them.
        """
        texts: list[str] = []
        for _ in range(sentences.choose(self.rng)):
            line = self.line(language)
            short = len(line) <= MAX_TEXT_CHARACTERS
            texts.append(line if short else choose_words(self.rng, [line], LONG_LINE_WORDS))
            if sum(map(len, texts)) > MAX_TEXT_CHARACTERS:
                break
        pieces = [text_run((" " if language == "en" else "").join(texts))]
        while self.rng.random() < self.formula_share:
            formula = self.inline()
            if cut := self.cut(pieces, _GAP[language]):
                position, before, _, after = cut
                pieces[position : position + 1] = [text_run(before + " "), formula, text_run(after)]
        if self.has_terms and language == "zh" and (cut := self.cut(pieces, _GAP["zh"])):
            position, before, _, after = cut
            pieces[position] = text_run(f"{before}（{self.phrase('en', Range(1, 3))}）{after}")
        if self.cites and self.rng.random() < 0.4 and (cut := self.cut(pieces, _GAP[language])):
            position, before, _, after = cut
            pieces[position] = text_run(f"{before} {self.citation()}{after}")
        if self.rng.random() < 0.15:
            # Chinese has no italics
            style: Style = "italic" if language == "en" and self.rng.random() < 0.5 else "bold"
            self.set_phrase(pieces, language, style)
        if self.links and self.rng.random() < 0.5:
            self.set_phrase(pieces, language, "link")
        if mark:
            pieces = self.marked(pieces, language, mark)
        return join_pieces(pieces)

    def marked(self, pieces: list[Text], language: PageLanguage, mark: str) -> list[Text]:
        """The pieces with the mark of a footnote behind a sentence, or at their end."""
        cut = self.cut(pieces, _SENTENCE_END[language])
        if not cut or pieces[cut[0]] != text_run(cut[1] + cut[3]):
            return [*pieces, footnote_mark(mark)]
        position, before, _, after = cut
        parts = [text_run(before), footnote_mark(mark), text_run(after)]
        return [*pieces[:position], *parts, *pieces[position + 1 :]]

    def set_phrase(self, pieces: list[Text], language: PageLanguage, style: Style) -> None:
        """Sets some words of a random piece in a style, if it is plain."""
        if cut := self.cut(pieces, _PHRASE[language]):
            position, before, phrase, after = cut
            if pieces[position] == text_run(before + phrase + after):
                parts = [text_run(before), text_run(phrase, style), text_run(after)]
                pieces[position : position + 1] = [part for part in parts if part.printed]

    def citation(self) -> str:
        numbers = sorted({int(self.rng.integers(1, 60)) for _ in range(self.rng.integers(1, 4))})
        return f"[{', '.join(map(str, numbers))}]"

    def line(self, language: PageLanguage) -> str:
        """The next line, or a sentence of matter; if a word of it is too long, another one."""
        for _ in range(LINE_TRIES):
            line = self.any_line(language)
            if not self.too_long.search(line):
                break
        return line

    def any_line(self, language: PageLanguage) -> str:
        sentences = self.material.sentences[language]
        if sentences and self.rng.random() < self.material.matter:
            return self.choose(sentences)
        return self.next_line(language)

    def next_line(self, language: PageLanguage) -> str:
        lines, place = self.material.lines[language], self.place(language)
        self.places[language] = (place + 1) % len(lines)
        return lines[place]

    def near(self, language: PageLanguage) -> str:
        """A line of those that the section has, or may have."""
        lines = self.material.lines[language]
        return lines[(self.place(language) + int(self.rng.integers(NEAR_LINES))) % len(lines)]

    def cut(self, pieces: Sequence[Text], places: re.Pattern[str]) -> tuple[int, str, str, str] | None:
        """The position of a random piece, and its text before, at and after one of its `places`, if any."""
        position = int(self.rng.integers(len(pieces)))
        text = pieces[position].printed
        found = list(places.finditer(text))
        if not found:
            return None
        start, end = self.choose(found).span()
        return position, text[:start], text[start:end], text[end:]

    def phrase(self, language: PageLanguage, words: Range) -> str:
        """The first words of a line, without punctuation, and with the capitals of a name or heading.

        A Chinese word has two characters. English phrases end in a long word, which is hardly a preposition.
        """
        most = words.choose(self.rng)
        for _ in range(PHRASE_TRIES):
            if language == "zh":
                found = _TWO_HAN.findall(self.near("zh"))[:most]
            else:
                found = [word for word in _LATIN_WORD.findall(self.near("en")) if len(word) > 1][:most]
                while found and len(found[-1]) < 5:
                    found.pop()
            if found:
                return "".join(found) if language == "zh" else " ".join(found).capitalize()
        return "概要" if language == "zh" else "Overview"

    def point(self, language: PageLanguage) -> Text:
        """The next short sentence, without its full stop, as beside a bullet of a slide; or some words."""
        for _ in range(PHRASE_TRIES):
            sentence = _FIRST_SENTENCE.match(line := self.next_line(language))
            if sentence and len(word_spans(sentence[1])) <= POINT_WORDS[language].high:
                return text_run(sentence[1])
        return text_run(run_of_words(self.rng, line, POINT_WORDS[language]))

    def name(self, language: PageLanguage) -> str:
        if language == "en":
            return f"{self.choose(_GIVEN)} {self.choose(_FAMILY)}"
        given = "".join(self.choose(_GIVEN_ZH) for _ in range(self.rng.integers(1, 3)))
        return self.choose(_FAMILY_ZH) + given

    def choose(self, things: Sequence[Thing]) -> Thing:
        return one_of(self.rng, things)
