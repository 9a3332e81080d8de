"""Pictures of written lines with their texts: lists of them, and the ink on them."""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageFilter, ImageOps

from data_engines.engine import Reject
from data_engines.tools.typed import as_typed

BLOCK = 48
"""Pixels of a line over which the paper is taken to be of one lightness."""
PAPER_NOISE = 0.12
"""Share of the paper's lightness by which it may vary without being ink."""

_CLITIC = re.compile(r"n?'(?:s|t|d|m|ll|re|ve)", re.IGNORECASE)


@dataclass(frozen=True)
class LineImage:
    path: str
    width: int
    height: int
    text: str


def read_line_images(file: Path) -> tuple[tuple[LineImage, ...], dict[str, int]]:
    """The pictures in a list with their texts, and how many can't be used, by cause.

    The list is IAM's `lines.txt`, its pictures anywhere below its folder; or a `.jsonl` file with "image"
    and "text", or a `.csv` or tab-separated file of pictures and texts. Paths in those are from the folder of
    the list.

    Raises:
        ValueError: the list can't be read, or no picture in it can be used.
    """
    try:
        content = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"--line-images {file} can't be read as UTF-8 text: {error}") from error
    lines: list[LineImage] = []
    left_out: Counter[str] = Counter()
    for path, text in _pairs(file, content):
        text = as_typed(text)
        if not text:
            left_out["line image without text"] += 1
            continue
        try:
            with Image.open(path) as picture:
                lines.append(LineImage(str(path), *_upright_size(picture), text))
        except (OSError, Image.DecompressionBombError):
            left_out["missing or unreadable line image"] += 1
    if not lines:
        found = ", ".join(f"{count} {cause}" for cause, count in left_out.items()) or "it lists none"
        raise ValueError(
            f"--line-images {file}: no picture to use ({found}); paths are from the list's folder"
        )
    return tuple(lines), dict(left_out)


def read_ink(path: str, width: int, height: int) -> Image.Image:
    """The ink on a picture of a line, scaled to that size, as a mask: 0 is paper, however uneven it is."""
    picture = _open(path).resize((width, height), Image.Resampling.BOX)
    levels = np.asarray(picture, dtype=np.float32)
    if np.median(levels) < 128:  # light on dark, as some collections are
        levels = 255 - levels
    # the lightness of the paper along the line, where most pixels of a column are paper
    starts = range(0, width, BLOCK)
    papers = [np.percentile(levels[::2, start : start + BLOCK : 3], 80) for start in starts]
    centres = [start + min(BLOCK, width - start) / 2 for start in starts]
    paper = np.interp(np.arange(width), centres, papers) * (1 - PAPER_NOISE)
    ink = np.percentile(levels, 1)
    share = np.clip((paper - levels) / np.maximum(paper - ink, 1), 0, 1)
    mask = Image.fromarray((255 * share).astype(np.uint8))
    # specks of the scan are single pixels; strokes are not
    return mask if mask.height < 24 else _without_specks(mask)


def _upright_size(picture: Image.Image) -> tuple[int, int]:
    # the method of PNG files decodes them whole to look for what may come last
    turned = Image.Image.getexif(picture).get(ExifTags.Base.Orientation) in (5, 6, 7, 8)
    return (picture.height, picture.width) if turned else picture.size


@lru_cache(maxsize=256)
def _open(path: str) -> Image.Image:
    try:
        with Image.open(path) as file:
            return ImageOps.exif_transpose(file).convert("L")
    except OSError as error:
        raise Reject("unreadable line image") from error


def _without_specks(mask: Image.Image) -> Image.Image:
    firm = mask.filter(ImageFilter.BoxBlur(1)).point([255 * (level > 40) for level in range(256)])
    near = firm.filter(ImageFilter.MaxFilter(3))
    return Image.composite(mask, Image.new("L", mask.size), near)


def _pairs(file: Path, content: str) -> Iterator[tuple[Path, str]]:
    """Path and text of each picture that a list names."""
    # not splitlines(): texts may hold other separators of lines
    rows = content.rstrip("\n").split("\n") if content.strip() else []
    if file.suffix == ".jsonl":
        for number, row in enumerate(rows, 1):
            if row.strip():
                yield _from_json(file, number, row)
    elif any(_is_iam(row) for row in rows[:100]):
        found = {picture.stem: picture for picture in sorted(file.parent.rglob("*.png"))}
        form, quoted = "", False
        for row in rows:
            if _is_iam(row):
                name, *_, words = row.split(" ", 8)
                if name.rpartition("-")[0] != form:
                    form, quoted = name.rpartition("-")[0], False
                text, quoted = _join_words(words.split("|"), quoted)
                yield found.get(name, file.parent / f"{name}.png"), text
    else:
        # in tab-separated files a quotation mark is a quotation mark
        tabs = file.suffix != ".csv"
        cells_by_row = csv.reader(rows, "excel-tab", quoting=csv.QUOTE_NONE) if tabs else csv.reader(rows)
        for number, cells in enumerate(cells_by_row, 1):
            if len(cells) != 2:
                raise ValueError(
                    f"--line-images {file}:{number}: {len(cells)} columns; give picture and text"
                )
            yield file.parent / cells[0], cells[1]


def _join_words(words: Sequence[str], quoted: bool) -> tuple[str, bool]:
    """A line of IAM's, where words and marks stand apart; `quoted` says whether it is inside quotation marks.

    Returns:
        The text as it is written, and whether the next line begins inside quotation marks.
    """
    text, joined = "", True
    for word in words:
        closes = (word == '"' and quoted) or word[:1] in set(",.;:!?)") or _CLITIC.fullmatch(word)
        text += word if joined or closes else f" {word}"
        joined = word == "(" or (word == '"' and not quoted)
        quoted ^= word == '"'
    return text, quoted


def _from_json(file: Path, number: int, row: str) -> tuple[Path, str]:
    try:
        record = json.loads(row)
    except ValueError:
        record = None
    match record:
        case {"image": str(image), "text": str(text)}:
            return file.parent / image, text
    raise ValueError(f'--line-images {file}:{number}: give {{"image": ..., "text": ...}} on each line')


def _is_iam(row: str) -> bool:
    cells = row.split(" ", 8)
    return len(cells) == 9 and cells[1] in ("ok", "err") and all(cell.isdecimal() for cell in cells[2:8])
