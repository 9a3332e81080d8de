r"""Sheet music: one system of a score, engraved by Verovio; the answer is its **kern.

As in the data sets of printed piano music that GOT was trained on, the answer is a complete score of a few
measures: clefs, key and metre at its head, voices side by side between tabs, `*-` at its end. It holds what
the picture shows and nothing else (`tools.scores.kern`); a title or a composer above the system is left out.

Scores are cut from **kern files, or made up (`composer`). The check compares the notes, rests, ties, slurs
and signs that Verovio says it engraved with those of the answer (`tools.scores.engraver`).
"""

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from data_engines.engine import Answer, Drawing, Rgb, Source, Stock, one_by_one
from data_engines.kinds.music.composer import compose
from data_engines.kinds.music.excerpt import cut
from data_engines.options import EngineOptions, Range, fraction, option
from data_engines.tools.chance import one_of
from data_engines.tools.corpora import Language, choose_words, read_corpus
from data_engines.tools.fonts import Face, Font, font_sources, open_font, packaged_fonts, read_faces
from data_engines.tools.scores.engraver import Joint, check_engraving, engrave, rasterise
from data_engines.tools.scores.kern import Score, read_score
from got_train.characters import HAN
from got_train.prompts import Task

NUM_TITLES = 400
"""Titles drawn for a whole run; there are as many names of composers."""
MAX_TITLE_CHARACTERS = 60
"""Length of a title."""
MAX_MOMENTS = 48
"""Moments, that is rows of notes, in an excerpt from a file; a longer system is too small to read."""
MIN_STAFF_PIXELS = 20
"""Height of a staff in pixels below which notes can't be read."""

MAX_ASPECT = 6
"""Width of a picture divided by its height; a longer system gets more paper above and below."""

Place = Literal["middle", "right"]
MUSIC_FONTS = ("Leipzig", "Bravura", "Leland", "Gootville", "Petaluma")
_JOINTS: tuple[Joint, ...] = ("{", "{", "{", "[", "")
"""Ways to join the staves of a system; usual ways are listed more often."""


@dataclass(frozen=True)
class Options(EngineOptions):
    source: Path | None = option("a **kern file or a folder of them; without it, music is made up", None)
    measures: Range = option(
        "measures in a picture; fewer where measures have many notes", Range(2, 5), lowest=1, highest=40
    )
    staves: Range = option("staves of the scores that are used", Range(1, 4), lowest=1, highest=12)
    staff: Range = option(
        "height of a staff in pixels; smaller where --width requires it",
        Range(26, 44),
        lowest=MIN_STAFF_PIXELS,
        highest=200,
    )
    width: int = option("largest width of a system in pixels", 1600, lowest=200, highest=8000)
    titles: float = fraction("fraction of pictures with a title or a composer above the system", 0.35)
    language: Language = option("language of titles", "mixed")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.source is None and self.staves.low > 2:
            raise ValueError(f"--staves {self.staves}: music is made up for one or two; give a --source")


@dataclass(frozen=True, kw_only=True)
class MusicStock(Stock[Options]):
    files: tuple[Path, ...]
    """The **kern files; empty where music is made up."""
    weights: tuple[float, ...]
    """Share of all possible starts of excerpts that lie in each file."""
    titles: tuple[str, ...]
    composers: tuple[str, ...]
    faces: tuple[Face, ...]


@dataclass(frozen=True)
class Caption:
    """A line of text above the system."""

    text: str
    font: Font
    place: Place


@dataclass(frozen=True)
class Spec:
    """All that is decided about one picture."""

    kern: str
    music_font: str
    staff: int
    """Height of a staff in pixels."""
    engraving: tuple[tuple[str, float], ...]
    """Verovio's options for widths of lines, spaces and slopes."""
    width: int
    joint: Joint
    captions: tuple[Caption, ...]
    margins: tuple[int, int, int, int]
    """Pixels of paper at the left, top, right and bottom."""
    ink: Rgb
    paper: Rgb


@dataclass(frozen=True, kw_only=True)
class MusicDrawing(Drawing):
    mei: str
    """The score that Verovio says it engraved, as MEI."""


