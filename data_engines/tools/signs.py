"""How often digits and signs stand in texts, and how often they do in real documents."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal

from data_engines.tools.corpora import language_of

Language = Literal["en", "zh"]

REFERENCE = {
    "digits": (72.8, 29.5),
    "$": (0.5, 0.7),
    "€ £ ¥ ￥": (0.1, 0.0),
    "%": (0.8, 0.5),
    "@": (0.2, 0.1),
    "#": (0.3, 0.1),
    "/": (6.7, 4.5),
    "|": (0.1, 0.1),
    "=": (1.3, 0.3),
    "+": (0.3, 0.2),
    "*": (0.2, 0.3),
    "&": (0.4, 0.3),
    "< >": (1.2, 0.3),
    "_": (2.1, 0.4),
    "-": (3.9, 3.3),
    "( )": (5.6, 5.5),
    "[ ]": (1.5, 0.8),
    "{ }": (2.1, 1.7),
    '" “ ”': (1.3, 6.7),
    "' ‘ ’": (1.6, 3.0),
    ".": (15.4, 18.5),
    ",": (9.1, 3.5),
    ":": (3.3, 1.8),
    ";": (0.5, 0.2),
    "，": (0.0, 18.7),
    "。": (0.0, 17.7),
    "、": (0.0, 2.5),
    "；": (0.0, 0.9),
    "：": (0.0, 2.5),
    "（ ）": (0.0, 6.8),
    "《 》": (0.0, 0.2),
}
"""Digits and signs, those of a row counted together, with their number in 1,000 characters of English and of
Chinese documents; docs/engines.md says which."""


def count_characters(texts: Iterable[str]) -> dict[Language, Counter[str]]:
    """The characters, without white space, of the lines without and with Chinese."""
    counts: dict[Language, Counter[str]] = {"en": Counter(), "zh": Counter()}
    for text in texts:
        for line in text.splitlines():
            counts[language_of(line)].update("".join(line.split()))
    return counts


def frequencies(counts: Mapping[str, int]) -> tuple[float, ...]:
    """The number in 1,000 characters of each row of `REFERENCE`.

    >>> frequencies({"a": 7, "5": 2, "$": 1})[:3]
    (200.0, 100.0, 0.0)
    """
    thousands = sum(counts.values()) / 1000 or 1.0
    digits = sum(number for character, number in counts.items() if character.isdecimal())
    signs = [sum(counts.get(sign, 0) for sign in row.split()) for row in list(REFERENCE)[1:]]
    return tuple(number / thousands for number in (digits, *signs))
