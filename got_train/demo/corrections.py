"""The file of corrected rows: one writer, each row on the disk when it is accepted, no row ever lost."""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from got_train.data.errors import RowError
from got_train.data.images import image_address
from got_train.data.record import UNNAMED_KIND, Record
from got_train.data.records import parse_row
from got_train.files import atomic_file, flush, naming_refusals, only_writer
from got_train.inference.answer import Answer
from got_train.inference.predict import prediction_row
from got_train.prompts import IMAGE_TAG, parse_task
from got_train.report import UserError

Key = tuple[str, ...]
"""What a row asks: its pictures, its question without its form, and what was said before."""


def question_key(record: Record) -> Key:
    """What tells the questions of a file apart; whether the text is formatted is no other question."""
    *before, last = record.turns
    query = last.query.replace(IMAGE_TAG, "")
    task = parse_task(query)
    asked = query if task is None else f"{task.box} {task.color}"
    said = [text for turn in before for text in (turn.query, turn.response)]
    return (asked, *said, *map(image_address, record.images))


class Corrections:
    """The rows of a file in memory, and the file."""

    def __init__(self, path: Path) -> None:
        """Reads a file that an earlier session has left, if there is one: its rows are kept.

        A last line that was cut off, as by a loss of power, is removed.

        Raises:
            UserError: if it is something else than rows.
        """
        self.path = path
        self._lines: list[bytes] = []
        self._of_key: dict[Key, int] = {}
        """The line of each question."""
        self._lock = threading.Lock()
        self.cut_off = False
        """Whether the file ended with a part of a row, which was removed."""
        with naming_refusals(path):
            self._read()
        self._size = sum(map(len, self._lines))

    @classmethod
    @contextmanager
    def opened(cls, path: Path) -> Iterator["Corrections"]:
        """The file, while this process is its only writer.

        Raises:
            UserError: if another process writes it, or as `__init__`.
        """
        with naming_refusals(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        with only_writer(path.with_name(f"{path.name}.lock"), path):
            yield cls(path)

    def __len__(self) -> int:
        return len(self._of_key)

    def __contains__(self, key: Key) -> bool:
        return key in self._of_key

    def answer(self, key: Key) -> str | None:
        """The accepted answer to a question, or None."""
        number = self._of_key.get(key)
        return None if number is None else str(json.loads(self._lines[number])["response"])

    def accept(self, record: Record, answer: str) -> None:
        """Writes the row of an answer; an earlier answer to the same question is replaced.

        Raises:
            UserError: if it makes no row that trains, or cannot be written; the file is then as before.
        """
        row = self._row(record, answer)
        line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
        with self._lock:
            self._check_unchanged()
            self._write(question_key(record), line)

    def _write(self, key: Key, line: bytes) -> None:
        """Appends a line, or puts it in the place of the one with the same question."""
        number = self._of_key.get(key)
        if number is None:
            self._append(line)
            self._of_key[key] = len(self._lines)
            self._lines.append(line)
        else:
            lines = [*self._lines[:number], line, *self._lines[number + 1 :]]
            with atomic_file(self.path) as part:
                part.write_bytes(b"".join(lines))
            self._lines = lines
        self._size = sum(map(len, self._lines))

    def _row(self, record: Record, answer: str) -> dict[str, Any]:
        row = prediction_row(record, Answer(answer))
        del row["labels"]
        if row["kind"] == UNNAMED_KIND:
            del row["kind"]
        row["images"] = [self._relative(name) for name in row["images"]]
        try:
            parse_row(row, "the row")
        except RowError as error:
            raise UserError(f"{error.cause}: {error.detail}") from None
        return row

    def _relative(self, address: str) -> str:
        """A name of a picture that stays right when the file and its pictures are moved together."""
        try:
            return Path(os.path.relpath(address, self.path.parent.resolve())).as_posix()
        except ValueError:  # on another drive
            return address

    def _append(self, line: bytes) -> None:
        is_new = not self.path.exists()
        with naming_refusals(self.path), open(self.path, "ab") as file:
            try:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                os.truncate(self.path, self._size)
                raise
            if is_new:
                flush(self.path.parent)

    def _check_unchanged(self) -> None:
        size = self.path.stat().st_size if self.path.exists() else 0
        if size != self._size:
            raise UserError(f"{self.path} was changed by another program: end `label` and start it again")

    def _read(self) -> None:
        if not self.path.exists():
            return
        content = self.path.read_bytes()
        *lines, last = content.split(b"\n")
        if last:
            if self._is_row(last):
                with open(self.path, "ab") as file:
                    file.write(b"\n")
                lines.append(last)
            elif lines:
                os.truncate(self.path, len(content) - len(last))
                self.cut_off = True
            else:
                raise UserError(f"{self.path} is no file of rows: name another --output")
        for number, line in enumerate(lines):
            self._lines.append(line + b"\n")
            if line.strip():
                self._of_key[self._key_of(line, number + 1)] = number

    @staticmethod
    def _is_row(line: bytes) -> bool:
        try:
            return isinstance(json.loads(line), dict)
        except ValueError:
            return False

    def _key_of(self, line: bytes, number: int) -> Key:
        location = f"{self.path}:{number}"
        try:
            row = json.loads(line)
        except ValueError:
            raise UserError(f"{location} is no row: mend the line, or name another --output") from None
        folder = self.path.parent.absolute()
        return question_key(
            parse_row(row, location, find=lambda name: folder / os.path.expanduser(str(name)))
        )
