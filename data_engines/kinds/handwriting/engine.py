"""Handwritten lines, one below the other on a blank, ruled or squared page.

Latin lines are written in handwriting fonts, with every letter a little different, or stroke by stroke along
the middle of their letters, as Chinese ones are; or lines are pictures of lines that people wrote, of which
only the ink is put on the page. Each line is a line of the answer and a region.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw

from data_engines.engine import Answer, Drawing, Region, Reject, Rgb, Source, Stock, one_by_one
from data_engines.kind import HANDWRITING_FONTS, NOTO
from data_engines.kinds.handwriting.crossings import Crossing, choose_crossing, cross_out
from data_engines.kinds.handwriting.hands import (
    Fit,
    FontWriting,
    StrokeWriting,
    choose_letters,
    choose_strokes,
)
from data_engines.kinds.handwriting.ink import Place, grained, place_ink, touch
from data_engines.kinds.handwriting.line_images import LineImage, read_ink, read_line_images
from data_engines.kinds.handwriting.pen import Stroke, write
from data_engines.kinds.handwriting.stroke_lines import check_medians, write_strokes
from data_engines.options import EngineOptions, Range, check_bounds, option
from data_engines.tools.chance import one_of
from data_engines.tools.corpora import Language, complex_character, word_spans
from data_engines.tools.fonts import Face, find_font_files, font_sources, read_faces
from data_engines.tools.packages import packaged, packaged_files
from data_engines.tools.strokes import choose_ink
from data_engines.tools.texts import Texts, matter_option, read_texts
from data_engines.tools.typed import uncounted
from got_train.prompts import Task

TRIES = 30
"""Texts that are tried for a line until the face of the page can write one and it fits."""
NO_FIRST = " ,.;:!?)-'，。！？、）"
"""Characters that no line starts with."""

Ruling = Literal["blank", "ruled", "margin", "squared"]
RULINGS: dict[Ruling, float] = {"blank": 0.45, "ruled": 0.3, "margin": 0.1, "squared": 0.15}
"""Probability of each ruling."""
RULE_COLORS: tuple[Rgb, ...] = ((150, 180, 215), (178, 190, 205), (185, 185, 185), (165, 195, 175))
MARGIN_RULE: Rgb = (226, 160, 160)
STROKE_FONT = "NotoSansSC-Regular.otf"
"""Its strokes have about one width and no serifs, as those of a pen do."""
LATIN_BY_STROKES = 0.4
"""Share of the pages in packaged Latin hands, joined ones among them, whose letters are drawn by strokes."""
RUNS_ON = 0.6
"""Share of the pages of packaged texts on which a text goes on in the next line."""
CROSSED_OUT = 0.06
"""Share of the lines with a word that is crossed out."""
PENCIL = 0.15
"""Share of the pages that are written with a pencil."""
GRAINS = 0.2, 0.5
"""Share of the graphite that may be missing in the grain of the paper: the least and the most."""
BASELINE = 0.7
"""Approximate height of the baseline in a picture of a line, as a share from the top."""


@dataclass(frozen=True)
class Options(EngineOptions):
    source: Path | None = option(
        "a UTF-8 text file to draw from; without it, texts of installed packages", None
    )
    language: Language | None = option(
        "language of the texts; by default English and Chinese, or every line of the source", None
    )
    matter: float | None = matter_option()
    fonts: tuple[Path, ...] = option(
        "font files or folders of them; without it, packaged handwriting fonts, and for Chinese strokes "
        "along the middle of Noto Sans SC",
        (),
    )
    strokes: Path | None = option(
        "a folder with the strokes of Chinese characters, as the npm package hanzi-writer-data has them; "
        "most Chinese pages are written with them",
        None,
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
        if self.line_images and (self.source or self.fonts or self.strokes or self.language or self.matter):
            raise ValueError(
                "--line-images brings its own texts and writing; leave out --source, --fonts, --strokes, "
                "--language and --matter"
            )
        if self.strokes and self.fonts:
            raise ValueError("--strokes are for pages without --fonts; leave out one of them")


@dataclass(frozen=True)
class Writable:
    """Texts, and the faces that can write each of them or some of them."""

    texts: Texts
    faces: tuple[Face, ...]
    by_strokes: float
    """Share of the pages on which a pen follows the middle of the glyphs."""


@dataclass(frozen=True, kw_only=True)
class HandwritingStock(Stock[Options]):
    writable: tuple[Writable, ...] = ()
    """Empty where there are pictures of lines."""
    line_images: tuple[LineImage, ...] = ()


@dataclass(frozen=True)
class PictureWriting:
    """Writing on a picture of a line, which is scaled to `width` and `height` pixels."""

    path: str
    width: int
    height: int


@dataclass(frozen=True)
class CrossedOut:
    """A word that is crossed out at the end of a line, where there is room for it."""

    text: str
    crossing: Crossing


@dataclass(frozen=True)
class WrittenLine:
    text: str
    x: int
    baseline: int
    ink: Rgb
    writing: FontWriting | StrokeWriting | PictureWriting
    crossed_out: CrossedOut | None = None


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
    grain: float
    """Share of the ink that may be missing in the grain of the paper; 0 for a pen."""
    seed: int


@dataclass(frozen=True, kw_only=True)
class HandwrittenDrawing(Drawing):
    placed: tuple[tuple[Image.Image, Place], ...]
    """The ink of each line, and its place on the page."""


def load(options: Options, rng: np.random.Generator) -> HandwritingStock:
    if options.line_images:
        images, left_out = read_line_images(options.line_images)
        source = Source(options.line_images, str(options.line_images))
        return HandwritingStock(sources=(source,), left_out=left_out, options=options, line_images=images)
    if options.strokes:
        check_medians(options.strokes)
    return _read_stock(options, rng)


def _read_stock(options: Options, rng: np.random.Generator) -> HandwritingStock:
    """The texts, each with the first fonts that can write it."""
    languages: tuple[Language | None, ...] = ("en", "zh")
    if options.source or options.language in ("en", "zh"):
        languages = (options.language,)
    texts = [read_texts(options.source, language, options.matter, rng) for language in languages]
    found_characters = set[str]().union(*(some.characters() for some in texts))
    characters = {one for one in found_characters if one != " " and complex_character(one) is None}
    writable: list[Writable] = []
    left_out: Counter[str] = Counter()
    sources = dict.fromkeys(source for some in texts for source in some.sources)
    for files, found, by_strokes in _find_fonts(options):
        faces, unusable = read_faces(files, characters)
        left_out.update(unusable)
        sources |= dict.fromkeys(found)
        for position, some in enumerate(texts):
            able, rest = _part(some.lines, faces)
            if able:
                writable.append(Writable(replace(some, lines=able), faces, by_strokes))
                texts[position] = replace(some, lines=rest)
    if not writable:
        raise ValueError(
            "--fonts: none of the font files can write a line of the texts; give fonts that can (without "
            "--fonts, Latin letters, Chinese and what else is in Noto Sans SC is written)"
        )
    if unwritten := sum(len(some.lines) for some in texts):
        left_out["text that no font can write"] = unwritten
    return HandwritingStock(
        sources=tuple(sources), left_out=dict(left_out), options=options, writable=tuple(writable)
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
    lines = tuple(choose_lines(rng, baselines, width, size, stock))
    pencil = rng.random() < PENCIL
    if pencil:
        grey = int(rng.integers(60, 110))
        lines = tuple(replace(line, ink=(grey, grey, grey + int(rng.integers(0, 8)))) for line in lines)
    return Spec(
        width=width,
        height=baselines[-1] + round(pitch * rng.uniform(0.8, 1.6)),
        paper=(paper, paper - int(rng.integers(0, 8)), paper - int(rng.integers(0, 25))),
        ruling=ruling,
        rules=tuple(range(first % pitch, baselines[-1] + 2 * pitch, pitch)),
        rule=one_of(rng, RULE_COLORS),
        lines=lines,
        grain=float(rng.uniform(*GRAINS)) if pencil else 0.0,
        seed=int(rng.integers(2**32)),
    )


@one_by_one
def draw(spec: Spec) -> HandwrittenDrawing:
    picture = Image.new("RGB", (spec.width, spec.height), spec.paper)
    _draw_rules(picture, spec)
    placed: list[tuple[Image.Image, Place]] = []
    crossed_out: list[tuple[Image.Image, Place]] = []
    rng = np.random.default_rng(spec.seed)
    for line in spec.lines:
        mask, place = place_ink(_write(line.text, line.writing), line.x, line.baseline)
        placed.append((mask, place))
        if line.crossed_out:
            word = cross_out(_write(line.crossed_out.text, line.writing), line.crossed_out.crossing)
            gap = round(0.5 * (place[3] - place[1]))
            ink, beside = place_ink(word, place[2] + gap + word.x, line.baseline)
            if beside[2] < spec.width and beside[3] < spec.height:
                crossed_out.append((ink, beside))
    for (mask, place), color in zip(placed, (line.ink for line in spec.lines), strict=True):
        picture.paste(color, place, grained(mask, spec.grain, rng))
    for mask, place in crossed_out:
        if not any(touch(mask, place, *other) for other in placed):
            picture.paste(spec.lines[0].ink, place, grained(mask, spec.grain, rng))
    answers = [uncounted(line.text) for line in spec.lines]
    answer = Answer(Task(), "\n".join(answers))
    regions = tuple(Region(place, text) for (_, place), text in zip(placed, answers, strict=True))
    return HandwrittenDrawing((picture,), (answer,), regions, photograph=True, placed=tuple(placed))


def check(spec: Spec, drawing: HandwrittenDrawing) -> Drawing:
    """The drawing, if all lines are on the page and no line overlaps another."""
    for number, (mask, place) in enumerate(drawing.placed):
        if min(place) < 0 or place[2] > spec.width or place[3] > spec.height:
            raise Reject("line leaves the page")
        if any(touch(mask, place, *other) for other in drawing.placed[:number]):
            raise Reject("lines touch")
    return drawing


def _write(text: str, writing: FontWriting | StrokeWriting | PictureWriting) -> Stroke:
    match writing:
        case FontWriting(font, hand, seed):
            return write(text, font, hand, seed)
        case StrokeWriting(strokes, size, by, seed):
            return write_strokes(text, strokes, size, by, seed)
        case PictureWriting(path, width, height):
            return Stroke(read_ink(path, width, height), 0, round(BASELINE * height))


def _find_fonts(options: Options) -> Iterator[tuple[list[Path], tuple[Source, ...], float]]:
    """Font files, what the manifest names, and the share of the pages written along the middle of glyphs."""
    if options.fonts:
        files = find_font_files(options.fonts)
        yield files, font_sources(files), 0
        return
    instead = "give handwriting fonts of your own with --fonts"
    if options.language != "zh":
        found = [packaged_files(name, "**/*.ttf", instead) for name in HANDWRITING_FONTS.packages]
        yield list(chain(*found)), packaged(HANDWRITING_FONTS), LATIN_BY_STROKES
    if options.language != "en":
        strokes = [Source(options.strokes, str(options.strokes))] if options.strokes else []
        (package,) = NOTO.packages
        yield packaged_files(package, STROKE_FONT, instead), (*packaged(NOTO), *strokes), 1


def _part(lines: Sequence[str], faces: Sequence[Face]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The lines that some face can write, and the others."""
    able: list[str] = []
    rest: list[str] = []
    known = {face.characters | {" "} for face in faces}
    for line in lines:
        (able if any(characters.issuperset(line) for characters in known) else rest).append(line)
    return tuple(able), tuple(rest)


