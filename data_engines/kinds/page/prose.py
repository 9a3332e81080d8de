"""The contents of document pages: headings, paragraphs, lists, formulas and tables, from a corpus."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal, TypeVar

import numpy as np

from data_engines.kinds.page.document import (
    Abstract,
    Authors,
    Block,
    Display,
    Heading,
    InlineFormula,
    Items,
    Paragraph,
    Pieces,
    Table,
    TextRun,
    Title,
)
from data_engines.options import Range
from data_engines.tools.corpora import Language, choose_words
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
HAN_CHARACTER = re.compile(rf"[{HAN}]")

_PHRASE = {"en": re.compile(r"[A-Za-z]+(?: [A-Za-z]+){0,3}"), "zh": re.compile(rf"[{HAN}]{{2,6}}")}
"""Texts that may be set in bold or italics."""
_GAP = {
    "en": re.compile(r"(?<=[a-z]) (?=[a-z])"),
    "zh": re.compile(rf"(?<=[{HAN}])(?=[{HAN}])"),
}
"""Places where a formula or a word of the other language may be inserted."""

_LATIN_WORD, _TWO_HAN = re.compile(r"[A-Za-z]{2,}"), re.compile(rf"[{HAN}]{{2}}")

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

    english: tuple[str, ...]
    chinese: tuple[str, ...]
    """Chinese lines that the fonts can print."""
    inline: tuple[str, ...]
    displayed: tuple[str, ...]
    """Formulas for displays, as LaTeX."""
    made_up: float
    """Share of the formulas that are made up instead of chosen from these."""


def choose_blocks(
    rng: np.random.Generator, material: Material, language: Language, width: float, lines: float
) -> tuple[Block, ...]:
    """More blocks than fit into `lines` lines of `width` letters; a Chinese character counts twice."""
    writer = _Writer(rng, material, language, width)
    blocks = writer.front() if rng.random() < 0.3 else []
    if not blocks and rng.random() < 0.5:
        blocks.append(writer.paragraph())  # the page continues the one before it
    while sum(map(writer.lines, blocks)) < lines:
        blocks += writer.section()
    return tuple(blocks)


class _Writer:
    """Writes one block after the other, and counts sections, tables and formulas."""

    def __init__(
        self, rng: np.random.Generator, material: Material, language: Language, width: float
    ) -> None:
        self.rng = rng
        self.material = material
        self.language = language
        self.width = width
        self.numbering = rng.choice(["", "1", "1.", "一、" if language == "zh" else "1."])
        self.formula_share = float(rng.choice([0.0, 0.3, 0.7]))
        self.interlaced = language == "mixed" and rng.random() < 0.5
        self.numbers_formulas = rng.random() < 0.4
        self.section_number = int(rng.integers(0, 6))
        self.table_number = int(rng.integers(0, 5))
        self.formula_number = int(rng.integers(0, 30))

    def choose_weighted(self, *choices: tuple[float, str]) -> str:
        chances = np.array([chance for chance, _ in choices])
        return choices[self.rng.choice(len(choices), p=chances / chances.sum())][1]

    def tongue(self) -> PageLanguage:
        if self.language == "mixed":
            return "zh" if self.rng.random() < 0.6 else "en"
        return self.language

    def front(self) -> list[Block]:
        self.section_number = 0
        language = self.tongue()
        blocks: list[Block] = [Title(self.phrase(language, Range(4, 9)))]
        if self.rng.random() < 0.8:
            names = tuple(self.name(language) for _ in range(self.rng.integers(1, 5)))
            place = self.phrase(language, Range(1, 2))
            blocks.append(Authors(names, place + "大学" if language == "zh" else "University of " + place))
        if self.rng.random() < 0.7:
            label = "摘要" if language == "zh" else "Abstract"
            blocks.append(Abstract(label, self.pieces(language, Range(3, 7))))
        return blocks

    def section(self) -> list[Block]:
        blocks: list[Block] = [self.heading(1)]
        for _ in range(self.rng.integers(1, 4)):
            blocks.append(self.paragraph())
            what = self.choose_weighted(
                (4, ""), (1.2, "items"), (2.5, "display"), (1, "table"), (1, "heading")
            )
            if what == "items":
                blocks.append(self.items())
            elif what == "display":
                blocks.append(self.display())
            elif what == "table":
                blocks.append(self.table())
            elif what == "heading":
                blocks += [self.heading(2), self.paragraph()]
        return blocks

    def heading(self, level: Literal[1, 2]) -> Heading:
        language = self.tongue()
        if level == 1:
            self.section_number += 1
            self.subsection_number = 0
        else:
            self.subsection_number += 1
        text = self.phrase(language, Range(2, 5))
        if level == 1 and self.rng.random() < 0.25:
            text = str(self.rng.choice(_HEADINGS[language].split("|")))
        return Heading(level, self.number(level), text)

    def number(self, level: Literal[1, 2]) -> str:
        if not self.numbering:
            return ""
        if self.numbering == "一、":
            return "一二三四五六七八九十"[(self.section_number - 1) % 10] + "、" if level == 1 else ""
        point = "." if self.numbering == "1." else ""
        if level == 1:
            return f"{self.section_number}{point} "
        return f"{self.section_number}.{self.subsection_number}{point} "

    def paragraph(self) -> Paragraph:
        return Paragraph(self.pieces(self.tongue(), Range(2, 6)))

    def items(self) -> Items:
        language = self.tongue()
        items = tuple(self.pieces(language, Range(1, 2)) for _ in range(self.rng.integers(2, 6)))
        kind = self.choose_weighted((3, "•"), (1, "–"), (3, "{}."), (1, "({})"), (1, "{})"))
        return Items(tuple(kind.format(i) for i in range(1, len(items) + 1)), items)

    def display(self) -> Display:
        code = self.choose(self.material.displayed)
        if self.invents():
            code = plain_formula(choose_formula(self.rng))
        if not self.numbers_formulas:
            return Display(code)
        self.formula_number += 1
        return Display(code, str(self.formula_number))

    def inline(self) -> InlineFormula:
        if self.invents():
            return InlineFormula(plain_formula(choose_inline(self.rng)))
        return InlineFormula(self.choose(self.material.inline))

    def invents(self) -> bool:
        return self.rng.random() < self.material.made_up

    def table(self) -> Table:
        language = self.tongue()
        lines = self.material.english if language == "en" else self.material.chinese
        rules: Rules = "booktabs" if self.rng.random() < 0.5 else "ruled"
        num_rows, num_columns = int(self.rng.integers(2, 7)), int(self.rng.integers(2, 5))
        grid = choose_grid(Pen(self.rng, [lines]), num_rows, num_columns, rules)
        if self.rng.random() < 0.5:
            return Table(grid)
        self.table_number += 1
        label = f"表 {self.table_number} " if language == "zh" else f"Table {self.table_number}: "
        return Table(grid, label + self.phrase(language, Range(3, 7)))

    def pieces(self, language: PageLanguage, sentences: Range) -> Pieces:
        """The pieces of some sentences, with formulas, bold words and words of the other language."""
        lines = self.material.english if language == "en" else self.material.chinese
        texts: list[str] = []
        for _ in range(sentences.choose(self.rng)):
            line = self.choose(lines)
            short = len(line) <= MAX_TEXT_CHARACTERS
            texts.append(line if short else choose_words(self.rng, [line], LONG_LINE_WORDS))
            if sum(map(len, texts)) > MAX_TEXT_CHARACTERS:
                break
        text = (" " if language == "en" else "").join(texts)
        pieces: list[TextRun | InlineFormula] = [TextRun(text)]
        while self.rng.random() < self.formula_share:
            pieces = self.insert(language, pieces, self.inline())
        if self.interlaced and language == "zh":
            words = choose_words(self.rng, self.material.english, Range(1, 3)).strip(" ,.;:()!?")
            pieces = self.insert(language, pieces, TextRun(words)) if words else pieces
        if self.rng.random() < 0.15:
            pieces = self.stress(language, pieces)
        return tuple(pieces)

    def insert(
        self, language: PageLanguage, pieces: list[TextRun | InlineFormula], new: TextRun | InlineFormula
    ) -> list[TextRun | InlineFormula]:
        """Inserts the piece `new` between two words."""
        position = int(self.rng.integers(len(pieces)))
        piece = pieces[position]
        gaps = list(_GAP[language].finditer(piece.text)) if isinstance(piece, TextRun) else []
        if not gaps or not isinstance(piece, TextRun):
            return pieces
        gap = self.choose(gaps)
        before, after = TextRun(piece.text[: gap.start()] + " "), TextRun(" " + piece.text[gap.end() :])
        if isinstance(new, TextRun):
            return [*pieces[:position], TextRun(before.text + new.text + after.text), *pieces[position + 1 :]]
        return [*pieces[:position], before, new, after, *pieces[position + 1 :]]

    def stress(
        self, language: PageLanguage, pieces: list[TextRun | InlineFormula]
    ) -> list[TextRun | InlineFormula]:
        """Sets some words in bold or italics; Chinese has no italics."""
        position = int(self.rng.integers(len(pieces)))
        piece = pieces[position]
        phrases = list(_PHRASE[language].finditer(piece.text)) if isinstance(piece, TextRun) else []
        if not phrases or not isinstance(piece, TextRun):
            return pieces
        start, end = self.choose(phrases).span()
        style: Literal["bold", "italic"] = (
            "italic" if language == "en" and self.rng.random() < 0.5 else "bold"
        )
        parts = [
            TextRun(piece.text[:start]),
            TextRun(piece.text[start:end], style),
            TextRun(piece.text[end:]),
        ]
        return [*pieces[:position], *(part for part in parts if part.text), *pieces[position + 1 :]]

    def phrase(self, language: PageLanguage, words: Range) -> str:
        """The first words of a line, without punctuation, and with the capitals of a name or heading.

        A Chinese word has two characters. English phrases end in a long word, which is hardly a preposition.
        """
        most = words.choose(self.rng)
        if language == "zh":
            return "".join(_TWO_HAN.findall(self.choose(self.material.chinese))[:most]) or "概要"
        found = _LATIN_WORD.findall(self.choose(self.material.english))[:most]
        while found and len(found[-1]) < 5:
            found.pop()
        return " ".join(found).capitalize() or "Overview"

    def name(self, language: PageLanguage) -> str:
        if language == "en":
            return f"{self.choose(_GIVEN)} {self.choose(_FAMILY)}"
        given = "".join(self.choose(_GIVEN_ZH) for _ in range(self.rng.integers(1, 3)))
        return self.choose(_FAMILY_ZH) + given

    def choose(self, things: Sequence[Thing]) -> Thing:
        return things[int(self.rng.integers(len(things)))]

    def lines(self, block: Block) -> float:
        """Approximate height of a block, in lines."""
        match block:
            case Display(code=code):
                return 3 + code.count(r"\\")
            case Table(grid=grid):
                return 2 + len(grid.rows)
        printed = block.printed()
        letters = len(printed) + len(HAN_CHARACTER.findall(printed))
        return ceil(letters / self.width) + (1 if isinstance(block, Heading | Title) else 0)
