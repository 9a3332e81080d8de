"""Files that are read as a whole, and what is wrong with a file as a whole: said once, not once a row."""

import csv
import io
import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np

from got_train.data.errors import ContentError
from got_train.data.json_values import load_json, read_list
from got_train.data.records import ANSWER_KEYS, IMAGE_KEYS, QUESTION_KEYS
from got_train.data.utf8 import read_utf8
from got_train.report import UserError

MAX_CELL_CHARACTERS = 2**24
"""Longest cell of a CSV."""

HEAD_BYTES = 2**20
"""Bytes of a file in which the end of its first JSON value is looked for."""

DELIMITERS = ",;\t|"
"""What may stand between the cells of a CSV; the first that is in the line of column names does."""


def read_csv(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The column names, and the cells of each row that has any, each row with the number of its last line.

    Raises:
        UserError: if it is not CSV in UTF-8, or two columns have the same name.
    """
    text = read_utf8(path, f"data file {path}", as_it_is=True)
    header = text.lstrip("\r\n").partition("\n")[0].strip()
    what = None
    if "\0" in text:
        what = "is not text: it holds a NUL character"
    elif header.startswith(("{", "[")) and _is_json(header):
        what = f"holds a JSON value a line: {_rename(path, '.jsonl')}"
    elif header.startswith("|") and header.endswith("|"):
        what = "holds a table of Markdown, not CSV: save it as CSV"
    elif header.lower().startswith("sep="):
        what = f"begins with {header}, a line for Excel: remove it"
    if what is not None:
        raise UserError(f"data file {path} {what}")
    signs = "\t" if path.suffix.lower() == ".tsv" else DELIMITERS
    delimiter = next((sign for sign in signs if sign in header), signs[0])
    spaced = f"{delimiter} " in header
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=spaced
    )
    limit_before = csv.field_size_limit(MAX_CELL_CHARACTERS)  # a limit of the whole process
    try:
        # spreadsheets leave rows of empty cells
        rows = [(reader.line_num, cells) for cells in reader if any(cells)]
    except csv.Error as error:
        quotes = 'a cell with " in it is written "... ""...", in quotation marks'
        raise UserError(f"data file {path}:{reader.line_num} is not CSV: {error} ({quotes})") from None
    finally:
        csv.field_size_limit(limit_before)
    names = [name.strip() for name in rows[0][1]] if rows else []
    if twice := {name for name in names if name and names.count(name) > 1}:
        raise UserError(f"data file {path} has the column {min(twice)} twice: rename or remove one of them")
    # pandas' index has no name
    return [name or f"(column {number})" for number, name in enumerate(names, 1)], rows[1:]


def read_json_list(path: Path) -> list[Any]:
    """The values of a JSON list.

    Raises:
        UserError: if it is not one list in UTF-8.
    """
    text = read_utf8(path, f"data file {path}")
    try:
        rows = load_json(text)
    except ContentError as error:
        if _is_json(text.strip().partition("\n")[0]):
            raise UserError(
                f"data file {path} holds a JSON value a line: {_rename(path, '.jsonl')}"
            ) from None
        if "Extra data" in str(error):
            raise _mend(path, "holds several JSON values", "jq -c .") from None
        raise UserError(f"data file {path} is not JSON: {error}") from None
    if isinstance(rows, dict):
        raise _one_object(path, rows)
    if not isinstance(rows, list):
        raise UserError(f"data file {path} must hold a list of rows, not {type(rows).__name__}")
    return rows


def check_lines(path: Path, offsets: np.ndarray) -> None:
    """Refuses a file of JSON values that are not one a line.

    Args:
        path: a `.jsonl` file in UTF-8.
        offsets: where its lines that are not blank begin; at least one.

    Raises:
        UserError: says what the file is, and the command that mends it.
    """
    with open(path, "rb") as file:
        file.seek(offsets[0])
        first = file.readline().decode("utf-8-sig", "replace").strip()
        text = first + file.read(HEAD_BYTES).decode(errors="ignore")
    if "\r" in first:
        raise _mend(path, "ends its lines with CR, as old Macs did", "tr '\\r' '\\n' <")
    if first.startswith("[") and (len(offsets) == 1 or not _is_json(first)):
        raise UserError(f"data file {path} holds one JSON list, not a row a line: {_rename(path, '.json')}")
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        if first.startswith("{") and isinstance(read_list(first), dict):
            what = "holds rows as Python prints them: write each with json.dumps"
            raise UserError(f"data file {path} {what}") from None
        return
    if isinstance(value, dict) and end > len(first):
        raise _mend(path, "spreads a row over several lines", "jq -c .")
    if first[end:].strip() == ",":
        raise _mend(path, "ends its lines with a comma", "sed 's/,[[:space:]]*$//'")
    if len(offsets) == 1 and isinstance(value, dict) and _lists_of_rows(value):
        raise _one_object(path, value)


def _one_object(path: Path, value: dict[str, Any]) -> UserError:
    """The error about a file that holds one object in place of rows."""
    what = "must hold rows, not one object"
    if lists := _lists_of_rows(value):
        return _mend(path, f"{what} with the list {lists[0]}", f"jq -c '.[{json.dumps(lists[0])}][]'")
    columns = [column for column in value.values() if isinstance(column, dict)]
    if {"columns", "data"} <= set(value) or (columns and all(map(str.isdecimal, columns[0]))):
        what += " of columns, as pandas writes: use to_json(orient='records', lines=True)"
    elif len(columns) == len(value) > 0:
        return _mend(path, f"{what} with a row under each key", "jq -c '.[]'")
    elif set(QUESTION_KEYS) & set(value):
        return _mend(path, f"{what}, which is a row", "jq -c .")
    else:
        what += f" (keys: {', '.join(value) or 'none'})"
    return UserError(f"data file {path} {what}")


def _lists_of_rows(value: dict[str, Any]) -> list[str]:
    """The keys of an object whose values are lists of objects; none if the object is a row itself."""
    if {*QUESTION_KEYS, *ANSWER_KEYS, *IMAGE_KEYS} & set(value):
        return []
    return [
        key for key, rows in value.items() if isinstance(rows, list) and rows and isinstance(rows[0], dict)
    ]


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _rename(path: Path, ending: str) -> str:
    return f"mv {shlex.quote(str(path))} {shlex.quote(str(path.with_suffix(ending)))}"


def _mend(path: Path, what: str, command: str) -> UserError:
    """The error about what a file does, with the command that writes it as a row a line."""
    given, mended = (shlex.quote(str(name)) for name in (path, path.with_name(f"{path.stem}.rows.jsonl")))
    return UserError(f"data file {path} {what}; {command} {given} > {mended} mends it")
