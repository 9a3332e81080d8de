"""Lines as a pen writes them stroke by stroke: Chinese characters, or the letters of a Latin hand.

The strokes of a character are the centre lines of its glyph or, where a folder has them, its medians: the
lines in the middle of its strokes, in the order of writing, as in the npm package `hanzi-writer-data`, which
has them from Make Me a Hanzi.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from data_engines.engine import Reject
from data_engines.kinds.handwriting.pen import Stroke
from data_engines.tools.centre_lines import covers, trace
from data_engines.tools.corpora import HAN_CHARACTER, word_spans
from data_engines.tools.fonts import open_font
from data_engines.tools.foreign.json_files import parse_json, written_as
from data_engines.tools.strokes import Pen, Sign, draw_signs, sign_of, stamp
from got_train.data.utf8 import read_utf8

GLYPH_SIZE = 96
"""Pixels of the em in which glyphs are traced."""
THICKEST = 0.105
"""Half of the width in ems of the thickest line; what is thicker is a solid sign."""
BULLET = "\u2022"
"""A pen's dot for it would be a middle dot."""
MEDIANS_EM = 1024
"""Units of the em of medians; y is above the baseline."""


@dataclass(frozen=True)
class StrokeFont:
    """Where the strokes of characters come from."""

    path: str
    number: int
    """Face in the font file."""
    medians: str | None
    """Folder of medians, which are used for the characters that it has."""


@dataclass(frozen=True)
class StrokeHand:
    """The properties of the writing of a line."""

    pen: Pen
    spacing: float
    """Distance of the characters, as a multiple of the font's."""
    unevenness: float
    """Share by which that distance differs from one character to the next: joined letters bear little."""
    slope: float
    """Pixels up per pixel to the right."""
    wander: float
    """How far characters stray up and down from the line, in ems."""


@dataclass(frozen=True)
class Character:
    """A character as strokes."""

    sign: Sign
    advance: float
    """Ems to the next character."""


def write_strokes(text: str, font: StrokeFont, size: int, hand: StrokeHand, seed: int) -> Stroke:
    """Writes one line of text. Raises a Reject if nothing is drawn."""
    rng = np.random.default_rng(seed)
    characters = [_known(font, character) for character in text]
    advances = hand.spacing * np.array([character.advance for character in characters])
    advances *= 1 + hand.unevenness * rng.uniform(-1, 1, len(advances))
    advances *= np.where([character == " " for character in text], rng.uniform(0.9, 1.9, len(advances)), 1)
    starts = np.cumsum(advances) - advances
    knots = np.arange(0, starts[-1] + 3, 3)
    drift = np.interp(starts, knots, rng.uniform(-1, 1, len(knots)))
    places = np.stack([starts, hand.wander * drift - hand.slope * starts], axis=1)
    inked = [i for i, character in enumerate(characters) if character.sign.strokes]
    if not inked:
        raise Reject("line without ink")
    course = draw_signs([characters[i].sign for i in inked], places[inked], hand.pen, rng)
    mask, (left, top) = stamp(course.scaled(size))
    return Stroke(mask, -left, -top)


def fit_strokes(text: str, font: StrokeFont, size: int, hand: StrokeHand, room: float) -> str:
    """The words from the start of a text that almost certainly fit on `room` pixels and can be drawn."""
    reach, end = 0.0, 0
    for _, word_end in word_spans(text):
        found = [character_of(font, character) for character in text[end:word_end]]
        advances = [character.advance for character in found if character]
        # spaces are wider than those of the font
        reach += 1.06 * size * hand.spacing * sum(advances)
        if reach > room or len(advances) < len(found):
            break
        end = word_end
    return text[:end]


@lru_cache(maxsize=8192)
def character_of(font: StrokeFont, character: str) -> Character | None:
    """The strokes of a character; None where lines of a pen don't make its glyph, as with solid signs."""
    if character == BULLET:
        return None
    face = open_font(font.path, font.number, GLYPH_SIZE)
    advance = face.getlength(character) / GLYPH_SIZE
    if font.medians and HAN_CHARACTER.match(character):
        file = Path(font.medians, f"{character}.json")
        if file.is_file():
            return Character(read_medians(file), advance)
    left, top, right, bottom = map(int, face.getbbox(character, anchor="ls"))
    picture = Image.new("L", (max(1, right - left), max(1, bottom - top)))
    ImageDraw.Draw(picture).text((-left, -top), character, 255, face, anchor="ls")
    ink = np.asarray(picture) > 127
    paths = trace(ink)
    if not covers(paths, ink, THICKEST * GLYPH_SIZE):
        return None
    return Character(sign_of([(path + (left, top)) / GLYPH_SIZE for path in paths]), advance)


def check_medians(folder: Path) -> None:
    """Raises a ValueError for a folder without the strokes of a Chinese character."""
    file = next((file for file in sorted(folder.glob("?.json")) if HAN_CHARACTER.match(file.name)), None)
    if file is None:
        raise ValueError(
            f"--strokes {folder} has no file like 永.json; give the folder of npm's hanzi-writer-data"
        )
    read_medians(file)


def read_medians(file: Path) -> Sign:
    """The strokes of a character in a file of `hanzi-writer-data`.

    Raises:
        ValueError: the file holds something else.
    """
    location = f"--strokes {file}"
    value = parse_json(read_utf8(file, location), location)
    with written_as("hanzi-writer-data", location):
        paths = [np.array(median, dtype=float).reshape(-1, 2) for median in value["medians"]]
        return sign_of([path * (1, -1) / MEDIANS_EM for path in paths], ordered=True)


def _known(font: StrokeFont, character: str) -> Character:
    found = character_of(font, character)
    if found is None:
        raise Reject(f"U+{ord(character):04X} is no drawing of a pen")
    return found
