"""Which spaces between letters part words."""

import numpy as np
import pytest

from data_engines.kinds.pdf.rules import FOUND_SPACE, Characters
from data_engines.kinds.pdf.spacing import part_words

SIZE, WIDTH = 10.0, 5.0


def parted(drawn: str, gaps: dict[str, float]) -> tuple[str, bool]:
    """The text of a line, and whether it is unclear.

    `gaps` says how far apart letters stand, in font sizes, by the sign between them: `|` and `/` are gaps in
    which pdfium finds a space, a space is one of the file, and "" is for letters without a sign between them.
    """
    texts, lefts, right = [], [], 0.0
    space = ""
    for sign in drawn:
        if sign in "|/. " and sign in gaps:
            space = sign
            continue
        lefts.append(right + SIZE * gaps[space])
        texts.append({"": "", ".": "", " ": " "}.get(space, FOUND_SPACE) + sign)
        right, space = lefts[-1] + WIDTH, ""
    boxes = np.array([(left, 0, left + WIDTH, SIZE) for left in lefts])
    characters = Characters(np.arange(len(texts)), texts, boxes, boxes)
    starts = np.arange(len(texts)) == 0
    found, unclear = part_words(characters, starts, lambda position: SIZE)
    assert unclear.all() == unclear.any()
    return "".join(found.texts).replace(FOUND_SPACE, " "), bool(unclear.any())


@pytest.mark.parametrize(
    ("drawn", "gaps", "text"),
    [
        ("two|words|of|text", {"": 0.0, "|": 0.33}, "two words of text"),
        ("tight|words|of|text", {"": 0.0, "|": 0.13}, "tight words of text"),
        ("s|t|r|i|p|e/of/c|o|d|e", {"": 0.1, "|": 0.12, "/": 0.7}, "stripe of code"),
        ("e|l|s|e", {"": 0.0, "|": 0.1}, "else"),
        ("A|B|C|D|E", {"": 0.0, "|": 0.4}, "A B C D E"),
        ("f (x ) of the file", {"": 0.0, " ": 0.12}, "f (x ) of the file"),
        ("斯|坦|福|大|学", {"": 0.0, "|": 0.2}, "斯坦福大学"),
        ("斯|坦|福|大|学/图|书|馆", {"": 0.0, "|": 0.2, "/": 1.0}, "斯坦福大学 图书馆"),
        ("文|件|中|的/TEX/宏|包", {"": 0.0, "|": 0.2, "/": 0.25}, "文件中的 TEX 宏包"),
        ("张三|李四|王五", {"": 0.0, "|": 0.3}, "张三 李四 王五"),
        ("the|option/,|or|(/x/)", {"": 0.0, "|": 0.33, "/": 0.15}, "the option, or (x)"),
        ("a|/.tex|file", {"": 0.0, "|": 0.33, "/": 0.15}, "a .tex file"),
        ("chapter/./././5", {"": 0.0, "/": 0.16}, "chapter . . . 5"),
        ("chapitre/:/deux", {"": 0.0, "/": 0.25}, "chapitre : deux"),
        ("KOMA/-Script|class", {"": 0.0, "|": 0.33, "/": 0.1}, "KOMA-Script class"),
        ("from|-|to", {"": 0.0, "|": 0.2}, "from - to"),
        ("the|court.sfinal|word", {"": 0.0, "|": 0.33, ".": 0.12}, "the court sfinal word"),
    ],
)
def test_only_spaces_that_part_words_are_kept(drawn: str, gaps: dict[str, float], text: str) -> None:
    assert parted(drawn, gaps) == (text, False)


@pytest.mark.parametrize(
    ("drawn", "gaps"),
    [
        ("Α|Β|Γ|Δ|Ε", {"": 0.0, "|": 0.17}),  # words of one letter, or a word
        ("3.3/Α|Β|Γ|Δ|Ε", {"": 0.0, "|": 0.17, "/": 1.0}),
        ("s|p|r|e|a|d/and|n|o|t", {"": 0.0, "|": 0.24, "/": 0.33}),
        ("a|slanted/%|here", {"": 0.0, "|": 0.33, "/": 0.17}),
    ],
)
def test_a_line_whose_words_cannot_be_told_is_unclear(drawn: str, gaps: dict[str, float]) -> None:
    assert parted(drawn, gaps)[1]
