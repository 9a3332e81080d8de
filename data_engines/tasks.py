"""`got-data tasks`: rows as tasks of Label Studio, whose predictions are their answers.

The tasks are of Label Studio's OCR template, with a field more for the text of a whole picture (`CONFIG`).
What comes back, its export in JSON, is read by `got-data rows`.
"""

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from data_engines.options import Parser
from got_train.config import MAX_PIXELS
from got_train.data.images import lazy_image
from got_train.data.readers import open_rows
from got_train.data.record import Record
from got_train.files import write_text
from got_train.prompts import IMAGE_TAG, Task, parse_task
from got_train.report import check_targets, counted

CONFIG = """<View>
  <Image name="image" value="$ocr"/>
  <Labels name="label" toName="image"><Label value="Text"/></Labels>
  <Rectangle name="bbox" toName="image" strokeWidth="3"/>
  <TextArea name="transcription" toName="image" editable="true" perRegion="true" displayMode="region-list"/>
  <TextArea name="text" toName="image" editable="true"/>
</View>"""
"""The labelling interface that the tasks are for."""

LOCAL_FILES = "/data/local-files/?d="
"""Before the path of a picture that Label Studio serves from this machine."""


def run(words: Sequence[str]) -> None:
    """The command, from the words after `tasks`."""
    parser = Parser(
        prog="got-data tasks",
        description="Write rows as tasks of Label Studio; `got-data rows` reads what it exports.",
    )
    parser.add_argument("rows", metavar="ROWS", help="rows, such as answers of `got-train infer --output`")
    parser.add_argument("--output", metavar="FILE.json", type=Path, required=True, help="tasks to write")
    parser.add_argument(
        "--root",
        metavar="DIR",
        type=Path,
        help="folder that Label Studio serves local files from (default: the folder of FILE)",
    )
    parser.add_argument("--overwrite", action="store_true", help="write over an existing file")
    flags = parser.parse_args(words)
    check_targets([flags.output], [flags.rows], flags.overwrite)
    tasks, left_out = tasks_of(flags.rows, flags.root or flags.output.parent)
    write_text(flags.output, json.dumps(tasks, ensure_ascii=False, indent=1) + "\n")
    print(
        f"{flags.output}: {counted(len(tasks), 'task')}; the labelling interface that they are for:\n{CONFIG}"
    )
    for cause, number in left_out.items():
        print(f"  left out: {number} ({cause})")


def tasks_of(rows_file: str, root: Path) -> tuple[list[dict[str, Any]], Counter[str]]:
    """A task for each picture of rows, and how many rows are in none, by cause.

    Args:
        rows_file: what `data.train` takes.
        root: the folder that Label Studio serves.

    Raises:
        ValueError: for a bad row, or a picture outside the folder.
    """
    rows = open_rows(rows_file)
    tasks: dict[Path, dict[str, Any]] = {}
    whole: set[Path] = set()
    """Pictures that have a text of their own."""
    left_out: Counter[str] = Counter()
    for index in range(len(rows)):
        row, record = rows.row_and_record(index)
        cause = _why_not(record)
        if cause:
            left_out[cause] += 1
            continue
        (picture,) = record.images
        assert isinstance(picture, Path), "by `_why_not`"
        if _box_of(record) is None:
            if picture in whole:
                left_out["a second text of its whole picture"] += 1
                continue
            whole.add(picture)
        if picture not in tasks:
            address = LOCAL_FILES + quote(_inside(picture, root, record.location))
            tasks[picture] = {
                "data": {"ocr": address},
                "predictions": [{"model_version": "got-train", "result": []}],
            }
        _add_result(tasks[picture]["predictions"][0], row, record, picture)
    if not tasks:
        raise ValueError(f"{rows_file} has no row about one picture: nothing can be a task")
    return list(tasks.values()), left_out


def _why_not(record: Record) -> str | None:
    if len(record.images) != 1 or not isinstance(record.images[0], Path):
        return "without a picture, or with several, or one inside another file"
    if len(record.turns) > 1:
        return "with earlier questions"
    task, box = _task_of(record), _box_of(record)
    if task is not None and (task.color is not None or (box is not None and len(box) < 4)):
        return "about a point or a colour, for which there is no rectangle"
    return None


def _task_of(record: Record) -> Task | None:
    return parse_task(record.turns[-1].query.replace(IMAGE_TAG, ""))


def _box_of(record: Record) -> Sequence[int] | None:
    task = _task_of(record)
    return None if task is None else task.box


def _inside(picture: Path, root: Path, location: str) -> str:
    path, folder = os.path.abspath(picture), os.path.abspath(root)
    if os.path.commonpath([path, folder]) != folder:
        raise ValueError(
            f"{location}: {picture} lies outside {root}, which Label Studio serves: name another --root"
        )
    return Path(path).relative_to(folder).as_posix()


def _add_result(prediction: dict[str, Any], row: Mapping[str, Any], record: Record, picture: Path) -> None:
    """Adds the answer of a row: a text of the whole picture, or a box with its text."""
    opened = lazy_image(picture, MAX_PIXELS)
    (turn,) = record.turns
    box = _box_of(record)
    shared = {
        "id": f"got{len(prediction['result'])}",
        "to_name": "image",
        "original_width": opened.width,
        "original_height": opened.height,
        "image_rotation": 0,
    }
    confidence = row.get("confidence")
    if isinstance(confidence, int | float) and 0 <= confidence <= 1:
        prediction["score"] = min(float(confidence), prediction.get("score", 1.0))
    if box is None:
        value: dict[str, Any] = {"text": [turn.response]}
        prediction["result"].append(shared | {"from_name": "text", "type": "textarea", "value": value})
        return
    left, top, right, bottom = (side / 10 for side in box)  # of a hundred
    place = {"x": left, "y": top, "width": right - left, "height": bottom - top, "rotation": 0}
    for name, kind, more in (
        ("bbox", "rectangle", {}),
        ("label", "labels", {"labels": ["Text"]}),
        ("transcription", "textarea", {"text": [turn.response]}),
    ):
        prediction["result"].append(shared | {"from_name": name, "type": kind, "value": place | more})
