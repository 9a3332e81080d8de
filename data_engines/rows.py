"""`got-data rows`: rows for training out of the labels of other tools.

The kind of file is recognised by its content (`got_train.data.foreign`). A text of a whole picture becomes a
row that asks for it. Boxes become a row each, which names the box in thousandths; the first row of a picture
lists all its boxes as `regions`, from which `got-data fine-grained` draws further questions. The texts of
boxes are never joined to that of the picture: they come in the order in which somebody drew the boxes.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from data_engines.options import Parser
from data_engines.tools.boxes import Box
from data_engines.tools.foreign.folder import read_folder
from data_engines.tools.foreign.iam import read_iam_form, read_iam_lines, read_iam_words
from data_engines.tools.foreign.label_studio import read_json_min, read_label_studio
from data_engines.tools.foreign.labels import NO_TEXT, NOT_READ, Label
from data_engines.tools.foreign.lists import (
    read_boxes,
    read_detection_list,
    read_im2latex,
    read_picture_list,
    read_tab_list,
)
from data_engines.tools.foreign.objects import read_donut, read_inkml
from data_engines.tools.foreign.pictures import Pictures
from got_train.config import MAX_PIXELS
from got_train.data.errors import ImageError, RowError
from got_train.data.foreign import (
    LIST_ENDINGS,
    READ,
    UNREAD,
    Foreign,
    label_lists,
    recognise,
    truth_files,
    truth_stem,
)
from got_train.data.images import lazy_image
from got_train.data.records import parse_row
from got_train.data.utf8 import read_utf8
from got_train.prompts import IMAGE_TAG, Task, box_permille
from got_train.report import check_target, counted
from got_train.tex.errors import TexError

MISSING = "picture missing"
MOST_NAMED = 20
"""Missing pictures that are named."""


def run(words: Sequence[str]) -> None:
    """The command, from the words after `rows`."""
    kinds = "; ".join(READ.values())
    parser = Parser(prog="got-data rows", description=f"Make rows of labels of other tools: {kinds}.")
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
    print(write_rows(flags.source, flags.output, flags.image_root, flags.query, flags.overwrite))


def write_rows(
    source: Path,
    output: Path,
    image_root: Path | None = None,
    query: str | None = None,
    overwrite: bool = False,
) -> str:
    """Writes the rows of foreign labels; returns what there is to say of them.

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
    if output.exists() and not overwrite:
        raise ValueError(f"--output {output} exists; choose another name, or give --overwrite")
    if image_root is not None and not image_root.is_dir():
        raise ValueError(f"--image-root {image_root} is no folder")
    check_target(output, [source])
    kind, source = _find_labels(source, image_root)
    left_out: Counter[str] = Counter()
    pictures = Pictures(source if source.is_dir() else source.parent, image_root)
    missing: list[str] = []
    found = _find_pictures(_labels(kind, source, image_root, pictures, left_out), pictures, missing)
    partial = output.with_name(f"{output.name}.partial")
    count = 0
    try:
        with open(partial, "w", encoding="utf-8") as file:
            for label, picture in found:
                for row in _rows_of(label, picture, query, left_out):
                    named = row | {"images": [_relative(picture, output.parent)]}
                    file.write(json.dumps(named, ensure_ascii=False) + "\n")
                    count += 1
        left_out[MISSING] = len(missing)
        if count == 0:
            raise ValueError(f"{source} makes no row ({_why_none(left_out, missing)})")
        os.replace(partial, output)
    finally:
        partial.unlink(missing_ok=True)
    lines = [*missing[:MOST_NAMED], *([f"... {len(missing)} in all"] if len(missing) > MOST_NAMED else [])]
    lines.append(f"{source} was read as {READ[kind]}")
    lines.append(f"{output}: {counted(count, 'row')}; train on them with data.train={output}")
    lines += [f"  left out: {number} ({cause})" for cause, number in left_out.items() if number]
    return "\n".join(lines)


