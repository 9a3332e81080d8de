"""Text lines and small text blocks on plain paper, drawn with Pillow from a corpus and fonts.

The texts of a picture stand one below the other, each at a random horizontal place. A text that is wider
than the picture is wrapped, and its lines begin at the right where they are read from there; the answer keeps
the line breaks. Answers are in logical order, that of reading and typing. Each text is a region.

Chinese and Japanese may stand in columns from right to left: the texts are then laid out as lines of a page
that lies on its side, which is turned when it is drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from data_engines.engine import Answer, Drawing, Region, Reject, Rgb, Stock, one_by_one
from data_engines.options import EngineOptions, Range, fraction, option
from data_engines.tools.boxes import Box, around
from data_engines.tools.chance import one_of
from data_engines.tools.fonts import Face, Font, choose_face, find_faces
from data_engines.tools.frames import draw_frame
from data_engines.tools.languages import LanguageCode
from data_engines.tools.parts import Part, faces_of_part
from data_engines.tools.shaping import (
    Direction,
    Setting,
    check_glyphs,
    check_shapable,
    check_shaper,
    direction_of,
    setting,
    shaper_versions,
    wrap,
)
from data_engines.tools.texts import (
    Texts,
    choose_texts,
    languages_option,
    matter_option,
    read_languages,
    texts_of_part,
    written_texts,
)
from data_engines.tools.typed import uncounted
from data_engines.tools.vertical import Column, can_stand, check_columns, standing_faces, turned
from got_train.prompts import COLORS, Color, Task

ROOM = 4
"""Pixels kept free round every text, which is more than its frame takes."""
FAINT = 1
"""Pixels at the edges of a text that may look like paper, as they have so little ink."""

NEW_PARTS = ("new-words", "new-fonts")
"""The parts that show only words that training leaves out."""


@dataclass(frozen=True)
class Options(EngineOptions):
    source: Path | None = option(
        "a UTF-8 text file to draw from; without it, texts of installed packages", None
    )
    language: tuple[LanguageCode, ...] = languages_option()
    matter: float | None = matter_option()
    fonts: tuple[Path, ...] = option("font files or folders of them; without it, the system's fonts", ())
    part: Part = option(
        "training leaves out one word of twenty and one font family of eight; new-words draws these words "
        "alone, in the fonts of training, and new-fonts draws them in the other fonts",
        "all",
    )
    units: Literal["lines", "words"] = option(
        "what a text is: a whole line of the source, or a run of words from a line", "words"
    )
    words: Range = option(
        "words in a run; a Chinese or Japanese character counts as a word", Range(2, 8), lowest=1
    )
    lines: Range = option("texts in a picture; a long one may be wrapped", Range(1, 3), lowest=1)
    width: int = option("width of a picture in pixels", 512)
    height: int = option("height of a picture in pixels", 192)
    text_height: Range = option(
        "size of the font in pixels; a text that does not fit gets a smaller one, down to LOW",
        Range(16, 32),
        lowest=6,
    )
    paper: Range = option(
        "level of red, green and blue in the paper, 0 to 255", Range(200, 255), lowest=0, highest=255
    )
    ink: Range = option(
        "level of red, green and blue in the ink, 0 to 255", Range(0, 90), lowest=0, highest=255
    )
    layout: Literal["free", "rows"] = option(
        "texts anywhere, or each at the start of a row; the rows have equal heights, as in a form", "free"
    )
    vertical: float = fraction(
        "fraction of the pictures of Chinese or Japanese texts that have them in columns, from right to left",
        0.0,
    )
    frames: float = fraction("fraction of the texts with coloured frames that no question asks about", 0.0)
    task: Literal["plain", "box", "color"] = option(
        "ask for the whole picture, for the text in a box, or for the text in a coloured frame", "plain"
    )
    questions: int = option("texts of a picture that are asked about by box or colour", 1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.part in NEW_PARTS and self.matter:
            raise ValueError(
                f"--part {self.part} --matter {self.matter}: made-up matter shows words of training too; "
                "leave --matter away"
            )
        if self.paper.low - self.ink.high < 64:
            raise ValueError(
                f"--ink {self.ink} on --paper {self.paper} can't be read; keep them 64 levels apart"
            )
        if min(self.width, self.height) < self.text_height.low + 2 * ROOM:
            raise ValueError(
                f"--width {self.width} --height {self.height}: too small for --text-height {self.text_height}"
            )
        if self.task != "plain" and self.lines.low < 2:
            raise ValueError(f"--task {self.task} asks for one text of several; give --lines 2-4, say")
        highest = 1 if self.task == "plain" else min(self.lines.low, len(COLORS))
        if not 1 <= self.questions <= highest:
            given = f"--task {self.task} --lines {self.lines}"
            raise ValueError(f"--questions {self.questions}: with {given} give 1 to {highest}")


@dataclass(frozen=True, kw_only=True)
class LinesStock(Stock[Options]):
    texts: tuple[Texts, ...]
    """One for each language; a picture has texts of one."""
    faces: tuple[Face, ...]
    standing: tuple[Face, ...]
    """Those that can write columns, without the signs that they can't."""


