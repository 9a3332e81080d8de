"""What a model has read of pictures that are to be corrected, so that a later session asks nothing twice."""

import json
from collections.abc import Iterable
from pathlib import Path

from got_train.demo.labelling import Entry
from got_train.evaluation.predictions import probability
from got_train.files import naming_refusals
from got_train.inference.answer import CONFIDENCE_KEY, Answer
from got_train.inference.predict import prediction_row

MODEL = "model"
"""The key of a reading that says which model gave it."""


class Readings:
    """Readings of one model; those of others in the file stay there and are passed over."""

    def __init__(self, path: Path, identity: str) -> None:
        """Names the file; what is in it is read by `fill`.

        Args:
            path: the file, which need not exist.
            identity: what tells the model from others.
        """
        self._path, self._identity = path, identity

    def fill(self, entries: Iterable[Entry]) -> None:
        """Gives entries what was read of them in an earlier session.

        Raises:
            UserError: if the file cannot be read.
        """
        found = {}
        with naming_refusals(self._path):
            lines = self._path.read_bytes().split(b"\n") if self._path.exists() else []
        for line in lines:
            try:
                row = json.loads(line)
                sure = probability(row[CONFIDENCE_KEY])
                if row[MODEL] == self._identity and sure is not None:
                    found[row["query"], *row["images"]] = str(row["response"]), sure
            except (ValueError, LookupError, TypeError):  # a line that was cut off, or is no reading
                continue
        for entry in entries:
            row = prediction_row(entry.record, Answer(""))
            if reading := found.get((row["query"], *row["images"])):
                entry.reading, entry.confidence = reading
                entry.is_read = True

    def add(self, entry: Entry, answer: Answer) -> None:
        """Gives an entry what was read of it, and writes that down.

        Raises:
            UserError: if it cannot be written.
        """
        entry.reading, entry.confidence, entry.is_read = answer.text, answer.confidence, True
        row = prediction_row(entry.record, answer) | {MODEL: self._identity}
        with naming_refusals(self._path), open(self._path, "ab+") as file:
            file.seek(0, 2)
            if file.tell():
                file.seek(-1, 2)
                whole = file.read(1) == b"\n"
            else:
                whole = True
            file.write(b"\n" * (not whole) + json.dumps(row, ensure_ascii=False).encode() + b"\n")
