"""What each evaluation of a run has read, kept in the run's folder: `got-train board` shows it.

An evaluation is a file of answers in the form of `infer --output`, which `got-train eval` scores. A file is
whole or not there, and is known by its step: a run that goes on neither doubles nor loses one.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from got_train.data.record import Record
from got_train.evaluation.metrics import text_metrics
from got_train.files import write_text
from got_train.inference.answer import Answer
from got_train.inference.predict import prediction_row
from got_train.run_folders import readings_file, readings_of

KEPT_ROWS = 64
"""Most rows of an evaluation that are kept; of more, evenly spread ones."""

KEPT_EVALUATIONS = 64
"""Most evaluations of a run that are kept: beyond it every second one is removed. It is even, so that the
first and the newest always stay."""

Reading = tuple[Record, str]
"""A row, and the answer to its last question."""


def reading_scores(readings: Sequence[Reading]) -> dict[str, float]:
    """The scores of `text_metrics` of answers against the responses of their rows."""
    return text_metrics(
        [answer for _, answer in readings], [record.turns[-1].response for record, _ in readings]
    )


def keep_readings(run_dir: Path, step: int, readings: Sequence[Reading]) -> None:
    """Writes what the evaluation after a step has read.

    Raises:
        UserError: if the system refuses to write it.
    """
    chosen = np.linspace(0, len(readings), min(KEPT_ROWS, len(readings)), endpoint=False, dtype=np.int64)
    # An empty reference, as of a blank picture, is one here.
    rows = (
        prediction_row(record, Answer(text)) | {"labels": record.turns[-1].response}
        for record, text in (readings[index] for index in chosen)
    )
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    # Names of files may hold bytes that are no UTF-8: JSON has escapes for them.
    write_text(readings_file(run_dir, step), text.encode(errors="backslashreplace").decode())
    kept = list(readings_of(run_dir).values())
    if len(kept) > KEPT_EVALUATIONS:
        for file in kept[1::2]:
            file.unlink()


def cut_readings(run_dir: Path, step: int) -> None:
    """Removes the readings after a step: a run that was killed may have evaluated after its checkpoint."""
    for other, file in readings_of(run_dir).items():
        if other > step:
            file.unlink()