@dataclass(frozen=True)
class PlacedLine:
    """A line, or a column as it lies before its page is turned."""

    text: str
    x: int
    baseline: int


@dataclass(frozen=True)
class Block:
    """One text as it is drawn, in one line, or in several if it was wrapped."""

    lines: tuple[PlacedLine, ...]
    box: Box
    """Box of its ink, in pixels; right and bottom are just outside."""
    direction: Direction | None = None
    """In which its lines are read, if they need shaping."""
    frame: Color | None = None

    @property
    def text(self) -> str:
        """As it is answered."""
        return "\n".join(uncounted(line.text) for line in self.lines)


@dataclass(frozen=True)
class Spec:
    """All that is decided about one picture."""

    width: int
    height: int
    paper: Rgb
    ink: Rgb
    font: Font
    vertical: bool
    """Whether the lines are columns; the page is drawn on its side then, and turned."""
    blocks: tuple[Block, ...]
    task: Literal["plain", "box", "color"]
    asked: tuple[int, ...]
    """Indexes of the blocks that are asked about; unused with `--task plain`."""


def load(options: Options, rng: np.random.Generator) -> LinesStock:
    matter = 0.0 if options.part in NEW_PARTS else options.matter
    whole = read_languages(options.source, options.language, matter, rng)
    whose = str(options.source or "the texts")
    characters = set().union(*(some.characters() for some in whole))
    faces, font_files, left_out = find_faces(options.fonts, characters, whose, options.language)
    faces = faces_of_part(faces, [some.lines for some in whole], options.part)
    texts, unwritten = written_texts(texts_of_part(whole, options.part, rng), faces)
    sources = dict.fromkeys(source for some in texts for source in some.sources)
    if options.vertical:
        check_shaper(f"--vertical {options.vertical}")
    return LinesStock(
        sources=(*sources, *font_files),
        versions=shaper_versions(characters, columns=options.vertical > 0),
        left_out=left_out | unwritten,
        options=options,
        texts=texts,
        faces=faces,
        standing=standing_faces(faces) if options.vertical else (),
    )


def decide(rng: np.random.Generator, index: int, stock: LinesStock) -> Spec:
    options, source = stock.options, choose_texts(rng, stock.texts)
    texts = [_choose_text(rng, source, options) for _ in range(options.lines.choose(rng))]
    # without columns no chance is spent: sets stay as they were before there were any
    vertical = bool(options.vertical and all(map(can_stand, texts)) and rng.random() < options.vertical)
    face = choose_face(rng, stock.standing if vertical else stock.faces, "".join(texts))
    size, blocks = _fit(rng, texts, face, vertical, options)
    asked = tuple(int(i) for i in rng.permutation(len(blocks))[: options.questions])
    paper, ink = _choose_rgb(rng, options.paper), _choose_rgb(rng, options.ink)
    frames = _choose_frames(rng, len(blocks), asked, options)
    return Spec(
        width=options.width,
        height=options.height,
        paper=paper,
        ink=ink,
        font=(face.path, face.number, size),
        vertical=vertical,
        blocks=tuple(replace(block, frame=frames.get(i)) for i, block in enumerate(blocks)),
        task=options.task,
        asked=asked,
    )


@one_by_one
def draw(spec: Spec) -> Drawing:
    size = (spec.height, spec.width) if spec.vertical else (spec.width, spec.height)
    picture = Image.new("RGB", size, spec.paper)
    canvas = ImageDraw.Draw(picture)
    for block in spec.blocks:
        how = _setting(spec.font, block.direction, spec.vertical)
        for line in block.lines:
            how.draw(canvas, line.x, line.baseline, line.text, spec.ink)
    if spec.vertical:
        picture = picture.transpose(Image.Transpose.ROTATE_270)
    canvas = ImageDraw.Draw(picture)
    for block in spec.blocks:
        if block.frame:
            draw_frame(canvas, block.box, block.frame, text_height=spec.font[2])
    regions = tuple(Region(block.box, block.text) for block in spec.blocks)
    return Drawing((picture,), _answers(spec), regions)


def check(spec: Spec, drawing: Drawing) -> Drawing:
    """The drawing, if the ink of each text fills its box, no ink is outside the boxes, and no glyph lacks."""
    for block in spec.blocks:
        for line in block.lines if block.direction else ():
            check_glyphs(line.text, spec.font)
        for line in block.lines if spec.vertical else ():
            check_columns(line.text, spec.font)
    paper = Image.new("RGB", (spec.width, spec.height), spec.paper)
    ink = ImageChops.difference(drawing.pictures[0], paper)
    for block in spec.blocks:
        left, top, right, bottom = map(int, block.box)
        seen = ink.crop((left, top, right, bottom)).getbbox() or (right, bottom, left, top)
        sides = (*seen[:2], right - left - seen[2], bottom - top - seen[3])
        if max(sides) > FAINT:
            raise Reject("text without all of its ink")
        ink.paste(0, (left - ROOM, top - ROOM, right + ROOM, bottom + ROOM))
    if ink.getbbox():
        raise Reject("ink beside the texts")
    return drawing


