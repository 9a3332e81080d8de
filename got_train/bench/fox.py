"""Fox (arXiv:2405.14295): pages, regions, lines and coloured frames of dense documents, by their words.

Its files say what is asked in Fox's own words, of which GOT knows the region, the point or the colour. The
scores are those of `eval_tools/eval_ocr_test.py`, Apache-2.0, which is read here and not copied.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from got_train.bench.benchmark import (
    Asking,
    Groups,
    check_folder_exists,
    check_inside,
    check_pictures,
    missing,
    question_record,
    read_list,
    require,
    write_files,
)
from got_train.config import MAX_PIXELS
from got_train.data.errors import ImageError
from got_train.data.images import open_image
from got_train.data.record import Record
from got_train.evaluation.evaluate import scores_of
from got_train.evaluation.wordnet import wordnet
from got_train.evaluation.words import word_scores
from got_train.prompts import COLORS, Task, box_permille
from got_train.report import UserError

SOURCE = "https://huggingface.co/datasets/ucaslcl/Fox_benchmark_data (focus_benchmark_test.zip, unpacked)"
UNPACKED = "focus_benchmark_test"
"""The folder in the published archive."""

TaskName = Literal["page", "box", "line", "onbox"]
"""The tasks of reading, as the names of their files have them; `onbox` is of coloured frames."""
LANGUAGES = ("en", "cn")
Unit = Literal["fractions", "thousandths", "pixels"]

_NUMBER = r"-?\d+(?:\.\d+)?"
_PLACE = re.compile(rf"[\[(<{{]\s*({_NUMBER}(?:\s*,\s*{_NUMBER}){{1,3}})\s*[\])>}}]")
_COLOR = re.compile(rf"\b({'|'.join(COLORS)})\b", re.IGNORECASE)


@dataclass(frozen=True)
class Row:
    """A question as it is published."""

    image: str
    """Name of the picture, without its folder."""
    question: str
    label: str


@dataclass(frozen=True)
class FoxFile:
    """One of the files with questions."""

    name: str
    """Such as `en_box_ocr`."""
    rows: tuple[Row, ...]


class Fox:
    """The files of reading in a folder."""

    def __init__(self, folder: Path, asking: Asking) -> None:
        """Reads the files.

        Raises:
            UserError: if files are missing or damaged, or something else is to be asked.
        """
        if asking.query is not None:
            raise UserError("--query: Fox's files say what is asked, such as a region: leave it out")
        require("nltk", "jieba")
        wordnet()  # its absence should not be found out when all has been read
        check_folder_exists(folder)
        folder = folder / UNPACKED if (folder / UNPACKED).is_dir() else folder
        tasks = [(language, task) for language in LANGUAGES for task in get_args(TaskName)]
        found = [(*task, path) for task in tasks if (path := folder / _file_name(*task)).is_file()]
        if not found:
            raise missing(folder / _file_name(*tasks[0]), SOURCE)
        absent = [name for task in tasks if not (folder / (name := _file_name(*task))).is_file()]
        self.files: list[FoxFile] = []
        self.records: list[Record] = []
        self.notes: list[str] = []
        if absent:
            self.notes.append(f"{folder} lacks {', '.join(absent)}, published at {SOURCE}: not scored")
        for language, task, path in found:
            self._read(path, folder, language, task, asking)
        self.notes += [
            "translation, summary, captions and tasks of 8 pages are left out: GOT has no prompts for them",
            "as published, precision and recall are swapped, and BLEU and METEOR take the answer for the "
            "reference; `got-train eval` of answers.jsonl has them the right way round",
            "an empty answer counts as wrong: the official script stops at one",
        ]

    def _read(self, path: Path, folder: Path, language: str, task: TaskName, asking: Asking) -> None:
        rows = tuple(
            _row(row, f"{path}:{number}") for number, row in enumerate(read_list(path, SOURCE), start=1)
        )
        images = _images(rows, folder, language, task)
        check_pictures(images, SOURCE)
        places = [_place(row, f"{path}:{number}", task) for number, row in enumerate(rows, start=1)]
        unit = _unit([value for place in places for value in place])
        if unit != "thousandths" and any(places):
            self.notes.append(f"the places in {path.name} are taken for {unit}")
        for number, (row, image, place) in enumerate(zip(rows, images, places, strict=True), start=1):
            location = f"{path}:{number}"
            color = _color(row, location) if task == "onbox" else None
            box = _permille(place, unit, image, location) if place else None
            query = Task(box=box, color=color).query()
            crop = asking.tiles == "all" and task == "page"
            self.records.append(question_record(image, query, crop, path.stem, row.label, location))
        self.files.append(FoxFile(path.stem, rows))

    def write(self, answers: Sequence[str], output: Path) -> str:
        """Writes a file of results for each file of questions, as Fox's README has them."""
        texts = {
            f"{file.name}.json": json.dumps(_results(file.rows, part), ensure_ascii=False, indent=1) + "\n"
            for file, part in self._by_file(answers)
        }
        write_files(output / "results", texts)
        names = f"{output / 'results'}/{self.files[0].name}.json"
        return f"for Fox's own scorer: python eval_tools/eval_ocr_test.py --out_file {names}"

    def score(self, answers: Sequence[str]) -> Groups:
        """Fox's word scores of each file, as its script computes them."""
        groups = {}
        for file, part in self._by_file(answers):
            pairs = zip(file.rows, part, strict=True)
            scored = [word_scores(prediction=row.label, reference=answer) for row, answer in pairs]
            groups[file.name] = scores_of(
                [{name: (value, 1.0) for name, value in row.items()} for row in scored]
            )
        return groups

    def _by_file(self, answers: Sequence[str]) -> list[tuple[FoxFile, Sequence[str]]]:
        parts, start = [], 0
        for file in self.files:
            parts.append((file, answers[start : start + len(file.rows)]))
            start += len(file.rows)
        return parts


