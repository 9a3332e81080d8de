"""Checks that a drawn page says what its answer says: its words, its ink, its photographs."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

import numpy as np
from PIL import Image

from data_engines.engine import PixelBox, Reject
from data_engines.kinds.page.page_tex import count_across
from data_engines.kinds.page.spec import Spec
from got_train.characters import HAN
from got_train.tex.latex import Note

INK = 240
"""Grey level below which a pixel counts as ink."""
POINTS_PER_INCH, TEX_POINTS_PER_INCH = 72, 72.27

Places = dict[int, tuple[Note, Note]]
"""The notes of TeX on the beginning and end of each block on the page, by the block's number from 1."""

_WORD = re.compile(rf"[{HAN}]|[^\W_{HAN}]+")
_HYPHEN = re.compile("[-\u00ad\u2010\u2011\u0002\ufffe]")
_FENCED = re.compile(r"^```\n(.*)\n```$", re.DOTALL | re.MULTILINE)
_LINE_END = re.compile(_HYPHEN.pattern + "\r?\n")


def check_text(printed: Sequence[str], read: str) -> None:
    """Raises a Reject unless `read`, the text of the page in any order, has all words of `printed`."""
    needed = _count_words("\n".join(printed))
    # a hyphen at the end of a line may belong to the word, or come from hyphenation
    found = _count_words(_LINE_END.sub("", read)) | _count_words(_LINE_END.sub("\n", read))
    if needed - found:
        raise Reject("words of the answer are not on the page")


def check_code(answers: Sequence[str], read: str) -> None:
    """Raises a Reject unless `read` has each line of code of the answers, except for spaces."""
    read = "".join(read.split())
    code = [match[1] for answer in answers if (match := _FENCED.search(answer))]
    if not all("".join(line.split()) in read for text in code for line in text.split("\n")):
        raise Reject("code is not on the page as it is answered")


def _count_words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(unicodedata.normalize("NFKC", _HYPHEN.sub("", text))))


def check_columns(ink: np.ndarray, spec: Spec, places: Places) -> None:
    """Raises a Reject for ink beside the columns of text or between them, except a line in the middle."""
    style, room = spec.style, 3
    left = round(to_pixels(spec, style.margins[0]))
    right = round(to_pixels(spec, style.margins[0] + style.text_width))
    beside = ink[:, : left - room].any() or ink[:, right + room :].any()
    across = count_across(spec.blocks, style)
    tops = [begin.y for number, (begin, _) in places.items() if number > across]
    top = round(min(tops, default=0) * spec.dpi / POINTS_PER_INCH)
    bottom = round(to_pixels(spec, style.margins[1] + style.text_height))
    for column in range(1, style.columns):
        end = style.margins[0] + column * style.column_width + (column - 1) * style.gutter
        start, middle, stop = (
            round(to_pixels(spec, x)) for x in (end, end + style.gutter / 2, end + style.gutter)
        )
        parts = [slice(start + room, stop - room)]
        if style.column_rule:
            parts = [slice(start + room, middle - 1), slice(middle + 2, stop - room)]
        beside |= any(ink[top:bottom, part].any() for part in parts)
    if beside:
        raise Reject("text runs out of its column")


def photo_box(spec: Spec, number: int, begin: Note, end: Note) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the photograph of a block in pixels.

    Raises:
        Reject: TeX left another height for it.
    """
    figure = spec.blocks[number - 1].figure
    assert figure
    scale = spec.dpi / POINTS_PER_INCH
    if abs((end.y - begin.y) * scale - to_pixels(spec, figure.height)) > 1:
        raise Reject("a photograph is not where its room is")
    left = begin.x * scale + to_pixels(spec, _width_of(spec, number) - figure.width) / 2
    right, bottom = left + to_pixels(spec, figure.width), end.y * scale
    return round(left), round(begin.y * scale), round(right), round(bottom)


def _width_of(spec: Spec, number: int) -> float:
    """The width that a block has for itself, in TeX points."""
    across = number <= count_across(spec.blocks, spec.style)
    return spec.style.text_width if across else spec.style.column_width


def to_pixels(spec: Spec, tex_points: float) -> float:
    return tex_points * spec.dpi / TEX_POINTS_PER_INCH


def ink_box(ink: np.ndarray, spec: Spec, number: int, begin: Note, end: Note) -> PixelBox | None:
    """The box of a block's ink; None if it has no ink."""
    scale = spec.dpi / POINTS_PER_INCH
    left, top = int(begin.x * scale) - 1, int(begin.y * scale)
    part = ink[top : int(end.y * scale) + 1, left : int(left + to_pixels(spec, _width_of(spec, number))) + 3]
    box = Image.fromarray(part).getbbox()
    return box and (left + box[0], top + box[1], left + box[2], top + box[3])
