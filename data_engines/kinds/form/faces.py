"""Fonts of papers: families that can write everything, those whose letters have one width, and hands."""

import re
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from data_engines.engine import Source
from data_engines.kind import HANDWRITING_FONTS
from data_engines.kinds.form.facts import TABLES
from data_engines.kinds.form.lettering import Lettering
from data_engines.tools.chance import one_of
from data_engines.tools.fonts import (
    Face,
    Typeface,
    find_font_files,
    font_sources,
    open_font,
    read_faces,
    typefaces,
)
from data_engines.tools.matter.filler import Matter, Tongue
from data_engines.tools.packages import packaged, packaged_files

LATIN = set(string.ascii_letters + string.digits + string.punctuation + "£€¥")
FOR_TITLES = re.compile("display", re.IGNORECASE)
"""Names of families that are too thin in small sizes."""
NAMES: dict[Tongue, str] = {"en": "English", "zh": "Chinese"}


@dataclass(frozen=True)
class Family:
    regular: Typeface
    bold: Typeface
    """The regular face where there is no other."""

    def lettering(self, size: int, *, bold: bool = False) -> Lettering:
        face = self.bold if bold else self.regular
        font = (face.path, face.number, size)
        return Lettering(font, font)


@dataclass(frozen=True)
class Faces:
    """The families for papers in one language."""

    families: tuple[Family, ...]
    """Each has all characters."""
    even: tuple[Family, ...]
    """Those whose Latin letters have one width; they may lack Chinese characters, and there may be none."""
    hands: tuple[Face, ...]
    """Handwriting that has all characters: none of packages has Chinese ones."""

    def choose(self, rng: np.random.Generator) -> Family:
        return one_of(rng, self.families)

    def choose_cells(self, rng: np.random.Generator, cell: int, *, is_dotted: bool, bold: bool) -> Lettering:
        """Letters in cells of `cell` pixels, with Chinese characters of twice the width."""
        narrow, wide = one_of(rng, self.even), self.choose(rng)
        face, wide_face = (narrow.bold, wide.bold) if bold else (narrow.regular, wide.regular)
        share = open_font(face.path, face.number, 100).getlength("0") / 100
        latin = (face.path, face.number, int(cell / share))
        return Lettering(latin, (wide_face.path, wide_face.number, 2 * cell), cell, is_dotted)


def find_form_faces(
    given: Sequence[Path], matter: Sequence[Matter]
) -> tuple[dict[Tongue, Faces], tuple[Source, ...], dict[str, int]]:
    """The faces for the language of each matter, the sources as the manifest names them, and unusable faces.

    Handwriting is that of packages, and there is none with fonts that the user gives.

    Raises:
        ValueError: no font has all characters of a language, or a package is missing.
    """
    files = find_font_files(given)
    needed = {some.tongue: LATIN | _characters(some) for some in matter}
    read, left_out = read_faces(files, set().union(*needed.values()))
    families = _families(typefaces(face for face in read if face.characters >= LATIN))
    even = tuple(family for family in families if _is_even(family.regular))
    hands: tuple[Face, ...] = ()
    sources = font_sources(files)
    if "en" in needed and not given:
        instead = "give fonts of your own with --fonts"
        found = (packaged_files(name, "**/*.ttf", instead) for name in HANDWRITING_FONTS.packages)
        hands, _ = read_faces(chain(*found), needed["en"])
        sources += packaged(HANDWRITING_FONTS)
    faces = {}
    for tongue, characters in needed.items():
        able = tuple(family for family in families if characters <= family.regular.characters)
        if not able:
            raise ValueError(
                f"--fonts: none of the {len(files)} font files has all characters of {NAMES[tongue]} papers; "
                "give others, or the other --language"
            )
        able_hands = tuple(face for face in hands if characters <= face.characters)
        faces[tongue] = Faces(able, even, able_hands)
    return faces, sources, left_out


def _characters(matter: Matter) -> set[str]:
    """All characters of the papers in a language, except spaces."""
    names = (matter.people, matter.companies, matter.addresses, matter.cities, matter.jobs, matter.words)
    tables = [value for name, value in vars(TABLES[matter.tongue]).items() if name.isupper()]
    return set().union(*_strings([names, tables])) - {" "}


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _strings([*value.keys(), *value.values()])
    elif isinstance(value, list | tuple | set):
        for item in value:
            yield from _strings(item)


def _families(faces: Sequence[Typeface]) -> tuple[Family, ...]:
    regular = {face.family: face for face in faces if face.weight < 700}
    bold = {face.family: face for face in faces if face.weight == 700}
    return tuple(
        Family(face, other if (other := bold.get(name)) and other.characters >= face.characters else face)
        for name, face in regular.items()
        if not FOR_TITLES.search(name) and _is_usual(face)
    )


def _is_usual(face: Typeface) -> bool:
    """Whether a full stop stands on the baseline: in some fonts of other scripts it is raised."""
    font = (face.path, face.number, 100)
    return abs(Lettering(font, font).ink(".").bottom) < 5


def _is_even(face: Typeface) -> bool:
    font = open_font(face.path, face.number, 100)
    return len({font.getlength(letter) for letter in "iW0."}) == 1
