"""Reads IAM's lines.txt and words.txt, and its forms in XML."""

import html
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree

from data_engines.tools.foreign.labels import Found, Label, labelled_box
from data_engines.tools.foreign.lists import numbered_lines
from data_engines.tools.foreign.pictures import Pictures
from got_train.data.foreign import IAM_LINE, IAM_WORD

_CLITIC = re.compile(r"n?'(?:s|t|d|m|ll|re|ve)", re.IGNORECASE)
MAX_XML_BYTES = 1 << 24
"""Largest XML file, of one picture; in memory it may take forty times as much."""
BAD_CUT = "word that IAM marks as badly cut out (err)"


def read_iam_lines(path: Path, _: Pictures) -> Iterator[Label]:
    """The lines of lines.txt, or the sentences of sentences.txt."""
    form, quoted = "", False
    for location, line in numbered_lines(path):
        if line.startswith("#"):
            continue
        match = IAM_LINE.fullmatch(line.rstrip())
        if match is None:
            raise ValueError(f"{location}: no line of IAM's lines.txt")
        name = match["name"]
        if name.rpartition("-")[0] != form:
            form, quoted = name.rpartition("-")[0], False
        text, quoted = join_words(match["words"].split("|"), quoted)
        yield Label(location, name, text)


def read_iam_words(path: Path, _: Pictures) -> Iterator[Found]:
    """The words of words.txt."""
    for location, line in numbered_lines(path):
        if line.startswith("#"):
            continue
        match = IAM_WORD.fullmatch(line.rstrip())
        if match is None:
            raise ValueError(f"{location}: no line of IAM's words.txt")
        if match["quality"] != "ok":
            yield BAD_CUT
        else:
            yield Label(location, match["name"], match["word"])


def read_iam_form(path: Path, pictures: Pictures) -> Iterator[Found]:
    """The written lines of a form: as pictures of their own if there are any, or as boxes on the form."""
    root = parse_xml(path)
    lines = root.findall("handwritten-part/line")
    if any(pictures.find(line.get("id", "")) for line in lines):
        for line in lines:
            yield Label(f"{path}:{line.get('id')}", line.get("id", ""), _text_of(line))
        return
    try:
        boxes = [labelled_box(corners, _text_of(line)) for line in lines if (corners := _corners(line))]
    except ValueError as error:
        raise ValueError(f"{path}: cmp needs x, y, width and height as numbers ({error})") from None
    yield Label(str(path), root.get("id", path.stem), boxes=tuple(boxes))


def _text_of(line: ElementTree.Element) -> str:
    return html.unescape(line.get("text", ""))  # IAM escapes quotation marks twice


def _corners(line: ElementTree.Element) -> list[tuple[float, float]]:
    """Corners of all parts of the words of a line."""
    corners = []
    for part in line.iter("cmp"):
        x, y, width, height = (float(part.get(key, "nan")) for key in ("x", "y", "width", "height"))
        corners += [(x, y), (x + width, y + height)]
    return corners


def parse_xml(path: Path) -> ElementTree.Element:
    """The root of an XML file, in the encoding that it names.

    Raises:
        ValueError: it is no XML, in an encoding that is not known, or large.
    """
    size = path.stat().st_size
    if size > MAX_XML_BYTES:
        raise ValueError(f"{path} has {size:,} bytes: at most {MAX_XML_BYTES:,} are read of XML")
    try:
        return ElementTree.parse(path).getroot()
    except ElementTree.ParseError as error:
        raise ValueError(f"{path} is no whole XML: {error}") from None
    except (LookupError, ValueError) as error:  # of the encoding that the file names
        raise ValueError(f"{path} is in an encoding that is not read ({error}): save it in UTF-8") from None


def join_words(words: Sequence[str], quoted: bool) -> tuple[str, bool]:
    """Joins the words and marks of a line of IAM; `quoted` says whether it starts inside quotation marks.

    Returns:
        The text as people write it, and whether the next line starts inside quotation marks.
    """
    text, joined = "", True
    for word in words:
        closes = (word == '"' and quoted) or word[:1] in set(",.;:!?)") or _CLITIC.fullmatch(word)
        text += word if joined or closes else f" {word}"
        joined = word == "(" or (word == '"' and not quoted)
        quoted ^= word == '"'
    return text, quoted
