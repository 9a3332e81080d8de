"""Engraves kern with Verovio in one system, and compares Verovio's MEI of the result with the kern."""

import io
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree

import resvg_py
import verovio
from PIL import Image, ImageOps

from data_engines.engine import Reject
from data_engines.tools.fonts import Typeface
from data_engines.tools.scores.kern import METRE_SYMBOLS, Pitch, notes_and_rests, read_score

Joint = Literal["{", "[", ""]
"""The sign that joins the staves: a brace, a bracket or nothing."""

ONE_SYSTEM = {
    "breaks": "none",
    "header": "none",
    "footer": "none",
    "pageWidth": 100_000,
    "pageHeight": 60_000,
    "adjustPageWidth": True,
    "adjustPageHeight": True,
    "pageMarginLeft": 100,
    "pageMarginRight": 100,
    "pageMarginTop": 100,
    "pageMarginBottom": 100,
}
STAFF_AT_FULL_SCALE = 72
"""Height in pixels of a staff that Verovio draws at a scale of 100."""

_MEI = "{http://www.music-encoding.org/ns/mei}"
_SYMBOLS = {"common": "*met(c)", "cut": "*met(c|)"}

verovio.enableLog(verovio.LOG_OFF)


@dataclass(frozen=True)
class Engraving:
    svg: str
    mei: str
    """The score as Verovio understood it, in the format MEI."""


def engrave(kern: str, joint: Joint, staff: int, options: Mapping[str, str | float]) -> Engraving:
    """The music with staves `staff` pixels high; `options` are Verovio's.

    Raises:
        Reject: the kern has a fault, or does not fit into one system.
    """
    _check_kern(kern)
    # a new toolkit for each score: one keeps its options, and resetting them spoils the metrics of some fonts
    toolkit = verovio.toolkit()
    toolkit.setOptions({**ONE_SYSTEM, **options, "scale": round(100 * staff / STAFF_AT_FULL_SCALE)})
    if not toolkit.loadData(_for_verovio(kern, joint)):
        raise Reject("Verovio does not take it")
    svg = toolkit.renderToSVG(1)
    if toolkit.getPageCount() != 1 or svg.count('class="system"') != 1:
        raise Reject("more than one system")
    return Engraving(svg, toolkit.getMEI())


def check_engraving(kern: str, mei: str) -> None:
    """Raises a Reject unless `mei`, the score that Verovio engraved, has the notes and signs of `kern`."""
    root = ElementTree.fromstring(mei)
    elements = [(element.tag.removeprefix(_MEI), element.attrib) for element in root.iter()]
    counts = Counter(tag for tag, _ in elements)
    notes = Counter(Pitch(given["pname"], int(given["oct"])) for tag, given in elements if tag == "note")
    rests = counts["rest"] + counts["mRest"] + counts["multiRest"]
    if (notes, rests) != notes_and_rests(kern):
        raise Reject("other notes or rests engraved")
    lines = kern.splitlines()
    music = "\n".join(line for line in lines if not line.startswith(("*", "=")))
    if (counts["tie"], counts["slur"]) != (music.count("[") + music.count("_"), music.count("(")):
        raise Reject("other ties or slurs engraved")
    if counts["measure"] != sum(line.startswith("=") for line in lines) - 1:
        raise Reject("other measures engraved")
    if _signs(root) != _kern_signs(lines):
        raise Reject("other clefs, keys or metres engraved")


def rasterise(svg: str, width: int, smallest: float, face: Typeface | None = None) -> Image.Image:
    """The SVG in black on white, cropped to its ink, and reduced if it is wider than `width` pixels.

    `face` is that of its words; without one they are not drawn.

    Raises:
        Reject: ink reaches the edge of the SVG, or the SVG would be reduced below the share `smallest`.
    """
    drawn = int(re.search(r'<svg width="(\d+)px"', svg)[1])  # type: ignore[index]
    if width < smallest * drawn:
        raise Reject("staves too small to read")
    # every sign is an outline; skipping the system's fonts, which aren't needed, saves two thirds of the time
    png = resvg_py.svg_to_bytes(
        svg_string=svg,
        width=min(width, drawn),
        background="#ffffff",
        skip_system_fonts=True,
        font_files=[face.path] if face else None,
        serif_family=face.family if face else None,
    )
    mask = Image.open(io.BytesIO(bytes(png))).convert("L")
    left, top, right, bottom = ImageOps.invert(mask).getbbox() or (0, 0, 0, 0)
    if min(left, top, mask.width - right, mask.height - bottom) < 1:
        raise Reject("drawn beyond the page")
    return mask.crop((left, top, right, bottom))