def _choose_written(
    rng: np.random.Generator, baselines: Sequence[int], width: int, size: int, stock: HandwritingStock
) -> Iterator[WrittenLine]:
    """Lines that one person wrote."""
    counts = np.array([len(one.texts.lines) for one in stock.writable])
    writable = stock.writable[rng.choice(len(counts), p=counts / counts.sum())]
    face = one_of(rng, writable.faces)
    left, right = round(width * rng.uniform(0.04, 0.12)), round(width * rng.uniform(0.03, 0.07))
    ink, slope = choose_ink(rng), rng.normal(0, 0.008)
    writings: Iterator[tuple[FontWriting | StrokeWriting, Fit]] = (
        choose_strokes(rng, face, size, slope, stock.options.strokes)
        if rng.random() < writable.by_strokes
        else choose_letters(rng, face, size, slope)
    )
    # the lines of a source may be names or sums, which do not go on in each other
    runs_on, rest = not stock.options.source and rng.random() < RUNS_ON, ""
    for baseline, (writing, fit_line) in zip(baselines, writings, strict=False):
        x = left + round(abs(rng.normal(0, 0.015)) * width)
        room, text = width - right - x, ""
        if runs_on:
            rest = _lengthen(rng, rest, writable.texts, face, room // size * 3)
            text = fit_line(rest, room=room)
            rest = rest[len(text) :].lstrip(" ") if text else ""
        text = text or _choose_text(rng, writable.texts, face, fit_line, size, room)
        jitter = round(size * rng.normal(0, 0.03))
        crossed_out = None
        if rng.random() < CROSSED_OUT:
            start, end = one_of(rng, word_spans(text))
            crossed_out = CrossedOut(text[start:end], choose_crossing(rng, size))
        yield WrittenLine(text, x, baseline + jitter, ink, writing, crossed_out)


def _lengthen(rng: np.random.Generator, text: str, texts: Texts, face: Face, length: int) -> str:
    """The text with others after it, until it is as long as asked for."""
    for _ in range(TRIES):
        if len(text) >= length:
            break
        more = texts.choose(rng)
        if face.can_write(more):
            # Chinese has no space after a full stop
            text += (" " if text and text[-1].isascii() else "") + more.lstrip(NO_FIRST)
    return text


def _choose_text(
    rng: np.random.Generator, texts: Texts, face: Face, fit_line: Fit, size: int, room: int
) -> str:
    """A run of words from anywhere in some text, at most as long as the line."""
    if rng.random() < 0.2:
        room = round(room * rng.uniform(0.4, 1))
    for _ in range(TRIES):
        text = texts.choose(rng)
        if not face.can_write(text):
            continue
        spans = word_spans(text)
        # a start early enough in the text that most lines are full
        start = spans[rng.integers(max(1, len(spans) - room // size // 2))][0]
        line = fit_line(text[start:].lstrip(NO_FIRST), room=room)
        if line:
            return line
    raise Reject("no text found that fits font and line")


def _choose_pictured(
    rng: np.random.Generator, baselines: Sequence[int], width: int, size: int, stock: HandwritingStock
) -> Iterator[WrittenLine]:
    """Lines of several people, at about the same height, each at a random indent."""
    ink, room = choose_ink(rng), round(width * 0.92)
    images = stock.line_images
    chosen = rng.choice(len(images), len(baselines), replace=len(baselines) > len(images))
    for baseline, image in zip(baselines, (images[position] for position in chosen), strict=True):
        scale = min(1.5 * size / image.height, room / image.width)
        line_width, height = max(1, round(scale * image.width)), max(1, round(scale * image.height))
        x = round(width * 0.04) + int(rng.integers(min(room - line_width, width // 5) + 1))
        yield WrittenLine(image.text, x, baseline, ink, PictureWriting(image.path, line_width, height))


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
