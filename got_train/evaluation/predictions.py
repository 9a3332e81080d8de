"""Files of predictions, by whichever program: got-train, ms-swift, or the authors' scripts."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from got_train.data.records import UNNAMED_KIND
from got_train.prompts import IMAGE_TAG
from got_train.report import UserError
from got_train.vocabulary import IMAGE_END

ANSWER_KEYS = ("response", "answer")
"""Of got-train and ms-swift, and of the authors' scripts."""
REFERENCE_KEYS = ("labels", "label")
"""Of got-train and ms-swift 3 and later; of ms-swift 2 and the authors' scripts."""
QUERY_KEYS = ("query", "question")
IMAGE_KEYS = ("images", "image")
MAX_COMPLAINTS = 20


@dataclass(frozen=True)
class Prediction:
    """An answer and what it should have been."""

    answer: str
    reference: str
    query: str
    """Without image tags; empty where the file does not say."""
    images: tuple[str, ...]
    """As the file has them."""
    kind: str
    location: str
    """Which row it is, for messages and reports: `file:row`."""


def read_predictions(path: Path) -> list[Prediction]:
    """The rows of a JSONL file, or of a JSON file with a list of them.

    Raises:
        UserError: for a missing file, or naming all rows without an answer or a reference.
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
    """Raises one UserError for all bad rows, if there are any."""
    if complaints:
        hidden = len(complaints) - MAX_COMPLAINTS
        rest = [f"and {hidden} more rows"] if hidden > 0 else []
        raise UserError("\n".join([*complaints[:MAX_COMPLAINTS], *rest]))


def _read_rows(path: Path) -> list[tuple[int, Any]]:
    """Rows with their numbers: of lines in JSONL, of elements in JSON, from 1."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8: {error}") from None
    if text.lstrip().startswith("["):
        try:
            return list(enumerate(json.loads(text), start=1))
        except (ValueError, RecursionError) as error:
            raise UserError(f"{path}: not JSON: {error}") from None
    rows = []
    # Not splitlines(): it would also cut at separators that JSON allows inside of texts.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                rows.append((number, json.loads(line)))
            except (ValueError, RecursionError) as error:
                raise UserError(f"{path}:{number}: not JSON: {error}") from None
    return rows


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
    """A text without halves of surrogate pairs: JSON can write them, but no file and no screen takes them."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def _first(row: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    return next((row[key] for key in keys if row.get(key) is not None), None)


def _query(row: Mapping[str, Any]) -> str:
    query = _first(row, QUERY_KEYS)
    messages = row.get("messages")
    if query is None and isinstance(messages, list):
        asked = [
            message for message in messages if isinstance(message, dict) and message.get("role") == "user"
        ]
        query = asked[-1].get("content") if asked else None
    if not isinstance(query, str):
        return ""
    # The authors' result files hold the picture's place as the tokenizer sees it.
    return query.rpartition(IMAGE_END)[2].replace(IMAGE_TAG, "").strip()


def _images(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Pictures: a path, a list of paths, or ms-swift's objects with a path."""
    images = _first(row, IMAGE_KEYS)
    images = images if isinstance(images, list) else [images]
    paths = [image.get("path") if isinstance(image, dict) else image for image in images]
    return tuple(path for path in paths if isinstance(path, str) and path)
