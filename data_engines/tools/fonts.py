"""Fonts: finds their files, reads what their faces can write, and keeps fonts of this process open."""

import re
import struct
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from fontTools.ttLib import TTCollection, TTFont, TTLibError
from PIL import ImageFont

from data_engines.engine import Reject, Source
from data_engines.tools.chance import one_of
from data_engines.tools.files import files_below
from data_engines.tools.languages import SCRIPTS, LanguageCode, letters_of, scripts_of
from got_train.packages import install_line, matplotlib_fonts, noto_fonts, package_folder

Font = tuple[str, int, int]
"""File, number of the face in it, size in pixels."""

FONT_ENDINGS = (".ttf", ".otf", ".ttc", ".otc")
SYSTEM_FOLDERS = {
    "linux": ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts"),
    "darwin": ("/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts"),
    "win32": ("C:/Windows/Fonts",),
}

OTHER_SCRIPTS = re.compile(r"caps|symbol|math|emoji|icon|dunhill|\b(JP|KR|HK|TC|TW|MBE)\b", re.IGNORECASE)
"""Names of fonts that draw small letters as capitals, have no letters, or have Han not in mainland forms."""
USUAL_WIDTH = 5
"""The `usWidthClass` of fonts that are neither condensed nor extended."""

MAX_OPEN_FACES = 128
"""In this process; a face of one size holds 0.2 MB, or 1.4 MB where it has Chinese characters.

512 took twice the memory of whole runs of `scene` and saved no time: opening a face takes 0.03 to 1 ms."""


@dataclass(frozen=True)
class Face:
    """One face of a font file, with the characters of a corpus that it can draw."""

    path: str
    number: int
    """Position in the file: collections hold several faces."""
    characters: frozenset[str]

    def can_write(self, text: str) -> bool:
        return _inked(text) <= self.characters


@dataclass(frozen=True)
class Typeface(Face):
    """A face with the name and the weight under which programs find it."""

    family: str
    weight: int
    """400 is regular, 700 bold."""


def find_font_files(given: Sequence[Path], languages: Sequence[LanguageCode] = ()) -> list[Path]:
    """The font files given directly or by folders; without any, those of the system and of packages.

    Those of a package for one script are used for its languages only.
    """
    if given:
        files = [file for path in given for file in files_below(path, FONT_ENDINGS)]
        if not files:
            raise ValueError(f"--fonts {' '.join(map(str, given))}: no {', '.join(FONT_ENDINGS)} file there")
        return files
    folders = [Path(folder).expanduser() for folder in SYSTEM_FOLDERS.get(sys.platform, ())]
    found = (files_below(folder, FONT_ENDINGS) for folder in folders if folder.is_dir())
    files = [file for files in found for file in files]
    return [*files, *packaged_fonts(), *script_fonts(languages)]


def packaged_fonts() -> list[Path]:
    """DejaVu, and Noto Sans SC and Noto Serif SC where the extra `engines` is installed."""
    return [*sorted(matplotlib_fonts().glob("DejaVu*.ttf")), *noto_fonts()]


def script_fonts(languages: Sequence[LanguageCode]) -> list[Path]:
    """The fonts for the scripts of some languages in the packages of the extra `languages` that are there."""
    modules = [
        name.replace("-", "_")
        for script in scripts_of(languages)
        if script.fonts
        for name in script.fonts.packages
    ]
    folders = [package_folder(module) for module in modules if find_spec(module)]
    return [file for folder in folders for file in files_below(folder, FONT_ENDINGS)]


def font_sources(files: Iterable[Path]) -> tuple[Source, ...]:
    """Font files as the manifest names them: by name only, as their folders differ between machines."""
    return tuple(Source(file, file.name) for file in files)


def find_faces(
    given: Sequence[Path], characters: set[str], whose: str, languages: Sequence[LanguageCode] = ()
) -> tuple[tuple[Face, ...], tuple[Source, ...], dict[str, int]]:
    """The faces for some texts: those of `given`, or without any of the system and of packages.

    Args:
        given: font files and folders.
        characters: the characters of the texts; spaces need none.
        whose: what the texts are, for the error.
        languages: the languages that are asked for.

    Returns:
        The faces, the files as the manifest names them, and unusable faces counted by cause.

    Raises:
        ValueError: there are no such files or no face with a character of the texts or letters of a language.
    """
    files = find_font_files(given, languages)
    faces, left_out = read_faces(files, characters - {" "})
    if not faces:
        raise ValueError(f"--fonts: none of the {len(files)} font files has a character of {whose}")
    for script in scripts_of(languages):
        if not any(face.characters & letters_of(script) for face in faces):
            extra = f"{install_line('languages')}, " if script.fonts else ""
            raise ValueError(
                f"--fonts: none of the {len(files)} font files has letters and rules of the {script.name} "
                f"script; {extra}apt-get install {script.debian}, or give fonts with --fonts"
            )
    return faces, font_sources(files), left_out


