"""Writes files of answers row by row; a run can be continued, and processes of torchrun share the rows.

What needs torch is imported where it is used: a file that cannot be written should not wait for it.
"""

import glob
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from got_train.data.images import image_address
from got_train.data.record import ReadOptions, Record, Turn
from got_train.data.sources import select_rows
from got_train.files import lock, naming_refusals, write_text
from got_train.foreign_files import read_json
from got_train.inference.answer import CONFIDENCE_KEY, Answer
from got_train.inference.questions import check_query
from got_train.inference.reader import Reader
from got_train.inference.regions import REGION_KEYS, region_values
from got_train.progress import progress
from got_train.prompts import IMAGE_TAG
from got_train.ranks import barrier, open_process_group, rank, say, world_size
from got_train.report import UserError, counted

MAX_WAIT = timedelta(days=7)
"""Longest time that a process waits for the others, whose rows may take much longer."""

ANSWER_KEYS = ("response", "labels", "kind", CONFIDENCE_KEY, "line_confidences", "calibrated", *REGION_KEYS)
"""Keys of a row of answers that do not say what was asked."""

EARLIER = {"beams": 1, "confidence": False, "calibration": None}
"""What files were begun with that do not tell it."""


def check_parts(output: Path, resume: bool, overwrite: bool) -> None:
    """Refuses to lose the answers that an interrupted run of several processes has left.

    Raises:
        UserError: if there are such answers, and they are neither continued nor to be overwritten.
    """
    left = _parts_left(output, _parts(output) if resume else [])
    if left and not overwrite:
        raise UserError(
            f"{left[0]} exists, of an interrupted run of several processes: continue it with --resume and as "
            "many processes, or give --overwrite"
        )


def _parts(output: Path) -> list[Path]:
    """The files of the processes of this run."""
    return [Path(f"{output}.part-{number}-of-{world_size()}") for number in range(world_size())]


def _parts_left(output: Path, continued: Sequence[Path] = ()) -> list[Path]:
    """Files of the processes of earlier runs, except those that are continued."""
    found = output.parent.glob(f"{glob.escape(output.name)}.part-*-of-*")
    return sorted(set(found) - set(continued))


def read_questions(got: Reader, data: str, query: str | None = None) -> list[Record]:
    """The rows of a data set, which may lack a response.

    Args:
        got: the model; rows are read with the data options of its training run.
        data: what `DatasetSpec.parse` reads.
        query: replaces the last query of each row; the images stay the same.

    Raises:
        UserError: for bad rows, all of them listed; or if `query` is not allowed.
    """
    from got_train.data.check import check_rows

    if query is not None:
        check_query(query)
    run = got.config.data
    options = ReadOptions(run.columns, query or run.query, run.image_root, answered=False)
    rows = select_rows([data], options, np.random.default_rng(0))
    result = check_rows(rows, np.arange(len(rows)), got.encoder, workers=0, description="checking rows")
    if result.bad:
        raise UserError("\n".join([f"{data} has bad rows ({result.summary()}):", *result.lines()]))
    records = rows.records()
    return records if query is None else [_asking(record, query) for record in records]


def _asking(record: Record, query: str) -> Record:
    *before, last = record.turns
    asked = Turn(IMAGE_TAG * last.query.count(IMAGE_TAG) + query, last.response)
    return replace(record, turns=(*before, asked))


