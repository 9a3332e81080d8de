"""Reads files of predictions, written by got-train, ms-swift, or the authors' scripts."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from got_train.data.records import UNNAMED_KIND
from got_train.data.utf8 import read_utf8
from got_train.prompts import IMAGE_TAG
from got_train.report import UserError, counted
from got_train.vocabulary import IMAGE_END

ANSWER_KEYS = ("response", "answer")
"""Keys of the answer: of got-train and ms-swift, and of the authors' scripts."""
REFERENCE_KEYS = ("labels", "label")
"""Keys of the reference: of got-train and ms-swift 3 and later; of ms-swift 2 and the authors' scripts."""
QUERY_KEYS = ("query", "question")
IMAGE_KEYS = ("images", "image")
MAX_COMPLAINTS = 20
"""Most bad rows that an error lists."""


@dataclass(frozen=True)
class Prediction:
    """An answer and its reference."""

    answer: str
    reference: str
    query: str
    """The query without image tags; empty if the file has none."""
    images: tuple[str, ...]
    """Paths or addresses of the images, as in the file."""
    kind: str
    location: str
    """The place of the row, for messages and reports: `file:row`."""


def read_predictions(path: Path) -> list[Prediction]:
    """The rows of a JSONL file, or of a JSON file with a list of rows.

    Raises:
        UserError: for a missing file, or rows without an answer or a reference, all of them listed.
    """
    if not path.is_file():
        raise UserError(f"predictions file {path} does not exist")
    rows, complaints = [], []
    for number, row in _read_rows(path):
        try:
            rows.append(_prediction(row, f"{path}:{number}"))
        except UserError as error:
            complaints.append(str(error))
    raise_complaints(complaints)
    if not rows:
        raise UserError(f"{path} has no rows")
    return rows


def raise_complaints(complaints: Sequence[str]) -> None:
    """Raises one UserError for all bad rows if there are any; it lists at most `MAX_COMPLAINTS`."""
    if complaints:
        hidden = len(complaints) - MAX_COMPLAINTS
        rest = [f"and {counted(hidden, 'more row')}"] if hidden > 0 else []
        raise UserError("\n".join([*complaints[:MAX_COMPLAINTS], *rest]))


def _read_rows(path: Path) -> list[tuple[int, Any]]:
    """Rows with their numbers from 1: of lines in JSONL, of elements in JSON."""
    text = read_utf8(path, f"predictions file {path}")
    if text.lstrip().startswith("["):
        return list(enumerate(_parse(text, str(path)), start=1))
    # Not splitlines(): it would also cut at separators that JSON allows in texts.
    lines = enumerate(text.split("\n"), start=1)
    return [(number, _parse(line, f"{path}:{number}")) for number, line in lines if line.strip()]


def _parse(text: str, location: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{location}: not JSON: {error}") from None


def _prediction(row: Any, location: str) -> Prediction:
    if not isinstance(row, Mapping):
        raise UserError(f"{location}: a row is an object, this is {type(row).__name__}")
    answer = _first(row, ANSWER_KEYS)
    if answer is None and ("conversations" in row or "messages" in row):
        raise UserError(
            f"{location}: a question without an answer; first run got-train infer MODEL "
            f"--output predictions.jsonl --data {location.rpartition(':')[0]}"
        )
    reference = _first(row, REFERENCE_KEYS)
    for keys, value in ((ANSWER_KEYS, answer), (REFERENCE_KEYS, reference)):
        if not isinstance(value, str):
            raise UserError(
                f"{location}: no {keys[0]} text; rows need response and labels (or answer and label)"
            )
    kind = str(row.get("kind") or UNNAMED_KIND)
    return Prediction(
        _whole(str(answer)), _whole(str(reference)), _whole(_query(row)), _images(row), _whole(kind), location
    )


def _whole(text: str) -> str:
    """A text without halves of surrogate pairs, which JSON allows but UTF-8 does not."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def _first(row: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    return next((row[key] for key in keys if row.get(key) is not None), None)


def _query(row: Mapping[str, Any]) -> str:
    query = _first(row, QUERY_KEYS)
    messages = row.get("messages")
    if query is None and isinstance(messages, list):
        said = [message for message in messages if isinstance(message, dict)]
        asked = [message.get("content") for message in said if message.get("role") == "user"]
        query = asked[-1] if asked else None
    if not isinstance(query, str):
        return ""
    # In the authors' result files, the image tokens of the prompt are part of the query.
    return query.rpartition(IMAGE_END)[2].replace(IMAGE_TAG, "").strip()


def _images(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The images of a row, which has a path, a list of paths, or ms-swift's objects with a path."""
    images = _first(row, IMAGE_KEYS)
    images = images if isinstance(images, list) else [images]
    paths = [image.get("path") if isinstance(image, dict) else image for image in images]
    return tuple(path for path in paths if isinstance(path, str) and path)