def _file_name(language: str, task: TaskName) -> str:
    return f"{language}_{task}_ocr.json"


def _row(row: Any, location: str) -> Row:
    """The first question and answer of a row, which are all that Fox's README asks."""
    try:
        texts = [row["image"], *(turn["value"] for turn in row["conversations"][:2])]
        if not all(isinstance(text, str) for text in texts):
            raise TypeError(texts)
        found = Row(*texts)
    except (TypeError, KeyError, ValueError):
        raise UserError(
            f"{location}: a row has an image, and conversations of a question and an answer"
        ) from None
    check_inside(found.image, "image", location)
    return found


def _images(rows: Sequence[Row], folder: Path, language: str, task: TaskName) -> list[Path]:
    """The pictures of rows. Fox's README names the folders of lines the wrong way round: both are tried."""
    other = LANGUAGES[1 - LANGUAGES.index(language)]
    ending = "_pdf_png" + "_onbox" * (task == "onbox")
    own, swapped = ([folder / f"{name}{ending}" / row.image for row in rows] for name in (language, other))
    return swapped if task == "line" and swapped[0].is_file() and not own[0].is_file() else own


def _place(row: Row, location: str, task: TaskName) -> tuple[float, ...]:
    """The numbers of the box or point in a question; none for tasks without."""
    if task not in ("box", "line"):
        return ()
    found = _PLACE.search(row.question)
    numbers = tuple(map(float, found[1].split(","))) if found else ()
    wanted = (4,) if task == "box" else (2, 4)
    if len(numbers) not in wanted or min(numbers) < 0:
        what = "box x1, y1, x2, y2" if task == "box" else "point x, y"
        raise UserError(f"{location}: the question has no {what}: {row.question!r:.80}")
    return numbers


def _color(row: Row, location: str) -> Any:
    found = _COLOR.search(row.question)
    if found is None:
        raise UserError(
            f"{location}: the question names no colour of {', '.join(COLORS)}: {row.question!r:.80}"
        )
    return found[1].lower()


def _unit(numbers: Sequence[float]) -> Unit:
    """The unit of all places of a file. The paper's are thousandths: `[2, 2, 998, 998]` is a page."""
    largest = max(numbers, default=0)
    return "fractions" if 0 < largest <= 1 else "thousandths" if largest <= 1000 else "pixels"


def _permille(place: Sequence[float], unit: Unit, image: Path, location: str) -> tuple[int, ...]:
    """A box or point in thousandths of the picture."""
    width, height = (1, 1) if unit == "fractions" else (1000, 1000)
    if unit == "pixels":
        try:
            width, height = open_image(image, MAX_PIXELS).size
        except ImageError as error:
            raise UserError(f"{location}: {error}") from None
    named = f"[{', '.join(f'{value:.10g}' for value in place)}]"
    inside = all(value <= limit for value, limit in zip(place, (width, height) * 2, strict=False))
    if not inside or (len(place) == 4 and not (place[0] < place[2] and place[1] < place[3])):
        raise UserError(
            f"{location}: {named} is no place in the picture: in {unit}, x goes up to {width} and y up to "
            f"{height}, and a box is x1, y1, x2, y2 with x1 below x2 and y1 below y2"
        )
    found = box_permille(place, width, height)
    if len(found) == 4 and not (found[0] < found[2] and found[1] < found[3]):
        raise UserError(f"{location}: the box {named} is narrower than a thousandth of the picture")
    return found


def _results(rows: Sequence[Row], answers: Sequence[str]) -> list[dict[str, str]]:
    return [
        {"image": row.image, "question": row.question, "label": row.label, "answer": answer}
        for row, answer in zip(rows, answers, strict=True)
    ]
