"""Makes sets of real pictures with their text, to test on and never to train on, from files of packages.

    apt-get download developers-reference debian-policy debmake-doc
    apt-get source --download-only tesseract                       # needs "Types: deb deb-src"
    pip download --no-deps --no-binary ocrmypdf ocrmypdf==16.10.0  # later ones come without their scans
    pip download --no-deps scikit-learn
    python scripts/real_pictures.py *.deb *-test.tar.gz ocrmypdf-*.tar.gz *.whl --output data/real

Each set is a file of rows beside a folder of its pictures; a set is written if a file for it is given.

    lines         lines of the manuals, drawn from their PDF files, with the boxes of their words
    words         a word of each of these lines
    squares       these lines, cut between words, in rows on 128 x 128 pixels; fonts of 12 to 24 pixels
    scans         blocks of scanned magazine pages and leaflets
    scan-lines    the lines of these blocks
    scan-squares  these lines on squares, where their words stand clearly apart
    digits        handwritten digits, 8 x 8 pixels enlarged to 64 x 64

`manifest.json` names each file with version, licence and digest, the fonts of the manuals, and how many lines
are on no square and why.
"""

import argparse
import csv
import gzip
import hashlib
import io
import itertools
import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from PIL import Image
from real.packages import read_members
from real.squares import Print, Word, scanned_print, squares_of

from data_engines.engine import Reject
from data_engines.kinds.page.typography import LATIN, MONO
from data_engines.kinds.pdf import engine as pdf
from data_engines.tools.boxes import Box
from data_engines.tools.fonts import find_font_files, read_faces
from got_train.files import atomic_folder, digest_of, naming_refusals
from got_train.prompts import IMAGE_TAG, Task
from got_train.report import UserError, check_new_folder, one_line, table

TRANSCRIPTS = Path(__file__).parent / "transcripts"
LINES = 40
"""Lines of each manual."""
MOST_TRIES = 20
"""Parts of pages that are looked at for each line that is wanted."""
SEED = 19
"""Of the choice of lines and of the order of rows; any would do, but another one makes other sets."""
MARGIN = 2
"""Pixels round a word."""
SCAN_MARGIN = 4
"""Pixels round a line of a scan."""
MIN_BAND = 10
"""Pixels of the height of a line of a scan, less than which are specks; a comma has as many."""
INK = 128
"""Levels below this one are ink."""
UNREADABLE = "~"
"""What the transcripts of the UNLV pages have for signs that ASCII lacks."""
MIN_WORD = 2
"""Letters or digits in a word that is worth a row."""


@dataclass(frozen=True)
class Row:
    """A picture, and all that stands in it."""

    picture: Image.Image
    text: str
    regions: tuple[Word, ...] = ()
    """Boxes in pixels, with the texts in them."""


