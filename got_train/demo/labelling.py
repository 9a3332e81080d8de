"""What is to be corrected: pictures or rows, what a model reads of them, and in which order they come."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from got_train.data.errors import ImageError
from got_train.data.record import ReadOptions, Record
from got_train.data.rows import Rows
from got_train.data.sources import select_rows
from got_train.demo.corrections import Corrections, Key, question_key
from got_train.demo.pictures import Preview, preview
from got_train.evaluation.predictions import probability
from got_train.inference.answer import CONFIDENCE_KEY
from got_train.inference.questions import OcrType, find_images, question
from got_train.report import UserError

MOST_PREVIEWS = 8
"""Previews that are kept beside the newest one."""

ROW_ENDINGS = (".jsonl", ".json", ".csv", ".tsv", ".parquet", ".tar")
"""Of files that hold rows to correct."""


@dataclass
class Entry:
    """One question, and what becomes of it."""

    record: Record
    reading: str = ""
    """What a model has read; the page begins with it."""
    confidence: float | None = None
    is_read: bool = False
    """Whether a model has been asked, or the row came with an answer."""
    fault: str = ""
    """Why a model has not read it."""
    is_unreadable: bool = False
    """Whether its picture cannot be opened: no row of it would train."""
    skipped: int = 0
    """How often it was passed over."""

    @cached_property
    def key(self) -> Key:
        """What tells its question from others in the file of rows."""
        return question_key(self.record)

    @property
    def names(self) -> list[str]:
        """Its pictures as the page calls them: without their folders, which are nobody else's business."""
        return [Path(str(image)).name for image in self.record.images]

    def without_folders(self, message: str) -> str:
        """A message about its pictures that names no folder."""
        for image, name in zip(self.record.images, self.names, strict=True):
            message = message.replace(str(image), name)
        return message


def find_entries(names: Sequence[str], ocr_type: OcrType, image_root: str | None = None) -> list[Entry]:
    """What is to be corrected: pictures, folders of them and pages of PDF files, or a file of rows.

    Raises:
        UserError: for a name without pictures, or bad rows.
    """
    if len(names) == 1 and Path(names[0]).suffix.lower() in ROW_ENDINGS and not Path(names[0]).is_dir():
        options = ReadOptions(image_root=image_root, answered=False)
        rows = select_rows(list(names), options, np.random.default_rng(0))
        return [_entry_of(rows, index) for index in range(len(rows))]
    return [Entry(question([image], ocr_type)) for image in dict.fromkeys(find_images(names))]


def _entry_of(rows: Rows, index: int) -> Entry:
    """A row to correct; one with an answer needs no model."""
    row, record = rows.row_and_record(index)
    *before, last = record.turns
    if not record.images:
        raise UserError(f"{record.location} has no picture, beside which it could be corrected")
    asked = replace(record, turns=(*before, replace(last, response="")))
    return Entry(asked, last.response, probability(row.get(CONFIDENCE_KEY)), is_read=bool(last.response))


class Labelling:
    """The entries of a session, and the file that accepted rows go to."""

    def __init__(self, entries: Sequence[Entry], corrections: Corrections, max_pixels: int) -> None:
        """Begins where the file of corrections ends."""
        self.entries = list(entries)
        self.corrections = corrections
        self._max_pixels = max_pixels
        self._previews: dict[tuple[int, int], Preview] = {}

    def is_done(self, number: int) -> bool:
        """Whether an entry has an accepted answer."""
        return self.entries[number].key in self.corrections

    def accepted(self, number: int) -> str | None:
        """The accepted answer of an entry, or None."""
        return self.corrections.answer(self.entries[number].key)

    def counts(self) -> dict[str, int]:
        """How many entries there are, are done, and are read."""
        return {
            "entries": len(self.entries),
            "done": sum(map(self.is_done, range(len(self.entries)))),
            "read": sum(entry.is_read for entry in self.entries),
            "unreadable": sum(entry.is_unreadable for entry in self.entries),
            "rows": len(self.corrections),
        }

    def next(self) -> int | None:
        """The entry to correct next: what was skipped comes last, and what the model doubts most first.

        Of entries that it has not read yet, and of those without a probability, the first comes first. Those
        whose pictures were found to be unreadable do not come again.
        """
        readable = [number for number, entry in enumerate(self.entries) if not entry.is_unreadable]
        waiting = [number for number in readable if not self.is_done(number)]
        return min(waiting, key=self._urgency, default=None)

    def _urgency(self, number: int) -> tuple[int, bool, float, int]:
        entry = self.entries[number]
        doubt = 1.0 if entry.confidence is None else entry.confidence
        return entry.skipped, not entry.is_read, doubt, number

    def preview(self, number: int, page: int) -> Preview:
        """A picture of an entry for the page; those of the last few are kept.

        Raises:
            UserError: if it cannot be read, in one line without its folder.
        """
        if (number, page) not in self._previews:
            for old in list(self._previews)[:-MOST_PREVIEWS]:
                self._previews.pop(old, None)  # another thread may have done so
            entry = self.entries[number]
            try:
                self._previews[number, page] = preview(entry.record.images[page], self._max_pixels)
            except ImageError as error:
                entry.is_unreadable = True
                raise UserError(entry.without_folders(f"{error.cause}: {error}")) from None
        return self._previews[number, page]
