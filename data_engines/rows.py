"""`got-data rows`: rows for training out of the labels of other tools.

The kind of file is recognised by its content (`got_train.data.foreign`). A text of a whole picture becomes a
row that asks for it. Boxes become a row each, which names the box in thousandths; the first row of a picture
lists all its boxes as `regions`, from which `got-data fine-grained` draws further questions. The texts of
boxes are never joined to that of the picture: they come in the order in which somebody drew the boxes.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data_engines.options import Parser
from data_engines.tools.boxes import Box
from data_engines.tools.foreign.labels import NO_TEXT, NOT_READ, Alone, Found, Label
from data_engines.tools.foreign.pictures import Pictures
from data_engines.tools.foreign.readers import READERS
from data_engines.tools.typesetting import names_in
from got_train.config import MAX_PIXELS
from got_train.data.errors import ImageError, RowError
from got_train.data.foreign import FORMATS, LIST_ENDINGS, READABLE, label_lists, recognise
from got_train.data.images import lazy_image
from got_train.data.records import parse_row
from got_train.data.utf8 import read_utf8
from got_train.files import atomic_file
from got_train.prompts import IMAGE_TAG, Task, box_permille
from got_train.report import check_targets, counted
from got_train.tex.errors import TexError
from got_train.tex.formulas import FORMULA_PREAMBLE
from got_train.tex.latex import Style, known_names

FAILED = "picture or text missing, broken or contradicted"
MOST_NAMED = 20
"""Of these, how many are named."""
ROW_ENDINGS = (".jsonl", ".json", ".csv", ".tsv", ".parquet", ".tar")
"""Of files that may hold rows already."""
LEAST_INSIDE = 0.8
"""Least share of a box that lies in its picture: what sticks out further is of another picture or scale."""
OUTSIDE = "box outside the picture, or of a larger one"
NO_AREA = "box without area, or smaller than a pixel"
SAME_SHAPE = 0.02
"""Most by which the proportions of a picture differ from those of the one that its boxes are given for."""


def run(words: Sequence[str]) -> int:
    """The command, from the words after `rows`; its exit code is 1 if pictures have no rows, as they fail."""
    parser = Parser(
        prog="got-data rows",
        description=f"Make rows of labels of other tools: {READABLE}.",
        epilog="The exit code is 1 where rows were written, but pictures are missing or can't be opened.",
    )
    parser.add_argument("source", metavar="SOURCE", type=Path, help="file or folder of labels")
    parser.add_argument("--output", metavar="FILE.jsonl", type=Path, required=True, help="rows to write")
    parser.add_argument(
        "--image-root",
        metavar="DIR",
        type=Path,
        help="folder in which the names of pictures begin (default: the folder of SOURCE, or the one above)",
    )
    parser.add_argument(
        "--query",
        metavar="TEXT",
        help="question about whole pictures (default: the recipe's for text or formulas)",
    )
    parser.add_argument("--overwrite", action="store_true", help="write over an existing file")
    flags = parser.parse_args(words)
    written = write_rows(flags.source, flags.output, flags.image_root, flags.query, flags.overwrite)
    print("\n".join(written.lines))
    if written.failed:
        named = [*written.failed[:MOST_NAMED], *(["..."] if len(written.failed) > MOST_NAMED else [])]
        named.append(f"left out: {len(written.failed)} ({FAILED})")
        print("\n".join(f"got-data rows: {line}" for line in named), file=sys.stderr)
    return 1 if written.failed else 0


@dataclass
class Written:
    """What became of labels."""

    lines: list[str] = field(default_factory=list)
    """What there is to say, for people."""
    failed: list[str] = field(default_factory=list)
    """A line for each label whose picture or text is missing, broken or contradicted."""
    left_out: Counter[str] = field(default_factory=Counter)
    """How many labels make no row, by cause."""
    names: Counter[str] = field(default_factory=Counter)
    """Macros, without backslash, and environments by the number of formulas that use them."""


def write_rows(
    source: Path,
    output: Path,
    image_root: Path | None = None,
    query: str | None = None,
    overwrite: bool = False,
) -> Written:
    """Writes the rows of foreign labels.

    Args:
        source: file or folder of labels.
        output: a `.jsonl` file; names of pictures become relative to its folder.
        image_root: folder in which names of pictures begin; by default that of the labels, or the one above.
        query: the question about whole pictures; by default the recipe's.
        overwrite: whether `output` may exist.

    Raises:
        ValueError: the labels are of no kind that is read, are broken, or make no row.
    """
    if output.suffix != ".jsonl":
        raise ValueError(f"--output {output}: rows are a .jsonl file")
    if image_root is not None and not image_root.is_dir():
        raise ValueError(f"--image-root {image_root} is no folder")
    check_targets([output], [source], overwrite)
    kind, source = _find_labels(source, Pictures(source, image_root).below)
    pictures = Pictures(source, image_root)
    written = Written()
    count = 0
    with atomic_file(output) as part, open(part, "w", encoding="utf-8") as file:
        for row, picture in _pictured(READERS[kind](source, pictures), pictures, query, written):
            named = row | {"images": [_relative(picture, output.parent)]}
            file.write(json.dumps(named, ensure_ascii=False) + "\n")
            count += 1
        if count == 0:
            raise ValueError(f"{source} makes no row ({_why_none(written)})")
    written.lines = [
        f"{source} was read as {FORMATS[kind].what}",
        f"{output}: {counted(count, 'row')}; train on them with data.train={output}",
        *(f"  left out: {number} ({cause})" for cause, number in written.left_out.items()),
        *_unknown_names(written.names),
    ]
    return written


def _pictured(
    labels: Iterator[Found], pictures: Pictures, query: str | None, written: Written
) -> Iterator[tuple[dict[str, Any], Path]]:
    """The rows of labels with their pictures."""
    answers: dict[int, int] = {}  # by picture and question; hashes, as there may be millions
    for label in labels:
        if isinstance(label, str):
            written.left_out[label] += 1
            continue
        if isinstance(label, Alone):
            written.failed.append(label.what)
            continue
        picture = pictures.find(label.picture)
        if picture is None:
            written.failed.append(f"{label.location}: {pictures.why_missing(label.picture)}")
            continue
        try:
            for row in _rows_of(label, picture, query, written.left_out):
                asked = hash((str(picture), row["query"]))
                answer = hash(row["response"])
                if asked not in answers:
                    answers[asked] = answer
                    if label.form == "latex":
                        written.names.update(set(names_in(row["response"])))
                    yield row, picture
                elif answers[asked] == answer:
                    written.left_out["the same once more"] += 1
                else:
                    written.failed.append(
                        f"{label.location}: {picture} already has another answer to {row['query']!r}"
                    )
        except ImageError as error:
            written.failed.append(f"{label.location}: {error}")


def _unknown_names(names: Counter[str]) -> list[str]:
    """A warning about the macros and environments of formulas that TeX does not know."""
    try:
        known = known_names(names, Style(preamble=FORMULA_PREAMBLE)) if names else set()
    except (TexError, ValueError) as error:
        return [f"  warning: whether TeX knows the commands of the formulas was not seen ({error})"]
    unknown = [f"{name} ({number})" for name, number in names.most_common() if name not in known]
    more = ", ..." * (len(unknown) > MOST_NAMED)
    listed = ", ".join(unknown[:MOST_NAMED]) + more
    return [f"  warning: TeX does not know these commands of answers (how many): {listed}"] if unknown else []


def _why_none(written: Written) -> str:
    causes = ", ".join(f"{number} x {cause}" for cause, number in written.left_out.items())
    if written.failed:
        causes += f"{', ' if causes else ''}{len(written.failed)} x {FAILED}; {written.failed[0]}"
        return f"{causes}; --image-root names another folder"
    return causes or "it names none"


def _find_labels(source: Path, root: Path | None) -> tuple[str, Path]:
    """The format of labels, and the file that holds them: of a folder its one list, or the folder itself.

    Raises:
        ValueError: there are none, or several.
    """
    if not source.exists():
        raise ValueError(f"{source} does not exist; give a file or folder of labels")
    lists = label_lists(source, root) if source.is_dir() else {}
    if len(lists) > 1:
        raise ValueError(f"{source} has several lists of labels; give one: {', '.join(map(str, lists))}")
    for file, found in lists.items():
        return found, file
    kind = recognise(source, root)
    if kind is None:  # of another encoding nothing is recognised
        listed = [file for file in source.iterdir() if file.suffix in LIST_ENDINGS] if source.is_dir() else []
        for file in listed or [source]:
            if file.is_file() and file.suffix not in (".parquet", ".tar"):
                read_utf8(file, str(file))
                _check_read(file, recognise(file, root))
        rows = (
            f"; rows need no converting: data.train={source} reads them, data.query='OCR: ' asks it of all, "
            "data.columns='{picture: images}' renames keys"
        )
        hint = rows if source.suffix.lower() in ROW_ENDINGS else "; --image-root says where pictures lie"
        raise ValueError(
            f"{source} is none of the labels that are read (got-data rows --help lists them){hint}"
        )
    _check_read(source, kind)
    return kind, source


def _check_read(file: Path, kind: str | None) -> None:
    """Raises a ValueError for a format of which no row can be made."""
    if kind is not None and FORMATS[kind].scope == "unread":
        raise ValueError(f"{file} looks like {FORMATS[kind].what}")


def _rows_of(
    label: Label, picture: Path, query: str | None, left_out: Counter[str]
) -> Iterator[dict[str, Any]]:
    """The rows of a label that the trainer's own parser accepts, without the name of the picture."""
    for row in (*_text_rows(label, query, left_out), *_box_rows(label, picture, left_out)):
        try:
            parse_row(row | {"images": [str(picture)]}, label.location)
        except RowError as error:
            left_out[error.cause] += 1
        else:
            yield row


