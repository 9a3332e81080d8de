"""`got-train pairs`: of a model's answers those that end in a loop become rows for preference training."""

import json
from pathlib import Path
from typing import Any

from got_train.data.records import ANSWER_KEYS, IMAGE_KEYS, QUESTION_KEYS, REJECTED_KEY
from got_train.evaluation.metrics import LOOP_CHARACTERS, LOOP_REPEATS, loop_size, repeats
from got_train.evaluation.predictions import Prediction, raw_rows, read_predictions
from got_train.files import write_text
from got_train.report import UserError, counted

KEPT_KEYS = {*QUESTION_KEYS, *IMAGE_KEYS, "history", "system", "crop", "kind"} - {*ANSWER_KEYS}
"""Keys of a row of predictions that say what was asked."""


def write_pairs(predictions: Path, output: Path) -> str:
    """Writes rows of `query, response, rejected_response, images`, and says how many answers loop.

    Args:
        predictions: answers with references, as `got-train infer` writes them.
        output: JSONL file to write.

    Raises:
        UserError: for a file that cannot be read, or without a loop.
    """
    answers = read_predictions(predictions)
    rows = [row for _, row in raw_rows(predictions)]
    loops = [
        pair_row(row, answer)
        for row, answer in zip(rows, answers, strict=True)
        if repeats(answer.answer) and not repeats(answer.reference)
    ]
    if not loops:
        raise UserError(
            f"{predictions}: none of {counted(len(answers), 'answer')} ends in a loop, there is nothing to "
            "train against"
        )
    write_text(output, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in loops))
    share = (
        f"{len(loops):,} of {counted(len(answers), 'answer')} end in a loop ({len(loops) / len(answers):.1%})"
    )
    return f"{share}: {counted(len(loops), 'pair')} written to {output}"


def pair_row(row: dict[str, Any], answer: Prediction) -> dict[str, Any]:
    """The question of a row of predictions, the reference as the better answer, the loop as the worse."""
    pair = {key: value for key, value in row.items() if key in KEPT_KEYS}
    messages = pair.get("messages")
    if isinstance(messages, list) and messages and messages[-1].get("role") == "assistant":
        pair["messages"] = messages[:-1]  # which ended with the model's answer
    if not answer.reference:
        pair["no_text"] = True
    return pair | {"response": answer.reference, REJECTED_KEY: with_few_repeats(answer.answer)}


def with_few_repeats(text: str) -> str:
    """A text that ends in a loop, up to where it is one: further repeats take memory and teach no more.

    >>> with_few_repeats("Total: " + "0, " * 1000)
    'Total: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '
    """
    size = loop_size(text)
    assert size is not None
    start = len(text) - size
    while start > 0 and text[start - 1] == text[start - 1 + size]:
        start -= 1
    return text[: start + max(size * LOOP_REPEATS, LOOP_CHARACTERS)]
