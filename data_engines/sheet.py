"""`got-data sheet`: some rows of a set on one page, with what their answers look like drawn again.

Two files come of it: a PNG to glance at, and an HTML page with all of the texts and nothing outside it. The
box that a row asks about is drawn on its picture, and with `regions` every text that the row has a box for.
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from data_engines.engine import Reject
from data_engines.options import Parser
from data_engines.tools.sheets.labels import cut, line_height, wrap, write_lines
from data_engines.tools.sheets.targets import Target, draw_targets
from got_train.config import MAX_PIXELS
from got_train.data.errors import ImageError, RowError
from got_train.data.images import open_image
from got_train.data.readers import open_rows
from got_train.data.records import Record
from got_train.data.rows import Rows
from got_train.pages.template import picture_html, render
from got_train.prompts import IMAGE_TAG, parse_task

MARK = "got-data sheet"
"""In both files, which a later sheet may then be written over."""
MOST_ROWS = 100
"""On one sheet: its PNG is drawn in memory."""
HTML_SIDE = 1000
"""Longest side in pixels of the pictures in the HTML page."""

PICTURE, TEXT, TARGET = 620, 520, 560
"""Widths of the columns of the PNG in pixels."""
TALLEST = 640
GAP = 24
FONT_SIZE = 19
BACKGROUND, INK, QUIET, QUERY, BAD = "#ffffff", "#222222", "#777777", "#0b57a4", "#b3261e"
ASKED, REGION = "#ff00aa", "#00a0ff"
"""Colours of boxes; no question names them."""


@dataclass
class Turn:
    """A question, its answer, and what the answer looks like."""

    query: str
    """Without the tags of pictures."""
    response: str
    formatted: bool
    target: Target = None


@dataclass
class Entry:
    """One row as it is shown."""

    title: str
    pictures: list[Image.Image] = field(default_factory=list)
    """With boxes, no longer than `HTML_SIDE` on any side."""
    turns: list[Turn] = field(default_factory=list)
    fault: str = ""
    """Why the row can't be trained on."""


def run(words: Sequence[str]) -> None:
    """The command, from the words after `sheet`."""
    parser = Parser(prog="got-data sheet", description="Show some rows, with their answers drawn again.")
    parser.add_argument(
        "rows", metavar="DIR", help="what got-data wrote, or rows as .jsonl, .tar or .parquet"
    )
    parser.add_argument("--count", type=int, default=24, metavar="N", help="rows to show (default: 24)")
    parser.add_argument(
        "--seed", type=int, default=0, metavar="S", help="other seed, other rows (default: 0)"
    )
    parser.add_argument(
        "--output",
        metavar="NAME",
        help="writes NAME.png and NAME.html (default: DIR-sheet, beside what is shown)",
    )
    parser.add_argument("--regions", action="store_true", help="draw a box round every text that has one")
    flags = parser.parse_args(words)
    output = flags.output or default_output(flags.rows)
    png, html = write_sheet(flags.rows, output, flags.count, flags.seed, flags.regions)
    print(f"{png}\n{html}")


def default_output(name: str) -> Path:
    """Where a sheet lies unless a place is given: beside a folder or file, or here for other names."""
    path = Path(name)
    if not path.exists():
        return Path(re.sub(r"\W+", "-", name).strip("-") + "-sheet")
    if path.name in ("", ".."):  # "." has no name
        path = path.resolve()
    return path.with_name(f"{path.name if path.is_dir() else path.stem}-sheet")


def write_sheet(
    name: str, output: str | Path, count: int = 24, seed: int = 0, regions: bool = False
) -> tuple[Path, Path]:
    """Writes `output`.png and `output`.html, which are returned.

    Args:
        name: rows, as `open_rows` takes them.
        output: path without the endings.
        count: how many rows; all of them, where there are fewer.
        seed: other seed, other rows.
        regions: whether to draw the boxes of texts that rows have.

    Raises:
        ValueError: there are no such rows, or one of the files to write is there and no sheet.
    """
    if not 1 <= count <= MOST_ROWS:
        raise ValueError(f"--count {count}: give 1 to {MOST_ROWS}; another --seed shows others")
    if seed < 0:
        raise ValueError(f"--seed {seed}: give a whole number of at least 0")
    png, html = Path(f"{output}.png"), Path(f"{output}.html")
    for file in (png, html):
        if file.exists() and not _is_sheet(file):
            raise ValueError(f"--output {output}: {file} is no sheet of got-data; choose another name")
    rows = open_rows(name)
    entries = [read_entry(rows, index, regions) for index in choose(len(rows), count, seed)]
    notes = _draw_again(entries)
    title = f"{name}: {len(entries)} of {len(rows):,} rows"
    png.parent.mkdir(parents=True, exist_ok=True)
    mark = PngInfo()
    mark.add_text("Software", MARK)
    draw_sheet(title, entries, notes).save(png, pnginfo=mark)
    html.write_text(f"{make_html(title, entries, notes)}\n<!-- {MARK} -->\n", encoding="utf-8")
    return png, html


