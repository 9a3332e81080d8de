r"""Sheet music: one system of a score, engraved by Verovio; the answer is its **kern.

As in the data sets of printed piano music that GOT was trained on, the answer is a complete score of a few
measures: clefs, key and metre at its head, voices side by side between tabs, `*-` at its end. Words below the
notes are a **text spine after the notes, dynamics a **dynam spine after that. It holds what the picture shows
and nothing else (`tools.scores.kern`); a title or a composer above the system is left out.

Scores are cut from **kern files, or made up (`composer`). The check compares the notes, rests, ties, slurs
and signs that Verovio says it engraved with those of the answer (`tools.scores.engraver`), and so the words
and dynamics (`tools.scores.annotations`); ink that an old print has lost is looked for in its pixels.
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

from data_engines.engine import Answer, Drawing, Reject, Rgb, Source, Stock, one_by_one
from data_engines.kind import SENTENCES
from data_engines.kinds.music.composer import compose
from data_engines.kinds.music.excerpt import cut
from data_engines.kinds.music.old_print import OldPrint, bend, choose_old_print, is_clear, on_old_paper, press
from data_engines.kinds.music.performance import syllables_of
from data_engines.options import EngineOptions, Range, fraction, option
from data_engines.tools.chance import one_of
from data_engines.tools.corpora import HAN_CHARACTER, Language, choose_words, read_corpus
from data_engines.tools.fonts import (
    Face,
    Font,
    Typeface,
    font_sources,
    open_font,
    packaged_fonts,
    read_faces,
    typefaces,
)
from data_engines.tools.packages import packaged
from data_engines.tools.prose import tatoeba_sentences
from data_engines.tools.scores.annotations import check_annotations, notes_alone
from data_engines.tools.scores.engraver import Joint, check_engraving, engrave, rasterise
from data_engines.tools.scores.kern import Score, read_score
from got_train.characters import HAN
from got_train.packages import matplotlib_fonts, noto_fonts
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

SENTENCES_IN_SONG = 16
"""Sentences that a song is taken from: more syllables than its notes need."""

OLD_LINES = (("staffLineWidth", 0.2), ("stemWidth", 0.26))
"""Verovio's options for the lines of old prints: punches and plates had no hairlines."""
CHINESE_SPACING = (("spacingLinear", 0.4), ("spacingNonLinear", 0.6))
"""Verovio's options for Chinese songs: it does not know how wide Chinese characters are."""
WHITE = (255, 255, 255)
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
    lyrics: float = fraction("fraction of made-up pieces that are songs, with words below the notes", 0.2)
    dynamics: float = fraction("fraction of made-up pieces with marks such as p and hairpins", 0.4)
    old: float = fraction("fraction of pictures like old prints, with spread ink on old paper", 0.15)
    language: Language = option("language of titles and songs", "mixed")

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
    songs: tuple[tuple[tuple[str, ...], tuple[Typeface, ...]], ...]
    """For each language of songs sentences in the order of their file, and the faces that print them."""


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
    words: Typeface | None
    """The face of the words below the notes; None without words."""
    captions: tuple[Caption, ...]
    old_print: OldPrint | None
    margins: tuple[int, int, int, int]
    """Pixels of paper at the left, top, right and bottom."""
    ink: Rgb
    paper: Rgb


@dataclass(frozen=True, kw_only=True)
class MusicDrawing(Drawing):
    mei: str
    """The score that Verovio says it engraved, as MEI."""
    svg: str
    printed: tuple[Image.Image, Image.Image] | None
    """A grey page before and after an old press; None for a new print."""


def load(options: Options, rng: np.random.Generator) -> MusicStock:
    music = Source(None, "music made up by got-train", "Apache-2.0")
    starts: dict[Path, int] = {}
    left_out: dict[str, int] = {}
    if options.source:
        music = Source(options.source, str(options.source))
        starts, left_out = _find_scores(options.source, options.staves)
    titles, composers, faces, sources = _read_titles(rng, options) if options.titles else ((), (), (), ())
    with_songs = options.lyrics and not options.source
    songs, song_sources = _read_songs(options.language) if with_songs else ((), ())
    return MusicStock(
        sources=tuple(dict.fromkeys((music, *sources, *song_sources))),
        left_out=left_out,
        versions={package: version(package) for package in ("verovio", "resvg_py")},
        options=options,
        files=tuple(starts),
        weights=tuple(count / sum(starts.values()) for count in starts.values()),
        titles=titles,
        composers=composers,
        faces=faces,
        songs=songs,
    )


