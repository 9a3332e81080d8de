"""Fonts whose characters in a file may be others than they look like: drawings, symbols and formulas.

Such fonts give letters to what are no letters, and seldom say so: the quarter circles of LaTeX's pictures are
named as dingbats are, an arrow of Wingdings is an "a" in many files, and big brackets consist of parts.
"""

import ctypes
import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pypdfium2.raw as pdfium_c

FORMULA = "displayed formula"
"""Text that a line can't say, such as a sum with its limits, and what belongs to it."""
SYMBOLS = "symbols under the names of letters"

_SUBSET = re.compile(r"^[A-Z]{6}\+")
_DRAWINGS = re.compile(
    r"l?circlew?\d*$|linew?\d*$|xy(?:atip|btip|circ|dash|line|bsql|misc|lua|luat|qc\w*)\d*|manfnt|umrand|bbding"
    r"|mfs?logo|webo|fourier-?orn|skak|chess|lasy\d|arrow|fsquare|gnuplot",
    re.IGNORECASE,
)
_SYMBOL_FONTS = re.compile(
    r"wingdings|webdings|(?:zapf)?dingbats|symbol|mtextra|mt-extra|marvo|fontawesome|fa-?(?:solid|regular|brands)"
    r"|.*icons?\b|glyphicons|wasy|stmary|msam|mnsymbol|pzdr|esint|opensymbol|starsymbol",
    re.IGNORECASE,
)
_LETTERS_TOO = re.compile(r"segoe|apple|noto|seguisym", re.IGNORECASE)
"""Symbol fonts by name that have the letters of Unicode as well."""
_MATHS_SYMBOLS = re.compile(
    r"(?:cm|lm|tx|px|eu|ms|nx|zx|rsf|esst)\w*(?:sy|bm|fs)\w*\d|lmmathsymbols", re.IGNORECASE
)
_BIG = re.compile(
    r"(?:cm|lm|tx|px|eu|nx|zx|mt|yh|fourier-m)\w*ex[ab]?\d*$|lmmathextension|.*mathext", re.IGNORECASE
)
_BIG_SIGNS = re.compile("[∏∐∑∫-∳⋀-⋃⎛-⎳⏐⏞⏟⨀-⨜]")
_MATHS = re.compile(
    r"(?:cm|lm)(?:mi|sy|mib|bsy)\d|lmmath|msbm|msam|rsfs|eu[fs][mb]\d|(?:rtx|tx|px|rpx|nx|zx)\w*mi|.*math\b|stix.*math|"
    r"asana-?math|xits-?math",
    re.IGNORECASE,
)
_ODD, _PLAIN = re.compile("[¡-¥¨¼-ÖØ-öø-ÿ]"), re.compile("[0-9A-Za-z]")
_TEX = re.compile(r"[a-z]+\d+$|lm", re.IGNORECASE)
"""Fonts of TeX, many of which are for brackets, bars and braces."""
MIN_MARKS = 4
"""Different marks of ASCII from which a font that has more of them than of all else has numbers for codes."""
MIN_LETTER_HEIGHT = 0.15
"""Of a letter or digit, by the font's size: a minus has a twentieth, small letters a fifth or more."""
MAX_DIGIT_WIDTH = 0.78
"""Of a digit with the space around it; most have 0.5 to 0.7, signs of formulas 0.78 and more."""
MIN_FORMULA = 3
"""Letters of a piece, half of them of a font for formulas, from which it is a formula."""


def font_names(page: object, positions: Sequence[int]) -> list[str | None]:
    """The name of the font of each character, None where the character is not drawn.

    Args:
        page: pdfium's handle of the page's text.
        positions: of the characters in the file.
    """
    names: dict[int, str | None] = {}
    found = []
    for position in positions:
        drawn = pdfium_c.FPDFText_GetTextObject(page, position)
        key = ctypes.cast(drawn, ctypes.c_void_p).value or 0
        if key not in names:
            hidden = pdfium_c.FPDFTextObj_GetTextRenderMode(drawn) == pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE
            names[key] = None if hidden else _font_name(drawn)
        found.append(names[key])
    return found


