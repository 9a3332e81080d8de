"""The author of a document page, who writes its blocks one by one and numbers them."""

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import Literal

import numpy as np

from data_engines.kinds.page import document
from data_engines.kinds.page.document import Block, Text, join_pieces, text_run
from data_engines.kinds.page.figures import choose_figure
from data_engines.kinds.page.prose import Material, PageLanguage, Prose
from data_engines.kinds.page.typography import Layout
from data_engines.options import Range
from data_engines.tools.corpora import HAN_CHARACTER, Language
from data_engines.tools.formulas.grammar import choose_formula
from data_engines.tools.tables.choices import choose_grid
from data_engines.tools.tables.columns import Pen
from data_engines.tools.tables.grid import Rules
from got_train.tex.source import plain_formula

_HEADINGS = {
    "en": "Introduction|Related Work|Background|Methods|Experiments|Results|Discussion|Conclusion",
    "zh": "引言|相关工作|研究方法|实验结果|讨论|结论|预备知识|总结与展望",
}
BIBLIOGRAPHY = {"en": "References|Bibliography|Literature", "zh": "参考文献"}
EXERCISES = {"en": "Exercises|Problems|Questions|Review Exercises", "zh": "练习题|习题|思考题|练习"}
_STATEMENTS = {
    "en": "Definition|Theorem|Example|Lemma|Remark|Proof|Solution|Note",
    "zh": "定义|定理|例|引理|注|证明|解|提示",
}
_UNNUMBERED = {"Proof", "Solution", "Note", "证明", "解", "提示"}
_TASKS = {
    "en": "Evaluate {}.|Simplify {}.|Show that {}.|Write {} in another form.|Explain the meaning of {}.|"
    "Check the formula {} with a calculator.|Is {} always true? Give a reason.",
    "zh": "计算 {}。|化简 {}。|证明 {}。|把 {} 写成另一种形式。|说明 {} 的意义。|"
    "判断 {} 是否成立，并说明理由。",
}
_JOURNALS = {
    "en": "Journal of {}|Annals of {}|{} Review|Transactions on {}|Proceedings of the Conference on {}",
    "zh": "{}学报|{}研究|{}通报",
}
_CAPTIONS = {
    "en": ("Figure {}: ", "Fig. {}. ", "FIGURE {}. ", "Figure {}. "),
    "zh": ("图 {} ", "图{}：", "图 {}. "),
}
_PAPERS = {
    "en": (
        "Northern|Southern|Valley|Harbour|County|Lakeside|National|Western|Island|River",
        "The {} Times|{} Herald|The Daily {} News|The {} Gazette|The {} Post|{} Courier|{} Evening Star",
    ),
    "zh": ("江南|北方|滨海|晨光|中原|山城|湖滨|东部|新城|西部", "{}日报|{}晚报|{}时报|{}周报|{}都市报"),
}
"""Places, and the names of their newspapers."""
_SIGNS = "*†‡"


@dataclass(frozen=True)
class Room:
    """The room of a page."""

    letters: float
    """In a line of a column; a Chinese character takes the room of two."""
    lines: float
    """In all columns."""
    leading: float
    """Points from line to line."""
    column_width: float
    """In points."""
    text_width: float
    """Width of all columns, in points."""
    code_letters: float
    """In a line of code."""