def _answers(spec: Spec) -> tuple[Answer, ...]:
    if spec.task == "plain":
        return (Answer(Task(), "\n".join(block.text for block in spec.blocks)),)
    asked = [spec.blocks[position] for position in spec.asked]
    if spec.task == "color":
        return tuple(Answer(Task(color=block.frame), block.text) for block in asked)
    return tuple(Answer(Task(), block.text, box=block.box) for block in asked)


def _choose_text(rng: np.random.Generator, texts: Texts, options: Options) -> str:
    if options.units == "words":
        return check_shapable(texts.choose_run(rng, options.words))
    return check_shapable(texts.choose(rng))


def _choose_rgb(rng: np.random.Generator, levels: Range) -> Rgb:
    return levels.choose(rng), levels.choose(rng), levels.choose(rng)


def _choose_frames(
    rng: np.random.Generator, num_blocks: int, asked: Sequence[int], options: Options
) -> dict[int, Color]:
    """The frames, by block. In the colour task, all blocks asked about have one, and no colour repeats."""
    framed = [i for i in range(num_blocks) if rng.random() < options.frames]
    if options.task != "color":
        return {i: one_of(rng, COLORS) for i in framed}
    colors = [COLORS[i] for i in rng.permutation(len(COLORS))]
    return dict(zip(dict.fromkeys([*asked, *framed]), colors, strict=False))


def _setting(font: Font, direction: Direction | None, vertical: bool) -> Setting | Column:
    return Column(font) if vertical else setting(font, direction)


def _fit(
    rng: np.random.Generator, texts: Sequence[str], face: Face, vertical: bool, options: Options
) -> tuple[int, list[Block]]:
    """The font's size, and the blocks: a random size, or the largest that fits of smaller ones."""
    size = options.text_height.choose(rng)
    lay_out = _lay_out_rows if options.layout == "rows" else _lay_out
    directions = [direction_of(text) for text in texts]
    page = replace(options, width=options.height, height=options.width) if vertical else options
    while True:
        font = face.path, face.number, size
        settings = [_setting(font, direction, vertical) for direction in directions]
        blocks = lay_out(rng, list(zip(texts, settings, strict=True)), page)
        if blocks and vertical:
            return size, [replace(block, box=turned(block.box, options.width)) for block in blocks]
        if blocks:
            return size, blocks
        if size == options.text_height.low:
            raise Reject("text does not fit the picture")
        size = max(options.text_height.low, size * 4 // 5)


def _lay_out(
    rng: np.random.Generator, texts: Sequence[tuple[str, Setting | Column]], options: Options
) -> list[Block] | None:
    """Places the texts one below the other, each at a random indent; None if they don't fit."""
    widest = options.width - 2 * ROOM
    wrapped = [wrap(text, how, widest) for text, how in texts]
    inks = [[how.ink(line) for line in lines] for lines, (_, how) in zip(wrapped, texts, strict=True)]
    above = -min(top for block in inks for _, top, _, _ in block)
    below = max(bottom for block in inks for _, _, _, bottom in block)
    num_lines = sum(map(len, wrapped))
    free = options.height - num_lines * (above + below) - len(texts) * 2 * ROOM
    if free < 0 or any(right - left > widest for block in inks for left, _, right, _ in block):
        return None
    # free room goes between the lines, up to half a line each, and the rest above and below all lines
    leading = int(rng.integers(min(free // num_lines, (above + below) // 2) + 1))
    y = int(rng.integers(free - leading * (num_lines - 1) + 1))
    blocks = []
    for lines, block_inks, (_, how) in zip(wrapped, inks, texts, strict=True):
        width = max(right - left for left, _, right, _ in block_inks)
        x = ROOM + int(rng.integers(widest - width + 1))
        y += ROOM
        placed, boxes = [], []
        for text, (left, top, right, bottom) in zip(lines, block_inks, strict=True):
            baseline = y + above
            start = x + width - (right - left) if how.direction == "rtl" else x
            placed.append(PlacedLine(text, start - left, baseline))
            boxes.append(Box(start, baseline + top, start + right - left, baseline + bottom))
            y += above + below + leading
        y += ROOM
        blocks.append(Block(tuple(placed), around(boxes), how.direction))
    return blocks


def _lay_out_rows(
    rng: np.random.Generator, texts: Sequence[tuple[str, Setting | Column]], options: Options
) -> list[Block] | None:
    """Places each text near the start of its own row; None if one doesn't fit."""
    row_height = options.height // options.lines.high
    blocks = []
    for row, (text, how) in enumerate(texts):
        left, top, right, bottom = how.ink(text)
        free_across = options.width - 2 * ROOM - (right - left)
        free_down = row_height - 2 * ROOM - (bottom - top)
        if free_across < 0 or free_down < 0:
            return None
        indent = int(rng.integers(min(free_across, ROOM) + 1))
        x = ROOM + (free_across - indent if how.direction == "rtl" else indent)
        y = row * row_height + ROOM + int(rng.integers(min(free_down, ROOM // 2) + 1))
        box = Box(x, y, x + right - left, y + bottom - top)
        blocks.append(Block((PlacedLine(text, x - left, y - top),), box, how.direction))
    return blocks
