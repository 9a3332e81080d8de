"""Labels in any script: lines of text and tables on pictures for people."""

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from itertools import groupby

from PIL import Image, ImageDraw

from data_engines.tools.fonts import Face, open_font, packaged_fonts, read_faces
from got_train.characters import FIRST_EAST_ASIAN

FACES = ("NotoSansSC-Regular.otf", "DejaVuSans.ttf")
"""Packaged fonts; each character is written in the first one that has it."""
LEADING = 1.4
"""Distance between baselines, as a multiple of the font's size."""


def line_height(size: int) -> int:
    return round(LEADING * size)


def text_width(text: str, size: int) -> float:
    """Width of a text in pixels, at a font size of `size` pixels."""
    return sum(_advance(character, size) for character in text)


def draw_lines(lines: Sequence[str], size: int, width: int, color: str) -> Image.Image:
    """A white picture `width` pixels wide with lines of text, below one another."""
    picture = Image.new("RGB", (width, len(lines) * line_height(size)), "white")
    canvas = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        x, baseline = 0.0, number * line_height(size) + size * 1.1
        for face, run in groupby(line, _face):
            part = "".join(run)
            canvas.text((x, baseline), part, color, open_font(face.path, face.number, size), anchor="ls")
            x += text_width(part, size)
    return picture


def wrap(text: str, size: int, width: float) -> list[str]:
    """The lines of a text; lines that are wider than `width` pixels are broken again."""
    return [line for long in text.expandtabs(4).split("\n") for line in _break(long, size, width)]


def cut(lines: Sequence[str], max_lines: int) -> list[str]:
    """At most `max_lines` of the lines, with an ellipsis at the end where there are more.

    >>> cut(["a", "b", "c"], 2)
    ['a', 'b …']
    """
    if len(lines) <= max_lines:
        return list(lines)
    return [*lines[: max_lines - 1], f"{lines[max_lines - 1]} …"]


def draw_table(cells: Sequence[Sequence[str]], size: int, max_width: int = 300) -> Image.Image:
    """A table with rules around its cells; texts are wrapped at `max_width` pixels."""
    pad = size // 2
    wrapped = [[wrap(cell, size, max_width) for cell in row] for row in cells]
    widths = [
        round(max(text_width(line, size) for cell in column for line in cell)) + 2 * pad
        for column in zip(*wrapped, strict=True)
    ]
    heights = [max(map(len, row)) * line_height(size) + pad for row in wrapped]
    picture = Image.new("RGB", (sum(widths) + 1, sum(heights) + 1), "white")
    canvas = ImageDraw.Draw(picture)
    y = 0
    for row, height in zip(wrapped, heights, strict=True):
        x = 0
        for lines, width in zip(row, widths, strict=True):
            canvas.rectangle((x, y, x + width, y + height), outline="#bbbbbb")
            picture.paste(draw_lines(lines, size, width - 2 * pad, "black"), (x + pad, y + pad // 2))
            x += width
        y += height
    return picture


def _break(line: str, size: int, width: float) -> Iterator[str]:
    """Breaks at the last space or Chinese character that fits, or anywhere, as formulas have few spaces."""
    start = 0
    while True:
        end, used = start, 0.0
        while end < len(line) and (end == start or used + _advance(line[end], size) <= width):
            used += _advance(line[end], size)
            end += 1
        if end == len(line):
            yield line[start:]
            return
        places = (place for place in range(end, start, -1) if _may_break(line, place))
        end = next(places, end)
        yield line[start:end].rstrip()
        start = end + (len(line[end:]) - len(line[end:].lstrip(" ")))


def _may_break(line: str, place: int) -> bool:
    before, after = line[place - 1], line[place]
    return " " in (before, after) or (
        min(before, after) >= FIRST_EAST_ASIAN and after not in "，。；：！？、）》」』】”’"
    )


@lru_cache(maxsize=20_000)
def _advance(character: str, size: int) -> float:
    face = _face(character)
    return open_font(face.path, face.number, size).getlength(character)


@lru_cache(maxsize=20_000)
def _face(character: str) -> Face:
    return next((face for face in _faces() if character in face.characters), _faces()[-1])


@cache
def _faces() -> tuple[Face, ...]:
    files = {file.name: file for file in packaged_fonts()}
    faces, _ = read_faces(
        [files[name] for name in FACES if name in files], set(map(chr, range(0x20, 0x30000)))
    )
    return faces