def predict(
    got: Reader,
    records: Sequence[Record],
    output: Path,
    max_new_tokens: int,
    batch_size: int,
    resume: bool = False,
    beams: int = 1,
    confidence: bool = False,
) -> None:
    """Answers records and writes rows of `query, response, labels, images, kind`, in order.

    Text with boxes is written in pixels, too, as `region_values` gives it.

    Each process of torchrun writes its share into `OUTPUT.part-I-of-N`, and the first one joins the parts.

    Args:
        got: the model.
        records: the questions.
        output: JSONL file to write.
        max_new_tokens: most tokens of an answer.
        batch_size: records per batch.
        resume: continue an interrupted run after the last row of its file.
        beams: 1 for greedy answers.
        confidence: also write the probability of each answer, `confidence`, and of its lines,
            `line_confidences`; with `calibrated` if a calibration of the model has corrected them.

    Raises:
        UserError: if the file to continue is of other rows, another model or other options, or another
            process writes it.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    target = output
    # The file itself has the answers of one process, or of a finished run of several processes.
    first = _count_done(records, output) if resume else 0
    if resume and first == len(records):
        if confidence and records and not _has_confidence(output):
            raise UserError(
                f"{output} has all answers already, without their confidence: leave out --confidence, or "
                "give --overwrite"
            )
        say(f"{output} has all answers already, none is read again")
    else:
        options = {
            "max_new_tokens": max_new_tokens,
            "beams": beams,
            "confidence": confidence,
            "calibration": asdict(got.calibration) if confidence and got.calibration else None,
        }
        _check_same_model(got, output, options, first, resume)
    if world_size() > 1:
        open_process_group("gloo", MAX_WAIT)
    if rank() == 0 and not resume:
        for part in _parts_left(output):
            part.unlink()
    barrier()  # or what another process has begun to write might be removed
    if world_size() > 1:
        records = records[first:][rank() :: world_size()]
        parts = _parts(output)
        target = parts[rank()]
    with naming_refusals(target), open(target, "a", encoding="utf-8") as file:
        lock(file, target)
        if not resume:
            file.truncate(0)
        done = _count_done(records, target)
        answers = got.answers(records[done:], max_new_tokens, batch_size, beams, log_probs=confidence)
        max_pixels = got.encoder.config.max_pixels
        bar = progress("reading", len(records), "row", answers, initial=done)
        for record, answer in zip(records[done:], bar, strict=True):
            row = prediction_row(record, answer) | region_values(record, answer.text, max_pixels)
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()
    if world_size() > 1:
        barrier()
        if rank() == 0:
            _join_parts(parts, output, keep=resume)
        barrier()
    if rank() == 0:
        _facts_file(output).unlink(missing_ok=True)


def _facts_file(output: Path) -> Path:
    """The file beside answers that are not complete, which says what gives them."""
    return Path(f"{output}.model.json")


def is_complete(output: Path) -> bool:
    """Whether `predict` has written all of a file."""
    return output.is_file() and not _facts_file(output).exists()


def _check_same_model(got: Reader, output: Path, options: dict[str, Any], number: int, resume: bool) -> None:
    """Writes down what gives the answers of a file; one that is continued must have been begun by the same.

    Args:
        got: the model.
        output: the file of answers.
        options: those of `predict` that change its rows.
        number: of answers in the file.
        resume: whether it is continued.
    """
    file, sample = _facts_file(output), got.encoder.config
    now = {
        "model": got.identity,
        "sample.template": sample.template,
        "sample.system": sample.system,
        **options,
    }
    if resume and file.is_file():
        before = read_json(file)
        if before.get("model") != now["model"]:
            raise UserError(
                f"{output} was begun by another model: name that one, or another output, or give --overwrite"
            )
        for name, value in now.items():
            if (begun := before.get(name, EARLIER.get(name))) != value:
                raise UserError(
                    f"{output} was begun with {name} {begun}, and it is {value}: take the "
                    "same, or name another output, or give --overwrite"
                )
    elif resume and number > 0:
        raise UserError(
            f"{output} has {counted(number, 'answer')}, and nothing tells which model gave them (there is no "
            f"{file}): answer the other rows into another output, or give --overwrite"
        )
    elif rank() == 0:
        write_text(file, json.dumps(now, indent=1) + "\n")


def _join_parts(parts: Sequence[Path], output: Path, keep: bool) -> None:
    """Writes the lines of all parts in turn into the file, after its own lines if these are kept."""
    before = output.read_text(encoding="utf-8") if keep and output.exists() else ""
    groups = zip_longest(*(_lines(part.read_bytes()) for part in parts))
    lines = [f"{line}\n" for group in groups for line in group if line is not None]
    write_text(output, "".join([before, *lines]))
    for part in parts:
        part.unlink()


def _lines(content: bytes) -> list[str]:
    """The complete lines of JSONL. `splitlines` would also cut at separators that JSON allows in texts."""
    return content[: content.rfind(b"\n") + 1].decode().split("\n")[:-1]


def _count_done(records: Sequence[Record], output: Path) -> int:
    """The number of records that a file has answers to; a last line that was cut off is removed."""
    if not output.exists():
        return 0
    content = output.read_bytes()
    try:
        lines = _lines(content)
    except UnicodeDecodeError as error:
        raise UserError(f"{output} is not UTF-8 ({error.reason}): remove it or name another file") from None
    same = len(lines) <= len(records) and all(
        _same_question(line, prediction_row(record, Answer("")))
        for line, record in zip(lines, records, strict=False)
    )
    if not same:
        raise UserError(f"{output} holds answers to other questions: remove it or name another file")
    if not content.endswith(b"\n"):
        os.truncate(output, content.rfind(b"\n") + 1)
    return len(lines)


def _same_question(line: str, asked: dict[str, Any]) -> bool:
    try:
        return _question(json.loads(line)) == _question(asked)
    except (ValueError, AttributeError):  # not JSON, or no object
        return False


def _question(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in ANSWER_KEYS}


def _has_confidence(output: Path) -> bool:
    return CONFIDENCE_KEY in json.loads(_lines(output.read_bytes())[0])


def read_answers(output: Path) -> list[str]:
    """The answers of a file that `predict` has written."""
    return [json.loads(line)["response"] for line in _lines(output.read_bytes())]


def prediction_row(record: Record, answer: Answer) -> dict[str, Any]:
    """A row of predictions with ms-swift's keys, which can be corrected by hand and trained on.

    `labels` is the reference, empty where the pictures have no text, or null. The answer stands in
    `response` only. Probabilities, where they were asked for, are in keys that training does not read.
    """
    *before, last = record.turns
    reference = "" if record.no_text else last.response or None
    row: dict[str, Any] = {"query": last.query, "response": answer.text, "labels": reference}
    if record.system is not None:
        row["system"] = record.system
    if all(turn.supervised for turn in before):
        row |= {"history": [[turn.query, turn.response] for turn in before]} if before else {}
    else:  # a history cannot say which of its answers are not trained on
        row["messages"] = [
            *(message for turn in before for message in _messages(turn)),
            {"role": "user", "content": last.query},
        ]
    if record.crop is not None:
        row["crop"] = record.crop
    if record.no_text and not answer.text:  # an answer that is there contradicts it
        row["no_text"] = True
    row |= {"images": [image_address(image) for image in record.images], "kind": record.kind}
    if answer.tokens:
        row[CONFIDENCE_KEY] = _rounded(answer.confidence)
        row["line_confidences"] = list(map(_rounded, answer.line_confidences))
        row |= {"calibrated": True} if answer.calibration else {}
    return row


def _rounded(probability: float) -> float:
    """In four digits, as the batch changes those after them; very small ones stay apart, to be sorted."""
    return float(f"{probability:.4g}")


def _messages(turn: Turn) -> list[dict[str, Any]]:
    answer = {"role": "assistant", "content": turn.response, "loss": turn.supervised}
    return [{"role": "user", "content": turn.query}, answer]
