"""The contents of document pages: headings, paragraphs, lists, formulas and tables, from a corpus."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal, TypeVar

import numpy as np

from data_engines.kinds.page import document
from data_engines.kinds.page.document import Block, Style, Text, inline_formula, join_pieces, text_run
from data_engines.options import Range
from data_engines.tools.chance import one_of
from data_engines.tools.corpora import HAN_CHARACTER, Language, choose_words
from data_engines.tools.formulas.grammar import choose_formula, choose_inline
from data_engines.tools.tables.choices import choose_grid
from data_engines.tools.tables.columns import Pen
from data_engines.tools.tables.grid import Rules
from got_train.characters import HAN
from got_train.tex.source import plain_formula

PageLanguage = Literal["en", "zh"]
Thing = TypeVar("Thing")

MAX_TEXT_CHARACTERS, LONG_LINE_WORDS = 600, Range(60, 100)
"""Length of a paragraph, and the number of words that are taken from a longer line."""

_LATIN_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_PHRASE = {
    "en": re.compile(rf"{_LATIN_WORD.pattern}(?: {_LATIN_WORD.pattern}){{0,3}}"),
    "zh": re.compile(rf"[{HAN}]{{2,6}}"),
}
"""Texts that may be set in bold or italics."""
_GAP = {"en": re.compile(r"(?<=[a-z]) (?=[a-z])"), "zh": re.compile(rf"(?<=[{HAN}])(?=[{HAN}])")}
"""Places where a formula or a word of the other language may be inserted."""

_TWO_HAN = re.compile(rf"[{HAN}]{{2}}")

_HEADINGS = {
    "en": "Introduction|Related Work|Background|Methods|Experiments|Results|Discussion|Conclusion",
    "zh": "引言|相关工作|研究方法|实验结果|讨论|结论|预备知识|总结与展望",
}
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
    """Lines that the fonts can print."""
    sentences: Mapping[PageLanguage, tuple[str, ...]]
    """Sentences with numbers, prices, dates and names, which the fonts can print."""
    matter: float
    """Share of such sentences."""
    inline: tuple[str, ...]
    displayed: tuple[str, ...]
    """Formulas for displays, as LaTeX."""
    made_up: float
    """Share of the formulas that are made up instead of chosen from these."""


def choose_blocks(
    rng: np.random.Generator, material: Material, language: Language, width: float, lines: float
) -> tuple[Block, ...]:
    """More blocks than fit into `lines` lines of `width` letters; a Chinese character counts twice."""
    writer = _Writer(rng, material, language)
    blocks = writer.front() if rng.random() < 0.3 else []
    if not blocks and rng.random() < 0.5:
        blocks.append(writer.paragraph())  # the page continues the one before it
    while sum(_lines(block, width) for block in blocks) < lines:
        blocks += writer.section()
    return tuple(blocks)


class _Writer:
    """Writes one block after the other, and counts sections, tables and formulas."""

    def __init__(self, rng: np.random.Generator, material: Material, language: Language) -> None:
        self.rng = rng
        self.material = material
        self.language = language
        self.numbering = rng.choice(["", "1", "1.", "一、" if language == "zh" else "1."])
        self.formula_share = float(rng.choice([0.0, 0.3, 0.7]))
        self.interlaced = language == "mixed" and rng.random() < 0.5
        self.numbers_formulas = rng.random() < 0.4
        self.section_number = int(rng.integers(0, 6))
        self.table_number = int(rng.integers(0, 5))
        self.formula_number = int(rng.integers(0, 30))

    def choose_weighted(self, weights: Mapping[str, float]) -> str:
        chances = np.array(list(weights.values()))
        return str(self.rng.choice(list(weights), p=chances / chances.sum()))

    def choose_language(self) -> PageLanguage:
        if self.language == "mixed":
            return "zh" if self.rng.random() < 0.6 else "en"
        return self.language

    def front(self) -> list[Block]:
        self.section_number = 0
        language = self.choose_language()
        blocks = [document.title(self.phrase(language, Range(4, 9)))]
        if self.rng.random() < 0.8:
            names = [self.name(language) for _ in range(self.rng.integers(1, 5))]
            place = self.phrase(language, Range(1, 2))
            affiliation = place + "大学" if language == "zh" else "University of " + place
            blocks.append(document.authors(names, affiliation))
        if self.rng.random() < 0.7:
            label = "摘要" if language == "zh" else "Abstract"
            blocks.append(document.abstract(label, self.text(language, Range(3, 7))))
        return blocks

    def section(self) -> list[Block]:
        blocks = [self.heading(1)]
        for _ in range(self.rng.integers(1, 4)):
            blocks.append(self.paragraph())
            match self.choose_weighted({"": 4, "items": 1.2, "display": 2.5, "table": 1, "heading": 1}):
                case "items":
                    blocks.append(self.items())
                case "display":
                    blocks.append(self.display())
                case "table":
                    blocks.append(self.table())
                case "heading":
                    blocks += [self.heading(2), self.paragraph()]
        return blocks

    def heading(self, level: Literal[1, 2]) -> Block:
        language = self.choose_language()
        if level == 1:
            self.section_number += 1
            self.subsection_number = 0
        else:
            self.subsection_number += 1
        text = self.phrase(language, Range(2, 5))
        if level == 1 and self.rng.random() < 0.25:
            text = str(self.rng.choice(_HEADINGS[language].split("|")))
        return document.heading(level, self.number(level), text)

    def number(self, level: Literal[1, 2]) -> str:
        if not self.numbering:
            return ""
        if self.numbering == "一、":
            return "一二三四五六七八九十"[(self.section_number - 1) % 10] + "、" if level == 1 else ""
        number = f"{self.section_number}.{self.subsection_number}" if level == 2 else f"{self.section_number}"
        return f"{number}{self.numbering.removeprefix('1')} "

    def paragraph(self) -> Block:
        return document.paragraph(self.text(self.choose_language(), Range(2, 6)))

    def items(self) -> Block:
        language = self.choose_language()
        texts = [self.text(language, Range(1, 2)) for _ in range(self.rng.integers(2, 6))]
        label = self.choose_weighted({"•": 3, "–": 1, "{}.": 3, "({})": 1, "{})": 1})
        return document.items([label.format(i) for i in range(1, len(texts) + 1)], texts)

    def display(self) -> Block:
        code = self.choose(self.material.displayed)
        if self.invents():
            code = plain_formula(choose_formula(self.rng))
        if not self.numbers_formulas:
            return document.display(code)
        self.formula_number += 1
        return document.display(code, str(self.formula_number))

    def inline(self) -> Text:
        if self.invents():
            return inline_formula(plain_formula(choose_inline(self.rng)))
        return inline_formula(self.choose(self.material.inline))

    def invents(self) -> bool:
        return self.rng.random() < self.material.made_up

    def table(self) -> Block:
        language = self.choose_language()
        rules: Rules = "booktabs" if self.rng.random() < 0.5 else "ruled"
        num_rows, num_columns = int(self.rng.integers(2, 7)), int(self.rng.integers(2, 5))
        grid = choose_grid(Pen(self.rng, [self.material.lines[language]]), num_rows, num_columns, rules)
        if self.rng.random() < 0.5:
            return document.table(grid)
        self.table_number += 1
        label = f"表 {self.table_number} " if language == "zh" else f"Table {self.table_number}: "
        return document.table(grid, label + self.phrase(language, Range(3, 7)))

    def text(self, language: PageLanguage, sentences: Range) -> Text:
        """Some sentences, with formulas, bold words and words of the other language."""
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
                pieces[position : position + 1] = [text_run(before + " "), formula, text_run(" " + after)]
        if self.interlaced and language == "zh":
            words = choose_words(self.rng, self.material.lines["en"], Range(1, 3)).strip(" ,.;:()!?")
            if words and (cut := self.cut(pieces, _GAP["zh"])):
                position, before, _, after = cut
                pieces[position] = text_run(f"{before} {words} {after}")
        if self.rng.random() < 0.15 and (cut := self.cut(pieces, _PHRASE[language])):
            position, before, phrase, after = cut
            # Chinese has no italics
            style: Style = "italic" if language == "en" and self.rng.random() < 0.5 else "bold"
            parts = [text_run(before), text_run(phrase, style), text_run(after)]
            pieces[position : position + 1] = [part for part in parts if part.printed]
        return join_pieces(pieces)

    def line(self, language: PageLanguage) -> str:
        sentences = self.material.sentences[language]
        if sentences and self.rng.random() < self.material.matter:
            return self.choose(sentences)
        return self.choose(self.material.lines[language])

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
        if language == "zh":
            return "".join(_TWO_HAN.findall(self.choose(self.material.lines["zh"]))[:most]) or "概要"
        found = _LATIN_WORD.findall(self.choose(self.material.lines["en"]))
        found = [word for word in found if len(word) > 1][:most]
        while found and len(found[-1]) < 5:
            found.pop()
        return " ".join(found).capitalize() or "Overview"

    def name(self, language: PageLanguage) -> str:
        if language == "en":
            return f"{self.choose(_GIVEN)} {self.choose(_FAMILY)}"
        given = "".join(self.choose(_GIVEN_ZH) for _ in range(self.rng.integers(1, 3)))
        return self.choose(_FAMILY_ZH) + given

    def choose(self, things: Sequence[Thing]) -> Thing:
        return one_of(self.rng, things)


def _lines(block: Block, width: float) -> float:
    """Approximate height of a block in lines of `width` letters."""
    if block.kind in ("display", "table"):
        return block.markdown.count(r"\\") + (3 if block.kind == "display" else 2)
    letters = len(block.printed) + len(HAN_CHARACTER.findall(block.printed))
    return ceil(letters / width) + (block.kind in ("title", "section", "subsection"))
