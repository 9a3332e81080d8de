"""Chinese and Japanese in columns, read from top to bottom, with the columns from right to left.

A column is handled as a line that was turned to the left by a quarter: its Chinese characters lie on their
left sides, and its Latin words stand as usual. Turned back, the line is a column. Unicode Standard Annex 50
says which characters stay upright in columns; one or two digits, and single capitals, share one cell.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from PIL import Image, ImageDraw

from data_engines.engine import Reject, Rgb
from data_engines.tools.boxes import Box
from data_engines.tools.corpora import complex_character
from data_engines.tools.fonts import Face, Font, open_font
from data_engines.tools.shaping import vertical_forms
from got_train.characters import EAST_ASIAN, HAN

RESHAPED = frozenset("、。，．「」『』（）【】〈〉《》〔〕［］｛｝ー〜～")
"""Signs that look otherwise, or stand elsewhere in their cells, in columns: a font must know how."""
MIN_UPRIGHT = 0.6
"""Share of a text's characters, without spaces, that stand upright where it is set in a column."""
RISE = 0.38
"""Height of a column's middle above the baseline of Latin words in it, as a share of the font's size: that of
the middle of a Chinese character."""

_UPRIGHT = rf"{EAST_ASIAN}\u203b\u2460-\u24ff\u25a0-\u26ff"
_RUN = re.compile(rf"([{_UPRIGHT}]+)|[^\s{_UPRIGHT}]+(?:\s+[^\s{_UPRIGHT}]+)*|\s+")
"""A run of characters that stand upright in columns, of words, which lie there, or of spaces."""
_CELL = re.compile(r"\d\d?|[A-Z]")
_LETTER = re.compile(rf"[{HAN}\u3040-\u30ff]")


@dataclass(frozen=True)
class Column:
    """How a column is set, with the methods of `shaping.Setting` for a line; its baseline is its middle."""

    font: Font
    direction: None = None

    def ink(self, line: str) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of the ink of a column that lies, relative to its start in pixels."""
        mask, left, top = _lying(line, self.font)
        return left, top, left + mask.width, top + mask.height

    def length(self, line: str) -> float:
        return sum(_advance(run, self.font) for run, _ in _runs(line))

    def draw(self, canvas: ImageDraw.ImageDraw, x: int, baseline: int, line: str, ink: Rgb) -> None:
        """Draws a column that lies."""
        mask, left, top = _lying(line, self.font)
        canvas.bitmap((x + left, baseline + top), mask, ink)

    def standing(self, line: str) -> Image.Image:
        """The ink of a column as it is read, as a mask without free edges."""
        return _lying(line, self.font)[0].transpose(Image.Transpose.ROTATE_270)


def can_stand(text: str) -> bool:
    """Whether a text may be set in columns: Chinese or Japanese, with few Latin letters and digits.

    >>> can_stand("第12章"), can_stand("OCR 文字"), can_stand("12")
    (True, False, False)
    """
    upright = sum(len(run) for run, stands in _runs(text) if stands or _is_cell(run))
    enough = upright >= MIN_UPRIGHT * len(text.replace(" ", ""))
    return enough and bool(_LETTER.search(text)) and complex_character(text) is None


def standing_faces(faces: Sequence[Face]) -> tuple[Face, ...]:
    """The faces with Chinese characters or kana, without the signs that they have no form of for columns."""
    able = []
    for face in faces:
        if any(map(_LETTER.match, face.characters)):
            reshaped = vertical_forms(face.characters & RESHAPED, face.path, face.number)
            able.append(replace(face, characters=face.characters - RESHAPED | reshaped))
    return tuple(able)


def check_columns(text: str, font: Font) -> None:
    """Raises a Reject if HarfBuzz, asked alone, knows no form for columns of a sign that needs one."""
    needed = frozenset(text) & RESHAPED
    if needed != vertical_forms(needed, *font[:2]):
        raise Reject("sign without a form for columns")


def turned(box: Box, width: int) -> Box:
    """A box of a page whose columns lie, on the page when it was turned and is `width` pixels wide."""
    return Box(width - box.bottom, box.left, width - box.top, box.right)


def _runs(line: str) -> list[tuple[str, bool]]:
    """The runs of a column, each with whether it stands upright."""
    return [(match[0], match[1] is not None) for match in _RUN.finditer(line)]


def _is_cell(run: str) -> bool:
    return _CELL.fullmatch(run) is not None


def _advance(run: str, font: Font) -> float:
    if _is_cell(run):
        return font[2]
    stands = _RUN.fullmatch(run)[1] is not None  # type: ignore[index]
    return open_font(*font, shaped=stands).getlength(run, direction="ttb" if stands else None)


@lru_cache(maxsize=256)  # a column is measured once or twice, and then drawn
def _lying(line: str, font: Font) -> tuple[Image.Image, int, int]:
    """The ink of a column that lies, as a mask without free edges, and its left and top from the start."""
    size = font[2]
    margin, middle = size, 2 * size
    whole = Image.new("L", (math.ceil(Column(font).length(line)) + 2 * margin, 2 * middle))
    start = 0.0
    for run, stands in _runs(line):
        if stands or _is_cell(run):
            piece = _standing_run(run, font) if stands else _cell(run, font)
            whole.paste(
                255,
                (margin + round(start) - size, middle - piece.width // 2),
                mask=piece.transpose(Image.Transpose.ROTATE_90),
            )
        else:
            place = margin + round(start), middle + round(RISE * size)
            ImageDraw.Draw(whole).text(place, run, 255, open_font(*font), anchor="ls")
        start += _advance(run, font)
    box = whole.getbbox()
    if box is None:
        raise Reject("text without ink")
    return whole.crop(box), box[0] - margin, box[1] - middle


def _standing_run(run: str, font: Font) -> Image.Image:
    """Upright characters one below the other, with a margin of the font's size above and below."""
    size = font[2]
    piece = Image.new("L", (4 * size, math.ceil(_advance(run, font)) + 2 * size))
    shaped = open_font(*font, shaped=True)
    ImageDraw.Draw(piece).text((2 * size, size), run, 255, shaped, anchor="st", direction="ttb")
    return piece


def _cell(run: str, font: Font) -> Image.Image:
    """Digits or a letter side by side in one cell, with a margin of the font's size above and below."""
    size, face = font[2], open_font(*font)
    left, _, right, _ = face.getbbox(run, anchor="ls")
    drawn = Image.new("L", (math.ceil(right - left), 3 * size))
    ImageDraw.Draw(drawn).text((-left, round(1.5 * size + RISE * size)), run, 255, face, anchor="ls")
    if drawn.width > size:
        drawn = drawn.resize((size, drawn.height), Image.Resampling.BILINEAR)
    piece = Image.new("L", (4 * size, 3 * size))
    piece.paste(drawn, ((piece.width - drawn.width) // 2, 0))
    return piece
