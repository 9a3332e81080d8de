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
from PIL import Image, ImageDraw, ImageOps

from data_engines.engine import Reject
from data_engines.options import Parser, check_bounds
from data_engines.tools.sheets.labels import cut, draw_lines, line_height, wrap
from data_engines.tools.sheets.targets import draw_targets
from got_train.config import MAX_PIXELS
from got_train.data.errors import ImageError, RowError
from got_train.data.images import open_image
from got_train.data.readers import open_rows
from got_train.data.record import Record
from got_train.data.rows import Rows
from got_train.files import atomic_file, write_text
from got_train.pages.template import picture_html, render
from got_train.prompts import IMAGE_TAG, parse_task
from got_train.report import check_targets

MAX_ROWS = 100
"""Rows on one sheet: its PNG is drawn in memory."""
HTML_SIDE = 1000
"""Longest side in pixels of the pictures in the HTML page."""

PICTURE, TEXT, TARGET = 620, 520, 560
"""Widths of the columns of the PNG in pixels."""
MAX_HEIGHT = 640
"""Height of a row in the PNG in pixels, unless it has many questions."""
GAP = 24
FONT_SIZE = 19
BACKGROUND, INK, QUIET, QUERY, BAD = "#ffffff", "#222222", "#777777", "#0b57a4", "#b3261e"
ASKED, REGION = "#ff00aa", "#00a0ff"
"""Colours of boxes; no question names them."""
NO_TEXT = "(no text)"
"""What stands for the answer about a picture without text."""


@dataclass
class Turn:
    """A question and its answer."""

    query: str
    """Without the tags of pictures."""
    response: str
    formatted: bool
    picture: Image.Image | None = None
    """What a formatted answer looks like."""
    fault: str = ""
    """Why a formatted answer looks like nothing."""


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
    parser.add_argument("--overwrite", action="store_true", help="write over existing files")
    flags = parser.parse_args(words)
    output = re.sub(r"\.(png|html)$", "", flags.output) if flags.output else default_output(flags.rows)
    png, html = write_sheet(flags.rows, output, flags.count, flags.seed, flags.regions, flags.overwrite)
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
    name: str,
    output: str | Path,
    count: int = 24,
    seed: int = 0,
    regions: bool = False,
    overwrite: bool = False,
) -> tuple[Path, Path]:
    """Writes `output`.png and `output`.html, which are returned.

    Args:
        name: rows, as `open_rows` takes them.
        output: path without the endings.
        count: how many rows; all of them, where there are fewer.
        seed: other seed, other rows.
        regions: whether to draw the boxes of texts that rows have.
        overwrite: whether the files may exist.

    Raises:
        ValueError: there are no such rows, or one of the files to write exists.
    """
    if not 1 <= count <= MAX_ROWS:
        raise ValueError(f"--count {count}: give 1 to {MAX_ROWS}; another --seed shows others")
    check_bounds("--seed", seed, 0)
    png, html = Path(f"{output}.png"), Path(f"{output}.html")
    rows = open_rows(name)
    check_targets([png, html], [name], overwrite)
    entries = [read_entry(rows, index, regions) for index in choose(len(rows), count, seed)]
    notes = _draw_again(entries)
    title = f"{name}: {len(entries)} of {len(rows):,} rows"
    with atomic_file(png) as part:
        draw_sheet(title, entries, notes).save(part, "PNG")
    contents = [(f"row-{number}", entry.title) for number, entry in enumerate(entries, 1)]
    page = render("sheet.html", title=title, contents=contents, entries=entries, notes=notes, embed=_embed)
    write_text(html, page)
    return png, html


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
        answer = turn.response or NO_TEXT
        entry.turns.append(Turn(query, answer, formatted=task is None or task.format))
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
        if isinstance(target, Reject):
            turn.fault = str(target)
        else:
            turn.picture = target
    return notes


def _embed(picture: Image.Image, shows: str) -> str:
    """A picture as part of the HTML page, with what it shows in words."""
    file = io.BytesIO()
    picture.save(file, "PNG")
    return picture_html(file.getvalue(), "png", shows)