def _is_sheet(file: Path) -> bool:
    """Whether a file may be written over: an earlier sheet says so at its end, or in the head of the PNG."""
    with file.open("rb") as opened:
        head = opened.read(100)
        opened.seek(max(0, file.stat().st_size - 100))
        return MARK.encode() in head + opened.read()


def choose(total: int, count: int, seed: int) -> list[int]:
    """Numbers of `count` of `total` rows: one at random from each of as many equal stretches."""
    count = min(count, total)
    ends = np.arange(count + 1) * total // count if count else np.zeros(1, int)
    return [int(index) for index in np.random.default_rng(seed).integers(ends[:-1], ends[1:])]


def read_entry(rows: Rows, index: int, regions: bool = False) -> Entry:
    try:
        record = rows.record(index)
    except RowError as error:
        return Entry(error.location, fault=f"{error.cause}: {error.detail}")
    entry = Entry(f"{record.location}   {record.kind}")
    for turn in record.turns:
        query = turn.query.replace(IMAGE_TAG, "").strip("\n")
        task = parse_task(query)
        entry.turns.append(Turn(query, turn.response, formatted=task is None or task.format))
    try:
        entry.pictures = [open_image(image, MAX_PIXELS) for image in record.images]
    except ImageError as error:
        entry.fault = f"{error.cause}: {error}"
    boxes = rows.row(index).get("regions") or [] if regions else []
    entry.pictures = [
        _with_boxes(picture, record, [region["box"] for region in boxes]) for picture in entry.pictures
    ]
    return entry


def _with_boxes(picture: Image.Image, record: Record, regions: Sequence[Sequence[float]]) -> Image.Image:
    """A picture small enough to show, with the boxes asked about and those of texts, given in its pixels."""
    shown = picture.copy()
    shown.thumbnail((HTML_SIDE, HTML_SIDE))
    canvas = ImageDraw.Draw(shown)
    x_scale, y_scale = shown.width / picture.width, shown.height / picture.height
    for left, top, right, bottom in regions:
        canvas.rectangle((left * x_scale, top * y_scale, right * x_scale, bottom * y_scale), outline=REGION)
    for turn in record.turns:
        task = parse_task(turn.query.replace(IMAGE_TAG, ""))
        if task is None or task.box is None:
            continue
        box = [
            value / 1000 * (shown.height if number % 2 else shown.width)
            for number, value in enumerate(task.box)
        ]
        if len(box) == 2:
            canvas.circle(box, 8, outline=ASKED, width=3)
        elif len(box) == 4:
            left, top, right, bottom = box
            # beside the text, not on it
            canvas.rectangle((left - 3, top - 3, right + 3, bottom + 3), outline=ASKED, width=2)
    return shown


def _draw_again(entries: Sequence[Entry]) -> list[str]:
    """Gives formatted answers their pictures; returns why some kinds of them have none."""
    turns = [turn for entry in entries for turn in entry.turns if turn.formatted]
    targets, notes = draw_targets([turn.response for turn in turns])
    for turn, target in zip(turns, targets, strict=True):
        turn.target = target
    return notes


def make_html(title: str, entries: Sequence[Entry], notes: Sequence[str]) -> str:
    """The page, as the template `sheet.html` lays it out."""
    shown = [
        {
            "title": entry.title,
            "fault": entry.fault,
            "pictures": [_html_picture(picture) for picture in entry.pictures],
            "turns": [_html_turn(turn) for turn in entry.turns],
        }
        for entry in entries
    ]
    return render("sheet.html", title=title, entries=shown, notes=notes)


def _html_turn(turn: Turn) -> dict[str, str]:
    """A turn as the template wants it, with what its answer looks like or why nothing can be made of it."""
    target = turn.target
    picture = _html_picture(target) if isinstance(target, Image.Image) else ""
    fault = str(target) if isinstance(target, Reject) else ""
    return {"query": turn.query, "response": turn.response, "picture": picture, "fault": fault}


def _html_picture(picture: Image.Image) -> str:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return picture_html(file.getvalue())


