"""Handwritten lines, one below the other on a blank, ruled or squared page.

Lines are written in handwriting fonts, with every letter a little different, or they are pictures of lines
that people wrote; only the ink of such a picture is put on the page. Each line is a line of the answer and a
region.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from data_engines.engine import Answer, Drawing, Region, Reject, Rgb, Source, Stock, one_by_one
from data_engines.kinds.handwriting import HANDWRITING_FONTS
from data_engines.kinds.handwriting.line_images import LineImage, read_ink, read_line_images
from data_engines.kinds.handwriting.pen import Hand, Stroke, fit, write
from data_engines.options import EngineOptions, Range, check_bounds, option
from data_engines.tools.chance import one_of
from data_engines.tools.corpora import Language, complex_character, word_spans
from data_engines.tools.fonts import Face, Font, find_font_files, font_sources, read_faces
from data_engines.tools.packages import packaged, packaged_files
from data_engines.tools.texts import Texts, matter_option, read_texts
from data_engines.tools.typed import uncounted
from got_train.prompts import Task

TRIES = 30
"""Texts that are tried for a line until the face of the page can write one and it fits."""
NO_FIRST = " ,.;:!?)-'，。！？、）"
"""Characters that no line starts with."""

Place = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels."""
Ruling = Literal["blank", "ruled", "margin", "squared"]
RULINGS: dict[Ruling, float] = {"blank": 0.45, "ruled": 0.3, "margin": 0.1, "squared": 0.15}
"""Probability of each ruling."""
PENS: tuple[Rgb, ...] = ((25, 25, 28), (22, 38, 120), (35, 45, 90), (70, 70, 75), (125, 25, 30), (20, 70, 45))
PEN_CHANCES = (0.35, 0.25, 0.17, 0.13, 0.06, 0.04)
RULE_COLORS: tuple[Rgb, ...] = ((150, 180, 215), (178, 190, 205), (185, 185, 185), (165, 195, 175))
MARGIN_RULE: Rgb = (226, 160, 160)
INKED = 96
"""Level of a mask from which a pixel counts as ink."""
BASELINE = 0.7
"""Approximate height of the baseline in a picture of a line, as a share from the top."""


@dataclass(frozen=True)
class Options(EngineOptions):
    source: Path | None = option(
        "a UTF-8 text file to draw from; without it, texts of installed packages", None
    )
    language: Language | None = option(
        "language of the texts, by default that of the source, or English; Chinese needs --fonts", None
    )
    matter: float | None = matter_option()
    fonts: tuple[Path, ...] = option(
        "font files or folders of them; without it, packaged handwriting fonts", ()
    )
    line_images: Path | None = option(
        "a list of pictures of written lines with their texts (IAM's lines.txt, TSV, CSV, JSONL); "
        "it takes the place of fonts",
        None,
    )
    lines: Range = option("lines in a picture", Range(6, 8), lowest=1, highest=40)
    width: Range = option("width of a picture in pixels; its height follows from the lines", Range(900, 1100))
    text_height: Range = option("font size of the writing in pixels", Range(42, 60), lowest=20, highest=200)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_bounds("--width", self.width, 8 * self.text_height.high, 4096)
        if self.line_images and (self.source or self.fonts or self.language or self.matter):
            raise ValueError(
                "--line-images brings its own texts and writing; leave out --source, --fonts, --language and "
                "--matter"
            )


@dataclass(frozen=True, kw_only=True)
class HandwritingStock(Stock[Options]):
    texts: Texts | None = None
    """None where there are pictures of lines."""
    faces: tuple[Face, ...] = ()
    line_images: tuple[LineImage, ...] = ()


@dataclass(frozen=True)
class FontWriting:
    """Writing in a font."""

    font: Font
    hand: Hand
    seed: int


@dataclass(frozen=True)
class PictureWriting:
    """Writing on a picture of a line, which is scaled to `width` and `height` pixels."""

    path: str
    width: int
    height: int


@dataclass(frozen=True)
class WrittenLine:
    text: str
    x: int
    baseline: int
    ink: Rgb
    writing: FontWriting | PictureWriting


@dataclass(frozen=True)
class Spec:
    """All that is decided about one page."""

    width: int
    height: int
    paper: Rgb
    ruling: Ruling
    rules: tuple[int, ...]
    """Positions of the rules, in pixels from the top."""
    rule: Rgb
    lines: tuple[WrittenLine, ...]


@dataclass(frozen=True, kw_only=True)
class HandwrittenDrawing(Drawing):
    placed: tuple[tuple[Image.Image, Place], ...]
    """The ink of each line, and its place on the page."""