@dataclass
class Sets:
    """Rows by set, and the fonts that they are printed in as far as the file says it."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    fonts: set[str] = field(default_factory=set)
    left_out: dict[str, Counter[str]] = field(default_factory=dict)
    """Lines that are on no square, by set and cause."""
    chance: np.random.Generator = field(default_factory=lambda: np.random.default_rng(SEED))
    """Of the sizes and places on squares."""

    def add(self, name: str, row: Row) -> None:
        """Adds a row to a set."""
        self.rows.setdefault(name, []).append(row)

    def add_squares(self, name: str, prepare: Callable[[], Print]) -> None:
        """Adds the squares of a line, or counts why it has none."""
        try:
            squares = squares_of(prepare(), self.chance)
        except Reject as reject:
            self.left_out.setdefault(name, Counter())[str(reject)] += 1
            return
        for picture, pieces in squares:
            self.add(name, Row(picture, "\n".join(text for _, text in pieces), pieces))


@dataclass(frozen=True)
class Package:
    """What is taken from a package."""

    licence: str
    members: re.Pattern[str]
    """The files in it that are read."""
    read: Callable[[dict[str, bytes]], Sets]
    """Makes rows of these files."""


def read_manuals(files: dict[str, bytes]) -> Sets:
    """Lines of PDF files that have the ink of each letter of their text and no other, and a word of each."""
    sets, rng = Sets(), np.random.default_rng(SEED)
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            whole = gzip.decompress(content) if name.endswith(".gz") else content
            place = Path(folder, Path(name).name.removesuffix(".gz"))
            place.write_bytes(whole)
            sets.fonts |= fonts_of(place)
        stock = pdf.load(pdf.Options(source=Path(folder), units="lines"), np.random.default_rng(SEED))
        for spec, line in itertools.islice(manual_lines(stock), LINES):
            sets.add("lines", line)
            sets.add_squares("squares", partial(manual_print, spec))
            words = [region for region in line.regions if sum(map(str.isalnum, region[1])) >= MIN_WORD]
            if words:
                (left, top, right, bottom), text = words[rng.integers(len(words))]
                cut = (
                    int(left) - MARGIN,
                    int(top) - MARGIN,
                    int(right) + 1 + MARGIN,
                    int(bottom) + 1 + MARGIN,
                )
                sets.add("words", Row(line.picture.crop(_within(cut, line.picture)), text))
    return sets


def manual_lines(stock: pdf.PdfStock) -> Iterator[tuple[pdf.Spec, Row]]:
    """Lines as `got-data pdf --units lines` shows them, and no text twice."""
    seen: set[str] = set()
    for index in range(LINES * MOST_TRIES):
        try:
            spec = pdf.decide(np.random.default_rng([SEED, index]), index, stock)
            drawing = next(pdf.draw([spec]))
            if isinstance(drawing, Reject) or pdf.check(spec, drawing) is not drawing:
                continue
        except Reject:
            continue
        [line] = spec.lines
        if line.text not in seen:
            seen.add(line.text)
            yield spec, Row(drawing.pictures[0], line.text, tuple(_words(line, spec)))


def manual_print(spec: pdf.Spec) -> Print:
    """Shows a line of a manual, drawn from its PDF file, at a size of its font."""
    [line] = spec.lines
    points = font_points(spec.file, spec.page, line.ink)

    def show(size: int) -> tuple[Image.Image, list[Word]]:
        shown = replace(spec, scale=size / points)
        drawing, words = next(pdf.draw([shown])), list(_words(line, shown))
        if isinstance(drawing, Reject):
            raise drawing
        if not words:
            raise Reject("ligatures, whose letters have no boxes")
        return drawing.pictures[0], words

    return show


def font_points(file: str, page: int, part: Box) -> float:
    """The size in points of the largest font in a part of a page."""
    with pdfium.PdfDocument(file) as document:
        left, _, _, top = document[page].get_bbox()
        sizes = []
        for text in document[page].get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_TEXT]):
            start, low, end, high = text.get_bounds()
            if part.left <= (start + end) / 2 - left <= part.right:
                if part.top <= top - (low + high) / 2 <= part.bottom:
                    sizes.append(text.get_font_size() * abs(text.get_matrix().d))
    return max(sizes)


def _words(line: pdf.Text, spec: pdf.Spec) -> Iterator[Word]:
    """The words of a line; none where a ligature stands for several letters."""
    words, letters = line.text.split(), iter(line.letters)
    if sum(map(len, words)) != len(line.letters):
        return
    for word in words:
        boxes = np.array([pdf.in_pixels(box, spec) for box in itertools.islice(letters, len(word))])
        left, top = boxes[:, :2].min(axis=0).tolist()
        right, bottom = boxes[:, 2:].max(axis=0).tolist()
        yield Box(left, top, right, bottom), word


def fonts_of(file: Path) -> set[str]:
    """The names of the fonts of a PDF file, without the letters that stand for a part of one."""
    names = set()
    with pdfium.PdfDocument(file) as document:
        for page in document:
            for text in page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_TEXT]):
                names.add(re.sub(r"^[A-Z]{6}\+", "", text.get_font().get_base_name()))
    return names


def read_unlv(files: dict[str, bytes]) -> Sets:
    """The zones of scanned magazine pages, whose texts are parted by empty lines, in the same order."""
    sets = Sets()
    for name, content in files.items():
        if not name.endswith(".uzn"):
            continue
        stem = name.removesuffix(".uzn")
        zones = [list(map(int, line.split()[:4])) for line in content.decode().splitlines()]
        texts = re.split(r"\n\n\n+", files[f"{stem}.txt"].decode().strip())
        page = Image.open(io.BytesIO(files[f"{stem}.tif"])).convert("L")
        # headings of several lines have more parts than zones: what is not surely paired is left out
        for (left, top, width, height), text in zip(zones, texts, strict=False):
            if UNREADABLE in text or len(texts) < len(zones):
                continue
            add_scan(sets, page.crop((left, top, left + width, top + height)), text)
    return sets


def read_scans(files: dict[str, bytes]) -> Sets:
    """Blocks of scans whose transcripts lie beside this script."""
    boxes = {
        "typewriter-list": (100, 390, 3200, 1240),
        "typewriter-text": (100, 1360, 3850, 2770),
        "linn-recording": (330, 1330, 1275, 1968),
    }
    sets = Sets()
    for stem, box in boxes.items():
        [content] = [
            content for name, content in files.items() if name.endswith(f"/{stem.split('-')[0]}.png")
        ]
        text = (TRANSCRIPTS / f"{stem}.txt").read_text(encoding="utf-8")
        add_scan(sets, Image.open(io.BytesIO(content)).convert("L").crop(box), text)
    return sets


def add_scan(sets: Sets, block: Image.Image, text: str) -> None:
    """A block of a scan, and its lines if it has as many of them as its text."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    sets.add("scans", Row(block, "\n".join(lines)))
    bands = ink_bands(block)
    if len(bands) == len(lines):
        for (top, bottom), line in zip(bands, lines, strict=True):
            columns = np.flatnonzero((np.asarray(block)[top:bottom] < INK).any(axis=0))
            cut = (
                columns[0] - SCAN_MARGIN,
                top - SCAN_MARGIN,
                columns[-1] + SCAN_MARGIN,
                bottom + SCAN_MARGIN,
            )
            picture = block.crop(_within(cut, block))
            sets.add("scan-lines", Row(picture, line))
            sets.add_squares("scan-squares", partial(scanned_print, picture, np.asarray(picture) < INK, line))


