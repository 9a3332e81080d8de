"""Pictures of written lines: reads lists of them with their texts, and the ink on each picture."""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageFilter, ImageOps

from data_engines.engine import Reject
from data_engines.tools.foreign.iam import read_iam_lines
from data_engines.tools.foreign.pictures import Pictures
from data_engines.tools.typed import as_typed
from got_train.data.foreign import recognise, refuse_foreign
from got_train.data.utf8 import read_utf8

BLOCK = 48
"""Width in pixels of a piece of a line in which the paper counts as equally light."""
PAPER_NOISE = 0.12
"""Share of the paper's lightness by which a pixel may be darker and still be paper."""


@dataclass(frozen=True)
class LineImage:
    path: str
    width: int
    height: int
    text: str


def read_line_images(file: Path) -> tuple[tuple[LineImage, ...], dict[str, int]]:
    """The usable pictures in a list, with their texts, and the number of unusable ones by cause.

    The list is IAM's `lines.txt`, whose pictures lie anywhere below its folder; or a `.jsonl` file with
    "image" and "text"; or a `.csv` or tab-separated file of pictures and texts. The paths in the last three
    are relative to the folder of the list.

    Raises:
        ValueError: the list can't be read, or no picture in it can be used.
    """
    read_here = ["recognition list", "IAM lines"]
    if file.suffix == ".csv":
        read_here.append("picture list")
    refuse_foreign(file, f"--line-images {file}", but=read_here)
    content = read_utf8(file, f"--line-images {file}")
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
    """The ink on a picture of a line, as a mask of `width` x `height`: 0 is paper, even if it is uneven."""
    picture = _open(path).resize((width, height), Image.Resampling.BOX)
    levels = np.asarray(picture, dtype=np.float32)
    if np.median(levels) < 128:  # some collections are light on dark
        levels = 255 - levels
    # the lightness of the paper along the line; most pixels of a column are paper
    starts = range(0, width, BLOCK)
    papers = [np.percentile(levels[::2, start : start + BLOCK : 3], 80) for start in starts]
    centres = [start + min(BLOCK, width - start) / 2 for start in starts]
    paper = np.interp(np.arange(width), centres, papers) * (1 - PAPER_NOISE)
    ink = np.percentile(levels, 1)
    share = np.clip((paper - levels) / np.maximum(paper - ink, 1), 0, 1)
    mask = Image.fromarray((255 * share).astype(np.uint8))
    # specks of the scan are single pixels, strokes are larger
    return mask if mask.height < 24 else _without_specks(mask)


def _upright_size(picture: Image.Image) -> tuple[int, int]:
    # PngImageFile's own method decodes the whole file, as EXIF data may come last in it
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
    # not splitlines(), as texts may hold other line separators, such as U+2028
    rows = content.rstrip("\n").split("\n") if content.strip() else []
    if file.suffix == ".jsonl":
        for number, row in enumerate(rows, 1):
            if row.strip():
                yield _from_json(file, number, row)
    elif recognise(file) == "IAM lines":
        found = {picture.stem: picture for picture in sorted(file.parent.rglob("*.png"))}
        for label in read_iam_lines(file, Pictures(file.parent, None)):
            name = str(label.picture)
            yield found.get(name, file.parent / f"{name}.png"), label.text or ""
    else:
        # quotation marks in tab-separated files are part of the text
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
    except ValueError:
        record = None
    match record:
        case {"image": str(image), "text": str(text)}:
            return file.parent / image, text
    raise ValueError(f'--line-images {file}:{number}: give {{"image": ..., "text": ...}} on each line')