def read_faces(files: Iterable[Path], characters: set[str]) -> tuple[tuple[Face, ...], dict[str, int]]:
    """The faces in `files` with those of `characters` that they hold, and unusable ones counted by cause.

    Faces whose small letters look like capitals are unusable, as nobody can read from them what was written.
    """
    faces: list[Face] = []
    left_out: Counter[str] = Counter()
    for file in files:
        try:
            held = [Face(str(file), i, frozenset(c & characters)) for i, c in enumerate(_read_file(file))]
            causes = [_unusable(face) for face in held]
        # fontTools raises all of these on broken files
        except (TTLibError, OSError, struct.error, AssertionError, KeyError):
            left_out["unreadable font"] += 1
            continue
        faces += [face for face, cause in zip(held, causes, strict=True) if not cause]
        left_out.update(filter(None, causes))
    return tuple(faces), dict(left_out)


def _unusable(face: Face) -> str | None:
    """Why a face can't be used; None if it can. Raises an OSError where Pillow misses tables of the font."""
    if not face.characters:
        return "font without any character of the text"
    font = open_font(face.path, face.number, 100)
    # small letters that look like capitals have no tails
    tailed = "".join(sorted(face.characters & set("gpy")))
    bottom, foot = (font.getbbox(letters, anchor="ls")[3] for letters in (tailed, "x"))
    return "font of capitals only" if tailed and bottom < foot + 3 else None


def typefaces(faces: Iterable[Face]) -> tuple[Typeface, ...]:
    """The upright faces of usual width, regular or bold: the first one of each name and weight."""
    found: dict[tuple[str, int], Typeface] = {}
    for face in faces:
        with TTFont(face.path, fontNumber=face.number, lazy=True) as font:
            family, metrics = font["name"].getBestFamilyName() or "", font["OS/2"]
            slanted = metrics.fsSelection & 1 or font["post"].italicAngle
        weight = metrics.usWeightClass
        plain = not slanted and metrics.usWidthClass == USUAL_WIDTH and weight in (400, 500, 700)
        if plain and not OTHER_SCRIPTS.search(family) and (family, weight) not in found:
            characters = face.characters - _blank_signs(face)
            found[family, weight] = Typeface(face.path, face.number, characters, family, weight)
    return tuple(found.values())


@lru_cache(maxsize=1 << 12)
def family_of(face: Face) -> str:
    """The name of a face's family, or of its file where it says none."""
    with TTFont(face.path, fontNumber=face.number, lazy=True) as font:
        named = font["name"].getBestFamilyName() if "name" in font else None
    return named or Path(face.path).stem


def _blank_signs(face: Face) -> set[str]:
    """The signs that a face lists but draws blank: some faces do so with ℃."""
    font = open_font(face.path, face.number, 20)
    return {sign for sign in face.characters if not sign.isalnum() and font.getmask(sign).getbbox() is None}


def choose_face(rng: np.random.Generator, faces: Sequence[Face], text: str) -> Face:
    """A random face of those that have all characters of a text."""
    able = [face for face in faces if face.can_write(text)]
    if able:
        return one_of(rng, able)
    for character in sorted(_inked(text)):
        if not any(character in face.characters for face in faces):
            raise Reject(f"no font has U+{ord(character):04X}")
    raise Reject("no font has all characters of the text")


def _inked(text: str) -> set[str]:
    """The characters of a text that a face must have: all but spaces and line breaks."""
    return set(text) - {" ", "\n"}


@lru_cache(maxsize=MAX_OPEN_FACES)
def open_font(path: str, number: int, size: int, shaped: bool = False) -> ImageFont.FreeTypeFont:
    # the basic layout draws a text as it was measured, character by character, and is the faster one
    layout = ImageFont.Layout.RAQM if shaped else ImageFont.Layout.BASIC
    return ImageFont.truetype(path, size, index=number, layout_engine=layout)


def _read_file(file: Path) -> list[set[str]]:
    """The characters of each face in a font file."""
    if file.suffix.lower() in (".ttc", ".otc"):
        with TTCollection(file, lazy=True) as collection:
            return [_characters(font) for font in collection]
    with TTFont(file, lazy=True) as font:
        return [_characters(font)]


def _characters(font: TTFont) -> set[str]:
    """The characters that have an outline of their own, and rules of their script where it needs some."""
    scalable = "glyf" in font or "CFF " in font or "CFF2" in font
    # the names of glyphs don't matter here, and reading the font's own would take ten times as long
    font.setGlyphOrder([str(number) for number in range(font["maxp"].numGlyphs)])
    # format 13 maps whole blocks of characters to one placeholder, in a font of last resort
    if not scalable or "cmap" not in font or any(table.format == 13 for table in font["cmap"].tables):
        return set()
    characters = {chr(code) for code in font.getBestCmap() or ()}
    for script in SCRIPTS:
        if script.tags and characters & letters_of(script) and not script.tags & _tags(font):
            characters -= letters_of(script)
    return characters


def _tags(font: TTFont) -> set[str]:
    """The names of the scripts that a font has rules for."""
    tables = [font[name].table.ScriptList for name in ("GSUB", "GPOS") if name in font]
    return {record.ScriptTag for scripts in tables if scripts for record in scripts.ScriptRecord}
