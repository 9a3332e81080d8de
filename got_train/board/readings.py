"""The same held-out pictures with what was read on them at every evaluation."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from got_train.board.runs import Run
from got_train.characters import composed
from got_train.data.record import UNNAMED_KIND
from got_train.evaluation.metrics import text_parts
from got_train.evaluation.predictions import Prediction, read_predictions
from got_train.evaluation.worst import differences, shown_picture
from got_train.foreign_files import MAX_BYTES
from got_train.pages.curves import number
from got_train.report import UserError

SHOWN_PICTURES = 8
"""Most pictures of a run on the page, evenly spread over those that its evaluations read."""
SHOWN_EVALUATIONS = 12
"""Most evaluations of a run on the page, evenly spread, the first and the last among them."""
SHOWN_IMAGES = 4
"""Most images of a row."""
MAX_CHARACTERS = 4000
"""Most characters of a text on the page, and of those that are compared."""

Key = tuple[str, tuple[str, ...], str]
"""What makes a row the same in several evaluations and runs: its query, its images and its reference."""


@dataclass
class Read:
    """What one run read at its evaluations."""

    run: Run
    evaluations: dict[int, dict[Key, Prediction]] = field(default_factory=dict)
    """The rows that each evaluation on the page read, by step."""
    faults: list[str] = field(default_factory=list)

    @property
    def left_out(self) -> str:
        """That not all evaluations are on the page, if they are not."""
        shown, kept = len(self.evaluations), len(self.run.evaluations)
        return f"{self.run.name}: {shown:,} of {kept:,} evaluations are shown." if shown < kept else ""

    @property
    def keys(self) -> list[Key]:
        """The rows of its evaluations, those of the last one first."""
        return list(dict.fromkeys(key for rows in reversed(self.evaluations.values()) for key in rows))


def evenly(items: Sequence[Any], most: int) -> list[Any]:
    """At most so many items, evenly spread, with the first and the last."""
    return [items[index] for index in np.linspace(0, len(items) - 1, min(most, len(items)), dtype=int)]


def read_evaluations(run: Run) -> Read:
    """The readings of a run; files that cannot be read are faults."""
    read = Read(run)
    for step, file in evenly(list(run.evaluations.items()), SHOWN_EVALUATIONS):
        try:
            if file.stat().st_size > MAX_BYTES:
                raise UserError(f"{file} has more than {MAX_BYTES:,} bytes")
            rows = read_predictions(file)
        except UserError as error:
            read.faults.append(str(error).partition("\n")[0])
            continue
        read.evaluations[step] = {}
        for row in rows:
            read.evaluations[step].setdefault((row.query, row.images, row.reference), row)
    return read


def examples(reads: Sequence[Read]) -> list[dict[str, Any]]:
    """Some rows, each with its pictures and what every run read there, as the template needs them."""
    chosen = dict.fromkeys(key for read in reads for key in evenly(read.keys, SHOWN_PICTURES))
    return [_example(key, reads) for key in chosen]


def _example(key: Key, reads: Sequence[Read]) -> dict[str, Any]:
    query, images, reference = key
    having = [(read, steps) for read in reads if (steps := _steps(read, key))]
    kind = having[0][1][0][1].kind
    return {
        "query": query,
        "kind": "" if kind == UNNAMED_KIND else kind,
        "pictures": [
            shown_picture(name, [read.run.folder for read, _ in having]) for name in images[:SHOWN_IMAGES]
        ],
        "hidden": max(0, len(images) - SHOWN_IMAGES),
        "reference": _cut(reference),
        "runs": [
            {
                "letter": read.run.letter,
                "name": read.run.name,
                "steps": [_step(step, row) for step, row in steps],
            }
            for read, steps in having
        ],
    }


def _steps(read: Read, key: Key) -> list[tuple[int, Prediction]]:
    return [(step, rows[key]) for step, rows in read.evaluations.items() if key in rows]


def _step(step: int, row: Prediction) -> dict[str, Any]:
    whole = [composed(text) for text in (row.answer, row.reference)]
    answer, reference = map(_cut, whole)
    edits, length = text_parts(answer, reference)["cer"]
    half_wrong = answer != "" and 2 * edits > length
    part = f" of the first {MAX_CHARACTERS:,} characters" if [answer, reference] != whole else ""
    return {
        "step": f"{step:,}",
        "right": whole[0] == whole[1],
        "score": f"CER {number(edits / max(length, 1))}{part}",
        "differences": [("", answer)] if half_wrong else differences(answer, reference),
    }


def _cut(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]} ..."