def load(options: Options, rng: np.random.Generator) -> HandwritingStock:
    if options.line_images:
        images, left_out = read_line_images(options.line_images)
        source = Source(options.line_images, str(options.line_images))
        return HandwritingStock(sources=(source,), left_out=left_out, options=options, line_images=images)
    language = options.language or (None if options.source else "en")
    texts = read_texts(options.source, language, options.matter, rng)
    files, fonts = _find_fonts(options.fonts)
    faces, left_out = read_faces(files, texts.characters() - {" "})
    lines = tuple(text for text in texts.lines if _is_writable(text, faces))
    if not lines:
        raise ValueError(
            f"--fonts: none of the {len(files)} font files can write a line of the texts; give fonts that can"
            " (the packaged ones are Latin)"
        )
    if len(lines) < len(texts.lines):
        left_out["text that no font can write"] = len(texts.lines) - len(lines)
    sources = (*texts.sources, *fonts)
    return HandwritingStock(
        sources=sources, left_out=left_out, options=options, texts=replace(texts, lines=lines), faces=faces
    )


def decide(rng: np.random.Generator, index: int, stock: HandwritingStock) -> Spec:
    options = stock.options
    width, size = options.width.choose(rng), options.text_height.choose(rng)
    pitch = round(size * rng.uniform(1.6, 2.1))
    first = round(pitch * rng.uniform(1.4, 2))
    baselines = [first + i * pitch for i in range(options.lines.choose(rng))]
    choose_lines = _choose_pictured if stock.line_images else _choose_written
    paper = int(rng.integers(225, 256))
    ruling = tuple(RULINGS)[rng.choice(len(RULINGS), p=list(RULINGS.values()))]
    return Spec(
        width=width,
        height=baselines[-1] + round(pitch * rng.uniform(0.8, 1.6)),
        paper=(paper, paper - int(rng.integers(0, 8)), paper - int(rng.integers(0, 25))),
        ruling=ruling,
        rules=tuple(range(first % pitch, baselines[-1] + 2 * pitch, pitch)),
        rule=one_of(rng, RULE_COLORS),
        lines=tuple(choose_lines(rng, baselines, width, size, stock)),
    )


@one_by_one
def draw(spec: Spec) -> HandwrittenDrawing:
    picture = Image.new("RGB", (spec.width, spec.height), spec.paper)
    _draw_rules(picture, spec)
    placed: list[tuple[Image.Image, Place]] = []
    for line in spec.lines:
        stroke = _write(line)
        box = stroke.mask.getbbox()
        if box is None:
            raise Reject("line without ink")
        mask = stroke.mask.crop(box)
        left, top = line.x - stroke.x + box[0], line.baseline - stroke.baseline + box[1]
        place = (left, top, left + mask.width, top + mask.height)
        picture.paste(line.ink, place, mask)
        placed.append((mask, place))
    answers = [uncounted(line.text) for line in spec.lines]
    answer = Answer(Task(), "\n".join(answers))
    regions = tuple(Region(place, text) for (_, place), text in zip(placed, answers, strict=True))
    return HandwrittenDrawing((picture,), (answer,), regions, photograph=True, placed=tuple(placed))


def check(spec: Spec, drawing: HandwrittenDrawing) -> Drawing:
    """The drawing, if all lines are on the page and no line overlaps another."""
    for number, (mask, place) in enumerate(drawing.placed):
        if min(place) < 0 or place[2] > spec.width or place[3] > spec.height:
            raise Reject("line leaves the page")
        if any(_touch(mask, place, *other) for other in drawing.placed[:number]):
            raise Reject("lines touch")
    return drawing


def _touch(mask: Image.Image, place: Place, other: Image.Image, other_place: Place) -> bool:
    """Whether the two masks have ink on a common pixel of the page."""
    left, top = map(max, place[:2], other_place[:2])
    right, bottom = map(min, place[2:], other_place[2:])
    if left >= right or top >= bottom:
        return False
    parts = [
        ink.crop((left - x, top - y, right - x, bottom - y))
        for ink, (x, y, _, _) in ((mask, place), (other, other_place))
    ]
    return any(ImageChops.darker(*parts).histogram()[INKED:])


def _write(line: WrittenLine) -> Stroke:
    match line.writing:
        case FontWriting(font, hand, seed):
            return write(line.text, font, hand, seed)
        case PictureWriting(path, width, height):
            return Stroke(read_ink(path, width, height), 0, round(BASELINE * height))