def _check_kern(kern: str) -> None:
    """Raises a Reject unless the excerpt is a score of its own without a fault.

    Verovio would print a message about a fault, or end the process.
    """
    try:
        faults = [measure.fault for measure in read_score(kern).measures[:-1] if measure.fault]
    except ValueError as error:
        raise Reject(str(error)) from error
    if faults:
        raise Reject(faults[0])


def _for_verovio(kern: str, joint: Joint) -> str:
    """The kern with lines that tell Verovio how to join the staves and their barlines.

    A metre is left out where its symbol is given, because Verovio draws neither if it has both.
    """
    lines = kern.splitlines()
    symbols = {i for i, line in enumerate(lines) if line.startswith("*met(")}
    lines = [line for i, line in enumerate(lines) if not (i + 1 in symbols and line.startswith("*M"))]
    numbers = range(lines[0].count("**kern"), 0, -1)
    others = ["*"] * (len(lines[0].split("\t")) - len(numbers))
    staves = "\t".join([*(f"*staff{number}" for number in numbers), *others])
    names = ",".join(f"s{number}" for number in reversed(numbers))
    decoration = {"{": f"{{({names})}}", "[": f"[({names})]", "": names}[joint]
    return "\n".join([f"!!!system-decoration: {decoration}", lines[0], staves, *lines[1:]])


Signs = tuple[list[str], Counter[str], set[str], set[str]]
"""Clefs at the head from the lowest staff up, later clefs, keys, and metres; all as kern writes them."""


def _kern_signs(lines: list[str]) -> Signs:
    head = next(number for number, line in enumerate(lines) if line.startswith("="))
    first = [field for line in lines[:head] for field in line.split("\t")]
    later = [field for line in lines[head:] if line.startswith("*") for field in line.split("\t")]
    signs = {*first, *later}
    # a symbol is drawn instead of the metre that it stands for
    hidden = {metre for metre, symbol in METRE_SYMBOLS.items() if symbol in signs}
    return (
        [field for field in first if field.startswith("*clef")],
        Counter(field for field in later if field.startswith("*clef")),
        {_key_size(field) for field in signs if field.startswith("*k[")},
        {field for field in signs - hidden if field.startswith(("*M", "*met("))},
    )


def _key_size(field: str) -> str:
    """A key as MEI writes it.

    >>> _key_size("*k[f#c#]"), _key_size("*k[b-]"), _key_size("*k[]")
    ('2s', '1f', '0')
    """
    sharps, flats = field.count("#"), field.count("-")
    return f"{sharps}s" if sharps else f"{flats}f" if flats else "0"


def _signs(root: ElementTree.Element) -> Signs:
    score = next(root.iter(f"{_MEI}scoreDef"))
    clefs = [_clef(element) for element in score.iter(f"{_MEI}clef")]
    later = Counter(_clef(clef) for layer in root.iter(f"{_MEI}layer") for clef in layer.iter(f"{_MEI}clef"))
    keys = {element.attrib["sig"] for element in root.iter(f"{_MEI}keySig")}
    return clefs[::-1], later, keys, {_metre(element) for element in root.iter(f"{_MEI}meterSig")}


def _clef(element: ElementTree.Element) -> str:
    octave = {"below": "v", "above": "^"}.get(element.get("dis.place", ""), "")
    return f"*clef{element.get('shape')}{octave}{element.get('line')}"


def _metre(element: ElementTree.Element) -> str:
    if element.get("visible") == "false":
        return "hidden"
    return _SYMBOLS.get(element.get("sym", "")) or f"*M{element.get('count')}/{element.get('unit')}"
