"""Drafts of things: texts are chosen, and set as large as their places on a face allow."""

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from data_engines.engine import Rgb
from data_engines.kinds.scene.lettering import Way
from data_engines.kinds.scene.signs import to_rgb
from data_engines.kinds.scene.things import GAP, Inscription, Patch
from data_engines.options import Range
from data_engines.tools.boxes import Box
from data_engines.tools.chance import one_of
from data_engines.tools.corpora import language_of, word_spans
from data_engines.tools.fonts import Face, Font, choose_face
from data_engines.tools.matter.filler import Matter
from data_engines.tools.shaping import check_shapable, direction_of, setting, wrap
from data_engines.tools.texts import Texts
from data_engines.tools.vertical import Column, can_stand

SMALLEST = 13
"""Smallest size of fonts on things, in pixels of the face; seen at an angle they are a fifth smaller."""
OUTER_MARKS = " ,.;:!?-'()，。！？、"
"""Characters stripped from the ends of a text, as it is a piece of a sentence."""
KEPT_SIZE = 0.55
"""Share of its greatest size that a text must keep, or it is broken into more lines."""
SHRINKING = 0.87
"""Ratio of a font's size to the next one that is tried."""
LEADING = 1.25
"""Distance of the lines of a text, as a multiple of the font's size."""
TRIES = 4
"""Texts that are looked at for one in the language of the thing's first."""


@dataclass(frozen=True)
class Writer:
    """What texts on things are made of."""

    texts: Texts
    faces: tuple[Face, ...]
    standing: tuple[Face, ...]
    """Those for columns; none where there are to be none."""
    words: Range

    def choose(self, rng: np.random.Generator) -> str:
        """A run of words, without punctuation at its ends; empty if it has nothing else."""
        return self.texts.choose_run(rng, self.words).strip(OUTER_MARKS)

    def choose_long(self, rng: np.random.Generator) -> str:
        """Several whole texts in one language, one after the other."""
        texts = [self.texts.choose(rng) for _ in range(int(rng.integers(4, 14)))]
        language = language_of(texts[0])
        return ("" if language == "zh" else " ").join(text for text in texts if language_of(text) == language)

    def choose_matter(self, rng: np.random.Generator, what: str) -> str | None:
        """A field of `Matter` by its name, such as a phone number; None where texts have no matter."""
        matter = [some for some in self.texts.matter if isinstance(some, Matter)]
        return one_of(rng, matter).choose_field(rng, what) if matter else None


@dataclass
class Draft:
    """A face with the patches and lines that it has so far."""

    rng: np.random.Generator
    writer: Writer
    width: int
    height: int
    left_over: int
    """Number of texts that the thing may still get."""
    patches: list[Patch] = field(default_factory=list)
    lines: list[Inscription] = field(default_factory=list)
    face: Face | None = None
    language: str | None = None

    def box(self, left: float, top: float, right: float, bottom: float) -> Box:
        """A part of the face, given by shares of its width and height."""
        return Box(left * self.width, top * self.height, right * self.width, bottom * self.height)

    def patch(self, box: Box, color: Rgb, radius: float = 0, outline: float = 0) -> None:
        self.patches.append(Patch(box, color, radius, round(outline)))

    def write(
        self,
        room: Box,
        color: Rgb,
        size: float,
        *,
        most: int = 1,
        what: str | None = None,
        whole: bool = False,
        capitals: float = 0.3,
        start: bool = False,
    ) -> bool:
        """Writes a text into a room, if it has one and the thing may have one more; whether it was written.

        Args:
            room: Where it stands, in pixels; in its middle, or at the side where lines begin.
            color: The colour of its ink.
            size: The largest size of its font in pixels.
            most: The greatest number of lines.
            what: The name of a field of `Matter`, which is used where there is matter.
            whole: Whether it is a whole text, cut where the room ends, and not a run of words.
            capitals: The chance that it is in capitals.
            start: Whether its lines begin at the side.
        """
        if not self.left_over:
            return False
        text = self._choose(what, whole)
        text = check_shapable(text.upper() if self.rng.random() < capitals else text)
        if not text.strip(OUTER_MARKS):
            return False
        face, way = self._choose_face(text, self.writer.faces), direction_of(text)
        fitted = _fit(text, face, way, size, range(most if whole else 1, most + 1), room)
        if fitted is None:
            return False
        y, block = room.middle - fitted.height / 2, self._next_block()
        for line, (left, top, right, bottom) in zip(fitted.lines, fitted.inks, strict=True):
            free = room.width - (right - left)
            x = round(room.left + ((free if way == "rtl" else 0) if start else free / 2))
            above = round(y + top - fitted.top)
            box = Box(x, above, x + right - left, above + bottom - top)
            self.lines.append(Inscription(line, fitted.font, way, box, color, block))
            y += fitted.pitch
        return True

    def write_column(self, room: Box, color: Rgb, size: float, most: int = 1) -> bool:
        """Writes a text into at most `most` columns, the first at the right, if one can stand there."""
        if not self.left_over or not self.writer.standing:
            return False
        text = self._choose(None, False)
        if not can_stand(text):
            return False
        face = self._choose_face(text, self.writer.standing)
        lying = Box(0, 0, room.height, room.width)
        fitted = _fit(text, face, "column", size, range(1, most + 1), lying)
        if fitted is None:
            return False
        x, block = (room.left + room.right + fitted.height) / 2, self._next_block()
        for line, (left, top, right, bottom) in zip(fitted.lines, fitted.inks, strict=True):
            # a column that lies has its right side above
            beside, above = round(x - (bottom - fitted.top)), round(room.top + GAP + left)
            box = Box(beside, above, beside + bottom - top, above + right - left)
            self.lines.append(Inscription(line, fitted.font, "column", box, color, block))
            x -= fitted.pitch
        return True

    def _choose(self, what: str | None, whole: bool) -> str:
        """A text in the language of the thing's first, if one is soon found; matter may be Latin."""
        for _ in range(TRIES):
            text = (what and self.writer.choose_matter(self.rng, what)) or (
                self.writer.choose_long(self.rng) if whole else self.writer.choose(self.rng)
            )
            if self.language in (None, language_of(text)) or (what and text.isascii()):
                break
        if self.language is None and not text.isascii():
            self.language = language_of(text)
        return text

    def _choose_face(self, text: str, faces: Sequence[Face]) -> Face:
        """The face of the thing's other texts, mostly."""
        if self.face is None or not self.face.can_write(text) or self.rng.random() < 0.2:
            self.face = choose_face(self.rng, faces, text)
        elif not any(face.path == self.face.path for face in faces):
            return choose_face(self.rng, faces, text)
        return self.face

    def _next_block(self) -> int:
        self.left_over -= 1
        return self.left_over


