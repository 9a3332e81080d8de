"""The beginnings of files, looked at in the ways by which labels of other tools are known."""

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

PICTURE_ENDINGS = tuple(".jpg .jpeg .png .bmp .gif .tif .tiff .webp .jp2 .jfif .ppm .pgm".split())
"""Endings by which the pictures of a list are known."""
_ENDING = "|".join(ending[1:] for ending in PICTURE_ENDINGS)
PICTURE_FIRST = re.compile(
    rf"(?P<picture>[^\t]*?\.(?:{_ENDING}))(?P<gap>\t|[ ,;|]+|$)(?P<text>.*)", re.IGNORECASE
)
"""A line that begins with a picture's name: up to the first ending of pictures before a gap."""
PICTURE_NAME = re.compile(rf'\[".*"\]|.*\.(?:{_ENDING})', re.IGNORECASE)
"""A picture's name, or a JSON list of such names, as PaddleOCR allows."""
STRUCTURE = re.compile(
    r"""\s*(?:\[?\s*\{\s*(?:["']|\w+\s*:) | \[\{ | \[\s*[\[(]\s*["'(\[] | \[\[-?\d
    | \(\s*["'].*["']\s*,\s*[\d.]+\s*\)\s*$)""",
    re.VERBOSE,
)
"""How objects and lists begin, whole or broken; LaTeX may begin so, too."""
_FIRST_OBJECT = re.compile(r"\s*\[?\s*(?=\{)")
_QUOTED = r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
_MARKUP = {
    "JSON": re.compile(rf"\s*(?:\[?\s*\{{\s*{_QUOTED}\s*:|\[\s*{_QUOTED}\s*[,\]])"),
    "HTML": re.compile(r"\s*<(?:!DOCTYPE\s+html|html)\b", re.IGNORECASE),
    "XML": re.compile(r"\s*<(?:\?xml|!DOCTYPE)\b"),
    "a LaTeX document": re.compile(r"(?:\s*%.*\n)*\s*\\document(?:class|style)\b"),
    "PDF": re.compile("%PDF-"),
    "RTF": re.compile(r"\{\\rtf\d"),
}
"""How files begin that are no texts."""

HEAD_BYTES = 1 << 16
"""How much of a file is looked at."""
MAX_JSON_BYTES = 1 << 28
"""Of a file whose first JSON object is longer than the head."""


class Head:
    """The first lines of a file; a folder has none."""

    def __init__(self, path: Path, root: Path | None = None) -> None:
        """Takes a file or folder, and the folder of its pictures if that is another."""
        self.path = path
        self.root = root or (path if path.is_dir() else path.parent)
        self.text = "" if path.is_dir() else _read_head(path)
        """The first whole lines; empty where they are no UTF-8."""
        self.xml = self.text if self.text.lstrip().startswith("<") else ""
        lines = [] if self.xml else self.text.replace("\r\n", "\n").split("\n")
        self.lines = [line for line in lines if line.strip() and (line[0] != "#" or line.startswith("# IUD"))]

    def mostly(self, pattern: re.Pattern[str]) -> bool:
        """Whether more than half of the lines are as a pattern has them."""
        return most([pattern.fullmatch(line.rstrip()) for line in self.lines])

    def only(self, pattern: re.Pattern[str]) -> bool:
        """Whether there are lines, and all are as a pattern has them."""
        return bool(self.lines) and all(pattern.fullmatch(line.strip()) for line in self.lines)

    @cached_property
    def tabbed(self) -> list[str]:
        """What stands behind the tab, if most lines are the name of a picture, a tab and this."""
        cells = [line.partition("\t") for line in self.lines]
        texts = [text.strip() for name, tab, text in cells if tab and PICTURE_NAME.fullmatch(name.strip())]
        return texts if 2 * len(texts) > len(cells) else []

    @cached_property
    def named(self) -> list[tuple[str, str]]:
        """The lines as names and texts, if all are something without spaces, a tab and a text."""
        cells = [line.partition("\t") for line in self.lines]
        fit = all(tab and " " not in name and "\t" not in text for name, tab, text in cells)
        return [(name, text) for name, _, text in cells] if fit else []

    @cached_property
    def spaced(self) -> list[tuple[str, str]]:
        """Pictures and what stands behind them, if most lines are such, with anything but a tab between."""
        found = [
            match for match in map(PICTURE_FIRST.fullmatch, self.lines) if match and match["gap"] != "\t"
        ]
        pairs = [(match["picture"], match["text"].strip()) for match in found]
        pairs = [(name, text) for name, text in pairs if text and name[0] != "{"]  # which begins a row
        return pairs if 2 * len(pairs) > len(self.lines) else []

    @cached_property
    def json(self) -> dict[str, Any]:
        """The first JSON object, if the file begins with one or with a list of them."""
        start = _FIRST_OBJECT.match(self.text)
        return _read_object(self.path, self.text, start.end()) if start else {}


def _read_object(path: Path, head: str, start: int) -> dict[str, Any]:
    """The JSON object at `start`; empty if it is broken."""
    read = json.JSONDecoder().raw_decode
    found: dict[str, Any] = {}
    try:
        found, _ = read(head, start)
    except (ValueError, RecursionError):
        if len(head) < path.stat().st_size <= MAX_JSON_BYTES:
            with suppress(ValueError, RecursionError):  # the object may be longer than the head
                found, _ = read(path.read_text(encoding="utf-8-sig"), start)
    return found


def markup_of(path: Path) -> str | None:
    """What a file holds that begins as no text does: JSON, XML and so on."""
    return markup_in(_read_head(path))


def markup_in(text: str) -> str | None:
    """What begins as no text does: JSON, XML and so on."""
    return next((name for name, pattern in _MARKUP.items() if pattern.match(text)), None)


def pictures_in(folder: Path) -> list[Path]:
    """The pictures that lie in a folder, sorted."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURE_ENDINGS)


def most(found: Sequence[Any]) -> bool:
    """Whether more than half are true."""
    return 2 * sum(map(bool, found)) > len(found)


def _read_head(path: Path) -> str:
    if path.exists() and not path.is_file():  # to open a pipe may take for ever
        return ""
    with open(path, "rb") as file:
        head = file.read(HEAD_BYTES)
    if len(head) == HEAD_BYTES and b"\n" in head:
        head = head[: head.rindex(b"\n")]
    if head.lstrip().startswith((b"<", b"MATLAB ", b"%PDF-")):  # XML names its own encoding
        return head.decode("latin-1")
    try:
        return head.decode("utf-8-sig", errors="strict")
    except UnicodeDecodeError as error:
        # a single line that is longer than the head may end in half a character
        return head[: error.start].decode("utf-8-sig") if error.start > HEAD_BYTES - 4 else ""
