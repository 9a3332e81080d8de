"""How often digits and signs stand in texts, and how often they do in real documents."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal

from data_engines.tools.corpora import language_of

SIGNS = (
    *("digits", "$", "€ £ ¥ ￥", "%", "@", "#", "/", "|", "=", "+", "*", "&", "< >", "_", "-", "( )", "[ ]", "{ }"),
    *("\" “ ”", "' ‘ ’", ".", ",", ":", ";", "，", "。", "、", "；", "：", "（ ）", "《 》"),
)
"""What is counted: digits of any script, and signs, those of a row together."""
REFERENCE: dict[Literal["en", "zh"], tuple[float, ...]] = {"en": (), "zh": ()}
"""Of 1,000 characters in real documents, those of each row of `SIGNS`; docs/engines.md says in which."""


def count_characters(texts: Iterable[str]) -> dict[Literal["en", "zh"], Counter[str]]:
    """The characters, without white space, of lines without and with Chinese."""
    counts: dict[Literal["en", "zh"], Counter[str]] = {"en": Counter(), "zh": Counter()}
    for text in texts:
        for line in text.splitlines():
            counts[language_of(line)].update("".join(line.split()))
    return counts


def frequencies(counts: Mapping[str, int]) -> tuple[float, ...]:
    """Of 1,000 characters, those of each row of `SIGNS`.

    >>> frequencies({"a": 7, "5": 2, "$": 1})[:3]
    (200.0, 100.0, 0.0)
    """
    thousands = sum(counts.values()) / 1000 or 1.0
    digits = sum(number for character, number in counts.items() if character.isdecimal())
    signs = (sum(counts.get(sign, 0) for sign in row.split()) for row in SIGNS[1:])
    return digits / thousands, *(number / thousands for number in signs)