def odd_fonts(names: Sequence[str | None], characters: Sequence[str]) -> set[str | None]:
    """Those fonts of a page that have signs for other languages, but neither letters nor digits of English.

    In many journals a cross has the code of a pound sign, and brackets those of Icelandic letters. Fonts with
    many marks and few letters are odd too: where glyphs are numbered, and the file does not say which letters
    they are, the first has the code of an exclamation mark, the next that of a quotation mark, and so on.
    """
    used: dict[str | None, str] = {}
    for name, character in zip(names, characters, strict=True):
        used[name] = used.get(name, "") + character
    return {
        name
        for name, text in used.items()
        if (_ODD.search(text) and not _PLAIN.search(text)) or (name and _is_numbered(name, text))
    }


def _is_numbered(name: str, text: str) -> bool:
    signs = {*text}
    marks = [sign for sign in signs if sign.isascii() and not sign.isalnum()]
    return len(marks) >= MIN_MARKS and 2 * len(marks) > len(signs) and not _TEX.match(name)


def sign_fonts(
    page: object,
    positions: Sequence[int],
    names: Sequence[str | None],
    characters: Sequence[str],
    bodies: np.ndarray,
    inks: np.ndarray,
) -> set[str | None]:
    """Those fonts of a page that draw a sign for a letter or digit: in many journals 2 is a minus, 1 a plus.

    Args:
        page: pdfium's handle of the page's text.
        positions: of the characters in the file.
        names: of the font of each character.
        characters: of the page, each without the white space before it.
        bodies: their boxes with the space around them, an array of characters x 4, in points.
        inks: boxes of what is drawn, the same.
    """
    first: dict[tuple[str, str], int] = {}
    for place, (name, character) in enumerate(zip(names, characters, strict=True)):
        if name and character.isascii() and character.isalnum():
            first.setdefault((name, character), place)
    found: set[str | None] = set()
    for (name, character), place in first.items():
        across, upwards = font_size(page, positions[place])
        width, height = bodies[place, 2] - bodies[place, 0], inks[place, 3] - inks[place, 1]
        # fonts that are drawn by procedures may say that their letters have no height
        is_flat = 0 < height < MIN_LETTER_HEIGHT * upwards
        if is_flat or (character.isdigit() and width > MAX_DIGIT_WIDTH * across > 0):
            found.add(name)
    return found


def font_size(page: object, position: int) -> tuple[float, float]:
    """Size of a character's font, in points, across and upwards."""
    matrix = pdfium_c.FS_MATRIX()
    pdfium_c.FPDFText_GetMatrix(page, position, matrix)
    size = pdfium_c.FPDFText_GetFontSize(page, position)
    return size * abs(matrix.a), size * abs(matrix.d)


def find_typeface_fault(
    names: Sequence[str | None], characters: Sequence[str], odd: set[str | None]
) -> str | None:
    """Finds fault with a piece of text by the fonts of its characters.

    Args:
        names: of the font of each character.
        characters: of the piece, without white space.
        odd: fonts whose signs can't be trusted.
    """
    for name, character in zip(names, characters, strict=True):
        if name is None:
            return "invisible text"
        fault = SYMBOLS if name in odd else _character_fault(name, character)
        if fault:
            return fault
    maths = sum(number for name, number in Counter(names).items() if name and _MATHS.match(name))
    return FORMULA if maths >= MIN_FORMULA and 2 * maths >= len(names) else None


@lru_cache(maxsize=4096)
def _character_fault(name: str, character: str) -> str | None:
    """Finds fault with a character of the font `name`."""
    if _BIG.match(name) or _BIG_SIGNS.match(character):
        return FORMULA
    if _DRAWINGS.match(name):
        return "letters of a font that draws"
    # fonts named as TeX names them have dingbats by the names of their glyphs only, a1 and so on
    if "\u2700" <= character <= "\u27bf" and re.fullmatch(r"[a-z]+\d+", name):
        return "letters of a font that draws"
    if _SYMBOL_FONTS.match(name) and not _LETTERS_TOO.match(name):
        # Symbol itself has digits and marks in their usual places
        plain = character.isalpha() if name.lower().startswith("symbol") else not character.isspace()
        return SYMBOLS if character.isascii() and plain else None
    if _MATHS_SYMBOLS.match(name) and character.isascii() and (character.islower() or character.isdigit()):
        return SYMBOLS
    return None


def _font_name(drawn: object) -> str:
    """The name of the font of a text object, without the letters that mark a part of a font."""
    font, name = pdfium_c.FPDFTextObj_GetFont(drawn), ctypes.create_string_buffer(256)
    pdfium_c.FPDFFont_GetBaseFontName(font, name, len(name))
    return _SUBSET.sub("", name.value.decode("utf-8", "replace")).replace(" ", "")