def draw_sheet(title: str, entries: Sequence[Entry], notes: Sequence[str]) -> Image.Image:
    """The PNG: a row of pictures, texts and targets for each entry, the notes at its foot."""
    drawn_again = any(turn.picture or turn.fault for entry in entries for turn in entry.turns)
    width = PICTURE + TEXT + 3 * GAP + (TARGET + GAP if drawn_again else 0)
    lines = [_draw_text(title, width - 2 * GAP, QUIET)]
    lines += [_draw_text(note, width - 2 * GAP, BAD) for note in notes]
    head, *foot = (ImageOps.expand(line, (GAP, GAP // 2), BACKGROUND) for line in lines)
    return _below([head, *(_draw_entry(entry, width) for entry in entries), *foot])


def _draw_text(text: str, width: int, color: str, max_lines: int | None = None) -> Image.Image:
    lines = wrap(text, FONT_SIZE, width)
    return draw_lines(lines if max_lines is None else cut(lines, max_lines), FONT_SIZE, width, color)


def _below(pictures: Sequence[Image.Image]) -> Image.Image:
    """Pictures of one width, each below the one before."""
    paper = Image.new("RGB", (pictures[0].width, sum(picture.height for picture in pictures)), BACKGROUND)
    y = 0
    for picture in pictures:
        paper.paste(picture, (0, y))
        y += picture.height
    return paper


def _beside(left: Image.Image, right: Image.Image, x: int, width: int) -> Image.Image:
    """Two pictures on paper `width` pixels wide, the right one at `x`."""
    paper = Image.new("RGB", (width, max(left.height, right.height)), BACKGROUND)
    paper.paste(left, (0, 0))
    paper.paste(right, (x, 0))
    return paper


def _draw_entry(entry: Entry, width: int) -> Image.Image:
    """One row: its pictures at the left; at the right a block for each question, below one another."""
    column = width - PICTURE - 3 * GAP
    max_height = MAX_HEIGHT // max(1, len(entry.turns))
    texts = [_draw_text(entry.title, column, QUIET)]
    if entry.fault:
        texts.append(_draw_text(entry.fault, column, BAD, max_lines=4))
    texts += [_draw_turn(turn, column, max_height) for turn in entry.turns]
    row = _beside(_arrange(entry.pictures), _below(texts), PICTURE + GAP, width - 2 * GAP)
    row = ImageOps.expand(row, GAP, BACKGROUND)
    ImageDraw.Draw(row).line((0, 0, width, 0), fill="#cccccc")
    return row


def _draw_turn(turn: Turn, width: int, max_height: int) -> Image.Image:
    """Question and answer; beside the answer what it looks like, or why nothing can be made of it."""
    column = TEXT if turn.picture or turn.fault else width
    query = _draw_text(turn.query, column, QUERY, max_lines=4)
    max_lines = max(1, (max_height - query.height) // line_height(FONT_SIZE))
    block = _below([query, _draw_text(turn.response, column, INK, max_lines)])
    if turn.picture:
        block = _beside(block, _framed(turn.picture, TARGET, max_height), TEXT + GAP, width)
    elif turn.fault:
        block = _beside(block, _draw_text(turn.fault, TARGET, BAD), TEXT + GAP, width)
    return ImageOps.expand(block, (0, 0, 0, GAP // 2), BACKGROUND)


def _arrange(pictures: Sequence[Image.Image]) -> Image.Image:
    """One picture, or all of them in rows, as large as the column allows."""
    columns = max(1, int(np.ceil(np.sqrt(len(pictures)))))
    rows = -(-len(pictures) // columns)
    framed = [_framed(picture, PICTURE // columns - 2, MAX_HEIGHT // rows - 2) for picture in pictures]
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
    shown = picture.copy()
    shown.thumbnail((max(1, width - 2), max(1, height - 2)), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return ImageOps.expand(shown, 1, "#bbbbbb")