def draw_sheet(title: str, entries: Sequence[Entry], notes: Sequence[str]) -> Image.Image:
    """The PNG: a row of pictures, texts and targets for each entry, the notes at its foot."""
    drawn_again = any(turn.target is not None for entry in entries for turn in entry.turns)
    width = PICTURE + TEXT + 3 * GAP + (TARGET + GAP if drawn_again else 0)
    bands = [_draw_lines([title], width, QUIET), *(_draw_entry(entry, width) for entry in entries)]
    bands += [_draw_lines(wrap(note, FONT_SIZE, width - 2 * GAP), width, BAD) for note in notes]
    sheet = Image.new("RGB", (width, sum(band.height for band in bands)), BACKGROUND)
    y = 0
    for band in bands:
        sheet.paste(band, (0, y))
        y += band.height
    return sheet


def _draw_lines(lines: Sequence[str], width: int, color: str) -> Image.Image:
    band = Image.new("RGB", (width, len(lines) * line_height(FONT_SIZE) + GAP), BACKGROUND)
    write_lines(ImageDraw.Draw(band), (GAP, GAP // 2), lines, FONT_SIZE, color)
    return band


def _draw_entry(entry: Entry, width: int) -> Image.Image:
    """One row: its pictures at the left; at the right a block for each question, below one another."""
    pictures = _arrange(entry.pictures)
    right = PICTURE + 2 * GAP
    tallest = TALLEST // max(1, len(entry.turns))
    blocks = [_draw_turn(turn, width - right - GAP, tallest) for turn in entry.turns]
    title = wrap(entry.title, FONT_SIZE, width - right - GAP)
    fault = cut(wrap(entry.fault, FONT_SIZE, width - right - GAP), 4) if entry.fault else []
    height = sum(block.height for block in blocks) + (len(title) + len(fault)) * line_height(FONT_SIZE)
    band = Image.new("RGB", (width, max(pictures.height, height) + 2 * GAP), BACKGROUND)
    canvas = ImageDraw.Draw(band)
    canvas.line((0, 0, width, 0), fill="#cccccc")
    band.paste(pictures, (GAP, GAP))
    y = GAP
    for lines, color in ((title, QUIET), (fault, BAD)):
        write_lines(canvas, (right, y), lines, FONT_SIZE, color)
        y += len(lines) * line_height(FONT_SIZE)
    for block in blocks:
        band.paste(block, (right, y))
        y += block.height
    return band


def _draw_turn(turn: Turn, width: int, tallest: int) -> Image.Image:
    """Question and answer; beside the answer what it looks like, or why nothing can be made of it."""
    target = turn.target
    text_width = width if target is None else TEXT
    query = cut(wrap(turn.query, FONT_SIZE, text_width), 4)
    most = max(1, tallest // line_height(FONT_SIZE) - len(query))
    response = cut(wrap(turn.response, FONT_SIZE, text_width), most)
    height = (len(query) + len(response)) * line_height(FONT_SIZE) + GAP // 2
    if isinstance(target, Image.Image):
        target = _framed(target, TARGET, tallest)
        height = max(height, target.height + GAP // 2)
    block = Image.new("RGB", (width, height), BACKGROUND)
    canvas = ImageDraw.Draw(block)
    write_lines(canvas, (0, 0), query, FONT_SIZE, QUERY)
    write_lines(canvas, (0, len(query) * line_height(FONT_SIZE)), response, FONT_SIZE, INK)
    if isinstance(target, Image.Image):
        block.paste(target, (TEXT + GAP, 0))
    elif target is not None:
        write_lines(canvas, (TEXT + GAP, 0), wrap(str(target), FONT_SIZE, TARGET), FONT_SIZE, BAD)
    return block


def _arrange(pictures: Sequence[Image.Image]) -> Image.Image:
    """One picture, or all of them in rows, as large as the column allows."""
    columns = max(1, int(np.ceil(np.sqrt(len(pictures)))))
    rows = -(-len(pictures) // columns)
    framed = [_framed(picture, PICTURE // columns - 2, TALLEST // rows - 2) for picture in pictures]
    if len(framed) == 1:
        return framed[0]
    lines = [framed[start : start + columns] for start in range(0, len(framed), columns)]
    heights = [max(picture.height for picture in line) + 2 for line in lines]
    paper = Image.new("RGB", (PICTURE, sum(heights)), BACKGROUND)
    for row, line in enumerate(lines):
        for column, picture in enumerate(line):
            paper.paste(picture, (column * (PICTURE // columns), sum(heights[:row])))
    return paper


def _framed(picture: Image.Image, width: int, height: int) -> Image.Image:
    """A copy of a picture, made smaller where it has to be, with a thin line round it."""
    scale = min(1.0, (width - 2) / picture.width, (height - 2) / picture.height)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    framed = Image.new("RGB", (size[0] + 2, size[1] + 2), "#bbbbbb")
    framed.paste(picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0), (1, 1))
    return framed
