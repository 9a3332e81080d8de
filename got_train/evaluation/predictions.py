"""Reads files of predictions, written by got-train, ms-swift, or the authors' scripts."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from got_train.data.errors import located
from got_train.data.record import UNNAMED_KIND
from got_train.data.records import load_json
from got_train.data.utf8 import read_utf8
from got_train.inference.answer import CONFIDENCE_KEY
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
    confidence: float | None = None
    """The model's probability of the answer, if the row tells it."""
    line_confidences: tuple[float, ...] = ()
    """Those of the lines of the answer; none if the row tells them not, or those of another answer."""
    calibrated: bool = False
    """Whether a calibration of the model has corrected them."""


def read_predictions(path: Path) -> list[Prediction]:
    """The rows of a JSONL file, or of a JSON file with a list of rows.

    Raises:
        UserError: for a missing file, or rows without an answer or a reference, all of them listed.
    """
    if not path.is_file():
        raise UserError(f"predictions file {path} does not exist")
    rows, complaints = [], []
    for number, row in raw_rows(path):
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


def raw_rows(path: Path) -> list[tuple[int, Any]]:
    """Rows as they are, with their numbers from 1: of lines in JSONL, of elements in JSON."""
    text = read_utf8(path, f"predictions file {path}")
    if text.lstrip().startswith("["):
        return list(enumerate(_parse(text, str(path)), start=1))
    # Not splitlines(): it would also cut at separators that JSON allows in texts.
    lines = enumerate(text.split("\n"), start=1)
    return [(number, _parse(line, f"{path}:{number}")) for number, line in lines if line.strip()]


def _parse(text: str, location: str) -> Any:
    with located(location):
        return load_json(text)


def _prediction(row: Any, location: str) -> Prediction:
    if not isinstance(row, Mapping):
        raise UserError(f"{location}: a row is an object, this is {type(row).__name__}")
    answer = _one(row, ANSWER_KEYS, location)
    if answer is None and ("conversations" in row or "messages" in row):
        raise UserError(
            f"{location}: a question without an answer; first run got-train infer MODEL "
            f"--output predictions.jsonl --data {location.rpartition(':')[0]}"
        )
    reference = _one(row, REFERENCE_KEYS, location)
    for keys, value in ((ANSWER_KEYS, answer), (REFERENCE_KEYS, reference)):
        if not isinstance(value, str):
            raise UserError(
                f"{location}: no {keys[0]} text; rows need response and labels (or answer and label)"
            )
    asked, said = (_last_content(row, role) for role in ("user", "assistant"))
    if said not in (None, answer, reference):
        raise _ambiguous(location, "messages end with another answer than response and labels")
    query = _one(row, QUERY_KEYS, location, _plain_query)
    if query and asked and query != _plain_query(asked):
        raise _ambiguous(location, "query and messages ask different things")
    kind = str(row.get("kind") or UNNAMED_KIND)
    return Prediction(
        answer=_whole(str(answer)),
        reference=_whole(str(reference)),
        query=_whole(query or _plain_query(asked)),
        images=_one(row, IMAGE_KEYS, location, _images) or (),
        kind=_whole(kind),
        location=location,
        confidence=probability(row.get(CONFIDENCE_KEY)),
        line_confidences=_line_confidences(row.get("line_confidences"), str(answer)),
        calibrated=row.get("calibrated") is True,
    )


def probability(value: Any) -> float | None:
    """A confidence of ours; other programs may mean something else by that key."""
    known = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
    return float(value) if known else None


def _line_confidences(values: Any, answer: str) -> tuple[float, ...]:
    found = [probability(value) for value in values] if isinstance(values, list) else []
    known = [value for value in found if value is not None]
    return tuple(known) if len(known) == len(found) == answer.count("\n") + 1 else ()


def _ambiguous(location: str, detail: str) -> UserError:
    return UserError(f"{location}: {detail}: keep one of them, and remove the other")


def _whole(text: str) -> str:
    """A text without halves of surrogate pairs, which JSON allows but UTF-8 does not."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def _one(
    row: Mapping[str, Any],
    keys: tuple[str, ...],
    location: str,
    form: Callable[[Any], Any] = lambda value: value,
) -> Any:
    """The value of keys that mean the same, in a form that can be compared; None if the row has none.

    Raises:
        UserError: if the values of two keys differ.
    """
    found = [key for key in keys if row.get(key) is not None]
    values = [form(row[key]) for key in found]
    if any(value != values[0] for value in values):
        raise _ambiguous(location, f"{' and '.join(found)} mean the same, and differ")
    return values[0] if values else None


def _last_content(row: Mapping[str, Any], role: str) -> Any:
    """What the last of the messages of `role` says; None if there is no text."""
    messages = row.get("messages")
    said = [
        message.get("content")
        for message in (messages if isinstance(messages, list) else [])
        if isinstance(message, dict) and message.get("role") == role
    ]
    return said[-1] if said and isinstance(said[-1], str) else None


def _plain_query(query: Any) -> str:
    if not isinstance(query, str):
        return ""
    # In the authors' result files, the image tokens of the prompt are part of the query.
    return query.rpartition(IMAGE_END)[2].replace(IMAGE_TAG, "").strip()


def _images(images: Any) -> tuple[str, ...]:
    """The images of a row, which has a path, a list of paths, or ms-swift's objects with a path."""
    images = images if isinstance(images, list) else [images]
    paths = [image.get("path") if isinstance(image, dict) else image for image in images]
    return tuple(path for path in paths if isinstance(path, str) and path)
