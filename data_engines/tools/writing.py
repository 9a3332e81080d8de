"""Chooses a text to write, and a face that can write it."""

from collections.abc import Sequence

import numpy as np

from data_engines.engine import Reject
from data_engines.options import Range
from data_engines.tools.corpora import choose_words, complex_character
from data_engines.tools.fonts import Face, open_font


def choose_text(rng: np.random.Generator, lines: Sequence[str], words: Range) -> str:
    """A run of words from a random line that needs no shaping engine."""
    return check_text(choose_words(rng, lines, words))


def check_text(text: str) -> str:
    """The text, if it needs no shaping engine; otherwise raises a Reject."""
    character = complex_character(text)
    if character:
        raise Reject(f"U+{ord(character):04X} needs a shaping engine")
    return text


def needed_characters(text: str) -> set[str]:
    """The characters that a face must have to write a text."""
    return set(text) - {" ", "\n"}


def choose_face(rng: np.random.Generator, faces: Sequence[Face], text: str) -> Face:
    """A random face of those that have all characters of a text."""
    needed = needed_characters(text)
    able = [face for face in faces if needed <= face.characters]
    if able:
        return able[rng.integers(len(able))]
    for character in sorted(needed):
        if not any(character in face.characters for face in faces):
            raise Reject(f"no font has U+{ord(character):04X}")
    raise Reject("no font has all characters of the text")


def tells_case(face: Face) -> bool:
    """Whether small letters have tails: in faces without, they look like capitals and can't be told apart."""
    tailed = "".join(sorted(face.characters & set("gpy")))
    font = open_font(face.path, face.number, 100)
    bottom, foot = (font.getbbox(letters, anchor="ls")[3] for letters in (tailed, "x"))
    return not tailed or bottom >= foot + 3


def leave_out_capitals(
    faces: Sequence[Face], left_out: dict[str, int]
) -> tuple[tuple[Face, ...], dict[str, int]]:
    """The faces whose small letters differ from capitals, and `left_out` with the other faces counted."""
    kept = tuple(face for face in faces if tells_case(face))
    if len(kept) == len(faces):
        return kept, left_out
    return kept, left_out | {"font of capitals only": len(faces) - len(kept)}
