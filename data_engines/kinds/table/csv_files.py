"""Reads the records of comma- or tab-separated files as text, in any of the usual encodings."""

import csv
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from data_engines.engine import Reject
from data_engines.tools.files import files_below
from data_engines.tools.typed import as_typed
from got_train.data.foreign import refuse_foreign
from got_train.data.utf8 import guess_encoding

ENDINGS = (".csv", ".tsv")
MAX_BYTES = 1 << 18
"""Bytes that are read of a file; the rest of a larger file is unused."""
MAX_CELL_CHARACTERS = 500
"""Length of a value; longer ones are texts or other data, not cells."""

Records = tuple[tuple[str, ...], ...]


class Values(NamedTuple):
    """What a file holds."""

    records: Records
    """Header first, of equal length: at least two, with at least two values each."""
    left_out: Mapping[str, int]
    """How many parts of the file are not used, by cause."""


def find_csv_files(source: Path) -> list[Path]:
    """The file `source`, or the files with one of `ENDINGS` below the folder `source`.

    Raises:
        ValueError: there are no such files.
    """
    if source.is_file():
        refuse_foreign(source, f"--source {source}")
    files = files_below(source, ENDINGS)
    if not files:
        raise ValueError(f"--source {source} has no .csv, .tsv or .tex file in it, at any depth")
    return files


@lru_cache(maxsize=16)
def read_values(file: str) -> Values:
    """The values of a file.

    Raises:
        Reject: the file can't be read, or holds something else.
    """
    try:
        with open(file, "rb") as opened:
            raw = opened.read(MAX_BYTES)
    except OSError as error:
        raise Reject("file that can't be read") from error
    left_out: dict[str, int] = {}
    if len(raw) == MAX_BYTES:
        raw = raw[: raw.rfind(b"\n") + 1]
        left_out[f"end of a file of more than {MAX_BYTES >> 10} KiB"] = 1
    text = _decode(raw)
    if re.search(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffd]", text):
        raise Reject("file that is not text")
    try:
        delimiter = "\t" if file.lower().endswith(".tsv") else _find_delimiter(text)
        lines = text.splitlines(keepends=True)  # line ends within quotes separate words
        rows = [row for row in csv.reader(lines, delimiter=delimiter) if any(map(str.strip, row))]
    except csv.Error as error:
        raise Reject("file without records of values") from error
    records = [tuple(as_typed(value) for value in row) for row in rows]
    length = len(records[0]) if records else 0
    # records of another length are notes above or below the table, or broken lines
    records = [record for record in records if len(record) == length]
    if length < 2 or len(records) < 2 or len(records) < len(rows) / 2:
        raise Reject("file without records of values")
    if max(len(value) for record in records for value in record) > MAX_CELL_CHARACTERS:
        raise Reject("file with whole texts as values")
    if len(records) < len(rows):
        left_out["row of another length than its header"] = len(rows) - len(records)
    return Values(tuple(records), left_out)


def _decode(raw: bytes) -> str:
    """UTF-8, UTF-16, GB 18030 or Western European text."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        encoding = guess_encoding(raw) or "WINDOWS-1252"
        # a file in UTF-16 that was cut short may end in half a character
        return raw.decode(encoding, "ignore" if encoding.startswith("UTF") else "replace")


def _find_delimiter(text: str) -> str:
    """The sign that splits the first lines into equally many values, at least two; otherwise a comma."""
    lines = [line for line in text.splitlines()[:20] if line.strip()]
    for delimiter in (",", ";", "\t", "|"):
        lengths = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        if lengths and lengths[0] > 1 and lengths.count(lengths[0]) > 0.8 * len(lengths):
            return delimiter
    return ","