def load(options: Options, rng: np.random.Generator) -> MusicStock:
    music = Source(None, "music made up by got-train", "Apache-2.0")
    starts: dict[Path, int] = {}
    left_out: dict[str, int] = {}
    if options.source:
        music = Source(options.source, str(options.source))
        starts, left_out = _find_scores(options.source, options.staves)
    titles, composers, faces, sources = _read_titles(rng, options) if options.titles else ((), (), (), ())
    return MusicStock(
        sources=(music, *sources),
        left_out=left_out,
        versions={package: version(package) for package in ("verovio", "resvg_py")},
        options=options,
        files=tuple(starts),
        weights=tuple(count / sum(starts.values()) for count in starts.values()),
        titles=titles,
        composers=composers,
        faces=faces,
    )


def decide(rng: np.random.Generator, index: int, stock: MusicStock) -> Spec:
    options = stock.options
    measures = options.measures.choose(rng)
    kern = _choose_excerpt(rng, stock, measures) if stock.files else compose(rng, measures, options.staves)
    level = int(rng.integers(0, 60)) if rng.random() < 0.4 else 0
    tint = rng.integers(0, 12, size=3) + rng.integers(232, 245) if rng.random() < 0.6 else [255] * 3
    return Spec(
        kern=kern,
        music_font=MUSIC_FONTS[rng.choice(5, p=[0.35, 0.25, 0.2, 0.15, 0.05])],
        staff=options.staff.choose(rng),
        engraving=_choose_engraving(rng),
        width=options.width,
        joint=one_of(rng, _JOINTS),
        captions=_choose_captions(rng, stock),
        margins=tuple(int(margin) for margin in rng.integers(12, 61, size=4)),  # type: ignore[arg-type]
        ink=(level, level, level),
        paper=tuple(int(value) for value in tint),  # type: ignore[arg-type]
    )


@one_by_one
def draw(spec: Spec) -> MusicDrawing:
    engraving = engrave(spec.kern, spec.joint, spec.staff, {**dict(spec.engraving), "font": spec.music_font})
    system = rasterise(engraving.svg, spec.width, MIN_STAFF_PIXELS / spec.staff)
    picture = _compose_page(system, spec)
    return MusicDrawing((picture,), (Answer(Task(format=True), spec.kern),), mei=engraving.mei)


def check(spec: Spec, drawing: MusicDrawing) -> Drawing:
    """The drawing, if Verovio says that it engraved the score of the answer."""
    check_engraving(spec.kern, drawing.mei)
    return drawing


@lru_cache(maxsize=256)
def _open_score(file: Path) -> Score:
    """The score in a file, kept for later calls.

    Raises:
        ValueError: the file is no kern, or has no measure that can be used.
    """
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ValueError("unreadable file") from error
    score = read_score(text)
    if not _starts(score):
        faults = Counter(measure.fault for measure in score.measures[:-1] if measure.fault)
        raise ValueError(faults.most_common(1)[0][0] if faults else "no measure to cut out")
    return score


def _find_scores(source: Path, staves: Range) -> tuple[dict[Path, int], dict[str, int]]:
    """The number of possible starts in each usable file, and the number of other files by cause."""
    found = [source] if source.is_file() else sorted(source.rglob("*.krn"))
    if not found:
        raise ValueError(f"--source {source}: no .krn file there")
    starts: dict[Path, int] = {}
    left_out: Counter[str] = Counter()
    for file in found:
        try:
            score = _open_score(file)
        except ValueError as error:
            left_out[str(error)] += 1
            continue
        if staves.low <= score.staves <= staves.high:
            starts[file] = len(_starts(score))
        else:
            left_out["other number of staves than asked for"] += 1
    if not starts:
        causes = ", ".join(f"{cause}: {number}" for cause, number in left_out.most_common())
        raise ValueError(f"--source {source}: none of {len(found)} files can be used ({causes})")
    return starts, dict(left_out)


def _starts(score: Score) -> list[int]:
    """The numbers of the measures from which an excerpt can start."""
    return [first for first in range(len(score.measures) - 1) if any(score.excerpts(first, 1))]


def _choose_excerpt(rng: np.random.Generator, stock: MusicStock, measures: int) -> str:
    file = stock.files[rng.choice(len(stock.files), p=stock.weights)]
    score = _open_score(file)
    starts = _starts(score)
    first = one_of(rng, starts)
    moments = np.cumsum([measure.moments for measure in score.measures[first : first + measures]])
    fitting = [n for n in score.excerpts(first, measures) if n == 1 or moments[n - 1] <= MAX_MOMENTS]
    return cut(score, first, fitting[-1])