def _find_fonts(given: Sequence[Path]) -> tuple[list[Path], tuple[Source, ...]]:
    if given:
        files = find_font_files(given)
        return files, font_sources(files)
    instead = "give handwriting fonts of your own with --fonts"
    found = [packaged_files(name, "**/*.ttf", instead) for name in HANDWRITING_FONTS.packages]
    return list(chain(*found)), packaged(HANDWRITING_FONTS)


def _is_writable(text: str, faces: Sequence[Face]) -> bool:
    return not complex_character(text) and any(face.can_write(text) for face in faces)


def _choose_written(
    rng: np.random.Generator, baselines: Sequence[int], width: int, size: int, stock: HandwritingStock
) -> Iterator[WrittenLine]:
    """Lines that one person wrote."""
    assert stock.texts
    face = one_of(rng, stock.faces)
    left, right = round(width * rng.uniform(0.04, 0.12)), round(width * rng.uniform(0.03, 0.07))
    ink, slant, slope = _choose_ink(rng), rng.normal(0.05, 0.12), rng.normal(0, 0.008)
    shake, weight = rng.uniform(0.01, 0.08), math.exp(rng.uniform(-0.6, 0.35))
    for baseline in baselines:
        x = left + round(abs(rng.normal(0, 0.015)) * width)
        line_size = round(size * rng.uniform(0.93, 1.07))
        font = (face.path, face.number, line_size)
        hand = Hand(
            slant=float(np.clip(slant + rng.normal(0, 0.03), -0.25, 0.4)),
            slope=float(np.clip(slope + rng.normal(0, 0.003), -0.02, 0.02)),
            wander=float(rng.uniform(0.02, 0.09)),
            stretch=float(rng.uniform(0, 0.12)),
            shake=float(shake),
            weight=float(weight),
            pressure=float(rng.uniform(0, 0.35)),
        )
        text = _choose_text(rng, stock.texts, face, font, room=width - right - x)
        jitter = round(size * rng.normal(0, 0.03))
        yield WrittenLine(text, x, baseline + jitter, ink, FontWriting(font, hand, int(rng.integers(2**32))))


def _choose_text(rng: np.random.Generator, texts: Texts, face: Face, font: Font, room: int) -> str:
    """A run of words from anywhere in some text, at most as long as the line."""
    if rng.random() < 0.2:
        room = round(room * rng.uniform(0.4, 1))
    for _ in range(TRIES):
        text = texts.choose(rng)
        if not face.can_write(text):
            continue
        spans = word_spans(text)
        # a start early enough in the text that most lines are full
        start = spans[rng.integers(max(1, len(spans) - room // font[2] // 2))][0]
        line = fit(text[start:].lstrip(NO_FIRST), font, room)
        if line:
            return line
    raise Reject("no text found that fits font and line")


def _choose_pictured(
    rng: np.random.Generator, baselines: Sequence[int], width: int, size: int, stock: HandwritingStock
) -> Iterator[WrittenLine]:
    """Lines of several people, at about the same height, each at a random indent."""
    ink, room = _choose_ink(rng), round(width * 0.92)
    images = stock.line_images
    chosen = rng.choice(len(images), len(baselines), replace=len(baselines) > len(images))
    for baseline, image in zip(baselines, (images[position] for position in chosen), strict=True):
        scale = min(1.5 * size / image.height, room / image.width)
        line_width, height = max(1, round(scale * image.width)), max(1, round(scale * image.height))
        x = round(width * 0.04) + int(rng.integers(min(room - line_width, width // 5) + 1))
        yield WrittenLine(image.text, x, baseline, ink, PictureWriting(image.path, line_width, height))


def _choose_ink(rng: np.random.Generator) -> Rgb:
    levels = np.array(PENS[rng.choice(len(PENS), p=PEN_CHANCES)]) + rng.integers(-12, 30, 3)
    red, green, blue = np.clip(levels, 0, 255).tolist()
    return red, green, blue


def _draw_rules(picture: Image.Image, spec: Spec) -> None:
    canvas = ImageDraw.Draw(picture)
    if spec.ruling != "blank":
        for y in spec.rules:
            canvas.line((0, y, spec.width, y), spec.rule)
    if spec.ruling == "margin":
        x = spec.width // 28
        canvas.line((x, 0, x, spec.height), MARGIN_RULE)
    if spec.ruling == "squared":
        pitch = (spec.rules[1] - spec.rules[0]) / 2
        for y in spec.rules:
            canvas.line((0, y - pitch, spec.width, y - pitch), spec.rule)
        for column in range(1, math.ceil(spec.width / pitch)):
            canvas.line((column * pitch, 0, column * pitch, spec.height), spec.rule)
