"""Letters as printers set them: each with its own width, or all in cells of the same width."""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from PIL import ImageDraw

from data_engines.engine import Reject, Rgb
from data_engines.tools.boxes import Box, around
from data_engines.tools.corpora import word_spans
from data_engines.tools.fonts import Font, open_font


@dataclass(frozen=True)
class Lettering:
    """A font in one size, and how its characters follow each other."""

    font: Font
    wide: Font
    """For Chinese characters; the same font where it has all."""
    cell: int = 0
    """Pixels across for a letter, half of those for a Chinese character; 0 for the font's own widths."""
    is_dotted: bool = False
    """Whether pixels are dots of a printer, black or white."""

    @property
    def size(self) -> int:
        return self.font[2]

    def length(self, text: str) -> float:
        """The advance of a text in pixels."""
        if self.cell:
            return float(sum(self.cell * _cells(character) for character in text))
        return open_font(*self.font).getlength(text)

    def ink(self, text: str) -> Box:
        """Box of the ink of a text, from the start of its baseline.

        Raises:
            Reject: there is none.
        """
        return _ink(self, text)

    def draw(self, canvas: ImageDraw.ImageDraw, x: int, baseline: int, text: str, ink: Rgb) -> None:
        canvas.fontmode = "1" if self.is_dotted else "L"
        for part, left, font in self.parts(text):
            canvas.text((x + left, baseline), part, ink, open_font(*font), anchor="ls")

    def parts(self, text: str) -> list[tuple[str, int, Font]]:
        """What is drawn at one go: its text, its left in pixels, and the font."""
        if not self.cell:
            return [(text, 0, self.font)]
        parts, start = [], 0
        for character in text:
            width = self.cell * _cells(character)
            font = self.wide if _cells(character) == 2 else self.font
            if character != " ":
                own = open_font(*font).getlength(character)
                parts.append((character, round(start + (width - own) / 2), font))
            start += width
        return parts

    def letters(self, text: str) -> list[Box]:
        """Where each character but spaces stands, from the start of the baseline.

        It is the ink of one in a cell; of others the width is that of the character, the height of the text.
        """
        return _letters(self, text)

    def wrapped(self, text: str, width: float) -> list[str]:
        """The text in lines of at most `width` pixels, broken between words."""
        lines: list[str] = []
        spans = word_spans(text)
        start, end = spans[0]
        for word_start, word_end in spans[1:]:
            if self.length(text[start:word_end]) > width:
                lines.append(text[start:end])
                start = word_start
            end = word_end
        return [*lines, text[start:end]]


@lru_cache(maxsize=4096)
def _ink(lettering: Lettering, text: str) -> Box:
    inks = ((left, _part_ink(part, font, lettering.is_dotted)) for part, left, font in lettering.parts(text))
    return around([Box(left + ink.left, ink.top, left + ink.right, ink.bottom) for left, ink in inks])


@lru_cache(maxsize=4096)
def _letters(lettering: Lettering, text: str) -> list[Box]:
    if lettering.cell:
        parts = lettering.parts(text)
        shapes = ((left, _part_ink(part, font, lettering.is_dotted)) for part, left, font in parts)
        return [Box(left + ink.left, ink.top, left + ink.right, ink.bottom) for left, ink in shapes]
    font, ink = open_font(*lettering.font), lettering.ink(text)
    edges = [font.getlength(text[:end]) for end in range(len(text) + 1)]
    return [
        Box(max(left, ink.left), ink.top, min(right, ink.right), ink.bottom)
        for character, left, right in zip(text, edges, edges[1:], strict=False)
        if character != " "
    ]


@lru_cache(maxsize=4096)
def _part_ink(text: str, font: Font, is_dotted: bool) -> Box:
    mask, (x, y) = open_font(*font).getmask2(text, mode="1" if is_dotted else "L", anchor="ls")
    box = mask.getbbox()
    if box is None:
        raise Reject("text without ink")
    return Box(x + box[0], y + box[1], x + box[2], y + box[3])


def _cells(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