class Author:
    """Writes one block after the other, and counts sections, figures, tables, formulas and footnotes.

    Args:
        rng: the only chance.
        material: what is written of.
        language: of the texts.
        layout: what kind of document it is.
        links: whether some words look like links.
        room: the room of the page.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        material: Material,
        language: Language,
        layout: Layout,
        links: bool,
        room: Room,
    ) -> None:
        self.rng = rng
        self.material = material
        self.language = language
        self.layout = layout
        self.room = room
        self.has_references = layout == "article" and rng.random() < 0.25
        cites = self.has_references or (layout == "article" and rng.random() < 0.2)
        formula_share = 0.0 if layout == "newspaper" else float(rng.choice([0.0, 0.3, 0.7]))
        self.prose = Prose(rng, material, language, room.letters, formula_share, cites, links)
        self.numbering = rng.choice(["", "1", "1.", "一、" if language == "zh" else "1."])
        self.numbers_formulas = rng.random() < 0.4
        self.caption_form = int(rng.integers(12))
        self.section_number = int(rng.integers(0, 6))
        self.table_number = int(rng.integers(0, 5))
        self.figure_number = int(rng.integers(0, 12))
        self.listing_number = int(rng.integers(0, 5))
        self.formula_number = int(rng.integers(0, 30))
        self.statement_number = int(rng.integers(0, 12))
        may_have_notes = layout in ("article", "textbook") and rng.random() < 0.35
        self.notes_left = int(rng.integers(1, 4)) if may_have_notes else 0
        self.marks_are_signs = rng.random() < 0.15
        self.note_number = 0 if self.marks_are_signs or rng.random() < 0.5 else int(rng.integers(0, 40))
        self.notes: list[tuple[str, PageLanguage]] = []
        """The mark and the language of each footnote."""
        self.tongue = self.choose_language()
        """The language of the section that is being written."""

    def choose_weighted(self, weights: Mapping[str, float]) -> str:
        chances = np.array(list(weights.values()))
        return str(self.rng.choice(list(weights), p=chances / chances.sum()))

    def choose_of(self, words: str) -> str:
        """One of the words between bars."""
        return self.prose.choose(words.split("|"))

    def turn_over(self) -> None:
        """Another section begins, with other texts, and on a mixed page perhaps in the other language."""
        self.prose.turn_over()
        self.tongue = self.choose_language()

    def choose_language(self) -> PageLanguage:
        if self.language == "mixed":
            return "zh" if self.rng.random() < 0.6 else "en"
        return self.language

    def lines(self, blocks: list[Block]) -> float:
        return sum(_num_lines(block, self.room) for block in blocks)

    def front(self) -> list[Block]:
        self.section_number = 0
        language = self.tongue
        blocks = [document.title(self.prose.phrase(language, Range(4, 9)))]
        if self.rng.random() < 0.8:
            names = [self.prose.name(language) for _ in range(self.rng.integers(1, 5))]
            place = self.prose.phrase(language, Range(1, 2))
            affiliation = place + "大学" if language == "zh" else "University of " + place
            blocks.append(document.authors(names, affiliation))
        if self.rng.random() < 0.7:
            label = "摘要" if language == "zh" else "Abstract"
            blocks.append(document.abstract(label, self.prose.text(language, Range(3, 7))))
        return blocks

    def section(self) -> list[Block]:
        self.turn_over()
        blocks = [self.heading(1)]
        for _ in range(self.rng.integers(1, 4)):
            blocks.append(self.paragraph())
            weights = {
                "": 4,
                "items": 1.2,
                "display": 2.5,
                "table": 1,
                "heading": 1,
                "figure": 1,
                "code": 0.5,
            }
            blocks += self.extra(self.choose_weighted(weights))
        return blocks

    def extra(self, what: str) -> list[Block]:
        """The blocks that may follow a paragraph."""
        match what:
            case "items":
                return [self.items()]
            case "points":
                return [self.points()]
            case "display":
                return [self.display()]
            case "table":
                return [self.table()]
            case "code":
                return [self.code()]
            case "figure":
                return self.figure(min(self.room.column_width, self.room.lines * self.room.leading))
            case "statement":
                return [self.statement()]
            case "heading":
                return [self.heading(2), self.paragraph()]
            case _:
                return []

    def heading(self, level: Literal[1, 2], text: str = "") -> Block:
        language = self.tongue
        if level == 1:
            self.section_number += 1
            self.subsection_number = 0
        else:
            self.subsection_number += 1
        text = text or self.prose.phrase(language, Range(2, 5))
        if level == 1 and self.rng.random() < 0.25:
            text = self.choose_of(_HEADINGS[language])
        return document.heading(level, self.number(level), text)

    def plain_heading(self, level: Literal[1, 2], text: str) -> Block:
        """A heading without a number."""
        return document.heading(level, "", text)

    def number(self, level: Literal[1, 2]) -> str:
        if not self.numbering:
            return ""
        if self.numbering == "一、":
            return "一二三四五六七八九十"[(self.section_number - 1) % 10] + "、" if level == 1 else ""
        number = f"{self.section_number}.{self.subsection_number}" if level == 2 else f"{self.section_number}"
        return f"{number}{self.numbering.removeprefix('1')} "

    def paragraph(self) -> Block:
        mark = ""
        if self.notes_left and self.rng.random() < 0.5:
            self.notes_left -= 1
            self.note_number += 1
            mark = _SIGNS[self.note_number - 1] if self.marks_are_signs else str(self.note_number)
            self.notes.append((mark, self.tongue))
        return document.paragraph(self.prose.text(self.tongue, Range(2, 6), mark))

    def footnotes(self) -> list[Block]:
        return [document.footnote(mark, self.prose.text(tongue, Range(1, 2))) for mark, tongue in self.notes]

    def points(self) -> Block:
        """The list of a slide."""
        language = self.tongue
        return self.listed([self.prose.point(language) for _ in range(self.rng.integers(3, 7))])

    def items(self) -> Block:
        language = self.tongue
        return self.listed([self.prose.text(language, Range(1, 2)) for _ in range(self.rng.integers(2, 6))])

    def listed(self, texts: Sequence[Text]) -> Block:
        label = self.choose_weighted({"•": 3, "–": 1, "{}.": 3, "({})": 1, "{})": 1})
        return document.items([label.format(i) for i in range(1, len(texts) + 1)], texts)

    def display(self) -> Block:
        code = self.prose.choose(self.material.displayed)
        if self.prose.invents():
            code = plain_formula(choose_formula(self.rng))
        if not self.numbers_formulas:
            return document.display(code)
        self.formula_number += 1
        return document.display(code, str(self.formula_number))

    def table(self) -> Block:
        language = self.tongue
        rules: Rules = "booktabs" if self.rng.random() < 0.5 else "ruled"
        num_rows, num_columns = int(self.rng.integers(2, 7)), int(self.rng.integers(2, 5))
        grid = choose_grid(Pen(self.rng, [self.material.lines[language]]), num_rows, num_columns, rules)
        if self.rng.random() < 0.5:
            return document.table(grid)
        self.table_number += 1
        label = f"表 {self.table_number} " if language == "zh" else f"Table {self.table_number}: "
        return document.table(grid, label + self.prose.phrase(language, Range(3, 7)))

    def figure(self, width: float) -> list[Block]:
        """A figure, at most `width` points wide, and its caption."""
        language = self.tongue
        drawn = choose_figure(
            self.rng, lambda: self.prose.phrase(language, Range(1, 3)), self.material.photos, width
        )
        self.figure_number += 1
        forms = _CAPTIONS[language]
        label = forms[self.caption_form % len(forms)].format(self.figure_number)
        text = text_run(self.prose.phrase(language, Range(3, 9)) + ("." if language == "en" else ""))
        if self.rng.random() < 0.3:
            text = self.prose.text(language, Range(1, 2))
        return [document.figure(drawn), document.caption(join_pieces([text_run(label), text]))]

    def code(self) -> Block:
        fitting = [
            lines for lines in self.material.listings if max(map(len, lines)) <= self.room.code_letters
        ]
        if not fitting:
            return self.display()
        lines = self.prose.choose(fitting)
        if self.rng.random() < 0.6:
            return document.code(lines)
        self.listing_number += 1
        language = self.tongue
        label = f"代码 {self.listing_number} " if language == "zh" else f"Listing {self.listing_number}: "
        return document.code(lines, label + self.prose.phrase(language, Range(2, 5)))

    def statement(self) -> Block:
        """A definition, theorem, example, proof and the like, with its label in bold."""
        language = self.tongue
        label = self.choose_of(_STATEMENTS[language])
        if label not in _UNNUMBERED:
            self.statement_number += 1
            label += f" {self.section_number}.{self.statement_number}"
        if language == "en":
            label += "."
        text = self.prose.text(language, Range(1, 4))
        return document.paragraph(join_pieces([text_run(label, "bold"), text_run(" "), text]))

    def exercise(self, number: int) -> Block:
        language = self.tongue
        if self.rng.random() < 0.3:
            text = self.prose.text(language, Range(1, 3))
        else:
            before, _, after = self.choose_of(_TASKS[language]).partition("{}")
            text = join_pieces([text_run(before), self.prose.inline(), text_run(after)])
        if self.rng.random() < 0.25:
            parts: list[Text] = [text]
            for letter in "abcd"[: self.rng.integers(2, 5)]:
                parts += [text_run(f" ({letter}) "), self.prose.inline()]
            text = join_pieces(parts)
        return document.entry(f"{number}.", text)

    def reference(self, number: int) -> Block:
        """A made-up entry of a list of references."""
        language = self.choose_language()
        names = [self.prose.name(language) for _ in range(self.rng.integers(1, 4))]
        self.prose.turn_over()
        work = self.prose.phrase(language, Range(4, 9))
        journal = self.choose_of(_JOURNALS[language]).format(self.prose.phrase(language, Range(1, 2)))
        year, volume, first = (int(self.rng.integers(*of)) for of in ((1970, 2025), (1, 90), (1, 900)))
        last = first + int(self.rng.integers(3, 40))
        if language == "zh":
            text = text_run(f"{'，'.join(names)}. {work}[J]. {journal}, {year}, {volume}: {first}-{last}.")
        else:
            parts = [text_run(f"{', '.join(names)}. {work}. "), text_run(journal, "italic")]
            text = join_pieces([*parts, text_run(f", {volume}:{first}-{last}, {year}.")])
        return document.entry(f"[{number}]", text)

    def front_page(self) -> list[Block]:
        """The name of a newspaper, and a line with its number, date and price."""
        places, papers = _PAPERS[self.tongue]
        name = self.choose_of(papers).format(self.choose_of(places))
        volume, number, pages = (int(self.rng.integers(*of)) for of in ((2, 190), (2, 360), (8, 64)))
        day = date(1950, 1, 1) + timedelta(days=int(self.rng.integers(27_000)))
        if self.tongue == "zh":
            weekday = "一二三四五六日"[day.weekday()]
            when = f"{day.year}年{day.month}月{day.day}日 星期{weekday}"
            line = document.dateline(f"第 {volume * number} 期", when, f"今日 {pages} 版")
        else:
            price = self.choose_of(f"{pages} Pages|Price {pages} Cents|${pages / 10:.2f}")
            weekday, month = calendar.day_name[day.weekday()], calendar.month_name[day.month]
            when = f"{weekday}, {month} {day.day}, {day.year}"
            line = document.dateline(f"Vol. {volume}, No. {number}", when, price)
        return [document.masthead(name), line]

    def byline(self) -> Block:
        language = self.tongue
        name = self.prose.name(language)
        month, day = self.rng.integers(1, 13), self.rng.integers(1, 29)
        if language == "zh":
            return document.byline(f"本报记者 {name} {month}月{day}日")
        city = self.prose.phrase(language, Range(1, 1)).upper()
        return document.byline(self.choose_of(f"By {name}|By {name}, {city}|{city}, {month}/{day} - {name}"))


def _num_lines(block: Block, room: Room) -> float:
    """Approximate height of a block in lines."""
    if block.figure:
        return ceil(block.figure.height / room.leading) + 1
    if block.kind in ("display", "table"):
        return block.markdown.count(r"\\") + (3 if block.kind == "display" else 2)
    if block.kind == "code":
        return block.markdown.count("\n")
    letters = len(block.printed) + len(HAN_CHARACTER.findall(block.printed))
    return ceil(letters / room.letters) + (block.kind in ("title", "section", "subsection"))