def ink_bands(block: Image.Image) -> list[tuple[int, int]]:
    """The first row of pixels of each line of a block, and the one after its last."""
    inked = np.concatenate([[False], (np.asarray(block) < INK).any(axis=1), [False]])
    edges = np.flatnonzero(inked[1:] != inked[:-1])
    pairs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [(top, bottom) for top, bottom in pairs if bottom - top >= MIN_BAND]


def _within(box: tuple[int, int, int, int], picture: Image.Image) -> tuple[int, int, int, int]:
    left, top, right, bottom = map(int, box)
    return max(left, 0), max(top, 0), min(right, picture.width), min(bottom, picture.height)


def read_digits(files: dict[str, bytes]) -> Sets:
    """UCI's test set of handwritten digits: 64 levels from 0 to 16, and the digit."""
    [content] = files.values()
    sets = Sets()
    for *levels, digit in csv.reader(io.StringIO(gzip.decompress(content).decode())):
        pixels = 255 - np.array(levels, dtype=float).reshape(8, 8) * 255 / 16
        picture = Image.fromarray(pixels.astype(np.uint8))
        sets.add("digits", Row(picture.resize((64, 64), Image.Resampling.BICUBIC), str(int(float(digit)))))
    return sets


PACKAGES = {
    "developers-reference": Package("GPL-2", re.compile(r"/developers-reference\.pdf$"), read_manuals),
    "debian-policy": Package("GPL-2+", re.compile(r"/policy\.pdf\.gz$"), read_manuals),
    "debmake-doc": Package("Expat", re.compile(r"/debmake-doc\.en\.pdf$"), read_manuals),
    "tesseract": Package(
        "Apache-2.0; the magazine pages are their publishers'",
        re.compile(r"/testing/\d+_\d+\.3B\.(tif|txt|uzn)$"),
        read_unlv,
    ),
    "ocrmypdf": Package(
        "CC-BY-SA-3.0 or GFDL-1.2+", re.compile(r"/tests/resources/(typewriter|linn)\.png$"), read_scans
    ),
    "scikit-learn": Package("BSD-3-Clause", re.compile(r"/digits\.csv\.gz$"), read_digits),
}


