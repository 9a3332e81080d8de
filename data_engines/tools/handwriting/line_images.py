"""Pictures of written lines with their texts: lists of them, and the ink on them."""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from data_engines.engine import Reject

BLOCK = 48
"""Pixels of a line over which the paper is taken to be of one lightness."""
PAPER_NOISE = 0.12
"""Share of the paper's lightness by which it may vary without being ink."""

_BEFORE_MARK = re.compile(r" (?=[,.;:!?)])")


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
        text = " ".join(text.split())
        if not text:
            left_out["line image without text"] += 1
            continue
        try:
            with Image.open(path) as picture:
                lines.append(LineImage(str(path), *picture.size, text))
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
    rows = content.splitlines()
    if file.suffix == ".jsonl":
        for number, row in enumerate(rows, 1):
            if row.strip():
                yield _from_json(file, number, row)
    elif any(_is_iam(row) for row in rows[:100]):
        found = {picture.stem: picture for picture in sorted(file.parent.rglob("*.png"))}
        for row in rows:
            if _is_iam(row):
                name, *_, text = row.split(" ", 8)
                # words and marks stand apart there
                text = _BEFORE_MARK.sub("", text.replace("|", " "))
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


def _from_json(file: Path, number: int, row: str) -> tuple[Path, str]:
    try:
        record = json.loads(row)
        return file.parent / record["image"], str(record["text"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f'--line-images {file}:{number}: give {{"image": ..., "text": ...}} on each line'
        ) from error


def _is_iam(row: str) -> bool:
    cells = row.split(" ", 8)
    return len(cells) == 9 and cells[1] in ("ok", "err") and all(cell.isdecimal() for cell in cells[2:8])
