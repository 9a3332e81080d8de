"""Makes token ids and labels of a record's text; the two grow together, span by span."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from transformers import PreTrainedTokenizerFast

from got_train.characters import composed
from got_train.config import SampleConfig
from got_train.data.errors import RowError
from got_train.data.record import Record
from got_train.markup.boxes import BOXED_EXAMPLE, read_boxed
from got_train.model.tokenizer import max_token_bytes
from got_train.prompts import CHAT_TEMPLATES, IMAGE_TAG, TemplateName, canonical_query, parse_task
from got_train.report import counted
from got_train.vocabulary import IGNORE_INDEX, IMAGE_END, IMAGE_PAD, IMAGE_START, MESSAGE_END

_TAGS = re.compile(rf"((?:{IMAGE_TAG}\s*)*{IMAGE_TAG})\n?")
"""Image tags with only white space between them, and the newline after them."""


def encode(
    record: Record,
    tiles_per_image: Sequence[int],
    tokenizer: PreTrainedTokenizerFast,
    config: SampleConfig,
    tokens_per_tile: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Token ids and labels of a record: answers and what closes them are supervised, nothing else.

    Args:
        record: the conversation.
        tiles_per_image: number of tiles that each of its images was cut into.
        tokenizer: knows the special tokens of the prompts.
        config: has the chat template and the largest number of token ids.
        tokens_per_tile: decoder positions of a tile.

    Returns:
        Two int64 arrays `(length,)`. Labels are unshifted, and `IGNORE_INDEX` outside of answers.

    Raises:
        RowError: if there are more than `sample.max_length` token ids.
    """
    ids: list[int] = []
    labels: list[int] = []
    images = iter(tiles_per_image)
    for text, supervised in spans(record, config.template, config.system):
        span = tokenizer.encode(text, add_special_tokens=False)
        if not supervised:
            span = _expand_pads(span, tokenizer.convert_tokens_to_ids(IMAGE_PAD), images, tokens_per_tile)
        ids += span
        labels += span if supervised else [IGNORE_INDEX] * len(span)
    if len(ids) > config.max_length:
        detail = f"{counted(len(ids), 'token')}, sample.max_length is {config.max_length}"
        raise RowError(record.location, "too long", detail)
    return np.array(ids, dtype=np.int64), np.array(labels, dtype=np.int64)


