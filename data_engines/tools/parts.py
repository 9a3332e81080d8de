"""Splits words and fonts into those that training shows and those that only tests show.

Whether a word is left out of training follows from a checksum of the word alone, so sets that were drawn on
other days and machines agree. Which fonts are left out follows from the names of the families that are there.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Literal
from zlib import crc32

import numpy as np

from data_engines.tools.fonts import Face, family_of
from data_engines.tools.typed import uncounted

Part = Literal["all", "training", "new-words", "new-fonts"]

ONE_WORD_OF = 20
ONE_FAMILY_OF = 8
LEAST_CHARACTERS = 3
"""Letters and digits of a word that can be left out: without "a" and "of" hardly a sentence could be read."""
WORDS_IN_LINE = 8
"""Words in a line of new words."""
LINES_TRIED = 500
"""Number of lines, evenly spaced, that tell whether a font writes the texts; all 77,000 tell the same."""
LEAST_WRITTEN = 0.1
"""Share of the lines that a font writes if it is for these texts: Chinese fonts write 0.03 of Greek ones."""

_WORD = re.compile(r"\S+\s*")


def key_of(word: str) -> str:
    """A word in lower case, without punctuation and signs round it.

    >>> key_of("(Don't!")
    "don't"
    """
    start, end = 0, len(word)
    while start < end and _is_sign(word[start]):
        start += 1
    while start < end and _is_sign(word[end - 1]):
        end -= 1
    return word[start:end].lower()


def is_left_out(word: str) -> bool:
    """Whether training leaves a word out, in all its forms with the same key."""
    key = key_of(word)
    return sum(map(str.isalnum, key)) >= LEAST_CHARACTERS and crc32(key.encode()) % ONE_WORD_OF == 0


def without_left_out(text: str) -> str:
    """The text without the words that training leaves out; empty if nothing else is in it.

    Empty too if a word is left out that shows only in the answer, where leaders are shorter.
    """
    kept = _WORD.sub(lambda word: "" if is_left_out(word[0].rstrip()) else word[0], text).strip()
    return "" if any(map(is_left_out, uncounted(kept).split())) else kept


def lines_of_new_words(lines: Iterable[str], rng: np.random.Generator) -> tuple[str, ...]:
    """The words that training leaves out, each form once, in random order, as lines of `WORDS_IN_LINE`."""
    forms = list(dict.fromkeys(filter(is_left_out, _words(lines))))
    shuffled = [forms[i] for i in rng.permutation(len(forms))]
    starts = range(0, len(shuffled), WORDS_IN_LINE)
    return tuple(" ".join(shuffled[start : start + WORDS_IN_LINE]) for start in starts)


def faces_of_part(faces: Sequence[Face], lines: Sequence[Sequence[str]], part: Part) -> tuple[Face, ...]:
    """The faces that a part draws with.

    Args:
        faces: all that have characters of the texts.
        lines: all lines of each language, whatever the part shows of them. A family counts if it can write
            `LEAST_WRITTEN` of those of one language; the others are never left out.
        part: `new-fonts` has the families that are left out, the others those that training has.

    Raises:
        ValueError: there are too few families to leave one out.
    """
    if part == "all":
        return tuple(faces)
    tried = [_evenly_spaced(own) for own in lines]
    names = {family_of(face) for face in faces if any(_writes(face, own) for own in tried)}
    if len(names) < 2 and part != "new-words":
        found = f"only of the family {min(names)}" if names else "of no family"
        raise ValueError(
            f"--part {part} needs fonts of two families or more that write the texts, and has fonts {found}; "
            "give more fonts with --fonts, or install fonts"
        )
    left_out = families_left_out(names) if len(names) > 1 else ()
    return tuple(face for face in faces if (family_of(face) in left_out) == (part == "new-fonts"))


def families_left_out(names: Iterable[str]) -> tuple[str, ...]:
    """The first eighth of the families by the checksums of their names, rounded up."""
    ordered = sorted(names, key=lambda name: (crc32(name.encode()), name))
    return tuple(ordered[: -(-len(ordered) // ONE_FAMILY_OF)])


@lru_cache(maxsize=1 << 14)
def _is_sign(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS"


def _words(lines: Iterable[str]) -> Iterator[str]:
    """The words of all lines as they stand in answers."""
    for line in lines:
        yield from uncounted(line).split()


def _evenly_spaced(lines: Sequence[str]) -> list[str]:
    # a file that is read line by line has no slices
    return [lines[i] for i in range(0, len(lines), -(-len(lines) // LINES_TRIED))]


def _writes(face: Face, lines: Sequence[str]) -> bool:
    return sum(map(face.can_write, lines)) >= LEAST_WRITTEN * len(lines)
