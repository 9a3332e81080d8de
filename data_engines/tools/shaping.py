"""Lines whose letters change with their neighbours or run from right to left.

Pillow draws them with raqm, which asks FriBiDi for the order and HarfBuzz for the glyphs. All other lines are
drawn in Pillow's basic layout, letter by letter. Texts and answers are in logical order, that of reading and
typing.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from itertools import groupby
from typing import Literal, Protocol

from PIL import ImageDraw, ImageFont, features

from data_engines.engine import Reject, Rgb
from data_engines.tools.corpora import complex_character, word_spans
from data_engines.tools.fonts import Font, open_font
from data_engines.tools.languages import SCRIPTS, Script
from got_train.packages import install_line, package_folder

Direction = Literal["ltr", "rtl"]
"""In which a paragraph is read: also where its lines begin, and how Latin words stand among Arabic ones."""
DOTTED_CIRCLE = 0x25CC
"""What HarfBuzz puts below a mark that has no letter to stand on."""


@dataclass(frozen=True)
class Setting:
    """How the lines of a text are set."""

    font: ImageFont.FreeTypeFont
    direction: Direction | None
    """None for the basic layout."""

    def ink(self, line: str) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of the ink of a line, relative to the start of its baseline in pixels.

        The font's `getbbox` would also count the white beside the first and last character.
        """
        mask, (x, y) = self.font.getmask2(line, mode="L", anchor="ls", direction=self.direction)
        box = mask.getbbox()
        if box is None:
            raise Reject("text without ink")
        left, top, right, bottom = box
        return left + x, top + y, right + x, bottom + y

    def length(self, line: str) -> float:
        """The advance of a line in pixels."""
        return self.font.getlength(line, direction=self.direction)

    def draw(self, canvas: ImageDraw.ImageDraw, x: int, baseline: int, line: str, ink: Rgb) -> None:
        canvas.text((x, baseline), line, ink, self.font, anchor="ls", direction=self.direction)


class Lengths(Protocol):
    """What knows how long a line is."""

    def length(self, line: str) -> float: ...


def setting(font: Font, direction: Direction | None) -> Setting:
    return Setting(open_font(*font, shaped=direction is not None), direction)


def wrap(text: str, how: Lengths, width: float) -> list[str]:
    """Breaks a text between words into lines of at most `width` pixels; a wider word gets its own line."""
    if how.length(text) <= width:
        return [text]
    lines = []
    spans = word_spans(text)
    start, end = spans[0]
    for word_start, word_end in spans[1:]:
        if how.length(text[start:word_end]) > width:
            lines.append(text[start:end])
            start = word_start
        end = word_end
    return [*lines, text[start:end]]


def direction_of(text: str) -> Direction | None:
    """The direction of a text that needs shaping; None for other texts.

    A text is read from the right if its first letter is, as web pages have it, or if most of its letters are.

    >>> direction_of("plain"), direction_of("हिन्दी"), direction_of("שלום OCR")
    (None, 'ltr', 'rtl')
    """
    if complex_character(text) is None:
        return None
    kinds = [kind for kind in map(unicodedata.bidirectional, text) if kind in ("L", "R", "AL")]
    from_left = kinds.count("L")
    return "ltr" if kinds[:1] == ["L"] and 2 * from_left > len(kinds) else "rtl"


@lru_cache(maxsize=1)
def lacking() -> str | None:
    """What is not there to shape texts with, and how to get it; None if nothing lacks."""
    if not features.check("raqm"):
        return "this Pillow was built without raqm: pip install --force-reinstall --no-deps pillow"
    if not features.check("fribidi"):
        return "Pillow finds no FriBiDi on this system: apt-get install libfribidi0"
    try:
        package_folder("uharfbuzz")
    except ModuleNotFoundError:
        return f"the package uharfbuzz is missing; {install_line('languages')} brings it"
    return None


def shaper_versions(characters: Iterable[str], columns: bool = False) -> dict[str, str]:
    """The programs that shape such characters, or set columns, for the manifest, if any is needed."""
    if not (columns or complex_character("".join(characters))) or lacking():
        return {}
    programs = ("raqm", "fribidi", "harfbuzz")
    return {name: features.version(name) or "" for name in programs} | {"uharfbuzz": version("uharfbuzz")}


def check_shaper(flag: str) -> None:
    """Raises a ValueError if something lacks that an option, such as a language, needs."""
    if lack := lacking():
        raise ValueError(f"{flag} needs a shaping engine: {lack}")


def check_shapable(text: str) -> str:
    """The text; raises a Reject if it needs shaping, and something for that lacks."""
    character = complex_character(text)
    if character and lacking():
        raise Reject(f"U+{ord(character):04X} needs a shaping engine")
    return text


def check_glyphs(text: str, font: Font) -> None:
    """Raises a Reject if HarfBuzz, asked alone, finds no glyph for a character, or no letter for a mark."""
    import uharfbuzz  # comes with the extra `languages`

    shaper = _shaper(*font[:2])
    circle = shaper.get_nominal_glyph(DOTTED_CIRCLE)
    for _, run in groupby(text, _script):  # HarfBuzz shapes the letters of one script at a time
        buffer = uharfbuzz.Buffer()
        buffer.add_str("".join(run))
        buffer.guess_segment_properties()
        uharfbuzz.shape(shaper, buffer)
        glyphs = {info.codepoint for info in buffer.glyph_infos}
        if 0 in glyphs:
            raise Reject("character without a glyph after shaping")
        if circle in glyphs and chr(DOTTED_CIRCLE) not in text:
            raise Reject("mark without a letter to stand on")


def vertical_forms(signs: Iterable[str], path: str, number: int) -> frozenset[str]:
    """Those of some signs for which a face has another glyph in columns, as HarfBuzz, asked alone, says."""
    import uharfbuzz  # comes with the extra `languages`

    shaper, found = _shaper(path, number), set()
    for sign in signs:
        buffer = uharfbuzz.Buffer()
        buffer.add_str(sign)
        buffer.guess_segment_properties()
        buffer.direction = "ttb"
        uharfbuzz.shape(shaper, buffer)
        if buffer.glyph_infos[0].codepoint not in (0, shaper.get_nominal_glyph(ord(sign))):
            found.add(sign)
    return frozenset(found)


@lru_cache(maxsize=4096)
def _script(character: str) -> Script | None:
    return next((script for script in SCRIPTS if script.tags and script.is_in(character)), None)


@lru_cache(maxsize=32)
def _shaper(path: str, number: int) -> "uharfbuzz.Font":  # type: ignore[name-defined] # noqa: F821
    import uharfbuzz

    return uharfbuzz.Font(uharfbuzz.Face(uharfbuzz.Blob.from_file_path(path), number))
