"""Fonts: finds their files, reads their characters, and keeps fonts of this process open."""

import struct
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fontTools.ttLib import TTCollection, TTFont, TTLibError
from PIL import ImageFont

from data_engines.engine import Source
from data_engines.tools.files import files_below
from got_train.packages import matplotlib_fonts, noto_fonts

Font = tuple[str, int, int]
"""File, number of the face in it, size in pixels."""

FONT_ENDINGS = (".ttf", ".otf", ".ttc", ".otc")
SYSTEM_FOLDERS = {
    "linux": ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts"),
    "darwin": ("/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts"),
    "win32": ("C:/Windows/Fonts",),
}

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


def find_font_files(given: Sequence[Path]) -> list[Path]:
    """The font files given directly or by folders; without any, those of the system and of packages."""
    if given:
        files = [file for path in given for file in files_below(path, FONT_ENDINGS)]
        if not files:
            raise ValueError(f"--fonts {' '.join(map(str, given))}: no {', '.join(FONT_ENDINGS)} file there")
        return files
    folders = [Path(folder).expanduser() for folder in SYSTEM_FOLDERS.get(sys.platform, ())]
    found = (files_below(folder, FONT_ENDINGS) for folder in folders if folder.is_dir())
    files = [file for files in found for file in files]
    return [*files, *packaged_fonts()]


def packaged_fonts() -> list[Path]:
    """DejaVu, and Noto Sans SC and Noto Serif SC where the extra `engines` is installed."""
    return [*sorted(matplotlib_fonts().glob("DejaVu*.ttf")), *noto_fonts()]


def font_sources(files: Iterable[Path]) -> tuple[Source, ...]:
    """Font files as the manifest names them: by name only, as their folders differ between machines."""
    return tuple(Source(file, file.name) for file in files)


def read_faces(files: Iterable[Path], characters: set[str]) -> tuple[tuple[Face, ...], dict[str, int]]:
    """The faces in `files` with those of `characters` that they hold, and unusable ones counted by cause."""
    faces: list[Face] = []
    left_out: Counter[str] = Counter()
    for file in files:
        try:
            held_by_face = [held & characters for held in _read_file(file)]
            for number in (number for number, held in enumerate(held_by_face) if held):
                open_font(str(file), number, size=100)  # Pillow needs tables that fontTools doesn't
        # fontTools raises all of these on broken files
        except (TTLibError, OSError, struct.error, AssertionError, KeyError):
            left_out["unreadable font"] += 1
            continue
        for number, held in enumerate(held_by_face):
            if held:
                faces.append(Face(str(file), number, frozenset(held)))
            else:
                left_out["font without any character of the text"] += 1
    return tuple(faces), dict(left_out)


@lru_cache(maxsize=MAX_OPEN_FACES)
def open_font(path: str, number: int, size: int) -> ImageFont.FreeTypeFont:
    # the basic layout draws a text as it was measured, character by character, and is the faster one
    return ImageFont.truetype(path, size, index=number, layout_engine=ImageFont.Layout.BASIC)


def _read_file(file: Path) -> list[set[str]]:
    """The characters of each face in a font file."""
    if file.suffix.lower() in (".ttc", ".otc"):
        with TTCollection(file, lazy=True) as collection:
            return [_characters(font) for font in collection]
    with TTFont(file, lazy=True) as font:
        return [_characters(font)]


def _characters(font: TTFont) -> set[str]:
    """The characters that have an outline of their own."""
    scalable = "glyf" in font or "CFF " in font or "CFF2" in font
    # the names of glyphs don't matter here, and reading the font's own would take ten times as long
    font.setGlyphOrder([str(number) for number in range(font["maxp"].numGlyphs)])
    # format 13 maps whole blocks of characters to one placeholder, in a font of last resort
    if not scalable or "cmap" not in font or any(table.format == 13 for table in font["cmap"].tables):
        return set()
    return {chr(code) for code in font.getBestCmap() or ()}
