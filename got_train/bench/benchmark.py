"""What all benchmarks have: questions about their pictures, files for their scorers, and scores."""

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from got_train.bench import Tiles
from got_train.config import MAX_PIXELS
from got_train.data.errors import ContentError
from got_train.data.images import FoundImage, lazy_image
from got_train.data.json_values import load_json
from got_train.data.record import Record, Turn
from got_train.data.utf8 import read_utf8
from got_train.evaluation.evaluate import Score
from got_train.files import atomic_file
from got_train.packages import install_line
from got_train.prompts import IMAGE_TAG, Task
from got_train.report import UserError, counted, quoted, table

LARGE_SIDE_PIXELS = 2560
"""The longer side from which on a page is large. A4 at 200 dots an inch, as most pages are, has 2,339."""

Groups = Mapping[str, Mapping[str, Score]]
"""Scores by the part of a benchmark and by name."""


@dataclass(frozen=True)
class Asking:
    """How a user wants pages to be asked."""

    query: str | None = None
    """Asked in place of the recipe's task."""
    tiles: Tiles = "large"


class Benchmark(Protocol):
    """A benchmark whose files have been read."""

    def __init__(self, folder: Path, asking: Asking) -> None:
        """Reads the files of a folder.

        Raises:
            UserError: if files are missing or damaged, or a package that scores need is not installed.
        """

    @property
    def records(self) -> Sequence[Record]:
        """The questions, in a fixed order."""

    @property
    def notes(self) -> Sequence[str]:
        """What a reader of the scores must know: what is left out, and where the official scorer differs."""

    def write(self, answers: Sequence[str], output: Path) -> str:
        """Writes what the benchmark's own scorer takes.

        Args:
            answers: one for each record.
            output: the folder to write into.

        Returns:
            A line that says what was written and how the official scorer reads it.
        """

    def score(self, answers: Sequence[str]) -> Groups:
        """The scores of the answers, one for each record."""


def page_record(
    image: FoundImage, asking: Asking, is_large: bool, kind: str, label: str = "", location: str = "question"
) -> Record:
    """The question for the formatted text of a page."""
    crop = asking.tiles == "all" or (asking.tiles == "large" and is_large)
    query = Task(format=True, crop=crop).query() if asking.query is None else asking.query
    return question_record(image, query, crop, kind, label, location)


def question_record(
    image: FoundImage, query: str, crop: bool, kind: str, label: str, location: str
) -> Record:
    """The record of a question about one picture; `label` is its published answer."""
    turn = Turn(IMAGE_TAG + query, label)
    return Record((turn,), (image,), system=None, crop=crop or None, kind=kind, location=location)


def check_folder_exists(folder: Path) -> None:
    """Refuses a path that is no folder.

    Raises:
        UserError: if it is none.
    """
    if not folder.is_dir():
        what = "is a file: name the folder that it is in" if folder.is_file() else "does not exist"
        raise UserError(f"folder {folder} {what}")


def missing(path: Path, source: str, more: int = 0) -> UserError:
    """The error for a file that a benchmark has and the folder lacks.

    Args:
        path: where it is looked for.
        source: where the benchmark is published.
        more: how many other files are missing too.
    """
    others = f" (and {counted(more, 'more file')})" if more else ""
    return UserError(f"{path} is missing{others}: the benchmark is published at {source}")


def check_files(paths: Sequence[Path], source: str) -> None:
    """Refuses a download that is not whole.

    Raises:
        UserError: names the first file that is missing, and how many more are.
    """
    absent = [path for path in dict.fromkeys(paths) if not path.is_file()]
    if absent:
        raise missing(absent[0], source, len(absent) - 1)


def check_inside(name: str, what: str, location: str, folder: str = "of the benchmark") -> None:
    """Refuses a name from a file of a benchmark that leads to another folder of this machine.

    Raises:
        UserError: if it does.
    """
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise UserError(f"{location}: {what} {quoted(name)} leads out of the folder {folder}")


def check_pictures(paths: Sequence[Path], source: str) -> None:
    """As `check_files`; pictures must also begin as pictures do, and not as what stands for a large file.

    Raises:
        UserError: names the first file that is missing or no picture.
    """
    check_files(paths, source)
    for path in dict.fromkeys(paths):
        try:
            lazy_image(path, MAX_PIXELS)
        except ContentError as error:
            raise damaged(error, source) from None


def damaged(error: ContentError | str, source: str) -> UserError:
    """The error for a file that cannot be read, which most often did not arrive whole."""
    return UserError(f"{error}: the benchmark is published at {source}")


def require(*packages: str) -> None:
    """Looks for packages that scores need, before anything is asked.

    Raises:
        UserError: if one is not installed.
    """
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise UserError(f"the package {package} is missing; {install_line('bench')} brings it")


def read_list(path: Path, source: str) -> list[Any]:
    """The list in a JSON file of a benchmark that is published at `source`.

    Raises:
        UserError: if the file holds anything else.
    """
    try:
        content = load_json(read_utf8(path, str(path)))
    except ContentError as error:
        raise damaged(f"{path}: {error}", source) from None
    if not isinstance(content, list) or not content:
        raise damaged(f"{path} holds no list of rows", source)
    return content


def write_files(folder: Path, texts: Mapping[str, str]) -> None:
    """Writes files into a folder; names may have folders in them."""
    for name, text in texts.items():
        with atomic_file(folder / name, durable=False) as part:
            part.write_text(text, encoding="utf-8", errors="replace")


def groups_text(groups: Groups) -> str:
    """The scores as a table for a person."""
    rows = [
        [group, name, f"{score.value:.4f}", f"{score.low:.4f} to {score.high:.4f}", score.rows]
        for group, scores in groups.items()
        for name, score in scores.items()
    ]
    return table(["of", "score", "value", "95 %", "number"], rows)