def name_and_version(file: Path) -> tuple[str, str]:
    """What the name of a package's file says: `debmake-doc_1.17-7_all.deb`, `ocrmypdf-16.10.0.tar.gz`."""
    said = re.match(
        r"(.+?)[_-](\d[^_]*?)(?:_all\.deb|\.orig-test\.tar\.gz|\.tar\.gz|-cp\d.*\.whl)$", file.name
    )
    name = said[1].replace("_", "-") if said else file.name
    if not said or name not in PACKAGES:
        known = ", ".join(PACKAGES)
        raise UserError(f"{file}: no file of a package that real pictures are known in: {known}")
    return name, said[2]


def drawn_too(fonts: set[str]) -> list[str]:
    """Those fonts that the data engines draw with, on this machine or through TeX: they are no test of unseen
    ones."""
    faces, _ = read_faces(find_font_files([]), set("ae"))
    files = [face.path for face in faces] + [file for family in (*LATIN, *MONO) for file in family.files()]
    found = {_plain(Path(file).stem) for file in files}
    return sorted(name for name in fonts if _plain(name) in found)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]|regular$", "", name.lower())


def write_set(folder: Path, name: str, rows: list[Row]) -> None:
    """A file of rows and their pictures, in an order that mixes the packages."""
    (folder / name).mkdir()
    lines = []
    for number, place in enumerate(np.random.default_rng(SEED).permutation(len(rows))):
        row, picture = rows[place], f"{name}/{number:05}.png"
        row.picture.save(folder / picture)
        said: dict[str, Any] = {
            "query": IMAGE_TAG + Task().query(),
            "response": row.text,
            "images": [picture],
        }
        if row.regions:
            said["regions"] = [{"box": list(box), "text": text} for box, text in row.regions]
        lines.append(json.dumps(said, ensure_ascii=False) + "\n")
    (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")


def write_real(files: list[Path], output: Path) -> tuple[dict[str, int], list[str]]:
    """Writes all sets; returns the rows of each, and notes of what was left out and of fonts."""
    check_new_folder(output, "--output")
    rows: dict[str, list[Row]] = {}
    sources, notes = [], []
    for file in files:
        name, version = name_and_version(file)
        package = PACKAGES[name]
        members = read_members(file, package.members)
        try:
            sets = package.read(members)
        except (OSError, KeyError, ValueError) as error:
            raise UserError(f"{file} is not as {name} is published: {one_line(error)}") from error
        for set_name, some in sets.rows.items():
            rows.setdefault(set_name, []).extend(some)
        sources.append(
            {
                **{"name": name, "version": version, "licence": package.licence, "file": file.name},
                "sha256": digest_of(file, hashlib.sha256),
                "rows": {set_name: len(some) for set_name, some in sets.rows.items()},
                "fonts": sorted(sets.fonts),
                "left_out": {
                    set_name: dict(sorted(some.items())) for set_name, some in sets.left_out.items()
                },
            }
        )
        for set_name, causes in sets.left_out.items():
            said = ", ".join(f"{number} ({cause})" for cause, number in sorted(causes.items()))
            notes.append(f"note: lines of {name} left out of {set_name}: {said}")
        if both := drawn_too(sets.fonts):
            notes.append(
                f"warning: {name} is printed in fonts that got-data would draw with: {', '.join(both)}"
            )
    with naming_refusals(output), atomic_folder(output) as folder:
        for set_name, some in sorted(rows.items()):
            write_set(folder, set_name, some)
        content = {"use": "to test on, never to train on", "sources": sources}
        (folder / "manifest.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return {set_name: len(some) for set_name, some in sorted(rows.items())}, notes


def main(words: list[str] | None = None) -> int:
    """Writes the sets and prints their sizes; 2 if a file is no such package."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "files", nargs="+", type=Path, help="files of packages, as apt-get and pip fetch them"
    )
    parser.add_argument("--output", type=Path, required=True, help="a new folder")
    options = parser.parse_args(words)
    try:
        sizes, notes = write_real(options.files, options.output)
    except UserError as error:
        print(f"real_pictures: {error}", file=sys.stderr)
        return 2
    print(table(["set", "rows"], sizes.items()))
    print("\n".join(notes), file=sys.stderr, end="\n" if notes else "")
    return 0


if __name__ == "__main__":
    sys.exit(main())