def _read_titles(
    rng: np.random.Generator, options: Options
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[Face, ...], tuple[Source, ...]]:
    """Titles, names of composers, and the faces that have all their characters."""
    corpus = read_corpus(None, options.language, rng)
    titles = [choose_words(rng, corpus.lines, Range(1, 6)).strip(" ,.;:，。！？") for _ in range(NUM_TITLES)]
    titles = [title[:1].upper() + title[1:] for title in titles if 0 < len(title) <= MAX_TITLE_CHARACTERS]
    words = sorted(
        {word for title in titles for word in re.findall(rf"\b[a-z]{{4,9}}\b|[{HAN}]{{2,3}}", title)}
    )
    drawn = [words[i].capitalize() for i in rng.integers(len(words), size=NUM_TITLES)]
    names = [
        f"{'ABCDEFGHJKLMNPRSTVW'[rng.integers(19)]}. {name}" if name.isascii() else name for name in drawn
    ]
    faces, _ = read_faces(packaged_fonts(), set("".join(titles + names)) - {" "})
    fonts = font_sources(dict.fromkeys(Path(face.path) for face in faces))
    return tuple(titles), tuple(names), faces, (*corpus.sources, *fonts)


def _choose_captions(rng: np.random.Generator, stock: MusicStock) -> tuple[Caption, ...]:
    if rng.random() >= stock.options.titles:
        return ()
    title: tuple[tuple[str, ...], Range, Place] = (stock.titles, Range(22, 40), "middle")
    composer: tuple[tuple[str, ...], Range, Place] = (stock.composers, Range(14, 22), "right")
    kinds = ([title, composer], [title], [composer])[rng.integers(3)]
    chosen = [(one_of(rng, texts), size.choose(rng), place) for texts, size, place in kinds]
    captions = []
    for text, size, place in chosen:
        able = [face for face in stock.faces if face.can_write(text)]
        if able:
            face = one_of(rng, able)
            captions.append(Caption(text, (face.path, face.number, size), place))
    return tuple(captions)


def _choose_engraving(rng: np.random.Generator) -> tuple[tuple[str, float], ...]:
    limits = {
        "staffLineWidth": (0.1, 0.2),
        "stemWidth": (0.12, 0.28),
        "barLineWidth": (0.2, 0.45),
        "spacingLinear": (0.2, 0.32),
        "spacingNonLinear": (0.55, 0.68),
        "beamMaxSlope": (2, 14),
        "slurCurveFactor": (0.6, 1.6),
        "slurMidpointThickness": (0.4, 0.8),
    }
    drawn = [(name, round(float(rng.uniform(low, high)), 3)) for name, (low, high) in limits.items()]
    return (*drawn, ("spacingStaff", float(rng.integers(8, 15))))


def _compose_page(mask: Image.Image, spec: Spec) -> Image.Image:
    """The system on paper, below its captions."""
    left, top, right, bottom = spec.margins
    inks = [_caption_mask(caption) for caption in spec.captions]
    width = max(ink.width for ink in (mask, *inks))
    gap = spec.staff // 2
    height = sum(ink.height + gap for ink in inks) + mask.height
    size = left + width + right, top + height + bottom
    more = max(0, size[0] // MAX_ASPECT - size[1])
    page = Image.new("L", (size[0], size[1] + more), 255)
    y = top + more * top // (top + bottom)
    for ink, caption in zip(inks, spec.captions, strict=True):
        x = (width - ink.width) // (2 if caption.place == "middle" else 1)
        page.paste(ink, (left + x, y))
        y += ink.height + gap
    page.paste(mask, (left + (width - mask.width) // 2, y))
    return ImageOps.colorize(page, black=spec.ink, white=spec.paper)


def _caption_mask(caption: Caption) -> Image.Image:
    font = open_font(*caption.font)
    left, top, right, bottom = font.getbbox(caption.text)
    mask = Image.new("L", (int(right - left) + 2, int(bottom - top) + 2), 255)
    ImageDraw.Draw(mask).text((1 - left, 1 - top), caption.text, fill=0, font=font)
    return mask