def _text_rows(label: Label, query: str | None, left_out: Counter[str]) -> Iterator[dict[str, Any]]:
    """A question about the whole picture, if there is a text of it."""
    if label.text is not None or not label.boxes:
        try:
            answer = label.answer()
        except TexError as error:
            left_out[f"formula: {error}"] += 1
        else:
            asked = label.query or query or Task(format=label.form != "plain").query()
            if answer:
                yield {"query": IMAGE_TAG + asked, "response": answer}
            else:
                left_out[NO_TEXT] += 1


def _box_rows(label: Label, picture: Path, left_out: Counter[str]) -> Iterator[dict[str, Any]]:
    """A question about each box that lies in the picture; the first row lists them all.

    Raises:
        ImageError: the picture can't be opened, or is not the one that the boxes are of.
    """
    if not label.boxes:
        return
    opened = lazy_image(picture, MAX_PIXELS)
    width, height = opened.width, opened.height
    unit = (100, 100) if label.hundredths else label.size or (width, height)
    across, down = width / unit[0], height / unit[1]
    if label.size and abs(width * label.size[1] / (height * label.size[0]) - 1) > SAME_SHAPE:
        labelled = "{:g} x {:g}".format(*label.size)
        detail = f"{picture} is {width} x {height} pixels, and its boxes are of a picture of {labelled}"
        raise ImageError("image differs", detail)
    regions: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for found in label.boxes:
        left, top, right, bottom = found.box
        box = Box(left * across, top * down, right * across, bottom * down)
        seen = box.shared(Box(0, 0, width, height)) if box.meets(Box(0, 0, width, height)) else None
        if seen is None or seen.width * seen.height < LEAST_INSIDE * box.width * box.height:
            left_out[OUTSIDE if box.width * box.height else NO_AREA] += 1
            continue
        permille = box_permille(seen, width, height)
        if min(seen.width, seen.height) < 1 or permille[0] == permille[2] or permille[1] == permille[3]:
            left_out[NO_AREA] += 1
            continue
        regions.append({"box": [round(side, 1) for side in seen], "text": found.text, "format": False})
        if found.text:
            rows.append({"query": IMAGE_TAG + Task(box=permille).query(), "response": found.text})
        else:
            left_out[NOT_READ] += 1
    if rows:
        rows[0]["regions"] = regions
    yield from rows


def _relative(picture: Path, folder: Path) -> str:
    """The name of a picture from the folder of the rows."""
    place = picture.parent.resolve() / picture.name
    try:
        return Path(os.path.relpath(place, folder.resolve())).as_posix()
    except ValueError:  # on another drive
        return str(place)
