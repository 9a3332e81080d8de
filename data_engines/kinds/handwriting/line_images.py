"""Pictures of written lines: reads lists of them with their texts, and the ink on each picture."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageFilter, ImageOps

from data_engines.engine import Reject
from data_engines.tools.foreign.json_files import parse_json
from data_engines.tools.foreign.labels import Label
from data_engines.tools.foreign.lists import numbered_lines
from data_engines.tools.foreign.pictures import Pictures
from data_engines.tools.foreign.readers import READERS
from data_engines.tools.typed import as_typed
from got_train.data.foreign import recognise, refuse_foreign
from got_train.data.utf8 import read_utf8

BLOCK = 48
"""Width in pixels of a piece of a line in which the paper counts as equally light."""
PAPER_NOISE = 0.12
"""Share of the paper's lightness by which a pixel may be darker and still be paper."""


TEXT_LISTS = (
    "recognition list",
    "picture list",
    "texts by picture",
    "MJSynth list",
    "IAM lines",
    "IAM words",
)
"""The formats of lists that are read here, by their names in `got_train.data.foreign`."""


@dataclass(frozen=True)
class LineImage:
    path: str
    width: int
    height: int
    text: str


def read_line_images(file: Path) -> tuple[tuple[LineImage, ...], dict[str, int]]:
    """The usable pictures in a list, with their texts, and the number of unusable ones by cause.

    The list is a `.jsonl` file with "image" and "text", or one of `TEXT_LISTS`. Names of pictures begin in
    its folder.

    Raises:
        ValueError: the list can't be read, or no picture in it can be used.
    """
    lines: list[LineImage] = []
    left_out: Counter[str] = Counter()
    try:
        pairs = list(_json_pairs(file) if file.suffix == ".jsonl" else _listed_pairs(file))
    except ValueError as error:
        raise ValueError(f"--line-images {error}") from None
    for path, text in pairs:
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


def _listed_pairs(file: Path) -> Iterator[tuple[Path, str]]:
    """Path and text of each picture that a list names."""
    refuse_foreign(file, str(file), but=TEXT_LISTS)
    kind = recognise(file)
    if kind is None:
        read_utf8(file, str(file))  # of another encoding nothing is recognised
        raise ValueError(f"{file}: give IAM's lines.txt, or lines of picture, tab and text (or .csv, .jsonl)")
    pictures = Pictures(file, None)
    for found in READERS[kind](file, pictures):
        if isinstance(found, Label):
            yield pictures.find(found.picture) or Path(found.picture), found.text or ""


def _json_pairs(file: Path) -> Iterator[tuple[Path, str]]:
    refuse_foreign(file, str(file))
    for location, line in numbered_lines(file):
        match parse_json(line, location):
            case {"image": str(image), "text": str(text)}:
                yield file.parent / image, text
            case _:
                raise ValueError(f'{location}: give {{"image": ..., "text": ...}} on each line')


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