@dataclass(frozen=True)
class Fitted:
    """A text in lines, as large as its room allows."""

    lines: tuple[str, ...]
    inks: tuple[tuple[int, int, int, int], ...]
    """Left, top, right and bottom of the ink of each line, from the start of its baseline in pixels."""
    font: Font
    pitch: float
    """Distance of the baselines in pixels."""

    @property
    def top(self) -> int:
        return min(top for _, top, _, _ in self.inks)

    @property
    def height(self) -> float:
        """From the top of the highest ink to the bottom of the lowest."""
        return self.pitch * (len(self.lines) - 1) + max(bottom for *_, bottom in self.inks) - self.top


def _fit(text: str, face: Face, way: Way, size: float, counts: Sequence[int], room: Box) -> Fitted | None:
    """A text, or as many of its words as have room, in the least number of lines that keeps it large.

    Args:
        text: One line.
        face: The face it is set in.
        way: How it runs.
        size: The largest size of the font in pixels.
        counts: The greatest numbers of lines, which are tried in this order.
        room: Its room; that of a column that lies is as wide as the column may be long.
    """
    while text:
        for count in counts:
            # the last count may be as small as need be, others only a little smaller
            least = SMALLEST if count == counts[-1] else max(SMALLEST, KEPT_SIZE * size)
            if fitted := _fit_lines(text, face, way, (least, size), count, room):
                return fitted
        spans = word_spans(text)
        if len(spans) < 2:
            return None
        text = text[: spans[max(0, int(0.7 * len(spans)) - 1)][1]].rstrip(OUTER_MARKS)
    return None


def _fit_lines(
    text: str, face: Face, way: Way, sizes: tuple[float, float], count: int, room: Box
) -> Fitted | None:
    """The text in at most `count` lines, in the largest size from the least to the greatest that fits."""
    width, height = room.width - 2 * GAP, room.height - 2 * GAP
    least, size = sizes
    while size >= least:
        font = face.path, face.number, int(size)
        how = Column(font) if way == "column" else setting(font, way)
        lines = tuple(wrap(text, how, width))
        if len(lines) <= count and LEADING * size * len(lines) <= height + 0.5 * size:
            inks = tuple(how.ink(line) for line in lines)
            tallest = max(bottom for *_, bottom in inks) - min(top for _, top, _, _ in inks)
            fitted = Fitted(lines, inks, font, max(LEADING * font[2], tallest + 2 * GAP + 1))
            if fitted.height <= height and all(right - left <= width for left, _, right, _ in inks):
                return fitted
        size *= SHRINKING
    return None


def choose_color(rng: np.random.Generator, lightness: tuple[float, ...], vivid: float = 0.9) -> Rgb:
    """A colour of one of some degrees of lightness, from 0 to 1."""
    shade = float(np.clip(one_of(rng, lightness) + rng.uniform(-0.06, 0.06), 0, 1))
    return to_rgb(colorsys.hls_to_rgb(rng.random(), shade, rng.uniform(0, vivid)))


def choose_ink(rng: np.random.Generator, ground: Rgb) -> Rgb:
    """A colour that stands out on a ground, mostly near black or white."""
    dark = luma(ground) > 128
    if rng.random() < 0.5:
        return (20, 20, 24) if dark else (248, 248, 244)
    for _ in range(8):
        color = choose_color(rng, (0.1, 0.22) if dark else (0.8, 0.92))
        if abs(luma(color) - luma(ground)) > 120:
            return color
    return (20, 20, 24) if dark else (248, 248, 244)


def luma(color: Rgb) -> float:
    """Lightness of a colour as it is seen, from 0 to 255."""
    return 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2]