def decide(rng: np.random.Generator, index: int, stock: MusicStock) -> Spec:
    options = stock.options
    # words, dynamics and old prints have chance of their own: without them, a seed draws what it drew before
    beside = rng.spawn(1)[0]
    measures = options.measures.choose(rng)
    words: Typeface | None = None
    spacing: tuple[tuple[str, float], ...] = ()
    if stock.files:
        kern = _choose_excerpt(rng, stock, measures)
    else:
        syllables, words = _choose_song(beside, stock)
        kern = compose(rng, measures, options.staves, syllables, bool(beside.random() < options.dynamics))
        spacing = CHINESE_SPACING if any(map(HAN_CHARACTER.match, syllables)) else ()
    old_print = choose_old_print(beside) if beside.random() < options.old else None
    level = int(rng.integers(0, 60)) if rng.random() < 0.4 else 0
    tint = rng.integers(0, 12, size=3) + rng.integers(232, 245) if rng.random() < 0.6 else [255] * 3
    return Spec(
        kern=kern,
        music_font=MUSIC_FONTS[rng.choice(5, p=[0.35, 0.25, 0.2, 0.15, 0.05])],
        staff=options.staff.choose(rng),
        engraving=(*_choose_engraving(rng), *(OLD_LINES if old_print else ()), *spacing),
        width=options.width,
        joint=_choose_joint(rng, bool(words)),
        words=words,
        captions=_choose_captions(rng, stock),
        old_print=old_print,
        margins=tuple(int(margin) for margin in rng.integers(12, 61, size=4)),  # type: ignore[arg-type]
        ink=(level, level, level),
        paper=tuple(int(value) for value in tint),  # type: ignore[arg-type]
    )


@one_by_one
def draw(spec: Spec) -> MusicDrawing:
    engraving = engrave(spec.kern, spec.joint, spec.staff, {**dict(spec.engraving), "font": spec.music_font})
    system = rasterise(engraving.svg, spec.width, MIN_STAFF_PIXELS / spec.staff, spec.words)
    page, printed = _compose_page(system, spec), None
    if spec.old_print:
        bent = bend(page, spec.old_print)
        page = press(bent, spec.old_print)
        printed = (bent, page)
    paper = WHITE if spec.old_print else spec.paper
    picture = ImageOps.colorize(page, black=spec.ink, white=paper)
    if spec.old_print:
        picture = on_old_paper(picture, spec.old_print)
    answer = Answer(Task(format=True), spec.kern)
    return MusicDrawing((picture,), (answer,), mei=engraving.mei, svg=engraving.svg, printed=printed)


def check(spec: Spec, drawing: MusicDrawing) -> Drawing:
    """The drawing, if Verovio engraved the score of the answer, and an old press lost nothing of it."""
    check_engraving(notes_alone(spec.kern), drawing.mei)
    check_annotations(spec.kern, drawing.mei, drawing.svg, spec.words)
    if drawing.printed and not is_clear(*drawing.printed):
        raise Reject("ink lost in print")
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


def _read_songs(
    language: Language,
) -> tuple[tuple[tuple[tuple[str, ...], tuple[Typeface, ...]], ...], tuple[Source, ...]]:
    """Sentences and faces for songs in each language, as `MusicStock.songs` has them, and their sources."""
    english, chinese = tatoeba_sentences()
    latin = (matplotlib_fonts() / "STIXGeneral.ttf",)
    given = {"en": (english, latin), "zh": (chinese, noto_fonts())}
    chosen = [given[code] for code in given if language in (code, "mixed")]
    songs = [
        (sentences, typefaces(read_faces(files, set("".join(sentences)) - {" "})[0]))
        for sentences, files in chosen
    ]
    return tuple(songs), (*packaged(SENTENCES), *font_sources(file for _, files in chosen for file in files))


def _choose_song(rng: np.random.Generator, stock: MusicStock) -> tuple[list[str], Typeface | None]:
    """The syllables of a song and a face that prints them; none for a piece without words."""
    if rng.random() >= stock.options.lyrics:
        return [], None
    sentences, faces = one_of(rng, stock.songs)
    first = int(rng.integers(len(sentences) - SENTENCES_IN_SONG))
    syllables = syllables_of(" ".join(sentences[first : first + SENTENCES_IN_SONG]))
    able = [face for face in faces if face.can_write("".join(syllables).replace("-", ""))]
    if not able:
        raise Reject("no font has the words")
    return syllables, one_of(rng, able)


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


def _choose_joint(rng: np.random.Generator, song: bool) -> Joint:
    """How the staves of a piece are joined; those of a song are not, as barlines would cross the words."""
    joint = one_of(rng, _JOINTS)
    return "" if song else joint


def _compose_page(mask: Image.Image, spec: Spec) -> Image.Image:
    """The system below its captions, in black on white."""
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
    return page


def _caption_mask(caption: Caption) -> Image.Image:
    font = open_font(*caption.font)
    left, top, right, bottom = font.getbbox(caption.text)
    mask = Image.new("L", (int(right - left) + 2, int(bottom - top) + 2), 255)
    ImageDraw.Draw(mask).text((1 - left, 1 - top), caption.text, fill=0, font=font)
    return mask
