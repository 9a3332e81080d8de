"""Questions that the page asks, and what happens while a model answers them."""

import re
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from got_train.data.record import Record
from got_train.data.samples import SampleEncoder
from got_train.inference.answer import Answer
from got_train.inference.chat import Got
from got_train.inference.generate import prompt_ids
from got_train.inference.questions import ImageName, OcrType, question
from got_train.prompts import IMAGE_TAG, Task, box_permille, parse_task
from got_train.report import UserError
from got_train.vocabulary import IMAGE_PAD

MAX_QUERY = 2000
"""Characters of a question."""

MAX_SIDE = 10**9
"""Pixels; every side of a box lies below it."""

_PADS = re.compile(f"(?:{re.escape(IMAGE_PAD)})+")

Event = dict[str, Any]
"""Something that happens while a question is answered: `prompt`, then `piece` by `piece`, then the end."""


def read_question(body: Mapping[str, Any], find: Callable[[str], ImageName]) -> Record:
    """The question of a request: `pictures`, `format`, `box`, `color`, `crop` and `query`.

    Args:
        body: what the page sends.
        find: the picture of a word.

    Raises:
        UserError: if it is not as the page sends it, or its parts do not fit together.
    """
    words = _checked(body, "pictures", list) or []
    if not words or not all(isinstance(word, str) for word in words):
        raise UserError("there is no picture to read: add one")
    ocr_type: OcrType = "format" if body.get("format") is True else "ocr"
    query = _checked(body, "query", str)
    if query is not None and len(query) > MAX_QUERY:
        raise UserError(f"a question has {MAX_QUERY:,} characters at most")
    color = _checked(body, "color", str)
    crop = body.get("crop") is True
    return question(list(map(find, words)), ocr_type, read_box(body), color, crop, query or None)


def read_box(body: Mapping[str, Any]) -> list[float] | None:
    """The box of a request in pixels, or none.

    Raises:
        UserError: if it is no box or point.
    """
    box = _checked(body, "box", list)
    if box is None:
        return None
    if len(box) not in (2, 4) or not all(type(side) in (int, float) and abs(side) < MAX_SIDE for side in box):
        raise UserError("a box is x1, y1, x2, y2 in pixels, a point x, y")
    return [float(side) for side in box]


def _checked(body: Mapping[str, Any], name: str, kind: type) -> Any:
    value = body.get(name)
    if value is not None and not isinstance(value, kind):
        raise UserError(f"{name} of the question is not as the page sends it")
    return value


def with_task(record: Record, format: bool, box: Sequence[float] | None, size: tuple[int, int]) -> Record:
    """A question about the same pictures in another form; one that is none of the recipe's tasks stays.

    Args:
        record: the question.
        format: whether formatted text is wanted.
        box: region in pixels, if only that is read.
        size: width and height of the picture.

    Raises:
        UserError: if the box is too small for the thousandths in which the model is told of it.
    """
    *before, last = record.turns
    task = parse_task(last.query.replace(IMAGE_TAG, ""))
    if task is None:
        return record
    permille = task.box
    if box is not None:
        permille = box_permille(box, *size)
        if len(box) == 4 and not (permille[0] < permille[2] and permille[1] < permille[3]):
            raise UserError("the box is too small: it must be a thousandth of the picture wide and high")
    asked = replace(task, format=format, box=permille).query()
    turn = replace(last, query=IMAGE_TAG * last.query.count(IMAGE_TAG) + asked)
    return replace(record, turns=(*before, turn))


def task_of(record: Record) -> Task | None:
    """What a record asks, if it is one of the recipe's tasks."""
    return parse_task(record.turns[-1].query.replace(IMAGE_TAG, ""))


def prompt_text(encoder: SampleEncoder, record: Record) -> str:
    """The prompt as the model gets it, with the number of image tokens in place of these.

    Raises:
        RowError: for a picture that cannot be read.
    """
    text = encoder.tokenizer.decode(prompt_ids(encoder.sample(record)))
    return _PADS.sub(lambda pads: f"{IMAGE_PAD} x {len(pads[0]) // len(IMAGE_PAD)}", text)


def answer_events(got: Got, record: Record, max_new_tokens: int) -> Generator[Event]:
    """What happens while a model answers; closing it stops the model.

    Raises:
        UserError: if the question cannot be answered.
    """
    yield {"prompt": prompt_text(got.encoder, record)}
    begun, first = time.monotonic(), None
    pieces = got.stream(record, max_new_tokens, log_probs=True)
    try:
        while True:
            try:
                piece = next(pieces)
            except StopIteration as end:
                answer: Answer = end.value
                break
            first = first or time.monotonic() - begun
            yield {"piece": piece}  # also an empty one: the model can be stopped between two events
    finally:
        pieces.close()
    yield {
        "text": answer.text,
        "tokens": len(answer.tokens),
        "seconds": time.monotonic() - begun,
        "first": first,
        "confidence": answer.confidence,
    }
