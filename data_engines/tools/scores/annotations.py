"""Words and dynamics beside the notes of a score: **text and **dynam, held against what Verovio engraved."""

import html
import re
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from itertools import groupby
from xml.etree import ElementTree

from data_engines.engine import Reject
from data_engines.tools.fonts import Typeface, open_font
from data_engines.tools.scores.kern import Pitch, duration, pitches

_MEI = "{http://www.music-encoding.org/ns/mei}"
_SYLLABLE = re.compile(
    r'class="syl">\s*<text x="(\d+)" y="(\d+)"[^>]*>\s*<tspan[^>]*>\s*<tspan font-size="(\d+)px">([^<]*)<'
    r"(?:/tspan>\s*</tspan>\s*</text>)\s*(<rect)?"
)
"""A syllable in Verovio's SVG: left, baseline, size, text, and a hyphen behind it."""
MIN_GAP = 0.12
"""Smallest space between two words below the notes, as a share of the size of the letters."""
MEASURED_SIZE = 100
"""Size in pixels at which a font is asked for the width of a syllable."""


def notes_alone(kern: str) -> str:
    """The **kern spines of a score, without the spines that follow them."""
    lines = [line.split("\t") for line in kern.splitlines()]
    others = len(lines[0]) - lines[0].count("**kern")
    return "\n".join("\t".join(line[: len(line) - others]) for line in lines)


def check_annotations(kern: str, mei: str, svg: str, face: Typeface | None) -> None:
    """Raises a Reject unless the words and dynamics of `kern`, and no others, are drawn.

    Args:
        kern: the answer.
        mei: the score as Verovio understood it.
        svg: what Verovio drew.
        face: the face of the words, which must not run into each other; None if there are none.
    """
    if notes_alone(kern) == kern and not any(
        f'class="{name}"' in svg for name in ("syl", "dynam", "hairpin")
    ):
        return
    said = list(_annotations(kern))
    root = ElementTree.fromstring(mei)
    if [(pitch, text) for _, _, spine, text, pitch in said if spine == "**text"] != list(_sung(root)):
        raise Reject("other words below the notes")
    dynamics = Counter(
        (measure, moment, text) for measure, moment, spine, text, _ in said if spine == "**dynam"
    )
    metre = re.search(r"\*M\d+/(\d+)", kern)
    # Verovio counts quarters where it is given the symbol of a metre
    unit = 4 if "*met(" in kern or metre is None else int(metre[1])
    if dynamics != Counter(_dynamics(root, unit)):
        raise Reject("other dynamics engraved")
    hairpins = sum(text in "<>" for _, _, text in dynamics.elements())
    ends = sum(text in "[]" for _, _, text in dynamics.elements())
    drawn = [len(re.findall(rf'class="{name}">\s*<{ink}', svg)) for name, ink in _DRAWN]
    if drawn != [dynamics.total() - hairpins - ends, hairpins]:
        raise Reject("dynamics not drawn")
    _check_words([text for _, _, spine, text, _ in said if spine == "**text"], svg, face)


_DRAWN = (("dynam", "use "), ("hairpin", "polyline "))
"""Classes of dynamics in Verovio's SVG, and the ink that each has."""
Annotation = tuple[int, Fraction, str, str, Pitch | None]
"""Number of the measure, time from its start in whole notes, spine, text, and the note at its left."""


def _annotations(kern: str) -> Iterator[Annotation]:
    """What the spines after the notes say, from first row to last."""
    lines = [line.split("\t") for line in kern.splitlines()]
    spines = lines[0][lines[0].count("**kern") :]
    measure, sounding = -1, [Fraction(0)]
    for line in lines[1:]:
        notes, beside = line[: len(line) - len(spines)], line[len(line) - len(spines) :]
        if notes[0].startswith("="):
            measure, sounding = measure + 1, [Fraction(0)]
        elif not notes[0].startswith("*") and not any("q" in note for note in notes):
            moment = min(sounding)
            lengths = [duration(note) for note in notes if note != "."]
            sounding = [end for end in sounding if end > moment] + [moment + length for length in lengths]
            for spine, text in zip(spines, beside, strict=True):
                if text != ".":
                    yield measure, moment, spine, text, next(iter(pitches(notes[-1])), None)


def _sung(root: ElementTree.Element) -> Iterator[tuple[Pitch, str]]:
    """The syllables with their notes, spelt as in **text."""
    for note in root.iter(f"{_MEI}note"):
        for syllable in note.iter(f"{_MEI}syl"):
            place, goes_on = syllable.get("wordpos", ""), syllable.get("con") == "d"
            text = (syllable.text or "").strip()
            hyphens = "-" * (place in ("m", "t")), "-" * goes_on
            yield Pitch(note.attrib["pname"], int(note.attrib["oct"])), text.join(hyphens)


def _dynamics(root: ElementTree.Element, unit: int) -> Iterator[tuple[int, Fraction, str]]:
    """Marks and ends of hairpins with their measures and times; `unit` is that of Verovio's beats."""

    def moment(beat: str) -> Fraction:
        return (Fraction(beat).limit_denominator(1000) - 1) / unit

    for number, measure in enumerate(root.iter(f"{_MEI}measure")):
        for mark in measure.iter(f"{_MEI}dynam"):
            yield number, moment(mark.attrib["tstamp"]), mark.text or ""
        for hairpin in measure.iter(f"{_MEI}hairpin"):
            start, end = ("<", "[") if hairpin.get("form") == "cres" else (">", "]")
            later, beat = hairpin.attrib["tstamp2"].split("m+")
            yield number, moment(hairpin.attrib["tstamp"]), start
            yield number + int(later), moment(beat), end


def _check_words(syllables: list[str], svg: str, face: Typeface | None) -> None:
    """Raises a Reject unless the syllables are drawn with their hyphens, one beside the other."""
    found = [
        (int(x), int(y), int(size), html.unescape(text).strip(), hyphen)
        for x, y, size, text, hyphen in _SYLLABLE.findall(svg)
    ]
    if [text + "-" * bool(hyphen) for *_, text, hyphen in found] != [text.lstrip("-") for text in syllables]:
        raise Reject("words or hyphens not drawn")
    for _, line in groupby(found, key=lambda each: each[1]):
        end = 0.0
        for x, _, size, text, _ in line:
            assert face is not None, "words have a face"
            if x < end:
                raise Reject("words that run into each other")
            font = open_font(face.path, face.number, MEASURED_SIZE)
            end = x + (font.getlength(text) / MEASURED_SIZE + MIN_GAP) * size
