"""Random columns of tables: each has contents of one kind, under a header that fits them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from data_engines.options import Range
from data_engines.tools.chance import one_of
from data_engines.tools.corpora import HAN_WORD, choose_words
from data_engines.tools.tables.grid import Cell, text_cell
from data_engines.tools.tables.headers import HEADERS, Tongue

Item = TypeVar("Item")

UNITS = ("kg", "mm", "cm", "km", "ms", "s", "min", "MB", "GB", "Hz", "kHz", "V", "mA", "kPa", "mL", "mg", "K")
CODES = ("A", "B", "C", "NX", "SK", "TR", "No. ", "ID", "M", "Q", "R2D-", "GB/T ", "v", "#")
GREEK = {"alpha": "α", "beta": "β", "lambda": "λ", "mu": "μ", "sigma": "σ", "theta": "θ", "eta": "η"}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DATES = ("{0}-{1:02}-{2:02}", "{2}/{1}/{0}", "{3} {2}, {0}", "{2} {3} {0}", "{0}.{1}.{2}")
CHINESE_DATES = ("{0}年{1}月{2}日", "{0}-{1:02}-{2:02}", "{0}/{1}/{2}", "{0}.{1:02}.{2:02}")
MARKS = {
    "yes": ("Yes", "No"),
    "sign": ("+", "-"),
    "level": ("High", "Low"),
    "sex": ("M", "F"),
    "result": ("pass", "fail"),
}
"""What is in a column of two marks."""
CHINESE_MARKS = {
    "yes": ("是", "否"),
    "sign": ("有", "无"),
    "sex": ("男", "女"),
    "result": ("合格", "不合格"),
}
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
WORD_SHARE = 0.25
"""Share of fitting headers that have a word before them, as in `Harbour price`."""
LONG_TEXT_WORDS = Range(3, 9)
"""Words of a long text where columns may be wrapped."""
EMPTY = (Cell(), Cell(), Cell(), Cell("-", "-"), Cell("--", "–"), Cell("N/A", "N/A"))


class Pen:
    """Chooses the contents of one table at random from `rng`; words come from lines of the corpora."""

    def __init__(
        self, rng: np.random.Generator, corpora: Sequence[Sequence[str]], tongues: Sequence[Tongue] = ()
    ) -> None:
        """
        Args:
            rng: the chance by which everything is chosen.
            corpora: lines of text that words come from.
            tongues: the language of each corpus, for headers that say what a column holds. Without it,
                headers are words of the corpora, which may be in any language.
        """
        self.rng = rng
        self.corpora = corpora
        self.tongues = tongues
        self.headers: set[str] = set()
        """Headers chosen so far."""
        self.capitals = self.chance(0.7)
        """Whether names in Latin letters start with a capital."""
        self.empty_share = self.choose((0.0, 0.0, 0.0, 0.05, 0.15))
        self.empty = self.choose(EMPTY)

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def integer(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return int(self.rng.integers(low, high, endpoint=True))

    def number(self, low: float, high: float, digits: int) -> str:
        return f"{self.rng.uniform(low, high):.{digits}f}"

    def choose(self, items: Sequence[Item]) -> Item:
        return one_of(self.rng, items)

    def words(self, number: Range, corpus: Sequence[str] | None = None) -> str:
        """Words without punctuation, of any corpus or of the given one; a Chinese word has two characters."""
        while True:
            lines = self.choose(self.corpora) if corpus is None else corpus
            text = choose_words(self.rng, lines, Range(2 * number.low, 2 * number.high + 4))
            han = HAN_WORD.findall(text)
            if han:
                return "".join(han)[: 2 * number.choose(self.rng)]
            latin = [word.strip(".,;:!?()'\"-_") for word in text.split()]
            # short words are mostly articles and prepositions, which make no names
            kept = " ".join([word for word in latin if len(word) > 3][: number.choose(self.rng)])
            if kept:
                return kept[0].upper() + kept[1:] if self.capitals else kept

    def name(self, max_words: int) -> str:
        return self.words(Range(1, max_words))

    def header(self, contents: str, max_words: int = 1) -> str:
        """A header for contents of `HEADERS`, which no other column has; words where no language is known."""
        if not self.tongues:
            return self.name(max_words)
        place = self.integer(0, len(self.tongues) - 1)
        tongue = self.tongues[place]
        names = HEADERS[contents][tongue]
        unused = [name for name in names if name not in self.headers]
        header = self.choose(unused or names)
        self.headers.add(header)
        if tongue == "en" and not self.capitals:
            header = _uncapitalized(header)
        if not unused or self.chance(WORD_SHARE):
            word = self.words(Range(1, 1), self.corpora[place])
            header = f"{word} {_uncapitalized(header)}" if tongue == "en" else word + header
        return header


def _uncapitalized(header: str) -> str:
    """
    >>> _uncapitalized("Unit price"), _uncapitalized("95% CI"), _uncapitalized("F1")
    ('unit price', '95% CI', 'F1')
    """
    return header if header[1:2].isupper() or not header[1:2].isalpha() else header[0].lower() + header[1:]


@dataclass(frozen=True)
class Column:
    header: str
    choose: Callable[[], Cell]
    numeric: bool = True


def choose_column(pen: Pen) -> Column:
    """A column of any kind; common kinds are chosen more often."""
    return pen.choose(KINDS)(pen)


def name_column(pen: Pen) -> Column:
    length = pen.choose((Range(1, 1), Range(1, 2), Range(1, 3)))
    return Column(pen.header("names", 2), lambda: text_cell(pen.words(length)), numeric=False)


def _long_text(pen: Pen) -> Column:
    length = LONG_TEXT_WORDS if pen.tongues else Range(2, 5)
    return Column(pen.header("long text"), lambda: text_cell(pen.words(length)), numeric=False)


def _whole_numbers(pen: Pen) -> Column:
    highest = pen.choose((9, 99, 999, 9999, 99_999, 9_999_999))
    separator = "," if pen.chance(0.5) else ""
    header = pen.header(f"numbers to {highest}", 2)
    return Column(header, lambda: text_cell(f"{pen.integer(0, highest):{separator}}"))


def _decimals(pen: Pen) -> Column:
    digits, highest = pen.integer(1, 4), pen.choose((1, 1, 10, 100, 1000))
    low = -highest if pen.chance(0.2) else 0
    header = pen.header("differences" if low else f"decimals to {highest}", 2)
    return Column(header, lambda: text_cell(pen.number(low, highest, digits)))


def _percentages(pen: Pen) -> Column:
    digits = pen.integer(0, 2)
    if pen.chance(0.3):
        header = _with_unit(pen.header("percentages"), "%")
        return Column(header, lambda: text_cell(pen.number(0, 100, digits)))
    return Column(pen.header("percentages", 2), lambda: text_cell(pen.number(0, 100, digits) + "%"))


def _measurements(pen: Pen) -> Column:
    unit, digits = pen.choose(UNITS), pen.integer(0, 2)
    if pen.chance(0.6):
        header = _with_unit(pen.header(unit), unit)
        return Column(header, lambda: text_cell(pen.number(0, 500, digits)))
    return Column(pen.header(unit), lambda: text_cell(f"{pen.number(0, 500, digits)} {unit}"))


def _with_unit(header: str, unit: str) -> str:
    """
    >>> _with_unit("Weight", "kg")
    'Weight (kg)'
    """
    return f"{header} ({unit})"


def _money(pen: Pen) -> Column:
    sign, digits = pen.choose(("$", "$", "US$", "")), pen.choose((0, 2))
    header = pen.header("money", 2)
    behind = ""
    if HAN_WORD.search(header) and pen.tongues:
        sign, behind = pen.choose((("¥", ""), ("", "元"), ("", "")))
    if not sign + behind and pen.tongues:
        header = _with_unit(header, "元" if HAN_WORD.search(header) else "USD")
    return Column(header, lambda: text_cell(f"{sign}{pen.rng.uniform(1, 50_000):,.{digits}f}{behind}"))


def _dates(pen: Pen) -> Column:
    form = pen.choose(DATES)
    header = pen.header("dates")
    if HAN_WORD.search(header) and pen.tongues:
        form = pen.choose(CHINESE_DATES)

    def choose() -> Cell:
        month = pen.integer(1, 12)
        day = form.format(pen.integer(1950, 2030), month, pen.integer(1, 28), MONTHS[month - 1])
        return text_cell(day)

    return Column(header, choose, numeric=False)


def _years(pen: Pen) -> Column:
    header = pen.header("years")
    return Column(header, lambda: text_cell(str(pen.integer(1900, 2030))))


def _times(pen: Pen) -> Column:
    header = pen.header("times")
    return Column(header, lambda: text_cell(f"{pen.integer(0, 23)}:{pen.integer(0, 59):02}"), False)


def _codes(pen: Pen) -> Column:
    prefix, highest = pen.choose(CODES), pen.choose((9, 99, 9999))
    return Column(pen.header("codes"), lambda: text_cell(f"{prefix}{pen.integer(1, highest)}"), False)


def _marks(pen: Pen) -> Column:
    if pen.tongues:
        what = pen.choose(tuple(CHINESE_MARKS))
        header = pen.header(what)
        pair = CHINESE_MARKS[what] if HAN_WORD.search(header) else MARKS[what]
    else:
        header = pen.name(1)
        pair = pen.choose(tuple(MARKS.values()))
        if HAN_WORD.search(header):
            pair = pen.choose(tuple(CHINESE_MARKS.values()))
    return Column(header, lambda: text_cell(pen.choose(pair)), numeric=False)


def _deviations(pen: Pen) -> Column:
    digits = pen.integer(1, 3)

    def choose() -> Cell:
        mean, deviation = pen.number(0, 100, digits), pen.number(0, 5, digits)
        return Cell(rf"${mean} \pm {deviation}$", f"{mean}±{deviation}")

    return Column(pen.header("means"), choose)


def _intervals(pen: Pen) -> Column:
    digits = pen.integer(0, 2)
    form = pen.choose(("({}, {})", "[{}, {}]", "{}-{}", "{}--{}", "{} to {}"))
    header = pen.header("intervals", 2)
    if HAN_WORD.search(header) and pen.tongues:
        form = form.replace(" to ", "～")

    def choose() -> Cell:
        low = float(pen.rng.uniform(0, 50))
        ends = low, low + float(pen.rng.uniform(1, 20))
        text = form.format(*(f"{end:.{digits}f}" for end in ends))
        # TeX prints two hyphens as an en dash
        return Cell(text, text.replace("--", "–")) if form == "{}--{}" else text_cell(text)

    return Column(header, choose, numeric=False)


def _powers(pen: Pen) -> Column:
    digits = pen.integer(0, 2)

    def choose() -> Cell:
        factor, power = pen.number(1, 9.9, digits), pen.choose((-6, -5, -4, -3, -2, 2, 3, 4, 5, 6))
        return Cell(rf"${factor} \times 10^{{{power}}}$", f"{factor}×10{str(power).translate(RAISED)}")

    return Column(pen.header("powers"), choose)


def _significances(pen: Pen) -> Column:
    def choose() -> Cell:
        value, stars = pen.number(-3, 3, 3), "*" * pen.integer(0, 3)
        if pen.chance(0.15):
            return Cell("$<0.001$", "<0.001")
        return Cell(f"${value}^{{{stars}}}$", value + stars) if stars else Cell(f"${value}$", value)

    return Column(pen.header("significances"), choose)


def _symbols(pen: Pen) -> Column:
    def choose() -> Cell:
        number, name = pen.integer(1, 9), pen.choose(tuple(GREEK))
        letter, raised, lowered = pen.choose("abcdkmnpqxyz"), *map(str(number).translate, (RAISED, LOWERED))
        return pen.choose(
            (
                Cell(rf"$\{name}$", GREEK[name]),
                Cell(rf"$\{name}_{{{number}}}$", f"{GREEK[name]}{lowered}"),
                Cell(f"${letter}_{{{number}}}$", f"{letter}{lowered}"),
                Cell(f"${letter}^{{{number}}}$", f"{letter}{raised}"),
                Cell(f"${number}{letter}+{number + 1}$", f"{number}{letter}+{number + 1}"),
                Cell(rf"${letter} \leq {number}$", f"{letter}≤{number}"),
            )
        )

    return Column(pen.header("symbols"), choose, numeric=False)


KINDS = (
    [name_column] * 3
    + [_whole_numbers] * 4
    + [_decimals] * 5
    + [_percentages] * 3
    + [_measurements] * 2
    + [_deviations] * 2
    + [_long_text, _money, _dates, _years, _times, _codes, _marks, _intervals, _powers, _significances]
    + [_symbols]
)
"""A kind of column is listed as many times as it shall be drawn, relative to the others."""