def encode_rejected(
    record: Record,
    tiles_per_image: Sequence[int],
    tokenizer: PreTrainedTokenizerFast,
    config: SampleConfig,
    tokens_per_tile: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Token ids and labels of a record with its worse answer, as `encode` gives them.

    What closes the answer is left out. A loop was cut off by a limit: if its end were rejected, too, the
    model would learn not to stop once it loops.

    Raises:
        RowError: if there are more than `sample.max_length` token ids.
    """
    assert record.rejected is not None
    *before, last = record.turns
    worse = replace(record, turns=(*before, replace(last, response=record.rejected)))
    ids, labels = encode(worse, tiles_per_image, tokenizer, config, tokens_per_tile)
    end = np.flatnonzero(ids == tokenizer.convert_tokens_to_ids(MESSAGE_END))[-1]
    return ids[:end], labels[:end]


def label_fault(ids: np.ndarray, labels: np.ndarray) -> str | None:
    """What is wrong with labels: each is the token at its own place, or `IGNORE_INDEX`; the model shifts.

    Args:
        ids: int64, `(length,)`.
        labels: int64, `(length,)`, or of another length, which is a fault.
    """
    if len(ids) != len(labels):
        return f"{counted(len(labels), 'label')} for {counted(len(ids), 'token')}"
    wrong = np.flatnonzero((labels != ids) & (labels != IGNORE_INDEX))
    if len(wrong) == 0:
        return None
    place = wrong[0]
    return (
        f"at place {place} the label is {labels[place]} and the token {ids[place]}: labels must not be "
        "shifted, the model does that"
    )


def check_length(
    record: Record, tokenizer: PreTrainedTokenizerFast, config: SampleConfig, tokens_per_tile: int
) -> None:
    """Refuses texts that are too long whatever their tokens are, and too many images.

    It takes no time, while to count the tokens of a text of megabytes takes many seconds.

    Args:
        record: the conversation, whose images need not be opened: each has one tile or more.
        tokenizer: as for `encode`.
        config: as for `encode`.
        tokens_per_tile: decoder positions of a tile.

    Raises:
        RowError: if there are certainly more than `sample.max_length` token ids.
    """
    texts = [text for text, _ in spans(record, config.template, config.system)]
    least = len(record.images) * (tokens_per_tile - 1)  # which the texts have a token of each of
    # a token may stand for one byte
    if least + sum(map(len, texts)) > config.max_length and (most := max_token_bytes(tokenizer)) is not None:
        least += sum(len(composed(text).encode()) // most for text in texts)
    if least > config.max_length:
        detail = f"at least {counted(least, 'token')}, sample.max_length is {config.max_length}"
        raise RowError(record.location, "too long", detail)


def spans(
    record: Record, template_name: TemplateName, system: str | None = None
) -> Iterator[tuple[str, bool]]:
    """The conversation as pieces of text, in order, each with whether it is supervised.

    Each image is written as one `<imgpad>`. The text is cut only at the start of a message or of an answer.
    Generation cuts it at the same places, so that token ids are the same in training and in inference.
    `system` is the system text of records without one.
    """
    template = CHAT_TEMPLATES[template_name]
    before = template.system_message(system if record.system is None else record.system)
    for turn in record.turns:
        yield before + template.user_message(user_content(turn.query, template_name)), False
        yield template.answer(turn.response), turn.supervised
        before = ""


def user_content(query: str, template_name: TemplateName) -> str:
    """A query with its image tags written as the model sees them.

    Tags with only white space between them share one `<img>...</img>` block, as the released model sees tiles
    and pages; other tags have their own blocks. A newline follows each block. If the text beside the images
    is exactly one of the recipe's tasks, it is rewritten to the template's spelling. ms-swift does neither:
    it writes a block for every tag, and the text as it is.

    >>> user_content("<image><image>OCR with format across multi pages:", "original")
    '<img><imgpad><imgpad></img>\\nOCR with format across multi pages: '
    """
    if CHAT_TEMPLATES[template_name].as_written:
        return query.replace(IMAGE_TAG, _block(1))
    pieces = _TAGS.split(query)
    texts, tags = pieces[::2], pieces[1::2]
    if sum(bool(text) for text in texts) == 1:
        texts = [text and canonical_query(text, template_name) for text in texts]
    blocks = [_block(run.count(IMAGE_TAG)) for run in tags]
    return "".join(text + block for text, block in zip(texts, [*blocks, ""], strict=True))


def _block(num_images: int) -> str:
    return f"{IMAGE_START}{IMAGE_PAD * num_images}{IMAGE_END}\n"


def _expand_pads(ids: list[int], pad: int, images: Iterator[int], tokens_per_tile: int) -> list[int]:
    """Replaces the one `<imgpad>` of each image by one for each decoder position of its tiles."""
    expanded: list[int] = []
    for token in ids:
        expanded += [pad] * (next(images) * tokens_per_tile) if token == pad else [token]
    return expanded


def check_boxes(record: Record) -> None:
    """Checks that boxes are thousandths of the image; boxes in pixels are the usual mistake.

    Raises:
        RowError: for a box that lies outside of the image, has no area, or has its corners in another order;
            for an answer that should be text with boxes, and has something else in it.
    """
    for turn in record.turns:
        task = parse_task(turn.query.replace(IMAGE_TAG, ""))
        if task is not None and task.with_boxes and (broken := read_boxed(turn.response).num_broken):
            detail = f"{counted(broken, 'piece')} of the answer can't be read as {BOXED_EXAMPLE}"
            raise RowError(record.location, "wrong box", f"{detail}, in thousandths of the image")
        if task is None or task.box is None:
            continue
        box = task.box
        is_ordered = len(box) == 2 or (len(box) == 4 and box[0] < box[2] and box[1] < box[3])
        if max(box) > 1000 or not is_ordered:
            detail = f"{list(box)} is not x1, y1, x2, y2 in thousandths of the image's width and height"
            if len(box) == 4 and (box[0] == box[2] or box[1] == box[3]):
                detail += ": it has no area"
            elif max(box) > 1000:
                detail += ": of pixels, write x * 1000 / width and y * 1000 / height"
            raise RowError(record.location, "wrong box", detail)