def _find_pictures(
    labels: Iterator[Label], pictures: Pictures, missing: list[str]
) -> Iterator[tuple[Label, Path]]:
    """The labels whose pictures are found; `missing` gets a line for each other one."""
    for label in labels:
        picture = pictures.find(label.picture)
        if picture is None:
            missing.append(f"{label.location}: {pictures.why_missing(label.picture)}")
        else:
            yield label, picture


def _why_none(left_out: Counter[str], missing: Sequence[str]) -> str:
    causes = (
        ", ".join(f"{number} x {cause}" for cause, number in left_out.items() if number) or "it names none"
    )
    return f"{causes}; {missing[0]}; --image-root names another folder" if missing else causes


def _find_labels(source: Path, image_root: Path | None) -> tuple[Foreign, Path]:
    """The kind of labels, and the file that holds them: of a folder its one list, or the folder itself.

    Raises:
        ValueError: there are none, or several.
    """
    if not source.exists():
        raise ValueError(f"{source} does not exist; give a file or folder of labels")
    if source.is_dir():
        lists = label_lists(source)
        if len(lists) > 1:
            raise ValueError(f"{source} has several lists of labels; give one: {', '.join(map(str, lists))}")
        for file, found in lists.items():
            return found, file
        kind: Foreign | None = "text folder" if truth_files(source, image_root) else None
    else:
        kind = recognise(source)
    if kind is None:  # of another encoding nothing is recognised
        listed = [file for file in source.iterdir() if file.suffix in LIST_ENDINGS] if source.is_dir() else []
        for file in listed or [source]:
            if file.is_file():
                read_utf8(file, str(file))
    if kind in UNREAD:
        raise ValueError(f"{source} looks like {UNREAD[kind]}")
    if kind is None:
        kinds = "; ".join(READ.values())
        raise ValueError(
            f"{source} is none of the labels that are read: {kinds} (rows of your own need no converting)"
        )
    return kind, source


def _labels(
    kind: Foreign, source: Path, image_root: Path | None, pictures: Pictures, left_out: Counter[str]
) -> Iterator[Label]:
    match kind:
        case "recognition list" | "formula list":
            return read_tab_list(source)
        case "picture list":
            return read_picture_list(source)
        case "detection list":
            return read_detection_list(source)
        case "im2latex list":
            return read_im2latex(source)
        case "IAM lines":
            return read_iam_lines(source)
        case "IAM words":
            return read_iam_words(source, left_out)
        case "IAM form":
            return read_iam_form(source, lambda name: pictures.find(name) is not None)
        case "InkML":
            return read_inkml(source, left_out)
        case "donut":
            return read_donut(source)
        case "Label Studio":
            return read_label_studio(source, left_out)
        case "Label Studio JSON-MIN":
            return read_json_min(source, left_out)
        case "boxes":
            return iter([read_boxes(source, truth_stem(source))])
    assert kind == "text folder"
    return read_folder(source, image_root, pictures, left_out)


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
    """A question about each box that lies in the picture; the first row lists them all."""
    if not label.boxes:
        return
    try:
        opened = lazy_image(picture, MAX_PIXELS)
    except ImageError as error:
        left_out[error.cause] += 1
        return
    width, height = opened.width, opened.height
    across, down = (width / label.size[0], height / label.size[1]) if label.size else (1.0, 1.0)
    regions: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for found in label.boxes:
        left, top, right, bottom = found.box
        box = Box(left * across, top * down, right * across, bottom * down)
        if not box.meets(Box(0, 0, width, height)):
            left_out["box outside the picture"] += 1
            continue
        box = box.shared(Box(0, 0, width, height))
        regions.append({"box": [round(side, 1) for side in box], "text": found.text, "format": False})
        if not found.text:
            left_out[NOT_READ] += 1
            continue
        query = Task(box=box_permille(box, width, height)).query()
        rows.append({"query": IMAGE_TAG + query, "response": found.text})
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
