"""Files of comma- or tab-separated values: their records as text, whatever their encoding."""

import csv
import re
from functools import lru_cache
from pathlib import Path

from data_engines.engine import Reject
from data_engines.tools.files import files_below
from data_engines.tools.typed import as_typed

ENDINGS = (".csv", ".tsv")
MAX_BYTES = 1 << 18
"""Read of a file; the rest of a larger one stays unused."""
MAX_CELL_CHARACTERS = 500
"""In one value: longer ones are texts or other data, not cells."""
GB2312_SHARE = 0.9
"""Of the Chinese characters of a text that are common ones, unless it was read in the wrong encoding."""

Records = tuple[tuple[str, ...], ...]


def find_csv_files(source: Path) -> list[Path]:
    """The file `source`, or those with one of `ENDINGS` below the folder.

    Raises:
        ValueError: there are none.
    """
    files = files_below(source, ENDINGS)
    if not files:
        raise ValueError(f"--source {source} has no .csv, .tsv or .tex file in it, at any depth")
    return files


@lru_cache(maxsize=16)
def read_records(file: str) -> Records:
    """The records of a file, header first, all equally long; at least two of at least two values.

    Raises:
        Reject: it can't be read, or holds something else.
    """
    try:
        with open(file, "rb") as opened:
            raw = opened.read(MAX_BYTES)
    except OSError as error:
        raise Reject("file that can't be read") from error
    if len(raw) == MAX_BYTES:
        raw = raw[: raw.rfind(b"\n") + 1]
    text = _decode(raw)
    if re.search(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffd]", text):
        raise Reject("file that is not text")
    try:
        delimiter = "\t" if file.lower().endswith(".tsv") else _find_delimiter(text)
        lines = text.splitlines(keepends=True)  # whose ends part words within quotes
        rows = [row for row in csv.reader(lines, delimiter=delimiter) if any(map(str.strip, row))]
    except csv.Error as error:
        raise Reject("file without records of values") from error
    records = [tuple(as_typed(value) for value in row) for row in rows]
    length = len(records[0]) if records else 0
    # a record of another length is a note above or below the table, or a broken line
    records = [record for record in records if len(record) == length]
    if length < 2 or len(records) < 2 or len(records) < len(rows) / 2:
        raise Reject("file without records of values")
    if max(len(value) for record in records for value in record) > MAX_CELL_CHARACTERS:
        raise Reject("file with whole texts as values")
    return tuple(records)


def _decode(raw: bytes) -> str:
    """UTF-8, GB 18030 or Western European text."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "ignore")  # the end of a file cut short may be half a character
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        text = raw.decode("gb18030")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")
    # accented letters before others pass for rare Chinese characters
    foreign = [character for character in text if not character.isascii()]
    common = sum(len(character.encode("gb2312", "ignore")) == 2 for character in foreign)
    return text if common >= GB2312_SHARE * len(foreign) else raw.decode("cp1252", "replace")


def _find_delimiter(text: str) -> str:
    """The sign that parts the first lines into the same number of values, two at least; else a comma."""
    lines = [line for line in text.splitlines()[:20] if line.strip()]
    for delimiter in (",", ";", "\t", "|"):
        lengths = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        if lengths and lengths[0] > 1 and lengths.count(lengths[0]) > 0.8 * len(lengths):
            return delimiter
    return ","
